"""Rows of autograd/ops/embedding.py."""

from __future__ import annotations

import numpy as np

from .core import Failure, Make, Row, Sample

F = "nn.functional."


def embeddings(make: Make):
    for like in ((4,), (2, 3), (), (0,), (2, 0)):
        yield Sample((make.integers(0, 5, *like), make(5, 3)), note=f"{like}")
    yield Sample((np.array([1, 1, 1, 0]), make(3, 5).T), note="one row many times, transposed table")
    yield Sample((make.integers(0, 5, 3, 2).T, make(5, 3)), note="transposed positions")
    yield Sample((make.integers(0, 5, 4, dtype="int32"), make(5, 3)), note="int32")
    yield Sample((np.array([1, 2, 1]), make(5, 3)), {"padding_idx": 1}, smooth=False, note="padding")
    yield Sample((np.array([1, 2, 4]), make(5, 3)), {"padding_idx": -1}, smooth=False, note="padding from the end")
    yield Sample((make.integers(0, 5, 3), make(5, 0)), note="width 0")


def bags(make: Make):
    offsets = np.array([0, 2, 2, 5])
    for mode in ("sum", "mean", "max"):
        yield Sample((make.integers(0, 5, 3, 2), make.distinct(5, 3)), {"mode": mode}, note=f"{mode}, rows")
        yield Sample((make.integers(0, 5, 6), make.distinct(5, 3), offsets), {"mode": mode}, note=f"{mode}, offsets")
        yield Sample(
            (np.array([1, 0, 1, 1, 2]), make.distinct(5, 3), offsets),
            {"mode": mode, "padding_idx": 1, "include_last_offset": True},
            smooth=False,
            note=f"{mode}, padding, the last offset",
        )
    yield Sample(
        (make.integers(0, 5, 2, 2), make(5, 3)), {"mode": "sum", "per_sample_weights": make(2, 2)}, note="weights"
    )


def bag(index, w, offsets=None, mode="mean", per_sample_weights=None, include_last_offset=False, padding_idx=None):
    if offsets is None:
        offsets = np.arange(0, index.size, index.shape[1])
    ends = offsets[1:] if include_last_offset else np.append(offsets[1:], index.size)
    y = np.zeros((len(ends), w.shape[1]))
    shares = np.ones(index.size) if per_sample_weights is None else per_sample_weights.reshape(-1)
    for b, (start, end) in enumerate(zip(offsets, ends)):
        own = [i for i in range(start, end) if index.reshape(-1)[i] != padding_idx]
        if own:
            rows = w[index.reshape(-1)[own]] * shares[own, None]
            y[b] = {"sum": np.sum, "mean": np.mean, "max": np.max}[mode](rows, 0)
    return y


ROWS = [
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
        F + "embedding_bag",
        bags,
        bag,
        wanted=(1,),
        failures=(
            Failure(
                lambda m: m.nn.functional.embedding_bag(m.tensor([0, 1]), m.ones(3, 2), m.tensor([1])),
                RuntimeError,
                "offsets[0] has to be 0",
            ),
            Failure(
                lambda m: m.nn.functional.embedding_bag(m.tensor([0, 1]), m.ones(3, 2)),
                ValueError,
                "offsets has to be a 1D Tensor but got None",
            ),
            Failure(
                lambda m: m.nn.functional.embedding_bag(m.tensor([[0, 1]]), m.ones(3, 2), mode="x"),
                ValueError,
                "mode has to be one of sum, mean or max",
            ),
            Failure(
                lambda m: m.nn.functional.embedding(m.tensor([0]), m.ones(3, 2), max_norm=1.0),
                NotImplementedError,
                "max_norm=1.0 is not implemented",
                torch=False,
            ),
        ),
    ),
]
