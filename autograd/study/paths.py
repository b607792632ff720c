"""Why one number of a gradient is what it is: the sum over all paths from it to the loss.

>>> from autograd import study, tensor
>>> w = tensor([2.0, 3.0], requires_grad=True)
>>> print(why((w * w).sum(), w, 1))
dL/dw[1] = 6: 2 paths, of which 2 are shown
<BLANKLINE>
path 1: 3, 50.0 %
  w[1]       times 3 at step 2 (Mul, a) -> y2[1]
  y2[1]      times 1 at step 1 (Sum, x) -> y1
<BLANKLINE>
path 2: 3, 50.0 %
  w[1]       times 3 at step 2 (Mul, b) -> y2[1]
  y2[1]      times 1 at step 1 (Sum, x) -> y1
<BLANKLINE>
the rest
  others     0 paths, which add up to 0
  total      6 by paths, 6 by backward
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..tensor import Tensor
from .explanation_page import Report, Row
from .factors import Entries, entries
from .recording import LeafRecord, Record, Step, record
from .svg import number


class Link(NamedTuple):
    """From an element of a tensor to one of the next: the factor at a step."""

    element: str
    factor: float
    step: int
    op: str
    input: str
    place: str
    to: str


@dataclass
class Path:
    """A chain of elements from the number to the loss: the product of its factors, and its share of the sum of the
    sizes of all products."""

    product: float
    share: float
    links: list[Link]


@dataclass
class Why(Report):
    """A number of a gradient as a sum over paths, the largest first. ``total`` is the sum over all of them, ``count``
    how many there are, ``rest`` what those that are not listed add up to, ``share`` how much of the sizes of all the
    listed ones cover; ``gradient`` is what backward gives."""

    title: str
    total: float
    gradient: float
    count: float
    share: float
    rest: float
    paths: list[Path] = field(default_factory=list)

    def _sections(self) -> Iterator[tuple[str, list[Row]]]:
        for n, path in enumerate(self.paths, 1):
            heading = f"path {n}: {number(path.product, 4)}, {path.share:.1%}".replace("%", " %")
            yield heading, [(link.element, _said(link)) for link in path.links]
        others = f"{_counted(self.count - len(self.paths))}, which add up to {number(self.rest, 4)}"
        if not self.count:
            others = "there is no path: on every way some factor is 0, as that of a ReLU that is off"
        total = f"{number(self.total, 4)} by paths, {number(self.gradient, 4)} by backward"
        yield "the rest", [("others", others), ("total", total)]


def _said(link: Link) -> str:
    place = f", {link.place}" if link.place else ""
    return f"times {number(link.factor, 4)} at step {link.step} ({link.op}, {link.input}{place}) -> {link.to}"


def _counted(n: float) -> str:
    return f"{n:.0f} path{'' if n == 1 else 's'}" if n < 1e6 else f"{n:.3g} paths"


def why(
    loss: Tensor, tensor: Tensor, index: Any = (), k: int = 5, model: Any = None, *, gradient: Tensor | None = None
) -> Why:
    """The gradient of ``loss`` with respect to one element of a tensor, ``tensor[index]``, as a sum over paths.

    A path leads from that element over elements of inner tensors to the loss; its product is that of the factors, the
    local derivatives, on the way. The k largest products are listed.

    Raises RuntimeError where a step has too many elements. See :func:`autograd.study.record` for the other arguments.
    """
    found = record(loss, model, gradient=gradient)
    at = found.target(tensor)
    if at is None:
        raise ValueError(f"a tensor of shape {list(tensor.shape)} is not in the graph of this loss")
    target, output = at
    shape = tuple(tensor.shape)
    place = tuple(index) if isinstance(index, (tuple, list)) else (index,)
    if len(place) != len(shape):
        raise IndexError(
            f"an index of {len(place)} numbers for a tensor of shape {list(shape)}: one element is asked for"
        )
    place = tuple([range(n)[p] for p, n in zip(place, shape)])
    flat = int(np.ravel_multi_index(place, shape)) if shape else 0
    search = _Search(found, k)
    top = search.run(target, output, flat)
    name = target.name if isinstance(target, LeafRecord) else f"({target!r})"
    right = found.gradient(target, output)
    value = 0.0 if right is None else float(right[place])
    return search.report(f"dL/d{_element(name, shape, flat)}", top, value)


def _element(name: str, shape: tuple, flat: int) -> str:
    return f"{name}[{', '.join(str(int(i)) for i in np.unravel_index(flat, shape))}]" if shape else name


class _Best:
    """For each element of a tensor: the k largest products of paths to the loss, with where they go on, the sum of all
    products, of their sizes, and their number."""

    def __init__(self, size: int, k: int):
        self.products = np.zeros((size, k))
        self.next = np.full((size, k, 4), -1)  # which step, which input, which output element, which of its paths
        self.total, self.sizes, self.count = np.zeros(size), np.zeros(size), np.zeros(size)


class _Search:
    """Dynamic programming from the loss down: the best paths of an element are among its factors times the best paths
    of the elements that it moves."""

    def __init__(self, found: Record, k: int):
        self.found, self.k = found, k
        self.best: dict[tuple[Any, int], _Best] = {}
        self.factors: dict[tuple, float] = {}

    def run(self, target: Step | LeafRecord, output: int, flat: int) -> _Best:
        """The best paths of one element of a tensor; at position 0 of what is returned."""
        above = self._above(target)
        root, start = self.found.root, np.asarray(self.found.start, np.float64)
        self._add_start(root, start, None if root is not target else flat)
        for step in self.found.steps:
            if step not in above:
                continue
            for i, e in enumerate(step.inputs):
                last = e.target is target and e.index == output
                if e.target is None or not (last or e.target in above):
                    continue
                for index in range(len(step.shapes)):
                    if (step, index) in self.best:
                        self._through(step, i, index, flat if last and target not in above else None)
        key = (target, output)
        if key not in self.best:
            return _Best(1, self.k)
        best = self.best[key]
        if len(best.total) > 1:
            best = self._one(best, flat)
        return best

    def _above(self, target: Step | LeafRecord) -> set:
        """The steps through which paths lead."""
        above: set = set()
        waiting = [target]
        while waiting:
            for user, _ in waiting.pop().used_by:
                if user not in above:
                    above.add(user)
                    waiting.append(user)
        return above

    def _add_start(self, root: Any, start: np.ndarray, only: int | None) -> None:
        flat = start.ravel() if only is None else start.ravel()[only : only + 1]
        best = self.best[root, self.found.index] = _Best(flat.size, self.k)
        best.products[:, 0] = best.total = flat
        best.sizes, best.count = np.abs(flat), np.ones(flat.size)

    def _through(self, step: Step, i: int, index: int, only: int | None) -> None:
        """Extend the best paths of a step's output to one of its inputs."""
        e = step.inputs[i]
        size = 1 if only is not None else int(np.prod(e.shape or ()))
        source = self.best[step, index]
        found = entries(step, i, index, only)
        inputs = np.zeros_like(found.inputs) if only is not None else found.inputs
        key = (e.target, e.index)
        best = self.best.setdefault(key, _Best(size, self.k))
        np.add.at(best.total, inputs, found.factors * source.total[found.outputs])
        np.add.at(best.sizes, inputs, np.abs(found.factors) * source.sizes[found.outputs])
        np.add.at(best.count, inputs, source.count[found.outputs])
        self._merge(best, source, inputs, found, step, i, index)

    def _merge(self, best: _Best, source: _Best, inputs: Any, found: Entries, step: Step, i: int, index: int) -> None:
        """Keep the k largest of the paths so far and of those through these entries."""
        k = self.k
        candidates = (found.factors[:, None] * source.products[found.outputs]).ravel()
        owner = np.repeat(inputs, k)
        where = np.empty((candidates.size, 4), np.int64)
        where[:, 0] = step.number
        where[:, 1] = i * len(step.shapes) + index
        where[:, 2] = np.repeat(found.outputs, k)
        where[:, 3] = np.tile(np.arange(k), len(inputs))
        size = len(best.total)
        owner = np.concatenate([np.repeat(np.arange(size), k), owner])
        candidates = np.concatenate([best.products.ravel(), candidates])
        where = np.concatenate([best.next.reshape(-1, 4), where])
        order = np.lexsort((-np.abs(candidates), owner))
        first = np.searchsorted(owner[order], np.arange(size))
        chosen = order[first[:, None] + np.arange(k)]
        best.products, best.next = candidates[chosen], where[chosen]

    def _one(self, best: _Best, flat: int) -> _Best:
        one = _Best(1, self.k)
        one.products, one.next = best.products[flat : flat + 1], best.next[flat : flat + 1]
        one.total, one.sizes, one.count = (a[flat : flat + 1] for a in (best.total, best.sizes, best.count))
        return one

    # --- telling

    def report(self, name: str, top: _Best, gradient: float) -> Why:
        """The best paths of the element, in words."""
        total, sizes, count = float(top.total[0]), float(top.sizes[0]), float(top.count[0])
        paths = []
        for product, onward in zip(top.products[0], top.next[0]):
            if product:
                share = abs(float(product)) / sizes if sizes else 0.0
                paths.append(Path(float(product), share, list(self._links(name.removeprefix("dL/d"), onward))))
        rest = total - sum(p.product for p in paths)
        count = max(count, len(paths))
        rest = 0.0 if count == len(paths) else rest
        title = f"{name} = {number(gradient, 4)}: {_counted(count)}, of which {len(paths)} are shown"
        return Why(title, total, gradient, count, sum(p.share for p in paths), rest, paths)

    def _links(self, element: str, onward: np.ndarray) -> Iterator[Link]:
        while onward[0] > 0:
            step = self.found.steps[onward[0] - 1]
            i, index = divmod(int(onward[1]), len(step.shapes))
            source = self.best[step, index]
            to = _element(f"y{step.number}", step.shapes[index] or (), int(onward[2]))
            place = f"line {step.where.line}" if step.where is not None else ""
            yield Link(element, self._factor(step, i, index, int(onward[2]), element), step.number, step.op.__name__,
                       step.inputs[i].name, place, to)  # fmt: skip
            element, onward = to, source.next[onward[2], onward[3]]

    def _factor(self, step: Step, i: int, index: int, o: int, element: str) -> float:
        inside = element[element.index("[") + 1 : -1] if element.endswith("]") else ""
        shape = step.inputs[i].shape or ()
        flat = int(np.ravel_multi_index([int(p) for p in inside.split(",")], shape)) if shape else 0
        found = entries(step, i, index, flat)
        return float(found.factors[found.outputs == o].sum())
