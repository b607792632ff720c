"""What torch.optim.lr_scheduler holds: schedules of an optimizer's learning rate, some of momentum too.

>>> from autograd import nn, optim
>>> optimizer = optim.SGD(nn.Linear(2, 1).parameters(), lr=0.1)
>>> warm_up = LinearLR(optimizer, 0.25, total_iters=3)
>>> then = CosineAnnealingLR(optimizer, T_max=4)
>>> scheduler = SequentialLR(optimizer, [warm_up, then], milestones=[3])
>>> rates = []
>>> for _ in range(8):
...     rates += scheduler.get_last_lr()
...     optimizer.step()
...     scheduler.step()
>>> [round(rate, 3) for rate in rates]
[0.025, 0.05, 0.075, 0.1, 0.085, 0.05, 0.015, 0.0]

A captured step reads the rates that are set between its replays.
"""

from .combined import *
from .cosine import *
from .cyclic import *
from .factors import *
from .plateau import *
from .scheduler import LRScheduler
