"""Rows of autograd/ops/scatter.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, Failure, Make, Row, Sample

PLACES = [  # shape, dim, shape of the positions and of src
    ((3, 4), 0, (2, 4)),
    ((3, 4), -1, (3, 2)),
    ((5,), 0, (3,)),
    ((2, 3, 2), 1, (2, 2, 1)),
    ((), 0, ()),
    ((3, 4), 0, (0, 4)),
]


def at(make: Make, shape, dim, like, once: bool = False) -> np.ndarray:
    """Positions along dim; ``once``: none twice."""
    n = shape[dim] if shape else 1
    if not once:
        return make.integers(0, max(n, 1), *like)
    order = np.argsort(make.rng.random(shape), dim) if shape else np.zeros((), np.int64)
    return np.asarray(order[tuple(slice(k) for k in like)], np.int64)


def grid(index, dim):
    found = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    if found:
        found[dim] = index
    return tuple(found)


def setting(make: Make):
    for shape, dim, like in PLACES:
        yield Sample((make(*shape), dim, at(make, shape, dim, like, once=True), make(*like)), note=f"{shape}, {dim}")
    yield Sample((make(4, 3).T, 1, at(make, (3, 4), 1, (2, 3), once=True), make(3, 2).T), note="strided")
    yield Sample((make(3, 4), 0, at(make, (3, 4), 0, (2, 4)), 2), note="a number")
    yield Sample((make(3, 4), 0, np.zeros((1, 4), "int32"), make(1, 4)), note="int32")


def put(x, dim, index, src, how=None, include_self=True):
    """x with src at positions; how is a ufunc that combines them."""
    x, at = np.array(x), grid(index, dim)
    src = src[tuple(slice(n) for n in index.shape)] if np.ndim(src) else np.full(index.shape, src, x.dtype)
    if how is None:
        x[at] = src
    elif include_self:
        how.at(x, at, src)
    else:
        start = {np.add: 0, np.multiply: 1}.get(how)
        x[at] = start if start is not None else src
        how.at(x, at, src)
    return x


def adding(make: Make):
    for shape, dim, like in PLACES:
        yield Sample((make(*shape), dim, at(make, shape, dim, like), make(*like)), note=f"{shape}, {dim}")
    yield Sample((make(2, 2), 0, np.zeros((5, 2), int), make(5, 2)), note="one place many times")


def reducing(make: Make):
    for how in ("sum", "prod", "amax", "amin", "mean"):
        for include_self in (True, False):
            kwargs = {"reduce": how, "include_self": include_self}
            values = make.distinct(9)
            x, src = values[:3], values[3:]
            index = np.array([0, 2, 2, 0, 2, 0])
            if make.dtype.kind == "b" and how == "mean":
                continue
            yield Sample((x, 0, index, src), kwargs, note=f"{how}, {include_self}")
        if make.floating:
            args = make(2, 3), 1, make.integers(0, 3, 2, 2), make(2, 2)
            yield Sample(args, {"reduce": how}, note=f"{how}, two dims")


def products(make: Make):
    zero = make(6, low=0.5) * np.array([1, 0, 1, 1, 0, 0], make.dtype)
    x = make(3, low=0.5) * np.array([1, 1, 0], make.dtype)
    yield Sample((x, 0, np.array([0, 0, 1, 2, 1, 1]), zero, "prod"), note="zeros")


def ties(make: Make):
    x = np.array([1, 2, 3], make.dtype)
    src = np.array([1, 1, 3, 0, 3], make.dtype)
    for how in ("amax", "amin"):
        yield Sample((x, 0, np.array([0, 0, 2, 1, 2]), src, how), smooth=False, note=f"ties, {how}")
    nan = np.array([1, np.nan, 3, 0, 3], make.dtype)
    yield Sample((x, 0, np.array([0, 0, 2, 1, 2]), nan, "amax"), smooth=False, note="NaN")


def classes(make: Make):
    yield Sample((np.array([0, 2, 1]),))
    yield Sample((np.array([[0, 2], [1, 1]]), 4))
    yield Sample((np.array(1),), note="a number")
    yield Sample((np.zeros((0, 2), np.int64), 3), note="nothing")


def outside(name, *args):
    return (
        Failure(
            lambda m: getattr(m, name)(m.ones(2, 2), 0, m.tensor([[2, 0]]), m.ones(1, 2), *args),
            RuntimeError,
            "index 2 is out of bounds for dimension 0 with size 2",
        ),
        Failure(
            lambda m: getattr(m, name)(m.ones(2, 2), 0, m.tensor([[0, 0]]), m.ones(1, 1), *args),
            RuntimeError,
            "to be no larger size than src [1, 1]",
        ),
        Failure(
            lambda m: getattr(m, name)(m.ones(2, 2), 0, m.tensor([0]), m.ones(1), *args),
            RuntimeError,
            "Index tensor must have the same number of dimensions as self tensor",
        ),
        Failure(
            lambda m: getattr(m, name)(m.ones(2, 2), 0, m.ones(1, 1), m.ones(1, 1), *args),
            RuntimeError,
            "Expected dtype int32/int64 for index",
        ),
        Failure(
            lambda m: getattr(m, name)(m.ones(1, 1), 0, m.tensor([[0]]), m.ones(1, 1, dtype=m.float64), *args),
            RuntimeError,
            "Expected self.dtype to be equal to src.dtype",
        ),
    )


ROWS = [
    Row("scatter", setting, put, ALL, wanted=(0, 3), failures=outside("scatter")),
    Row(
        "scatter",
        lambda make: iter(
            [Sample((make(2, 2), 0, np.array([[0, 0]]), 3), {"reduce": how}) for how in ("add", "multiply")]
        ),
        lambda x, dim, i, src, reduce: put(x, dim, i, src, np.add if reduce == "add" else np.multiply),
        wanted=None,
        variant="reduce",
        failures=(
            Failure(
                lambda m: m.scatter(m.ones(1), 0, m.tensor([0]), 1.0, reduce="mean"),
                RuntimeError,
                "reduce argument must be either add or multiply",
            ),
        ),
    ),
    Row(
        "scatter_add",
        adding,
        lambda x, dim, i, src: put(x, dim, i, src, np.logical_or if x.dtype == bool else np.add),
        ALL,
        wanted=(0, 3),
        failures=outside("scatter_add"),
    ),
    Row(
        "scatter_reduce",
        reducing,
        None,
        ALL,
        wanted=(0, 3),
        failures=(
            *outside("scatter_reduce", "sum"),
            Failure(
                lambda m: m.scatter_reduce(m.ones(1), 0, m.tensor([0]), m.ones(1), "median"),
                RuntimeError,
                "reduce argument must be either sum, prod, mean, amax or amin, got median",
            ),
        ),
    ),
    Row(
        "scatter_reduce",
        products,
        lambda x, dim, i, src, how: put(x, dim, i, src, np.multiply),
        wanted=(0, 3),
        variant="zeros",
    ),
    Row(
        "scatter_reduce",
        lambda make: iter([*ties(make), *reducing(make)]),
        None,
        wanted=(0, 3),
        variant="ties",
    ),
    Row(
        "nn.functional.one_hot",
        classes,
        lambda i, n=-1: (i[..., None] == np.arange(i.max() + 1 if n < 0 else n)).astype(int),
        ("int64",),
        None,
        failures=(
            Failure(
                lambda m: m.nn.functional.one_hot(m.ones(2)), RuntimeError, "only applicable to index tensor of type"
            ),
            Failure(
                lambda m: m.nn.functional.one_hot(m.tensor([-1])), RuntimeError, "Class values must be non-negative"
            ),
            Failure(
                lambda m: m.nn.functional.one_hot(m.tensor([2]), 2), RuntimeError, "must be smaller than num_classes"
            ),
            Failure(
                lambda m: m.nn.functional.one_hot(m.zeros(0, dtype=m.int64)), RuntimeError, "Can not infer total number"
            ),
        ),
    ),
]
