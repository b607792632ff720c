"""A backward pass explained, step by step: what each op does to the gradient, with its numbers.

>>> from autograd import study, tensor
>>> a, b = tensor(2.0, requires_grad=True), tensor(3.0, requires_grad=True)
>>> with study.trace(values=True):
...     c = a * b
>>> print(explain(c).entries[0].inputs[0].numbers)
dL/da = g * b = 1 * 3 = 3
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from ..ops.linalg import Linear
from ..ops.recurrent_cell import Recurrence
from ..tensor import Tensor
from . import formulas
from .constants import constants, numbers_of
from .evaluation import filled
from .explanation_page import Explained
from .formulas import shape
from .recording import NOT_RECORDED, LeafRecord, Record, Step, record, unbroadcast
from .svg import number
from .timing import amount

SMALL = 12  # elements; the numbers of larger tensors are not shown
_shown = ContextVar("elements shown", default=SMALL)


@contextmanager
def shown_up_to(elements: int) -> Iterator[None]:
    """Within it the numbers of tensors of up to so many elements are shown."""
    token = _shown.set(elements)
    try:
        yield
    finally:
        _shown.reset(token)


@dataclass
class Statistics:
    """A gradient or a value in a few numbers, with all of them where it is small."""

    shape: tuple[int, ...]
    norm: float
    largest: float
    nan: int
    infinite: int
    values: str

    def __str__(self) -> str:
        text = f"{shape(self.shape)}, " if self.shape else ""
        text += f"{self.values}, " if self.values and self.shape else self.values
        if self.shape or not self.values:
            text += f"norm {number(self.norm)}, largest {number(self.largest)}"
        odd = [f", {n} {what}" for n, what in ((self.nan, "NaN"), (self.infinite, "infinite")) if n]
        return text + "".join(odd)


@dataclass
class Contribution:
    """A gradient that one use of a result sends to it."""

    source: str
    gradient: Statistics


@dataclass
class Rule:
    """What a step does for one input: the formula and the words of its row, the shapes of a matrix product, the formula
    with numbers where there is one element, what leaves and where to, and what broadcasting makes of it."""

    name: str
    target: str
    formula: str
    words: str
    product: str
    numbers: str
    gradient: Statistics | None
    summed: str


@dataclass
class Entry:
    """A step, explained."""

    number: int
    name: str
    op: str
    module: str
    place: str
    source: str
    forward: str
    constants: list[str]
    shapes: str
    value: Statistics | None
    arrives: list[Statistics]
    branches: list[Contribution]
    between: list[str]
    inputs: list[Rule]
    saved: list[str]
    flops: int
    nbytes: int
    suppressed: int


@dataclass
class Total:
    """The gradient of a leaf, and the branches whose sum it is."""

    name: str
    shape: tuple[int, ...]
    gradient: Statistics | None
    branches: list[Contribution]


@dataclass
class Explanation(Explained):
    """A backward pass: its ``entries`` in the order in which backward takes them, and the ``leaves`` where it ends.

    ``print`` shows it as text, a notebook and ``rich.print`` in their ways; ``to_markdown``, ``to_html`` and
    ``to_json`` give texts, and write them where a path is given.
    """

    title: str
    entries: list[Entry] = field(default_factory=list)
    leaves: list[Total] = field(default_factory=list)

    def __getitem__(self, number: int) -> Entry:
        """The entry of this number, from 1."""
        if not 1 <= number <= len(self.entries):
            raise IndexError(f"the steps have the numbers 1 to {len(self.entries)}, got {number}")
        return self.entries[number - 1]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


def explain(loss: Tensor, model: Any = None, *, gradient: Tensor | None = None, elements: int = SMALL) -> Explanation:
    """Explain the backward pass from ``loss``; see :func:`autograd.study.record` for the arguments and for what is
    refused. The numbers of tensors of up to so many ``elements`` are shown.

    Source lines, modules, and values that nothing saved are there where the forward ran within
    ``with study.trace(values=True):``. Within it a linear layer and its activation are two steps; elsewhere they may be
    one.
    """
    found = record(loss, model, gradient=gradient)
    with shown_up_to(elements):
        return _explanation(found, loss)


def _explanation(found: Record, loss: Tensor) -> Explanation:
    value = "" if loss.numel() > 1 else f" from {number(loss.item())}"
    steps, leaves = len(found.steps), len(found.leaves)
    title = f"Backward{value}: {steps} step{'s' * (steps != 1)}, {leaves} lea{'f' if leaves == 1 else 'ves'}"
    return Explanation(title, [_entry(found, s) for s in found.steps], [_total(found, leaf) for leaf in found.leaves])


def statistics(a: np.ndarray) -> Statistics:
    """What there is to say of an array."""
    finite = np.abs(a[np.isfinite(a)]).astype(np.float64)
    return Statistics(
        a.shape, float(np.linalg.norm(finite)), float(finite.max(initial=0)), int(np.isnan(a).sum()),
        int(np.isinf(a).sum()), numbers(a),
    )  # fmt: skip


def numbers(a: np.ndarray) -> str:
    """The elements of a small array, "" of a larger one."""
    if a.size > _shown.get():
        return ""
    if not a.shape:
        return number(float(a), 4)
    formatter: Any = {"all": lambda v: number(float(v), 4)}
    shown = np.array2string(a, separator=", ", formatter=formatter, max_line_width=10_000)
    return re.sub(r"\n\s*", " ", shown)


def _entry(found: Record, step: Step) -> Entry:
    place, source = place_of(step)
    arrives = [statistics(g) for g in step.arrived or () if g is not None]
    cost = step.backward
    y = step.outputs[0] if step.outputs else None
    return Entry(
        step.number, step.name, step.op.__name__, step.where.module if step.where else "", place, source,
        formulas.forward(step.op), constants(step), _shapes(step), None if y is None else statistics(y), arrives,
        branches(found, step), formulas.between(step.op),
        [_rule(found, step, i) for i, e in enumerate(step.inputs) if e.target is not None],
        [f"{s.name} {shape(s.shape)}, {amount(s.nbytes)}" for s in step.saved],
        cost.flops if cost else 0, cost.nbytes if cost else 0, cost.suppressed if cost else 0,
    )  # fmt: skip


def leaf_in_words(leaf: LeafRecord) -> str:
    """Its name, after the word leaf; a leaf without a name is called by its number alone."""
    return leaf.name if leaf.name.startswith("leaf ") else f"leaf {leaf.name}"


def place_of(step: Step) -> tuple[str, str]:
    """The line that made a step, as "file:line in function" and as source, or that this was not recorded."""
    if step.where is None:
        return NOT_RECORDED, ""
    where = step.where
    return f"{where.filename}:{where.line} in {where.function}", linecache.getline(where.filename, where.line).strip()


def _shapes(step: Step) -> str:
    inputs = ", ".join("none" if e.shape is None and e.target is None else shape(e.shape) for e in step.inputs)
    return f"{inputs} -> {', '.join(map(shape, step.shapes))}"


def branches(found: Record, target: Step | LeafRecord) -> list[Contribution]:
    """What each use of a result sends to it, where there are several."""
    sent = []
    if target is found.root and found.start is not None:
        sent.append(Contribution("the start", statistics(found.start)))
    for user, i in target.used_by:
        g = None if user.left is None or i >= len(user.left) else user.left[i]
        e = user.inputs[i]
        if g is not None and e.shape is not None:
            source = f"step {user.number} ({user.op.__name__}, {e.name})"
            sent.append(Contribution(source, statistics(unbroadcast(g, e.shape))))
    return sent if len(sent) > 1 else []


def _rule(found: Record, step: Step, i: int) -> Rule:
    e = step.inputs[i]
    formula = formulas.rule(step.op, e.name)
    g = None if step.left is None else step.left[i]
    target = e.target
    assert target is not None
    to = leaf_in_words(target) if isinstance(target, LeafRecord) else f"step {target.number}"
    if isinstance(target, Step) and target.several:
        to += f", output {e.index}"
    summed = ""
    if e.summed and g is not None:
        dims = ", ".join(map(str, e.summed))
        summed = f"{shape(g.shape)} summed over dim{'s' * (len(e.summed) > 1)} {dims} gives {shape(e.shape)}"
    return Rule(
        e.name, to, formula, formulas.in_words(formula), _product(step, formula),
        _with_numbers(found, step, i, formula), None if g is None else statistics(g), summed,
    )  # fmt: skip


def _product(step: Step, formula: str) -> str:
    """The shapes of the matrix product that a rule is, a linear layer's input taken as rows."""
    known = {e.name: e.shape for e in step.inputs if e.shape is not None}
    out = step.shapes[0]
    if out is None:
        return ""
    known["g"] = known["dz"] = out
    if issubclass(step.op, Recurrence):
        known["dz"] = known["ds"] = known["dt"] = (known["x"][0], known["w_ih"][0])
        known["h"] = (known["x"][0], known["h0"][1])
    if issubclass(step.op, Linear):
        known = {n: (prod(s[:-1]), s[-1]) if n in ("x", "g", "dz") and len(s) > 2 else s for n, s in known.items()}
    return formulas.product(formula, known)


def _with_numbers(found: Record, step: Step, i: int, formula: str) -> str:
    """``dL/da = g * b = 1 * 3 = 3`` where everything has one element."""
    left = None if step.left is None else step.left[i]
    if not formula or left is None or left.size != 1 or step.arrived is None or len(step.arrived) != 1:
        return ""
    known: dict[str, Any] = {e.name: found.value(step, k) for k, e in enumerate(step.inputs)}
    known |= {"g": step.arrived[0], "y": step.outputs[0] if step.outputs else None}
    known |= {s.name: s.values for s in step.saved} | {
        k: v for k, v in step.params.items() if isinstance(v, float | int)
    }
    known |= numbers_of(step)
    values = {name: float(np.reshape(v, ())) for name, v in known.items() if v is not None and np.size(v) == 1}
    return filled(f"dL/d{step.inputs[i].name}", formula, values, float(left.flat[0]))


def _total(found: Record, leaf: LeafRecord) -> Total:
    g = leaf.gradient
    return Total(leaf.name, leaf.shape, None if g is None else statistics(g), branches(found, leaf))
