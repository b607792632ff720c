"""``python -m benchmarks.memory``: the peak memory of a training step here and in PyTorch, into ``out/memory.json``.

Each library runs each net of ``nets/`` in a process of its own, by each of the two MEASURES. What is counted begins
before the net is built, after a tiny net of the same kind was trained, so that what a library loads at first use counts
for nobody; weights, data, gradients, the optimizer's state, the graph and scratch memory all count. The peak is that of
the steps after the first ones; ``held`` is what is there between two steps. Linux with glibc and a C compiler only.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from autograd.study.timing import amount

from .__main__ import THREAD_VARIABLES
from .machine import cpus, facts
from .nets import NETS, Net
from .table import markdown, times

OURS, PEER = "autograd", "torch"
FIRST, STEPS = 5, 20  # steps before the peak is looked for, and while it is
COARSE = 1 << 20  # bytes: what is less, resident memory does not tell
COUNTER = Path(__file__).with_name("heap.c")
MEASURES = {
    "heap": "every byte asked of malloc and mmap, by tensors, graph nodes, Python's objects and the libraries' caches "
    "alike. benchmarks/heap.c counts, loaded ahead of the C library, with Python's own allocator switched off. It "
    "hardly differs from run to run, so that small nets can be compared, too.",
    "resident": "anonymous memory that is really there, as Linux counts it, pages and all: the median of some "
    "processes. No ratio below a megabyte, which finds room in pages that are there already.",
}


# --- in the process of one library ------------------------------------------------------------------------------------


class Heap:
    """What heap.c counts."""

    def __init__(self):
        self.library = ctypes.CDLL(None)
        self.library.heap_live.restype = self.library.heap_peak.restype = ctypes.c_int64

    def now(self) -> int:
        return self.library.heap_live()

    def peak(self) -> int:
        return self.library.heap_peak()

    def reset(self) -> None:
        self.library.heap_reset_peak()


class Resident:
    """Anonymous memory of the process. Linux keeps the peak of all resident memory; what is not anonymous, mapped
    files, stays the same over the steps and is taken off."""

    def now(self) -> int:
        return self._status("RssAnon")

    def peak(self) -> int:
        return self._status("VmHWM") - self._status("RssFile") - self._status("RssShmem")

    def reset(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")

    @staticmethod
    def _status(name: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith(name + ":"))


def watch(name: str, net: Net, threads: int, measure: str) -> dict[str, Any]:
    """Bytes at the peak of a step and between steps, beyond those before the net was built."""
    from .peers.worker import PEERS

    lib = importlib.import_module(name)
    peer = PEERS[name](lib, threads)
    memory = {"heap": Heap, "resident": Resident}[measure]()

    def run(of: Net) -> dict[str, Any]:
        ctypes.CDLL(None).malloc_trim(0)  # what was freed is to be no room for what comes
        start = memory.now()
        step = peer.start(of)
        for _ in range(FIRST):
            step()
        memory.reset()
        for _ in range(STEPS):
            step()
        return {"peak": memory.peak() - start, "held": memory.now() - start}

    run(net.tiny())
    if name == OURS:
        lib.empty_cache()
    gc.collect()
    gc.disable()  # or a collection's moment decides
    return run(net) | {"version": lib.__version__}


# --- in the process that asks -----------------------------------------------------------------------------------------


def build_counter(folder: str) -> Path:
    """Compile heap.c."""
    made = Path(folder) / "heap.so"
    compiler = os.environ.get("CC", "cc").split()
    subprocess.run([*compiler, "-O2", "-fPIC", "-shared", "-o", str(made), str(COUNTER)], check=True)
    return made


def ask(name: str, net: str, threads: int, measure: str, counter: Path) -> dict[str, Any]:
    """``watch`` in a process of its own."""
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads))
    if measure == "heap":
        environment |= {"LD_PRELOAD": str(counter), "PYTHONMALLOC": "malloc"}
    command = [sys.executable, "-m", "benchmarks.memory", "--watch", name, net, str(threads), measure]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def middle(found: list[dict[str, Any]]) -> dict[str, float]:
    return {key: median(one[key] for one in found) for key in ("peak", "held")}


def ratio(found: dict[str, dict[str, float]], measure: str) -> float | None:
    """PyTorch's peak over ours: above 1, ours is the smaller one. None where it is less than pages can tell."""
    ours, theirs = found[OURS]["peak"], found[PEER]["peak"]
    return None if measure == "resident" and min(ours, theirs) < COARSE else theirs / ours


def table(rows: list[dict[str, Any]]) -> str:
    """A line per net and number of threads: the peaks of both libraries by both measures, PyTorch's over ours."""
    head = ["peak memory of a step", "threads"]
    for measure in MEASURES:
        head += [f"{measure}: {OURS}", "PyTorch", f"PyTorch / {OURS}"]
    lines = []
    for row in rows:
        line = [row["net"], str(row["threads"])]
        for measure in MEASURES:
            known = row["ratio"][measure]
            peaks = [amount(row[measure][name]["peak"]) for name in (OURS, PEER)]
            line += [*peaks, times(known)] if known else ["", "", ""]
        lines.append(line)
    return markdown(head, lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__.splitlines()[0])
    parser.add_argument("--nets", default=",".join(NETS), help="default: %(default)s")
    parser.add_argument("--threads", default="1,2", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="processes for resident memory (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=Path("out/memory.json"), help="default: %(default)s")
    parser.add_argument("--watch", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.watch:
        name, net, threads, measure = options.watch
        print(json.dumps(watch(name, NETS[net], int(threads), measure)))
        return 0

    rows: list[dict[str, Any]] = []
    versions: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        counter = build_counter(folder)
        for threads in [n for n in map(int, options.threads.split(",")) if n <= cpus()]:
            for net in options.nets.split(","):
                row: dict[str, Any] = {"net": net, "threads": threads, "ratio": {}}
                for measure in MEASURES:
                    found: dict[str, list[dict[str, Any]]] = {OURS: [], PEER: []}
                    for _ in range(options.rounds if measure == "resident" else 1):
                        for name in found:
                            found[name].append(ask(name, net, threads, measure, counter))
                            versions[name] = found[name][-1]["version"]
                    row[measure] = {name: middle(each) for name, each in found.items()}
                    row["ratio"][measure] = ratio(row[measure], measure)
                rows.append(row)
                print(table(rows[-1:]).splitlines()[-1], flush=True)
    print("\n" + table(rows))
    options.json.parent.mkdir(exist_ok=True)
    options.json.write_text(json.dumps({"machine": facts(), "versions": versions, "rows": rows}, indent=1))
    print(f"\nwrote {options.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
