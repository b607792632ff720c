"""Recurrent layers, their cells, packed sequences: as PyTorch's where it is installed, and by themselves."""

import itertools

import numpy as np
import pytest
from beside import Beside, both, flat, raised_alike
from support import values

import autograd
from autograd import nn, optim, tensor
from autograd.nn.utils import rnn as sequences

KINDS = ("RNN", "GRU", "LSTM")
OPTIONS = [
    {},
    {"batch_first": True, "bidirectional": True},
    {"num_layers": 2, "bias": False},
    {"num_layers": 2, "bidirectional": True},
]


def options(kind: str) -> list[dict]:
    special = {"LSTM": [{"proj_size": 2, "num_layers": 2, "bidirectional": True}], "RNN": [{"nonlinearity": "relu"}]}
    return OPTIONS + special.get(kind, [])


def first_state(side: Beside, kind: str, count: int, batch: int, hidden: int, projected: int) -> tuple:
    h = side.tensor(count, batch, projected or hidden)
    return h if kind != "LSTM" else tuple(zip(h, side.tensor(count, batch, hidden)))


def layer(torch, kind: str, option: dict) -> tuple:
    return both(torch, lambda nn, lib: getattr(nn, kind)(3, 4, **option, dtype=lib.float64))


@pytest.mark.parametrize("kind", KINDS)
def test_layers_are_pytorchs(torch, backend, kind):
    for option in options(kind):
        mine, theirs = layer(torch, kind, option)
        count = mine.num_layers * (2 if mine.bidirectional else 1)
        for given, batched in itertools.product((False, True), repeat=2):
            side = Beside(torch)
            x = side.tensor(*((2, 5, 3) if mine.batch_first else (5, 2, 3))) if batched else side.tensor(5, 3)
            hx = first_state(side, kind, count, 2, 4, mine.proj_size) if given else (None, None)
            if given and not batched:
                hx = [tuple(t[:, 0] for t in h) if kind == "LSTM" else h[:, 0] for h in hx]
            modules = mine, theirs
            for m in modules:
                m.zero_grad()
            side.compare(mine(x[0], hx[0]), theirs(x[1], hx[1]), modules)


@pytest.mark.parametrize("kind", KINDS)
def test_packed_sequences_are_pytorchs(torch, backend, kind):
    theirs_of = pytest.importorskip("torch.nn.utils.rnn")
    for option, (lengths, in_order) in itertools.product(options(kind), (((5, 2, 2), True), ((2, 5, 4), False))):
        modules = layer(torch, kind, option)
        side = Beside(torch)
        first = modules[0].batch_first
        x = side.tensor(*((3, 6, 3) if first else (6, 3, 3)))
        count = modules[0].num_layers * (2 if modules[0].bidirectional else 1)
        hx = first_state(side, kind, count, 3, 4, modules[0].proj_size)
        found = []
        for library, m, t, h in zip((sequences, theirs_of), modules, x, hx):
            m.zero_grad()
            packed = library.pack_padded_sequence(t, list(lengths), first, enforce_sorted=in_order)
            y, end = m(packed, h)
            found.append((library.pad_packed_sequence(y, first, -1.0, 7), end, y.batch_sizes))
        side.compare(*found, modules)


@pytest.mark.parametrize("kind", ["RNNCell", "GRUCell", "LSTMCell"])
def test_cells_are_pytorchs(torch, backend, kind):
    for option in [{}, {"bias": False}, *([{"nonlinearity": "relu"}] if kind == "RNNCell" else [])]:
        modules = both(torch, lambda nn, lib, o=option: getattr(nn, kind)(3, 4, **o, dtype=lib.float64))
        for given, batched in itertools.product((False, True), repeat=2):
            side = Beside(torch)
            x = side.tensor(2, 3) if batched else side.tensor(3)
            shape = (2, 4) if batched else (4,)
            h = side.tensor(*shape) if given else (None, None)
            hx = list(zip(h, side.tensor(*shape))) if given and kind == "LSTMCell" else h
            for m in modules:
                m.zero_grad()
            side.compare(*[m(t, s) for m, t, s in zip(modules, x, hx)], modules)


def test_dropout_between_layers():
    net = nn.LSTM(3, 4, num_layers=2, dropout=1.0)
    x = autograd.randn(5, 2, 3)
    y, _ = net(x)
    other, _ = net(x + 1)
    assert np.array_equal(values(y), values(other))  # nothing of the first layer reaches the second
    assert not np.array_equal(values(net.eval()(x)[0]), values(net(x + 1)[0]))
    single = nn.GRU(3, 4, num_layers=2, dropout=0.5)
    assert not np.array_equal(values(single(x)[0]), values(single(x)[0]))
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last recurrent layer"):
        nn.LSTM(3, 4, dropout=0.5)


def test_a_long_sequence(backend):
    """Neither forward nor backward nor the graph's end recurse."""
    net = nn.LSTM(2, 3)
    x = autograd.randn(2000, 1, 2, requires_grad=True)
    y, _ = net(x)
    y[-1].sum().backward()
    assert np.isfinite(values(x.grad)).all() and values(x.grad)[-1].any()


@pytest.mark.parametrize("kind", KINDS)
def test_training_as_in_pytorch(torch, kind):
    mine, theirs = layer(torch, kind, {"num_layers": 2})
    steps = []
    for lib, net in ((autograd, mine), (torch, theirs)):
        optimizer = (optim if lib is autograd else torch.optim).Adam(net.parameters(), lr=0.01)
        x = lib.tensor(np.random.default_rng(0).standard_normal((5, 3, 3)))
        for _ in range(10):
            optimizer.zero_grad()
            loss = ((net(x)[0] - x.mean(-1, keepdim=True)) ** 2).mean()
            loss.backward()
            optimizer.step()
            steps.append(loss.item())
    np.testing.assert_allclose(steps[:10], steps[10:], rtol=1e-9)
    assert steps[9] < steps[0]


def test_hooks_and_gradients_of_some():
    net = nn.GRU(2, 3)
    seen = []
    net.register_forward_hook(lambda m, args, result: seen.append(("forward", len(result))))
    net.weight_hh_l0.register_hook(lambda g: seen.append(("gradient", tuple(g.shape))))
    net.bias_ih_l0.requires_grad_(False)
    _, h = net(autograd.randn(4, 2, 2))
    h.sum().backward()
    assert seen == [("forward", 2), ("gradient", (9, 3))]
    assert net.bias_ih_l0.grad is None and net.bias_hh_l0.grad is not None
    assert net.flatten_parameters() is None and net.all_weights[0][1] is net.weight_hh_l0


BAD_OPTIONS = [
    ({"dropout": 1.5}, ValueError, "dropout should be a number in range"),
    ({"dropout": True}, ValueError, "dropout should be a number in range"),
    ({"bias": 1}, TypeError, "bias should be of type bool, got: int"),
    ({"batch_first": 0}, TypeError, "batch_first should be of type bool, got: int"),
    ({"hidden_size": 0}, ValueError, "hidden_size must be greater than zero"),
    ({"hidden_size": 2.0}, TypeError, "hidden_size should be of type int, got: float"),
    ({"num_layers": 0}, ValueError, "num_layers must be greater than zero"),
    ({"proj_size": -1}, ValueError, "proj_size should be a positive integer or zero"),
    ({"proj_size": 4}, ValueError, "proj_size has to be smaller than hidden_size"),
]


@pytest.mark.parametrize("option, error, message", BAD_OPTIONS)
def test_bad_options(torch, option, error, message):
    raised_alike(*[lambda m=m: m.LSTM(**{"input_size": 3, "hidden_size": 4, **option}) for m in (nn, torch.nn)],
                 error, message)  # fmt: skip


BAD_CALLS = [
    (lambda m: m.nn.LSTM(3, 4)(m.ones(5, 2, 2)), RuntimeError, "input.size(-1) must be equal to input_size. Expected"),
    (lambda m: m.nn.LSTM(3, 4)(m.ones(1, 1, 1, 1)), ValueError, "LSTM: Expected input to be 2D or 3D, got 4D"),
    (lambda m: m.nn.RNN(3, 4)(m.ones(3)), ValueError, "RNN: Expected input to be 2D or 3D, got 1D"),
    (lambda m: m.nn.GRU(3, 4)(m.ones(5, 2, 3, dtype=m.float64)), ValueError,
     "RNN input dtype (autograd.float64) does not match weight dtype (autograd.float32). Convert input: "
     "input.to(autograd.float32)"),
    (lambda m: m.nn.GRU(3, 4)(m.ones(5, 2, 3), m.ones(1, 3, 4)), RuntimeError,
     "Expected hidden size (1, 2, 4), got [1, 3, 4]"),
    (lambda m: m.nn.LSTM(3, 4)(m.ones(5, 2, 3), (m.ones(1, 2, 4), m.ones(1, 2, 5))), RuntimeError,
     "Expected hidden[1] size (1, 2, 4), got [1, 2, 5]"),
    (lambda m: m.nn.GRU(3, 4)(m.ones(5, 2, 3), m.ones(1, 4)), RuntimeError,
     "For batched 3-D input, hx should also be 3-D but got 2-D tensor"),
    (lambda m: m.nn.GRU(3, 4)(m.ones(5, 3), m.ones(1, 1, 4)), RuntimeError,
     "For unbatched 2-D input, hx should also be 2-D but got 3-D tensor"),
    (lambda m: m.nn.LSTM(3, 4)(m.ones(5, 3), (m.ones(1, 1, 4),) * 2), RuntimeError,
     "For unbatched 2-D input, hx and cx should also be 2-D but got (3-D, 3-D) tensors"),
    (lambda m: m.nn.GRU(3, 4)(m.ones(0, 2, 3)), RuntimeError, "Expected sequence length to be larger than 0 in RNN"),
    (lambda m: m.nn.RNN(3, 4, nonlinearity="sin"), ValueError, "Unknown nonlinearity 'sin'"),
    (lambda m: m.nn.RNNCell(3, 4, nonlinearity="sin")(m.ones(3)), RuntimeError, "Unknown nonlinearity: sin"),
    (lambda m: m.nn.RNNBase("ESN", 3, 4), ValueError, "Unrecognized RNN mode: ESN"),
    (lambda m: m.nn.LSTMCell(3, 4)(m.ones(1, 1, 3)), ValueError, "LSTMCell: Expected input to be 1D or 2D, got 3D"),
    (lambda m: m.nn.LSTMCell(3, 4)(m.ones(3), (m.ones(4), m.ones(1, 1, 4))), ValueError,
     "LSTMCell: Expected hx[1] to be 1D or 2D, got 3D"),
    (lambda m: m.nn.GRUCell(3, 4)(m.ones(2, 3), m.ones(1, 1, 4)), ValueError,
     "GRUCell: Expected hidden to be 1D or 2D, got 3D"),
    (lambda m: m.nn.GRUCell(3, 4)(m.ones(2, 3), m.ones(3, 4)), RuntimeError,
     "Input batch size 2 doesn't match hidden0 batch size 3"),
    (lambda m: m.nn.GRU(3, 4)(m.nn.utils.rnn.pack_sequence([m.ones(2), m.ones(1)])), RuntimeError,
     "input must have 2 dimensions, got 1"),
]  # fmt: skip


@pytest.mark.parametrize("call, error, message", BAD_CALLS)
def test_bad_calls(torch, call, error, message):
    raised_alike(lambda: call(autograd), lambda: call(torch), error, message)


# --- sequences of different lengths -----------------------------------------------------------------------------------


def test_packing_and_back(backend):
    given = [autograd.randn(n, 2, 3, requires_grad=True) for n in (3, 5, 1)]
    packed = sequences.pack_sequence(given, enforce_sorted=False)
    assert packed.batch_sizes.tolist() == [3, 2, 2, 1, 1] and packed.data.shape == (9, 2, 3)
    assert packed.sorted_indices.tolist() == [1, 0, 2] and packed.unsorted_indices.tolist() == [1, 0, 2]
    for x, y in zip(given, sequences.unpack_sequence(packed)):
        assert np.array_equal(values(x), values(y))
    for first in (False, True):
        padded, lengths = sequences.pad_packed_sequence(packed, first)
        assert lengths.tolist() == [3, 5, 1]
        again = sequences.pack_padded_sequence(padded, lengths, first, enforce_sorted=False)
        assert np.array_equal(values(again.data), values(packed.data))
        for x, y in zip(given, sequences.unpad_sequence(padded, lengths, first)):
            assert np.array_equal(values(x), values(y))
    (packed.data * 2).sum().backward()
    assert all((values(x.grad) == 2).all() for x in given)
    labels = sequences.pack_sequence([tensor([1, 2]), tensor([3])])
    assert labels.data.tolist() == [1, 3, 2] and labels.double().data.dtype is autograd.float64
    assert labels.to(autograd.int64) is labels and labels.cpu() is labels and not labels.is_cuda
    assert labels.float().data.dtype is autograd.float32 and sequences.PackedSequence(labels[:2])[0] is labels.data


def test_sequences_are_pytorchs(torch):
    theirs = pytest.importorskip("torch.nn.utils.rnn")
    given = [np.arange(n * 2.0).reshape(n, 2) for n in (2, 4, 3)]
    for first, side in itertools.product((False, True), ("left", "right")):
        y = sequences.pad_sequence(map(tensor, given), first, 0.5, side)
        z = theirs.pad_sequence(list(map(torch.tensor, given)), first, 0.5, side)
        assert np.array_equal(values(y), z.numpy())
    a = sequences.pack_sequence(list(map(tensor, given)), False)
    b = theirs.pack_sequence(list(map(torch.tensor, given)), False)
    for x, w in zip(a, b):
        assert np.array_equal(values(x), w.numpy())
    for x, w in zip(
        flat(sequences.pad_packed_sequence(a, True, 2.0, 6)), flat(theirs.pad_packed_sequence(b, True, 2.0, 6))
    ):
        assert np.array_equal(values(x), w.numpy())


SORTED = "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass"
BAD_SEQUENCES = [
    (lambda m: m.pack_padded_sequence(m.x, [3, 4]), RuntimeError, SORTED),
    (lambda m: m.pack_padded_sequence(m.x, [4, 0]), RuntimeError, "Length of all samples has to be greater than 0"),
    (lambda m: m.pack_padded_sequence(m.x, [4]), RuntimeError, "Expected `len(lengths)` to be equal to batch_size"),
    (lambda m: m.pack_padded_sequence(m.x[:0], [2, 1]), RuntimeError, "Cannot pack empty tensors."),
    (lambda m: m.pack_padded_sequence(m.x, m.x[0].long()), RuntimeError,
     "'lengths' argument should be a 1D CPU int64 tensor, but got 2D cpu Long tensor"),
    (lambda m: m.pad_sequence([]), RuntimeError, "received an empty list of sequences"),
    (lambda m: m.pad_sequence(3), RuntimeError, "pad_sequence: Expected iterable for input sequences, but got arg of"),
    (lambda m: m.pad_sequence([m.x], padding_side="up"), RuntimeError, "Expected padding_side to be one of left or"),
    (lambda m: m.pad_packed_sequence(m.pack_sequence([m.x]), total_length=3), ValueError,
     "Expected total_length to be at least the length of the longest sequence in input, but got total_length=3"),
    (lambda m: m.PackedSequence(m.x), AssertionError, "Expected data to be a list or tuple of length 2"),
]  # fmt: skip


@pytest.mark.parametrize("call, error, message", BAD_SEQUENCES)
def test_bad_sequences(torch, monkeypatch, call, error, message):
    theirs = pytest.importorskip("torch.nn.utils.rnn")
    for library, lib in ((sequences, autograd), (theirs, torch)):
        monkeypatch.setattr(library, "x", lib.ones(4, 2, 3), raising=False)
    raised_alike(lambda: call(sequences), lambda: call(theirs), error, message)


def test_lengths_beyond_the_input():
    with pytest.raises(RuntimeError, match="Expected lengths of at most 4, the steps of the input, but got 5"):
        sequences.pack_padded_sequence(autograd.ones(4, 2, 3), [5, 2])
    data = sequences.pack_sequence([autograd.ones(2, 3), autograd.ones(1, 3)])
    with pytest.raises(RuntimeError, match="batch sizes must fall"):
        nn.GRU(3, 4)(sequences.PackedSequence(data.data, tensor([1, 2])))


def test_tuples_in_the_wrong_place():
    x = autograd.ones(4, 1, 2)
    with pytest.raises(TypeError, match=r"LSTM: hx must be a tuple \(h, c\) of two tensors, got Tensor"):
        autograd.nn.LSTM(2, 3)(x, autograd.ones(1, 1, 3))
    with pytest.raises(TypeError, match="GRU: hx must be a Tensor, the first state, got tuple"):
        autograd.nn.GRU(2, 3)(x, (autograd.ones(1, 1, 3),) * 2)
    with pytest.raises(TypeError, match="RNN: input must be a Tensor or a PackedSequence, got tuple"):
        autograd.nn.RNN(2, 3)(autograd.nn.RNN(2, 2)(x))
