"""Rows of autograd/ops/norm.py."""

from __future__ import annotations

import numpy as np

from .core import Failure, Make, Row, Sample

F = "nn.functional."
LOOSE = {"float32": 2e-5, "float64": 1e-12}
SHAPES = [((3, 4), 1), ((4,), 1), ((2, 3, 5), 1), ((2, 3, 4), 2), ((7, 33), 1), ((0, 3), 1), ((3, 0), 1), ((40, 3), 1)]


def layer_norm(x, shape, weight=None, bias=None, eps=1e-5):
    if not x.size:
        return x
    dims = tuple(range(x.ndim - len(shape), x.ndim))
    d = x - np.mean(x, dims, keepdims=True)
    z = d / np.sqrt(np.mean(d * d, dims, keepdims=True) + eps)
    return z * (1 if weight is None else weight) + (0 if bias is None else bias)


def rms_norm(x, shape, weight=None, eps=1e-6):
    if not x.size:
        return x
    dims = tuple(range(x.ndim - len(shape), x.ndim))
    return x / np.sqrt(np.mean(x * x, dims, keepdims=True) + eps) * (1 if weight is None else weight)


def layers(make: Make):
    for shape, last in SHAPES:
        own = shape[-last:]
        weight, bias = make(*own, low=0.5, high=2), make(*own)
        for note, w, b in (
            ("", None, None),
            (", weight", weight, None),
            (", both", weight, bias),
            (", bias", None, bias),
        ):
            yield Sample((make(*shape), own, w, b), note=f"{shape}{note}")
    yield Sample((make(3, 4), (4,), make(4), None), {"eps": 0.1}, note="eps")
    yield Sample((make(4, 3).T, [4], make(8)[::2], make(8)[::2]), note="strided")
    yield Sample((np.broadcast_to(make(4), (3, 4)), (4,), None, None), note="expanded")
    yield Sample((make(5, 64) + make.dtype.type(100), (64,), None, None), note="far from 0")
    x = np.array([[3, 3, 3], [np.nan, 1, 2], [np.inf, 1, 2]], make.dtype)
    yield Sample((x, (3,), None, make(3)), smooth=False, note="edge values")


def roots(make: Make):
    for shape, last in SHAPES:
        own = shape[-last:]
        for eps in (None, 1e-3):
            yield Sample((make(*shape), own, None), {"eps": eps}, note=f"{shape}, {eps}")
            yield Sample((make(*shape), own, make(*own, low=0.5, high=2)), {"eps": eps}, note=f"{shape}, weight, {eps}")
    yield Sample((make(4, 3).T, [4], make(8)[::2]), note="strided")
    yield Sample((np.zeros((2, 3), make.dtype), (3,), None), {"eps": 0.1}, note="zeros")
    yield Sample((np.array([[np.nan, 1, 2], [1e4, 1, 2]], make.dtype), (3,), None), smooth=False, note="edge values")


def batch_norm(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    if not x.size:
        return x
    dims, shape = (0, *range(2, x.ndim)), (1, -1, *[1] * (x.ndim - 2))
    mean, var = (x.mean(dims), x.var(dims)) if training else (running_mean, running_var)
    mean, var, weight, bias = (None if a is None else a.reshape(shape) for a in (mean, var, weight, bias))
    return (x - mean) / np.sqrt(var + eps) * (1 if weight is None else weight) + (0 if bias is None else bias)


def batches(make: Make):
    for shape in ((3, 4), (2, 1), (2, 3, 5), (2, 3, 2, 2), (70, 33), (0, 3), (5, 2, 40)):
        c = shape[1]
        weight, bias = make(c, low=0.5, high=2), make(c)
        for note, w, b in (
            ("", None, None),
            (", weight", weight, None),
            (", both", weight, bias),
            (", bias", None, bias),
        ):
            yield Sample((make(*shape), None, None, w, b), {"training": True}, note=f"{shape}, training{note}")
            running = make(c), make(c, low=0.5, high=2)
            yield Sample((make(*shape), *running, w, b), note=f"{shape}{note}")
    yield Sample((make(3, 4), None, None, None, None), {"training": True, "eps": 0.1}, note="eps")
    yield Sample((make(4, 3).T, None, None, make(8)[::2], make(8)[::2]), {"training": True}, note="strided")
    yield Sample((make(2, 5, 3).transpose(0, 2, 1), make(6)[::2], make(3, low=1), None, None), note="transposed")
    x = np.array([[3, np.nan, np.inf, 1], [3, 1, 2, 1], [3, 1, 2, 5]], make.dtype)
    yield Sample((x, None, None, None, make(4)), {"training": True}, smooth=False, note="edge values")


def failures(name: str) -> tuple[Failure, ...]:
    def call(*shape, normalized, dtype="float32", **parameters):
        def run(m):
            x = m.ones(shape, dtype=getattr(m, dtype))
            return getattr(m.nn.functional, name)(
                x, normalized, **{k: m.ones(s, dtype=getattr(m, d)) for k, (s, d) in parameters.items()}
            )

        return run

    f32 = "float32"
    return (
        Failure(call(3, 4, normalized=(5,)), RuntimeError, "Given normalized_shape=[5], expected input with shape"),
        Failure(call(3, 4, normalized=()), RuntimeError, "Expected normalized_shape to be at least 1-dimensional"),
        Failure(call(3, 4, normalized=4), TypeError, "must be tuple of ints, not int"),
        Failure(call(3, 4, normalized=(4,), weight=(3, f32)), RuntimeError, "Expected weight to be of same shape"),
        Failure(call(3, 4, normalized=(4,), dtype="int64"), NotImplementedError, "not implemented for 'Long'"),
    )


def batch_call(*shape, mean=None, var=4, training=False, **parameters):
    def run(m):
        running = (None, None) if mean is None else (m.zeros(mean), m.ones(var))
        given = {k: m.ones(n) for k, n in parameters.items()}
        return m.nn.functional.batch_norm(m.ones(shape), *running, training=training, **given)

    return run


ROWS = [
    Row(
        F + "layer_norm",
        layers,
        layer_norm,
        wanted=(0, 2, 3),
        rtol=LOOSE,
        atol={"float32": 1e-5, "float64": 1e-12},
        failures=(
            *failures("layer_norm"),
            Failure(
                lambda m: m.nn.functional.layer_norm(m.ones(4), (3, 4)),
                RuntimeError,
                "Given normalized_shape=[3, 4], expected input with shape [*, 3, 4]",
            ),
            Failure(
                lambda m: m.nn.functional.layer_norm(m.ones(3, 4), (4,), m.ones(4), m.ones(3)),
                RuntimeError,
                "Expected bias to be of same shape",
            ),
            Failure(
                lambda m: m.nn.functional.layer_norm(m.ones(3, 4), (4,), m.ones(4, dtype=m.float64)),
                RuntimeError,
                "mixed dtype (CPU): expect parameter to have scalar type of Float",
            ),
        ),
    ),
    Row(
        F + "rms_norm",
        roots,
        lambda x, shape, weight=None, eps=None: rms_norm(
            x, shape, weight, np.finfo(x.dtype).eps if eps is None else eps
        ),
        wanted=(0, 2),
        rtol=LOOSE,
        atol={"float32": 1e-5, "float64": 1e-12},
        failures=(
            *failures("rms_norm"),
            Failure(
                lambda m: m.nn.functional.rms_norm(m.ones(4), (3, 4)),
                ValueError,
                "Input tensor must have at least 2 dimensions, but got 1",
            ),
        ),
    ),
    Row(
        F + "batch_norm",
        batches,
        batch_norm,
        wanted=(0, 3, 4),
        rtol=LOOSE,
        atol={"float32": 1e-5, "float64": 1e-12},
        failures=(
            Failure(batch_call(3, 4), RuntimeError, "running_mean must be defined in evaluation mode"),
            Failure(
                batch_call(1, 4, training=True), ValueError, "Expected more than 1 value per channel when training"
            ),
            Failure(batch_call(4, training=True), IndexError, "Dimension out of range"),
            Failure(batch_call(3, 4, weight=3, training=True), RuntimeError, "weight should contain 4 elements not 3"),
            Failure(batch_call(3, 4, bias=3, training=True), RuntimeError, "bias should contain 4 elements not 3"),
            Failure(batch_call(3, 4, mean=3), RuntimeError, "running_mean should contain 4 elements not 3"),
            Failure(batch_call(3, 4, mean=4, var=3), RuntimeError, "running_var should contain 4 elements not 3"),
            Failure(
                lambda m: m.nn.functional.batch_norm(m.ones(3, 4), m.zeros(4).double(), m.ones(4).double()),
                RuntimeError,
                "mixed dtype (CPU): expect parameter to have scalar type of Float",
            ),
            Failure(
                lambda m: m.nn.functional.batch_norm(m.ones(3, 4).long(), m.zeros(4), m.ones(4)),
                NotImplementedError,
                "not implemented for 'Long'",
            ),
        ),
    ),
]
