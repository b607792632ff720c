"""The nets of the training steps, for every library that has PyTorch's names and for JAX, from the same numbers.

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

from .characters import GPT, LSTM
from .feedforward import CNN, MLP, Xor
from .net import Net

NETS: dict[str, Net] = {
    net.name: net
    for net in (
        Xor(name="xor", sizes=(2, 2, 1), batch=4, activation="sigmoid", loss="mse", optimizer="sgd", lr=0.1),
        MLP(name="digits", sizes=(64, 128, 10), batch=64),
        MLP(name="mnist", sizes=(784, 256, 128, 10), batch=128),
        MLP(name="wide", sizes=(784, 1024, 1024, 10), batch=256),
        CNN(name="cnn", batch=64),
        LSTM(name="lstm", batch=32),
        GPT(name="gpt", batch=16),
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
    """A net to train, written once for ``autograd`` and ``torch``."""
    nn, optim = lib.nn, lib.optim
    model = net.model(lib)
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
    model.load_state_dict({name: lib.tensor(value) for name, value in net.parameters().items()})


def training_step(lib: Any, net: Net) -> Callable[[], Any]:
    """One step of training on the net's mini-batch; it returns the loss."""
    made = training(lib, net)
    return partial(made.step, *made.batch)
