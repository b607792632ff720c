"""Rows of autograd/ops/loss_classification.py."""

from __future__ import annotations

import itertools

import numpy as np

from .core import Failure, Make, Row, Sample
from .loss import LOOSE, REDUCTIONS, reduced

F = "nn.functional."


def log_probabilities(make: Make):
    for (shape, like), reduction in itertools.product((((4, 3), (4,)), ((2, 3, 2, 2), (2, 2, 2))), REDUCTIONS):
        t, r = make.integers(0, 3, *like), {"reduction": reduction}
        yield Sample((make(*shape), t), r, note=f"{shape}, {reduction}")
        t.reshape(-1)[0] = -100
        yield Sample((make(*shape), t, make(3, low=0.5)), r, note=f"{shape}, {reduction}, weight, ignored")
    yield Sample((make(3), np.array(1)), {"ignore_index": 2}, note="a vector")
    yield Sample((make(0, 3), make.integers(0, 3, 0)), {"reduction": "sum"}, note="nothing")
    yield Sample((make(2, 3), np.array([1, 1])), {"ignore_index": 1}, smooth=False, note="all ignored")
    yield Sample((make(3, 4).T, make.integers(0, 3, 8)[::2]), note="strided")
    yield Sample((make(3, 4), np.array([1, 0, 3], np.uint8)), note="uint8")


def nll(x, target, weight=None, ignore_index=-100, reduction="mean"):
    x = np.moveaxis(x, min(1, x.ndim - 1), -1)
    used = target != ignore_index
    safe = np.where(used, target, 0).astype(int)
    share = np.where(used, 1.0 if weight is None else weight[safe], 0.0)
    losses = -np.take_along_axis(x, safe[..., None], -1)[..., 0] * share
    return losses.sum() / share.sum() if reduction == "mean" else reduced(losses, reduction)


def probabilities(make: Make):
    inside = {"low": 0.05, "high": 0.95}
    for reduction in REDUCTIONS:
        yield Sample((make(3, 4, **inside), make(3, 4, **inside)), {"reduction": reduction}, note=reduction)
    yield Sample((make(3, 4, **inside), make(3, 4, **inside), make(4, low=0.5)), note="weight")
    yield Sample((make(**inside), make(**inside)), note="a number")
    yield Sample((make(0, **inside), make(0, **inside)), {"reduction": "sum"}, note="nothing")
    yield Sample((make(4, 3, **inside).T, make(3, 8, **inside)[:, ::2]), note="strided")
    x, t = np.array([0, 1, 0, 1, 0.5], make.dtype), np.array([0, 1, 1, 0, 0], make.dtype)
    yield Sample((x, t), {"reduction": "none"}, smooth=False, note="edge values")


def bce(x, t, weight=None, reduction="mean"):
    losses = -(t * np.maximum(np.log(x), -100) + (1 - t) * np.maximum(np.log(1 - x), -100))
    return reduced(losses if weight is None else losses * weight, reduction)


def distributions(make: Make):
    for reduction in (*REDUCTIONS, "batchmean"):
        yield Sample((make(3, 4), make(3, 4, low=0.1)), {"reduction": reduction}, note=reduction)
        yield Sample((make(3, 4), make(3, 4)), {"reduction": reduction, "log_target": True}, note=f"{reduction}, log")
    yield Sample((make(3, 4), make(4, low=0.1)), {"reduction": "sum"}, note="broadcast")
    yield Sample((make(4), np.array([0, 1, 0, 0.5], make.dtype)), {"reduction": "none"}, False, "edge values")
    yield Sample((make(0, 3), make(0, 3)), {"reduction": "sum"}, note="nothing")


def kl(x, t, reduction="mean", log_target=False):
    losses = np.exp(t) * (t - x) if log_target else np.where(t == 0, 0, t * np.log(t)) - t * x
    return losses.sum() / len(x) if reduction == "batchmean" else reduced(losses, reduction)


def rivals(make: Make):
    for reduction in REDUCTIONS:
        x = np.asarray(make.distinct(3, 4) * 0.3, make.dtype)
        yield Sample((x, make.integers(0, 4, 3)), {"reduction": reduction, "margin": 0.4}, note=reduction)
        yield Sample((x, make.integers(0, 4, 3), 2), {"reduction": reduction, "margin": 0.4}, note=f"p 2, {reduction}")
    x = np.asarray(make.distinct(3, 4) * 0.3, make.dtype)
    yield Sample((x, make.integers(0, 4, 3)), {"weight": make(4, low=0.5), "margin": 0.7}, note="weight")
    yield Sample((np.asarray(make.distinct(4) * 0.3, make.dtype), np.array(2)), {"margin": 0.4}, note="a vector")
    yield Sample((np.zeros((1, 3), make.dtype), np.array([0])), {"margin": 0.0}, smooth=False, note="ties")


def multi_margin(x, target, p=1, margin=1.0, weight=None, reduction="mean"):
    own = np.take_along_axis(x, target[..., None], -1)
    above = np.maximum(margin - own + x, 0) ** p
    above = np.where(np.arange(x.shape[-1]) == target[..., None], 0, above)
    losses = above.sum(-1) / x.shape[-1]
    return reduced(losses if weight is None else losses * weight[target], reduction)


def listed(make: Make):
    t = np.array([[2, 0, -1, 3], [1, -1, 1, 1], [0, 1, 2, 3], [-1, 0, 1, 2]])
    for reduction in REDUCTIONS:
        yield Sample((np.asarray(make.distinct(4, 4) * 0.3, make.dtype), t), {"reduction": reduction}, note=reduction)
    yield Sample((np.asarray(make.distinct(4) * 0.3, make.dtype), t[0]), note="a vector")


def multilabel_margin(x, target, reduction="mean"):
    def one(x, t):
        right = list(itertools.takewhile(lambda c: c >= 0, t))
        wrong = [c for c in range(len(x)) if c not in right]
        return sum([max(0.0, 1 - (x[r] - x[w])) for r in right for w in wrong]) / len(x)

    return reduced(
        np.array([one(a, t) for a, t in zip(x, target)]) if x.ndim > 1 else np.array(one(x, target)), reduction
    )


def signed(make: Make):
    for reduction in REDUCTIONS:
        t = np.asarray(make.integers(0, 2, 3, 4) * 2 - 1, make.dtype)
        yield Sample((make(3, 4), t), {"reduction": reduction}, note=reduction)
    yield Sample((make(3, 4), make(4)), note="broadcast")
    x = np.array([80, -80, 1000, 0], make.dtype)
    yield Sample((x, np.ones(4, make.dtype)), {"reduction": "sum"}, smooth=False, note="large")


def labels(make: Make):
    for reduction in REDUCTIONS:
        t = np.asarray(make.integers(0, 2, 3, 4), make.dtype)
        yield Sample((make(3, 4), t), {"reduction": reduction}, note=reduction)
        yield Sample((make(3, 4), t, make(4, low=0.5)), {"reduction": reduction}, note=f"{reduction}, weight")
    yield Sample((make(4), make(4, low=0, high=1)), note="a vector")


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def multilabel_soft_margin(x, t, weight=None, reduction="mean"):
    losses = t * softplus(-x) + (1 - t) * softplus(x)
    return reduced((losses if weight is None else losses * weight).mean(-1), reduction)


def failure(name: str, call, error: type[Exception], match: str) -> Failure:
    return Failure(lambda m: call(m, getattr(m.nn.functional, name)), error, match)


ROWS = [
    Row(
        F + "nll_loss",
        log_probabilities,
        nll,
        wanted=(0,),
        rtol=LOOSE,
        failures=(
            failure("nll_loss", lambda m, f: f(m.ones(2, 3), m.tensor([0, 5])), IndexError, "Target 5 is out of"),
            failure("nll_loss", lambda m, f: f(m.ones(2, 3), m.tensor([0])), ValueError, "to match target batch_size"),
            failure("nll_loss", lambda m, f: f(m.ones(2, 3), m.ones(2)), RuntimeError, "expected"),
            failure("nll_loss", lambda m, f: f(m.ones(2, 3), m.tensor([[0], [1]])), RuntimeError, ""),
            failure(
                "nll_loss",
                lambda m, f: f(m.ones(2, 3), m.tensor([0, 1]), m.ones(2)),
                RuntimeError,
                "weight tensor should be defined either for all 3 classes",
            ),
            failure(
                "nll_loss",
                lambda m, f: f(m.ones(2, 3), m.tensor([0, 1]), m.ones(3, requires_grad=True)),
                RuntimeError,
                "is not differentiable with respect to argument 'weight'",
            ),
            failure("nll_loss", lambda m, f: f(m.tensor(1.0), m.tensor(0)), ValueError, "Expected 1 or more"),
        ),
    ),
    Row(
        F + "binary_cross_entropy",
        probabilities,
        bce,
        wanted=(0, 1),
        rtol=LOOSE,
        failures=(
            failure(
                "binary_cross_entropy",
                lambda m, f: f(m.ones(2) * 2, m.ones(2)),
                RuntimeError,
                "all elements of input should be between 0 and 1",
            ),
            failure("binary_cross_entropy", lambda m, f: f(m.ones(2), m.ones(3)), ValueError, "Using a target size"),
            failure(
                "binary_cross_entropy",
                lambda m, f: f(m.ones(2), m.ones(2, dtype=m.float64)),
                RuntimeError,
                "Found dtype Double but expected Float",
            ),
        ),
    ),
    Row(F + "kl_div", distributions, kl, rtol=LOOSE),
    Row(
        F + "multi_margin_loss",
        rivals,
        multi_margin,
        wanted=(0,),
        rtol=LOOSE,
        failures=(
            failure(
                "multi_margin_loss", lambda m, f: f(m.ones(2, 3), m.tensor([0, 5])), RuntimeError, "target out of range"
            ),
            failure(
                "multi_margin_loss",
                lambda m, f: f(m.ones(2, 3), m.tensor([0])),
                RuntimeError,
                "Expected target size [2], but got [1]",
            ),
            failure(
                "multi_margin_loss", lambda m, f: f(m.ones(2, 3), m.tensor([0, 1]), p=3), ValueError, "only p == 1"
            ),
        ),
    ),
    Row(
        F + "multilabel_margin_loss",
        listed,
        multilabel_margin,
        wanted=(0,),
        rtol=LOOSE,
        failures=(
            failure(
                "multilabel_margin_loss",
                lambda m, f: f(m.ones(2, 3), m.tensor([0, 1])),
                RuntimeError,
                "inconsistent target size",
            ),
            failure(
                "multilabel_margin_loss",
                lambda m, f: f(m.ones(1, 3), m.tensor([[0, 1, 5]])),
                RuntimeError,
                "argument #2 'target' is out of range",
            ),
        ),
    ),
    Row(
        F + "soft_margin_loss",
        signed,
        lambda x, t, reduction="mean": reduced(softplus(-t * x), reduction),
        wanted=(0,),
        rtol=LOOSE,
    ),
    Row(F + "multilabel_soft_margin_loss", labels, multilabel_soft_margin, wanted=(0,), rtol=LOOSE),
]  # fmt: skip
