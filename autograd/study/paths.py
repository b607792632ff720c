"""Why one number of a gradient is what it is: the sum over all paths from it to the loss.

>>> from autograd import study, tensor
>>> w = tensor([2.0, 3.0], requires_grad=True)
>>> print(why((w * w).sum(), w, 1))
dL/dw[1] = 6: 2 paths
<BLANKLINE>
path 1: 3, 50.0 %
  w[1]       times 3 = w[1] at step 2 (Mul, a) -> y2[1]
  y2[1]      times 1 at step 1 (Sum, x) -> y1
<BLANKLINE>
path 2: 3, 50.0 %
  w[1]       times 3 = w[1] at step 2 (Mul, b) -> y2[1]
  y2[1]      times 1 at step 1 (Sum, x) -> y1
<BLANKLINE>
all together
  %          of the sum of all products, each without its sign
  total      6 by paths, 6 by backward
<BLANKLINE>
the names
  y2         the output of step 2, Mul, of shape (2)
  y1         the output of step 1, Sum, a number

Reading it: each line multiplies by one local derivative, the factor, and goes on to the element that it moves.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from ..tensor import Tensor
from .explanation_page import Report, Row
from .factors import entries
from .formulas import shape as shape_text
from .origins import Place, dims_of, element, numbers, origin, output, rules
from .path_search import Search
from .recording import LeafRecord, Step, record
from .svg import number

GROUPS = 12  # rows whose sums are listed
NAMED = 4  # elements that are named where a path ends


class Link(NamedTuple):
    """From an element of a tensor to one of the next: the factor at a step, and where it comes from. The last link of a
    path may be the gradient at which backward starts; it has step 0."""

    element: str
    factor: float
    step: int
    op: str
    input: str
    place: str
    to: str
    origin: str = ""  # the element whose value the factor is
    numbers: str = ""  # or those of the letters in the rule that gives it, with the elements that they are


@dataclass
class Path:
    """A chain of elements from the number to the loss: the product of its factors, and its share of the sum of the
    sizes of all products, NaN where that is not finite."""

    product: float
    share: float
    links: list[Link]


@dataclass
class Group:
    """The paths through one row of a step's output, such as those of one example: what they add up to, and how many
    they are."""

    element: str
    total: float
    count: float


@dataclass
class Why(Report):
    """A number of a gradient as a sum over paths, the largest first. ``total`` is the sum over all of them, ``count``
    how many there are, ``rest`` what those that are not listed add up to, ``share`` how much of the sizes of all the
    listed ones cover; ``gradient`` is what backward gives. ``groups`` are sums by example, where the element moves
    several; ``names`` say what y2 and the like are; ``ends`` say, where there is no path, at which steps all end."""

    title: str
    total: float
    gradient: float
    count: float
    share: float
    rest: float
    paths: list[Path] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)

    def _sections(self) -> Iterator[tuple[str, list[Row]]]:
        for n, path in enumerate(self.paths, 1):
            share = f", {path.share:.1%}".replace("%", " %") if isfinite(path.share) else ""
            yield f"path {n}: {number(path.product, 4)}{share}", [(link.element, _said(link)) for link in path.links]
        if not self.count:
            yield "there is no path: on every way some factor is 0", list(self.ends.items())
        if self.groups:
            shown = [(g.element, f"{number(g.total, 4)}, {_counted(g.count)}") for g in self.groups[:GROUPS]]
            left = self.groups[GROUPS:]
            if left:
                shown.append(("others", f"{number(sum(g.total for g in left), 4)}, {len(left)} more"))
            yield "by example", shown
        yield "all together", list(self._together())
        if self.names:
            yield "the names", list(self.names.items())

    def _together(self) -> Iterator[Row]:
        others = self.count - len(self.paths)
        if others:
            yield "others", f"{_counted(others)}, which add{'s' * (others == 1)} up to {number(self.rest, 4)}"
        if self.count > 1 and any(isfinite(path.share) for path in self.paths):
            yield "%", "of the sum of all products, each without its sign"
        yield "total", f"{number(self.total, 4)} by paths, {number(self.gradient, 4)} by backward"


def _said(link: Link) -> str:
    if not link.step:
        return f"times {number(link.factor, 4)}, the gradient given"
    same = f" = {link.origin}" if link.origin else ""
    with_numbers = f", {link.numbers}" if link.numbers else ""
    place = f", {link.place}" if link.place else ""
    at = f"step {link.step} ({link.op}, {link.input}{place})"
    return f"times {number(link.factor, 4)}{same} at {at}{with_numbers} -> {link.to}"


def _counted(n: float) -> str:
    if not n:
        return "no path"
    return f"{n:.0f} path{'' if n == 1 else 's'}" if n < 1e6 else f"{n:.3g} paths"


def why(
    loss: Tensor,
    tensor: Tensor | str,
    index: Any = None,
    k: int = 5,
    model: Any = None,
    *,
    gradient: Tensor | None = None,
) -> Why:
    """The gradient of ``loss`` with respect to one element of a tensor, ``tensor[index]``, as a sum over paths.

    tensor
        A tensor in the graph, or the name of a leaf, such as "0.weight".
    index
        Of one element; by default that with the largest gradient. In the weight of a linear layer the row is the unit
        whose output it is, the column its input.
    k
        How many paths are listed.

    A path leads from that element over elements of inner tensors to the loss; its product is that of the factors, the
    local derivatives, on the way. The k largest products are listed.

    Raises RuntimeError where a step has too many elements. See :func:`autograd.study.record` for the other arguments.
    """
    if operator.index(k) < 1:
        raise ValueError(f"why: k is the number of paths to list, at least 1, got {k}")
    found = record(loss, model, gradient=gradient)
    name, target, which = found.located(tensor)
    name = f"({name})" if name.startswith("leaf ") else name
    shape = target.shape if isinstance(target, LeafRecord) else target.shapes[which] or ()
    right = found.gradient(target, which)
    right = np.zeros(shape) if right is None else right
    place = _place(name, shape, index, right, dims_of(target, which))
    return _Told(found, k).why(target, which, name, shape, place, float(right[place]))


def _place(name: str, shape: tuple, index: Any, right: np.ndarray, dims: str) -> Place:
    """The index of one element, as numbers from 0."""
    if index is None:
        if not right.size:
            raise IndexError(f"{name} of shape {list(shape)} has no elements")
        return tuple([int(i) for i in np.unravel_index(np.abs(right).argmax(), shape)])
    given = tuple(index) if isinstance(index, (tuple, list)) else (index,)
    meaning = f", {dims}" if dims else ""
    try:
        place = [operator.index(p) for p in given]
    except TypeError:
        raise TypeError(
            f"why: one element is asked for, by whole numbers for a shape of {list(shape)}{meaning}; got {index!r}"
        ) from None
    if len(place) != len(shape):
        raise IndexError(
            f"an index of {len(place)} numbers for a tensor of shape {list(shape)}{meaning}: one element is asked for"
        )
    for d, (p, n) in enumerate(zip(place, shape)):
        if not -n <= p < n:
            raise IndexError(f"index {p} is out of bounds for dim {d} of {name}, of shape {list(shape)}{meaning}")
    return tuple([p % n for p, n in zip(place, shape)])


class _Told(Search):
    """A search, and its paths in words."""

    def why(self, target: Any, which: int, name: str, shape: tuple, place: Place, gradient: float) -> Why:
        """The best paths of an element, in words."""
        flat = int(np.ravel_multi_index(place, shape)) if shape else 0
        top = self.run(target, which, flat)
        total, sizes, count = float(top.total[0]), float(top.sizes[0]), float(top.count[0])
        paths: list[Path] = []
        seen: dict[tuple[Step, int], set[int]] = {}
        for product, onward in zip(top.products[0], top.next[0]):
            if product:
                share = abs(float(product)) / sizes if isfinite(sizes) and sizes else float("nan")
                paths.append(Path(float(product), share, list(self._links(name, place, onward, seen))))
        rest = total - sum(p.product for p in paths)
        count = max(count, len(paths))
        rest = 0.0 if count == len(paths) else rest
        shown = "" if count == len(paths) else f", of which the largest {len(paths)} are shown"
        if count > len(paths) == 1:
            shown = ", of which the largest is shown"
        title = f"dL/d{element(name, place)} = {number(gradient, 4)}: {_counted(count)}{shown}"
        share = sum(p.share for p in paths)
        names = {output(step, index): self._described(step, index, inputs) for (step, index), inputs in seen.items()}
        if dims := dims_of(target, which):
            names = {name: f"of shape {shape_text(shape)} {dims}", **names}
        ends = {} if count else self._ends(target, which, name, flat)
        return Why(title, total, gradient, count, share, rest, paths, self._groups(), names, ends)

    def _links(self, name: str, place: Place, onward: np.ndarray, seen: dict) -> Iterator[Link]:
        while onward[0] > 0:
            step = self.found.steps[onward[0] - 1]
            i, index = divmod(int(onward[1]), len(step.shapes))
            e, shape = step.inputs[i], step.shapes[index] or ()
            own = int(np.ravel_multi_index(place, e.shape)) if e.shape else 0
            o = int(onward[2])
            to = _unraveled(o, shape)
            found = entries(step, i, index, own)
            factor = float(found.factors[found.outputs == o].sum())
            asked = (self.found, step, i, index, place, to)
            same = origin(*asked)
            yield Link(
                element(name, place), factor, step.number, step.op.__name__, e.name, _line(step),
                element(output(step, index), to), same, "" if same else numbers(*asked),
            )  # fmt: skip
            seen.setdefault((step, index), set()).add(i)
            name, place, onward = output(step, index), to, self.best[step, index].next[o, onward[3]]
        start = float(np.asarray(self.found.start)[place])
        if start != 1:
            yield Link(element(name, place), start, 0, "", "", "", "")

    def _described(self, step: Step, index: int, inputs: set[int]) -> str:
        shape = step.shapes[index] or ()
        module = f", module {step.where.module!r}" if step.where and step.where.module else ""
        which = f"output {index}" if step.several else "the output"
        of = f"of shape {shape_text(shape)}" if shape else "a number"
        dims = dims_of(step, index)
        by = rules(step, inputs)
        return ", ".join([f"{which} of step {step.number}", f"{step.op.__name__}{module}", f"{of} {dims}".rstrip()]) + (
            f"; {by}" if by else ""
        )

    def _groups(self) -> list[Group]:
        """The sums by row of the first output on the way, or of all uses together, where several rows have paths."""
        uses = sorted(self.rows, key=lambda use: -use[0].number)
        if not all(dims_of(*use).startswith("[example") for use in uses):
            return []
        if len({(step.shapes[index] or ())[:1] for step, index in uses}) > 1:
            return []
        made = []
        for row in sorted(set().union(*self.rows.values())):
            parts = [self.rows[use].get(row, (0.0, 0.0)) for use in uses]
            if count := sum(n for _, n in parts):
                made.append(Group(" + ".join(_row(*use, row) for use in uses), sum(total for total, _ in parts), count))
        return made if len(made) > 1 else []

    def _ends(self, target: Any, which: int, name: str, flat: int) -> dict[str, str]:
        """The steps at which the ways from an element end, since factors are 0, with the elements where."""
        above = self.above(target)
        reached: dict[tuple[Any, int], np.ndarray] = {(target, which): np.array([flat])}
        ends: dict[str, str] = {}
        for step in reversed(self.found.steps):
            for i, e in enumerate(step.inputs if step in above else ()):
                at = reached.get((e.target, e.index))
                if at is None:
                    continue
                going = np.zeros(0, np.int64)
                for index in range(len(step.shapes)):
                    found = entries(step, i, index, flat if at.size == 1 and at[0] == flat else None)
                    on = np.isin(found.inputs, at)
                    going = np.union1d(going, found.inputs[on])
                    if on.any():
                        before = reached.get((step, index), np.zeros(0, np.int64))
                        reached[step, index] = np.union1d(before, found.outputs[on])
                stuck = np.setdiff1d(at, going)
                if stuck.size:
                    inner = e.target if isinstance(e.target, Step) and e.target is not target else None
                    source = output(inner, e.index) if inner else name
                    ends[f"step {step.number}"] = _end(step, i, source, stuck)
        return ends


def _row(step: Step, index: int, row: int) -> str:
    """A row of an output, as code would name it."""
    rest = [":"] * (len(step.shapes[index] or ()) - 1)
    return f"{output(step, index)}[{', '.join([str(row), *rest])}]"


def _unraveled(flat: int, shape: tuple) -> Place:
    return tuple([int(p) for p in np.unravel_index(flat, shape)]) if shape else ()


def _line(step: Step) -> str:
    return f"line {step.where.line}" if step.where is not None else ""


OFF = {
    "Relu": "the ReLU is off there, its input is not above 0",
    "LinearRelu": "the ReLU behind it is off, or the input is 0, in every row",
    "Embedding": "no index takes this row",
    "Dropout": "it was dropped",
    "MaxPool2D": "it is the largest of no window",
}


def _end(step: Step, i: int, source: str, stuck: np.ndarray) -> str:
    """In words: at which elements all factors of a step are 0."""
    shape = step.inputs[i].shape or ()
    named = ", ".join(element(source, _unraveled(int(f), shape)) for f in stuck[:NAMED])
    more = f" and {stuck.size - NAMED} more" if stuck.size > NAMED else ""
    module = f", module {step.where.module!r}" if step.where and step.where.module else ""
    place = f", {_line(step)}" if _line(step) else ""
    why = OFF.get(step.op.__name__, "")
    return f"{step.op.__name__}{module}{place}: 0 at {named}{more}" + (f"; {why}" if why else "")
