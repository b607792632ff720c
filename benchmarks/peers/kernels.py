"""``python -m benchmarks.peers.kernels``: kernels against NumPy, PyTorch and JAX, into ``out/kernels.json``.

The rows are in ``kernel_rows.py``. As in ``python -m benchmarks.peers``, each library has a process of its own, results
are compared before anything is timed, the libraries take turns, and a ratio is the median of the rounds' ratios. Above
1 this engine is faster. Below the rows stand the geometric means of each kernel, against the best peer of each row.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from statistics import geometric_mean
from typing import Any

import numpy as np

from ..table import markdown, time, times
from .__main__ import OURS, Worker, cpu, cpus, measure, start, summary
from .kernel_rows import Row, rows
from .kernel_worker import LIBRARIES

MODULE = "benchmarks.peers.kernel_worker"
TOLERANCE = {"float32": 1e-4, "float64": 1e-9}  # of the largest element: sums are in different orders


def disagreement(results: dict[str, list[float]], dtype: str) -> str:
    """Which library's result is not ours, or nothing."""
    wanted = np.array(results[OURS])
    scale = TOLERANCE[dtype] * (1 + np.max(np.abs(wanted)))
    wrong = [name for name, found in results.items() if not np.allclose(found, wanted, rtol=0, atol=scale)]
    return f"another result than ours: {', '.join(wrong)}" if wrong else ""


def compared(wanted: list[Row], workers: dict[str, Worker], rounds: int, seconds: float) -> Iterator[tuple[Row, dict]]:
    """Each row with what :func:`summary` keeps of it; RuntimeError where results differ."""
    for row in wanted:
        those = {name: worker for name, worker in workers.items() if name in row.calls}
        results = {name: worker.ask(do="result", row=row.name) for name, worker in those.items()}
        if wrong := disagreement(results, row.dtype):
            raise RuntimeError(f"{row.name}: {wrong}")
        yield row, summary(measure(those, rounds, row=row.name, seconds=seconds))


def line(found: dict[str, Any], names: list[str]) -> list[str]:
    """A row of the table."""
    cells = [found["kernel"], found["shape"], found["dtype"], str(found["threads"]), time(found["seconds"][OURS])]
    return cells + [times(found["ratio"][name]) if name in found["ratio"] else "" for name in names if name != OURS]


def means(found: list[dict[str, Any]]) -> list[list[str]]:
    """Per kernel and number of threads: the geometric mean against the best peer of each row, and the least."""
    groups: dict[tuple, list[float]] = {}
    for row in found:
        groups.setdefault((row["kernel"], row["threads"]), []).append(min(row["ratio"].values()))
    return [
        [kernel, str(threads), times(geometric_mean(ratios)), times(min(ratios))]
        for (kernel, threads), ratios in groups.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.kernels", description=__doc__.splitlines()[0])
    others = ",".join(name for name in LIBRARIES if name != OURS)
    parser.add_argument("--rows", default="", help="a regular expression; rows are named as in 'softmax 128x1000'")
    parser.add_argument("--peers", default=others, help="default: %(default)s")
    parser.add_argument("--threads", default="1,2", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=7, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=0.03, help="a library's time per round (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=Path("out/kernels.json"), help="default: %(default)s")
    options = parser.parse_args()
    names = [OURS, *options.peers.split(",")]
    if unknown := [name for name in names if name not in LIBRARIES]:
        parser.error(f"unknown: {', '.join(unknown)}; choose from {', '.join(LIBRARIES)}")
    wanted = [row for row in rows() if re.search(options.rows, row.name)]

    found: list[dict[str, Any]] = []
    versions: dict[str, Any] = {}
    for threads in map(int, options.threads.split(",")):
        if threads > cpus():
            print(f"{threads} threads: skipped, this machine has fewer CPUs")
            continue
        workers = start(names, threads, MODULE)
        names = list(workers)
        versions |= {name: worker.about for name, worker in workers.items()}
        try:
            for row, kept in compared(wanted, workers, options.rounds, options.seconds):
                facts = {"kernel": row.kernel, "shape": row.shape, "dtype": row.dtype, "threads": threads}
                found.append(facts | kept)
                print(" ".join(line(found[-1], names)), flush=True)
        finally:
            for worker in workers.values():
                worker.close()

    peers = [f"{name} / {OURS}" for name in names if name != OURS]
    print("\n" + markdown(["kernel", "shape", "dtype", "threads", OURS, *peers], [line(row, names) for row in found]))
    print(markdown(["kernel", "threads", "geometric mean", "least"], means(found)))
    options.json.parent.mkdir(exist_ok=True)
    about = {"date": date.today().isoformat(), "machine": cpu(), "versions": versions}
    options.json.write_text(json.dumps(about | {"rows": found}, indent=1))
    print(f"\n{versions}\nwrote {options.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
