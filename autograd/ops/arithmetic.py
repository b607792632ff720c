"""Sums, products, quotients, remainders, signs: for every element, with broadcasting and promotion.

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
from ..backend import K
from ..op import Binary, Unary, broadcast_shapes, function, require_tensor, result_type
from ..out import with_out
from ..storage import empty
from ..tensor import Tensor, wrap
from .choice import where
from .operands import operand, pair, with_scalar

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

    def dx(g, x):
        return g * sign(x)


class Sign(Unary):
    """y = sign(x), 0 at 0
    dL/dx = 0 * g

    >>> sign(tensor([3.0, -2.0, 0.0]))
    tensor([ 1., -1.,  0.])
    """

    integers = True

    def dx(g):
        return g * 0.0


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


class Remainder(Binary):
    """y = a - b * floor(a / b)
    dL/da = g
    dL/db = -g * floor(a / b)"""

    fused = {"a": "g"}

    def da(g):
        return g

    def db(g, a, b):
        return -g * floor_divide(a, b)


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
sign = function(Sign)


@with_out
def add(input, other, *, alpha=1) -> Tensor:
    """input + alpha * other, with broadcasting and promotion.

    >>> add(tensor([1.0, 2.0]), tensor([[10.0], [20.0]]), alpha=2)
    tensor([[21., 22.],
            [41., 42.]])
    """
    if alpha != 1:
        other = other * alpha
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
        other = other * alpha
    other = operand(other, "sub")
    if isinstance(other, Tensor):
        if not isinstance(input, Tensor):
            return with_scalar(RsubScalar, other, operand(input, "sub"), Sub, swapped=True)
        if input._array.dtype is other._array.dtype is dtypes.bool_:
            raise RuntimeError(
                "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
                "operator instead."
            )
        return Sub.apply(input, other)
    if require_tensor("sub", input)._array.dtype is dtypes.bool_:
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
            "use the `~` or `logical_not()` operator instead."
        )
    if not input._array.dtype.is_floating_point:
        return (
            Sub.apply(*pair(input, other, "sub"))
            if isinstance(other, int)
            else sub(input.to(dtypes.get_default_dtype()), other)
        )
    return AddScalar.apply(input, -other)


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
    """input / other; with rounding_mode "floor" or "trunc" rounded that way (not differentiable).

    >>> div(tensor([1, 2]), 2)
    tensor([0.5000, 1.0000])
    """
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode is not None:
        if rounding_mode == "trunc":
            a, b = pair(input, other, "div")
            return where((a < 0) != (b < 0), neg(floor_divide(neg(a), b)), floor_divide(a, b))
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found {rounding_mode!r}"
        )
    other = operand(other, "div")
    if isinstance(other, Tensor):
        if isinstance(input, Tensor):
            return Div.apply(input, other)
        return with_scalar(RdivScalar, other, operand(input, "div"), Div, swapped=True)
    return with_scalar(DivScalar, require_tensor("div", input), other, Div)


@with_out
def floor_divide(input, other) -> Tensor:
    """The largest integers not above input / other; not differentiable.

    >>> floor_divide(tensor([-7, 7]), 2)
    tensor([-4,  3])
    """
    a, b = pair(input, other, "floor_divide")
    d = result_type(a, b)
    if d is dtypes.bool_:
        raise RuntimeError("floor_divide is not implemented for 'Bool': convert one, as in x.int()")
    if not d.is_floating_point and not b._array.numpy().all():
        raise RuntimeError("ZeroDivisionError: floor_divide of integers by zero")
    a, b = a.to(d), b.to(d)
    y = empty(broadcast_shapes(a._array.shape, b._array.shape, op="floor_divide"), d)
    K.floor_divide(y, a._array, b._array)
    return wrap(y)


@with_out
def remainder(input, other) -> Tensor:
    """The remainder with the sign of the divisor, as Python's %.

    >>> remainder(tensor([-7, 7]), 3)
    tensor([2, 1])
    """
    a, b = pair(input, other, "remainder")
    if result_type(a, b) is dtypes.bool_:
        raise RuntimeError("remainder is not implemented for 'Bool': convert one, as in x.int()")
    if not result_type(a, b).is_floating_point and not b._array.numpy().all():
        raise RuntimeError("ZeroDivisionError: remainder of integers by zero")
    return Remainder.apply(a, b)


def guarded_mul(g: Tensor, factor: Tensor) -> Tensor:
    """g * factor, but exactly 0 where g is 0 and the product NaN; under set_strict_ieee(True) the plain product."""
    return GuardedMul.apply(g, factor)


def guarded_div(g: Tensor, divisor: Tensor) -> Tensor:
    """g / divisor, but exactly 0 where g is 0 and the quotient NaN; under set_strict_ieee(True) the plain quotient."""
    return GuardedDiv.apply(g, divisor)


__all__ = ["abs", "absolute", "add", "div", "floor_divide", "mul", "neg", "negative", "remainder", "sign", "sub"]
METHODS = __all__
IN_PLACE = ["abs", "absolute", "add", "div", "floor_divide", "mul", "neg", "negative", "remainder", "sign", "sub"]
