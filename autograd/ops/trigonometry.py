"""Trigonometric and hyperbolic functions; angles are in radians.

>>> from autograd import tensor
>>> x = tensor([0.0, 1.0], requires_grad=True)
>>> sin(x)
tensor([0.0000, 0.8415], grad_fn=<SinBackward0>)
"""

from __future__ import annotations

import math

from ..op import Binary, Unary, function, require_tensor
from ..out import with_out
from ..tensor import Tensor
from .arithmetic import MulScalar, guarded_div, guarded_mul
from .choice import where
from .exponential import rsqrt
from .operands import function_of_two

# --- trigonometric ----------------------------------------------------------------------------------------------------


class Sin(Unary):
    """y = sin(x)
    dL/dx = g * cos(x)

    >>> sin(tensor([0.0, 1.0]))
    tensor([0.0000, 0.8415])
    """

    fused = {"x": "sin_grad g x"}

    def dx(g, x):
        return g * cos(x)


class Cos(Unary):
    """y = cos(x)
    dL/dx = -g * sin(x)

    >>> cos(tensor([0.0, 1.0]))
    tensor([1.0000, 0.5403])
    """

    fused = {"x": "cos_grad g x"}

    def dx(g, x):
        return -g * sin(x)


class Tan(Unary):
    """y = tan(x)
    dL/dx = g * (1 + y * y)

    >>> tan(tensor([0.0, 1.0]))
    tensor([0.0000, 1.5574])
    """

    def dx(g, y):
        return g * (y * y + 1.0)


class Asin(Unary):
    """y = arcsin(x), NaN outside [-1, 1]
    dL/dx = g / sqrt(1 - x * x)

    >>> asin(tensor([0.0, 1.0]))
    tensor([0.0000, 1.5708])
    """

    def dx(g, x):
        return guarded_mul(g, rsqrt(1.0 - x * x))


class Acos(Unary):
    """y = arccos(x), NaN outside [-1, 1]
    dL/dx = -g / sqrt(1 - x * x)

    >>> acos(tensor([0.0, 1.0]))
    tensor([1.5708, 0.0000])
    """

    def dx(g, x):
        return guarded_mul(g, -rsqrt(1.0 - x * x))


class Atan(Unary):
    """y = arctan(x)
    dL/dx = g / (1 + x * x)

    >>> atan(tensor([0.0, 1.0]))
    tensor([0.0000, 0.7854])
    """

    def dx(g, x):
        return g / (x * x + 1.0)


class Atan2(Binary):
    """y = the angle of the point (b, a), in [-pi, pi]
    dL/da = g * b / (a * a + b * b), 0 at (0, 0)
    dL/db = -g * a / (a * a + b * b), 0 at (0, 0)

    >>> atan2(tensor([0.0, 1.0]), tensor([-1.0, 1.0]))
    tensor([3.1416, 0.7854])
    """

    integers = False

    def da(g, a, b):
        return guarded_mul(g, b / _squared_length(a, b))

    def db(g, a, b):
        return guarded_mul(g, -a / _squared_length(a, b))


def _squared_length(a: Tensor, b: Tensor) -> Tensor:
    """Of (a, b), infinity where it is 0."""
    d = a * a + b * b
    return where(d == 0.0, math.inf, d)


class Sinc(Unary):
    """y = sin(pi * x) / (pi * x), 1 at 0
    dL/dx = g * (cos(pi * x) - y) / x, 0 at 0

    >>> sinc(tensor([0.0, 0.5]))
    tensor([1.0000, 0.6366])
    """

    def dx(g, x, y):
        at_zero = x == 0.0
        return where(at_zero, 0.0, g * (cos(x * math.pi) - y) / where(at_zero, 1.0, x))


class Deg2Rad(MulScalar):
    """y = x * pi / 180
    dL/dx = g * pi / 180"""

    backward_name = "Deg2RadBackward0"


class Rad2Deg(MulScalar):
    """y = x * 180 / pi
    dL/dx = g * 180 / pi"""

    backward_name = "Rad2DegBackward0"


# --- hyperbolic -------------------------------------------------------------------------------------------------------


class Sinh(Unary):
    """y = sinh(x)
    dL/dx = g * cosh(x)

    >>> sinh(tensor([0.0, 1.0]))
    tensor([0.0000, 1.1752])
    """

    def dx(g, x):
        return g * cosh(x)


class Cosh(Unary):
    """y = cosh(x)
    dL/dx = g * sinh(x)

    >>> cosh(tensor([0.0, 1.0]))
    tensor([1.0000, 1.5431])
    """

    def dx(g, x):
        return g * sinh(x)


class Tanh(Unary):
    """y = tanh(x)
    dL/dx = g * (1 - y * y)

    >>> tanh(tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """

    fused = {"x": "tanh_grad g y"}

    def dx(g, y):
        return g * (1.0 - y * y)


class Asinh(Unary):
    """y = arsinh(x)
    dL/dx = g / sqrt(x * x + 1)

    >>> asinh(tensor([0.0, 1.0]))
    tensor([0.0000, 0.8814])
    """

    def dx(g, x):
        return g * rsqrt(x * x + 1.0)


class Acosh(Unary):
    """y = arcosh(x), NaN below 1
    dL/dx = g / sqrt(x * x - 1)

    >>> acosh(tensor([1.0, 2.0]))
    tensor([0.0000, 1.3170])
    """

    def dx(g, x):
        return guarded_mul(g, rsqrt(x * x - 1.0))


class Atanh(Unary):
    """y = artanh(x), NaN outside [-1, 1]
    dL/dx = g / (1 - x * x)

    >>> atanh(tensor([0.0, 0.5]))
    tensor([0.0000, 0.5493])
    """

    def dx(g, x):
        return guarded_div(g, 1.0 - x * x)


# --- functions --------------------------------------------------------------------------------------------------------

sin = function(Sin)
cos = function(Cos)
tan = function(Tan)
asin = arcsin = function(Asin)
acos = arccos = function(Acos)
atan = arctan = function(Atan)
atan2 = arctan2 = function_of_two(Atan2)
sinc = function(Sinc)
sinh = function(Sinh)
cosh = function(Cosh)
tanh = function(Tanh)
asinh = arcsinh = function(Asinh)
acosh = arccosh = function(Acosh)
atanh = arctanh = function(Atanh)


@with_out
def deg2rad(input: Tensor) -> Tensor:
    """Degrees in radians.

    >>> deg2rad(tensor([90.0, 180.0]))
    tensor([1.5708, 3.1416])
    """
    return Deg2Rad.apply(require_tensor("deg2rad", input), math.pi / 180)


@with_out
def rad2deg(input: Tensor) -> Tensor:
    """Radians in degrees.

    >>> rad2deg(tensor([math.pi]))
    tensor([180.])
    """
    return Rad2Deg.apply(require_tensor("rad2deg", input), 180 / math.pi)


__all__ = [
    "acos", "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "asin", "asinh", "atan",
    "atan2", "atanh", "cos", "cosh", "deg2rad", "rad2deg", "sin", "sinc", "sinh", "tan", "tanh",
]  # fmt: skip
METHODS = __all__
IN_PLACE = __all__
