"""``python -m benchmarks.peers.busy``: a training step beside one busy Python thread takes at most twice its time.

The two threads share the interpreter's lock, so twice is a fair half. Who lets go of the lock inside a step, even for
microseconds, waits up to 5 ms to have it back each time.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from ..nets import NETS
from ..table import time, times
from .worker import Eager, time_step

LIMIT = 2.0
SLACK = 1.1  # how far from a half the interpreter's share may be in a short measurement


@contextmanager
def busy_thread() -> Iterator[None]:
    """A thread that counts, in Python, until the end of the with block."""
    running = True

    def count():
        n = 0
        while running:
            n += 1

    thread = threading.Thread(target=count, daemon=True)
    thread.start()
    try:
        yield
    finally:
        running = False
        thread.join()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.busy", description=__doc__.splitlines()[0])
    parser.add_argument("--nets", default="xor,digits", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=0.5, help="per measurement (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of the kernels (default: %(default)s)")
    parser.add_argument("--lib", default="autograd", help="autograd or torch (default: %(default)s)")
    options = parser.parse_args()
    lib = Eager(importlib.import_module(options.lib), options.threads)
    worst = 0.0
    for name in options.nets.split(","):
        alone, beside = [], []
        for _ in range(options.rounds):
            alone.append(time_step(lib, NETS[name], options.seconds))
            with busy_thread():
                beside.append(time_step(lib, NETS[name], options.seconds))
        ratio = median(b / a for a, b in zip(alone, beside))
        print(f"{name}: {time(median(alone))} alone, {time(median(beside))} beside a busy thread, {times(ratio)}")
        worst = max(worst, ratio)
    return worst > LIMIT * SLACK


if __name__ == "__main__":
    sys.exit(main())
