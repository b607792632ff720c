"""Many captured steps in one call: run, run_epoch, schedules, Ctrl-C."""

from __future__ import annotations

import _thread
import signal
import threading

import numpy as np
import pytest
from trainings import CAPTURES, OPTIMIZERS, RATES, Training, batches

import autograd
from autograd import capture, tensor

pytestmark = CAPTURES


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
    rates = 0.01 / (1 + np.arange(2 * 10**6))
    threading.Timer(0.5, _thread.interrupt_main).start()
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


def test_the_program_is_that_of_full_batches():
    rng = np.random.default_rng(1)
    x, t = tensor(rng.standard_normal((37, 6), np.float32)), tensor(rng.integers(0, 3, 37))
    step = capture(Training().step)
    for _ in range(3):
        for i in range(0, 37, 16):
            step(x[i : i + 16], t[i : i + 16])
        assert step.program.instructions[0].layouts[0].shape == (16, 9)
        assert len(step.program.run_epoch(x, t, batch_size=16)) == 2
