"""Captured steps: what they replay is what they would have done, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from trainings import CAPTURES, NETS, OPTIMIZERS, Training, batches

import autograd
from autograd import backend, capture, nn, optim, tensor
from autograd.replay import CaptureError

pytestmark = CAPTURES


CASES = [(net, optimizer) for net in NETS for optimizer in ("sgd", "momentum", "adam", "adamw", "rmsprop")]
CASES += [("relu", optimizer) for optimizer in OPTIMIZERS if ("relu", optimizer) not in CASES]


@pytest.mark.parametrize(("net", "optimizer"), CASES)
def test_a_replay_is_what_the_step_would_have_done(net, optimizer):
    data = batches(40, 6, 3)
    plain = Training(net, optimizer)
    expected = [(plain.step(*batch).item(), plain.numbers()) for batch in data]
    captured = Training(net, optimizer)
    step = capture(captured.step)
    for i, batch in enumerate(data):
        loss = step(*batch)
        assert (loss.item(), captured.numbers()) == expected[i], i
    assert {each.phase for each in step.program.instructions} == {"forward", "backward", "optimizer"}


@pytest.mark.parametrize("net", ["dropout", "batch norm"])
def test_a_thousand_steps(net):
    data = batches(7, 6, 3)
    plain, captured = Training(net), Training(net)
    autograd.manual_seed(1)
    for i in range(1000):
        plain.step(*data[i % 7])
    autograd.manual_seed(1)
    step = capture(captured.step)
    for i in range(1000):
        step(*data[i % 7])
    assert plain.numbers() == captured.numbers()


def clipped_steps(made: Training, clip) -> Any:
    def step(x, t):
        made.optimizer.zero_grad()
        loss = made.criterion(made.net(x), t)
        loss.backward()
        norm = clip(made.net.parameters())
        made.optimizer.step()
        return loss if norm is None else (loss, norm)

    return step


CLIPPING = {
    "norm": lambda p: nn.utils.clip_grad_norm_(p, 0.9),
    "largest": lambda p: nn.utils.clip_grad_norm_(p, 0.3, float("inf")),
    "third": lambda p: nn.utils.clip_grad_norm_(p, 0.5, 3.0),
    "value": lambda p: nn.utils.clip_grad_value_(p, 0.05),
}


@pytest.mark.parametrize("clip", CLIPPING)
def test_clipping(clip):
    data = batches(7, 6, 3)
    pair = []
    for wrap in (lambda f: f, capture):
        made = Training()
        step = wrap(clipped_steps(made, CLIPPING[clip]))
        results = [step(*data[i % 7]) for i in range(1000)]
        pair.append((made.numbers(), [[t.item() for t in r] if type(r) is tuple else r.item() for r in results]))
    assert pair[0] == pair[1]
    if clip == "norm":
        norms = [norm for _, norm in pair[0][1]]
        assert min(norms) < 0.9 < max(norms)  # some steps are clipped
        text = str(step.program)
        assert "clipping:" in text and "0.weight.grad, 0.bias.grad, 2.weight.grad, 2.bias.grad = list_scale(" in text


def test_clipping_gradients_of_two_dtypes():
    pair = []
    for wrap in (lambda f: f, capture):
        a, b = autograd.ones(3, requires_grad=True), autograd.ones(4, dtype=autograd.float64, requires_grad=True)

        def step(x, y, a=a, b=b):
            a.grad = b.grad = None
            (a * x).sum().backward()
            (b * y).sum().backward()
            return nn.utils.clip_grad_norm_([a, b], 2.0)

        step, rng, found = wrap(step), np.random.default_rng(0), []
        for _ in range(6):
            norm = step(tensor(rng.standard_normal(3, np.float32)), tensor(rng.standard_normal(4)))
            found.append((norm.item(), a.grad.tolist(), b.grad.tolist()))
        pair.append(found)
    assert pair[0] == pair[1]


def test_two_optimizer_steps_in_a_step():
    data = batches(20, 6, 3)
    pair = []
    for wrap in (lambda f: f, capture):
        made = Training()
        step = wrap(lambda x, t, made=made: [made.step(x, t), made.step(x * 0.5, t)])
        losses = [[loss.item() for loss in step(*batch)] for batch in data]
        pair.append((made.numbers(), losses))
    assert pair[0] == pair[1]


def test_replays_and_eager_steps_mix():
    data = batches(30, 6, 3)
    plain, captured = Training(), Training()
    step = capture(captured.step)
    for i, batch in enumerate(data):
        plain.step(*batch)
        (captured.step if i % 3 == 2 else step)(*batch)
        assert plain.numbers() == captured.numbers(), i


def test_the_learning_rate_may_change():
    data = batches(20, 6, 3)
    plain, captured = Training("relu", "sgd"), Training("relu", "sgd")
    step = capture(captured.step)
    for i, batch in enumerate(data):
        for each in (plain, captured):
            each.optimizer.param_groups[0]["lr"] = 0.1 / (i + 1)
        plain.step(*batch), step(*batch)
        assert plain.numbers() == captured.numbers(), i


@pytest.mark.parametrize("to_none", [True, False])
@pytest.mark.parametrize("every", [1, 3])
def test_gradients_that_add_up(every, to_none):
    """zero_grad() and step() outside, every so many replays."""
    data = batches(24, 6, 3)
    pair = []
    for wrapped in (lambda f: f, capture):
        made = Training()

        def gradients(x, t, made=made):
            loss = made.criterion(made.net(x), t)
            loss.backward()
            return loss

        run = wrapped(gradients)
        for i, batch in enumerate(data):
            run(*batch)
            if i % every == every - 1:
                made.optimizer.step()
                made.optimizer.zero_grad(to_none)
        pair.append(made.numbers())
    assert pair[0] == pair[1]
    assert to_none or "1 run, 1 recorded, 22 replayed" in repr(run)


def test_inputs_may_be_views_and_of_other_sizes():
    rng = np.random.default_rng(1)
    x, t = tensor(rng.standard_normal((64, 6), np.float32)), tensor(rng.integers(0, 3, 64))
    plain, captured = Training(), Training()
    step = capture(captured.step)
    for i in range(24):
        size, start = (16, i % 3 * 16) if i % 4 else (7, i)
        batch = x[start : start + size], t[start : start + size]
        plain.step(*batch), step(*batch)
        assert plain.numbers() == captured.numbers(), i


def test_inference():
    net = NETS["layer norm"]()

    @capture
    @autograd.no_grad()
    def predict(x):
        y = net(x)
        return {"logits": y, "classes": (y.argmax(1), x)}

    for x, _ in batches(5, 6, 3):
        found = predict(x)
        with autograd.no_grad():
            y = net(x)
        assert found["logits"].tolist() == y.tolist() and found["classes"][0].tolist() == y.argmax(1).tolist()
        assert found["classes"][1].tolist() == x.tolist()


def test_results_are_new_tensors():
    (batch,) = batches(1, 6, 3)
    step = capture(Training().step)
    losses = [step(*batch) for _ in range(6)]
    values = [loss.item() for loss in losses]
    assert len(set(values)) == 6 and values == sorted(values, reverse=True)


def test_gradients_asked_for_are_those_of_the_last_replay():
    """However many ordinary steps there were before, the program writes to the gradients without copies."""
    data = batches(8, 6, 3)
    plain, captured = Training(), Training()
    step = capture(captured.step)
    for i, batch in enumerate(data):
        plain.step(*batch)
        (captured.step if i < 3 else step)(*batch)
        assert plain.numbers() == captured.numbers(), i
    assert "copy" not in {each.kernel for each in step.program.instructions}


def test_whatever_looks_on_sees_every_kernel():
    (batch,) = batches(1, 6, 3)
    step = capture(Training().step)
    for _ in range(3):
        step(*batch)
    names = []
    with backend.observe(lambda name, args, kwargs: names.append(name)):
        step(*batch)
    assert "linear" in names and "adam" in names


def test_inputs_may_share_memory():
    data = autograd.arange(12.0)

    @capture
    def step(a, b):
        return (a * b).sum() + (data * 2).sum(), (a, b)

    for a, b in [
        (data[:4], data[:4]),
        (data[:4], data[:4]),
        (data[4:8], data[4:8]),
        (data[8:], data[:4]),
        (data[1:5],) * 2,
    ]:
        total, (first, second) = step(a, b)
        assert total.item() == (a * b).sum().item() + 132
        assert first.tolist() == a.tolist() and second._array.storage is data._array.storage


def test_inputs_may_be_written():
    pair = []
    for wrap in (lambda f: f, capture):
        step = wrap(lambda x, y: x.add_(y).sum())
        x, y, found = autograd.zeros(3, 2), autograd.ones(2), []
        for i in range(6):
            found.append((step(x[i % 2 : i % 2 + 2], y).item(), x.tolist()))
        pair.append(found)
    assert pair[0] == pair[1]
    w = autograd.ones(2, requires_grad=True)
    saved = (w * x[0]).sum()
    step(x[:2], y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        saved.backward()
    both = capture(lambda x, y: x.add_(y))
    both(x[:2], y), both(x[:2], y)
    with pytest.raises(CaptureError, match="two inputs share memory, and the step writes to one"):
        both(x[:2], x[2])


def test_a_method_is_a_step_of_its_instance():
    class Trainer(Training):
        @capture
        def fit(self, x, t):
            return self.step(x, t)

    one, other, plain = Trainer(), Trainer("relu", "sgd"), Training()
    for batch in batches(6, 6, 3):
        one.fit(*batch), other.fit(*batch), plain.step(*batch)
    assert one.numbers() == plain.numbers() != other.numbers()
    assert "1 run, 1 recorded, 4 replayed; 1 programs" in repr(one.fit)


def test_kinds_of_calls_are_not_remembered_without_bound():
    step = capture(lambda x, factor: x * factor)
    x = tensor([1.0])
    for i in range(200):
        assert step(x, float(i)).item() == i
    assert len(step._entries) <= 32


ORDERS = ["first", "after the loss", "by hand", "last", "never"]


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("rule", [optim.SGD, optim.Adam])
@pytest.mark.parametrize("order", ORDERS)
def test_gradients_may_be_forgotten_anywhere_in_the_step(order, rule, check):
    def train(captured: bool):
        autograd.manual_seed(0)
        net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        optimizer = rule(net.parameters(), lr=0.1)

        def step(x, t):
            if order == "first":
                optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(x), t)
            if order == "after the loss":
                optimizer.zero_grad()
            if order == "by hand":
                for p in net.parameters():
                    p.grad = None
            loss.backward()
            optimizer.step()
            if order == "last":
                optimizer.zero_grad()
            return loss.detach()

        step = capture(step, check=check, on_change="error") if captured else step
        losses = [step(autograd.randn(8, 3), autograd.randn(8, 1)).item() for _ in range(6)]
        if captured:
            assert "4 replayed" in repr(step)
        gradients = [None if p.grad is None else p.grad.tolist() for p in net.parameters()]
        return losses, [p.tolist() for p in net.parameters()], gradients

    if autograd.get_backend() == "c":
        assert train(True) == train(False)
