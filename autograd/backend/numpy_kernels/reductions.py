"""Reductions over the axes dims, where out has the kept dims; scans along the axis dim."""

from __future__ import annotations

import math

import numpy as np

# --- reductions over the axes dims; out has the kept dims -------------------------------------------------------------


def sum(out, x, dims):
    np.sum(x, axis=dims, out=out, dtype=out.dtype)


def mean(out, x, dims):
    count = math.prod(x.shape[d] for d in dims)
    out[...] = np.sum(x, axis=dims) / out.dtype.type(count)


def prod(out, x, dims):
    np.prod(x, axis=dims, out=out, dtype=out.dtype)


def amax(out, x, dims):
    np.max(x, axis=dims, out=out)


def amin(out, x, dims):
    np.min(x, axis=dims, out=out)


def var(out, x, dims, correction):
    """Sum of squared deviations over max(0, count - correction); exactly 0 where all elements are equal."""
    count = math.prod(x.shape[d] for d in dims)
    if count:  # from the first element on, the mean of equal elements is not rounded
        x = x - x[tuple(slice(1) if d in dims else slice(None) for d in range(x.ndim))]
    mean = np.sum(x, axis=dims, keepdims=True) / out.dtype.type(count)
    deviation = x - mean
    divisor = out.dtype.type(max(0.0, count - correction))
    out[...] = np.sum(deviation * deviation, axis=dims) / divisor


def logsumexp(out, x, dims):
    """max + log(sum(exp(x - max))); the max itself where it is infinite."""
    if not x.size:
        out[...] = -np.inf
        return
    m = np.max(x, axis=dims, keepdims=True)
    shift = np.where(np.isinf(m), 0, m)
    out[...] = np.log(np.sum(np.exp(x - shift), axis=dims)) + shift.reshape(out.shape)


def argmax(out, x, dims):
    """int64 position within the flattened dims; the first of equals, and NaN counts as the largest."""
    out[...] = np.argmax(_flatten_last(x, dims), axis=-1)


def argmin(out, x, dims):
    out[...] = np.argmin(_flatten_last(x, dims), axis=-1)


def _flatten_last(x, dims):
    kept = [d for d in range(x.ndim) if d not in dims]
    return x.transpose(kept + sorted(dims)).reshape([x.shape[d] for d in kept] + [math.prod(x.shape[d] for d in dims)])


def all(out, x, dims):
    np.all(x, axis=dims, out=out)


def any(out, x, dims):
    np.any(x, axis=dims, out=out)


# --- scans along the axis dim; reverse from its end. These have no C kernel. ------------------------------------------


def cumsum(out, x, dim, reverse):
    _scan(np.add, out, x, dim, reverse)


def cumprod(out, x, dim, reverse):
    _scan(np.multiply, out, x, dim, reverse)


def logcumsumexp(out, x, dim, reverse):
    """log of the sum of exp(x) up to each place."""
    _scan(np.logaddexp, out, x, dim, reverse)


def _scan(function, out, x, dim, reverse):
    """Floats are accumulated in float64."""
    if reverse:
        out, x = np.flip(out, dim), np.flip(x, dim)
    out[...] = function.accumulate(x, dim, dtype=np.float64 if x.dtype.kind == "f" else x.dtype)
