"""Which graphs are alive: what a loop that keeps ``total += loss`` holds.

>>> from autograd import ones
>>> w, total = ones(3, requires_grad=True), 0.0
>>> for _ in range(4):
...     total = total + (w * w).sum()
>>> report = graph_report()
>>> max(graph.nodes for graph in report)
12
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import NamedTuple

from ..graph import Node, Output
from ..storage import tick


class Graph(NamedTuple):
    """Nodes that hang together: how many, the bytes they saved, how many nodes and writes ago the first and the last
    were made, the ops at the end, and the line of the last, if it was traced."""

    nodes: int
    saved_bytes: int
    oldest: int
    newest: int
    ends: tuple[str, ...]
    where: object


class Report(list):
    """Graphs, the largest first; prints as a table."""

    def __str__(self) -> str:
        if not self:
            return "no graph is alive"
        lines = [f"{'nodes':>8} {'saved bytes':>14} {'oldest':>9} {'newest':>9}  ends in"]
        for g in self:
            place = f" at {g.where}" if g.where else ""
            ends = ", ".join(g.ends[:3]) + (", ..." if len(g.ends) > 3 else "")
            lines.append(f"{g.nodes:8,} {g.saved_bytes:14,} {g.oldest:9,} {g.newest:9,}  {ends}{place}")
        return "\n".join(lines)

    __repr__ = __str__


def graph_report() -> Report:
    """The graphs that are alive now, the largest first.

    One that grows with every step is kept by something like ``total += loss``: take ``loss.item()`` or
    ``loss.detach()``. Ages count nodes and writes since; lines are known where ``with study.trace():`` was on.
    """
    gc.collect()
    nodes = {n for n in gc.get_objects() if type(n) is Node}
    now = tick()
    return Report(sorted((_described(part, now) for part in _parts(nodes)), reverse=True))


def _behind(node: Node) -> Iterator[Node]:
    for edge in node.edges:
        other = edge.node if type(edge) is Output else edge
        if type(other) is Node:
            yield other


def _parts(nodes: set[Node]) -> Iterator[set[Node]]:
    """The connected parts."""
    near: dict[Node, list[Node]] = {n: [] for n in nodes}
    for node in nodes:
        for other in _behind(node):
            near[node].append(other)
            near.setdefault(other, []).append(node)
    left = set(near)
    while left:
        stack, part = [left.pop()], set()
        while stack:
            node = stack.pop()
            part.add(node)
            found = left.intersection(near[node])
            left -= found
            stack += found
        yield part


def _described(part: set[Node], now: int) -> Graph:
    inner = {other for node in part for other in _behind(node)}
    ends = sorted(part - inner, key=lambda n: n.seq)
    blocks = {a.storage: a.storage.layout.nbytes for n in part for a in n.saved or () if a is not None}
    last = max(part, key=lambda n: n.seq)
    return Graph(
        len(part), sum(blocks.values()), now - min(n.seq for n in part), now - last.seq,
        tuple([n.name() for n in ends]), last.where,
    )  # fmt: skip
