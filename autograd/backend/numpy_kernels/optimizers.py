"""Optimizers' steps, clipping, counters: lists of arrays."""

from __future__ import annotations

import math

import numpy as np


def _slope(group, p, g):
    """The gradient to descend by: turned round to ascend, with weight decay added unless it is decoupled."""
    g = -g if group.maximize else g
    if group.weight_decay and not getattr(group, "decoupled_weight_decay", 0):
        g = g + p.dtype.type(group.weight_decay) * p
    return g


def _shrink(group, p):
    """Decoupled weight decay."""
    if group.weight_decay and group.decoupled_weight_decay:
        p *= p.dtype.type(1 - group.lr * group.weight_decay)


def sgd(group, params):
    """Stochastic gradient descent with momentum (Sutskever et al. 2013), as torch.optim.SGD."""
    group.step += 1
    for p, g, buffer, _, _ in params:
        t = p.dtype.type
        g = _slope(group, p, g)
        if group.momentum:
            if group.step == 1:
                buffer[...] = g
            else:
                buffer *= t(group.momentum)
                buffer += t(1 - group.dampening) * g
            g = g + t(group.momentum) * buffer if group.nesterov else buffer
        p -= t(group.lr) * g


def asgd(group, params):
    """Gradient descent that averages its parameters (Polyak and Juditsky 1992), as torch.optim.ASGD: eta and mu, which
    have float's precision, are the rate of this step and the share of p in the average."""
    for p, g, mean, _, _ in params:
        t = p.dtype.type
        g = _slope(group, p, g)
        p *= t(1 - group.lambd * group.eta)
        p -= t(group.eta) * g
        if group.mu == 1:
            mean[...] = p
        else:
            mean += (p - mean) * t(group.mu)
    group.step += 1
    group.eta = float(np.float32(group.lr / (1 + group.lambd * group.lr * group.step) ** group.alpha))
    group.mu = float(np.float32(1 / max(1, group.step - group.t0)))


def rprop(group, params):
    """Resilient propagation (Riedmiller and Braun 1993), as torch.optim.Rprop: steps of a size per element that grows
    while the gradient keeps its sign and shrinks where it turns, by which element the step is left out."""
    group.step += 1
    for p, g, prev, size, _ in params:
        t = p.dtype.type
        g = -g if group.maximize else g
        turn = g * prev
        factor = np.where(turn > 0, t(group.eta_plus), np.where(turn < 0, t(group.eta_minus), t(1)))
        size *= np.where(turn != turn, turn, factor)
        size[...] = np.minimum(np.maximum(size, t(group.step_size_min)), t(group.step_size_max))
        prev[...] = np.where(turn < 0, t(0), g)
        p -= np.sign(prev) * size


def _adam_means(group, p, g, m, v):
    """The running means of g and g * g, moved on in place; gives g."""
    t = p.dtype.type
    g = _slope(group, p, g)
    m += (g - m) * t(1 - group.beta1)
    v *= t(group.beta2)
    v += t(1 - group.beta2) * (g * g)
    return g


def adam(group, params):
    """Adam (Kingma and Ba 2014) and, with decoupled decay, AdamW (Loshchilov and Hutter 2017), as torch.optim."""
    group.step += 1
    correction1 = 1 - group.beta1**group.step
    correction2 = math.sqrt(1 - group.beta2**group.step)
    for p, g, m, v, vmax in params:
        t = p.dtype.type
        _adam_means(group, p, g, m, v)
        second = v
        if group.amsgrad:
            np.maximum(vmax, v, out=vmax)
            second = vmax
        _shrink(group, p)
        p -= t(group.lr / correction1) * (m / (np.sqrt(second) / t(correction2) + t(group.eps)))


def adamax(group, params):
    """Adam with the largest gradient in place of the root of v (Kingma and Ba 2014), as torch.optim.Adamax."""
    group.step += 1
    correction1 = 1 - group.beta1**group.step
    for p, g, m, largest, _ in params:
        t = p.dtype.type
        g = _slope(group, p, g)
        m += (g - m) * t(1 - group.beta1)
        np.maximum(largest * t(group.beta2), np.abs(g) + t(group.eps), out=largest)
        p -= t(group.lr / correction1) * (m / largest)


def nadam(group, params):
    """Adam with Nesterov's momentum (Dozat 2016), as torch.optim.NAdam: the momentum of a step grows towards beta1, and
    the product of all of them has float's precision."""
    group.step += 1
    mu, following = (group.beta1 * (1 - 0.5 * 0.96 ** (n * group.momentum_decay)) for n in (group.step, group.step + 1))
    group.mu_product = float(np.float32(group.mu_product) * np.float32(mu))
    rate = group.lr * (1 - mu) / (1 - group.mu_product)
    rate_mean = group.lr * following / (1 - group.mu_product * following)
    for p, g, m, v, _ in params:
        t = p.dtype.type
        g = _adam_means(group, p, g, m, v)
        _shrink(group, p)
        change = t(rate) * g + t(rate_mean) * m
        p -= change / (np.sqrt(v / t(1 - group.beta2**group.step)) + t(group.eps))


def radam(group, params):
    """Adam that divides by the root of v when enough steps have told of it (Liu et al. 2019), as torch.optim.RAdam."""
    group.step += 1
    power = group.beta2**group.step
    most = 2 / (1 - group.beta2) - 1
    rho = most - 2 * group.step * power / (1 - power)
    rate = group.lr / (1 - group.beta1**group.step)
    if rho > 5:
        rate *= math.sqrt(1 - power) * math.sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho))
    for p, g, m, v, _ in params:
        t = p.dtype.type
        _adam_means(group, p, g, m, v)
        _shrink(group, p)
        p -= t(rate) * (m / (np.sqrt(v) + t(group.eps)) if rho > 5 else m)


def adagrad(group, params):
    """Adagrad (Duchi et al. 2011), as torch.optim.Adagrad."""
    rate = group.lr / (1 + group.step * group.lr_decay)
    group.step += 1
    for p, g, _, total, _ in params:
        t = p.dtype.type
        g = _slope(group, p, g)
        total += g * g
        p -= t(rate) * (g / (np.sqrt(total) + t(group.eps)))


def adadelta(group, params):
    """Adadelta (Zeiler 2012), as torch.optim.Adadelta: running means of the squares of g and of the changes."""
    group.step += 1
    for p, g, moved, square, _ in params:
        t = p.dtype.type
        rate, eps = t(1 - group.rho), t(group.eps)
        g = _slope(group, p, g)
        square *= t(group.rho)
        square += rate * (g * g)
        change = np.sqrt(moved + eps) / np.sqrt(square + eps) * g
        moved *= t(group.rho)
        moved += rate * (change * change)
        p -= t(group.lr) * change


def rmsprop(group, params):
    """RMSprop (Hinton 2012), centered as in Graves 2013, as torch.optim.RMSprop: the last buffer is the mean of g."""
    group.step += 1
    for p, g, buffer, square, mean in params:
        t = p.dtype.type
        g = _slope(group, p, g)
        square *= t(group.alpha)
        square += t(1 - group.alpha) * (g * g)
        spread = square
        if group.centered:
            mean += (g - mean) * t(1 - group.alpha)
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
