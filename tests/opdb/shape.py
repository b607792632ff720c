"""Rows of autograd/ops/shape.py: the values do not change, so the reference is exact."""

from __future__ import annotations

import numpy as np

from .core import ALL, Failure, Make, Row, Sample, cases, from_the_end, through_method


def squeeze_reference(x, dim=None):
    dims = range(x.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    return np.squeeze(x, tuple(d for d in dims if x.ndim and x.shape[d] == 1))


def flatten_reference(x, start=0, end=-1):
    if not x.ndim:
        return x.reshape(1)
    start, end = start % x.ndim, end % x.ndim
    return x.reshape(*x.shape[:start], int(np.prod(x.shape[start : end + 1])), *x.shape[end + 1 :])


def expand_reference(x, shape):
    lead = len(shape) - x.ndim
    return np.broadcast_to(x, [x.shape[i - lead] if n == -1 else n for i, n in enumerate(shape)])


def pairs(make: Make):
    yield Sample((make(2, 6), make(3, 4)))
    yield Sample((make(4), make(2, 2)))


def wider(make: Make):
    yield Sample((make(3, 1), make(2, 3, 2)))
    yield Sample((make(), make(2)))


ROWS = [
    Row(
        "reshape",
        cases(
            ((2, 6), (3, 4)),
            ((2, 6), (-1,)),
            ((), (1, 1)),
            ((1,), ()),
            ((2, 3, 4), (4, -1)),
            ((0, 3), (3, 0)),
            ((0, 3), (0, 5)),
            ((2, 3, 4), (6, 4)),
        ),
        np.reshape,
        ALL,
        failures=(
            Failure(lambda m: m.reshape(m.ones(6), (4,)), RuntimeError, "shape '[4]' is invalid for input of size 6"),
            Failure(lambda m: m.reshape(m.ones(6), (-1, -1)), RuntimeError, "only one dimension can be inferred"),
            Failure(lambda m: m.reshape(m.ones(6), (-2, 3)), RuntimeError, "invalid shape dimension -2"),
            Failure(lambda m: m.reshape(m.ones(0), (-1, 0)), RuntimeError, "cannot reshape tensor of 0 elements"),
            Failure(lambda m: m.reshape(m.ones(6), 2.5), TypeError, ""),
        ),
    ),
    Row(
        "view",
        cases(((2, 6), (3, 4)), ((24,), (2, 3, 4)), ((), (1,)), ((0, 3), (3, 0)), layouts=False),
        np.reshape,
        ALL,
        call=through_method("view"),
        failures=(
            Failure(
                lambda m: m.ones(2, 3).T.view(6),
                RuntimeError,
                "view size is not compatible with input tensor's size and stride",
            ),
        ),
    ),
    Row(
        "flatten",
        cases(((2, 3, 4),), ((2, 3, 4), 1), ((2, 3, 4), 0, 1), ((),), ((0, 3),), ((2, 3), 1, 1)),
        flatten_reference,
        ALL,
        failures=(
            Failure(lambda m: m.flatten(m.ones(2, 3), 1, 0), RuntimeError, "start_dim cannot come after end_dim"),
        ),
    ),
    Row(
        "unflatten",
        cases(((2, 12), 1, (3, 4)), ((6,), 0, (2, -1))),
        lambda x, dim, shape: x.reshape(*x.shape[:dim], *shape, *x.shape[dim + 1 :]),
        ALL,
        failures=(
            Failure(
                lambda m: m.unflatten(m.ones(4), 0, (3, 2)), RuntimeError, "Provided sizes [3, 2] don't multiply up"
            ),
            Failure(lambda m: m.unflatten(m.ones(4), 0, ()), RuntimeError, "unflatten: sizes must be non-empty"),
        ),
    ),
    Row(
        "reshape_as", pairs, lambda x, like: x.reshape(like.shape), ALL, wanted=(0,), call=through_method("reshape_as")
    ),
    Row("view_as", pairs, lambda x, like: x.reshape(like.shape), ALL, wanted=(0,), call=through_method("view_as")),
    Row(
        "expand_as",
        wider,
        lambda x, like: np.broadcast_to(x, like.shape),
        ALL,
        wanted=(0,),
        call=through_method("expand_as"),
    ),
    Row("atleast_1d", cases(((),), ((2, 3),)), np.atleast_1d, ALL),
    Row("atleast_2d", cases(((),), ((2,),), ((2, 3),)), np.atleast_2d, ALL),
    Row("atleast_3d", cases(((),), ((2,),), ((2, 3),), ((1, 2, 3, 4),)), np.atleast_3d, ALL),
    Row("ravel", cases(((2, 3),), ((),), ((0, 2),)), lambda x: x.reshape(-1), ALL),
    Row(
        "expand",
        cases(((3, 1), (3, 4)), ((3, 1), (2, -1, 4)), ((4,), (3, 4)), ((), (2, 2)), ((1, 3), (0, 3)), ((2, 3), (2, 3))),
        expand_reference,
        ALL,
        call=through_method("expand"),
        failures=(
            Failure(
                lambda m: m.ones(3, 2).expand(3, 4),
                RuntimeError,
                "must match the existing size (2) at non-singleton dimension 1",
            ),
            Failure(
                lambda m: m.ones(3, 2).expand(2), RuntimeError, "must be greater or equal to the number of dimensions"
            ),
            Failure(lambda m: m.ones(3).expand(-1, 3), RuntimeError, "expanded size of the tensor (-1)"),
        ),
    ),
    Row("broadcast_to", cases(((3, 1), (2, 3, 4)), ((), (3,))), np.broadcast_to, ALL),
    Row(
        "sum_to_size",
        cases(((2, 3, 4), (3, 1)), ((2, 3), (2, 3)), ((2, 3), (1, 1))),
        lambda x, shape: (
            x.sum(tuple(range(x.ndim - len(shape))))
            .sum(tuple(d for d, n in enumerate(shape) if n == 1), keepdims=True)
            .reshape(shape)
        ),
        call=through_method("sum_to_size"),
        failures=(Failure(lambda m: m.ones(2, 3).sum_to_size(2, 2), RuntimeError, "is not expandable to size"),),
    ),
    Row(
        "squeeze",
        cases(((1, 3, 1),), ((1, 3, 1), 0), ((1, 3, 1), -1), ((1, 3, 1), 1), ((),), ((1, 2, 1), (0, 2)), ((1, 0),)),
        squeeze_reference,
        ALL,
        failures=(from_the_end("squeeze", 2),),
    ),
    Row(
        "unsqueeze",
        cases(((2, 3), 0), ((2, 3), 1), ((2, 3), -1), ((), 0), ((0, 2), 2)),
        np.expand_dims,
        ALL,
        failures=(from_the_end("unsqueeze", 4),),
    ),
]
