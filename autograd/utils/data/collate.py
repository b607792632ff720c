"""From a list of samples to a batch: tensors are stacked, numbers become tensors, containers are gone into.

>>> default_collate([(1, "a"), (2, "b")])
[tensor([1, 2]), ('a', 'b')]
>>> default_collate([{"x": 0.5}, {"x": 1.5}])
{'x': tensor([0.5000, 1.5000], dtype=autograd.float64)}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from copy import copy
from typing import Any

import numpy as np

from ...data import from_numpy, tensor
from ...dtypes import float64
from ...ops.join import stack
from ...tensor import Tensor

WANTED = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"


def default_collate(batch: Sequence) -> Any:
    """The batch of a list of samples, with a new first dim; strings stay what they are."""
    return collate(batch, collate_fn_map=default_collate_fn_map)


def default_convert(data: Any) -> Any:
    """A sample as it is, with tensors in place of NumPy's arrays and numbers: for loaders with ``batch_size=None``."""
    if isinstance(data, (np.ndarray, np.generic)):
        values = np.asarray(data)
        return data if values.dtype.kind in "SUO" else from_numpy(values)
    if isinstance(data, Mapping):
        return _mapping(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _sequence(data, [default_convert(value) for value in data])
    return data


def collate(batch: Sequence, *, collate_fn_map: Mapping[Any, Callable] | None = None) -> Any:
    """As :func:`default_collate`, with functions of one's own for some types of elements."""
    first = batch[0]
    kinds = collate_fn_map or {}
    chosen = kinds.get(type(first)) or next((f for kind, f in kinds.items() if isinstance(first, kind)), None)
    if chosen is not None:
        return chosen(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Mapping):
        return _mapping(first, {k: collate([d[k] for d in batch], collate_fn_map=collate_fn_map) for k in first})
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        return _sequence(first, [collate(column, collate_fn_map=collate_fn_map) for column in zip(*batch)])
    raise TypeError(WANTED.format(type(first)))


def _mapping(like: Mapping, values: dict) -> Any:
    """Values in a mapping of the type of ``like``, a dict where that cannot be made."""
    try:
        if isinstance(like, MutableMapping):  # a copy keeps what else the type holds, such as a default
            made = copy(like)
            made.update(values)
            return made
        return type(like)(values)  # type: ignore[call-arg]
    except TypeError:
        return values


def _sequence(like: Sequence, values: list) -> Any:
    """Values in a sequence of the type of ``like``; of plain tuples PyTorch makes lists."""
    if isinstance(like, tuple):
        return type(like)(*values) if hasattr(like, "_fields") else values
    try:
        if isinstance(like, MutableSequence):
            made = copy(like)
            for i, value in enumerate(values):
                made[i] = value
            return made
        return type(like)(values)  # type: ignore[call-arg]
    except TypeError:
        return values


def _arrays(batch: Sequence, *, collate_fn_map: Any = None) -> Any:
    if batch[0].dtype.kind in "SUO":
        raise TypeError(WANTED.format(batch[0].dtype))
    return collate([from_numpy(np.asarray(a)) for a in batch], collate_fn_map=collate_fn_map)


default_collate_fn_map: dict[Any, Callable] = {
    Tensor: lambda batch, *, collate_fn_map=None: stack(batch, 0),
    np.ndarray: _arrays,
    (np.bool_, np.number, np.object_): lambda batch, *, collate_fn_map=None: from_numpy(np.array(batch)),
    float: lambda batch, *, collate_fn_map=None: tensor(batch, float64),
    int: lambda batch, *, collate_fn_map=None: tensor(batch),
    str: lambda batch, *, collate_fn_map=None: batch,
    bytes: lambda batch, *, collate_fn_map=None: batch,
}
"""What is made of the elements of a batch, by their type; a script may add types of its own."""
