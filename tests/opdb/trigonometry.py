"""Rows of autograd/ops/trigonometry.py."""

from __future__ import annotations

import numpy as np

from .core import FAR, FLOATS, Failure, Make, Row, Sample, few_pairs, few_row, shape_failure, unary_row

POINTS = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 3.0, 1e-20)


def angles(make: Make):
    yield from few_pairs(FAR, edges=POINTS)(make)
    yield Sample((np.zeros(3, make.dtype), make.dtype.type([0, 1, -1])), smooth=False, note="the origin")


ROWS = [
    unary_row("sin", np.sin, -3, 3),
    unary_row("cos", np.cos, -3, 3),
    few_row("tan", np.tan, -1.4, 1.4, edges=False),
    few_row("asin", np.arcsin, -0.9, 0.9),
    few_row("acos", np.arccos, -0.9, 0.9),
    few_row("atan", np.arctan),
    Row(
        "atan2",
        angles,
        np.arctan2,
        FLOATS,
        failures=(shape_failure("atan2"), Failure(lambda m: m.atan2(m.ones(2), 1.0), TypeError, "must be Tensor")),
    ),
    few_row("sinc", np.sinc, -2, 2, (0,), edges=False),
    few_row("deg2rad", np.deg2rad, -180, 180),
    few_row("rad2deg", np.rad2deg),
    few_row("sinh", np.sinh),
    few_row("cosh", np.cosh),
    unary_row("tanh", np.tanh),
    few_row("asinh", np.arcsinh),
    few_row("acosh", np.arccosh, 1.2, 3),
    few_row("atanh", np.arctanh, -0.9, 0.9),
]
