"""Rows of autograd/ops/reduce.py."""

from __future__ import annotations

import itertools

import numpy as np

from .core import ALL, FLOATS, INTEGERS, Failure, Make, Row, Sample

CASES = [
    ((), None),
    ((), 0),
    ((), -1),
    ((5,), None),
    ((5,), 0),
    ((3, 4), None),
    ((3, 4), 0),
    ((3, 4), 1),
    ((3, 4), -1),
    ((3, 4), (0, 1)),
    ((2, 3, 4), 1),
    ((2, 3, 4), (0, 2)),
    ((2, 3, 4), (-1, 0)),
    ((2, 3, 4), (1, 2)),
    ((1, 5), 0),
    ((70,), 0),
    ((0,), None),
    ((0, 3), 0),
    ((3, 0), 0),
    ((2, 0, 3), (0, 2)),
    ((33, 5), 0),
    ((5, 33), 1),
]


def reductions(
    several: bool = True, empty: bool = True, whole: bool = True, distinct: bool = False, least: int = 1, **domain
):
    """Samples over shapes, dims, keepdim and layouts. ``least``: the fewest elements a result may come from."""

    def values(make: Make, *shape):
        return make.distinct(*shape) if distinct else make(*shape, **domain)

    def samples(make: Make):
        for (shape, dim), keepdim in itertools.product(CASES, (False, True)):
            if (isinstance(dim, tuple) and not several) or (dim is None and not whole):
                continue
            dims = range(len(shape)) if dim is None else (dim,) if isinstance(dim, int) else dim
            count = int(np.prod([shape[d] for d in dims])) if shape else 1
            if count < least or (not empty and 0 in shape):
                continue
            kwargs = {"keepdim": keepdim} if dim is not None else {}
            if dim is None and keepdim:
                continue
            args = () if dim is None else (dim,)
            yield Sample((values(make, *shape), *args), kwargs, note=f"{shape} over {dim}, keepdim={keepdim}")
        for dim in (0, 1):
            yield Sample((values(make, 4, 3).T, dim), note=f"transposed over {dim}")
            yield Sample((values(make, 3, 8)[:, ::2], dim), note=f"steps over {dim}")
            yield Sample((values(make, 3, 4)[:, ::-1], dim), note=f"backwards over {dim}")
            if not distinct:  # all elements over dim 0 alike: a kink of std
                yield Sample(
                    (np.broadcast_to(values(make, 4), (3, 4)), dim),
                    smooth=dim == 1 or least == 1,
                    note=f"expanded over {dim}",
                )
        fixed = values(make, 3, 4)
        fixed.flags.writeable = False
        yield Sample((fixed, 1), note="read-only")
        if make.floating:
            inf, nan = np.inf, np.nan
            rows = [
                [1, nan, 2],
                [inf, 1, 2],
                [-inf, 1, 2],
                [inf, -inf, 1],
                [-inf, -inf, -inf],
                [inf, inf, 1],
                [0, -0.0, 0],
                [nan, inf, 1],
                [1e15, 1e15, -1e15],
                [3e-39, 1e-40, 0],
            ]
            yield Sample((np.array(rows, make.dtype), 1), smooth=False, note="edge values")
            yield Sample((np.array(rows, make.dtype).T, 0), smooth=False, note="edge values")

    return samples


def over(function):
    """A NumPy reduction under PyTorch's argument names; a 0-d array has a dim 0."""

    def reference(x, dim=None, keepdim=False, **kwargs):
        x = np.asarray(x)
        if x.ndim == 0:
            return function(x.reshape(1), axis=0, **kwargs)
        return function(x, axis=dim, keepdims=keepdim, **kwargs)

    return reference


def variance(x, axis, keepdims=False, correction=1):
    correction = 1 if correction is None else correction
    count = x.size if axis is None else np.prod([x.shape[d] for d in np.atleast_1d(axis)])
    d = x - x.mean(axis=axis, keepdims=True)
    return (d * d).sum(axis=axis, keepdims=keepdims) / max(0, count - correction)


def deviation(*args, **kwargs):
    return np.sqrt(variance(*args, **kwargs))


def logsumexp(x, axis, keepdims=False):
    if not x.size:
        return np.full(x.sum(axis=axis, keepdims=keepdims).shape, -np.inf)
    m = x.max(axis=axis, keepdims=True)
    m = np.where(np.isfinite(m), m, 0)
    return np.log(np.exp(x - m).sum(axis=axis, keepdims=keepdims)) + (
        m if keepdims else m.reshape(x.sum(axis=axis).shape)
    )


def corrections(make: Make):
    yield from reductions(least=2, low=-1, high=3)(make)
    for correction in (0, 2):
        yield Sample((make(3, 4), 1), {"correction": correction}, note=f"correction {correction}")
    yield Sample((make(3, 4), 1), {"correction": None}, note="no correction given")


def few(keepdim: bool = False, **domain):
    """A few samples, for what is a composition of other reductions."""

    def samples(make: Make):
        for shape, dim in (((3, 4), None), ((3, 4), 1), ((2, 3, 4), (0, -1)), ((2, 0), 0), ((5,), -1)):
            options = {"keepdim": True} if keepdim and dim is not None else {}
            least = domain.get("least", 0)
            if 0 in shape and least:
                continue
            values = make(*shape, **{k: v for k, v in domain.items() if k != "least"})
            yield Sample((values,) if dim is None else (values, dim), options, note=f"{shape} over {dim}")
        yield Sample((make(4, 3).T, 0), note="transposed")

    return samples


def some_nan(make: Make):
    yield from few(keepdim=True)(make)
    if make.floating:
        x = make(3, 4)
        x[0, 1] = x[1] = np.nan
        yield Sample((x, 1), smooth=False, note="edge values: a row of NaN")
        x[0, 2] = np.inf
        yield Sample((x,), smooth=False, note="edge values: infinite")


def both(function):
    """A NumPy reduction and the mean."""
    return lambda *args, **kwargs: (over(function)(*args, **kwargs), over(np.mean)(*args, **kwargs))


def out_of_range(name: str):
    return Failure(lambda m: getattr(m, name)(m.ones(2, 3), 4), IndexError,
                   "Dimension out of range (expected to be in range of [-2, 1], but got 4)")  # fmt: skip


def empty(name: str, dim=0):
    return Failure(lambda m: getattr(m, name)(m.zeros(0, 3), dim), IndexError, "to have non-zero size")


def integer(name: str):
    return Failure(lambda m: getattr(m, name)(m.tensor([1, 2])), RuntimeError, "floating point")


TWICE = Failure(lambda m: m.sum(m.ones(2, 3), (0, -2)), RuntimeError, "appears multiple times in the list of dims")
LOOSE = {"float32": 1e-5, "float64": 1e-12}

ROWS = [
    Row("sum", reductions(), over(np.sum), ALL, failures=(out_of_range("sum"), TWICE)),
    Row("mean", reductions(least=1), over(np.mean), failures=(out_of_range("mean"), integer("mean"))),
    Row(
        "prod",
        reductions(several=False, low=0.3, high=2),
        over(np.prod),
        FLOATS + INTEGERS[1:4],
        rtol=LOOSE,
        failures=(out_of_range("prod"),),
    ),
    Row(
        "var",
        corrections,
        over(variance),
        rtol=LOOSE,
        atol={"float64": 1e-12},
        failures=(out_of_range("var"), integer("var")),
    ),
    Row(
        "std",
        corrections,
        over(deviation),
        rtol=LOOSE,
        atol={"float64": 1e-12},
        failures=(out_of_range("std"), integer("std")),
    ),
    Row("logsumexp", reductions(whole=False), over(logsumexp), rtol=LOOSE, failures=(out_of_range("logsumexp"),)),
    Row("var_mean", few(least=2, low=-1, high=3), both(variance), rtol=LOOSE, failures=(integer("var_mean"),)),
    Row("std_mean", few(least=2, low=-1, high=3), both(deviation), rtol=LOOSE, failures=(integer("std_mean"),)),
    Row("nansum", some_nan, over(np.nansum), ALL, failures=(out_of_range("nansum"),)),
    Row(
        "nanmean",
        some_nan,
        over(lambda x, **dims: np.nansum(x, **dims) / np.sum(~np.isnan(x), **dims)),
        failures=(out_of_range("nanmean"), integer("nanmean")),
    ),
    Row(
        "count_nonzero",
        few(),
        lambda x, dim=None: np.count_nonzero(x, axis=dim if x.ndim else None),
        ALL,
        None,
        failures=(out_of_range("count_nonzero"),),
    ),
    Row("all", reductions(several=False), over(np.all), ALL, None, failures=(out_of_range("all"),)),
    Row("any", reductions(several=False), over(np.any), ALL, None, failures=(out_of_range("any"),)),
]
