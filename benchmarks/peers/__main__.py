"""``python -m benchmarks.peers``: the training steps of ``nets/`` against PyTorch and JAX, into ``out/peers.json``.

Each library runs in its own process, held to as many CPUs as threads. First the losses of some steps from the same
weights must agree. Then the libraries take turns, and what counts is the median over the rounds; a ratio is the
median of the rounds' ratios, so that a machine that slows down for a while slows both sides. A library that is not
installed, or cannot train a net, is named and left out. Three comparisons, of which the first two share their rounds:

rows
    This engine and PyTorch run eagerly, JAX a compiled step.
calls
    A captured step of this engine, a call for each step, beside PyTorch, torch.compile and JAX.
loops
    Many captured steps in one call beside JAX's ``fori_loop``.
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
from ..table import time, times
from .worker import CLOCKS, PEERS

OURS = "autograd"
CAPTURED = "replay"
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
    first = OURS if OURS in found else CAPTURED
    ours = found[first]
    for name, theirs in found.items():
        if any(abs(a - b) > TOLERANCE * max(abs(a), abs(b)) for a, b in zip(ours, theirs)):
            return f"{name} has the losses {theirs}, {first} {ours}"
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


def eager(rounds: dict[str, list[float]]) -> dict[str, list[float]]:
    """Of what was measured, what is compared with eager steps of ours."""
    return {name: found for name, found in rounds.items() if name not in (CAPTURED, "compile")}


def captured(rounds: dict[str, list[float]]) -> dict[str, list[float]]:
    """Of what was measured, what is compared with captured steps, which are then ours."""
    theirs = {name: found for name, found in rounds.items() if name not in (OURS, CAPTURED)}
    return {OURS: rounds[CAPTURED], **theirs}


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


def in_a_line(row: dict[str, Any]) -> str:
    theirs = [f"{name} {time(row['seconds'][name])} ({times(ratio)})" for name, ratio in row["ratio"].items()]
    return f"{row['net']}, {row['threads']} threads: {', '.join([time(row['seconds'][OURS]), *theirs])}"


def compare(net: str, threads: int, workers: dict[str, Worker], options: argparse.Namespace) -> dict[str, Any]:
    """A row of each comparison. Raises ValueError where losses differ."""
    asked = {"net": net, "seconds": options.seconds, "clock": options.clock}
    workers = agreeing(workers, net)
    rounds = measure(workers, options.rounds, **asked)
    found = {"rows": row(net, threads, eager(rounds)), "calls": row(net, threads, captured(rounds))}
    if "jax" in workers:
        loops = agreeing({name: workers[name] for name in (CAPTURED, "jax")}, net, loop=True)
        found["loops"] = row(net, threads, captured(measure(loops, options.rounds, loop=True, **asked)))
    return found


def agreeing(workers: dict[str, Worker], net: str, **how: Any) -> dict[str, Worker]:
    """The workers that can train the net; another is named. Raises ValueError where the losses of the first steps
    differ."""
    losses = {name: worker.ask(do="losses", net=net, steps=STEPS, **how) for name, worker in workers.items()}
    for name in [name for name, answer in losses.items() if "missing" in answer]:
        print(f"{name}: {net} skipped, {losses.pop(name)['missing']}")
    if wrong := disagreement(losses):
        raise ValueError(f"{net}: {wrong}")
    return {name: workers[name] for name in losses}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__.splitlines()[0])
    others = ",".join(name for name in PEERS if name not in (OURS, CAPTURED))
    parser.add_argument("--nets", default=",".join(NETS), help="default: %(default)s")
    parser.add_argument("--peers", default=others, help="default: %(default)s")
    parser.add_argument("--threads", default="1,2", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=9, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=0.3, help="a library's time per round (default: %(default)s)")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: CPU time, where others use the machine")
    parser.add_argument("--json", type=Path, default=Path("out/peers.json"), help="default: %(default)s")
    options = parser.parse_args()
    names = [OURS, CAPTURED, *options.peers.split(",")]
    for known, given in ((NETS, options.nets.split(",")), (PEERS, names)):
        if unknown := [name for name in given if name not in known]:
            parser.error(f"unknown: {', '.join(unknown)}; choose from {', '.join(known)}")

    warn_if_busy()
    found: dict[str, list[dict[str, Any]]] = {"rows": [], "calls": [], "loops": []}
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
                for kind, one in compare(net, threads, workers, options).items():
                    found[kind].append(one)
                    print(f"{kind}: {in_a_line(one)}", flush=True)
        except ValueError as wrong:
            print(wrong, file=sys.stderr)
            return 1
        finally:
            for worker in workers.values():
                worker.close()

    written = {"machine": facts(), "clock": options.clock, "versions": versions, **found}
    options.json.parent.mkdir(exist_ok=True)
    options.json.write_text(json.dumps(written, indent=1))
    print(f"\n{cpu()}\n{versions}\nwrote {options.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
