"""Who owns memory.

A :class:`Storage` owns a block and counts the writes to it. An :class:`Array` is a storage seen through an offset, a
shape and strides: the values of a tensor without its place in the graph. Kernels read and write arrays; views are
arrays that share a storage.

>>> x = from_numpy(np.arange(6.0).reshape(2, 3))
>>> x.shape, x.strides, x.contiguous
((2, 3), (3, 1), True)
>>> x.view((3, 2), (1, 3), 0).numpy()
array([[0., 3.],
       [1., 4.],
       [2., 5.]])

With the C extension small blocks are cffi memory and larger ones come from the pool in ``csrc/memory.c``; under the
NumPy backend a block is a NumPy array. Either backend reads the other's blocks.
"""

from __future__ import annotations

import math
from itertools import count

import numpy as np

from . import dtypes
from .backend import extension

tick = count(1).__next__  # one clock for nodes and writes: a write later than a node spoiled what the node saved

SMALL = 1024  # bytes; up to here a zeroed cffi block is cheaper than a block of the pool

if extension is not None:
    _ffi, _lib = extension.ffi, extension.lib
    _new, _CHARS, _gc = _ffi.new, _ffi.typeof("char[]"), _ffi.gc
    _alloc, _free = _lib.ag_alloc, _lib.ag_free


class Owner:
    """Which kind of block :func:`empty` makes; set by the backend."""

    c = False


class Storage:
    """A block of memory: its owner (which keeps it alive), its address for C, and the time of the last write."""

    __slots__ = ("owner", "ptr", "version", "nbytes", "writable", "views")

    def __init__(self, owner, ptr, nbytes: int):
        self.owner = owner
        self.ptr = ptr
        self.nbytes = nbytes
        self.version = 0
        self.writable = True
        self.views = None  # weak references to the tensors that are views of this block, once there are any

    def numpy(self, a: Array) -> np.ndarray:
        """The NumPy view of this block that ``a`` describes."""
        strides = tuple([s * a.dtype.itemsize for s in a.strides])
        owner = self.owner
        if a.size == 0:
            return np.empty(a.shape, a.dtype.dtype)
        if not isinstance(owner, np.ndarray):
            block = _ffi.buffer(owner, self.nbytes)
        elif owner.flags.c_contiguous:
            block = owner
        else:
            first, read_only = owner.__array_interface__["data"]
            interface = {
                "data": (first + a.offset * a.dtype.itemsize, read_only),
                "shape": a.shape, "strides": strides, "typestr": a.dtype.dtype.str, "version": 3,
            }  # fmt: skip
            return np.asarray(_Foreign(interface, owner))
        return np.ndarray(a.shape, a.dtype.dtype, block, a.offset * a.dtype.itemsize, strides)


class Array:
    """A storage seen through offset, shape and strides, both counted in elements. Never changed once made."""

    __slots__ = ("storage", "ptr", "offset", "shape", "strides", "dtype", "size", "contiguous", "_numpy")

    def view(self, shape: tuple, strides: tuple, offset: int = 0) -> Array:
        """Another view of the same storage; ``offset`` is counted from the first element of this one."""
        y = _make(Array)
        y.storage = self.storage
        y.ptr = self.ptr if offset == 0 or self.ptr is None else self.ptr + offset * self.dtype.itemsize
        y.offset = self.offset + offset
        y.shape = shape
        y.strides = strides
        y.dtype = self.dtype
        y.size, packed = layout(shape)
        y.contiguous = strides == packed or is_contiguous(shape, strides)
        y._numpy = None
        return y

    def numpy(self) -> np.ndarray:
        """A NumPy view of the same memory; writes through it are not counted."""
        if self._numpy is None:
            self._numpy = self.storage.numpy(self)
        return self._numpy

    def __repr__(self) -> str:
        return f"Array({self.numpy()!r})"


_make = object.__new__
_layouts: dict[tuple, tuple] = {}


def layout(shape: tuple) -> tuple[int, tuple]:
    """(number of elements, strides of a contiguous array) of a shape."""
    found = _layouts.get(shape)
    if found is None:
        strides, size = [], 1
        for n in reversed(shape):
            strides.append(size)
            size *= max(n, 1)
        if len(_layouts) > 10_000:
            _layouts.clear()
        found = _layouts[shape] = (math.prod(shape), tuple(reversed(strides)))
    return found


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


def empty(shape: tuple, dtype: dtypes.dtype) -> Array:
    """A fresh contiguous array, its values undefined."""
    a = _make(Array)
    found = _layouts.get(shape)
    size, strides = found if found is not None else layout(shape)
    nbytes = size * dtype.itemsize
    if Owner.c:
        if nbytes <= SMALL:
            block = _new(_CHARS, nbytes or 1)
        else:
            block = _alloc(nbytes)
            if not block:
                raise MemoryError(f"cannot allocate {nbytes:,} bytes for a tensor of shape {list(shape)}")
            block = _gc(block, _free)
        a.storage = Storage(block, block, nbytes)
        a.ptr = block
        a._numpy = None
    else:
        block = np.empty(shape, dtype.dtype)
        a.ptr = pointer = None if extension is None else _ffi.cast("char *", _ffi.from_buffer(block))
        a.storage = Storage(block, pointer, nbytes)
        a._numpy = block
    a.offset = 0
    a.shape = shape
    a.strides = strides
    a.dtype = dtype
    a.size = size
    a.contiguous = True
    return a


def empty_like(x: Array) -> Array:
    return empty(x.shape, x.dtype)


class _Foreign:
    """Lets NumPy see memory at an address while something keeps it alive."""

    def __init__(self, interface: dict, keep):
        self.__array_interface__ = interface
        self.keep = keep


def from_numpy(source: np.ndarray) -> Array:
    """An array over NumPy's memory, shared. Byte-swapped or unaligned input, or strides that are not a multiple of
    the element size, are copied; read-only memory stays read-only."""
    d = dtypes.as_dtype(source.dtype)
    if not source.dtype.isnative or not source.flags.aligned or any(s % d.itemsize for s in source.strides):
        source = np.ascontiguousarray(source, d.dtype).reshape(source.shape)
    a = _make(Array)
    pointer = None
    if extension is not None:
        pointer = _ffi.cast("char *", source.__array_interface__["data"][0])
    held = source.view()  # with this view alive, source cannot be resized under us
    a.storage = Storage(held, pointer, source.nbytes)
    a.storage.writable = source.flags.writeable
    a.ptr = pointer
    a.offset = 0
    a.shape = source.shape
    a.size, packed = layout(source.shape)
    a.strides = tuple(s // d.itemsize for s in source.strides) if a.size else packed
    a.dtype = d
    a.contiguous = is_contiguous(a.shape, a.strides)
    a._numpy = held
    return a
