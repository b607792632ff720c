"""What torch.nn.utils holds."""

from .clip_grad import *
