"""The layers, in files of PyTorch's names; what they offer is in :mod:`autograd.nn`."""

from .activation import *
from .batchnorm import *
from .container import *
from .dropout import *
from .flatten import *
from .linear import *
from .loss import *
from .module import Module
from .normalization import *
from .sparse import *
