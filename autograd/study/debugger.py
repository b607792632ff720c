"""``study.debug(loss)``: the backward pass one step at a time, forwards and back.

>>> from autograd import study, tensor
>>> x = tensor([1.0, 2.0], requires_grad=True)
>>> d = debug((x * x).sum().exp())
>>> d.step().name, d.here.name, float(d.gradient)
('ExpBackward0', 'SumBackward0', 148.4131622314453)
>>> d.gradient = 1.0
>>> d.run()
>>> d.gradients()
{'x': array([2., 4.], dtype=float32)}
>>> d.back().name, x.grad
('MulBackward0', None)
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backprop
from ..backend import K, observe
from ..graph import Leaf, Node, Output
from ..storage import Array, fresh, from_numpy
from ..tensor import Tensor
from . import debugger_page, formulas
from .constants import forward
from .explanation import leaf_in_words, place_of, statistics
from .graph_cards import listed
from .keeping import Meter, arrays_of
from .page import framed, kept
from .recording import FREED, LeafRecord, Step, record, restored, started

HELP = """\
n  step                 b  back               r  run to the end      q  quit
to NAME                 run to the next step of an op, a module or a line
nan, zero, norm 1e3     run until a gradient that leaves a step is so
g  the gradient         set 0.5 1 ...  give it other numbers, one or all of them
v  the values           v NAME         all numbers of one of them, such as the weight"""
WORDS = {"n": 0, "b": 0, "r": 0, "g": 0, "nan": 0, "zero": 0, "to": 1, "norm": 1, "v": 1}  # after a command, at most


class Debugger:
    """A backward pass that waits.

    ``here`` is the step that comes next and ``gradient`` what arrives there, which may be set. ``step()`` and
    ``back()`` move by one; ``run()``, ``run_to()`` and ``run_until()`` further. ``gradients()`` are those of the leaves
    so far. ``interact()`` takes commands in a terminal, ``to_html()`` makes a page that plays all steps. No ``.grad``
    changes, and nothing of the graph.
    """

    def __init__(self, loss: Tensor, model: Any = None, gradient: Tensor | None = None):
        self.record = record(loss, model, gradients=False)
        start = started(loss, gradient)
        if any(step.freed for step in self.record.steps):
            raise RuntimeError(FREED)
        for step in self.record.steps:
            step.arrived = step.left = step.backward = None
        self.position = 0
        self._sent: dict[Any, list[Array]] = {_key(loss._edge): [start]}
        self._trail: list[list[Any]] = []
        self._edits: dict[Step, Array] = {}

    # --- where it is --------------------------------------------------------------------------------------------------

    @property
    def here(self) -> Step | None:
        """The step that comes next; None at the end."""
        steps = self.record.steps
        return steps[self.position] if self.position < len(steps) else None

    @property
    def gradient(self) -> Any:
        """What arrives at the next step (a list where it has several outputs); None where nothing does."""
        if self.here is None:
            return None
        g: Any = self._arriving(self.here)
        return [None if v is None else v.numpy().copy() for v in g] if isinstance(g, list) else (
            None if g is None else g.numpy().copy()
        )  # fmt: skip

    @gradient.setter
    def gradient(self, value: Any) -> None:
        step = self.here
        before = None if step is None else self._arriving(step)
        if step is None or before is None or isinstance(before, list):
            raise RuntimeError("there is no gradient to set here: nothing arrives, or at several outputs")
        made = np.array(value, before.dtype.dtype)
        if made.shape not in ((), before.shape):
            raise ValueError(f"the gradient here has shape {list(before.shape)}, not {list(made.shape)}")
        self._edits[step] = from_numpy(np.broadcast_to(made, before.shape).copy())

    def gradients(self) -> dict[str, np.ndarray]:
        """The gradients of the leaves, as far as they have arrived."""
        found = {leaf.name: self._sum((leaf.leaf, 0)) for leaf in self.record.leaves}
        return {name: g.numpy().copy() for name, g in found.items() if g is not None}

    # --- moving -------------------------------------------------------------------------------------------------------

    def step(self) -> Step | None:
        """Take the next step and return it; None at the end."""
        step = self.here
        if step is None:
            return None
        g = self._arriving(step)
        sent = []
        step.arrived = arrays_of(g) if g is not None else [None] * len(step.shapes)
        if g is not None:
            for edge, dx in zip(step.node.edges, self._run(step, g)):
                if edge is not None and dx is not None:
                    dx = dx if dx.shape == edge.layout.shape else backprop._sum_array_to(dx, edge.layout.shape)
                    self._sent.setdefault(_key(edge), []).append(dx)
                    sent.append(_key(edge))
        self._trail.append(sent)
        self.position += 1
        return step

    def _run(self, step: Step, g: Any) -> list[Array | None]:
        """The gradients of a step's inputs, as backward finds them."""
        node = step.node
        if node in backprop.recompute:
            backprop._recomputed(node)
        backprop.check_unspoiled(node)
        hooks = {k: h for k, h in (node.hooks or {}).items() if not (type(k) is tuple and k[0] == "retain")}
        if hooks:
            g = backprop.run_hooks(hooks, g, False)
            step.arrived = arrays_of(g)
        meter = Meter()
        kept_alive = [g]  # an op writes over a gradient that nobody else holds
        with observe(meter), restored([step]):
            found = list(node.op.backward(node, g))
        del kept_alive
        step.left, step.backward = arrays_of(found), meter.read()
        return found

    def back(self) -> Step | None:
        """Undo the last step and return it; None at the start. A gradient that was set stays so."""
        if not self.position:
            return None
        for key in self._trail.pop():
            self._sent[key].pop()
        self.position -= 1
        step = self.record.steps[self.position]
        step.arrived = step.left = step.backward = None
        return step

    def run(self) -> None:
        """Go on to the end."""
        while self.step() is not None:
            pass

    def run_to(self, *, op: str | None = None, module: str | None = None, line: int | None = None) -> Step | None:
        """Go on to the next step of an op (its name, such as "log_softmax", or its node's), of a module (its path, or
        that of one around it) or of a line; it is taken next. None where the end came first."""
        if self.step() is None:
            return None
        while (step := self.here) is not None and not _matches(step, op, module, line):
            self.step()
        return step

    def run_until(self, *, nan: bool = False, norm: float | None = None, zero: bool = False) -> Step | None:
        """Go on until a step has sent a gradient with a NaN, of more than a norm, or of zeros alone; that step, or None
        where the end came first."""
        while (step := self.step()) is not None:
            for g in step.left or ():
                if g is not None and g.size and _is_so(g, nan, norm, zero):
                    return step
        return None

    # --- the gradients ------------------------------------------------------------------------------------------------

    def _arriving(self, step: Step) -> Any:
        """The gradient of a step's output, a list for several; None where nothing arrived."""
        if step in self._edits:
            return self._edits[step]
        if type(step.node.layout) is not tuple:
            return self._sum((step.node, 0))
        found = [self._sum((step.node, i)) for i in range(len(step.node.layout))]
        return found if any(g is not None for g in found) else None

    def _sum(self, key: Any) -> Array | None:
        """The sum of what was sent there, in the order in which backward adds."""
        parts = self._sent.get(key, [])
        if len(parts) < 2:
            return parts[0] if parts else None
        total = fresh(parts[0].layout.packed)
        K.add(total, parts[0], parts[1])
        for part in parts[2:]:
            K.add(total, total, part)
        return total

    # --- showing ------------------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        step = self.here
        if step is None:
            return "\n".join(["at the end", *[f"  {n}: {statistics(g)}" for n, g in self.gradients().items()]])
        place, source = place_of(step)
        lines = [debugger_page.title_of(self.record, step)]
        lines += [f"  {place}", *([f"  {source}"] if source else []), f"  {forward(step)}"]
        for e in step.inputs:
            if e.target is not None:
                to = leaf_in_words(e.target) if isinstance(e.target, LeafRecord) else e.target
                lines.append(f"  dL/d{e.name} = {formulas.rule(step.op, e.name)}, to {to}")
        lines += [f"  where {text}" for text in formulas.between(step.op)]
        named = debugger_page.arriving(step, self.gradient)
        return "\n".join(
            [*lines, *[f"  {n}: nothing arrives" if g is None else f"  {n} = {statistics(g)}" for n, g in named]]
        )

    __repr__ = __str__

    def interact(self, read: Callable[[str], str] = input, write: Callable[[str], Any] = print) -> None:
        """Take commands until q; ``h`` lists them."""
        write(str(self))
        while True:
            try:
                words = read("(backward) ").split()
            except EOFError:
                return
            if words[:1] == ["q"]:
                return
            try:
                write(self._obey(words))
            except (ValueError, RuntimeError, IndexError) as error:
                write(str(error))

    def _obey(self, words: list[str]) -> str:
        command, rest = (words[0] if words else "n"), words[1:]
        if len(rest) > WORDS.get(command, len(rest)):
            hint = f"; to {rest[0]} runs to a step" if command in ("n", "r") else ""
            most = "one word" if WORDS[command] else "nothing"
            raise ValueError(f"{command} takes {most} after it, not {' '.join(rest)!r}{hint}")
        if command in ("to", "norm") and not rest:
            raise ValueError({"to": "to what op, module or line?", "norm": "from what norm on?"}[command])
        if command == "to":
            name = rest[0]
            wanted: dict[str, Any] = {"op": name, "module": name, "line": int(name) if name.isdigit() else None}
            if not any(_matches(step, **wanted) for step in self.record.steps[self.position + 1 :]):
                return f"no step that is still to come is of an op, a module or a line {name!r}"
            self.run_to(**wanted)
        elif command in ("nan", "zero", "norm"):
            found = self.run_until(nan=command == "nan", zero=command == "zero",
                                   norm=float(rest[0]) if command == "norm" else None)  # fmt: skip
            return f"after {found!r}: {found.name}\n{self}" if found else f"nowhere\n{self}"
        elif command == "g":
            return str(self.gradient)
        elif command == "v":
            return self._values(*rest[:1])
        elif command == "set":
            values = np.array([float(v) for v in rest])
            self.gradient = values[0] if len(values) == 1 else values.reshape(np.shape(self.gradient))
        elif command in ("n", "b", "r"):
            {"n": self.step, "b": self.back, "r": self.run}[command]()
        else:
            return HELP if command in ("h", "help", "?") else f"there is no command {command!r}\n{HELP}"
        return str(self)

    def _values(self, name: str = "") -> str:
        """What went through the next step in the forward: its inputs, weights among them, and its output; or one of
        these, all its numbers."""
        step = self.here
        if step is None:
            return "at the end: no step comes next"
        values = {e.name: self.record.value(step, i) for i, e in enumerate(step.inputs)}
        for e in step.inputs:
            if values[e.name] is None and isinstance(e.target, LeafRecord):
                values[e.name] = e.target.value
        values |= {s.name: s.values for s in step.saved}
        values |= {f"y{i}" if len(step.shapes) > 1 else "y": y for i, y in enumerate(step.outputs or ())}
        if name:
            if name not in values:
                raise ValueError(f"there is no value {name!r} at this step, but {', '.join(values)}")
            with np.printoptions(threshold=sys.maxsize):
                return str(values[name])
        return "\n".join(f"{n} = {_indented(v, len(n) + 3)}" for n, v in values.items())

    def to_html(self, path: Any = None) -> str:
        """A page by itself that plays the steps, from the first to the last, with gradients as they were set; in a file
        too where a path is given. The debugger stays where it is."""
        position = self.position
        self.run()
        text = debugger_page.page_of(self.record, self.gradients())
        while self.position > position:
            self.back()
        return kept(text, path)

    def _repr_html_(self) -> str:
        return framed(self.to_html(), 720)


def debug(loss: Tensor, model: Any = None, *, gradient: Tensor | None = None) -> Debugger:
    """Wait before the first step of the backward pass from ``loss``; see :class:`Debugger`, and
    :func:`autograd.study.record` for the arguments.

    Run the forward within ``study.trace(values=True)`` for lines, modules and values. Raises RuntimeError for a graph
    that was freed.
    """
    return Debugger(loss, model, gradient)


def _indented(values: np.ndarray | None, by: int) -> str:
    text = "not recorded" if values is None else listed(values)
    return text.replace("\n", "\n" + " " * by)


def _key(edge: Any) -> tuple[Node | Leaf, int]:
    return (edge.node, edge.index) if type(edge) is Output else (edge, 0)


def _module(step: Step) -> str:
    return step.where.module if step.where else ""


def _matches(step: Step, op: str | None, module: str | None, line: int | None) -> bool:
    names = (step.op.__name__, step.name, step.name.partition("Backward")[0])
    if op is not None and op.replace("_", "").lower() in map(str.lower, names):
        return True
    if module is not None and f"{_module(step)}.".startswith(f"{module}."):
        return True
    return line is not None and step.where is not None and step.where.line == line


def _is_so(g: np.ndarray, nan: bool, norm: float | None, zero: bool) -> bool:
    if nan and np.isnan(g).any():
        return True
    return bool((norm is not None and np.linalg.norm(g) > norm) or (zero and not g.any()))
