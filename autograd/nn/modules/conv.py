"""Convolutions over sequences and images, and their transposes.

>>> from autograd import nn, ones
>>> nn.Conv2d(3, 8, kernel_size=3, padding=1)(ones(1, 3, 5, 5)).shape
autograd.Size([1, 8, 5, 5])
"""

from __future__ import annotations

import math
from typing import Any

from ...ops.create import empty
from ...tensor import Tensor
from ...types import check_device
from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module
from .utils import each

__all__ = ["Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d"]

PADDINGS, PADDING_MODES = ("same", "valid"), ("zeros", "reflect", "replicate", "circular")


class _ConvNd(Module):
    """What the convolutions share; they say over how many dims they go."""

    dims = 0
    transposed = False

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
                 output_padding: Any, groups: int, bias: bool, padding_mode: str, device, dtype):  # fmt: skip
        super().__init__()
        check_device(device)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = each(kernel_size, self.dims), each(stride, self.dims)
        self.padding = padding if isinstance(padding, str) else each(padding, self.dims)
        self.dilation, self.output_padding = each(dilation, self.dims), each(output_padding, self.dims)
        self.padding_mode = padding_mode
        self._check()
        inner, outer = (out_channels, in_channels) if self.transposed else (in_channels, out_channels)
        self.weight = Parameter(empty((outer, inner // groups, *self.kernel_size), dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_channels, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def _check(self) -> None:
        if self.groups <= 0:
            raise ValueError("groups must be a positive integer")
        for name in ("in_channels", "out_channels"):
            if getattr(self, name) % self.groups:
                raise ValueError(f"{name} must be divisible by groups, got {getattr(self, name)} and {self.groups}")
        if isinstance(self.padding, str):
            if self.padding not in PADDINGS:
                raise ValueError(f"Invalid padding string {self.padding!r}, should be one of {PADDINGS}")
            if self.padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if self.padding_mode not in PADDING_MODES:
            raise ValueError(f"padding_mode must be one of {PADDING_MODES}, but got padding_mode={self.padding_mode!r}")

    def reset_parameters(self) -> None:
        """Draw the initial values again: uniform in ±1 / sqrt(inputs of an output)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            inputs = math.prod(self.weight.shape[1:])
            bound = 1 / math.sqrt(inputs) if inputs else 0
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        zeros, ones = (0,) * self.dims, (1,) * self.dims
        usual = {"padding": zeros, "dilation": ones, "output_padding": zeros, "groups": 1}
        parts += [f"{name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class _Convolution(_ConvNd):
    """A convolution, whose edges may be padded by other values than zeros."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
                 dilation: Any = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros",
                 device=None, dtype=None):  # fmt: skip
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias,
                         padding_mode, device, dtype)  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        convolve = F.conv1d if self.dims == 1 else F.conv2d
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._widths(), mode=self.padding_mode), (0,) * self.dims
        return convolve(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _widths(self) -> list[int]:
        """How far each edge is padded, the last dim first, as ``pad`` takes them."""
        if isinstance(self.padding, str):
            same = int(self.padding == "same")
            totals = [same * d * (k - 1) for d, k in zip(self.dilation, self.kernel_size)]
        else:
            totals = [2 * p for p in self.padding]
        return [n for total in reversed(totals) for n in (total // 2, total - total // 2)]


class Conv1d(_Convolution):
    """The convolution of (N, C, L) or (C, L) with learned filters; see :func:`autograd.nn.functional.conv1d`.

    weight (out_channels, in_channels / groups, K) and bias (out_channels,) start uniform in ±1 / sqrt(in_channels /
    groups * K). padding is how many values are added at both ends, "valid" for none, "same" for as many as keep the
    length; padding_mode which ones: "zeros", "reflect", "replicate" or "circular".
    """

    dims = 1


class Conv2d(_Convolution):
    """As :class:`Conv1d`, for (N, C, H, W) or (C, H, W); sizes are numbers, or one for each dim.

    >>> from autograd import ones
    >>> Conv2d(1, 2, (3, 5), padding="same", padding_mode="reflect")(ones(1, 8, 8)).shape
    autograd.Size([2, 8, 8])
    """

    dims = 2


class _ConvTransposeNd(_ConvNd):
    """A transposed convolution: what a convolution does to gradients."""

    transposed = True

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
                 output_padding: Any = 0, groups: int = 1, bias: bool = True, dilation: Any = 1,
                 padding_mode: str = "zeros", device=None, dtype=None):  # fmt: skip
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups,
                         bias, padding_mode, device, dtype)  # fmt: skip

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        transpose = F.conv_transpose1d if self.dims == 1 else F.conv_transpose2d
        extra = self.output_padding if output_size is None else self._extra(input, list(output_size))
        return transpose(input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)

    def _extra(self, input: Tensor, wanted: list[int]) -> list[int]:
        """The output padding that gives the wanted size: of the convolutions that give the input's, one is meant."""
        lead = input.ndim - self.dims
        sizes = wanted[lead:] if len(wanted) == input.ndim else wanted
        if len(sizes) != self.dims:
            raise ValueError(
                f"ConvTranspose{self.dims}D: for {input.ndim}D input, output_size must have {self.dims} or "
                f"{input.ndim} elements (got {len(wanted)})"
            )
        least = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                input.shape[lead:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        most = [n + s - 1 for n, s in zip(least, self.stride)]
        if any(not low <= n <= high for low, n, high in zip(least, sizes, most)):
            raise ValueError(
                f"requested an output size of {sizes}, but valid sizes range from {least} to {most} (for an input of "
                f"{input.shape[lead:]})"
            )
        return [n - low for n, low in zip(sizes, least)]


class ConvTranspose1d(_ConvTransposeNd):
    """The transpose of Conv1d, its gradient by the input: it makes (N, C, L) longer by about stride.

    weight (in_channels, out_channels / groups, K) and bias (out_channels,) start uniform in ±1 / sqrt(out_channels /
    groups * K). Where several lengths are possible output_padding makes the result longer, or ``forward`` is told
    output_size.
    """

    dims = 1


class ConvTranspose2d(_ConvTransposeNd):
    """As :class:`ConvTranspose1d`, for (N, C, H, W) or (C, H, W).

    >>> from autograd import ones
    >>> layer = ConvTranspose2d(1, 1, 3, stride=2)
    >>> layer(ones(1, 1, 2, 2)).shape, layer(ones(1, 1, 2, 2), output_size=(6, 5)).shape
    (autograd.Size([1, 1, 5, 5]), autograd.Size([1, 1, 6, 5]))
    """

    dims = 2
