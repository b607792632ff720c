"""Attention: q (..., L, E), k (..., S, E), v (..., S, V), y (..., L, V), stats (..., L, 2); S is 1 at least."""

from __future__ import annotations

import numpy as np


def attention(y, stats, q, k, v, scale, causal):
    """y = softmax(scale q k^T) v, row i of the scores up to column i where causal. stats: for each row the largest
    score, and 1 / the sum of exp(score - largest)."""
    scores = _scores(q, k, scale, causal)
    top = np.max(scores, axis=-1, keepdims=True)
    e = np.exp(scores - top)
    factor = 1 / np.sum(e, axis=-1, keepdims=True)
    np.concatenate([top, factor], -1, out=stats)
    np.multiply(np.matmul(e, v), factor, out=y)


def attention_grad(dq, dk, dv, g, q, k, v, stats, scale, causal):
    """The gradients, each where it is not None."""
    p = np.exp(_scores(q, k, scale, causal) - stats[..., :1]) * stats[..., 1:]
    h = np.matmul(g, _turned(v))
    if causal:
        h = np.where(_seen(h), h, h.dtype.type(0))
    ds = p * (h - np.sum(h * p, axis=-1, keepdims=True))
    if dq is not None:
        np.multiply(np.matmul(ds, k), dq.dtype.type(scale), out=dq)
    if dk is not None:
        np.multiply(np.matmul(_turned(ds), q), dk.dtype.type(scale), out=dk)
    if dv is not None:
        np.matmul(_turned(p), g, out=dv)


def _scores(q, k, scale, causal):
    scores = np.matmul(q, _turned(k)) * q.dtype.type(scale)
    return np.where(_seen(scores), scores, scores.dtype.type(-np.inf)) if causal else scores


def _seen(scores):
    return np.tri(*scores.shape[-2:], dtype=bool)


def _turned(x):
    return np.swapaxes(x, -1, -2)
