"""Rows of autograd/ops/pooling.py."""

from __future__ import annotations

import math

import numpy as np

from .core import FLOATS, INTEGERS, Failure, Make, Row, Sample

F = "nn.functional."
LOOSE = {"float32": 1e-5, "float64": 1e-12}

LINES = [
    ((2, 3, 7), (2,), {}),
    ((3, 8), (3, 2, 1), {}),
    ((1, 2, 7), (3,), {"stride": 2, "ceil_mode": True}),
    ((1, 1, 6), (2,), {"stride": 3, "ceil_mode": True, "padding": 1}),
]
IMAGES = [
    ((2, 3, 4, 6), (2,), {}),
    ((3, 5, 5), (3, 2, 1), {}),
    ((1, 2, 5, 7), ((3, 2),), {"stride": (1, 3), "padding": (1, 0)}),
    ((1, 2, 6, 5), (2,), {"ceil_mode": True}),
    ((1, 1, 4, 4), (3,), {"stride": [2, 2], "padding": 1, "ceil_mode": True}),
    ((0, 2, 4, 4), (2,), {}),
]


def pooled(cases, *more):
    """Samples of moving windows; ``more`` are options for the last of the shapes."""

    def samples(make: Make):
        for shape, args, options in cases:
            yield Sample((make.distinct(*shape), *args), options, note=f"{shape}, {args}, {options}")
        for options in more:
            shape = cases[1][0]
            yield Sample((make.distinct(*shape), 3, 2, 1), options, note=f"{shape}, {options}")
        shape = cases[0][0]
        yield Sample((make.distinct(*shape[::-1]).transpose(), 2), note="transposed")

    return samples


def with_edges(cases, *more):
    def samples(make: Make):
        yield from pooled(cases, *more)(make)
        if make.floating:
            inf, nan = np.inf, np.nan
            x = np.array([[1, 1, nan, 2], [1, 1, nan, nan], [-inf, -inf, inf, 3], [-inf, -inf, 1, inf]], make.dtype)
            x = x if len(cases[0][0]) == 4 else x.reshape(1, -1)
            yield Sample((x.reshape(1, *x.shape), 2), smooth=False, note="ties and edge values")

    return samples


def windows(x, dims, kernel, stride, padding, dilation, ceil_mode):
    """(position of the result, slices of x without the padding, elements with it) of every window."""

    def each(v):
        return tuple(v) if isinstance(v, (tuple, list)) else (v,) * dims

    kernel, padding, dilation = each(kernel), each(padding), each(dilation)
    stride = kernel if stride is None else each(stride)
    counts = []
    for n, k, s, p, d in zip(x.shape[-dims:], kernel, stride, padding, dilation):
        span = n + 2 * p - d * (k - 1) - 1
        count = (-(-span // s) if ceil_mode else span // s) + 1
        counts.append(count - (ceil_mode and (count - 1) * s >= n + p))
    found = []
    for i in np.ndindex(*counts):
        seen, size = [], 1
        for a, n, k, s, p, d in zip(i, x.shape[-dims:], kernel, stride, padding, dilation):
            places = a * s - p + d * np.arange(k)
            seen.append(places[(places >= 0) & (places < n)])
            size *= min(a * s - p + k, n + p) - (a * s - p)
        found.append((i, (..., *np.ix_(*seen)), size))
    return counts, found


def joined(part, dims: int):
    """The last dims as one."""
    return part.reshape(*part.shape[:-dims], math.prod(part.shape[-dims:]))


def max_pool(dims):
    def reference(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
        counts, found = windows(x, dims, kernel_size, stride, padding, dilation, ceil_mode)
        y = np.zeros((*x.shape[:-dims], *counts), x.dtype)
        index = np.zeros(y.shape, np.int64)
        flat = np.arange(np.prod(x.shape[-dims:])).reshape(x.shape[-dims:])
        for i, seen, _ in found:
            part = joined(x[seen], dims)
            y[(..., *i)] = part.max(-1)
            index[(..., *i)] = flat[seen].reshape(-1)[part.argmax(-1)]
        return (y, index) if return_indices else y

    return reference


def avg_pool(dims):
    def reference(
        x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
    ):
        counts, found = windows(x, dims, kernel_size, stride, padding, 1, ceil_mode)
        y = np.zeros((*x.shape[:-dims], *counts))
        for i, seen, size in found:
            part = joined(x[seen], dims)
            divisor = divisor_override or (size if count_include_pad else part.shape[-1])
            y[(..., *i)] = part.sum(-1) / divisor
        return y

    return reference


def lp_pool(dims):
    def reference(x, norm_type, kernel_size, stride=None, ceil_mode=False):
        counts, found = windows(x, dims, kernel_size, stride, 0, 1, ceil_mode)
        y = np.zeros((*x.shape[:-dims], *counts))
        whole = np.prod(kernel_size) if np.ndim(kernel_size) else kernel_size**dims
        for i, seen, _ in found:
            part = joined(x[seen] ** norm_type, dims)
            y[(..., *i)] = (part.mean(-1) * whole) ** (1 / norm_type)
        return y

    return reference


def powers(cases):
    def samples(make: Make):
        for shape, args, options in cases:
            if "padding" not in options and len(args) < 3:
                x = make(*shape, low=0.3, high=2)
                yield Sample((x, 2.0, *args), options, note=f"{shape}, {args}, {options}")
        yield Sample((make(*cases[0][0], low=0.3, high=2), 3.0, 2), note="cubes")

    return samples


def shares(cases):
    def samples(make: Make):
        for shape, size in cases:
            yield Sample((make.distinct(*shape), size), note=f"{shape} to {size}")
        shape, size = cases[0]
        yield Sample((make.distinct(*shape[::-1]).transpose(), size), note="transposed")

    return samples


ADAPTIVE_LINES = [((2, 3, 7), 3), ((3, 4), 4), ((1, 2, 3), (5,)), ((2, 5), 1), ((0, 2, 4), 2)]
ADAPTIVE_IMAGES = [
    ((2, 3, 5, 7), (3, 2)),
    ((3, 4, 6), 2),
    ((1, 2, 2, 3), [4, None]),
    ((2, 2, 3, 3), 1),
    ((0, 2, 4, 4), 2),
]


def adaptive(dims, fold):
    def reference(x, output_size):
        size = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * dims
        size = [n if s is None else s for s, n in zip(size, x.shape[-dims:])]
        y = np.zeros((*x.shape[:-dims], *size))
        for i in np.ndindex(*size):
            seen = [slice(a * n // s, -(-(a + 1) * n // s)) for a, s, n in zip(i, size, x.shape[-dims:])]
            y[(..., *i)] = fold(joined(x[(..., *seen)], dims), -1)
        return y

    return reference


def places(dims: int):
    """What max_pool found, for max_unpool."""

    def samples(make: Make):
        kept = {"return_indices": True}
        for shape, kernel, options in (((2, 3, 6, 4), 2, {}), ((1, 5, 5), 3, {"stride": 2})):
            shape = shape if dims == 2 else shape[:-1]
            y, index = max_pool(dims)(make.distinct(*shape), kernel, **options, **kept)
            yield Sample((y, index, kernel), options, note=f"{shape}, {kernel}, {options}")
        y, index = max_pool(dims)(make.distinct(2, *[5] * dims), 2, **kept)
        yield Sample((y, index, 2), {"output_size": (5,) * dims}, note="a size of its own")
        y, index = max_pool(dims)(make.distinct(2, *[5] * dims), 3, stride=1, **kept)
        yield Sample((y, index, 3), {"stride": 1}, smooth=False, note="one maximum of several windows")

    return samples


def refused(name: str, shape: tuple, match: str, *args, error=RuntimeError, dtype="float32", **kwargs):
    return Failure(
        lambda m: getattr(m.nn.functional, name)(m.ones(shape, dtype=getattr(m, dtype)), *args, **kwargs), error, match
    )


X = (1, 3, 4, 4)
INDICES = {"return_indices": True}
NO_PADDING = {"count_include_pad": False}
ROWS = [
    Row(
        F + "max_pool1d",
        with_edges(LINES, {"dilation": 2}, INDICES),
        max_pool(1),
        failures=(
            refused("max_pool1d", (4,), "Expected 2D or 3D (batch mode) tensor", 2),
            refused("max_pool1d", (3, 4), "output size", 5),
            refused("max_pool1d", (3, 4), "not implemented for 'Long'", 2, error=NotImplementedError, dtype="int64"),
        ),
    ),
    Row(
        F + "max_pool2d",
        with_edges(IMAGES, {"dilation": (1, 2)}, INDICES),
        max_pool(2),
        FLOATS + INTEGERS,
        failures=(
            refused("max_pool2d", (4, 4), "3D or 4D", 2),
            refused(
                "max_pool2d", (1, 0, 4, 4), "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size", 2
            ),
            refused("max_pool2d", X, "Output size is too small", 5),
            refused("max_pool2d", X, "pad should be at most half of effective kernel size", 2, padding=2),
            refused("max_pool2d", X, "stride should not be zero", 2, 0),
            refused("max_pool2d", X, "dilation should be greater than zero", 2, dilation=0),
            refused("max_pool2d", X, "kernel_size must either be a single int, or a tuple of two ints", (2, 2, 2)),
            refused("max_pool2d", X, "not implemented for 'Bool'", 2, error=NotImplementedError, dtype="bool"),
        ),
    ),
    Row(
        F + "avg_pool1d",
        pooled([c for c in LINES if "dilation" not in c[2]], NO_PADDING),
        avg_pool(1),
        rtol=LOOSE,
        failures=(refused("avg_pool1d", (4,), "", 2),),
    ),
    Row(
        F + "avg_pool2d",
        pooled(IMAGES, NO_PADDING, {"divisor_override": 3}),
        avg_pool(2),
        rtol=LOOSE,
        failures=(
            refused("avg_pool2d", X, "divisor must be not zero", 2, divisor_override=0),
            refused("avg_pool2d", X, "pad should be at most half of effective kernel size", 2, padding=2),
            refused("avg_pool2d", X, "Output size is too small", 5),
        ),
    ),
    Row(F + "adaptive_max_pool1d", shares(ADAPTIVE_LINES), adaptive(1, np.max)),
    Row(
        F + "adaptive_max_pool2d",
        shares(ADAPTIVE_IMAGES),
        adaptive(2, np.max),
        failures=(refused("adaptive_max_pool2d", X, "not implemented", 2, error=NotImplementedError, dtype="int64"),),
    ),
    Row(F + "adaptive_avg_pool1d", shares(ADAPTIVE_LINES), adaptive(1, np.mean), rtol=LOOSE),
    Row(
        F + "adaptive_avg_pool2d",
        shares(ADAPTIVE_IMAGES),
        adaptive(2, np.mean),
        rtol=LOOSE,
        failures=(
            refused("adaptive_avg_pool2d", (4, 4), "Expected 3D or 4D tensor, but got [4, 4]", 3),
            refused("adaptive_avg_pool2d", X, "output_size must be 2", (1, 2, 3)),
            refused("adaptive_avg_pool2d", X, "must be greater than or equal to 0 but received {-1, -1}", -1),
        ),
    ),
    Row(F + "lp_pool1d", powers(LINES), lp_pool(1), rtol=LOOSE),
    Row(F + "lp_pool2d", powers(IMAGES), lp_pool(2), rtol=LOOSE),
    Row(F + "max_unpool1d", places(1), None, wanted=(0,)),
    Row(
        F + "max_unpool2d",
        places(2),
        None,
        wanted=(0,),
        failures=(
            Failure(
                lambda m: m.nn.functional.max_unpool2d(m.ones(1, 2, 2), m.zeros(1, 1, 1, dtype=m.int64), 2),
                RuntimeError,
                "Expected shape of indices to be same as that of the input tensor",
            ),
        ),
    ),
]
