"""A recurrent layer in one direction as one op, and single steps.

>>> from autograd import ones, zeros
>>> rnn_tanh_cell(ones(1, 2), zeros(1, 1), ones(1, 2), ones(1, 1))
tensor([[0.9640]])

A layer sees a sequence of T steps with B rows each as (T * B, features), the rows of a step one after another. Of
packed sequences, the longest first, a step has the rows of those that are not over yet: the number of rows falls.

What the inputs give to the gates of all steps is one product. Then step by step, the state gives its part and one
kernel makes the next state. Backward goes the steps back, and what all steps give to the weights is one product again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from ..backend import K
from ..backprop import grad
from ..op import Op, contiguous, record, record_many, require_tensor
from ..storage import Array, empty
from ..tensor import Tensor
from .activation import relu, sigmoid
from .join import cat, chunk, split
from .linalg import block_for, linear, same_dtype, transposed
from .trigonometry import tanh
from .views import Alias

# --- the way through the rows -----------------------------------------------------------------------------------------


class Piece(NamedTuple):
    """Rows of one step: n of them, from ``at`` on among all rows, of the sequences from ``first`` on. Their states
    before are at ``before`` among the rows, or are first states where that is -1."""

    at: int
    n: int
    first: int
    before: int


class Walk(NamedTuple):
    """The pieces in the order in which they are computed; as few runs as possible, whose rows, and the states before
    them, lie one after another; and the rows of last states."""

    sizes: tuple[int, ...]
    reverse: bool
    pieces: list[Piece]
    runs: list[Piece]
    ends: list[Piece]


@lru_cache(256)
def _walk(sizes: tuple[int, ...], reverse: bool) -> Walk:
    steps = list(zip(accumulate(sizes, initial=0), sizes))
    if reverse:
        steps.reverse()
    pieces, ends = [], []
    before, going = 0, 0  # the step before: where it is, and the number of its rows
    for (at, n), after in zip(steps, [n for _, n in steps[1:]] + [0]):
        if going:
            pieces.append(Piece(at, min(n, going), 0, before))
        if n > going:  # sequences that begin here
            pieces.append(Piece(at + going, n - going, going, -1))
        if after < n:
            ends.append(Piece(at + after, n - after, after, -1))
        before, going = at, n
    runs: list[Piece] = []
    for p in sorted(pieces):
        last = runs[-1] if runs else None
        if last and last.before >= 0 and p.at == last.at + last.n and p.before == last.before + last.n:
            runs[-1] = last._replace(n=last.n + p.n)
        else:
            runs.append(p)
    return Walk(sizes, reverse, pieces, runs, ends)


def _rows(a: Array, start: int, n: int) -> Array:
    width = a.shape[1]
    return a.view((n, width), None, start * width)


def _before(p: Piece, initial: Array, states: Array) -> Array:
    """The states before a piece."""
    return _rows(initial, p.first, p.n) if p.before < 0 else _rows(states, p.before, p.n)


def _backwards(walk: Walk, g_y: Array | None, dh: Array) -> Iterator[tuple[Piece, Array]]:
    """The pieces from the last to the first, each with the gradient of its states: the part of dh that belongs to its
    sequences, to which what arrives at its outputs is added."""
    for p in reversed(walk.pieces):
        d = _rows(dh, p.first, p.n)
        if g_y is not None:
            K.add(d, d, _rows(g_y, p.at, p.n))
        yield p, d


def _last(walk: Walk, like: Array, states: Array) -> Array:
    """The last states of all sequences, copied."""
    y = empty(like.shape, like.dtype)
    for p in walk.ends:
        K.copy(_rows(y, p.first, p.n), _rows(states, p.at, p.n))
    return y


def _turned(w: Array, walk: Walk) -> tuple[Array, bool]:
    """A weight for a product with its transpose in each step, and whether it still is to be transposed: of many steps
    it is once, of few by each product."""
    if len(walk.pieces) < 4:
        return w, True
    y = empty((w.shape[1], w.shape[0]), w.dtype)
    K.copy(y, transposed(w))
    return y, False


# --- the ops ----------------------------------------------------------------------------------------------------------


class Recurrence(Op, abstract=True):
    """A layer in one direction. The outputs are those of all steps, then the last states. All inputs are saved, then
    what forward says, the outputs last."""

    inputs: tuple[str, ...] = ("x", "w_ih", "w_hh", "b_ih", "b_hh", "w_hr", "h0")
    params = ("walk",)
    gates = 1
    states = 1  # of how many tensors a state consists
    made: tuple[str, ...] = ("y",)  # what is saved besides the inputs
    cell: Callable  # the same step by ordinary ops: (x, state, w_hh, b_hh, w_hr) -> state

    @classmethod
    def pick(cls, mask: int) -> Callable[[tuple], tuple]:
        return tuple

    @classmethod
    def apply(cls, x: Tensor, initial: Sequence[Tensor], weights: Sequence[Tensor | None], walk: Walk) -> list[Tensor]:
        given = (x, *weights, *initial)
        arrays = tuple([None if t is None else contiguous(t._array) for t in given])
        outs, extras = cls.forward(walk, *arrays)
        edges = tuple([None if t is None else t._edge for t in given])
        return record_many(cls, edges, (*arrays, *extras), outs, (walk,))

    @classmethod
    def forward(cls, walk: Walk, *arrays: Any) -> tuple[list[Array], tuple]:
        """The outputs, and what else backward needs."""
        raise NotImplementedError

    @classmethod
    def back(cls, walk: Walk, saved: tuple[Any, ...], g_y: Array | None, carried: list[Array]) -> tuple:
        """The gradients of the gates by input and by state, and of w_hr; ``carried``, the gradients of the last states,
        become those of the first ones."""
        raise NotImplementedError

    @staticmethod
    def backward(node, g):
        op, (walk,), edges, saved = node.op, node.params, node.edges, node.saved
        x, w_ih = saved[:2]
        first = saved[6 : 6 + op.states]
        g_y = None if g[0] is None else contiguous(g[0])
        carried = [_copied_or_zeros(v, s) for v, s in zip(g[1:], first)]
        dgates, dhidden, dw_hr = op.back(walk, saved, g_y, carried)
        dx = None if edges[0] is None else empty(x.shape, x.dtype)
        dw_ih, db_ih = block_for(edges[1]), block_for(edges[3])
        K.linear_grad(dx, dw_ih, db_ih, None, dgates, x, w_ih, None, (*dgates.shape, x.shape[1], 0))
        db_hh = block_for(edges[4])
        if db_hh is not None:
            K.sum(db_hh, dhidden, (0,))
        dw_hh = block_for(edges[2])
        if dw_hh is not None:
            K.fill(dw_hh, 0.0)
            for run in walk.runs:
                part = transposed(_rows(dhidden, run.at, run.n))
                K.gemm(dw_hh, part, _before(run, first[0], saved[-1]), None, False, 1.0, 1.0)
        return dx, dw_ih, dw_hh, db_ih, db_hh, dw_hr, *carried

    @classmethod
    def differentiate(cls, node, g):
        given = [_again(a, edge) for a, edge in zip(node.saved, node.edges)]
        x, weights, initial = given[0], given[1:6], given[6:]
        outs = composed(cls, x, initial, weights, node.params[0])
        pairs = [(y, v) for y, v in zip(outs, g) if v is not None]
        wanted = [t for t in given if t is not None and t._edge is not None]
        found = iter(grad([y for y, _ in pairs], wanted, [v for _, v in pairs], create_graph=True))
        return [None if edge is None else next(found) for edge in node.edges]


def _copied_or_zeros(g: Array | None, like: Array) -> Array:
    y = empty(like.shape, like.dtype)
    if g is None:
        K.fill(y, 0.0)
    else:
        K.copy(y, g)
    return y


def _again(a: Array | None, edge) -> Tensor | None:
    """A saved input as a tensor with a node of its own, at which gradients of it alone arrive."""
    return None if a is None else record(Alias, (edge,), (a, a), a)


class Lstm(Recurrence):
    """y, h, c: in each step, of z = w_ih x + b_ih + w_hh h + b_hh by parts, i, f, o = sigmoid(z) and u = tanh(z) give
    c' = f c + i u and h' = o tanh(c'), projected by w_hr where there is one
    dL/dx = dz @ w_ih
    dL/dw_ih = dz^T @ x
    dL/dw_hh = dz^T @ h
    dL/db_ih = dz, summed over steps and rows
    dL/db_hh = dz, summed over steps and rows
    dL/dw_hr = dh'^T @ (o tanh(c'))
    dL/dh0 = dz @ w_hh of the first step
    dL/dc0 = dc' f of the first step
    dL/dz = (dc' u i (1 - i), dc' c f (1 - f), dc' i (1 - u u), dh' tanh(c') o (1 - o)) from the last step back, where
    dc' = dh' o (1 - tanh(c') tanh(c')) + dc' f of the step after, dh' = what arrives + dz @ w_hh of the step after"""

    inputs = (*Recurrence.inputs, "c0")
    gates = 4
    states = 2
    made = ("gates", "c", "h", "y")

    @classmethod
    def forward(cls, walk, x, w_ih, w_hh, b_ih, b_hh, w_hr, h0, c0):
        rows, n, d = x.shape[0], c0.shape[1], x.dtype
        gates = empty((rows, 4 * n), d)
        K.linear(gates, x, w_ih, b_ih, (rows, 4 * n, x.shape[1], 0))
        y, c = empty((rows, w_hh.shape[1]), d), empty((rows, n), d)
        long = y if w_hr is None else empty((rows, n), d)  # h' before it is projected
        w, turn = _turned(w_hh, walk)
        for p in walk.pieces:
            part = _rows(gates, p.at, p.n)
            K.gemm(part, _before(p, h0, y), w, b_hh, turn, 1.0, 1.0)
            K.lstm_cell(_rows(long, p.at, p.n), _rows(c, p.at, p.n), part, _before(p, c0, c))
            if w_hr is not None:
                K.gemm(_rows(y, p.at, p.n), _rows(long, p.at, p.n), w_hr, None, True)
        return [y, _last(walk, h0, y), _last(walk, c0, c)], (gates, c, long, y)

    @classmethod
    def back(cls, walk, saved, g_y, carried):
        w_hh, w_hr, (c0, gates, c, long) = saved[2], saved[5], saved[7:11]
        dh, dc = carried
        dgates = empty(gates.shape, gates.dtype)
        if w_hr is not None:
            dlong, dshort = empty(c0.shape, c0.dtype), empty((gates.shape[0], dh.shape[1]), c0.dtype)
        for p, d in _backwards(walk, g_y, dh):
            part = _rows(dgates, p.at, p.n)
            slope = d
            if w_hr is not None:
                K.copy(_rows(dshort, p.at, p.n), d)
                slope = _rows(dlong, p.first, p.n)
                K.gemm(slope, d, w_hr)
            now = _rows(gates, p.at, p.n), _before(p, c0, c), _rows(c, p.at, p.n)
            K.lstm_cell_grad(part, _rows(dc, p.first, p.n), slope, *now)
            K.gemm(d, part, w_hh)
        if w_hr is None:
            return dgates, dgates, None
        dw_hr = empty(w_hr.shape, w_hr.dtype)
        K.gemm(dw_hr, transposed(dshort), long)
        return dgates, dgates, dw_hr

    def cell(x, state, w_hh, b_hh, w_hr):
        h, c = state
        i, f, g, o = chunk(x + linear(h, w_hh, b_hh), 4, 1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)
        return (h if w_hr is None else linear(h, w_hr)), c


class Gru(Recurrence):
    """y, h: in each step, of xr, xz, xn = w_ih x + b_ih and hr, hz, hn = w_hh h + b_hh, r = sigmoid(xr + hr),
    z = sigmoid(xz + hz) and n = tanh(xn + r hn) give h' = n + z (h - n)
    dL/dx = ds @ w_ih
    dL/dw_ih = ds^T @ x
    dL/dw_hh = dt^T @ h
    dL/db_ih = ds, summed over steps and rows
    dL/db_hh = dt, summed over steps and rows
    dL/dh0 = dh' z + dt @ w_hh of the first step
    dL/ds = (dn hn r (1 - r), dh' (h - n) z (1 - z), dn) with dn = dh' (1 - z) (1 - n n), from the last step back, where
    dh' = what arrives + dh' z + dt @ w_hh of the step after
    dL/dt = ds, its last part times r"""

    gates = 3
    made = ("gates", "hidden", "y")

    @classmethod
    def forward(cls, walk, x, w_ih, w_hh, b_ih, b_hh, w_hr, h0):
        rows, n, d = x.shape[0], h0.shape[1], x.dtype
        gates, hidden, y = empty((rows, 3 * n), d), empty((rows, 3 * n), d), empty((rows, n), d)
        K.linear(gates, x, w_ih, b_ih, (rows, 3 * n, x.shape[1], 0))
        w, turn = _turned(w_hh, walk)
        for p in walk.pieces:
            part, before = _rows(hidden, p.at, p.n), _before(p, h0, y)
            K.gemm(part, before, w, b_hh, turn)
            K.gru_cell(_rows(y, p.at, p.n), _rows(gates, p.at, p.n), part, before)
        return [y, _last(walk, h0, y)], (gates, hidden, y)

    @classmethod
    def back(cls, walk, saved, g_y, carried):
        w_hh, (h0, gates, hidden, y) = saved[2], saved[6:]
        (dh,) = carried
        dgates, dhidden = empty(gates.shape, gates.dtype), empty(gates.shape, gates.dtype)
        for p, d in _backwards(walk, g_y, dh):
            part = _rows(dhidden, p.at, p.n)
            now = _rows(gates, p.at, p.n), _rows(hidden, p.at, p.n), _before(p, h0, y)
            K.gru_cell_grad(_rows(dgates, p.at, p.n), part, d, *now)
            K.gemm(d, part, w_hh, None, False, 1.0, 1.0)
        return dgates, dhidden, None

    def cell(x, state, w_hh, b_hh, w_hr):
        (h,) = state
        (xr, xz, xn), (hr, hz, hn) = chunk(x, 3, 1), chunk(linear(h, w_hh, b_hh), 3, 1)
        n = tanh(xn + sigmoid(xr + hr) * hn)
        return (n + sigmoid(xz + hz) * (h - n),)


class Rnn(Recurrence, abstract=True):
    act = 0  # the product's number for the activation
    slope: str  # the kernel of the activation's derivative

    @classmethod
    def forward(cls, walk, x, w_ih, w_hh, b_ih, b_hh, w_hr, h0):
        y = empty((x.shape[0], h0.shape[1]), x.dtype)
        K.linear(y, x, w_ih, b_ih, (*y.shape, x.shape[1], 0))
        w, turn = _turned(w_hh, walk)
        for p in walk.pieces:
            K.gemm(_rows(y, p.at, p.n), _before(p, h0, y), w, b_hh, turn, 1.0, 1.0, cls.act)
        return [y, _last(walk, h0, y)], (y,)

    @classmethod
    def back(cls, walk, saved, g_y, carried):
        w_hh, y = saved[2], saved[-1]
        (dh,) = carried
        dz = empty(y.shape, y.dtype)
        for p, d in _backwards(walk, g_y, dh):
            part = _rows(dz, p.at, p.n)
            getattr(K, cls.slope)(part, d, _rows(y, p.at, p.n))
            K.gemm(d, part, w_hh)
        return dz, dz, None


class RnnTanh(Rnn):
    """y, h: h' = tanh(w_ih x + b_ih + w_hh h + b_hh) in each step
    dL/dx = dz @ w_ih
    dL/dw_ih = dz^T @ x
    dL/dw_hh = dz^T @ h
    dL/db_ih = dz, summed over steps and rows
    dL/db_hh = dz, summed over steps and rows
    dL/dh0 = dz @ w_hh of the first step
    dL/dz = dh' (1 - h' h') from the last step back, where dh' = what arrives + dz @ w_hh of the step after"""

    act = 3
    slope = "tanh_grad"

    def cell(x, state, w_hh, b_hh, w_hr):
        return (tanh(x + linear(state[0], w_hh, b_hh)),)


class RnnRelu(Rnn):
    """y, h: h' = max(w_ih x + b_ih + w_hh h + b_hh, 0) in each step
    dL/dx = dz @ w_ih
    dL/dw_ih = dz^T @ x
    dL/dw_hh = dz^T @ h
    dL/db_ih = dz, summed over steps and rows
    dL/db_hh = dz, summed over steps and rows
    dL/dh0 = dz @ w_hh of the first step
    dL/dz = dh' where h' > 0, else 0, from the last step back, where dh' = what arrives + dz @ w_hh of the step after"""

    act = 1
    slope = "relu_grad"

    def cell(x, state, w_hh, b_hh, w_hr):
        return (relu(x + linear(state[0], w_hh, b_hh)),)


OPS: dict[str, type[Recurrence]] = {"lstm": Lstm, "gru": Gru, "rnn_tanh": RnnTanh, "rnn_relu": RnnRelu}


def composed(op: type[Recurrence], x: Tensor, initial: Sequence, weights: Sequence, walk: Walk) -> tuple:
    """The op by ordinary ones, step by step."""
    w_ih, w_hh, b_ih, b_hh, w_hr = weights
    gates = split(linear(x, w_ih, b_ih), list(walk.sizes))
    state = tuple([s[:0] for s in initial])
    outputs, over = [], []
    for x in reversed(gates) if walk.reverse else gates:
        n, before = x.shape[0], state[0].shape[0]
        if n < before:  # the last sequences are over
            over.append([s[n:] for s in state])
            state = tuple([s[:n] for s in state])
        elif n > before:  # the first step, and backwards each in which sequences begin
            state = tuple([cat([s, s0[before:n]]) if before else s0[:n] for s, s0 in zip(state, initial)])
        state = op.cell(x, state, w_hh, b_hh, w_hr)
        outputs.append(state[0])
    ends = [cat([s, *rest]) if rest else s for s, *rest in zip(state, *reversed(over))]
    return cat(outputs[::-1] if walk.reverse else outputs), *ends


# --- functions --------------------------------------------------------------------------------------------------------


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
    hidden = rows // OPS[name].gates
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
) -> list[Tensor]:
    """A layer in one direction, through the rows of x, ``sizes`` of them in a step: the outputs of all steps in the
    order of time, and the last state of each row. ``weights`` are w_ih, w_hh, b_ih, b_hh and w_hr, the last three or
    None."""
    _check(name, x, initial, weights, sizes)
    return OPS[name].apply(x, initial, weights, _walk(tuple(sizes), reverse))


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
    return run(name, input, states, (w_ih, w_hh, b_ih, b_hh, None), [batch], reverse=False)[1:]


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


__all__ = ["gru_cell", "lstm_cell", "rnn_relu_cell", "rnn_tanh_cell"]
METHODS: list[str] = []
