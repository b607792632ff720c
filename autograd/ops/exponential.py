"""Powers, roots, exponentials, logarithms and the error function.

>>> from autograd import tensor
>>> x = tensor([1.0, 4.0], requires_grad=True)
>>> sqrt(x)
tensor([1., 2.], grad_fn=<SqrtBackward0>)
"""

from __future__ import annotations

import math

from .. import dtypes
from ..data import tensor
from ..errors import not_implemented
from ..op import Binary, Unary, function, require_tensor, result_type
from ..out import with_out
from ..tensor import Tensor
from .arithmetic import guarded_div, guarded_mul
from .choice import where
from .operands import function_of_two, operand

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


class Exp2(Unary):
    """y = 2 ** x
    dL/dx = g * (y * log(2))

    >>> exp2(tensor([0.0, 3.0]))
    tensor([1., 8.])
    """

    def dx(g, y):
        return g * (y * math.log(2))


class Expm1(Unary):
    """y = exp(x) - 1, exact to the last digits where x is small
    dL/dx = g * (y + 1)

    >>> expm1(tensor([0.0, 1e-10]))
    tensor([0.0000e+00, 1.0000e-10])
    """

    def dx(g, y):
        return g * (y + 1.0)


class Log1p(Unary):
    """y = log(1 + x), exact to the last digits where x is small
    dL/dx = g / (1 + x)

    >>> log1p(tensor([0.0, 1e-10]))
    tensor([0.0000e+00, 1.0000e-10])
    """

    backward_name = "Log1PBackward0"

    def dx(g, x):
        return guarded_div(g, x + 1.0)


class Log2(Unary):
    """y = log(x) / log(2)
    dL/dx = g / (x * log(2))

    >>> log2(tensor([1.0, 8.0]))
    tensor([0., 3.])
    """

    def dx(g, x):
        return guarded_div(g, x * math.log(2))


class Log10(Unary):
    """y = log(x) / log(10)
    dL/dx = g / (x * log(10))

    >>> log10(tensor([1.0, 20.0]))
    tensor([0.0000, 1.3010])
    """

    def dx(g, x):
        return guarded_div(g, x * math.log(10))


class Logaddexp(Binary):
    """y = log(exp(a) + exp(b)), without overflow
    dL/da = g * sigmoid(a - b)
    dL/db = g * sigmoid(b - a)

    >>> logaddexp(tensor([100.0]), tensor([100.0]))
    tensor([100.6931])
    """

    def da(g, a, b):
        return g * (a - b).sigmoid()

    def db(g, a, b):
        return g * (b - a).sigmoid()


class Logaddexp2(Binary):
    """y = log2(2 ** a + 2 ** b), without overflow
    dL/da = g * sigmoid((a - b) * log(2))
    dL/db = g * sigmoid((b - a) * log(2))

    >>> logaddexp2(tensor([1000.0]), tensor([1000.0]))
    tensor([1001.])
    """

    def da(g, a, b):
        return g * ((a - b) * math.log(2)).sigmoid()

    def db(g, a, b):
        return g * ((b - a) * math.log(2)).sigmoid()


class Xlogy(Binary):
    """y = a * log(b), 0 where a is 0
    dL/da = g * log(b), 0 where a = 0 and b <= 0
    dL/db = g * a / b

    >>> xlogy(tensor([0.0, 1.0]), tensor([0.0, 2.0]))
    tensor([0.0000, 0.6931])
    """

    integers = False

    def da(g, a, b):
        return where((a == 0.0) & (b <= 0.0), 0.0, xlogy(g, b))

    def db(g, a, b):
        return guarded_mul(g, a / b)


class Logit(Unary):
    """y = log(x / (1 - x)), of x between eps and 1 - eps where eps >= 0
    dL/dx = g / (x * (1 - x)), 0 outside [eps, 1 - eps]; without eps NaN outside [0, 1]"""

    params = ("eps",)

    def dx(g, x, eps):
        low, outside = (0.0, math.nan) if eps < 0 else (eps, 0.0)
        return where((x < low) | (x > 1.0 - low), outside, guarded_div(g, x * (1.0 - x)))


# --- the error function -----------------------------------------------------------------------------------------------


class Erf(Unary):
    """y = erf(x)
    dL/dx = g * (2 / sqrt(pi) * exp(-x * x))

    >>> erf(tensor([0.0, 1.0]))
    tensor([0.0000, 0.8427])
    """

    fused = {"x": "erf_grad g x"}

    def dx(g, x):
        return g * (exp(-(x * x)) * (2 / math.sqrt(math.pi)))


class Erfc(Unary):
    """y = 1 - erf(x), to all digits where that is small
    dL/dx = -g * (2 / sqrt(pi) * exp(-x * x))

    >>> erfc(tensor([0.0, 5.0]))
    tensor([1.0000e+00, 1.5375e-12])
    """

    def dx(g, x):
        return g * (exp(-(x * x)) * (-2 / math.sqrt(math.pi)))


class Erfinv(Unary):
    """y with erf(y) = x
    dL/dx = g * (sqrt(pi) / 2 * exp(y * y))

    >>> erfinv(tensor([0.0, 0.5, 1.0]))
    tensor([0.0000, 0.4769,    inf])
    """

    def dx(g, y):
        return guarded_mul(g, exp(y * y) * (math.sqrt(math.pi) / 2))


# --- functions --------------------------------------------------------------------------------------------------------

sqrt = function(Sqrt)
rsqrt = function(Rsqrt)
reciprocal = function(Reciprocal)
exp = function(Exp)
exp2 = function(Exp2)
expm1 = function(Expm1)
log = function(Log)
log1p = function(Log1p)
log2 = function(Log2)
log10 = function(Log10)
logaddexp = function_of_two(Logaddexp, integers=False)
logaddexp2 = function_of_two(Logaddexp2, integers=False)
xlogy = function_of_two(Xlogy, numbers=("input", "other"))
erf = function(Erf)
erfc = function(Erfc)
erfinv = function(Erfinv)


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
    if d is dtypes.bool_:
        return input | (not exponent)
    return _integer_pow(input.to(d), tensor(exponent, dtype=d))


def _integer_pow(a: Tensor, b: Tensor) -> Tensor:
    d = result_type(a, b)
    if d is dtypes.bool_:
        raise not_implemented("pow", d)
    if not d.is_floating_point and (b._array.numpy() < 0).any():
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return Pow.apply(a, b)


@with_out
def float_power(input, exponent) -> Tensor:
    """input ** exponent in float64.

    >>> float_power(tensor([2, 3]), -1)
    tensor([0.5000, 0.3333], dtype=autograd.float64)
    """
    input, exponent = operand(input, "float_power"), operand(exponent, "float_power")
    if not (isinstance(input, Tensor) or isinstance(exponent, Tensor)):
        raise TypeError("float_power(): one argument must be Tensor: make one with autograd.tensor(...)")
    return pow(*[v.double() if isinstance(v, Tensor) else v for v in (input, exponent)])


@with_out
def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """log(input / (1 - input)), the inverse of sigmoid; with ``eps`` the input is clamped to [eps, 1 - eps].

    >>> logit(tensor([0.5, 0.8808]))
    tensor([0.0000, 2.0000])
    """
    return Logit.apply(require_tensor("logit", input), -1.0 if eps is None else eps)


__all__ = [
    "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "float_power", "log", "log1p", "log2", "log10", "logaddexp",
    "logaddexp2", "logit", "pow", "reciprocal", "rsqrt", "sqrt", "xlogy",
]  # fmt: skip
METHODS = __all__
IN_PLACE = [name for name in __all__ if not name.startswith("logaddexp")]
