"""Reductions: many numbers in, one out, over any dims.

>>> from autograd import tensor
>>> x = tensor([[1.0, 2.0], [3.0, 4.0]])
>>> sum(x, 0), mean(x, (0, 1), keepdim=True)
(tensor([4., 6.]), tensor([[2.5000]]))

``dim`` is an int, several, or None for all; ``axis`` and ``keepdims`` are accepted too.
"""

from __future__ import annotations

import warnings
from typing import Any

from .. import dtypes
from ..backend import K
from ..errors import wrap_dim
from ..op import Op, record, require_tensor
from ..out import with_out
from ..storage import Array, empty
from ..tensor import Tensor, wrap
from . import choice
from .arithmetic import guarded_mul
from .cast import To
from .join import cat, ones_like_dim
from .scan import Cumprod

_dims_cache: dict[tuple, tuple] = {}


def dims_of(shape: tuple, dim: Any, keepdim: bool) -> tuple[tuple, tuple, tuple]:
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
        dims, kept, result = dims_of(a.shape, dim, keepdim)
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
    kept = [d for d in range(x.ndim) if d not in dims]
    moved = x.permute(*kept, *dims)
    flat = moved.flatten(len(kept)) if dims else moved.unsqueeze(-1)
    one, n = ones_like_dim(flat), flat.shape[-1]
    before = cat([one, Cumprod.apply(flat.narrow(-1, 0, n - 1), -1)], -1)
    after = cat([Cumprod.apply(flat.narrow(-1, 1, n - 1), -1, True), one], -1)
    order = kept + list(dims)
    return (before * after).reshape(moved.shape).permute(*[order.index(d) for d in range(x.ndim)])


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


# --- functions --------------------------------------------------------------------------------------------------------


def floating(input: Tensor, op: str, dtype=None) -> Tensor:
    x = require_tensor(op, input) if dtype is None else input.to(dtype)
    if not x._array.dtype.is_floating_point:
        raise RuntimeError(
            f"{op}(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {x.dtype.title}; convert it first, as in x.float()"
        )
    return x


def spelled(dim, axis, keepdim, keepdims) -> tuple[Any, bool]:
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
    elif x._array.dtype.category < 2 and x._array.dtype is not dtypes.int64:
        x = To.apply(x, dtypes.int64)
    return Sum.apply(x, *spelled(dim, axis, keepdim, keepdims))


@with_out
def mean(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=False) -> Tensor:
    """The mean over ``dim``; of nothing NaN.

    >>> from autograd import tensor
    >>> mean(tensor([1.0, 2.0, 6.0]))
    tensor(3.)
    """
    return Mean.apply(floating(input, "mean", dtype), *spelled(dim, axis, keepdim, keepdims))


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
    elif x._array.dtype.category < 2 and x._array.dtype is not dtypes.int64:
        x = To.apply(x, dtypes.int64)
    return Prod.apply(x, *spelled(dim, axis, keepdim, keepdims))


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
    elif correction is None:
        correction = 1
    dim, keepdim = spelled(dim, axis, keepdim, keepdims)
    x = floating(input, "var")
    dims, _, _ = dims_of(x._array.shape, dim, keepdim)
    if _count(x._array.shape, dims) - correction <= 0:
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
    return Logsumexp.apply(x, *spelled(dim, axis, keepdim, keepdims))


@with_out
def var_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=1, axis=None, keepdims=False):
    """The variance and the mean over ``dim``, as :func:`var` and :func:`mean` give them.

    >>> from autograd import tensor
    >>> var_mean(tensor([1.0, 2.0, 3.0]))
    (tensor(1.), tensor(2.))
    """
    return _and_mean(var, input, dim, unbiased, keepdim, correction, axis, keepdims)


@with_out
def std_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=1, axis=None, keepdims=False):
    """The standard deviation and the mean over ``dim``, as :func:`std` and :func:`mean` give them.

    >>> from autograd import tensor
    >>> std_mean(tensor([1.0, 2.0, 3.0]))
    (tensor(1.), tensor(2.))
    """
    return _and_mean(std, input, dim, unbiased, keepdim, correction, axis, keepdims)


def _and_mean(spread_of, input, dim, unbiased, keepdim, correction, axis, keepdims) -> tuple[Tensor, Tensor]:
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    first = spread_of(input, dim, unbiased, keepdim, correction=correction, axis=axis, keepdims=keepdims)
    return first, mean(input, dim, keepdim, axis=axis, keepdims=keepdims)


@with_out
def nansum(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=False) -> Tensor:
    """The sum over ``dim`` of what is not NaN.

    >>> from autograd import tensor
    >>> nansum(tensor([1.0, float("nan"), 2.0]))
    tensor(3.)
    """
    x = require_tensor("nansum", input)
    return sum(_without_nan(x), dim, keepdim, dtype=dtype, axis=axis, keepdims=keepdims)


@with_out
def nanmean(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=False) -> Tensor:
    """The mean over ``dim`` of what is not NaN; where there is nothing else, NaN.

    >>> from autograd import tensor
    >>> nanmean(tensor([1.0, float("nan"), 2.0]))
    tensor(1.5000)
    """
    x = floating(input, "nanmean", dtype)
    dim, keepdim = spelled(dim, axis, keepdim, keepdims)
    return sum(_without_nan(x), dim, keepdim) / sum(x == x, dim, keepdim)


def _without_nan(x: Tensor) -> Tensor:
    return choice.where(x == x, x, 0) if x._array.dtype.is_floating_point else x


def count_nonzero(input, dim=None) -> Tensor:
    """How many elements over ``dim`` are not 0.

    >>> from autograd import tensor
    >>> count_nonzero(tensor([[0, 2], [3, 4]]), dim=0)
    tensor([1, 2])
    """
    return sum(require_tensor("count_nonzero", input) != 0, dim)


def _test(name: str, doc: str):
    def f(input, dim=None, keepdim=False, *, axis=None, keepdims=False) -> Tensor:
        dim, keepdim = spelled(dim, axis, keepdim, keepdims)
        x = require_tensor(name, input)._array
        dims, kept, result = dims_of(x.shape, dim, keepdim)
        y = empty(kept, dtypes.bool_)
        getattr(K, name)(y, x, dims)
        return wrap(y if result is kept else y.view(result))

    f.__name__ = f.__qualname__ = name
    f.__doc__ = doc
    return with_out(f)


all = _test("all", "Whether all elements over ``dim`` are non-zero; of nothing True.")
any = _test("any", "Whether some element over ``dim`` is non-zero; of nothing False.")

__all__ = [
    "all", "any", "count_nonzero", "logsumexp", "mean", "nanmean", "nansum", "prod", "std", "std_mean", "sum", "var",
    "var_mean",
]  # fmt: skip
METHODS = [n for n in __all__ if n not in ("std_mean", "var_mean")]
