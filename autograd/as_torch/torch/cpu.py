"""``torch.cpu``: the device there is.

>>> is_available(), device_count()
(True, 1)
"""

from ...naming import refuse_others
from ..answers import answer

is_available, device_count, synchronize = answer(True), answer(1), answer(None)
__getattr__ = refuse_others("torch.cpu")
