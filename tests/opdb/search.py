"""Rows of autograd/ops/search.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, Failure, Make, Row, Sample


def anything(make: Make):
    for x in (make(3, 4), make(0, 2), make(5), make(4, 3).T):
        yield Sample((x,))


def sequences(make: Make):
    edges = np.sort(make.distinct(6))
    values = make.distinct(3, 4)
    yield Sample((edges, values))
    yield Sample((edges, values.T), {"right": True}, note="right")
    yield Sample((edges, edges), {"side": "right"}, note="the boundaries themselves")
    yield Sample((np.stack([edges, edges + 1]), values[:2]), {"out_int32": True}, note="a row each")
    yield Sample((edges[::-1].copy(), values), {"sorter": np.arange(6)[::-1].copy()}, note="sorter")
    yield Sample((edges[:0], values), note="no boundaries")
    yield Sample((edges, make()), note="a number")


def places(edges, values, right=False, side="left", out_int32=False, sorter=None):
    side = "right" if right else side
    if sorter is not None:
        edges = edges[sorter]
    if edges.ndim == 1:
        return np.asarray(np.searchsorted(edges, values, side))
    return np.stack([np.searchsorted(e, v, side) for e, v in zip(edges, values)])


def buckets(make: Make):
    edges = np.sort(make.distinct(4))
    yield Sample((make.distinct(2, 3), edges))
    yield Sample((edges, edges), {"right": True}, note="the boundaries themselves")


NUMBERS = tuple(d for d in ALL if d != "bool")

ROWS = [
    Row("nonzero", anything, np.argwhere, ALL, None),
    Row("argwhere", anything, np.argwhere, ALL, None),
    Row(
        "searchsorted",
        sequences,
        places,
        NUMBERS,
        None,
        failures=(
            Failure(
                lambda m: m.searchsorted(m.ones(2, 3), m.ones(3)), RuntimeError, "boundaries tensor should be 1 dim"
            ),
            Failure(
                lambda m: m.searchsorted(m.ones(2), m.ones(2), side="up"), RuntimeError, "side can only be 'left' or"
            ),
            Failure(
                lambda m: m.searchsorted(m.ones(2), m.ones(2), side="left", right=True),
                RuntimeError,
                "side and right can't be set to opposites",
            ),
            Failure(
                lambda m: m.searchsorted(m.ones(2), m.ones(2), sorter=m.tensor([0])),
                RuntimeError,
                "boundary and sorter must have the same size",
            ),
        ),
    ),
    Row(
        "bucketize",
        buckets,
        lambda x, edges, right=False: places(edges, x, right),
        NUMBERS,
        None,
        failures=(
            Failure(lambda m: m.bucketize(m.ones(2), m.ones(2, 2)), RuntimeError, "boundaries tensor must be 1 dim"),
        ),
    ),
]
