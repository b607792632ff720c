"""Rows of autograd/ops/scan.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, FLOATS, INTEGERS, Failure, Make, Row, Sample
from .reduce import out_of_range

LOOSE = {"float32": 1e-5}


def scans(distinct: bool = False, zeros: bool = False, **domain):
    """Samples over shapes, dims and layouts; with ``zeros`` some lines have one or several."""

    def samples(make: Make):
        values = make.distinct if distinct else lambda *shape: make(*shape, **domain)
        for shape, dim in (((), 0), ((5,), 0), ((3, 4), 0), ((3, 4), -1), ((2, 3, 4), 1), ((2, 0, 3), 1), ((2, 0), 0)):
            yield Sample((values(*shape), dim), note=f"{shape} along {dim}")
        yield Sample((values(4, 3).T, 1), note="transposed")
        yield Sample((values(3, 8)[:, ::-2], 1), note="backwards")
        if zeros and make.floating:
            x = values(3, 5)
            x[0, 2] = x[1, 0] = x[1, 3] = x[2, 4] = 0
            yield Sample((x, 1), note="zeros")
            yield Sample((x, 0), note="zeros")

    return samples


def along(function):
    """A NumPy function of an axis; a 0-d array has an axis 0."""

    def reference(x, dim, **options):
        return function(np.atleast_1d(x), axis=dim, **options).reshape(x.shape)

    return reference


def running(accumulate):
    """Values and positions of a running maximum or minimum."""

    def reference(x, dim):
        line = np.atleast_1d(x)
        best = accumulate(line, dim)
        places = np.moveaxis(np.broadcast_to(np.arange(line.shape[dim]), np.moveaxis(line, dim, -1).shape), -1, dim)
        index = np.maximum.accumulate(np.where((line == best) | (line != line), places, 0), dim)
        return best.reshape(x.shape), index.reshape(x.shape)

    return reference


def extremes(make: Make):
    yield from scans(distinct=True)(make)
    if make.floating:
        x = np.array([[1, 3, 3, 2, np.nan, 4, np.nan], [np.inf, 1, np.inf, 0, 0, -np.inf, 2]], make.dtype)
        yield Sample((x, 1), smooth=False, note="ties, NaN")


def log_scans(make: Make):
    yield from scans(low=-3, high=3)(make)
    inf = np.inf
    yield Sample((np.array([1000, -1000, 999], make.dtype), 0), note="far apart")
    yield Sample((np.array([-inf, -inf, 1, 2, -inf], make.dtype), 0), smooth=False, note="edge values")


def differences(make: Make):
    for shape in ((5,), (3, 4), (2, 0), (1,)):
        yield Sample((make(*shape),), note=f"{shape}")
    yield Sample((make(3, 4), 2, 0), note="twice")
    yield Sample((make(3, 4), 7), note="oftener than there are neighbours")
    yield Sample((make(3, 4), 0), note="never")
    yield Sample((make(3, 4), 0, -1, make(3, 1), make(3, 2)), note="never, prepend and append")
    yield Sample((make(3, 4), 1, -1, make(3, 1), make(3, 2)), note="prepend and append")
    yield Sample((make(4, 3).T,), {"dim": 1, "append": make(3, 1)}, note="transposed")


def difference(x, n=1, dim=-1, prepend=None, append=None):
    parts = [p for p in (prepend if n else None, x, append if n else None) if p is not None]
    x = np.concatenate(parts, dim)
    for _ in range(n):
        x = np.diff(x, axis=dim) if x.shape[dim] else x
    return x


def areas(make: Make):
    yield Sample((make(5),))
    yield Sample((make(3, 4),), {"dim": 0})
    yield Sample((make(3, 4),), {"dx": 0.3})
    yield Sample((make(3, 4), np.sort(make(4))), note="places")
    yield Sample((make(3, 4), make(3)), {"dim": 0}, note="places along dim 0")
    yield Sample((make(4, 3).T, make(3, 4)), note="places for each line")
    yield Sample((make(1),), note="one point")


def area(y, x=None, dx=None, dim=-1):
    return (
        np.trapezoid(y, x, 1.0 if dx is None else dx, dim)
        if hasattr(np, "trapezoid")
        else np.trapz(y, x, dx or 1.0, dim)
    )


def running_area(y, x=None, dx=None, dim=-1):
    y = np.moveaxis(y, dim, -1)
    width = (1.0 if dx is None else dx) if x is None else np.diff(x if x.ndim == 1 else np.moveaxis(x, dim, -1))
    return np.moveaxis(np.cumsum((y[..., 1:] + y[..., :-1]) * width / 2, -1), -1, dim)


def of_bools(name: str):
    return Failure(lambda m: getattr(m, name)(m.tensor([True, False])), RuntimeError, "bool is not supported")


ROWS = [
    Row("cumsum", scans(), along(np.cumsum), ALL, rtol=LOOSE, failures=(out_of_range("cumsum"),)),
    Row(
        "cumprod",
        scans(zeros=True, low=0.3, high=2),
        along(np.cumprod),
        FLOATS + INTEGERS,
        rtol=LOOSE,
        failures=(out_of_range("cumprod"),),
    ),
    Row(
        "logcumsumexp",
        log_scans,
        along(np.logaddexp.accumulate),
        rtol=LOOSE,
        failures=(
            out_of_range("logcumsumexp"),
            Failure(lambda m: m.logcumsumexp(m.tensor([1, 2]), 0), NotImplementedError, "not implemented for 'Long'"),
        ),
    ),
    Row(
        "cummax",
        extremes,
        running(np.maximum.accumulate),
        ALL,
        failures=(out_of_range("cummax"),),
    ),
    Row(
        "cummin",
        extremes,
        running(np.minimum.accumulate),
        ALL,
        failures=(out_of_range("cummin"),),
    ),
    Row(
        "diff",
        differences,
        difference,
        ALL,
        failures=(
            Failure(lambda m: m.diff(m.tensor(1.0)), RuntimeError, "at least one-dimensional"),
            Failure(lambda m: m.diff(m.ones(2), -1), RuntimeError, "order must be non-negative but got -1"),
            Failure(lambda m: m.diff(m.ones(2), prepend=m.ones(1, 1)), RuntimeError, "same dimension as input"),
            Failure(lambda m: m.diff(m.ones(2), dim=1), IndexError, "Dimension out of range"),
        ),
    ),
    Row(
        "trapezoid",
        areas,
        area,
        failures=(
            of_bools("trapezoid"),
            Failure(lambda m: m.trapezoid(m.tensor(1.0)), IndexError, "tensor has no dimensions"),
            Failure(lambda m: m.trapezoid(m.ones(3), m.ones(2)), RuntimeError, "one `x` value for each sample point"),
            Failure(lambda m: m.trapezoid(m.ones(3), m.ones(3), dx=1), TypeError, ""),
        ),
    ),
    Row("trapz", areas, area),
    Row(
        "cumulative_trapezoid",
        areas,
        running_area,
        failures=(
            of_bools("cumulative_trapezoid"),
            Failure(lambda m: m.cumulative_trapezoid(m.ones(3), m.ones(2)), RuntimeError, "one `x` value"),
        ),
    ),
]
