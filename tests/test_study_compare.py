"""The same graph by several engines: rounding is told apart from errors, and the first deviation is named."""

import confusion
import numpy as np
import pytest
from opdb import DIFFERENTIABLE
from support import Own

import autograd
from autograd import nn, ones, study, tensor
from autograd.nn import functional as F
from autograd.study.comparison import ulps_between


class Wide(nn.Module):
    """What the four nets lack: an embedding, dropout, pools, views, a write in place, a layer used twice."""

    def __init__(self):
        super().__init__()
        self.words, self.twice = nn.Embedding(7, 4), nn.Linear(4, 4)

    def forward(self, x):
        h = F.gelu(self.twice(F.silu(self.twice(self.words(x)))))
        h = F.dropout(F.layer_norm(h, (4,)), 0.25)
        first, second = h.split(2, -1)
        h = autograd.stack([first.cumsum(1), second.flip(1).logsumexp(2, keepdim=True).expand(2, 3, 2)], 1)
        return F.avg_pool2d(h, 2, 1).clamp(-1.0, 1.0).std() + (h.amax(3) / 3).softmax(1).var()


def wide():
    model = Wide()
    return model, model(tensor([[0, 1, 2], [3, 1, 6]]))


def test_engines_agree_on_nets(backend):
    with study.trace(values=True):
        made = [(name, loss) for name, loss, _ in confusion.of_nets()]
        made.append(("wide", wide()[1]))
    for name, loss in made:
        found = study.compare(loss)
        assert [e.name for e in found.engines] == ["C", "NumPy", "float64", "finite differences", "PyTorch"]
        for engine in found.engines:
            assert engine.agrees, (name, engine)
            assert engine.note in ("", "not installed", "the C kernels are not built"), (name, engine.note)
        own = found["C" if autograd.get_backend() == "c" else "NumPy"]
        assert own.gradients.keys() == found["float64"].gradients.keys()


def test_a_run_repeats_itself_to_the_bit(backend):
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    with study.trace(values=True):
        loss = F.cross_entropy(model(ones(5, 3)), tensor([0, 1, 0, 1, 1]))
    again = study.compare(loss, model)["C" if autograd.get_backend() == "c" else "NumPy"]
    assert again.first is None and set(again.gradients.values()) == {0.0} and set(again.values.values()) == {0.0}


def test_the_first_deviation_is_named():
    x = tensor(np.linspace(-1, 1, 6), requires_grad=True)
    with study.trace(values=True):
        h = x.exp().tanh()
        loss = (h * h).sum()
    study.keeping.of(h.grad_fn).outputs[0] *= 1 + 1e-9  # as if the kernel were wrong
    found = study.compare(loss)
    for name in ("NumPy", "float64"):
        first = found[name].first
        assert (first.op, first.direction) == ("Tanh", "forward") and first.ulp > 1e5
        assert str(first).startswith("step 3 (Tanh) at line ")
    assert "first      step 3 (Tanh)" in str(found)


def test_wrong_rules_are_told_from_rounding():
    x = tensor([0.5, -1.0], dtype=autograd.float64, requires_grad=True)
    with study.trace(values=True):
        y = x.tanh()
        y.register_hook(lambda g: g * 1.5)  # which only the recorded run has
        loss = y.sum()
    found = study.compare(loss)
    assert not found["finite differences"].agrees and not found["float64"].agrees
    assert "a gradient differs beyond rounding" in found.to_markdown() and "wrong" in found._repr_html_()


def test_units_in_the_last_place():
    one = np.float32([1.0, 0.0, np.nan, np.inf])
    assert ulps_between(one, one) == 0
    assert ulps_between(np.float32([1.0]), np.float32([np.nan])) == np.inf
    assert ulps_between(np.float64([1 + 2**-23]), np.float32([1.0])) == 1
    assert ulps_between(np.zeros(0), np.zeros(0)) == 0


def test_what_cannot_be_compared_is_refused_by_name():
    w = tensor([1.0], requires_grad=True)
    with study.trace(values=True):
        loss = Own.apply(w).sum()
    with pytest.raises(NotImplementedError, match=r"compare: step 2, Own, cannot be run again"):
        study.compare(loss)
    with pytest.raises(RuntimeError, match=r"compare: the values are not recorded"):
        study.compare((w * 2).sum())


@pytest.mark.parametrize("row", DIFFERENTIABLE[::2], ids=lambda row: row.name)
def test_ops_repeat_themselves_or_are_refused_by_name(row):
    apart = {"sum_to_size", "corrcoef", "selu"}  # what they do to a layout is not in the graph, or is composed
    with study.trace(values=True):
        made = list(confusion.of_ops(1, [row]))
    for name, loss, _ in made:
        try:
            found = study.compare(loss)
        except NotImplementedError as refused:
            assert "cannot be run again" in str(refused)
            continue
        for engine in found.engines:
            assert engine.agrees, engine
        own = found["C" if autograd.get_backend() == "c" else "NumPy"]
        if name not in apart:
            assert own.first is None and max([0.0, *own.values.values(), *own.gradients.values()]) <= 1, own


def recurrences():
    """Recurrent layers as kernels: in both directions, packed, projected, single cells."""
    x = autograd.randn(4, 2, 3)
    packed = nn.utils.rnn.pack_sequence([autograd.randn(n, 3) for n in (4, 2, 1)])
    yield nn.RNN(3, 2)(x)[0].sum()
    yield nn.RNN(3, 2, nonlinearity="relu", bias=False)(x)[1].sum()
    yield nn.GRU(3, 2, num_layers=2, bidirectional=True)(packed)[0].data.square().sum()
    y, (h, c) = nn.LSTM(3, 4, bidirectional=True, proj_size=2)(packed)
    yield y.data.sum() + (h * 2).sum() + c.square().sum()
    yield nn.RNNCell(3, 2)(x[0]).sum()


def test_recurrent_layers_are_compared(backend):
    autograd.manual_seed(0)
    with study.trace(values=True):
        losses = list(recurrences())
    for loss in losses:
        found = study.compare(loss)
        own = found["C" if autograd.get_backend() == "c" else "NumPy"]
        assert own.first is None and set(own.gradients.values()) == set(own.values.values()) == {0.0}
        steps = {s.number for s in study.record(loss).steps}
        for engine in found.engines:
            assert engine.agrees and engine.note in ("", "not installed", "the C kernels are not built")
            assert engine.name == "finite differences" or engine.note or engine.values.keys() == steps


def test_attention_is_compared(backend):
    autograd.manual_seed(2)
    q, k, v = (autograd.randn(2, 3, 4, requires_grad=True) for _ in range(3))
    with study.trace(values=True):
        loss = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.7).square().sum()
    for engine in study.compare(loss).engines:
        assert engine.agrees and engine.note in ("", "not installed", "the C kernels are not built")


def test_dropout_and_batch_norm_in_use_repeat_themselves(backend):
    autograd.manual_seed(1)
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Dropout(0.3), nn.Flatten(), nn.Linear(48, 2))
    image, target = autograd.randn(4, 1, 6, 6), tensor([0, 1, 1, 0])
    net(image)  # the running statistics move
    for training in (True, False):
        with study.trace(values=True):
            loss = F.cross_entropy(net.train(training)(image), target)
        found = study.compare(loss, net)
        own = found["C" if autograd.get_backend() == "c" else "NumPy"]
        assert set(own.values.values()) == set(own.gradients.values()) == {0.0}, own
        assert all(e.agrees for e in found.engines)
        assert ("0.bias" in own.zeros) is training  # what the bias adds, the norm takes away
        assert ("leaf       0.bias: zero within rounding" in str(found)) is training


def test_a_leaf_alone_may_be_the_first_deviation(monkeypatch):
    w = tensor([0.5, -1.0], requires_grad=True)
    with study.trace(values=True):
        loss = (w * 3).sum()
    real = study.comparison.record

    def off(*args, **kwargs):
        found = real(*args, **kwargs)
        found.leaves[0].gradient *= np.float32(1 + 2e-6)
        return found

    monkeypatch.setattr(study.comparison, "record", off)
    found = study.compare(loss)
    first = found["NumPy"].first
    assert first.ulp > 4 and ", gradient of leaf 1: " in str(first) and found.title.startswith("2 steps, 1 leaf,")


def test_at_a_kink_there_is_no_slope_to_compare_with():
    q = tensor([0.0, 1.0, 2.0], requires_grad=True)
    layer = nn.Linear(2, 2)
    nn.init.zeros_(layer.bias)
    with study.trace(values=True):
        kinks = [q.relu().sum(), F.leaky_relu(q).sum(), (q + 1e-7).relu().sum(), q.sqrt().sum(), (q + q.sign()).sum()]
        hidden = layer(ones(1, 2) * 0).relu().sum()
        y = q.relu()
        y.register_hook(lambda g: g * 1.5)  # which only the recorded run has
        wrong = y.sum()
    for loss in kinks:
        found = study.compare(loss)["finite differences"]
        assert found.agrees and found.kinks == ["q[0]"] and found.gradients["q"] < 100, found
    assert "kink       at q[0]: not differentiable there" in str(study.compare(kinks[0]))
    assert study.compare(hidden, layer)["finite differences"].kinks == ["bias[0]", "bias[1]"]
    found = study.compare(wrong)["finite differences"]
    assert not found.agrees and found.kinks == ["q[0]"]
