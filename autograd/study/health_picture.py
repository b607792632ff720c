"""The course of :class:`.health.GradientHealth` over the steps of a training, as three panels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .layout import apart
from .svg import Drawing, number, shortened

if TYPE_CHECKING:
    from .health import Look

LEFT, WIDTH, RIGHT, HEIGHT, GAP, TOP = 70.0, 520.0, 210.0, 150.0, 70.0, 92.0
LINES = 8  # in a panel
COLORS = ("plus", "minus", "mark", "good", "bad", "soft")

Course = list[tuple[int, float]]


def drawn(looks: list[Look], title: str) -> Drawing:
    """Gradient norms and updates of the weights on logarithmic scales, and the shares of dead and saturated units."""
    names = [name for name, s in looks[-1].sizes.items() if s.weight] if looks else []
    gradients = {n: [(k.step, k.sizes[n].gradient) for k in looks if n in k.sizes] for n in names}
    updates = {n: [(k.step, k.sizes[n].update) for k in looks if n in k.sizes] for n in names}
    activities = looks[-1].activities if looks else {}
    shares = {f"{n}: {a.function}": [(k.step, _share(k, n)) for k in looks] for n, a in activities.items()}
    panels = [("norm of the gradient", _some(gradients), True), ("update / size of the weight", _some(updates), True)]
    if shares:
        panels.append(("share of dead units (relu) or saturated outputs", _some(shares), False))
    d = Drawing(LEFT + WIDTH + RIGHT, TOP + (HEIGHT + GAP) * len(panels), title)
    d.write(16, 28, title, "title")
    d.write(16, 48, f"{len(looks):,} looks; of the parameters, those with more than one dim" if looks else
            "nothing was looked at yet", "small soft")  # fmt: skip
    for i, (name, courses, logarithmic) in enumerate(panels):
        _panel(d, TOP + (HEIGHT + GAP) * i, name, courses, logarithmic)
    return d


def _share(look: Look, name: str) -> float | None:
    a = look.activities.get(name)
    return None if a is None else a.saturated if a.dead is None else a.dead


def _some(courses: dict) -> dict[str, Course]:
    """The numbers that there are, of at most LINES courses from the first to the last."""
    found = {n: [(k, v) for k, v in c if v is not None and math.isfinite(v)] for n, c in courses.items()}
    names = [n for n, c in found.items() if c]
    if len(names) > LINES:
        names = [names[round(i * (len(names) - 1) / (LINES - 1))] for i in range(LINES)]
    return {n: found[n] for n in names}


def _panel(d: Drawing, top: float, title: str, courses: dict[str, Course], logarithmic: bool) -> None:
    d.write(LEFT, top - 12, title, "strong")
    points = [p for c in courses.values() for p in c if p[1] > 0 or not logarithmic]
    if not points:
        d.write(LEFT, top + HEIGHT / 2, "nothing to show: no numbers above 0", "soft")
        return
    steps = [k for k, _ in points]
    first, last = min(steps), max(max(steps), min(steps) + 1)
    low, high = (0.0, 1.0) if not logarithmic else _decades([v for _, v in points])
    scale = (lambda v: math.log10(max(v, 10.0**low))) if logarithmic else float
    x = lambda k: LEFT + WIDTH * (k - first) / (last - first)  # noqa: E731
    y = lambda v: top + HEIGHT * (1 - (scale(v) - low) / (high - low))  # noqa: E731
    _axes(d, top, (first, last), (low, high), logarithmic)
    if title.startswith("update") and low <= -3 <= high:
        d.add("line", x1=LEFT, y1=y(1e-3), x2=LEFT + WIDTH, y2=y(1e-3), kind="good-line dashed", stroke_width=1.5)
        d.write(LEFT + 6, y(1e-3) - 5, "usual: 0.001", "small good halo")
    ends = sorted((y(c[-1][1]), i, n) for i, (n, c) in enumerate(courses.items()))
    places = apart([e[0] for e in ends], [14.0] * len(ends), 0.0)
    for (end, i, name), place in zip(ends, places):
        color, course = COLORS[i % len(COLORS)], courses[name]
        dashed = " dashed" if i >= len(COLORS) else ""
        line = " ".join(f"{x(k):.1f},{y(v):.1f}" for k, v in course)
        d.add("polyline", points=line, kind=f"{color}-line{dashed}", stroke_width=1.8, tip=name)
        if len(course) == 1:
            d.add("circle", cx=x(course[0][0]), cy=end, r=3, kind=color)
        value = number(course[-1][1]) if logarithmic else f"{course[-1][1]:.0%}"
        text = f"{shortened(name, 20)} {value}"
        d.add("line", x1=x(course[-1][0]), y1=end, x2=LEFT + WIDTH + 12, y2=place, kind="line", stroke_width=0.8)
        d.write(LEFT + WIDTH + 16, place + 4, text, f"small {color}", tip=name)


def _decades(values: list[float]) -> tuple[float, float]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return max(low, high - 12), max(high, low + 1)


def _axes(d: Drawing, top: float, steps: tuple[int, int], ends: tuple[float, float], logarithmic: bool) -> None:
    low, high = ends
    marks = [low, (low + high) / 2, high]
    if logarithmic:
        every = max(1, math.ceil((high - low) / 4))
        marks = [float(k) for k in range(int(low), int(high) + 1, every)]
    for mark in marks:
        at = top + HEIGHT * (1 - (mark - low) / (high - low))
        d.add("line", x1=LEFT, y1=at, x2=LEFT + WIDTH, y2=at, kind="axis")
        d.write(LEFT - 8, at + 4, number(10**mark) if logarithmic else f"{mark:.0%}", "end small soft")
    d.write(LEFT, top + HEIGHT + 18, f"step {steps[0]:,}", "small soft")
    d.write(LEFT + WIDTH, top + HEIGHT + 18, f"{steps[1]:,}", "end small soft")
