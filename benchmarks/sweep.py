"""``python -m benchmarks.sweep``: products of matrices of all sizes from 1 to 130 against NumPy and PyTorch, into
``out/sweep.json``.

Square ones, n x n @ n x n, and ragged ones, (n+1) x n @ n x (n+2), where no size is a multiple of a vector's. Each
library writes into memory that is there, in a process of its own; each result is held against NumPy's in float64
first; then the libraries take turns, and a ratio is the median of the rounds' ratios. A round goes over all sizes: a
machine whose CPUs share a core for a second is slow in one round of many sizes, not in all rounds of some.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .machine import cpus, facts, warn_if_busy
from .peers.__main__ import OURS, Worker, measure, start, summary
from .table import sweep_in_words

LARGEST = 130
SHAPES: dict[str, Callable[[int], tuple[int, int, int]]] = {  # (m, k, n) of m x k @ k x n
    "square": lambda n: (n, n, n),
    "ragged": lambda n: (n + 1, n, n + 2),
}
TOLERANCE = 2e-6  # of the sum of absolute products


def check(workers: dict[str, Worker], sizes: tuple[int, int, int]) -> None:
    for name, worker in workers.items():
        if not (error := worker.ask(do="check", sizes=sizes)) < TOLERANCE:
            raise ArithmeticError(f"{name}: {sizes} is off by {error:.1e}")


def swept(workers: dict[str, Worker], kind: str, threads: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each size."""
    found: dict[int, dict[str, list[float]]] = {n: {} for n in range(1, options.largest + 1)}
    for n in found:
        check(workers, SHAPES[kind](n))
    names = list(workers)
    for r in range(options.rounds):
        turn = {name: workers[name] for name in names[r % len(names) :] + names[: r % len(names)]}
        for n, taken in found.items():
            for name, seconds in measure(turn, 1, sizes=SHAPES[kind](n), seconds=options.seconds).items():
                taken.setdefault(name, []).extend(seconds)
    return [
        {"kind": kind, "n": n, "sizes": SHAPES[kind](n), "threads": threads, **summary(taken)}
        for n, taken in found.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep", description=__doc__.splitlines()[0])
    parser.add_argument("--peers", default="numpy,torch", help="default: %(default)s")
    parser.add_argument("--threads", default="1,2", help="default: %(default)s")
    parser.add_argument("--kinds", default=",".join(SHAPES), help="default: %(default)s")
    parser.add_argument("--largest", type=int, default=LARGEST, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=7, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=0.002, help="per round (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=Path("out/sweep.json"), help="default: %(default)s")
    options = parser.parse_args()
    warn_if_busy()
    rows: list[dict[str, Any]] = []
    versions: dict[str, Any] = {}
    for threads in [n for n in map(int, options.threads.split(",")) if n <= cpus()]:
        workers = start([OURS, *options.peers.split(",")], threads, "benchmarks.peers.products")
        versions |= {name: worker.about["version"] for name, worker in workers.items()}
        try:
            for kind in options.kinds.split(","):
                rows += swept(workers, kind, threads, options)
        finally:
            for worker in workers.values():
                worker.close()
    print("\n".join(sweep_in_words(rows)))
    options.json.parent.mkdir(exist_ok=True)
    options.json.write_text(json.dumps({"machine": facts(), "versions": versions, "rows": rows}))
    print(f"wrote {options.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
