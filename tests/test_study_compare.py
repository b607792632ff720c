"""The same graph by several engines: rounding is told apart from errors, and the first deviation is named."""

import confusion
import numpy as np
import pytest

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
    class Own(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    w = tensor([1.0], requires_grad=True)
    with study.trace(values=True):
        loss = Own.apply(w).sum()
    with pytest.raises(NotImplementedError, match=r"compare: step 2, Own, cannot be run again"):
        study.compare(loss)
    with pytest.raises(RuntimeError, match=r"compare: the values are not recorded"):
        study.compare((w * 2).sum())
