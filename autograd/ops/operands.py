"""What the operands of an elementwise op may be: tensors, Python numbers, NumPy arrays and scalars."""

from __future__ import annotations

from numbers import Number
from typing import Any

import numpy as np

from .. import dtypes
from ..data import tensor
from ..op import Binary, Unary, result_type
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
