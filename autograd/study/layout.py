"""Where the boxes of a graph go: in rows, each below what it is computed from, with few crossings.

First :func:`layered` decides rows and orders from the edges alone, then :func:`place` finds coordinates for boxes of
given sizes. Both walk in loops. The page of a graph does the second part again, in ``graph.js``, when the reader opens
a module: it has to give the same places.

>>> layers = layered(3, [(0, 2), (1, 2)])
>>> layers.rows
[[0, 1], [2]]
>>> place(layers, [(40, 20), (40, 20), (40, 20)])[:2]
([(-32.0, 10.0), (32.0, 10.0), (0.0, 74.0)], (104.0, 84.0))
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

ACROSS, DOWN = 24.0, 44.0  # between boxes of a row, between rows
SWEEPS = 4
ABREAST = 3  # loose boxes of one row
LONG = 30  # rows that an edge may pass with a place kept for it in each
THIN = (10.0, 0.0)  # the size of such a place

OUTSIDE = -1

Point = tuple[float, float]


@dataclass
class Layers:
    """The rows from top to bottom; numbers from ``count`` on are places kept for edges that pass. ``links`` has for
    each edge the numbers from its start to its end, with those between; OUTSIDE stands for what is around."""

    count: int
    rows: list[list[int]]
    links: dict[tuple[int, int], list[int]]


def layered(count: int, edges: list[tuple[int, int]], loose: frozenset[int] = frozenset()) -> Layers:
    """Rows for the boxes 0 to count - 1. Edges lead from lower to higher numbers, or from or to OUTSIDE; a ``loose``
    box, with nothing before it, stands just above the first that uses it, in rows of a few.

    Here 6 and 7 are places kept.

    >>> layered(6, [(k, 5) for k in range(5)], frozenset(range(5))).rows
    [[0, 1], [2, 3, 6, 7, 4], [5]]
    """
    edges = list(dict.fromkeys(edges))
    inner = [e for e in edges if OUTSIDE not in e]
    rank = [0] * count
    for u, v in sorted(inner, key=lambda e: e[1]):
        rank[v] = max(rank[v], rank[u] + 1)
    for u, v in sorted(inner, key=lambda e: -rank[e[1]]):
        if u in loose:
            rank[u] = rank[v] - 1
    rank = _few_abreast(rank, loose)
    rows: list[list[int]] = [[] for _ in range(max(rank, default=-1) + 1)]
    for v in range(count):
        rows[rank[v]].append(v)
    links, total = {}, count
    for u, v in edges:
        start, end = -1 if u == OUTSIDE else rank[u], len(rows) if v == OUTSIDE else rank[v]
        between = range(start + 1, end) if end - start <= LONG else range(0)
        links[u, v] = [u, *range(total, total + len(between)), v]
        for number, r in enumerate(between, total):
            rows[r].append(number)
        total += len(between)
    layers = Layers(count, rows, links)
    _uncross(layers, total)
    return layers


def _few_abreast(rank: list[int], loose: frozenset[int]) -> list[int]:
    """The ranks, those of loose boxes that are too many for their row a few rows less, and none below 0."""
    moved = rank[:]
    for row in sorted({rank[u] for u in loose}):
        there = sorted(u for u in loose if rank[u] == row)
        for k, u in enumerate(reversed(there)):
            moved[u] = row - k // ABREAST
    lowest = min(moved, default=0)
    return [r - lowest for r in moved]


def neighbours(layers: Layers) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Of each box and kept place those linked to it above and below."""
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for link in layers.links.values():
        known = [n for n in link if n != OUTSIDE]
        for u, v in pairwise(known):
            below.setdefault(u, []).append(v)
            above.setdefault(v, []).append(u)
    return above, below


def _uncross(layers: Layers, total: int) -> None:
    """Order each row by the mean place of what its boxes are linked to, downwards and upwards in turn."""
    above, below = neighbours(layers)
    at = [0.0] * total
    for row in layers.rows:
        for k, v in enumerate(row):
            at[v] = k - len(row) / 2
    for sweep in range(SWEEPS):
        linked = below if sweep % 2 else above
        for row in layers.rows[:: -1 if sweep % 2 else 1]:
            wanted = {v: sum(at[u] for u in linked[v]) / len(linked[v]) if v in linked else at[v] for v in row}
            row.sort(key=lambda v: wanted[v])
            for k, v in enumerate(row):
                at[v] = k - len(row) / 2


def place(layers: Layers, sizes: list[Point]) -> tuple[list[Point], Point]:
    """The centre of each box and kept place, x from the middle and y from the top, and the size of the whole."""
    above, below = neighbours(layers)
    total = max((n for row in layers.rows for n in row), default=-1) + 1
    size = [*sizes, *[THIN] * (total - len(sizes))]
    x, y, top = [0.0] * total, [0.0] * total, 0.0
    for row in layers.rows:
        height = max(size[v][1] for v in row)
        for v in row:
            y[v] = top + height / 2
        top += height + DOWN
        for v, wanted in zip(row, apart([0.0] * len(row), [size[v][0] for v in row])):
            x[v] = wanted
    for sweep in range(SWEEPS):
        linked = above if sweep % 2 else below
        for row in layers.rows[:: 1 if sweep % 2 else -1]:
            goals = [sum(x[u] for u in linked[v]) / len(linked[v]) if v in linked else x[v] for v in row]
            for v, found in zip(row, apart(goals, [size[v][0] for v in row])):
                x[v] = found
    left = min((x[v] - size[v][0] / 2 for v in range(total)), default=0.0)
    right = max((x[v] + size[v][0] / 2 for v in range(total)), default=0.0)
    middle = (left + right) / 2
    return [(a - middle, b) for a, b in zip(x, y)], (right - left, max(top - DOWN, 0.0))


def apart(goals: list[float], widths: list[float], gap: float = ACROSS) -> list[float]:
    """The places nearest to the goals, in their order, at which boxes of these widths do not overlap: where they
    would, they form a block around the mean of their goals.

    >>> apart([0.0, 1.0, 50.0], [10.0, 10.0, 10.0], 2.0)
    [-5.5, 6.5, 50.0]
    """
    blocks: list[tuple[float, int]] = []  # the sum of the goals of its boxes, each less its offset; their number
    offsets, offset = [], 0.0
    for k, (goal, width) in enumerate(zip(goals, widths)):
        offset += (widths[k - 1] + width) / 2 + gap if k else 0.0
        offsets.append(offset)
        total, n = goal - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / n:
            before, m = blocks.pop()
            total, n = total + before, n + m
        blocks.append((total, n))
    starts = [total / n for total, n in blocks for _ in range(n)]
    return [start + offset for start, offset in zip(starts, offsets)]
