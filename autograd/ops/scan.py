"""Scans: at each place the sum, product or maximum of what came before, and differences and areas between neighbours.

>>> from autograd import tensor
>>> x = tensor([1.0, 3.0, 2.0])
>>> cumsum(x, 0), cummax(x, 0).values, diff(x)
(tensor([1., 4., 6.]), tensor([1., 3., 3.]), tensor([ 2., -1.]))
"""

from __future__ import annotations

import math

import numpy as np

from .. import dtypes, return_types
from ..backend import K
from ..data import tensor
from ..errors import not_implemented, wrap_dim
from ..op import Op, record, require_tensor, require_tensors
from ..out import with_out
from ..return_types import ValuesAndIndices
from ..storage import fresh
from ..tensor import Tensor
from .choice import where
from .create import arange
from .index import pick
from .join import cat


class Scan(Op, abstract=True):
    """y[i] = f(x[0], ..., x[i]) along dim, by the kernel of the op's name; in reverse f(x[i], ..., x[n - 1])."""

    params = ("dim", "reverse")

    @classmethod
    def apply(cls, x: Tensor, dim: int, reverse: bool = False) -> Tensor:
        a = x._array
        y = fresh(a.layout.packed)
        getattr(K, cls.kernel)(y, a, dim, reverse)
        return record(cls, (x._edge,), (a, y), y, (dim, reverse))


class Cumsum(Scan):
    """y[i] = sum of x[j] over j <= i
    dL/dx[j] = sum of g[i] over i >= j"""

    def dx(g, dim, reverse):
        return Cumsum.apply(g, dim, not reverse)


class Cumprod(Scan):
    """y[i] = product of x[j] over j <= i
    dL/dx[j] = sum of g[i] * y[i] / x[j] over i >= j; where x has a 0, the product without x[j] for the quotient"""

    def dx(g, x, y, dim, reverse):
        if x._array.numpy().all():
            return Cumsum.apply(g * y, dim, not reverse) / x
        return _with_zeros(g.movedim(dim, -1), x.movedim(dim, -1), reverse).movedim(-1, dim)


def _with_zeros(g: Tensor, x: Tensor, reverse: bool) -> Tensor:
    """The gradient of a cumprod along the last dim without division: row j of a matrix has 1 in place of x[j]."""
    n = x.shape[-1]
    i = arange(n)
    j = i.unsqueeze(1)
    y = Cumprod.apply(where(i == j, 1.0, x.unsqueeze(-2)), x.ndim, reverse)
    return where(i <= j if reverse else i >= j, g.unsqueeze(-2) * y, 0.0).sum(-1)


class Logcumsumexp(Scan):
    """y[i] = log(sum of exp(x[j]) over j <= i)
    dL/dx[j] = sum of g[i] * exp(x[j] - y[i]) over i >= j"""

    def dx(g, x, y, dim, reverse):
        y = where(y == -math.inf, 0.0, y)  # exp(-inf - -inf) would be NaN where the gradient is 0

        def of(part: Tensor) -> Tensor:
            """The gradient from the positive elements, by way of logarithms, so that nothing overflows."""
            log = where(part > 0.0, where(part > 0.0, part, 1.0).log(), -math.inf)
            return (Logcumsumexp.apply(log - y, dim, not reverse) + x).exp()

        return of(g) - of(-g)


# --- functions --------------------------------------------------------------------------------------------------------


def _scan(op: type[Scan], input: Tensor, dim: int) -> Tensor:
    dim = wrap_dim(dim, input.ndim)
    return op.apply(input, dim) if input.ndim else op.apply(input.unsqueeze(0), dim).squeeze(0)


def _summable(input, op: str, dtype) -> Tensor:
    """The input in ``dtype``; without one, integers and bools as int64."""
    x = require_tensor(op, input)
    if dtype is None and not x._array.dtype.is_floating_point:
        dtype = dtypes.int64
    return x if dtype is None else x.to(dtype)


@with_out
def cumsum(input, dim, *, dtype=None) -> Tensor:
    """The sums of the elements up to each place along ``dim``; of integers and bools as int64.

    >>> cumsum(tensor([1, 2, 3]), 0)
    tensor([1, 3, 6])
    """
    return _scan(Cumsum, _summable(input, "cumsum", dtype), dim)


@with_out
def cumprod(input, dim, *, dtype=None) -> Tensor:
    """The products of the elements up to each place along ``dim``; of integers and bools as int64.

    >>> cumprod(tensor([2, 3, 4]), 0)
    tensor([ 2,  6, 24])
    """
    return _scan(Cumprod, _summable(input, "cumprod", dtype), dim)


@with_out
def logcumsumexp(input, dim) -> Tensor:
    """log(cumsum(exp(input))) along ``dim``, without overflow.

    >>> logcumsumexp(tensor([1000.0, 1000.0]), 0)
    tensor([1000.0000, 1000.6932])
    """
    if not require_tensor("logcumsumexp", input).is_floating_point():
        raise not_implemented("logcumsumexp", input.dtype)
    return _scan(Logcumsumexp, input, dim)


def _extreme(input, dim, op: str, largest: bool) -> tuple[Tensor, Tensor]:
    """The largest (or smallest) element up to each place, the last of equals, and where it is; NaN wins."""
    dim = wrap_dim(dim, require_tensor(op, input).ndim)
    values = np.atleast_1d(input._array.numpy())
    best = (np.maximum if largest else np.minimum).accumulate(values, dim)
    place = np.arange(values.shape[dim]).reshape(-1, *[1] * (values.ndim - 1 - dim))
    index = np.maximum.accumulate(np.where((values == best) | (values != values), place, 0), dim)
    indices = tensor(index.reshape(input.shape))
    return pick(input, dim, indices), indices


@with_out
def cummax(input, dim) -> ValuesAndIndices:
    """The largest element up to each place along ``dim`` and its position, the last of equals: a named (values,
    indices).

    >>> cummax(tensor([1.0, 3.0, 2.0]), 0).indices
    tensor([0, 1, 1])
    """
    return return_types.cummax(*_extreme(input, dim, "cummax", largest=True))


@with_out
def cummin(input, dim) -> ValuesAndIndices:
    """The smallest element up to each place along ``dim`` and its position; as :func:`cummax`.

    >>> cummin(tensor([3.0, 1.0, 2.0]), 0).values
    tensor([3., 1., 1.])
    """
    return return_types.cummin(*_extreme(input, dim, "cummin", largest=False))


# --- neighbours -------------------------------------------------------------------------------------------------------


def _neighbours(x: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """All elements along dim but the last, and all but the first."""
    n = max(x.shape[dim] - 1, 0)
    return x.narrow(dim, 0, n), x.narrow(dim, min(1, x.shape[dim]), n)


def diff(input, n=1, dim=-1, prepend=None, append=None) -> Tensor:
    """The differences of neighbours along ``dim``, taken n times; ``prepend`` and ``append`` are joined on before.

    >>> diff(tensor([1, 3, 6]))
    tensor([2, 3])
    """
    if require_tensor("diff", input).ndim == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional, but got a tensor of shape []")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n} (diff)")
    dim = wrap_dim(dim, input.ndim)
    for t in (prepend, append):
        if t is not None and t.ndim != input.ndim:
            raise RuntimeError(
                f"diff expects prepend or append to be the same dimension as input, but got shapes {list(t.shape)} "
                f"and {list(input.shape)}"
            )
    if n == 0:
        return input.clone()
    x = input if prepend is None and append is None else cat(
        [t for t in (prepend, input, append) if t is not None], dim
    )  # fmt: skip
    for _ in range(min(n, x.shape[dim])):
        before, after = _neighbours(x, dim)
        x = before != after if x.dtype is dtypes.bool_ else after - before
    return x


def trapezoid(y, x=None, *, dx=None, dim=-1) -> Tensor:
    """The area under y along ``dim`` by the trapezoidal rule, at the places x or at distances dx (1).

    >>> trapezoid(tensor([1.0, 2.0, 3.0]))
    tensor(4.)
    """
    require_tensors("trapezoid", y=y, **({} if x is None else {"x": x}))
    return _trapezoids(y, x, dx, dim, "trapezoid").sum(dim)


def trapz(y, x=None, *, dx=None, dim=-1) -> Tensor:
    """The older name of :func:`trapezoid`."""
    return trapezoid(y, x, dx=dx, dim=dim)


def cumulative_trapezoid(y, x=None, *, dx=None, dim=-1) -> Tensor:
    """The areas under y up to each place but the first, as :func:`trapezoid`.

    >>> cumulative_trapezoid(tensor([1.0, 2.0, 3.0]))
    tensor([1.5000, 4.0000])
    """
    require_tensors("cumulative_trapezoid", y=y, **({} if x is None else {"x": x}))
    return _trapezoids(y, x, dx, dim, "cumulative_trapezoid").cumsum(dim)


def _trapezoids(y, x, dx, dim: int, op: str) -> Tensor:
    """The area between each two neighbours along dim."""
    require_tensor(op, y, "y")
    if not y.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions ({op})")
    if dtypes.bool_ in (y.dtype, getattr(x, "dtype", None)):
        raise RuntimeError(f"{op}: received a bool input, but bool is not supported: convert it, as in y.float()")
    if x is not None and dx is not None:
        raise TypeError(f"{op}(): give the places x or their distance dx, not both")
    dim = wrap_dim(dim, y.ndim) - y.ndim
    before, after = _neighbours(y, dim)
    if x is None:
        return (before + after) * (0.5 if dx is None else dx / 2)
    if x.ndim == 1:
        x = x.reshape(-1, *[1] * (-1 - dim))
    if x.shape[dim] != y.shape[dim]:
        raise RuntimeError(
            f"{op}: There must be one `x` value for each sample point, but got x of shape {list(x.shape)} for y of "
            f"{list(y.shape)} along dim {dim}"
        )
    return (before + after) * diff(x, dim=dim) / 2


__all__ = [
    "cummax", "cummin", "cumprod", "cumsum", "cumulative_trapezoid", "diff", "logcumsumexp", "trapezoid", "trapz",
]  # fmt: skip
METHODS = ["cummax", "cummin", "cumprod", "cumsum", "diff", "logcumsumexp"]
IN_PLACE = ["cumprod", "cumsum"]
