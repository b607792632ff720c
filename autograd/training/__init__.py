"""Training, measuring and describing models.

>>> from autograd import nn, optim, tensor
>>> x, y = tensor([[0.0], [1.0], [2.0]]), tensor([[1.0], [3.0], [5.0]])
>>> model = nn.Linear(1, 1)
>>> history = fit(model, (x, y), nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), epochs=200, progress=False)
>>> round(evaluate(model, (x, y), nn.MSELoss())["loss"], 3)
0.0
"""

from .callbacks import Callback, EarlyStopping
from .diagnosis import NonFiniteLoss
from .history import History
from .metrics import Metric
from .summary import Layer, Summary, summary
from .trainer import Training, evaluate, fit, predict

__all__ = [
    "Callback", "EarlyStopping", "History", "Layer", "Metric", "NonFiniteLoss", "Summary", "Training", "evaluate",
    "fit", "predict", "summary",
]  # fmt: skip
