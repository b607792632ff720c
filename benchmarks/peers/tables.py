"""``python -m benchmarks.peers.tables``: the README's part on other libraries, and ``docs/benchmarks.md``.

From the JSON of ``make bench-peers``. What stands between the README's two markers is replaced by a selection, the page
holds every row; both name each training step and kernel for which another library is faster.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from math import exp, log
from pathlib import Path
from typing import Any

from .. import memory
from ..machine import where
from ..nets import NETS
from ..table import NAMES, markdown, replace_between, sweep_in_words, time, times
from .__main__ import OURS

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
FILES = ("peers", "kernels", "sweep", "memory")
Rows = list[dict[str, Any]]


def best(row: dict[str, Any]) -> tuple[str, float]:
    """The quickest other library, and how many times as long as ours it takes."""
    name = min(row["ratio"], key=row["ratio"].get)
    return name, row["ratio"][name]


def label(row: dict[str, Any]) -> str:
    """What was measured: a net, or a kernel with its shape, and its dtype where that is not float32."""
    if "net" in row:
        return f"{row['net']} ({NETS[row['net']].about})"
    return f"{row['kernel']} {row['shape']}" + (f" {row['dtype']}" if row["dtype"] != "float32" else "")


def by_library(title: str, rows: Rows) -> str:
    """A line per row: the time of each library, the others' with their ratio to ours; and the best of the ratios."""
    peers = list(dict.fromkeys(name for row in rows for name in row["seconds"] if name != OURS))
    head = [title, "threads", *[NAMES[name] for name in (OURS, *peers)], f"best peer / {OURS}"]
    lines = []
    for row in rows:
        theirs = [f"{time(row['seconds'][p])} ({times(row['ratio'][p])})" if p in row["ratio"] else "" for p in peers]
        name, ratio = best(row)
        ours = time(row["seconds"][OURS])
        lines.append([label(row), str(row["threads"]), ours, *theirs, f"{times(ratio)} ({NAMES[name]})"])
    return markdown(head, lines)


def lost(rows: Rows, named: int | None = None) -> str:
    """Where another library is faster, in a sentence that names all these rows, or the lowest ``named`` ones."""
    found = sorted((row for row in rows if best(row)[1] < 1), key=lambda row: best(row)[1])
    if not found:
        return f"No other library is faster in any of the {len(rows)} rows."
    sentence = []
    for row in found[:named]:
        name, ratio = best(row)
        threads = f"{row['threads']} thread{'s' if row['threads'] > 1 else ''}"
        sentence.append(f"{row['net'] if 'net' in row else label(row)}, {threads} ({NAMES[name]}, {times(ratio)})")
    if len(found) > len(sentence):
        sentence.append(f"and {len(found) - len(sentence)} more")
    return f"Another library is faster in {len(found)} of {len(rows)} rows: {'; '.join(sentence)}."


def kernel_means(rows: Rows) -> str:
    """A line per kernel and number of threads, lowest mean first: geometric mean and lowest ratio to the best peer."""
    groups: dict[tuple, Rows] = defaultdict(list)
    for row in rows:
        groups[row["kernel"], row["threads"]].append(row)
    lines = []
    for (kernel, threads), found in groups.items():
        low = min(found, key=lambda row: best(row)[1])
        mean = geometric_mean(found)
        lines.append(
            (mean, [kernel, str(threads), str(len(found)), times(mean), f"{times(best(low)[1])} ({label(low)})"])
        )
    head = ("kernel", "threads", "rows", f"best peer / {OURS}, geometric mean", "lowest")
    return markdown(head, [line for _, line in sorted(lines)])


def geometric_mean(rows: Rows) -> float:
    return exp(sum(log(best(row)[1]) for row in rows) / len(rows))


def kernels_in_words(rows: Rows, named: int | None = None) -> str:
    threads = sorted({row["threads"] for row in rows})
    means = [times(geometric_mean([row for row in rows if row["threads"] == n])) for n in threads]
    each = " and ".join(f"{mean} our time on {n} thread{'s' if n > 1 else ''}" for n, mean in zip(threads, means))
    return f"Kernels: the best peer takes {each} (geometric means of {len(rows)} rows). {lost(rows, named)}"


# --- the two texts ----------------------------------------------------------------------------------------------------


def heading(found: dict[str, Any]) -> str:
    versions = {NAMES[name]: about["version"] for name, about in found["versions"].items() if name in ("torch", "jax")}
    return (
        f"{where(found['machine'], versions)}. float32. PyTorch runs eagerly, as this engine does; JAX runs a compiled "
        "step. The libraries take turns; a ratio is the median over the rounds, and below 1 the other one is faster."
    )


def replay(found: dict[str, Any], picture: str) -> list[str]:
    """Captured steps: a call each, and many in a call."""
    parts = [
        "Captured steps, a call each. torch.compile is given the whole step, in its default mode, and makes two graphs "
        "of it: the loss with its gradients, and the optimizer's step; `zero_grad()` and `backward()` stay outside. "
        "JAX's step is compiled, its state donated.",
        f"![Times of captured steps]({picture})",
        by_library("captured step", found["calls"]),
        lost(found["calls"]),
    ]
    if found["loops"]:
        parts.append(
            "Many captured steps in one call, `program.run(n)`, beside a `fori_loop` over JAX's step; convolutions in "
            "a loop are a known weakness of XLA's (jax-ml/jax#12868):"
        )
        parts += [by_library("step in a loop", found["loops"]), lost(found["loops"])]
    return parts


def summary(found: dict[str, dict[str, Any]]) -> str:
    """The README's part."""
    steps = found["peers"]["rows"]
    parts = [heading(found["peers"]), by_library("training step", steps), lost(steps)]
    parts += ["![Times of training steps](docs/steps.svg)", *replay(found["peers"], "docs/replay.svg")]
    if "memory" in found:
        parts.append(memory.table(found["memory"]["rows"]))
    if "kernels" in found:
        parts.append(kernels_in_words(found["kernels"]["rows"], named=6))
    if "sweep" in found:
        square = [r for r in found["sweep"]["rows"] if r["kind"] == "square"]
        parts.append(" ".join(sweep_in_words(square, named=False)))
    return "\n\n".join([*parts, "Every row, and pictures: [docs/benchmarks.md](docs/benchmarks.md)."])


def page(found: dict[str, dict[str, Any]]) -> str:
    """Every row."""
    steps = found["peers"]["rows"]
    parts = ["# Beside other libraries", "Generated by `make bench-peers`; do not edit.", heading(found["peers"])]
    parts += ["## Training steps", "![Times of training steps](steps.svg)", by_library("training step", steps)]
    parts += [lost(steps), "Where the time of an XOR step goes:", "![The calls of an XOR step](xor-flame.svg)"]
    parts += ["## Captured steps", *replay(found["peers"], "replay.svg")]
    if "memory" in found:
        parts += ["## Memory", "![Peak memory of training steps](memory.svg)", memory.table(found["memory"]["rows"])]
        parts.append("\n".join(f"- {name}: {text}" for name, text in memory.MEASURES.items()))
    if "sweep" in found:
        parts += ["## Products of all sizes from 1 to 130", "![Products of all sizes](sweep.svg)"]
        parts.append("\n".join(f"- {line}" for line in sweep_in_words(found["sweep"]["rows"])))
    if "kernels" in found:
        rows = found["kernels"]["rows"]
        parts += ["## Kernels", kernels_in_words(rows), kernel_means(rows), by_library("kernel", rows)]
    return "\n\n".join(parts) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.tables", description=__doc__.splitlines()[0])
    parser.add_argument("--measured", type=Path, default=Path("out"), help="folder of the JSON (default: %(default)s)")
    options = parser.parse_args()
    found = {}
    for name in FILES:
        path = options.measured / f"{name}.json"
        if path.exists():
            found[name] = json.loads(path.read_text())
        else:
            print(f"left out: there is no {path}", file=sys.stderr)
    if "peers" not in found:
        print("run `python -m benchmarks.peers` first", file=sys.stderr)
        return 1
    readme = ROOT / "README.md"
    readme.write_text(replace_between(readme.read_text(), summary(found), "peers"))
    PAGE.write_text(page(found))
    print(f"wrote README.md and docs/benchmarks.md: {lost(found['peers']['rows'])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
