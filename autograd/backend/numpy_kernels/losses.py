"""Losses and their gradients."""

from __future__ import annotations

import numpy as np

from .elementwise import sigmoid
from .reductions import logsumexp


def mse(out, x, t, scale):
    """scale * sum((x - t)^2)"""
    d = x - t
    out[...] = out.dtype.type(scale) * np.sum(d * d)


def mse_grad(out, g, x, t, scale):
    np.multiply(out.dtype.type(2 * scale) * g, x - t, out=out)


def bce_with_logits(out, x, t, scale):
    """scale * sum(max(x, 0) - x t + log(1 + exp(-\\|x\\|)))"""
    out[...] = out.dtype.type(scale) * np.sum(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))


def bce_with_logits_grad(out, g, x, t, scale):
    s = np.empty(x.shape, out.dtype)
    sigmoid(s, x)
    np.multiply(out.dtype.type(scale) * g, s - t, out=out)


def cross_entropy(loss, lse, x, target, weight, ignore_index, reduction, smoothing):
    """Per position (1 - smoothing) w[target] (lse - x[target]) + smoothing / classes * sum(w (lse - x)), 0 where the
    target is ignored; reduction 0 none, 1 the sum over the weight of the targets that are not ignored, 2 the sum.

    x is (outer, classes, inner), target and lse (outer, inner), weight w (classes,) or None for ones; lse is NaN where
    it is +infinity, and None where x are log-probabilities: it counts as 0 then. Returns 0, or 1 + the position of the
    first target that is out of range.
    """
    used = target != ignore_index
    bad = used & ((target < 0) | (target >= x.shape[1]))
    if bad.any():
        return 1 + int(np.argmax(bad))
    if lse is None:
        lse = np.zeros(target.shape, x.dtype)
    else:
        logsumexp(lse, x, (1,))
        lse[lse == np.inf] = np.nan
    position, own, total = _targets(x.dtype, target, used, weight)
    picked = np.take_along_axis(x, position, axis=1)[:, 0, :] if x.shape[1] else lse
    losses = x.dtype.type(1 - smoothing) * own * (lse - picked)
    if smoothing:
        below = lse[:, None, :] - x
        even = np.sum(below if weight is None else below * weight[:, None], axis=1)
        losses += x.dtype.type(smoothing / x.shape[1]) * even
    losses = np.where(used, losses, 0)
    if reduction == 0:
        loss[...] = losses
    else:
        loss[...] = np.sum(losses) / total if reduction == 1 else np.sum(losses)
    return 0


def cross_entropy_grad(dx, g, x, lse, target, weight, ignore_index, reduction, smoothing):
    """(softmax(x) sum(q) - q) g with q = (1 - smoothing) w one_hot(target) + smoothing / classes * w, 0 where the
    target is ignored; under the mean, g over the weight of the targets. Where lse is None, -q g."""
    used = target != ignore_index
    classes, scalar = dx.shape[1], dx.dtype.type
    position, own, total = _targets(dx.dtype, target, used, weight)
    own = own * scalar(1 - smoothing)
    weights = scalar(smoothing / max(1, classes)) * (np.ones(classes, dx.dtype) if weight is None else weight)
    dx[...] = 0 if lse is None else np.exp(x - lse[:, None, :]) * (own + np.sum(weights))[:, None, :]
    if smoothing:
        dx -= weights[:, None]
    np.put_along_axis(dx, position, np.take_along_axis(dx, position, 1) - own[:, None, :], axis=1)
    scale = np.where(used, g / total if reduction == 1 else g, 0)
    dx[...] = np.where(used[:, None, :], dx * scale[:, None, :], 0)


def _targets(dtype, target, used, weight):
    """Positions along the classes, 0 where ignored; the weight of each target, and of all that are not ignored."""
    safe = np.where(used, target, 0)
    own = np.ones(target.shape, dtype) if weight is None else weight[safe]
    return safe[:, None, :], own, dtype.type(np.sum(own, where=used, dtype=np.float64))
