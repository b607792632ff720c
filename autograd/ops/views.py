"""Views: the memory of another tensor seen otherwise, and what knows which tensors look at one memory.

>>> from autograd import arange
>>> x = arange(6).reshape(2, 3)
>>> narrow(x, 1, 1, 2)
tensor([[1, 2],
        [4, 5]])

A view shares its storage: only shape, strides and offset are new, so it costs no copy.
"""

from __future__ import annotations

from weakref import ref

from ..backend import K
from ..errors import wrap_dim
from ..op import Op, record, require_tensor
from ..storage import Array, empty
from ..tensor import Tensor
from ..types import check_memory_format


class ViewOp(Op, abstract=True):
    """y shows memory of x."""


def view_of(op: type[ViewOp], x: Tensor, y: Array, params: tuple = ()) -> Tensor:
    """Record a view, and let the storage know its views, so that a write through one is seen by all."""
    t = record(op, (x._edge,), (x._array, y), y, params)
    remember_views(y.storage, x, t)
    return t


class _Views(list):
    """Weak references to tensors, and at how many the dead are forgotten."""

    limit = 64


def remember_views(storage, *tensors: Tensor) -> None:
    """Note a tensor and its views, which look at a storage, weakly; forget the dead when there are many."""
    views = getattr(storage, "views", None)
    if views is None:
        views = storage.views = _Views()
    elif len(views) > views.limit:
        views[:] = {id(t): ref(t) for r in views if (t := r()) is not None}.values()
        views.limit = 64 + 2 * len(views)  # so that n live views cost n, not n * n
    family = tensors[0]._family
    for t in tensors:
        views.append(ref(t))
        if family is not None:
            t._family = family


def views_of(x: Tensor) -> list[Tensor]:
    """The other live tensors that look at the storage of x, without those that detach() set apart."""
    found = {id(t): t for r in getattr(x._array.storage, "views", ()) if (t := r()) is not None and t is not x}
    return [t for t in found.values() if t._family is x._family]


# --- rows -------------------------------------------------------------------------------------------------------------


class Alias(ViewOp):
    """y = x
    dL/dx = g"""

    fused = {"x": "g"}

    def dx(g):
        return g


class Clone(Op):
    """y = x, copied
    dL/dx = g"""

    fused = {"x": "g"}

    def dx(g):
        return g


class Slice(ViewOp):
    """y = the part of x that basic indexing selects
    dL/dx = zeros in the shape of x, with g in that part"""

    params = ("shape_of_y", "strides", "offset")

    @staticmethod
    def backward(node, g):
        shape, strides, offset = node.params
        dx = empty(node.edges[0].layout.shape, g.dtype)
        K.fill(dx, 0.0)
        K.copy(dx.view(shape, strides, offset), g)
        return (dx,)

    def dx(g, shape, shape_of_y, strides, offset):
        return Unslice.apply(g, shape, (shape_of_y, strides, offset))


class Select(Slice):
    """y = the part of x at one position of a dim
    dL/dx = zeros in the shape of x, with g in that part"""


class Unslice(Op):
    """y = zeros with x in the part that a slice selects
    dL/dx = that part of g"""

    params = ("geometry",)

    @classmethod
    def apply(cls, x: Tensor, shape: tuple, geometry: tuple) -> Tensor:
        y = empty(tuple(shape), x.dtype)
        K.fill(y, 0.0)
        K.copy(y.view(*geometry), x._array)
        return record(cls, (x._edge,), (x._array, y), y, (geometry,))

    def dx(g, geometry):
        return slice_like(g.contiguous(), *geometry)


# --- functions --------------------------------------------------------------------------------------------------------


def to_contiguous(input: Tensor, memory_format=None) -> Tensor:
    """The tensor itself if its elements lie row-major, else a copy."""
    check_memory_format(memory_format)
    return input if input._array.contiguous else clone(input)


def clone(input: Tensor, *, memory_format=None) -> Tensor:
    """A copy in memory of its own, row-major, through which gradients flow."""
    check_memory_format(memory_format)
    a = require_tensor("clone", input)._array
    y = empty(a.shape, a.dtype)
    K.copy(y, a)
    return record(Clone, (input._edge,), (a, y), y)


def slice_like(input: Tensor, shape: tuple, strides: tuple, offset: int) -> Tensor:
    """The part of a contiguous tensor with this geometry."""
    return view_of(Slice, input, input._array.view(shape, strides, offset), (shape, strides, offset))


def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """The part from start, of that length, along dim.

    >>> from autograd import arange
    >>> narrow(arange(5), 0, 1, 3)
    tensor([1, 2, 3])
    """
    if not require_tensor("narrow", input)._array.shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    d = wrap_dim(dim, input.ndim)
    n, start = input.shape[d], int(start)
    if length < 0:
        raise RuntimeError(f"narrow(): length must be non-negative, got {length}")
    if not -n <= start <= n:
        raise IndexError(f"start out of range (expected to be in range of [{-n}, {n}], but got {start})")
    start = start + n if start < 0 else start
    if start + length > n:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({n}) of dimension {d}")
    return input[(slice(None),) * d + (slice(start, start + length),)]


def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The slice at ``index`` along ``dim``, without that dim."""
    shape = require_tensor("select", input)._array.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    d, index = wrap_dim(dim, len(shape)), int(index)
    if not -shape[d] <= index < shape[d]:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(shape)} at dimension {d}")
    return input[(slice(None),) * d + (index,)]


__all__ = ["clone", "narrow", "select"]
METHODS = __all__
