"""``torch.backends.mps``."""

from ...answers import answer

is_available = is_built = answer(False)
