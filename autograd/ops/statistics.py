"""Counts, histograms, quantiles and covariances.

>>> from autograd import tensor
>>> bincount(tensor([1, 1, 3])), quantile(tensor([1.0, 2.0, 4.0]), 0.5)
(tensor([0, 2, 0, 1]), tensor(2.))
"""

from __future__ import annotations

import math

import numpy as np

from .. import dtypes, return_types
from ..data import tensor
from ..errors import not_implemented, wrap_dim
from ..op import require_tensor
from ..out import with_out
from ..return_types import HistAndEdges
from ..tensor import Tensor
from .choice import where
from .searching import refused

# --- counting ---------------------------------------------------------------------------------------------------------


def bincount(input, weights=None, minlength=0) -> Tensor:
    """How often each of 0, 1, ... occurs in a vector of integers, or the sums of the ``weights`` of each.

    >>> bincount(tensor([1, 1, 3]), weights=tensor([0.5, 1.0, 2.0]))
    tensor([0.0000, 1.5000, 0.0000, 2.0000])
    """
    values = require_tensor("bincount", input)._array.numpy()
    if input.dtype.category != 1:
        raise not_implemented("bincount", input.dtype)
    if values.ndim != 1 or (values < 0).any():
        raise RuntimeError(
            f"bincount only supports 1-d non-negative integral inputs, got shape {list(values.shape)}"
            + (f" and the value {values.min()}" if values.size else "")
        )
    if minlength < 0:
        raise RuntimeError(f"minlength should be >= 0, got {minlength} (bincount)")
    if weights is None:
        return tensor(np.bincount(values, minlength=minlength))
    if weights.shape != input.shape:
        raise RuntimeError(
            f"weights should be 1-d and have the same length as input, got {list(weights.shape)} for a vector of "
            f"{len(values)}"
        )
    d = weights.dtype if weights.is_floating_point() else dtypes.float64
    counts = np.bincount(values, weights._array.numpy(), minlength)
    return refused(weights, counts.astype(d.dtype), "bincount")


def _checked_range(op: str, low: float, high: float) -> tuple[float, float]:
    """The range of a histogram, which must be finite."""
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"{op}: range of [{low:g}, {high:g}] is not finite: give one")
    return low, high


def _check_bins(op: str, x: Tensor, bins: int) -> None:
    if not x.is_floating_point():
        raise not_implemented(op, x.dtype)
    if bins <= 0:
        raise RuntimeError(f"{op}(): bins must be > 0, but got {bins}")


@with_out
def histc(input, bins=100, min=0, max=0) -> Tensor:
    """How many elements lie in each of ``bins`` equal parts of [min, max]; by default from the smallest to the largest.

    >>> histc(tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    x = require_tensor("histc", input)
    _check_bins("histc", x, bins)
    if max < min:
        raise RuntimeError(f"histc: max must be larger than min, got [{min}, {max}]")
    values = x._array.numpy().reshape(-1)
    if min == max and values.size:
        min, max = values.min().item(), values.max().item()
    low, high = _checked_range("histc", min, max)
    if low == high:
        low, high = low - 1, high + 1
    counts, _ = np.histogram(_numbers(values), bins, (low, high))
    return tensor(counts, dtype=x.dtype)


def _numbers(values: np.ndarray) -> np.ndarray:
    return values[values == values]


@with_out
def histogram(input, bins, *, range=None, weight=None, density=False) -> HistAndEdges:
    """How many elements (or which sum of ``weight``) lie in each bin, and the edges of the bins: a named (hist,
    bin_edges). ``bins`` are edges, or the number of parts of ``range``, by default from the smallest to the largest.

    >>> histogram(tensor([1.0, 2.0, 1.0]), 4, range=(0.0, 3.0)).hist
    tensor([0., 2., 1., 0.])
    """
    x = require_tensor("histogram", input)
    values = x._array.numpy().reshape(-1)
    if isinstance(bins, Tensor):
        _check_bins("histogram", x, 1)
        edges = bins._array.numpy()
    else:
        _check_bins("histogram", x, bins)
        edges = np.linspace(*_histogram_range(values, range), bins + 1).astype(x.dtype.dtype)
    if weight is not None and weight.shape != x.shape:
        raise RuntimeError(
            "histogram: if weight tensor is provided it should have the same shape as the input tensor, but got input "
            f"with shape {list(x.shape)} and weight with shape {list(weight.shape)}"
        )
    weights = None if weight is None else weight._array.numpy().reshape(-1)[values == values]
    counts, _ = np.histogram(_numbers(values), edges, weights=weights)
    if density:
        counts = counts / (counts.sum() * np.diff(edges))
    source = weight if weight is not None and weight.requires_grad else x
    return return_types.histogram(refused(source, counts.astype(x.dtype.dtype), "histogram"), tensor(edges))


def _histogram_range(values: np.ndarray, range) -> tuple[float, float]:
    low, high = range if range is not None else (values.min(), values.max()) if values.size else (0.0, 1.0)
    if low > high:
        raise RuntimeError(f"histogram: min should not exceed max, but got min {low} max {high}")
    low, high = _checked_range("histogram", float(low), float(high))
    return (low - 0.5, high + 0.5) if low == high else (low, high)


# --- quantiles --------------------------------------------------------------------------------------------------------


@with_out
def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear") -> Tensor:
    """The values below which the part q of the elements over ``dim`` lies; q is a number or a vector, whose dim comes
    first. NaN where an element is NaN. Between two elements it is interpolated: linear, lower, higher, midpoint or
    nearest.

    >>> quantile(tensor([1.0, 2.0, 4.0]), tensor([0.5, 0.75]))
    tensor([2., 3.])
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation, ignore_nan=False)


@with_out
def nanquantile(input, q, dim=None, keepdim=False, *, interpolation="linear") -> Tensor:
    """The quantiles of what is not NaN; as :func:`quantile`.

    >>> nanquantile(tensor([1.0, float("nan"), 4.0]), 0.5)
    tensor(2.5000)
    """
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, ignore_nan=True)


_BETWEEN = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(op: str, x, q, dim, keepdim: bool, interpolation: str, ignore_nan: bool) -> Tensor:
    q = _parts(op, require_tensor(op, x), q, interpolation)
    if not x.numel():
        raise RuntimeError(f"{op}() input tensor must be non-empty, got shape {list(x.shape)}")
    if dim is not None:
        dim = wrap_dim(dim, x.ndim)
    lines = (x.reshape(-1) if dim is None or not x.ndim else x.movedim(dim, -1)).sort(-1).values
    result = _between(lines, q.reshape(-1), interpolation, ignore_nan).movedim(-1, 0)
    if keepdim:
        shape = [1] * x.ndim if dim is None else [1 if d == dim else n for d, n in enumerate(x.shape)]
        result = result.reshape(-1, *shape)
    return result if q.ndim else result.squeeze(0)


def _parts(op: str, x: Tensor, q, interpolation: str) -> Tensor:
    """q, checked, as a tensor."""
    if not x.is_floating_point():
        raise RuntimeError(f"{op}() input tensor must be either float or double dtype, got {x.dtype}")
    if not isinstance(q, Tensor):
        q = tensor(float(q), dtype=x.dtype)
    if q.ndim > 1:
        raise RuntimeError(f"{op}() q must be a scalar or 1D tensor, got shape {list(q.shape)}")
    if q.dtype is not x.dtype:
        raise RuntimeError(f"{op}() q tensor must be same dtype as the input tensor: {q.dtype} and {x.dtype}")
    if not ((q >= 0) & (q <= 1)).all():
        raise RuntimeError(f"{op}() q must be in the range [0, 1] but got {q.tolist()}")
    if interpolation not in _BETWEEN:
        raise RuntimeError(
            f"{op}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    return q


def _between(lines: Tensor, q: Tensor, interpolation: str, ignore_nan: bool) -> Tensor:
    """The quantiles q of sorted lines, along their last dim."""
    n, there = lines.shape[-1], lines.eq(lines).sum(-1, keepdim=True)  # NaN come last
    rank = where(there == 0, 0, q * (there - 1)) if ignore_nan else where(there < n, n - 1, q * (n - 1))
    place = rank._array.numpy()
    if interpolation == "nearest":
        return lines.gather(-1, _positions(np.round(place)))
    below, above = _positions(np.floor(place)), _positions(np.ceil(place))
    if interpolation in ("lower", "higher"):
        return lines.gather(-1, below if interpolation == "lower" else above)
    low, high = lines.gather(-1, below), lines.gather(-1, above)
    return low + (high - low) * (rank - below if interpolation == "linear" else 0.5)


def _positions(place: np.ndarray) -> Tensor:
    return tensor(place.astype(np.int64))


# --- covariances ------------------------------------------------------------------------------------------------------


def cov(input, *, correction=1, fweights=None, aweights=None) -> Tensor:
    """The covariances of the rows, whose columns are observations, divided by n - correction: a matrix; of one row its
    variance. ``fweights`` says how often each observation counts, ``aweights`` how much it matters.

    >>> cov(tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    x = require_tensor("cov", input)
    if x.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {x.ndim} dimensions"
        )
    if x.dtype is dtypes.bool_:
        raise RuntimeError("cov(): bool dtype is not supported for input: convert it, as in x.float()")
    rows = x if x.ndim == 2 else x.reshape(1, -1)
    w = _weights(rows.shape[1], fweights, aweights)
    if w is None:
        mean = rows.sum(1, keepdim=True) / rows.shape[1]
        norm = max(rows.shape[1] - correction, 0)
    else:
        total = w.sum()
        mean = (rows * w).sum(1, keepdim=True) / total
        norm = (total - correction * (1 if aweights is None else (w * aweights).sum() / total)).clamp(min=0)
    deviation = rows - mean
    weighted = deviation if w is None else deviation * w
    found = deviation @ weighted.t() / norm
    return found.squeeze()


def _weights(n: int, fweights: Tensor | None, aweights: Tensor | None) -> Tensor | None:
    """The product of both kinds of weights, checked."""
    for name, w, kind in (("fweights", fweights, "integral"), ("aweights", aweights, "floating point")):
        if w is None:
            continue
        if w.dtype.category != (1 if kind == "integral" else 2):
            raise RuntimeError(f"cov(): expected {name} to have {kind} dtype but got {name} with {w.dtype.title} dtype")
        if w.ndim > 1 or w.numel() != n:
            raise RuntimeError(
                f"cov(): expected {name} to have the same numel as there are observations in the input but got "
                f"{w.numel()} != {n} (of shape {list(w.shape)})"
            )
        if (w < 0).any():
            raise RuntimeError(f"cov(): {name} cannot be negative")
    given = [w for w in (fweights, aweights) if w is not None]
    return given[0] * given[1] if len(given) == 2 else given[0] if given else None


def corrcoef(input) -> Tensor:
    """The correlations of the rows: :func:`cov` divided by the standard deviations, within [-1, 1].

    >>> corrcoef(tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    c = cov(input)
    if not c.ndim:
        return c / c
    d = c.diagonal().sqrt()
    return (c / d.unsqueeze(1) / d).clamp(-1, 1)


__all__ = ["bincount", "corrcoef", "cov", "histc", "histogram", "nanquantile", "quantile"]
METHODS = __all__
