"""What torch.nn holds: modules, parameters, layers, losses.

>>> from autograd import nn
>>> nn.Linear(2, 1)
Linear(in_features=2, out_features=1, bias=True)
"""

from ..naming import refuse_others as _refuse_others
from . import functional, init, modules, parallel, utils
from .modules.activation import *
from .modules.batchnorm import *
from .modules.channelshuffle import *
from .modules.container import *
from .modules.conv import *
from .modules.distance import *
from .modules.dropout import *
from .modules.flatten import *
from .modules.fold import *
from .modules.instancenorm import *
from .modules.linear import *
from .modules.loss import *
from .modules.module import Module
from .modules.normalization import *
from .modules.padding import *
from .modules.pixelshuffle import *
from .modules.pooling import *
from .modules.rnn import *
from .modules.sparse import *
from .modules.transformer import *
from .modules.upsampling import *
from .parallel import DataParallel
from .parameter import Parameter

__getattr__ = _refuse_others("torch.nn")
