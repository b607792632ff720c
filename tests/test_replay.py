"""Captured steps: what they replay is what they would have done, to the bit; what they cannot is refused."""

from __future__ import annotations

import _thread
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from opdb import DIFFERENTIABLE, outputs_of
from support import leaves, random_gradients

import autograd
from autograd import backend, capture, nn, optim, replay, tensor
from autograd.replay import CaptureError

pytestmark = [
    pytest.mark.skipif(backend.extension is None, reason="the C kernels are not built"),
    pytest.mark.usefixtures("in_c"),
]


@pytest.fixture
def in_c():
    with autograd.set_backend("c"):
        yield


def batches(n: int, inputs: int, classes: int, size: int = 16) -> list:
    rng = np.random.default_rng(0)
    return [
        (tensor(rng.standard_normal((size, inputs), np.float32)), tensor(rng.integers(0, classes, size)))
        for _ in range(n)
    ]


NETS = {
    "linear": lambda: nn.Linear(6, 3),
    "relu": lambda: nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 3)),
    "sigmoid, gelu": lambda: nn.Sequential(nn.Linear(6, 9), nn.Sigmoid(), nn.Linear(9, 4), nn.GELU(), nn.Linear(4, 3)),
    "dropout": lambda: nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Dropout(0.3), nn.Linear(9, 3)),
    "layer norm": lambda: nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.SiLU(), nn.Linear(8, 3, bias=False)),
    "batch norm": lambda: nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)),
}
OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "adamw": lambda p: optim.AdamW(p, lr=0.01, amsgrad=True),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.01, lr_decay=0.1),
    "adadelta": lambda p: optim.Adadelta(p),
    "adamax": lambda p: optim.Adamax(p, weight_decay=0.01),
    "nadam": lambda p: optim.NAdam(p),
    "radam": lambda p: optim.RAdam(p, betas=(0.8, 0.9)),
    "rprop": lambda p: optim.Rprop(p),
    "asgd": lambda p: optim.ASGD(p, t0=5, lambd=0.1),
}


class Training:
    """A net with its optimizer, from one seed."""

    def __init__(self, net: str = "relu", optimizer: str = "adam"):
        autograd.manual_seed(3)
        self.net = NETS[net]()
        self.optimizer = OPTIMIZERS[optimizer](self.net.parameters())
        self.criterion = nn.CrossEntropyLoss()

    def step(self, x, t):
        self.optimizer.zero_grad()
        loss = self.criterion(self.net(x), t)
        loss.backward()
        self.optimizer.step()
        return loss

    def numbers(self) -> list[bytes]:
        found = [t.detach().numpy().tobytes() for t in (*self.net.parameters(), *self.net.buffers())]
        found += [p.grad.numpy().tobytes() for p in self.net.parameters() if p.grad is not None]
        for state in self.optimizer.state_dict()["state"].values():
            found += [np.asarray(v.numpy() if isinstance(v, autograd.Tensor) else v).tobytes() for v in state.values()]
        return found


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


def test_run_takes_many_steps():
    (batch,) = batches(1, 6, 3)
    plain, captured = Training(), Training()
    for _ in range(500):
        last = plain.step(*batch)
    step = capture(captured.step)
    step(*batch), step(*batch)
    loss = step.program.run(498)
    assert plain.numbers() == captured.numbers() and loss.item() == last.item()
    assert captured.optimizer.state_dict()["state"][0]["step"] == 500
    with pytest.raises(ValueError, match="at least 1"):
        step.program.run(0)
    with pytest.raises(TypeError, match="must be an int, the number of steps, not float"):
        step.program.run(2.5)


class Weighed(Training):
    """With two parameter groups, and a tensor outside that weighs the loss."""

    def __init__(self, optimizer):
        super().__init__()
        first, *rest = self.net.parameters()
        self.optimizer = optimizer([{"params": [first]}, {"params": rest}])
        self.weight = tensor(1.0)

    def weighed(self, x, t):
        self.optimizer.zero_grad()
        loss = self.criterion(self.net(x), t) * self.weight
        loss.backward()
        self.optimizer.step()
        return loss


RATES = 0.05 * 0.995 ** np.arange(1000)
SCHEDULES = {
    "array": ({"lr": RATES}, lambda i: {"lr": [RATES[i]] * 2}),
    "closed form": ({"lr": lambda i: 0.1 / (1 + i)}, lambda i: {"lr": [0.1 / (1 + i)] * 2}),
    "by group": ({"lr": np.stack([RATES, RATES / 3], 1)}, lambda i: {"lr": [RATES[i], RATES[i] / 3]}),
    "two options": (
        {"lr": RATES.tolist(), "weight_decay": tensor(RATES.astype(np.float32))},
        lambda i: {"lr": [RATES[i]] * 2, "weight_decay": [float(np.float32(RATES[i]))] * 2},
    ),
}


@pytest.mark.parametrize("optimizer", ["momentum", "adam", "rmsprop", "nadam", "asgd"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_options_by_a_schedule(name, optimizer):
    (batch,) = batches(1, 6, 3)
    given, by_hand = SCHEDULES[name]
    plain, captured = Weighed(OPTIMIZERS[optimizer]), Weighed(OPTIMIZERS[optimizer])
    step = capture(captured.weighed)
    for run in (plain.weighed, step):
        run(*batch), run(*batch)
    for i in range(1000):
        for option, values in by_hand(i).items():
            for group, value in zip(plain.optimizer.param_groups, values):
                group[option] = value
        last = plain.weighed(*batch)
    assert step.program.run(1000, schedule=given).item() == last.item()
    assert plain.numbers() == captured.numbers()
    plain.weighed(*batch), step(*batch)
    assert plain.numbers() == captured.numbers()
    assert repr(plain.optimizer) == repr(captured.optimizer)


def test_a_tensor_by_a_schedule():
    (batch,) = batches(1, 6, 3)
    plain, captured = Weighed(OPTIMIZERS["adam"]), Weighed(OPTIMIZERS["adam"])
    step = capture(captured.weighed)
    for run in (plain.weighed, step):
        run(*batch), run(*batch)
    weights = np.linspace(1, 0, 200)
    for weight in weights:
        plain.weight.fill_(weight)
        plain.weighed(*batch)
    step.program.run(200, schedule={captured.weight: weights, captured.optimizer: {"lr": lambda i: 0.01}})
    assert plain.numbers() == captured.numbers() and captured.weight.item() == 0


def test_an_epoch_by_a_schedule():
    rng = np.random.default_rng(2)
    x, t = tensor(rng.standard_normal((70, 6), np.float32)), tensor(rng.integers(0, 3, 70))
    plain, captured = Training(), Training()
    step = capture(captured.step)
    for run in (plain.step, step):
        run(x[:16], t[:16]), run(x[:16], t[:16])
    for i in range(5):
        plain.optimizer.param_groups[0]["lr"] = RATES[i]
        plain.step(x[16 * i : 16 * i + 16], t[16 * i : 16 * i + 16])
    step.program.run_epoch(x, t, schedule={"lr": RATES[:5]})
    assert plain.numbers() == captured.numbers()


@pytest.fixture
def ctrl_c():
    """Ctrl-C raises, though this process may have been started in the background, where it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_run_after_a_whole_step():
    (batch,) = batches(1, 6, 3)
    captured = Training()
    step = capture(captured.step)
    step(*batch), step(*batch)
    rates = 0.01 / (1 + np.arange(10**7))
    threading.Timer(0.2, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        step.program.run(len(rates), schedule={"lr": rates})
    taken = int(captured.optimizer.state_dict()["state"][0]["step"]) - 2
    assert 0 < taken < len(rates)
    assert captured.optimizer.param_groups[0]["lr"] == rates[taken - 1]


def test_schedules_that_cannot_be():
    (batch,) = batches(1, 6, 3)
    made = Training("relu", "sgd")
    step = capture(made.step)
    step(*batch), step(*batch)
    before = made.numbers()
    for given, message in (
        ({"lr": [0.1, 0.2]}, "expected values for 3 steps, got 2"),
        ({"lr": 0.1}, "got a single one"),
        ({"lr": np.ones((3, 2))}, "or for each of 1 parameter groups"),
        ({"lr": [0.1, -1, 0.1]}, "Invalid learning rate: -1"),
        ({"momentum": [0, 0.5, 0.9]}, "other buffers for the value 0.5"),
        ({"nesterov": [0, 0, 0]}, "'nesterov' of SGD is not a number"),
        ({"rate": [1, 1, 1]}, "has the option 'rate'; there are .*'lr'"),
        ({tensor(1.0): [1, 1, 1]}, "not one that the step uses"),
        ({made.net[0].bias: [1, 1, 1]}, r"takes values of shape \[3, 9\], got \[3\]"),
    ):
        with pytest.raises(ValueError, match=message):
            step.program.run(3, schedule=given)
    assert made.numbers() == before


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


def test_lbfgs_is_refused():
    ((x, _),) = batches(1, 6, 3)
    net = nn.Linear(6, 1)
    optimizer = optim.LBFGS(net.parameters(), max_iter=2)

    def closure():
        optimizer.zero_grad()
        loss = net(x).square().sum()
        loss.backward()
        return loss

    step = capture(lambda: optimizer.step(closure))
    step()
    with pytest.raises(
        CaptureError, match=r"capture: LBFGS.step\(\), which asks for the loss as often as it needs, is"
    ):
        step()


def test_step_hooks_are_refused():
    data = batches(4, 6, 3)
    made = Training("relu", "sgd")
    step = capture(made.step)
    step(*data[0]), step(*data[1])
    made.optimizer.register_step_post_hook(lambda optimizer, args, kwargs: None)
    step(*data[2])  # as it is
    with pytest.raises(CaptureError, match="SGD has step hooks, which replays do not call"):
        step(*data[3])


def test_a_buffer_asked_for_later_is_recorded_anew():
    data = batches(10, 6, 3)
    plain, captured = Training("relu", "sgd"), Training("relu", "sgd")
    step = capture(captured.step)
    for i, batch in enumerate(data):
        if i == 5:
            for each in (plain, captured):
                each.optimizer.param_groups[0]["momentum"] = 0.9
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


# --- what changes -----------------------------------------------------------------------------------------------------


def _eval(made):
    made.net.eval()


def _other_memory(made):
    made.net[0].weight.data = made.net[0].weight.detach().clone()


def _other_parameter(made):
    made.net[0].bias = nn.Parameter(made.net[0].bias.detach().clone())
    made.optimizer.param_groups[0]["params"] = list(made.net.parameters())


def _other_rate(made):
    made.net[2].p = 0.6


def _loaded(made):
    made.optimizer.load_state_dict(made.optimizer.state_dict())


def _frozen(made):
    made.net[0].weight.requires_grad = False
    made.net[0].weight.grad = None


def _hooked(made):
    made.net[0].weight.register_hook(lambda g: 2 * g)


def _listed(made):
    made.optimizer.param_groups[0]["params"].append(nn.Parameter(autograd.ones(3)))


def _registered(made):
    made.net[0]._parameters["more"] = nn.Parameter(autograd.ones(3))


def _deleted(made):
    del made.net[2].p  # the class has another one


CHANGES = [
    _eval, _other_memory, _other_parameter, _other_rate, _loaded, _frozen, _hooked, _listed, _registered, _deleted,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_is_seen(change, monkeypatch):
    monkeypatch.setattr(nn.Dropout, "p", 0.6, raising=False)
    data = batches(12, 6, 3)
    plain, captured, strict = Training("dropout"), Training("dropout"), Training("dropout")
    step, careful = capture(captured.step), capture(strict.step, on_change="error")
    for made, run in ((plain, plain.step), (captured, step)):
        autograd.manual_seed(1)
        for i, batch in enumerate(data):
            if i == 6:
                change(made)
            run(*batch)
    assert plain.numbers() == captured.numbers()
    for batch in data[:6]:
        careful(*batch)
    change(strict)
    before = strict.numbers()
    with pytest.raises(CaptureError, match="since the step was recorded"):
        careful(*data[6])
    assert strict.numbers() == before


def test_changes_elsewhere_change_nothing():
    data = batches(6, 6, 3)
    step = capture(Training().step)
    for batch in data:
        step(*batch)
        other = Training("dropout")
        other.net[0].weight.data = other.net[0].weight.detach().clone()
        other.net.eval()
    assert "1 recorded, 4 replayed" in repr(step)


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


# --- what is refused --------------------------------------------------------------------------------------------------


def _item(made, x, t):
    return made.step(x, t).item()


def _branch(made, x, t):
    made.optimizer.zero_grad()
    loss = made.criterion(made.net(x), t)
    if loss > 0.1:
        loss.backward()
    made.optimizer.step()
    return loss


def _printed(made, x, t):
    print(made.net(x))
    return made.step(x, t)


def _numpy_kernel(made, x, t):
    y = made.net(x)
    return made.step(x, t), y.argmax(1).sort()[0]


def _checked_norm(made, x, t):
    loss = made.criterion(made.net(x), t)
    loss.backward()
    nn.utils.clip_grad_norm_(made.net.parameters(), 1.0, error_if_nonfinite=True)
    made.optimizer.step()
    return loss


def _graph(made, x, t):
    return made.net(x)


@pytest.mark.parametrize("refused", [_item, _branch, _printed, _numpy_kernel, _checked_norm, _graph])
def test_what_cannot_be_replayed_is_refused(refused, capsys):
    (x, t) = batches(1, 6, 3)[0]
    made = Training()
    step = capture(lambda x, t: refused(made, x, t))
    step(x, t)
    before, random = made.numbers(), autograd.get_rng_state().tolist()
    with pytest.raises(CaptureError) as error:
        step(x, t)
    assert made.numbers() == before and autograd.get_rng_state().tolist() == random
    line = re.search(rf"{re.escape(__file__)}:(\d+)", str(error.value))
    assert refused is _graph if line is None else int(line[1]) in {n for *_, n in refused.__code__.co_lines()}
    made.step(x, t)  # and everything works on


def test_an_exception_half_way_leaves_everything_as_it_was():
    (x, t) = batches(1, 6, 3)[0]
    made, fail = Training("dropout"), []

    def broken(x, t):
        loss = made.step(x, t)
        if fail:
            raise ZeroDivisionError
        return loss

    step = capture(broken)
    step(x, t)
    before, random = made.numbers(), autograd.get_rng_state().tolist()
    fail.append(True)
    with pytest.raises(ZeroDivisionError):
        step(x, t)
    assert made.numbers() == before and autograd.get_rng_state().tolist() == random
    fail.clear()
    for _ in range(3):
        step(x, t)


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


def test_bad_use():
    x = tensor([1.0, 2.0])
    double = capture(lambda x: x * 2)
    with pytest.raises(CaptureError, match="nothing is recorded"):
        print(double.program)
    assert not hasattr(double, "program")
    nested = capture(lambda x: double(x))
    nested(x)
    with pytest.raises(CaptureError, match="cannot call another"):
        nested(x)
    learned = capture(lambda x: (x * 2).sum())
    w = tensor([1.0], requires_grad=True)
    learned(w)
    with pytest.raises(CaptureError, match="requires gradients"):
        learned(w)
    with pytest.raises(CaptureError, match="of type set"):
        capture(lambda x, names: x)(x, {"a"})
    with pytest.raises(ValueError, match="on_change"):
        capture(lambda x: x, on_change="maybe")
    with pytest.raises(TypeError, match="expected a function"):
        capture(3)


def test_an_index_out_of_range():
    made = Training()
    step = capture(made.step)
    x, t = batches(1, 6, 3)[0]
    for _ in range(3):
        step(x, t)
    before = made.numbers()
    with pytest.raises(IndexError, match=r"cross_entropy: the index at position 4 .*test_replay.py:\d+"):
        step(x, tensor([0, 1, 2, 0, 9] + [0] * 11))
    assert made.numbers()[:4] == before[:4]


def test_check_compares_with_gradients_that_add_up_and_other_sizes():
    rng = np.random.default_rng(1)
    x, t = tensor(rng.standard_normal((64, 6), np.float32)), tensor(rng.integers(0, 3, 64))
    made = Training()

    def gradients(x, t):
        loss = made.criterion(made.net(x), t)
        loss.backward()
        return loss

    for step in (capture(gradients, check=True), capture(made.step, check=True)):
        for i in range(12):
            n = 16 if i % 4 < 3 else 4
            step(x[:n], t[:n])


def test_check_finds_what_python_changed():
    factor = 1.0
    step = capture(lambda x: x * factor, check=True)
    x = tensor([1.0, 2.0])
    for _ in range(3):
        step(x)
    factor = 2.0
    with pytest.raises(CaptureError, match="largest difference is 2"):
        step(x)


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


def test_the_program_is_that_of_full_batches():
    rng = np.random.default_rng(1)
    x, t = tensor(rng.standard_normal((37, 6), np.float32)), tensor(rng.integers(0, 3, 37))
    step = capture(Training().step)
    for _ in range(3):
        for i in range(0, 37, 16):
            step(x[i : i + 16], t[i : i + 16])
        assert step.program.instructions[0].layouts[0].shape == (16, 9)
        assert len(step.program.run_epoch(x, t, batch_size=16)) == 2


def test_kinds_of_calls_are_not_remembered_without_bound():
    step = capture(lambda x, factor: x * factor)
    x = tensor([1.0])
    for i in range(200):
        assert step(x, float(i)).item() == i
    assert len(step._entries) <= 32


def test_check_compares():
    data = batches(6, 6, 3)
    made, plain = Training("dropout"), Training("dropout")
    for each in (made, plain):
        autograd.manual_seed(1)
        step = capture(made.step, check=True) if each is made else plain.step
        for batch in data:
            step(*batch)
    assert made.numbers() == plain.numbers()


# --- the program ------------------------------------------------------------------------------------------------------


def test_the_listing():
    step = capture(Training("relu", "sgd").step)
    for batch in batches(3, 6, 3):
        step(*batch)
    text = str(step.program)
    for part in (
        "forward:",
        "backward:",
        "t0[16x9] = linear relu(x0, 0.weight, 0.bias)",
        "y0[()]",
        "2.weight, 2.bias",
        "test_replay.py:",
    ):
        assert part in text
    assert len(step.program) == len(text.splitlines()) - 5
    first = step.program.instructions[0]
    assert first.flops == 2 * 16 * 9 * 6 and first.nbytes == 4 * (16 * 9 + 16 * 6 + 9 * 6 + 9)
    assert first.where.module == "0" and first.where.function == "step"


def test_the_chapter_shows_what_the_example_prints():
    root = Path(__file__).parent.parent
    chapter = root / "docs" / "reading-a-program.md"
    if not chapter.exists():
        pytest.skip("the documents are in the clone only")
    command = [sys.executable, str(root / "examples" / "read_a_program.py")]
    environment = os.environ | {"PYTHONPATH": str(root), "AUTOGRAD_BACKEND": "c"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    listing = done.stdout.splitlines()[:12]
    assert "\n".join(line.rstrip() for line in listing) in chapter.read_text()


def test_the_profile():
    (batch,) = batches(1, 6, 3)
    plain, captured = Training(), Training()
    step = capture(captured.step)
    step(*batch), step(*batch)
    text = step.program.profile(times=10)
    for _ in range(12):
        plain.step(*batch)
    assert plain.numbers() == captured.numbers()
    shares = [float(line.split("%")[0].split()[-1]) for line in text.splitlines() if "%" in line]
    assert len(shares) == len(step.program) and sum(shares) == pytest.approx(100, abs=1)


def test_temporaries_share_the_arena():
    net = nn.Sequential(*[nn.Linear(50, 50) if i % 2 else nn.GELU() for i in range(20)])

    @capture
    @autograd.no_grad()
    def forward(x):
        return net(x)

    x = autograd.randn(100, 50)
    for _ in range(3):
        forward(x)
    program = forward.program
    assert program.arena_bytes <= 3 * 100 * 50 * 4 < sum(program.sizes.values())
    live = [(program.lives[b], program.places[b], program.places[b] + program.sizes[b]) for b in program.lives]
    for i, ((first, last), start, end) in enumerate(live):
        for (other_first, other_last), other_start, other_end in live[:i]:
            assert last < other_first or other_last < first or end <= other_start or other_end <= start


SEEDS = {  # their rows seed the generator within the call
    "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "rrelu[training]",
}  # fmt: skip


def reads_values(step) -> bool:
    """Whether Python, or a kernel that is NumPy's, sees values during a step."""
    seen: list = []
    autograd.storage.readers.append(seen.append)
    try:
        step()
    finally:
        autograd.storage.readers.remove(seen.append)
    return bool(seen)


@pytest.mark.parametrize("split", [False, True], ids=["whole", "in parts"])
@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.name)
def test_every_op_replays_or_is_refused(row, split, monkeypatch):
    monkeypatch.setattr(replay.chains, "LEAST", 2)
    monkeypatch.setattr(replay.chains, "TILE", 4)
    """Forward and backward of every op of the database, on values that change between the calls."""
    for sample in [s for s in row.made("float32") if s.smooth][:3]:
        args, kwargs, wanted = leaves(row, sample)
        outputs = outputs_of(row.function(autograd)(*args, **kwargs))
        gradients = random_gradients([y for y in outputs if y.requires_grad])

        def step(args=args, kwargs=kwargs, wanted=wanted, gradients=gradients):
            for x in wanted:
                x.grad = None
            found = outputs_of(row.function(autograd)(*args, **kwargs))
            autograd.autograd.backward([y for y in found if y.requires_grad], gradients)
            return [y.detach() for y in found]

        captured = capture(step, split=split)
        may_refuse = row.name in SEEDS or reads_values(step)
        for turn in range(4):
            with autograd.no_grad():
                for x in wanted:
                    x.mul_(1.0 + 0.01 * turn)
            autograd.manual_seed(turn)
            expected = [y.numpy().tobytes() for y in step()] + [x.grad.numpy().tobytes() for x in wanted]
            autograd.manual_seed(turn)
            try:
                found = captured()
            except CaptureError:
                assert may_refuse
                break
            assert [y.numpy().tobytes() for y in found] + [x.grad.numpy().tobytes() for x in wanted] == expected


# --- steps in parts ---------------------------------------------------------------------------------------------------


def in_parts(made: Training, seen: list | None = None) -> Any:
    """A step with a kernel that C does not have (a running sum) and, if asked, a callback."""

    def step(x, t):
        made.optimizer.zero_grad()
        y = made.net(x)
        loss = made.criterion(y, (t + t.sum()) % 3)
        if seen is not None:
            replay.callback(lambda loss, y: seen.append((loss.item(), y.shape)), loss, y)
        loss.backward()
        made.optimizer.step()
        return loss, (t % 2).cumsum(0).amax()

    return step


def test_a_thousand_steps_in_parts():
    data = batches(7, 6, 3)
    plain, captured = Training("dropout"), Training("dropout")
    pair, logs = [], ([], [])
    for made, wrap, log in ((plain, lambda f: f, logs[0]), (captured, capture(split=True), logs[1])):
        autograd.manual_seed(1)
        step = wrap(in_parts(made, log))
        pair.append([[t.item() for t in step(*data[i % 7])] for i in range(1000)])
    assert pair[0] == pair[1] and plain.numbers() == captured.numbers()
    assert logs[0] == logs[1] and len(logs[0]) == 1000
    text = str(step.program)
    assert "cumsum in Python(" in text and "callback in Python(y0, t" in text
    assert "998 replayed" in repr(step)


def test_runs_epochs_profiles_and_checks_in_parts():
    rng = np.random.default_rng(2)
    x, t = tensor(rng.standard_normal((70, 6), np.float32)), tensor(rng.integers(0, 3, 70))
    plain, captured = Training("dropout"), Training("dropout")
    found = []
    for made in (plain, captured):
        autograd.manual_seed(1)
        eager = in_parts(made)
        step = eager if made is plain else capture(eager, split=True, check=True)
        for _ in range(4):
            last = step(x[:16], t[:16])
        if made is plain:
            for i in range(100):
                made.optimizer.param_groups[0]["lr"] = RATES[i]
                last = step(x[:16], t[:16])
            kept = [step(x[i : i + 16], t[i : i + 16]) for i in range(0, 70, 16)][:4]
            kept = [[v.item() for v in column] for column in zip(*kept)]
            for _ in range(3):
                step(x[48:64], t[48:64])
        else:
            last = step.program.run(100, schedule={"lr": RATES[:100]})
            kept = [v.tolist() for v in step.program.run_epoch(x, t)]
            assert "in Python" in step.program.profile(3)
        found.append(([v.item() for v in last], kept, made.numbers()))
    assert found[0] == found[1]


def test_errors_of_steps_in_parts():
    made = Training()
    step = capture(in_parts(made), split=True)
    ((x, t),) = batches(1, 6, 3)
    for _ in range(3):
        step(x, t)
    count, wrong = [], capture(lambda x: replay.callback(lambda x: count.append(1 / len(count)), x), split=True)
    count.append(0)
    for _ in range(3):
        wrong(x)
    count.clear()
    with pytest.raises(ZeroDivisionError):
        wrong(x)
    refused = capture(lambda t: t.cumsum(0))
    refused(t)
    with pytest.raises(CaptureError, match=r"cumsum\(\) runs on NumPy .*test_replay.py:\d+ .*split=True"):
        refused(t)
    called = capture(lambda x: replay.callback(print, x))
    called(x)
    with pytest.raises(CaptureError, match=r"callback\(\) runs Python, at .*test_replay.py:\d+ .*split=True"):
        called(x)
    with pytest.raises(CaptureError, match="Python reads values"):
        reads = capture(lambda x: x.sum().item(), split=True)
        reads(x), reads(x)


@pytest.mark.parametrize("shuffle", [False, True])
def test_an_epoch(shuffle):
    rng = np.random.default_rng(2)
    x, t = tensor(rng.standard_normal((70, 6), np.float32)), tensor(rng.integers(0, 3, 70))
    plain, captured = Training("dropout"), Training("dropout")
    for made in (plain, captured):
        autograd.manual_seed(1)
        step = capture(made.step)
        for i in (0, 16):
            (plain.step if made is plain else step)(x[i : i + 16], t[i : i + 16])
        for _ in range(4):
            order = autograd.randperm(70) if made is plain and shuffle else autograd.arange(70)
            if made is plain:
                losses = [made.step(x[order[i : i + 16]], t[order[i : i + 16]]).item() for i in range(0, 70, 16)]
            else:
                found = step.program.run_epoch(x, t, batch_size=16, shuffle=shuffle)
                step(x[:16], t[:16]), step(x[:16], t[:16])  # takes the program of full batches again
            if made is plain:
                made.step(x[:16], t[:16]), made.step(x[:16], t[:16])
    assert found.tolist() == losses[:4] and plain.numbers() == captured.numbers()
    with pytest.raises(RuntimeError, match="for batches of 16"):
        step.program.run_epoch(x, t, batch_size=8)
    with pytest.raises(TypeError, match="expected 2 tensors"):
        step.program.run_epoch(x)
    with pytest.raises(RuntimeError, match="has no such batches"):
        step.program.run_epoch(x[:, :5], t)
    with pytest.raises(RuntimeError, match="one number of rows, got 70, 69"):
        step.program.run_epoch(x, t[:69])
    with pytest.raises(TypeError, match="a tensor or a NumPy array per input, not list"):
        step.program.run_epoch(x, t.tolist())
    by_tensors = step.program.run_epoch(x, t, drop_last=True)
    assert step.program.run_epoch(x.numpy(), t.numpy(), drop_last=True).shape == by_tensors.shape


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
