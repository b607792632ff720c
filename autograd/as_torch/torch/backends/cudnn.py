"""``torch.backends.cudnn``."""

from ...answers import answer

is_available, version = answer(False), answer(None)
enabled = allow_tf32 = True
benchmark = deterministic = False
