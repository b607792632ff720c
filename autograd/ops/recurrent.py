"""Recurrent layers: a state that each step of a sequence changes, always by the same cell.

>>> from autograd import ones, zeros
>>> w = ones(1, 1)
>>> rnn_relu(ones(2, 1, 1), zeros(1, 1, 1), [w, w], False, 1, 0.0, False, False, False)[0].flatten()
tensor([1., 2.])

A layer in one direction, and a single cell, are in :mod:`autograd.ops.recurrent_cell`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..op import require_tensor
from ..tensor import Tensor
from .dropout import dropout
from .join import cat, stack, unbind
from .recurrent_cell import OPS, run


def stacked(
    name: str,
    x: Tensor,
    sizes: Sequence[int],
    states: Sequence[Tensor],
    weights: Sequence[Sequence],
    dropout_p: float = 0.0,
    bidirectional: bool = False,
) -> tuple:
    """Layers one above another on the rows of x: the last one's outputs, and the last states of all, (layers *
    directions, B, ...). ``weights`` are those of :func:`run` for each layer and direction."""
    directions = 2 if bidirectional else 1
    initial = list(zip(*[unbind(s) for s in states]))
    ends: list[tuple] = []
    for layer in range(0, len(weights), directions):
        if layer and dropout_p:
            x = dropout(x, dropout_p)
        outputs = []
        for i in range(layer, layer + directions):
            y, *end = run(name, x, initial[i], weights[i], sizes, reverse=i > layer)
            outputs.append(y)
            ends.append(tuple(end))
        x = cat(outputs, 1) if bidirectional else outputs[0]
    return x, *[stack(s) for s in zip(*ends)]


# --- the layers as functions ------------------------------------------------------------------------------------------


def _sorted_out(name: str, params: Sequence[Tensor], has_biases: bool, directions: int, projected: bool) -> list:
    """The weights of each layer and direction, None for those that are not there."""
    each = 2 + 2 * has_biases + projected
    if not params or len(params) % (each * directions):
        raise RuntimeError(
            f"{name}: MatrixRef: ArrayRef size {len(params)} not divisible by stride {each * directions}: params are "
            f"{each} tensors for each layer and direction"
        )
    groups = [list(params[i : i + each]) for i in range(0, len(params), each)]
    return [[*g[:2], *(g[2:4] if has_biases else (None, None)), g[-1] if projected else None] for g in groups]


def _layers(
    name: str, input: Tensor, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first
) -> tuple:
    """The layers of a name on (T, B, features); the arguments may be those for packed sequences."""
    require_tensor(name, input)
    sizes = None
    if isinstance(has_biases, (tuple, list)):
        sizes, hx, params, has_biases = hx.tolist(), params, has_biases, num_layers
        num_layers, dropout, train, bidirectional = dropout, train, bidirectional, batch_first
    states = (hx,) if isinstance(hx, Tensor) else tuple(hx)
    if len(states) != OPS[name].states:
        raise RuntimeError(f"{name} expects two hidden states, got {len(states)}")
    directions = 2 if bidirectional else 1
    if len(states[0]) < num_layers * directions:
        raise RuntimeError(f"{name}: Expected more hidden states in stacked_rnn, got {len(states[0])}")
    projected = name == "lstm" and states[0].shape[2] != states[1].shape[2]
    weights = _sorted_out(name, params, has_biases, directions, projected)
    p = dropout if train else 0.0
    if sizes is not None:
        return stacked(name, input, sizes, states, weights, p, bidirectional)
    x = input.transpose(0, 1) if batch_first else input
    steps, batch = x.shape[:2]
    if not steps:
        raise RuntimeError(f"{name}: Expected sequence length to be larger than 0 in RNN")
    rows = x.reshape(steps * batch, x.shape[2])
    y, *ends = stacked(name, rows, [batch] * steps, states, weights, p, bidirectional)
    y = y.reshape(steps, batch, y.shape[1])
    return y.transpose(0, 1) if batch_first else y, *ends


def lstm(input: Tensor, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first) -> tuple:
    """The outputs of LSTM layers (T, B, H), and the last states h and c: (layers * directions, B, H) (Hochreiter and
    Schmidhuber 1997).

    hx
        The first states, (h, c). Where h is shorter than c, each layer's output is projected to its length.
    params
        For each layer and direction w_ih (4H, inputs), w_hh (4H, H), with ``has_biases`` b_ih and b_hh (4H,), and for
        projections w_hr (P, H). The gates come in the order i, f, g, o.
    dropout
        The share of elements left out between layers, when ``train``.
    batch_first
        Whether input and output are (B, T, ...).

    Of packed sequences it is lstm(data, batch_sizes, hx, params, has_biases, num_layers, dropout, train,
    bidirectional). The modules in :mod:`autograd.nn` are easier to use.

    >>> from autograd import ones, zeros
    >>> w, h = ones(4, 1), zeros(1, 1, 1)
    >>> lstm(ones(2, 1, 1), (h, h), [w, w], False, 1, 0.0, False, False, False)[0].flatten()
    tensor([0.3696, 0.6505])
    """
    return _layers("lstm", input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)


def gru(input: Tensor, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first) -> tuple:
    """The outputs of GRU layers (T, B, H), and the last state (layers * directions, B, H) (Cho et al. 2014).

    ``params`` are for each layer and direction w_ih (3H, inputs), w_hh (3H, H), b_ih and b_hh (3H,), the gates in the
    order r, z, n; the rest is as in :func:`lstm`, but that hx is one tensor.

    >>> from autograd import ones, zeros
    >>> w = ones(3, 1)
    >>> gru(ones(2, 1, 1), zeros(1, 1, 1), [w, w], False, 1, 0.0, False, False, False)[0].flatten()
    tensor([0.2048, 0.3468])
    """
    return _layers("gru", input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)


def rnn_tanh(input: Tensor, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first) -> tuple:
    """The outputs of layers h' = tanh(w_ih x + b_ih + w_hh h + b_hh), (T, B, H), and the last state (Elman 1990); the
    arguments are as in :func:`gru`, with w_ih (H, inputs), w_hh (H, H).

    >>> from autograd import ones, zeros
    >>> w = ones(1, 1)
    >>> rnn_tanh(ones(2, 1, 1), zeros(1, 1, 1), [w, w], False, 1, 0.0, False, False, False)[0].flatten()
    tensor([0.7616, 0.9427])
    """
    return _layers("rnn_tanh", input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)


def rnn_relu(input: Tensor, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first) -> tuple:
    """As :func:`rnn_tanh`, with max(x, 0) for tanh.

    >>> from autograd import ones, zeros
    >>> w = ones(1, 1)
    >>> rnn_relu(ones(2, 1, 1), zeros(1, 1, 1), [w, w], False, 1, 0.0, False, False, False)[0].flatten()
    tensor([1., 2.])
    """
    return _layers("rnn_relu", input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)


__all__ = ["gru", "lstm", "rnn_relu", "rnn_tanh"]
METHODS: list[str] = []
