"""Edges of zeros, of a constant, or of values from within.

>>> from autograd import nn, tensor
>>> nn.ReflectionPad1d(1)(tensor([[1.0, 2.0, 3.0]]))
tensor([[2., 1., 2., 3., 2.]])

``padding`` is how far every edge is padded, or one width for each: left, right and, in two dims, top, bottom.
"""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .. import functional as F
from .module import Module
from .utils import each

__all__ = [
    "CircularPad1d", "CircularPad2d", "ConstantPad1d", "ConstantPad2d", "ReflectionPad1d", "ReflectionPad2d",
    "ReplicationPad1d", "ReplicationPad2d", "ZeroPad1d", "ZeroPad2d",
]  # fmt: skip


class _PadNd(Module):
    """What the paddings share; they say over how many dims they go, and with which mode of ``pad``."""

    dims = 0
    mode = ""

    def __init__(self, padding: Any):
        super().__init__()
        self.padding = each(padding, 2 * self.dims)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return str(self.padding)


class _ConstantPadNd(_PadNd):
    """Edges of one value."""

    def __init__(self, padding: Any, value: float):
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """Edges of value along the last dim."""

    dims = 1


class ConstantPad2d(_ConstantPadNd):
    """Edges of value along the last two dims."""

    dims = 2


class ZeroPad1d(ConstantPad1d):
    """Edges of zeros along the last dim."""

    def __init__(self, padding: Any):
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return str(self.padding)


class ZeroPad2d(ConstantPad2d):
    """Edges of zeros along the last two dims."""

    def __init__(self, padding: Any):
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return str(self.padding)


class ReflectionPad1d(_PadNd):
    """Edges that mirror (N, C, L) or (C, L) without its last value."""

    dims, mode = 1, "reflect"


class ReflectionPad2d(_PadNd):
    """Edges that mirror (N, C, H, W) or (C, H, W) without its outermost values."""

    dims, mode = 2, "reflect"


class ReplicationPad1d(_PadNd):
    """Edges that repeat the last value of (N, C, L) or (C, L)."""

    dims, mode = 1, "replicate"


class ReplicationPad2d(_PadNd):
    """Edges that repeat the outermost values of (N, C, H, W) or (C, H, W)."""

    dims, mode = 2, "replicate"


class _CircularPadNd(_PadNd):
    """Edges that go on at the other side."""

    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (self.dims + 1, self.dims + 2):
            raise ValueError(f"expected {self.dims + 1}D or {self.dims + 2}D input (got {input.ndim}D input)")
        return super().forward(input)


class CircularPad1d(_CircularPadNd):
    """Edges of (N, C, L) or (C, L) that go on at the other end."""

    dims = 1


class CircularPad2d(_CircularPadNd):
    """Edges of (N, C, H, W) or (C, H, W) that go on at the other side."""

    dims = 2
