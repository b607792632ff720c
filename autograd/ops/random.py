"""Random tensors, in PyTorch's own streams: the same seed gives the same numbers.

>>> from autograd import manual_seed
>>> _ = manual_seed(0)
>>> rand(2)
tensor([0.4963, 0.7682])
"""

from __future__ import annotations

import numpy as np

from .. import dtypes
from ..out import with_out
from ..random import Generator, default_generator
from ..storage import empty
from ..tensor import Tensor, wrap
from ..types import check_device
from .create import check_size
from .inplace import check_writable, overwritten
from .shape import sizes


def _new(size, dtype, device, requires_grad: bool, fill) -> Tensor:
    check_device(device)
    d = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    if not d.is_floating_point:
        raise RuntimeError(f"random floats need a floating-point dtype, got {d}")
    check_size(size)
    a = empty(size, d)
    fill(a)
    y = wrap(a)
    if requires_grad:
        y.requires_grad = True
    return y


@with_out
def rand(
    *shape, size=None, generator: Generator | None = None, dtype=None, device=None, requires_grad: bool = False
) -> Tensor:
    """Uniform numbers in [0, 1)."""
    g = generator or default_generator
    shape = sizes(shape if size is None else (size,), "rand")
    return _new(shape, dtype, device, requires_grad, lambda a: g.uniform(a, 0.0, 1.0))


@with_out
def randn(
    *shape, size=None, generator: Generator | None = None, dtype=None, device=None, requires_grad: bool = False
) -> Tensor:
    """Normal numbers of mean 0 and standard deviation 1."""
    g = generator or default_generator
    shape = sizes(shape if size is None else (size,), "randn")
    return _new(shape, dtype, device, requires_grad, lambda a: g.normal(a, 0.0, 1.0))


def rand_like(input: Tensor, *, dtype=None) -> Tensor:
    """Uniform numbers in the shape and dtype of ``input``."""
    return rand(tuple(input.shape), dtype=dtype or input.dtype)


def randn_like(input: Tensor, *, dtype=None) -> Tensor:
    """Normal numbers in the shape and dtype of ``input``."""
    return randn(tuple(input.shape), dtype=dtype or input.dtype)


@with_out
def randint(low: int, high=None, size=None, *, generator: Generator | None = None, dtype=None, device=None) -> Tensor:
    """Integers in [low, high): ``randint(high, size)`` or ``randint(low, high, size)``.

    >>> randint(5, (0,))
    tensor([], dtype=autograd.int64)
    """
    check_device(device)
    if size is None and not isinstance(high, int):
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if size is None:
        raise TypeError("randint() needs a size: randint(high, size) or randint(low, high, size)")
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    size = sizes((size,), "randint")
    check_size(size)
    a = empty(size, dtypes.int64)
    (generator or default_generator).integers(a, low, high - low)
    y = wrap(a)
    return y if dtype is None else y.to(dtype)


@with_out
def randperm(n: int, *, generator: Generator | None = None, dtype=None, device=None) -> Tensor:
    """0 .. n - 1 in random order, as int64."""
    check_device(device)
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got {n}")
    a = empty((n,), dtypes.int64)
    (generator or default_generator).permutation(a)
    y = wrap(a)
    return y if dtype is None else y.to(dtype)


@with_out
def bernoulli(input: Tensor, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that ``input`` gives for each element, else 0."""
    y = wrap(empty(input._array.shape, input.dtype))
    return bernoulli_(y, input, generator=generator)


def _fill(self: Tensor, op: str, fill) -> Tensor:
    check_writable(self, op)
    a = self._array
    if not a.dtype.is_floating_point:
        raise RuntimeError(f"{op}: random floats need a floating-point tensor, got {a.dtype}")
    if a.contiguous:
        fill(a)
    else:
        block = empty(a.shape, a.dtype)
        fill(block)
        a.numpy()[...] = block.numpy()
    return overwritten(self)


def uniform_(self: Tensor, a: float = 0.0, b: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with uniform numbers in [a, b)."""
    return _fill(self, "uniform_", lambda array: (generator or default_generator).uniform(array, a, b))


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with normal numbers."""
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    return _fill(self, "normal_", lambda array: (generator or default_generator).normal(array, mean, std))


def random_(self: Tensor, low: int, high: int, *, generator: Generator | None = None) -> Tensor:
    """Fill with integers in [low, high)."""
    values = randint(low, high, tuple(self.shape), generator=generator)
    check_writable(self, "random_")
    self._array.numpy()[...] = values._array.numpy()
    return overwritten(self)


def bernoulli_(self: Tensor, p: float | Tensor = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill with 1 with probability p, else 0."""
    values = p._array.numpy() if isinstance(p, Tensor) else np.asarray(p)
    if ((values < 0) | (values > 1)).any():
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    u = empty(self._array.shape, dtypes.float64)
    (generator or default_generator).uniform(u, 0.0, 1.0)
    check_writable(self, "bernoulli_")
    self._array.numpy()[...] = u.numpy() < values
    return overwritten(self)


__all__ = ["bernoulli", "rand", "rand_like", "randint", "randn", "randn_like", "randperm"]
METHODS = ["bernoulli", "bernoulli_", "normal_", "random_", "uniform_"]
