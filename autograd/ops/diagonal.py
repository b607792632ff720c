"""Diagonals: seen, set into a larger tensor, and what lies on either side of them.

>>> x = tensor([[1, 2], [3, 4]])
>>> diagonal(x), tril(x)
(tensor([1, 4]), tensor([[1, 0],
        [3, 4]]))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes
from ..backend import K
from ..data import tensor
from ..errors import wrap_dim
from ..op import Op, record, require_tensor
from ..out import with_out
from ..storage import empty, packed
from ..tensor import Tensor
from ..types import check_device
from .join import zeros
from .shape import reshape
from .views import Slice, Unslice, clone, view_of


class Diagonal(Slice):
    """y = a diagonal of x
    dL/dx = zeros in the shape of x, with g on that diagonal"""


class DiagEmbed(Unslice):
    """y = zeros with x on a diagonal
    dL/dx = that diagonal of g"""


class Tril(Op):
    """y = x on and below a diagonal, 0 above it
    dL/dx = g there, 0 above"""

    params = ("diagonal",)
    keep: Any = np.tril

    @classmethod
    def apply(cls, x: Tensor, diagonal: int) -> Tensor:
        a = x._array
        if len(a.shape) < 2:
            raise RuntimeError(f"{cls.__name__.lower()}: input tensor must have at least 2 dimensions")
        y = empty(a.shape, a.dtype)
        kept = tensor(cls.keep(np.ones(a.shape[-2:], bool), diagonal))
        K.where(y, kept._array, a, zeros((), a.dtype)._array)
        return record(cls, (x._edge,), (a, y), y, (diagonal,))

    def dx(g, op, diagonal):
        return op.apply(g, diagonal)


class Triu(Tril):
    """y = x on and above a diagonal, 0 below it
    dL/dx = g there, 0 below"""

    keep = np.triu


def _two_dims(dim1: int, dim2: int, ndim: int) -> tuple[int, int]:
    first, second = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return first, second


def _geometry(shape: tuple, strides: tuple, offset: int, dims: tuple[int, int]) -> tuple[tuple, tuple, int]:
    """Shape, strides and offset of a diagonal; it is the last dim."""
    d1, d2 = dims
    n = min(shape[d1] + min(offset, 0), shape[d2] - max(offset, 0))
    rest = [d for d in range(len(shape)) if d not in dims]
    start = max(offset, 0) * strides[d2] - min(offset, 0) * strides[d1] if n > 0 else 0
    along = strides[d1] + strides[d2]
    return (*[shape[d] for d in rest], max(n, 0)), (*[strides[d] for d in rest], along), start


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of two dims, as the last dim: a view. With offset > 0 above the main one, with offset < 0 below.

    >>> diagonal(tensor([[1, 2], [3, 4]]), 1)
    tensor([2])
    """
    a = require_tensor("diagonal", input)._array
    dims = _two_dims(dim1, dim2, len(a.shape))
    found = _geometry(a.shape, a.strides, offset, dims)
    params = _geometry(a.shape, packed(a.shape, a.dtype).strides, offset, dims)
    return view_of(Diagonal, input, a.view(*found), params)


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Zeros with the last dim of the input as a diagonal of two dims.

    >>> diag_embed(tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    old = require_tensor("diag_embed", input)._array.shape
    dims = _two_dims(dim1, dim2, len(old) + 1)
    shape = list(old[:-1])
    for d in sorted(dims):
        shape.insert(d, old[-1] + abs(offset))
    strides = packed(tuple(shape), input.dtype).strides
    return DiagEmbed.apply(input, tuple(shape), _geometry(tuple(shape), strides, offset, dims))


@with_out
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The diagonal of a matrix, or the matrix with this diagonal: a copy.

    >>> diag(tensor([1, 2]), 1).shape
    autograd.Size([3, 3])
    """
    ndim = require_tensor("diag", input).ndim
    if ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim}D")
    return diag_embed(input, diagonal) if ndim == 1 else clone(_diagonal(input, diagonal))


_diagonal = diagonal


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """The matrix with all elements, row-major, on a diagonal.

    >>> diagflat(tensor([[1], [2]]))
    tensor([[1, 0],
            [0, 2]])
    """
    return diag_embed(reshape(require_tensor("diagflat", input), -1), offset)


@with_out
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle of matrices, zeros above the diagonal.

    >>> tril(tensor([[1, 2], [3, 4]]))
    tensor([[1, 0],
            [3, 4]])
    """
    return Tril.apply(require_tensor("tril", input), diagonal)


@with_out
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle of matrices, zeros below the diagonal.

    >>> triu(tensor([[1, 2], [3, 4]]), 1)
    tensor([[0, 2],
            [0, 0]])
    """
    return Triu.apply(require_tensor("triu", input), diagonal)


def _indices(name: str, keep: Callable) -> Callable:
    def f(row: int, col: int, offset: int = 0, *, dtype=dtypes.int64, device=None) -> Tensor:
        check_device(device)
        for what, n in (("row", row), ("col", col)):
            if n < 0:
                raise RuntimeError(f"{what} must be non-negative, got {n}")
        if dtypes.as_dtype(dtype) not in (dtypes.int32, dtypes.int64):
            raise NotImplementedError(f'"{name}" not implemented for {dtypes.as_dtype(dtype).title!r}: int32 or int64')
        return tensor(np.stack(np.nonzero(keep(np.ones((row, col), bool), offset))), dtype=dtype)

    f.__name__ = f.__qualname__ = name
    f.__doc__ = f"The positions that {name[:4]} keeps in a (row, col) matrix: their rows and their columns, (2, n)."
    return f


tril_indices, triu_indices = _indices("tril_indices", np.tril), _indices("triu_indices", np.triu)


__all__ = ["diag", "diag_embed", "diagflat", "diagonal", "tril", "tril_indices", "triu", "triu_indices"]
METHODS = ["diag", "diag_embed", "diagflat", "diagonal", "tril", "triu"]
IN_PLACE = ["tril", "triu"]
