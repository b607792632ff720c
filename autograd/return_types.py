"""The named tuples that functions with several results return, under the names of those functions.

>>> from autograd import tensor
>>> tensor([[1.0, 5.0], [7.0, 2.0]]).max(dim=1)
autograd.return_types.max(
values=tensor([5., 7.]),
indices=tensor([1, 0]))
"""

from __future__ import annotations

from typing import NamedTuple

from .naming import qualified
from .tensor import Tensor


class ValuesAndIndices(NamedTuple):
    """Elements, and their positions along a dim."""

    values: Tensor
    indices: Tensor


class MinAndMax(NamedTuple):
    """The smallest and the largest elements."""

    min: Tensor
    max: Tensor


class HistAndEdges(NamedTuple):
    """Counts, and the edges of their bins."""

    hist: Tensor
    bin_edges: Tensor


class SignAndLogabsdet(NamedTuple):
    """The sign of a determinant, and the logarithm of its absolute value."""

    sign: Tensor
    logabsdet: Tensor


def _printed(result) -> str:
    fields = ",\n".join(f"{name}={value!r}" for name, value in zip(result._fields, result))
    return qualified(f"return_types.{type(result).__name__}(\n{fields})")


def _named(name: str, fields: type) -> type:
    """A kind of ``fields`` that prints under a function's name."""
    body = {"__slots__": (), "__repr__": _printed, "__doc__": f"What :func:`autograd.{name}` returns: {fields.__doc__}"}
    return type(name, (fields,), body)


cummax, cummin, kthvalue, max, median, min, mode, nanmedian, sort, topk = (
    _named(name, ValuesAndIndices)
    for name in ("cummax", "cummin", "kthvalue", "max", "median", "min", "mode", "nanmedian", "sort", "topk")
)
linalg_slogdet, slogdet = _named("linalg_slogdet", SignAndLogabsdet), _named("slogdet", SignAndLogabsdet)
aminmax = _named("aminmax", MinAndMax)
histogram = _named("histogram", HistAndEdges)
