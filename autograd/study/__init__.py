"""Seeing backpropagation: a graph as a list of steps with everything that goes through them (:func:`record`), in words
(:func:`explain`), as a script (:func:`backward_source`), as pictures, and one step at a time (:func:`debug`); where
each node was made; what a step consists of (:mod:`.timing`); which graphs are alive.

>>> from autograd import nn, ones
>>> with trace():
...     y = nn.Sequential(nn.Linear(2, 1)).eval()(ones(1, 2))
>>> y.grad_fn.where.module
'0'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .tracing import Where, trace

if TYPE_CHECKING:
    from .by_hand import Checks, check_by_hand
    from .comparison import Comparison, compare
    from .debugger import Debugger, debug
    from .diagram import Network, network
    from .exercise_book import Exercise, exercises
    from .explanation import Explanation, explain
    from .graph_view import Graph, graph
    from .health import GradientHealth
    from .live import graph_report
    from .memory_film import Memory, memory
    from .paths import Why, why
    from .recording import Record, record
    from .source import BackwardSource, backward_source

_VIEWS = {
    "by_hand": ("Checks", "check_by_hand"), "comparison": ("Comparison", "compare"),
    "debugger": ("Debugger", "debug"), "diagram": ("Network", "network"),
    "exercise_book": ("Exercise", "exercises"), "explanation": ("Explanation", "explain"),
    "graph_view": ("Graph", "graph"), "health": ("GradientHealth",), "live": ("graph_report",),
    "memory_film": ("Memory", "memory"), "paths": ("Why", "why"), "recording": ("Record", "record"),
    "source": ("BackwardSource", "backward_source"),
}  # fmt: skip
"""What is imported when it is used, by the file it is in: no view makes ``import autograd`` slower."""

__all__ = ["Where", "trace", *(name for names in _VIEWS.values() for name in names)]


def __getattr__(name: str) -> Any:
    for file, names in _VIEWS.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f".{file}", __name__), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
