"""``torch.accelerator``: there is none.

>>> is_available(), current_accelerator(), device_count()
(False, None, 0)
"""

from ...naming import refuse_others
from ..answers import answer, refusal

_refuse = refusal(
    RuntimeError, "Cannot access accelerator device when none is available: ask torch.accelerator.is_available()"
)
is_available, current_accelerator, device_count = answer(False), answer(None), answer(0)
current_device_index = current_device_idx = set_device_index = set_device_idx = synchronize = _refuse
current_stream = set_stream = _refuse
__getattr__ = refuse_others("torch.accelerator")
