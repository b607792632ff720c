"""``torch.jit``: functions and modules stay what they are, and run as they are.

>>> script(len) is len
True
"""

from __future__ import annotations

from typing import Any

from ...naming import refuse_others
from ..answers import answer


def script(obj: Any, *args: Any, **options: Any) -> Any:
    """The function, class or module itself."""
    return obj


ignore = unused = export = script
is_scripting = is_tracing = answer(False)
__getattr__ = refuse_others("torch.jit")
