"""Rows of autograd/ops/norms.py, and of what autograd/linalg.py makes of it."""

from __future__ import annotations

import numpy as np

from .core import Failure, Make, Row, Sample

inf = np.inf
LOOSE = {"float32": 2e-5, "float64": 1e-12}


def vectors(name: str):
    """Samples of every order, with the order's name."""

    def samples(make: Make):
        for p in (2, 1, 0, 3, 0.5, 1.7, -1, inf, -inf):
            x = make.distinct(3, 5) + make.dtype.type(0.1)
            yield Sample((x,), {name: p, "dim": 1}, note=f"{p}-norm")
        x = np.array([[0, 0, 0], [3, -3, 0], [-1, 2, 0.5]], make.dtype)
        for p in (2, 1, 3, 0.5, inf):
            yield Sample((x, p, 1, True), smooth=False, note=f"{p}-norm with zeros and ties")
        for shape, dim in (((), None), ((3, 4), None), ((2, 3, 4), (0, -1)), ((0,), None), ((2, 0), 1)):
            yield Sample((make(*shape),), {"dim": dim}, note=f"{shape} over {dim}")
        yield Sample((make(4, 3).T,), {"dim": 0, "keepdim": True}, note="transposed")

    return samples


def vector(x, ord=2, dim=None, keepdim=False):
    a = np.abs(x)
    if np.isinf(ord):
        return (np.max if ord > 0 else np.min)(a, axis=dim, keepdims=keepdim)
    if ord == 0:
        return np.sum(a != 0, axis=dim, keepdims=keepdim)
    return np.sum(a**ord, axis=dim, keepdims=keepdim) ** (1 / ord)


def matrices(make: Make):
    for ord in ("fro", "nuc", 2, -2, 1, -1, inf, -inf):
        yield Sample((make.distinct(3, 4) + make.dtype.type(0.1), ord), note=f"{ord}")
    yield Sample((make(2, 3, 4), "nuc", (0, 2), True), note="other dims, kept")
    yield Sample((make(2, 3, 4), 1, (2, 0)), note="other dims")
    yield Sample((make(4, 3).T,), note="transposed")


def any_norm(make: Make):
    yield Sample((make(2, 3, 4),))
    yield Sample((make(2, 3, 4),), {"dim": (0, 2), "keepdim": True})
    for ord in (2, 1, "nuc", -inf):
        yield Sample((make.distinct(3, 4) + make.dtype.type(0.1), ord), note=f"matrix, {ord}")
    yield Sample((make(4) + make.dtype.type(3), 3), note="vector")
    yield Sample((make(2, 3), 2, 1), note="vectors")
    yield Sample((make(2, 3, 4), "fro", (0, 1)), note="matrices")


def plain(make: Make):
    yield from vectors("p")(make)
    yield Sample((make(2, 3), "nuc"), note="nuc")
    yield Sample((make(2, 3), None, 0), note="None")
    yield Sample((make(2, 3), "fro", (0, 1)), note="fro")


def plain_reference(x, p="fro", dim=None, keepdim=False):
    if p == "nuc":
        return np.linalg.norm(x, "nuc")
    return vector(x, 2 if p in ("fro", None) else p, dim, keepdim)


def distances(make: Make):
    for p in (2, 1, 3, inf):
        yield Sample((make(2, 4), make(4)), {"p": p}, note=f"{p}-norm")
    x = make(3)
    yield Sample((x, x.copy()), smooth=False, note="the same point")


def all_distances(make: Make):
    for p in (2.0, 1.0, 0.0, 3.0, 1.5, inf):
        yield Sample((make(4, 3), make(5, 3), p), note=f"{p}-norm")
    yield Sample((make(2, 4, 3), make(5, 3)), note="a batch")
    yield Sample((make(3, 4).T, make(3, 2).T), note="transposed")
    yield Sample((make(0, 3), make(2, 3)), note="no rows")
    yield Sample((make(4, 0), make(2, 0)), note="no columns")
    yield Sample((np.ones((2, 3), make.dtype),) * 2, smooth=False, note="twice the same")


def integers(call):
    return Failure(lambda m: call(m, m.tensor([[1, 2]])), RuntimeError, "loating")


ROWS = [
    Row(
        "linalg.vector_norm",
        vectors("ord"),
        vector,
        rtol=LOOSE,
        failures=(
            integers(lambda m, x: m.linalg.vector_norm(x)),
            Failure(lambda m: m.linalg.vector_norm(m.ones(2), "fro"), TypeError, "must be Number, not str"),
            Failure(lambda m: m.linalg.vector_norm(m.ones(0), inf), RuntimeError, "does not have an identity"),
            Failure(lambda m: m.linalg.vector_norm(m.ones(2), dim=1), IndexError, "Dimension out of range"),
            Failure(
                lambda m: m.linalg.vector_norm(m.ones(2, dtype=m.float64), dtype=m.float32), RuntimeError, "narrowing"
            ),
        ),
    ),
    Row(
        "linalg.matrix_norm",
        matrices,
        lambda A, ord="fro", dim=(-2, -1), keepdim=False: np.linalg.norm(A, ord, dim, keepdim),
        rtol=LOOSE,
        failures=(
            integers(lambda m, x: m.linalg.matrix_norm(x)),
            Failure(lambda m: m.linalg.matrix_norm(m.ones(2)), RuntimeError, "must have at least 2 dimensions"),
            Failure(lambda m: m.linalg.matrix_norm(m.ones(2, 2), 3), RuntimeError, "Order 3 not supported"),
            Failure(lambda m: m.linalg.matrix_norm(m.ones(2, 2), dim=(0, 0)), RuntimeError, "dims must be different"),
        ),
    ),
    Row(
        "linalg.norm",
        any_norm,
        lambda x, ord=None, dim=None, keepdim=False: (
            vector(x, 2, dim, keepdim) if ord is None else np.linalg.norm(x, ord, dim, keepdim)
        ),
        rtol=LOOSE,
        variant="linalg",
        failures=(
            Failure(lambda m: m.linalg.norm(m.ones(2, 2, 2), 2), RuntimeError, "must be 1D or 2D. Got 3D"),
            Failure(lambda m: m.linalg.norm(m.ones(2, 2, 2), 2, (0, 1, 2)), RuntimeError, "must be of length 1 or 2"),
            Failure(lambda m: m.linalg.norm(m.ones(2, 2), "fro", 0), RuntimeError, "dim must be a 2-tuple"),
        ),
    ),
    Row("norm", plain, plain_reference, rtol=LOOSE, failures=(integers(lambda m, x: m.norm(x)),)),
    Row(
        "dist",
        distances,
        lambda a, b, p=2: vector(a - b, p),
        rtol=LOOSE,
        failures=(
            Failure(lambda m: m.dist(m.ones(2), m.ones(3)), RuntimeError, "must match the size of tensor b (3)"),
        ),
    ),
    Row(
        "cdist",
        all_distances,
        lambda a, b, p=2.0: vector(a[..., :, None, :] - b[..., None, :, :], p, -1) if a.shape[-1] else np.zeros((4, 2)),
        rtol=LOOSE,
        atol={"float32": 1e-5},
        failures=(
            integers(lambda m, x: m.cdist(x, x)),
            Failure(lambda m: m.cdist(m.ones(2, 3), m.ones(4, 2)), RuntimeError, "X1: 3 X2: 2"),
            Failure(lambda m: m.cdist(m.ones(3), m.ones(4, 3)), RuntimeError, "at least 2D tensors, X1 got: 1D"),
            Failure(lambda m: m.cdist(m.ones(2, 3), m.ones(4, 3), p=-1), RuntimeError, "only supports non-negative p"),
        ),
    ),
]
