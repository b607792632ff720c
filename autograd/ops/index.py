"""Reading by index: ops that take elements at integer positions, and those that add them back.

>>> from autograd import tensor
>>> x = tensor([[1, 2], [3, 4]])
>>> gather(x, 1, tensor([[0, 0], [1, 0]])), index_select(x, 0, tensor([1, 1]))
(tensor([[1, 1],
        [4, 3]]), tensor([[3, 4],
        [3, 4]]))

Three kernels do all of it: gather, scatter and scatter_add, on arrays seen as (outer, n, inner). Where a position is
taken twice, its gradients add up, in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .. import dtypes
from ..backend import K
from ..backprop import copied
from ..errors import wrap_dim
from ..op import Op, broadcast_shapes, contiguous, record, require_tensor
from ..out import with_out
from ..storage import Array, empty, from_numpy
from ..tensor import Tensor, wrap
from . import choice
from .shape import broadcast_tensors, expand, reshape


def split(a: Array, dim: int, span: int = 1) -> Array:
    """A contiguous array as (outer, n, inner), where n are the span dims from dim on."""
    shape = a.shape
    n, inner = math.prod(shape[dim : dim + span]), math.prod(shape[dim + span :])
    return a.view((math.prod(shape[:dim]), n, inner), (n * inner, inner, 1))


class Index(Op):
    """y = x[index]: positions in the place of one dim, or of several as if they were one
    dL/dx = zeros; dL/dx[index] += g"""

    params = ("index", "dim", "span", "low")

    @classmethod
    def apply(cls, x: Tensor, index: Tensor, dim: int = 0, span: int = 1, low: int = 0) -> Tensor:
        """``index`` is int64, contiguous, and nobody writes to it; positions may be below 0 down to ``low``."""
        a, i = contiguous(x._array), index._array
        y = empty((*a.shape[:dim], *i.shape, *a.shape[dim + span :]), a.dtype)
        status = K.gather(split(y, dim, len(i.shape)), split(a, dim, span), rows(i), low)
        if status:
            raise IndexError(outside(i, status, dim, math.prod(a.shape[dim : dim + span])))
        return record(cls, (x._edge,), (a, y), y, (index, dim, span, low))

    @staticmethod
    def backward(node, g):
        dx = empty(node.edges[0].layout.shape, g.dtype)
        K.fill(dx, 0.0)
        _add_rows(dx, contiguous(g), *node.params)
        return (dx,)

    def dx(g, shape, index, dim, span, low):
        return IndexAdd.apply(g, tuple(shape), index, dim, span, low)


class IndexSelect(Index):
    """y = the slices of x at index
    dL/dx = zeros; dL/dx[index] += g"""


class MaskedSelect(Index):
    """y = the elements of x where a mask is true
    dL/dx = zeros, with g there"""


class Take(Index):
    """y = x at positions of the flattened tensor
    dL/dx = zeros; dL/dx[index] += g"""


class IndexAdd(Op):
    """y = x; y[index] += value
    dL/dx = g
    dL/dvalue = g[index]"""

    inputs = ("x", "value")
    params = ("index", "dim", "span", "low")
    fused = {"x": "g"}

    @classmethod
    def apply(
        cls, value: Tensor, shape: tuple, index: Tensor, dim: int = 0, span: int = 1, low: int = 0,
        x: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Without x: zeros of ``shape``."""
        y, v = _start(x, shape, value), contiguous(value._array)
        _add_rows(y, v, index, dim, span, low)
        edges = (None if x is None else x._edge, value._edge)
        return record(cls, edges, (None if x is None else x._array, v, y), y, (index, dim, span, low))

    def dx(g):
        return g

    def dvalue(g, index, dim, span, low):
        return Index.apply(g, index, dim, span, low)


def rows(index: Array) -> Array:
    """Positions, contiguous, for split(): they broadcast along outer and inner."""
    return index.view((1, index.size, 1), (0, 1, 0))


def _add_rows(x: Array, y: Array, index: Tensor, dim: int, span: int, low: int) -> None:
    i = index._array
    status = K.scatter_add(split(x, dim, span), split(y, dim, len(i.shape)), rows(i), low)
    if status:
        raise IndexError(outside(i, status, dim, math.prod(x.shape[dim : dim + span])))


def kept(index: Array, *inputs: Tensor) -> Array:
    """Positions, contiguous; copied where backward will need them: the user may write to them."""
    return contiguous(index) if all(x._edge is None for x in inputs) else copied(index)


def outside(index: Array, status: int, dim: int, n: int) -> str:
    """What is wrong with positions to which a kernel gave a status."""
    bad = index.numpy().reshape(-1)[status - 1]
    return f"index {bad} is out of bounds for dimension {dim} with size {n}"


def _start(x: Tensor | None, shape: tuple, like: Tensor) -> Array:
    """What is written to: a copy of x, or zeros."""
    y = empty(tuple(shape), like.dtype)
    if x is None:
        K.fill(y, 0.0)
    else:
        K.copy(y, x._array)
    return y


# --- positions along a dim, one for each element ----------------------------------------------------------------------


class Gather(Op):
    """y[i] = x[index[i] along dim]
    dL/dx[index[i]] += g[i]"""

    params = ("dim", "index")

    @classmethod
    def apply(cls, x: Tensor, dim: int, index: Tensor) -> Tensor:
        a, i = x._array, kept(index._array, x)
        y = empty(i.shape, a.dtype)
        status = K.gather(split(y, dim), split(contiguous(_beside(a, i, dim)), dim), split(i, dim))
        if status:
            raise RuntimeError(outside(i, status, dim, a.shape[dim] if a.shape else 1))
        return record(cls, (x._edge,), (a, y), y, (dim, wrap(i)))

    @staticmethod
    def backward(node, g):
        dim, index = node.params
        dx = empty(node.edges[0].layout.shape, g.dtype)
        K.fill(dx, 0.0)
        give(K.scatter_add, dx, g, dim, index._array)
        return (dx,)

    def dx(g, shape, dim, index):
        return scatter_add_zeros(g, shape, dim, index)


class ScatterAdd(Op):
    """y = x; y[index[i] along dim] += src[i]
    dL/dx = g
    dL/dsrc[i] = g[index[i] along dim]"""

    inputs = ("x", "src")
    params = ("dim", "index")
    fused = {"x": "g"}

    @classmethod
    def apply(cls, src: Tensor, shape: tuple, dim: int, index: Tensor, x: Tensor | None = None) -> Tensor:
        """Without x: zeros of ``shape``."""
        y, i = _start(x, shape, src), kept(index._array, src)
        give(K.scatter_add, y, src._array, dim, i)
        edges = (None if x is None else x._edge, src._edge)
        return record(cls, edges, (None if x is None else x._array, src._array, y), y, (dim, wrap(i)))

    def dx(g):
        return g

    def dsrc(g, dim, index):
        return Gather.apply(g, dim, index)


def _beside(x: Array, index: Array, dim: int) -> Array:
    """The part of x that has the sizes of index, dim left out."""
    shape = tuple([n if d == dim else m for d, (n, m) in enumerate(zip(x.shape, index.shape))])
    return x if shape == x.shape else x.view(shape, x.strides)


def give(kernel: Callable, x: Array, y: Array, dim: int, index: Array) -> None:
    """Write (or add) y to x, contiguous, at positions along dim."""
    part = _beside(x, index, dim)
    whole = contiguous(part)
    status = kernel(split(whole, dim), split(contiguous(y), dim), split(index, dim))
    if status:
        raise RuntimeError(outside(index, status, dim, x.shape[dim] if x.shape else 1))
    if whole is not part:
        K.copy(part, whole)


class Pick(Op):
    """y = x at the positions index along dim
    dL/dx = g at those positions, else 0"""

    params = ("dim", "keepdim", "index")

    def dx(g, shape, dim, keepdim, index):
        if keepdim:
            return scatter_add_zeros(g, shape, dim, index)
        return scatter_add_zeros(g.unsqueeze(dim), shape, dim, index.unsqueeze(dim))


def pick(x: Tensor, dim: int, index: Tensor, keepdim: bool = True) -> Tensor:
    """The elements of x at the positions ``index`` along ``dim``, which has that dim only with ``keepdim``."""
    a, i = contiguous(x._array), kept(index._array, x)
    y = empty(i.shape, a.dtype)
    keepdim = keepdim or not a.shape
    whole = i.shape if keepdim else (*i.shape[:dim], 1, *i.shape[dim:])
    K.gather(split(y.view(whole), dim), split(a, dim), split(i.view(whole), dim))
    return record(Pick, (x._edge,), (a, y), y, (dim, keepdim, wrap(i)))


def scatter_add_zeros(x: Tensor, shape: tuple, dim: int, index: Tensor) -> Tensor:
    """Zeros of ``shape`` with x added at the positions ``index`` along ``dim``."""
    return ScatterAdd.apply(x, shape, dim, index)


# --- functions --------------------------------------------------------------------------------------------------------


def checked_positions(op: str, x: Array, dim: int, index: Tensor, name: str) -> tuple[int, Tensor]:
    """The dim, and the positions along it as int64. Raises where they are not ints or have another number of dims."""
    i = positions(op, index, RuntimeError, "int32/int64")
    d = wrap_dim(dim, len(x.shape))
    if i.ndim != len(x.shape):
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as {name} tensor: got shapes {list(i.shape)} and "
            f"{list(x.shape)}"
        )
    return d, i


def positions(op: str, index: Tensor, error: type[Exception], expected: str) -> Tensor:
    """Positions as int64; an error where they have a dtype that positions do not have."""
    i = require_tensor(op, index, "index")
    if i._array.dtype is not dtypes.int64 and i._array.dtype is not dtypes.int32:
        raise error(f"{op}(): Expected dtype {expected} for index, got {i.dtype}")
    return i.to(dtypes.int64)


def _larger(a: tuple, b: tuple, but: int | None = None) -> bool:
    """Whether a shape is larger than another somewhere, a dim left out."""
    return any(n > m for k, (n, m) in enumerate(zip(a, b)) if k != but)


@with_out
def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The elements of input at the positions ``index`` along ``dim``: y[i][j] = input[index[i][j]][j] for dim 0.

    >>> from autograd import tensor
    >>> gather(tensor([[1, 2], [3, 4]]), 1, tensor([[0, 0], [1, 0]]))
    tensor([[1, 1],
            [4, 3]])
    """
    if require_tensor("gather", input).ndim + require_tensor("gather", index, "index").ndim == 1:  # a number, a vector
        return reshape(gather(reshape(input, -1), dim, reshape(index, -1)), index.shape)
    a = input._array
    d, index = checked_positions("gather", a, dim, index, "input")
    i = index._array
    if _larger(i.shape, a.shape, but=d):
        raise RuntimeError(
            f"Size does not match at dimension other than {d}: expected index {list(i.shape)} to be no larger than "
            f"self {list(a.shape)} apart from dimension {d}"
        )
    return Gather.apply(input, d, index)


@with_out
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices along ``dim`` at the positions ``index``, a vector of ints.

    >>> from autograd import tensor
    >>> index_select(tensor([[1, 2], [3, 4]]), 0, tensor([1, 1]))
    tensor([[3, 4],
            [3, 4]])
    """
    x = require_tensor("index_select", input)
    d = wrap_dim(dim, x.ndim)
    i = vector_of_positions("index_select", index, x)
    if x.ndim:
        return IndexSelect.apply(x, i, d)
    if i.numel() != 1:
        raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {i.numel()} value(s)")
    return reshape(IndexSelect.apply(reshape(x, 1), i), ())


def vector_of_positions(op: str, index: Tensor, *inputs: Tensor) -> Tensor:
    """The positions that a vector (or a number) of ints names, as an int64 vector that stays as it is."""
    i = require_tensor(op, index, "index")
    if i.ndim > 1:
        raise IndexError(f"{op}(): Index is supposed to be a vector, but got shape {list(i.shape)}")
    return _owned(reshape(positions(op, i, RuntimeError, "int32 or int64"), -1), *inputs)


def _owned(index: Tensor, *inputs: Tensor) -> Tensor:
    return wrap(kept(index._array, *inputs))


@with_out
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask is true, as a vector; input and mask broadcast.

    >>> masked_select(tensor([1, 2, 3]), tensor([True, False, True]))
    tensor([1, 3])
    """
    x, m = require_tensor("masked_select", input), require_tensor("masked_select", mask, "mask")
    if m.dtype is not dtypes.bool_:
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {m.dtype}")
    x, m = broadcast_tensors(x, m)
    return MaskedSelect.apply(reshape(x, -1), wrap(from_numpy(np.flatnonzero(m._array.numpy()))))


@with_out
def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at positions of the flattened tensor, in the shape of ``index``; they may count from the end.

    >>> take(tensor([[1, 2], [3, 4]]), tensor([0, -1]))
    tensor([1, 4])
    """
    x = require_tensor("take", input)
    i = flat_positions("take", index, x)
    try:
        return Take.apply(reshape(x, -1), i, low=-x.numel())
    except IndexError as error:
        raise flat_error(error, "take", x) from None


def flat_positions(op: str, index: Tensor, *inputs: Tensor) -> Tensor:
    """Positions in a flattened tensor, which stay as they are."""
    i = require_tensor(op, index, "index")
    if i.dtype is not dtypes.int64:
        raise RuntimeError(f"{op}(): Expected a long tensor for index, but got {i.dtype.title}")
    return _owned(i, *inputs)


def flat_error(error: IndexError, op: str, x: Tensor) -> IndexError:
    """The words for a flattened tensor of what :func:`outside` says."""
    index = str(error).split()[1]
    return IndexError(f"out of range: tried to access index {index} on a tensor of {x.numel()} elements ({op})")


@with_out
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """The elements at positions along ``dim``, such as those that argmax and argsort give; other dims broadcast.
    Without dim the flattened tensor is meant.

    >>> take_along_dim(tensor([[3, 1, 2]]), tensor([[1], [0]]), 1)
    tensor([[1],
            [3]])
    """
    x, i = require_tensor("take_along_dim", input), require_tensor("take_along_dim", indices, "indices")
    if i.dtype is not dtypes.int64 and i.dtype is not dtypes.int32:
        raise RuntimeError(f"take_along_dim(): dtype of indices should be Long but got {i.dtype.title}")
    if dim is None:
        x, i, dim = reshape(x, -1), reshape(i, -1), 0
    if x.ndim != i.ndim:
        raise RuntimeError(
            "take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{x.ndim} dimensions for input, and {i.ndim} dimensions for indices"
        )
    d = wrap_dim(dim, x.ndim)
    shape = broadcast_shapes(*[(*t.shape[:d], 1, *t.shape[d + 1 :]) for t in (x, i)], op="take_along_dim")
    x, i = (expand(t, (*shape[:d], t.shape[d], *shape[d + 1 :])) if t.ndim else t for t in (x, i))
    n = x.shape[d] if x.ndim else 1
    return gather(x, d, choice.where(i < 0, i + n, i))


@with_out
def nonzero(input: Tensor, *, as_tuple: bool = False):
    """The positions of non-zero elements: (n, ndim), or a tuple of vectors, one per dim.

    >>> from autograd import tensor
    >>> nonzero(tensor([0, 3, 4]))
    tensor([[1],
            [2]])
    """
    found = np.nonzero(np.atleast_1d(require_tensor("nonzero", input)._array.numpy()))
    if as_tuple:
        return tuple(wrap(from_numpy(f)) for f in found)
    return wrap(from_numpy(np.stack(found[: input.ndim], axis=1) if input.ndim else np.empty((len(found[0]), 0), int)))


def argwhere(input: Tensor) -> Tensor:
    """The positions of non-zero elements, a row each: as :func:`nonzero`."""
    return nonzero(input)


__all__ = ["argwhere", "gather", "index_select", "masked_select", "nonzero", "take", "take_along_dim"]
METHODS = __all__
