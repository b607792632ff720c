"""The largest, the smallest, and where they are.

>>> from autograd import tensor
>>> x = tensor([[1.0, 5.0], [7.0, 2.0]])
>>> amax(x, 0), argmax(x)
(tensor([7., 5.]), tensor(2))
>>> max(x, 1)
autograd.return_types.max(
values=tensor([5., 7.]),
indices=tensor([1, 0]))
"""

from __future__ import annotations

from .. import dtypes, return_types
from ..backend import K
from ..errors import not_implemented, wrap_dim
from ..op import require_tensor
from ..out import with_out
from ..return_types import MinAndMax
from ..storage import empty
from ..tensor import Tensor, wrap
from . import choice
from .index import pick
from .reduce import Reduction, dims_of, spelled, spread


class Extremum(Reduction, abstract=True):
    def dx(g, x, y, dims, keepdim):
        at = (x == spread(y, dims, keepdim)).to(x.dtype)
        return spread(g, dims, keepdim) * (at / at.sum(dims, keepdim=True))


class Amax(Extremum):
    """y = max(x)
    dL/dx = g, shared evenly by the elements that equal y"""


class Amin(Extremum):
    """y = min(x)
    dL/dx = g, shared evenly by the elements that equal y"""


# --- functions --------------------------------------------------------------------------------------------------------


def nonempty(x: Tensor, dim, op: str) -> None:
    """Raise where a result would come from no elements."""
    dims, _, _ = dims_of(x._array.shape, dim, False)
    if x._array.size == 0 and 0 in [x._array.shape[d] for d in dims]:
        if dim is None:
            kind = IndexError if op.startswith("arg") else RuntimeError
            raise kind(
                f"{op}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
                f"reduction dim with the 'dim' argument. (input of shape {list(x.shape)})"
            )
        raise IndexError(f"{op}(): Expected reduction dim {dim} to have non-zero size: input of {list(x.shape)}")


@with_out
def amax(input, dim=None, keepdim=False, *, axis=None, keepdims=False) -> Tensor:
    """The largest element over ``dim``; equal ones share the gradient; NaN wins.

    >>> from autograd import tensor
    >>> amax(tensor([[1.0, 5.0], [7.0, 2.0]]), 1)
    tensor([5., 7.])
    """
    dim, keepdim = spelled(dim, axis, keepdim, keepdims)
    nonempty(require_tensor("amax", input), dim, "amax")
    return Amax.apply(input, dim, keepdim)


@with_out
def amin(input, dim=None, keepdim=False, *, axis=None, keepdims=False) -> Tensor:
    """The smallest element over ``dim``; equal ones share the gradient; NaN wins.

    >>> from autograd import tensor
    >>> amin(tensor([[1.0, 5.0], [7.0, 2.0]]), 1)
    tensor([1., 2.])
    """
    dim, keepdim = spelled(dim, axis, keepdim, keepdims)
    nonempty(require_tensor("amin", input), dim, "amin")
    return Amin.apply(input, dim, keepdim)


@with_out
def aminmax(input, *, dim=None, keepdim=False) -> MinAndMax:
    """The smallest and the largest element over ``dim``: a named (min, max).

    >>> from autograd import tensor
    >>> aminmax(tensor([3.0, 1.0, 2.0])).max
    tensor(3.)
    """
    nonempty(require_tensor("aminmax", input), dim, "aminmax")
    return return_types.aminmax(amin(input, dim, keepdim), amax(input, dim, keepdim))


def _extreme(input, dim, keepdim, axis, keepdims, name: str, whole, pair):
    if isinstance(dim, Tensor):
        return pair(input, dim)
    dim, keepdim = spelled(dim, axis, keepdim, keepdims)
    x = require_tensor(name, input)
    if dim is None:
        return whole(x)
    indices = _arg(x, dim, keepdim, "arg" + name)
    named = getattr(return_types, name)
    return named(pick(x, wrap_dim(dim, x.ndim), indices, keepdim) if x.ndim else whole(x), indices)


@with_out
def max(input, dim=None, keepdim=False, *, axis=None, keepdims=False):
    """The largest element (equal ones share the gradient); with ``dim`` a named (values, indices), the gradient going
    to the first of equals; with a tensor the elementwise :func:`maximum`.

    >>> from autograd import tensor
    >>> max(tensor([[1.0, 5.0], [7.0, 2.0]]), 1).indices
    tensor([1, 0])
    """
    return _extreme(input, dim, keepdim, axis, keepdims, "max", amax, choice.maximum)


@with_out
def min(input, dim=None, keepdim=False, *, axis=None, keepdims=False):
    """The smallest element, or with ``dim`` a named (values, indices); as :func:`max`.

    >>> from autograd import tensor
    >>> min(tensor([[1.0, 5.0], [7.0, 2.0]]), 1).values
    tensor([1., 2.])
    """
    return _extreme(input, dim, keepdim, axis, keepdims, "min", amin, choice.minimum)


def _arg(x: Tensor, dim, keepdim: bool, name: str) -> Tensor:
    nonempty(require_tensor(name, x), dim, name)
    dims, kept, result = dims_of(x._array.shape, dim, keepdim)
    y = empty(kept, dtypes.int64)
    getattr(K, name)(y, x._array, dims)
    return wrap(y if result is kept else y.view(result))


def numbers(op: str, x) -> Tensor:
    """The input, which must not be of bools."""
    if require_tensor(op, x).dtype is dtypes.bool_:
        raise not_implemented(op, x.dtype)
    return x


@with_out
def argmax(input, dim=None, keepdim=False, *, axis=None, keepdims=False) -> Tensor:
    """The position of the largest element along ``dim`` (or in the flattened input): the first of equals.

    >>> from autograd import tensor
    >>> argmax(tensor([1.0, 5.0, 5.0]))
    tensor(1)
    """
    dim, keepdim = spelled(dim, axis, keepdim, keepdims)
    return _arg(numbers("argmax", input), dim, keepdim, "argmax")


@with_out
def argmin(input, dim=None, keepdim=False, *, axis=None, keepdims=False) -> Tensor:
    """The position of the smallest element along ``dim`` (or in the flattened input): the first of equals.

    >>> from autograd import tensor
    >>> argmin(tensor([4.0, 1.0, 1.0]))
    tensor(1)
    """
    dim, keepdim = spelled(dim, axis, keepdim, keepdims)
    return _arg(numbers("argmin", input), dim, keepdim, "argmin")


__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "max", "min"]
METHODS = __all__
