"""From the positions that a sampler gives to a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from ...data import from_numpy
from .collate import default_collate
from .dataset import IterableDataset, Subset, TensorDataset, samples


def fetcher(dataset: Any, batched: bool, collate_fn: Callable, drop_last: bool) -> Callable[[Any], Any]:
    """The function that makes a batch of what the sampler gave; it raises StopIteration where an iterable data set has
    ended."""
    if isinstance(dataset, IterableDataset):
        return _stream(iter(dataset), batched, collate_fn, drop_last)
    if not batched:
        return lambda index: collate_fn(dataset[index])
    if collate_fn is default_collate:
        return lambda indices: _default_batch(dataset, indices)
    return lambda indices: collate_fn(samples(dataset, indices))


def _stream(iterator: Any, batched: bool, collate_fn: Callable, drop_last: bool) -> Callable[[Any], Any]:
    def fetch(indices: Any) -> Any:
        if not batched:
            return collate_fn(next(iterator))
        batch = list(islice(iterator, len(indices)))
        if not batch or (drop_last and len(batch) < len(indices)):
            raise StopIteration
        return collate_fn(batch)

    return fetch


def _default_batch(dataset: Any, indices: Sequence) -> Any:
    rows = _rows(dataset, indices)
    return default_collate(samples(dataset, indices)) if rows is None else rows


def _rows(dataset: Any, indices: Sequence) -> list | None:
    """The batch of rows of tensors, gathered by one indexing of each: what stacking the samples gives, without making
    them. None where the samples are no such rows."""
    while type(dataset) is Subset:
        indices, dataset = [dataset.indices[i] for i in indices], dataset.dataset
    if type(dataset) is not TensorDataset:
        return None
    positions = np.asarray(indices)
    if positions.dtype.kind != "i" or positions.ndim != 1:
        return None
    return [
        t[from_numpy(positions)] if t.requires_grad else from_numpy(t._array.numpy()[positions])
        for t in dataset.tensors
    ]
