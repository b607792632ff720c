"""Other dtypes, and the only device.

>>> from autograd import tensor
>>> tensor([1.7, -1.7]).long()
tensor([ 1, -1])
"""

from __future__ import annotations

from collections.abc import Callable

from .. import dtypes
from ..backend import K
from ..op import Op, record
from ..storage import empty
from ..tensor import Tensor, wrap


class To(Op):
    """y = x in another dtype
    dL/dx = g in the dtype of x"""

    params = ("dtype",)
    backward_name = "ToCopyBackward0"

    @classmethod
    def apply(cls, x: Tensor, dtype) -> Tensor:
        a = x._array
        y = empty(a.shape, dtype)
        K.copy(y, a)
        if not dtype.is_floating_point:
            return wrap(y)
        return record(cls, (x._edge,), (a, y), y, (a.dtype,))

    def dx(g, dtype):
        return To.apply(g, dtype)


def to(input: Tensor, *args, dtype=None, device=None, non_blocking: bool = False, copy: bool = False) -> Tensor:
    """The tensor in another dtype, or the tensor itself where nothing changes; devices other than "cpu" are refused.

    >>> to(tensor([1.7]), dtypes.int64)
    tensor([1])
    """
    from ..types import check_device

    for arg in args:
        if isinstance(arg, Tensor):
            dtype = arg.dtype
        elif isinstance(arg, str) or hasattr(arg, "type"):
            device = arg
        else:
            dtype = arg
    check_device(device)
    d = input._array.dtype if dtype is None else dtypes.as_dtype(dtype)
    if d is input._array.dtype and not copy:
        return input
    return To.apply(input, d)


def _cast(name: str, dtype: dtypes.dtype) -> Callable[[Tensor], Tensor]:
    def method(self: Tensor) -> Tensor:
        return to(self, dtype)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The tensor as {dtype}; itself if it is that already."
    return method


CASTS = {
    name: _cast(name, dtype)
    for name, dtype in {
        "float": dtypes.float32, "double": dtypes.float64, "long": dtypes.int64, "int": dtypes.int32,
        "short": dtypes.int16, "char": dtypes.int8, "byte": dtypes.uint8, "bool": dtypes.bool_,
    }.items()
}  # fmt: skip


def cpu(self: Tensor) -> Tensor:
    """The tensor itself: it is on the CPU."""
    return self


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype of another."""
    return to(self, other.dtype)


METHODS = ["cpu", "to", "type_as"]
