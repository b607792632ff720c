"""Recurrent layers in NumPy for the scripts of :func:`autograd.study.backward_source`: forward, and backward through
time. The rows of x are those of all steps, `sizes` of them in a step; sequences that are over keep their last state."""

from __future__ import annotations

import numpy as np

from .in_numpy import sigmoid


def steps_of(sizes, reverse):
    """(first row, number of rows) of each step, in the order in which they are computed."""
    spans = [(sum(sizes[:t]), n) for t, n in enumerate(sizes)]
    return spans[::-1] if reverse else spans


def affine(x, w, b):
    return x @ w.T if b is None else x @ w.T + b


def lstm_steps(x, w_ih, w_hh, b_ih, b_hh, w_hr, h0, c0, sizes, reverse):
    """The outputs, the last states, and what backward needs of each step."""
    h, c, tape = h0.copy(), c0.copy(), []
    y = np.zeros((len(x), h0.shape[1]), x.dtype)
    for at, n in steps_of(sizes, reverse):
        before = h[:n].copy(), c[:n].copy()
        i, f, g, o = np.split(affine(x[at : at + n], w_ih, b_ih) + affine(h[:n], w_hh, b_hh), 4, 1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c[:n] = f * c[:n] + i * g
        t = np.tanh(c[:n])
        h[:n] = o * t if w_hr is None else (o * t) @ w_hr.T
        y[at : at + n] = h[:n]
        tape.append((at, n, before, (i, f, g, o), t))
    return y, h, c, tape


def lstm(*inputs):
    return lstm_steps(*inputs)[:3]


def lstm_grad(gy, gh, gc, x, w_ih, w_hh, b_ih, b_hh, w_hr, h0, c0, sizes, reverse):
    """The gradients of all inputs, from those of the outputs and of the last states."""
    tape = lstm_steps(x, w_ih, w_hh, b_ih, b_hh, w_hr, h0, c0, sizes, reverse)[3]
    dx, dw_ih, dw_hh, db = np.zeros_like(x), np.zeros_like(w_ih), np.zeros_like(w_hh), np.zeros(len(w_ih), x.dtype)
    dw_hr = None if w_hr is None else np.zeros_like(w_hr)
    dh, dc = gh.copy(), gc.copy()
    for at, n, (h, c), (i, f, g, o), t in reversed(tape):
        d = dh[:n] + gy[at : at + n]
        if w_hr is not None:
            dw_hr += d.T @ (o * t)
            d = d @ w_hr
        ds = dc[:n] + d * o * (1 - t * t)
        slopes = [ds * g * i * (1 - i), ds * c * f * (1 - f), ds * i * (1 - g * g), d * t * o * (1 - o)]
        dz = np.concatenate(slopes, 1)
        dh[:n], dc[:n], dx[at : at + n] = dz @ w_hh, ds * f, dz @ w_ih
        dw_ih, dw_hh, db = dw_ih + dz.T @ x[at : at + n], dw_hh + dz.T @ h, db + dz.sum(0)
    return dx, dw_ih, dw_hh, db, db, dw_hr, dh, dc


def gru_steps(x, w_ih, w_hh, b_ih, b_hh, w_hr, h0, sizes, reverse):
    """The outputs, the last states, and what backward needs of each step."""
    h, tape = h0.copy(), []
    y = np.zeros((len(x), h0.shape[1]), x.dtype)
    for at, n in steps_of(sizes, reverse):
        before = h[:n].copy()
        xr, xz, xn = np.split(affine(x[at : at + n], w_ih, b_ih), 3, 1)
        hr, hz, hn = np.split(affine(before, w_hh, b_hh), 3, 1)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        new = np.tanh(xn + r * hn)
        h[:n] = new + z * (before - new)
        y[at : at + n] = h[:n]
        tape.append((at, n, before, (r, z, new, hn)))
    return y, h, tape


def gru(*inputs):
    return gru_steps(*inputs)[:2]


def gru_grad(gy, gh, x, w_ih, w_hh, b_ih, b_hh, w_hr, h0, sizes, reverse):
    """The gradients of all inputs, from those of the outputs and of the last states."""
    tape = gru_steps(x, w_ih, w_hh, b_ih, b_hh, w_hr, h0, sizes, reverse)[2]
    dx, dw_ih, dw_hh = np.zeros_like(x), np.zeros_like(w_ih), np.zeros_like(w_hh)
    db_ih, db_hh = np.zeros(len(w_ih), x.dtype), np.zeros(len(w_ih), x.dtype)
    dh = gh.copy()
    for at, n, h, (r, z, new, hn) in reversed(tape):
        d = dh[:n] + gy[at : at + n]
        da = d * (1 - z) * (1 - new * new)
        dr, dz = da * hn * r * (1 - r), d * (h - new) * z * (1 - z)
        by_x, by_h = np.concatenate([dr, dz, da], 1), np.concatenate([dr, dz, da * r], 1)
        dh[:n], dx[at : at + n] = d * z + by_h @ w_hh, by_x @ w_ih
        dw_ih, dw_hh = dw_ih + by_x.T @ x[at : at + n], dw_hh + by_h.T @ h
        db_ih, db_hh = db_ih + by_x.sum(0), db_hh + by_h.sum(0)
    return dx, dw_ih, dw_hh, db_ih, db_hh, None, dh


def rnn_steps(tanh, x, w_ih, w_hh, b_ih, b_hh, w_hr, h0, sizes, reverse):
    """The outputs, the last states, and what backward needs of each step."""
    h, tape = h0.copy(), []
    y = np.zeros((len(x), h0.shape[1]), x.dtype)
    for at, n in steps_of(sizes, reverse):
        before = h[:n].copy()
        a = affine(x[at : at + n], w_ih, b_ih) + affine(before, w_hh, b_hh)
        h[:n] = np.tanh(a) if tanh else np.maximum(a, 0)
        y[at : at + n] = h[:n]
        tape.append((at, n, before, h[:n].copy()))
    return y, h, tape


def rnn(*inputs):
    return rnn_steps(*inputs)[:2]


def rnn_grad(gy, gh, tanh, x, w_ih, w_hh, b_ih, b_hh, w_hr, h0, sizes, reverse):
    """The gradients of all inputs, from those of the outputs and of the last states."""
    tape = rnn_steps(tanh, x, w_ih, w_hh, b_ih, b_hh, w_hr, h0, sizes, reverse)[2]
    dx, dw_ih, dw_hh, db = np.zeros_like(x), np.zeros_like(w_ih), np.zeros_like(w_hh), np.zeros(len(w_ih), x.dtype)
    dh = gh.copy()
    for at, n, before, h in reversed(tape):
        d = dh[:n] + gy[at : at + n]
        dz = d * (1 - h * h) if tanh else d * (h > 0)
        dh[:n], dx[at : at + n] = dz @ w_hh, dz @ w_ih
        dw_ih, dw_hh, db = dw_ih + dz.T @ x[at : at + n], dw_hh + dz.T @ before, db + dz.sum(0)
    return dx, dw_ih, dw_hh, db, db, None, dh
