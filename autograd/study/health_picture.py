"""The course of :class:`.health.GradientHealth` over the steps of a training, as three panels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from .health import USUAL
from .layout import apart
from .svg import Drawing, number, shortened

if TYPE_CHECKING:
    from .health import Look

LEFT, WIDTH, RIGHT, HEIGHT, GAP, TOP = 70.0, 520.0, 234.0, 150.0, 70.0, 92.0
LINES = 10  # in a panel
COLORS = ("plus", "minus", "mark", "good", "bad", "soft")

Course = list[tuple[int, float]]


def drawn(looks: list[Look], title: str) -> Drawing:
    """Gradient norms and updates of the weights on logarithmic scales, and the shares of dead and saturated units."""
    names = [name for name, s in looks[-1].sizes.items() if s.weight] if looks else []
    gradients = {n: [(k.step, k.sizes[n].gradient) for k in looks if n in k.sizes] for n in names}
    updates = {n: [(k.step, k.sizes[n].update) for k in looks if n in k.sizes] for n in names}
    activities = looks[-1].activities if looks else {}
    shares = {f"{n}: {a.function}": [(k.step, _share(k, n)) for k in looks] for n, a in activities.items()}
    panels = [("norm of the gradient", gradients, True), ("update / size of the weight", updates, True)]
    if shares:
        panels.append(("share of dead units (relu) or saturated outputs", shares, False))
    d = Drawing(LEFT + WIDTH + RIGHT, TOP + (HEIGHT + GAP) * len(panels), title)
    d.write(16, 28, title, "title")
    d.write(16, 48, f"{len(looks):,} looks; of the parameters, those with more than one dim" if looks else
            "nothing was looked at yet", "small soft")  # fmt: skip
    steps = (looks[0].step, max(looks[-1].step, looks[0].step + 1)) if looks else (1, 2)
    for i, (name, courses, logarithmic) in enumerate(panels):
        shown = _some(courses)
        left_out = f", {len(shown)} of {len(courses)}" if len(shown) < len(courses) else ""
        _panel(d, TOP + (HEIGHT + GAP) * i, name, left_out, shown, steps, logarithmic)
    return d


def _share(look: Look, name: str) -> float | None:
    a = look.activities.get(name)
    return None if a is None else a.saturated if a.dead is None else a.dead


def _some(courses: dict) -> dict[str, Course]:
    """The numbers that there are, NaN among them, of at most LINES courses from the first to the last."""
    found = {n: [(k, v) for k, v in c if v is not None] for n, c in courses.items()}
    names = [n for n, c in found.items() if c]
    if len(names) > LINES:
        names = [names[round(i * (len(names) - 1) / (LINES - 1))] for i in range(LINES)]
    return {n: found[n] for n in names}


def _panel(
    d: Drawing, top: float, title: str, left_out: str, courses: dict[str, Course], steps: tuple[int, int],
    logarithmic: bool,
) -> None:  # fmt: skip
    d.write(LEFT, top - 12, title + left_out, "strong")
    points = [v for c in courses.values() for _, v in c if math.isfinite(v) and (v > 0 or not logarithmic)]
    if not points:
        nan = any(not math.isfinite(v) for c in courses.values() for _, v in c)
        d.write(LEFT, top + HEIGHT / 2, "nothing to show: " + ("all NaN" if nan else "no numbers above 0"), "soft")
        return
    of_updates = title.startswith("update")
    low, high = (0.0, 1.0) if not logarithmic else _decades([*points, *USUAL] if of_updates else points)
    scale = (lambda v: math.log10(max(v, 10.0**low))) if logarithmic else float

    def x(k: float) -> float:
        return LEFT + WIDTH * (k - steps[0]) / (steps[1] - steps[0])

    def y(v: float) -> float:
        return top + HEIGHT * (1 - (scale(v) - low) / (high - low))

    if of_updates:
        a, b = y(USUAL[1]), y(USUAL[0])
        d.add("rect", x=LEFT, y=a, width=WIDTH, height=b - a, kind="good", fill_opacity=0.15)
        d.add("rect", x=LEFT + WIDTH - 160, y=top - 21, width=24, height=11, kind="good", fill_opacity=0.15)
        d.write(LEFT + WIDTH, top - 12, f"usual: {USUAL[0]} to {USUAL[1]}", "small good end")
    _axes(d, top, steps, (low, high), logarithmic)
    runs = {n: _runs(c, logarithmic) for n, c in courses.items()}
    ends = sorted((_end(courses[n], r, y, top), i, n) for i, (n, r) in enumerate(runs.items()))
    broken: set[tuple[int, int]] = set()  # where a course is no more finite
    places = apart([e[0] for e in ends], [14.0] * len(ends), 0.0)
    for (end, i, name), place in zip(ends, places):
        color, last = COLORS[i % len(COLORS)], courses[name][-1][1]
        dashed = " dashed" if i >= len(COLORS) else ""
        for run in runs[name]:
            line = " ".join(f"{x(k):.1f},{y(v):.1f}" for k, v in run)
            d.add("polyline", points=line, kind=f"{color}-line{dashed}", stroke_width=1.8, tip=name)
            if len(run) == 1:
                d.add("circle", cx=x(run[0][0]), cy=y(run[0][1]), r=3, kind=color)
        at = x(runs[name][-1][-1][0]) if runs[name] else LEFT
        if runs[name] and runs[name][-1][-1] == courses[name][-1]:
            d.add("line", x1=at, y1=end, x2=LEFT + WIDTH + 12, y2=place, kind="line", stroke_width=0.8)
        elif not math.isfinite(last) and (spot := (round(at), round(end / 12))) not in broken:
            broken.add(spot)
            d.write(at + 6, max(end - 6, top + 14), f"{number(last)} from here", "small bad halo")
        value = number(last) if logarithmic or not math.isfinite(last) else f"{last:.0%}"
        side = LEFT + WIDTH + 14
        d.add("line", x1=side, y1=place, x2=side + 20, y2=place, kind=f"{color}-line{dashed}", stroke_width=1.8)
        d.write(side + 26, place + 4, f"{shortened(name, 20)} {value}", f"small {color}", tip=name)


def _runs(course: Course, logarithmic: bool) -> list[Course]:
    """The parts of a course that can be drawn: on a logarithmic scale there is no 0."""
    found: list[Course] = [[]]
    for k, v in course:
        if math.isfinite(v) and (v > 0 or not logarithmic):
            found[-1].append((k, v))
        elif found[-1]:
            found.append([])
    return [run for run in found if run]


def _end(course: Course, runs: list[Course], y: Callable[[float], float], top: float) -> float:
    """The height at which a course ends: one that ends at 0, below the scale."""
    if course[-1][1] == 0:
        return top + HEIGHT
    return y(runs[-1][-1][1]) if runs else top + HEIGHT / 2


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
