"""Parameter: the tensor that a module learns.

>>> from autograd import nn, zeros
>>> nn.Parameter(zeros(2))
Parameter containing:
tensor([0., 0.], requires_grad=True)
"""

from __future__ import annotations

from ..tensor import Tensor


class Parameter(Tensor):
    """A tensor that a module learns: assigning it to an attribute registers it."""

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True):
        from ..ops.create import empty

        self = object.__new__(cls)
        self._array = (empty(0) if data is None else data)._array
        self._edge = None
        self.requires_grad = requires_grad
        return self

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True):
        pass
