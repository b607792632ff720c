"""``python -m benchmarks.compare base.json out/bench.json``: did a row lose more than 10 % against an earlier run?

A row has lost where C became slower than both of two yardsticks allow: NumPy in the same row, and the machine, which
is the middle of all NumPy rows; and this by its minimum and by its median. Whatever seems to have lost is measured
again, alone, before it counts.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from .rows import Row, Run, read
from .table import time

LIMIT = 1.10


def slowdown(base: Row, new: Row, machine: float) -> float:
    """How many times slower C became, in the reading that is kindest to it.

    ``machine`` is how many times slower the machine became, by all of its NumPy rows.
    """
    readings = []
    for statistic in ("min", "median"):
        c = new.stats["c"][statistic] / base.stats["c"][statistic]
        yardsticks = [machine]
        if "numpy" in base.stats and "numpy" in new.stats:
            yardsticks.append(new.stats["numpy"][statistic] / base.stats["numpy"][statistic])
        readings += [c / yardstick for yardstick in yardsticks]
    return min(readings)


def machine_slowdown(base: Run, new: Run) -> float:
    """The middle of new over old time of all rows under NumPy, whose code did not change."""
    shared = [(base.rows[name], row) for name, row in new.rows.items() if name in base.rows]
    both = [(old, row) for old, row in shared if "numpy" in old.stats and "numpy" in row.stats]
    changes = [row.seconds("numpy") / old.seconds("numpy") for old, row in both]
    return median(changes) if changes else 1.0


def lost(base: Run, new: Run, limit: float = LIMIT, machine: float | None = None) -> dict[str, float]:
    """The rows that lost more than the limit, with their slowdown, worst first."""
    machine = machine_slowdown(base, new) if machine is None else machine
    found = {
        name: slowdown(base.rows[name], row, machine)
        for name, row in new.rows.items()
        if name in base.rows and "c" in row.stats and "c" in base.rows[name].stats
    }
    return {name: s for name, s in sorted(found.items(), key=lambda item: -item[1]) if s > limit}


def measure_again(run: Run, names: list[str]) -> Run:
    """Measure some rows of a run once more, with as many threads."""
    tests = [test for name in names for test in run.rows[name].tests.values()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "again.json"
        threads = str(run.machine["autograd"]["threads"])
        command = [sys.executable, "-m", "benchmarks", "--threads", threads, f"--benchmark-json={path}", *tests]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return read(path)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__.splitlines()[0])
    parser.add_argument("base")
    parser.add_argument("new", nargs="?", default="out/bench.json")
    parser.add_argument("--limit", type=float, default=LIMIT, help="largest allowed slowdown (default: %(default)s)")
    parser.add_argument("--again", type=int, default=2, help="measure lost rows again, how often (%(default)s)")
    options = parser.parse_args()
    base, new = read(options.base), read(options.new)
    machine = machine_slowdown(base, new)
    gone = [name for name in base.rows if name not in new.rows]
    print(f"base {base.date}: {base.where()}\nnew  {new.date}: {new.where()}\nNumPy takes {machine:.2f} times as long")
    if gone:
        print(f"{len(gone)} rows of the base are not in the new run: {', '.join(gone)}")

    losses, latest = lost(base, new, options.limit, machine), new
    for _ in range(options.again):
        if losses:
            print(f"measuring again: {', '.join(losses)}")
            latest = measure_again(latest, list(losses))
            losses = lost(base, latest, options.limit, machine)
    for name, factor in losses.items():
        before, after = base.rows[name].seconds("c"), latest.rows[name].seconds("c")
        print(f"LOST {name}: {time(before)} -> {time(after)}, {100 * (factor - 1):.0f} % slower")
    if not losses:
        print(f"no row lost more than {100 * (options.limit - 1):.0f} %")
    return bool(losses)


if __name__ == "__main__":
    sys.exit(main())
