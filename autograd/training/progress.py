"""How far a run is: a bar where there is a terminal and rich, else some plain lines.

>>> with progress(2, lines=2) as report:
...     report(1, "half")
...     report(2, "whole")
    1/2  half
    2/2  whole
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter
from typing import Any

EVERY = 0.1  # seconds between two changes of a bar


class Report:
    """Tells how far a run is: ``report(done, line)``. Where it is not ``live``, only whole steps of ``every`` count."""

    live = False

    def __init__(self, total: int, every: int):
        self.total, self.every = total, every

    def due(self, done: float) -> bool:
        """Whether it would show something now."""
        return done % self.every == 0 or done == self.total

    def __call__(self, done: float, line: str) -> None:
        if self.due(done):
            print(f"{done:>5}/{self.total}  {line}", flush=True)

    def say(self, line: str) -> None:
        """Show a line, whatever is due."""
        print(line, flush=True)


class Silent(Report):
    """Tells nothing."""

    def due(self, done: float) -> bool:
        return False

    def say(self, line: str) -> None:
        pass


class _Bar(Report):
    live = True

    def __init__(self, total: int, shown: Any):
        super().__init__(total, 1)
        self._shown = shown
        self._task = shown.add_task("", total=total, line="")
        self._next = 0.0

    def due(self, done: float) -> bool:
        return perf_counter() >= self._next or done == self.total

    def __call__(self, done: float, line: str) -> None:
        if self.due(done):
            self._shown.update(self._task, completed=done, line=line)
            self._next = perf_counter() + EVERY

    def say(self, line: str) -> None:
        self._shown.update(self._task, line=line)


def progress(total: int, lines: int) -> AbstractContextManager[Report]:
    """A progress bar with a live line where there is a terminal (and rich); else about ``lines`` plain lines."""
    if sys.stdout.isatty():
        try:
            return _bar(total)
        except ImportError:
            pass
    return _plain(total, max(1, total // lines))


def _bar(total: int) -> AbstractContextManager[Report]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.table import Column

    line = TextColumn("{task.fields[line]}", table_column=Column(overflow="fold"))  # never cut: numbers come last
    columns = MofNCompleteColumn(), line, BarColumn(bar_width=10)

    @contextmanager
    def bar() -> Iterator[Report]:
        with Progress(*columns) as shown:
            yield _Bar(total, shown)

    return bar()


@contextmanager
def _plain(total: int, every: int) -> Iterator[Report]:
    yield Report(total, every)
