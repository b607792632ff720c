"""Where a node was made: the user's line and the module's path. Costs nothing unless switched on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

from .. import graph

if TYPE_CHECKING:
    from ..graph import Node

active = False  # whether some trace is on: modules then say when they are entered

_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep
_depth = 0
_modules: list[Any] = []
roots: WeakSet[Any] = WeakSet()  # the outermost modules whose forward was traced: parameters have their names from them


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
    throughout.

    values
        Keep copies of what goes through each node too: the values of the forward and, of each backward within, the
        gradients that arrive and leave. The views of autograd.study show them, also once backward freed what it needed.
    """

    def __init__(self, values: bool = False):
        self._values = values

    def __enter__(self) -> trace:
        start()
        if self._values:
            from . import keeping

            keeping.start()
        return self

    def __exit__(self, *exc: object) -> None:
        stop()
        if self._values:
            from . import keeping

            keeping.stop()


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


def _note(node: Node, *_: Any) -> None:
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
        name = next((n for n, m in outer.named_children() if m is inner), None)
        name = name or next((n for n, m in outer.named_modules() if m is inner), None)
        names.append(name or type(inner).__name__)
    return ".".join(names)


@contextmanager
def module(m: Any) -> Iterator[None]:
    """The module whose forward runs within."""
    if not active:
        yield
        return
    if not _modules:
        roots.add(m)
    _modules.append(m)
    try:
        yield
    finally:
        _modules.pop()


if os.environ.get("AUTOGRAD_TRACE", "") not in ("", "0"):
    start()
