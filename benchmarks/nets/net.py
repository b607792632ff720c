"""What a net of the training steps is, and what several of them are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Net(ABC):
    """A net and how it is trained. loss is "mse" or "cross_entropy", optimizer "sgd" or "adam".

    A subclass says what the net computes, once with PyTorch's names and once for JAX. What comes out of either are
    values (mse), or a row of scores for each target (cross_entropy).
    """

    name: str
    batch: int
    loss: str = "cross_entropy"
    optimizer: str = "adam"
    lr: float = 1e-3

    @property
    @abstractmethod
    def shape(self) -> str:
        """The sizes, in a few words."""

    @property
    def about(self) -> str:
        """What a table says of the training step."""
        return f"{self.shape}, batch {self.batch}, {self.optimizer}"

    @abstractmethod
    def tiny(self) -> Net:
        """A net of the same kind, as deep."""

    @abstractmethod
    def parameters(self) -> Arrays:
        """The initial parameters by the names they have in ``model``, as PyTorch would draw them."""

    @abstractmethod
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """One mini-batch: inputs, and values (mse) or classes (cross_entropy)."""

    @abstractmethod
    def model(self, lib: Any) -> Any:
        """The net as a module of ``autograd`` or ``torch``."""

    @abstractmethod
    def compute(self, jax: Any, p: dict[str, Any], x: Any) -> Any:
        """The same for JAX, from the parameters and the inputs."""


# --- what nets are made of --------------------------------------------------------------------------------------------


def uniform(rng: np.random.Generator, bound: float, *shape: int) -> np.ndarray:
    return rng.uniform(-bound, bound, shape).astype(np.float32)


def layer(rng: np.random.Generator, name: str, outputs: int, *inputs: int) -> Arrays:
    """Weight and bias of a linear layer, or of a convolution, whose inputs are channels, height and width."""
    bound = 1 / np.sqrt(prod(inputs))
    return {f"{name}.weight": uniform(rng, bound, outputs, *inputs), f"{name}.bias": uniform(rng, bound, outputs)}


def linear(p: dict[str, Any], name: str, x: Any) -> Any:
    """A linear layer for JAX."""
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]
