"""The nets of the training steps, for every library that has PyTorch's names, from the same numbers.

>>> import autograd
>>> step = training_step(autograd, NETS["xor"])
>>> step().shape
autograd.Size([])
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Net:
    """A multilayer perceptron and how it is trained. loss is "mse" or "cross_entropy", optimizer "sgd" or "adam"."""

    name: str
    sizes: tuple[int, ...]
    batch: int
    activation: str
    loss: str
    optimizer: str
    lr: float

    def layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The initial weight (outputs, inputs) and bias of each layer, as PyTorch would draw them."""
        rng = np.random.default_rng(0)
        made = []
        for inputs, outputs in zip(self.sizes, self.sizes[1:]):
            bound = 1 / np.sqrt(inputs)
            weight, bias = rng.uniform(-bound, bound, (outputs, inputs)), rng.uniform(-bound, bound, outputs)
            made.append((weight.astype(np.float32), bias.astype(np.float32)))
        return made

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """One mini-batch: inputs, and values (mse) or classes (cross_entropy)."""
        if self.name == "xor":
            x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
            return x, np.array([[0], [1], [1], [0]], np.float32)
        rng = np.random.default_rng(1)
        return rng.random((self.batch, self.sizes[0]), np.float32), rng.integers(0, self.sizes[-1], self.batch)


NETS = {
    net.name: net
    for net in (
        Net("xor", (2, 2, 1), 4, "sigmoid", "mse", "sgd", 0.1),
        Net("digits", (64, 128, 10), 64, "relu", "cross_entropy", "adam", 1e-3),
        Net("mnist", (784, 256, 128, 10), 128, "relu", "cross_entropy", "adam", 1e-3),
        Net("wide", (784, 1024, 1024, 10), 256, "relu", "cross_entropy", "adam", 1e-3),
    )
}


@dataclass(frozen=True)
class Training:
    """A net with its optimizer; ``step`` is a function of inputs and targets, ``batch``, that returns the loss."""

    model: Any
    optimizer: Any
    step: Callable[[Any, Any], Any]
    batch: tuple[Any, Any]


def training(lib: Any, net: Net) -> Training:
    """A net to train, written once for ``autograd`` and ``torch``.

    The output layer of a net with squared error has the activation, too, as the XOR nets of the introductions do.
    """
    nn, optim = lib.nn, lib.optim
    activation = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}[net.activation]
    modules = []
    for inputs, outputs in zip(net.sizes, net.sizes[1:]):
        modules += [nn.Linear(inputs, outputs), activation()]
    model = nn.Sequential(*(modules if net.loss == "mse" else modules[:-1]))
    set_weights(lib, net, model)
    criterion = {"mse": nn.MSELoss, "cross_entropy": nn.CrossEntropyLoss}[net.loss]()
    optimizer = {"sgd": optim.SGD, "adam": optim.Adam}[net.optimizer](model.parameters(), lr=net.lr)

    def step(x, t):
        optimizer.zero_grad()
        loss = criterion(model(x), t)
        loss.backward()
        optimizer.step()
        return loss

    x, t = map(lib.tensor, net.data())
    return Training(model, optimizer, step, (x, t))


def set_weights(lib: Any, net: Net, model: Any) -> None:
    """Give the model the net's initial weights."""
    with lib.no_grad():
        for p, value in zip(model.parameters(), [v for layer in net.layers() for v in layer]):
            p.copy_(lib.tensor(value))


def training_step(lib: Any, net: Net) -> Callable[[], Any]:
    """One step of training on the net's mini-batch; it returns the loss."""
    made = training(lib, net)
    return partial(made.step, *made.batch)
