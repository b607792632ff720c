"""Record a training step once, replay it as one C call.

>>> from autograd import capture, nn, optim, tensor
>>> net = nn.Linear(2, 1)
>>> optimizer = optim.SGD(net.parameters(), lr=0.1)
>>> @capture
... def step(x, y):
...     optimizer.zero_grad()
...     loss = ((net(x) - y) ** 2).mean()
...     loss.backward()
...     optimizer.step()
...     return loss
>>> x, y = tensor([[0.0, 1.0], [1.0, 0.0]]), tensor([[1.0], [0.0]])
>>> losses = [step(x, y).item() for _ in range(100)]  # runs, records, then replays
>>> losses[99] < losses[0]
True

The first call of a step runs as it is, so that optimizers make their state; the second is recorded at the seam where
every kernel call passes (:mod:`.recorder`) and becomes a flat program, a list of kernels with their arguments
(:mod:`.program`); later calls run that program (:mod:`.step`). Nothing in Python happens on a replay but the returned
tensors; what a replay cannot repeat is refused while it is recorded.
"""

from .program import Program
from .recorder import CaptureError, callback
from .step import CapturedStep, capture

__all__ = ["CaptureError", "CapturedStep", "Program", "callback", "capture"]
