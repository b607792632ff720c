"""What works row by row: softmax and the norms."""

from __future__ import annotations

import numpy as np

from .reductions import mean

# --- rowwise: x is (outer, n, inner), along the middle ----------------------------------------------------------------


def softmax(out, x):
    if x.size:
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        np.divide(e, np.sum(e, axis=1, keepdims=True), out=out)


def log_softmax(out, x):
    if x.size:
        shifted = x - np.max(x, axis=1, keepdims=True)
        np.subtract(shifted, np.log(np.sum(np.exp(shifted), axis=1, keepdims=True)), out=out)


def softmax_grad(out, g, y):
    """y (g - sum(g y))"""
    np.multiply(y, g - np.sum(g * y, axis=1, keepdims=True), out=out)


def log_softmax_grad(out, g, y):
    """g - exp(y) sum(g)"""
    np.subtract(g, np.exp(y) * np.sum(g, axis=1, keepdims=True), out=out)


# --- norms: x is (rows, n), weight and bias (n,) or None; stats (2, rows) are the means and the factors ---------------


def layer_norm(y, stats, x, weight, bias, eps):
    """(x - mean) * rstd * weight + bias with rstd = 1 / sqrt(var + eps) of each row."""
    if x.size:
        mean(stats[0], x - x[:, :1], (1,))  # from the first element on, the mean of equal elements is not rounded
        stats[0] += x[:, 0]
        _normalize(y, stats, x, weight, bias, eps)


def rms_norm(y, stats, x, weight, bias, eps):
    """As layer_norm, with 0 for the mean."""
    if x.size:
        stats[0] = 0
        _normalize(y, stats, x, weight, bias, eps)


def _normalize(y, stats, x, weight, bias, eps):
    deviation = x - stats[0, :, None]
    mean(stats[1], deviation * deviation, (1,))
    stats[1] = 1 / np.sqrt(stats[1] + x.dtype.type(eps))
    np.multiply(deviation, stats[1, :, None], out=y)
    if weight is not None:
        y *= weight
    if bias is not None:
        y += bias


def layer_norm_grad(dx, dw, db, g, x, stats, weight):
    """With z = (x - mean) rstd and h = g weight: dx = rstd (h - mean(h) - z mean(h z)), dw and db the sums of g z and g
    over the rows; each where it is not None."""
    _norm_grad(True, dx, dw, db, g, x, stats, weight)


def rms_norm_grad(dx, dw, db, g, x, stats, weight):
    """As layer_norm_grad, without mean(h)."""
    _norm_grad(False, dx, dw, db, g, x, stats, weight)


def _norm_grad(center, dx, dw, db, g, x, stats, weight):
    z = (x - stats[0, :, None]) * stats[1, :, None]
    if dw is not None:
        np.sum(g * z, axis=0, out=dw)
    if db is not None:
        np.sum(g, axis=0, out=db)
    if dx is not None and x.size:
        h = g if weight is None else g * weight
        slope = h - z * np.mean(h * z, axis=1, keepdims=True)
        if center:
            slope -= np.mean(h, axis=1, keepdims=True)
        np.multiply(slope, stats[1, :, None], out=dx)


# --- batch norm: x is (outer, channels, inner), weight and bias (channels,) or None; stats (2, channels) --------------


def batch_norm(y, stats, running_mean, running_var, x, weight, bias, training, momentum, eps):
    """(x - mean) * rstd * weight + bias of each channel. In training the running statistics, where there are some, move
    towards those of the channels by the share ``momentum``; else they are taken."""
    if not x.size:
        return
    t = x.dtype.type
    if training:
        count = x.shape[0] * x.shape[2]
        mean(stats[0], x - x[:1, :, :1], (0, 2))  # from the first element on, the mean of equal elements is not rounded
        stats[0] += x[0, :, 0]
        deviation = x - stats[0, :, None]
        variance = np.sum(deviation * deviation, axis=(0, 2)) / t(count)
        if running_mean is not None:
            m = t(momentum)
            unbiased = variance * (t(count) / t(count - 1))
            running_mean[...] = (1 - m) * running_mean + m * stats[0]
            running_var[...] = (1 - m) * running_var + m * unbiased
    else:
        stats[0] = running_mean
        deviation, variance = x - stats[0, :, None], running_var
    stats[1] = 1 / np.sqrt(variance + t(eps))
    np.multiply(deviation, (stats[1] if weight is None else stats[1] * weight)[:, None], out=y)
    if bias is not None:
        y += bias[:, None]


def batch_norm_grad(dx, dw, db, g, x, stats, weight, training):
    """With z = (x - mean) rstd: dw and db the sums of g z and of g; dx = weight rstd g, in training with
    g - mean(g) - z mean(g z) in place of g; each where it is not None."""
    z = (x - stats[0, :, None]) * stats[1, :, None]
    product, total = np.sum(g * z, axis=(0, 2)), np.sum(g, axis=(0, 2))
    if dw is not None:
        dw[...] = product
    if db is not None:
        db[...] = total
    if dx is not None and x.size:
        if training:
            count = x.dtype.type(x.shape[0] * x.shape[2])
            g = g - (total / count)[:, None] - z * (product / count)[:, None]
        np.multiply(g, (stats[1] if weight is None else stats[1] * weight)[:, None], out=dx)
