"""Recurrent layers: a state that each step of a sequence changes, always by the same cell.

>>> from autograd import ones, zeros
>>> rnn_tanh_cell(ones(1, 2), zeros(1, 1), ones(1, 2), ones(1, 1))
tensor([[0.9640]])

A layer sees a sequence of T steps with B rows each as (T * B, features), the rows of a step one after another. Of
packed sequences, the longest first, a step has the rows of those that are not over yet: the number of rows falls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from ..op import require_tensor
from ..tensor import Tensor
from .activation import relu, sigmoid
from .dropout import dropout
from .join import cat, chunk, split, stack, unbind
from .linalg import linear, same_dtype
from .trigonometry import tanh

# --- cells: from what the input gives to the gates, and the state, to the next state ----------------------------------


def _lstm(x: Tensor, state: tuple, w_hh: Tensor, b_hh: Tensor | None, w_hr: Tensor | None) -> tuple:
    """c' = f c + i g, h' = o tanh(c'), made shorter by w_hr where there is one."""
    h, c = state
    i, f, g, o = chunk(x + linear(h, w_hh, b_hh), 4, 1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h = sigmoid(o) * tanh(c)
    return (h if w_hr is None else linear(h, w_hr)), c


def _gru(x: Tensor, state: tuple, w_hh: Tensor, b_hh: Tensor | None, w_hr: None) -> tuple:
    """h' = n + z (h - n); r says how much of h the new part n sees."""
    (h,) = state
    (xr, xz, xn), (hr, hz, hn) = chunk(x, 3, 1), chunk(linear(h, w_hh, b_hh), 3, 1)
    n = tanh(xn + sigmoid(xr + hr) * hn)
    return (n + sigmoid(xz + hz) * (h - n),)


def _rnn(activation: Callable) -> Callable:
    def cell(x: Tensor, state: tuple, w_hh: Tensor, b_hh: Tensor | None, w_hr: None) -> tuple:
        """h' = f(x + w_hh h)"""
        return (activation(x + linear(state[0], w_hh, b_hh)),)

    return cell


class Cell(NamedTuple):
    """A cell, its number of gates, and of how many tensors its state consists."""

    step: Callable
    gates: int
    states: int = 1


CELLS = {
    "lstm": Cell(_lstm, 4, 2), "gru": Cell(_gru, 3), "rnn_tanh": Cell(_rnn(tanh), 1), "rnn_relu": Cell(_rnn(relu), 1),
}  # fmt: skip


def _check(name: str, x: Tensor, initial: Sequence[Tensor], weights: Sequence, sizes: Sequence[int]) -> None:
    """Raise where the tensors of a layer do not fit each other."""
    w_ih, w_hh, _, _, w_hr = weights
    for t in (*initial, *weights):
        if t is not None:
            same_dtype(name, x, t)
    if x.ndim != 2 or x.shape[1] != w_ih.shape[1]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({'x'.join(map(str, x.shape))} and {w_ih.shape[1]}x"
            f"{w_ih.shape[0]}): {name} of an input of that many features with w_ih of {list(w_ih.shape)}"
        )
    rows, outputs = w_hh.shape
    hidden = rows // CELLS[name].gates
    wanted = [(rows, x.shape[1]), (rows, outputs), (rows,), (rows,), (outputs, hidden)]
    for t, shape, kind in zip(weights, wanted, ("w_ih", "w_hh", "b_ih", "b_hh", "w_hr")):
        if t is not None and t.shape != shape:
            raise RuntimeError(f"{name}: expected {kind} of shape {list(shape)}, got {list(t.shape)}")
    if w_hr is None and outputs != hidden:
        raise RuntimeError(f"{name}: expected w_hh of shape {[rows, hidden]}, got {[rows, outputs]}")
    if sum(sizes) != len(x) or any(a < b for a, b in pairwise(sizes)):
        raise RuntimeError(f"{name}: batch sizes must fall, and add up to the {len(x)} rows of the input")
    for s, width in zip(initial, (outputs, hidden)):
        if s.shape != (sizes[0], width):
            raise RuntimeError(f"Expected hidden size {[sizes[0], width]}, got {list(s.shape)}")


def run(
    name: str, x: Tensor, initial: Sequence[Tensor], weights: Sequence, sizes: Sequence[int], reverse: bool
) -> tuple:
    """A layer in one direction, through the rows of x, ``sizes`` of them in a step: the outputs of all steps in the
    order of time, and the last state of each row. ``weights`` are w_ih, w_hh, b_ih, b_hh and w_hr, the last three or
    None."""
    w_ih, w_hh, b_ih, b_hh, w_hr = weights
    _check(name, x, initial, weights, sizes)
    cell = CELLS[name].step
    gates = split(linear(x, w_ih, b_ih), list(sizes))
    state = tuple([s[:0] for s in initial])
    outputs, over = [], []
    for x in reversed(gates) if reverse else gates:
        n, before = x.shape[0], state[0].shape[0]
        if n < before:  # the last sequences are over
            over.append([s[n:] for s in state])
            state = tuple([s[:n] for s in state])
        elif n > before:  # the first step, and backwards each in which sequences begin
            state = tuple([cat([s, s0[before:n]]) if before else s0[:n] for s, s0 in zip(state, initial)])
        state = cell(x, state, w_hh, b_hh, w_hr)
        outputs.append(state[0])
    ends = [cat([s, *rest]) if rest else s for s, *rest in zip(state, *reversed(over))]
    return cat(outputs[::-1] if reverse else outputs), *ends


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
    if len(states) != CELLS[name].states:
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


# --- single cells -----------------------------------------------------------------------------------------------------


def _cell(name: str, input: Tensor, states: Sequence[Tensor], w_ih: Tensor, w_hh: Tensor, b_ih, b_hh) -> list:
    """One step: the next state."""
    require_tensor(f"{name}_cell", input)
    if input.ndim != 2:
        raise IndexError(
            f"{name}_cell: Dimension out of range: expected an input of (batch, features), got {list(input.shape)}"
        )
    batch, features = input.shape
    if features != w_ih.shape[1]:
        raise RuntimeError(f"input has inconsistent input_size: got {features} expected {w_ih.shape[1]}")
    for i, s in enumerate(states):
        if s.shape[0] != batch:
            raise RuntimeError(f"Input batch size {batch} doesn't match hidden{i} batch size {s.shape[0]}")
        if s.shape[1] != w_hh.shape[1]:
            raise RuntimeError(f"hidden{i} has inconsistent hidden_size: got {s.shape[1]}, expected {w_hh.shape[1]}")
    return list(run(name, input, states, (w_ih, w_hh, b_ih, b_hh, None), [batch], reverse=False)[1:])


def lstm_cell(
    input: Tensor, hx, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """One step of an LSTM: from the input (B, inputs) and the state (h, c), (B, H) each, to the next state.

    >>> from autograd import ones
    >>> h = c = ones(1, 1)
    >>> lstm_cell(ones(1, 1), (h, c), ones(4, 1), ones(4, 1))
    (tensor([[0.8271]]), tensor([[1.7299]]))
    """
    if len(hx) != 2:
        raise RuntimeError(f"lstm_cell expects two hidden states, got {len(hx)}")
    h, c = _cell("lstm", input, hx, w_ih, w_hh, b_ih, b_hh)
    return h, c


def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """One step of a GRU: from the input (B, inputs) and the state (B, H) to the next state.

    >>> from autograd import ones
    >>> gru_cell(ones(1, 1), ones(1, 1), ones(3, 1), ones(3, 1))
    tensor([[0.9946]])
    """
    return _cell("gru", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def rnn_tanh_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """tanh(w_ih input + b_ih + w_hh hx + b_hh): from the input (B, inputs) and the state (B, H) to the next state.

    >>> from autograd import ones
    >>> rnn_tanh_cell(ones(1, 1), ones(1, 1), ones(1, 1), ones(1, 1))
    tensor([[0.9640]])
    """
    return _cell("rnn_tanh", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def rnn_relu_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """max(w_ih input + b_ih + w_hh hx + b_hh, 0): from the input (B, inputs) and the state (B, H) to the next state.

    >>> from autograd import ones
    >>> rnn_relu_cell(ones(1, 1), ones(1, 1), ones(1, 1), ones(1, 1))
    tensor([[2.]])
    """
    return _cell("rnn_relu", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


__all__ = [
    "gru", "gru_cell", "lstm", "lstm_cell", "rnn_relu", "rnn_relu_cell", "rnn_tanh", "rnn_tanh_cell",
]  # fmt: skip
METHODS: list[str] = []
