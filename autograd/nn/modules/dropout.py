"""Zeros at random, in training.

>>> from autograd import nn, ones
>>> nn.Dropout(0.5).eval()(ones(3))
tensor([1., 1., 1.])
"""

from __future__ import annotations

from ...ops import dropout
from ...tensor import Tensor
from .module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """In training each element is 0 with probability p, else divided by 1 - p."""

    def __init__(self, p: float = 0.5, inplace: bool = False):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        return dropout.dropout(input, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
