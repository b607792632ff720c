"""Rows of autograd/ops/arithmetic.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, FAR, FLOATS, INTEGERS, Failure, Make, Row, Sample, binary, scalars, shape_failure, unary_row


def additions(make: Make):
    yield from binary()(make)
    yield Sample((make(3, 4), make(4)), {"alpha": 2}, note="alpha")


def rounding(make: Make):
    a, b = {"low": -9, "high": 9}, {"low": 1, "high": 4}
    yield from binary(a, b, edges=False)(make)
    yield Sample(
        (make(3, 4, **a), -make(3, 4, **b) if make.dtype.kind != "u" else make(3, 4, **b)), note="negative divisor"
    )
    if make.floating:
        x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 7.0, -7.0], make.dtype)
        yield Sample((x[:, None], x), smooth=False, note="edge values")


def remainders(make: Make):
    if not make.floating:
        yield from rounding(make)
        return
    for shape in ((), (3, 4), (0,)):
        whole = make.rng.integers(-3, 3, shape)
        divisor = make(*shape, low=1, high=2)
        part = make(*shape, low=0.2, high=0.8)
        yield Sample((np.asarray(divisor * (whole + part), make.dtype), divisor), note=f"shape {shape}")


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
    Row(
        "floor_divide",
        rounding,
        np.floor_divide,
        FLOATS + INTEGERS,
        None,
        failures=(Failure(lambda m: m.tensor([1]) // 0, RuntimeError, "ZeroDivisionError"),),
    ),
    Row(
        "remainder",
        remainders,
        np.remainder,
        FLOATS + INTEGERS,
        failures=(Failure(lambda m: m.tensor([1]) % 0, RuntimeError, "ZeroDivisionError"),),
    ),
]
