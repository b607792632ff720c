"""``torch.FloatTensor`` and its kin: constructors of one dtype, and types that isinstance() knows.

>>> LongTensor([1, 2]), FloatTensor(2, 3).shape
(tensor([1, 2]), autograd.Size([2, 3]))
>>> isinstance(LongTensor([1]), FloatTensor)
False
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import dtypes
from ...data import tensor
from ...ops.create import empty
from ...tensor import Tensor
from ...types import Size

__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor", "LongTensor",
    "ShortTensor",
]  # fmt: skip


class Typed(type):
    """The type of the constructors."""

    dtype: dtypes.dtype

    def __call__(cls, *data: Any) -> Tensor:  # type: ignore[override]  # calling makes a Tensor
        """A tensor of the values of a sequence, an array or a tensor; or of sizes, with whatever is in memory."""
        if len(data) == 1 and isinstance(data[0], Size):
            data = tuple(data[0])
        if all(isinstance(n, int) for n in data):
            return empty(data or (0,), dtype=cls.dtype)
        if len(data) > 1 or isinstance(data[0], (float, np.number)):
            raise TypeError(f"new(): data must be a sequence, or sizes one after the other (got {data!r})")
        return tensor(data[0], dtype=cls.dtype)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype


def _typed(dtype: dtypes.dtype) -> Typed:
    name = f"{dtype.title}Tensor"
    return Typed(name, (), {"dtype": dtype, "__module__": "torch", "__doc__": f"A tensor of {dtype}."})


BoolTensor, ByteTensor, CharTensor, ShortTensor, IntTensor, LongTensor, HalfTensor, FloatTensor, DoubleTensor = (
    _typed(d) for d in dtypes.ALL
)
