"""What torch.nn.utils holds."""

from . import rnn
from .clip_grad import *
from .convert_parameters import *
from .fusion import *
from .weight_norm import *
