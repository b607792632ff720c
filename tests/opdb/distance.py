"""Rows of autograd/ops/distance.py."""

from __future__ import annotations

import numpy as np

from .core import Failure, Make, Row, Sample

F = "nn.functional."
LOOSE = {"float32": 5e-6, "float64": 1e-12}


def length(x, p, dim):
    return np.linalg.norm(x, p, dim, keepdims=True)


def pairs(make: Make):
    for p in (2.0, 1.0, 3.0, 0.5, np.inf):
        yield Sample((make(3, 4), make(3, 4), p), note=f"p {p}")
    yield Sample((make(3, 4), make(4)), {"keepdim": True, "eps": 0.0}, note="broadcast")
    yield Sample((make(4), make(4)), note="vectors")
    yield Sample((make(0, 4), make(0, 4)), note="nothing")
    x = make(2, 3)
    for p in (2.0, 3.0, 1.0):
        yield Sample((x, x.copy(), p), {"eps": 0.0}, smooth=False, note=f"no distance, p {p}")


def pairwise(a, b, p=2.0, eps=1e-6, keepdim=False):
    d = np.linalg.norm(a - b + eps, p, -1, keepdims=keepdim)
    return d


def angles(make: Make):
    yield Sample((make(3, 4), make(3, 4)), note="rows")
    yield Sample((make(3, 4), make(3, 4)), {"dim": 0}, note="columns")
    yield Sample((make(2, 3, 4), make(4)), {"dim": -1}, note="broadcast")
    yield Sample((make(1, 2, 3), make(2, 1, 3)), {"dim": -2}, note="broadcast along the dim")
    yield Sample((make(4), make(4)), {"dim": 0, "eps": 0.1}, note="vectors")
    yield Sample((make(4, 3).T, make(3, 8)[:, ::2]), note="strided")
    yield Sample((np.zeros((1, 3), make.dtype), make(1, 3)), smooth=False, note="no direction")


def cosine(a, b, dim=1, eps=1e-8):
    a, b = (x / np.maximum(length(x, 2, dim), eps) for x in np.broadcast_arrays(a, b))
    return (a * b).sum(dim)


def vectors(make: Make):
    for p in (2.0, 1.0, 3.0, np.inf):
        yield Sample((make.distinct(3, 4) + make.dtype.type(0.1), p), note=f"p {p}")
    yield Sample((make(2, 3, 4),), {"dim": -1}, note="the last dim")
    yield Sample((make(4),), {"dim": 0, "eps": 100.0}, note="eps")
    yield Sample((np.zeros((2, 3), make.dtype),), smooth=False, note="zeros")


def normalized(x, p=2.0, dim=1, eps=1e-12):
    return x / np.maximum(length(x, p, dim), eps)


ROWS = [
    Row("pairwise_distance", pairs, pairwise, rtol=LOOSE),
    Row(
        "cosine_similarity",
        angles,
        cosine,
        rtol=LOOSE,
        failures=(
            Failure(
                lambda m: m.cosine_similarity(m.tensor([[1]]), m.tensor([[1]])),
                RuntimeError,
                "expected common dtype to be floating point",
            ),
        ),
    ),
    Row(
        F + "normalize",
        vectors,
        normalized,
        rtol=LOOSE,
        failures=(
            Failure(
                lambda m: m.nn.functional.normalize(m.tensor([[1]])),
                RuntimeError,
                "linalg.vector_norm: Expected a floating point or complex tensor as input. Got Long",
            ),
        ),
    ),
]
