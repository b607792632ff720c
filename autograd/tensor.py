"""The Tensor: an array of numbers, its gradient, and the node of the graph that made it.

>>> from autograd import tensor
>>> x = tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> y = (x * x).sum()
>>> y.backward()
>>> x.grad
tensor([2., 4., 6.])

Here is what a tensor *is*; what can be *done* with it stands in ``autograd/ops``, which adds the methods and
operators.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from . import dtypes
from .graph import Leaf, Node, Output
from .storage import Array, empty, note_change, tick
from .types import Size, check_memory_format, device

REQUIRES_FLOAT = "Only Tensors of floating point and complex dtype can require gradients"


class Tensor:
    """A multi-dimensional array that can record what is computed from it.

    ``Tensor(data)`` makes a float32 tensor; :func:`tensor` infers the dtype.
    """

    __slots__ = ("__dict__", "__weakref__", "_array", "_edge", "_grad")
    _array: Array
    _edge: Any  # where its gradient goes: None, a Leaf, or the Node (or an Output of one) that made the tensor
    _grad: Tensor | None
    _family: object | None = None  # of tensors on one memory, those that share a history; detach() begins a new one
    __array_priority__ = 1000
    __hash__ = object.__hash__

    if TYPE_CHECKING:  # methods that autograd.ops adds

        def __getattr__(self, name: str) -> Any: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...

    def __new__(cls, *data, requires_grad: bool = False):
        self = object.__new__(cls)
        self._edge = None
        return self

    def __init__(self, *data, requires_grad: bool = False):
        if len(data) == 1 and not isinstance(data[0], int):
            from .data import tensor

            self._array = tensor(data[0], dtype=dtypes.get_default_dtype())._array
        elif data and all(isinstance(n, int) for n in data):
            if min(data) < 0:
                raise RuntimeError(f"Trying to create tensor with negative dimension: {list(data)}")
            self._array = empty(data, dtypes.get_default_dtype())
        else:
            self._array = empty((0,), dtypes.get_default_dtype())
        self.requires_grad = requires_grad

    # --- what it is -------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        return Size(self._array.shape)

    @property
    def dtype(self) -> dtypes.dtype:
        return self._array.dtype

    @property
    def device(self) -> device:
        """Where the elements are: the CPU."""
        return device("cpu")

    @property
    def ndim(self) -> int:
        return len(self._array.shape)

    @property
    def itemsize(self) -> int:
        return self._array.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self._array.size * self._array.dtype.itemsize

    def size(self, dim: int | None = None):
        """The shape, or its entry ``dim``."""
        if dim is None:
            return Size(self._array.shape)
        from .errors import wrap_dim

        return self._array.shape[wrap_dim(dim, self.ndim)]

    def stride(self, dim: int | None = None):
        """The strides in elements, or the one of ``dim``."""
        return self._array.strides if dim is None else self._array.strides[dim]

    def numel(self) -> int:
        """The number of elements."""
        return self._array.size

    def dim(self) -> int:
        """The number of dimensions."""
        return len(self._array.shape)

    nelement, ndimension = numel, dim

    def element_size(self) -> int:
        return self._array.dtype.itemsize

    def storage_offset(self) -> int:
        """How many elements of the storage come before the first one."""
        return self._array.offset

    def is_contiguous(self, memory_format=None) -> bool:
        """Whether the elements lie one after another in memory, row-major."""
        check_memory_format(memory_format)
        return self._array.contiguous

    def is_floating_point(self) -> bool:
        return self._array.dtype.is_floating_point

    def data_ptr(self) -> int:
        """The address of the first element."""
        return self._array.numpy().__array_interface__["data"][0]

    def __len__(self) -> int:
        if not self._array.shape:
            raise TypeError("len() of a 0-d tensor")
        return self._array.shape[0]

    def __bool__(self) -> bool:
        if self._array.size != 1:
            what = "more than one value" if self._array.size else "no values"
            raise RuntimeError(f"Boolean value of Tensor with {what} is ambiguous: use any() or all()")
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self._array.dtype.category == 2 or self._array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __repr__(self) -> str:
        from .printing import tensor_repr

        return tensor_repr(self)

    def __format__(self, spec: str) -> str:
        if not spec or self._array.shape:
            return object.__format__(self, spec)
        return format(self.item(), spec)

    # --- its place in the graph -------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        return self._edge is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        edge = self._edge
        if edge is not None and type(edge) is not Leaf:
            if not value:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed variable "
                    "in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
        elif not value:
            self._grad, self._edge = self.grad, None
        elif edge is None:
            if not self._array.dtype.is_floating_point:
                raise RuntimeError(
                    f"{REQUIRES_FLOAT}, got {self._array.dtype}: convert it first, as in x.float().requires_grad_()"
                )
            self._edge = Leaf(self, self.grad)
        note_change()

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set requires_grad and return the tensor."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded op made it."""
        edge = self._edge
        return edge is None or type(edge) is Leaf

    @property
    def grad_fn(self) -> Node | None:
        """The node that made it, None for a leaf."""
        edge = self._edge
        return None if type(edge) is Leaf else edge.node if type(edge) is Output else edge

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward() has accumulated, or None."""
        edge = self._edge
        if type(edge) is Leaf:
            return edge.grad
        found = getattr(self, "_grad", None)
        if edge is not None and found is None:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
                "won't be populated during autograd.backward(). Call .retain_grad() on it before backward, or look at "
                "the leaf.",
                stacklevel=2,
            )
        return found

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"assigned grad expected to be a Tensor or None but got {type(value).__name__}")
            if value._array.shape != self._array.shape:
                raise RuntimeError(
                    f"assigned grad has data of a different size: {list(value.shape)} for a tensor of "
                    f"{list(self.shape)}"
                )
            if value._array.dtype is not self._array.dtype:
                raise RuntimeError(f"assigned grad has data of a different type: {value.dtype}, not {self.dtype}")
        if type(self._edge) is Leaf:
            self._edge.grad = value
        else:
            self._grad = value

    @property
    def data(self) -> Tensor:
        """The same memory outside the graph; writes to it are not checked by autograd."""
        return self.detach()

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"data must be a Tensor, got {type(value).__name__}")
        if self._edge is not None and not value.dtype.is_floating_point:
            raise RuntimeError(f"{REQUIRES_FLOAT}, got data of {value.dtype}")
        self._array = a = value._array
        leaf = self._edge
        if type(leaf) is Leaf and (leaf.layout.shape != a.shape or leaf.layout.dtype is not a.dtype):
            leaf.hooks = {0: _replaced}
            self._edge = Leaf(self)
        note_change()

    def detach(self) -> Tensor:
        """The same memory outside the graph."""
        t = wrap(self._array)
        t._family = object()
        return t

    def detach_(self) -> Tensor:
        """Leave the graph: the tensor becomes a leaf that does not require gradients."""
        if type(self._edge) is Leaf:
            self._grad = self._edge.grad
        self._edge = None
        note_change()
        return self

    def retain_grad(self) -> None:
        """Let backward fill ``.grad`` of this inner tensor too."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if not self.is_leaf:
            me = ref(self)

            def keep(g):
                t = me()
                if t is not None:
                    before = getattr(t, "_grad", None)
                    t._grad = g.clone() if before is None else before + g

            handle = self.register_hook(keep)
            handle.move(("retain", id(self)))  # once, however often it is asked for, and after the other hooks

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call ``hook(gradient)`` when this tensor's gradient is complete; what it returns replaces the gradient."""
        edge = self._edge
        if edge is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        owner, entry = (edge.node, (edge.index, hook)) if type(edge) is Output else (edge, hook)
        if owner.hooks is None:
            owner.hooks = {}
        return RemovableHandle(owner.hooks, entry)

    @property
    def _version(self) -> int:
        """The time of the last write to the storage (0: never written since it was made)."""
        return self._array.version

    # --- values -----------------------------------------------------------------------------------------------------

    def item(self) -> int | float | bool:
        """The value of a tensor with one element, as a Python number."""
        if self._array.size != 1:
            raise RuntimeError(f"a Tensor with {self._array.size} elements cannot be converted to Scalar")
        return self._array.numpy().item()

    def tolist(self):
        """Nested lists of Python numbers; a number for a 0-d tensor."""
        return self._array.numpy().tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """A NumPy array over the same memory. With ``force`` also for a tensor that requires gradients."""
        if self.requires_grad and not force:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return self._array.numpy()

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        a = self.numpy()
        if copy or (dtype is not None and np.dtype(dtype) != a.dtype):
            return a.astype(dtype or a.dtype)
        return a

    def __deepcopy__(self, memo: dict) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol: this one, "
                f"of shape {list(self.shape)}, was made by {self.grad_fn!r}; copy x.detach() instead"
            )
        copied = _restore(type(self), self._array.numpy().copy(), self.requires_grad)
        memo[id(self)] = copied
        if self.grad is not None:
            copied.grad = self.grad.detach().clone()
        return copied

    def __reduce__(self):
        if not self.is_leaf:
            raise RuntimeError(f"only leaf tensors can be pickled; this one was made by {self.grad_fn!r}: detach() it")
        return _restore, (type(self), self._array.numpy().copy(), self.requires_grad)


def _replaced(g: Tensor) -> None:
    """The hook of a leaf whose tensor got data of another shape or dtype: a graph made before cannot reach it."""
    raise RuntimeError(
        f"a gradient of shape {list(g.shape)} ({g.dtype}) arrived at a leaf whose .data was replaced, after the "
        "forward, by data of another shape or dtype: run the forward again"
    )


class RemovableHandle:
    """Removes a hook again: ``handle.remove()``."""

    def __init__(self, hooks: dict, hook):
        self._hooks, self._key = hooks, tick()
        hooks[self._key] = hook
        for key in [key for key in hooks if type(key) is tuple]:  # those of retain_grad() stay last
            hooks[key] = hooks.pop(key)
        note_change()

    def move(self, key: Any) -> None:
        """Keep the hook, last, under another key, in place of what was there."""
        hook = self._hooks.pop(self._key)
        self._hooks.pop(key, None)
        self._hooks[key], self._key = hook, key

    def remove(self) -> None:
        self._hooks.pop(self._key, None)
        note_change()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.remove()


# --- making tensors ---------------------------------------------------------------------------------------------------

_make = object.__new__


def wrap(array: Array, edge: Any = None) -> Tensor:
    """A tensor over an array; ``edge`` is its place in the graph."""
    t = _make(Tensor)
    t._array = array
    t._edge = edge
    return t


def _restore(cls, values: np.ndarray, requires_grad: bool) -> Tensor:
    from .data import copy_of

    t = _make(cls)
    t._array = copy_of(values)
    t._edge = None
    t.requires_grad = requires_grad
    return t
