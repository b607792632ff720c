"""Captured steps through every layer equal eager ones to the bit, or are refused by name."""

from __future__ import annotations

import numpy as np
import pytest
from module_cases import CASES, IMAGES, LENGTHS, ROWS, Constant

import autograd
from autograd import backend, capture, nn
from autograd.replay import CaptureError

pytestmark = [
    pytest.mark.skipif(backend.extension is None, reason="the C kernels are not built"),
    pytest.mark.filterwarnings("ignore"),
]

READING = {  # what looks at values in Python
    "BCELoss", "CTCLoss", "GaussianNLLLoss", "MaxUnpool1d", "MaxUnpool2d", "MultiLabelMarginLoss",
    "MultiMarginLoss",
}  # fmt: skip


def is_refused(module, inputs) -> bool:
    averages = getattr(module, "momentum", 0.1) is None and isinstance(module, nn.BatchNorm1d)
    bags_of_many_sizes = isinstance(module, nn.EmbeddingBag) and len(inputs) > 1
    return type(module).__name__ in READING or averages or bags_of_many_sizes


class Training:
    """A layer with inputs of its own, all from one seed, and steps of its training."""

    def __init__(self, make, inputs):
        autograd.manual_seed(3)
        self.module = make(autograd.nn)
        self.inputs = []
        for a in inputs:
            floating = a.dtype.kind == "f"
            t = autograd.tensor(np.asarray(a, "float32" if floating else a.dtype))
            self.inputs.append(t.requires_grad_(floating and not isinstance(a, Constant)))
        self.learned = [t for t in (*self.module.parameters(), *self.inputs) if t.requires_grad]

    def step(self):
        for t in self.learned:
            t.grad = None
        y = self.module(*self.inputs)
        y = y[0] if isinstance(y, tuple) else y
        if y.requires_grad:
            (y * y).sum().backward()
            with autograd.no_grad():
                for t in self.learned:
                    t.sub_(t.grad, alpha=0.01)
        return y.detach()

    def numbers(self) -> list[bytes]:
        return [t.detach().numpy().tobytes() for t in (*self.learned, *self.module.buffers())]


DROPPING = [
    *[(f"{name} in training", lambda nn, name=name: getattr(nn, name)(0.4), LENGTHS)
      for name in ("Dropout", "Dropout1d", "AlphaDropout", "FeatureAlphaDropout")],
    ("RReLU in training", lambda nn: nn.RReLU(0.1, 0.4), ROWS),
    ("Dropout2d in training", lambda nn: nn.Dropout2d(0.4), IMAGES),
    ("Dropout in place", lambda nn: nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.4, inplace=True)), ROWS),
]  # fmt: skip


def steps(made: Training, step) -> list:
    autograd.manual_seed(5)
    return [(step().numpy().tobytes(), made.numbers()) for _ in range(5)]


@pytest.mark.parametrize("case", CASES + DROPPING, ids=lambda case: case[0])
def test_a_replay_is_what_the_step_would_have_done(case):
    _, make, *inputs = case
    with autograd.set_backend("c"):
        plain, captured = Training(make, inputs), Training(make, inputs)
        step = capture(captured.step)
        if is_refused(plain.module, inputs):
            with pytest.raises(CaptureError):
                step(), step()
        else:
            assert steps(captured, step) == steps(plain, plain.step)
            assert "3 replayed" in repr(step)
