"""Making tensors: constants, ranges and random numbers.

>>> zeros(2, 2)
tensor([[0., 0.],
        [0., 0.]])
>>> arange(0, 1, 0.25)
tensor([0.0000, 0.2500, 0.5000, 0.7500])
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes
from ..backend import K
from ..data import copy_of, tensor
from ..out import with_out
from ..storage import empty as _empty
from ..tensor import Tensor, wrap
from ..types import check_device
from .shape import sizes


def check_size(shape: tuple) -> None:
    """Raise where a size is negative."""
    if any(n < 0 for n in shape):
        raise RuntimeError(f"Trying to create tensor with negative dimension: {list(shape)}")


def _made(shape: tuple, value: Any, dtype, requires_grad: bool, device=None) -> Tensor:
    check_device(device)
    d = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    check_size(shape)
    a = _empty(shape, d)
    if value is not None:
        K.fill(a, value)
    y = wrap(a)
    if requires_grad:
        y.requires_grad = True
    return y


@with_out
def empty(*shape, size=None, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """A tensor of undefined values."""
    return _made(sizes(shape if size is None else (size,), "empty"), None, dtype, requires_grad, device)


@with_out
def zeros(*shape, size=None, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """Zeros.

    >>> zeros(3)
    tensor([0., 0., 0.])
    """
    return _made(sizes(shape if size is None else (size,), "zeros"), 0.0, dtype, requires_grad, device)


@with_out
def ones(*shape, size=None, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """Ones.

    >>> ones(2, dtype=dtypes.int64)
    tensor([1, 1])
    """
    return _made(sizes(shape if size is None else (size,), "ones"), 1.0, dtype, requires_grad, device)


@with_out
def full(size, fill_value, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """One value throughout; its dtype is that of the value.

    >>> full((2,), 7)
    tensor([7, 7])
    """
    fill_value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    d = dtypes.scalar_dtype(fill_value) if dtype is None else dtype
    return _made(sizes((size,), "full"), fill_value, d, requires_grad, device)


def _like(name: str, value: float | None):
    def f(input: Tensor, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
        return _made(tuple(input._array.shape), value, dtype or input._array.dtype, requires_grad, device)

    f.__name__ = f.__qualname__ = name
    f.__doc__ = f"As {name[:-5]}, in the shape and dtype of ``input``."
    return f


empty_like = _like("empty_like", None)
zeros_like = _like("zeros_like", 0.0)
ones_like = _like("ones_like", 1.0)


def full_like(input: Tensor, fill_value, *, dtype=None, requires_grad: bool = False) -> Tensor:
    """One value throughout, in the shape and dtype of ``input``."""
    return _made(tuple(input._array.shape), fill_value, dtype or input._array.dtype, requires_grad)


def new_tensor(input: Tensor, data, *, dtype=None, requires_grad: bool = False) -> Tensor:
    """A tensor of ``data`` in the dtype of ``input``."""
    return tensor(data, dtype=dtype or input.dtype, requires_grad=requires_grad)


def new_zeros(input: Tensor, *size, dtype=None, requires_grad: bool = False) -> Tensor:
    """Zeros of another shape in the dtype of ``input``."""
    return zeros(*size, dtype=dtype or input.dtype, requires_grad=requires_grad)


def new_ones(input: Tensor, *size, dtype=None, requires_grad: bool = False) -> Tensor:
    """Ones of another shape in the dtype of ``input``."""
    return ones(*size, dtype=dtype or input.dtype, requires_grad=requires_grad)


def new_full(input: Tensor, size, fill_value, *, dtype=None, requires_grad: bool = False) -> Tensor:
    """One value in another shape, in the dtype of ``input``."""
    return full(size, fill_value, dtype=dtype or input.dtype, requires_grad=requires_grad)


def new_empty(input: Tensor, *size, dtype=None, requires_grad: bool = False) -> Tensor:
    """Undefined values of another shape in the dtype of ``input``."""
    return empty(*size, dtype=dtype or input.dtype, requires_grad=requires_grad)


@with_out
def arange(start, end=None, step=1, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """start, start + step, ... below end; ints where all three are ints, else the default float type.

    >>> arange(3)
    tensor([0, 1, 2])
    """
    if end is None:
        start, end = 0, start
    start, end, step = (v.item() if isinstance(v, Tensor) else v for v in (start, end, step))
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError(f"upper bound and lower bound inconsistent with step sign: arange({start}, {end}, {step})")
    if dtype is None:
        ints = all(isinstance(v, (int, np.integer)) for v in (start, end, step))
        dtype = dtypes.int64 if ints else dtypes.get_default_dtype()
    n = math.ceil((end - start) / step)
    values = start + step * np.arange(n)
    return _finish(values, dtype, device, requires_grad)


def _finish(values: np.ndarray, dtype, device, requires_grad: bool) -> Tensor:
    check_device(device)
    y = wrap(copy_of(values, dtypes.as_dtype(dtype)))
    if requires_grad:
        y.requires_grad = True
    return y


@with_out
def linspace(start, end, steps: int, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """``steps`` numbers from start to end, both included, evenly spaced.

    >>> linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    return _finish(np.linspace(start, end, steps), dtype or dtypes.get_default_dtype(), device, requires_grad)


@with_out
def eye(n: int, m: int | None = None, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """The identity matrix, (n, n) or (n, m).

    >>> eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    return _finish(np.eye(n, m), dtype or dtypes.get_default_dtype(), device, requires_grad)


__all__ = [
    "arange", "empty", "empty_like", "eye", "full", "full_like", "linspace", "ones", "ones_like", "zeros",
    "zeros_like",
]  # fmt: skip
METHODS = ["new_empty", "new_full", "new_ones", "new_tensor", "new_zeros"]
