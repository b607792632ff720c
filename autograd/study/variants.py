"""What a step sends back where a usual mistake is made at it: its local factor forgotten, the statistics of a norm
taken for constants, a target not subtracted, gradients overwritten instead of added, one row instead of all.

>>> from autograd import study, tensor
>>> x = tensor([1.0, 2.0, 4.0], requires_grad=True)
>>> step = study.record((x.softmax(0) * tensor([1.0, 0.0, 0.0])).sum()).steps[-1]
>>> [v.kind for v in variants(step, 0)]
['local factor', 'statistics']
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..ops.arithmetic import Sub
from ..ops.embedding import Embedding
from ..ops.exponential import PowScalar
from ..ops.index import Gather, Index
from ..ops.linalg import LinearActivation
from ..ops.loss import BceWithLogits, CrossEntropy, MseLoss, WeightedCrossEntropy
from ..ops.loss_classification import BinaryCrossEntropy
from ..ops.norm import BatchNorm, Norm
from ..ops.softmax import Softmax
from .factors import TooLarge, entries, sent_back
from .in_numpy import class_shares, sigmoid, softmax
from .recording import Step
from .rounding import linear_gradients

MOST_ROWS = 64


class Variant(NamedTuple):
    """A mistake at a step: its kind, in words, and the gradient that the step then sends, not summed yet."""

    kind: str
    text: str
    sent: np.ndarray


def called(step: Step) -> str:
    """A step in a sentence."""
    place = f", line {step.where.line}" if step.where is not None else ""
    return f"step {step.number} ({step.op.__name__}{place})"


def variants(step: Step, i: int) -> Iterator[Variant]:
    """The usual mistakes in what a step sends to input i."""
    sent = None if step.left is None else step.left[i]
    g = step.arrived[0] if step.arrived is not None and len(step.arrived) == 1 else None
    if g is None or sent is None:
        return
    for passed in _without_factor(step, i, g):
        yield Variant("local factor", f"the factor of {called(step)} is missing", passed)
    saved = {s.name: s.values for s in step.saved}
    if i == 0 and issubclass(step.op, BatchNorm | Norm) and "stats" in saved:
        text = f"the mean and the variance in {called(step)} were taken for constants"
        if issubclass(step.op, Norm) and not step.op.center:
            text = f"the mean of squares in {called(step)} was taken for a constant"
        yield Variant("statistics", text, _with_fixed_statistics(step, g, saved))
    if step.op is Softmax and "y" in saved:
        yield Variant("statistics", f"the sum in {called(step)} was taken for a constant", g * saved["y"])
    if i == 0 and (alone := _without_target(step, g, sent, saved)):
        text = f"the target was not subtracted at {called(step)}: that is the {alone[0]} alone"
        yield Variant("target", text, alone[1].astype(sent.dtype))


def overwritten(step: Step, i: int) -> Iterator[Variant]:
    """What an index sends where it takes an element several times, and only one of the gradients is kept."""
    g = step.arrived[0] if step.arrived is not None and len(step.arrived) == 1 else None
    if g is None or not issubclass(step.op, Embedding | Index | Gather):
        return
    try:
        found = entries(step, i, 0)
    except TooLarge:
        return
    if np.unique(found.inputs).size == found.inputs.size:
        return
    text = f"{called(step)} takes elements several times, and one gradient overwrote the others: they add"
    forwards = np.argsort(found.outputs, kind="stable")
    for order in (forwards, forwards[::-1]):
        sent = np.zeros(step.inputs[i].shape or (), g.dtype)
        sent.ravel()[found.inputs[order]] = found.factors[order] * g.ravel()[found.outputs[order]]
        yield Variant("overwritten", text, sent)


def single_rows(step: Step, i: int) -> Iterator[Variant]:
    """What a step sends where only one row arrives, such as that of one example."""
    g = step.arrived[0] if step.arrived is not None and len(step.arrived) == 1 else None
    if g is None or g.ndim < 1 or not 1 < len(g) <= MOST_ROWS:
        return
    for row in range(len(g)):
        alone = np.zeros_like(g)
        alone[row] = g[row]
        sent = sent_back(step, i, 0, alone)
        if sent is not None:
            text = f"only row {row} of the {len(g)} that arrive at {called(step)} is in it: those of all examples add"
            yield Variant("one row", text, sent.astype(g.dtype))


def _without_factor(step: Step, i: int, g: np.ndarray) -> Iterator[np.ndarray]:
    """What a step would send to an input without its local factor: the gradient that arrives; of a linear layer with
    its activation, what it sends without the activation's slope."""
    shape = step.inputs[i].shape
    if shape is None:
        return
    if issubclass(step.op, LinearActivation):
        yield _linear(step, g)[i]
    if broadcasts(g.shape, shape):
        yield np.broadcast_to(g, shape)
    elif broadcasts(shape, g.shape):
        yield g


def broadcasts(narrow: tuple, wide: tuple) -> bool:
    """Whether a shape broadcasts to another."""
    lead = len(wide) - len(narrow)
    return lead >= 0 and all(n in (1, wide[lead + d]) for d, n in enumerate(narrow))


def _linear(step: Step, g: np.ndarray) -> tuple[np.ndarray, ...]:
    """The gradients of a linear layer."""
    known = {s.name: s.values for s in step.saved}
    x, w = known.get("x"), known.get("weight")
    if x is None or w is None:
        values = step.values or [None, None]
        x, w = (known.get("x", values[0]), known.get("weight", values[1]))
    return linear_gradients(g, x, w)


def _with_fixed_statistics(step: Step, g: np.ndarray, saved: dict[str, np.ndarray]) -> np.ndarray:
    """g * weight * rstd."""
    rows = step.params["rows"]
    weight, rstd = saved.get("weight"), saved["stats"][1]
    if issubclass(step.op, BatchNorm):
        h = g.reshape(rows) * (1 if weight is None else weight[:, None])
        return (h * rstd[:, None]).reshape(g.shape)
    return ((g if weight is None else g * weight).reshape(rows) * rstd[:, None]).reshape(g.shape)


def _without_target(
    step: Step, g: np.ndarray, sent: np.ndarray, saved: dict[str, np.ndarray]
) -> tuple[str, np.ndarray] | None:
    """What is left of a loss's slope where the target is not subtracted, by its name, and what is sent then."""
    p, x, t = step.params, saved.get("x"), saved.get("t")
    if issubclass(step.op, CrossEntropy | WeightedCrossEntropy):
        return "softmax", _of_softmax_alone(step, sent, saved)
    if step.op is PowScalar:
        x = _before_subtraction(step)
        return None if x is None else ("prediction", g * (p["p"] * x ** (p["p"] - 1)))
    if x is None or t is None:
        return None
    if step.op is MseLoss:
        return "prediction", g * 2 * p["scale"] * x
    if step.op is BceWithLogits:
        return "sigmoid", g * p["scale"] * sigmoid(x)
    if step.op is BinaryCrossEntropy:
        return "prediction", g * x / np.maximum(x * (1 - x), 1e-12)
    return None


def _before_subtraction(step: Step) -> np.ndarray | None:
    """Of a power of a difference x - t, t a constant, the values of x."""
    before = step.inputs[0].target
    if not isinstance(before, Step) or before.op is not Sub or before.inputs[1].target is not None:
        return None
    made = before.inputs[0].target
    if isinstance(made, Step):
        return None if made.outputs is None else made.outputs[before.inputs[0].index]
    return None if before.values is None else before.values[0]


def _of_softmax_alone(step: Step, sent: np.ndarray, saved: dict[str, np.ndarray]) -> np.ndarray:
    """What a cross-entropy sends, and that by which it is less for the target."""
    p, rows = step.params, step.params["rows"]
    x, target = saved["x"].reshape(rows), saved["target"].reshape(rows[0], rows[2])
    weight = saved.get("weight", np.ones(rows[1], x.dtype))
    q = class_shares(target, rows[1], p["ignore_index"], p["smoothing"], weight)[0]
    slope = softmax(x, 1) * q.sum(1, keepdims=True) - q
    dx = sent.reshape(rows)
    square = (slope * slope).sum(1, keepdims=True)
    factor = (dx * slope).sum(1, keepdims=True) / np.where(square == 0, 1, square)
    return (dx + factor * q).reshape(sent.shape)
