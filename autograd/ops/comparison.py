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
from ..op import broadcast_shapes, require_tensor, result_type
from ..out import with_out
from ..storage import empty
from ..tensor import Tensor, wrap
from .operands import pair


def _comparison(name: str, sign: str):
    kernel_name = name

    def compare(input, other) -> Tensor:
        a, b = pair(input, other, name)
        x, z = a._array, b._array
        y = empty(broadcast_shapes(x.shape, z.shape, op=name), dtypes.bool_)
        getattr(K, kernel_name)(y, x, z)
        return wrap(y)

    compare.__name__ = compare.__qualname__ = name
    compare.__doc__ = f"input {sign} other, elementwise, as a bool tensor (no gradient)."
    return with_out(compare)


eq = _comparison("eq", "==")
ne = not_equal = _comparison("ne", "!=")
lt = less = _comparison("lt", "<")
le = less_equal = _comparison("le", "<=")
gt = greater = _comparison("gt", ">")
ge = greater_equal = _comparison("ge", ">=")


def _on_numpy(name: str, compute, doc: str, result=None):
    """A function without gradient, computed by NumPy on the values."""

    def f(input, *other) -> Tensor:
        tensors = pair(input, other[0], name) if other else (require_tensor(name, input),)
        with np.errstate(all="ignore"):
            return tensor(np.asarray(compute(*[t._array.numpy() for t in tensors])), dtype=result)

    f.__name__ = f.__qualname__ = name
    f.__doc__ = doc
    return with_out(f)


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


isneginf = _on_numpy("isneginf", np.isneginf, "Whether an element is -infinity.", dtypes.bool_)
isposinf = _on_numpy("isposinf", np.isposinf, "Whether an element is +infinity.", dtypes.bool_)
isreal = _on_numpy("isreal", np.isreal, "Whether an element has no imaginary part: always.", dtypes.bool_)


def _signbit(a):
    return np.signbit(a) if a.dtype.kind == "f" else a < 0


signbit = _on_numpy("signbit", _signbit, "Whether the sign is set: where negative, and for -0.", dtypes.bool_)


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
