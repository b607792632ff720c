"""The elements in another order, or more than once: flipped, rolled, turned, repeated, combined.

>>> from autograd import arange
>>> x = arange(3)
>>> flip(x, 0), roll(x, 1), x.repeat(2)
(tensor([2, 1, 0]), tensor([2, 0, 1]), tensor([0, 1, 2, 0, 1, 2]))
"""

from __future__ import annotations

import warnings
from itertools import combinations as _combinations
from itertools import combinations_with_replacement

import numpy as np

from .. import dtypes
from ..backend import K
from ..data import tensor
from ..errors import wrap_dim
from ..op import Op, record, require_tensor
from ..storage import empty
from ..tensor import Tensor
from .dims import transpose
from .index import index_select
from .join import cat, stack, zeros
from .shape import expand, reshape, sizes
from .views import clone, narrow


class Flip(Op):
    """y = x with some dims reversed
    dL/dx = g with them reversed again"""

    params = ("dims",)

    def dx(g, dims):
        return flip(g, dims)


def flip(input: Tensor, *order, dims=None) -> Tensor:
    """The elements in reverse order along dims: a copy.

    >>> flip(tensor([[1, 2], [3, 4]]), [0, 1])
    tensor([[4, 3],
            [2, 1]])
    """
    a = require_tensor("flip", input)._array
    given = [wrap_dim(d, len(a.shape)) for d in sizes(order if dims is None else (dims,), "flip")]
    for d in given:
        if given.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    turned = [d for d in given if a.shape and a.size]
    strides = tuple([-s if d in turned else s for d, s in enumerate(a.strides)])
    y = empty(a.shape, a.dtype)
    K.copy(y, a.view(a.shape, strides, sum((a.shape[d] - 1) * a.strides[d] for d in turned)))
    return record(Flip, (input._edge,), (a, y), y, (tuple(given),))


def fliplr(input: Tensor) -> Tensor:
    """The columns in reverse order."""
    if require_tensor("fliplr", input).ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, 1)


def flipud(input: Tensor) -> Tensor:
    """The rows in reverse order."""
    if require_tensor("flipud", input).ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, 0)


def roll(input: Tensor, shifts, dims=None) -> Tensor:
    """The elements moved on along dims, those beyond the end to the front; without dims along the flattened tensor.

    >>> roll(tensor([[1, 2, 3], [4, 5, 6]]), 1, 1)
    tensor([[3, 1, 2],
            [6, 4, 5]])
    """
    shape = require_tensor("roll", input).shape
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    if dims is None and len(shifts) == 1:
        return reshape(roll(reshape(input, -1), shifts, 0), shape)
    dims = () if dims is None else (dims,) if isinstance(dims, int) else tuple(dims)
    if len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    if not shape:
        raise IndexError(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    y = input
    for shift, dim in zip(shifts, dims):
        n = shape[wrap_dim(dim, len(shape))]
        first = -shift % n if n else 0
        y = cat([narrow(y, dim, first, n - first), narrow(y, dim, 0, first)], dim)
    return y


def rot90(input: Tensor, k: int = 1, dims=(0, 1)) -> Tensor:
    """Turned k times by 90 degrees, from the first of two dims towards the second.

    >>> rot90(tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    ndim, dims = require_tensor("rot90", input).ndim, tuple(dims)
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {ndim}")
    first, second = [wrap_dim(d, ndim) for d in dims]
    if first == second:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    if k % 4 == 1:
        return transpose(flip(input, second), first, second)
    if k % 4 == 3:
        return transpose(flip(input, first), first, second)
    return flip(input, first, second) if k % 4 == 2 else clone(input)


# --- repeated ---------------------------------------------------------------------------------------------------------


def repeat(input: Tensor, *times, repeats=None) -> Tensor:
    """The tensor as often as given along each dim; more numbers than dims add leading dims.

    >>> repeat(tensor([1, 2]), 2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    times = sizes(times if repeats is None else (repeats,), "repeat")
    lead = len(times) - input.ndim
    if lead < 0:
        raise RuntimeError(
            f"Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: {len(times)} "
            f"and {input.ndim}"
        )
    if min(times, default=0) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension: repeat({list(times)})")
    shape = (1,) * lead + tuple(input.shape)
    apart = [m for n in shape for m in (1, n)]
    wide = [m for n, k in zip(shape, times) for m in (k, n)]
    return reshape(clone(expand(reshape(input, apart), wide)), [n * k for n, k in zip(shape, times)])


def tile(input: Tensor, *times, dims=None) -> Tensor:
    """As :meth:`Tensor.repeat`, but with fewer numbers than dims those count for the last dims.

    >>> tile(tensor([[1, 2], [3, 4]]), (2,))
    tensor([[1, 2, 1, 2],
            [3, 4, 3, 4]])
    """
    times = sizes(times if dims is None else (dims,), "tile")
    return repeat(input, (1,) * (require_tensor("tile", input).ndim - len(times)) + times)


def repeat_interleave(input: Tensor, repeats=None, dim: int | None = None, *, output_size: int | None = None) -> Tensor:
    """Each element (or slice along ``dim``) repeated: a number of times, or by a vector with a number for each.
    With a vector alone: 0 as often as its first element says, 1 as its second, ...

    >>> repeat_interleave(tensor([5, 6]), tensor([1, 2]))
    tensor([5, 6, 6])
    """
    if repeats is None:
        return tensor(_interleaved(require_tensor("repeat_interleave", input), input.numel(), output_size))
    x = reshape(require_tensor("repeat_interleave", input), -1) if dim is None else input
    d = 0 if dim is None else wrap_dim(dim, x.ndim)
    return index_select(x, d, tensor(_interleaved(repeats, x.shape[d], output_size)))


def _interleaved(repeats: int | Tensor, n: int, output_size: int | None) -> np.ndarray:
    """0 .. n - 1, each as often as repeats says."""
    times = np.asarray(repeats._array.numpy() if isinstance(repeats, Tensor) else repeats)
    if times.dtype.kind not in "iu":
        raise RuntimeError(f"repeats has to be Long or Int tensor, got {times.dtype}")
    if times.ndim > 1:
        raise RuntimeError(f"repeats must be 0-dim or 1-dim tensor, got shape {list(times.shape)}")
    if times.size != 1 and times.size != n:
        raise RuntimeError(
            "repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{times.size} and input.size(0) = {n}"
        )
    if (times < 0).any():
        raise RuntimeError("repeats can not be negative")
    index = np.repeat(np.arange(n), np.broadcast_to(times.reshape(-1), n))
    if output_size is not None and output_size != index.size:
        raise RuntimeError(f"allocated size does not match required size: {output_size} and {index.size}")
    return index


# --- combined ---------------------------------------------------------------------------------------------------------


def meshgrid(*tensors, indexing: str | None = None) -> tuple[Tensor, ...]:
    """The coordinates of a grid: each vector expanded along its own dim of all ("ij", the default); "xy" swaps the
    first two dims.

    >>> meshgrid(tensor([1, 2]), tensor([3, 4, 5]), indexing="ij")[1]
    tensor([[3, 4, 5],
            [3, 4, 5]])
    """
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    if not given:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing is None:
        warnings.warn(
            "meshgrid: in an upcoming release, it will be required to pass the indexing argument", stacklevel=2
        )
    elif indexing not in ("ij", "xy"):
        raise RuntimeError(f'meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    for x in given:
        if require_tensor("meshgrid", x, "tensors").ndim > 1:
            raise RuntimeError(f"meshgrid: Expected 0D or 1D tensor in the tensor list but got shape {list(x.shape)}")
        if x.dtype is not given[0].dtype:
            raise RuntimeError(f"meshgrid expects all tensors to have the same dtype: {given[0].dtype} and {x.dtype}")
    shape = [x.numel() for x in given]
    n = len(given)
    made = [expand(reshape(x, [1] * i + [-1] + [1] * (n - 1 - i)), shape) for i, x in enumerate(given)]
    return tuple([transpose(x, 0, 1) for x in made] if indexing == "xy" and n > 1 else made)


def _vector(x: Tensor, op: str) -> Tensor:
    if require_tensor(op, x).ndim != 1:
        raise RuntimeError(f"{op}: Expect a 1D vector, but got shape {list(x.shape)}")
    return x


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All ways to take an element of each vector, a row each; of one vector, the vector.

    >>> cartesian_prod(tensor([1, 2]), tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    for x in tensors:
        _vector(x, "cartesian_prod")
    if len(tensors) == 1:
        return tensors[0]
    return stack([reshape(x, -1) for x in meshgrid(*tensors, indexing="ij")], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways to take r elements of a vector in order, a row each.

    >>> combinations(tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    n = _vector(input, "combinations").numel()
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return zeros((0,), input.dtype)
    rows = (combinations_with_replacement if with_replacement else _combinations)(range(n), r)
    index = tensor(list(rows), dtype=dtypes.int64)
    return reshape(index_select(input, 0, reshape(index, -1)), -1, r)


__all__ = [
    "cartesian_prod", "combinations", "flip", "fliplr", "flipud", "meshgrid", "repeat_interleave", "roll", "rot90",
    "tile",
]  # fmt: skip
METHODS = ["flip", "fliplr", "flipud", "repeat", "repeat_interleave", "roll", "rot90", "tile"]
