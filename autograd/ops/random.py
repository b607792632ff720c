"""Random tensors, in PyTorch's own streams: the same seed gives the same numbers.

>>> from autograd import manual_seed
>>> _ = manual_seed(0)
>>> rand(2)
tensor([0.4963, 0.7682])
"""

from __future__ import annotations

import numpy as np

from .. import dtypes
from ..data import tensor
from ..modes import no_grad
from ..op import broadcast_shapes, require_tensor
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


def rand_like(input: Tensor, *, generator=None, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """Uniform numbers in the shape and dtype of ``input``."""
    d = dtype or require_tensor("rand_like", input).dtype
    return rand(tuple(input.shape), generator=generator, dtype=d, device=device, requires_grad=requires_grad)


def randn_like(input: Tensor, *, generator=None, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """Normal numbers in the shape and dtype of ``input``."""
    d = dtype or require_tensor("randn_like", input).dtype
    return randn(tuple(input.shape), generator=generator, dtype=d, device=device, requires_grad=requires_grad)


@with_out
def randint(
    low: int,
    high=None,
    size=None,
    *,
    generator: Generator | None = None,
    dtype=None,
    device=None,
    requires_grad: bool = False,
) -> Tensor:
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
    y = wrap(a) if dtype is None else wrap(a).to(dtype)
    return y.requires_grad_() if requires_grad else y


def randint_like(
    input: Tensor, low: int, high: int | None = None, *, generator=None, dtype=None, device=None, requires_grad=False
) -> Tensor:
    """Integers in [low, high), or in [0, low), in the shape and dtype of ``input``."""
    d = dtype or require_tensor("randint_like", input).dtype
    low, high = (0, low) if high is None else (low, high)
    shape = tuple(input.shape)
    return randint(low, high, shape, generator=generator, dtype=d, device=device, requires_grad=requires_grad)


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
def normal(mean, std=1.0, size=None, *, generator=None, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """Normal numbers: with a tensor for mean or standard deviation, one for each of its elements; with numbers for
    both, of a size.

    >>> normal(tensor([0.0, 100.0]), 0.0)
    tensor([  0., 100.])
    """
    g = generator or default_generator
    given = [v for v in (mean, std) if isinstance(v, Tensor)]
    if not given:
        if size is None:
            raise TypeError("normal(): with numbers for mean and std a size is needed: normal(0.0, 1.0, (2, 3))")
        _check_deviation(std)
        shape = sizes((size,), "normal")
        return _new(shape, dtype, device, requires_grad, lambda a: g.normal(a, float(mean), float(std)))
    if size is not None:
        raise TypeError("normal(): a size goes with numbers for mean and std; tensors have their own")
    if isinstance(std, Tensor):
        if (std._array.numpy() < 0).any():
            raise RuntimeError("normal expects all elements of std >= 0.0")
    else:
        _check_deviation(std)
    shape = broadcast_shapes(*[v._array.shape for v in given], op="normal")
    standard = _new(shape, given[0].dtype, device, False, lambda a: g.normal(a, 0.0, 1.0))
    with no_grad():
        return (standard * std + mean).to(given[0].dtype)


def _check_deviation(std: float) -> None:
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")


@with_out
def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that ``input`` gives for each element (or with the probability p), else 0.

    >>> bernoulli(tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    x = require_tensor("bernoulli", input)
    y = wrap(empty(x._array.shape, x.dtype))
    return bernoulli_(y, x.detach() if p is None else p, generator=generator)


@with_out
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Indices drawn with the weights of each row (or of a vector), each index at most once unless with replacement.

    >>> multinomial(tensor([0.0, 3.0, 0.0]), 2, replacement=True)
    tensor([1, 1])
    """
    x = require_tensor("multinomial", input)
    if not x.is_floating_point():
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {x.dtype.title}")
    if x.ndim not in (1, 2):
        raise RuntimeError(f"prob_dist must be 1 or 2 dim, got shape {list(x.shape)}")
    if num_samples <= 0:
        raise RuntimeError(f"cannot sample n_sample <= 0 samples: {num_samples}")
    if not replacement and num_samples > x.shape[-1]:
        raise RuntimeError(
            f"cannot sample n_sample > prob_dist.size(-1) samples without replacement: {num_samples} > {x.shape[-1]}"
        )
    weights = x._array.numpy()
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not (weights.sum(-1) > 0).all():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    g = generator or default_generator
    if replacement and num_samples > 1:
        return tensor(_with_replacement(weights, num_samples, g), dtype=dtypes.int64)
    return tensor(_without_replacement(weights, num_samples, g), dtype=dtypes.int64)


def _with_replacement(weights: np.ndarray, n: int, g: Generator) -> np.ndarray:
    """Where uniform numbers fall between the sums of the weights."""
    bounds = np.cumsum(weights, -1, dtype=weights.dtype)
    bounds /= bounds[..., -1:]
    bounds[..., -1] = 1
    u = g.doubles((*weights.shape[:-1], n))
    return (bounds[..., None, :].astype(np.float64) < u[..., None]).sum(-1)


def _without_replacement(weights: np.ndarray, n: int, g: Generator) -> np.ndarray:
    """The n largest of the weights over exponential numbers, the largest first (the exponential race)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        race = weights / _exponentials(weights.shape, 1.0, g).astype(weights.dtype)
    if n == 1:
        return race.argmax(-1, keepdims=True)
    return np.argsort(-race, -1, kind="stable")[..., :n]


def _exponentials(shape: tuple, rate: float, g: Generator) -> np.ndarray:
    return -1 / rate * np.log1p(-g.doubles(shape))


# --- filling ----------------------------------------------------------------------------------------------------------


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
    if a > b:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={a} > to={b}")
    return _fill(self, "uniform_", lambda array: (generator or default_generator).uniform(array, a, b))


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with normal numbers."""
    _check_deviation(std)
    return _fill(self, "normal_", lambda array: (generator or default_generator).normal(array, mean, std))


def _written(self: Tensor, op: str, values: np.ndarray) -> Tensor:
    """The tensor, filled with values of any dtype."""
    check_writable(self, op)
    np.copyto(self._array.numpy(), values, casting="unsafe")
    return overwritten(self)


def random_(self: Tensor, low: int = 0, high: int | None = None, *, generator: Generator | None = None) -> Tensor:
    """Fill with integers in [low, high), or in [0, low); without both, over all that the dtype holds exactly."""
    if high is None:
        low, high = 0, low or _whole_range(self.dtype)
    values = randint(low, high, tuple(self.shape), generator=generator)
    return _written(self, "random_", values._array.numpy())


def _whole_range(d: dtypes.dtype) -> int:
    """How many integers from 0 on a dtype holds exactly."""
    if d.is_floating_point:
        return 2 ** (np.finfo(d.dtype).nmant + 1) + 1
    return 2 if d.category == 0 else np.iinfo(d.dtype).max + 1


def bernoulli_(self: Tensor, p: float | Tensor = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill with 1 with probability p, else 0."""
    if isinstance(p, Tensor) and not p.is_floating_point():
        raise RuntimeError(f"bernoulli_ expects probabilities of a floating-point dtype, got {p.dtype}")
    values = p._array.numpy() if isinstance(p, Tensor) else np.asarray(p, np.float64)
    if ((values < 0) | (values > 1)).any():
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    check_writable(self, "bernoulli_")
    u = empty(self._array.shape, dtypes.as_dtype(values.dtype))
    (generator or default_generator).uniform(u, 0.0, 1.0)
    return _written(self, "bernoulli_", u.numpy() < values)


def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with exponential numbers of rate ``lambd``: density lambd exp(-lambd x)."""
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    _check_floating(self, "exponential_")
    return _written(self, "exponential_", _exponentials(self._array.shape, lambd, generator or default_generator))


def cauchy_(self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with numbers of the Cauchy distribution."""
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    _check_floating(self, "cauchy_")
    u = (generator or default_generator).doubles(self._array.shape)
    return _written(self, "cauchy_", median + sigma * np.tan(np.pi * (u - 0.5)))


def log_normal_(self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with exponentials of normal numbers of that mean and deviation."""
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
    _check_floating(self, "log_normal_")
    z = (generator or default_generator).normals_one_by_one(self.numel()).reshape(self._array.shape)
    return _written(self, "log_normal_", np.exp(z * std + mean))


def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fill with how many trials it takes until one succeeds, each with probability p."""
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    with np.errstate(divide="ignore"):
        trials = np.log((generator or default_generator).doubles(self._array.shape)) / np.log1p(-p)
    return _written(self, "geometric_", np.ceil(trials))


def _check_floating(x: Tensor, op: str) -> None:
    if not x.is_floating_point():
        raise RuntimeError(
            f"{op}: a continuous probability distribution. dtype must be a floating point but you specified "
            f"{x.dtype.title}"
        )


__all__ = [
    "bernoulli", "multinomial", "normal", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like",
    "randperm",
]  # fmt: skip
METHODS = [
    "bernoulli", "bernoulli_", "cauchy_", "exponential_", "geometric_", "log_normal_", "multinomial", "normal_",
    "random_", "uniform_",
]  # fmt: skip
