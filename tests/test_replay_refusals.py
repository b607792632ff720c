"""Captured steps: what cannot be replayed is refused, by name and line, and leaves everything as it was."""

from __future__ import annotations

import re

import pytest
from trainings import CAPTURES, Training, batches

import autograd
from autograd import capture, nn, optim, tensor
from autograd.replay import CaptureError

pytestmark = CAPTURES


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
    with pytest.raises(IndexError, match=r"cross_entropy: the index at position 4 .*trainings.py:\d+"):
        step(x, tensor([0, 1, 2, 0, 9] + [0] * 11))
    assert made.numbers()[:4] == before[:4]
