"""Norms of vectors and matrices, and distances.

>>> from autograd import tensor
>>> norm(tensor([3.0, 4.0])), dist(tensor([1.0, 2.0]), tensor([4.0, 6.0]))
(tensor(5.), tensor(5.))
"""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes
from ..errors import wrap_dim
from ..modes import no_grad
from ..op import Op, record, require_tensor
from ..out import with_out
from ..tensor import Tensor
from .choice import where
from .create import zeros_like
from .decompositions import svdvals
from .reduce import dims_of, spread


class VectorNorm(Op):
    """y = sum(|x| ** p) ** (1 / p); for p = 0 how many x are not 0
    dL/dx = g * sign(x) * (|x| / y) ** (p - 1), 0 where y or x is 0; for p = 0 it is 0"""

    params = ("p", "dims", "keepdim")
    backward_name = "LinalgVectorNormBackward0"

    @classmethod
    def apply(cls, x: Tensor, p: float, dims: tuple, keepdim: bool) -> Tensor:
        with no_grad():
            if p == 0:
                y = x.ne(0).to(x.dtype).sum(dims, keepdim)
            elif p == 2:
                y = (x * x).sum(dims, keepdim).sqrt()
            else:
                y = (x.abs() ** p).sum(dims, keepdim) ** (1 / p)
        return record(cls, (x._edge,), (x._array, y._array), y._array, (p, dims, keepdim))

    def dx(g, x, y, p, dims, keepdim):
        if p == 0:
            return zeros_like(x)
        g, y = spread(g, dims, keepdim), spread(y, dims, keepdim)
        zero = y == 0.0
        y = where(zero, 1.0, y)
        if p == 2:
            return g * (x / y)
        return where(zero, 0.0, g) * x.sign() * (where(x == 0.0, 1.0, x.abs()) / y) ** (p - 1)


def _checked(op: str, x: Tensor, dtype) -> Tensor:
    """A tensor of floats, in ``dtype`` where one is given."""
    if not require_tensor(op, x).is_floating_point():
        raise RuntimeError(
            f"{op}: Expected a floating point or complex tensor as input. Got {x.dtype.title}: convert it first, as in "
            "x.float()"
        )
    if dtype is None:
        return x
    dtype = dtypes.as_dtype(dtype)
    if dtype.rank < x.dtype.rank:
        raise RuntimeError(
            f"{op}: the dtype of the input ({x.dtype.title}) should be convertible without narrowing to the specified "
            f"dtype ({dtype.title})"
        )
    return x.to(dtype)


@with_out
def vector_norm(x: Tensor, ord=2, dim=None, keepdim=False, *, dtype=None) -> Tensor:
    """sum(abs(x) ** ord) ** (1 / ord) over ``dim``, one or several or all; the largest or smallest abs(x) for inf and
    -inf, the number of elements that are not 0 for 0. Its gradient at 0 is 0.

    >>> vector_norm(tensor([3.0, -4.0])), vector_norm(tensor([3.0, -4.0]), float("inf"))
    (tensor(5.), tensor(4.))
    """
    x = _checked("linalg.vector_norm", x, dtype)
    if isinstance(ord, str):
        raise TypeError(f"linalg_vector_norm(): argument 'ord' must be Number, not str: {ord!r} is for matrix_norm")
    dims, _, _ = dims_of(x._array.shape, dim, keepdim)
    if (ord < 0 or ord == math.inf) and 0 in [x.shape[d] for d in dims]:
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {ord} norm on an empty tensor because the operation does not have "
            f"an identity (input of shape {list(x.shape)}, dim {dim})"
        )
    if ord == 1:
        return x.abs().sum(dims, keepdim)
    if math.isinf(ord):
        return x.abs().amax(dims, keepdim) if ord > 0 else x.abs().amin(dims, keepdim)
    return VectorNorm.apply(x, ord, dims, keepdim)


@with_out
def matrix_norm(A: Tensor, ord: Any = "fro", dim=(-2, -1), keepdim=False, *, dtype=None) -> Tensor:
    """A norm of the matrices in two dims: "fro" the root of the sum of squares, "nuc" the sum of the singular values, 2
    and -2 the largest and smallest of them, 1 and -1 the largest and smallest column sum of absolute values, inf and
    -inf those of the rows.

    >>> matrix_norm(tensor([[1.0, -2.0], [3.0, 4.0]]), 1)
    tensor(6.)
    """
    A = _checked("linalg.matrix_norm", A, dtype)
    if A.ndim < 2:
        raise RuntimeError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    if len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
    rows, columns = (wrap_dim(d, A.ndim) for d in dim)
    if rows == columns:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got {tuple(dim)}")
    if ord == "fro":
        return vector_norm(A, 2, dim, keepdim)
    if ord in (1, -1, math.inf, -math.inf):
        summed, compared = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = A.abs().sum(summed, keepdim=True)
        y = sums.amax(compared, True) if ord > 0 else sums.amin(compared, True)
    elif ord in (2, -2, "nuc"):
        s = svdvals(A.movedim((rows, columns), (-2, -1)))
        y = s.sum(-1) if ord == "nuc" else s.amax(-1) if ord == 2 else s.amin(-1)
        for d in sorted((rows, columns)):
            y = y.unsqueeze(d)
    else:
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    return y if keepdim else y.squeeze((rows, columns))


@with_out
def norm(input: Tensor, p: Any = "fro", dim=None, keepdim=False, dtype=None) -> Tensor:
    """The p-norm over ``dim``, one or several or all, as :func:`vector_norm`; "fro" is the 2-norm, "nuc" the sum of a
    matrix's singular values.

    >>> norm(tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor(5.)
    """
    if p == "nuc":
        return matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(input, 2 if p in ("fro", None) else p, dim, keepdim, dtype=dtype)


# --- distances --------------------------------------------------------------------------------------------------------


def dist(input: Tensor, other: Tensor, p=2) -> Tensor:
    """The p-norm of input - other; the two broadcast.

    >>> dist(tensor([1.0, 2.0]), tensor([4.0, 6.0]))
    tensor(5.)
    """
    return vector_norm(require_tensor("dist", input) - require_tensor("dist", other, "other"), p)


def cdist(x1: Tensor, x2: Tensor, p=2.0, compute_mode="use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """The p-norms of the differences of the rows of x1, (..., n, d), and those of x2, (..., m, d): (..., n, m).
    ``compute_mode`` is accepted; differences are always taken.

    >>> cdist(tensor([[0.0, 0.0], [3.0, 0.0]]), tensor([[0.0, 4.0]]))
    tensor([[4.],
            [5.]])
    """
    for name, x in (("X1", x1), ("X2", x2)):
        if require_tensor("cdist", x, name.lower()).ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {x.ndim}D")
        if not x.is_floating_point():
            raise RuntimeError(f"cdist only supports floating-point dtypes, {name} got: {x.dtype.title}")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]} (cdist)"
        )
    if p < 0:
        raise RuntimeError(f"cdist only supports non-negative p values, got {p}")
    differences = x1.unsqueeze(-2) - x2.unsqueeze(-3)
    return vector_norm(differences, p, -1) if x1.shape[-1] else differences.sum(-1)


__all__ = ["cdist", "dist", "norm"]
METHODS = ["dist", "norm"]
