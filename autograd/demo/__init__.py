"""Nets to run from the command line: ``python -m autograd demo`` (:mod:`.digits`), ``demo xor`` (:mod:`.xor`)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from types import ModuleType
from typing import Protocol


class Unavailable(Exception):
    """The demo cannot run here; the message says what to do about it."""


def need(*modules: str) -> list[ModuleType]:
    """Import what the ``demo`` extra brings; Unavailable names the extra where something is missing."""
    try:
        return [import_module(name) for name in modules]
    except ImportError as error:
        raise Unavailable(
            f"this demo needs scikit-learn and matplotlib ({error}): install the extra with "
            "`pip install 'autograd-cffi[demo]'`, in a clone `pip install -e '.[demo]'`"
        ) from error


class Report(Protocol):
    """Tells how far a run is: ``report(done, line)``."""

    def __call__(self, done: int, line: str) -> None: ...


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

    columns = BarColumn(bar_width=16), MofNCompleteColumn(), TextColumn("{task.fields[line]}")

    @contextmanager
    def bar() -> Iterator[Report]:
        with Progress(*columns) as shown:
            task = shown.add_task("", total=total, line="")
            yield lambda done, line: shown.update(task, completed=done, line=line)

    return bar()


@contextmanager
def _plain(total: int, every: int) -> Iterator[Report]:
    def report(done: int, line: str) -> None:
        if done % every == 0 or done == total:
            print(f"{done:>5}/{total}  {line}", flush=True)

    yield report
