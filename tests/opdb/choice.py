"""Rows of autograd/ops/choice.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, FLOATS, INTEGERS, Failure, Make, Row, Sample, binary, few, few_pairs, not_a_tensor, shape_failure


def clamps(make: Make):
    smooth = {"low": -2, "high": 2, "kinks": (-1, 1, 0)}
    for bounds in ((-1, 1), (None, 1), (-1, None), (1, -1), (0, 0)):
        for shape in ((), (3, 4), (0,), (65,)):
            yield Sample((make(*shape, **smooth), *bounds), note=f"{bounds}")
        yield Sample((make(4, 3, **smooth).T, *bounds), note=f"transposed, {bounds}")
        if make.floating:
            yield Sample((make.edges(), *bounds), smooth=False, note=f"edge values, {bounds}")
    if make.floating:
        yield Sample((np.array([-1.0, 1.0, 0.0], make.dtype), -1, 1), smooth=False, note="at the edges")
    yield Sample((make(3, 4, low=-1, high=1), make(4, low=-3, high=-2), make(3, 1, low=2, high=3)), note="tensors")
    yield Sample((make(3, 4, low=-1, high=1), make(4, low=2, high=3)), note="a tensor above")
    if make.floating:
        bounds = make.dtype.type([np.nan, -0.5, np.inf])
        yield Sample((make(2, 3, low=-1, high=1), bounds), smooth=False, note="NaN below")
        yield Sample((make(2, 3, low=-1, high=1), None, bounds), smooth=False, note="NaN above")


def clamp_reference(x, low=None, high=None):
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def wheres(make: Make):
    for shapes in (
        ((3, 4),) * 3,
        ((4,), (3, 1), ()),
        ((3, 1), (4,), (3, 4)),
        ((), (), ()),
        ((0, 3), (3,), ()),
        ((2, 3, 1), (5,), (3, 1)),
    ):
        condition = np.asarray(make.rng.integers(0, 2, shapes[0]), bool)
        yield Sample((condition, make(*shapes[1]), make(*shapes[2])), note=f"{shapes}")
    condition = make.rng.integers(0, 2, (4, 3)) > 0
    yield Sample((condition.T, make(4, 3).T, make(3, 8)[:, ::2]), note="strided")
    if make.floating:
        x = make.edges()
        yield Sample((x > 0, x, x[::-1]), smooth=False, note="edge values")


def wheres_of(make: Make):
    yield Sample((make(3, 4), make.rng.integers(0, 2, (3, 4)) > 0, make(4)), note="a tensor")
    yield Sample((make(2, 1), make.rng.integers(0, 2, (3,)) > 0, 1), note="a number")


POINTS = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0)

ROWS = [
    Row(
        "maximum",
        binary(apart=0.05),
        np.maximum,
        ALL,
        failures=(
            shape_failure("maximum"),
            Failure(lambda m: m.maximum(m.ones(2), 1.0), TypeError, "must be Tensor, not float"),
        ),
    ),
    Row("minimum", binary(apart=0.05), np.minimum, ALL, failures=(shape_failure("minimum"),)),
    Row(
        "clamp",
        clamps,
        clamp_reference,
        FLOATS + INTEGERS[1:4],
        failures=(
            Failure(lambda m: m.clamp(m.ones(2)), RuntimeError, "At least one of 'min' or 'max' must not be None"),
        ),
    ),
    Row("clamp_min", few(-2, 2, (1,), ((1,), {})), np.maximum, FLOATS + INTEGERS),
    Row("clamp_max", few(-2, 2, (1,), ((1,), {})), np.minimum, FLOATS + INTEGERS),
    Row("fmax", few_pairs(edges=POINTS), np.fmax, ALL, failures=(shape_failure("fmax"),)),
    Row("fmin", few_pairs(edges=POINTS), np.fmin, ALL, failures=(shape_failure("fmin"),)),
    Row(
        "nan_to_num",
        few(-2, 2, (), ((), {}), ((1.0,), {"posinf": 3.0})),
        None,
        FLOATS + INTEGERS,
        failures=(not_a_tensor("nan_to_num"),),
    ),
    Row(
        "heaviside",
        few_pairs(edges=POINTS),
        None,
        FLOATS + INTEGERS,
        None,
        failures=(
            Failure(lambda m: m.heaviside(m.ones(1), m.tensor([1])), RuntimeError, "tensors with different dtypes"),
        ),
    ),
    Row(
        "where",
        wheres,
        np.where,
        ALL,
        wanted=(1, 2),
        failures=(
            Failure(lambda m: m.where(m.ones(2), m.ones(2), m.ones(2)), RuntimeError, "boolean tensor"),
            Failure(
                lambda m: m.where(m.tensor([True, False]), m.ones(2), m.ones(3)),
                RuntimeError,
                "must match the size of tensor",
            ),
        ),
    ),
    Row(
        "where",
        wheres_of,
        lambda x, condition, other: np.where(condition, x, other),
        FLOATS,
        variant="method",
        call=lambda m, x, condition, other: x.where(condition, other),
    ),
]
