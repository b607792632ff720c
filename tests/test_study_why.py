"""A number of a gradient as a sum over paths: all of them, and the largest."""

import itertools

import confusion
import numpy as np
import pytest

import autograd
from autograd import nn, ones, study, tensor
from autograd.nn import functional as F


def leaf(values):
    return tensor(values, requires_grad=True)


def holds(found):
    """The total is the gradient, the listed paths and the rest add up to it, and products are those of the factors."""
    size = max(abs(found.gradient), sum(abs(p.product) for p in found.paths) / max(found.share, 1e-9))
    assert abs(found.total - found.gradient) <= 1e-6 * max(size, 1e-9)
    assert sum(p.product for p in found.paths) + found.rest == pytest.approx(found.total, rel=1e-9, abs=1e-9 * size)
    for path in found.paths:
        assert np.prod([link.factor for link in path.links]) == pytest.approx(path.product, rel=1e-5)
    sizes = [abs(p.product) for p in found.paths]
    assert sizes == sorted(sizes, reverse=True) and 0 <= found.share <= 1 + 1e-9


@pytest.mark.parametrize("name", ["MLP", "batch norm", "CNN", "attention"])
def test_totals_are_gradients_in_nets(backend, name):
    for found_name, loss, wanted in confusion.of_nets():
        if found_name == name:
            for w in wanted:
                at = tuple(n // 2 for n in w.shape)
                found = study.why(loss, w, at)
                holds(found)
                assert found.gradient == study.record(loss).target(w)[0].gradient[at]


def test_all_paths_are_found_and_the_largest_come_first():
    rng = np.random.default_rng(1)
    w1, w2, x = (leaf(rng.standard_normal(s).tolist()) for s in ((3, 2), (2, 3), (4, 2)))
    h = (x @ w1.T).tanh()
    loss = (h @ w2.T).sum()
    found = study.why(loss, w1, (1, 0), k=100)
    H, X, W2 = (t.detach().numpy().astype(float) for t in (h, x, w2))
    products = [X[b, 0] * (1 - H[b, 1] ** 2) * W2[o, 1] for b, o in itertools.product(range(4), range(2))]
    assert found.count == len(found.paths) == 8 and found.rest == 0
    np.testing.assert_allclose([p.product for p in found.paths], sorted(products, key=abs, reverse=True), rtol=1e-5)
    few = study.why(loss, w1, (1, 0), k=3)
    assert [p.product for p in few.paths] == [p.product for p in found.paths[:3]] and few.count == 8
    assert few.share == pytest.approx(sum(map(abs, products[:0])) + sum(p.share for p in found.paths[:3]))
    holds(few)


def test_uses_views_writes_and_modules_called_twice():
    layer = nn.Linear(3, 3)
    x = leaf([[0.5, -1.0, 2.0], [1.0, 0.3, -0.7]])
    with study.trace(values=True):
        y = layer(layer(x).relu())
        y = y * 2
        y[0] = y[1].clone() * x[0]
        a, b = y.T.split(2, 0)
        loss = (a.sum() * b).sum() + autograd.cat([x, x]).std()
    for t, at in ((layer.weight, (2, 1)), (x, (1, 0)), (x, (0, 2)), (layer.bias, (0,))):
        holds(study.why(loss, t, at, k=7))
    text = str(study.why(loss, x, (1, -3)))
    assert text.startswith("dL/dx[1, 0] = ") and "line" in text and "the rest" in text
    inner = study.why(loss, y, (1, 1))
    holds(inner)
    page = inner.to_html()
    assert "Content-Security-Policy" in page and "-&gt; y" in page


def test_gradients_of_gradients_starts_and_sampled_lists():
    x = leaf([0.5, 2.0])
    (d,) = autograd.autograd.grad((x**3).sum(), x, create_graph=True)
    found = study.why(d, x, 1, gradient=tensor([1.0, 10.0]))
    assert found.gradient == 120 and found.total == pytest.approx(120)
    table = nn.Embedding(4, 2)
    loss = (table(tensor([1, 3, 1])) ** 2).sum()
    holds(study.why(loss, table.weight, (1, 0)))
    blocked = study.why(loss, table.weight, (0, 0))
    assert blocked.count == blocked.total == 0 and "on every way some factor is 0" in str(blocked)
    alone = leaf(3.0)
    assert study.why(alone, alone).gradient == 1 and study.why(alone, alone).total == 1


def test_overlapping_windows_are_not_taken_for_single_factors():
    x = leaf(np.arange(40.0).reshape(1, 1, 40).tolist())
    loss = (F.avg_pool1d(x, 3, 1, 1) * autograd.arange(40.0)).sum()
    found = study.why(loss, x, (0, 0, 20), k=9)
    assert found.count == 3
    holds(found)


def test_what_cannot_be_told():
    x = leaf([1.0, 2.0])
    loss = (x * x).sum()
    with pytest.raises(IndexError, match=r"an index of 2 numbers for a tensor of shape \[2\]"):
        study.why(loss, x, (0, 0))
    with pytest.raises(IndexError):
        study.why(loss, x, 2)
    with pytest.raises(ValueError, match="is not in the graph"):
        study.why(loss, ones(2), 0)
    big = leaf(np.zeros((50, 60), "float32"))
    with pytest.raises(RuntimeError, match=r"step 2 \(Softmax\) has 3,000 elements or factors"):
        study.why(big.softmax(1).sum(), big, (0, 0))
    loss.backward()
    with pytest.raises(RuntimeError, match="was freed by a backward"):
        study.why(loss, x, 0)


def test_a_graph_that_was_freed_has_the_same_paths():
    for backward_traced in (True, False):
        autograd.manual_seed(0)
        net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        with study.trace(values=True):
            loss = net(ones(2, 3)).square().mean()
            before = study.why(loss, net[0].weight, (1, 1))
            if backward_traced:
                loss.backward()
        if not backward_traced:
            loss.backward()
        assert study.why(loss, net[0].weight, (1, 1)) == before and len(before.paths) == 2
