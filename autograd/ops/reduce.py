"""Reductions: many numbers in, one out, over any dims.

>>> from autograd import tensor
>>> x = tensor([[1.0, 2.0], [3.0, 4.0]])
>>> sum(x, 0), mean(x, (0, 1), keepdim=True)
(tensor([4., 6.]), tensor([[2.5000]]))

``dim`` is an int, several, or None for all; ``axis`` and ``keepdims`` are accepted too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import dtypes
from ..backend import K
from ..backprop import copied
from ..errors import wrap_dim
from ..op import Op, record, require_tensor
from ..out import with_out
from ..storage import Array, empty
from ..tensor import Tensor, wrap
from . import choice
from .arithmetic import guarded_mul

_dims_cache: dict[tuple, tuple] = {}


def _dims(shape: tuple, dim: Any, keepdim: bool) -> tuple[tuple, tuple, tuple]:
    """(dims reduced, counted from the front; the shape kept; the shape of the result)."""
    key = (shape, dim, keepdim) if type(dim) is not list else (shape, tuple(dim), keepdim)
    found = _dims_cache.get(key)
    if found is not None:
        return found
    ndim = len(shape)
    if dim is None or dim == () or dim == []:
        dims = tuple(range(ndim))
    else:
        dims = tuple(sorted(wrap_dim(int(d), ndim) for d in ((dim,) if hasattr(dim, "__index__") else dim)))
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"dim appears multiple times in the list of dims: {dim}")
    if ndim == 0:
        dims = ()
    kept = tuple(n for d, n in enumerate(shape) if d not in dims)
    result = tuple(1 if d in dims else n for d, n in enumerate(shape)) if keepdim else kept
    if len(_dims_cache) > 10_000:
        _dims_cache.clear()
    _dims_cache[key] = (dims, kept, result)
    return dims, kept, result


class Reduction(Op, abstract=True):
    """y = f(x) over dims, by the kernel of the op's name."""

    params: tuple[str, ...] = ("dims", "keepdim")

    @classmethod
    def apply(cls, x: Tensor, dim, keepdim: bool, *params) -> Tensor:
        a = x._array
        dims, kept, result = _dims(a.shape, dim, keepdim)
        y: Array = empty(kept, a.dtype)
        getattr(K, cls.kernel)(y, a, dims, *params)
        if result is not kept:
            y = y.view(result)
        return record(cls, (x._edge,), (a, y), y, (dims, keepdim, *params))


def spread(y: Tensor, dims: tuple, keepdim: bool) -> Tensor:
    """A reduction's result (or its gradient) with the reduced dims back, of size 1, so that it broadcasts to x."""
    if keepdim:
        return y
    for d in dims:
        y = y.unsqueeze(d)
    return y


def _spread_array(g: Array, node, shape: tuple) -> Array:
    """g broadcast back over the reduced dims, by strides of 0: no memory is touched."""
    dims, keepdim = node.params[:2]
    own = iter(g.strides)
    strides = []
    for d in range(len(shape)):
        if d in dims:
            strides.append(0)
            if keepdim:
                next(own)
        else:
            strides.append(next(own))
    return g.view(shape, tuple(strides))


def _count(shape: tuple, dims: tuple) -> int:
    n = 1
    for d in dims:
        n *= shape[d]
    return n


class Sum(Reduction):
    """y = sum(x)
    dL/dx = g, spread over the reduced dims"""

    @staticmethod
    def backward(node, g):
        return (_spread_array(g, node, node.edges[0].layout.shape),)

    def dx(g, shape, dims, keepdim):
        return spread(g, dims, keepdim).expand(shape)


class Mean(Reduction):
    """y = sum(x) / n
    dL/dx = g / n, spread over the reduced dims"""

    @staticmethod
    def backward(node, g):
        shape = node.edges[0].layout.shape
        scaled = empty(g.shape, g.dtype)
        K.div_scalar(scaled, g, _count(shape, node.params[0]))
        return (_spread_array(scaled, node, shape),)

    def dx(g, shape, dims, keepdim):
        return spread(g / _count(shape, dims), dims, keepdim).expand(shape)


class Prod(Reduction):
    """y = prod(x)
    dL/dx = g * (the product of all other elements)"""

    def dx(g, x, y, dims, keepdim):
        x_zero = x == 0.0
        zeros = wrap(x_zero._array).to(x.dtype).sum(dims, keepdim=True)
        if not (zeros._array.numpy() > 0).any():
            return spread(g * y, dims, keepdim) / x
        return spread(g, dims, keepdim) * _product_of_others(x, dims)


def _product_of_others(x: Tensor, dims: tuple) -> Tensor:
    """For each element the product of the others along dims, without division."""
    from .shape import cat, ones_like_dim

    kept = [d for d in range(x.ndim) if d not in dims]
    moved = x.permute(*kept, *dims)
    flat = moved.reshape(*[x.shape[d] for d in kept], -1)
    n = flat.shape[-1]
    one = ones_like_dim(flat)
    before, after = [one], [one]
    for i in range(n - 1):
        before.append(before[-1] * flat[..., i : i + 1])
        after.append(after[-1] * flat[..., n - 1 - i : n - i])
    others = cat(before, -1) * cat(after[::-1], -1)
    order = kept + list(dims)
    return others.reshape(moved.shape).permute(*[order.index(d) for d in range(x.ndim)])


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


class Var(Reduction):
    """y = sum((x - mean(x)) ** 2) / (n - correction)
    dL/dx = g * 2 / (n - correction) * (x - mean(x))"""

    params = ("dims", "keepdim", "correction")

    def dx(g, x, dims, keepdim, correction):
        divisor = _count(x.shape, dims) - correction
        factor = 2.0 / divisor if divisor > 0 else float("nan")
        return spread(g * factor, dims, keepdim) * (x - x.mean(dims, keepdim=True))


class Logsumexp(Reduction):
    """y = log(sum(exp(x)))
    dL/dx = g * exp(x - y)"""

    def dx(g, x, y, dims, keepdim):
        return guarded_mul(spread(g, dims, keepdim), (x - _finite(spread(y, dims, keepdim))).exp())


def _finite(y: Tensor) -> Tensor:
    """y, but 0 where it is infinite: exp(-inf - -inf) would be NaN where the gradient is 0."""
    return choice.where(y == float("-inf"), 0.0, y)


class Pick(Op):
    """y = x at the positions index along dim
    dL/dx = g at those positions, else 0"""

    params = ("dim", "keepdim", "index")

    def dx(g, shape, dim, keepdim, index):
        from .index import scatter_add_zeros

        if keepdim:
            return scatter_add_zeros(g, shape, dim, index)
        return scatter_add_zeros(g.unsqueeze(dim), shape, dim, index.unsqueeze(dim))


# --- functions --------------------------------------------------------------------------------------------------------


def _float(input: Tensor, op: str, dtype=None) -> Tensor:
    x = require_tensor(op, input) if dtype is None else input.to(dtype)
    if not x._array.dtype.is_floating_point:
        raise RuntimeError(
            f"{op}(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {x.dtype.title}; convert it first, as in x.float()"
        )
    return x


def _dim(dim, axis, keepdim, keepdims) -> tuple[Any, bool]:
    return (dim if axis is None else axis), bool(keepdim or keepdims)


@with_out
def sum(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=False) -> Tensor:
    """The sum over ``dim``; of integers and bools as int64. The sum of nothing is 0.

    >>> from autograd import tensor
    >>> sum(tensor([[1, 2], [3, 4]]), dim=1)
    tensor([3, 7])
    """
    x = require_tensor("sum", input)
    if dtype is not None:
        x = x.to(dtype)
    elif x._array.dtype.category < 2:
        x = x.to(dtypes.int64)
    return Sum.apply(x, *_dim(dim, axis, keepdim, keepdims))


@with_out
def mean(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=False) -> Tensor:
    """The mean over ``dim``; of nothing NaN.

    >>> from autograd import tensor
    >>> mean(tensor([1.0, 2.0, 6.0]))
    tensor(3.)
    """
    return Mean.apply(_float(input, "mean", dtype), *_dim(dim, axis, keepdim, keepdims))


@with_out
def prod(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=False) -> Tensor:
    """The product over ``dim``; of nothing 1. Its gradient is exact where elements are 0.

    >>> from autograd import tensor
    >>> prod(tensor([2.0, 3.0, 4.0]))
    tensor(24.)
    """
    x = require_tensor("prod", input)
    if dtype is not None:
        x = x.to(dtype)
    elif x._array.dtype.category < 2:
        x = x.to(dtypes.int64)
    return Prod.apply(x, *_dim(dim, axis, keepdim, keepdims))


def _nonempty(x: Tensor, dim, op: str) -> None:
    dims, _, _ = _dims(x._array.shape, dim, False)
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
    dim, keepdim = _dim(dim, axis, keepdim, keepdims)
    _nonempty(require_tensor("amax", input), dim, "amax")
    return Amax.apply(input, dim, keepdim)


@with_out
def amin(input, dim=None, keepdim=False, *, axis=None, keepdims=False) -> Tensor:
    """The smallest element over ``dim``; equal ones share the gradient; NaN wins.

    >>> from autograd import tensor
    >>> amin(tensor([[1.0, 5.0], [7.0, 2.0]]), 1)
    tensor([1., 2.])
    """
    dim, keepdim = _dim(dim, axis, keepdim, keepdims)
    _nonempty(require_tensor("amin", input), dim, "amin")
    return Amin.apply(input, dim, keepdim)


class ValuesAndIndices(NamedTuple):
    values: Tensor
    indices: Tensor


def _extreme(input, dim, keepdim, axis, keepdims, name: str, whole, pair):
    if isinstance(dim, Tensor):
        return pair(input, dim)
    dim, keepdim = _dim(dim, axis, keepdim, keepdims)
    x = require_tensor(name, input)
    if dim is None:
        return whole(x)
    indices = _arg(x, dim, keepdim, "arg" + name)
    dim = wrap_dim(dim, x.ndim)
    if x.ndim == 0:
        return ValuesAndIndices(whole(x), indices)
    a, index = x._array, indices._array
    position = index if keepdim else index.view(*_insert(index, dim))
    y = empty(index.shape, a.dtype)
    K.gather(y if keepdim else y.view(*_insert(y, dim)), a, dim, position)
    return ValuesAndIndices(record(Pick, (x._edge,), (a, y), y, (dim, keepdim, wrap(copied(index)))), indices)


def _insert(a: Array, dim: int) -> tuple[tuple, None]:
    """Shape (and packed strides) of a with a dim of size 1 at dim."""
    shape = a.shape[:dim] + (1,) + a.shape[dim:]
    return shape, None


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
    _nonempty(require_tensor(name, x), dim, name)
    dims, kept, result = _dims(x._array.shape, dim, keepdim)
    y = empty(kept, dtypes.int64)
    getattr(K, name)(y, x._array, dims)
    return wrap(y if result is kept else y.view(result))


@with_out
def argmax(input, dim=None, keepdim=False, *, axis=None, keepdims=False) -> Tensor:
    """The position of the largest element along ``dim`` (or in the flattened input): the first of equals.

    >>> from autograd import tensor
    >>> argmax(tensor([1.0, 5.0, 5.0]))
    tensor(1)
    """
    dim, keepdim = _dim(dim, axis, keepdim, keepdims)
    return _arg(input, dim, keepdim, "argmax")


@with_out
def argmin(input, dim=None, keepdim=False, *, axis=None, keepdims=False) -> Tensor:
    """The position of the smallest element along ``dim`` (or in the flattened input): the first of equals.

    >>> from autograd import tensor
    >>> argmin(tensor([4.0, 1.0, 1.0]))
    tensor(1)
    """
    dim, keepdim = _dim(dim, axis, keepdim, keepdims)
    return _arg(input, dim, keepdim, "argmin")


@with_out
def var(input, dim=None, unbiased=None, keepdim=False, *, correction=1, axis=None, keepdims=False) -> Tensor:
    """The variance over ``dim``, divided by n - correction (Bessel's correction by default).

    >>> from autograd import tensor
    >>> var(tensor([1.0, 2.0, 3.0]))
    tensor(1.)
    """
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None:
        correction = int(unbiased)
    dim, keepdim = _dim(dim, axis, keepdim, keepdims)
    x = _float(input, "var")
    dims, _, _ = _dims(x._array.shape, dim, keepdim)
    if _count(x._array.shape, dims) - correction <= 0:
        import warnings

        warnings.warn(
            f"var(): degrees of freedom is <= 0: {_count(x._array.shape, dims)} elements with correction {correction}",
            stacklevel=2,
        )
    return Var.apply(x, dim, keepdim, float(correction))


@with_out
def std(input, dim=None, unbiased=None, keepdim=False, *, correction=1, axis=None, keepdims=False) -> Tensor:
    """The standard deviation over ``dim``; its gradient is 0 where all elements are equal.

    >>> from autograd import tensor
    >>> std(tensor([1.0, 2.0, 3.0]))
    tensor(1.)
    """
    v = var(input, dim, unbiased, keepdim, correction=correction, axis=axis, keepdims=keepdims)
    return Std.apply(v)


class Std(Op):
    """y = sqrt(v), v a variance
    dL/dv = g / (2 * y), 0 where y is 0"""

    inputs = ("v",)

    @classmethod
    def apply(cls, v: Tensor) -> Tensor:
        a = v._array
        y = empty(a.shape, a.dtype)
        K.sqrt(y, a)
        return record(cls, (v._edge,), (a, y), y)

    def dv(g, y):
        return choice.where(y == 0.0, 0.0, g / (y * 2.0))


@with_out
def logsumexp(input, dim, keepdim=False, *, axis=None, keepdims=False) -> Tensor:
    """log(sum(exp(input))) over ``dim``, without overflow.

    >>> from autograd import tensor
    >>> logsumexp(tensor([1000.0, 1000.0]), 0)
    tensor(1000.6932)
    """
    x = require_tensor("logsumexp", input)
    if not x._array.dtype.is_floating_point:
        x = x.to(dtypes.get_default_dtype())
    return Logsumexp.apply(x, *_dim(dim, axis, keepdim, keepdims))


def _test(name: str, doc: str):
    def f(input, dim=None, keepdim=False, *, axis=None, keepdims=False) -> Tensor:
        dim, keepdim = _dim(dim, axis, keepdim, keepdims)
        x = require_tensor(name, input)._array
        dims, kept, result = _dims(x.shape, dim, keepdim)
        y = empty(kept, dtypes.bool_)
        getattr(K, name)(y, x, dims)
        return wrap(y if result is kept else y.view(result))

    f.__name__ = f.__qualname__ = name
    f.__doc__ = doc
    return with_out(f)


all = _test("all", "Whether all elements over ``dim`` are non-zero; of nothing True.")
any = _test("any", "Whether some element over ``dim`` is non-zero; of nothing False.")

__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "logsumexp", "max", "mean", "min", "prod", "std", "sum", "var",
]  # fmt: skip
METHODS = __all__
