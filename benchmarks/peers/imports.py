"""``python -m benchmarks.peers.imports``: what ``import autograd`` costs over ``import numpy``, at most 40 ms."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from statistics import median

LIMIT = 0.040

CHILD = """
from time import perf_counter
start = perf_counter()
import numpy
between = perf_counter()
import {module}
print(between - start, perf_counter() - between)
"""


def measure(module: str, rounds: int) -> tuple[float, float]:
    """Medians in seconds, each round in a fresh process: of ``import numpy``, and of the module after it."""
    command = [sys.executable, "-c", CHILD.format(module=module)]
    times = []
    with tempfile.TemporaryDirectory() as cache:  # compiled modules, as an installed package has them
        environment = os.environ | {"PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": ""}
        for _ in range(rounds + 1):
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
            times.append([float(seconds) for seconds in done.stdout.split()])
    numpy, ours = zip(*times[1:])  # the first round filled the cache
    return median(numpy), median(ours)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.imports", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="default: %(default)s")
    parser.add_argument("--module", default="autograd", help="what is imported (default: %(default)s)")
    options = parser.parse_args()
    numpy, ours = measure(options.module, options.rounds)
    print(f"import numpy {1e3 * numpy:.0f} ms, {options.module} {1e3 * ours:.0f} ms more (limit {1e3 * LIMIT:.0f})")
    return ours > LIMIT


if __name__ == "__main__":
    sys.exit(main())
