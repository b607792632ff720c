"""The graph as a list of steps: what goes through each, and that looking changes nothing."""

import gc

import numpy as np
import pytest

import autograd
from autograd import nn, ones, study, tensor
from autograd.study.recording import LeafRecord, Step
from autograd.utils.checkpoint import checkpoint


def leaf(values):
    return tensor(values, requires_grad=True)


def state_of(loss):
    """What a view must not change: gradients, versions, what is saved, hooks."""
    nodes = autograd.backprop.reachable([loss._edge])
    leaves = {e for n in nodes for e in n.edges if type(e) is autograd.graph.Leaf}
    return (
        {n: (n.saved, n.edges, n.hooks and dict(n.hooks), [a and a.version for a in n.saved or ()]) for n in nodes},
        {e: (e.held, e.hooks and dict(e.hooks), e.variable._array.version) for e in leaves},
    )


class Twice(nn.Module):
    """A layer called twice, a view, a write in place, a shared result."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, x):
        h = self.inner(self.inner(x).tanh())
        h = h * 2
        h[:, 0] = h[:, 1] * x[:, 0]
        a, b = h.split(2, 1)
        return (a * b + a).T.sum() + h.mean()


def nets():
    """(name, step): each gives a loss and the leaves whose gradients count."""
    x = tensor(np.random.default_rng(0).standard_normal((5, 4)), dtype=autograd.float64)

    def twice():
        model = Twice().double()
        return model(x), list(model.parameters())

    def second_order():
        w = leaf(x[0].tolist()).double().detach().requires_grad_()
        (d,) = autograd.autograd.grad((w**3).sum(), w, create_graph=True)
        return (d * d).sum(), [w]

    def checkpointed():
        model = Twice().double()
        return checkpoint(model, x, use_reentrant=False) * 2, list(model.parameters())

    def own_function():
        class Double(autograd.Function):
            @staticmethod
            def forward(ctx, a, k):
                ctx.save_for_backward(a)
                return a * k

            @staticmethod
            def backward(ctx, g):
                return g * 2, None

        w = leaf([1.0, 2.0])
        return Double.apply(w, 2).sum(), [w]

    def hooked():
        w = leaf([1.0, 2.0])
        y = w * w
        y.register_hook(lambda g: g * 10)
        y.retain_grad()
        return y.sum(), [w]

    def not_a_number():
        w = leaf([-1.0, 4.0])
        return w.sqrt().sum(), [w]

    def recurrent():
        model = nn.LSTM(4, 3, batch_first=True).double()
        y, (h, c) = model(x.reshape(1, 5, 4))
        return (y * y).sum() + c.sum() + h[0, 0, 0], list(model.parameters())

    return [twice, second_order, checkpointed, own_function, hooked, not_a_number, recurrent]


@pytest.mark.parametrize("net", nets(), ids=lambda f: f.__name__)
@pytest.mark.parametrize("when", ["before", "traced", "freed"])
def test_gradients_are_backwards_own(backend, net, when):
    if when == "freed":
        with study.trace(values=True):
            loss, wanted = net()
            loss.backward()
    elif when == "traced":
        with study.trace(values=True):
            loss, wanted = net()
    else:
        loss, wanted = net()
    before = state_of(loss)
    found = study.record(loss)
    again = study.record(loss)
    if net.__name__ != "checkpointed":  # what a checkpoint forgot was computed again
        assert state_of(loss) == before
    assert [s.name for s in found.steps] == [s.name for s in again.steps]
    if when != "freed":
        loss.backward()
    for w in wanted:
        target, index = found.target(w)
        assert isinstance(target, LeafRecord) and index == 0
        np.testing.assert_array_equal(target.gradient.astype(w.grad.numpy().dtype), w.grad.numpy())
        np.testing.assert_array_equal(again.target(w)[0].gradient, target.gradient)


@pytest.mark.parametrize("net", nets(), ids=lambda f: f.__name__)
def test_steps_are_linked_both_ways_and_in_order(net):
    with study.trace(values=True):
        loss, _ = net()
    found = study.record(loss)
    assert found.root is found.steps[0] and [s.number for s in found.steps] == list(range(1, len(found.steps) + 1))
    for step in found.steps:
        for i, e in enumerate(step.inputs):
            if e.target is not None:
                assert (step, i) in e.target.used_by
            if isinstance(e.target, Step):
                assert e.target.number > step.number
        for user, i in step.used_by:
            assert user.inputs[i].target is step
    assert all(step.where.filename == __file__ for step in found.steps)


def test_values_shapes_saved_arrays_and_costs(backend):
    x, w, b = ones(5, 3), leaf(np.full((2, 3), 2.0, "float32")), leaf(np.zeros(2, "float32"))
    with study.trace(values=True):
        z = x @ w.T + b
        y = z.relu()
        loss = y.sum()
    found = study.record(loss)
    total, relu, add, matmul, turned = found.steps
    assert [s.op.__name__ for s in found.steps] == ["Sum", "Relu", "Add", "Matmul", "Permute"]
    assert relu.outputs[0].shape == (5, 2) and found.value(relu, 0).tolist() == z.tolist()
    assert add.inputs[1].summed == (0,) and add.inputs[0].summed == () and add.left[1].shape == (5, 2)
    assert matmul.inputs[0].target is None and matmul.inputs[0].shape == (5, 3)
    assert found.value(matmul, 0).tolist() == x.tolist()
    assert [(s.name, s.shape, s.nbytes) for s in matmul.saved] == [("a", (5, 3), 60)]
    assert matmul.backward.flops == 2 * 5 * 3 * 2 == matmul.forward.flops and "gemm" in matmul.backward.kernels
    assert found.target(b)[0].gradient.tolist() == [5, 5] and found.target(b)[0].name == "b"
    assert [t.name for t in found.leaves] == ["b", "w"] and found.target(x) is None
    assert total.where.line == relu.where.line + 1 and turned.shapes == [(3, 2)]


def test_names_come_from_modules_and_variables():
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    own = leaf([1.0, 2.0])
    with study.trace():
        loss = (model(ones(1, 2)) * own).sum()
    assert {t.name for t in study.record(loss).leaves} == {"0.weight", "0.bias", "own"}
    assert {t.parameter for t in study.record(loss).leaves if t.name == "own"} == {False}
    other = nn.Linear(2, 1)
    untraced = other(ones(1, 2) * own.detach()).sum() + leaf(1.0)
    assert {t.name for t in study.record(untraced, other).leaves} == {"weight", "bias", "leaf 1"}


def test_a_tensor_has_not_the_name_of_a_part_of_it():
    x = tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    y, turned = x[:, :1], x[:2].t()  # both begin where x does
    layer = nn.Linear(2, 1)
    with study.trace(values=True):
        loss = (layer(x) * y).sum() + layer(turned).sum()
    found = study.record(loss)
    seen = {a.shape: found.variable(a) for step in found.steps for e, a in zip(step.inputs, step.arrays)
            if e.target is None}  # fmt: skip
    assert seen == {(3, 2): "x", (3, 1): "y", (2, 2): "turned"}
    assert "= x[2, 1] at step" in str(study.why(loss, layer.weight, (0, 1)))
    assert {"x", "y"} <= study.backward_source(loss).arguments.keys()
    assert {"x [3, 2]", "y [3, 1]"} <= {" ".join(line.split()) for line in str(study.graph(loss)).splitlines()}


def test_leaves_of_one_name_are_told_apart():
    def layers():
        return nn.Sequential(nn.Linear(2, 2, bias=False)), nn.Sequential(nn.Linear(2, 2, bias=False))

    pair = layers()
    with study.trace(values=True):
        loss = pair[1](pair[0](ones(1, 2))).sum()
    assert {t.name for t in study.record(loss).leaves} == {"0.weight", "0.weight (2)"}
    assert set(study.backward_source(loss).run()[1]) == {"0.weight", "0.weight (2)"}


def test_parameters_of_several_modules_have_the_variables_before_them():
    a, b, net = nn.Linear(2, 1), nn.Linear(2, 1, bias=False), nn.Sequential(nn.Linear(2, 2, bias=False))
    x = ones(1, 2)
    with study.trace():
        alone, both, inner, deep = a(x).sum(), (a(x) * b(x)).sum(), (net(x) + net[0](x)).sum(), b(net(x)).sum()
    assert {t.name for t in study.record(alone).leaves} == {"weight", "bias"}
    assert {t.name for t in study.record(both).leaves} == {"a.weight", "a.bias", "b.weight"}
    assert [t.name for t in study.record(inner).leaves] == ["0.weight"], "net[0] is a part of net"
    assert {t.name for t in study.record(deep).leaves} == {"net.0.weight", "b.weight"}


def test_graphs_that_were_freed_are_studied_from_copies():
    x = leaf([1.0, 2.0])
    with study.trace(values=True):
        inner = (x * x).sum()
        loss = inner * 3
    loss.backward()
    with autograd.no_grad():
        x.mul_(0)
    assert study.record(inner).leaves[0].gradient.tolist() == [2, 4]
    found = study.record(loss)
    assert found.leaves[0].gradient.tolist() == [6, 12] and not any(step.freed for step in found.steps)
    assert [s.values.tolist() for s in found.steps[-1].saved] == [[1, 2], [1, 2]]
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()  # the graph itself stays freed


def test_products_with_infinity_that_became_zero_are_counted():
    x = leaf([0.0, 4.0])
    loss = autograd.where(x > 0, x.log(), 0.0).sum()
    found = study.record(loss)
    assert {s.op.__name__: s.backward.suppressed for s in found.steps} == {"Sum": 0, "Where": 0, "Log": 1}


def test_what_was_freed_or_has_no_graph_is_refused():
    x = leaf([1.0, 2.0])
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match=r"freed by a backward.*retain_graph=True.*trace\(values=True\)"):
        study.record(loss)
    assert [s.freed for s in study.record(loss, gradients=False).steps] == [False, True]
    with pytest.raises(RuntimeError, match="does not require grad"):
        study.record(ones(1))
    with pytest.raises(RuntimeError, match="only for scalar outputs"):
        study.record(x * 2)
    assert study.record(x * 2, gradient=tensor([1.0, 10.0])).leaves[0].gradient.tolist() == [2, 20]
    with pytest.raises(TypeError, match="starts at a Tensor, got float"):
        study.record(1.0)
    spoiled = leaf([1.0]).exp()
    after = (spoiled * spoiled).sum()
    spoiled.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        study.record(after)


def test_a_leaf_alone_and_a_deep_chain():
    x = leaf(2.0)
    found = study.record(x)
    assert found.steps == [] and found.leaves[0].gradient == 1.0 and found.root is found.leaves[0]
    y = x
    for _ in range(5000):
        y = y + x
    assert study.record(y).leaves[0].gradient == 5001


def test_nothing_is_left_behind():
    with study.trace(values=True), study.trace(values=True):
        loss = leaf(2.0).exp()
    study.record(loss)
    assert not (autograd.graph.observers or autograd.graph.watchers or autograd.backend.observers)
    kept = len(study.keeping._kept)
    del loss
    gc.collect()  # a record is linked both ways
    assert len(study.keeping._kept) < kept
