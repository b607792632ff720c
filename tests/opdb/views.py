"""Rows of autograd/ops/views.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, Failure, Row, cases, through_method


def narrow_reference(x, dim, start, length):
    start = start + x.shape[dim] if start < 0 else start
    return np.take(x, range(start, start + length), axis=dim)


ROWS = [
    Row("contiguous", cases(((2, 3),), ((0, 2),)), np.array, ALL, call=through_method("contiguous")),
    Row("clone", cases(((2, 3),), ((),), ((0, 2),)), np.array, ALL),
    Row(
        "narrow",
        cases(((5, 3), 0, 1, 3), ((5, 3), 1, -2, 2), ((5,), 0, 2, 0)),
        narrow_reference,
        ALL,
        failures=(Failure(lambda m: m.narrow(m.ones(3), 0, 2, 2), RuntimeError, "exceeds dimension size (3)"),),
    ),
    Row(
        "select",
        cases(((5, 3), 0, 1), ((5, 3), 1, -1), ((5,), 0, 2)),
        lambda x, dim, i: np.take(x, i, dim),
        ALL,
        failures=(Failure(lambda m: m.select(m.ones(3), 0, 3), IndexError, "out of"),),
    ),
]
