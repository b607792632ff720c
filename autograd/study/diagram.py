"""The diagram of the introductions: layers of circles, and the weights as arrows between them.

>>> from autograd import nn, ones
>>> net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
>>> picture = network(net, ones(1, 3))
>>> [len(column.values) for column in picture.parts[0]], picture.parts[0][1].label
([3, 4, 2], 'tanh')
>>> picture.to_svg().startswith("<svg")
True
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from textwrap import indent, wrap
from typing import Any

import numpy as np

from ..backprop import reachable
from ..graph import Node, observers
from ..modes import enable_grad
from ..tensor import Tensor
from .graph_cards import listed
from .graph_tree import name_of
from .page import Picture
from .svg import Drawing, number, shortened, width_of

RADIUS, ROW, COLUMN, TOP, SIDE, BELOW = 21, 74, 220, 88, 46, 40
MOST, FIRST, LAST = 9, 5, 2  # circles in a column; of a larger layer so many at its top and at its bottom
WRAP = 26  # characters of a line below a column
LABELS = 40  # arrows between two columns that get numbers
PLAIN = {"Linear", "View", "Reshape", "Transpose", "Permute", "Expand", "Cast", "Copy", "Clone"}  # tell nothing here


Point = tuple[float, float]


@dataclass
class Column:
    """A layer: its ``values`` (NaN where no input was given), what is applied to it (``label``), and the weights
    (units, units before) and biases that lead to it."""

    name: str
    values: np.ndarray
    known: bool
    label: str = ""
    weights: np.ndarray | None = None
    bias: np.ndarray | None = None


@dataclass(repr=False)
class Network(Picture):
    """What :func:`network` found, copied: the model may go on changing. ``parts`` holds the chains of layers, one for
    most models; ``beside(other)`` draws two, as before and after a training."""

    parts: list[list[Column]]
    title: str = "The network"
    note: str = ""
    others: list[Network] = field(default_factory=list)

    def beside(self, after: Network, titles: tuple[str, str] = ("before", "after")) -> Network:
        """Both pictures side by side, this one first, arrows and circles on one scale."""
        pair = [Network(n.parts, title, n.note) for n, title in zip((self, after), titles)]
        return Network([], " and ".join(titles), "", pair)

    def drawings(self) -> list[Drawing]:
        """The picture, or both of a pair."""
        shown = self.others or [self]
        widest = max((_largest(c.weights) for n in shown for part in n.parts for c in part), default=0.0)
        return [_drawn(n, widest or 1.0) for n in shown]

    def drawing(self) -> Drawing:
        """The picture, as ``to_svg`` writes it."""
        drawings = self.drawings()
        if len(drawings) == 1:
            return drawings[0]
        both = Drawing(sum(d.width for d in drawings) + 24, max(d.height for d in drawings), self.title)
        x = 0.0
        for d in drawings:
            both.place(d, x, 0)
            x += d.width + 24
        both.add("line", x1=drawings[0].width + 12, y1=16, x2=drawings[0].width + 12, y2=both.height - 16, kind="line")
        return both

    def __str__(self) -> str:
        return "\n\n".join("\n".join(_told(n)) for n in self.others or [self])

    __repr__ = __str__


def network(model: Any, x: Tensor | None = None) -> Network:
    """The model's linear layers as a :class:`Network`: ``to_svg(path)``, ``to_html(path)``, in a notebook by itself,
    and as text by ``print``.

    model
        A module. Its layers stand in the order in which ``model(x)`` calls them, without x in which they were made.
    x
        An input: circles are then filled by what they give for it (its first row, if it has several). The model runs
        once, in evaluation mode; modes, random numbers and gradients stay as they were.

    Arrows are as wide as the weight is large, blue where it is positive, orange where it is negative; a bias stands
    above its circle, the function that is applied to a layer below it. Of layers with more than nine units some are
    left out.

    Raises TypeError for what has no linear layer.
    """
    from ..nn import Linear, Module

    if not isinstance(model, Module):
        raise TypeError(f"network() draws a module, not {type(model).__name__}")
    layers = {m: name for name, m in model.named_modules() if isinstance(m, Linear)}
    if not layers:
        raise TypeError(
            f"{type(model).__name__} has no linear layer that could be drawn as circles and arrows: "
            "study.graph(loss) draws any computation"
        )
    calls, labels = _listed(model) if x is None else _run(model, layers, x)
    parts = _columns(calls, labels, layers)
    rows = 1 if x is None or x.ndim < 2 else x.shape[0]
    return Network(parts, type(model).__name__, f"values for the first of {rows} inputs" if rows > 1 else "")


# --- finding the layers -----------------------------------------------------------------------------------------------

Call = tuple[Any, np.ndarray | None, np.ndarray | None]  # a linear layer, what it was given, what it gave


def _listed(model: Any) -> tuple[list[Call], list[list[str]]]:
    """The layers in the order in which they were made, and the names of what stands before, between and after them."""
    from ..nn import Linear

    calls: list[Call] = []
    labels: list[list[str]] = [[]]
    for _, m in model.named_modules():
        if isinstance(m, Linear):
            calls.append((m, None, None))
            labels.append([])
        elif next(m.children(), None) is None and type(m).__name__ not in ("Identity", "Flatten"):
            labels[-1].append(type(m).__name__.lower())
    return calls, labels


def _run(model: Any, layers: dict, x: Tensor) -> tuple[list[Call], list[list[str]]]:
    """As :func:`_listed`, of a run of the model."""
    from ..random import fork_rng
    from ..training.modes import modes_kept

    calls: list[Call] = []
    nodes: list[list[Node]] = [[]]

    def called(layer: Any, args: tuple, output: Tensor) -> None:
        calls.append((layer, _first(args[0]), _first(output)))
        nodes.append([])

    def recorded(node: Node, *_: Any) -> None:
        if node.op.__name__ not in PLAIN:
            nodes[-1].append(node)

    handles = [layer.register_forward_hook(called) for layer in layers]
    observers.append(recorded)
    try:
        with modes_kept(model), fork_rng(), enable_grad():
            model.eval()
            result = model(x)
    finally:
        observers.remove(recorded)
        for handle in handles:
            handle.remove()
    behind = reachable([result._edge]) if isinstance(result, Tensor) and result._edge else None
    labels = [[name_of(n.op) for n in between if behind is None or n in behind] for between in nodes]
    if not any(labels):  # nothing was recorded, as in a frozen model
        listed = _listed(model)[1]
        labels = listed if len(listed) == len(labels) else labels
    if calls and isinstance(result, Tensor):
        layer, given, gave = calls[-1]
        last = _first(result)
        calls[-1] = (layer, given, last if gave is not None and last.shape == gave.shape else gave)
    return calls, labels


def _first(t: Tensor) -> np.ndarray:
    """The features of the first row of a batch."""
    values = np.atleast_1d(t.detach().numpy())
    return values.reshape(-1, values.shape[-1])[0].astype(float) if values.size else np.full(values.shape[-1], np.nan)


def _columns(calls: list[Call], labels: list[list[str]], names: dict) -> list[list[Column]]:
    """The columns of circles, a new part wherever a layer does not go on from the one before."""
    parts: list[list[Column]] = []
    for i, (layer, given, gave) in enumerate(calls):
        weights = layer.weight.detach().numpy().astype(float)
        bias = None if layer.bias is None else layer.bias.detach().numpy().astype(float)
        if not parts or len(parts[-1][-1].values) != weights.shape[1]:
            label = ", ".join(dict.fromkeys(labels[i])) if not parts else ""
            name = f"input of {names[layer] or 'linear'}" if label else "input"
            parts.append([Column(name, _values(given, weights.shape[1]), given is not None, label)])
        elif given is not None:
            parts[-1][-1].values = given  # what the layer before gave, after the functions between
        label = ", ".join(dict.fromkeys(labels[i + 1]))
        known = gave is not None
        parts[-1].append(Column(names[layer] or "linear", _values(gave, weights.shape[0]), known, label, weights, bias))
    return parts


def _values(found: np.ndarray | None, n: int) -> np.ndarray:
    return np.full(n, np.nan) if found is None else found


# --- drawing ----------------------------------------------------------------------------------------------------------


def _largest(values: np.ndarray | None) -> float:
    finite = np.abs(values[np.isfinite(values)]) if values is not None else np.zeros(0)
    return float(finite.max()) if finite.size else 0.0


def _shown(n: int) -> list[int | None]:
    """The units that get a circle; None where some are left out."""
    if n <= MOST:
        return list(range(n))
    return [*range(FIRST), None, *range(n - LAST, n)]


def _drawn(net: Network, widest: float) -> Drawing:
    """One network; an arrow of weight ``widest`` is the widest."""
    columns = [column for part in net.parts for column in part]
    tallest = max((len(_shown(len(c.values))) for c in columns), default=1)
    wide = [max(width_of(text) for text in (_heading(c), *_lines(c.label))) / 2 + 8 for c in columns]
    left, right = max(SIDE + RADIUS, wide[0]), max(SIDE + RADIUS, wide[-1])
    width = left + COLUMN * (len(columns) - 1) + right
    width = max(width, SIDE + width_of(net.title, 15), SIDE + width_of(net.note, 11))
    below = BELOW + 16 * max(len(_lines(c.label)) - 1 for c in columns)
    d = Drawing(width, TOP + ROW * tallest + below, f"The network {net.title}")
    d.write(16, 26, net.title, "title")
    if net.note:
        d.write(16, 44, net.note, "soft small")
    middle = TOP + ROW * tallest / 2
    places: list[list[tuple[float, float]]] = []
    for i, column in enumerate(columns):
        x, n = left + COLUMN * i, len(_shown(len(column.values)))
        places.append([(x, middle + ROW * (k - (n - 1) / 2)) for k in range(n)])
    for i, column in enumerate(columns):
        if column.weights is not None:
            _arrows(d, column, columns[i - 1], places[i - 1], places[i], widest)
    for i, column in enumerate(columns):
        last = i + 1 == len(columns) or columns[i + 1].weights is None
        _circles(d, column, places[i], "x" if column.name == "input" else "y" if last else "")
        _names(d, column, places[i])
    return d


def _arrows(d: Drawing, column: Column, before: Column, left: list, right: list, widest: float) -> None:
    """The weights between two columns; their numbers where they fit, in the tip of each arrow."""
    assert column.weights is not None
    sources = [(k, p) for k, p in zip(_shown(len(before.values)), left) if k is not None]
    targets = [(k, p) for k, p in zip(_shown(len(column.values)), right) if k is not None]
    lines = [(j, i, p, q, float(column.weights[j, i])) for j, q in targets for i, p in sources]
    for j, i, p, q, w in sorted(lines, key=lambda line: abs(line[4])):
        kind = "bad-line dotted" if not np.isfinite(w) else "plus-line" if w >= 0 else "minus-line"
        share = min(abs(w) / widest, 1.0) if np.isfinite(w) else 0.5
        x1, y1, x2, y2 = _between(p, q)
        tip = f"weight from unit {i} to unit {j}: {number(w, 6)}"
        d.add("line", kind=kind, tip=tip, x1=x1, y1=y1, x2=x2, y2=y2, stroke_width=0.7 + 5 * share,
              stroke_opacity=0.35 + 0.5 * share)  # fmt: skip
        _head(d, x1, y1, x2, y2, kind.partition("-")[0], 0.5 + 0.5 * share)
    if len(lines) <= LABELS:
        taken: list[list[Point]] = []
        for _, _, p, q, w in lines:
            _weight_label(d, p, q, w, taken, [(p, q) for _, _, p, q, _ in lines])


def _between(p: Point, q: Point) -> tuple[float, float, float, float]:
    """The arrow from one circle's edge to the other's."""
    dx, dy = q[0] - p[0], q[1] - p[1]
    length = float(np.hypot(dx, dy))
    ux, uy = dx / length, dy / length
    return p[0] + RADIUS * ux, p[1] + RADIUS * uy, q[0] - (RADIUS + 4) * ux, q[1] - (RADIUS + 4) * uy


def _head(d: Drawing, x1: float, y1: float, x2: float, y2: float, kind: str, opacity: float) -> None:
    length = float(np.hypot(x2 - x1, y2 - y1))
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    tip = f"{x2 + 4 * ux:.1f},{y2 + 4 * uy:.1f}"
    wings = [f"{x2 - 4 * ux + s * 3.5 * uy:.1f},{y2 - 4 * uy - s * 3.5 * ux:.1f}" for s in (1, -1)]
    d.add("polygon", points=" ".join([tip, *wings]), kind=kind, fill_opacity=opacity)


def _weight_label(d: Drawing, p: Point, q: Point, w: float, taken: list[list[Point]], lines: list) -> None:
    """The number of an arrow, written along it, where other numbers and other arrows are far, if there is such a
    place."""
    text = number(w, 2)
    half, angle = width_of(text, 11) / 2, float(np.arctan2(q[1] - p[1], q[0] - p[0]))
    best, chosen = 0.0, None
    for t in np.linspace(0.2, 0.8, 31):
        x, y = p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])
        spots = [(x + k * half * np.cos(angle), y + k * half * np.sin(angle)) for k in (-1, 0, 1)]
        near = min((float(np.hypot(u - a, v - b)) for other in taken for u, v in other for a, b in spots), default=99.0)
        far = min((abs(v - _height(a, b, u)) for a, b in lines if (a, b) != (p, q) for u, v in spots), default=99.0)
        score = min(far, 12.0) + min(near, 24.0) / 3
        if near > 13 and score > best:
            best, chosen = score, (x, y, spots)
    if chosen is not None:
        x, y, spots = chosen
        taken.append(spots)
        turn = f"rotate({np.degrees(angle):.1f} {x:.1f} {y:.1f})"
        d.add("rect", x=x - half - 1, y=y - 6, width=2 * half + 2, height=12, rx=3, kind="paper", transform=turn)
        d.write(x, y + 4, text, "small middle", transform=turn)


def _height(a: tuple, b: tuple, x: float) -> float:
    """Where the line from a to b is at x."""
    return a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0])


def _circles(d: Drawing, column: Column, places: list, symbol: str) -> None:
    """The units of a layer: filled by their values, with their biases; those of inputs and outputs are named."""
    largest = _largest(column.values) or 1.0
    for unit, (x, y) in zip(_shown(len(column.values)), places):
        if unit is None:
            for k in (-1, 0, 1):
                d.add("circle", cx=x, cy=y + 9 * k, r=2, kind="soft")
            continue
        value = float(column.values[unit])
        bias = None if column.bias is None else float(column.bias[unit])
        d.add("circle", cx=x, cy=y, r=RADIUS, kind="paper")
        kind, share = "pale", 1.0
        if column.known:
            finite = np.isfinite(value)
            kind = "bad" if not finite else "plus" if value >= 0 else "minus"
            share = 0.06 + 0.5 * abs(value) / largest if finite else 0.5
        tip = f"unit {unit}" + (f", value {number(value, 6)}" if column.known else "")
        tip += "" if bias is None else f", bias {number(bias, 6)}"
        d.add("circle", cx=x, cy=y, r=RADIUS, kind=kind, fill_opacity=share, tip=tip)
        d.add("circle", cx=x, cy=y, r=RADIUS, kind="soft-line", stroke_width=1.2)
        inside = number(value, 2) if column.known else f"{symbol}{unit + 1}" if symbol else ""
        d.write(x, y + 4, inside, "middle strong" if len(inside) < 5 else "middle tiny")
        if symbol and column.known:
            outside = {"x": (x - RADIUS - 6, "soft end"), "y": (x + RADIUS + 6, "soft")}[symbol]
            d.write(outside[0], y + 4, f"{symbol}{unit + 1}", outside[1])
        if bias is not None:
            d.write(x, y - RADIUS - 5, f"b {number(bias, 2)}", "small middle soft halo")


def _names(d: Drawing, column: Column, places: list) -> None:
    """The layer's name and size above it, the function that is applied to it below."""
    x, top, bottom = places[0][0], places[0][1], places[-1][1]
    above = RADIUS + (26 if column.bias is not None else 12)
    d.write(x, top - above, _heading(column), "middle strong", tip=column.name)
    for k, line in enumerate(_lines(column.label)):
        d.write(x, bottom + RADIUS + 20 + 16 * k, line, "middle mark", tip=column.label)


def _heading(column: Column) -> str:
    return f"{shortened(column.name, 22)} ({len(column.values):,})"


def _lines(label: str) -> list[str]:
    """The names below a column in lines, of many the first."""
    lines = wrap(label, WRAP)
    return [*lines[:2], "…"] if len(lines) > 3 else lines


# --- as text ----------------------------------------------------------------------------------------------------------


def _told(net: Network) -> Iterator[str]:
    """The layers of one network, with their numbers."""
    yield f"{net.title}: " + "; ".join(" -> ".join(f"{len(c.values):,}" for c in part) for part in net.parts)
    if net.note:
        yield net.note
    for column in (c for part in net.parts for c in part):
        yield f"{column.name} ({len(column.values):,})" + (f", {column.label}" if column.label else "")
        arrays = {"weights": column.weights, "bias": column.bias, "values": column.values if column.known else None}
        for name, values in arrays.items():
            if values is not None:
                yield indent(f"{name:8} {listed(values)}".replace("\n", "\n" + " " * 9), "    ")
