"""Seeing backpropagation: where each node of the graph was made; what a step consists of
(:mod:`.timing`); which graphs are alive; pictures of nets.

>>> from autograd import nn, ones
>>> with trace():
...     y = nn.Sequential(nn.Linear(2, 1)).eval()(ones(1, 2))
>>> y.grad_fn.where.module
'0'
"""

from .live import graph_report
from .network import Network, network
from .tracing import Where, trace

__all__ = ["Network", "Where", "graph_report", "network", "trace"]
