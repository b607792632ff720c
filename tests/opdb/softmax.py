"""Rows of autograd/ops/softmax.py."""

from __future__ import annotations

import numpy as np

from .activation import STEEP
from .core import Failure, Make, Row, Sample

F = "nn.functional."


def softmax(x, dim):
    if not x.size:
        return x
    x = x.reshape(1) if not x.ndim else x
    e = np.exp(x - x.max(dim, keepdims=True))
    return e / e.sum(dim, keepdims=True)


def log_softmax(x, dim):
    if not x.size:
        return x
    x = x.reshape(1) if not x.ndim else x
    s = x - x.max(dim, keepdims=True)
    return s - np.log(np.exp(s).sum(dim, keepdims=True))


def rows(make: Make):
    for shape, dim in (
        ((5,), 0),
        ((3, 4), 1),
        ((3, 4), 0),
        ((3, 4), -1),
        ((2, 3, 4), 1),
        ((2, 3, 4), 2),
        ((2, 3, 4), 0),
        ((1, 1), 1),
        ((0, 3), 1),
        ((3, 0), 1),
        ((3, 0), 0),
        ((4, 33), 1),
        ((33, 4), 0),
        ((3, 65), 1),
    ):
        yield Sample((make(*shape), dim), note=f"{shape} along {dim}")
    yield Sample((make(4, 3).T, 1), note="transposed")
    yield Sample((make(3, 8)[:, ::2], 1), note="steps")
    yield Sample((np.broadcast_to(make(3, 1), (3, 4)), 1), note="expanded")
    fixed = make(3, 4)
    fixed.flags.writeable = False
    yield Sample((fixed, 0), note="read-only")
    inf, nan = np.inf, np.nan
    edges = np.array(
        [[1, nan, 2], [inf, 1, 2], [-inf, 1, 2], [-inf, -inf, -inf], [1000, 1001, 1002], [-1e4, 0, 1e4]], make.dtype
    )
    yield Sample((edges, 1), smooth=False, note="edge values")
    yield Sample((edges.T.copy(), 0), smooth=False, note="edge values")


def zero_d(make: Make):
    yield from rows(make)
    yield Sample((make(), 0), note="a number")


def reshaped(function):
    return lambda x, dim: function(x, dim).reshape(np.shape(x))


def one_hot_samples(make: Make):
    """Logits so far apart that the noise changes nothing."""
    for shape, dim in (((3, 4), -1), ((3, 4), 0), ((5,), 0)):
        yield Sample(
            (np.asarray(make.distinct(*shape) * 4000, make.dtype),),
            {"hard": True, "dim": dim},
            False,
            f"{shape} along {dim}",
        )


def hardest(x, hard, dim):
    return np.asarray(x == x.max(dim, keepdims=True), x.dtype)


ROWS = [
    Row(
        "softmax",
        zero_d,
        reshaped(softmax),
        rtol=STEEP,
        failures=(
            Failure(
                lambda m: m.softmax(m.ones(2), 1),
                IndexError,
                "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
            ),
            Failure(lambda m: m.softmax(m.tensor([1, 2]), 0), RuntimeError, "not implemented for 'Long'"),
            Failure(lambda m: m.softmax(m.ones(2)), TypeError, "dim"),
        ),
    ),
    Row(
        "log_softmax",
        zero_d,
        reshaped(log_softmax),
        rtol=STEEP,
        atol={"float32": 5e-6},
        failures=(Failure(lambda m: m.log_softmax(m.ones(2), 1), IndexError, "Dimension out of range"),),
    ),
    Row(F + "softmin", zero_d, lambda x, dim: reshaped(softmax)(-x, dim), rtol=STEEP),
    Row(
        F + "gumbel_softmax",
        one_hot_samples,
        hardest,
        wanted=None,
        failures=(
            Failure(lambda m: m.nn.functional.gumbel_softmax(m.tensor([1])), (RuntimeError, NotImplementedError), ""),
        ),
    ),
]
