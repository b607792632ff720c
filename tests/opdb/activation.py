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


def elementwise(path, reference, *domain, calls=(), dtypes=FLOATS, **options):
    return Row(
        path, unary(*(domain or (-3, 3, ())), *calls), reference, dtypes, failures=(not_a_tensor(path),), **options
    )


def halves(make: Make):
    for shape, dim in (((4,), -1), ((2, 6), 1), ((4, 3), 0), ((2, 4, 3), 1), ((0, 2), -1), ((3, 0), -1)):
        yield Sample((make(*shape), dim), note=f"{shape} along {dim}")
    yield Sample((make(4, 3).T,), note="transposed")


STEEP = {"float32": 5e-6, "float64": 1e-13}

ROWS = [
    elementwise("relu", lambda x: np.maximum(x, 0), -2, 2, (0,), dtypes=FLOATS + INTEGERS),
    elementwise("sigmoid", sigmoid),
    elementwise(F + "silu", silu, rtol=STEEP),
    elementwise(F + "gelu", gelu, -3, 3, (), calls=[((), {}), ((), {"approximate": "tanh"})], rtol=STEEP),
    elementwise(F + "leaky_relu", leaky_relu, -2, 2, (0,), calls=[((), {}), ((0.3,), {}), ((-0.5,), {})]),
    elementwise(F + "softplus", softplus, -3, 3, (), calls=[((), {}), ((2.0, 1e3), {}), ((0.5,), {})], rtol=STEEP),
    elementwise(F + "mish", lambda x: x * np.tanh(softplus(x)), rtol=STEEP),
    elementwise(F + "logsigmoid", lambda x: -softplus(-x, threshold=np.inf), rtol=STEEP),
    Row(F + "softsign", unary(-2, 2, (0,)), lambda x: x / (1 + np.abs(x))),
    Row(F + "tanhshrink", unary(-3, 3), lambda x: x - np.tanh(x), rtol=STEEP),
    Row(
        F + "glu",
        halves,
        lambda x, dim=-1: np.multiply(*[f(a) for f, a in zip((np.array, sigmoid), np.split(x, 2, dim))]),
        rtol=STEEP,
        failures=(
            Failure(lambda m: m.nn.functional.glu(m.ones(3)), RuntimeError, "Halving dimension must be even"),
            Failure(lambda m: m.nn.functional.glu(m.tensor(1.0)), RuntimeError, "glu does not support scalars"),
            Failure(lambda m: m.nn.functional.glu(m.ones(3, 4), 5), IndexError, "Dimension out of range"),
        ),
    ),
]
