"""Rows of autograd/ops/loss_embedding.py."""

from __future__ import annotations

import numpy as np

from .core import Failure, Make, Row, Sample
from .loss import LOOSE, REDUCTIONS, reduced

F = "nn.functional."


def signs(make: Make, *shape: int) -> np.ndarray:
    return np.asarray(make.integers(0, 2, *shape) * 2 - 1, make.dtype)


def distances(make: Make):
    for reduction in REDUCTIONS:
        yield Sample((make(3, 4, kinks=(0.0, 1.0)), signs(make, 3, 4)), {"reduction": reduction}, note=reduction)
    yield Sample((make(5, kinks=(0.0, 0.5)), np.array([1, -1, 0, 1, -1], make.dtype)), {"margin": 0.5}, note="margin")
    yield Sample((make(0), make(0)), {"reduction": "sum"}, note="nothing")


def hinge_embedding(x, t, margin=1.0, reduction="mean"):
    return reduced(np.where(t != -1, x, 0) + np.where(t != 1, np.maximum(margin - x, 0), 0), reduction)


def rankings(make: Make):
    for reduction in REDUCTIONS:
        x = make.distinct(3, 4)
        yield Sample((x, x[::-1].copy(), signs(make, 3, 4)), {"reduction": reduction, "margin": 0.1}, note=reduction)
    yield Sample((make.distinct(4), make(4) + make.dtype.type(9), signs(make, 4)), note="no margin")
    yield Sample((make.distinct(3, 4), make(1, 4, low=3.3, high=3.4), signs(make, 3, 1)), note="broadcast")


def margin_ranking(a, b, t, margin=0.0, reduction="mean"):
    return reduced(np.maximum(margin - t * (a - b), 0), reduction)


def directions(make: Make):
    for reduction in REDUCTIONS:
        yield Sample((make(4, 3), make(4, 3), signs(make, 4)), {"reduction": reduction, "margin": -0.9}, note=reduction)
    yield Sample((make(3), make(3), np.array(1, make.dtype)), note="vectors")
    yield Sample((make(2, 3), make(2, 3), np.array([0, 1], make.dtype)), note="neither")


def cosine_embedding(a, b, t, margin=0.0, reduction="mean"):
    c = (a * b).sum(-1) / np.sqrt(((a * a).sum(-1) + 1e-12) * ((b * b).sum(-1) + 1e-12))
    return reduced(np.where(t == 1, 1 - c, np.where(t == -1, np.maximum(c - margin, 0), 0)), reduction)


def triplets(make: Make):
    for reduction in REDUCTIONS:
        given = make(4, 3), make(4, 3), make(4, 3)
        yield Sample(given, {"reduction": reduction, "margin": 3.0}, note=reduction)
        yield Sample(given, {"reduction": reduction, "margin": 3.0, "swap": True}, note=f"{reduction}, swap")
    yield Sample((make(3), make(3), make(3)), {"margin": 4.0}, note="vectors")
    for p in (1.0, 3.0):
        yield Sample((make(2, 3), make(2, 3), make(2, 3)), {"margin": 5.0, "p": p}, note=f"p {p}")


def triplet(a, b, c, margin=1.0, p=2.0, swap=False, reduction="mean"):
    def distance(x, y):
        return (np.abs(x - y + 1e-6) ** p).sum(-1) ** (1 / p)

    far = np.minimum(distance(a, c), distance(b, c)) if swap else distance(a, c)
    return reduced(np.maximum(distance(a, b) - far + margin, 0), reduction)


def own_distance(m, *args, **kwargs):
    return m.nn.functional.triplet_margin_with_distance_loss(
        *args, distance_function=lambda a, b: ((a - b) * (a - b)).sum(-1), **kwargs
    )


def own_triplets(make: Make):
    for reduction in REDUCTIONS:
        given = make(4, 3), make(4, 3), make(4, 3)
        yield Sample(given, {"reduction": reduction, "margin": 30.0, "swap": True}, note=reduction)


ROWS = [
    Row(F + "hinge_embedding_loss", distances, hinge_embedding, wanted=(0,), rtol=LOOSE),
    Row(
        F + "margin_ranking_loss",
        rankings,
        margin_ranking,
        wanted=(0, 1),
        rtol=LOOSE,
        failures=(
            Failure(
                lambda m: m.nn.functional.margin_ranking_loss(m.ones(2, 3), m.ones(2, 3), m.ones(3)),
                RuntimeError,
                "margin_ranking_loss : All input tensors should have same dimension",
            ),
        ),
    ),
    Row(
        F + "cosine_embedding_loss",
        directions,
        cosine_embedding,
        wanted=(0, 1),
        rtol=LOOSE,
        atol={"float32": 3e-6},
        failures=(
            Failure(
                lambda m: m.nn.functional.cosine_embedding_loss(m.ones(2, 3), m.ones(2, 3), m.ones(2, 3)),
                RuntimeError,
                "0D or 1D target tensor expected, multi-target not supported",
            ),
            Failure(
                lambda m: m.nn.functional.cosine_embedding_loss(m.ones(2, 3), m.ones(2, 3), m.tensor(1.0)),
                RuntimeError,
                "0D target tensor expects 1D input tensors",
            ),
        ),
    ),
    Row(
        F + "triplet_margin_loss",
        triplets,
        triplet,
        wanted=(0, 1, 2),
        rtol=LOOSE,
        failures=(
            Failure(
                lambda m: m.nn.functional.triplet_margin_loss(m.ones(2, 3), m.ones(2, 3), m.ones(2, 3), margin=-1.0),
                ValueError,
                "margin must be greater than 0",
            ),
            Failure(
                lambda m: m.nn.functional.triplet_margin_loss(m.ones(2, 3), m.ones(2, 3), m.ones(3)),
                RuntimeError,
                "are expected to have the same number of dimensions",
            ),
        ),
    ),
    Row(F + "triplet_margin_with_distance_loss", own_triplets, None, wanted=(0, 1, 2), rtol=LOOSE, call=own_distance),
]
