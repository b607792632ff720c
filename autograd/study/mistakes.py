"""What a wrong gradient may come from: each usual mistake, made on purpose, and compared with what a learner has.

The mistakes are made in the very backward pass of the graph: a contribution is dropped, a sign turned, a local factor
left out at one step (:mod:`.variants`), and the gradients that follow are compared. So a mistake is found where it was
made, some steps above the tensor in question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .. import backprop, graph
from ..graph import Leaf, Node
from ..ops.linalg import Linear, Matmul
from ..storage import from_numpy
from .recording import LeafRecord, Record, Step, restored, unbroadcast, without_retained
from .rounding import is_zero
from .variants import broadcasts, called, overwritten, single_rows, variants

RTOL = 1e-5
MOST_STEPS = 300  # graphs with more are searched near the tensor alone

KINDS = {
    "nothing": "there are no numbers",
    "not finite": "NaN or infinite where the gradient is finite",
    "zero": "all zeros, where the gradient is not zero",
    "shape": "another shape than the tensor's",
    "transposed": "transposed",
    "not summed": "not summed over an axis along which the forward broadcast",
    "swapped": "the gradient of another tensor",
    "factor": "a constant factor too many or too few",
    "sign": "the sign is turned",
    "accumulation": "a contribution is missing: where a value is used several times, the gradients of all uses add",
    "overwritten": "of gradients that go to one element only one is there: they add",
    "one row": "the gradient of one row, or one example: those of all add",
    "local factor": "the local factor is missing: the gradient arriving was passed on as it is",
    "statistics": "a mean, a variance or a sum that depends on the tensor was taken for a constant",
    "target": "the target was not subtracted from the prediction, such as the softmax",
}

Found = Iterator[tuple[str, str]]


class Mistake(NamedTuple):
    """A candidate: its kind, one of ``KINDS``, and a sentence on where and how."""

    kind: str
    text: str


def near(found: np.ndarray, right: np.ndarray, rtol: float = RTOL) -> np.ndarray:
    """Which elements of arrays of one shape agree, relative to each and to the largest."""
    finite = np.abs(right[np.isfinite(right)])
    return np.isclose(found, right, rtol, rtol * float(finite.max(initial=0)), equal_nan=True)


def close(found: np.ndarray, right: np.ndarray, rtol: float = RTOL) -> bool:
    """Whether arrays of one shape agree, relative to each element and to the largest."""
    return found.shape == right.shape and bool(near(found, right, rtol).all())


def candidates(found: Record, target: Step | LeafRecord, index: int, given: np.ndarray) -> list[Mistake]:
    """All usual mistakes that give the learner's gradient of a tensor in the graph, the likeliest first."""
    right = np.asarray(found.gradient(target, index))
    if np.isfinite(right).all() and not np.isfinite(given).all():
        return [Mistake("not finite", _not_finite(given))]
    seen: dict[str, str] = {}

    def note(more: Found) -> None:
        for kind, text in more:
            seen.setdefault(kind, text)

    note(_of_the_whole(found, target, index, right, given))
    note(_of_one_use(target, index, right, given))
    if given.shape == right.shape and not {"accumulation", "local factor"} & set(seen):
        note(_further_up(found, target, index, right, given))
    if not seen and given.shape == right.shape:
        note(_of_one_row(found, target, index, right, given))
        note(_of_all_statistics(found, target, index, right, given))
    if not seen:
        note(_unexplained(right, given))
    order = list(KINDS)
    return [Mistake(kind, seen[kind]) for kind in sorted(seen, key=order.index)]


def _not_finite(given: np.ndarray) -> str:
    bad = ~np.isfinite(given)
    what = "NaN" if np.isnan(given).any() else "infinite"
    return f"{what}: {bad.sum()} of {given.size} elements, where the gradient has numbers"


def _unexplained(right: np.ndarray, given: np.ndarray) -> Found:
    """What can be said where nothing else fits."""
    if given.shape != right.shape:
        yield "shape", f"the shape is {given.shape}, where the tensor has {right.shape}"
    elif (factor := _ratio(given, right)) is not None and np.count_nonzero(right) > 1:
        yield "factor", f"it is {factor:.6g} times the gradient"


# --- mistakes that show in the gradient itself ------------------------------------------------------------------------


def _of_the_whole(found: Record, target: Any, index: int, right: np.ndarray, given: np.ndarray) -> Found:
    for leaf in found.leaves:
        other = leaf.gradient
        if other is not None and leaf is not target and other.any() and close(given, other) and not close(other, right):
            yield "swapped", f"it is the gradient of {leaf.name}"
    if is_zero(found, target, index):
        return
    if given.shape != right.shape and given.size == right.size and close(given.reshape(right.shape), right):
        yield "shape", f"the values are right, but the shape is {given.shape}, where the tensor has {right.shape}"
    if right.ndim > 1:
        for turned in (np.swapaxes(given, -1, -2) if given.ndim > 1 else given, given.T):
            yield from _transposed(found, turned, right, given)
    if given.shape != right.shape:
        if broadcasts(right.shape, given.shape) and close(unbroadcast(given, right.shape), right):
            yield "not summed", f"summed from {given.shape} to {right.shape}, the tensor's shape, it would be right"
        return
    if not given.any():
        yield "zero", "all its elements are 0; not so those of the gradient"
    elif close(given, -right):
        yield "sign", "its sign is turned"
    elif (factor := _ratio(given, right)) is not None and (named := _named(found, factor)):
        yield "factor", f"it is {named}"


def _transposed(found: Record, turned: np.ndarray, right: np.ndarray, given: np.ndarray) -> Found:
    if turned.shape != right.shape or close(given, right):
        return
    if close(turned, right):
        yield "transposed", "it is the transpose of the gradient"
    elif close(turned, -right) and not close(given, -right):
        yield "transposed", "it is the transpose of the gradient, and its sign is turned"
    elif min(right.shape[-2:]) > 1 and _ratio(given, right) is None:
        factor = _ratio(turned, right)
        if factor is not None and (named := _named(found, factor)):
            yield "transposed", f"it is the transpose of {named}"


def _ratio(given: np.ndarray, right: np.ndarray) -> float | None:
    """The number c with given = c * right, where there is one that is neither 0 nor 1."""
    if given.shape != right.shape or not right.size:
        return None
    if not np.isfinite(right).all() or not np.isfinite(given).all():
        return None
    at = int(np.abs(right).argmax())
    if right.flat[at] == 0:
        return None
    c = float(given.flat[at]) / float(right.flat[at])
    known = c and abs(c - 1) > 10 * RTOL and close(given, (right * c).astype(right.dtype), 4 * RTOL)
    return c if known else None


def _named(found: Record, factor: float) -> str:
    """A factor as a whole number or one part of it, with where it may come from; "" for one that means nothing here."""
    for value, form in ((factor, "{}"), (1 / factor, "{}1/{}")):
        n = abs(round(value))
        if n > 1 and abs(abs(value) - n) < 1e-3 * n and (reasons := _reasons(found, n)):
            minus = "-" if factor < 0 else ""
            text = f"{minus}{n}" if form == "{}" else f"{minus}1/{n}"
            turned = ", its sign is turned" if minus else ""
            return f"{text} times the gradient{turned}; {', or '.join(reasons)}"
    return ""


def _reasons(found: Record, n: int) -> list[str]:
    """What a factor n, or 1 / n, may come from."""
    reasons = []
    if n == 2:
        square = next(filter(_squares, found.steps), None)
        reasons.append("the 2 of a square" + (f", as in {called(square)}?" if square else "?"))
    shapes = [s for step in found.steps for s in (*[e.shape for e in step.inputs], *step.shapes) if s]
    if any(n in (*s, int(np.prod(s))) for s in shapes):
        reasons.append(f"{n} is a size in this graph: a sum taken for a mean, or a mean for a sum?")
    return reasons


def _squares(step: Step) -> bool:
    """Whether a step takes squares."""
    if step.op.__name__ == "Mul":
        a, b = step.inputs
        return a.target is not None and (a.target, a.index) == (b.target, b.index)
    return step.op.__name__ == "MseLoss" or (step.op.__name__ == "PowScalar" and step.params["p"] == 2)


# --- mistakes at the uses of a tensor ---------------------------------------------------------------------------------


class _Use(NamedTuple):
    """A use of a tensor: what it sends, as it comes and summed to the tensor's shape, and what all others send."""

    step: Step
    i: int
    wide: np.ndarray
    part: np.ndarray
    rest: np.ndarray


def _uses(target: Step | LeafRecord, index: int, shape: tuple) -> list[_Use]:
    sent = []
    for user, i in target.used_by:
        g = None if user.left is None else user.left[i]
        if g is not None and user.inputs[i].index == index:
            sent.append((user, i, g, unbroadcast(g, shape)))
    made = []
    for k, (user, i, g, part) in enumerate(sent):
        rest = sum([p for j, (*_, p) in enumerate(sent) if j != k], np.zeros_like(part))
        made.append(_Use(user, i, g, part, rest))
    return made


def _of_one_use(target: Any, index: int, right: np.ndarray, given: np.ndarray) -> Found:
    uses = _uses(target, index, right.shape)
    for use in uses:
        wide, part, rest, at = use.wide, use.part, use.rest, called(use.step)
        if wide.shape != right.shape and given.shape == wide.shape and close(given, wide + rest):
            yield "not summed", f"what {at} sends is to be summed to {right.shape}, the tensor's shape"
        if len(uses) > 1 and given.shape == right.shape and not close(given, right):
            if close(given, part) and not close(part, right):
                yield "accumulation", f"only the contribution of {at} is there, of {len(uses)} uses"
            if close(given, rest) and not close(rest, right):
                yield "accumulation", f"the contribution of {at} is missing, one of {len(uses)} uses"
        for kind, text, sent in [*variants(use.step, use.i), *overwritten(use.step, use.i)]:
            if _gives(sent, use, right, given, alone=len(uses) == 1):
                yield kind, text


def _gives(sent: np.ndarray, use: _Use, right: np.ndarray, given: np.ndarray, alone: bool) -> bool:
    """Whether the learner's gradient is what follows where a use sends this."""
    wrong = unbroadcast(sent, right.shape) if broadcasts(right.shape, sent.shape) else sent
    if wrong.shape == use.part.shape and close(wrong, use.part):
        return False
    for total in [wrong + use.rest, wrong] if wrong.shape == right.shape else [wrong]:
        if close(given, total) and not close(total, right):
            return True
    return alone and given.shape == sent.shape != right.shape and close(given, sent)


def _of_one_row(found: Record, target: Any, index: int, right: np.ndarray, given: np.ndarray) -> Found:
    """One row at a use, or at the nearest product above, where the rows of all examples come together."""
    for use in _uses(target, index, right.shape):
        for kind, text, sent in single_rows(use.step, use.i):
            if _gives(sent, use, right, given, alone=False):
                yield kind, text
    product = next((s for s in _above(target) if issubclass(s.op, Matmul | Linear)), None)
    for i, e in enumerate(product.inputs if product is not None and len(found.steps) <= MOST_STEPS else ()):
        if product is None or e.target is None or e.target is target:
            continue
        for kind, text, sent in single_rows(product, i):
            changed: dict[tuple[Step, int], np.ndarray | None] = {(product, i): unbroadcast(sent, e.shape or ())}
            if close(given, _rerun(found, changed, target, index, right)):
                yield kind, text


# --- mistakes further up ----------------------------------------------------------------------------------------------


def _further_up(found: Record, target: Any, index: int, right: np.ndarray, given: np.ndarray) -> Found:
    """Mistakes at steps between the loss and the tensor: each is made in a backward pass of its own."""
    if len(found.steps) > MOST_STEPS:
        return
    several = any(len(r.used_by) > 1 for r in found.by_node.values())
    for step in _above(target):
        for i, e in enumerate(step.inputs):
            sent = None if step.left is None else step.left[i]
            if e.target is None or sent is None or e.target is target:
                continue

            def gives(instead: np.ndarray | None, step: Step = step, i: int = i) -> bool:
                return close(given, _rerun(found, {(step, i): instead}, target, index, right))

            if several and given.any() and gives(None):
                text = f"the contribution of {called(step)} to {e.target!r} is missing, or of what is behind it"
                yield "accumulation", text
            if not _cancels(step, i) and gives(-sent):
                yield "sign", f"the sign is turned at {called(step)}"
            for kind, text, passed in variants(step, i):
                shape = e.shape or ()
                wrong = unbroadcast(passed, shape) if broadcasts(shape, passed.shape) else None
                if wrong is not None and not (sent.shape == passed.shape and close(passed, sent)) and gives(wrong):
                    yield kind, text


def _cancels(step: Step, i: int) -> bool:
    """Whether a turned sign would cancel what another input of the step sends to the same tensor, as in x * x."""
    e = step.inputs[i]
    return any((o.target, o.index) == (e.target, e.index) for k, o in enumerate(step.inputs) if k != i)


REDUCTIONS = ("Mean", "Var", "Std", "Sum")


def _of_all_statistics(found: Record, target: Any, index: int, right: np.ndarray, given: np.ndarray) -> Found:
    """Several means, variances or sums beside the way of the values, all taken for constants."""
    if len(found.steps) > MOST_STEPS:
        return
    beside = []
    for step in _above(target):
        if step.op.__name__ in REDUCTIONS and _rerun(found, {(step, 0): None}, target, index, right).any():
            beside.append(step)
    if len(beside) > 1:
        wrong = _rerun(found, {(step, 0): None for step in beside}, target, index, right)
        if close(given, wrong) and not close(wrong, right):
            yield "statistics", f"{' and '.join(map(called, beside))} were taken for constants"


def _above(target: Any) -> list[Step]:
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
    found: Record, changes: dict[tuple[Step, int], np.ndarray | None], target: Any, index: int, right: np.ndarray
) -> np.ndarray:
    """The gradient of the target where steps send something else to some of their inputs."""
    passed: dict[str, Any] = {}
    changed = {(step.node, i): instead for (step, i), instead in changes.items()}

    def watch(node: Node, g: Any, run: Callable[[], Any], roots: Any) -> Any:
        if isinstance(target, Step) and node is target.node:
            v = g[index] if isinstance(g, list) else g
            passed["g"] = None if v is None else v.numpy().copy()
        sent = list(run())
        for i in range(len(sent)):
            if (node, i) in changed:
                instead = changed[node, i]
                sent[i] = None if instead is None else from_numpy(np.asarray(instead, right.dtype, order="C"))
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
