"""A module's numbers in another dtype.

>>> from autograd import nn
>>> nn.Linear(2, 1).double().weight.dtype
autograd.float64
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from ... import dtypes
from ...modes import no_grad
from ...ops.cast import destination
from ...tensor import Tensor
from ...types import check_device

if TYPE_CHECKING:
    from .module import Module

M = TypeVar("M", bound="Converted")


@no_grad()
def _convert(module: M, to: Callable[[Tensor], Tensor]) -> M:
    """Every parameter, its gradient with it, and every buffer by ``to``; the parameters stay the same objects."""
    for each in module.modules():
        for p in each._parameters.values():
            if p is not None:
                g, p.grad = p.grad, None
                p.data = to(p.detach())
                p.grad = None if g is None else to(g)
        for name, b in each._buffers.items():
            if b is not None:
                setattr(each, name, to(b))
    return module


def _to_floats(module: M, dtype: dtypes.dtype) -> M:
    return _convert(module, lambda t: t.to(dtype) if t.is_floating_point() else t)


class Converted:
    """The methods of a module that convert its parameters and buffers, where they are."""

    if TYPE_CHECKING:

        def modules(self) -> Iterator[Module]: ...

    def to(self: M, *args: Any, **kwargs: Any) -> M:
        """Convert floating-point parameters and buffers to a dtype; devices other than "cpu" are refused."""
        dtype, _ = destination(*args, **kwargs)
        if dtype is None:
            return self
        if not dtype.is_floating_point:
            raise TypeError(f"nn.Module.to only accepts floating point dtypes, but got desired dtype={dtype}")
        return _to_floats(self, dtype)

    def type(self: M, dst_type: dtypes.dtype | str) -> M:
        """Convert all parameters and buffers, the integer ones too."""
        return _convert(self, lambda t: t.type(dst_type))

    def half(self: M) -> M:
        """As ``to(float16)``."""
        return _to_floats(self, dtypes.float16)

    def float(self: M) -> M:
        """As ``to(float32)``."""
        return _to_floats(self, dtypes.float32)

    def double(self: M) -> M:
        """As ``to(float64)``."""
        return _to_floats(self, dtypes.float64)

    def bfloat16(self: M) -> M:
        """Refused: this engine has no bfloat16."""
        return self.to(dtypes.bfloat16)

    def cpu(self: M) -> M:
        """The module itself: it is on the CPU."""
        return self

    def cuda(self: M, device: int | None = None) -> M:
        """Refused: this engine runs on the CPU."""
        check_device("cuda" if device is None else f"cuda:{device}")
        return self
