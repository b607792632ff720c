"""What torch.optim holds: SGD, Adam, AdamW, RMSprop.

>>> from autograd import nn, optim, tensor
>>> p = nn.Parameter(tensor([1.0]))
>>> optimizer = optim.SGD([p], lr=0.5)
>>> (p * p).sum().backward()
>>> optimizer.step()
>>> p.item()
0.0
"""

from .adam import *
from .optimizer import Optimizer
from .rmsprop import *
from .sgd import *
