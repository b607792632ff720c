"""Where a node was made: the user's line and the module's path. Costs nothing unless switched on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import graph

if TYPE_CHECKING:
    from ..graph import Node

active = False  # whether some trace is on: modules then say when they are entered

_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep
_depth = 0
_modules: list[Any] = []


class Where(NamedTuple):
    """A line of the user's code, and the path of the module whose forward ran."""

    filename: str
    line: int
    function: str
    module: str

    def __str__(self) -> str:
        within = f", module {self.module!r}" if self.module else ""
        return f"{self.filename}:{self.line} in {self.function}{within}"


class trace:
    """Within ``with trace():`` each new node keeps where it was made, as ``node.where``. AUTOGRAD_TRACE=1 does so
    throughout."""

    def __enter__(self) -> trace:
        start()
        return self

    def __exit__(self, *exc: object) -> None:
        stop()


def start() -> None:
    """Note where nodes are made, until as many calls of :func:`stop`."""
    global active, _depth
    if not _depth:
        graph.observers.append(_note)
    _depth += 1
    active = True


def stop() -> None:
    """Undo a :func:`start`."""
    global active, _depth
    _depth -= 1
    active = bool(_depth)
    if not active:
        graph.observers.remove(_note)


def _note(node: Node) -> None:
    node._where = here()


def here() -> Where:
    """The innermost line that is not this package's."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    code = frame.f_code
    return Where(code.co_filename, frame.f_lineno, code.co_name, module_path())


def innermost() -> Any:
    """The module whose forward is running, None outside."""
    return _modules[-1] if _modules else None


def module_path() -> str:
    """The dotted path of the module whose forward is running, from the outermost one."""
    names = []
    for outer, inner in pairwise(_modules):
        name = next((n for n, m in outer.named_modules() if m is inner), None)
        names.append(name or type(inner).__name__)
    return ".".join(names)


@contextmanager
def module(m: Any) -> Iterator[None]:
    """The module whose forward runs within."""
    if not active:
        yield
        return
    _modules.append(m)
    try:
        yield
    finally:
        _modules.pop()


if os.environ.get("AUTOGRAD_TRACE", "") not in ("", "0"):
    start()
