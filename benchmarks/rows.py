"""Reads what pytest-benchmark wrote: rows that hold C and NumPy side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Row:
    """One group: its facts (kind, kernel, shape, ...), and per backend the statistics in seconds and the test's id."""

    name: str
    facts: dict[str, Any]
    stats: dict[str, dict[str, float]] = field(default_factory=dict)
    tests: dict[str, str] = field(default_factory=dict)

    def seconds(self, backend: str) -> float:
        return self.stats[backend]["min"]

    @property
    def ratio(self) -> float | None:
        """NumPy's time over C's: above 1, C is faster."""
        if "c" not in self.stats or "numpy" not in self.stats:
            return None
        return self.seconds("numpy") / self.seconds("c")


@dataclass
class Run:
    """A JSON file: where and when it was measured, and its rows by name."""

    machine: dict[str, Any]
    date: str
    rows: dict[str, Row]

    def where(self) -> str:
        """The machine in a line."""
        cpu, ours = self.machine["cpu"], self.machine["autograd"]
        threads = f"{ours['threads']} thread{'s' if ours['threads'] > 1 else ''}"
        return (
            f"{cpu.get('brand_raw', self.machine['machine'])}, {cpu.get('count')} cores, {ours['isa']}, {threads}, "
            f"{ours['compiler']}, Python {self.machine['python_version']}, NumPy {ours['numpy']} ({ours['blas']})"
        )


def read(path: str | Path) -> Run:
    """Read a file written by ``python -m benchmarks``."""
    found = json.loads(Path(path).read_text())
    rows: dict[str, Row] = {}
    for one in found["benchmarks"]:
        facts = dict(one["extra_info"])
        backend = facts.pop("backend")
        row = rows.setdefault(one["group"], Row(one["group"], facts))
        row.stats[backend], row.tests[backend] = one["stats"], one["fullname"]
    return Run(found["machine_info"], found["datetime"][:10], rows)
