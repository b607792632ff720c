"""Rows of autograd/ops/windows.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, Failure, Make, Row, Sample, cases, through_method


def unfold_reference(x, dim, size, step):
    if not x.ndim:
        return np.full(size, x)
    dim %= x.ndim
    n = (x.shape[dim] - size) // step + 1
    parts = [np.moveaxis(np.take(x, range(i * step, i * step + size), dim), dim, -1) for i in range(n)]
    return np.stack(parts, dim)


def strided(make: Make):
    yield Sample((make(6), (2, 3), (1, 2)), note="windows")
    yield Sample((make(3, 4), (2, 2), (4, 1), 1), note="a part")
    yield Sample((make(3, 4), (3,), (5,)), note="the diagonal")
    yield Sample((make(5), (2, 3), (0, 1)), note="expanded")
    yield Sample((make(5), (0, 2), (1, 1)), note="nothing")
    yield Sample((make(), (3,), (0,)), note="a number")


def strided_reference(x, size, stride, offset=0):
    return np.lib.stride_tricks.as_strided(x.reshape(-1)[offset:], size, [s * x.itemsize for s in stride]).copy()


ROWS = [
    Row(
        "unfold",
        cases(
            ((5,), 0, 2, 1), ((5,), 0, 3, 2), ((2, 6), 1, 2, 3), ((4, 3), 0, 2, 1), ((4, 3), -1, 3, 1), ((), 0, 1, 1)
        ),
        unfold_reference,
        ALL,
        call=through_method("unfold"),
        failures=(
            Failure(lambda m: m.ones(3).unfold(0, 4, 1), RuntimeError, "maximum size for tensor at dimension 0 is 3"),
            Failure(lambda m: m.ones(3).unfold(0, 2, 0), RuntimeError, "step is 0 but must be > 0"),
            Failure(lambda m: m.ones(3).unfold(0, -1, 1), RuntimeError, "size is -1 but must be >= 0"),
            Failure(lambda m: m.ones(3).unfold(1, 1, 1), IndexError, "Dimension out of range"),
        ),
    ),
    Row(
        "as_strided",
        strided,
        strided_reference,
        ALL,
        failures=(
            Failure(
                lambda m: m.ones(3).as_strided((2, 3), (1, 1)), RuntimeError, "out of bounds for storage of size 12"
            ),
            Failure(
                lambda m: m.ones(3).as_strided((2,), (1, 1)), RuntimeError, "mismatch in length of strides and shape"
            ),
            Failure(lambda m: m.ones(3).as_strided((2,), (-1,)), RuntimeError, "Negative strides are not supported"),
        ),
    ),
]
