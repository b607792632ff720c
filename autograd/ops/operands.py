"""What the operands of an elementwise op may be: tensors, Python numbers, NumPy arrays and scalars."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Number
from typing import Any

import numpy as np

from .. import dtypes
from ..data import tensor
from ..errors import not_implemented
from ..op import Binary, Unary, require_tensor, result_type
from ..out import with_out
from ..tensor import Tensor


def operand(value: Any, op: str) -> Any:
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


def pair(a: Any, b: Any, op: str) -> tuple[Tensor, Tensor]:
    """Two tensors, a number turned into a 0-d tensor of the result's dtype."""
    a, b = operand(a, op), operand(b, op)
    if not isinstance(a, Tensor):
        a = tensor(a, dtype=result_type(a, b))
    if not isinstance(b, Tensor):
        b = tensor(b, dtype=result_type(a, b))
    return a, b


def function_of_two(op: type[Binary], numbers: tuple = (), integers: bool = True) -> Callable[..., Tensor]:
    """The public function of a binary op, ``atan2(input, other, *, out=None)``: those arguments that ``numbers`` names
    may be numbers; without ``integers`` only floats are taken."""
    name = op.kernel

    def elementwise(input, other) -> Tensor:
        if "input" not in numbers:
            require_tensor(name, input)
        if "other" not in numbers:
            require_tensor(name, other, "other")
        a, b = pair(input, other, name)
        if not (integers or result_type(a, b).is_floating_point):
            raise not_implemented(name, result_type(a, b))
        return op.apply(a, b)

    elementwise.__name__ = elementwise.__qualname__ = name
    elementwise.__doc__ = f"{name}(input, other), elementwise with broadcasting.\n\n    {op.__doc__}"
    return with_out(elementwise)


def with_scalar(op: type[Unary], x: Tensor, p, binary: type[Binary], swapped: bool = False) -> Tensor:
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
