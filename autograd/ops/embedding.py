"""Embedding: the rows of a table at integer positions, each or summed up in bags.

>>> from autograd import tensor
>>> embedding(tensor([1, 0]), tensor([[1.0, 2.0], [3.0, 4.0]]))
tensor([[3., 4.],
        [1., 2.]])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..backend import K
from ..data import tensor
from ..op import Op, contiguous, record, require_tensor
from ..storage import Array, empty
from ..tensor import Tensor
from .choice import clamp, where
from .extremes import max
from .index import outside, rows, split


class Embedding(Op):
    """y[i] = table[index[i]]
    dL/dtable = zeros; dL/dtable[index[i]] += g[i]"""

    inputs = ("table", "index")
    params = ("padding_index",)

    @staticmethod
    def backward(node, g):
        edge, index = node.edges[0], node.saved[0]
        dtable = empty(edge.layout.shape, g.dtype)
        K.fill(dtable, 0.0)
        _add_rows(dtable, contiguous(g), index, node.params[0])
        return dtable, None

    def dtable(g, index, shape, padding_index):
        return EmbeddingGrad.apply(g, index, tuple(shape), padding_index)


class EmbeddingGrad(Op):
    """y = zeros; y[index[i]] += x[i]
    dL/dx[i] = g[index[i]]"""

    inputs = ("x", "index")
    params = ("padding_index",)

    @classmethod
    def apply(cls, x: Tensor, index: Tensor, shape: tuple, padding_index: int) -> Tensor:
        a, i = contiguous(x._array), index._array
        y = empty(shape, a.dtype)
        K.fill(y, 0.0)
        _add_rows(y, a, i, padding_index)
        return record(cls, (x._edge, index._edge), (a, i, y), y, (padding_index,))

    def dx(g, index, padding_index):
        picked = embedding(index, g)
        if padding_index < 0:
            return picked
        return where((index == padding_index).unsqueeze(-1), 0.0, picked)


def _add_rows(table: Array, g: Array, index: Array, padding_index: int) -> None:
    status = K.scatter_add(split(table, 0), split(g, 0, len(index.shape)), rows(index), 0, padding_index)
    if status:
        raise RuntimeError("embedding: the indices were changed, to some that are out of range, since forward")


# --- functions --------------------------------------------------------------------------------------------------------


def refuse(op: str, **options: Any) -> None:
    """Options that other engines have."""
    for name, value in options.items():
        if value:
            raise NotImplementedError(f"{op}: {name}={value} is not implemented: leave it away")


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of ``weight`` (rows, width) at the integer positions ``input`` (...): (..., width). The gradient adds up
    over repeated positions; padding_idx gets none.

    >>> from autograd import tensor
    >>> embedding(tensor([1, 0]), tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[3., 4.],
            [1., 2.]])
    """
    index = require_tensor("embedding", input)
    table = require_tensor("embedding", weight, "weight")
    refuse("embedding", max_norm=max_norm, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)
    if index._array.dtype.category != 1:
        raise RuntimeError(
            f"Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{index.dtype.title} instead (while checking arguments for embedding)"
        )
    if table.ndim != 2:
        raise RuntimeError(f"'weight' must be 2-D, got shape {list(table.shape)}")
    n, width = table._array.shape
    padding = -1
    if padding_idx is not None:
        if not -n <= padding_idx < n:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding = padding_idx % n
    i = contiguous(index.to(dtypes.int64)._array)
    a = contiguous(table._array)
    y = empty(i.shape + (width,), a.dtype)
    status = K.gather(split(y, 0, len(i.shape)), split(a, 0), rows(i))
    if status:
        raise IndexError(f"index out of range in self (embedding): {outside(i, status, 0, a.shape[0])}")
    return record(Embedding, (table._edge, None), (a, i, y), y, (padding,))


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of the rows of ``weight`` within each bag: the rows of positions (bags, n), or the
    stretches of positions (n,) that begin at ``offsets``, the first at 0. ``per_sample_weights`` multiply the rows of a
    sum; positions of padding_idx do not count; an empty bag is 0.

    >>> embedding_bag(tensor([[0, 1]]), tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[2., 3.]])
    """
    index = require_tensor("embedding_bag", input)
    refuse("embedding_bag", max_norm=max_norm, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if per_sample_weights is not None:
        if per_sample_weights.shape != index.shape:
            raise ValueError(
                f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have the "
                f"same shape as the input ({index.shape})"
            )
        if mode != "sum":
            raise NotImplementedError(
                "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' "
                f"(got mode='{mode}')."
            )
    at, counted = _bags(index, offsets, include_last_offset)
    places = index.reshape(-1)[at]
    rows = embedding(places, weight, padding_idx)
    if padding_idx is not None:
        counted = counted & (places != padding_idx % weight.shape[0])
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.reshape(-1)[at].unsqueeze(-1)
    counted = counted.unsqueeze(-1)
    if mode == "max":
        empty_bags = ~counted.any(1)
        largest = max(where(counted | empty_bags.unsqueeze(1), rows, -np.inf), 1)[0]
        return where(empty_bags, 0.0, largest)
    total = where(counted, rows, 0.0).sum(1)
    return total if mode == "sum" else total / clamp(counted.sum(1), min=1).to(total.dtype)


def _bags(index: Tensor, offsets: Tensor | None, include_last_offset: bool) -> tuple[Tensor, Tensor]:
    """For every bag, as many places of the flat index as the largest has, and which of them count."""
    if index.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
                f"sequences. However, found offsets of type {type(offsets)}"
            )
        places = np.arange(index.numel()).reshape(index.shape)
        return tensor(places), tensor(np.ones(places.shape, bool))
    if index.ndim != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {index.ndim}")
    if offsets is None or offsets.ndim != 1:
        raise ValueError(f"offsets has to be a 1D Tensor but got {offsets if offsets is None else list(offsets.shape)}")
    starts = offsets.numpy()
    if starts.size and starts[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, "
            f"got {starts[0]}"
        )
    ends = starts[1:] if include_last_offset else np.append(starts[1:], index.numel())
    starts = starts[: len(ends)]
    steps = np.arange((ends - starts).max(initial=1))
    counted = steps < (ends - starts)[:, None]
    return tensor(np.where(counted, starts[:, None] + steps, 0)), tensor(counted)


__all__: list[str] = []
METHODS: list[str] = []
