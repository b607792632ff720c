"""Rows of autograd/ops/activation.py."""

from __future__ import annotations

import math

import numpy as np

from .core import FLOATS, INTEGERS, Failure, Make, Row, Sample, not_a_tensor, unary

erfc = np.vectorize(math.erfc, otypes=[float])
F = "nn.functional."


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def silu(x):
    return np.where(np.isneginf(x), 0, x * sigmoid(x))


def gelu(x, approximate="none"):
    if approximate == "none":
        return np.where(np.isneginf(x), 0, x * 0.5 * erfc(-np.asarray(x) / math.sqrt(2)))
    return np.where(np.isneginf(x), 0, 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


def leaky_relu(x, slope=0.01):
    return np.where(x > 0, x, x * slope)


def softplus(x, beta=1.0, threshold=20.0):
    bx = beta * x
    return np.where(bx > threshold, x, (np.maximum(bx, 0) + np.log1p(np.exp(-np.abs(bx)))) / beta)


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


def embeddings(make: Make):
    for like in ((4,), (2, 3), (), (0,), (2, 0)):
        yield Sample((make.integers(0, 5, *like), make(5, 3)), note=f"{like}")
    yield Sample((np.array([1, 1, 1, 0]), make(3, 5).T), note="one row many times, transposed table")
    yield Sample((make.integers(0, 5, 3, 2).T, make(5, 3)), note="transposed positions")
    yield Sample((make.integers(0, 5, 4, dtype="int32"), make(5, 3)), note="int32")
    yield Sample((np.array([1, 2, 1]), make(5, 3)), {"padding_idx": 1}, smooth=False, note="padding")
    yield Sample((np.array([1, 2, 4]), make(5, 3)), {"padding_idx": -1}, smooth=False, note="padding from the end")
    yield Sample((make.integers(0, 5, 3), make(5, 0)), note="width 0")


def dropouts(make: Make):
    for p in (0.5, 0.0, 0.2, 1.0):
        for x in (make(3, 4), make(), make(0, 2), make(4, 3).T):
            yield Sample((x, p), note=f"p={p}")
    yield Sample((make(3, 4), 0.5, False), note="not training")


def seeded_dropout(m, x, *args):
    m.manual_seed(3)
    return m.nn.functional.dropout(x, *args)


def bad_probability(p):
    return Failure(
        lambda m: m.nn.functional.dropout(m.ones(2), p),
        (ValueError, RuntimeError),
        "dropout probability has to be between 0 and 1",
    )


def elementwise(path, reference, *domain, calls=(), dtypes=FLOATS, **options):
    return Row(
        path, unary(*(domain or (-3, 3, ())), *calls), reference, dtypes, failures=(not_a_tensor(path),), **options
    )


STEEP = {"float32": 5e-6, "float64": 1e-13}

ROWS = [
    elementwise("relu", lambda x: np.maximum(x, 0), -2, 2, (0,), dtypes=FLOATS + INTEGERS),
    elementwise("sigmoid", sigmoid),
    elementwise(F + "silu", silu, rtol=STEEP),
    elementwise(F + "gelu", gelu, -3, 3, (), calls=[((), {}), ((), {"approximate": "tanh"})], rtol=STEEP),
    elementwise(F + "leaky_relu", leaky_relu, -2, 2, (0,), calls=[((), {}), ((0.3,), {}), ((-0.5,), {})]),
    elementwise(F + "softplus", softplus, -3, 3, (), calls=[((), {}), ((2.0, 1e3), {}), ((0.5,), {})], rtol=STEEP),
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
    Row(
        F + "embedding",
        embeddings,
        lambda i, w, padding_idx=None: w[i],
        wanted=(1,),
        failures=(
            Failure(
                lambda m: m.nn.functional.embedding(m.tensor([0, 5]), m.ones(3, 2)),
                IndexError,
                "index out of range in self",
            ),
            Failure(
                lambda m: m.nn.functional.embedding(m.tensor([-1]), m.ones(3, 2)),
                IndexError,
                "index out of range in self",
            ),
            Failure(
                lambda m: m.nn.functional.embedding(m.ones(2), m.ones(3, 2)),
                RuntimeError,
                "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int",
            ),
            Failure(
                lambda m: m.nn.functional.embedding(m.tensor([0]), m.ones(3)), RuntimeError, "'weight' must be 2-D"
            ),
            Failure(
                lambda m: m.nn.functional.embedding(m.tensor([0]), m.ones(3, 2), padding_idx=3),
                AssertionError,
                "Padding_idx must be within num_embeddings",
            ),
        ),
    ),
    Row(
        F + "dropout",
        dropouts,
        None,
        call=seeded_dropout,
        failures=(
            bad_probability(1.5),
            bad_probability(-0.1),
            bad_probability(float("nan")),
        ),
    ),
]
