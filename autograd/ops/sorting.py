"""Order along a dim: sorting, the k largest, the element of a rank, the commonest.

>>> from autograd import tensor
>>> x = tensor([3.0, 1.0, 2.0])
>>> sort(x).values, argsort(x), median(x)
(tensor([1., 2., 3.]), tensor([1, 2, 0]), tensor(2.))

Equal elements keep their order, NaN counts as the largest, and the gradient of an element goes to where it came from.
"""

from __future__ import annotations

import numpy as np

from .. import return_types
from ..data import tensor
from ..errors import wrap_dim
from ..op import Op, record, require_tensor
from ..out import with_out
from ..return_types import ValuesAndIndices
from ..tensor import Tensor
from .choice import where
from .extremes import nonempty, numbers
from .index import pick


def _order(x: Tensor, dim: int, descending: bool = False) -> np.ndarray:
    """The positions along dim in the order of the elements; a 0-d tensor has a dim 0."""
    values = np.atleast_1d(x._array.numpy())
    if not descending:
        return np.argsort(values, dim, kind="stable")
    backwards = np.argsort(np.flip(values, dim), dim, kind="stable")
    return np.flip(values.shape[dim] - 1 - backwards, dim)


def _pick(name: str, x: Tensor, dim: int, index: np.ndarray, keepdim: bool = True) -> ValuesAndIndices:
    """The elements at positions along dim, which the index always has, and the positions."""
    if not x.ndim:
        index = index.reshape(())
    indices = tensor(index if keepdim or not x.ndim else index.squeeze(dim))
    return getattr(return_types, name)(pick(x, dim, indices, keepdim), indices)


# --- all of them ------------------------------------------------------------------------------------------------------


@with_out
def sort(input, dim=-1, descending=False, *, stable=False) -> ValuesAndIndices:
    """The elements in order along ``dim`` and where they were: a named (values, indices). Always stable.

    >>> sort(tensor([3.0, 1.0, 2.0]), descending=True).indices
    tensor([0, 2, 1])
    """
    dim = wrap_dim(dim, require_tensor("sort", input).ndim)
    return _pick("sort", input, dim, _order(input, dim, descending))


def argsort(input, dim=-1, descending=False, *, stable=False) -> Tensor:
    """The positions of the elements in order along ``dim``. Always stable.

    >>> argsort(tensor([3.0, 1.0, 2.0]))
    tensor([1, 2, 0])
    """
    dim = wrap_dim(dim, require_tensor("argsort", input).ndim)
    return tensor(_order(input, dim, descending).reshape(input.shape))


@with_out
def msort(input) -> Tensor:
    """The elements in order along the first dim.

    >>> msort(tensor([3.0, 1.0, 2.0]))
    tensor([1., 2., 3.])
    """
    return sort(input, 0).values


@with_out
def topk(input, k, dim=-1, largest=True, sorted=True) -> ValuesAndIndices:
    """The k largest (or smallest) elements along ``dim``, in order, and where they were: a named (values, indices).

    >>> topk(tensor([3.0, 1.0, 2.0]), 2).values
    tensor([3., 2.])
    """
    dim = wrap_dim(-1 if dim is None else dim, numbers("topk", input).ndim)
    order = _order(input, dim, descending=largest)
    if not 0 <= k <= order.shape[dim]:
        raise RuntimeError(f"selected index k out of range: topk of {k} along dim {dim} of shape {list(input.shape)}")
    return _pick("topk", input, dim, order.take(range(k), dim))


# --- the one of a rank ------------------------------------------------------------------------------------------------


@with_out
def kthvalue(input, k, dim=-1, keepdim=False) -> ValuesAndIndices:
    """The k-th smallest element along ``dim``, k = 1 the smallest, and where it is: a named (values, indices).

    >>> kthvalue(tensor([3.0, 1.0, 2.0]), 2).values
    tensor(2.)
    """
    dim = wrap_dim(dim, numbers("kthvalue", input).ndim)
    order = _order(input, dim)
    if not 1 <= k <= order.shape[dim]:
        raise RuntimeError(
            f"kthvalue(): selected number k out of range for dimension {dim}: {k} of {order.shape[dim]} elements"
        )
    return _pick("kthvalue", input, dim, order.take([k - 1], dim), keepdim)


class Median(Op):
    """y = the median of all elements of x, the lower one of two
    dL/dx = g, shared evenly by the elements that equal y"""

    @classmethod
    def apply(cls, x: Tensor, position: np.ndarray) -> Tensor:
        a = x._array
        y = tensor(a.numpy().reshape(-1)[position])._array
        return record(cls, (x._edge,), (a, y), y)

    def dx(g, x, y):
        at = where(y != y, x != x, x == y).to(x.dtype)
        return g * (at / at.sum())


def _middle(x: Tensor, dim: int, ignore_nan: bool) -> np.ndarray:
    """The position of the median along dim, which is kept; of the first NaN where there is one, unless ignored."""
    values = np.atleast_1d(x._array.numpy())
    count = np.sum(values == values, dim, keepdims=True)
    n = values.shape[dim]
    rank = np.maximum(count - 1, 0) // 2 if ignore_nan else np.where(count < n, count, (n - 1) // 2)
    return np.take_along_axis(_order(x, dim), rank, dim)


def _median(name: str, input, dim, keepdim: bool, ignore_nan: bool):
    x = numbers(name, input)
    if dim is None:
        if not x.numel():
            return tensor(float("nan"), dtype=x.dtype)
        return Median.apply(x, _middle(x.detach().reshape(-1), 0, ignore_nan).item())
    nonempty(x, dim, name)
    dim = wrap_dim(dim, x.ndim)
    return _pick(name, x, dim, _middle(x, dim, ignore_nan), keepdim)


@with_out
def median(input, dim=None, keepdim=False):
    """The median, the lower one of two (equal ones share the gradient); with ``dim`` a named (values, indices). NaN
    where an element is NaN.

    >>> median(tensor([3.0, 1.0, 2.0, 5.0]))
    tensor(2.)
    """
    return _median("median", input, dim, keepdim, ignore_nan=False)


@with_out
def nanmedian(input, dim=None, keepdim=False):
    """The median of what is not NaN; as :func:`median`.

    >>> nanmedian(tensor([3.0, float("nan"), 2.0, 5.0]))
    tensor(3.)
    """
    return _median("nanmedian", input, dim, keepdim, ignore_nan=True)


@with_out
def mode(input, dim=-1, keepdim=False) -> ValuesAndIndices:
    """The commonest element along ``dim``, the smallest of several, and the last place where it is: a named (values,
    indices).

    >>> mode(tensor([1, 2, 2, 1, 3])).values
    tensor(1)
    """
    dim = wrap_dim(dim, require_tensor("mode", input).ndim)
    nonempty(input, dim, "mode")
    order = np.moveaxis(_order(input, dim), dim, -1)
    values = np.take_along_axis(np.moveaxis(np.atleast_1d(input._array.numpy()), dim, -1), order, -1)
    place = np.arange(values.shape[-1])
    starts = np.ones(values.shape, bool)
    starts[..., 1:] = values[..., 1:] != values[..., :-1]
    run = place - np.maximum.accumulate(np.where(starts, place, 0), -1)  # how many equal ones come before
    found = np.take_along_axis(order, run.argmax(-1, keepdims=True), -1)
    return _pick("mode", input, dim, np.moveaxis(found, -1, dim), keepdim)


__all__ = ["argsort", "kthvalue", "median", "mode", "msort", "nanmedian", "sort", "topk"]
METHODS = __all__
