"""``python -m benchmarks.table [out/bench.json]``: the tables of ``README.md`` and ``benchmarks/results.md``.

The README's part between its two markers is replaced by a selection; ``results.md`` holds every row. Where NumPy is
faster, the README says so by name. ``sweep-numpy.json``, beside the file, gives its sentences where it is there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from math import exp, log
from pathlib import Path
from typing import Any

from autograd.study.timing import duration as time

from .rows import Row, Run, read

ROOT = Path(__file__).parent.parent

NAMES = {"autograd": "autograd", "numpy": "NumPy", "torch": "PyTorch", "compile": "torch.compile", "jax": "JAX"}

SELECTED = (
    "gemm 4x2 @ 2x2", "gemm 64x64 @ 64x128", "gemm 128x784 @ 784x256", "gemm 1024x1024 @ 1024x1024",
    "linear 4x2x2", "linear 64x128x64 relu", "linear_grad 64x128x64", "linear_grad 128x256x784",
    "add 1e3", "add 1e5", "add 1e7", "add 128x1000 + row", "relu 1e5", "exp 1e3", "exp 1e5", "exp 1e7", "tanh 1e5",
    "sigmoid 1e5", "gelu_tanh 1e5", "sum 1e3", "sum 1e7", "sum 128x1000 rows", "sum 128x1000 columns",
    "softmax 128x1000", "cross_entropy 64x10", "cross_entropy 128x1000", "adam 4 of 1e4", "adam 1e6",
    "gather 2048 of 10000x64", "scatter_add 2048 of 10000x64", "dropout 1e5", "normal 1e5",
)  # fmt: skip


def times(ratio: float) -> str:
    return f"{ratio:.1f}x" if ratio >= 9.95 else f"{ratio:.2f}x"


def of_kind(run: Run, kind: str) -> list[Row]:
    return [row for row in run.rows.values() if row.facts["kind"] == kind]


def compared(rows: Iterable[Row]) -> list[Row]:
    """The rows that hold both backends."""
    return [row for row in rows if row.ratio is not None]


def markdown(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    head = list(head)
    ruler = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ruler, *lines))


def side_by_side(title: str, rows: Iterable[Row]) -> str:
    """A line per row: C, NumPy, ratio."""
    lines = [(label(r), time(r.seconds("c")), time(r.seconds("numpy")), times(r.ratio)) for r in compared(rows)]
    return markdown((title, "C", "NumPy", "NumPy / C"), lines)


def label(row: Row) -> str:
    return f"{row.facts['net']} ({row.facts['shape']})" if row.facts["kind"] == "step" else row.name


def tape(run: Run) -> str:
    """Time per node: a line per phase and backend, a column per number of nodes."""
    rows = of_kind(run, "tape")
    sizes = sorted({row.facts["nodes"] for row in rows})
    lines: dict[tuple, dict[int, str]] = defaultdict(dict)
    for row in rows:
        for backend in row.stats:
            collector = ", collector on" if row.facts["collector"] else ""
            name = f"{row.facts['phase']}, {'C' if backend == 'c' else 'NumPy'}{collector}"
            lines[name][row.facts["nodes"]] = time(row.seconds(backend) / row.facts["nodes"])
    head = ("CPU time per node", *[f"{n:,} nodes" for n in sizes])
    return markdown(head, [(name, *[found.get(n, "") for n in sizes]) for name, found in lines.items()])


def by_class(run: Run) -> str:
    """A line per family of kernels: how many rows, geometric mean of the ratios, lowest and highest."""
    families: dict[str, list[Row]] = defaultdict(list)
    for row in compared(of_kind(run, "kernel")):
        families[row.facts["family"]].append(row)
    lines = []
    for family, rows in families.items():
        low, high = min(rows, key=lambda r: r.ratio), max(rows, key=lambda r: r.ratio)
        mean = exp(sum(log(r.ratio) for r in rows) / len(rows))
        lines.append((family, str(len(rows)), times(mean), f"{times(low.ratio)} ({low.name})", times(high.ratio)))
    return markdown(("kernels", "rows", "geometric mean", "lowest", "highest"), lines)


def losses(run: Run) -> str:
    """Where NumPy is faster, in a sentence."""
    rows = compared(run.rows.values())
    lost = sorted((row for row in rows if row.ratio < 1), key=lambda row: row.ratio)
    if not lost:
        return f"C is faster in all {len(rows)} rows."
    names = ", ".join(f"{row.name} ({times(row.ratio)})" for row in lost)
    return f"NumPy is faster in {len(lost)} of {len(rows)} rows: {names}."


def sweep_in_words(rows: list[dict[str, Any]], named: bool = True) -> list[str]:
    """What ``benchmarks.sweep`` found, a sentence per kind, number of threads and library, in which the sizes where the
    library is faster are named or counted."""
    lines = []
    for kind, threads in dict.fromkeys((r["kind"], r["threads"]) for r in rows):
        chosen = [r for r in rows if (r["kind"], r["threads"]) == (kind, threads)]
        for name in chosen[0]["ratio"]:
            found = {r["n"]: r["ratio"][name] for r in chosen}
            mean = exp(sum(map(log, found.values())) / len(found))
            lowest = min(found, key=lambda n: found[n])
            lost = [f"n = {n} ({times(ratio)})" for n, ratio in found.items() if ratio < 1]
            faster = f"faster at {len(lost)} of {len(found)} sizes" if lost else "nowhere faster"
            lines.append(
                f"{NAMES[name]} takes {times(mean)} the time over {kind} products of n = {min(found)} to {max(found)}, "
                f"{threads} thread{'s' if threads > 1 else ''} (geometric mean; lowest {times(found[lowest])} at "
                f"n = {lowest}), and is {faster}{': ' + ', '.join(lost) if lost and named else ''}."
            )
    return lines


def heading(run: Run) -> str:
    return (
        f"Measured on {run.date}: {run.where()}. float32 where nothing else is said. NumPy is the engine's own "
        "NumPy backend, asked for the same right after C; what counts is the best of several rounds. A kernel's time "
        "includes the Python that calls it."
    )


def summary(run: Run, sweep: list[str]) -> str:
    """The README's part; ``sweep`` holds sentences. Raises KeyError where the run lacks a selected row."""
    parts = [
        heading(run), side_by_side("training step", of_kind(run, "step")), tape(run),
        side_by_side("kernel", [run.rows[name] for name in SELECTED]), by_class(run), losses(run), *sweep,
        "Every row: [benchmarks/results.md](benchmarks/results.md). How it is timed: "
        "[benchmarks/README.md](benchmarks/README.md).",
    ]  # fmt: skip
    return "\n\n".join(parts)


def results(run: Run, sweep: list[str]) -> str:
    """Every row."""
    kernels = side_by_side("kernel", of_kind(run, "kernel"))
    steps = side_by_side("training step", of_kind(run, "step"))
    title = "# Benchmark results\n\nGenerated by `python -m benchmarks.table`; do not edit."
    return "\n\n".join([title, heading(run), losses(run), *sweep, steps, tape(run), by_class(run), kernels]) + "\n"


def replace_between(text: str, new: str, name: str = "bench") -> str:
    """The text with what stands between the markers replaced. Raises ValueError where a marker is missing."""
    start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
    before, found_start, rest = text.partition(start)
    _, found_end, after = rest.partition(end)
    if not (found_start and found_end):
        raise ValueError(f"no {start} ... {end}")
    return f"{before}{start}\n{new}\n{end}{after}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.table", description=__doc__.splitlines()[0])
    parser.add_argument("json", nargs="?", default="out/bench.json", help="default: %(default)s")
    path = Path(parser.parse_args().json)
    run, sizes = read(path), path.with_name("sweep-numpy.json")
    swept = json.loads(sizes.read_text())["rows"] if sizes.exists() else []
    readme = ROOT / "README.md"
    try:
        text = replace_between(readme.read_text(), summary(run, sweep_in_words(swept, named=False)))
    except KeyError as missing:
        print(f"this run has no row {missing}: run all of `python -m benchmarks`", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(f"README.md: {error}", file=sys.stderr)
        return 1
    readme.write_text(text)
    (ROOT / "benchmarks" / "results.md").write_text(results(run, sweep_in_words(swept)))
    print(f"wrote README.md and benchmarks/results.md: {losses(run)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
