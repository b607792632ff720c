"""Scattering: a copy of the input with other values at positions along a dim.

>>> scatter_add(tensor([1, 1, 1]), 0, tensor([2, 2]), tensor([5, 6]))
tensor([ 1,  1, 12])

What is added to one place twice adds up, in order.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .. import dtypes
from ..backend import K
from ..data import tensor
from ..op import Op, contiguous, record, require_tensor
from ..out import with_out
from ..storage import empty
from ..tensor import Tensor, wrap
from . import choice
from .extremes import amax, amin
from .index import Gather, ScatterAdd, checked_positions, give, kept, split
from .join import cat, zeros
from .reduce import prod
from .rounding import floor_divide
from .shape import expand, reshape


class Scatter(Op):
    """y = x; y[index[i] along dim] = src[i]
    dL/dx = g, 0 at the positions
    dL/dsrc[i] = g[index[i] along dim]"""

    inputs = ("x", "src")
    params = ("dim", "index")

    @classmethod
    def apply(cls, x: Tensor, src: Tensor, dim: int, index: Tensor) -> Tensor:
        y, i = empty(x._array.shape, x.dtype), kept(index._array, x, src)
        K.copy(y, x._array)
        give(K.scatter, y, src._array, dim, i)
        return record(cls, (x._edge, src._edge), (x._array, src._array, y), y, (dim, wrap(i)))

    def dx(g, dim, index):
        return Scatter.apply(g, expand(zeros((), g.dtype), index.shape), dim, index)

    def dsrc(g, dim, index):
        return Gather.apply(g, dim, index)


# --- functions --------------------------------------------------------------------------------------------------------


def _operands(op: str, input: Tensor, dim: int, index: Tensor, src: Any) -> tuple[Tensor, int, Tensor, Tensor]:
    """What the scatter ops take: the input, the dim, the positions, and of src the part for them."""
    x, i = require_tensor(op, input), require_tensor(op, index, "index")
    if not x.ndim or not i.numel():
        i = reshape(i, (1,) * x.ndim if i.numel() else (0,) * x.ndim)
    d, i = checked_positions(op, x._array, dim, i, "self")
    if not isinstance(src, Tensor):
        return x, d, i, expand(tensor(src, dtype=x.dtype), i.shape)
    if src.dtype is not x.dtype:
        raise RuntimeError(f"{op}(): Expected self.dtype to be equal to src.dtype, got {x.dtype} and {src.dtype}")
    if i.numel() and x.ndim:
        if src.ndim != i.ndim:
            raise RuntimeError(
                f"Index tensor must have the same number of dimensions as src tensor: got shapes {list(i.shape)} and "
                f"{list(src.shape)}"
            )
        inside = all(n <= m or k == d for k, (n, m) in enumerate(zip(i.shape, x.shape)))
        if not inside or any(n > m for n, m in zip(i.shape, src.shape)):
            raise RuntimeError(
                f"Expected index {list(i.shape)} to be no larger than self {list(x.shape)} apart from dimension {d} "
                f"and to be no larger size than src {list(src.shape)}"
            )
    elif not i.numel():
        return x, d, i, reshape(reshape(src, -1)[:0], i.shape)
    return x, d, i, src if src.shape == i.shape else reshape(src[tuple([slice(n) for n in i.shape])], i.shape)


@with_out
def scatter(input: Tensor, dim: int, index: Tensor, src=None, *, value=None, reduce: str | None = None) -> Tensor:
    """The input with ``src``, a tensor or a number, at the positions ``index`` along ``dim``: y[index[i][j]][j] =
    src[i][j] for dim 0. Where a position comes more than once the last one stays.

    >>> scatter(zeros((3,), dtypes.int64), 0, tensor([2, 0]), tensor([5, 6]))
    tensor([6, 0, 5])
    """
    if reduce is not None:
        if reduce not in ("add", "multiply"):
            raise RuntimeError(f"reduce argument must be either add or multiply, got {reduce!r}")
        if isinstance(src, Tensor):
            warnings.warn(
                "The reduce argument of scatter with Tensor src is deprecated: use scatter_reduce instead", stacklevel=3
            )
        name = "sum" if reduce == "add" else "prod"
        given = src if value is None else value
        x, d, i, src = _operands("scatter", input, dim, index, given)
        return scatter_reduce(x, d, i, src, name)
    x, d, i, src = _operands("scatter", input, dim, index, src if value is None else value)
    return Scatter.apply(x, src, d, i)


@with_out
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """The input with ``src`` added at the positions ``index`` along ``dim``.

    >>> scatter_add(tensor([1, 1, 1]), 0, tensor([2, 2]), tensor([5, 6]))
    tensor([ 1,  1, 12])
    """
    x, d, i, src = _operands("scatter_add", input, dim, index, require_tensor("scatter_add", src, "src"))
    return ScatterAdd.apply(src, x.shape, d, i, x)


@with_out
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """The input combined with ``src`` at the positions ``index`` along ``dim``, by "sum", "prod", "mean", "amax" or
    "amin"; without ``include_self`` what the input held there does not count.

    >>> scatter_reduce(tensor([1.0, 4.0]), 0, tensor([0, 0]), tensor([2.0, 6.0]), "mean")
    tensor([3., 4.])
    """
    x, d, i, src = _operands("scatter_reduce", input, dim, index, require_tensor("scatter_reduce", src, "src"))
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    if reduce == "mean" and x.dtype is dtypes.bool_:
        raise NotImplementedError("scatter_reduce: the mean of bools is not implemented: convert them first")
    if reduce in ("prod", "amax", "amin"):
        return _by_groups(x, d, i, src, reduce, include_self)
    total = ScatterAdd.apply(src, x.shape, d, i, x if include_self else scatter(x, d, i, 0))
    if reduce == "sum":
        return total
    own = zeros(x.shape, x.dtype, 1)
    own = own if include_self else scatter(own, d, i, 0)
    count = ScatterAdd.apply(zeros(src.shape, x.dtype, 1), x.shape, d, i, own)
    return total / count if x.is_floating_point() else floor_divide(total, count)


def _by_groups(x: Tensor, dim: int, index: Tensor, src: Tensor, name: str, include_self: bool) -> Tensor:
    """Every element of x beside those of src that go to its place, and a reduction over each such row."""
    identity = tensor(1 if name == "prod" else _lowest(x.dtype, name == "amin"), dtype=x.dtype)
    members = _members(x._array.shape, dim, index._array.numpy())
    own = reshape(x, -1, 1)
    if not include_self:
        own = choice.where(tensor(members[:, :1] < src.numel()), identity, own) if members.size else own
    others = cat([reshape(src, -1), reshape(identity, 1)])[tensor(members)]
    reduction = {"prod": prod, "amax": amax, "amin": amin}[name]
    return reshape(reduction(cat([own, others], 1), 1).to(x.dtype), x.shape)


def _members(shape: tuple, dim: int, index: np.ndarray) -> np.ndarray:
    """For each place of an array of this shape, row-major, which elements of index name it, in order; rows are filled
    up with the number of elements."""
    grid = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    if grid:
        grid[dim] = index
    n, m = math.prod(shape), index.size
    place = np.arange(n).reshape(shape)[tuple(grid)].reshape(-1)
    order = np.argsort(place, kind="stable")
    counts = np.bincount(place, minlength=n)
    rank = np.arange(m) - np.repeat(np.cumsum(counts) - counts, counts)
    members = np.full((n, counts.max(initial=0)), m)
    members[place[order], rank] = order
    return members


def _lowest(d: dtypes.dtype, highest: bool) -> Any:
    """What max (or min) never chooses."""
    if d.category == 0:
        return highest
    limits = (-np.inf, np.inf) if d.is_floating_point else (np.iinfo(d.dtype).min, np.iinfo(d.dtype).max)
    return limits[highest]


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """Classes as rows of zeros with a 1 at the class, int64; without their number, up to the largest.

    >>> one_hot(tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if require_tensor("one_hot", input).dtype is not dtypes.int64:
        raise RuntimeError(f"one_hot is only applicable to index tensor of type LongTensor, got {input.dtype}")
    if num_classes <= 0 and not input.numel():
        raise RuntimeError("Can not infer total number of classes from empty tensor: give num_classes")
    n = int(input.max()) + 1 if num_classes == -1 else num_classes
    i = contiguous(input._array)
    y, one = zeros((*i.shape, n), dtypes.int64), zeros((i.size, 1, 1), dtypes.int64, 1)
    status = K.scatter(split(y._array, len(i.shape)), one._array, i.view((i.size, 1, 1), (1, 1, 1)))
    if status:
        bad = i.numpy().reshape(-1)[status - 1]
        wanted = "non-negative, got" if bad < 0 else f"smaller than num_classes {n}, got"
        raise RuntimeError(f"Class values must be {wanted} {bad}")
    return y


__all__ = ["scatter", "scatter_add", "scatter_reduce"]
METHODS = IN_PLACE = __all__
