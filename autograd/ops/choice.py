"""One of several: the larger, the smaller, what lies within bounds, what a mask chooses.

>>> from autograd import tensor
>>> x = tensor([-2.0, 0.5, 2.0])
>>> clamp(x, -1, 1), where(x > 0, x, 0.0)
(tensor([-1.0000,  0.5000,  1.0000]), tensor([0.0000, 0.5000, 2.0000]))
"""

from __future__ import annotations

import math

import numpy as np

from .. import dtypes
from ..backend import K
from ..data import tensor
from ..errors import not_implemented
from ..op import Binary, Op, Unary, broadcast_shapes, record, require_tensor, result_type
from ..out import with_out
from ..storage import empty
from ..tensor import Tensor, wrap
from .operands import function_of_two, operand, pair


class Maximum(Binary):
    """y = max(a, b)
    dL/da = g where a > b, g / 2 where a = b, else 0
    dL/db = g where b > a, g / 2 where a = b, else 0"""

    fused = {"a": "maximum_grad g a b", "b": "maximum_grad g b a"}

    def da(g, a, b):
        return where(a == b, g * 0.5, where(a < b, 0.0, g))

    def db(g, a, b):
        return where(a == b, g * 0.5, where(b < a, 0.0, g))


class Minimum(Binary):
    """y = min(a, b)
    dL/da = g where a < b, g / 2 where a = b, else 0
    dL/db = g where b < a, g / 2 where a = b, else 0"""

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


class Fmax(Binary):
    """y = max(a, b), the other one where one is NaN
    dL/da = g where a >= b or b is NaN, else 0
    dL/db = g where b > a or a is NaN, else 0

    >>> fmax(tensor([1.0, math.nan]), tensor([2.0, 3.0]))
    tensor([2., 3.])
    """

    def da(g, a, b):
        return where((a >= b) | (b != b), g, 0.0)

    def db(g, a, b):
        return where((a >= b) | (b != b), 0.0, g)


class Fmin(Binary):
    """y = min(a, b), the other one where one is NaN
    dL/da = g where a <= b or b is NaN, else 0
    dL/db = g where b < a or a is NaN, else 0

    >>> fmin(tensor([1.0, math.nan]), tensor([2.0, 3.0]))
    tensor([1., 3.])
    """

    def da(g, a, b):
        return where((a <= b) | (b != b), g, 0.0)

    def db(g, a, b):
        return where((a <= b) | (b != b), 0.0, g)


class NanToNum(Unary):
    """y = x, where NaN and the infinities are replaced by numbers
    dL/dx = g where x is finite, else 0"""

    params = ("nan", "posinf", "neginf")

    def dx(g, x):
        return where(abs(x) < math.inf, g, 0.0)


class Where(Op):
    """y = a where condition, else b
    dL/da = g where condition, else 0
    dL/db = 0 where condition, else g"""

    inputs = ("condition", "a", "b")

    def da(g, condition):
        return where(condition, g, 0.0)

    def db(g, condition):
        return where(condition, 0.0, g)


# --- functions --------------------------------------------------------------------------------------------------------


@with_out
def maximum(input, other) -> Tensor:
    """The larger of two, elementwise; NaN wins; equal ones share the gradient.

    >>> maximum(tensor([1.0, 5.0]), tensor([2.0, 3.0]))
    tensor([2., 5.])
    """
    return Maximum.apply(require_tensor("maximum", input), require_tensor("maximum", other, "other"))


@with_out
def minimum(input, other) -> Tensor:
    """The smaller of two, elementwise; NaN wins; equal ones share the gradient.

    >>> minimum(tensor([1.0, 5.0]), tensor([2.0, 3.0]))
    tensor([1., 3.])
    """
    return Minimum.apply(require_tensor("minimum", input), require_tensor("minimum", other, "other"))


@with_out
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
            input = _clamp_by_tensor(input, pair(input, min, "clamp")[1], below=True)
        return input if max is None else _clamp_by_tensor(input, pair(input, max, "clamp")[1], below=False)
    d = input._array.dtype
    for bound in (min, max):
        if bound is not None:
            d = result_type(wrap(empty((1,), d)), bound)
    low = -math.inf if min is None else min
    high = math.inf if max is None else max
    if d is dtypes.bool_:
        raise not_implemented("clamp", d)
    if d.is_floating_point:
        return Clamp.apply(input.to(d), low, high)
    limits = np.iinfo(d.dtype)
    y = empty(input._array.shape, d)
    K.clamp(y, input.to(d)._array, limits.min if min is None else low, limits.max if max is None else high)
    return wrap(y)


def _clamp_by_tensor(x: Tensor, bound: Tensor, below: bool) -> Tensor:
    """max or min of x and a bound; at equality the gradient goes to x, as PyTorch's clamp has it."""
    y = where(x < bound if below else x > bound, bound, x)
    return where(bound != bound, math.nan, y) if bound.is_floating_point() else y


clip = clamp


@with_out
def clamp_min(input: Tensor, min) -> Tensor:
    """input where it is at least ``min``, else that; a number or a tensor.

    >>> clamp_min(tensor([-2.0, 0.5]), 0)
    tensor([0.0000, 0.5000])
    """
    return clamp(input, min=min)


@with_out
def clamp_max(input: Tensor, max) -> Tensor:
    """input where it is at most ``max``, else that; a number or a tensor.

    >>> clamp_max(tensor([-2.0, 0.5]), 0)
    tensor([-2.,  0.])
    """
    return clamp(input, max=max)


fmax = function_of_two(Fmax)
fmin = function_of_two(Fmin)


@with_out
def nan_to_num(input: Tensor, nan: float | None = None, posinf: float | None = None, neginf: float | None = None):
    """input with NaN replaced by ``nan`` (0) and the infinities by ``posinf`` and ``neginf`` (the largest and the
    smallest number of the dtype).

    >>> nan_to_num(tensor([math.nan, math.inf, 1.0]), posinf=9.0)
    tensor([0., 9., 1.])
    """
    if not require_tensor("nan_to_num", input).dtype.is_floating_point:
        return input.clone()
    return NanToNum.apply(input, 0.0 if nan is None else nan, posinf, neginf)


@with_out
def heaviside(input: Tensor, values: Tensor) -> Tensor:
    """0 where input is negative, ``values`` where it is 0, else 1.

    >>> heaviside(tensor([-1.0, 0.0, 2.0]), tensor(0.5))
    tensor([0.0000, 0.5000, 1.0000])
    """
    if require_tensor("heaviside", input).dtype is not require_tensor("heaviside", values, "values").dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    return where(input == 0, values, (input > 0).to(input.dtype))


@with_out
def where(condition, input=None, other=None) -> Tensor:
    """input where condition, else other; numbers broadcast.

    >>> where(tensor([True, False]), tensor([1.0, 2.0]), 0.0)
    tensor([1., 0.])
    """
    if input is None and other is None:
        return require_tensor("where", condition, "condition").nonzero(as_tuple=True)
    require_tensor("where", condition, "condition")
    if condition._array.dtype is dtypes.uint8:
        condition = condition.bool()
    if condition._array.dtype is not dtypes.bool_:
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype}"
        )
    a, b = operand(input, "where"), operand(other, "where")
    d = result_type(a, b)
    a = a.to(d) if isinstance(a, Tensor) else tensor(a, dtype=d)
    b = b.to(d) if isinstance(b, Tensor) else tensor(b, dtype=d)
    c, x, z = condition._array, a._array, b._array
    y = empty(broadcast_shapes(c.shape, x.shape, z.shape, op="where"), d)
    K.where(y, c, x, z)
    return record(Where, (condition._edge, a._edge, b._edge), (c, x, z, y), y)


def where_method(input, condition, other) -> Tensor:
    """Tensor.where: self where condition, else other.

    >>> where_method(tensor([1.0, 2.0]), tensor([True, False]), 0.0)
    tensor([1., 0.])
    """
    return where(condition, input, other)


__all__ = [
    "clamp", "clamp_max", "clamp_min", "clip", "fmax", "fmin", "heaviside", "maximum", "minimum", "nan_to_num", "where",
]  # fmt: skip
METHODS = [name for name in __all__ if name != "where"]
IN_PLACE = ["clamp", "clamp_max", "clamp_min", "clip", "heaviside", "nan_to_num"]
