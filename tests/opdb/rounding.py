"""Rows of autograd/ops/rounding.py."""

from __future__ import annotations

import numpy as np

from .core import FLOATS, INTEGERS, Failure, Make, Row, Sample, binary, few, few_row, not_a_tensor

HALVES = tuple(np.arange(-3, 3, 0.5))


def quotients(make: Make):
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
        yield from quotients(make)
        return
    for shape in ((), (3, 4), (0,)):
        whole = make.rng.integers(-3, 3, shape)
        divisor = make(*shape, low=1, high=2)
        part = make(*shape, low=0.2, high=0.8)
        yield Sample((np.asarray(divisor * (whole + part), make.dtype), divisor), note=f"shape {shape}")
        yield Sample((np.asarray(divisor * (whole + part), make.dtype), -divisor), note=f"negative divisor, {shape}")


def rounded(make: Make):
    yield from few(-3, 3, HALVES)(make)
    if make.floating:
        yield Sample((np.array(HALVES, make.dtype),), smooth=False, note="halves")


def decimals(make: Make):
    for places in (1, 2, -1):
        x = make(3, 4, low=-40, high=40)
        yield Sample((x,), {"decimals": places}, smooth=False, note=f"{places} decimals")
        between = np.asarray(np.round(x, places) + 0.2 * 10.0**-places, make.dtype)
        yield Sample((between,), {"decimals": places}, note=f"between steps, {places} decimals")


def divided(mode: str):
    return lambda m, a, b: m.div(a, b, rounding_mode=mode)


def truncated(a, b):
    q = np.trunc(np.true_divide(a, b)) if a.dtype.kind == "f" else np.fix(a / b)
    return q.astype(np.result_type(a, b))


def by_zero(name: str):
    return Failure(lambda m: getattr(m, name)(m.tensor([1]), 0), RuntimeError, "ZeroDivisionError")


def not_for_bool(name: str):
    return Failure(lambda m: getattr(m, name)(m.tensor([True])), NotImplementedError, "not implemented for 'Bool'")


def step(name: str, reference):
    return Row(
        name, rounded, reference, FLOATS + INTEGERS, failures=(not_a_tensor(name), not_for_bool(name))
    )  # fmt: skip


ROWS = [
    step("floor", np.floor),
    step("ceil", np.ceil),
    step("trunc", np.trunc),
    step("round", np.round),
    Row("round", decimals, np.round, variant="decimals", call=lambda m, x, decimals: m.round(x, decimals=decimals)),
    few_row("frac", lambda x: x - np.trunc(x), -3, 3, HALVES, edges=False),
    Row("floor_divide", quotients, np.floor_divide, FLOATS + INTEGERS, None, failures=(by_zero("floor_divide"),)),
    Row("div", quotients, np.floor_divide, FLOATS + INTEGERS, None, variant="floor", call=divided("floor")),
    Row("div", quotients, truncated, FLOATS + INTEGERS, None, variant="trunc", call=divided("trunc")),
    Row("remainder", remainders, np.remainder, FLOATS + INTEGERS, failures=(by_zero("remainder"),)),
    Row("fmod", remainders, np.fmod, FLOATS + INTEGERS, failures=(by_zero("fmod"),)),
]
