"""The tape: leaves, accumulation, retain_graph, create_graph, grad(), hooks, grad modes, depth, lifetime."""

import gc
import os
import signal
import sys
import threading
import weakref

import numpy as np
import pytest

import autograd
from autograd import enable_grad, grad, nn, no_grad, ones, optim, set_grad_enabled, tensor
from autograd.graph import Node


def leaf(*values, **options):
    return tensor(list(values) if len(values) > 1 else values[0], requires_grad=True, **options)


# --- the chain rule ---------------------------------------------------------------------------------------------------


def test_the_diamond_of_the_introductions():
    a = leaf(3.0)
    b = a + a
    c = b + b
    c.backward()
    assert a.grad.item() == 4


def test_micrograds_example():
    a, b = leaf(-4.0, dtype=autograd.float64), leaf(2.0, dtype=autograd.float64)
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + (b + a).relu()
    d = d + 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g = g + 10.0 / f
    g.backward()
    assert g.item() == pytest.approx(24.70408163265306, rel=1e-12)
    assert a.grad.item() == pytest.approx(138.83381924198252, rel=1e-12)
    assert b.grad.item() == pytest.approx(645.5772594752186, rel=1e-12)


def test_the_worked_example():
    """Two inputs, two ReLU units, one sigmoid: every number can be checked by hand."""
    x = tensor([0.5, 0.8], dtype=autograd.float64)
    w = leaf([0.4, 0.6], [-0.3, 0.9], dtype=autograd.float64)
    b = leaf(0.1, -0.2, dtype=autograd.float64)
    v = leaf(0.7, 0.5, dtype=autograd.float64)
    c = leaf(0.05, dtype=autograd.float64)
    h = autograd.relu(w @ x + b)
    z = v @ h + c
    y = autograd.sigmoid(z)
    assert h.tolist() == pytest.approx([0.78, 0.37])
    assert z.item() == pytest.approx(0.781)
    assert y.item() == pytest.approx(0.686, abs=5e-4)
    y.backward()
    slope = y.item() * (1 - y.item())
    assert c.grad.item() == pytest.approx(slope)
    assert v.grad.tolist() == pytest.approx([slope * 0.78, slope * 0.37])
    assert b.grad.tolist() == pytest.approx([slope * 0.7, slope * 0.5])
    assert w.grad.numpy() == pytest.approx(slope * np.outer([0.7, 0.5], [0.5, 0.8]))


def test_the_worked_example_as_a_module():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1), nn.Sigmoid())
    with no_grad():
        net[0].weight.copy_(tensor([[0.4, 0.6], [-0.3, 0.9]]))
        net[0].bias.copy_(tensor([0.1, -0.2]))
        net[2].weight.copy_(tensor([[0.7, 0.5]]))
        net[2].bias.copy_(tensor([0.05]))
    assert net(tensor([0.5, 0.8])).item() == pytest.approx(0.6859, abs=1e-4)


# --- leaves and accumulation ------------------------------------------------------------------------------------------


def test_leaves():
    x = leaf(1.0, 2.0)
    y = x * 2
    assert x.is_leaf and x.grad_fn is None and x.requires_grad and x.grad is None
    assert not y.is_leaf and y.requires_grad and y.grad_fn.name() == "MulBackward0"
    z = tensor([1.0]) * 2
    assert z.is_leaf and not z.requires_grad
    assert y.detach().is_leaf and not y.detach().requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [2, 2] and y.grad is None and x.grad.grad_fn is None


def test_gradients_accumulate():
    x = leaf(1.0, 2.0)
    for n in (1, 2, 3):
        (x * x).sum().backward()
        assert x.grad.tolist() == [2 * n, 4 * n]
    x.grad = None
    (x * x).sum().backward()
    assert x.grad.tolist() == [2, 4]


def test_a_gradient_owns_its_memory():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    g = ones(2)
    (x + w).backward(g)
    x.grad.mul_(10)
    assert w.grad.tolist() == [1, 1] and g.tolist() == [1, 1]
    y = leaf(1.0, 2.0)
    y.sum().backward()
    assert y.grad.is_contiguous() and y.grad.tolist() == [1, 1]
    y.grad.add_(1)
    assert y.grad.tolist() == [2, 2]


def test_a_gradient_can_be_assigned_where_it_fits():
    x = leaf(1.0, 2.0)
    x.grad = tensor([5.0, 6.0])
    (x * 1).sum().backward()
    assert x.grad.tolist() == [6, 7]
    with pytest.raises(RuntimeError, match="different size"):
        x.grad = ones(3)
    with pytest.raises(RuntimeError, match="different type"):
        x.grad = ones(2, dtype=autograd.float64)
    with pytest.raises(TypeError, match="assigned grad expected to be a Tensor or None"):
        x.grad = 3.0


def test_a_leaf_used_many_times():
    x = leaf(2.0)
    y = x
    for _ in range(9):
        y = y * x
    y.backward()
    assert x.grad.item() == 10 * 2.0**9


def test_requires_grad_can_change_for_leaves_only():
    x = leaf(1.0)
    y = x * 2
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf variables"):
        y.requires_grad = False
    x.requires_grad_(False)
    assert not (x * 2).requires_grad
    for t in (tensor([1, 2]), tensor([True])):
        with pytest.raises(
            RuntimeError, match="Only Tensors of floating point and complex dtype can require gradients"
        ):
            t.requires_grad = True
    with pytest.raises(RuntimeError, match="Only Tensors of floating point"):
        tensor([1, 2], requires_grad=True)


# --- backward() -------------------------------------------------------------------------------------------------------


def test_backward_wants_a_scalar_or_a_gradient():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        (x * 2).backward()
    (x * 2).backward(tensor([1.0, 10.0]))
    assert x.grad.tolist() == [2, 20]
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        (x * 2).backward(ones(3))
    with pytest.raises(TypeError, match="gradients must be tensors or None"):
        (x * 2).backward(1.0)


def test_backward_of_a_single_element_keeps_its_shape():
    x = leaf([[3.0]])
    (x * x).backward()
    assert x.grad.tolist() == [[6]]


def test_backward_without_a_graph():
    with pytest.raises(RuntimeError, match="element 0 of tensors does not require grad and does not have a grad_fn"):
        tensor(1.0).backward()
    x = leaf(1.0)
    with no_grad():
        y = x * 2
    with pytest.raises(RuntimeError, match="does not require grad"):
        y.backward()


def test_backward_from_a_leaf():
    x = leaf(1.0)
    x.backward()
    x.backward(tensor(5.0))
    assert x.grad.item() == 6


def test_a_graph_is_used_once_unless_retained():
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4, 8]
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()
    assert x.grad.tolist() == [4, 8]


def test_a_graph_that_saved_nothing_may_be_used_again():
    x = leaf(1.0, 2.0)
    y = (x + x).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [4, 4]


def test_part_of_a_graph_shared_and_freed():
    x = leaf(2.0)
    shared = x.exp()
    a, b = shared * 2, shared * 3
    a.backward()
    with pytest.raises(RuntimeError, match="a second time"):
        b.backward()


def test_backward_from_several_roots():
    x, w = leaf(1.0), leaf(2.0)
    autograd.autograd.backward([x * 2, w * x], [tensor(1.0), tensor(10.0)])
    assert (x.grad.item(), w.grad.item()) == (22, 10)


def test_backward_with_inputs_fills_these_alone():
    x, w = leaf(1.0), leaf(2.0)
    y = x * w
    y.backward(inputs=[w])
    assert x.grad is None and w.grad.item() == 1
    with pytest.raises(RuntimeError, match="inputs argument to backward cannot be empty"):
        (x * w).backward(inputs=[])


def test_backward_with_an_inner_tensor_as_input():
    x = leaf(2.0)
    y = x * x
    (y * 3).backward(inputs=[y])
    assert y.grad.item() == 3 and x.grad is None


# --- grad() -----------------------------------------------------------------------------------------------------------


def test_grad_changes_no_grad():
    x = leaf(1.0, 2.0)
    (g,) = grad((x * x).sum(), x)
    assert g.tolist() == [2, 4] and x.grad is None and not g.requires_grad
    assert autograd.autograd.grad((x * x).sum(), [x])[0].tolist() == [2, 4]


def test_grad_of_inner_tensors():
    x = leaf(3.0)
    y = x * x
    z = y * y
    gy, gx = grad(z, [y, x])
    assert (gy.item(), gx.item()) == (18, 108)


def test_grad_of_several_outputs_and_gradients():
    x = leaf(1.0, 2.0)
    (g,) = grad([x * 2, x * 3], x, [ones(2), tensor([1.0, 0.0])])
    assert g.tolist() == [5, 2]


def test_grad_where_an_input_is_not_used():
    x, w = leaf(1.0), leaf(2.0)
    y = x * 2
    with pytest.raises(
        RuntimeError,
        match=r"One of the differentiated Tensors appears to not have been used in the graph\. Set allow_unused=True",
    ):
        grad(y, [x, w], retain_graph=True)
    assert grad(y, [x, w], allow_unused=True, retain_graph=True)[1] is None
    assert grad(y, [x, w], materialize_grads=True)[1].item() == 0
    with pytest.raises(RuntimeError, match="does not require grad"):
        grad(x * 2, tensor(1.0))
    with pytest.raises(TypeError, match="takes tensors"):
        grad(lambda x: x, x)


def test_grad_is_twice_the_same_for_the_same_input():
    x = leaf(3.0)
    a, b = grad(x * x, [x, x])
    assert a.item() == b.item() == 6


def test_create_graph():
    x = leaf(2.0)
    (first,) = grad(x**3, x, create_graph=True)
    assert first.item() == 12 and first.requires_grad
    (second,) = grad(first, x, create_graph=True)
    (third,) = grad(second, x)
    assert (second.item(), third.item()) == (12, 6)


def test_backward_with_create_graph_makes_gradients_with_history():
    x = leaf(2.0)
    (x**3).backward(create_graph=True)
    assert x.grad.requires_grad
    g = x.grad
    x.grad = None
    g.backward()
    assert x.grad.item() == 12


def test_a_penalty_on_the_gradient_trains():
    autograd.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))
    x = autograd.randn(4, 3, requires_grad=True)
    (g,) = grad(net(x).sum(), x, create_graph=True)
    (g * g).sum().backward()
    assert all(p.grad is not None for p in net.parameters() if p is not net[2].bias)
    assert net[2].weight.grad.abs().sum().item() > 0


# --- hooks ------------------------------------------------------------------------------------------------------------


def test_hooks_see_the_sum_and_may_replace_it():
    x, seen = leaf(1.0), []
    handle = x.register_hook(lambda g: seen.append(g.item()))
    (x * 2 + x * 3).backward()
    assert seen == [5]
    handle.remove()
    x.register_hook(lambda g: g * 10)
    (x * 2).backward()
    assert x.grad.item() == 25 and seen == [5]


def test_hooks_on_inner_tensors():
    x = leaf(1.0)
    y = x * 2
    y.register_hook(lambda g: g * 100)
    (y * 3).backward()
    assert x.grad.item() == 600


def test_hooks_on_one_of_several_outputs():
    x = leaf(1.0, 2.0, 3.0, 4.0)
    a, b = x.split(2)
    a.register_hook(lambda g: g * 10)
    (a.sum() + b.sum()).backward()
    assert x.grad.tolist() == [10, 10, 1, 1]


def test_a_hook_may_not_change_the_shape():
    x = leaf(1.0, 2.0)
    x.register_hook(lambda g: g.sum())
    with pytest.raises(RuntimeError, match="hook"):
        (x * 2).sum().backward()
    assert x.grad is None


def test_hooks_need_gradients():
    with pytest.raises(RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"):
        tensor(1.0).register_hook(print)
    with pytest.raises(RuntimeError, match="can't retain_grad"):
        tensor(1.0).retain_grad()


def test_retain_grad():
    x = leaf(2.0)
    y = x * x
    y.retain_grad()
    (y * 3).backward(retain_graph=True)
    (y * 3).backward()
    assert y.grad.item() == 6 and x.grad.item() == 24
    x.retain_grad()


def test_retain_grad_twice_is_once_and_after_the_other_hooks():
    x = leaf(2.0)
    y = x * x
    y.retain_grad()
    y.retain_grad()
    y.register_hook(lambda g: g * 5)
    y.backward()
    assert y.grad.item() == 5 and x.grad.item() == 20
    a, b = leaf(1.0, 2.0).split(1)
    a.retain_grad()
    b.retain_grad()
    (a * 3 + b * 4).sum().backward()
    assert a.grad.item() == 3 and b.grad.item() == 4


def test_indices_may_be_written_to_after_they_were_used():
    def gradient(take):
        x = leaf(1.0, 2.0, 3.0)
        take(x).sum().backward()
        return x.grad.tolist()

    def gathered(x):
        i = tensor([0, 1])
        y = x.gather(0, i)
        i.fill_(2)
        return y

    def picked(x):
        y, i = x.max(0)
        i.fill_(0)
        return y

    def indexed(x):
        i = np.array([0, 1])
        y = x[i]
        i[:] = 2
        return y

    assert gradient(gathered) == gradient(indexed) == [1, 1, 0]
    assert gradient(picked) == [0, 0, 1]


def test_detach_in_place_keeps_the_gradient():
    x = leaf(2.0)
    (x * x).backward()
    x.detach_()
    assert not x.requires_grad and x.grad.item() == 4


# --- grad modes -------------------------------------------------------------------------------------------------------


def test_no_grad_in_all_its_forms():
    x = leaf(1.0)
    with no_grad():
        assert not (x * 2).requires_grad and not autograd.is_grad_enabled()
        with enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad

    @no_grad()
    def plain(x):
        return x * 2

    @no_grad
    def bare(x):
        return x * 2

    @enable_grad()
    def recorded(x):
        return x * 2

    assert not plain(x).requires_grad and not bare(x).requires_grad
    with no_grad():
        assert recorded(x).requires_grad
    with set_grad_enabled(False):
        assert not (x * 2).requires_grad
    set_grad_enabled(False)
    assert not autograd.is_grad_enabled()
    set_grad_enabled(True)
    assert autograd.is_grad_enabled()


def test_grad_mode_is_restored_after_an_error():
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert autograd.is_grad_enabled()


def test_a_leaf_made_under_no_grad_learns():
    with no_grad():
        x = leaf(1.0)
        p = nn.Parameter(ones(2))
    assert x.requires_grad and p.requires_grad


def test_grad_mode_belongs_to_the_thread():
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(autograd.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_a_backward_pass_records_nothing_by_default():
    x, seen = leaf(1.0), []
    x.register_hook(lambda g: seen.append((g.requires_grad, (g * x).requires_grad)))
    (x * 2).backward()
    assert seen == [(False, False)]


# --- depth and lifetime -----------------------------------------------------------------------------------------------


def test_a_chain_of_a_hundred_thousand_ops(backend):
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 0.0
    y.backward()
    assert x.grad.item() == 1
    del y
    z = x
    for _ in range(100_000):
        z = z * 1.0
    del z  # freed without a backward pass


def test_a_chain_of_two_operand_ops_is_freed_too():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + x
    del y
    a = x
    for _ in range(20_000):
        a = a.reshape(1)
        a = a.reshape(())
    a.backward()
    assert x.grad.item() == 1


def test_a_ladder_of_ten_thousand_diamonds():
    x = leaf(1.0, dtype=autograd.float64)
    y = x
    for _ in range(10_000):
        y = (y * 0.5) + (y * 0.5)
    y.backward()
    assert x.grad.item() == 1


def test_a_deep_graph_with_create_graph():
    x = leaf(1.0)
    y = x
    for _ in range(3_000):
        y = y * 1.0
    (g,) = grad(y * x, x, create_graph=True)
    (h,) = grad(g, x)
    assert (g.item(), h.item()) == (2, 2)


def step(net, optimizer, x, t):
    loss = nn.functional.mse_loss(net(x), t)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def alive() -> int:
    """How many nodes and tensors there are; by type(), since isinstance() asks lazy objects of other packages."""
    return sum(issubclass(type(o), (Node, autograd.Tensor)) for o in gc.get_objects())


@pytest.mark.usefixtures("few_objects")
@pytest.mark.parametrize(
    "make", [lambda p: optim.SGD(p, 0.1, momentum=0.9), lambda p: optim.Adam(p, 0.01)], ids=["SGD", "Adam"]
)
def test_a_training_step_leaves_nothing_alive(backend, make):
    net = nn.Sequential(
        nn.Linear(4, 8), nn.GELU(), nn.Dropout(0.1), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3), nn.LogSoftmax(1)
    )
    optimizer = make(net.parameters())
    x, t = autograd.randn(5, 4), autograd.randn(5, 3)
    step(net, optimizer, x, t)
    gc.collect()
    gc.disable()
    try:
        before = alive()
        loss = step(net, optimizer, x, t)
        node = weakref.ref(loss.grad_fn)
        tensor_ref = weakref.ref(loss)
        del loss
        assert node() is None and tensor_ref() is None
        after = alive()
        assert after <= before
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_no_op_makes_a_cycle():
    from opdb import DIFFERENTIABLE, outputs_of
    from support import leaves, random_gradients

    gc.collect()
    gc.disable()
    try:
        for row in DIFFERENTIABLE:
            for sample in [s for s in row.made("float32") if s.smooth][:6]:
                args, kwargs, wanted = leaves(row, sample)
                outputs = [y for y in outputs_of(row.function(autograd)(*args, **kwargs)) if y.requires_grad]
                autograd.autograd.backward(outputs, random_gradients(outputs))
                nodes = [weakref.ref(y.grad_fn) for y in outputs if y.grad_fn is not None]
                del args, kwargs, wanted, outputs
                assert all(r() is None for r in nodes), (row.name, sample.note)
    finally:
        gc.enable()


def test_what_is_saved_is_freed_as_backward_goes():
    x = leaf(*[1.0] * 1000)
    y = x.exp()
    node = y.grad_fn
    y.sum().backward()
    assert not node.saved


def test_memory_does_not_grow_over_steps():
    if autograd.get_backend() != "c":
        pytest.skip("the pool belongs to the C backend")
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64))
    optimizer = optim.Adam(net.parameters())
    x, t = autograd.randn(64, 64), autograd.randn(64, 64)
    for _ in range(3):
        step(net, optimizer, x, t)
    live = autograd.memory_stats()["live"]
    for _ in range(20):
        step(net, optimizer, x, t)
    assert autograd.memory_stats()["live"] <= live


# --- nodes ------------------------------------------------------------------------------------------------------------


def test_the_graph_can_be_walked_as_pytorchs():
    x, w = leaf(1.0), tensor(2.0)
    y = (x * w).exp()
    node = y.grad_fn
    assert repr(node) == "<ExpBackward0>" and node.name() == "ExpBackward0"
    ((product, index),) = node.next_functions
    assert product.name() == "MulBackward0" and index == 0
    (first, _), (second, _) = product.next_functions
    assert first.variable is x and second is None
    assert first.name() == "AccumulateGrad"


def test_creation_order_is_a_topological_order():
    x = leaf(1.0)
    a = x * 2
    b = a.exp()
    assert b.grad_fn.seq > a.grad_fn.seq


def test_observers_see_each_node():
    seen = []

    def note(node, arrays, outs):
        seen.append((node.name(), [a.shape for a in arrays], [y.shape for y in outs]))

    autograd.graph.observers.append(note)
    try:
        leaf([1.0, 2.0]).exp().split(1)
    finally:
        autograd.graph.observers.remove(note)
    assert seen == [("ExpBackward0", [(2,), (2,)], [(2,)]), ("SplitBackward0", [(2,)], [(1,), (1,)])]


def test_trace_tells_where_a_node_was_made():
    x = leaf(1.0)
    assert x.exp().grad_fn.where is None
    with autograd.study.trace():
        y = x.exp()
        line = sys._getframe().f_lineno - 1
        z = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 1)))(ones(1, 2))
    where = y.grad_fn.where
    assert (
        where.filename == __file__ and where.line == line and where.function == "test_trace_tells_where_a_node_was_made"
    )
    assert z.grad_fn.where.module == "1.0" and str(line + 2) in str(z.grad_fn.where)
    assert x.exp().grad_fn.where is None and not autograd.graph.observers


# --- threads ----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_pool_survives_a_fork():
    """Kernels used, then fork, then kernels used in both: the child gets a pool of its own."""
    x = autograd.rand(700, 700)
    autograd.set_num_threads(2)
    expected = (x @ x).exp().sum().item()
    child = os.fork()
    if not child:
        status = 1
        try:
            signal.alarm(30)
            status = int((x @ x).exp().sum().item() != expected or autograd.rand(200_000).sum().item() <= 0)
        finally:
            os._exit(status)
    assert (x @ x).exp().sum().item() == expected
    assert os.waitpid(child, 0)[1] == 0


def test_a_thread_may_use_kernels_while_another_does():
    x = autograd.rand(400, 400)
    expected, found = (x @ x).tolist(), []
    threads = [threading.Thread(target=lambda: found.append((x @ x).tolist() == expected)) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == [True] * 8


def trained(seed: int, steps: int = 30) -> list:
    generator = autograd.Generator().manual_seed(seed)
    net = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 2))
    with no_grad():
        for p in net.parameters():
            p.copy_(autograd.rand(*p.shape, generator=generator) - 0.5)
    x, t = autograd.rand(128, 8, generator=generator), autograd.rand(128, 2, generator=generator)
    optimizer = optim.Adam(net.parameters(), 0.01)
    for _ in range(steps):
        step(net, optimizer, x, t)
    return [p.tolist() for p in net.parameters()]


def test_two_threads_train_two_nets(backend):
    alone = [trained(1), trained(2)]
    results = [None, None]

    def work(i):
        results[i] = trained(i + 1)

    threads = [threading.Thread(target=work, args=(i,)) for i in (0, 1)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == alone


def test_set_grad_enabled_as_a_decorator():
    @set_grad_enabled(False)
    def f(x):
        return x * 2

    assert autograd.is_grad_enabled()
    assert not f(leaf(1.0)).requires_grad
    assert autograd.is_grad_enabled()


def test_forgotten_layouts_change_nothing():
    from autograd import storage

    net = nn.Linear(3, 2)
    net.weight.grad = ones(2, 3)
    storage._layouts.clear()
    net.weight.data = autograd.zeros(2, 3)
    assert net.weight.grad.tolist() == [[1.0] * 3] * 2
    assert net(ones(1, 3)).grad_fn.name() == "AddmmBackward0"


def test_many_live_views_cost_no_more_each():
    from autograd.ops import views as ops

    x = ones(300)
    views = [x[i] for i in range(300)]
    assert len(x._array.storage.views) <= 2 * 64 + 4 * len(views)
    assert x._array.storage.views.limit > 64 and len(ops.views_of(x)) == 300
    del views
    for i in range(2000):
        x[i % 300]
    assert len(x._array.storage.views) < 1300


def test_a_gradient_that_nobody_else_holds_is_written_over(monkeypatch):
    from autograd import op

    made = []
    fresh = op.fresh
    x = leaf(0.5, -0.5)
    y = x.tanh().sigmoid().exp().tanh().sin()
    monkeypatch.setattr(op, "fresh", lambda layout: made.append(layout) or fresh(layout))
    given = ones(2)
    y.backward(given, retain_graph=True)
    assert len(made) == 1 and given.tolist() == [1, 1]  # the first op may not write over the user's gradient
    first = x.grad.tolist()
    y.backward(given)
    assert x.grad.tolist() == [2 * v for v in first]


def test_gradients_that_somebody_holds_stay():
    def f(x, kept):
        a = x.tanh()
        b = a.sigmoid()
        c = b + b.exp() + a
        d = c.tanh().sin()
        for t in (a, b, c):
            t.register_hook(kept.append)
        return a, b, c, d

    x = leaf(0.5, -0.5)
    kept, arrays = [], []
    a, b, c, d = f(x, kept)
    b.register_hook(lambda g: arrays.append(g.detach().numpy()))
    inner = autograd.grad(d.sum(), [a, b, c, d], retain_graph=True)
    once = [g.tolist() for g in kept], [v.tolist() for v in arrays]
    kept.clear()
    arrays.clear()
    again = autograd.grad(d.sum(), [a, b, c, d], retain_graph=True, create_graph=True)
    for one, other in zip(inner, again):
        assert np.allclose(one.numpy(), other.detach().numpy(), rtol=1e-6)
    for one, other in zip(once[0], kept):
        assert np.allclose(one, other.tolist(), rtol=1e-6)
    assert np.allclose(once[1], arrays, rtol=1e-6)
