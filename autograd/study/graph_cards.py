"""How a step, a leaf, data and a closed module look in the picture of a graph, and what the page says of them.

A card has its forward half on the left, with the value, and its backward half on the right, with the gradient.
"""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import Any

import numpy as np

from .graph_tree import Box, Data
from .recording import LeafRecord, Record, Step
from .svg import Drawing, escaped, number, shortened, width_of

HALF, HEIGHT, SMALL, CLOSED = 112.0, 62.0, 46.0, 58.0
PILL = 20.0
NOT_YET, NOT_KEPT = "not computed yet", "not recorded"
HOW = {
    NOT_YET: "not computed yet: backward() within study.trace(values=True), or graph(loss, gradients=True)",
    NOT_KEPT: "not recorded: graph(loss, gradients=True) finds it",
}
ROOM, NARROW = 16, 15  # characters in half a step, in half a leaf
MOST = 36  # numbers of an array that a page lists


def size_of(box: Box) -> tuple[float, float]:
    """The width and height of a card."""
    if isinstance(box.of, Step):
        return 2 * HALF, HEIGHT + (PILL if box.of.saved else 0)
    if isinstance(box.of, Data):
        return HALF, SMALL
    return 2 * HALF, SMALL if isinstance(box.of, LeafRecord) else CLOSED


def brief(values: np.ndarray | None, room: int = 60) -> str:
    """An array in few characters: its numbers if there are at most three and they have room, else its norm; or how many
    are none.

    >>> brief(np.array([1.0, -0.5])), brief(np.ones((3, 3))), brief(np.array([np.nan, 1.0]))
    ('1, -0.5', 'norm 3', '1 NaN of 2')
    >>> v = np.array([-0.3201, 0.1556])
    >>> brief(v), brief(v, 11), brief(v, 10)
    ('-0.32, 0.156', '-0.32, 0.16', 'norm 0.356')
    """
    if values is None:
        return ""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        nans = int(np.isnan(values).sum())
        if values.size > 1:
            text = f"{nans or int(np.isinf(values).sum()):,} {'NaN' if nans else 'inf'}"
            return full if len(full := f"{text} of {values.size:,}") <= room else text
    if values.size <= 3:
        for digits in (3, 2):
            text = ", ".join(number(v, digits) for v in values.reshape(-1))
            if len(text) <= room:
                return text
    return f"norm {number(float(np.linalg.norm(values.astype(float))))}"


def shape_text(shape: Any) -> str:
    """A shape, a scalar's too."""
    return "scalar" if shape == () else "?" if shape is None else str(list(shape))


class Cards:
    """The cards of a record's boxes; knows whether gradients of this loss were recorded, or could have been."""

    def __init__(self, found: Record):
        self.found = found
        ran = any(step.arrived is not None for step in found.steps)
        self.missing = NOT_KEPT if ran or any(step.outputs is None for step in found.steps) else NOT_YET

    def gradient(self, of: Any) -> np.ndarray | None:
        """The gradient that arrives at a step (at its first output that gets one) or leaf."""
        if isinstance(of, Step):
            return next((g for g in of.arrived or () if g is not None), None)
        if isinstance(of, LeafRecord):
            return of.gradient
        return None

    def forward_half(self, of: Any, room: int = 60) -> tuple[str, str]:
        """The shape (of the first output) and the value in so many characters, "" where it is not known."""
        if not isinstance(of, Step):
            return shape_text(of.shape), brief(of.value, room) if isinstance(of, LeafRecord) else ""
        outs = [shape for shape in of.shapes if shape is not None]
        value = next((v for v in of.outputs or () if v is not None), None)
        if value is None:
            value = next((s.values for s in of.saved if s.name == "y"), None)
        return shape_text(outs[0]) + (f", {len(outs) - 1} more" if len(outs) > 1 else ""), brief(value, room)

    def missing_for(self, of: Any) -> str:
        """What stands where a gradient is missing."""
        if isinstance(of, Data):
            return "no gradient wanted"
        senders = [of] if isinstance(of, Step) else [user for user, _ in of.used_by]
        return "none arrived" if all(step.arrived is not None for step in senders) else self.missing

    def why_missing(self, of: Any) -> str:
        """The same, with what to do about it."""
        missing = self.missing_for(of)
        return HOW.get(missing, missing)

    def drawn(self, box: Box) -> Drawing:
        """The card, its corner at 0, 0."""
        w, h = size_of(box)
        d = Drawing(w, h, box.title)
        of = box.of
        if isinstance(of, Data):
            d.add("rect", x=0, y=0, width=w, height=h, rx=h / 2, kind="pale")
            d.write(w / 2, 19, shortened(box.title, 15), "middle", tip=box.title)
            d.write(w / 2, 35, shape_text(of.shape), "middle soft small")
        elif isinstance(of, LeafRecord):
            d.add("rect", x=0, y=0, width=w, height=h, rx=h / 2, kind="paper card leaf", stroke_width=1.5)
            d.write(w / 2, 18, shortened(of.name, 28), "middle strong", tip=of.name)
            self._halves(d, 36, *self.forward_half(of, NARROW), of)
        elif isinstance(of, Step):
            self._step(d, of, box.title)
        else:
            self._closed(d, box, w, h)
        return d

    def _step(self, d: Drawing, step: Step, title: str) -> None:
        d.add("rect", x=0, y=0, width=d.width, height=d.height, rx=6, kind="paper card", stroke_width=1.2)
        d.write(10, 19, shortened(title, 22), "strong", tip=title)
        d.write(2 * HALF - 8, 19, f"step {step.number:,}", "end soft small")
        self._halves(d, 37, *self.forward_half(step, ROOM), step, 53)
        if step.saved:
            names = ", ".join(s.name for s in step.saved)
            what = names if len(names) <= 18 else f"{len(step.saved)} arrays"
            text = f"saves {what}: {_bytes(sum(s.nbytes for s in step.saved))}"
            width = min(width_of(text, 10.5) + 14, 2 * HALF - 12)
            d.add("rect", x=6, y=HEIGHT - 2, width=width, height=PILL - 3, rx=8, kind="mark-line dotted")
            d.write(14, HEIGHT + 10, text, "mark tiny", tip=", ".join(f"{s.name} {s.shape}" for s in step.saved))

    def _halves(self, d: Drawing, y: float, shape: str, value: str, of: Any, below: float | None = None) -> None:
        """The value on the left and the gradient on the right, in one row or two."""
        g = self.gradient(of)
        d.add("line", x1=HALF, y1=y - 10, x2=HALF, y2=(below or y) + 4, kind="line")
        room = NARROW if below is None else ROOM
        backward = brief(g, room) if g is not None else self.missing_for(of)
        tip = "" if g is not None else self.why_missing(of)
        bad = "bad" if "NaN" in backward or "inf" in backward or "∞" in backward else "minus"
        if below is None:
            d.write(HALF - 6, y, shortened(value or shape, NARROW), "end small plus", tip=f"{shape} {value}")
            d.write(HALF + 6, y, backward, f"small {bad if g is not None else 'soft'}", tip=tip)
            return
        d.write(10, y, shortened(shape, ROOM), "small soft", tip=shape)
        d.write(10, below, value, "small bad" if "NaN" in value or "inf" in value else "small plus")
        d.write(HALF + 6, y, "gradient", "small soft")
        d.write(HALF + 6, below, backward, f"small {bad if g is not None else 'soft'}", tip=tip)

    def _closed(self, d: Drawing, box: Box, w: float, h: float) -> None:
        d.add("rect", x=4, y=4, width=w - 4, height=h - 4, rx=8, kind="pale card", stroke_width=1)
        d.add("rect", x=0, y=0, width=w - 4, height=h - 4, rx=8, kind="pale card", stroke_width=1)
        d.write(12, 23, f"▸ {shortened(box.title, 27)}", "strong", tip=box.title)
        d.write(12, 42, counted(box.steps, box.leaves), "soft small")

    # --- what the page tells ------------------------------------------------------------------------------------------

    def told(self, box: Box) -> str:
        """HTML about a box."""
        of = box.of
        if isinstance(of, Step):
            return self._told_of_step(of, box)
        if isinstance(of, LeafRecord):
            rows = [("shape", f"{shape_text(of.shape)}, {of.dtype}"), ("value", listed(of.value)),
                    ("gradient", listed(self.gradient(of)) or self.why_missing(of))]  # fmt: skip
            kind = "parameter" if of.parameter else "leaf"
            return _table(f"{of.name} ({kind})", rows + [("used by", _users(of))])
        if isinstance(of, Data):
            rows = [("shape", shape_text(of.shape)), ("gradient", self.missing_for(of))]
            users = ", ".join(f"step {step.number}" for step in of.users[:8])
            return _table(f"{box.title} (data)", [*rows, ("used by", users)])
        return _table(box.title, [("steps", f"{box.steps:,}"), ("leaves", f"{box.leaves:,}")])

    def _told_of_step(self, step: Step, box: Box) -> str:
        rows = [
            (
                "rule",
                re.sub(r"(?<!\n)\n(?!\n|dL/|y\b|h: )", " ", cleandoc(step.op.__doc__ or "")),
            ),  # the page breaks lines
            ("line", str(step.where or "not recorded: use study.trace()")),
        ]
        values = step.outputs or [None] * len(step.shapes)
        for i, (shape, value) in enumerate(zip(step.shapes, values)):
            rows.append((f"output {i}" if len(values) > 1 else "output", f"{shape_text(shape)} {_block(value)}"))
        rows.append(("gradient", listed(self.gradient(step)) or self.why_missing(step)))
        for i, e in enumerate(step.inputs):
            g = None if step.left is None else step.left[i]
            text = f"{shape_text(e.shape)} from {source(e.target)}"
            text += f"; summed over dims {list(e.summed)}" if e.summed else ""
            rows.append((f"to {e.name}", text + (f"; gradient {_block(g)}" if g is not None else "")))
        saved = ", ".join(f"{s.name} ({shape_text(s.shape)})" for s in step.saved)
        rows.append(("saved", saved or ("freed" if step.freed else "nothing")))
        rows.append(("used by", _users(step)))
        return _table(f"step {step.number:,}: {box.title}, {step.name}", rows)


def listed(values: np.ndarray | None) -> str:
    """The numbers of an array, a matrix in rows; of a larger one those at its corners, and the norm.

    >>> print(listed(np.array([[1.0, -0.5], [10.0, 0.0]])))
    [[   1, -0.5],
     [  10,    0]]
    """
    if values is None or not values.size:
        return ""
    if not values.ndim:
        return number(float(values))
    wide = max(len(number(v)) for v in values.reshape(-1)[:: max(1, values.size // 1000)]) if values.ndim > 1 else 0
    formatter: Any = {"all": lambda v: number(v).rjust(wide)}
    text = np.array2string(values, separator=", ", formatter=formatter, threshold=MOST, edgeitems=3, max_line_width=200)
    return f"{text} ({brief(values)})" if values.size > MOST else text


def _block(values: np.ndarray | None) -> str:
    """The same, in lines of its own where there are several."""
    text = listed(values)
    return f"\n{text}" if "\n" in text else text


def counted(steps: int, leaves: int) -> str:
    """How many there are.

    >>> counted(1200, 1), counted(1, 0)
    ('1,200 steps, 1 leaf', '1 step')
    """
    text = f"{steps:,} step{'s' * (steps != 1)}"
    return f"{text}, {leaves:,} {'leaf' if leaves == 1 else 'leaves'}" if leaves else text


def source(target: Any) -> str:
    """Where an input comes from."""
    if target is None:
        return "data"
    return f"step {target.number}" if isinstance(target, Step) else target.name


def _users(of: Any) -> str:
    shown = ", ".join(f"step {user.number}" for user, _ in of.used_by[:8])
    return (shown + (f" and {len(of.used_by) - 8:,} more" if len(of.used_by) > 8 else "")) or "nothing: here it starts"


def _table(title: str, rows: list[tuple[str, str]]) -> str:
    lines = "".join(f"<tr><th>{escaped(k)}</th><td>{_cell(v)}</td></tr>" for k, v in rows if v)
    return f"<h2>{escaped(title)}</h2><table>{lines}</table>"


def _cell(text: str) -> str:
    """Text, or an array in rows."""
    return f'<div class="code">{escaped(text)}</div>' if "\n " in text else escaped(text)


def _bytes(n: int) -> str:
    from .timing import amount

    return amount(n)


def said(step: Step, i: int) -> str:
    """What goes along an edge: the shape of the value, and the gradient that goes back."""
    e = step.inputs[i]
    g = None if step.left is None else step.left[i]
    return f"{e.name}: {shape_text(e.shape)}" + (f"; gradient {brief(g)}" if g is not None else "")
