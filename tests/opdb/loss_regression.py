"""Rows of autograd/ops/loss_regression.py."""

from __future__ import annotations

import numpy as np

from .core import Failure, Make, Row, Sample
from .loss import LOOSE, REDUCTIONS, reduced

F = "nn.functional."


def apart(make: Make, *shape: int, kinks: tuple = (0.0,)) -> tuple[np.ndarray, np.ndarray]:
    """Input and target whose differences keep off the kinks."""
    difference, target = make(*shape, low=-3, high=3, kinks=kinks), make(*shape)
    return np.asarray(target + difference, make.dtype), target


def differences(*kinks: float, **options):
    """Samples of a loss of differences; ``options`` are keywords of some of them."""

    def samples(make: Make):
        for reduction in REDUCTIONS:
            yield Sample(apart(make, 3, 4, kinks=kinks), {"reduction": reduction}, note=reduction)
        yield Sample(apart(make, 5, kinks=kinks), options, note=str(options))
        yield Sample(apart(make, kinks=kinks), note="a number")
        yield Sample(apart(make, 0, 3, kinks=kinks), {"reduction": "sum"}, note="nothing")
        yield Sample(tuple(a.T for a in apart(make, 4, 3, kinks=kinks)), note="transposed")
        x = np.array([1, np.nan, np.inf, -np.inf, 2, 0], make.dtype)
        yield Sample(
            (x, np.array([1, 1, 1, 1, 1, 1], make.dtype)), {"reduction": "none"}, smooth=False, note="edge values"
        )

    return samples


def weighted(kind: str, *kinks: float):
    def samples(make: Make):
        yield from differences(*kinks)(make)
        for reduction in REDUCTIONS:
            x, t = apart(make, 3, 4, kinks=kinks)
            yield Sample((x, t), {"reduction": reduction, "weight": make(3, 4, low=0.5)}, note=f"weight, {reduction}")

    return samples


def l1(x, t, reduction="mean", weight=None):
    if weight is None:
        return reduced(np.abs(x - t), reduction)
    losses = np.abs(x - t) * weight
    return losses.sum() / weight.sum() if reduction == "mean" else reduced(losses, reduction)


def huber(x, t, reduction="mean", delta=1.0, weight=None):
    d = np.abs(x - t)
    losses = np.where(d < delta, 0.5 * d * d, delta * (d - 0.5 * delta))
    return reduced(losses if weight is None else losses * weight, reduction)


def smooth_l1(x, t, reduction="mean", beta=1.0):
    return huber(x, t, reduction, beta) / beta if beta else l1(x, t, reduction)


def counts(make: Make):
    for reduction in REDUCTIONS:
        t = np.asarray(make.integers(0, 6, 3, 4), make.dtype)
        yield Sample((make(3, 4), t), {"reduction": reduction}, note=reduction)
    t = np.array([0.2, 0.5, 2, 5], make.dtype)
    for log_input, full in ((True, True), (False, False), (False, True)):
        yield Sample((make(4, low=0.5), t), {"log_input": log_input, "full": full}, note=f"{log_input}, {full}")
    yield Sample((make(0), make(0)), {"reduction": "sum"}, note="nothing")


def poisson(x, t, log_input=True, full=False, eps=1e-8, reduction="mean"):
    losses = np.exp(x) - t * x if log_input else x - t * np.log(x + eps)
    if full:
        losses = losses + np.where(t > 1, t * np.log(t) - t + 0.5 * np.log(2 * np.pi * t), 0)
    return reduced(losses, reduction)


def variances(make: Make):
    for reduction in REDUCTIONS:
        given = make(3, 4), make(3, 4), make(3, 4, low=0.3)
        yield Sample(given, {"reduction": reduction}, note=reduction)
    for shape in ((3,), (3, 1), (1, 4)):
        yield Sample((make(3, 4), make(3, 4), make(*shape, low=0.3)), {"full": True}, note=f"variance {shape}")
    yield Sample((make(3, 4), make(3, 4), 0.5), note="a number for the variance")
    yield Sample((make(3), make(3), np.array([1e-9, 0, 1], make.dtype)), smooth=False, note="tiny variances")


def gaussian(x, t, var, full=False, eps=1e-6, reduction="mean"):
    var = np.maximum(var[:, None] if np.ndim(var) == 1 and x.ndim == 2 else var, eps)
    return reduced(0.5 * (np.log(var) + (x - t) ** 2 / var) + (0.5 * np.log(2 * np.pi) if full else 0), reduction)


ROWS = [
    Row(
        F + "l1_loss",
        weighted("l1", 0.0),
        l1,
        rtol=LOOSE,
        failures=(
            Failure(
                lambda m: m.nn.functional.l1_loss(m.ones(2), m.ones(2), weight=m.ones(3)),
                ValueError,
                "Weights and input must have the same size.",
            ),
            Failure(lambda m: m.nn.functional.l1_loss(m.tensor([1]), m.tensor([2])), RuntimeError, "not implemented"),
        ),
    ),
    Row(
        F + "smooth_l1_loss",
        differences(0.0, 1.0, -1.0, beta=0.0),
        smooth_l1,
        rtol=LOOSE,
        failures=(
            Failure(
                lambda m: m.nn.functional.smooth_l1_loss(m.ones(2), m.ones(2), beta=-1.0),
                RuntimeError,
                "smooth_l1_loss does not support negative values for beta",
            ),
            Failure(
                lambda m: m.nn.functional.smooth_l1_loss(m.ones(2), m.ones(3)), RuntimeError, "The size of tensor a (2)"
            ),
        ),
    ),
    Row(
        F + "huber_loss",
        weighted("huber", 0.0, 1.0, -1.0),
        huber,
        rtol=LOOSE,
        failures=(
            Failure(
                lambda m: m.nn.functional.huber_loss(m.ones(2), m.ones(2), delta=0.0),
                RuntimeError,
                "huber_loss does not support non-positive values for delta",
            ),
        ),
    ),
    Row(
        F + "poisson_nll_loss",
        counts,
        poisson,
        wanted=(0, 1),
        rtol=LOOSE,
        failures=(
            Failure(
                lambda m: m.nn.functional.poisson_nll_loss(m.ones(2), m.ones(2), reduction="max"),
                ValueError,
                "max is not a valid value for reduction",
            ),
        ),
    ),
    Row(
        F + "gaussian_nll_loss",
        variances,
        gaussian,
        wanted=(0, 1, 2),
        rtol=LOOSE,
        failures=(
            Failure(
                lambda m: m.nn.functional.gaussian_nll_loss(m.ones(2), m.ones(2), m.ones(5)),
                ValueError,
                "var is of incorrect size",
            ),
            Failure(
                lambda m: m.nn.functional.gaussian_nll_loss(m.ones(2), m.ones(2), m.tensor([1.0, -1.0])),
                ValueError,
                "var has negative entry/entries",
            ),
        ),
    ),
]
