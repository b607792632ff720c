"""Other dtypes, the only device, and questions about what a tensor holds.

>>> from autograd import tensor
>>> tensor([1.7, -1.7]).long()
tensor([ 1, -1])
"""

from __future__ import annotations

from collections.abc import Callable

from .. import dtypes
from ..backend import K
from ..naming import qualified
from ..op import Op, record, require_tensor
from ..storage import empty
from ..tensor import Tensor, wrap
from ..types import check_device, check_memory_format, device


class To(Op):
    """y = x in another dtype
    dL/dx = g in the dtype of x"""

    params = ("dtype",)
    backward_name = "ToCopyBackward0"

    @classmethod
    def apply(cls, x: Tensor, dtype) -> Tensor:
        a = x._array
        y = empty(a.shape, dtype)
        (K.copy if dtype is a.dtype else K.cast)(y, a)
        if not dtype.is_floating_point:
            return wrap(y)
        return record(cls, (x._edge,), (a, y), y, (a.dtype,))

    def dx(g, dtype):
        return To.apply(g, dtype)


def to(input: Tensor, *args, **kwargs) -> Tensor:
    """The tensor in another dtype, or the tensor itself where nothing changes; devices other than "cpu" are refused.
    As ``to(dtype)``, ``to(device, dtype)`` or ``to(other)``, each with ``non_blocking`` and ``copy`` after it.

    >>> to(tensor([1.7]), dtypes.int64), to(tensor([1.7]), "cpu", dtypes.float64)
    (tensor([1]), tensor([1.7000], dtype=autograd.float64))
    """
    usual = len(args) == 1 and isinstance(args[0], dtypes.dtype) and not kwargs
    dtype, copy = (dtypes.as_dtype(args[0]), False) if usual else destination(*args, **kwargs)
    d = input._array.dtype if dtype is None else dtype
    if d is input._array.dtype and not copy:
        return input
    return To.apply(input, d)


def destination(*args, **kwargs) -> tuple[dtypes.dtype | None, bool]:
    """The dtype that the arguments of ``to`` ask for, if any, and whether they ask for a copy."""
    options = ("non_blocking", "copy")
    names: tuple[str, ...] = ("dtype", *options)
    if args and isinstance(args[0], Tensor):
        args = (args[0].dtype, *args[1:])
    elif args and (args[0] is None or isinstance(args[0], (str, int, device))):
        names = ("device", *names)
    given = dict(zip(names, args))
    known = {"device", "dtype", "memory_format", *options}
    if len(args) > len(names) or given.keys() & kwargs.keys() or kwargs.keys() - known:
        raise TypeError(
            "to() received an invalid combination of arguments: give (dtype, non_blocking, copy), (device, dtype, "
            "non_blocking, copy) or (other, non_blocking, copy)"
        )
    given |= kwargs
    check_device(given.get("device"))
    check_memory_format(given.get("memory_format"))
    dtype = given.get("dtype")
    return None if dtype is None else dtypes.as_dtype(dtype), bool(given.get("copy", False))


def type(self: Tensor, dtype=None, non_blocking: bool = False):
    """The tensor in another dtype, which may be given by a name such as "IntTensor"; without one, that name.

    >>> type(tensor([1.5])), type(tensor([1.5]), "IntTensor")
    ('autograd.FloatTensor', tensor([1], dtype=autograd.int32))
    """
    if dtype is None:
        return qualified(f"{self.dtype.title}Tensor")
    if isinstance(dtype, str):
        found = [d for d in dtypes.ALL if dtype.split(".")[-1] == f"{d.title}Tensor"]
        if not found:
            raise ValueError(f"invalid type: {dtype!r}: give a dtype, as in x.to(autograd.float32)")
        dtype = found[0]
    return to(self, dtype)


def _cast(name: str, dtype: dtypes.dtype) -> Callable[[Tensor], Tensor]:
    def method(self: Tensor) -> Tensor:
        return to(self, dtype)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The tensor as {dtype}; itself if it is that already."
    return method


CASTS = {
    name: _cast(name, dtype)
    for name, dtype in {
        "half": dtypes.float16, "float": dtypes.float32, "double": dtypes.float64, "long": dtypes.int64,
        "int": dtypes.int32, "short": dtypes.int16, "char": dtypes.int8, "byte": dtypes.uint8, "bool": dtypes.bool_,
        "bfloat16": dtypes.bfloat16, "cfloat": dtypes.complex64, "cdouble": dtypes.complex128,
    }.items()
}  # fmt: skip


def cpu(self: Tensor) -> Tensor:
    """The tensor itself: it is on the CPU."""
    return self


def cuda(self: Tensor, device=None, non_blocking: bool = False) -> Tensor:
    """Refused: this engine runs on the CPU."""
    check_device("cuda" if device is None else device)
    return self


def get_device(self: Tensor) -> int:
    """-1, the number of the CPU among devices.

    >>> get_device(tensor(1.0))
    -1
    """
    return -1


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype of another."""
    return to(self, other.dtype)


# --- questions --------------------------------------------------------------------------------------------------------


def is_tensor(obj) -> bool:
    """Whether an object is a tensor.

    >>> is_tensor(tensor([1.0])), is_tensor([1.0])
    (True, False)
    """
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Whether the elements are floats."""
    return require_tensor("is_floating_point", input).dtype.is_floating_point


def is_complex(input: Tensor) -> bool:
    """Whether the elements are complex: never."""
    return require_tensor("is_complex", input).dtype.is_complex


def is_signed(input: Tensor) -> bool:
    """Whether the elements can be negative."""
    return require_tensor("is_signed", input).dtype.is_signed


def is_nonzero(input: Tensor) -> bool:
    """Whether the one element is not 0.

    >>> is_nonzero(tensor([0.0]))
    False
    """
    return bool(require_tensor("is_nonzero", input))


def numel(input: Tensor) -> int:
    """The number of elements.

    >>> numel(tensor([[1.0, 2.0]]))
    2
    """
    return require_tensor("numel", input)._array.size


__all__ = ["is_complex", "is_floating_point", "is_nonzero", "is_signed", "is_tensor", "numel"]
METHODS = ["cpu", "cuda", "get_device", "is_complex", "is_nonzero", "is_signed", "to", "type", "type_as"]
PROPERTIES = {
    f"is_{kind}": property(lambda x: False, doc="Whether it is of this kind: never.")
    for kind in ("cuda", "meta", "mps", "quantized", "sparse", "xpu")
}
