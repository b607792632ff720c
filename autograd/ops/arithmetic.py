"""Sums, products, quotients, signs: for every element, with broadcasting and promotion.

>>> from autograd import tensor
>>> x = tensor([1.0, 4.0], requires_grad=True)
>>> y = x / 2 + 1
>>> y
tensor([1.5000, 3.0000], grad_fn=<AddBackward0>)

Each class is a row of the op table: what it computes, its derivative, what is saved (see :mod:`autograd.op`). Where
the gradient arriving is exactly 0 and the local factor is infinite or NaN, the guarded products send 0 on, so that
``where(x > 0, log(x), 0)`` has a finite gradient at 0; ``set_strict_ieee(True)`` gives NaN as IEEE arithmetic does.
"""

from __future__ import annotations

from .. import dtypes
from ..errors import not_implemented
from ..op import Binary, Unary, function, require_tensor, require_tensors, result_type
from ..out import with_out
from ..tensor import Tensor
from .choice import where
from .operands import function_of_two, operand, pair, with_scalar
from .rounding import floor_divide, trunc_divide, zero_gradient

# --- signs ------------------------------------------------------------------------------------------------------------


class Neg(Unary):
    """y = -x
    dL/dx = -g

    >>> neg(tensor([1.0, -2.0]))
    tensor([-1.,  2.])
    """

    integers = True
    fused = {"x": "neg g"}

    def dx(g):
        return -g


class Abs(Unary):
    """y = |x|
    dL/dx = g * sign(x)

    >>> abs(tensor([1.0, -2.0]))
    tensor([1., 2.])
    """

    integers = True
    fused = {"x": "abs_grad g x"}

    @classmethod
    def apply(cls, x: Tensor) -> Tensor:
        if x._array.dtype is dtypes.bool_:
            raise not_implemented("abs", dtypes.bool_)
        return super().apply(x)

    def dx(g, x):
        return g * sign(x)


class Sign(Unary):
    """y = sign(x), 0 at 0
    dL/dx = 0"""

    integers = True

    def dx(g):
        return zero_gradient(g)


# --- of two tensors ---------------------------------------------------------------------------------------------------


class Add(Binary):
    """y = a + b
    dL/da = g
    dL/db = g"""

    fused = {"a": "g", "b": "g"}

    def da(g):
        return g

    def db(g):
        return g


class Sub(Binary):
    """y = a - b
    dL/da = g
    dL/db = -g"""

    fused = {"a": "g", "b": "neg g"}

    def da(g):
        return g

    def db(g):
        return -g


class Mul(Binary):
    """y = a * b
    dL/da = g * b
    dL/db = g * a"""

    fused = {"a": "mul g b", "b": "mul g a"}

    def da(g, b):
        return g * b

    def db(g, a):
        return g * a


class Div(Binary):
    """y = a / b
    dL/da = g / b
    dL/db = g * (-y / b)"""

    integers = False
    fused = {"a": "guarded_div g b"}

    def da(g, b):
        return guarded_div(g, b)

    def db(g, a, b):  # from a, not y, so that y may be written to, as in PyTorch
        return guarded_mul(g, -(a / b) / b)


class GuardedMul(Binary):
    """y = a * b, but 0 where a is 0 and the product NaN
    dL/da = g * b
    dL/db = g * a"""

    backward_name = "MulBackward0"

    def da(g, b):
        return guarded_mul(g, b)

    def db(g, a):
        return g * a


class GuardedDiv(Binary):
    """y = a / b, but 0 where a is 0 and the quotient NaN
    dL/da = g / b
    dL/db = g * (-y / b)"""

    backward_name = "DivBackward0"

    def da(g, b):
        return guarded_div(g, b)

    def db(g, b, y):
        return guarded_mul(g, guarded_div(-y, b))


class Hypot(Binary):
    """y = sqrt(a * a + b * b), without overflow
    dL/da = g * a / y
    dL/db = g * b / y

    >>> hypot(tensor([3.0]), tensor([4.0]))
    tensor([5.])
    """

    def da(g, a, y):
        return guarded_mul(g, a / y)

    def db(g, b, y):
        return guarded_mul(g, b / y)


class Copysign(Binary):
    """y = |a| with the sign of b
    dL/da = g where a and y have the same sign, -g where not, 0 at 0
    dL/db = 0

    >>> copysign(tensor([1.0, -2.0]), -0.0)
    tensor([-1., -2.])
    """

    integers = False

    def da(g, a, y):
        return g * (sign(a) * sign(y))

    def db(g):
        return zero_gradient(g)


# --- of a tensor and a number -----------------------------------------------------------------------------------------


class AddScalar(Unary):
    """y = x + p
    dL/dx = g"""

    params = ("p",)
    fused = {"x": "g"}
    backward_name = "AddBackward0"

    def dx(g):
        return g


class RsubScalar(Unary):
    """y = p - x
    dL/dx = -g"""

    params = ("p",)
    fused = {"x": "neg g"}
    backward_name = "RsubBackward1"

    def dx(g):
        return -g


class MulScalar(Unary):
    """y = x * p
    dL/dx = g * p"""

    params = ("p",)
    fused = {"x": "mul_scalar g p"}
    backward_name = "MulBackward0"

    def dx(g, p):
        return g * p


class DivScalar(Unary):
    """y = x / p
    dL/dx = g / p"""

    params = ("p",)
    fused = {"x": "div_scalar g p"}
    backward_name = "DivBackward0"

    def dx(g, p):
        return g / p


class RdivScalar(Unary):
    """y = p / x
    dL/dx = g * (-p / x / x)"""

    params = ("p",)
    backward_name = "MulBackward0"  # as PyTorch, which multiplies by the reciprocal

    def dx(g, x, p):
        return guarded_mul(g, -p / x / x)


# --- functions --------------------------------------------------------------------------------------------------------


@with_out
def neg(input: Tensor) -> Tensor:
    """-input; RuntimeError for bool.

    >>> neg(tensor([1, -2]))
    tensor([-1,  2])
    """
    if require_tensor("neg", input)._array.dtype is dtypes.bool_:
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use "
            "the `~` or `logical_not()` operator instead."
        )
    return Neg.apply(input)


negative = neg
abs = absolute = function(Abs)


@with_out
def sign(input: Tensor) -> Tensor:
    """1 where input is positive, -1 where it is negative, 0 at 0.

    >>> sign(tensor([3.0, -2.0, 0.0]))
    tensor([ 1., -1.,  0.])
    """
    return input.clone() if require_tensor("sign", input).dtype is dtypes.bool_ else Sign.apply(input)


sgn = sign


def positive(input: Tensor) -> Tensor:
    """The tensor itself; RuntimeError for bool."""
    if require_tensor("positive", input).dtype is dtypes.bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported: convert it, as in x.int()")
    return input


def _times(input, other, alpha):
    """alpha * other, what is to be added to input."""
    d = result_type(input, other)
    if isinstance(alpha, float) and not d.is_floating_point:
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    return (other.to(d) if isinstance(other, Tensor) else other) * alpha


@with_out
def add(input, other, *, alpha=1) -> Tensor:
    """input + alpha * other, with broadcasting and promotion.

    >>> add(tensor([1.0, 2.0]), tensor([[10.0], [20.0]]), alpha=2)
    tensor([[21., 22.],
            [41., 42.]])
    """
    if alpha != 1:
        other = _times(input, other, alpha)
    if isinstance(other, Tensor):
        if isinstance(input, Tensor):
            return Add.apply(input, other)
        input, other = other, input
    other = operand(other, "add")
    if isinstance(other, Tensor):
        return Add.apply(require_tensor("add", input), other)
    return with_scalar(AddScalar, require_tensor("add", input), other, Add)


@with_out
def sub(input, other, *, alpha=1) -> Tensor:
    """input - alpha * other.

    >>> sub(tensor([1.0, 2.0]), 1)
    tensor([0., 1.])
    """
    if alpha != 1:
        other = _times(input, other, alpha)
    other = operand(other, "sub")
    if isinstance(other, Tensor):
        if not isinstance(input, Tensor):
            if isinstance(input, bool) or other._array.dtype is dtypes.bool_:
                raise _bool_difference(other, input)
            return with_scalar(RsubScalar, other, operand(input, "sub"), Sub, swapped=True)
        if dtypes.bool_ in (input._array.dtype, other._array.dtype):
            raise _bool_difference(input, other)
        return Sub.apply(input, other)
    if require_tensor("sub", input)._array.dtype is dtypes.bool_ or isinstance(other, bool):
        raise _bool_difference(input, other)
    if not input._array.dtype.is_floating_point:
        return (
            Sub.apply(*pair(input, other, "sub"))
            if isinstance(other, int)
            else sub(input.to(dtypes.get_default_dtype()), other)
        )
    return AddScalar.apply(input, -other)


def _bool_difference(a: Tensor, b) -> RuntimeError:
    if isinstance(b, Tensor) and a.dtype is b.dtype:
        return RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
        )
    return RuntimeError(
        "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use "
        "the `~` or `logical_not()` operator instead."
    )


@with_out
def mul(input, other) -> Tensor:
    """input * other.

    >>> mul(tensor([1.0, 2.0]), tensor([3.0, 4.0]))
    tensor([3., 8.])
    """
    if isinstance(other, Tensor):
        if isinstance(input, Tensor):
            return Mul.apply(input, other)
        input, other = other, input
    other = operand(other, "mul")
    if isinstance(other, Tensor):
        return Mul.apply(require_tensor("mul", input), other)
    return with_scalar(MulScalar, require_tensor("mul", input), other, Mul)


@with_out
def div(input, other, *, rounding_mode: str | None = None) -> Tensor:
    """input / other; with rounding_mode "floor" or "trunc" rounded that way, and integers stay integers.

    >>> div(tensor([1, 2]), 2), div(tensor([-3, 3]), 2, rounding_mode="trunc")
    (tensor([0.5000, 1.0000]), tensor([-1,  1]))
    """
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode == "trunc":
        return trunc_divide(input, other)
    if rounding_mode is not None:
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found {rounding_mode!r}"
        )
    other = operand(other, "div")
    if isinstance(other, Tensor):
        if isinstance(input, Tensor):
            return Div.apply(input, other)
        return with_scalar(RdivScalar, other, operand(input, "div"), Div, swapped=True)
    return with_scalar(DivScalar, require_tensor("div", input), other, Div)


subtract, multiply, divide = sub, mul, div
hypot = function_of_two(Hypot, integers=False)
copysign = function_of_two(Copysign, numbers=("other",))


@with_out
def true_divide(input, other) -> Tensor:
    """input / other.

    >>> true_divide(tensor([1, 2]), 2)
    tensor([0.5000, 1.0000])
    """
    return div(input, other)


@with_out
def square(input: Tensor) -> Tensor:
    """input * input.

    >>> square(tensor([1.0, -3.0]))
    tensor([1., 9.])
    """
    return require_tensor("square", input) ** 2


@with_out
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value=1) -> Tensor:
    """input + value * tensor1 * tensor2.

    >>> addcmul(tensor([1.0]), tensor([2.0]), tensor([3.0]), value=0.5)
    tensor([4.])
    """
    return add(input, mul(tensor1, tensor2), alpha=value)


@with_out
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value=1) -> Tensor:
    """input + value * tensor1 / tensor2.

    >>> addcdiv(tensor([1.0]), tensor([2.0]), tensor([4.0]), value=3)
    tensor([2.5000])
    """
    require_tensors("addcdiv", input=input, tensor1=tensor1, tensor2=tensor2)
    if not (tensor1.is_floating_point() or tensor2.is_floating_point()):
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported: convert one, as in tensor1.float(), or round by "
            "input + value * div(tensor1, tensor2, rounding_mode='trunc')"
        )
    return add(input, div(tensor1, tensor2), alpha=value)


@with_out
def lerp(input: Tensor, end: Tensor, weight) -> Tensor:
    """input + weight * (end - input), exact at weights 0 and 1; the weight is a number or a tensor.

    >>> lerp(tensor([0.0, 1.0]), tensor([10.0, 2.0]), 0.5)
    tensor([5.0000, 1.5000])
    """
    for name, t in (("end", end), ("weight", weight)):
        if isinstance(t, Tensor) and t.dtype is not input.dtype:
            expected, got = input.dtype.title.lower(), t.dtype.title.lower()
            raise RuntimeError(f"expected dtype {expected} for `{name}` but got dtype {got}: convert one (lerp)")
    if not input.is_floating_point():
        raise not_implemented("lerp", input.dtype)
    way = end - input
    near, far = input + way * weight, end - way * (1 - weight)
    return where(abs(weight) < 0.5, near, far) if isinstance(weight, Tensor) else near if weight < 0.5 else far


@with_out
def ldexp(input: Tensor, other: Tensor) -> Tensor:
    """input * 2 ** other.

    >>> ldexp(tensor([1.0, 3.0]), tensor([4, -1]))
    tensor([16.0000,  1.5000])
    """
    return input * 2.0 ** require_tensor("ldexp", other, "other")


def guarded_mul(g: Tensor, factor: Tensor) -> Tensor:
    """g * factor, but exactly 0 where g is 0 and the product NaN; under set_strict_ieee(True) the plain product."""
    return GuardedMul.apply(g, factor)


def guarded_div(g: Tensor, divisor: Tensor) -> Tensor:
    """g / divisor, but exactly 0 where g is 0 and the quotient NaN; under set_strict_ieee(True) the plain quotient."""
    return GuardedDiv.apply(g, divisor)


__all__ = [
    "abs", "absolute", "add", "addcdiv", "addcmul", "copysign", "div", "divide", "hypot", "ldexp", "lerp", "mul",
    "multiply", "neg", "negative", "positive", "sgn", "sign", "square", "sub", "subtract", "true_divide",
]  # fmt: skip
METHODS = __all__
IN_PLACE = [name for name in __all__ if name != "positive"]
