"""The same graph by several engines: C kernels, NumPy's, float64, finite differences, PyTorch; and where they part.

>>> from autograd import study, tensor
>>> w = tensor([0.5, 1.5], requires_grad=True)
>>> with study.trace(values=True):
...     loss = (w * w).sum()
>>> found = compare(loss)
>>> found["NumPy"].first is None, found["float64"].gradients["w"] <= 1
(True, True)
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import backend
from ..tensor import Tensor
from .explanation_page import Report, Row
from .in_library import forward_of, names
from .origins import element
from .recording import NOT_RECORDED, LeafRecord, Record, Step, record
from .rounding import is_zero
from .source import _Writer
from .svg import number
from .templates import Missing

EPSILON = 1e-6
PROBED = 5  # elements of each leaf that finite differences look at


@dataclass
class Deviation:
    """Where an engine first differs by more than a rounding: the step, "forward", "backward" or of which leaf the
    gradient, and by how many units in the last place."""

    step: int
    op: str
    direction: str
    ulp: float
    place: str

    def __str__(self) -> str:
        at = f" at {self.place}" if self.place else ""
        return f"step {self.step} ({self.op}){at}, {self.direction}: {number(self.ulp)} ulp"


@dataclass
class Engine:
    """What one engine gave beside the run that was recorded: per step the largest difference of the value and of the
    gradient arriving, per leaf that of the gradient, in units in the last place of the recorded dtype; ``first`` is
    where it begins; ``agrees`` whether it is no more than rounding. ``zeros`` are leaves whose recorded gradient is
    zero but for rounding, so that units of it mean nothing; ``kinks`` elements of leaves where the loss has no slope.
    ``note`` says why there is no run."""

    name: str
    values: dict[int, float] = field(default_factory=dict)
    arrived: dict[int, float] = field(default_factory=dict)
    gradients: dict[str, float] = field(default_factory=dict)
    agrees: bool = True
    first: Deviation | None = None
    zeros: list[str] = field(default_factory=list)
    kinks: list[str] = field(default_factory=list)
    note: str = ""


@dataclass
class Comparison(Report):
    """Engines beside the recorded run."""

    title: str
    engines: list[Engine]

    def __getitem__(self, name: str) -> Engine:
        return next(e for e in self.engines if e.name == name)

    def _sections(self) -> Iterator[tuple[str, list[Row]]]:
        for e in self.engines:
            yield e.name, list(_rows(e))


def _rows(e: Engine) -> Iterator[Row]:
    if e.note:
        yield "note", e.note
        return
    if e.values:
        yield "values", f"at most {number(max(e.values.values()))} ulp away"
    if e.arrived:
        yield "gradients", f"of inner tensors at most {number(max(e.arrived.values()))} ulp away"
    for name, ulp in e.gradients.items():
        yield "leaf", f"{name}: " + ("zero within rounding" if name in e.zeros else f"{number(ulp)} ulp")
    if e.kinks:
        yield "kink", f"at {', '.join(e.kinks)}: not differentiable there, so that there is no slope to compare with"
    if not e.agrees:
        yield "wrong", "a gradient differs beyond rounding"
    if e.name != "finite differences":
        yield "first", str(e.first) if e.first else "no deviation"


def compare(loss: Tensor, model: Any = None, *, ulps: float = 4, gradient: Tensor | None = None) -> Comparison:
    """Run the graph behind ``loss`` again by each engine, from the recorded leaves and constants, and hold values and
    gradients against those of the recorded run, step by step.

    ulps
        From how many units in the last place on a difference counts as a deviation: the first is named.

    The forward must have run within ``with study.trace(values=True):``; an op that cannot be run again is refused by
    name. See :func:`autograd.study.record` for the rest.
    """
    import autograd

    found = record(loss, model, gradient=gradient)
    if any(step.outputs is None for step in found.steps):
        raise RuntimeError(f"compare: the values are {NOT_RECORDED}")
    again = _Again(found)
    engines = []
    for name, kernels in (("C", "c"), ("NumPy", "numpy")):
        if kernels == "c" and backend.extension is None:
            engines.append(Engine(name, note="the C kernels are not built"))
            continue
        with backend.set_backend(kernels):
            engines.append(_held(found, name, again.run(autograd, autograd.nn.functional), ulps))
    engines.append(_held(found, "float64", again.run(autograd, autograd.nn.functional, np.float64), ulps))
    engines.append(_differences(found, again))
    engines.append(_torch(found, again, ulps))
    steps, leaves = len(found.steps), len(found.leaves)
    counted = f"{steps} step{'s' * (steps != 1)}, {leaves} lea{'f' if leaves == 1 else 'ves'}"
    return Comparison(f"{counted}, beside the recorded run", engines)


def _torch(found: Record, again: _Again, ulps: float) -> Engine:
    try:
        torch, functional = importlib.import_module("torch"), importlib.import_module("torch.nn.functional")
    except ImportError:
        return Engine("PyTorch", note="not installed")
    try:
        return _held(found, "PyTorch", again.run(torch, functional), ulps)
    except (TypeError, RuntimeError, AttributeError) as error:
        return Engine("PyTorch", note=f"cannot run this graph: {error}".splitlines()[0])


# --- running again ----------------------------------------------------------------------------------------------------

Results = tuple[dict[tuple[int, int], np.ndarray], dict[tuple[int, int], np.ndarray], dict[str, np.ndarray]]


class _Again(_Writer):
    """The forward of a graph as lines that a library runs."""

    def __init__(self, found: Record):
        super().__init__(found)
        self.lines = [(step, self._line(step)) for step in reversed(found.steps)]

    def _line(self, step: Step) -> Any:
        suffix = " in use" if step.params.get("training") is False else ""
        if step.op.__name__ in ("Gather", "Pick", "Index") and not step.inputs[0].shape:
            suffix = " of one"
        try:
            text = forward_of(step.op, suffix)
        except Missing:
            raise Missing(f"compare: step {step.number}, {step.op.__name__}, cannot be run again") from None
        return compile(self._filled(step, text), f"<step {step.number}>", "eval")

    def _more(self, step: Step, known: dict[str, str], text: str) -> dict[str, str]:
        more = super()._more(step, known, text)
        more["name_of_dtype"] = step.dtype.rpartition(".")[2]
        shape, p = step.shapes[0] or (), step.params
        if "{row}" in text:
            n, d = 1, len(shape)
            while n < p["rows"][1]:
                d -= 1
                n *= shape[d]
            more["row"] = str(tuple(shape[d:]))
        if "{how}" in text:
            more["how"] = repr(("none", "mean", "sum")[p["reduction"]])
        if "{by_scale}" in text:
            more["by_scale"] = repr("sum" if p["scale"] == 1 else "mean")
        return more

    def forward(self, library: Any, functional: Any, arguments: dict[str, Any], dtype: Any = None) -> dict[str, Any]:
        """All values, by the names of the script."""
        space = {**names(library, functional, dtype), **arguments}
        for step, code in self.lines:
            space[f"v{step.number}"] = eval(code, space)
        return space

    def loss(self, space: dict[str, Any]) -> Any:
        """The tensor at which backward starts."""
        root = self.found.root
        y = space[f"v{root.number}" if isinstance(root, Step) else self.names[root]]
        return y[self.found.index] if isinstance(y, tuple | list) else y

    def given(self, library: Any, dtype: Any = None) -> dict[str, Any]:
        """The arguments as tensors of a library; the leaves want gradients."""
        wanted = {self.names[leaf] for leaf in self.found.leaves}
        made = {}
        for name, value in self.arguments.items():
            floating = value.dtype.kind == "f"
            t = library.tensor(np.array(value, dtype if dtype is not None and floating else value.dtype))
            made[name] = t.requires_grad_() if name in wanted else t
        return made

    def run(self, library: Any, functional: Any, dtype: Any = None) -> Results:
        """The values and arriving gradients of the steps, and the gradients of the leaves."""
        given = self.given(library, dtype)
        space = self.forward(library, functional, given, dtype)
        root = self.loss(space)
        made = {(s.number, k): y for s in self.found.steps for k, y in enumerate(_listed(space[f"v{s.number}"], s))}
        inner = [key for key, y in made.items() if y.requires_grad]
        targets = [made[key] for key in inner] + [given[self.names[leaf]] for leaf in self.found.leaves]
        start = library.tensor(np.asarray(self.found.start, dtype or np.asarray(self.found.start).dtype)).to(root.dtype)
        gradients = library.autograd.grad(root, targets, start.reshape(root.shape), allow_unused=True)
        arrived = {key: _numpy(g) for key, g in zip(inner, gradients) if g is not None}
        held = zip(self.found.leaves, gradients[len(inner) :])
        return (
            {key: _numpy(y) for key, y in made.items()}, arrived,
            {leaf.name: _numpy(g) for leaf, g in held if g is not None},
        )  # fmt: skip


def _listed(y: Any, step: Step) -> list[Any]:
    """The outputs of a step."""
    return list(y) if step.several else [y]


def _numpy(t: Any) -> np.ndarray:
    return t.detach().numpy()


# --- comparing --------------------------------------------------------------------------------------------------------


def ulps_between(found: np.ndarray, right: np.ndarray) -> float:
    """The largest difference, in units in the last place of ``right`` or, for elements that cancelled, of a thousandth
    of its largest element.

    >>> ulps_between(np.float32([1.0, np.nan]), np.float32([1.0 + 2**-22, np.nan]))
    2.0
    """
    if not right.size:
        return 0.0
    finite = np.abs(right[np.isfinite(right)])
    floor = right.dtype.type(finite.max(initial=0) / 1000)
    with np.errstate(all="ignore"):
        unit = np.spacing(np.maximum(np.abs(right), floor)).astype(np.float64)
        away = np.abs(found.astype(np.float64) - right.astype(np.float64)) / unit
    same = (found == right) | (np.isnan(found) & np.isnan(right))
    away = np.where(same, 0.0, away)
    return float(np.where(np.isnan(away), np.inf, away).max())


def _held(found: Record, name: str, results: Results, ulps: float) -> Engine:
    values, arrived, gradients = results
    engine = Engine(name)
    for step in reversed(found.steps):
        _note(engine.values, step, values, step.outputs)
    for step in found.steps:
        _note(engine.arrived, step, arrived, step.arrived)
    for leaf in found.leaves:
        if leaf.name in gradients and leaf.gradient is not None:
            engine.gradients[leaf.name] = ulps_between(gradients[leaf.name], leaf.gradient)
            engine.agrees &= _near(gradients[leaf.name], leaf.gradient, found)
    engine.zeros = [leaf.name for leaf in found.leaves if is_zero(found, leaf, 0)]
    engine.first = _first(found, engine, ulps)
    return engine


def _note(table: dict[int, float], step: Step, results: dict[tuple[int, int], np.ndarray], recorded: Any) -> None:
    """Note the largest difference of a step's outputs, or of their gradients."""
    for k, right in enumerate(recorded or ()):
        if right is not None and (step.number, k) in results:
            away = ulps_between(results[step.number, k], right)
            table[step.number] = max(away, table.get(step.number, 0.0))


def _near(g: np.ndarray, right: np.ndarray, found: Record) -> bool:
    """Whether a gradient is another's but for rounding, of which the largest gradients in the graph give the size."""
    finite = [np.abs(leaf.gradient[np.isfinite(leaf.gradient)]) for leaf in found.leaves if leaf.gradient is not None]
    largest = max([float(a.max(initial=0)) for a in finite], default=0.0)
    return bool(np.allclose(g, right, 1e-3, 1e-4 * largest, equal_nan=True))


def _first(found: Record, engine: Engine, ulps: float) -> Deviation | None:
    """The first step, forward and then backward, that is further away; then the first leaf."""
    for direction, table in (("forward", engine.values), ("backward", engine.arrived)):
        for n, away in table.items():
            if away > ulps:
                return _deviation(found.steps[n - 1], direction, away)
    for leaf in found.leaves:
        away = engine.gradients.get(leaf.name, 0.0)
        if away > ulps and leaf.name not in engine.zeros and leaf.used_by:
            return _deviation(leaf.used_by[0][0], f"gradient of {leaf.name}", away)
    return None


def _deviation(step: Step, direction: str, away: float) -> Deviation:
    place = f"line {step.where.line}" if step.where is not None else ""
    return Deviation(step.number, step.op.__name__, direction, away, place)


def _differences(found: Record, again: _Again) -> Engine:
    """Central differences of the forward in float64, at some elements of each leaf."""
    import autograd

    engine = Engine("finite differences")
    given = again.given(autograd, np.float64)
    start = np.asarray(found.start, np.float64)

    def loss(arguments: dict[str, Any]) -> float:
        y = again.loss(again.forward(autograd, autograd.nn.functional, arguments, np.float64))
        return float((_numpy(y) * start).sum())

    for leaf in found.leaves:
        if leaf.gradient is not None and leaf.gradient.size:
            _probe(engine, found, leaf, again.names[leaf], given, loss)
    engine.zeros = [leaf.name for leaf in found.leaves if is_zero(found, leaf, 0)]
    return engine


def _probe(engine: Engine, found: Record, leaf: LeafRecord, name: str, given: dict[str, Any], loss: Callable) -> None:
    """Note how far differences at some elements of a leaf are from its gradient, and where there are kinks."""
    import autograd

    x, right = _numpy(given[name]), np.asarray(leaf.gradient)

    def moved(at: int, by: float) -> float:
        elsewhere = x.copy()
        elsewhere.flat[at] += by
        return loss({**given, name: autograd.tensor(elsewhere)})

    here, slopes = loss(given), right.astype(np.float64)

    def smooth(at: int, slope: Any, above: float, below: float) -> bool:
        """Whether the slopes to either side agree, as at no kink, and those of two widths, as at no jump."""
        narrow = (moved(at, EPSILON / 2) - moved(at, -EPSILON / 2)) / EPSILON
        sides = np.asarray((above - here) / EPSILON), np.asarray((here - below) / EPSILON)
        return _near(sides[0], sides[1], found) and _near(np.asarray(narrow), slope, found)

    for at in sorted(np.random.default_rng(0).choice(x.size, min(PROBED, x.size), replace=False).tolist()):
        above, below = moved(at, EPSILON), moved(at, -EPSILON)
        slope = np.asarray((above - below) / (2 * EPSILON))
        fits = _near(slope, right.flat[at], found)
        if fits or smooth(at, slope, above, below):
            slopes.flat[at] = slope
            engine.agrees &= fits
        else:
            place = tuple([int(i) for i in np.unravel_index(at, x.shape)])
            engine.kinks.append(element(leaf.name, place))
    engine.gradients[leaf.name] = ulps_between(slopes, right)
