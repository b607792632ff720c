"""Rows of autograd/ops/norm_groups.py."""

from __future__ import annotations

import numpy as np

from .core import Failure, Make, Row, Sample
from .norm import LOOSE, batch_norm

F = "nn.functional."


def groups(make: Make):
    for shape, count in (((2, 6, 5), 2), ((3, 6), 2), ((2, 4, 2, 3), 4), ((2, 4, 3), 1), ((0, 4, 3), 2)):
        c = shape[1]
        yield Sample((make(*shape), count), note=f"{shape}, {count}")
        yield Sample((make(*shape), count, make(c, low=0.5), make(c)), {"eps": 0.01}, note=f"{shape}, {count}, affine")
    yield Sample((make(5, 4, 2).T, 2, make(4)), note="transposed")


def affine(y, weight, bias):
    shape = (-1, *[1] * (y.ndim - 2))
    return y * (1 if weight is None else weight.reshape(shape)) + (0 if bias is None else bias.reshape(shape))


def group_norm(x, count, weight=None, bias=None, eps=1e-5):
    if not x.size:
        return x
    rows = x.reshape(len(x) * count, -1)
    d = rows - rows.mean(1, keepdims=True)
    return affine((d / np.sqrt((d * d).mean(1, keepdims=True) + eps)).reshape(x.shape), weight, bias)


def instances(make: Make):
    for shape in ((2, 3, 5), (1, 2, 3, 4)):
        c = shape[1]
        yield Sample((make(*shape), None, None, None, None), note=f"{shape}")
        given = make(*shape), None, None, make(c, low=0.5), make(c)
        yield Sample(given, note=f"{shape}, affine")
        given = make(*shape), make(c), make(c, low=0.5), make(c), make(c)
        yield Sample(given, {"use_input_stats": False}, note=f"{shape}, running statistics")


def instance_norm(x, mean=None, var=None, weight=None, bias=None, use_input_stats=True):
    if not use_input_stats:
        return batch_norm(x, mean, var, weight, bias)
    return group_norm(x, x.shape[1], weight, bias)


def neighbours(make: Make):
    for shape, size in (((2, 4, 3), 2), ((1, 5, 2, 2), 3), ((1, 2, 3), 4), ((1, 2, 1, 2, 2), 1), ((0, 2, 3), 2)):
        yield Sample((make(*shape), size), {"alpha": 0.5}, note=f"{shape}, {size}")
    yield Sample((make(2, 4, 3), 2, 0.1, 0.5, 2.0), note="all numbers")


def local_response_norm(x, size, alpha=1e-4, beta=0.75, k=1.0):
    y, c = np.zeros(x.shape), x.shape[1]
    for i in range(c):
        seen = x[:, max(0, i - size // 2) : i + (size - 1) // 2 + 1]
        y[:, i] = x[:, i] / (k + alpha * (seen * seen).sum(1) / size) ** beta
    return y


def bad(name: str, match: str, shape: tuple, *args, error=RuntimeError, **options) -> Failure:
    def call(m):
        given = [m.ones(a) if isinstance(a, tuple) else a for a in args]
        return getattr(m.nn.functional, name)(m.ones(shape), *given, **options)

    return Failure(call, error, match)


ROWS = [
    Row(
        F + "group_norm",
        groups,
        group_norm,
        rtol=LOOSE,
        atol={"float32": 5e-6},
        failures=(
            bad("group_norm", "Expected number of channels in input to be divisible by num_groups", (2, 3, 4), 2),
            bad("group_norm", "Expected at least 2 dimensions for input tensor but received 1", (4,), 2),
            bad("group_norm", "Expected more than 1 value per channel when training", (1, 2), 2, error=ValueError),
            bad("group_norm", "Expected weight to be a vector of size equal to the number", (2, 4, 3), 2, (3,)),
        ),
    ),
    Row(
        F + "instance_norm",
        instances,
        instance_norm,
        wanted=(0, 3, 4),
        rtol=LOOSE,
        atol={"float32": 5e-6},
        failures=(
            bad("instance_norm", "Expected more than 1 spatial element when training", (2, 3, 1), error=ValueError),
            bad("instance_norm", "running_mean and running_var to be defined", (2, 3, 4), use_input_stats=False),
            bad("instance_norm", "weight should contain", (2, 3, 4), None, None, (2,)),
        ),
    ),
    Row(
        F + "local_response_norm",
        neighbours,
        local_response_norm,
        rtol=LOOSE,
        failures=(bad("local_response_norm", "Expected 3D or higher dimensionality", (2, 3), 2, error=ValueError),),
    ),
]
