"""Rows of autograd/ops/join.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, Failure, Make, Row, Sample, cases


def split_reference(x, size, dim=0):
    points = (
        np.cumsum(size)[:-1] if isinstance(size, list) else np.arange(size, x.shape[dim], size) if x.shape[dim] else []
    )
    return tuple(np.split(x, points, axis=dim))


def chunk_reference(x, chunks, dim=0):
    n = x.shape[dim]
    return split_reference(x, -(-n // chunks), dim) if n else (x,) * chunks


def unbind_reference(x, dim=0):
    return tuple(np.moveaxis(x, dim, 0))


def joined(make: Make):
    yield Sample(([make(2, 3), make(1, 3), make(4, 3)],), note="rows")
    yield Sample(([make(2, 3), make(2, 1)], 1), note="columns")
    yield Sample(([make(2, 3), make(2, 1)], -1), note="columns from the end")
    yield Sample(([make(3), make(0), make(2)],), note="with an empty one")
    yield Sample(([make(2, 0), make(2, 3)], 1), note="with no columns")
    yield Sample(([make(5)],), note="one")
    yield Sample(([make(3, 2).T, make(4, 3)[::2]],), note="strided")
    yield Sample(([make(2, 3, 4), make(2, 5, 4)], 1), note="the middle")
    x = make(2, 2)
    yield Sample(([x, x],), note="twice the same")


def stacked(make: Make):
    for dim in (0, 1, 2, -1, -3):
        yield Sample(([make(2, 3), make(3, 2).T, make(2, 6)[:, ::2]], dim), note=f"dim {dim}")
    yield Sample(([make(), make()],), note="numbers")
    yield Sample(([make(0), make(0)], 1), note="nothing")


ROWS = [
    Row(
        "cat",
        joined,
        np.concatenate,
        ALL,
        failures=(
            Failure(
                lambda m: m.cat([m.ones(2, 3), m.ones(2, 4)]),
                RuntimeError,
                "Sizes of tensors must match except in dimension 0.",
            ),
            Failure(lambda m: m.cat([]), (RuntimeError, ValueError), "expected a non-empty list of Tensors"),
            Failure(lambda m: m.cat([m.ones(()), m.ones(())]), RuntimeError, "zero-dimensional tensor"),
            Failure(lambda m: m.cat([m.ones(2), m.ones(2, 2)]), RuntimeError, "same number of dimensions"),
            Failure(lambda m: m.cat([m.ones(2), 3.0]), TypeError, ""),
            Failure(lambda m: m.cat([m.ones(2), m.ones(2)], 1), IndexError, "Dimension out of range"),
        ),
    ),
    Row(
        "stack",
        stacked,
        np.stack,
        ALL,
        failures=(
            Failure(
                lambda m: m.stack([m.ones(2), m.ones(3)]), RuntimeError, "stack expects each tensor to be equal size"
            ),
            Failure(lambda m: m.stack([]), (RuntimeError, ValueError), "stack expects a non-empty TensorList"),
        ),
    ),
    Row(
        "split",
        cases(((5, 2), 2), ((5, 2), [1, 4]), ((3, 6), 2, 1), ((3, 6), [0, 6], -1), ((3,), 5), ((0, 2), 2)),
        split_reference,
        ALL,
        failures=(
            Failure(
                lambda m: m.split(m.ones(3), [1, 1]),
                RuntimeError,
                "split_with_sizes expects split_sizes to sum exactly to 3",
            ),
            Failure(lambda m: m.split(m.ones(3), 0), RuntimeError, "split"),
            Failure(lambda m: m.split(m.ones(3), -1), RuntimeError, "split_size be "),
        ),
    ),
    Row(
        "chunk",
        cases(((5, 2), 2), ((5, 2), 4), ((2, 6), 3, 1), ((3,), 5), ((0, 2), 2)),
        chunk_reference,
        ALL,
        failures=(
            Failure(lambda m: m.chunk(m.ones(3), 0), RuntimeError, "chunk expects `chunks` to be greater than 0"),
        ),
    ),
    Row(
        "unbind",
        cases(((3, 2),), ((3, 2), 1), ((2, 3, 4), -1), ((4,),)),
        unbind_reference,
        ALL,
        failures=(
            Failure(
                lambda m: m.unbind(m.ones(())), IndexError, "Dimension specified as 0 but tensor has no dimensions"
            ),
        ),
    ),
]
