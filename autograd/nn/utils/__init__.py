"""What torch.nn.utils holds."""

from .clip_grad import *
from .convert_parameters import *
