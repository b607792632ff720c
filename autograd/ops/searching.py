"""Which values there are, and where a value belongs: distinct elements, membership, places in a sorted sequence.

>>> from autograd import tensor
>>> x = tensor([3, 1, 3])
>>> unique(x), isin(x, tensor([1, 2])), searchsorted(tensor([1, 3, 5]), x)
(tensor([1, 3]), tensor([False,  True, False]), tensor([1, 0, 1]))
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..data import tensor
from ..errors import not_implemented, wrap_dim
from ..op import Op, record, require_tensor
from ..out import with_out
from ..tensor import Tensor
from .operands import operand


class Refused(Op):
    """y = f(x), without a derivative
    dL/dx is an error, as in PyTorch"""

    params = ("name",)

    def dx(g, name):
        raise NotImplementedError(f"the derivative for '{name}' is not implemented: give it x.detach()")


def refused(x: Tensor, values: np.ndarray, name: str) -> Tensor:
    """The result of a function of x that has no derivative."""
    y = tensor(values)._array
    return record(Refused, (x._edge,), (x._array, y), y, (name,))


# --- distinct elements ------------------------------------------------------------------------------------------------


def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The distinct elements in order, or with ``dim`` the distinct slices along it. Also, where asked for, the position
    among them of each element, and how often each occurs.

    >>> unique(tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    x = require_tensor("unique", input)
    if dim is not None:
        dim = wrap_dim(dim, x.ndim)
        _no_empty_slices(x, dim, "unique")
    values, inverse, counts = np.unique(
        x._array.numpy(), return_inverse=True, return_counts=True, axis=dim, equal_nan=False
    )
    inverse = inverse.reshape(x.shape if dim is None else -1)
    return _several("unique", x, values, inverse if return_inverse else None, counts if return_counts else None)


def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    """The elements without those that equal the one before, or with ``dim`` the slices along it; as :func:`unique`.

    >>> unique_consecutive(tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    x = require_tensor("unique_consecutive", input)
    values = x._array.numpy()
    if dim is None:
        flat = values = values.reshape(-1)
    else:
        dim = wrap_dim(dim, x.ndim)
        _no_empty_slices(x, dim, "unique_consecutive")
        flat = np.moveaxis(values, dim, 0)
    new = np.ones(len(flat), bool)
    new[1:] = (flat[1:] != flat[:-1]).any(tuple(range(1, flat.ndim)))
    inverse = (np.cumsum(new) - 1).reshape(x.shape if dim is None else -1)
    counts = np.diff(np.append(np.flatnonzero(new), len(new)))
    return _several(
        "unique_consecutive", x, np.compress(new, values, dim),
        inverse if return_inverse else None, counts if return_counts else None,
    )  # fmt: skip


def _no_empty_slices(x: Tensor, dim: int, op: str) -> None:
    if not x.numel() and any(n == 0 for d, n in enumerate(x.shape) if d != dim):
        raise RuntimeError(
            f"There are 0 sized dimensions, and they aren't selected, so unique cannot be applied: {op} of shape "
            f"{list(x.shape)} along dim {dim}"
        )


def _several(name: str, x: Tensor, values: np.ndarray, *more: np.ndarray | None):
    results = (refused(x, values, name), *[tensor(m) for m in more if m is not None])
    return results if len(results) > 1 else results[0]


def isin(elements, test_elements, *, assume_unique=False, invert=False) -> Tensor:
    """Whether each element is one of ``test_elements`` (or is not, if ``invert``); one of the two may be a number.

    >>> isin(tensor([1, 2, 3]), 2)
    tensor([False,  True, False])
    """
    if not isinstance(elements, Tensor):
        require_tensor("isin", test_elements, "test_elements")
    a, b = _values(elements, "isin"), _values(test_elements, "isin")
    return tensor(np.isin(a, b, assume_unique=assume_unique, invert=invert))


def _values(v: Any, op: str) -> np.ndarray:
    """NumPy values of a tensor, but of bools, or of a number."""
    if not isinstance(v, Tensor):
        return np.asarray(operand(v, op))
    if v.dtype is dtypes.bool_:
        raise not_implemented(op, v.dtype)
    return v._array.numpy()


# --- places in a sorted sequence --------------------------------------------------------------------------------------


@with_out
def searchsorted(sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None) -> Tensor:
    """Where ``input`` would have to be inserted to keep ``sorted_sequence`` sorted along its last dim: before the equal
    ones, or after them if ``right`` or ``side="right"``. A sequence of several dims has a row for each row of input;
    ``sorter`` is the argsort of a sequence that is not sorted itself.

    >>> searchsorted(tensor([1, 3, 5]), tensor([0, 3, 6]))
    tensor([0, 1, 3])
    """
    sequence = require_tensor("searchsorted", sorted_sequence, "sorted_sequence")._array.numpy()
    values = _values(input, "searchsorted")
    if side not in (None, "left", "right"):
        raise RuntimeError(f"searchsorted(): side can only be 'left' or 'right' but got {side}")
    if right and side == "left":
        raise RuntimeError(
            "searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    if not sequence.ndim:
        raise RuntimeError("searchsorted(): boundaries tensor should have positive dimension, but got 0 dimension")
    if sequence.ndim > 1 and (not values.ndim or sequence.shape[:-1] != values.shape[:-1]):
        raise RuntimeError(
            "searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor "
            f"and input value tensor must match, but we got boundaries tensor {list(sequence.shape)} and input value "
            f"tensor {list(values.shape)}"
        )
    if sorter is not None:
        if sorter.shape != sorted_sequence.shape:
            raise RuntimeError(
                "searchsorted(): boundary and sorter must have the same size, but got boundary tensor "
                f"{list(sequence.shape)} and got sorter tensor {list(sorter.shape)}"
            )
        sequence = np.take_along_axis(sequence, sorter._array.numpy(), -1)
    found = _places(sequence, values, "right" if right or side == "right" else "left")
    return tensor(found, dtype=dtypes.int32 if out_int32 else dtypes.int64)


def _places(sequence: np.ndarray, values: np.ndarray, side: Any) -> np.ndarray:
    if sequence.ndim == 1:
        return np.asarray(np.searchsorted(sequence, values, side))
    found = np.empty(values.shape, np.int64)
    for row in np.ndindex(values.shape[:-1]):
        found[row] = np.searchsorted(sequence[row], values[row], side)
    return found


@with_out
def bucketize(input, boundaries, *, out_int32=False, right=False) -> Tensor:
    """Which of the buckets between sorted ``boundaries`` each element belongs to: bucket i is
    boundaries[i-1] < v <= boundaries[i], or if ``right`` boundaries[i-1] <= v < boundaries[i].

    >>> bucketize(tensor([3, 6, 9]), tensor([1, 3, 5, 7]))
    tensor([1, 3, 4])
    """
    if require_tensor("bucketize", boundaries, "boundaries").ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.ndim}) (bucketize)")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


__all__ = ["bucketize", "isin", "searchsorted", "unique", "unique_consecutive"]
METHODS = ["unique", "unique_consecutive"]
