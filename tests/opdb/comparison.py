"""Rows of autograd/ops/comparison.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, FLOATS, INTEGERS, Failure, Make, Row, binary, shape_failure, unary


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
    Row("isclose", binary(), np.isclose, FLOATS, None),
]
