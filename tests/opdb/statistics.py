"""Rows of autograd/ops/statistics.py."""

from __future__ import annotations

import numpy as np

from .core import FLOATS, INTEGERS, Failure, Make, Row, Sample

LOOSE = {"float32": 2e-5, "float64": 1e-12}


def counted(make: Make):
    x = make.integers(0, 6, 9, dtype=make.dtype)
    yield Sample((x,))
    yield Sample((x[::-2],), {"minlength": 8}, note="backwards")
    yield Sample((x, make.integers(0, 9, 9)), note="weights, integers")
    yield Sample((x, np.asarray(make.rng.uniform(size=9), np.float32), 2), note="weights")
    yield Sample((make.integers(0, 1, 0, dtype=make.dtype), None, 3), note="nothing")


def counts(x, weights=None, minlength=0):
    return np.bincount(x, weights, minlength)


def binned(make: Make):
    for shape in ((20,), (3, 4), (0,)):
        yield Sample((make(*shape), 5), note=f"{shape}")
    yield Sample((make(4, 3).T, 4, -1, 1.5), note="transposed, a range")
    yield Sample((np.ones(3, make.dtype), 4), note="all alike")
    yield Sample((np.array([np.nan, 0.5, 2, np.nan], make.dtype), 3, 0, 3), note="NaN")


def equal_bins(x, bins=100, min=0, max=0):
    x = x[~np.isnan(x)]
    if min == max and x.size:
        min, max = x.min(), x.max()
    return np.histogram(x, bins, (min - 1, max + 1) if min == max else (min, max))[0]


def histograms(make: Make):
    yield Sample((make(20), 5))
    yield Sample((make(3, 4), 4), {"range": (-1.0, 1.5), "density": True}, note="density")
    yield Sample((make(4, 3).T, 4), {"weight": make(3, 4, low=0)}, note="weights")
    yield Sample((make(9), np.array([-1, -0.5, 1, 1.25], make.dtype)), note="edges")
    yield Sample((np.ones(3, make.dtype), 4), note="all alike")
    yield Sample((make(0), 4), note="nothing")
    yield Sample((np.array([np.nan, 0.5, 2], make.dtype), 3), {"range": (0.0, 3.0)}, note="NaN")


def histogram(x, bins, range=None, weight=None, density=False):
    used = ~np.isnan(x)
    bins = bins if np.ndim(bins) else int(bins)
    return np.histogram(x[used], bins, range, density=density, weights=None if weight is None else weight[used])


BETWEEN = ("linear", "lower", "higher", "midpoint", "nearest")


def parts(make: Make):
    q = np.array([0.13, 0.55, 0.9], make.dtype)
    for shape, dim in (((), 0), ((5,), None), ((3, 4), 0), ((3, 4), -1), ((2, 3, 4), 1)):
        yield Sample((make.distinct(*shape), 0.3, dim), note=f"{shape} over {dim}")
        yield Sample((make.distinct(*shape), q, dim, True), note=f"{shape} over {dim}, kept")
    for interpolation in BETWEEN:
        yield Sample((make.distinct(4, 3).T, q, 1), {"interpolation": interpolation}, note=interpolation)
    yield Sample((make(5), np.array([0, 0.5, 1], make.dtype)), smooth=False, note="at elements")
    x = make.distinct(3, 5)
    x[0, 1] = x[1] = np.nan
    yield Sample((x, q, 1), smooth=False, note="NaN")
    yield Sample((np.array([1, 2, np.inf], make.dtype), q[:2] / 2), smooth=False, note="infinite")


def quantiles(function):
    def reference(x, q, dim=None, keepdim=False, interpolation="linear"):
        if not x.ndim:
            return np.broadcast_to(x, np.shape(q))
        return function(x, q, axis=dim, keepdims=keepdim, method=interpolation)

    return reference


def covariances(make: Make):
    for shape in ((5,), (3, 6), (1, 4)):
        yield Sample((make(*shape),), note=f"{shape}")
    yield Sample((make(6, 3).T,), {"correction": 0}, note="transposed")
    weights = {"fweights": make.integers(1, 4, 6), "aweights": make(6, low=0.2)}
    for name in weights:
        yield Sample((make(3, 6),), {name: weights[name]}, note=name)
    yield Sample((make(3, 6),), {"correction": 0, **weights}, note="both weights")


def covariance(x, correction=1, fweights=None, aweights=None):
    return np.cov(x, ddof=correction, fweights=fweights, aweights=aweights)


def empty(name: str):
    return Failure(lambda m: getattr(m, name)(m.ones(0), 0.5), RuntimeError, "input tensor must be non-empty")


def outside(name: str):
    return Failure(lambda m: getattr(m, name)(m.ones(2), 1.5), RuntimeError, "must be in the range [0, 1] but got 1.5")


ROWS = [
    Row(
        "bincount",
        counted,
        counts,
        INTEGERS,
        None,
        rtol=dict.fromkeys(INTEGERS, 1e-6),
        failures=(
            Failure(lambda m: m.bincount(m.tensor([-1])), RuntimeError, "1-d non-negative integral inputs"),
            Failure(lambda m: m.bincount(m.tensor([[1]])), RuntimeError, "1-d non-negative integral inputs"),
            Failure(lambda m: m.bincount(m.ones(2)), NotImplementedError, "not implemented for 'Float'"),
            Failure(lambda m: m.bincount(m.tensor([1]), minlength=-1), RuntimeError, "minlength should be >= 0"),
            Failure(lambda m: m.bincount(m.tensor([1]), m.ones(2)), RuntimeError, "weights should be 1-d"),
        ),
    ),
    Row(
        "histc",
        binned,
        equal_bins,
        FLOATS,
        None,
        failures=(
            Failure(lambda m: m.histc(m.tensor([1, 2])), NotImplementedError, "not implemented for 'Long'"),
            Failure(lambda m: m.histc(m.ones(2), 0), RuntimeError, "bins must be > 0, but got 0"),
            Failure(lambda m: m.histc(m.ones(2), 3, 2, 1), RuntimeError, "max must be larger than min"),
            Failure(lambda m: m.histc(m.tensor([1.0, float("inf")])), RuntimeError, "range of [1, inf] is not finite"),
        ),
    ),
    Row(
        "histogram",
        histograms,
        histogram,
        FLOATS,
        None,
        rtol=LOOSE,
        failures=(
            Failure(lambda m: m.histogram(m.tensor([1, 2]), 2), NotImplementedError, "not implemented for 'Long'"),
            Failure(lambda m: m.histogram(m.ones(2), 0), RuntimeError, "bins must be > 0, but got 0"),
            Failure(lambda m: m.histogram(m.ones(2), 2, range=(3.0, 1.0)), RuntimeError, "min should not exceed max"),
            Failure(lambda m: m.histogram(m.ones(2), 2, weight=m.ones(1)), RuntimeError, "same shape as the input"),
            Failure(lambda m: m.histogram(m.tensor([float("nan")]), 2), RuntimeError, "is not finite"),
        ),
    ),
    Row(
        "quantile",
        parts,
        quantiles(np.quantile),
        rtol=LOOSE,
        failures=(
            empty("quantile"),
            outside("quantile"),
            Failure(lambda m: m.quantile(m.tensor([1, 2]), 0.5), RuntimeError, "must be either float or double dtype"),
            Failure(lambda m: m.quantile(m.ones(2), m.ones(1, 1)), RuntimeError, "q must be a scalar or 1D tensor"),
            Failure(lambda m: m.quantile(m.ones(2), m.ones(1, dtype=m.float64)), RuntimeError, "must be same dtype"),
            Failure(lambda m: m.quantile(m.ones(2), 0.5, interpolation="cubic"), RuntimeError, "but got cubic"),
            Failure(lambda m: m.quantile(m.ones(2), 0.5, 1), IndexError, "Dimension out of range"),
        ),
    ),
    Row(
        "nanquantile",
        parts,
        quantiles(np.nanquantile),
        rtol=LOOSE,
        failures=(empty("nanquantile"), outside("nanquantile")),
    ),
    Row(
        "cov",
        covariances,
        covariance,
        rtol=LOOSE,
        failures=(
            Failure(lambda m: m.cov(m.ones(1, 1, 1)), RuntimeError, "two or fewer dimensions but got an input with 3"),
            Failure(lambda m: m.cov(m.tensor([True])), RuntimeError, "bool dtype is not supported for input"),
            Failure(lambda m: m.cov(m.ones(2), fweights=m.ones(2)), RuntimeError, "fweights to have integral dtype"),
            Failure(
                lambda m: m.cov(m.ones(2), fweights=m.tensor([1, -2])), RuntimeError, "fweights cannot be negative"
            ),
            Failure(lambda m: m.cov(m.ones(2), aweights=m.tensor([1, 2])), RuntimeError, "floating point dtype"),
            Failure(lambda m: m.cov(m.ones(2), aweights=m.ones(3)), RuntimeError, "same numel as there are"),
        ),
    ),
    Row(
        "corrcoef",
        lambda make: (Sample((x,)) for x in (make(3, 6), make(6, 3).T, make(5))),
        np.corrcoef,
        rtol=LOOSE,
        atol={"float32": 1e-5},
    ),
]
