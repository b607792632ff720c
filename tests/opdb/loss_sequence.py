"""Rows of autograd/ops/loss_sequence.py."""

from __future__ import annotations

import numpy as np

from .core import Failure, Make, Row, Sample
from .loss import LOOSE, REDUCTIONS

F = "nn.functional."


def alignments(make: Make):
    for reduction in REDUCTIONS:
        targets, steps, labels = np.array([[1, 1, 2], [3, 1, 2]]), np.array([6, 5]), np.array([3, 2])
        yield Sample((make(6, 2, 4), targets, steps, labels), {"reduction": reduction}, note=reduction)
    joined = make(5, 2, 3), np.array([2, 1, 2]), np.array([5, 3]), np.array([1, 2])
    yield Sample(joined, note="targets one after another")
    yield Sample((make(4, 3), np.array([0, 1]), np.array(4), np.array(2)), {"blank": 2}, note="one sample")
    short = make(2, 2, 3), np.array([[1, 1], [1, 2]]), np.array([2, 2]), np.array([2, 2])
    yield Sample(short, {"zero_infinity": True}, note="too few steps, 0")
    yield Sample((make(3, 1, 3), np.array([[1]]), np.array([3]), np.array([0])), {"reduction": "sum"}, note="no labels")


def from_logits(m, x, *args, **kwargs):
    """PyTorch's gradient is that of the logits, whatever made the log-probabilities."""
    return m.nn.functional.ctc_loss(m.log_softmax(x, -1), *args, **kwargs)


def refused(match: str, targets, steps, labels, **options) -> Failure:
    def call(m):
        return m.nn.functional.ctc_loss(m.ones(3, 2, 4), *[m.tensor(v) for v in (targets, steps, labels)], **options)

    return Failure(call, RuntimeError, match)


ROWS = [
    Row(
        F + "ctc_loss",
        alignments,
        None,
        wanted=(0,),
        rtol=LOOSE,
        atol={"float32": 1e-5},
        call=from_logits,
        failures=(
            refused("blank must be in label range", [[1], [1]], [3, 3], [1, 1], blank=4),
            refused("input_lengths must be of size batch_size", [[1], [1]], [3], [1, 1]),
            refused("Expected input_lengths to have value at most 3, but got value 4", [[1], [1]], [3, 4], [1, 1]),
        ),
    ),
]
