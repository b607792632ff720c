"""What torch.optim holds: optimizers, ``lr_scheduler``, and ``swa_utils`` for averages of weights.

>>> from autograd import nn, optim, tensor
>>> p = nn.Parameter(tensor([1.0]))
>>> optimizer = optim.SGD([p], lr=0.5)
>>> (p * p).sum().backward()
>>> optimizer.step()
>>> p.item()
0.0
"""

from ..naming import refuse_others as _refuse_others
from . import lr_scheduler, swa_utils
from .adadelta import *
from .adagrad import *
from .adam import *
from .adamax import *
from .adamw import *
from .asgd import *
from .lbfgs import *
from .nadam import *
from .optimizer import Optimizer
from .radam import *
from .rmsprop import *
from .rprop import *
from .sgd import *

__getattr__ = _refuse_others("torch.optim")
