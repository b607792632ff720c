"""Rows of autograd/ops/arithmetic.py."""

from __future__ import annotations

import numpy as np

from .core import (
    ALL,
    FAR,
    FLOATS,
    INTEGERS,
    Failure,
    Make,
    Row,
    Sample,
    binary,
    few,
    few_pairs,
    few_row,
    scalars,
    shape_failure,
    unary_row,
)  # fmt: skip


def additions(make: Make):
    yield from binary()(make)
    yield Sample((make(3, 4), make(4)), {"alpha": 2}, note="alpha")


def lerps(make: Make):
    for weight in (0.3, 0.7, 1):
        yield Sample((make(3, 4), make(4), weight), note=f"weight {weight}")
    yield Sample((make(3, 1), make(4), make(3, 4, kinks=(0.5, -0.5))), note="a weight each")
    yield Sample((make(0), make(1), make()), note="of nothing")


def triples(make: Make):
    for value in (1, 2):
        yield Sample((make(3, 4), make(4), make(3, 1, **FAR)), {"value": value}, note=f"value {value}")
    yield Sample((make(4, 3).T, make(3, 4), make(**FAR)), note="transposed")
    yield Sample((make(0), make(1), make(1, **FAR)), note="of nothing")


POINTS = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 3.0)

ROWS = [
    unary_row("neg", np.negative, dtypes=FLOATS + INTEGERS[:4]),
    unary_row("abs", np.abs, -2, 2, (0,), dtypes=FLOATS + INTEGERS),
    unary_row("sign", np.sign, -2, 2, (0,), dtypes=FLOATS + INTEGERS),
    Row(
        "add",
        additions,
        lambda a, b, alpha=1: a + alpha * b,
        FLOATS + INTEGERS,
        failures=(
            shape_failure("add"),
            Failure(lambda m: m.add(m.ones(2), "x"), TypeError, "must be Tensor or Number"),
            Failure(lambda m: m.add(m.tensor(1), 1, alpha=0.5), RuntimeError, "alpha must not be a floating point"),
        ),
    ),
    Row(
        "sub",
        binary(),
        np.subtract,
        FLOATS + INTEGERS,
        failures=(
            shape_failure("sub"),
            Failure(lambda m: m.tensor([True]) - m.tensor([True]), RuntimeError, "two bool tensors is not supported"),
            Failure(lambda m: m.tensor([True]) - 1, RuntimeError, "with a bool tensor is not supported"),
            Failure(lambda m: -m.tensor([True]), RuntimeError, "on a bool tensor is not supported"),
        ),
    ),
    Row("mul", binary(), np.multiply, ALL, failures=(shape_failure("mul"),)),
    Row(
        "div",
        binary(b=FAR),
        np.true_divide,
        FLOATS,
        failures=(
            shape_failure("div"),
            Failure(
                lambda m: m.div(m.ones(1), 2, rounding_mode="up"),
                RuntimeError,
                "to be one of None, 'trunc', or 'floor'",
            ),
        ),
    ),
    Row("add", scalars(2, 1.5, -3.25), np.add, variant="numbers", call=lambda m, a, b: a + b),
    Row("sub", scalars(2, 1.5, -3.25), np.subtract, variant="numbers", call=lambda m, a, b: a - b),
    Row("mul", scalars(2, 1.5, 0.0), np.multiply, variant="numbers", call=lambda m, a, b: a * b),
    Row("div", scalars(2, 1.5, -3.25, **FAR), np.true_divide, variant="numbers", call=lambda m, a, b: a / b),
    Row("add", scalars(2, -3), np.add, INTEGERS[1:4], None, variant="integers", call=lambda m, a, b: a + b),
    Row("sub", scalars(2, -3), np.subtract, INTEGERS[1:4], None, variant="integers", call=lambda m, a, b: a - b),
    Row("mul", scalars(2, -3), np.multiply, INTEGERS[1:4], None, variant="integers", call=lambda m, a, b: a * b),
    few_row("square", np.square, dtypes=FLOATS + INTEGERS),
    Row("true_divide", few_pairs(b=FAR), np.true_divide),
    few_row("positive", np.positive, dtypes=FLOATS + INTEGERS),
    Row("hypot", few_pairs(FAR, edges=POINTS), np.hypot, FLOATS, failures=(shape_failure("hypot"),)),
    Row("copysign", few_pairs({"kinks": (0,)}, {"kinks": (0,)}, edges=POINTS), np.copysign),
    Row("copysign", few(-2, 2, (0,), ((-1,), {})), np.copysign, variant="number"),
    Row(
        "addcmul",
        triples,
        lambda x, a, b, value=1: x + value * (a * b),
        FLOATS + INTEGERS,
        failures=(Failure(lambda m: m.addcmul(m.ones(2), m.ones(3), m.ones(1)), RuntimeError, "must match the size"),),
    ),
    Row(
        "addcdiv",
        triples,
        lambda x, a, b, value=1: x + value * (a / b),
        failures=(
            Failure(
                lambda m: m.addcdiv(m.ones(1), m.tensor([1]), m.tensor([2])),
                RuntimeError,
                "Integer division with addcdiv is no longer supported",
            ),
        ),
    ),
    Row(
        "lerp",
        lerps,
        lambda x, end, w: x + w * (end - x),
        failures=(
            Failure(
                lambda m: m.lerp(m.ones(1), m.ones(1).double(), 0.5),
                RuntimeError,
                "expected dtype float for `end` but got dtype double",
            ),
            Failure(lambda m: m.lerp(m.tensor([1]), m.tensor([2]), 1), NotImplementedError, "for 'Long'"),
        ),
    ),
    Row("ldexp", few_pairs(b={"low": -3, "high": 3}), lambda x, e: x * 2.0**e),
]
