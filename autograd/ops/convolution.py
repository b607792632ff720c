"""Convolution in one and two dims, and its transpose.

>>> from autograd import ones
>>> conv1d(ones(1, 1, 4), ones(1, 1, 2))
tensor([[[2., 2., 2.]]])

Three kernels, each the derivative of the others: y from x and w, x from y and w, w from y and x. What stands between
them is a :class:`Geometry`, the same for all three. One dim is two dims, the first of size 1: that is how memory is
seen, the tensors keep their shapes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from .. import dtypes
from ..backend import K
from ..op import Op, contiguous, record, require_tensor
from ..storage import empty
from ..tensor import Tensor
from .padding import pad


class Geometry(NamedTuple):
    """What a convolution has to do with sizes: from x (images, channels, *in_size) to y (images, filters, *out_size)
    by w (filters, channels / groups, *kernel)."""

    dims: int  # 1 or 2, as many as the tensors have
    images: int
    groups: int
    channels: int
    filters: int
    in_size: tuple[int, int]
    out_size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]


class Convolution(Op):
    """y[f, i] = sum over c, k of x[c, i * stride - padding + k * dilation] * w[f, c, k], plus bias[f]
    dL/dx = the transposed convolution of g with w
    dL/dw = the sum over i of g[f, i] * x[c, i * stride - padding + k * dilation], dL/dbias = the sum of g"""

    inputs = ("x", "w", "bias")
    params = ("geometry",)

    @classmethod
    def apply(cls, x: Tensor, w: Tensor, bias: Tensor | None, geometry: Geometry, shape: tuple) -> Tensor:
        return _convolve(cls, K.conv, x, w, bias, geometry, shape)

    @staticmethod
    def backward(node, g):
        return _gradients(node, contiguous(g), K.conv_transpose, lambda dw, g, x, s: K.conv_weight(dw, g, x, None, s))

    def dx(g, w, geometry, shape):
        return ConvolutionTranspose.apply(g, w, None, geometry, tuple(shape))

    def dw(g, x, geometry, shape):
        return ConvolutionWeight.apply(g, x, geometry, tuple(shape))

    def dbias(g, geometry):
        return g.sum(_all_but_channels(g.ndim, geometry))


class ConvolutionTranspose(Op):
    """y[c, i * stride - padding + k * dilation] = sum over f, i, k of x[f, i] * w[f, c, k], plus bias[c]
    dL/dx = the convolution of g with w
    dL/dw = the sum over i of x[f, i] * g[c, i * stride - padding + k * dilation], dL/dbias = the sum of g"""

    inputs = ("x", "w", "bias")
    params = ("geometry",)
    backward_name = "ConvolutionBackward0"

    @classmethod
    def apply(cls, x: Tensor, w: Tensor, bias: Tensor | None, geometry: Geometry, shape: tuple) -> Tensor:
        return _convolve(cls, K.conv_transpose, x, w, bias, geometry, shape)

    @staticmethod
    def backward(node, g):
        return _gradients(node, contiguous(g), K.conv, lambda dw, g, x, s: K.conv_weight(dw, x, g, None, s))

    def dx(g, w, geometry, shape):
        return Convolution.apply(g, w, None, geometry, tuple(shape))

    def dw(g, x, geometry, shape):
        return ConvolutionWeight.apply(x, g, geometry, tuple(shape))

    def dbias(g, geometry):
        return g.sum(_all_but_channels(g.ndim, geometry))


class ConvolutionWeight(Op):
    """y[f, c, k] = sum over i of a[f, i] * x[c, i * stride - padding + k * dilation]
    dL/da = the convolution of x with g
    dL/dx = the transposed convolution of a with g"""

    inputs = ("a", "x")
    params = ("geometry",)
    backward_name = "ConvolutionBackward0"

    @classmethod
    def apply(cls, a: Tensor, x: Tensor, geometry: Geometry, shape: tuple) -> Tensor:
        b, c = contiguous(a._array), contiguous(x._array)
        y = empty(shape, b.dtype)
        K.conv_weight(y, b, c, None, geometry)
        return record(cls, (a._edge, x._edge), (b, c, y), y, (geometry,))

    def da(g, x, geometry, shape):
        return Convolution.apply(x, g, None, geometry, tuple(shape))

    def dx(g, a, geometry, shape):
        return ConvolutionTranspose.apply(a, g, None, geometry, tuple(shape))


def _convolve(op: type[Op], kernel, x: Tensor, w: Tensor, bias: Tensor | None, geometry: Geometry, shape) -> Tensor:
    a, b = contiguous(x._array), contiguous(w._array)
    c = None if bias is None else contiguous(bias._array)
    y = empty(shape, a.dtype)
    kernel(y, a, b, c, geometry)
    edges = x._edge, w._edge, None if bias is None else bias._edge
    return record(op, edges, (a, b, c, y), y, (geometry,))


def _gradients(node, g, input_gradient, weight_gradient) -> tuple:
    """Those of x, w and bias, each where it is wanted."""
    x, w = node.saved
    geometry = node.params[0]
    wants_x, wants_w, wants_bias = node.edges
    dx = dw = db = None
    if wants_x is not None:
        dx = empty(wants_x.layout.shape, g.dtype)
        input_gradient(dx, g, w, None, geometry)
    if wants_w is not None:
        dw = empty(wants_w.layout.shape, g.dtype)
        weight_gradient(dw, g, x, geometry)
    if wants_bias is not None:
        db = empty(wants_bias.layout.shape, g.dtype)
        K.sum(db, g, _all_but_channels(len(g.shape), geometry))
    return dx, dw, db


def _all_but_channels(ndim: int, geometry: Geometry) -> tuple:
    return tuple([d for d in range(ndim) if d != ndim - geometry.dims - 1])


# --- functions --------------------------------------------------------------------------------------------------------


def conv1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride=1, padding=0, dilation=1, groups: int = 1
) -> Tensor:
    """The convolution (cross-correlation) of input (N, C, L) or (C, L) with weight (F, C / groups, K): (N, F, L').

    padding
        How many zeros are added at both ends, "valid" for none, "same" for as many as keep the length.

    >>> conv1d(tensor([[[1.0, 2.0, 4.0]]]), tensor([[[-1.0, 1.0]]]), padding="same")
    tensor([[[ 1.,  2., -4.]]])
    """
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride=1, padding=0, dilation=1, groups: int = 1
) -> Tensor:
    """The convolution (cross-correlation) of input (N, C, H, W) or (C, H, W) with weight (F, C / groups, KH, KW):
    (N, F, H', W'), H' = (H + 2 * padding - dilation * (KH - 1) - 1) // stride + 1.

    stride, padding, dilation
        A number, or one for each dim. Padding adds zeros on both sides; it may be "valid" for none, or "same" for as
        many as keep the size.
    groups
        Into how many parts channels and filters are divided; each part sees its own channels alone.

    >>> from autograd import ones
    >>> conv2d(ones(1, 1, 3, 3), ones(1, 1, 2, 2), tensor([0.5]))
    tensor([[[[4.5000, 4.5000],
              [4.5000, 4.5000]]]])

    Raises RuntimeError where the shapes or dtypes do not fit.
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride=1,
    padding=0,
    output_padding=0,
    groups: int = 1,
    dilation=1,
) -> Tensor:
    """The transpose of conv1d, its gradient by the input: input (N, F, L) or (F, L), weight (F, C / groups, K).

    >>> conv_transpose1d(tensor([[[1.0, 2.0]]]), tensor([[[1.0, 10.0]]]), stride=2)
    tensor([[[ 1., 10.,  2., 20.]]])
    """
    return _conv_transpose(
        "conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride=1,
    padding=0,
    output_padding=0,
    groups: int = 1,
    dilation=1,
) -> Tensor:
    """The transpose of conv2d, its gradient by the input: input (N, F, H, W) or (F, H, W), weight (F, C / groups, KH,
    KW): (N, C, H', W'), H' = (H - 1) * stride - 2 * padding + dilation * (KH - 1) + output_padding + 1.

    >>> from autograd import ones
    >>> conv_transpose2d(ones(1, 1, 1, 1), ones(1, 1, 2, 2))
    tensor([[[[1., 1.],
              [1., 1.]]]])
    """
    return _conv_transpose(
        "conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def _conv(op: str, dims: int, input, weight, bias, stride, padding, dilation, groups: int) -> Tensor:
    _check_operands(op, dims, input, weight, bias)
    if isinstance(padding, str):
        input, padding = _named_padding(input, weight, padding, stride, dilation, dims)
    shapes, steps = (input._array.shape, weight._array.shape), map(_hashable, (stride, padding, dilation))
    geometry, shape = _forward_geometry(dims, *shapes, *steps, groups)
    _check_bias(bias, geometry.filters, "", weight)
    return Convolution.apply(input, weight, bias, geometry, shape)


def _conv_transpose(
    op: str, dims: int, input, weight, bias, stride, padding, output_padding, groups: int, dilation
) -> Tensor:
    if isinstance(padding, str):
        raise TypeError(f"{op}(): argument 'padding' must be tuple of ints, not str")
    _check_operands(op, dims, input, weight, bias)
    shapes = input._array.shape, weight._array.shape
    steps = map(_hashable, (stride, padding, output_padding, dilation))
    geometry, shape = _transposed_geometry(dims, *shapes, *steps, groups)
    _check_bias(bias, geometry.channels, "transposed=1, ", weight)
    return ConvolutionTranspose.apply(input, weight, bias, geometry, shape)


def _hashable(value):
    return tuple(value) if isinstance(value, list) else value


def _check_operands(op: str, dims: int, input, weight, bias) -> None:
    x, w = require_tensor(op, input)._array, require_tensor(op, weight, "weight")._array
    if len(x.shape) not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {op}, but got input of size: "
            f"{list(x.shape)}"
        )
    if len(w.shape) != dims + 2:
        raise RuntimeError(
            f"{op} expected a weight of {dims + 2} dims, got {list(w.shape)}: a channel has {dims} of them"
        )
    if x.dtype is not w.dtype:
        raise RuntimeError(
            f"expected scalar type {x.dtype.title} but found {w.dtype.title}: input and weight of {op} have to be of "
            "one dtype"
        )
    if x.dtype is dtypes.bool_:
        raise NotImplementedError(f"\"{op}\" not implemented for 'Bool': convert it first, as in x.float()")
    if bias is not None and require_tensor(op, bias, "bias")._array.dtype is not x.dtype:
        raise RuntimeError(f"Input type ({x.dtype.name}) and bias type ({bias.dtype.name}) should be the same")


def _check_bias(bias: Tensor | None, size: int, given: str, weight: Tensor) -> None:
    if bias is not None and bias._array.shape != (size,):
        raise RuntimeError(
            f"Given {given}weight of size {list(weight.shape)}, expected bias to be 1-dimensional with {size} "
            f"elements, but got bias of size {list(bias.shape)} instead"
        )


def _named_padding(input: Tensor, weight: Tensor, name: str, stride, dilation, dims: int) -> tuple[Tensor, tuple]:
    """The padding that "same" or "valid" stands for; where it is odd, the input with one more zero at the end."""
    if name not in ("same", "valid"):
        raise RuntimeError(f"Invalid padding string: {name!r}: choose 'same', 'valid' or numbers")
    if name == "valid":
        return input, (0,) * dims
    if any(s != 1 for s in _each(stride, dims, "stride")):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    total = [d * (k - 1) for d, k in zip(_each(dilation, dims, "dilation"), weight.shape[2:])]
    if any(t % 2 for t in total):
        input = pad(input, [n for t in reversed(total) for n in (0, t % 2)])
    return input, tuple([t // 2 for t in total])


def _each(value, dims: int, name: str) -> tuple[int, ...]:
    """A number for each dim, or the same for all."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * dims
    if len(values) == 1:
        values *= dims
    if len(values) != dims:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {dims} values to match the convolution "
            f"dimensions, but got {name}={list(values)}"
        )
    return tuple([int(v) for v in values])


def _steps(dims: int, stride, padding, dilation, groups: int) -> tuple[tuple, tuple, tuple]:
    stride, padding = _each(stride, dims, "stride"), _each(padding, dims, "padding")
    dilation = _each(dilation, dims, "dilation")
    if min(padding) < 0:
        raise RuntimeError("negative padding is not supported")
    if min(stride) <= 0:
        raise RuntimeError("non-positive stride is not supported")
    if min(dilation) <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got {list(dilation)}")
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    return stride, padding, dilation


@lru_cache(4096)
def _forward_geometry(dims: int, x: tuple, w: tuple, stride, padding, dilation, groups: int):
    """The geometry of a convolution, and the shape of its result."""
    stride, padding, dilation = _steps(dims, stride, padding, dilation, groups)
    filters, channels = w[0], x[-dims - 1]
    if filters < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{list(w)} instead"
        )
    if filters % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
            f"size {list(w)} instead"
        )
    if w[1] * groups != channels:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(w)}, expected input{list(x)} to have {w[1] * groups} "
            f"channels, but got {channels} channels instead"
        )
    reach = [n + 2 * p - d * (k - 1) for n, p, d, k in zip(x[-dims:], padding, dilation, w[2:])]
    if min(reach) <= 0:
        sizes = " x ".join([str(n + 2 * p) for n, p in zip(x[-dims:], padding)])
        kernel = " x ".join([str(d * (k - 1) + 1) for d, k in zip(dilation, w[2:])])
        raise RuntimeError(
            f"Calculated padded input size per channel: ({sizes}). Kernel size: ({kernel}). Kernel size can't be "
            "greater than actual input size"
        )
    out = tuple([(n - 1) // s + 1 for n, s in zip(reach, stride)])
    images = x[0] if len(x) == dims + 2 else 1
    geometry = _geometry(images, groups, channels, filters, x[-dims:], out, w[2:], stride, padding, dilation)
    return geometry, (*x[: -dims - 1], filters, *out)


@lru_cache(4096)
def _transposed_geometry(dims: int, x: tuple, w: tuple, stride, padding, output_padding, dilation, groups: int):
    """The same for a transposed convolution: its input is what a convolution makes, its result what that sees."""
    stride, padding, dilation = _steps(dims, stride, padding, dilation, groups)
    extra = _each(output_padding, dims, "output_padding")
    filters, channels = x[-dims - 1], w[1] * groups
    if w[0] != filters:
        raise RuntimeError(
            f"Given transposed=1, weight of size {list(w)}, expected input{list(x)} to have {w[0]} channels, but got "
            f"{filters} channels instead"
        )
    if filters % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
            f"size {list(w)} instead"
        )
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation)):
        raise RuntimeError(
            "output padding must be smaller than either stride or dilation, but got output_padding "
            f"{list(extra)}, stride {list(stride)}, dilation {list(dilation)}"
        )
    size = tuple([
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip(x[-dims:], stride, padding, dilation, w[2:], extra)
    ])  # fmt: skip
    if min(size) <= 0:
        raise RuntimeError(
            f"Given input size per channel: ({' x '.join(map(str, x[-dims:]))}). Calculated output size per channel: "
            f"({' x '.join(map(str, size))}). Output size is too small"
        )
    images = x[0] if len(x) == dims + 2 else 1
    geometry = _geometry(images, groups, channels, filters, size, x[-dims:], w[2:], stride, padding, dilation)
    return geometry, (*x[: -dims - 1], channels, *size)


def _geometry(images, groups, channels, filters, in_size, out_size, kernel, stride, padding, dilation) -> Geometry:
    """In two dims, whatever the dims."""
    dims = len(kernel)
    if dims == 1:
        in_size, out_size, kernel, stride, dilation = ((1, *v) for v in (in_size, out_size, kernel, stride, dilation))
        padding = (0, *padding)
    return Geometry(dims, images, groups, channels, filters, in_size, out_size, kernel, stride, padding, dilation)


__all__ = ["conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d"]
METHODS: list[str] = []
