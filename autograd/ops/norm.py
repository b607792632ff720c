"""Norms, one kernel forward and one backward: layer norm and RMS norm over the last dims, batch norm of channels.

>>> from autograd import tensor
>>> layer_norm(tensor([[1.0, 2.0, 3.0]]), (3,))
tensor([[-1.2247,  0.0000,  1.2247]])
"""

from __future__ import annotations

import math

import numpy as np

from .. import dtypes
from ..backend import K
from ..errors import not_implemented
from ..op import Op, contiguous, record, require_tensor
from ..storage import empty, fresh, written
from ..tensor import Tensor
from .inplace import check_writable, overwritten


class Norm(Op, abstract=True):
    """y = z of each row, z = (x - mean) * rstd; ``stats`` holds mean and rstd for the kernel."""

    params = ("rows", "eps")
    extras = ("stats",)
    center = True  # whether the mean is subtracted

    @classmethod
    def apply(cls, x: Tensor, weight: Tensor | None, bias: Tensor | None, rows: tuple, eps: float) -> Tensor:
        edges = tuple([t._edge for t in (x, weight, bias) if t is not None])
        a = contiguous(x._array)
        w, b = (None if t is None else contiguous(t._array) for t in (weight, bias))
        y = fresh(a.layout)
        stats = empty((2, rows[0]), a.layout.dtype)
        getattr(K, cls.kernel)(y, stats, a, w, b, rows, eps)
        return record(cls, edges, (a, w, b)[: len(cls.inputs)] + (y, stats), y, (rows, eps))

    @staticmethod
    def backward(node, g):
        edges = [*node.edges, None, None][:3]
        if edges[0] is None and edges[1] is None:
            return None, None, g
        x, *weight, stats = node.saved
        dx, dw, db = (None if edge is None else fresh(edge.layout.packed) for edge in edges)
        w = weight[0] if weight else None
        getattr(K, node.op.kernel + "_grad")(dx, dw, db, contiguous(g), x, stats, w, node.params[0])
        return (dx, dw, db)[: len(node.edges)]

    @classmethod
    def standard(cls, x: Tensor, eps: float) -> tuple[Tensor, Tensor]:
        """z and rstd, differentiable, for x as (rows, n)."""
        d = x - x.mean(1, keepdim=True) if cls.center else x
        rstd = ((d * d).mean(1, keepdim=True) + eps).rsqrt()
        return d * rstd, rstd

    @classmethod
    def slope(cls, h: Tensor, x: Tensor, rows: tuple, eps: float) -> Tensor:
        """dL/dx from h = dL/dz, both in the shape of x."""
        z, rstd = cls.standard(x.reshape(rows), eps)
        h = h.reshape(rows)
        d = h - z * (h * z).mean(1, keepdim=True)
        if cls.center:
            d = d - h.mean(1, keepdim=True)
        return (d * rstd).reshape(x.shape)

    def dx(g, x, stats, rows, eps, op):
        return op.slope(g, x, rows, eps)


class AffineNorm(Norm, abstract=True):
    """y = z * weight + bias; there may be no bias."""

    inputs = ("x", "weight", "bias")

    def dx(g, x, weight, stats, rows, eps, op):
        return op.slope(g * weight, x, rows, eps)

    def dweight(g, x, stats, rows, eps, op):
        return g * op.standard(x.reshape(rows), eps)[0].reshape(x.shape)

    def dbias(g):
        return g


class LayerNorm(Norm):
    """y = (x - mean(x)) * rstd, rstd = 1 / sqrt(var(x) + eps)
    dL/dx = rstd * (g - mean(g) - y * mean(g * y))"""

    kernel = "layer_norm"
    backward_name = "NativeLayerNormBackward0"


class AffineLayerNorm(AffineNorm):
    """y = z * weight + bias, z = (x - mean(x)) * rstd, rstd = 1 / sqrt(var(x) + eps)
    dL/dx = rstd * (h - mean(h) - z * mean(h * z)), h = g * weight
    dL/dweight = g * z, summed over the rows
    dL/dbias = g, summed over the rows"""

    kernel = "layer_norm"
    backward_name = "NativeLayerNormBackward0"


class RmsNorm(Norm):
    """y = x * rstd, rstd = 1 / sqrt(mean(x * x) + eps)
    dL/dx = rstd * (g - y * mean(g * y))"""

    kernel = "rms_norm"
    center = False


class AffineRmsNorm(AffineNorm):
    """y = z * weight, z = x * rstd, rstd = 1 / sqrt(mean(x * x) + eps)
    dL/dx = rstd * (h - z * mean(h * z)), h = g * weight
    dL/dweight = g * z, summed over the rows"""

    kernel = "rms_norm"
    backward_name = "RmsNormBackward0"
    center = False


class BatchNorm(Op):
    """y = (x - mean) * rstd of each channel; in training rstd = 1 / sqrt(var(x) + eps) and mean are the channel's own
    dL/dx = rstd * (g - mean(g) - y * mean(g * y)) in training, else rstd * g"""

    params = ("rows", "eps", "training")
    extras = ("stats",)
    backward_name = "NativeBatchNormBackward0"

    @classmethod
    def apply(cls, x: Tensor, weight, bias, running: tuple, rows: tuple, training: bool, momentum, eps) -> Tensor:
        edges = tuple([t._edge for t in (x, weight, bias) if t is not None])
        a = contiguous(x._array)
        w, b = (None if t is None else contiguous(t._array) for t in (weight, bias))
        y = fresh(a.layout)
        stats = empty((2, rows[1]), a.layout.dtype)
        K.batch_norm(y, stats, *running, a, w, b, rows, training, momentum, eps)
        if training:
            written(*[r.storage for r in running if r is not None])
        return record(cls, edges, (a, w, b)[: len(cls.inputs)] + (y, stats), y, (rows, eps, training))

    @staticmethod
    def backward(node, g):
        x, *weight, stats = node.saved
        dx, dw, db = (None if e is None else fresh(e.layout.packed) for e in [*node.edges, None, None][:3])
        w = weight[0] if weight else None
        K.batch_norm_grad(dx, dw, db, contiguous(g), x, stats, w, node.params[0], node.params[2])
        return (dx, dw, db)[: len(node.edges)]

    @staticmethod
    def standard(x: Tensor, stats: Tensor, eps: float, training: bool) -> tuple[Tensor, Tensor]:
        """z and rstd, differentiable, for x as (outer, channels, inner)."""
        if not training:
            rstd = stats[1].unsqueeze(1)
            return (x - stats[0].unsqueeze(1)) * rstd, rstd
        d = x - x.mean((0, 2), keepdim=True)
        rstd = ((d * d).mean((0, 2), keepdim=True) + eps).rsqrt()
        return d * rstd, rstd

    @staticmethod
    def slope(h: Tensor, x: Tensor, stats: Tensor, rows: tuple, eps: float, training: bool) -> Tensor:
        """dL/dx from h = dL/dz as (outer, channels, inner)."""
        z, rstd = BatchNorm.standard(x.reshape(rows), stats, eps, training)
        if training:
            h = h - h.mean((0, 2), keepdim=True) - z * (h * z).mean((0, 2), keepdim=True)
        return (h * rstd).reshape(x.shape)

    def dx(g, x, stats, rows, eps, training):
        return BatchNorm.slope(g.reshape(rows), x, stats, rows, eps, training)


class AffineBatchNorm(BatchNorm):
    """y = z * weight + bias, z = (x - mean) * rstd of each channel; in training rstd = 1 / sqrt(var(x) + eps) and mean
    are the channel's own
    dL/dx = rstd * (h - mean(h) - z * mean(h * z)) in training, else rstd * h, h = g * weight
    dL/dweight = sum(g * z), dL/dbias = sum(g)"""

    kernel = "batch_norm"
    inputs = ("x", "weight", "bias")
    backward_name = "NativeBatchNormBackward0"

    def dx(g, x, weight, stats, rows, eps, training):
        return BatchNorm.slope(g.reshape(rows) * weight.unsqueeze(1), x, stats, rows, eps, training)

    def dweight(g, x, stats, rows, eps, training):
        return (g.reshape(rows) * BatchNorm.standard(x.reshape(rows), stats, eps, training)[0]).sum((0, 2))

    def dbias(g, x, stats, rows):
        return g.reshape(rows).sum((0, 2))


# --- functions --------------------------------------------------------------------------------------------------------


def _cut(
    op: str, x: Tensor, normalized_shape: tuple | list, weight: Tensor | None, bias: Tensor | None
) -> tuple[int, int]:
    """(rows, elements of a row), once the arguments are found to fit."""
    require_tensor(op, x)
    a = x._array
    if not isinstance(normalized_shape, (tuple, list)):
        raise TypeError(
            f"{op}(): argument 'normalized_shape' (position 2) must be tuple of ints, not "
            f"{type(normalized_shape).__name__}: give a tuple, as in ({normalized_shape},)"
        )
    shape = tuple(normalized_shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    for name, t in (("weight", weight), ("bias", bias)):
        if t is not None and require_tensor(op, t, name)._array.shape != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape {list(t.shape)} "
                f"and normalized_shape = {list(shape)}"
            )
    lead = len(a.shape) - len(shape)
    if lead < 0 and op == "rms_norm":
        raise ValueError(
            f"Input tensor must have at least {len(shape)} dimensions, but got {len(a.shape)} (normalized_shape "
            f"{list(shape)})"
        )
    if lead < 0 or a.shape[lead:] != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*, {', '.join(map(str, shape))}], but "
            f"got input of size{list(a.shape)}"
        )
    if not a.layout.floating:
        raise not_implemented(op, a.dtype)
    for t in (weight, bias):
        if t is not None:
            _same_dtype(t, a.dtype)
    return math.prod(a.shape[:lead]), math.prod(shape)


def layer_norm(
    input: Tensor,
    normalized_shape: tuple | list,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias, mean and (biased) variance taken over the last dims, those of
    ``normalized_shape``; weight and bias are of that shape (Ba, Kiros and Hinton 2016).

    >>> from autograd import tensor
    >>> layer_norm(tensor([[1.0, 3.0]]), (2,), tensor([1.0, 2.0]), tensor([0.5, 0.5]))
    tensor([[-0.5000,  2.5000]])

    Raises RuntimeError where the shapes or dtypes do not fit.
    """
    rows = _cut("layer_norm", input, normalized_shape, weight, bias)
    if weight is not None:
        return AffineLayerNorm.apply(input, weight, bias, rows, float(eps))
    y = LayerNorm.apply(input, None, None, rows, float(eps))
    return y if bias is None else y + bias


def rms_norm(
    input: Tensor, normalized_shape: tuple | list, weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """input / sqrt(mean(input ** 2) + eps) * weight, the mean taken over the last dims, those of ``normalized_shape``;
    ``eps`` is by default the dtype's machine epsilon (Zhang and Sennrich 2019).

    >>> from autograd import tensor
    >>> rms_norm(tensor([[3.0, 4.0]]), (2,))
    tensor([[0.8485, 1.1314]])

    Raises RuntimeError, or ValueError for too few dims, where the shapes or dtypes do not fit.
    """
    rows = _cut("rms_norm", input, normalized_shape, weight, None)
    eps = float(np.finfo(input._array.dtype.dtype).eps) if eps is None else float(eps)
    return (RmsNorm if weight is None else AffineRmsNorm).apply(input, weight, None, rows, eps)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias of each channel, dim 1 of (N, C, ...) (Ioffe and Szegedy 2015).

    In training, mean and (biased) variance are those of the channel over all other dims, and the running ones, if
    given, become (1 - momentum) times themselves plus momentum times these, with the unbiased variance. Otherwise the
    running ones are taken.

    >>> from autograd import ones, tensor, zeros
    >>> mean, var = zeros(1), ones(1)
    >>> batch_norm(tensor([[1.0], [3.0]]), mean, var, training=True)
    tensor([[-1.0000],
            [ 1.0000]])
    >>> mean, var
    (tensor([0.2000]), tensor([1.1000]))

    Raises ValueError for a single value per channel in training, RuntimeError where shapes or dtypes do not fit.
    """
    a = require_tensor("batch_norm", input)._array
    shape = a.shape
    if len(shape) < 2:
        raise IndexError(
            f"Dimension out of range: batch_norm needs an input of (N, C, ...), with the channels in dim 1, got "
            f"{list(shape)}"
        )
    rows = shape[0], shape[1], math.prod(shape[2:])
    if training and rows[0] * rows[2] == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.shape}")
    if not a.layout.floating:
        raise not_implemented("batch_norm", a.dtype)
    given = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for name, t in given.items():
        if t is None:
            if name.startswith("running") and not training:
                raise RuntimeError(f"{name} must be defined in evaluation mode")
            continue
        require_tensor("batch_norm", t, name)
        if t.numel() != rows[1]:
            raise RuntimeError(f"{name} should contain {rows[1]} elements not {t.numel()}")
        _same_dtype(t, a.dtype)
    running = _running(running_mean, running_var, training)
    if weight is None:
        y = BatchNorm.apply(input, None, None, running, rows, bool(training), float(momentum), float(eps))
        return y if bias is None else y + bias.reshape(-1, *[1] * (len(shape) - 2))
    return AffineBatchNorm.apply(input, weight, bias, running, rows, bool(training), float(momentum), float(eps))


def count_batch(tracked: Tensor) -> None:
    """tracked + 1, in place: the batches that a layer has seen."""
    a = tracked._array
    if a.dtype is dtypes.int64 and a.contiguous:
        K.count_up(a)
        overwritten(tracked)
    else:
        tracked.add_(1)


def _running(mean: Tensor | None, var: Tensor | None, training: bool) -> tuple:
    """The arrays of the running statistics; those that training is to write have to be writable as they are."""
    if mean is None or var is None:
        return None, None
    if not training:
        return contiguous(mean._array), contiguous(var._array)
    for t in (mean, var):
        check_writable(t, "batch_norm")
        if not t._array.contiguous:
            raise RuntimeError("batch_norm: running statistics that are to be updated must be contiguous")
    return mean._array, var._array


def _same_dtype(t: Tensor, dtype) -> None:
    if t._array.dtype is not dtype:
        raise RuntimeError(
            f"mixed dtype (CPU): expect parameter to have scalar type of {dtype.title}, the input's, but found "
            f"{t.dtype.title}: convert one with .to(dtype)"
        )


__all__ = ["batch_norm", "layer_norm", "rms_norm"]
