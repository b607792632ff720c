"""Rows of autograd/ops/recurrent_cell.py."""

from __future__ import annotations

import numpy as np

from .core import Failure, Make, Row, Sample
from .recurrent import GATES, LOOSE, step


def cell_samples(name):
    gates = GATES[name]

    def made(make: Make):
        for batch, hidden in ((2, 3), (0, 2), (3, 17)):
            h = make(batch, hidden)
            hx = (h, make(batch, hidden)) if name == "lstm" else h
            w = [make(gates * hidden, 2, low=-1, high=1), make(gates * hidden, hidden, low=-1, high=1)]
            biases = [make(gates * hidden), make(gates * hidden)]
            yield Sample((make(batch, 2), hx, *w, *biases), note=f"batch {batch}, hidden {hidden}")
            yield Sample((make(2, batch).T, hx, *w), note=f"batch {batch}, hidden {hidden}, no biases, transposed")

    return made


def cell_reference(name):
    def cell(x, hx, w_ih, w_hh, b_ih=0.0, b_hh=0.0):
        states = hx if isinstance(hx, tuple) else (hx,)
        new = [np.zeros_like(s) for s in states]
        for b in range(len(x)):
            for s, row in zip(new, step(name, x[b], [s[b] for s in states], w_ih, w_hh, b_ih, b_hh)):
                s[b] = row
        return tuple(new) if len(new) > 1 else new[0]

    return cell


def cell_failures(name):
    gates = GATES[name]

    def call(x=(2, 3), h=(2, 5)):
        def cell(m):
            hx = (m.ones(*h),) * (2 if name == "lstm" else 1)
            w = m.ones(gates * 5, 3), m.ones(gates * 5, 5)
            return getattr(m, f"{name}_cell")(m.ones(*x), hx if name == "lstm" else hx[0], *w)

        return cell

    return (
        Failure(call(x=(2, 4)), RuntimeError, "input has inconsistent input_size: got 4 expected 3"),
        Failure(call(h=(3, 5)), RuntimeError, "Input batch size 2 doesn't match hidden0 batch size 3"),
        Failure(call(h=(2, 4)), RuntimeError, "hidden0 has inconsistent hidden_size: got 4, expected 5"),
        Failure(call(x=(3,)), IndexError, "Dimension out of range"),
    )


ROWS = [
    Row(f"{name}_cell", cell_samples(name), cell_reference(name), rtol=LOOSE, atol=LOOSE, failures=cell_failures(name))
    for name in GATES
]
