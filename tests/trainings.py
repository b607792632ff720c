"""Nets with their optimizers, from one seed, for the tests of captured steps."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
from autograd import backend, nn, optim, tensor

CAPTURES = [  # for tests that capture
    pytest.mark.skipif(backend.extension is None, reason="the C kernels are not built"),
    pytest.mark.usefixtures("in_c"),
]


def batches(n: int, inputs: int, classes: int, size: int = 16) -> list:
    rng = np.random.default_rng(0)
    return [
        (tensor(rng.standard_normal((size, inputs), np.float32)), tensor(rng.integers(0, classes, size)))
        for _ in range(n)
    ]


NETS = {
    "linear": lambda: nn.Linear(6, 3),
    "relu": lambda: nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 3)),
    "sigmoid, gelu": lambda: nn.Sequential(nn.Linear(6, 9), nn.Sigmoid(), nn.Linear(9, 4), nn.GELU(), nn.Linear(4, 3)),
    "dropout": lambda: nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Dropout(0.3), nn.Linear(9, 3)),
    "layer norm": lambda: nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.SiLU(), nn.Linear(8, 3, bias=False)),
    "batch norm": lambda: nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)),
}


OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "adamw": lambda p: optim.AdamW(p, lr=0.01, amsgrad=True),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.01, lr_decay=0.1),
    "adadelta": lambda p: optim.Adadelta(p),
    "adamax": lambda p: optim.Adamax(p, weight_decay=0.01),
    "nadam": lambda p: optim.NAdam(p),
    "radam": lambda p: optim.RAdam(p, betas=(0.8, 0.9)),
    "rprop": lambda p: optim.Rprop(p),
    "asgd": lambda p: optim.ASGD(p, t0=5, lambd=0.1),
}


class Training:
    """A net with its optimizer, from one seed."""

    def __init__(self, net: str = "relu", optimizer: str = "adam"):
        autograd.manual_seed(3)
        self.net = NETS[net]()
        self.optimizer = OPTIMIZERS[optimizer](self.net.parameters())
        self.criterion = nn.CrossEntropyLoss()

    def step(self, x, t):
        self.optimizer.zero_grad()
        loss = self.criterion(self.net(x), t)
        loss.backward()
        self.optimizer.step()
        return loss

    def numbers(self) -> list[bytes]:
        found = [t.detach().numpy().tobytes() for t in (*self.net.parameters(), *self.net.buffers())]
        found += [p.grad.numpy().tobytes() for p in self.net.parameters() if p.grad is not None]
        for state in self.optimizer.state_dict()["state"].values():
            found += [np.asarray(v.numpy() if isinstance(v, autograd.Tensor) else v).tobytes() for v in state.values()]
        return found


RATES = 0.05 * 0.995 ** np.arange(1000)
