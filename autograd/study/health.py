"""Whether gradients are of a healthy size while a net trains: norms, the size of updates, dead and saturated units.

>>> import autograd
>>> from autograd import nn, optim
>>> from autograd.training import fit
>>> _ = autograd.manual_seed(0)
>>> x = autograd.randn(64, 3)
>>> net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
>>> health = GradientHealth(x)
>>> _ = fit(net, (x, x.sum(1, keepdim=True)), nn.MSELoss(), optim.SGD(net.parameters(), lr=1e-7), epochs=1,
...         callbacks=[health], progress=False)
>>> [finding.partition(":")[0] for finding in health.findings()]
['0.weight, 2.weight hardly learn']
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..graph import Node, observers
from ..modes import enable_grad
from ..nn import Module
from ..random import fork_rng
from ..tensor import Tensor
from ..training.callbacks import Callback
from ..training.modes import modes_kept
from . import tracing
from .graph_tree import name_of
from .page import Picture, kept
from .svg import Drawing, escaped, number

SATURATED = {"Tanh": (-1.0, 1.0), "Sigmoid": (0.0, 1.0), "Hardtanh": (-1.0, 1.0), "Hardsigmoid": (0.0, 1.0)}
NEAR = 0.02  # of the range of a function: nearer to its ends an output is saturated
USUAL, LARGE, SMALL = (1e-3, 1e-2), 1e-1, 1e-5  # of a weight, what a step changes
VANISHING, EXPLODING, GROWN, FALLEN = 1e-3, 1e3, 100, 1e-3
AS_USUAL = f"{USUAL[0]} to {USUAL[1]} is usual"
DEAD, FLAT = 0.3, 0.5  # shares from which on they are worth a sentence
NAMED = 4  # parameters of one sentence


@dataclass
class Size:
    """Of a parameter: the norm of its gradient (None where it has none) and its own, and the norm of its last change
    over its own. ``weight`` says that it has more than one dim."""

    gradient: float | None
    norm: float
    update: float | None
    weight: bool


@dataclass
class Activity:
    """Of a layer of activations: the function, the share of units that are 0 for all inputs, and the share of outputs
    at the ends of the function's range; None where that has no meaning, NaN where outputs are not finite."""

    function: str
    dead: float | None
    saturated: float | None


@dataclass
class Look:
    """What was seen after a step, by the names of parameters and of layers. ``order`` has the layers in the order in
    which the model runs them, those of activations by their names in ``activities``."""

    step: int
    sizes: dict[str, Size]
    activities: dict[str, Activity] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)


class GradientHealth(Callback, Picture):
    """A callback for :func:`autograd.training.fit`; in a loop of one's own, ``health.look(model)`` after each step.

    x
        Inputs to look at the activations with, such as some hundred rows of the data: the model runs on them in
        evaluation mode. Without them there is nothing about dead and saturated units.
    every
        Look at the first step and at each so many-th after it.

    ``print(health)`` shows the last look as a table with a sentence on whatever is not as it should be, ``findings()``
    gives the sentences, ``to_svg``, ``to_html`` the course over the steps. ``looks`` has all numbers.
    """

    title = "The health of gradients"

    def __init__(self, x: Tensor | None = None, every: int = 1):
        if every < 1:
            raise ValueError(f"every must be at least 1, got {every}")
        if x is not None and not isinstance(x, Tensor):
            raise TypeError(f"GradientHealth(x) looks at activations with a tensor of inputs, got {type(x).__name__}")
        self.x, self.every = x, every
        self.looks: list[Look] = []
        self._step = 0
        self._before: dict[str, np.ndarray] = {}

    # --- looking ------------------------------------------------------------------------------------------------------

    def on_fit_begin(self, run: Any) -> None:
        """Note the parameters as they are."""
        self._remember(run.model)

    def on_batch_end(self, run: Any) -> None:
        """Look, at each ``every``-th step."""
        if self._step % self.every == 0:
            self.look(run.model)
            return
        self._step += 1
        if self._step % self.every == 0:
            self._remember(run.model)

    def look(self, model: Module) -> Look:
        """Note how things are after a step, before the gradients are set to zero; updates are those since the last
        look."""
        self._step += 1
        sizes = {name: _size(p, self._before.get(name)) for name, p in model.named_parameters()}
        found = Look(self._step, sizes, *(({}, []) if self.x is None else _activities(model, self.x)))
        self.looks.append(found)
        self._remember(model)
        return found

    def _remember(self, model: Module) -> None:
        self._before = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}

    # --- telling ------------------------------------------------------------------------------------------------------

    def findings(self) -> list[str]:
        """A sentence on each thing that is not as it should be, and what to do about it."""
        return list(_found(self.looks)) if self.looks else []

    def to_text(self, path: Any = None) -> str:
        """The last look as a table, and the findings."""
        if not self.looks:
            return kept("nothing was looked at yet", path)
        last = self.looks[-1]
        rows = [("parameter", "gradient", "size", "update/size")]
        for name, s in last.sizes.items():
            gradient = "none" if s.gradient is None else number(s.gradient)
            rows.append((name, gradient, number(s.norm), "" if s.update is None else number(s.update)))
        lines = [f"after step {last.step:,}", *_aligned(rows)]
        if last.activities:
            rows = [("activation", "dead units", "saturated", "")]
            rows += [(f"{name}: {a.function}", _share(a.dead), _share(a.saturated), "") for name, a in
                     last.activities.items()]  # fmt: skip
            lines += ["", *_aligned(rows)]
        return kept("\n".join([*lines, "", *(self.findings() or ["nothing stands out"])]), path)

    def __str__(self) -> str:
        return self.to_text()

    def drawing(self) -> Drawing:
        """The course of the norms, the updates and the shares of units."""
        from .health_picture import drawn

        return drawn(self.looks, self.title)

    def below(self) -> str:
        """The table and the findings."""
        return f"<pre>{escaped(self.to_text())}</pre>"


def _size(p: Tensor, before: np.ndarray | None) -> Size:
    value, g = p.detach().numpy().astype(float), p.grad
    norm = float(np.linalg.norm(value))
    change = None if before is None else float(np.linalg.norm(value - before))
    gradient = None if g is None else float(np.linalg.norm(g.detach().numpy().astype(float)))
    return Size(gradient, norm, None if change is None else change / norm if norm else math.inf, p.ndim > 1)


def _activities(model: Module, x: Tensor) -> tuple[dict[str, Activity], list[str]]:
    """What activations give for x, by the path of the module, or by their number within it; and the order of all."""
    found: dict[str, Activity] = {}
    order: list[str] = []

    def note(node: Node, arrays: Any, outs: Any) -> None:
        function = name_of(node.op)
        path = node.where.module if node.where else ""
        if node.op.__name__ not in ("Relu", *SATURATED):
            order.append(path)
            return
        name, k = path or function, 2
        while name in found:
            name, k = f"{path or function} ({k})", k + 1
        found[name] = _activity(node.op.__name__, function, outs[0].numpy())
        order.append(name)

    with tracing.trace(), modes_kept(model), fork_rng(), enable_grad():
        model.eval()
        observers.append(note)
        try:
            model(x)
        finally:
            observers.remove(note)
    return found, order


def _activity(op: str, function: str, y: np.ndarray) -> Activity:
    if not np.isfinite(y).all():
        return Activity(function, math.nan, None) if op == "Relu" else Activity(function, None, math.nan)
    if op == "Relu":
        over = tuple(d for d in range(y.ndim) if d != (y.ndim - 1 if y.ndim < 3 else 1))
        return Activity(function, float((y == 0).all(over).mean()), None)
    low, high = SATURATED[op]
    edge = NEAR * (high - low)
    return Activity(function, None, float(((y < low + edge) | (y > high - edge)).mean()))


# --- what it means ----------------------------------------------------------------------------------------------------


def _found(looks: list[Look]) -> Iterator[str]:
    last = looks[-1]
    yield from _on_missing(last)
    sick = [n for n, s in last.sizes.items() if s.gradient is not None and not math.isfinite(s.gradient + s.norm)]
    if sick:
        what = "its gradient is" if len(sick) == 1 else "their gradients are"
        yield (
            f"{_listed(sick)} or {what} not finite. Run a step within "
            "autograd.detect_anomaly() to see the line that made the first NaN."
        )
    weights = {name: s for name, s in last.sizes.items() if s.weight and s.gradient and math.isfinite(s.gradient)}
    yield from _on_gradients(looks, weights)
    yield from _on_updates(looks, weights)
    for name, a in last.activities.items():
        if a.dead is not None and a.dead >= DEAD:
            yield (
                f"{a.dead:.0%} of the units of {name} ({a.function}) are 0 for every input and learn nothing. Try a "
                "smaller learning rate, LeakyReLU, or a normalizing layer before it."
            )
        if a.saturated is not None and a.saturated >= FLAT:
            yield (
                f"{a.saturated:.0%} of the outputs of {name} ({a.function}) are at the ends of its range, where its "
                "derivative is nearly 0. Try smaller initial weights, inputs of about 1, or a normalizing layer."
            )


def _on_missing(look: Look) -> Iterator[str]:
    """On parameters without a gradient, a sentence for each cause."""
    gradients = [s.gradient for s in look.sizes.values()]
    if gradients and not any(gradients):
        what = "No parameter has a gradient" if None in gradients else "All gradients are 0"
        yield f"{what}: look comes after backward and before zero_grad. Or the loss does not depend on the parameters."
        return
    causes: dict[str, list[str]] = {}
    for name, s in look.sizes.items():
        if not s.gradient:
            causes.setdefault(_cause(look, name, s), []).append(name)
    for cause, names in causes.items():
        yield f"No gradient arrives at {_listed(names)}: {cause}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _cause(look: Look, name: str, s: Size) -> str:
    """Why the gradient of a parameter is missing or 0."""
    if s.gradient is None:
        return "the loss does not depend on it. study.graph(loss) shows whether it is part of the graph."
    before, behind = [[n for n in names if look.activities[n].dead == 1] for names in _around(look, name)]
    if before:
        return f"what goes in is 0, as all units of {before[-1]} ({look.activities[before[-1]].function}) are dead."
    if behind:
        return f"all units of {behind[0]} ({look.activities[behind[0]].function}), which it leads to, are dead."
    return "it is 0, as where what goes in is 0 or all units before or behind are dead" + (
        "." if look.activities else ": GradientHealth(x), with inputs, tells which."
    )


def _around(look: Look, name: str) -> list[list[str]]:
    """The activations before the layer of a parameter and behind it."""
    path = name.rpartition(".")[0]
    at = look.order.index(path) if path in look.order else 0
    return [[n for n in part if n in look.activities] for part in (look.order[:at], look.order[at:])]


def _norms(look: Look, weights: dict[str, Size]) -> dict[str, float]:
    """The gradients of these weights in a look, as far as they are numbers other than 0."""
    found = {n: look.sizes[n].gradient for n in weights if n in look.sizes}
    return {n: g for n, g in found.items() if g and math.isfinite(g)}


def _fallen(looks: list[Look], weights: dict[str, Size]) -> float:
    """The gradients over what they were at the first look, as far as both are known; else 1."""
    before, now = _norms(looks[0], weights), _norms(looks[-1], weights)
    return max(now.values()) / max(before.values()) if before and now else 1.0


def _vanished(looks: list[Look], weights: dict[str, Size]) -> Look | None:
    """A look in which the gradient of the first weight is far smaller than that of the last: the last look, or the
    first where gradients have fallen since: a net that is stuck has small ones throughout."""
    for look in [looks[-1], *([looks[0]] if _fallen(looks, weights) < FALLEN else [])]:
        norms = list(_norms(look, weights).values())
        if len(norms) > 1 and norms[0] < VANISHING * norms[-1]:
            return look
    return None


def _on_gradients(looks: list[Look], weights: dict[str, Size]) -> Iterator[str]:
    norms = _norms(looks[-1], weights)
    if look := _vanished(looks, weights):
        (first, a), *_, (final, b) = _norms(look, weights).items()
        when = "" if look is looks[-1] else f" after step {look.step:,}"
        yield (
            f"Gradients vanish on their way back: at {first} {number(a)}, at {final} {number(b)}{when}. Try ReLU in "
            "place of sigmoid or tanh, nn.init.kaiming_normal_, residual connections, or normalizing layers; a larger "
            "learning rate would be too large for the last layers."
        )
    for name, g in norms.items():
        at_first = looks[0].sizes.get(name)
        before = at_first.gradient if at_first else None
        if g > EXPLODING or (before and g > GROWN * before):
            grown = f", {number(g / before)} times as much as at first" if before else ""
            yield (
                f"The gradient of {name} is large: {number(g)}{grown}. Clip it (fit's clip_norm=1.0), or lower the "
                "learning rate."
            )


def _on_updates(looks: list[Look], weights: dict[str, Size]) -> Iterator[str]:
    updates = {name: s.update for name, s in weights.items() if s.update is not None}
    for name, update in updates.items():
        if update > LARGE:
            yield (
                f"{name} changes by {number(update)} of its size in a step, where {AS_USUAL}: it may jump about. "
                f"Divide the learning rate by about {round(update / USUAL[1]):,}."
            )
    slow = {name: update for name, update in updates.items() if update < SMALL}
    fallen = _fallen(looks, weights)
    if slow and fallen < FALLEN:
        yield (
            f"{_hardly(slow)}. The gradients have fallen to {number(fallen)} of what they were at first: the net has "
            "converged or is stuck; which of the two, the loss tells."
        )
    elif slow and not (_vanished(looks, weights) and list(updates)[-1] not in slow):  # which was said
        yield from _on_slow(looks[-1], slow, max(updates, key=updates.__getitem__), max(updates.values()))


def _hardly(slow: dict[str, float]) -> str:
    most = max(slow.values())
    learn, them, their = ("learns", "it", "its") if len(slow) == 1 else ("learn", "them", "their")
    by = number(most) if len(slow) == 1 or not most else f"at most {number(most)}"
    return f"{_listed(list(slow))} hardly {learn}: a step changes {them} by {by} of {their} size, where {AS_USUAL}"


def _on_slow(look: Look, slow: dict[str, float], fastest: str, top: float) -> Iterator[str]:
    """On weights that change too little, a sentence for each cause; ``top`` is the update of the ``fastest`` weight."""
    causes: dict[str, dict[str, float]] = {}
    for name, update in slow.items():
        causes.setdefault(_cause_of_slowness(look, name, update, fastest, top), {})[name] = update
    for cause, names in causes.items():
        yield f"{_hardly(names)}. {cause}"


def _cause_of_slowness(look: Look, name: str, update: float, fastest: str, top: float) -> str:
    _, behind = _around(look, name)
    flat = [n for n in behind if (look.activities[n].saturated or 0) >= FLAT]
    if flat:
        return f"The cause is {flat[0]} ({look.activities[flat[0]].function}), which lets little back."
    if top * SMALL > LARGE * update:
        return f"Too little arrives there; a learning rate that makes up for it would be too large for {fastest}."
    return "Raise the learning rate."


def _share(value: float | None) -> str:
    return "" if value is None else "NaN" if math.isnan(value) else f"{value:.0%}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join([r[0].ljust(widths[0]), *[c.rjust(w) for c, w in zip(r[1:], widths[1:])]]).rstrip() for r in rows]
