"""The search for paths: for each element of a tensor the largest products of factors on the ways to the loss.

A path leads from an element over elements of inner tensors to the loss. There may be very many, so they are not walked
one by one: the best paths of an element are among its factors times the best paths of the elements that it moves.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .factors import Entries, entries
from .recording import LeafRecord, Record, Step


class Best:
    """For each element of a tensor: the k largest products of paths to the loss, with where they go on, the sum of all
    products, of their sizes, and their number."""

    def __init__(self, size: int, k: int):
        self.products = np.zeros((size, k))
        self.next = np.full((size, k, 4), -1)  # which step, which input, which output element, which of its paths
        self.total, self.sizes, self.count = np.zeros(size), np.zeros(size), np.zeros(size)


class Search:
    """Dynamic programming from the loss down: the best paths of an element are among its factors times the best paths
    of the elements that it moves."""

    def __init__(self, found: Record, k: int):
        self.found, self.k = found, k
        self.best: dict[tuple[Any, int], Best] = {}
        self.rows: dict[tuple[Step, int], dict[int, list[float]]] = {}  # sums and counts by row of a first output

    def run(self, target: Step | LeafRecord, output: int, flat: int) -> Best:
        """The best paths of one element of a tensor; at position 0 of what is returned."""
        above = self.above(target)
        root, start = self.found.root, np.asarray(self.found.start, np.float64)
        self._add_start(root, start, None if root is not target else flat)
        for step in self.found.steps:
            if step not in above:
                continue
            for i, e in enumerate(step.inputs):
                last = e.target is target and e.index == output
                if e.target is None or not (last or e.target in above):
                    continue
                for index in range(len(step.shapes)):
                    if (step, index) in self.best:
                        self._through(step, i, index, flat if last and target not in above else None)
        key = (target, output)
        if key not in self.best:
            return Best(1, self.k)
        best = self.best[key]
        if len(best.total) > 1:
            best = self._one(best, flat)
        return best

    def above(self, target: Step | LeafRecord) -> set:
        """The steps through which paths lead."""
        above: set = set()
        waiting = [target]
        while waiting:
            for user, _ in waiting.pop().used_by:
                if user not in above:
                    above.add(user)
                    waiting.append(user)
        return above

    def _add_start(self, root: Any, start: np.ndarray, only: int | None) -> None:
        flat = start.ravel() if only is None else start.ravel()[only : only + 1]
        best = self.best[root, self.found.index] = Best(flat.size, self.k)
        best.products[:, 0] = best.total = flat
        best.sizes, best.count = np.abs(flat), (flat != 0).astype(float)

    def _through(self, step: Step, i: int, index: int, only: int | None) -> None:
        """Extend the best paths of a step's output to one of its inputs."""
        e = step.inputs[i]
        size = 1 if only is not None else int(np.prod(e.shape or ()))
        source = self.best[step, index]
        found = entries(step, i, index, only)
        inputs = np.zeros_like(found.inputs) if only is not None else found.inputs
        key = (e.target, e.index)
        best = self.best.setdefault(key, Best(size, self.k))
        count = source.count[found.outputs]
        total = _times(found.factors, np.where(count, source.total[found.outputs], 0))
        np.add.at(best.total, inputs, total)
        np.add.at(best.sizes, inputs, _times(np.abs(found.factors), np.where(count, source.sizes[found.outputs], 0)))
        np.add.at(best.count, inputs, count)
        self._merge(best, source, inputs, found, step, i, index)
        shape = step.shapes[index] or ()
        if only is not None and len(shape) > 1:
            rows = self.rows.setdefault((step, index), {})
            for row, part, n in zip(np.unravel_index(found.outputs, shape)[0].tolist(), total, count):
                sums = rows.setdefault(row, [0.0, 0.0])
                sums[0] += float(part)
                sums[1] += float(n)

    def _merge(self, best: Best, source: Best, inputs: Any, found: Entries, step: Step, i: int, index: int) -> None:
        """Keep the k largest of the paths so far and of those through these entries."""
        k = self.k
        candidates = _times(found.factors[:, None], source.products[found.outputs]).ravel()
        owner = np.repeat(inputs, k)
        where = np.empty((candidates.size, 4), np.int64)
        where[:, 0] = step.number
        where[:, 1] = i * len(step.shapes) + index
        where[:, 2] = np.repeat(found.outputs, k)
        where[:, 3] = np.tile(np.arange(k), len(inputs))
        size = len(best.total)
        owner = np.concatenate([np.repeat(np.arange(size), k), owner])
        candidates = np.concatenate([best.products.ravel(), candidates])
        where = np.concatenate([best.next.reshape(-1, 4), where])
        order = np.lexsort((-np.where(np.isnan(candidates), np.inf, np.abs(candidates)), owner))
        first = np.searchsorted(owner[order], np.arange(size))
        chosen = order[first[:, None] + np.arange(k)]
        best.products, best.next = candidates[chosen], where[chosen]

    def _one(self, best: Best, flat: int) -> Best:
        one = Best(1, self.k)
        one.products, one.next = best.products[flat : flat + 1], best.next[flat : flat + 1]
        one.total, one.sizes, one.count = (a[flat : flat + 1] for a in (best.total, best.sizes, best.count))
        return one


def _times(factors: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Their products; 0, where there is no path, stays 0."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(products == 0, 0.0, factors * products)
