"""What a wrong gradient may come from: each usual mistake, made on purpose, and compared with what a learner has.

The mistakes are made in the very backward pass of the graph: a contribution is dropped, a sign turned, a local factor
left out at one step, and the gradients that follow are compared. So a mistake is found where it was made, some steps
above the tensor in question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .. import backprop, graph
from ..graph import Leaf, Node
from ..ops.linalg import LinearActivation
from ..storage import from_numpy
from .recording import LeafRecord, Record, Step, restored, unbroadcast, without_retained
from .rounding import linear_gradients

RTOL = 1e-5
MOST_STEPS = 300  # graphs with more are searched near the tensor alone

KINDS = {
    "shape": "the values are right, in another shape",
    "transposed": "transposed",
    "not summed": "not summed over an axis along which the forward broadcast",
    "factor": "a constant factor too many or too few",
    "sign": "the sign is turned",
    "accumulation": "a contribution is missing: where a value is used several times, the gradients of all uses add",
    "local factor": "the local factor is missing: the gradient arriving was passed on as it is",
}


class Mistake(NamedTuple):
    """A candidate: its kind, one of ``KINDS``, and a sentence on where and how."""

    kind: str
    text: str


def close(found: np.ndarray, right: np.ndarray, rtol: float = RTOL) -> bool:
    """Whether arrays of one shape agree, relative to each element and to the largest."""
    if found.shape != right.shape:
        return False
    finite = np.abs(right[np.isfinite(right)])
    return bool(np.allclose(found, right, rtol, rtol * float(finite.max(initial=0)), equal_nan=True))


def candidates(found: Record, target: Step | LeafRecord, index: int, given: np.ndarray) -> list[Mistake]:
    """All usual mistakes that give the learner's gradient of a tensor in the graph, the likeliest first."""
    right = np.asarray(found.gradient(target, index))
    seen: dict[str, str] = {}
    for kind, text in [*_of_the_whole(found, target, right, given), *_of_one_use(found, target, index, right, given)]:
        seen.setdefault(kind, text)
    if given.shape == right.shape and not {"accumulation", "local factor"} & set(seen):
        for kind, text in _further_up(found, target, index, right, given):
            seen.setdefault(kind, text)
    order = list(KINDS)
    return [Mistake(kind, seen[kind]) for kind in sorted(seen, key=order.index)]


# --- mistakes that show in the gradient itself ------------------------------------------------------------------------


def _of_the_whole(found: Record, target: Any, right: np.ndarray, given: np.ndarray) -> Iterator[tuple[str, str]]:
    if given.shape != right.shape and given.size == right.size and close(given.reshape(right.shape), right):
        yield "shape", f"the values are right, but the shape is {given.shape}, where the tensor has {right.shape}"
    if right.ndim > 1:
        for turned in (np.swapaxes(given, -1, -2) if given.ndim > 1 else given, given.T):
            if close(turned, right) and not close(given, right):
                yield "transposed", "it is the transpose of the gradient"
    if given.shape != right.shape:
        if _broadcasts(right.shape, given.shape) and close(unbroadcast(given, right.shape), right):
            yield "not summed", f"summed from {given.shape} to {right.shape}, the tensor's shape, it would be right"
        return
    if close(given, -right):
        yield "sign", "its sign is turned"
        return
    factor = _ratio(given, right)
    if factor is not None:
        yield "factor", f"it is {_named(found, factor)}"


def _broadcasts(narrow: tuple, wide: tuple) -> bool:
    lead = len(wide) - len(narrow)
    return lead >= 0 and all(n in (1, wide[lead + d]) for d, n in enumerate(narrow))


def _ratio(given: np.ndarray, right: np.ndarray) -> float | None:
    """The number c with given = c * right, where there is one that is neither 0 nor 1."""
    if not right.size or not np.isfinite(right).all() or not np.isfinite(given).all():
        return None
    at = int(np.abs(right).argmax())
    if right.flat[at] == 0:
        return None
    c = float(given.flat[at]) / float(right.flat[at])
    known = c and abs(c - 1) > 10 * RTOL and close(given, (right * c).astype(right.dtype), 4 * RTOL)
    return c if known else None


def _named(found: Record, factor: float) -> str:
    """A factor, said as a whole number or one part of it, with a hint where it is a size in the graph."""
    for number, text in ((factor, "{}"), (1 / factor, "1/{}")):
        whole = round(number)
        if abs(whole) > 1 and abs(number - whole) < 1e-3 * abs(whole):
            sizes = [s for step in found.steps for s in (e.shape for e in step.inputs) if s]
            known = any(abs(whole) in (*s, int(np.prod(s))) for s in sizes)
            why = (
                f"; {abs(whole)} is a size in this graph: a sum taken for a mean, or a mean for a sum?" if known else ""
            )
            return text.format(whole) + " times the gradient" + why
    return f"{factor:.6g} times the gradient"


# --- mistakes at the uses of a tensor ---------------------------------------------------------------------------------


def _uses(target: Step | LeafRecord, index: int) -> list[tuple[Step, int, np.ndarray]]:
    """The uses of a tensor with the gradient that each sends, not yet summed to its shape."""
    sent = []
    for user, i in target.used_by:
        g = None if user.left is None else user.left[i]
        if g is not None and user.inputs[i].index == index:
            sent.append((user, i, g))
    return sent


def _of_one_use(
    found: Record, target: Any, index: int, right: np.ndarray, given: np.ndarray
) -> Iterator[tuple[str, str]]:
    uses = _uses(target, index)
    for k, (user, i, wide) in enumerate(uses):
        part = unbroadcast(wide, right.shape)
        others = [unbroadcast(g, right.shape) for j, (_, _, g) in enumerate(uses) if j != k]
        rest = sum(others, np.zeros_like(right))
        if wide.shape != right.shape and given.shape == wide.shape and close(given, wide + rest):
            yield "not summed", f"what {_called(user)} sends is to be summed to {right.shape}, the tensor's shape"
        if len(uses) > 1 and given.shape == right.shape and not close(given, right):
            if close(given, part) and _differ(part, right):
                yield "accumulation", f"only the contribution of {_called(user)} is there, of {len(uses)} uses"
            if close(given, rest) and _differ(rest, right):
                yield "accumulation", f"the contribution of {_called(user)} is missing, one of {len(uses)} uses"
        for passed in _without_factor(user, i):
            wrong = unbroadcast(passed, right.shape) if _broadcasts(right.shape, passed.shape) else passed
            if wrong.shape == part.shape and close(wrong, part):
                continue
            for total in [wrong + rest, wrong] if wrong.shape == right.shape else [wrong]:
                if given.shape == total.shape and close(given, total) and not close(total, right):
                    yield "local factor", f"the factor of {_called(user)} is missing"
            if not others and given.shape == passed.shape != right.shape and close(given, passed):
                yield "local factor", f"the factor of {_called(user)} is missing"


def _differ(a: np.ndarray, b: np.ndarray) -> bool:
    return not close(a, b)


def _called(step: Step) -> str:
    place = f", line {step.where.line}" if step.where is not None else ""
    return f"step {step.number} ({step.op.__name__}{place})"


def _without_factor(step: Step, i: int) -> Iterator[np.ndarray]:
    """What a step would send to an input without its local factor: the gradient that arrives; of a linear layer with
    its activation, what it sends without the activation's slope."""
    if step.arrived is None or step.left is None or len(step.arrived) != 1:
        return
    g, sent, shape = step.arrived[0], step.left[i], step.inputs[i].shape
    if g is None or sent is None or shape is None:
        return
    if issubclass(step.op, LinearActivation):
        yield _linear(step, g)[i]
    if _broadcasts(g.shape, shape):
        yield np.broadcast_to(g, shape)
    elif _broadcasts(shape, g.shape):
        yield g


def _linear(step: Step, g: np.ndarray) -> tuple[np.ndarray, ...]:
    """The gradients of a linear layer."""
    known = {s.name: s.values for s in step.saved}
    x, w = known.get("x"), known.get("weight")
    if x is None or w is None:
        values = step.values or [None, None]
        x, w = (known.get("x", values[0]), known.get("weight", values[1]))
    return linear_gradients(g, x, w)


# --- mistakes further up ----------------------------------------------------------------------------------------------


def _further_up(
    found: Record, target: Any, index: int, right: np.ndarray, given: np.ndarray
) -> Iterator[tuple[str, str]]:
    """Mistakes at steps between the loss and the tensor: each is made in a backward pass of its own."""
    if len(found.steps) > MOST_STEPS:
        return
    several = any(len(r.used_by) > 1 for r in found.by_node.values())
    for step in _above(found, target):
        for i, e in enumerate(step.inputs):
            sent = None if step.left is None else step.left[i]
            if e.target is None or sent is None or e.target is target:
                continue
            called = _called(step)
            if several and given.any() and close(given, _rerun(found, step, i, None, target, index, right)):
                yield (
                    "accumulation",
                    f"the contribution of {called} to {e.target!r} is missing, or of what is behind it",
                )
            if close(given, _rerun(found, step, i, -sent, target, index, right)):
                yield "sign", f"the sign is turned at {called}"
            for passed in _without_factor(step, i):
                shape = e.shape or ()
                wrong = unbroadcast(passed, shape) if _broadcasts(shape, passed.shape) else None
                if wrong is None or (sent.shape == passed.shape and close(passed, sent)):
                    continue
                if close(given, _rerun(found, step, i, wrong, target, index, right)):
                    yield "local factor", f"the factor of {called} is missing"


def _above(found: Record, target: Any) -> list[Step]:
    """The steps through which gradients reach the tensor, the nearest first."""
    above: dict[Step, None] = {}
    waiting = [target]
    while waiting:
        for user, _ in waiting.pop(0).used_by:
            if user not in above:
                above[user] = None
                waiting.append(user)
    return list(above)


def _rerun(
    found: Record, step: Step, i: int, instead: np.ndarray | None, target: Any, index: int, right: np.ndarray
) -> np.ndarray:
    """The gradient of the target where a step sends something else to one input."""
    passed: dict[str, Any] = {}

    def watch(node: Node, g: Any, run: Callable[[], Any], roots: Any) -> Any:
        if isinstance(target, Step) and node is target.node:
            v = g[index] if isinstance(g, list) else g
            passed["g"] = None if v is None else v.numpy().copy()
        sent = list(run())
        if node is step.node:
            sent[i] = None if instead is None else from_numpy(np.ascontiguousarray(instead, right.dtype))
        return sent

    root = found.root
    assert isinstance(root, Step) and found.start is not None
    edge = graph.Output(root.node, found.index, root.node.layout[found.index]) if root.several else root.node
    graph.watchers.append(watch)
    try:
        with without_retained(found), restored(found.steps):
            leaves = backprop.run_backward((edge,), (from_numpy(found.start.copy()),), True, False)
    finally:
        graph.watchers.remove(watch)
    if isinstance(target, LeafRecord):
        held: Leaf = target.leaf
        passed["g"] = leaves[held].numpy().copy() if held in leaves else None
    g = passed.get("g")
    return np.zeros_like(right) if g is None else g
