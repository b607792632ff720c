"""What changes between captured steps: it is seen and recorded anew, or found by check=True."""

from __future__ import annotations

import numpy as np
import pytest
from trainings import CAPTURES, Training, batches

import autograd
from autograd import capture, nn, tensor
from autograd.replay import CaptureError

pytestmark = CAPTURES


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


def test_check_compares():
    data = batches(6, 6, 3)
    made, plain = Training("dropout"), Training("dropout")
    for each in (made, plain):
        autograd.manual_seed(1)
        step = capture(made.step, check=True) if each is made else plain.step
        for batch in data:
            step(*batch)
    assert made.numbers() == plain.numbers()
