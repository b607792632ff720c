"""Rows of autograd/ops/exponential.py."""

from __future__ import annotations

import math

import numpy as np

from .core import FAR, FLOATS, INTEGERS, Failure, Make, Row, Sample, binary, shape_failure, unary_row

erf = np.vectorize(math.erf, otypes=[float])
WIDE = {"float32": 3e-6, "float64": 1e-13}


def pow_samples(make: Make):
    yield from binary(FAR, {"low": -2, "high": 3}, edges=False)(make) if make.floating else binary(FAR, FAR)(make)
    if make.floating:
        few = np.array(
            [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 1e-20, 1e20], make.dtype
        )
        yield Sample((few[:, None], few), smooth=False, note="edge values")


def pow_scalars(make: Make):
    for p in (2, 3, 0.5, -1, -0.5, 0, 1, 2.5, -2):
        if make.floating or p in (2, 3, 0, 1):
            yield Sample((make(3, 4, **FAR), p), note=f"** {p}")
            yield Sample((make(4, 3, **FAR).T, p), note=f"transposed ** {p}")
        if make.floating:
            yield Sample((make.edges(), p), smooth=False, note=f"edge values ** {p}")
            if float(p).is_integer():
                yield Sample((-make(3, **FAR), p), note=f"negative ** {p}")
    for p in (2, 0.5, 1, 0):
        if make.floating or p == 2:
            x = make(3, 4, **FAR)
            yield Sample((p, x), smooth=bool(p), note=f"{p} **")
    if make.floating:
        for p in (0.0, 1.0, 2.0, 0.5, -2.0):
            yield Sample((p, np.array([np.nan, np.inf, -np.inf, 0.0, 1.0, -1.0, 2.0, 0.5], make.dtype)), smooth=False)


ROWS = [
    unary_row("sqrt", np.sqrt, 0.2, 3),
    unary_row("rsqrt", lambda x: 1 / np.sqrt(x), 0.2, 3),
    unary_row("reciprocal", lambda x: 1 / x, 0.2, 3),
    unary_row("exp", np.exp),
    unary_row("log", np.log, 0.2, 3),
    unary_row("erf", erf),
    Row(
        "pow",
        pow_samples,
        np.power,
        FLOATS + INTEGERS[1:4],
        rtol=WIDE,
        failures=(
            shape_failure("pow"),
            Failure(
                lambda m: m.tensor([2]) ** -1, RuntimeError, "Integers to negative integer powers are not allowed."
            ),
        ),
    ),
    Row("pow", pow_scalars, lambda a, b: np.power(a, b), FLOATS, variant="numbers", rtol=WIDE),
]
