"""Rows of autograd/ops/sorting.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, FLOATS, INTEGERS, Failure, Make, Row, Sample
from .reduce import empty, out_of_range

NUMBERS = (*FLOATS, *INTEGERS)


def lines(*args, ties: bool = False, keepdim: bool = False, edges: bool = True):
    """Samples over shapes and dims; ``args`` stand before dim. Without ``ties`` positions are unique."""

    def samples(make: Make):
        options = {"keepdim": True} if keepdim else {}
        for shape, dim in (((), 0), ((5,), -1), ((3, 4), 0), ((3, 4), 1), ((2, 3, 4), -2), ((2, 0, 3), -1)):
            yield Sample((make.distinct(*shape), *args, dim), note=f"{shape} along {dim}")
        yield Sample((make.distinct(4, 3).T, *args, 1), options, note="transposed")
        yield Sample((make.distinct(3, 8)[:, ::-2], *args, 1), options, note="backwards")
        if ties:
            yield Sample((make.integers(0, 3, 4, 7, dtype=make.dtype), *args), smooth=False, note="ties")
        if make.floating and edges:
            x = np.array([[3, np.nan, 1, np.inf, -np.inf, 2], [5, 3, 1, 0, 2, 4]], make.dtype)
            yield Sample((x, *args), smooth=False, note="NaN")

    return samples


def descending(make: Make):
    yield from lines()(make)
    for sample in lines(ties=True)(make):
        options = dict(zip(("dim",), sample.args[1:]), descending=True, stable=True)
        yield Sample(sample.args[:1], options, sample.smooth, f"{sample.note}, descending")


def order(x, dim=-1, descending=False, **stable):
    values = np.atleast_1d(x)
    place = np.arange(values.shape[dim]).reshape(-1, *[1] * (values.ndim - 1 - dim % values.ndim))
    rank = np.argsort(values, dim, kind="stable")
    if descending:  # the last of the reversed line first
        rank = np.flip(place[::-1].max(initial=0) - np.argsort(np.flip(values, dim), dim, kind="stable"), dim)
    return rank.reshape(x.shape)


def ordered(x, dim=-1, **options):
    index = order(x, dim, **options)
    return taken(x, index, dim), index


def taken(x, index, dim):
    return np.take_along_axis(np.atleast_1d(x), np.atleast_1d(index), dim).reshape(np.shape(index))


def largest(x, k, dim=-1, largest=True, sorted=True):
    if not x.ndim:
        return ordered(x)
    index = order(x, dim, descending=largest).take(range(k), dim)
    return taken(x, index, dim), index


def tops(make: Make):
    for shape, k, dim in (
        ((), 1, -1),
        ((5,), 3, 0),
        ((3, 4), 2, 0),
        ((3, 4), 4, -1),
        ((2, 3, 4), 0, 1),
        ((0, 3), 1, 1),
    ):
        for largest in (True, False):
            yield Sample((make.distinct(*shape), k, dim, largest), note=f"{k} of {shape} along {dim}")
    yield Sample((make.distinct(4, 3).T, 2), {"sorted": True}, note="transposed")
    if make.floating:
        yield Sample((np.array([3, np.nan, 1, np.inf, -np.inf], make.dtype), 3), smooth=False, note="NaN")


def ranked(rank, usual=-1):
    """The element of a rank, a function of the line, and where it is; ``usual`` is the dim by default."""

    def reference(x, dim=usual, keepdim=False):
        if dim is None:
            return x.reshape(-1)[rank(x.reshape(-1))]
        if not x.ndim:
            return x, 0
        index = np.expand_dims(np.apply_along_axis(rank, dim, x).astype(int), dim)
        values = np.take_along_axis(x, index, dim)
        return (values, index) if keepdim else (values.squeeze(dim), index.squeeze(dim))

    return reference


def kth(x, k, *args, **options):
    return ranked(lambda line: np.argsort(line, kind="stable")[k - 1])(x, *args, **options)


def middle(line):
    if np.isnan(line).any():
        return np.flatnonzero(np.isnan(line))[0]
    return np.argsort(line, kind="stable")[(len(line) - 1) // 2]


def middle_of_numbers(line):
    count = np.sum(~np.isnan(line))
    return np.argsort(line, kind="stable")[max(count - 1, 0) // 2]


def commonest(line):
    found, counts = np.unique(line, return_counts=True)
    return np.flatnonzero(line == found[counts.argmax()])[-1]


def medians(make: Make):
    for sample in lines(keepdim=True)(make):
        if 0 not in sample.args[0].shape:
            yield sample
    yield Sample((make.distinct(3, 5),), note="of all")
    yield Sample((make.distinct(4, 3).T,), note="of all, an even number")
    if make.floating:
        yield Sample((np.array([2, 1, 2, 2, 5], make.dtype),), smooth=False, note="of all, ties")
        yield Sample((np.array([[1, np.nan], [3, np.nan]], make.dtype), 0), smooth=False, note="a line of NaN")


def modes(make: Make):
    for shape, dim in (((), 0), ((7,), 0), ((3, 6), 0), ((3, 6), 1), ((2, 5, 3), 1)):
        x = make.integers(0, 3, *shape, dtype=make.dtype)
        yield Sample((x, dim), smooth=False, note=f"{shape} along {dim}")
        yield Sample((x, dim), {"keepdim": True}, smooth=False, note=f"{shape} along {dim}, kept")
    yield Sample((make.distinct(4),), note="all different")


ROWS = [
    Row("sort", descending, ordered, NUMBERS, failures=(out_of_range("sort"),)),
    Row("argsort", descending, order, NUMBERS, None, failures=(out_of_range("argsort"),)),
    Row(
        "msort",
        lambda make: (Sample((make.distinct(*shape),)) for shape in ((), (5,), (3, 4), (2, 3, 2), (0, 2))),
        lambda x: np.sort(np.atleast_1d(x), axis=0).reshape(x.shape),
        NUMBERS,
    ),
    Row(
        "topk",
        tops,
        largest,
        NUMBERS,
        failures=(
            Failure(lambda m: m.topk(m.tensor([True, False]), 1), RuntimeError, "not implemented for 'Bool'"),
            Failure(lambda m: m.ones(3).topk(4), RuntimeError, "selected index k out of range"),
            Failure(lambda m: m.ones(3).topk(-1), RuntimeError, "selected index k out of range"),
            Failure(lambda m: m.topk(m.ones(3), 1, 1), IndexError, "Dimension out of range"),
        ),
    ),
    Row(
        "kthvalue",
        lambda make: (s for s in lines(1, keepdim=True)(make) if 0 not in s.args[0].shape),
        kth,
        NUMBERS,
        failures=(
            Failure(
                lambda m: m.kthvalue(m.tensor([True, False]), 1), NotImplementedError, "not implemented for 'Bool'"
            ),
            Failure(lambda m: m.ones(3).kthvalue(4), RuntimeError, "selected number k out of range for dimension 0"),
            Failure(lambda m: m.ones(3).kthvalue(0), RuntimeError, "selected number k out of range for dimension 0"),
        ),
    ),
    Row(
        "median",
        medians,
        ranked(middle, None),
        NUMBERS,
        failures=(
            Failure(lambda m: m.median(m.tensor([True, False])), NotImplementedError, "not implemented for 'Bool'"),
            out_of_range("median"),
            empty("median"),
        ),
    ),
    Row(
        "nanmedian",
        medians,
        ranked(middle_of_numbers, None),
        NUMBERS,
        failures=(
            Failure(
                lambda m: m.nanmedian(m.tensor([True, False]), 0), NotImplementedError, "not implemented for 'Bool'"
            ),
            out_of_range("nanmedian"),
        ),
    ),
    Row("mode", modes, ranked(commonest), ALL, failures=(out_of_range("mode"), empty("mode"))),
]
