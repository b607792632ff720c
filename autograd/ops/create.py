"""Making tensors: constants, ranges and random numbers.

>>> zeros(2, 2)
tensor([[0., 0.],
        [0., 0.]])
>>> arange(0, 1, 0.25)
tensor([0.0000, 0.2500, 0.5000, 0.7500])
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes
from ..backend import K
from ..data import copy_of, tensor
from ..op import require_tensor
from ..out import with_out
from ..storage import empty as _empty
from ..tensor import Tensor, wrap
from ..types import check_device, check_memory_format
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
    if not isinstance(fill_value, (bool, int, float, np.generic)):
        raise TypeError(f"full(): argument 'fill_value' must be Number, not {type(fill_value).__name__}")
    d = dtypes.scalar_dtype(fill_value) if dtype is None else dtypes.as_dtype(dtype)
    if d.category == 1 and not (math.isfinite(fill_value) and dtypes.fits(int(fill_value), d)):
        raise RuntimeError(f"value cannot be converted to type {d} without overflow: {fill_value}")
    return _made(sizes((size,), "full"), fill_value, d, requires_grad, device)


def _like(name: str, value: float | None):
    def f(input: Tensor, *, dtype=None, device=None, requires_grad: bool = False, memory_format=None) -> Tensor:
        require_tensor(name, input)
        check_memory_format(memory_format)
        return _made(tuple(input._array.shape), value, dtype or input._array.dtype, requires_grad, device)

    f.__name__ = f.__qualname__ = name
    f.__doc__ = f"As {name[:-5]}, in the shape and dtype of ``input``."
    return f


empty_like = _like("empty_like", None)
zeros_like = _like("zeros_like", 0.0)
ones_like = _like("ones_like", 1.0)


def full_like(
    input: Tensor, fill_value, *, dtype=None, device=None, requires_grad: bool = False, memory_format=None
) -> Tensor:
    """One value throughout, in the shape and dtype of ``input``."""
    check_memory_format(memory_format)
    d = dtype or require_tensor("full_like", input)._array.dtype
    return full(tuple(input._array.shape), fill_value, dtype=d, device=device, requires_grad=requires_grad)


def new_tensor(input: Tensor, data, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """A tensor of ``data`` in the dtype of ``input``."""
    return tensor(data, dtype or input.dtype, device, requires_grad)


def new_full(input: Tensor, size, fill_value, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """One value in another shape, in the dtype of ``input``."""
    return full(size, fill_value, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def _new(name: str, make: Callable):
    def f(input: Tensor, *shape, size=None, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
        d = dtype or input.dtype
        return make(*(shape if size is None else (size,)), dtype=d, device=device, requires_grad=requires_grad)

    f.__name__ = f.__qualname__ = name
    f.__doc__ = f"As {name[4:]}: another shape, the dtype of ``input``."
    return f


new_empty, new_zeros, new_ones = _new("new_empty", empty), _new("new_zeros", zeros), _new("new_ones", ones)


@with_out
def arange(start=0, end=None, step=1, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """start, start + step, ... below end; ints where all three are ints, else the default float type.

    >>> arange(3)
    tensor([0, 1, 2])
    """
    if end is None:
        start, end = 0, start
    start, end, step = (v.item() if isinstance(v, Tensor) else v for v in (start, end, step))
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError(f"upper bound and lower bound inconsistent with step sign: arange({start}, {end}, {step})")
    if dtype is None:
        ints = all(isinstance(v, (int, np.integer)) for v in (start, end, step))
        dtype = dtypes.int64 if ints else dtypes.get_default_dtype()
    n = math.ceil((end - start) / step)
    d = dtypes.as_dtype(dtype)
    if d.category == 1:  # of integers: numbers lose their fractions first
        start, step = int(start), int(step)
        if d is dtypes.int64:
            n = math.ceil((int(end) - start) / step) if step else 0
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
    d = dtypes.as_dtype(dtype or dtypes.get_default_dtype())
    return _finish(_spaced(start, end, steps, d), d, device, requires_grad)


def _spaced(start, end, steps: int, d: dtypes.dtype) -> np.ndarray:
    """Evenly spaced numbers as float64, counted from the nearer end as in PyTorch; ends and step are rounded to d."""
    if steps < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {steps}")
    start, end = (v.item() if isinstance(v, Tensor) else v for v in (start, end))
    if not d.is_floating_point:
        start, end = int(start), int(end)
    real = d.dtype.type if d.is_floating_point else np.float64
    first, last = real(start), real(end)
    step = (last - first) / real(max(steps - 1, 1))
    first, last, step = np.float64(first), np.float64(last), np.float64(step)
    i = np.arange(steps)
    return np.where(i < max(steps // 2, 1), first + step * i, last - step * (steps - 1 - i))


@with_out
def logspace(
    start, end, steps: int, base: float = 10.0, *, dtype=None, device=None, requires_grad: bool = False
) -> Tensor:
    """base to the power of ``steps`` numbers from start to end, evenly spaced.

    >>> logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    d = dtypes.as_dtype(dtype or dtypes.get_default_dtype())
    return _finish(np.float64(base) ** _spaced(start, end, steps, d), d, device, requires_grad)


@with_out
def eye(n: int, m: int | None = None, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """The identity matrix, (n, n) or (n, m).

    >>> eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    for name, size in (("n", n), ("m", m)):
        if size is not None and size < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {size}")
    return _finish(np.eye(n, m), dtype or dtypes.get_default_dtype(), device, requires_grad)


__all__ = [
    "arange", "empty", "empty_like", "eye", "full", "full_like", "linspace", "logspace", "ones", "ones_like", "zeros",
    "zeros_like",
]  # fmt: skip
METHODS = ["new_empty", "new_full", "new_ones", "new_tensor", "new_zeros"]
