"""Where something is: positions of elements that are not zero, places in a sorted sequence.

>>> nonzero(tensor([0, 3, 4])).tolist(), searchsorted(tensor([1, 3, 5]), tensor([2, 5])).tolist()
([[1], [2]], [1, 2])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..data import tensor
from ..op import require_tensor
from ..out import with_out
from ..storage import from_numpy
from ..tensor import Tensor, wrap


@with_out
def nonzero(input: Tensor, *, as_tuple: bool = False):
    """The positions of non-zero elements: (n, ndim), or a tuple of vectors, one per dim.

    >>> from autograd import tensor
    >>> nonzero(tensor([0, 3, 4]))
    tensor([[1],
            [2]])
    """
    found = np.nonzero(np.atleast_1d(require_tensor("nonzero", input)._array.numpy()))
    if as_tuple:
        return tuple(wrap(from_numpy(f)) for f in found)
    return wrap(from_numpy(np.stack(found[: input.ndim], axis=1) if input.ndim else np.empty((len(found[0]), 0), int)))


def argwhere(input: Tensor) -> Tensor:
    """The positions of non-zero elements, a row each: as :func:`nonzero`."""
    return nonzero(input)


@with_out
def searchsorted(
    sorted_sequence: Tensor,
    input,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Before which element of an ascending sequence each value would go: the first that is not less, or with
    ``right=True`` (``side="right"``) the first that is greater. A row for each row where the sequence has several dims;
    ``sorter`` holds the positions that sort it.

    >>> searchsorted(tensor([1, 3, 5]), tensor([3, 4, 9]))
    tensor([1, 2, 3])
    """
    a = require_tensor("searchsorted", sorted_sequence, "sorted_sequence")._array.numpy()
    v = input._array.numpy() if isinstance(input, Tensor) else np.asarray(input)
    if side not in (None, "left", "right"):
        raise RuntimeError(f"searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(
            "searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    if a.ndim != 1 and a.shape[:-1] != v.shape[:-1]:
        raise RuntimeError(
            "searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor "
            f"and input value tensor must match, but we got boundaries tensor {list(a.shape)} and input value tensor "
            f"{list(v.shape)}"
        )
    if sorter is not None:
        if sorter.shape != sorted_sequence.shape or sorter.dtype is not dtypes.int64:
            raise RuntimeError(
                f"searchsorted(): boundary and sorter must have the same size, and sorter be Long; got {list(a.shape)} "
                f"and {list(sorter.shape)} ({sorter.dtype.title})"
            )
        a = np.take_along_axis(a, sorter._array.numpy(), -1)
    where: Any = "right" if right or side == "right" else "left"
    if a.ndim == 1:
        found = np.searchsorted(a, v, where)
    else:
        rows = zip(a.reshape(-1, a.shape[-1]), v.reshape(-1, v.shape[-1]))
        found = np.array([np.searchsorted(row, values, where) for row, values in rows], int).reshape(v.shape)
    return tensor(np.asarray(found), dtype=dtypes.int32 if out_int32 else dtypes.int64)


@with_out
def bucketize(input, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """In which bucket between ascending boundaries each value lies; a boundary belongs to the bucket below it, or with
    ``right=True`` to the one above.

    >>> bucketize(tensor([0, 3, 9]), tensor([1, 3, 5]))
    tensor([0, 1, 3])
    """
    if require_tensor("bucketize", boundaries, "boundaries").ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


__all__ = ["argwhere", "bucketize", "nonzero", "searchsorted"]
METHODS = ["argwhere", "nonzero"]
