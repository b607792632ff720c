"""Indexing: parts of a tensor, by ints, slices, None, Ellipsis, integer tensors and masks.

>>> from autograd import arange
>>> x = arange(6).reshape(2, 3)
>>> x[0, 1:], x[:, x[0] > 0]
(tensor([1, 2]), tensor([[1, 2],
        [4, 5]]))

Basic indices (ints, slices, None, Ellipsis) give views. Tensors, lists and masks copy; where a position is taken
twice, its gradients add up.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import dtypes
from ..backend import K
from ..backprop import copied
from ..errors import wrap_dim
from ..op import Op, broadcast_shapes, record, require_tensor
from ..out import with_out
from ..storage import Array, empty, from_numpy
from ..tensor import Tensor, wrap
from . import choice
from .shape import broadcast_tensors, expand, reshape
from .views import Select, Slice, clone, view_of


class Index(Op):
    """y = x[index]
    dL/dx = zeros; dL/dx[index] += g"""

    params = ("index",)

    @staticmethod
    def backward(node, g):
        dx = empty(node.edges[0].layout.shape, g.dtype)
        K.fill(dx, 0.0)
        K.index_add(dx, g, node.params[0])
        return (dx,)

    def dx(g, shape, index):
        return IndexAdd.apply(g, tuple(shape), index)


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
    params = ("index",)
    fused = {"x": "g"}

    @classmethod
    def apply(cls, value: Tensor, shape: tuple, index, x: Tensor | None = None) -> Tensor:
        """Without x: zeros of ``shape``."""
        y = _start(x, shape, value)
        K.index_add(y, value._array, index)
        return record(cls, (None if x is None else x._edge, value._edge), (y, value._array, y), y, (index,))

    def dx(g):
        return g

    def dvalue(g, index):
        return taken(g, index)


def _start(x: Tensor | None, shape: tuple, like: Tensor) -> Array:
    """What is written to: a copy of x, or zeros."""
    y = empty(tuple(shape), like.dtype)
    if x is None:
        K.fill(y, 0.0)
    else:
        K.copy(y, x._array)
    return y


class Gather(Op):
    """y[i] = x[index[i] along dim]
    dL/dx[index[i]] += g[i]"""

    params = ("dim", "index")

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
        y = _start(x, shape, src)
        K.scatter_add(y, src._array, dim, index._array)
        return record(cls, (None if x is None else x._edge, src._edge), (y, src._array, y), y, (dim, index))

    def dx(g):
        return g

    def dsrc(g, dim, index):
        return gather(g, dim, index)


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
    a, i = x._array, index._array
    y = empty(i.shape, a.dtype)
    keepdim = keepdim or not a.shape
    whole = i.shape if keepdim else (*i.shape[:dim], 1, *i.shape[dim:])
    K.gather(y.view(whole), a, dim, i.view(whole))
    return record(Pick, (x._edge,), (a, y), y, (dim, keepdim, wrap(copied(i))))  # the user may write to index


def scatter_add_zeros(x: Tensor, shape: tuple, dim: int, index: Tensor) -> Tensor:
    """Zeros of ``shape`` with x added at the positions ``index`` along ``dim``."""
    return ScatterAdd.apply(x, shape, dim, index)


def checked_positions(op: str, x: Array, dim: int, index: Tensor, name: str) -> tuple[int, Tensor]:
    """The dim, and the positions along it as no one else's memory. Raises where they are not ints, lie outside x, or
    have another number of dims than x."""
    i = require_tensor(op, index, "index")._array
    if i.dtype is not dtypes.int64 and i.dtype is not dtypes.int32:
        raise RuntimeError(f"{op}(): Expected dtype int32/int64 for index, got {i.dtype}")
    d = wrap_dim(dim, len(x.shape))
    if len(i.shape) != len(x.shape):
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as {name} tensor: got shapes {list(i.shape)} and "
            f"{list(x.shape)}"
        )
    limit = x.shape[d] if x.shape else 1
    values = i.numpy()
    if values.size and (values.min() < 0 or values.max() >= limit):
        bad = values[(values < 0) | (values >= limit)].flat[0]
        raise RuntimeError(f"index {bad} is out of bounds for dimension {d} with size {limit}")
    return d, wrap(copied(i))


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
    y = empty(i.shape, a.dtype)
    K.gather(y, a, d, i)
    return record(Gather, (input._edge,), (a, y), y, (d, index))


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
    values = vector_of_positions("index_select", x, d, index)
    if not x.ndim:
        if values.size != 1:
            raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {values.size} value(s)")
        return clone(x)
    return taken(x, (slice(None),) * d + (values,), IndexSelect)


def vector_of_positions(op: str, x: Tensor, dim: int, index: Tensor) -> np.ndarray:
    """The positions along a dim that a vector (or a number) of ints names, copied: the user may write to it."""
    i = require_tensor(op, index, "index")._array
    if len(i.shape) > 1:
        raise IndexError(f"{op}(): Index is supposed to be a vector, but got shape {list(i.shape)}")
    if i.dtype is not dtypes.int64 and i.dtype is not dtypes.int32:
        raise RuntimeError(f"{op}(): Expected dtype int32 or int64 for index, got {i.dtype}")
    values, n = i.numpy().reshape(-1).copy(), x.shape[dim] if x.ndim else 1
    outside = (values < 0) | (values >= n)
    if outside.any():
        raise IndexError(f"{op}(): index {values[outside][0]} is out of bounds for dimension {dim} with size {n}")
    return values


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
    return taken(x, (m._array.numpy().copy(),), MaskedSelect)


@with_out
def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at positions of the flattened tensor, in the shape of ``index``; they may count from the end.

    >>> take(tensor([[1, 2], [3, 4]]), tensor([0, -1]))
    tensor([1, 4])
    """
    x = require_tensor("take", input)
    return taken(reshape(x, -1), (flat_positions("take", x, index),), Take)


def flat_positions(op: str, x: Tensor, index: Tensor) -> np.ndarray:
    """Positions in the flattened x, from the front, copied."""
    i, n = require_tensor(op, index, "index")._array, x.numel()
    if i.dtype is not dtypes.int64:
        raise RuntimeError(f"{op}(): Expected a long tensor for index, but got {i.dtype.title}")
    values = i.numpy()
    outside = (values < -n) | (values >= n)
    if outside.any():
        raise IndexError(
            f"out of range: tried to access index {values[outside].flat[0]} on a tensor of {n} elements ({op})"
        )
    return np.where(values < 0, values + n, values)


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


# --- __getitem__ and __setitem__ --------------------------------------------------------------------------------------


def _basic(shape: tuple, strides: tuple, index: tuple) -> tuple[tuple, tuple, int] | None:
    """The geometry of a basic index: shape, strides and offset; None if the index is not basic."""
    used = 0
    for item in index:
        if item is Ellipsis:
            continue
        if item is None or item is True or item is False:
            if item is not None:
                return None
        elif type(item) is int or type(item) is slice or isinstance(item, (np.integer,)):
            used += 1
        else:
            return None
    if used > len(shape):
        raise IndexError(f"too many indices for tensor of dimension {len(shape)} (got {used} for shape {list(shape)})")
    out_shape: list[int] = []
    out_strides: list[int] = []
    offset, d, seen_ellipsis = 0, 0, False
    for item in index:
        if item is None:
            out_shape.append(1)
            out_strides.append(0)
        elif item is Ellipsis:
            if seen_ellipsis:
                raise IndexError("an index can only have a single ellipsis ('...')")
            seen_ellipsis = True
            for _ in range(len(shape) - used):
                out_shape.append(shape[d])
                out_strides.append(strides[d])
                d += 1
        elif type(item) is slice:
            if item.step is not None and item.step <= 0:
                raise ValueError("step must be greater than zero: reverse by an index such as range(n - 1, -1, -1)")
            start, stop, step = item.indices(shape[d])
            n = max(0, -(-(stop - start) // step))
            out_shape.append(n)
            out_strides.append(strides[d] * step)
            offset += start * strides[d] if n else 0
            d += 1
        else:
            n = shape[d]
            if not -n <= item < n:
                raise IndexError(f"index {item} is out of bounds for dimension {d} with size {n}")
            offset += (item % n) * strides[d]
            d += 1
    out_shape.extend(shape[d:])
    out_strides.extend(strides[d:])
    return tuple(out_shape), tuple(out_strides), int(offset)


def _plain(item: Any) -> Any:
    """An index item with tensors as NumPy arrays, 0-d integer tensors as ints."""
    if isinstance(item, Tensor):
        values = item._array.numpy()
        if item._array.dtype is dtypes.bool_:
            return values.copy()
        if item._array.dtype is dtypes.uint8:
            warnings.warn(
                "indexing with dtype uint8 is now deprecated, please use a dtype bool instead: a mask, as in PyTorch",
                stacklevel=4,
            )
            return values.astype(bool)
        if item._array.dtype not in (dtypes.int64, dtypes.int32):
            raise IndexError(
                f"tensors used as indices must be long, int, byte or bool tensors, got {item.dtype} of shape "
                f"{list(item.shape)}"
            )
        return values.copy() if item._array.shape else int(values)
    if isinstance(item, (list, range)):
        from ..data import tensor

        made = tensor(list(item))
        return np.zeros(0, np.int64) if not made.numel() and made.ndim == 1 else _plain(made)
    if isinstance(item, float) or not (
        item is None or item is Ellipsis or isinstance(item, (int, slice, np.integer, np.ndarray, np.bool_))
    ):
        raise TypeError(
            f"only integers, slices (`:`), ellipsis (`...`), None and long or bool tensors are valid indices "
            f"(got {type(item).__name__})"
        )
    if isinstance(item, slice):
        return slice(*[None if v is None else int(v) for v in (item.start, item.stop, item.step)])
    return item.copy() if isinstance(item, np.ndarray) else item  # the user may write to it


def _normal(index: Any) -> tuple:
    return tuple([_plain(v) for v in (index if isinstance(index, tuple) else (index,))])


def _ints_first(index: tuple) -> tuple[tuple | None, tuple]:
    """An advanced index as a basic one that takes its ints, None where there are none, and one that does the rest.

    In PyTorch an int beside tensors selects first; to NumPy it is one more index array.
    """
    if not any(type(v) is int or isinstance(v, np.integer) for v in index):
        return None, index
    picks: list[Any] = []
    for v in index:
        if v is None or v is True or v is False:
            continue
        if isinstance(v, np.ndarray) and v.dtype == bool:
            picks += [slice(None)] * v.ndim
        else:
            picks.append(slice(None) if isinstance(v, (slice, np.ndarray)) else v)
    return tuple(picks), tuple([v for v in index if not (type(v) is int or isinstance(v, np.integer))])


def _translated(error: IndexError, shape: tuple) -> IndexError:
    """NumPy's IndexError in PyTorch's words."""
    text = str(error).replace("for axis", "for dimension")
    if "boolean index" in text:
        text = f"The shape of the mask does not match the shape of the indexed tensor {list(shape)}: {text}"
    return IndexError(text)


def taken(x: Tensor, index: tuple, op: type[Op] = Index) -> Tensor:
    """x at an advanced index, copied."""
    a = x._array
    try:
        values = np.asarray(a.numpy()[index], order="C")
    except IndexError as error:
        raise _translated(error, a.shape) from None
    y = from_numpy(values)
    return record(op, (x._edge,), (a, y), y, (index,))


def getitem(x: Tensor, index: Any) -> Tensor:
    """x[index]"""
    a = x._array
    if type(index) is int:
        index = (index,)
        found = _basic(a.shape, a.strides, index)
    else:
        index = _normal(index)
        found = _basic(a.shape, a.strides, index)
    if found is None:
        picks, index = _ints_first(index)
        return taken(x if picks is None else getitem(x, picks), index)
    params = found if a.contiguous else _basic(a.shape, a.layout.packed.strides, index)
    op = Select if index and type(index[-1]) is int else Slice
    return view_of(op, x, a.view(*found), params)  # type: ignore[arg-type]


def iterate(x: Tensor):
    """The slices along the first dim."""
    if not x._array.shape:
        raise TypeError("iteration over a 0-d tensor")
    return iter(x.unbind(0))


def contains(x: Tensor, value) -> bool:
    """Whether some element equals value."""
    return bool((x == value).any())


__all__ = ["argwhere", "gather", "index_select", "masked_select", "nonzero", "take", "take_along_dim"]
METHODS = __all__
