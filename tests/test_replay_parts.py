"""Captured steps in parts: between them Python is called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from trainings import CAPTURES, RATES, Training, batches

import autograd
from autograd import capture, replay, tensor
from autograd.replay import CaptureError

pytestmark = CAPTURES


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
    with pytest.raises(CaptureError, match=r"cumsum\(\) runs on NumPy .*test_replay_parts.py:\d+ .*split=True"):
        refused(t)
    called = capture(lambda x: replay.callback(print, x))
    called(x)
    with pytest.raises(CaptureError, match=r"callback\(\) runs Python, at .*test_replay_parts.py:\d+ .*split=True"):
        called(x)
    with pytest.raises(CaptureError, match="Python reads values"):
        reads = capture(lambda x: x.sum().item(), split=True)
        reads(x), reads(x)
