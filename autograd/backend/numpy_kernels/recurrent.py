"""The elementwise part of recurrent cells: h and its like are (rows, n), gates several times that wide."""

from __future__ import annotations

import numpy as np

from .elementwise import sigmoid, tanh


def lstm_cell(h, c, gates, c0):
    """c = sigmoid(f) c0 + sigmoid(i) tanh(g), h = sigmoid(o) tanh(c); i, f, g, o are the parts of gates (rows, 4 n),
    which become what is multiplied here."""
    i, f, g, o = _parts(gates, 4)
    for part in (i, f, o):
        sigmoid(part, part.copy())
    tanh(g, g.copy())
    np.add(f * c0, i * g, out=c)
    np.multiply(o, np.tanh(c), out=h)


def lstm_cell_grad(dgates, dc, dh, gates, c0, c):
    """The gradients of the gates before sigmoid and tanh, from those of h and c; dc becomes that of c0."""
    i, f, g, o = _parts(gates, 4)
    di, df, dg, do = _parts(dgates, 4)
    t = np.tanh(c)
    dc += dh * o * (1 - t * t)
    np.multiply(dh * t, o * (1 - o), out=do)
    np.multiply(dc * g, i * (1 - i), out=di)
    np.multiply(dc * c0, f * (1 - f), out=df)
    np.multiply(dc * i, 1 - g * g, out=dg)
    dc *= f


def gru_cell(h, gates, hidden, h0):
    """h = n + z (h0 - n) with r, z = sigmoid(the first two parts of gates + hidden) and n = tanh(the third of gates
    + r times that of hidden), both (rows, 3 n); the gates become r, z, n."""
    r, z, n = _parts(gates, 3)
    hr, hz, hn = _parts(hidden, 3)
    sigmoid(r, r + hr)
    sigmoid(z, z + hz)
    tanh(n, n + r * hn)
    np.add(n, z * (h0 - n), out=h)


def gru_cell_grad(dgates, dhidden, dh, gates, hidden, h0):
    """The gradients of the gates before sigmoid and tanh, and of hidden, from that of h; dh becomes what goes to h0
    directly."""
    r, z, n = _parts(gates, 3)
    dr, dz, dn = _parts(dgates, 3)
    np.multiply(dh * (1 - z), 1 - n * n, out=dn)
    np.multiply(dh * (h0 - n), z * (1 - z), out=dz)
    np.multiply(dn * _parts(hidden, 3)[2], r * (1 - r), out=dr)
    dhidden[...] = dgates
    _parts(dhidden, 3)[2] *= r
    dh *= z


def _parts(gates, count):
    return np.split(gates, count, axis=1)
