"""The name under which the package presents itself: its own, or ``torch`` for a script that was written for PyTorch.

>>> qualified("float32")
'autograd.float32'
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

package = "autograd"  # what dtypes and shapes print; autograd.as_torch changes it


def qualified(name: str) -> str:
    """A name as it prints."""
    return f"{package}.{name}"


def missing(path: str, hint: str | None = None) -> AttributeError:
    """The error for a name of PyTorch's that is not here, or a mistyped one."""
    return AttributeError(f"{path} is not implemented by autograd: {hint or 'docs/ops.md lists what is'}")


def refuse_others(module: str, hint: str | None = None) -> Callable[[str], Any]:
    """A module's ``__getattr__``: the error for the names that it does not have."""

    def __getattr__(name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise missing(f"{module}.{name}", hint)

    return __getattr__
