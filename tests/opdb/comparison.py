"""Rows of autograd/ops/comparison.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, FLOATS, INTEGERS, Failure, Make, Row, Sample, binary, few, shape_failure, unary


def comparison(name: str):
    return Row(
        name,
        binary(),
        getattr(
            np,
            {
                "eq": "equal",
                "ne": "not_equal",
                "lt": "less",
                "le": "less_equal",
                "gt": "greater",
                "ge": "greater_equal",
            }[name],
        ),
        ALL,
        wanted=None,
        failures=(shape_failure(name),),
    )


def logical(make: Make):
    yield from binary(edges=False)(make)


def shifts(make: Make):
    places = np.array([0, 1, 3, 7, 8, 15, 31, 64, 100, -1 % 256 if make.dtype.kind == "u" else -1], make.dtype)
    yield Sample((make(3, 1, low=-100, high=100), places), note="all places")
    yield Sample((make(0), make(1)), note="of nothing")


def shift_numbers(make: Make):
    for places in (0, 2, 9):
        yield Sample((make(5, low=-100, high=100), places), note=f"by {places}")
    yield Sample((5, make(5, low=0, high=4)), note="a number")
    yield Sample((make(5, low=0, high=4), np.array(2)), note="0-d int64")


ROWS = [
    *[comparison(name) for name in ("eq", "ne", "lt", "le", "gt", "ge")],
    Row("logical_and", logical, np.logical_and, ALL, None),
    Row("logical_or", logical, np.logical_or, ALL, None),
    Row("logical_xor", logical, np.logical_xor, ALL, None),
    Row("logical_not", unary(), np.logical_not, ALL, None),
    Row(
        "bitwise_and",
        logical,
        np.bitwise_and,
        (*INTEGERS, "bool"),
        None,
        failures=(Failure(lambda m: m.ones(2) & m.ones(2), RuntimeError, "bitwise_and"),),
    ),
    Row("bitwise_or", logical, np.bitwise_or, (*INTEGERS, "bool"), None),
    Row("bitwise_xor", logical, np.bitwise_xor, (*INTEGERS, "bool"), None),
    Row("bitwise_not", unary(), np.invert, (*INTEGERS, "bool"), None),
    Row("isnan", unary(), np.isnan, FLOATS, None),
    Row("isinf", unary(), np.isinf, FLOATS, None),
    Row("isfinite", unary(), np.isfinite, FLOATS, None),
    Row("isneginf", few(), np.isneginf, ALL, None),
    Row("isposinf", few(), np.isposinf, ALL, None),
    Row("isreal", few(), np.isreal, ALL, None),
    Row("signbit", few(), lambda x: np.signbit(x) if x.dtype.kind == "f" else x < 0, ALL, None),
    Row("bitwise_left_shift", shifts, None, INTEGERS, None),
    Row(
        "bitwise_right_shift",
        shifts,
        None,
        INTEGERS,
        None,
        failures=(Failure(lambda m: m.ones(2) >> 1, NotImplementedError, "not implemented for 'Float'"),),
    ),
    Row("bitwise_left_shift", shift_numbers, None, INTEGERS, None, variant="operator", call=lambda m, a, b: a << b),
    Row("bitwise_right_shift", shift_numbers, None, INTEGERS, None, variant="operator", call=lambda m, a, b: a >> b),
    Row(
        "isclose",
        binary(),
        np.isclose,
        FLOATS,
        None,
        failures=(
            Failure(lambda m: m.isclose(m.ones(1), m.ones(1).double()), RuntimeError, "Float did not match Double"),
            Failure(
                lambda m: m.isclose(m.ones(1), m.ones(1), rtol=-1.0), RuntimeError, "greater than or equal to zero"
            ),
        ),
    ),
]
