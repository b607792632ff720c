"""Every op of the database in a captured step, whole and in parts."""

from __future__ import annotations

import pytest
from opdb import DIFFERENTIABLE, outputs_of
from support import leaves, random_gradients
from trainings import CAPTURES

import autograd
from autograd import capture, replay
from autograd.replay import CaptureError

pytestmark = CAPTURES


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
