"""Rows of autograd/ops/exponential.py."""

from __future__ import annotations

import math

import numpy as np

from .core import (
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
    not_a_tensor,
    scalars,
    shape_failure,
    unary_row,
)  # fmt: skip

erf = np.vectorize(math.erf, otypes=[float])
EXACT = {"float32": 0.0, "float64": 0.0}  # also where the result is tiny
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


POINTS = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 800.0, -800.0)


def xlogy(a, b):
    return np.where((a == 0) & ~np.isnan(b), 0, a * np.log(b))


def logit(x, eps=None):
    x = x if eps is None else np.clip(x, eps, 1 - eps)
    return np.log(x / (1 - x))


def inverses(make: Make):
    yield from few(-0.95, 0.95)(make)
    yield Sample((np.array([0.999, -0.9999, 0.7, 1e-6, -1e-20], make.dtype),), smooth=False, note="tails")


ROWS = [
    unary_row("sqrt", np.sqrt, 0.2, 3),
    unary_row("rsqrt", lambda x: 1 / np.sqrt(x), 0.2, 3),
    unary_row("reciprocal", lambda x: 1 / x, 0.2, 3),
    unary_row("exp", np.exp),
    unary_row("log", np.log, 0.2, 3),
    few_row("exp2", np.exp2),
    few_row("expm1", np.expm1, atol=EXACT),
    few_row("log1p", np.log1p, -0.8, 3, atol=EXACT),
    few_row("log2", np.log2, 0.2, 3),
    few_row("log10", np.log10, 0.2, 3),
    Row(
        "logaddexp",
        few_pairs(edges=POINTS),
        np.logaddexp,
        failures=(
            shape_failure("logaddexp"),
            Failure(lambda m: m.logaddexp(m.tensor([1]), m.tensor([1])), NotImplementedError, "for 'Long'"),
        ),
    ),
    Row("logaddexp2", few_pairs(edges=POINTS), np.logaddexp2),
    Row("xlogy", few_pairs(b=FAR, edges=(*POINTS[:7], 2.0)), xlogy),
    Row("xlogy", scalars(2, 0.5, **FAR), xlogy, variant="numbers"),
    Row("logit", few(0.1, 0.9, (), ((), {}), ((0.2,), {})), logit, failures=(not_a_tensor("logit"),)),
    Row("float_power", few_pairs(FAR, FAR), None, FLOATS + INTEGERS),
    unary_row("erf", erf),
    few_row("erfc", np.vectorize(math.erfc, otypes=[float])),
    Row("erfinv", inverses, None, failures=(not_a_tensor("erfinv"),)),
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
