"""One call for many examples: the seam seen through an extra dim, which the code above it does not see.

Within a :class:`Level` every new array has, behind the shape that ops see, a block for each example. Ops, the graph
and the chain rule run as ever, on the shapes of one example; only the kernels get to see all of them:

- elementwise kernels, reductions, products and attention are called once, with the examples as a leading dim;
- any other kernel is called once per example;
- what reads values in Python cannot be batched: it raises :class:`NotBatchable`, and :func:`autograd.func.vmap` then
  goes through the examples one by one.

So vmap needs no rule per op. Levels nest: the arrays of an inner one are, for the outer one, arrays with one dim more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from . import storage
from .backend import K, numpy_backend
from .op import TABLE, Binary, Unary
from .ops.reduce import Reduction
from .storage import Array, Storage, View, fresh, packed

RANDOM = {"uniform", "normal", "integers", "permutation"}
PLAIN = {
    "copy", "cast", "fill", "where", "eq", "ne", "lt", "le", "gt", "ge", "isnan", "isinf", "isfinite", "logical_not",
    "logical_and", "logical_or", "logical_xor", "bitwise_not", "bitwise_and", "bitwise_or", "bitwise_xor",
}  # fmt: skip
READS = {"argmax", "argmin", "all", "any"}

_one_thread = threading.RLock()  # the kernels' table and the allocator belong to the process


class NotBatchable(RuntimeError):
    """Values of many examples were asked for as if they were one."""


class Batch:
    """Where the examples of an array are: those of a level lie ``step`` elements apart in ``whole``."""

    __slots__ = ("level", "step", "whole")

    def __init__(self, level: Level, whole: Storage, step: int):
        self.level, self.whole, self.step = level, whole, step


class Level:
    """Within ``with level:`` arrays that are made hold ``size`` examples. It may be entered again."""

    def __init__(self, size: int, randomness: str = "error"):
        self.size, self.randomness = size, randomness
        self._outer: list[tuple] = []
        self._thread = threading.get_ident()

    def __enter__(self) -> Level:
        _one_thread.acquire()
        self._thread = threading.get_ident()
        plain = dict(K.__dict__)
        self._outer.append((storage.c_memory, storage.allocator, plain))
        K.__dict__.update({name: self._kernel(name, function) for name, function in plain.items()})
        storage.readers.append(self._refuse)
        storage.levels.append(self)
        self._inside()
        return self

    def __exit__(self, *exc: object) -> None:
        storage.levels.remove(self)
        storage.readers.remove(self._refuse)
        storage.c_memory, storage.allocator, plain = self._outer.pop()
        K.__dict__.update(plain)
        _one_thread.release()

    # --- arrays -------------------------------------------------------------------------------------------------------

    def _inside(self) -> None:
        storage.c_memory, storage.allocator = False, self._allocate

    def _outside(self, function: Callable, *args: Any, **kwargs: Any) -> Any:
        """function(*args), with memory as it is outside this level."""
        storage.c_memory, storage.allocator, _ = self._outer[-1]
        try:
            return function(*args, **kwargs)
        finally:
            self._inside()

    def _allocate(self, a: Storage) -> None:
        """A block for each example of a new array."""
        layout = a.layout
        count = self.size if threading.get_ident() == self._thread else 1
        whole = self._outside(fresh, packed((count, *layout.shape), layout.dtype))
        a.ptr = whole.ptr
        if count == self.size:
            a.batch = Batch(self, whole, layout.size)
        else:
            a._numpy = whole.numpy().reshape(layout.shape)

    def holds(self, a: Array) -> bool:
        """Whether an array has a value for each example of this level."""
        batch = getattr(a.storage, "batch", None)
        return batch is not None and batch.level is self

    def split(self, a: Array) -> Array:
        """An array with the examples along its first dim, as one of this level."""
        s = Storage()
        s.layout, s.ptr, s.version = packed(a.shape[1:], a.dtype), a.ptr, 0
        s.batch = Batch(self, a.storage, a.strides[0])
        y = View()
        y.storage, y.ptr, y.offset, y.layout = s, a.ptr, a.offset, storage.strided(a.shape[1:], a.strides[1:], a.dtype)
        return y

    def joined(self, a: Array, ndim: int | None = None) -> Array:
        """An array of this level with the examples as first dim, and ``ndim`` dims after that."""
        batch: Batch = a.storage.batch
        missing = 0 if ndim is None else ndim - len(a.shape)
        shape = (self.size, *(1,) * missing, *a.shape)
        return batch.whole.view(shape, (batch.step, *(0,) * missing, *a.strides), a.offset)

    def everywhere(self, a: Array) -> Array:
        """An array with the examples as first dim, whether they differ or not."""
        return self.joined(a) if self.holds(a) else a.view((self.size, *a.shape), (0, *a.strides))

    def example(self, i: int, value: Any) -> Any:
        """What a kernel's argument is for one example."""
        if isinstance(value, list):
            return [self.example(i, v) for v in value]
        if not isinstance(value, Array) or not self.holds(value):
            return value
        batch: Batch = value.storage.batch
        return batch.whole.view(value.shape, value.strides, value.offset + i * batch.step)

    def _refuse(self, a: Array) -> None:
        if self.holds(a) and threading.get_ident() == self._thread:
            raise NotBatchable(
                "vmap: the values of a tensor were asked for (item(), bool(), printing, numpy(), or an op that NumPy "
                "computes), but within vmap it stands for many examples"
            )

    # --- kernels ------------------------------------------------------------------------------------------------------

    def _kernel(self, name: str, function: Callable) -> Callable:
        rule = self._rule(name)

        def kernel(*args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() != self._thread or not any(map(self._involves, (*args, *kwargs.values()))):
                return function(*args, **kwargs)
            return self._outside(rule, function, *args, **kwargs)

        return kernel

    def _involves(self, value: Any) -> bool:
        if isinstance(value, list):
            return any(self._involves(v) for v in value)
        return isinstance(value, Array) and self.holds(value)

    def _rule(self, name: str) -> Callable:
        if name in _elementwise():
            return self._broadcast
        if name in _reductions():
            return self._reduce
        if name in RANDOM:
            return partial(self._draw, name)
        if name in ROWWISE:
            return self._rowwise
        if name in ("gather", "scatter", "scatter_add"):
            return partial(self._by_index, name == "gather")
        if name in ATTENTION:
            return self._lead
        rules: dict[str, Callable] = {"gemm": self._product, "linear": self._linear, "linear_grad": self._linear_grad}
        return rules.get(name, self._each)

    def _check_written(self, out: Array) -> None:
        if not self.holds(out):
            raise RuntimeError(
                "vmap: an in-place operation would write the values of many examples to a tensor that is the same for "
                f"all of them (shape {list(out.shape)}): use the operation that makes a new tensor"
            )

    def _broadcast(self, function: Callable, out: Array, *args: Any) -> None:
        self._check_written(out)
        ndim = len(out.shape)
        function(
            *[self.joined(a, ndim) if isinstance(a, Array) and self.holds(a) else a for a in (out, *args)]
        )  # what is the same for all broadcasts

    def _reduce(self, function: Callable, out: Array, x: Array, dims: Any, *params: Any) -> None:
        self._check_written(out)
        function(self.joined(out), self.everywhere(x), tuple([d + 1 for d in dims]), *params)

    def _product(self, function: Callable, c: Array, a: Array, b: Array, bias: Array | None = None, *args: Any,
                 **kwargs: Any) -> None:  # fmt: skip
        if bias is not None and self.holds(bias):
            self._each(function, c, a, b, bias, *args, **kwargs)
            return
        self._check_written(c)
        ndim = len(c.shape)
        a, b = [self.joined(x, ndim) if self.holds(x) else x for x in (a, b)]
        function(self.joined(c), a, b, bias, *args, **kwargs)

    def _linear(self, function: Callable, y: Array, x: Array, w: Array, bias: Array | None, shape: tuple) -> None:
        if self._in_rows(y, x) and not self._involves([w, bias]):
            m, *rest = shape
            function(self.joined(y), self.joined(x), w, bias, (m * self.size, *rest))
        else:
            self._each(function, y, x, w, bias, shape)

    def _linear_grad(self, function: Callable, dx, dw, db, dz, g, x, w, y, shape: tuple) -> None:
        rows = [a for a in (dx, dz, g, y) if a is not None]
        if dw is None and db is None and dx is not None and self._in_rows(*rows) and not self.holds(w):
            m, *rest = shape
            dx, dz, g, y = [None if a is None else self.joined(a) for a in (dx, dz, g, y)]
            function(dx, None, None, dz, g, x, w, y, (m * self.size, *rest))
        else:
            self._each(function, dx, dw, db, dz, g, x, w, y, shape)

    def _rowwise(self, function: Callable, *args: Any) -> None:
        *arrays, (outer, n, inner) = args
        if self._in_rows(*arrays):
            function(*[self.joined(a) for a in arrays], (outer * self.size, n, inner))
        else:
            self._each(function, *args)

    def _lead(self, function: Callable, *args: Any) -> None:
        """A kernel that takes any leading dims."""
        function(*[self.everywhere(a) if isinstance(a, Array) else a for a in args])

    def _by_index(self, takes: bool, function: Callable, out: Array, given: Array, index: Array, *args: Any) -> int:
        self._check_written(out)
        x, y = (given, out) if takes else (out, given)
        n, (outer, count, inner) = self.size, y.shape
        if self._in_rows(x, y) and (outer == 1 if self.holds(index) else index.shape[0] == 1):  # more of outer
            out, given = [self.joined(a).view((n * outer, *a.shape[1:]), a.strides) for a in (out, given)]
            if self.holds(index):
                own = self.joined(index)
                index = own.view((n, *index.shape[1:]), (own.strides[0], *own.strides[2:]))
            return function(out, given, index, *args)
        if takes and outer == 1 and self._in_rows(y, index) and not self.holds(x):  # more of count
            rows = self.joined(index).view((1, n * count, index.shape[2]), (0, *index.strides[1:]))
            return function(self.joined(y).view((1, n * count, inner), y.strides), x, rows, *args)
        return self._each(function, out, given, index, *args)

    def _in_rows(self, *arrays: Array) -> bool:
        """Whether all have examples that lie one after another, so that they are more rows of the same."""
        return all(self.holds(a) and self.joined(a).contiguous for a in arrays)

    def _each(self, function: Callable, *args: Any, **kwargs: Any) -> Any:
        """The kernel for one example after the other; the first status that is not 0."""
        if isinstance(args[0], Array):
            self._check_written(args[0])
        for i in range(self.size):
            status = function(*[self.example(i, a) for a in args], **{k: self.example(i, v) for k, v in kwargs.items()})
            if status:
                return status
        return 0

    def _draw(self, name: str, function: Callable, state: Any, out: Array, *args: Any) -> None:
        if self.randomness == "error":
            raise RuntimeError(
                "vmap: called random operation while in randomness error mode. Please either use the 'same' or "
                "'different' randomness flags on vmap or perform the randomness operation out of vmap"
            )
        if self.randomness == "same":
            first = self.example(0, out)
            function(state, first, *args)
            self._outer[-1][2]["copy"](self.joined(out), first)
        elif name == "permutation":
            for i in range(self.size):
                function(state, self.example(i, out), *args)
        else:
            function(state, self.joined(out), *args)


ROWWISE = {"softmax", "log_softmax", "softmax_grad", "log_softmax_grad"}
ATTENTION = {"attention", "attention_grad"}


@cache
def _elementwise() -> set[str]:
    """The kernels of the elementwise ops, and those of their derivatives."""
    ops = [op for op in TABLE.values() if issubclass(op, (Unary, Binary))]
    fused = {spec.split()[0] for op in ops for spec in op.fused.values()}
    return (PLAIN | fused | {op.kernel for op in ops}) & set(numpy_backend.table())


@cache
def _reductions() -> set[str]:
    return READS | {op.kernel for op in TABLE.values() if issubclass(op, Reduction)}
