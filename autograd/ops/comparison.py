"""Questions asked of every element: comparisons, logic, bits. The answers are bool and have no gradient.

>>> from autograd import tensor
>>> x = tensor([1.0, 2.0])
>>> (x > 1) | (x == 1)
tensor([True, True])
"""

from __future__ import annotations

import numpy as np

from .. import dtypes
from ..backend import K
from ..data import tensor
from ..errors import not_implemented
from ..op import broadcast_shapes, require_tensor, require_tensors, result_type
from ..out import with_out
from ..storage import empty
from ..tensor import Tensor, wrap
from .operands import pair


def _comparison(name: str, doc: str):
    """A function of two operands, brought to one dtype, to bools."""

    def compare(input, other) -> Tensor:
        a, b = pair(input, other, name)
        if a._array.dtype is not b._array.dtype:
            d = result_type(a, b)
            a, b = a.to(d), b.to(d)
        x, z = a._array, b._array
        y = empty(broadcast_shapes(x.shape, z.shape, op=name), dtypes.bool_)
        getattr(K, name)(y, x, z)
        return wrap(y)

    compare.__name__ = compare.__qualname__ = name
    compare.__doc__ = doc
    return with_out(compare)


eq = _comparison("eq", "input == other, elementwise, as a bool tensor (no gradient).")
ne = not_equal = _comparison("ne", "input != other, elementwise, as a bool tensor (no gradient).")
lt = less = _comparison("lt", "input < other, elementwise, as a bool tensor (no gradient).")
le = less_equal = _comparison("le", "input <= other, elementwise, as a bool tensor (no gradient).")
gt = greater = _comparison("gt", "input > other, elementwise, as a bool tensor (no gradient).")
ge = greater_equal = _comparison("ge", "input >= other, elementwise, as a bool tensor (no gradient).")
logical_and = _comparison("logical_and", "Whether both are non-zero.")
logical_or = _comparison("logical_or", "Whether one is non-zero.")
logical_xor = _comparison("logical_xor", "Whether just one is non-zero.")


def _question(name: str, doc: str):
    """A function of one operand to bools."""

    def ask(input) -> Tensor:
        x = require_tensor(name, input)._array
        y = empty(x.shape, dtypes.bool_)
        getattr(K, name)(y, x)
        return wrap(y)

    ask.__name__ = ask.__qualname__ = name
    ask.__doc__ = doc
    return with_out(ask)


logical_not = _question("logical_not", "Whether input is 0.")
isnan = _question("isnan", "Whether an element is NaN.")
isinf = _question("isinf", "Whether an element is infinite.")
isfinite = _question("isfinite", "Whether an element is neither NaN nor infinite.")


def _bits(name: str, operands: tuple[Tensor, ...], d: dtypes.dtype) -> Tensor:
    """An op on the bits of integers, or on bools, of dtype d."""
    if d.is_floating_point:
        raise RuntimeError(f"{name} is not defined for floating-point tensors")
    arrays = [t.to(d)._array for t in operands]
    y = empty(broadcast_shapes(*[a.shape for a in arrays], op=name), d)
    getattr(K, name)(y, *arrays)
    return wrap(y)


@with_out
def bitwise_not(input) -> Tensor:
    """~input for bool and integer tensors."""
    return _bits("bitwise_not", (require_tensor("bitwise_not", input),), input.dtype)


def _bitwise(name: str, doc: str):
    def bitwise(input, other) -> Tensor:
        a, b = pair(input, other, name)
        return _bits(name, (a, b), result_type(a, b))

    bitwise.__name__ = bitwise.__qualname__ = name
    bitwise.__doc__ = doc
    return with_out(bitwise)


bitwise_and = _bitwise("bitwise_and", "input & other for bool and integer tensors.")
bitwise_or = _bitwise("bitwise_or", "input | other for bool and integer tensors.")
bitwise_xor = _bitwise("bitwise_xor", "input ^ other for bool and integer tensors.")


def _on_numpy(name: str, compute, doc: str):
    """A function of one operand to bools, computed by NumPy on the values."""

    def f(input) -> Tensor:
        return tensor(np.asarray(compute(require_tensor(name, input)._array.numpy())), dtype=dtypes.bool_)

    f.__name__ = f.__qualname__ = name
    f.__doc__ = doc
    return with_out(f)


isneginf = _on_numpy("isneginf", np.isneginf, "Whether an element is -infinity.")
isposinf = _on_numpy("isposinf", np.isposinf, "Whether an element is +infinity.")
isreal = _on_numpy("isreal", np.isreal, "Whether an element has no imaginary part: always.")


def _signbit(a):
    return np.signbit(a) if a.dtype.kind == "f" else a < 0


signbit = _on_numpy("signbit", _signbit, "Whether the sign is set: where negative, and for -0.")


def _shift(name: str, sign: str, operation, beyond):
    """Bits moved by other places; ``beyond(input)`` where other is negative or not below the width."""

    def shift(input, other) -> Tensor:
        a, b = pair(input, other, name)
        d = result_type(a, b)
        if d.category != 1:
            raise not_implemented(name, d)
        x, places = a.to(d)._array.numpy(), b.to(d)._array.numpy()
        inside = (places >= 0) & (places < d.itemsize * 8)
        return tensor(np.where(inside, operation(x, np.where(inside, places, 0)), beyond(x)), dtype=d)

    shift.__name__ = shift.__qualname__ = name
    shift.__doc__ = f"input {sign} other for integer tensors."
    return with_out(shift)


bitwise_left_shift = _shift("bitwise_left_shift", "<<", np.left_shift, np.zeros_like)
bitwise_right_shift = _shift("bitwise_right_shift", ">>", np.right_shift, lambda x: np.where(x < 0, -1, 0))


def isclose(input, other, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Whether |input - other| <= atol + rtol * |other|, elementwise.

    >>> isclose(tensor([1.0, 2.0]), tensor([1.0, 2.1]))
    tensor([ True, False])
    """
    a, b = require_tensor("isclose", input)._array, require_tensor("isclose", other, "other")._array
    if a.dtype is not b.dtype:
        raise RuntimeError(f"{a.dtype.title} did not match {b.dtype.title}: convert one, as in x.to(y.dtype) (isclose)")
    for name, bound in (("rtol", rtol), ("atol", atol)):
        if bound < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {bound}")
    with np.errstate(all="ignore"):
        return tensor(np.asarray(np.isclose(a.numpy(), b.numpy(), rtol, atol, equal_nan)))


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
    require_tensors("equal", input=input, other=other)
    return input.shape == other.shape and bool((input._array.numpy() == other._array.numpy()).all())


__all__ = [
    "allclose", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
    "eq", "equal", "ge", "greater", "greater_equal", "gt", "isclose", "isfinite", "isinf", "isnan", "isneginf",
    "isposinf", "isreal", "le", "less", "less_equal", "logical_and", "logical_not", "logical_or", "logical_xor", "lt",
    "ne", "not_equal", "signbit",
]  # fmt: skip
METHODS = __all__
IN_PLACE = [
    "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "eq", "ge",
    "greater", "greater_equal", "gt", "le", "less", "less_equal", "logical_and", "logical_not", "logical_or",
    "logical_xor", "lt", "ne", "not_equal",
]  # fmt: skip
