"""Rows of autograd/ops/recurrent.py. The reference goes through each sequence of a batch by itself."""

from __future__ import annotations

import numpy as np

from .core import Failure, Make, Row, Sample

LOOSE = {"float32": 2e-5, "float64": 1e-12}
GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step(name, x, state, w_ih, w_hh, b_ih=0.0, b_hh=0.0, w_hr=None):
    h = state[0]
    a, b = w_ih @ x + b_ih, w_hh @ h + b_hh
    if name == "lstm":
        i, f, g, o = np.split(a + b, 4)
        c = sigmoid(f) * state[1] + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        return (h if w_hr is None else w_hr @ h), c
    if name == "gru":
        (ar, az, an), (br, bz, bn) = np.split(a, 3), np.split(b, 3)
        z, n = sigmoid(az + bz), np.tanh(an + sigmoid(ar + br) * bn)
        return ((1 - z) * n + z * h,)
    return (np.tanh(a + b) if name == "rnn_tanh" else np.maximum(a + b, 0),)


def layers(name, sequences, states, params, biases, bidirectional):
    """(outputs of each sequence, last states) of sequences (length, features)."""
    directions = 2 if bidirectional else 1
    each = 2 + 2 * biases + (name == "lstm" and states[0].shape[2] != states[1].shape[2])
    ends = [np.array(s) for s in states]
    for layer in range(0, len(params) // each, directions):
        outputs: list = [[] for _ in sequences]
        for i in range(layer, layer + directions):
            w_ih, w_hh, *rest = params[i * each : (i + 1) * each]
            b_ih, b_hh = rest[:2] if biases else (0.0, 0.0)
            for b, xs in enumerate(sequences):
                state, ys = tuple(s[i, b] for s in states), []
                for x in xs[::-1] if i > layer else xs:
                    state = step(name, x, state, w_ih, w_hh, b_ih, b_hh, *rest[2 * biases :])
                    ys.append(state[0])
                outputs[b].append(ys[::-1] if i > layer else ys)
                for end, s in zip(ends, state):
                    end[i, b] = s
        sequences = [np.concatenate(parts, 1) for parts in outputs]
    return sequences, ends


def reference(name):
    def whole(x, hx, params, biases, count, dropout, train, bidirectional, batch_first):
        x = x.swapaxes(0, 1) if not batch_first else x
        states = hx if isinstance(hx, tuple) else (hx,)
        ys, ends = layers(name, list(x), states, params, biases, bidirectional)
        y = np.zeros((*x.shape[:2], states[0].shape[2] * (1 + bidirectional)))
        for b, part in enumerate(ys):
            y[b] = part
        return (y if batch_first else y.swapaxes(0, 1)), *ends

    def packed(data, sizes, hx, params, biases, count, dropout, train, bidirectional):
        starts = np.concatenate([[0], np.cumsum(sizes)])
        at = [[int(starts[t]) + b for t in range(len(sizes)) if sizes[t] > b] for b in range(sizes[0])]
        states = hx if isinstance(hx, tuple) else (hx,)
        ys, ends = layers(name, [data[i] for i in at], states, params, biases, bidirectional)
        y = np.zeros((len(data), ys[0].shape[1]))
        for i, part in zip(at, ys):
            y[i] = part
        return y, *ends

    return lambda *args: (packed if isinstance(args[3], list) else whole)(*args)


def samples(name):
    gates = GATES[name]

    def weights(make: Make, inputs, hidden, count=1, directions=1, biases=True, projected=0):
        params = []
        for layer in range(count):
            for _ in range(directions):
                width = projected or hidden
                shapes = [(gates * hidden, width * directions if layer else inputs), (gates * hidden, width)]
                shapes += [(gates * hidden,)] * 2 * biases + [(projected, hidden)] * bool(projected)
                params += [make(*shape, low=-1.0, high=1.0) for shape in shapes]
        return params

    def states(make: Make, count, batch, hidden, projected=0):
        h = make(count, batch, projected or hidden)
        return (h, make(count, batch, hidden)) if name == "lstm" else h

    def made(make: Make):
        no = (0.0, False, False, False)
        yield Sample((make(3, 2, 2), states(make, 1, 2, 2), weights(make, 2, 2), True, 1, *no), note="one layer")
        yield Sample((make(1, 2, 3), states(make, 1, 2, 2), weights(make, 3, 2, 1, 1, False), False, 1, *no),
                     note="no biases, one step")  # fmt: skip
        yield Sample((make(2, 4, 3).transpose(1, 0, 2), states(make, 4, 2, 9), weights(make, 3, 9, 2, 2), True, 2,
                      0.0, True, True, False), note="two layers, both directions, transposed")  # fmt: skip
        yield Sample((make(2, 3, 2), states(make, 1, 2, 1), weights(make, 2, 1), True, 1, 0.0, False, False, True),
                     note="batch first")  # fmt: skip
        yield Sample((make(3, 0, 2), states(make, 1, 0, 2), weights(make, 2, 2), True, 1, *no), note="no sequence")
        sizes = np.array([3, 3, 2, 1, 1])
        yield Sample((make(10, 2), sizes, states(make, 4, 3, 3), weights(make, 2, 3, 2, 2), True, 2, 0.0, False, True),
                     note="packed, two layers, both directions")  # fmt: skip
        yield Sample((make(3, 1), np.array([2, 1]), states(make, 1, 2, 1), weights(make, 1, 1), True, 1, 0.0, False,
                      False), note="packed")  # fmt: skip
        if name == "lstm":
            yield Sample((make(3, 2, 2), states(make, 2, 2, 3, 2), weights(make, 2, 3, 1, 2, True, 2), True, 1, 0.0,
                          False, True, False), note="projected, both directions")  # fmt: skip
            yield Sample((make(2, 1, 1), states(make, 1, 1, 2, 1), weights(make, 1, 2, 1, 1, False, 1), False, 1, *no),
                         note="projected, no biases")  # fmt: skip

    return made


def failures(name):
    gates = GATES[name]

    def call(x=(4, 2, 3), h=(1, 2, 5), count=1, params=4, states=None):
        def layers(m):
            hx = m.ones(*h)
            hx = (hx,) * (states or (2 if name == "lstm" else 1))
            w = [m.ones(gates * 5, 3), m.ones(gates * 5, 5), m.ones(gates * 5), m.ones(gates * 5)][:params]
            return getattr(m, name)(m.ones(*x), hx if len(hx) > 1 or name == "lstm" else hx[0], w, True, count, 0.0,
                                    False, False, False)  # fmt: skip

        return layers

    return (
        Failure(call(x=(0, 2, 3)), RuntimeError, "Expected sequence length to be larger than 0 in RNN"),
        Failure(call(params=3), RuntimeError, "not divisible by stride"),
        Failure(call(count=2), RuntimeError, "Expected more hidden states in stacked_rnn"),
        Failure(call(x=(4, 2, 6)), RuntimeError, "mat1 and mat2 shapes cannot be multiplied", torch=name != "lstm"),
        Failure(call(h=(1, 3, 5)), RuntimeError, "Expected hidden", torch=name != "lstm"),
        *([Failure(call(states=1), RuntimeError, "lstm expects two hidden states")] if name == "lstm" else []),
    )


ROWS = [Row(name, samples(name), reference(name), rtol=LOOSE, atol=LOOSE, failures=failures(name)) for name in GATES]
