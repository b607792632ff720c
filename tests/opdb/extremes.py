"""Rows of autograd/ops/extremes.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, FLOATS, INTEGERS, Failure, Make, Row, Sample
from .reduce import empty, out_of_range, over, reductions


def pick(function, arg):
    def reference(x, dim=None, keepdim=False):
        if dim is None:
            return function(x)
        return over(function)(x, dim, keepdim), over(arg)(x, dim, keepdim)

    return reference


def aminmaxes(make: Make):
    for shape, dim in (((3, 4), None), ((3, 4), 1), ((3, 4), 0), ((), None), ((1, 5), -1)):
        yield Sample(
            (make.distinct(*shape),), {} if dim is None else {"dim": dim, "keepdim": dim == 1}, note=f"{shape}"
        )
    yield Sample((make.distinct(4, 3).T,), {"dim": 0}, note="transposed")
    if make.floating:
        yield Sample((np.array([[1, 3, 3, 1], [2, 2, 2, 2]], make.dtype),), {"dim": 1}, smooth=False, note="ties")


def lowest_and_highest(x, dim=None, keepdim=False):
    if dim is None:
        return np.min(x), np.max(x)
    return np.min(x, axis=dim, keepdims=keepdim), np.max(x, axis=dim, keepdims=keepdim)


ROWS = [
    Row(
        "amax",
        reductions(empty=False, distinct=True),
        over(np.max),
        ALL,
        failures=(out_of_range("amax"), empty("amax")),
    ),
    Row(
        "amin",
        reductions(empty=False, distinct=True),
        over(np.min),
        ALL,
        failures=(out_of_range("amin"), empty("amin")),
    ),
    Row(
        "max",
        reductions(several=False, empty=False, distinct=True),
        pick(np.max, np.argmax),
        FLOATS + INTEGERS,
        failures=(
            out_of_range("max"),
            empty("max"),
            Failure(lambda m: m.max(m.zeros(0)), RuntimeError, "input.numel() == 0"),
        ),
    ),
    Row(
        "min",
        reductions(several=False, empty=False, distinct=True),
        pick(np.min, np.argmin),
        FLOATS + INTEGERS,
        failures=(out_of_range("min"), empty("min")),
    ),
    Row(
        "argmax",
        reductions(several=False, empty=False),
        over(np.argmax),
        FLOATS + INTEGERS,
        None,
        failures=(
            Failure(lambda m: m.argmax(m.tensor([True, False])), RuntimeError, "not implemented for 'Bool'"),
            out_of_range("argmax"),
            empty("argmax"),
            Failure(lambda m: m.zeros(0).argmax(), IndexError, "input.numel() == 0"),
        ),
    ),
    Row(
        "argmin",
        reductions(several=False, empty=False),
        over(np.argmin),
        FLOATS + INTEGERS,
        None,
        failures=(
            Failure(lambda m: m.argmin(m.tensor([True, False]), 0), RuntimeError, "not implemented for 'Bool'"),
            out_of_range("argmin"),
            empty("argmin"),
        ),
    ),
    Row(
        "aminmax",
        aminmaxes,
        lowest_and_highest,
        ALL,
        failures=(Failure(lambda m: m.aminmax(m.zeros(0, 3), dim=0), IndexError, "to have non-zero size"),),
    ),
]
