"""Norms over the last dims: layer norm and RMS norm, one kernel forward and one backward.

>>> from autograd import tensor
>>> layer_norm(tensor([[1.0, 2.0, 3.0]]), (3,))
tensor([[-1.2247,  0.0000,  1.2247]])
"""

from __future__ import annotations

import math

import numpy as np

from ..backend import K
from ..op import Op, contiguous, record, require_tensor
from ..storage import empty, fresh
from ..tensor import Tensor


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
    dL/dweight = g * z, dL/dbias = g, summed over the rows"""

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
        raise NotImplementedError(f'"{op}" not implemented for {a.dtype.title!r}: convert it first, as in x.float()')
    for t in (weight, bias):
        if t is not None and t._array.dtype is not a.dtype:
            raise RuntimeError(
                f"mixed dtype (CPU): expect parameter to have scalar type of {a.dtype.title}, the input's, but found "
                f"{t.dtype.title}: convert one with .to(dtype)"
            )
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


__all__ = ["layer_norm", "rms_norm"]
