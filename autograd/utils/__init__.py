"""What torch.utils holds."""

from . import checkpoint

__all__ = ["checkpoint"]
