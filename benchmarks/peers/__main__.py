"""``python -m benchmarks.peers``: the training steps of ``nets.py`` against PyTorch and JAX, into ``out/peers.json``.

Each library runs in its own process, held to as many CPUs as threads. First the losses of some steps from the same
weights must agree. Then the libraries take turns, and what counts is the median over the rounds; a ratio is the
median of the rounds' ratios, so that a machine that slows down for a while slows both sides. PyTorch runs eagerly, as
this engine does; JAX runs a compiled step. A library that is not installed is named and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from ..__main__ import THREAD_VARIABLES
from ..machine import cpu, cpus, facts, warn_if_busy
from ..nets import NETS
from ..table import markdown, time, times
from .worker import CLOCKS, PEERS

OURS = "autograd"
STEPS = 5  # whose losses are compared
TOLERANCE = 1e-4  # relative: float32, summed in different orders


class Worker:
    """A library in its process, which runs ``module``."""

    def __init__(self, name: str, threads: int, module: str = "benchmarks.peers.worker"):
        environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads))
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, name, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self.about = self._answer()

    def ask(self, **request: Any) -> Any:
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> Any:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(self.process.args)} ended with status {self.process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def disagreement(found: dict[str, list[float]]) -> str:
    """Which library's losses differ from ours; empty where none does."""
    ours = found[OURS]
    for name, theirs in found.items():
        if any(abs(a - b) > TOLERANCE * max(abs(a), abs(b)) for a, b in zip(ours, theirs)):
            return f"{name} has the losses {theirs}, {OURS} {ours}"
    return ""


def measure(workers: dict[str, Worker], rounds: int, **request: Any) -> dict[str, list[float]]:
    """Seconds a step or call, per library and round, each round started by another library."""
    names = list(workers)
    found: dict[str, list[float]] = {name: [] for name in workers}
    for r in range(rounds):
        for name in names[r % len(names) :] + names[: r % len(names)]:
            found[name].append(workers[name].ask(do="time", **request))
    return found


def start(names: list[str], threads: int, module: str = "benchmarks.peers.worker") -> dict[str, Worker]:
    """The libraries' processes; one that is not installed is named and left out."""
    workers = {name: Worker(name, threads, module) for name in names}
    for name, worker in list(workers.items()):
        if "missing" in worker.about:
            print(f"{name}: skipped, {worker.about['missing']}")
            workers.pop(name).close()
    return workers


def row(net: str, threads: int, rounds: dict[str, list[float]]) -> dict[str, Any]:
    return {"net": net, "threads": threads, **summary(rounds), "rounds": rounds}


def summary(rounds: dict[str, list[float]]) -> dict[str, Any]:
    """What is kept of a measurement: medians, and how many times as long as ours each library takes."""
    ratios = {
        name: median(theirs / ours for theirs, ours in zip(found, rounds[OURS]))
        for name, found in rounds.items()
        if name != OURS
    }
    seconds = {name: median(found) for name, found in rounds.items()}
    return {"seconds": seconds, "ratio": ratios}


def table(rows: list[dict[str, Any]], names: list[str]) -> str:
    peers = [name for name in names if name != OURS]
    head = ["net", "threads", OURS] + [column for name in peers for column in (name, f"{name} / {OURS}")]
    lines = []
    for r in rows:
        line = [r["net"], str(r["threads"]), time(r["seconds"][OURS])]
        for name in peers:
            line += [time(r["seconds"][name]), times(r["ratio"][name])]
        lines.append(line)
    return markdown(head, lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__.splitlines()[0])
    others = ",".join(name for name in PEERS if name != OURS)
    parser.add_argument("--nets", default=",".join(NETS), help="default: %(default)s")
    parser.add_argument("--peers", default=others, help="default: %(default)s")
    parser.add_argument("--threads", default="1,2", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=9, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=0.3, help="a library's time per round (default: %(default)s)")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: CPU time, where others use the machine")
    parser.add_argument("--json", type=Path, default=Path("out/peers.json"), help="default: %(default)s")
    options = parser.parse_args()
    names = [OURS, *options.peers.split(",")]
    for known, given in ((NETS, options.nets.split(",")), (PEERS, names)):
        if unknown := [name for name in given if name not in known]:
            parser.error(f"unknown: {', '.join(unknown)}; choose from {', '.join(known)}")

    warn_if_busy()
    rows: list[dict[str, Any]] = []
    versions: dict[str, Any] = {}
    for threads in map(int, options.threads.split(",")):
        if threads > cpus():
            print(f"{threads} threads: skipped, this machine has fewer CPUs")
            continue
        workers = start(names, threads)
        names = list(workers)
        versions |= {name: worker.about for name, worker in workers.items()}
        try:
            for net in options.nets.split(","):
                losses = {name: worker.ask(do="losses", net=net, steps=STEPS) for name, worker in workers.items()}
                if wrong := disagreement(losses):
                    print(f"{net}: {wrong}", file=sys.stderr)
                    return 1
                taken = measure(workers, options.rounds, net=net, seconds=options.seconds, clock=options.clock)
                rows.append(row(net, threads, taken))
                print(table(rows[-1:], names).splitlines()[-1], flush=True)
        finally:
            for worker in workers.values():
                worker.close()

    print("\n" + table(rows, names))
    found = {"machine": facts(), "clock": options.clock, "versions": versions, "rows": rows}
    options.json.parent.mkdir(exist_ok=True)
    options.json.write_text(json.dumps(found, indent=1))
    print(f"\n{cpu()}\n{versions}\nwrote {options.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
