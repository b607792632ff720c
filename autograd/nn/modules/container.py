"""Modules that hold modules.

>>> from autograd import nn
>>> len(nn.Sequential(nn.Linear(2, 3), nn.ReLU()))
2
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from ...ops import linalg
from ...study import tracing
from .activation import ReLU, Sigmoid, Tanh
from .linear import Linear
from .module import Module

__all__ = ["Sequential"]


class Sequential(Module):
    """Modules one after another.

    >>> Sequential(Linear(2, 3), ReLU(), Linear(3, 1))[0]
    Linear(in_features=2, out_features=3, bias=True)
    """

    def __init__(self, *modules: Any):
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], (OrderedDict, dict)):
            named = dict(modules[0])
        else:
            named = {str(i): m for i, m in enumerate(modules)}
        for name, m in named.items():
            self.add_module(name, m)

    def forward(self, input: Any) -> Any:
        linear = None  # a Linear that waits for what follows it: with ReLU, Sigmoid or Tanh it is one kernel
        for module in self._modules.values():
            if linear is not None:
                op = FUSED.get(type(module))
                y = None if op is None else linalg.fuse(op, input, linear, module)
                if y is not None:
                    input, linear = y, None
                    continue
                input, linear = linear(input), None
            if type(module) is Linear and not tracing.active:
                linear = module
            else:
                input = module(input)
        return input if linear is None else linear(input)

    def append(self, module: Module) -> Sequential:
        """Add a module at the end."""
        self.add_module(str(len(self._modules)), module)
        return self

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Sequential(OrderedDict(list(self._modules.items())[index]))
        n = len(self._modules)
        if not -n <= index < n:
            raise IndexError(f"index {index} is out of range for a Sequential of {n} modules")
        return list(self._modules.values())[index]


FUSED = {ReLU: linalg.LinearRelu, Sigmoid: linalg.LinearSigmoid, Tanh: linalg.LinearTanh}
