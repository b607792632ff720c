"""Rounding, and division that rounds.

>>> from autograd import tensor
>>> x = tensor([-1.5, 0.5, 2.5])
>>> floor(x), round(x)
(tensor([-2.,  0.,  2.]), tensor([-2.,  0.,  2.]))

Between its steps a rounded value is constant, so the gradients are 0. Integers are whole already and are copied.
"""

from __future__ import annotations

from .. import dtypes
from ..backend import K
from ..errors import not_implemented
from ..op import Binary, Unary, function, require_tensor, result_type
from ..out import with_out
from ..storage import fresh
from ..tensor import Tensor, wrap
from .operands import pair


def zero_gradient(g: Tensor) -> Tensor:
    """Zeros like g, also where g is infinite or NaN."""
    y = fresh(g._array.layout.packed)
    K.fill(y, 0.0)
    return wrap(y)


class Rounding(Unary, abstract=True):
    """y = x rounded in some way
    dL/dx = 0"""

    @classmethod
    def apply(cls, x: Tensor, *params) -> Tensor:
        if x.dtype is dtypes.bool_:
            raise not_implemented(cls.kernel, x.dtype)
        return super().apply(x, *params) if x.dtype.is_floating_point else x.clone()

    def dx(g):
        return zero_gradient(g)


class Floor(Rounding):
    """y = the largest integer not above x
    dL/dx = 0

    >>> floor(tensor([-1.5, 1.5]))
    tensor([-2.,  1.])
    """


class Ceil(Rounding):
    """y = the smallest integer not below x
    dL/dx = 0

    >>> ceil(tensor([-1.5, 1.5]))
    tensor([-1.,  2.])
    """


class Trunc(Rounding):
    """y = x without its fraction
    dL/dx = 0

    >>> trunc(tensor([-1.5, 1.5]))
    tensor([-1.,  1.])
    """


class Round(Rounding):
    """y = the nearest multiple of 10 ** -decimals, the even one of two as near
    dL/dx = 0"""

    params = ("decimals",)


class Frac(Unary):
    """y = x - trunc(x)
    dL/dx = g

    >>> frac(tensor([-1.5, 1.25]))
    tensor([-0.5000,  0.2500])
    """

    fused = {"x": "g"}

    @classmethod
    def apply(cls, x: Tensor) -> Tensor:
        if not x.dtype.is_floating_point:
            raise not_implemented("frac", x.dtype)
        return super().apply(x)

    def dx(g):
        return g


class FloorDivide(Binary):
    """y = floor(a / b)
    dL/da = 0
    dL/db = 0"""

    backward_name = "DivBackward2"

    def da(g):
        return zero_gradient(g)

    def db(g):
        return zero_gradient(g)


class TruncDivide(FloorDivide):
    """y = trunc(a / b)
    dL/da = 0
    dL/db = 0"""

    kernel = "trunc_divide"
    backward_name = "DivBackward2"


class Remainder(Binary):
    """y = a - b * floor(a / b)
    dL/da = g
    dL/db = -g * floor(a / b)"""

    fused = {"a": "g"}

    def da(g):
        return g

    def db(g, a, b):
        return -g * floor_divide(a, b)


class Fmod(Binary):
    """y = a - b * trunc(a / b)
    dL/da = g
    dL/db = -g * trunc(a / b)"""

    fused = {"a": "g"}

    def da(g):
        return g

    def db(g, a, b):
        return -g * trunc_divide(a, b)


# --- functions --------------------------------------------------------------------------------------------------------

floor = function(Floor)
ceil = function(Ceil)
trunc = fix = function(Trunc)
frac = function(Frac)


@with_out
def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """The nearest number with so many decimals (tens and hundreds for negative ones); halves go to the even one.

    >>> round(tensor([0.5, 1.5, 2.345])), round(tensor([2.345]), decimals=1)
    (tensor([0., 2., 2.]), tensor([2.3000]))
    """
    if decimals and not require_tensor("round", input).dtype.is_floating_point:
        raise not_implemented("round", input.dtype)
    return Round.apply(require_tensor("round", input), decimals)


def _dividing(op: type[Binary], name: str, input, other) -> Tensor:
    """An op of operands that can be divided."""
    a, b = pair(input, other, name)
    d = result_type(a, b)
    if d is dtypes.bool_:
        raise not_implemented(name, d)
    if not d.is_floating_point and not b._array.numpy().all():
        raise RuntimeError(f"ZeroDivisionError: {name} of integers by zero")
    return op.apply(a, b)


@with_out
def floor_divide(input, other) -> Tensor:
    """The largest integers not above input / other.

    >>> floor_divide(tensor([-7, 7]), 2)
    tensor([-4,  3])
    """
    return _dividing(FloorDivide, "floor_divide", input, other)


def trunc_divide(input, other) -> Tensor:
    """input / other without its fraction."""
    return _dividing(TruncDivide, "div", input, other)


@with_out
def remainder(input, other) -> Tensor:
    """The remainder with the sign of the divisor, as Python's %.

    >>> remainder(tensor([-7, 7]), 3)
    tensor([2, 1])
    """
    return _dividing(Remainder, "remainder", input, other)


@with_out
def fmod(input: Tensor, other) -> Tensor:
    """The remainder with the sign of the dividend, as C's fmod.

    >>> fmod(tensor([-7, 7]), 3)
    tensor([-1,  1])
    """
    return _dividing(Fmod, "fmod", require_tensor("fmod", input), other)


__all__ = ["ceil", "fix", "floor", "floor_divide", "fmod", "frac", "remainder", "round", "trunc"]
METHODS = __all__
IN_PLACE = __all__
