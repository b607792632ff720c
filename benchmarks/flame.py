"""``python -m benchmarks.flame``: where the time of an XOR training step goes, drawn into ``docs/xor-flame.svg``.

Time runs from left to right, calls go downwards: a box is one call, as wide as it took, standing below its caller.

Every call is seen, of Python functions and from Python into C, by ``sys.setprofile``. Seeing costs several times what
is seen, so the step is watched some thousand times, the median is taken between any two events, the cost is taken off
(:func:`corrected`), and the whole is as long as the step takes unwatched. Kernels and larger boxes can be relied on,
the width of a small one cannot.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import autograd
from autograd.study.timing import duration

from .nets import NETS, training_step

OUT = Path(__file__).parent.parent / "docs" / "xor-flame.svg"
ENTERS, LEAVES = ("call", "c_call"), ("return", "c_return", "c_exception")

Event = tuple[str, Any]  # what happened, and the code or the builtin it happened to


# --- watching ---------------------------------------------------------------------------------------------------------


def watch(function: Callable[[], Any]) -> tuple[list[Event], list[float]]:
    """The events of a call, and the seconds from each to the next."""
    events: list[Event] = []
    times: list[float] = []

    def note(frame, event, argument):
        events.append((event, argument if event[0] == "c" and event != "call" else frame.f_code))
        times.append(perf_counter())

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    del events[-1], times[-1]  # the call that ends the watching
    return events, [after - before for before, after in pairwise(times)]


def watch_often(function: Callable[[], Any], calls: int) -> tuple[list[Event], list[float]]:
    """The events of the usual call, and the median of the seconds from each to the next."""
    found = [watch(function) for _ in range(calls)]
    named = [tuple((event, identity(of)) for event, of in events) for events, _ in found]
    usual = Counter(named).most_common(1)[0][0]
    chosen = [gaps for gaps, names in zip((gaps for _, gaps in found), named) if names == usual]
    events = next(events for (events, _), names in zip(found, named) if names == usual)
    return events, [median(gap) for gap in zip(*chosen)]


def identity(of: Any) -> Any:
    """A code object is itself; a builtin is a new object in each call, and the same by its name."""
    return of if hasattr(of, "co_name") else of.__qualname__


def nothing() -> None:
    pass


def cost_of_python_event() -> float:
    """What watching adds for each call and each return of a Python function: what is seen of one that does nothing."""

    def calls():
        for _ in range(10):
            nothing()

    _, gaps = watch_often(calls, 1000)
    return median(gaps[1:-1])


TRIVIAL = {"len", "isinstance", "dict.get", "list.append"}


def corrected(events: list[Event], gaps: list[float], seconds: float) -> list[float]:
    """The gaps as they are in an unwatched call, which takes so many seconds.

    Within a C function: less the cost of watching, which is what is seen of the trivial ones. Between C functions:
    less the cost, then scaled so that the sum is right, for watching also keeps Python from its quick paths.
    """
    within = [before[0] == "c_call" for before, _ in pairwise(events)]
    c_event = median(gap for gap, event in zip(gaps, events) if event[0] == "c_call" and identity(event[1]) in TRIVIAL)
    python_event = cost_of_python_event()
    cost = [c_event if event.startswith("c_") else python_event for event, _ in events]
    left = [max(gap - (a + b) / 2, 0.0) for gap, (a, b) in zip(gaps, pairwise(cost))]
    in_c = sum(gap for gap, is_c in zip(left, within) if is_c)
    scale = max(seconds - in_c, 0.0) / (sum(left) - in_c)
    return [gap if is_c else scale * gap for gap, is_c in zip(left, within)]


# --- the tree ---------------------------------------------------------------------------------------------------------


@dataclass
class Box:
    """One call: what was called, when it began, and how long it took, in seconds."""

    name: str
    kind: str
    start: float
    seconds: float = 0.0
    inner: list[Box] = field(default_factory=list)

    def depth(self) -> int:
        return 1 + max((box.depth() for box in self.inner), default=0)


def tree(events: list[Event], gaps: list[float]) -> Box:
    """The calls, nested, from the events and the seconds between them."""
    now, root, above = 0.0, None, []
    for (event, of), gap in zip(events, [*gaps, 0.0]):
        if event in ENTERS:
            box = Box(*label(of), now)
            if above:
                above[-1].inner.append(box)
            root = root or box
            above.append(box)
        else:
            box = above.pop()
            box.seconds = now - box.start
        now += gap
    assert root is not None and not above
    return root


def label(of: Any) -> tuple[str, str]:
    """What a call is named, and its kind: the training loop, the engine, a C kernel, or another C function."""
    if hasattr(of, "co_name"):
        return of.co_qualname, "engine" if Path(autograd.__path__[0]) in Path(of.co_filename).parents else "user"
    name = of.__qualname__.removeprefix("Lib.ag_")
    return (name.removesuffix("_f32"), "kernel") if name != of.__qualname__ else (name, "builtin")


def measure(step: Callable[[], Any], calls: int) -> Box:
    """The tree of a step's calls, its times those of an unwatched step."""
    for _ in range(100):
        step()
    gc.disable()
    try:
        unwatched = []
        for _ in range(calls):
            start = perf_counter()
            step()
            unwatched.append(perf_counter() - start)
        events, gaps = watch_often(step, calls)
        return tree(events, corrected(events, gaps, median(unwatched)))
    finally:
        gc.enable()


# --- the picture ------------------------------------------------------------------------------------------------------

WIDTH, ROW, TOP, BELOW, SIDE, LETTER = 1400, 22, 78, 100, 10, 6.3
COLORS = {"user": "#b7d3a8", "engine": "#a9c8e8", "kernel": "#f0975a", "builtin": "#dcdcdc"}
LEGEND = {"user": "the training loop", "engine": "the engine, Python", "kernel": "C kernels", "builtin": "other C"}


def draw(root: Box, title: str) -> str:
    """The SVG, self-contained; a browser shows name and time of the box under the pointer."""
    height = TOP + ROW * root.depth() + BELOW
    across = (WIDTH - 2 * SIDE) / root.seconds
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{SIDE}" y="24" font-size="16">{escape(title)}</text>',
        *_legend(root), *_ruler(root, across, height),
    ]  # fmt: skip
    _boxes(parts, root, root, across, TOP)
    return "\n".join([*parts, "</svg>\n"])


def _legend(root: Box) -> list[str]:
    parts, x = [], SIDE
    spent = own_time(root)
    for kind, text in LEGEND.items():
        text += f" {spent[kind] / root.seconds:.0%}"
        parts.append(f'<rect x="{x}" y="38" width="14" height="14" fill="{COLORS[kind]}"/>')
        parts.append(f'<text x="{x + 20}" y="49" font-size="12">{text}</text>')
        x += 48 + 7 * len(text)
    return parts


def own_time(root: Box) -> Counter[str]:
    """Seconds by kind, each box without those in it."""
    found: Counter[str] = Counter()
    boxes = [root]
    while boxes:
        box = boxes.pop()
        found[box.kind] += box.seconds - sum(inner.seconds for inner in box.inner)
        boxes += box.inner
    return found


def _ruler(root: Box, across: float, height: int) -> list[str]:
    """A line every few microseconds."""
    micro = root.seconds * 1e6
    step = next(s for s in (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10**9) if micro / s <= 12)
    parts = []
    for i in range(int(micro / step) + 1):
        x = SIDE + i * step * 1e-6 * across
        parts.append(f'<path d="M{x:.1f} {TOP - 6}V{height - 22}" stroke="#cccccc" stroke-width="0.7"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 8}" fill="#555555">{i * step:g} us</text>')
    return parts


def _boxes(parts: list[str], box: Box, root: Box, across: float, y: float) -> None:
    x, width = SIDE + across * box.start, across * box.seconds
    tip = f"{box.name}: {duration(box.seconds)}, {box.seconds / root.seconds:.1%}"
    parts.append(
        f'<g><title>{escape(tip)}</title><rect x="{x:.2f}" y="{y}" width="{max(width, 0.4):.2f}" height="{ROW - 1}" '
        f'fill="{COLORS[box.kind]}" stroke="white" stroke-width="0.5"/>{_text(box, x, y, width)}</g>'
    )
    for inner in box.inner:
        _boxes(parts, inner, root, across, y + ROW)


def _text(box: Box, x: float, y: float, width: float) -> str:
    """The name, where it fits; else its last part, or its beginning; below a narrow box that calls nothing."""
    room = int((width - 5) / LETTER)
    last = box.name.rpartition(".")[2]
    if not box.inner and len(last) > room and width > 8:
        place = f"translate({x + width / 2 - 4:.2f} {y + ROW + 3}) rotate(90)"
        return f'<text transform="{place}" font-size="10" fill="#555555">{escape(last)}</text>'
    shown = next((name for name in (box.name, last) if len(name) <= room), "")
    if not shown and room >= 5:
        shown = last[: room - 1] + "…"
    return f'<text x="{x + 3:.2f}" y="{y + 15}">{escape(shown)}</text>' if shown else ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flame", description=__doc__.splitlines()[0])
    parser.add_argument("--net", default="xor", choices=NETS, help="default: %(default)s")
    parser.add_argument("--calls", type=int, default=3000, help="steps that are watched (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=OUT, help="default: docs/xor-flame.svg")
    options = parser.parse_args()
    autograd.set_num_threads(1)
    net = NETS[options.net]
    root = measure(training_step(autograd, net), options.calls)
    kernels = f"C kernels ({autograd.get_isa()})" if autograd.get_backend() == "c" else "NumPy kernels"
    title = f"One training step of the {net.name} net ({net.about}), {kernels}: {duration(root.seconds)}"
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(draw(root, title))
    print(f"wrote {options.out}: {duration(root.seconds)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
