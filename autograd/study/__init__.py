"""Seeing backpropagation: a graph as a list of steps with everything that goes through them (:func:`record`); where
each node was made; what a step consists of (:mod:`.timing`); which graphs are alive; pictures of nets and graphs.

>>> from autograd import nn, ones
>>> with trace():
...     y = nn.Sequential(nn.Linear(2, 1)).eval()(ones(1, 2))
>>> y.grad_fn.where.module
'0'
"""

from typing import TYPE_CHECKING, Any

from .explain import Explanation, explain
from .graph_view import Graph, graph
from .live import graph_report
from .memory import Memory, memory
from .network import Network, network
from .record import Record, record
from .source import BackwardSource, backward_source
from .tracing import Where, trace

if TYPE_CHECKING:
    from .health import GradientHealth

__all__ = [
    "BackwardSource",
    "Explanation",
    "GradientHealth",
    "Graph",
    "Memory",
    "Network",
    "Record",
    "Where",
    "backward_source",
    "explain",
    "graph",
    "graph_report",
    "memory",
    "network",
    "record",
    "trace",
]


def __getattr__(name: str) -> Any:
    """GradientHealth, which is a callback of :mod:`autograd.training` and so comes after it."""
    if name == "GradientHealth":
        from .health import GradientHealth

        return GradientHealth
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
