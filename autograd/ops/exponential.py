"""Powers, roots, exponentials, logarithms and the error function.

>>> from autograd import tensor
>>> x = tensor([1.0, 4.0], requires_grad=True)
>>> sqrt(x)
tensor([1., 2.], grad_fn=<SqrtBackward0>)
"""

from __future__ import annotations

import math

from ..data import tensor
from ..op import Binary, Unary, function, require_tensor, result_type
from ..out import with_out
from ..tensor import Tensor
from .arithmetic import guarded_div, guarded_mul
from .choice import where
from .operands import operand

# --- powers and roots -------------------------------------------------------------------------------------------------


class Sqrt(Unary):
    """y = sqrt(x)
    dL/dx = g / (2 * y)

    >>> sqrt(tensor([4.0, 9.0]))
    tensor([2., 3.])
    """

    fused = {"x": "sqrt_grad g y"}

    def dx(g, y):
        return guarded_div(g, y * 2.0)


class Rsqrt(Unary):
    """y = 1 / sqrt(x)
    dL/dx = g * (-y * y * y / 2)

    >>> rsqrt(tensor([4.0, 0.25]))
    tensor([0.5000, 2.0000])
    """

    def dx(g, y):
        return guarded_mul(g, y * y * y * -0.5)


class Reciprocal(Unary):
    """y = 1 / x
    dL/dx = g * (-y * y)

    >>> reciprocal(tensor([4.0, 0.5]))
    tensor([0.2500, 2.0000])
    """

    def dx(g, y):
        return guarded_mul(g, -(y * y))


class PowScalar(Unary):
    """y = x ** p
    dL/dx = g * (p * x ** (p - 1))"""

    params = ("p",)
    backward_name = "PowBackward0"

    def dx(g, x, p):
        if p == 0:
            return g * 0.0
        return guarded_mul(g, pow(x, p - 1) * p)


class RpowScalar(Unary):
    """y = p ** x
    dL/dx = g * (y * log(p))"""

    params = ("p",)
    backward_name = "PowBackward1"

    def dx(g, y, p):
        return g * (y * (math.log(p) if p > 0 else -math.inf if p == 0 else math.nan)) if p else g * 0.0


class Pow(Binary):
    """y = a ** b
    dL/da = g * (b * a ** (b - 1))
    dL/db = g * (y * log(a))"""

    def da(g, a, b):
        return guarded_mul(g, where(b == 0.0, 0.0, b * pow(a, b - 1.0)))

    def db(g, a, b, y):
        return g * where((a == 0.0) & (b >= 0.0), 0.0, guarded_mul(y, log(a)))


# --- exponentials and logarithms --------------------------------------------------------------------------------------


class Exp(Unary):
    """y = exp(x)
    dL/dx = g * y

    >>> exp(tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """

    fused = {"x": "mul g y"}

    def dx(g, y):
        return g * y


class Log(Unary):
    """y = log(x)
    dL/dx = g / x

    >>> log(tensor([1.0, 2.0]))
    tensor([0.0000, 0.6931])
    """

    fused = {"x": "guarded_div g x"}

    def dx(g, x):
        return guarded_div(g, x)


class Erf(Unary):
    """y = erf(x)
    dL/dx = g * (2 / sqrt(pi) * exp(-x * x))

    >>> erf(tensor([0.0, 1.0]))
    tensor([0.0000, 0.8427])
    """

    fused = {"x": "erf_grad g x"}

    def dx(g, x):
        return g * (exp(-(x * x)) * (2 / math.sqrt(math.pi)))


# --- functions --------------------------------------------------------------------------------------------------------

sqrt = function(Sqrt)
rsqrt = function(Rsqrt)
reciprocal = function(Reciprocal)
exp = function(Exp)
log = function(Log)
erf = function(Erf)


@with_out
def pow(input, exponent) -> Tensor:
    """input ** exponent.

    >>> pow(tensor([2.0, 3.0]), 2), pow(2, tensor([1.0, 3.0]))
    (tensor([4., 9.]), tensor([2., 8.]))
    """
    exponent = operand(exponent, "pow")
    if isinstance(exponent, Tensor):
        if isinstance(input, Tensor):
            return _integer_pow(input, exponent)
        input = operand(input, "pow")
        d = result_type(exponent, input)
        if d.is_floating_point:
            return RpowScalar.apply(exponent.to(d), float(input))
        return _integer_pow(tensor(input, dtype=d), exponent)
    d = result_type(require_tensor("pow", input), exponent)
    if d.is_floating_point:
        return PowScalar.apply(input.to(d), float(exponent))
    return _integer_pow(input.to(d), tensor(exponent, dtype=d))


def _integer_pow(a: Tensor, b: Tensor) -> Tensor:
    if not result_type(a, b).is_floating_point and (b._array.numpy() < 0).any():
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return Pow.apply(a, b)


__all__ = ["erf", "exp", "log", "pow", "reciprocal", "rsqrt", "sqrt"]
METHODS = __all__
IN_PLACE = ["erf", "exp", "log", "pow", "reciprocal", "rsqrt", "sqrt"]
