"""x[index] and what it means: views for ints, slices, None and Ellipsis; copies for tensors, lists and masks.

>>> from autograd import arange
>>> x = arange(6).reshape(2, 3)
>>> x[0, 1:], x[:, x[0] > 0]
(tensor([1, 2]), tensor([[1, 2],
        [4, 5]]))
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes
from ..backend import K
from ..data import tensor
from ..op import broadcast_shapes, contiguous
from ..storage import empty, from_numpy
from ..tensor import Tensor, wrap
from .dims import movedim
from .index import Index, kept, outside
from .shape import expand
from .views import Select, Slice, view_of


class Place(NamedTuple):
    """Where an index points: in a view of the tensor, the positions, not below ``low``, of the ``span`` dims
    from ``dim`` on, as if they were one."""

    view: Tensor
    positions: Tensor
    dim: int
    span: int
    low: int

    @property
    def shape(self) -> tuple:
        """The shape of what is there."""
        own = self.view.shape
        return (*own[: self.dim], *self.positions.shape, *own[self.dim + self.span :])


def basic(shape: tuple, strides: tuple, index: tuple) -> tuple[tuple, tuple, int] | None:
    """The geometry of a basic index: shape, strides and offset; None if the index is not basic."""
    used = 0
    for item in index:
        if item is Ellipsis:
            continue
        if item is None:
            continue
        if type(item) is int or type(item) is slice:
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


def plain(index: Any) -> tuple:
    """The items of an index: ints, slices, None, Ellipsis, and tensors of int64 positions or bools."""
    return tuple([_item(v) for v in (index if isinstance(index, tuple) else (index,))])


def _item(item: Any) -> Any:
    if type(item) is int or item is None or item is Ellipsis:
        return item
    if isinstance(item, Tensor) and item._array.dtype is dtypes.int64 and item._array.shape:
        return item
    if isinstance(item, slice):
        return slice(*[None if v is None else int(v) for v in (item.start, item.stop, item.step)])
    if isinstance(item, np.integer):
        return int(item)
    if isinstance(item, (list, range)):
        item = tensor(list(item))
        item = item.to(dtypes.int64) if not item.numel() and item.ndim == 1 else item
    elif isinstance(item, (np.ndarray, np.bool_, bool)):
        item = tensor(np.array(item))
    if not isinstance(item, Tensor):
        raise TypeError(
            f"only integers, slices (`:`), ellipsis (`...`), None and long or bool tensors are valid indices "
            f"(got {type(item).__name__})"
        )
    if item.dtype is dtypes.uint8:
        warnings.warn(
            "indexing with dtype uint8 is now deprecated, please use a dtype bool instead: a mask, as in PyTorch",
            stacklevel=5,
        )
        return item.to(dtypes.bool_)
    if item.dtype is dtypes.bool_:
        return item
    if item.dtype not in (dtypes.int64, dtypes.int32):
        raise IndexError(
            f"tensors used as indices must be long, int, byte or bool tensors, got {item.dtype} of shape "
            f"{list(item.shape)}"
        )
    return item.to(dtypes.int64) if item.ndim else int(item)


def place(x: Tensor, items: tuple, *inputs: Tensor) -> Place:
    """Where items, not all of them basic, point. Ints and slices select first; tensors in dims that are not neighbours
    come to the front, as in PyTorch."""
    view, tensors = _separated(x, items)
    dims = list(tensors)
    dim, span = dims[0], len(dims)
    if dims != list(range(dim, dim + span)):
        view, dim = movedim(view, tuple(dims), tuple(range(span))), 0
    sizes = view.shape[dim : dim + span]
    if span == 1:
        return Place(view, wrap(kept(tensors[dim]._array, x, *inputs)), dim, 1, -sizes[0])
    return Place(view, _folded([tensors[d] for d in dims], sizes, dims), dim, span, 0)


def _separated(x: Tensor, items: tuple) -> tuple[Tensor, dict[int, Tensor]]:
    """The view that the basic items give, and the positions for its dims that the others name."""
    used = sum(_dims_used(v) for v in items)
    if used > x.ndim:
        raise IndexError(f"too many indices for tensor of dimension {x.ndim} (got {used} for shape {list(x.shape)})")
    if sum(v is Ellipsis for v in items) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    simple: list[Any] = []
    tensors: dict[int, Tensor] = {}
    at = to = 0  # the dim of x, the dim of the view
    for v in items:
        if v is Ellipsis:
            n = x.ndim - used
            simple += [slice(None)] * n
            at, to = at + n, to + n
        elif not isinstance(v, Tensor):
            simple.append(v)
            at, to = at + (v is not None), to + (type(v) is not int)
        elif v.dtype is dtypes.bool_:
            if tuple(v.shape) != tuple(x.shape[at : at + v.ndim]):
                raise IndexError(
                    f"The shape of the mask {list(v.shape)} at index {at} does not match the shape of the indexed "
                    f"tensor {list(x.shape)} at index {at}"
                )
            simple += [slice(None)] * v.ndim if v.ndim else [None]
            for found in np.nonzero(np.atleast_1d(v._array.numpy())):
                tensors[to] = wrap(from_numpy(found))
                to += 1
            at += v.ndim
        else:
            simple.append(slice(None))
            tensors[to] = v
            at, to = at + 1, to + 1
    trivial = all(type(v) is slice and v == slice(None) for v in simple)
    return x if trivial else getitem(x, tuple(simple)), tensors


def _dims_used(item: Any) -> int:
    if isinstance(item, Tensor):
        return item.ndim if item.dtype is dtypes.bool_ else 1
    return 0 if item is None or item is Ellipsis else 1


def _folded(indices: list[Tensor], sizes: tuple, dims: list[int]) -> Tensor:
    """Positions in several dims as positions in one that has all their elements."""
    try:
        shape = broadcast_shapes(*[i._array.shape for i in indices])
    except RuntimeError:
        shapes = ", ".join(str(list(i.shape)) for i in indices)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
        ) from None
    total = empty(tuple(shape), dtypes.int64)
    K.fill(total, 0)
    for i, n, d in zip(indices, sizes, dims):
        own = contiguous(i._array if i._array.shape == total.shape else expand(i, shape)._array)
        status = K.fold_index(total, own, n)
        if status:
            raise IndexError(outside(own, status, d, n))
    return wrap(total)


def getitem(x: Tensor, index: Any) -> Tensor:
    """x[index]"""
    a = x._array
    items = (index,) if type(index) is int else plain(index)
    found = basic(a.shape, a.strides, items)
    if found is None:
        at = place(x, items)
        return Index.apply(at.view, at.positions, at.dim, at.span, at.low)
    params = found if a.contiguous else basic(a.shape, a.layout.packed.strides, items)
    op = Select if items and type(items[-1]) is int else Slice
    return view_of(op, x, a.view(*found), params)  # type: ignore[arg-type]


def iterate(x: Tensor):
    """The slices along the first dim."""
    if not x._array.shape:
        raise TypeError("iteration over a 0-d tensor")
    return iter(x.unbind(0))


def contains(x: Tensor, value) -> bool:
    """Whether some element equals value."""
    return bool((x == value).any())
