"""Rows of autograd/ops/rearrange.py."""

from __future__ import annotations

import itertools

import numpy as np

from .core import ALL, Failure, Make, Row, Sample, cases, from_the_end, through_method


def tiles(x, *times):
    return np.tile(x, times)


def interleaves(make: Make):
    yield Sample((make(2, 3), 2), note="all")
    yield Sample((make(2, 3), 2, 0), note="rows")
    yield Sample((make(3, 2).T, np.array([2, 0, 1]), 1), note="a number each")
    yield Sample((make(3), np.array([2])), note="one number")
    yield Sample((make(2, 3), 0, 1), note="never")
    yield Sample((make(), 3), note="a number")


def interleaved(x, repeats, dim=None):
    return np.repeat(x, np.broadcast_to(repeats, x.size if dim is None else x.shape[dim]), dim)


def grids(make: Make):
    for indexing in ("ij", "xy"):
        yield Sample((make(3), make(2)), {"indexing": indexing}, note=indexing)
        yield Sample((make(3), make(), make(2)), {"indexing": indexing}, note=f"three, {indexing}")
    yield Sample((make(6)[::2],), {"indexing": "ij"}, note="one")
    yield Sample((make(0), make(2)), {"indexing": "ij"}, note="nothing")


def products(make: Make):
    yield Sample((make(3), make(2)))
    yield Sample((make(2), make(1), make(3)))
    yield Sample((make(3),), note="one")


def product_reference(*vectors):
    found = np.stack([g.reshape(-1) for g in np.meshgrid(*vectors, indexing="ij")], 1)
    return found if len(vectors) > 1 else vectors[0]


def combined(x, r=2, with_replacement=False):
    ways = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    index = np.array(list(ways(range(x.size), r)), int)
    return x[index.reshape(-1, r)] if r else np.zeros(0)


ROWS = [
    Row(
        "flip",
        cases(((3, 4), (0,)), ((3, 4), (0, -1)), ((2, 3, 2), (1,)), ((3,), ()), ((), (0,)), ((0, 2), (0, 1))),
        lambda x, dims: np.flip(x, dims if x.ndim else ()),
        ALL,
        failures=(
            Failure(lambda m: m.flip(m.ones(2, 3), (0, 0)), RuntimeError, "dim 0 appears multiple times"),
            from_the_end("flip", (4,)),
        ),
    ),
    Row(
        "fliplr",
        cases(((2, 3),)),
        np.fliplr,
        ALL,
        failures=(Failure(lambda m: m.fliplr(m.ones(2)), RuntimeError, ">= 2-d"),),
    ),
    Row("flipud", cases(((2, 3),), ((3,),)), np.flipud, ALL),
    Row(
        "roll",
        cases(((2, 3), 1), ((2, 3), -2, 1), ((3, 4), (1, 5), (0, 1)), ((3,), 0), ((0, 2), 1, 0), ((), 1)),
        lambda x, shift, dims=None: np.roll(x, shift, dims),
        ALL,
        failures=(
            Failure(lambda m: m.roll(m.ones(2), (1, 2)), RuntimeError, "shifts and dimensions must align"),
            Failure(lambda m: m.roll(m.ones(()), 1, 0), IndexError, "Dimension specified as 0 but tensor has no dim"),
            from_the_end("roll", 1, 4),
        ),
    ),
    Row(
        "rot90",
        cases(((2, 3),), ((2, 3), 2), ((2, 3), -1), ((2, 3, 4), 1, (1, 2)), ((2, 3, 4), 3, (2, 0)), ((2, 3), 4)),
        np.rot90,
        ALL,
        failures=(
            Failure(lambda m: m.rot90(m.ones(2, 2), 1, (0,)), RuntimeError, "expected total rotation dims == 2"),
            Failure(lambda m: m.rot90(m.ones(2, 2), 1, (0, 0)), RuntimeError, "expected rotation dims to be different"),
            Failure(lambda m: m.rot90(m.ones(2)), RuntimeError, "expected total dims >= 2, but got total dims = 1"),
        ),
    ),
    Row(
        "repeat",
        cases(((2, 3), 2, 1), ((2, 3), 2, 1, 2), ((3,), 0), ((), 2, 2), ((2, 3), 1, 1)),
        tiles,
        ALL,
        call=through_method("repeat"),
        failures=(
            Failure(lambda m: m.ones(2, 3).repeat(2), RuntimeError, "Number of dimensions of repeat dims can not be"),
            Failure(lambda m: m.ones(2).repeat(-1), RuntimeError, "Trying to create tensor with negative dimension"),
        ),
    ),
    Row("tile", cases(((2, 3), (2,)), ((2, 3), (2, 1, 2)), ((2, 3), ())), np.tile, ALL),
    Row(
        "repeat_interleave",
        interleaves,
        interleaved,
        ALL,
        wanted=(0,),
        failures=(
            Failure(
                lambda m: m.repeat_interleave(m.ones(3), m.tensor([1, 2])),
                RuntimeError,
                "repeats must have the same size as input along dim",
            ),
            Failure(lambda m: m.repeat_interleave(m.ones(3), -1), RuntimeError, "be n"),
            Failure(lambda m: m.repeat_interleave(m.ones(1), m.tensor([[1]])), RuntimeError, "0-dim or 1-dim tensor"),
        ),
    ),
    Row(
        "meshgrid",
        grids,
        np.meshgrid,
        ALL,
        failures=(
            Failure(lambda m: m.meshgrid(m.ones(2, 2)), RuntimeError, "Expected 0D or 1D tensor in the tensor list"),
            Failure(
                lambda m: m.meshgrid(m.ones(2), indexing="ji"), RuntimeError, 'indexing must be one of "xy" or "ij"'
            ),
            Failure(lambda m: m.meshgrid(), RuntimeError, "meshgrid expects a non-empty TensorList"),
            Failure(
                lambda m: m.meshgrid(m.ones(2), m.tensor([1])),
                RuntimeError,
                "expects all tensors to have the same dtype",
            ),
        ),
    ),
    Row(
        "cartesian_prod",
        products,
        product_reference,
        ALL,
        failures=(
            Failure(
                lambda m: m.cartesian_prod(m.ones(2, 2), m.ones(2)), RuntimeError, "Expect a 1D vector, but got shape"
            ),
        ),
    ),
    Row(
        "combinations",
        cases(((4,),), ((3,), 3), ((3,), 2, True), ((3,), 0), ((2,), 3)),
        combined,
        ALL,
        failures=(
            Failure(lambda m: m.combinations(m.ones(2), -1), RuntimeError, "Expect a non-negative number, but got -1"),
            Failure(lambda m: m.combinations(m.ones(2, 2)), RuntimeError, "Expect a 1D vector, but got shape"),
        ),
    ),
]
