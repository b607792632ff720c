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
    assert text.startswith("dL/dx[1, 0] = ") and "line" in text and "all together" in text
    inner = study.why(loss, y, (1, 1))
    holds(inner)
    page = inner.to_html()
    assert "Content-Security-Policy" in page and 'nowrap">-&gt;</span> y' in page


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
    (end,) = blocked.ends.values()
    assert "Embedding" in end and "no index takes this row" in end
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
    with pytest.raises(IndexError, match=r"index 2 is out of bounds for dim 0 of x, of shape \[2\]"):
        study.why(loss, x, 2)
    with pytest.raises(
        ValueError, match=r"is not in the graph of this loss: give the very tensor that the forward used"
    ):
        study.why(loss, leaf([1.0, 2.0]), 0)
    with pytest.raises(ValueError, match=r"it has requires_grad=False; call requires_grad_\(\) before the forward"):
        study.why(loss, ones(2), 0)
    with pytest.raises(ValueError, match=r"of shape \[\] is not in the graph.*its index stands beside it"):
        study.why(loss, x[0])
    for index in (slice(0, 2), None, 1.5):
        with pytest.raises(TypeError, match=r"one element is asked for, by whole numbers for a shape of \[2\]"):
            study.why(loss, x, (index,))
    for k in (0, -1):
        with pytest.raises(ValueError, match=f"at least 1, got {k}"):
            study.why(loss, x, 0, k)
    with pytest.raises(TypeError, match=r"the name of a leaf is wanted, such as .* not Linear"):
        study.why(loss, nn.Linear(1, 1), 0)
    with pytest.raises(KeyError, match="no leaf is called 'w'; there are x"):
        study.why(loss, "w", 0)
    assert study.why(loss, "x", 0) == study.why(loss, x, 0)
    with pytest.raises(RuntimeError, match=r"only for scalar outputs.* or pass gradient=\.\.\."):
        study.why(x * x, x, 0)
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


def mlp():
    """A net of which unit 0 is off for all examples."""
    autograd.manual_seed(3)
    x, y = tensor([[1.0, 2, -1], [0.5, -1.5, 2], [-1, 0.3, 0.8], [2, 1, 0]]), tensor([0, 1, 1, 0])
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    with study.trace(values=True):
        loss = F.cross_entropy(net(x), y)
    return net, loss, x


def test_it_is_said_where_factors_come_from_and_what_each_example_gives():
    net, loss, x = mlp()
    found = study.why(loss, net[0].weight, (3, 1))
    first = found.paths[0].links
    assert [link.origin for link in first] == ["x[1, 1]", "", "2.weight[1, 3]", ""]
    assert first[0].factor == x[1, 1] and first[2].factor == pytest.approx(float(net[2].weight[1, 3]))
    assert first[3].numbers == "its softmax(x) = 0.3067, its q = 1"
    assert first[3].factor == pytest.approx((0.3067 - 1) / 4, 1e-3)
    assert not any(
        link.numbers for path in study.why(loss.reshape(1, 1).sum(), net[0].weight).paths for link in path.links[-2:]
    )
    assert found.names["0.weight"].endswith("[output unit, input]")
    assert found.names["y4"].startswith("the output of step 4, Linear, module '0'")
    assert found.names["y4"].endswith("[example, unit]") and "n = 4" in found.names["y1"]
    assert [g.element for g in found.groups] == ["y4[1, :]", "y4[3, :]"]
    assert sum(g.total for g in found.groups) == pytest.approx(found.total)
    assert sum(g.count for g in found.groups) == found.count == 4
    assert "by example\n  y4[1, :]   -0.2243, 2 paths" in str(found)


def test_the_letters_of_a_rule_have_their_numbers_and_the_names_of_these():
    """Of all operands: at a squared error, of prediction and target."""
    x, b = leaf([[0.5], [2.0]]), leaf([[3.0, 4.0]])
    y, data = tensor([[1.5], [-1.0]]), tensor([5.0, 7.0])

    with study.trace(values=True):
        h = x * 2
        mse, bce = F.mse_loss(h, y), F.binary_cross_entropy_with_logits(h, (y > 0).float())
        quotient, power = (x / b).sum(), (data ** (x + b)).sum()
        whole = F.mse_loss(x[0, 0], data[1])
        weighted = F.cross_entropy(h.T, tensor([1]), weight=data)
        slopes, part = x.logsumexp(0).sum(), x[:1].sum()
    for found, numbers in (
        (study.why(mse, h, (1, 0)), ["its x is y2[1, 0] = 4, its t is y[1, 0] = -1"]),
        (study.why(bce, h, (0, 0)), ["its x is y2[0, 0] = 1, its t = 1"]),
        (study.why(quotient, b, (0, 1), 1), ["its b is b[0, 1] = 4, its y is y2[1, 1] = 0.5", ""]),
        (study.why(power, x, (0, 0), 1), ["", "its a is data[1] = 7, its y is y2[0, 1] = 6352", ""]),
        (study.why(whole, x, (0, 0)), ["", "its x is y2 = 0.5, its t = 7"]),
        (study.why(weighted, h, (1, 0)), ["", "its softmax(x) = 0.9526, its q = 7"]),
        (study.why(slopes, x, (0, 0)), ["its x is x[0, 0] = 0.5, its y is y2[0] = 2.201", ""]),
        (study.why(part, x, (0, 0)), ["", ""]),  # a rule in words has none
    ):
        assert [link.numbers for link in found.paths[0].links] == numbers


def test_elements_are_the_values_of_factors(backend):
    """Where a factor is said to be an element of a leaf, or of what a step made, it has its value."""
    autograd.manual_seed(1)
    cnn = nn.Sequential(nn.Conv2d(2, 4, 3, 2, 1, groups=2), nn.Tanh(), nn.Conv2d(4, 2, 2), nn.Flatten())
    image, row = leaf(autograd.randn(2, 2, 5, 5).tolist()), leaf([[0.5, 2.0]])
    with study.trace(values=True):
        h = cnn(image)
        scaled = h.reshape(2, 2, 4) * row.T
        loss = (scaled @ scaled.mT).exp().mean()
    checked = set()
    for t in (image, row, *cnn.parameters()):
        found = study.why(loss, t, k=4)
        holds(found)
        record = study.record(loss)
        values = {
            **{leaf.name: leaf.value for leaf in record.leaves},
            **{f"y{s.number}": s.outputs[0] for s in record.steps},
        }
        for link in itertools.chain(*[p.links for p in found.paths]):
            if link.origin:
                name, _, at = link.origin.partition("[")
                assert link.factor == pytest.approx(float(values[name][tuple(map(int, at[:-1].split(",")))]), rel=1e-5)
                checked.add((link.op, link.input))
    assert checked >= {("Convolution", "x"), ("Convolution", "w"), ("Mul", "a"), ("Matmul", "b")}


def test_shared_layers_are_told_by_example_over_all_uses():
    autograd.manual_seed(0)
    layer, x = nn.Linear(2, 2), autograd.randn(3, 2)
    with study.trace(values=True):
        loss = layer(layer(x).tanh()).square().sum()
    found = study.why(loss, layer.weight, (0, 1))
    holds(found)
    assert [g.element for g in found.groups] == [f"y5[{n}, :] + y3[{n}, :]" for n in range(3)]
    assert sum(g.total for g in found.groups) == pytest.approx(found.gradient, rel=1e-5)
    assert sum(g.count for g in found.groups) == found.count
    for n, group in enumerate(found.groups):  # each is what the example gives alone
        alone = layer(layer(x[n : n + 1]).tanh()).square().sum()
        assert group.total == pytest.approx(study.why(alone, layer.weight, (0, 1)).gradient, rel=1e-4)
    assert "%          of the sum of all products" in str(found)


def test_an_element_without_a_path_says_where_its_ways_end():
    net, loss, _ = mlp()
    found = study.why(loss, net[0].weight, (0, 1))
    assert not found.paths and found.title == "dL/d0.weight[0, 1] = 0: no path"
    (end,) = found.ends.items()
    assert end[0] == "step 3" and "y4[0, 0], y4[1, 0], y4[2, 0], y4[3, 0]; the ReLU is off there" in end[1]
    right = study.record(loss).target(net[0].weight)[0].gradient
    assert abs(study.why(loss, net[0].weight).gradient) == np.abs(right).max()  # the largest, without an index


def test_factors_that_are_not_numbers_are_shown(recwarn):
    w = leaf([-1.0, 4.0, 0.0])
    loss = w.sqrt().sum()
    for i, product in enumerate((np.nan, 0.25, np.inf)):
        found = study.why(loss, w, i)
        assert found.count == 1 and str(found.paths[0].product) == str(product) and found.rest == 0
    assert "path 1: NaN\n" in str(study.why(loss, w, 0)) and "path 1: ∞\n" in str(study.why(loss, w, 2))
    assert not recwarn.list


def test_the_gradient_given_is_a_factor():
    net, loss, _ = mlp()
    found = study.why(loss, net[0].weight, (3, 1), gradient=tensor(2.0))
    holds(found)
    assert [link.step for link in found.paths[0].links] == [4, 3, 2, 1, 0]
    assert "y1             times 2, the gradient given" in str(found)
    assert "others     3 paths, which add up to" in str(study.why(loss, net[0].weight, (3, 1), k=1))
    assert "others     1 path, which adds up to" in str(study.why(loss, net[0].weight, (3, 1), k=3))
