"""Optimizers' steps, clipping, counters: lists of arrays."""

from __future__ import annotations

import math

import numpy as np


def sgd(group, params):
    """Stochastic gradient descent with momentum (Sutskever et al. 2013), as torch.optim.SGD."""
    group.step += 1
    for p, g, buffer, _, _ in params:
        t = p.dtype.type
        g = -g if group.maximize else g
        if group.weight_decay:
            g = g + t(group.weight_decay) * p
        if group.momentum:
            if group.step == 1:
                buffer[...] = g
            else:
                buffer *= t(group.momentum)
                buffer += t(1 - group.dampening) * g
            g = g + t(group.momentum) * buffer if group.nesterov else buffer
        p -= t(group.lr) * g


def adam(group, params):
    """Adam (Kingma and Ba 2014) and, with decoupled decay, AdamW (Loshchilov and Hutter 2017), as torch.optim."""
    group.step += 1
    correction1 = 1 - group.beta1**group.step
    correction2 = math.sqrt(1 - group.beta2**group.step)
    for p, g, m, v, vmax in params:
        t = p.dtype.type
        g = -g if group.maximize else g
        if group.weight_decay and group.decoupled:
            p *= t(1 - group.lr * group.weight_decay)
        elif group.weight_decay:
            g = g + t(group.weight_decay) * p
        m += (g - m) * t(1 - group.beta1)
        v *= t(group.beta2)
        v += t(1 - group.beta2) * (g * g)
        second = v
        if group.amsgrad:
            np.maximum(vmax, v, out=vmax)
            second = vmax
        p -= t(group.lr / correction1) * (m / (np.sqrt(second) / t(correction2) + t(group.eps)))


def rmsprop(group, params):
    """RMSprop (Hinton 2012), centered as in Graves 2013, as torch.optim.RMSprop: the last buffer is the mean of g."""
    group.step += 1
    for p, g, buffer, square, mean in params:
        t = p.dtype.type
        g = -g if group.maximize else g
        if group.weight_decay:
            g = g + t(group.weight_decay) * p
        square *= t(group.beta2)
        square += t(1 - group.beta2) * (g * g)
        spread = square
        if group.centered:
            mean += (g - mean) * t(1 - group.beta2)
            spread = square - mean * mean
        change = g / (np.sqrt(spread) + t(group.eps))
        if group.momentum:
            buffer *= t(group.momentum)
            buffer += change
            change = buffer
        p -= t(group.lr) * change


# --- clipping by the norm, over lists of arrays of one dtype; sums and the factor are float64 -------------------------


def list_squares(out, arrays):
    """The sum of the squares of all elements."""
    squares = [np.sum(np.square(a, dtype=np.float64)) for a in arrays]
    out[...] = math.fsum(squares) if np.isfinite(squares).all() else np.sum(squares)


def root_sum(out, x):
    """sqrt(sum(x))"""
    out[...] = np.sqrt(np.sum(x))


def clip_factor(factor, norm, most):
    """What brings the norm down to ``most``: most / (norm + 1e-6), but no more than 1."""
    factor[...] = np.minimum(most / (norm.astype(np.float64) + 1e-6), 1)


def list_scale(arrays, factor):
    """Every element times the factor, in place."""
    for a in arrays:
        a *= factor.astype(a.dtype)


# --- counters ---------------------------------------------------------------------------------------------------------


def count_up(out):
    """out + 1, in place, of int64."""
    out += 1
