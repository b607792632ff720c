"""Arithmetic, powers, exponentials, trigonometry, comparisons: one number in, one number out, for every element.

>>> from autograd import tensor
>>> x = tensor([1.0, 4.0], requires_grad=True)
>>> y = sqrt(x) / 2
>>> y
tensor([0.5000, 1.0000], grad_fn=<DivBackward0>)

Each class is a row of the op table: what it computes, its derivative, what is saved (see :mod:`autograd.op`). Where
the gradient arriving is exactly 0 and the local factor is infinite or NaN, the guarded products send 0 on, so that
``where(x > 0, log(x), 0)`` has a finite gradient at 0; ``set_strict_ieee(True)`` gives NaN as IEEE arithmetic does.
"""

from __future__ import annotations

import math
from numbers import Number
from typing import Any

import numpy as np

from .. import dtypes
from ..backend import K
from ..data import tensor
from ..op import Binary, Op, Unary, broadcast_shapes, function, record, require_tensor, result_type
from ..storage import empty
from ..tensor import Tensor, wrap

# --- signs and powers -------------------------------------------------------------------------------------------------


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


# --- exponentials -----------------------------------------------------------------------------------------------------


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


# --- trigonometry -----------------------------------------------------------------------------------------------------


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


class Tanh(Unary):
    """y = tanh(x)
    dL/dx = g * (1 - y * y)

    >>> tanh(tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """

    fused = {"x": "tanh_grad g y"}

    def dx(g, y):
        return g * (1.0 - y * y)


# --- arithmetic -------------------------------------------------------------------------------------------------------


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


class Maximum(Binary):
    """y = max(a, b)
    dL/da = g where a > b, g / 2 where a = b"""

    fused = {"a": "maximum_grad g a b", "b": "maximum_grad g b a"}

    def da(g, a, b):
        return where(a == b, g * 0.5, where(a < b, 0.0, g))

    def db(g, a, b):
        return where(a == b, g * 0.5, where(b < a, 0.0, g))


class Minimum(Binary):
    """y = min(a, b)
    dL/da = g where a < b, g / 2 where a = b"""

    fused = {"a": "minimum_grad g a b", "b": "minimum_grad g b a"}

    def da(g, a, b):
        return where(a == b, g * 0.5, where(a > b, 0.0, g))

    def db(g, a, b):
        return where(a == b, g * 0.5, where(b > a, 0.0, g))


class Clamp(Unary):
    """y = min(max(x, low), high)
    dL/dx = g where low <= x <= high, else 0"""

    params = ("low", "high")
    fused = {"x": "clamp_grad g x low high"}

    def dx(g, x, low, high):
        return where((x >= low) & (x <= high), g, 0.0)


class Where(Op):
    """y = a where condition, else b
    dL/da = g where condition, else 0
    dL/db = 0 where condition, else g"""

    inputs = ("condition", "a", "b")

    def da(g, condition):
        return where(condition, g, 0.0)

    def db(g, condition):
        return where(condition, 0.0, g)


class To(Op):
    """y = x in another dtype
    dL/dx = g in the dtype of x"""

    params = ("dtype",)
    backward_name = "ToCopyBackward0"

    @classmethod
    def apply(cls, x: Tensor, dtype) -> Tensor:
        a = x._array
        y = empty(a.shape, dtype)
        K.copy(y, a)
        if not dtype.is_floating_point:
            return wrap(y)
        return record(cls, (x._edge,), (a, y), y, (a.dtype,))

    def dx(g, dtype):
        return To.apply(g, dtype)


# --- functions --------------------------------------------------------------------------------------------------------


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
sqrt = function(Sqrt)
rsqrt = function(Rsqrt)
reciprocal = function(Reciprocal)
exp = function(Exp)
log = function(Log)
erf = function(Erf)
sin = function(Sin)
cos = function(Cos)
tanh = function(Tanh)


def _operand(value: Any, op: str) -> Any:
    """A tensor, or a Python number; NumPy arrays become tensors."""
    if isinstance(value, (Tensor, bool, int, float)):
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        return tensor(value) if np.ndim(value) else value.item()
    if isinstance(value, Number) and not isinstance(value, complex):
        return float(value)  # type: ignore[arg-type]
    raise TypeError(
        f"{op}(): argument must be Tensor or Number, not {type(value).__name__}: "
        "make a tensor with autograd.tensor(...)"
    )


def _pair(a: Any, b: Any, op: str) -> tuple[Tensor, Tensor]:
    """Two tensors, a number turned into a 0-d tensor of the result's dtype."""
    a, b = _operand(a, op), _operand(b, op)
    if not isinstance(a, Tensor):
        a = tensor(a, dtype=result_type(a, b))
    if not isinstance(b, Tensor):
        b = tensor(b, dtype=result_type(a, b))
    return a, b


def _with_scalar(op: type[Unary], x: Tensor, p, binary: type[Binary], swapped: bool = False) -> Tensor:
    """x op p for a Python number: its own kernel for floats, else by way of a 0-d tensor."""
    if x._array.dtype.is_floating_point:
        return op.apply(x, p)
    d = result_type(x, p)
    if not (d.is_floating_point or binary.integers):
        d = dtypes.get_default_dtype()
    if d.is_floating_point:
        return op.apply(x.to(d), p)
    other = tensor(p, dtype=d)
    return binary.apply(other, x) if swapped else binary.apply(x, other)


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
    other = _operand(other, "add")
    if isinstance(other, Tensor):
        return Add.apply(require_tensor("add", input), other)
    return _with_scalar(AddScalar, require_tensor("add", input), other, Add)


def sub(input, other, *, alpha=1) -> Tensor:
    """input - alpha * other.

    >>> sub(tensor([1.0, 2.0]), 1)
    tensor([0., 1.])
    """
    if alpha != 1:
        other = other * alpha
    other = _operand(other, "sub")
    if isinstance(other, Tensor):
        if not isinstance(input, Tensor):
            return _with_scalar(RsubScalar, other, _operand(input, "sub"), Sub, swapped=True)
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
            Sub.apply(*_pair(input, other, "sub"))
            if isinstance(other, int)
            else sub(input.to(dtypes.get_default_dtype()), other)
        )
    return AddScalar.apply(input, -other)


def mul(input, other) -> Tensor:
    """input * other.

    >>> mul(tensor([1.0, 2.0]), tensor([3.0, 4.0]))
    tensor([3., 8.])
    """
    if isinstance(other, Tensor):
        if isinstance(input, Tensor):
            return Mul.apply(input, other)
        input, other = other, input
    other = _operand(other, "mul")
    if isinstance(other, Tensor):
        return Mul.apply(require_tensor("mul", input), other)
    return _with_scalar(MulScalar, require_tensor("mul", input), other, Mul)


def div(input, other, *, rounding_mode: str | None = None) -> Tensor:
    """input / other; with rounding_mode "floor" or "trunc" rounded that way (not differentiable).

    >>> div(tensor([1, 2]), 2)
    tensor([0.5000, 1.0000])
    """
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode is not None:
        if rounding_mode == "trunc":
            a, b = _pair(input, other, "div")
            return where((a < 0) != (b < 0), neg(floor_divide(neg(a), b)), floor_divide(a, b))
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found {rounding_mode!r}"
        )
    other = _operand(other, "div")
    if isinstance(other, Tensor):
        if isinstance(input, Tensor):
            return Div.apply(input, other)
        return _with_scalar(RdivScalar, other, _operand(input, "div"), Div, swapped=True)
    return _with_scalar(DivScalar, require_tensor("div", input), other, Div)


def floor_divide(input, other) -> Tensor:
    """The largest integers not above input / other; not differentiable.

    >>> floor_divide(tensor([-7, 7]), 2)
    tensor([-4,  3])
    """
    a, b = _pair(input, other, "floor_divide")
    d = result_type(a, b)
    if d is dtypes.bool_:
        raise RuntimeError("floor_divide is not implemented for 'Bool': convert one, as in x.int()")
    if not d.is_floating_point and not b._array.numpy().all():
        raise RuntimeError("ZeroDivisionError: floor_divide of integers by zero")
    a, b = a.to(d), b.to(d)
    y = empty(broadcast_shapes(a._array.shape, b._array.shape, op="floor_divide"), d)
    K.floor_divide(y, a._array, b._array)
    return wrap(y)


def remainder(input, other) -> Tensor:
    """The remainder with the sign of the divisor, as Python's %.

    >>> remainder(tensor([-7, 7]), 3)
    tensor([2, 1])
    """
    a, b = _pair(input, other, "remainder")
    if result_type(a, b) is dtypes.bool_:
        raise RuntimeError("remainder is not implemented for 'Bool': convert one, as in x.int()")
    if not result_type(a, b).is_floating_point and not b._array.numpy().all():
        raise RuntimeError("ZeroDivisionError: remainder of integers by zero")
    return Remainder.apply(a, b)


def pow(input, exponent) -> Tensor:
    """input ** exponent.

    >>> pow(tensor([2.0, 3.0]), 2), pow(2, tensor([1.0, 3.0]))
    (tensor([4., 9.]), tensor([2., 8.]))
    """
    exponent = _operand(exponent, "pow")
    if isinstance(exponent, Tensor):
        if isinstance(input, Tensor):
            return _integer_pow(input, exponent)
        input = _operand(input, "pow")
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


def guarded_mul(g: Tensor, factor: Tensor) -> Tensor:
    """g * factor, but exactly 0 where g is 0 and the product NaN; under set_strict_ieee(True) the plain product."""
    return GuardedMul.apply(g, factor)


def guarded_div(g: Tensor, divisor: Tensor) -> Tensor:
    """g / divisor, but exactly 0 where g is 0 and the quotient NaN; under set_strict_ieee(True) the plain quotient."""
    return GuardedDiv.apply(g, divisor)


def maximum(input, other) -> Tensor:
    """The larger of two, elementwise; NaN wins; equal ones share the gradient.

    >>> maximum(tensor([1.0, 5.0]), tensor([2.0, 3.0]))
    tensor([2., 5.])
    """
    return Maximum.apply(require_tensor("maximum", input), require_tensor("maximum", other, "other"))


def minimum(input, other) -> Tensor:
    """The smaller of two, elementwise; NaN wins; equal ones share the gradient.

    >>> minimum(tensor([1.0, 5.0]), tensor([2.0, 3.0]))
    tensor([1., 3.])
    """
    return Minimum.apply(require_tensor("minimum", input), require_tensor("minimum", other, "other"))


def clamp(input, min=None, max=None) -> Tensor:
    """input limited to [min, max]; numbers, tensors or None. Where min > max the result is max.

    >>> clamp(tensor([-2.0, 0.5, 2.0]), -1, 1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    require_tensor("clamp", input)
    if min is None and max is None:
        raise RuntimeError("clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        if min is not None:
            input = _clamp_by_tensor(input, _pair(input, min, "clamp")[1], below=True)
        return input if max is None else _clamp_by_tensor(input, _pair(input, max, "clamp")[1], below=False)
    d = input._array.dtype
    for bound in (min, max):
        if bound is not None:
            d = result_type(wrap(empty((1,), d)), bound)
    low = -math.inf if min is None else min
    high = math.inf if max is None else max
    if d.is_floating_point:
        return Clamp.apply(input.to(d), low, high)
    limits = np.iinfo(d.dtype) if d.category else None
    y = empty(input._array.shape, d)
    K.clamp(y, input.to(d)._array, low if min is not None or limits is None else limits.min,
            high if max is not None or limits is None else limits.max)  # fmt: skip
    return wrap(y)


def _clamp_by_tensor(x: Tensor, bound: Tensor, below: bool) -> Tensor:
    """max or min of x and a bound; at equality the gradient goes to x, as PyTorch's clamp has it."""
    return where(x < bound if below else x > bound, bound, x)


def where(condition, input=None, other=None) -> Tensor:
    """input where condition, else other; numbers broadcast.

    >>> where(tensor([True, False]), tensor([1.0, 2.0]), 0.0)
    tensor([1., 0.])
    """
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    require_tensor("where", condition, "condition")
    if condition._array.dtype is not dtypes.bool_:
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype}"
        )
    a, b = _operand(input, "where"), _operand(other, "where")
    d = result_type(a, b)
    a = a.to(d) if isinstance(a, Tensor) else tensor(a, dtype=d)
    b = b.to(d) if isinstance(b, Tensor) else tensor(b, dtype=d)
    c, x, z = condition._array, a._array, b._array
    y = empty(broadcast_shapes(c.shape, x.shape, z.shape, op="where"), d)
    K.where(y, c, x, z)
    return record(Where, (condition._edge, a._edge, b._edge), (c, x, z, y), y)


def to(input: Tensor, *args, dtype=None, device=None, non_blocking: bool = False, copy: bool = False) -> Tensor:
    """The tensor in another dtype, or the tensor itself where nothing changes; devices other than "cpu" are refused.

    >>> to(tensor([1.7]), dtypes.int64)
    tensor([1])
    """
    from ..types import check_device

    for arg in args:
        if isinstance(arg, Tensor):
            dtype = arg.dtype
        elif isinstance(arg, str) or hasattr(arg, "type"):
            device = arg
        else:
            dtype = arg
    check_device(device)
    d = input._array.dtype if dtype is None else dtypes.as_dtype(dtype)
    if d is input._array.dtype and not copy:
        return input
    return To.apply(input, d)


def _comparison(name: str, sign: str):
    kernel_name = name

    def compare(input, other) -> Tensor:
        a, b = _pair(input, other, name)
        x, z = a._array, b._array
        y = empty(broadcast_shapes(x.shape, z.shape, op=name), dtypes.bool_)
        getattr(K, kernel_name)(y, x, z)
        return wrap(y)

    compare.__name__ = compare.__qualname__ = name
    compare.__doc__ = f"input {sign} other, elementwise, as a bool tensor (no gradient)."
    return compare


eq = _comparison("eq", "==")
ne = not_equal = _comparison("ne", "!=")
lt = less = _comparison("lt", "<")
le = less_equal = _comparison("le", "<=")
gt = greater = _comparison("gt", ">")
ge = greater_equal = _comparison("ge", ">=")


def _on_numpy(name: str, compute, doc: str, result=None):
    """A function without gradient, computed by NumPy on the values."""

    def f(input, *other) -> Tensor:
        tensors = _pair(input, other[0], name) if other else (require_tensor(name, input),)
        with np.errstate(all="ignore"):
            return tensor(np.asarray(compute(*[t._array.numpy() for t in tensors])), dtype=result)

    f.__name__ = f.__qualname__ = name
    f.__doc__ = doc
    return f


def _bits(operation):
    def compute(a, *b):
        if a.dtype.kind == "f" or (b and b[0].dtype.kind == "f"):
            raise RuntimeError(f"{operation.__name__} is not defined for floating-point tensors")
        return operation(a, *b)

    return compute


bitwise_not = _on_numpy("bitwise_not", _bits(np.invert), "~input for bool and integer tensors.")
bitwise_and = _on_numpy("bitwise_and", _bits(np.bitwise_and), "input & other for bool and integer tensors.")
bitwise_or = _on_numpy("bitwise_or", _bits(np.bitwise_or), "input | other for bool and integer tensors.")
bitwise_xor = _on_numpy("bitwise_xor", _bits(np.bitwise_xor), "input ^ other for bool and integer tensors.")
logical_not = _on_numpy("logical_not", np.logical_not, "Whether input is 0.", dtypes.bool_)
logical_and = _on_numpy("logical_and", np.logical_and, "Whether both are non-zero.", dtypes.bool_)
logical_xor = _on_numpy("logical_xor", np.logical_xor, "Whether just one is non-zero.", dtypes.bool_)
logical_or = _on_numpy("logical_or", np.logical_or, "Whether one is non-zero.", dtypes.bool_)
isnan = _on_numpy("isnan", np.isnan, "Whether an element is NaN.", dtypes.bool_)
isinf = _on_numpy("isinf", np.isinf, "Whether an element is infinite.", dtypes.bool_)
isfinite = _on_numpy("isfinite", np.isfinite, "Whether an element is neither NaN nor infinite.", dtypes.bool_)


def isclose(input, other, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Whether |input - other| <= atol + rtol * |other|, elementwise.

    >>> isclose(tensor([1.0, 2.0]), tensor([1.0, 2.1]))
    tensor([ True, False])
    """
    a, b = require_tensor("isclose", input)._array.numpy(), require_tensor("isclose", other, "other")._array.numpy()
    with np.errstate(all="ignore"):
        return tensor(np.asarray(np.isclose(a, b, rtol, atol, equal_nan)))


def allclose(input, other, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements are close.

    >>> allclose(tensor([1.0]), tensor([1.0 + 1e-7]))
    True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.numpy().all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and elements.

    >>> equal(tensor([1, 2]), tensor([1, 2]))
    True
    """
    return input.shape == other.shape and bool((input._array.numpy() == other._array.numpy()).all())
