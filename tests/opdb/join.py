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


def sides(make: Make):
    yield Sample(([make(2), make(3)],), note="vectors")
    yield Sample(([make(2, 3), make(2, 1)],), note="matrices")
    yield Sample(([make(2, 3, 2)],), note="one")


def heights(make: Make):
    yield Sample(([make(3), make(2, 3)],), note="a vector and a matrix")
    yield Sample(([make(4, 3)[::2], make(3, 1).T],), note="strided")
    yield Sample(([make(), make()],), note="numbers")


def depths(make: Make):
    yield Sample(([make(3), make(3)],), note="vectors")
    yield Sample(([make(2, 3), make(3, 2).T],), note="matrices")
    yield Sample(([make(2, 3, 1), make(2, 3, 2)],), note="three dims")


def columns(make: Make):
    yield Sample(([make(3), make(3, 2)],), note="a vector and a matrix")
    yield Sample(([make(3), make(6)[::2]],), note="vectors")


def blocks(make: Make):
    yield Sample((make(2, 3), make(3, 1)))
    yield Sample((make(3), make(), make(2, 2).T), note="a vector, a number, a matrix")
    yield Sample((make(0, 2), make(1, 1)), note="no rows")


def blocks_reference(*parts):
    parts = [np.atleast_2d(p) for p in parts]
    y = np.zeros(np.sum([p.shape for p in parts], 0), parts[0].dtype)
    i = j = 0
    for p in parts:
        y[i : i + p.shape[0], j : j + p.shape[1]] = p
        i, j = i + p.shape[0], j + p.shape[1]
    return y


def tensor_split_reference(x, at, dim=0):
    return tuple(np.array_split(x, at, dim))


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
        "hstack",
        sides,
        np.hstack,
        ALL,
        failures=(
            Failure(lambda m: m.hstack([]), (RuntimeError, ValueError), "hstack expects a non-empty TensorList"),
        ),
    ),
    Row("vstack", heights, np.vstack, ALL),
    Row("dstack", depths, np.dstack, ALL),
    Row("column_stack", columns, np.column_stack, ALL),
    Row(
        "block_diag",
        blocks,
        blocks_reference,
        ALL,
        failures=(
            Failure(
                lambda m: m.block_diag(m.ones(1, 2, 3)), RuntimeError, "Input tensors must have 2 or fewer dimensions"
            ),
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
    Row("split_with_sizes", cases(((5, 2), [1, 4]), ((3, 6), [0, 6], -1)), split_reference, ALL),
    Row(
        "tensor_split",
        cases(((5, 2), 2), ((2, 5), 3, 1), ((5,), (1, 3)), ((2, 4), (-1, 2, 9), -1), ((2,), 4), ((0, 2), 2)),
        tensor_split_reference,
        ALL,
        failures=(
            Failure(
                lambda m: m.tensor_split(m.ones(3), 0), RuntimeError, "number of sections must be larger than 0, got 0"
            ),
            Failure(
                lambda m: m.tensor_split(m.ones(()), 1), RuntimeError, "at least a 1-dimensional tensor, but got a"
            ),
            Failure(lambda m: m.tensor_split(m.ones(3), m.ones(1)), RuntimeError, "to have dtype of long"),
        ),
    ),
    Row(
        "hsplit",
        cases(((2, 4), 2), ((4,), 2), ((2, 4), (1, 3))),
        lambda x, at: tuple(np.hsplit(x, at)),
        ALL,
        failures=(
            Failure(lambda m: m.hsplit(m.ones(2, 3), 2), RuntimeError, "is not divisible by the split_size 2"),
            Failure(lambda m: m.hsplit(m.ones(()), 2), RuntimeError, "requires a tensor with at least 1 dimension"),
        ),
    ),
    Row("vsplit", cases(((4, 2), 2), ((4, 2), (1,))), lambda x, at: tuple(np.vsplit(x, at)), ALL),
    Row(
        "dsplit",
        cases(
            ((2, 1, 4), 2),
        ),
        lambda x, at: tuple(np.dsplit(x, at)),
        ALL,
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
