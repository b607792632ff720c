"""What a model is trained on, as batches: ``(input, ..., target)``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Any

import numpy as np

from ..data import from_numpy
from ..dtypes import dtype, float32
from ..nn import Module
from ..ops.random import randperm
from ..random import Generator
from ..tensor import Tensor
from ..tree import leaves, mapped
from ..utils.data import DataLoader, IterableDataset


class Rows:
    """Tensors whose rows belong together, a batch of rows at a time: in their order, or in that of
    ``randperm(n, generator=generator)``, drawn for each pass."""

    def __init__(self, tensors: tuple, size: int | None, shuffle: bool, generator: Generator | None):
        lengths = {len(t) if t.ndim else 0 for t in leaves(tensors)}
        if len(lengths) != 1 or lengths == {0}:
            raise ValueError(f"the arrays of the data must have one number of rows, at least 1, got {sorted(lengths)}")
        if size is not None and size < 1:
            raise ValueError(f"batch_size must be at least 1, or None for all rows at once, got {size}")
        self.tensors, self.rows = tensors, lengths.pop()
        self.size = size or self.rows
        self.shuffle, self.generator = shuffle and size is not None, generator
        self._flat = all(isinstance(t, Tensor) for t in tensors)

    def __len__(self) -> int:
        return -(-self.rows // self.size)

    def __iter__(self) -> Iterator[tuple]:
        if self.size >= self.rows and not self.shuffle:
            yield self.tensors
            return
        order = randperm(self.rows, generator=self.generator) if self.shuffle else None
        for start in range(0, self.rows, self.size):
            rows: Any = slice(start, start + self.size)
            if order is not None:
                rows = order[rows]
            if self._flat:
                yield tuple([t[rows] for t in self.tensors])
            else:
                yield mapped(lambda t, rows=rows: t[rows], self.tensors)


def batches_of(
    data: Any, model: Module, batch_size: int | None, shuffle: bool = False, generator: Generator | None = None
) -> Iterable:
    """Batches from whatever the data is: a tensor or array, a tuple of them, a Dataset, or what gives batches itself,
    such as a DataLoader or a list of batches. Floating-point NumPy arrays get the dtype of the model's parameters."""
    if isinstance(data, (Tensor, np.ndarray)):
        data = (data,)
    if isinstance(data, tuple):
        floating = dtype_of(model)
        return Rows(mapped(lambda a: _tensor(a, floating), data), batch_size, shuffle, generator)
    if isinstance(data, IterableDataset):
        return DataLoader(data, batch_size)
    if hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, list):
        size = len(data) if batch_size is None else batch_size
        return DataLoader(data, size, shuffle and batch_size is not None, generator=generator)
    if not isinstance(data, Iterable):
        raise TypeError(
            f"the data must be a tuple of arrays or tensors, a Dataset or a DataLoader, not {type(data).__name__}"
        )
    return data


def dtype_of(model: Module) -> dtype:
    """The dtype of a model's parameters; float32 where it has none."""
    return next((p.dtype for p in model.parameters() if p.is_floating_point()), float32)


def _tensor(a: Any, floating: dtype) -> Tensor:
    if isinstance(a, Tensor):
        return a
    if not isinstance(a, np.ndarray):
        raise TypeError(f"a tuple of data holds tensors and NumPy arrays, not {type(a).__name__}")
    t = from_numpy(a)
    return t.to(floating) if t.is_floating_point() else t


def length(batches: Iterable) -> int | None:
    """How many batches there are, where that is known."""
    return len(batches) if isinstance(batches, Sized) else None


def split(batch: Any) -> tuple[tuple, Any]:
    """A batch as (inputs, target)."""
    if not isinstance(batch, (tuple, list)) or len(batch) < 2:
        raise TypeError(
            f"a batch must be (input, ..., target), got {type(batch).__name__}"
            + (f" of {len(batch)}" if isinstance(batch, (tuple, list)) else "")
        )
    return tuple(batch[:-1]), batch[-1]


def rows_in(batch: Any) -> int:
    """The rows of a batch: by them its loss counts in the mean."""
    first = batch[0]
    if type(first) is not Tensor:
        first = next(t for t in leaves(batch) if isinstance(t, Tensor))
    shape = first._array.shape
    return shape[0] if shape else 1


def generators_of(data: Any, generator: Generator | None) -> list[Generator]:
    """The generators that the order of the data depends on, besides the default one."""
    sampler, batch_sampler = getattr(data, "sampler", None), getattr(data, "batch_sampler", None)
    holders = [data, sampler, batch_sampler, getattr(batch_sampler, "sampler", None)]
    found = [generator, *[getattr(h, "generator", None) for h in holders]]
    return list(dict.fromkeys(g for g in found if isinstance(g, Generator)))
