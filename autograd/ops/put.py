"""Writing to a part: a copy of the input with other values at slices, at a general index, under a mask.

>>> x = tensor([1.0, 2.0, 3.0])
>>> masked_fill(x, x > 1, 0.0), index_add(x, 0, tensor([0, 0]), tensor([10.0, 20.0]))
(tensor([1., 0., 0.]), tensor([31.,  2.,  3.]))

What is added to one place twice adds up, in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..backend import K
from ..data import tensor
from ..errors import wrap_dim
from ..op import Op, broadcast_shapes, contiguous, record, require_tensor
from ..out import with_out
from ..storage import empty
from ..tensor import Tensor, wrap
from . import choice
from .diagonal import diagonal
from .index import Index, IndexAdd, flat_error, flat_positions, outside, rows, split, vector_of_positions
from .join import zeros
from .shape import expand, reshape
from .subscript import place, plain
from .views import select, slice_like


class IndexPut(Op):
    """y = x with value at index: positions in the place of one dim, or of several as if they were one
    dL/dx = g, 0 at index
    dL/dvalue = g[index]"""

    inputs = ("x", "value")
    params = ("index", "dim", "span", "low")

    @classmethod
    def apply(cls, x: Tensor, value: Tensor, index: Tensor, dim: int = 0, span: int = 1, low: int = 0) -> Tensor:
        v, i = contiguous(value._array), index._array
        y = empty(x._array.shape, x.dtype)
        K.copy(y, x._array)
        status = K.scatter(split(y, dim, span), split(v, dim, len(i.shape)), rows(i), low)
        if status:
            raise IndexError(outside(i, status, dim, math.prod(y.shape[dim : dim + span])))
        return record(cls, (x._edge, value._edge), (x._array, v, y), y, (index, dim, span, low))

    def dx(g, index, dim, span, low):
        shape = (*g.shape[:dim], *index.shape, *g.shape[dim + span :])
        return IndexPut.apply(g, expand(zeros((), g.dtype), shape), index, dim, span, low)

    def dvalue(g, index, dim, span, low):
        return Index.apply(g, index, dim, span, low)


class MaskedFill(choice.Where):
    """y = a where condition, else b
    dL/da = g where condition, else 0
    dL/db = 0 where condition, else g"""


class Replace(Op):
    """y = x with src in the place of a part
    dL/dx = g, 0 in that part
    dL/dsrc = that part of g"""

    inputs = ("x", "src")
    params = ("geometry",)
    backward_name = "SliceScatterBackward0"

    @classmethod
    def apply(cls, x: Tensor, src: Tensor, geometry: tuple) -> Tensor:
        y = empty(x._array.shape, x.dtype)
        K.copy(y, x._array)
        K.copy(y.view(*geometry), src._array)
        return record(cls, (x._edge, src._edge), (x._array, src._array, y), y, (geometry,))

    def dx(g, op, geometry):
        return op.apply(g, zeros(geometry[0], g.dtype), geometry)

    def dsrc(g, geometry):
        return slice_like(g.contiguous(), *geometry)


class SelectScatter(Replace):
    """y = x with src at one position of a dim
    dL/dx = g, 0 there
    dL/dsrc = g there"""


class DiagonalScatter(Replace):
    """y = x with src on a diagonal
    dL/dx = g, 0 there
    dL/dsrc = g there"""


# --- slices along a dim -----------------------------------------------------------------------------------------------


def _slices(op: str, input: Tensor, dim: int, index: Tensor, source: Tensor) -> tuple[Tensor, int, Tensor, Tensor]:
    """What index_add and index_copy take: the input with dims, the dim, the positions, the source in their shape."""
    x = require_tensor(op, input)
    d = wrap_dim(dim, x.ndim)
    i = vector_of_positions(op, index, x, source)
    n = i.numel()
    if require_tensor(op, source, "source").dtype is not x.dtype:
        raise RuntimeError(f"{op}(): self ({x.dtype.title}) and source ({source.dtype.title}) must have the same dtype")
    if not x.ndim:
        return reshape(x, 1), 0, i, reshape(source, n)
    if source.ndim != x.ndim or source.shape[d] != n:
        raise (RuntimeError if op == "index_add" else IndexError)(
            f"{op}_(): Number of indices ({n}) should be equal to source.size(dim): got source of shape "
            f"{list(source.shape)} for dim {d} of {list(x.shape)}"
        )
    if (*source.shape[:d], *source.shape[d + 1 :]) != (*x.shape[:d], *x.shape[d + 1 :]):
        raise RuntimeError(
            f"{op}: source tensor shape must match self tensor shape, excluding the specified dimension (same slice "
            f"shapes). Got self.shape = {list(x.shape)} source.shape = {list(source.shape)}"
        )
    return x, d, i, source


@with_out
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha=1) -> Tensor:
    """The input with ``alpha * source`` added to its slices at ``index`` along ``dim``.

    >>> index_add(tensor([[1, 1], [2, 2]]), 0, tensor([0, 0]), tensor([[1, 2], [3, 4]]))
    tensor([[5, 7],
            [2, 2]])
    """
    x, d, i, source = _slices("index_add", input, dim, index, source)
    if alpha != 1:
        source = source * tensor(alpha, dtype=source.dtype)
    return reshape(IndexAdd.apply(source, x.shape, i, d, x=x), input.shape)


@with_out
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """The input with ``source`` for its slices at ``index`` along ``dim``.

    >>> index_copy(tensor([[1, 1], [2, 2]]), 0, tensor([1]), tensor([[5, 6]]))
    tensor([[1, 1],
            [5, 6]])
    """
    if require_tensor("index_copy", index, "index").dtype is not dtypes.int64:
        raise RuntimeError(f"index_copy_(): Expected a long tensor for index, but got {index.dtype.title}")
    x, d, i, source = _slices("index_copy", input, dim, index, source)
    return reshape(IndexPut.apply(x, source, i, d), input.shape)


def _number(op: str, value: Any, d: dtypes.dtype) -> Tensor:
    """A number, or a 0-d tensor, in a dtype."""
    if not isinstance(value, Tensor):
        return tensor(value, dtype=d) if d.is_floating_point or isinstance(value, (bool, int)) else tensor(value).to(d)
    if value.ndim:
        raise RuntimeError(
            f"{op}_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    return value.to(d)


def index_fill(input: Tensor, dim: int, index: Tensor, value) -> Tensor:
    """The input with a number (or 0-d tensor) throughout its slices at ``index`` along ``dim``.

    >>> index_fill(tensor([[1, 2], [3, 4]]), 1, tensor([0]), 9)
    tensor([[9, 2],
            [9, 4]])
    """
    x = require_tensor("index_fill", input)
    d = wrap_dim(dim, x.ndim)
    i, n = require_tensor("index_fill", index, "index"), x.shape[d] if x.ndim else 1
    if i.dtype is not dtypes.int64:
        raise IndexError(f"index_fill_(): Expected dtype int64 for index, got {i.dtype}")
    if i.ndim > 1:
        raise RuntimeError(f"Index has to be a vector/scalar, got shape {list(i.shape)}")
    value = _number("index_fill", value, x.dtype)
    filled = zeros((n,), dtypes.bool_)  # as a mask: a position named twice is filled once, its gradient counts once
    filled = IndexPut.apply(filled, expand(tensor(True), i.numel()), vector_of_positions("index_fill", i), low=-n)
    return masked_fill(x, reshape(filled, n, *[1] * (x.ndim - d - 1)) if x.ndim else filled[0], value)


# --- by a general index -----------------------------------------------------------------------------------------------


def index_put(input: Tensor, indices: Sequence[Tensor], values: Tensor, accumulate: bool = False) -> Tensor:
    """The input with ``values`` at the index that a tuple of tensors makes, as in input[indices] = values; with
    ``accumulate`` added there.

    >>> index_put(tensor([1, 2, 3]), (tensor([0, 0]),), tensor([10, 20]), accumulate=True)
    tensor([31,  2,  3])
    """
    x = require_tensor("index_put", input)
    if not isinstance(indices, (tuple, list)):
        raise TypeError(f"index_put(): argument 'indices' must be tuple of Tensors, not {type(indices).__name__}")
    if require_tensor("index_put", values, "values").dtype is not x.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {x.dtype.title} for the destination and "
            f"{values.dtype.title} for the source."
        )
    items = plain(tuple(indices))
    y = x.clone()
    at = place(y, items, values)
    values = expand(values, at.shape)
    if accumulate:
        values = IndexAdd.apply(values, at.view.shape, *at[1:], x=at.view)
    else:
        values = IndexPut.apply(at.view, values, *at[1:])
    if at.view is y:
        return values
    at.view.copy_(values)
    return y


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """The input with ``source`` at positions of the flattened tensor.

    >>> put(tensor([[1, 2], [3, 4]]), tensor([1, -1]), tensor([8, 9]))
    tensor([[1, 8],
            [3, 9]])
    """
    x = require_tensor("put", input)
    i = reshape(flat_positions("put", index, x, source), -1)
    if require_tensor("put", source, "source").dtype is not x.dtype:
        raise RuntimeError(f"put_(): self and source expected to have the same dtype, got {x.dtype} and {source.dtype}")
    if source.numel() != i.numel():
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{source.numel()}, index.numel() = {i.numel()}"
        )
    flat, values, low = reshape(x, -1), reshape(source, -1), -x.numel()
    try:
        if accumulate:
            y = IndexAdd.apply(values, flat.shape, i, low=low, x=flat)
        else:
            y = IndexPut.apply(flat, values, i, low=low)
    except IndexError as error:
        raise flat_error(error, "put", x) from None
    return reshape(y, x.shape)


# --- by a mask --------------------------------------------------------------------------------------------------------


def _mask(op: str, mask: Tensor) -> Tensor:
    if require_tensor(op, mask, "mask").dtype is not dtypes.bool_:
        raise RuntimeError(f"{op}_ only supports boolean masks, but got mask with dtype {mask.dtype}")
    return mask


def masked_fill(input: Tensor, mask: Tensor, value) -> Tensor:
    """The input with a number (or 0-d tensor) where the mask is true; input and mask broadcast.

    >>> masked_fill(tensor([1.0, 2.0]), tensor([True, False]), float("-inf"))
    tensor([-inf, 2.])
    """
    x, m = require_tensor("masked_fill", input), _mask("masked_fill", mask)
    fill = _number("masked_fill", value, x.dtype)
    a, c = x._array, m._array
    y = empty(broadcast_shapes(c.shape, a.shape, op="masked_fill"), x.dtype)
    K.where(y, c, fill._array, a)
    return record(MaskedFill, (None, fill._edge, x._edge), (c, fill._array, a, y), y)


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """The input with the first elements of ``source``, in order, where the mask is true.

    >>> masked_scatter(tensor([1, 2, 3]), tensor([True, False, True]), tensor([8, 9]))
    tensor([8, 2, 9])
    """
    x, m = require_tensor("masked_scatter", input), _mask("masked_scatter", mask)
    if require_tensor("masked_scatter", source, "source").dtype is not x.dtype:
        raise RuntimeError(
            f"masked_scatter: expected self and source to have same dtypes but got {x.dtype.title} and "
            f"{source.dtype.title}"
        )
    shape = broadcast_shapes(x._array.shape, m._array.shape, op="masked_scatter")
    places = np.flatnonzero(np.broadcast_to(m._array.numpy(), shape))
    n = places.size
    if source.numel() < n:
        raise RuntimeError(f"Number of elements of source < number of ones in mask: {source.numel()} and {n}")
    flat = reshape(expand(x, shape), -1)
    return reshape(IndexPut.apply(flat, reshape(source, -1)[:n], tensor(places)), shape)


# --- a part replaced --------------------------------------------------------------------------------------------------


def _replaced(op: type[Replace], x: Tensor, src: Tensor, part: Callable) -> Tensor:
    """x with src for the part that a function takes of a tensor."""
    require_tensor(op.backward_name.removesuffix("Backward0"), src, "src")
    whole = x._array if x._array.contiguous else empty(x._array.shape, x.dtype)
    region = part(wrap(whole))._array
    if src._array.shape != region.shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = "
            f"{list(region.shape)}"
        )
    return op.apply(x, src.to(x.dtype), (region.shape, region.strides, region.offset - whole.offset))


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """The input with ``src`` as its slice at one position of ``dim``.

    >>> select_scatter(tensor([[1, 2], [3, 4]]), tensor([8, 9]), 0, 1)
    tensor([[1, 2],
            [8, 9]])
    """
    return _replaced(SelectScatter, require_tensor("select_scatter", input), src, lambda x: select(x, dim, index))


def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """The input with ``src`` as its part from start to end in steps along ``dim``.

    >>> slice_scatter(tensor([1, 2, 3, 4]), tensor([8, 9]), 0, 0, None, 2)
    tensor([8, 2, 9, 4])
    """
    x = require_tensor("slice_scatter", input)
    if step <= 0:
        raise RuntimeError(f"slice step must be positive, got {step}")
    at = (slice(None),) * wrap_dim(dim, x.ndim) + (slice(start, end, step),)
    return _replaced(Replace, x, src, lambda x: x[at])


def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The input with ``src`` as its diagonal.

    >>> diagonal_scatter(tensor([[1, 2], [3, 4]]), tensor([8, 9]))
    tensor([[8, 2],
            [3, 9]])
    """
    x = require_tensor("diagonal_scatter", input)
    return _replaced(DiagonalScatter, x, src, lambda x: diagonal(x, offset, dim1, dim2))


__all__ = [
    "diagonal_scatter", "index_add", "index_copy", "index_fill", "index_put", "masked_fill", "masked_scatter", "put",
    "select_scatter", "slice_scatter",
]  # fmt: skip
METHODS = __all__
IN_PLACE = ["index_add", "index_copy", "index_fill", "index_put", "masked_fill", "masked_scatter", "put"]
