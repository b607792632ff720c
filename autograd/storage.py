"""Who owns memory.

An :class:`Array` is numbers in memory: an address, a shape, strides and a dtype; the values of a tensor without its
place in the graph. Kernels read and write arrays. There are two kinds. A :class:`Storage` owns a block of memory and
shows all of it; it also remembers the time of the last write. A :class:`View` shows a storage through another shape,
other strides and an offset.

>>> x = from_numpy(np.arange(6.0).reshape(2, 3))
>>> x.shape, x.strides, x.contiguous
((2, 3), (3, 1), True)
>>> x.view((3, 2), (1, 3)).numpy()
array([[0., 3.],
       [1., 4.],
       [2., 5.]])

With the C extension small blocks are cffi memory and larger ones come from the pool in ``csrc/memory.c``; under the
NumPy backend a block is a NumPy array. Either backend reads the other's blocks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from . import dtypes
from .backend import extension, get_backend

tick = count(1).__next__  # one clock for nodes and writes: a write later than a node spoiled what the node saved
last_write = 0  # the time of the latest write to any storage
last_change = 0  # the time at which a module or a tensor last became another: see note_change()

allocator: Callable[[Storage], None] | None = None  # while a step is captured: gives a new array its block
readers: list[Callable[[Array], None]] = []  # called with each array whose values Python is about to see

levels: list[Any] = []  # of vmap, from the outermost to the one that runs
writers: list[Callable[[int], None]] = []  # called with the time of each write, after it
lines: dict[int, Any] = {}  # where a write happened, by its time, while anomaly mode notes that

SMALL = 1024  # bytes; up to here a zeroed cffi block is cheaper than a block of the pool

if extension is not None:
    _ffi, _lib = extension.ffi, extension.lib
    _new, _gc = _ffi.new, _ffi.gc
    _alloc, _free = _lib.ag_alloc, _lib.ag_free


c_memory: bool | None = None
"""Whether :func:`fresh` makes blocks of C memory, or of NumPy's; set by the backend when it is chosen."""


class Layout:
    """How an array lies in memory. Layouts are interned: arrays that lie alike share one object, so that whatever
    follows from shapes (broadcasting, plans, results) is worked out once and found again by identity.

    ``contiguous`` says that the elements lie one after another, row-major; ``packed`` is the contiguous layout of the
    same shape; ``floating`` whether the dtype is a float; ``block`` the C type of a small block of this size.
    """

    __slots__ = ("block", "contiguous", "dtype", "floating", "nbytes", "packed", "shape", "size", "strides")

    def __init__(self, shape: tuple, strides: tuple, dtype: dtypes.dtype, packed: Layout | None):
        self.shape = shape
        self.strides = strides
        self.dtype = dtype
        self.size = math.prod(shape)
        self.nbytes = self.size * dtype.itemsize
        if max(self.nbytes, *shape, 0) >= 2**63:
            raise RuntimeError(f"a tensor of shape {list(shape)} and {dtype} is larger than 2**63 bytes")
        self.contiguous = packed is None
        self.packed = self if packed is None else packed
        self.floating = dtype.is_floating_point
        small = extension is not None and self.nbytes <= SMALL
        self.block = _ffi.typeof(f"char[{self.nbytes or 1}]") if small else None

    def __repr__(self) -> str:
        return f"Layout({self.shape}, strides {self.strides}, {self.dtype})"


_layouts: dict[tuple, Layout] = {}


def packed(shape: tuple, dtype: dtypes.dtype) -> Layout:
    """The contiguous layout of a shape."""
    found = _layouts.get((shape, dtype))
    if found is None:
        strides, step = [], 1
        for n in reversed(shape):
            strides.append(step)
            step *= max(n, 1)
        found = _intern((shape, dtype), Layout(shape, tuple(reversed(strides)), dtype, None))
    return found


def strided(shape: tuple, strides: tuple, dtype: dtypes.dtype) -> Layout:
    """The layout with these strides: the contiguous one where they say the same."""
    found = _layouts.get((shape, strides, dtype))
    if found is None:
        dense = packed(shape, dtype)
        same = is_contiguous(shape, strides)
        found = _intern((shape, strides, dtype), dense if same else Layout(shape, strides, dtype, dense))
    return found


def _intern(key: tuple, made: Layout) -> Layout:
    if len(_layouts) > 50_000:  # identity is only a short cut, so that forgetting is safe
        _layouts.clear()
    _layouts[key] = made
    return made


def is_contiguous(shape: tuple, strides: tuple) -> bool:
    """Whether elements lie one after another, row-major; strides of dims of size 1 do not matter."""
    expected = 1
    for n, s in zip(reversed(shape), reversed(strides)):
        if n == 0:
            return True
        if n != 1:
            if s != expected:
                return False
            expected *= n
    return True


class Array:
    """Numbers in memory: ``ptr`` is the address for C (and keeps the block alive), ``layout`` says how they lie
    there."""

    __slots__ = ("_numpy", "layout", "ptr")

    ptr: Any
    layout: Layout
    _numpy: np.ndarray
    storage: Storage
    offset: int  # of the first element, from that of the storage, in elements
    version: int  # the time of the last write to the storage

    @property
    def shape(self) -> tuple:
        return self.layout.shape

    @property
    def strides(self) -> tuple:
        """Counted in elements."""
        return self.layout.strides

    @property
    def dtype(self) -> dtypes.dtype:
        return self.layout.dtype

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.layout.size

    @property
    def contiguous(self) -> bool:
        """Whether the elements lie one after another, row-major."""
        return self.layout.contiguous

    def view(self, shape: tuple, strides: tuple | None = None, offset: int = 0) -> View:
        """The same storage seen otherwise, contiguous unless strides are given; ``offset`` is counted from the first
        element of this array."""
        y = View()
        dtype = self.layout.dtype
        y.storage = self.storage
        y.ptr = self.ptr if offset == 0 or self.ptr is None else self.ptr + offset * dtype.itemsize
        y.offset = self.offset + offset
        y.layout = packed(shape, dtype) if strides is None else strided(shape, strides, dtype)
        return y

    def numpy(self) -> np.ndarray:
        """A NumPy view of the same memory; writes through it are not counted."""
        for reader in readers:
            reader(self)
        try:
            return self._numpy
        except AttributeError:
            self._numpy = a = self.storage.show(self)
            return a

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.numpy()!r})"


class Storage(Array):
    """A block of memory, all of it, and the time of its last write.

    ``views`` holds, once there are any, weak references to the tensors that look at the block; ``batch``, within
    vmap, where the examples are (:mod:`autograd.batching`).
    """

    __slots__ = ("batch", "version", "views")

    views: list
    batch: Any

    offset = 0
    writable = True

    @property
    def storage(self) -> Storage:  # type: ignore[override]
        return self

    def show(self, a: Array) -> np.ndarray:
        """The NumPy view that ``a``, an array of this storage, describes."""
        if a.size == 0:
            return np.empty(a.shape, a.dtype.dtype)
        block: Any = self._numpy if self.ptr is None or hasattr(self, "_numpy") else (
            _ffi.buffer(self.ptr, self.layout.nbytes)
        )  # fmt: skip
        return np.ndarray(a.shape, a.dtype.dtype, block, a.offset * a.dtype.itemsize, _bytes(a))


class Foreign(Storage):
    """Memory that belongs to a NumPy array; any strides, perhaps read-only."""

    __slots__ = ("owner", "writable")

    owner: np.ndarray

    def show(self, a: Array) -> np.ndarray:
        if a.size == 0:
            return np.empty(a.shape, a.dtype.dtype)
        first, read_only = self.owner.__array_interface__["data"]
        interface = {
            "data": (first + a.offset * a.dtype.itemsize, read_only),
            "shape": a.shape, "strides": _bytes(a), "typestr": a.dtype.dtype.str, "version": 3,
        }  # fmt: skip
        return np.asarray(_Interface(interface, self.owner))


class _Interface:
    """Lets NumPy see memory at an address while something keeps it alive."""

    def __init__(self, interface: dict, keep: np.ndarray):
        self.__array_interface__ = interface
        self.keep = keep


class View(Array):
    """A storage seen through an offset, a shape and strides."""

    __slots__ = ("offset", "storage")

    @property
    def version(self) -> int:  # type: ignore[override]
        return self.storage.version

    @version.setter
    def version(self, value: int) -> None:
        self.storage.version = value


def _bytes(a: Array) -> tuple:
    return tuple([s * a.dtype.itemsize for s in a.strides])


def fresh(layout: Layout) -> Storage:
    """A new block for an array of a contiguous layout, its values undefined."""
    a = Storage()
    a.layout = layout
    a.version = 0
    if c_memory:
        block = layout.block
        a.ptr = _pooled(layout) if block is None else _new(block)
    elif c_memory is None:
        get_backend()
        return fresh(layout)
    elif allocator is not None:
        allocator(a)
    else:
        block = a._numpy = np.empty(layout.shape, layout.dtype.dtype)
        a.ptr = None if extension is None else _ffi.cast("char *", _ffi.from_buffer(block))
    return a


def written(*arrays: Any) -> None:
    """Note that arrays have just been written to."""
    global last_write
    last_write = now = tick()
    for a in arrays:
        a.version = now
    for writer in writers:
        writer(now)


def note_change() -> None:
    """Note that a module has other settings, parameters or hooks, or a tensor other memory, another place in the graph
    or other hooks. Who looks at many of them again and again (captured steps) looks at the time first."""
    global last_change
    last_change = tick()


def c_block(layout: Layout):
    """C memory for a contiguous array."""
    return _pooled(layout) if layout.block is None else _new(layout.block)


def empty(shape: tuple, dtype: dtypes.dtype) -> Storage:
    """A new block for a contiguous array of this shape, its values undefined."""
    return fresh(packed(shape, dtype))


def _pooled(layout: Layout):
    if layout.nbytes >> 62:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(layout.shape)}")
    block = _alloc(layout.nbytes)
    if not block:
        raise MemoryError(f"cannot allocate {layout.nbytes:,} bytes for a tensor of shape {list(layout.shape)}")
    return _gc(block, _free)


def empty_like(x: Array) -> Storage:
    return fresh(x.layout.packed)


def from_numpy(source: np.ndarray) -> Array:
    """An array over NumPy's memory, shared. Byte-swapped or unaligned input, or strides that are not a multiple of
    the element size, are copied; read-only memory stays read-only."""
    d = dtypes.as_dtype(source.dtype)
    if not source.dtype.isnative or not source.flags.aligned or any(s % d.itemsize for s in source.strides):
        source = np.ascontiguousarray(source, d.dtype).reshape(source.shape)
    held = source.view()  # with this view alive, source cannot be resized under us
    a = Foreign()
    a.owner = a._numpy = held
    a.writable = source.flags.writeable
    a.ptr = None if extension is None else _ffi.cast("char *", source.__array_interface__["data"][0])
    a.layout = packed(source.shape, d)
    a.version = 0
    strides = tuple([s // d.itemsize for s in source.strides])
    if a.layout.size == 0 or is_contiguous(source.shape, strides):
        return a
    return a.view(source.shape, strides)
