"""``study.graph(loss)``: the computation graph as a picture, a page, and text for other tools.

>>> from autograd import tensor
>>> a, b = tensor(2.0, requires_grad=True), tensor(3.0, requires_grad=True)
>>> picture = graph(a * b + a)
>>> print(picture.to_mermaid())
flowchart TD
    l1(["a: scalar"])
    l2(["b: scalar"])
    s2["mul: scalar"]
    s1["add: scalar"]
    l1 --> s2
    l2 --> s2
    s2 --> s1
    l1 --> s1
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from . import graph_page, graph_text
from .graph_cards import Cards, said, size_of
from .graph_tree import Box, chain, edges_of, meeting, tree
from .layout import OUTSIDE, Layers, Point, place
from .page import Picture, framed, kept
from .recording import FREED, Record, record
from .svg import Drawing, shortened, width_of

INSIDE, TITLE, MARGIN = 14.0, 30.0, 16.0  # within an open module around what is in it; its title; around the whole
HEAD = 56.0
FEW = 80  # steps up to which a graph is shown with all modules open
WIDE = 5.0  # between the forward line and the backward line of an edge


class Graph(Picture):
    """The picture of a graph. ``record`` is what was found; ``opened`` the modules that ``to_svg`` shows open."""

    title = "The computation graph"

    def __init__(self, found: Record, opened: Iterable[str] | bool | None = None):
        self.record = found
        self.root = tree(found)
        self.cards = Cards(found)
        self.edges = list(edges_of(self.root))
        if opened is None:
            opened = len(found.steps) <= FEW
        closable = [box for box in self.root.inner() if box.children and box.parent]
        if isinstance(opened, bool):
            wanted = closable if opened else []
        else:
            names = {opened} if isinstance(opened, str) else set(opened)
            if unknown := names.difference(box.title for box in closable):
                titles = ", ".join(repr(box.title) for box in closable[:20]) or "none"
                raise ValueError(f"opened: there is no module {min(unknown, key=str)!r} in this graph, but {titles}")
            wanted = [box for box in closable if box.title in names]
        self.opened = {self.root, *wanted}

    def drawing(self) -> Drawing:
        """The picture, as ``to_svg`` writes it."""
        return _Scene(self).drawn()

    def to_html(self, path: Any = None) -> str:
        """A page in which modules open and close and steps tell about themselves; in a file too where a path is
        given."""
        return kept(graph_page.page_of(self), path)

    def to_dot(self, path: Any = None) -> str:
        """Text for graphviz."""
        return kept(graph_text.dot(self), path)

    def to_mermaid(self, path: Any = None) -> str:
        """Text for Mermaid, as it stands in Markdown."""
        return kept(graph_text.mermaid(self), path)

    def to_json(self, path: Any = None) -> str:
        """Nodes and edges with shapes, values and gradients."""
        return kept(graph_text.json_of(self), path)

    def __str__(self) -> str:
        return graph_text.listing(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return framed(self.to_html(), 640)


def graph(
    loss: Any, model: Any = None, *, gradients: bool = False, opened: Iterable[str] | bool | None = None
) -> Graph:
    """The graph behind ``loss``: ``to_svg``, ``to_html``, ``to_dot``, ``to_mermaid``, ``to_json``, each with a path to
    write to; in a notebook by itself, and ``print`` lists it.

    model
        The module that parameters have their names from, if it was not traced.
    gradients
        Shown are the gradients of a backward from ``loss`` that ran within ``study.trace(values=True)``; with True they
        are found, and no ``.grad`` changes.
    opened
        The titles of the modules that pictures show open, or all or none of them; by default all, if there are few
        steps.

    Run the forward within ``study.trace(values=True)`` to have modules, lines and values. Raises RuntimeError for a
    graph that was freed without that.
    """
    found = record(loss, model, gradients=gradients)
    if any(step.freed and step.outputs is None for step in found.steps):
        raise RuntimeError(FREED)
    return Graph(found, opened)


class _Scene:
    """A graph with some of its modules open: where everything is."""

    def __init__(self, view: Graph):
        self.view = view
        self.sizes: dict[Box, Point] = {}
        self.centres: dict[tuple[Box, int], Point] = {}  # within a box, of its children and of the places kept
        self.corners: dict[Box, Point] = {}
        visible = [view.root]
        for box in visible:
            visible += box.children if box in view.opened else []
        for box in reversed(visible):
            self.sizes[box] = self._inside(box) if box in view.opened else size_of(box)
        self.corners[view.root] = (0.0, 0.0)
        for box in visible:
            if box in view.opened:
                for i, child in enumerate(box.children):
                    (x, y), (w, h) = self.at(box, i), self.sizes[child]
                    self.corners[child] = (x - w / 2, y - h / 2)
        self.visible = visible
        self.index = {child: i for box in view.opened for i, child in enumerate(box.children)}

    def _inside(self, box: Box) -> Point:
        layers: Layers = box.layers  # type: ignore[assignment]
        centres, (w, h) = place(layers, [self.sizes[child] for child in box.children])
        for i, centre in enumerate(centres):
            self.centres[box, i] = centre
        title = width_of(box.title, 13) + 24
        return max(w + 2 * INSIDE, min(title, 260.0)), h + (TITLE if box.parent else INSIDE) + INSIDE

    def at(self, box: Box, i: int) -> Point:
        """Where a child, or a place kept, of an open box is."""
        (x, y), (left, top) = self.centres[box, i], self.corners[box]
        return left + self.sizes[box][0] / 2 + x, top + (TITLE if box.parent else INSIDE) + y

    def shown(self, box: Box) -> Box:
        """The box itself, or the closed one that it is in."""
        return next(b for b in reversed(list(chain(box))) if b not in self.view.opened)

    def drawn(self) -> Drawing:
        w, h = self.sizes[self.view.root]
        width = max(w + 2 * MARGIN, 420.0)
        d = Drawing(width, h + 2 * MARGIN + HEAD, self.view.title)
        head(d)
        d.place(self._boxes_and_lines(), (width - w) / 2, MARGIN + HEAD)
        return d

    def _boxes_and_lines(self) -> Drawing:
        d = Drawing(*self.sizes[self.view.root], "")
        d.markers()
        for box in self.visible:
            (x, y), (w, h) = self.corners[box], self.sizes[box]
            if box in self.view.opened and box.parent:
                d.add("rect", x=x, y=y, width=w, height=h, rx=8, kind=f"module module-{box.depth % 2}")
                d.write(x + 12, y + 20, f"▾ {shortened(box.title, 40)}", "soft strong", tip=box.title)
        for u, v, backward, tip in lines_of(self):
            d.add("path", d=self._path(u, v), kind="forward", tip=tip)
            if backward:
                d.add("path", d=self._path(u, v, WIDE), kind="backward", tip=tip)
        for box in self.visible:
            if box not in self.view.opened:
                d.place(self.view.cards.drawn(box), *self.corners[box])
        return d

    def _path(self, u: Box, v: Box, aside: float = 0.0) -> str:
        """A line from the lower edge of one box to the upper edge of another, by the places kept for it."""
        (ux, uy), (uw, uh) = self.corners[u], self.sizes[u]
        (vx, vy), (vw, _) = self.corners[v], self.sizes[v]
        middle = self._between(u, v)
        first, last = (ux + uw / 2, uy + uh), (vx + vw / 2, vy)
        toward = (middle[-1] if middle else first)[0] - last[0]
        last = (last[0] + max(-vw / 2 + 12, min(vw / 2 - 12, toward / 4)), last[1])
        points = [(x + aside, y) for x, y in [first, *middle, last]]
        text = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
        for (x1, y1), (x2, y2) in pairwise(points):
            half = (y1 + y2) / 2
            text += f"C{x1:.1f} {half:.1f} {x2:.1f} {half:.1f} {x2:.1f} {y2:.1f}"
        return text

    def _between(self, u: Box, v: Box) -> list[Point]:
        """The places kept for a line: out of the boxes around its start, then into those around its end."""
        outer, start, end = meeting(u, v)
        points = []
        for box in chain(u):
            if box is start:
                break
            points += self._kept(box.parent, box, None)
        points += self._kept(outer, start, end)
        inward = []
        for box in chain(v):
            if box is end:
                break
            inward.append(self._kept(box.parent, None, box))
        return points + [p for part in reversed(inward) for p in part]

    def _kept(self, box: Any, start: Box | None, end: Box | None) -> list[Point]:
        ends = tuple(OUTSIDE if b is None else self.index[b] for b in (start, end))
        return [self.at(box, i) for i in box.layers.links[ends][1:-1]]


def head(d: Drawing) -> None:
    """What the colours mean."""
    d.write(MARGIN, 26, "The computation graph", "title")
    d.add("path", d=f"M{MARGIN} 42h26", kind="forward")
    d.write(MARGIN + 32, 46, "forward: values, down", "small plus")
    d.add("path", d=f"M{MARGIN + 190} 42h26", kind="backward")
    d.write(MARGIN + 222, 46, "backward: gradients, up", "small minus")
    d.add("path", d=f"M{MARGIN} 60h26", kind="mark-line dotted", stroke_width=1.5)
    d.write(MARGIN + 32, 64, "saved for backward", "small mark")


def lines_of(scene: _Scene) -> list[tuple[Box, Box, bool, str]]:
    """Between the boxes that are shown: from where, to where, whether a gradient goes back, and what to say."""
    found: dict[tuple[Box, Box], tuple[bool, str]] = {}
    for u, v, step, i in scene.view.edges:
        pair = (scene.shown(u), scene.shown(v))
        if pair[0] is not pair[1]:
            backward, tip = found.get(pair, (False, ""))
            found[pair] = (backward or step.inputs[i].target is not None, tip or said(step, i))
    return [(u, v, backward, tip) for (u, v), (backward, tip) in found.items()]
