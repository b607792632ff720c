"""Pooling in one and two dims: the largest, the mean or a norm of the elements within a window that moves along.

>>> from autograd import tensor
>>> max_pool1d(tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
tensor([[3., 2.]])

Windows have a size and a step, or are cut to a given number of results (adaptive). One dim is two dims, the first of
size 1.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

from .. import dtypes
from ..backend import K
from ..errors import not_implemented
from ..op import Op, contiguous, record, require_tensor, require_tensors
from ..storage import empty
from ..tensor import Tensor, wrap
from .activation import relu
from .arithmetic import abs, sign
from .create import zeros
from .exponential import pow
from .index import scatter_add_zeros
from .scatter import scatter


class Windows(NamedTuple):
    """Planes (in_size) and their windows (out_size): see ag_pool in csrc/ag.h."""

    planes: int
    in_size: tuple[int, ...]
    out_size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    adaptive: bool = False
    divisor: int = 0
    include_padding: bool = True


class MaxPool(Op, abstract=True):
    """y = max(x) over each window, and where that lies in its plane."""

    params = ("windows",)
    extras = ("index",)

    @classmethod
    def apply(cls, x: Tensor, windows: Windows, shape: tuple) -> tuple[Tensor, Tensor]:
        a = contiguous(x._array)
        y, index = empty(shape, a.dtype), empty(shape, dtypes.int64)
        K.max_pool(y, index, a, windows)
        return record(cls, (x._edge,), (a, y, index), y, (windows,)), wrap(index)

    @staticmethod
    def backward(node, g):
        dx = empty(node.edges[0].layout.shape, g.dtype)
        K.max_pool_grad(dx, contiguous(g), node.saved[0], node.params[0])
        return (dx,)

    def dx(g, index, shape, windows):
        flat = windows.planes, math.prod(windows.out_size)
        dx = scatter_add_zeros(g.reshape(flat), (flat[0], math.prod(windows.in_size)), 1, index.reshape(flat))
        return dx.reshape(shape)


class MaxPool2D(MaxPool):
    """y = max(x) over each window of a plane
    dL/dx = g at the first of the largest elements, 0 elsewhere"""

    backward_name = "MaxPool2DWithIndicesBackward0"


class AdaptiveMaxPool2D(MaxPool):
    """y = max(x) over each of so many windows of a plane
    dL/dx = g at the first of the largest elements, 0 elsewhere"""


class AvgPool2D(Op):
    """y = sum(x) / count over each window
    dL/dx = g / count for each window that sees x, summed"""

    params = ("windows",)

    @classmethod
    def apply(cls, x: Tensor, windows: Windows, shape: tuple) -> Tensor:
        a = contiguous(x._array)
        y = empty(shape, a.dtype)
        K.avg_pool(y, a, windows)
        return record(cls, (x._edge,), (a, y), y, (windows,))

    @staticmethod
    def backward(node, g):
        dx = empty(node.edges[0].layout.shape, g.dtype)
        K.avg_pool_grad(dx, contiguous(g), node.params[0])
        return (dx,)

    def dx(g, shape, windows):
        return AvgPool2DGrad.apply(g, windows, tuple(shape))


class AdaptiveAvgPool2D(AvgPool2D):
    """y = sum(x) / count over each of so many windows
    dL/dx = g / count for each window that sees x, summed"""


class AvgPool2DGrad(Op):
    """y = x / count for each window that sees the element, summed
    dL/dx = sum(g) / count over each window"""

    params = ("windows",)
    backward_name = "AvgPool2DBackwardBackward0"

    @classmethod
    def apply(cls, x: Tensor, windows: Windows, shape: tuple) -> Tensor:
        a = contiguous(x._array)
        y = empty(shape, a.dtype)
        K.avg_pool_grad(y, a, windows)
        return record(cls, (x._edge,), (a, y), y, (windows,))

    def dx(g, shape, windows):
        return AvgPool2D.apply(g, windows, tuple(shape))


# --- windows ----------------------------------------------------------------------------------------------------------


def _each(value, dims: int, op: str, name: str) -> tuple:
    """A number for each dim, or the same for all."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if len(values) not in (1, dims):
        raise RuntimeError(
            f"{op}: {name} must either be a single int, or a tuple of {('one', 'two')[dims - 1]} ints, got {value}"
        )
    return values * dims if len(values) == 1 else values


@lru_cache(4096)
def _windows(op: str, shape: tuple, kernel, stride, padding, dilation, ceil_mode: bool) -> tuple[Windows, tuple]:
    """Moving windows over the last dims, and the shape of the result."""
    dims = 1 if op.endswith("1d") else 2
    if len(shape) not in (dims + 1, dims + 2) or 0 in shape[len(shape) - dims - 1 :]:
        raise RuntimeError(
            f"{op}: Expected {dims + 1}D or {dims + 2}D (batch mode) tensor with optional 0 dim batch size for input, "
            f"but got:{list(shape)}"
        )
    kernel = _each(kernel, dims, op, "kernel_size")
    stride = kernel if stride is None or stride == () else _each(stride, dims, op, "stride")
    padding, dilation = _each(padding, dims, op, "padding"), _each(dilation, dims, op, "dilation")
    _check_windows(kernel, stride, padding, dilation)
    size, out = shape[-dims:], []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation):
        steps = n + 2 * p - d * (k - 1) - 1
        count = (steps + (s - 1 if ceil_mode else 0)) // s + 1
        out.append(count - (ceil_mode and (count - 1) * s >= n + p))  # the last window begins in x or before it
    if min(out) < 1:
        raise RuntimeError(
            f"Given input size: ({'x'.join(map(str, shape[-dims - 1 :]))}). Calculated output size: "
            f"({'x'.join(map(str, (shape[-dims - 1], *out)))}). Output size is too small ({op})"
        )
    if dims == 1:
        size, kernel, stride, dilation = ((1, *v) for v in (size, kernel, stride, dilation))
        padding = (0, *padding)
    planes = math.prod(shape[:-dims])
    seen = tuple([1] * (2 - dims) + out)
    return Windows(planes, size, seen, kernel, stride, padding, dilation), (*shape[:-dims], *out)


def _check_windows(kernel: tuple, stride: tuple, padding: tuple, dilation: tuple) -> None:
    if min(stride) <= 0:
        raise RuntimeError(f"stride should not be zero, got {list(stride)}")
    if min(kernel) <= 0:
        raise RuntimeError(f"kernel size should be greater than zero, but got {list(kernel)}")
    if min(dilation) <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got {list(dilation)}")
    for k, p, d in zip(kernel, padding, dilation):
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > (d * (k - 1) + 1) // 2:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and "
                f"dilation={d}"
            )


@lru_cache(4096)
def _adaptive(op: str, shape: tuple, output_size) -> tuple[Windows, tuple]:
    """So many windows over the last dims, which they share out among them; None for as many as there are elements."""
    dims = 1 if op.endswith("1d") else 2
    if len(shape) not in (dims + 1, dims + 2):
        raise RuntimeError(f"{op}(): Expected {dims + 1}D or {dims + 2}D tensor, but got {list(shape)}")
    out = output_size if isinstance(output_size, tuple) else (output_size,) * dims
    if len(out) != dims:
        raise RuntimeError(f"{op}: output_size must be {dims}, got {output_size}")
    size = shape[-dims:]
    out = tuple([n if o is None else o for n, o in zip(size, out)])
    if min(out) < 0:
        raise RuntimeError(
            f"{op}: elements of output_size must be greater than or equal to 0 but received "
            f"{{{', '.join(map(str, out))}}}"
        )
    if 0 in shape[len(shape) - dims - 1 :]:
        raise RuntimeError(
            f"{op}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes {list(shape)}"
        )
    planes, first, ones = math.prod(shape[:-dims]), (1,) * (2 - dims), (1, 1)
    windows = Windows(planes, (*first, *size), (*first, *out), ones, ones, (0, 0), ones, adaptive=True)
    return windows, (*shape[:-dims], *out)


def _hashable(value):
    return tuple(value) if isinstance(value, list) else value


def _number(op: str, input: Tensor, integers: bool = False) -> Tensor:
    d = require_tensor(op, input)._array.dtype
    if d is dtypes.bool_ or not (integers or d.is_floating_point):
        raise not_implemented(op, d)
    return input


# --- the largest ------------------------------------------------------------------------------------------------------


def _max_pool(op: str, input, kernel_size, stride, padding, dilation, ceil_mode: bool, return_indices: bool) -> Any:
    x = _number(op, input, integers=op == "max_pool2d")
    steps = map(_hashable, (kernel_size, stride, padding, dilation))
    y, index = MaxPool2D.apply(x, *_windows(op, x._array.shape, *steps, bool(ceil_mode)))
    return (y, index) if return_indices else y


def max_pool1d(
    input: Tensor,
    kernel_size,
    stride=None,
    padding=0,
    dilation=1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of every window of (N, C, L) or (C, L); see max_pool2d.

    >>> max_pool1d(tensor([[1.0, 3.0, 2.0, 0.0]]), 2, return_indices=True)
    (tensor([[3., 2.]]), tensor([[1, 2]]))
    """
    return _max_pool("max_pool1d", input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Tensor,
    kernel_size,
    stride=None,
    padding=0,
    dilation=1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of every window of (N, C, H, W) or (C, H, W), the windows ``stride`` apart, by default as far
    as they are large.

    padding
        How many places beyond each edge a window may begin or end; they count as -infinity.
    dilation
        The step between the elements of a window.
    ceil_mode
        Whether a last window that is cut off by the edge counts.
    return_indices
        Give (y, where each largest element lies in its plane H * W) too.

    >>> max_pool2d(tensor([[[1.0, 2.0], [4.0, 3.0]]]), 2)
    tensor([[[4.]]])
    """
    return _max_pool("max_pool2d", input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _adaptive_max_pool(op: str, input: Tensor, output_size, return_indices: bool) -> Any:
    x = _number(op, input)
    y, index = AdaptiveMaxPool2D.apply(x, *_adaptive(op, x._array.shape, _hashable(output_size)))
    return (y, index) if return_indices else y


def adaptive_max_pool1d(input: Tensor, output_size, return_indices: bool = False) -> Any:
    """The largest element of each of so many windows that share out (N, C, L) or (C, L) among them.

    >>> adaptive_max_pool1d(tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[3., 2.]])
    """
    return _adaptive_max_pool("adaptive_max_pool1d", input, output_size, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size, return_indices: bool = False) -> Any:
    """The same of (N, C, H, W) or (C, H, W); ``output_size`` is (H', W'), a number for both, None to keep a size.

    >>> adaptive_max_pool2d(tensor([[[1.0, 2.0], [4.0, 3.0]]]), (1, None))
    tensor([[[4., 3.]]])
    """
    return _adaptive_max_pool("adaptive_max_pool2d", input, output_size, return_indices)


# --- the mean ---------------------------------------------------------------------------------------------------------


def _avg_pool(op: str, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor) -> Tensor:
    x = _number(op, input)
    if divisor is not None and divisor == 0:
        raise RuntimeError("divisor must be not zero")
    steps = map(_hashable, (kernel_size, stride, padding, 1))
    windows, shape = _windows(op, x._array.shape, *steps, bool(ceil_mode))
    return AvgPool2D.apply(x, windows._replace(divisor=divisor or 0, include_padding=bool(count_include_pad)), shape)


def avg_pool1d(
    input: Tensor, kernel_size, stride=None, padding=0, ceil_mode: bool = False, count_include_pad: bool = True
) -> Tensor:
    """The mean of every window of (N, C, L) or (C, L); see avg_pool2d.

    >>> avg_pool1d(tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[2., 1.]])
    """
    return _avg_pool("avg_pool1d", input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Tensor,
    kernel_size,
    stride=None,
    padding=0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of every window of (N, C, H, W) or (C, H, W), the windows ``stride`` apart, by default as far as they
    are large. The zeros of the padding count as elements, unless ``count_include_pad`` is False; ``divisor_override``
    is taken for the number of elements.

    >>> avg_pool2d(tensor([[[1.0, 2.0], [4.0, 3.0]]]), 2)
    tensor([[[2.5000]]])
    """
    return _avg_pool("avg_pool2d", input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def adaptive_avg_pool1d(input: Tensor, output_size) -> Tensor:
    """The mean of each of so many windows that share out (N, C, L) or (C, L) among them.

    >>> adaptive_avg_pool1d(tensor([[1.0, 3.0, 2.0]]), 2)
    tensor([[2.0000, 2.5000]])
    """
    x = _number("adaptive_avg_pool1d", input)
    return AdaptiveAvgPool2D.apply(x, *_adaptive("adaptive_avg_pool1d", x._array.shape, _hashable(output_size)))


def adaptive_avg_pool2d(input: Tensor, output_size) -> Tensor:
    """The same of (N, C, H, W) or (C, H, W); ``output_size`` is (H', W'), a number for both, None to keep a size.

    >>> adaptive_avg_pool2d(tensor([[[1.0, 2.0], [4.0, 3.0]]]), 1)
    tensor([[[2.5000]]])
    """
    x = _number("adaptive_avg_pool2d", input)
    return AdaptiveAvgPool2D.apply(x, *_adaptive("adaptive_avg_pool2d", x._array.shape, _hashable(output_size)))


# --- norms, and the way back ------------------------------------------------------------------------------------------


def _lp_pool(pool, input: Tensor, norm_type: float, count: int, kernel_size, stride, ceil_mode: bool) -> Tensor:
    total = pool(pow(input, norm_type), kernel_size, stride, 0, ceil_mode) * count
    return pow(sign(total) * relu(abs(total)), 1.0 / norm_type)


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: int, stride=None, ceil_mode: bool = False) -> Tensor:
    """(sum of x ** norm_type) ** (1 / norm_type) over every window of (N, C, L) or (C, L).

    >>> lp_pool1d(tensor([[3.0, 4.0]]), 2, 2)
    tensor([[5.]])
    """
    (count,) = _each(kernel_size, 1, "lp_pool1d", "kernel_size")
    return _lp_pool(avg_pool1d, input, norm_type, count, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Tensor, norm_type: float, kernel_size, stride=None, ceil_mode: bool = False) -> Tensor:
    """(sum of x ** norm_type) ** (1 / norm_type) over every window of (N, C, H, W) or (C, H, W).

    >>> lp_pool2d(tensor([[[1.0, 1.0], [1.0, 1.0]]]), 2, 2)
    tensor([[[2.]]])
    """
    count = math.prod(_each(kernel_size, 2, "lp_pool2d", "kernel_size"))
    return _lp_pool(avg_pool2d, input, norm_type, count, kernel_size, stride, ceil_mode)


def _max_unpool(op: str, input, indices, kernel_size, stride, padding, output_size) -> Tensor:
    dims = 1 if op.endswith("1d") else 2
    _number(op, input)
    if indices.dtype is not dtypes.int64:
        raise RuntimeError(f"elements in indices should be type int64 but got: {indices.dtype}")
    if indices.shape != input.shape:
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor ({list(input.shape)}) but got indices "
            f"tensor with shape: {list(indices.shape)}"
        )
    kernel = _each(kernel_size, dims, op, "kernel_size")
    stride = kernel if stride is None else _each(stride, dims, op, "stride")
    steps = zip(input.shape[-dims:], kernel, stride, _each(padding, dims, op, "padding"))
    size = tuple([(n - 1) * s - 2 * p + k for n, k, s, p in steps])
    if output_size is not None:
        given = tuple(output_size)[-dims:]
        if any(not n - s < m < n + s for n, m, s in zip(size, given, stride)):
            raise ValueError(f"invalid output_size {list(output_size)}: about {list(size)} fits the windows")
        size = given
    lead, flat = input.shape[:-dims], math.prod(input.shape[-dims:])
    index, planes = indices.reshape(-1, flat), math.prod(lead)
    values = index.numpy()
    if ((values < 0) | (values >= math.prod(size))).any():
        raise RuntimeError(f"{op}: found an invalid max index, out of the output's {list(size)}")
    found = scatter(zeros((planes, math.prod(size)), dtype=input.dtype), 1, index, input.reshape(planes, flat))
    return found.reshape(*lead, *size)


def max_unpool1d(input: Tensor, indices: Tensor, kernel_size, stride=None, padding=0, output_size=None) -> Tensor:
    """Zeros, and the elements of input where max_pool1d found them.

    >>> max_unpool1d(tensor([[3.0, 2.0]]), tensor([[1, 2]]), 2)
    tensor([[0., 3., 2., 0.]])
    """
    require_tensors("max_unpool1d", input=input, indices=indices)
    return _max_unpool("max_unpool1d", input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(input: Tensor, indices: Tensor, kernel_size, stride=None, padding=0, output_size=None) -> Tensor:
    """Zeros, and the elements of input where max_pool2d found them.

    >>> max_unpool2d(tensor([[[4.0]]]), tensor([[[2]]]), 2)
    tensor([[[0., 0.],
             [4., 0.]]])
    """
    require_tensors("max_unpool2d", input=input, indices=indices)
    return _max_unpool("max_unpool2d", input, indices, kernel_size, stride, padding, output_size)


__all__: list[str] = []
METHODS: list[str] = []
