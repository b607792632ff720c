"""Recurrent layers: LSTM, GRU and plain ones, whole sequences or one step at a time.

>>> from autograd import nn, zeros
>>> output, (h, c) = nn.LSTM(3, 4, num_layers=2)(zeros(5, 1, 3))
>>> output.shape, h.shape, c.shape
(autograd.Size([5, 1, 4]), autograd.Size([2, 1, 4]), autograd.Size([2, 1, 4]))
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from ...ops import recurrent, recurrent_cell
from ...ops.create import empty, zeros
from ...tensor import Tensor
from ...types import check_device
from .. import init
from ..parameter import Parameter
from ..utils.rnn import PackedSequence, rows_at
from .module import Module

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def _draw(module: Module, hidden_size: int) -> None:
    """All parameters uniform in ±1 / sqrt(hidden_size), in their order."""
    bound = 1 / math.sqrt(hidden_size) if hidden_size > 0 else 0
    for p in module.parameters():
        init.uniform_(p, -bound, bound)


class RNNBase(Module):
    """What the layers have in common: ``num_layers`` of them one above another, in one direction or two.

    For layer k there are weight_ih_l{k} (gates * hidden_size, inputs), weight_hh_l{k} (gates * hidden_size, outputs),
    with ``bias`` bias_ih_l{k} and bias_hh_l{k} (gates * hidden_size,), with ``proj_size`` weight_hr_l{k} (proj_size,
    hidden_size), and the same with _reverse at the end for the other direction. All start uniform in
    ±1 / sqrt(hidden_size).
    """

    def __init__(self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0,
                 device=None, dtype=None):  # fmt: skip
        super().__init__()
        check_device(device)
        _check_options(mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size)
        self.mode, self.input_size, self.hidden_size, self.num_layers = mode, input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        directions, rows, outputs = 2 if bidirectional else 1, GATES[mode] * hidden_size, proj_size or hidden_size
        self._names: list[list[str | None]] = []  # of each layer and direction, None for what is not there
        for layer in range(num_layers):
            inputs = input_size if layer == 0 else outputs * directions
            shapes = {
                "weight_ih": (rows, inputs), "weight_hh": (rows, outputs), "bias_ih": (rows,) if bias else None,
                "bias_hh": (rows,) if bias else None, "weight_hr": (proj_size, hidden_size) if proj_size else None,
            }  # fmt: skip
            for suffix in ("", "_reverse")[:directions]:
                made = {f"{name}_l{layer}{suffix}": shape for name, shape in shapes.items()}
                for name, shape in made.items():
                    if shape is not None:
                        self.register_parameter(name, Parameter(empty(shape, dtype=dtype)))
                self._names.append([None if shape is None else name for name, shape in made.items()])
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        _draw(self, self.hidden_size)

    def flatten_parameters(self) -> None:
        """Nothing: where PyTorch arranges parameters for a GPU."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names if name] for names in self._names]

    def forward(self, input: Any, hx: Any = None) -> tuple:
        if isinstance(input, PackedSequence):
            return self._packed(input, hx)
        if not isinstance(input, Tensor):
            raise TypeError(
                f"{self.mode.split('_')[0]}: input must be a Tensor or a PackedSequence, got {type(input).__name__}: "
                "of another recurrent layer's (output, state) take the output"
            )
        if input.ndim not in (2, 3):
            raise ValueError(f"{self.mode.split('_')[0]}: Expected input to be 2D or 3D, got {input.ndim}D instead")
        batched = input.ndim == 3
        x = input.unsqueeze(1) if not batched else input.transpose(0, 1) if self.batch_first else input
        steps, batch, features = x.shape
        states = self._given(hx, batched)
        self._check_input(x)
        states = self._initial(states, x, batch)
        if not steps:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        y, *ends = self._run(x.reshape(steps * batch, features), [batch] * steps, states)
        y = y.reshape(steps, batch, y.shape[1])
        if not batched:
            return y.squeeze(1), self._returned([s.squeeze(1) for s in ends])
        return y.transpose(0, 1) if self.batch_first else y, self._returned(ends)

    def _packed(self, input: PackedSequence, hx: Any) -> tuple:
        """forward() of packed sequences, whose states come and go in the order in which the sequences were given."""
        data, batch_sizes, order, back = input
        if data.ndim != 2:
            raise RuntimeError(f"input must have 2 dimensions, got {data.ndim}")
        self._check_input(data)
        sizes = batch_sizes.tolist()
        states = self._initial(self._given(hx, True), data, sizes[0])
        y, *ends = self._run(data, sizes, [_reordered(s, order) for s in states])
        return PackedSequence(y, *input[1:]), self._returned([_reordered(s, back) for s in ends])

    def _run(self, x: Tensor, sizes: list[int], states: list[Tensor]) -> tuple:
        weights = [[name and getattr(self, name) for name in names] for names in self._names]
        p = self.dropout if self.training else 0.0
        return recurrent.stacked(self.mode.lower(), x, sizes, states, weights, p, self.bidirectional)

    def _check_input(self, x: Tensor) -> None:
        expected = self.weight_ih_l0.dtype
        if x.dtype is not expected:
            raise ValueError(
                f"RNN input dtype ({x.dtype}) does not match weight dtype ({expected}). Convert input: "
                f"input.to({expected}), or convert model: model.to({x.dtype})"
            )
        if x.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {x.shape[-1]}"
            )

    def _given(self, hx: Any, batched: bool) -> list[Tensor] | None:
        """The tensors of a first state, (layers * directions, B, ...)."""
        if hx is None:
            return None
        if not isinstance(hx, Tensor):
            raise TypeError(f"{self.mode.split('_')[0]}: hx must be a Tensor, the first state, got {type(hx).__name__}")
        if hx.ndim != (3 if batched else 2):
            kind, n = ("batched 3-D", 3) if batched else ("unbatched 2-D", 2)
            raise RuntimeError(f"For {kind} input, hx should also be {n}-D but got {hx.ndim}-D tensor")
        return [hx if batched else hx.unsqueeze(1)]

    def _initial(self, given: list[Tensor] | None, x: Tensor, batch: int) -> list[Tensor]:
        """The first state: zeros if none was given."""
        count = len(self._names)
        shapes = [(count, batch, width) for width in self._widths()]
        if given is None:
            return [zeros(shape, dtype=x.dtype) for shape in shapes]
        for i, (s, shape) in enumerate(zip(given, shapes)):
            if s.shape != shape:
                which = f"hidden[{i}]" if len(shapes) > 1 else "hidden"
                raise RuntimeError(f"Expected {which} size {shape}, got {list(s.shape)}")
        return given

    def _widths(self) -> list[int]:
        """The length of each tensor of a state."""
        return [self.hidden_size]

    def _returned(self, ends: list[Tensor]) -> Any:
        return ends[0]

    def extra_repr(self) -> str:
        defaults = {
            "proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0, "bidirectional": False
        }  # fmt: skip
        others = [f"{n}={getattr(self, n)}" for n, default in defaults.items() if getattr(self, n) != default]
        return ", ".join([str(self.input_size), str(self.hidden_size), *others])


def _reordered(s: Tensor, order: Tensor | None) -> Tensor:
    """The sequences of a state, dim 1, in another order."""
    return s if order is None else rows_at(s.transpose(0, 1), order.tolist()).transpose(0, 1)


def _check_options(mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size) -> None:
    if not isinstance(dropout, (int, float)) or isinstance(dropout, bool) or not 0 <= dropout <= 1:
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element being zeroed, got "
            f"{dropout!r}"
        )
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
            f"greater than 1, but got dropout={dropout} and num_layers={num_layers}",
            stacklevel=4,
        )
    for name, value, kind in (("bias", bias, bool), ("batch_first", batch_first, bool),
                              ("input_size", input_size, int), ("hidden_size", hidden_size, int)):  # fmt: skip
        if not isinstance(value, kind):
            raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")
    for name, value in (("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)):
        if value <= 0:
            raise ValueError(f"{name} must be greater than zero, got {value}")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError(f"proj_size has to be smaller than hidden_size, got {proj_size} and {hidden_size}")
    if mode not in GATES:
        raise ValueError(f"Unrecognized RNN mode: {mode}")


class RNN(RNNBase):
    """Layers h' = f(w_ih x + b_ih + w_hh h + b_hh), f tanh or, with ``nonlinearity`` "relu", max(x, 0): from input
    (T, B, input_size), with ``batch_first`` (B, T, input_size), or (T, input_size), to output (T, B, directions *
    hidden_size) and last state (layers * directions, B, hidden_size). ``hx`` is the first state, zeros by default. A
    PackedSequence gives a PackedSequence.

    ``dropout`` is the share of elements left out between layers, in training. The parameters are those of RNNBase.

    >>> RNN(2, 3, nonlinearity="relu")
    RNN(2, 3)
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh",
                 bias: bool = True, batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
                 device=None, dtype=None):  # fmt: skip
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        mode = f"RNN_{nonlinearity.upper()}"
        super().__init__(mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0,
                         device, dtype)  # fmt: skip
        self.nonlinearity = nonlinearity


class GRU(RNNBase):
    """Layers of gated recurrent units (Cho et al. 2014); shapes and arguments as in RNN.

    With r = sigmoid(...) and z = sigmoid(...) of input and state, n = tanh(w_in x + b_in + r (w_hn h + b_hn)) and
    h' = n + z (h - n). The rows of the weights are those of r, z and n.

    >>> GRU(2, 3, bidirectional=True)
    GRU(2, 3, bidirectional=True)
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, device=None,
                 dtype=None):  # fmt: skip
        super().__init__("GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0,
                         device, dtype)  # fmt: skip


class LSTM(RNNBase):
    """Layers of long short-term memory (Hochreiter and Schmidhuber 1997); shapes and arguments as in RNN, but that a
    state is (h, c), two tensors.

    With i, f, o = sigmoid(...) and g = tanh(...) of input and state, c' = f c + i g and h' = o tanh(c'). The rows of
    the weights are those of i, f, g and o. With ``proj_size`` h' is multiplied by a matrix that makes it that long.

    >>> LSTM(2, 3, batch_first=True)
    LSTM(2, 3, batch_first=True)
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0,
                 device=None, dtype=None):  # fmt: skip
        super().__init__("LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
                         proj_size, device, dtype)  # fmt: skip

    def _given(self, hx: Any, batched: bool) -> list[Tensor] | None:
        if hx is None:
            return None
        if not isinstance(hx, (tuple, list)) or len(hx) != 2:
            raise TypeError(f"LSTM: hx must be a tuple (h, c) of two tensors, got {type(hx).__name__}")
        h, c = hx
        n = 3 if batched else 2
        if h.ndim != n or c.ndim != n:
            raise RuntimeError(
                f"For {'batched' if batched else 'unbatched'} {n}-D input, hx and cx should also be {n}-D but got "
                f"({h.ndim}-D, {c.ndim}-D) tensors"
            )
        return [h, c] if batched else [h.unsqueeze(1), c.unsqueeze(1)]

    def _widths(self) -> list[int]:
        return [self.proj_size or self.hidden_size, self.hidden_size]

    def _returned(self, ends: list[Tensor]) -> Any:
        return tuple(ends)


# --- one step ---------------------------------------------------------------------------------------------------------


class RNNCellBase(Module):
    """What the cells have in common: weight_ih (gates * hidden_size, input_size), weight_hh (gates * hidden_size,
    hidden_size), and with ``bias`` bias_ih and bias_hh (gates * hidden_size,), uniform in ±1 / sqrt(hidden_size)."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device=None, dtype=None):
        super().__init__()
        check_device(device)
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty(rows, input_size, dtype=dtype))
        self.weight_hh = Parameter(empty(rows, hidden_size, dtype=dtype))
        self.register_parameter("bias_ih", Parameter(empty(rows, dtype=dtype)) if bias else None)
        self.register_parameter("bias_hh", Parameter(empty(rows, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        _draw(self, self.hidden_size)

    def _stepped(self, cell: Any, input: Tensor, states: tuple | None, names: tuple[str, ...]) -> tuple:
        """The next state, from an input (B, input_size) or (input_size,), and a state as long, zeros by default."""
        kind = type(self).__name__
        for name, t in (("input", input), *zip(names, states or ())):
            if t.ndim not in (1, 2):
                raise ValueError(f"{kind}: Expected {name} to be 1D or 2D, got {t.ndim}D instead")
        batched = input.ndim == 2
        x = input if batched else input.unsqueeze(0)
        if states is None:
            states = (zeros(len(x), self.hidden_size, dtype=x.dtype),) * len(names)
        elif not batched:
            states = tuple([s.unsqueeze(0) for s in states])
        hx = states if len(names) > 1 else states[0]
        ends = cell(x, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        ends = ends if len(names) > 1 else (ends,)
        return ends if batched else tuple([s.squeeze(0) for s in ends])

    def extra_repr(self) -> str:
        others = "" if self.bias else ", bias=False"
        return f"{self.input_size}, {self.hidden_size}{others}"


class RNNCell(RNNCellBase):
    """One step h' = f(w_ih x + b_ih + w_hh h + b_hh), f tanh or, with ``nonlinearity`` "relu", max(x, 0): from input
    (B, input_size) and state (B, hidden_size), zeros by default, to the next state.

    >>> from autograd import zeros
    >>> RNNCell(2, 3)(zeros(1, 2)).shape
    autograd.Size([1, 3])
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", device=None,
                 dtype=None):  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        cells = {"tanh": recurrent_cell.rnn_tanh_cell, "relu": recurrent_cell.rnn_relu_cell}
        if self.nonlinearity not in cells:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._stepped(cells[self.nonlinearity], input, None if hx is None else (hx,), ("hidden",))[0]

    def extra_repr(self) -> str:
        other = "" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}"
        return super().extra_repr() + other


class GRUCell(RNNCellBase):
    """One step of a GRU: from input (B, input_size) and state (B, hidden_size), zeros by default, to the next state.

    >>> from autograd import zeros
    >>> GRUCell(2, 3)(zeros(1, 2)).shape
    autograd.Size([1, 3])
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._stepped(recurrent_cell.gru_cell, input, None if hx is None else (hx,), ("hidden",))[0]


class LSTMCell(RNNCellBase):
    """One step of an LSTM: from input (B, input_size) and state (h, c), (B, hidden_size) each, zeros by default, to the
    next state.

    >>> from autograd import zeros
    >>> h, c = LSTMCell(2, 3)(zeros(1, 2))
    >>> h.shape
    autograd.Size([1, 3])
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        h, c = self._stepped(recurrent_cell.lstm_cell, input, None if hx is None else tuple(hx), ("hx[0]", "hx[1]"))
        return h, c
