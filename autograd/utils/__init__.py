"""What torch.utils holds."""

from . import checkpoint, data

__all__ = ["checkpoint", "data"]
