"""Rows of autograd/ops/loss.py."""

from __future__ import annotations

import itertools

import numpy as np

from .core import Failure, Make, Row, Sample
from .softmax import log_softmax

F = "nn.functional."
REDUCTIONS = ("mean", "sum", "none")
LOOSE = {"float32": 1e-5, "float64": 1e-12}


def reduced(losses, reduction):
    with np.errstate(invalid="ignore", divide="ignore"):
        if reduction == "none":
            return losses
        return losses.sum() / losses.size if reduction == "mean" else losses.sum()


def mse(x, t, reduction="mean"):
    return reduced(np.square(x - t), reduction)


def errors(make: Make):
    for reduction in REDUCTIONS:
        for shape in ((3, 4), (5,), (), (0,), (2, 0), (100,)):
            yield Sample((make(*shape), make(*shape)), {"reduction": reduction}, note=f"{shape}, {reduction}")
        yield Sample((make(4, 3).T, make(3, 8)[:, ::2]), {"reduction": reduction}, note="strided")
        yield Sample((np.broadcast_to(make(4), (3, 4)), make(3, 4)), {"reduction": reduction}, note="expanded")
        x = np.array([1, np.nan, np.inf, 1e30, 0], make.dtype)
        yield Sample(
            (x, np.array([1, 1, 1, -1e30, 0], make.dtype)), {"reduction": reduction}, smooth=False, note="edge values"
        )


def bce(x, t, weight=None, reduction="mean", pos_weight=None):
    # with p = sigmoid(x): -(w+ t log p + (1 - t) log(1 - p)), log p = min(x, 0) - log1p(exp(-|x|))
    tail = np.log1p(np.exp(-np.abs(x)))
    log_p, log_q = np.minimum(x, 0) - tail, np.minimum(-x, 0) - tail
    losses = -((1 if pos_weight is None else pos_weight) * t * log_p + (1 - t) * log_q)
    return reduced(losses if weight is None else losses * weight, reduction)


def binary_targets(make: Make):
    for reduction in REDUCTIONS:
        r = {"reduction": reduction}
        for shape in ((3, 4), (5,), (), (0,), (100,)):
            yield Sample(
                (make(*shape, low=-4, high=4), make(*shape, low=0.05, high=0.95)), r, note=f"{shape}, {reduction}"
            )
        yield Sample((make(4, 3).T, make(3, 8, low=0.1, high=0.9)[:, ::2]), r, note="strided")
        x = np.array([-1e4, -100, -40, 0, 40, 100, 1e4], make.dtype)
        for t in (0.0, 1.0, 0.3):
            yield Sample((x, np.full(7, t, make.dtype)), r, smooth=False, note=f"large logits, target {t}")
        one = make(3, 4, low=0.1, high=0.9)
        yield Sample((make(3, 4), one, make(4, low=0.5, high=2)), r, note="weight")
        yield Sample((make(3, 4), one), {**r, "pos_weight": make(4, low=0.5, high=2)}, note="pos_weight")
        yield Sample(
            (make(3, 4), one, make(3, 4, low=0.5, high=2)), {**r, "pos_weight": make(4, low=0.5, high=2)}, note="both"
        )


def cross_entropy(x, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    dim = 1 if x.ndim > 1 else 0
    classes = x.shape[dim]
    logs = np.moveaxis(log_softmax(x, dim), dim, -1)
    w = np.ones(classes) if weight is None else weight
    if target.dtype.kind == "f":
        t = np.moveaxis(target, dim, -1) * (1 - label_smoothing) + label_smoothing / classes
        losses = -(logs * t * w).sum(-1)
        if reduction == "mean":
            return losses.sum() / losses.size
        return losses if reduction == "none" else losses.sum()
    used = target != ignore_index
    safe = np.where(used, target, 0).astype(int)
    own = -np.take_along_axis(logs, safe[..., None], -1)[..., 0] * w[safe] if logs.size else np.zeros(target.shape)
    losses = np.where(used, own, 0)
    if label_smoothing:
        smooth = np.where(used, -(logs * w).sum(-1), 0)
        losses = losses * (1 - label_smoothing) + smooth * (label_smoothing / classes)
    if reduction == "mean":
        with np.errstate(invalid="ignore"):
            return losses.sum() / np.where(used, w[safe], 0).sum()
    return losses if reduction == "none" else losses.sum()


def classes(make: Make):
    cases = [
        ((4, 3), (4,)),
        ((3,), ()),
        ((2, 3, 5), (2, 5)),
        ((2, 3, 2, 2), (2, 2, 2)),
        ((1, 3), (1,)),
        ((0, 3), (0,)),
        ((40, 10), (40,)),
    ]
    for (shape, like), reduction in itertools.product(cases, REDUCTIONS):
        n = shape[1] if len(shape) > 1 else shape[0]
        t = make.integers(0, n, *like)
        r = {"reduction": reduction}
        some = t.size > 0 or reduction != "mean"
        yield Sample((make(*shape), t), r, some, f"{shape}, {reduction}")
        yield Sample(
            (make(*shape), t), {**r, "weight": make(n, low=0.5, high=2)}, some, f"{shape}, {reduction}, weight"
        )
        yield Sample((make(*shape), t), {**r, "label_smoothing": 0.2}, some, f"{shape}, {reduction}, smoothing")
        if t.size:
            ignored = t.copy()
            ignored.reshape(-1)[: (t.size + 1) // 2] = -100 if t.size > 1 else 1
            yield Sample((make(*shape), ignored), r, note=f"{shape}, {reduction}, ignored")
            yield Sample(
                (make(*shape), t),
                {**r, "ignore_index": 1, "weight": make(n, low=0.5, high=2), "label_smoothing": 0.1},
                smooth=bool((t != 1).any()),
                note=f"{shape}, {reduction}, everything",
            )
    yield Sample((make(3, 4).T, make.integers(0, 3, 8)[::2]), note="strided")
    yield Sample((np.broadcast_to(make(3), (4, 3)), make.integers(0, 3, 4)), note="expanded")
    yield Sample((make(2, 3), np.array([-100, -100])), smooth=False, note="all ignored")
    yield Sample((make(2, 3), np.array([-100, -100])), {"reduction": "sum"}, note="all ignored, sum")
    x = np.array([[1e4, 0, -1e4], [np.inf, 0, 1], [np.nan, 0, 1], [-np.inf, 0, 1]], make.dtype)
    for i, smoothing in itertools.product(range(4), (0.0, 0.1)):
        yield Sample(
            (x[i : i + 1], np.array([1])), {"label_smoothing": smoothing}, False, f"edge values {i}, {smoothing}"
        )


def soft(make: Make):
    for shape, reduction in itertools.product(((4, 3), (3,), (2, 3, 5), (0, 3)), REDUCTIONS):
        some = 0 not in shape or reduction != "mean"
        p = make(*shape, low=0.1, high=1)
        p = np.asarray(p / p.sum(1 if p.ndim > 1 else 0, keepdims=True), make.dtype)
        r = {"reduction": reduction}
        n = shape[1] if len(shape) > 1 else shape[0]
        yield Sample((make(*shape), p), r, some, f"{shape}, {reduction}")
        yield Sample(
            (make(*shape), p),
            {**r, "weight": make(n, low=0.5, high=2), "label_smoothing": 0.1},
            some,
            f"{shape}, {reduction}, all",
        )
    yield Sample((make(3, 4).T, make(3, 4).T), note="transposed")


ROWS = [
    Row(
        F + "mse_loss",
        errors,
        mse,
        rtol=LOOSE,
        failures=(
            Failure(
                lambda m: m.nn.functional.mse_loss(m.ones(2), m.ones(2), reduction="max"),
                ValueError,
                "is not a valid value for reduction",
            ),
            Failure(
                lambda m: m.nn.functional.mse_loss(m.ones(2), m.ones(3)),
                RuntimeError,
                "The size of tensor a (2) must match",
            ),
            Failure(
                lambda m: m.nn.functional.mse_loss(m.tensor([1]), m.tensor([2])), RuntimeError, "not implemented for"
            ),
            Failure(lambda m: m.nn.functional.mse_loss(m.ones(2), 3.0), (TypeError, AttributeError), ""),
        ),
    ),
    Row(
        F + "binary_cross_entropy_with_logits",
        binary_targets,
        bce,
        wanted=(0, 1),
        rtol=LOOSE,
        failures=(
            Failure(
                lambda m: m.nn.functional.binary_cross_entropy_with_logits(m.ones(2), m.ones(3)),
                ValueError,
                "must be the same as input size",
            ),
        ),
    ),
    Row(
        F + "cross_entropy",
        classes,
        cross_entropy,
        wanted=(0,),
        rtol=LOOSE,
        atol={"float32": 5e-6},
        failures=(
            Failure(
                lambda m: m.nn.functional.cross_entropy(m.ones(2, 3), m.tensor([0, 5])),
                IndexError,
                "Target 5 is out of bounds.",
            ),
            Failure(
                lambda m: m.nn.functional.cross_entropy(m.ones(2, 3), m.tensor([0, -1])),
                IndexError,
                "Target -1 is out of bounds.",
            ),
            Failure(
                lambda m: m.nn.functional.cross_entropy(m.ones(2, 3), m.tensor([0])),
                ValueError,
                "to match target batch_size",
            ),
            Failure(lambda m: m.nn.functional.cross_entropy(m.ones(2, 3), m.tensor([[0], [1]])), RuntimeError, ""),
            Failure(
                lambda m: m.nn.functional.cross_entropy(m.ones(2, 3), m.tensor([0, 1], dtype=m.int32)),
                RuntimeError,
                "expected scalar type Long",
            ),
            Failure(
                lambda m: m.nn.functional.cross_entropy(m.ones(2, 3), m.tensor([0, 1]), label_smoothing=2.0),
                (ValueError, RuntimeError),
                "label_smoothing must be between 0.0 and 1.0",
            ),
            Failure(
                lambda m: m.nn.functional.cross_entropy(m.ones(2, 3), m.tensor([0, 1]), weight=m.ones(2)),
                RuntimeError,
                "weight",
            ),
            Failure(
                lambda m: m.nn.functional.cross_entropy(
                    m.ones(2, 3), m.tensor([0, 1]), weight=m.ones(3, dtype=m.float64)
                ),
                RuntimeError,
                "expected scalar type Float but found Double",
            ),
            Failure(
                lambda m: m.nn.functional.cross_entropy(
                    m.ones(2, 3), m.tensor([0, 1]), weight=m.ones(3, requires_grad=True)
                ),
                RuntimeError,
                "is not differentiable with respect to argument 'weight'",
            ),
            Failure(
                lambda m: m.nn.functional.cross_entropy(m.ones(2, 3), m.tensor([0, 1]), reduction="max"),
                ValueError,
                "is not a valid value for reduction",
            ),
            Failure(lambda m: m.nn.functional.cross_entropy(m.ones(2, 3), m.ones(2, 2)), RuntimeError, ""),
        ),
    ),
    Row(F + "cross_entropy", soft, cross_entropy, rtol=LOOSE, atol={"float32": 5e-6}, variant="probabilities"),
]
