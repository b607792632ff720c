"""Multilayer perceptrons, and a convolutional net."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .net import Arrays, Net, layer, linear


@dataclass(frozen=True, kw_only=True)
class MLP(Net):
    """A multilayer perceptron."""

    sizes: tuple[int, ...]
    activation: str = "relu"

    @property
    def shape(self) -> str:
        return "-".join(map(str, self.sizes))

    def tiny(self) -> Net:
        return replace(self, sizes=tuple([2] * (len(self.sizes) - 1) + [self.sizes[-1]]), batch=2)

    def parameters(self) -> Arrays:
        rng, made = np.random.default_rng(0), {}
        for i, (inputs, outputs) in enumerate(zip(self.sizes, self.sizes[1:])):
            made |= layer(rng, f"{2 * i}", outputs, inputs)
        return made

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(1)
        return rng.random((self.batch, self.sizes[0]), np.float32), rng.integers(0, self.sizes[-1], self.batch)

    def model(self, lib: Any) -> Any:
        nn = lib.nn
        activation = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}[self.activation]
        modules = []
        for inputs, outputs in zip(self.sizes, self.sizes[1:]):
            modules += [nn.Linear(inputs, outputs), activation()]
        return nn.Sequential(*modules[:-1])

    def compute(self, jax: Any, p: dict[str, Any], x: Any) -> Any:
        activation = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu}[self.activation]
        for i in range(len(self.sizes) - 1):
            x = linear(p, f"{2 * i}", activation(x) if i else x)
        return x


@dataclass(frozen=True, kw_only=True)
class Xor(MLP):
    """An MLP whose outputs, too, have the activation, as the XOR nets of the introductions do."""

    def tiny(self) -> Net:
        return self

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
        return x, np.array([[0], [1], [1], [0]], np.float32)

    def model(self, lib: Any) -> Any:
        return lib.nn.Sequential(*super().model(lib), lib.nn.Sigmoid())

    def compute(self, jax: Any, p: dict[str, Any], x: Any) -> Any:
        return jax.nn.sigmoid(super().compute(jax, p, x))


@dataclass(frozen=True, kw_only=True)
class CNN(Net):
    """Two convolutions, each with a pool, and a linear layer."""

    side: int = 28
    channels: tuple[int, int, int] = (1, 16, 32)
    classes: int = 10

    @property
    def shape(self) -> str:
        return f"{self.side}x{self.side}, {self.channels[1]} and {self.channels[2]} channels"

    def tiny(self) -> Net:
        return replace(self, side=8, channels=(1, 2, 3), batch=2)

    @property
    def features(self) -> int:
        return self.channels[2] * (self.side // 4) ** 2

    def parameters(self) -> Arrays:
        rng, (a, b, c) = np.random.default_rng(0), self.channels
        return layer(rng, "0", b, a, 3, 3) | layer(rng, "3", c, b, 3, 3) | layer(rng, "7", self.classes, self.features)

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(1)
        x = rng.random((self.batch, self.channels[0], self.side, self.side), np.float32)
        return x, rng.integers(0, self.classes, self.batch)

    def model(self, lib: Any) -> Any:
        nn, (a, b, c) = lib.nn, self.channels
        return nn.Sequential(
            nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(b, c, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(self.features, self.classes),
        )  # fmt: skip

    def compute(self, jax: Any, p: dict[str, Any], x: Any) -> Any:
        """Channels last, and a pool that is a maximum: with ``lax.reduce_window`` the step takes four times as long."""
        x = x.transpose(0, 2, 3, 1)
        for name in ("0", "3"):
            weight = p[f"{name}.weight"].transpose(2, 3, 1, 0)
            x = jax.lax.conv_general_dilated(x, weight, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            batch, height, width, channels = x.shape
            x = jax.nn.relu(x + p[f"{name}.bias"]).reshape(batch, height // 2, 2, width // 2, 2, channels).max((2, 4))
        return linear(p, "7", x.transpose(0, 3, 1, 2).reshape(len(x), -1))
