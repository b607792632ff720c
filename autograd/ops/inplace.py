"""Writing into a tensor: the methods with a trailing underscore, and assignment to an index.

>>> from autograd import zeros
>>> x = zeros(3)
>>> x[1] = 5.0
>>> x.add_(1.0)
tensor([1., 6., 1.])

A write advances the storage's clock, so that a value which backward still needs is not silently spoiled. Where
gradients flow, the written tensor gets the history of what was written, and so does every live tensor that looks at
the same memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..backend import K
from ..backprop import copied
from ..data import tensor
from ..graph import Leaf, Node, Output
from ..modes import is_grad_enabled
from ..op import Op, broadcast_shapes, record, require_tensor
from ..storage import Array, empty, note_change, written
from ..tensor import Tensor, wrap
from . import choice
from .operands import operand
from .put import IndexPut, masked_fill
from .subscript import basic, place, plain
from .views import ViewOp, views_of

frozen: dict[Any, list] = {}
"""Storages that must not be written to, and since which lines: autograd.freeze."""


def check_writable(t: Tensor, op: str) -> None:
    """Raise where a write is not allowed: a leaf that requires gradients, read-only or self-overlapping memory."""
    if type(t._edge) is Leaf and is_grad_enabled():
        raise RuntimeError(
            f"a leaf Variable that requires grad is being used in an in-place operation. ({op} on a tensor of shape "
            f"{list(t.shape)}): write under no_grad(), or to a clone()"
        )
    _check_memory(t._array, op)
    if t._edge is not None and is_grad_enabled():
        _check_not_one_of_several(t._edge)
        for other in views_of(t):
            if type(other._edge) is Leaf:
                raise RuntimeError(
                    "a view of a leaf Variable that requires grad is being used in an in-place operation. "
                    f"({op} on a view of shape {list(t.shape)}): write under no_grad(), or to a clone()"
                )


def _check_not_one_of_several(edge: Any) -> None:
    """Raise, as PyTorch does, for what split() or unbind() gave, and for views of it."""
    node, first = edge, edge.node if type(edge) is Output else edge
    while type(node) is Node and issubclass(node.op, ViewOp):
        node = node.edges[0]
    if type(node) is Output and issubclass(node.node.op, ViewOp):
        raise RuntimeError(
            f"Output {edge.index if type(edge) is Output else 0} of {first.op.backward_name} is a view and is being "
            "modified inplace. This view is the output of a function that returns multiple views. Such functions do "
            "not allow the output views to be modified inplace. You should replace the inplace operation by an "
            "out-of-place one."
        )


def _check_memory(a: Array, op: str) -> None:
    if frozen and a.storage in frozen:
        raise RuntimeError(
            f"{op}: this tensor is frozen, since {frozen[a.storage][-1]}: write to a clone(), or after the freeze"
        )
    if not a.storage.writable:
        raise RuntimeError(
            f"{op}: this tensor's memory is read-only (it came from a read-only array): clone() it first"
        )
    if any(s == 0 and n > 1 for n, s in zip(a.shape, a.strides)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            f"({op} on an expanded tensor of shape {list(a.shape)}): clone() it first"
        )


def write(t: Tensor, value: Tensor, op: str) -> Tensor:
    """Give t, in place, the values and the history of ``value``, which has its shape and dtype."""
    check_writable(t, op)
    a, b = t._array, value._array
    if b.shape != a.shape:
        raise RuntimeError(
            f"output with shape {list(a.shape)} doesn't match the broadcast shape {list(b.shape)} ({op})"
        )
    if b.dtype is not a.dtype:
        if b.dtype.category > a.dtype.category:
            raise RuntimeError(
                f"result type {b.dtype.title} can't be cast to the desired output type {a.dtype.title} ({op})"
            )
        value = value.to(a.dtype)
        b = value._array
    if b.storage is a.storage:
        value = value.clone()
        b = value._array
    _keep_saved(value._edge, a)
    K.copy(a, b)
    written(a)
    rebase(t, a, value)
    return t


def _keep_saved(node: Any, a: Array) -> None:
    """Let the op whose result is about to be written into a keep a copy of what it saved of a."""
    if type(node) is Node:
        node.saved = tuple([copied(s) if s is not None and s.storage is a.storage else s for s in node.saved or ()])


def rebase(t: Tensor, region: Array, value: Tensor) -> None:
    """After ``value`` was written to ``region`` of t's storage: give t, and all live tensors that share it, the new
    history."""
    if not is_grad_enabled():
        return
    if t._edge is None and value._edge is None:  # where others have a history, t was detached from them
        return
    others = views_of(t)
    if region is t._array:
        _move(t, value.clone()._edge if type(value._edge) is Leaf else value._edge)
    else:
        others.append(t)
    for other in dict.fromkeys(others):
        if type(other._edge) is Leaf:  # written through detach(): still a leaf
            continue
        if other._edge is not None or value._edge is not None:
            _move(other, Overlay.apply(other, value, region)._edge)


def _move(t: Tensor, edge: Any) -> None:
    """Give t another place in the graph; retain_grad() goes with it."""
    before = t._edge.node if type(t._edge) is Output else t._edge
    t._edge = edge
    note_change()
    if before is not None and before.hooks and before.hooks.pop(("retain", id(t)), None) and edge is not None:
        t.retain_grad()


class Overlay(Op):
    """y = x, with the part that shares memory with region replaced by value
    dL/dx = g, 0 in that part
    dL/dvalue = that part of g"""

    inputs = ("x", "value")
    params = ("seen", "region")
    backward_name = "CopySlices"

    @classmethod
    def apply(cls, x: Tensor, value: Tensor, region: Array) -> Tensor:
        a = x._array
        return record(cls, (x._edge, value._edge), (a, value._array, a), a, (_geometry(a), _geometry(region)))

    def dx(g, seen, region):
        return choice.where(wrap(_outside(seen, region)), g, 0.0)

    def dvalue(g, seen, region):
        return Region.apply(g, seen, region)


class Region(Op):
    """y = what of x, laid out in one storage as ``seen``, shows through ``shown``; what lies on one place adds up
    dL/dx = the same the other way round"""

    params = ("seen", "shown")
    backward_name = "CopySlices"

    @classmethod
    def apply(cls, x: Tensor, seen, shown) -> Tensor:
        block, (inlet, outlet) = _block(x.dtype, seen, shown)
        K.fill(block, 0.0)
        shape, strides, offset = inlet
        repeated = tuple([d for d, (n, step) in enumerate(zip(shape, strides)) if step == 0 and n > 1])
        once = tuple([1 if d in repeated else n for d, n in enumerate(shape)])
        a = x._array
        if repeated:
            summed = empty(tuple([n for d, n in enumerate(shape) if d not in repeated]), x.dtype)
            K.sum(summed, a, repeated)
            a = summed.view(once)
        K.copy(block.view(once, strides, offset), a)
        y = empty(shown[0], x.dtype)
        K.copy(y, block.view(*outlet))
        return record(cls, (x._edge,), (x._array, y), y, (seen, shown))

    def dx(g, seen, shown):
        return Region.apply(g, shown, seen)


def _outside(seen: tuple, region: tuple) -> Array:
    """Which elements of an array laid out as ``seen`` do not lie in ``region``."""
    block, (whole, part) = _block(dtypes.bool_, seen, region)
    K.fill(block, True)
    K.fill(block.view(*part), False)
    mask = empty(seen[0], dtypes.bool_)
    K.copy(mask, block.view(*whole))
    return mask


def _geometry(a: Array) -> tuple:
    return a.shape, a.strides, a.offset


def _block(dtype: dtypes.dtype, *geometries: tuple) -> tuple[Array, list[tuple]]:
    """Memory for all that these geometries reach, and the geometries within it."""
    first = last = geometries[0][2]
    for shape, strides, offset in geometries:
        if 0 not in shape:
            reach = [(n - 1) * s for n, s in zip(shape, strides)]
            first = min(first, offset + sum(r for r in reach if r < 0))
            last = max(last, offset + sum(r for r in reach if r > 0))
    moved = [(shape, strides, offset - first) for shape, strides, offset in geometries]
    return empty((1 + last - first,), dtype), moved


# --- methods ----------------------------------------------------------------------------------------------------------


def in_place(function, name: str):
    """The form with a trailing underscore of an op: ``x.exp_()``."""

    def method(self: Tensor, *args, **kwargs) -> Tensor:
        check_writable(require_tensor(name, self), name)
        return write(self, function(self, *args, **kwargs), name)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"{name[:-1]}, in place."
    return method


def into(input: Tensor, result: Tensor, inplace: bool, name: str) -> Tensor:
    """What a function with an argument ``inplace`` returns: the result, or the input with its values and history."""
    return write(input, result, name) if inplace else result


def in_place_view(function, name: str):
    """The form with a trailing underscore of a view: the tensor turns into it, ``x.t_()``."""

    def method(self: Tensor, *args, **kwargs) -> Tensor:
        check_writable(self, name)
        y = function(self, *args, **kwargs)
        if type(self._edge) is Leaf:
            self.data = y
        else:
            self._array = y._array
            _move(self, y._edge)
        return self

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"{name[:-1]}, in place: the tensor itself becomes the view."
    return method


def copy_(self: Tensor, source: Any, non_blocking: bool = False) -> Tensor:
    """Take the values (broadcast, converted) and the history of ``source``."""
    source = source if isinstance(source, Tensor) else tensor(source)
    check_writable(self, "copy_")
    return write(self, source.to(self.dtype).expand(self._array.shape), "copy_")


def fill_(self: Tensor, value) -> Tensor:
    """Set every element to ``value``."""
    check_writable(self, "fill_")
    value = operand(value, "fill_")
    K.fill(self._array, value.item() if isinstance(value, Tensor) else value)
    return overwritten(self)


def overwritten(self: Tensor) -> Tensor:
    """After new values without a history were written to all of a tensor."""
    written(self._array)
    if self._edge is not None or views_of(self):
        rebase(self, self._array, wrap(self._array))
    return self


def zero_(self: Tensor) -> Tensor:
    """Set every element to 0."""
    return fill_(self, 0.0)


def zero_gradient(p: Tensor) -> None:
    """Set a tensor's gradient, if it has one, to 0, outside of any graph."""
    g = p.grad
    if g is None:
        return
    if g._edge is not None:
        p.grad = g = g.detach()
    _check_memory(g._array, "zero_grad")
    K.fill(g._array, 0.0)
    written(g._array)


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """self[index] = value, differentiable in both."""
    a = self._array
    check_writable(self, "assignment to an index")
    if not isinstance(value, Tensor):
        value = tensor(value, dtype=None if isinstance(value, np.ndarray) else a.dtype)
    value = value.to(a.dtype)
    items = plain(index)
    found = basic(a.shape, a.strides, items)
    if found is not None:
        region = a.view(*found)
        value = _fitted(value, region.shape)
        if value._array.storage is a.storage:
            value = value.clone()
        K.copy(region, value._array)
        written(a)
        rebase(self, region, value)
    elif len(items) == 1 and items[0].dtype is dtypes.bool_ and not value.ndim and _shows(items[0], self):
        mask = items[0].reshape(*items[0].shape, *[1] * (self.ndim - items[0].ndim))
        write(self, masked_fill(self, mask, value), "assignment to an index")
    else:
        at = place(self, items, value)
        value = _fitted(value, at.shape)
        write(at.view, IndexPut.apply(at.view, value, *at[1:]), "assignment to an index")


def _shows(mask: Tensor, x: Tensor) -> bool:
    """Whether a mask is one of x's first dims."""
    return 0 < mask.ndim <= x.ndim and mask.shape == x.shape[: mask.ndim]


def _fitted(value: Tensor, shape: tuple) -> Tensor:
    """The value broadcast to the indexed part; leading dims of size 1 may be dropped, as in PyTorch."""
    own = value._array.shape
    while len(own) > len(shape) and own[0] == 1:
        own = own[1:]
    if own != value._array.shape:
        value = value.reshape(own)
    try:
        fits = broadcast_shapes(own, shape) == shape
    except RuntimeError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(own)} cannot be broadcast to indexing result of shape "
            f"{list(shape)}"
        )
    return value.expand(shape)


METHODS = ["copy_", "fill_", "zero_"]
