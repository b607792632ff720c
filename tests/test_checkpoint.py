"""utils.checkpoint: the same gradients, less memory, no recursion."""

import gc
import weakref

import pytest

import autograd
from autograd import nn, ones, tensor
from autograd.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential


def block():
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 4))


def gradients(run):
    autograd.manual_seed(0)
    net = nn.Sequential(block(), block())
    x = autograd.randn(5, 4, requires_grad=True)
    autograd.manual_seed(1)
    loss = (run(net, x) ** 2).sum()
    drawn = autograd.get_rng_state()
    loss.backward()
    assert autograd.equal(autograd.get_rng_state(), drawn)
    return [loss.item(), x.grad.tolist(), *[p.grad.tolist() for p in net.parameters()]]


@pytest.mark.parametrize(
    "run",
    [
        lambda net, x: checkpoint(net, x, use_reentrant=False),
        lambda net, x: net[1](checkpoint(net[0], x, use_reentrant=True)),
        lambda net, x: checkpoint(lambda y: checkpoint(net[1], checkpoint(net[0], y)) * 1.0, x),
        lambda net, x: checkpoint_sequential(net, 2, x, use_reentrant=False),
        lambda net, x: checkpoint_sequential([*net[0], *net[1]], 3, x),
    ],
)
def test_the_gradients_are_those_of_the_plain_run(backend, run):
    assert gradients(run) == gradients(lambda net, x: net(x))


def test_what_was_saved_is_let_go_and_comes_back_once():
    calls, inner = [], []

    def f(x):
        calls.append(1)
        y = x.exp()
        inner.append(weakref.ref(y.grad_fn))
        return y.sin()

    x = ones(3, requires_grad=True)
    y = checkpoint(f, x, use_reentrant=False)
    assert inner[0]().saved is None
    y.sum().backward(retain_graph=True)
    assert len(calls) == 2
    y.sum().backward()
    assert len(calls) == 2
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.sum().backward()


def test_the_graph_and_the_region_die_with_the_result():
    x = ones(3, requires_grad=True)
    gc.disable()
    try:
        y = checkpoint(lambda t: t.exp().sin(), x)
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
        assert not autograd.backprop.recompute
    finally:
        gc.enable()


@pytest.mark.skipif(autograd.get_backend() != "c", reason="the memory pool is C's")
def test_memory_is_less():
    def peak(run):
        x = ones(1000, 10, requires_grad=True)
        autograd.reset_peak_memory_stats()
        before = autograd.memory_stats()["live"]
        run(x).sum().backward()
        return autograd.memory_stats()["peak"] - before

    def deep(x):
        for _ in range(20):
            x = x.sin()
        return x

    plain = peak(lambda x: deep(deep(deep(deep(x)))))
    less = peak(lambda x: checkpoint(deep, checkpoint(deep, checkpoint(deep, checkpoint(deep, x)))))
    assert less < 0.5 * plain


def test_second_derivatives_and_grad():
    def f(x):
        return (x.exp() * x).sum()

    def both(run):
        x = tensor([0.3, -0.5], requires_grad=True)
        (g,) = autograd.grad(run(x), x, create_graph=True)
        return g.tolist(), autograd.grad(g.sum(), x)[0].tolist()

    assert both(lambda x: checkpoint(f, x)) == both(f)


def test_thousands_of_segments_do_not_recurse():
    x = ones(2, requires_grad=True)
    y = x
    for _ in range(5000):
        y = checkpoint(lambda t: t * 1.0, y, use_reentrant=False)
    y.sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_parameters_used_inside_and_changed_in_between():
    w = ones(3, requires_grad=True)
    y = checkpoint(lambda x: x * w, ones(3))
    y.sum().backward()
    assert w.grad.tolist() == [1, 1, 1]
    x = ones(3, requires_grad=True)
    y = checkpoint(lambda x: x * w, x)
    with autograd.no_grad():
        w.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_writes_within_the_function():
    def f(x):
        y = x.exp()
        z = y * 2.0
        z.add_(1.0)
        return z.sin() * y

    def run(how):
        x = ones(3, requires_grad=True)
        how(x).sum().backward()
        return x.grad.tolist()

    assert run(lambda x: checkpoint(f, x)) == run(f)


def test_a_function_that_does_something_else_is_found():
    flips = iter([True, False])
    x = ones(3, requires_grad=True)
    with pytest.raises(CheckpointError, match=r"different metadata.*op 0 was <ExpBackward0>"):
        checkpoint(lambda t: t.exp() if next(flips) else t.sin(), x).sum().backward()
    flips = iter([True, False])
    with pytest.raises(CheckpointError, match="A different number of tensors was saved"):
        checkpoint(lambda t: t.exp() if next(flips) else t.exp().exp(), x).sum().backward()
    with pytest.raises(ValueError, match="determinism_check should be one of"):
        checkpoint(lambda t: t, x, determinism_check="perhaps")


def test_contexts_keywords_and_no_grad():
    seen = []

    class Seen:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            seen.append(self.name)

        def __exit__(self, *exc):
            seen.append("end")

    x = ones(2, requires_grad=True)
    y = checkpoint(
        lambda t, factor: t.exp() * factor, x, factor=2.0, context_fn=lambda: (Seen("first"), Seen("second"))
    )
    y.sum().backward()
    assert seen == ["first", "end", "second", "end"]
    with autograd.no_grad():
        assert not checkpoint(lambda t: t * 2, x).requires_grad
