"""Rows of autograd/ops/searching.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, FLOATS, INTEGERS, Failure, Make, Row, Sample

NUMBERS = (*FLOATS, *INTEGERS)
ASKED = [{}, {"return_inverse": True}, {"return_counts": True}, {"return_inverse": True, "return_counts": True}]


def repeated(make: Make):
    """Few values, many times, in several shapes; everything that can be asked for."""
    for shape in ((), (7,), (3, 4), (0,)):
        for asked in ASKED:
            yield Sample((make.integers(0, 3, *shape, dtype=make.dtype),), asked, note=f"{shape}")
    for dim in (0, 1, -1):
        yield Sample((make.integers(0, 2, 5, 2, 4, dtype=make.dtype),), {"dim": dim, **ASKED[-1]}, note=f"along {dim}")
    x = make.integers(0, 2, 2, 6, dtype=make.dtype)
    yield Sample((x.T,), {"dim": 0, **ASKED[-1]}, note="transposed")
    if make.floating:
        yield Sample((np.array([2, np.nan, 1, np.nan, -np.inf, 2], make.dtype),), ASKED[-1], note="NaN")


def distinct(x, return_inverse=False, return_counts=False, dim=None):
    values, inverse, counts = np.unique(x, return_inverse=True, return_counts=True, axis=dim, equal_nan=False)
    return asked(values, inverse.reshape(x.shape if dim is None else -1), counts, return_inverse, return_counts)


def asked(values, inverse, counts, return_inverse, return_counts):
    found = [values] + [inverse] * return_inverse + [counts] * return_counts
    return tuple(found) if len(found) > 1 else values


def runs(x, return_inverse=False, return_counts=False, dim=None):
    slices = list(x.reshape(-1) if dim is None else np.moveaxis(x, dim, 0))
    starts = [i for i, v in enumerate(slices) if i == 0 or np.any(v != slices[i - 1])]
    inverse = np.searchsorted(starts, np.arange(len(slices)), "right") - 1
    counts = np.diff([*starts, len(slices)])
    values = np.take(x.reshape(-1) if dim is None else x, np.array(starts, int), dim or 0)
    return asked(
        values, inverse.reshape(x.shape if dim is None else -1), counts.astype(int), return_inverse, return_counts
    )


def members(make: Make):
    yield Sample((make.integers(0, 5, 3, 4, dtype=make.dtype), make.integers(0, 3, 2, dtype=make.dtype)))
    yield Sample((make.integers(0, 5, 7, dtype=make.dtype), 2), {"invert": True}, note="a number to find")
    yield Sample((2, make.integers(0, 5, 7, dtype=make.dtype)), note="one number")
    yield Sample((make(3), make(0)), note="in nothing")
    x = np.arange(4, dtype=make.dtype)
    yield Sample((x, x[1::2]), {"assume_unique": True}, note="steps")
    if make.floating:
        yield Sample((np.array([np.nan, np.inf], make.dtype),) * 2, note="NaN is not NaN")


def places(make: Make):
    line, rows = np.sort(make.integers(0, 9, 6, dtype=make.dtype)), np.sort(make.integers(0, 9, 2, 5, dtype=make.dtype))
    values = make.integers(0, 9, 2, 7, dtype=make.dtype)
    for options in ({}, {"right": True}, {"side": "right"}, {"out_int32": True}):
        yield Sample((line, values), options, note="one sequence")
        yield Sample((rows, values), options, note="a sequence for each row")
    yield Sample((line, 3), note="a number")
    yield Sample((np.flip(line).copy(), values[0]), {"sorter": np.arange(6)[::-1].copy()}, note="by a sorter")
    yield Sample((rows, np.zeros((2, 0), make.dtype)), note="nothing")
    if make.floating:
        yield Sample((line, np.array([np.nan, np.inf, -np.inf], make.dtype)), note="NaN")


def place(sequence, values, out_int32=False, right=False, side=None, sorter=None):
    side = "right" if right else side or "left"
    if sequence.ndim == 1:
        return np.searchsorted(sequence, values, side, sorter)
    return np.array([np.searchsorted(s, v, side) for s, v in zip(sequence, values)], int).reshape(values.shape)


def buckets(make: Make):
    line, values = np.arange(1, 8, 2, dtype=make.dtype), make.integers(0, 9, 3, 4, dtype=make.dtype)
    yield Sample((values, line))
    yield Sample((values.T, line), {"right": True}, note="transposed")
    yield Sample((3, line), {"out_int32": True}, note="a number")


ROWS = [
    Row(
        "unique",
        repeated,
        distinct,
        ALL,
        None,
        failures=(Failure(lambda m: m.unique(m.zeros(0, 0), dim=1), RuntimeError, "There are 0 sized dimensions"),),
    ),
    Row(
        "unique_consecutive",
        repeated,
        runs,
        ALL,
        None,
        failures=(Failure(lambda m: m.unique_consecutive(m.zeros(2), dim=1), IndexError, "Dimension out of range"),),
    ),
    Row(
        "isin",
        members,
        np.isin,
        NUMBERS,
        None,
        failures=(
            Failure(
                lambda m: m.isin(m.tensor([True, False]), m.tensor([True, False])),
                RuntimeError,
                "not implemented for 'Bool'",
            ),
            Failure(lambda m: m.isin(1, 2), TypeError, ""),
        ),
    ),
    Row(
        "searchsorted",
        places,
        place,
        NUMBERS,
        None,
        failures=(
            Failure(
                lambda m: m.searchsorted(m.tensor([True, False]), m.tensor([True, False])),
                NotImplementedError,
                "not implemented for 'Bool'",
            ),
            Failure(lambda m: m.searchsorted(m.ones(2, 3), m.ones(3)), RuntimeError, "first N-1 dimensions"),
            Failure(lambda m: m.searchsorted(m.ones(2, 3), 3), RuntimeError, ""),
            Failure(lambda m: m.searchsorted(m.tensor(1.0), m.ones(3)), RuntimeError, "should have positive dimension"),
            Failure(
                lambda m: m.searchsorted(m.ones(2), 3, side="middle"), RuntimeError, "can only be 'left' or 'right'"
            ),
            Failure(lambda m: m.searchsorted(m.ones(2), 3, side="left", right=True), RuntimeError, "opposites"),
            Failure(
                lambda m: m.searchsorted(m.ones(2), m.ones(2), sorter=m.tensor([0])), RuntimeError, "must have the same"
            ),
        ),
    ),
    Row(
        "bucketize",
        buckets,
        lambda x, line, right=False, **dtype: np.searchsorted(line, x, "right" if right else "left"),
        NUMBERS,
        None,
        failures=(
            Failure(
                lambda m: m.bucketize(m.ones(2), m.ones(2, 3)), RuntimeError, "boundaries tensor must be 1 dimension"
            ),
        ),
    ),
]
