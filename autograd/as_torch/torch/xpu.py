"""``torch.xpu``: Intel's GPU is not used."""

from ...naming import refuse_others
from ..answers import answer

is_available, device_count, manual_seed = answer(False), answer(0), answer(None)
__getattr__ = refuse_others("torch.xpu")
