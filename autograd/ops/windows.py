"""Views that may show an element more than once; its gradients add up.

>>> from autograd import arange
>>> unfold(arange(4), 0, 2, 1)
tensor([[0, 1],
        [1, 2],
        [2, 3]])
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided as _strided

from ..data import tensor
from ..errors import wrap_dim
from ..op import require_tensor
from ..storage import Foreign, packed
from ..tensor import Tensor
from .index import scatter_add_zeros
from .shape import reshape
from .views import ViewOp, narrow, view_of


class AsStrided(ViewOp):
    """y = what the geometry ``shown`` shows of the memory in which x lies as ``seen``
    dL/dx = zeros, with g added at the places it came from"""

    params = ("seen", "shown")

    def dx(g, seen, shown):
        n = prod(seen[0])
        places = tensor(_places(seen, shown).reshape(-1))
        return reshape(narrow(scatter_add_zeros(reshape(g, -1), (n + 1,), 0, places), 0, 0, n), seen[0])


class Unfold(AsStrided):
    """y = the windows of x along a dim
    dL/dx = zeros, with g added at the places it came from"""


def _places(seen: tuple, shown: tuple) -> np.ndarray:
    """For each element that ``shown`` shows, which of those that lie as ``seen`` it is; their number if it is none."""
    last = max(offset + sum((n - 1) * s for n, s in zip(shape, strides)) for shape, strides, offset in (seen, shown))
    n = prod(seen[0])
    owner = np.full(max(last, 0) + 1, n)
    for (shape, strides, offset), values in ((seen, np.arange(n)), (shown, None)):
        part = _strided(owner[offset:], shape, [s * owner.itemsize for s in strides])
        if values is not None:
            part[...] = values.reshape(shape)
    return part


def as_strided(input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Tensor:
    """A view of the input's storage with this size, these strides and this offset, all counted in elements.

    >>> from autograd import arange
    >>> as_strided(arange(4), (2, 2), (1, 1), 1)
    tensor([[1, 2],
            [2, 3]])
    """
    a = require_tensor("as_strided", input)._array
    shape, strides = tuple(size), tuple(stride)
    offset = a.offset if storage_offset is None else storage_offset
    if len(shape) != len(strides):
        raise RuntimeError(f"mismatch in length of strides and shape: {list(strides)} and {list(shape)}")
    if min(strides, default=0) < 0:
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got {list(strides)}")
    if isinstance(a.storage, Foreign) and not a.storage.owner.flags.c_contiguous:
        raise RuntimeError("as_strided: this tensor lies in a NumPy array that is not contiguous: clone() it first")
    needed = 0 if 0 in shape else 1 + offset + sum((n - 1) * s for n, s in zip(shape, strides))
    if offset < 0 or needed > a.storage.size:
        raise RuntimeError(
            f"setStorage: sizes {list(shape)}, strides {list(strides)}, storage offset {offset}, and itemsize "
            f"{a.dtype.itemsize} requiring a storage size of {needed * a.dtype.itemsize} are out of bounds for storage "
            f"of size {a.storage.layout.nbytes}"
        )
    y = a.view(shape, strides, offset - a.offset)
    return view_of(AsStrided, input, y, ((a.shape, a.strides, a.offset), (shape, strides, offset)))


def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """The windows of ``size`` along a dim, ``step`` apart; the elements of a window are the last dim.

    >>> unfold(tensor([[1, 2, 3, 4]]), 1, 2, 2).shape
    autograd.Size([1, 2, 2])
    """
    a = require_tensor("unfold", input)._array
    d = wrap_dim(dimension, len(a.shape))
    n = a.shape[d] if a.shape else 1
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > n:
        raise RuntimeError(f"maximum size for tensor at dimension {d} is {n} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")

    def windows(strides: tuple) -> tuple:
        along = strides[d] if strides else 1
        return (*strides[:d], along * step, *strides[d + 1 :], along) if strides else (along,)

    shape = (*a.shape[:d], (n - size) // step + 1, *a.shape[d + 1 :], size) if a.shape else (size,)
    dense = packed(a.shape, a.dtype).strides
    params = (a.shape, dense, 0), (shape, windows(dense), 0)
    return view_of(Unfold, input, a.view(shape, windows(a.strides)), params)


__all__ = ["as_strided"]
METHODS = ["as_strided", "unfold"]
IN_PLACE_VIEWS = ["as_strided"]
