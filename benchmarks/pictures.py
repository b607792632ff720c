"""``python -m benchmarks.pictures``: the pictures in ``docs/``, from what the benchmarks wrote into ``out/``.

A file that is not there leaves its picture as it is. What was measured on two threads, too, is drawn on one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

from .peers.__main__ import OURS
from .table import NAMES

ROOT = Path(__file__).parent.parent
LOOP = "JAX, many steps in a call"
COLORS = {"autograd": "#1b6ca8", "torch": "#e4572e", "compile": "#f2a38f", "jax": "#7b9e3f", "numpy": "#8a8d91"}
STYLE = {
    "font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#e6e6e6",
    "axes.axisbelow": True, "legend.frameon": False, "svg.hashsalt": "autograd",  # the same picture, the same bytes
}  # fmt: skip


def steps(found: dict[str, Any]) -> plt.Figure:
    """Bars: how many times as long as ours each library takes for a training step."""
    return _bars(
        "time of a step, one thread, ours = 1",
        [r["net"] for r in _single(found)],
        _ratios(_single(found)),
    )


def replay(found: dict[str, Any]) -> plt.Figure:
    """Bars: how many times as long as a captured step of ours each library takes."""
    calls = _single(found, "calls")
    bars = _ratios(calls)
    if found["loops"]:
        bars[LOOP] = [r["ratio"]["jax"] for r in _single(found, "loops")]
    title = "time of a captured step, one thread, ours = 1"
    figure = _bars(title, [r["net"] for r in calls], bars)
    (axes,) = figure.axes
    axes.set_xscale("log")
    axes.set_xlim(left=0.2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.08), ncols=len(bars) + 1, columnspacing=1.2, handlelength=1.2)
    return figure


def _ratios(rows: list[dict[str, Any]]) -> dict[str, list[float | None]]:
    """Per library, its ratio to ours in each row."""
    names = dict.fromkeys(name for r in rows for name in r["ratio"])
    return {name: [r["ratio"].get(name) for r in rows] for name in names}


def memory(found: dict[str, Any]) -> plt.Figure:
    """Bars: peak memory of a step in PyTorch over ours, by both measures."""
    rows = _single(found)
    bars = {f"PyTorch, {measure}": [r["ratio"][measure] for r in rows] for measure in ("heap", "resident")}
    return _bars("peak memory of a step, one thread, ours = 1", [r["net"] for r in rows], bars)


def _single(found: dict[str, Any], kind: str = "rows") -> list[dict[str, Any]]:
    """The rows of the smallest number of threads."""
    least = min(r["threads"] for r in found[kind])
    return [r for r in found[kind] if r["threads"] == least]


def _bars(title: str, groups: list[str], bars: dict[str, list[float | None]]) -> plt.Figure:
    """Groups of horizontal bars, each with its number, and a line at 1."""
    colors = {NAMES[name]: color for name, color in COLORS.items()}
    colors |= {"PyTorch, heap": COLORS["torch"], "PyTorch, resident": "#f2a38f", LOOP: "#b9cf93"}
    figure, axes = plt.subplots(figsize=(8.4, 0.6 + 0.28 * len(groups) * (len(bars) + 1)), layout="constrained")
    height = 0.8 / len(bars)
    for i, (name, values) in enumerate(bars.items()):
        label = NAMES.get(name, name)
        places = [g + (i - (len(bars) - 1) / 2) * height for g in range(len(groups))]
        drawn = axes.barh(places, [v or 0 for v in values], 0.9 * height, label=label, color=colors[label])
        for number in axes.bar_label(drawn, [f"{v:.2f}" if v else "" for v in values], padding=3, fontsize=9):
            number.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1})  # readable on the line at 1, too
    axes.axvline(1, color=COLORS[OURS], linewidth=2, label="autograd")
    axes.set_yticks(range(len(groups)), groups)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.margins(x=0.08)
    axes.set_xlim(left=0)
    axes.set_title(title, loc="left", fontsize=11)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.99), ncols=len(bars) + 1, columnspacing=1.2, handlelength=1.2)
    return figure


def sweep(found: dict[str, Any]) -> plt.Figure:
    """Two rows of panels, square and ragged products: speed of each library, and the ratios below."""
    rows = _single(found)
    kinds = list(dict.fromkeys(r["kind"] for r in rows))
    figure, panels = plt.subplots(
        2, len(kinds), figsize=(9.6, 6.0), sharex=True, sharey="row", squeeze=False, layout="constrained",
        height_ratios=(3, 2),
    )  # fmt: skip
    for column, kind in zip(panels.T, kinds):
        chosen = [r for r in rows if r["kind"] == kind]
        n = [r["n"] for r in chosen]
        speed, ratio = column
        for name in found["versions"]:
            done = [2e-9 * r["sizes"][0] * r["sizes"][1] * r["sizes"][2] / r["seconds"][name] for r in chosen]
            speed.plot(n, done, color=COLORS[name], label=NAMES[name], linewidth=1.4)
            if name != OURS:
                ratio.plot(n, [r["ratio"][name] for r in chosen], color=COLORS[name], linewidth=1.4)
        ratio.axhline(1, color=COLORS[OURS], linewidth=2)
        title = {"square": "n x n @ n x n", "ragged": "(n+1) x n @ n x (n+2)"}[kind]
        speed.set_title(f"{title}, float32, one thread", loc="left", fontsize=11)
        ratio.set_xlabel("n")
        ratio.set_ylim(bottom=0)
    panels[0, 0].set_ylabel("GFLOP/s")
    panels[1, 0].set_ylabel("time, ours = 1")
    panels[0, 0].legend(loc="upper left")
    return figure


PICTURES: dict[str, tuple[str, Callable[[dict[str, Any]], plt.Figure]]] = {
    "steps.svg": ("peers.json", steps),
    "replay.svg": ("peers.json", replay),
    "memory.svg": ("memory.json", memory),
    "sweep.svg": ("sweep.json", sweep),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__.splitlines()[0])
    parser.add_argument("--measured", type=Path, default=Path("out"), help="folder of the JSON (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="default: docs/")
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    for picture, (source, draw) in PICTURES.items():
        path = options.measured / source
        if not path.exists():
            print(f"{picture}: left as it is, there is no {path}")
            continue
        with plt.rc_context(STYLE):
            figure = draw(json.loads(path.read_text()))
            figure.savefig(options.out / picture, metadata={"Date": None})
            plt.close(figure)
        print(f"wrote {options.out / picture}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
