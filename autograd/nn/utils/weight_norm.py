"""A weight as a length and a direction, each learned by itself.

>>> from autograd import nn
>>> layer = weight_norm(nn.Linear(2, 3))
>>> [(name, tuple(p.shape)) for name, p in layer.named_parameters()]
[('bias', (3,)), ('weight_g', (3, 1)), ('weight_v', (3, 2))]
"""

from __future__ import annotations

from typing import Any

from ...ops.norms import norm
from ...tensor import Tensor
from ..modules.module import Module
from ..parameter import Parameter

__all__ = ["remove_weight_norm", "weight_norm"]


class WeightNorm:
    """Called before a module's forward: makes its weight from ``weight_g`` and ``weight_v``."""

    def __init__(self, name: str, dim: int | None):
        self.name, self.dim = name, dim
        self.handle: Any = None

    def compute(self, module: Module) -> Tensor:
        """weight_v * (weight_g / norm(weight_v))"""
        g, v = getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v")
        return v * (g / self.lengths(v))

    def lengths(self, v: Tensor) -> Tensor:
        """The norms of the slices along ``dim``; of the whole where it is None or -1, as in PyTorch."""
        if self.dim is None or self.dim == -1:
            return norm(v)
        return norm(v, dim=tuple(d for d in range(v.ndim) if d != self.dim), keepdim=True)

    def __call__(self, module: Module, inputs: tuple) -> None:
        setattr(module, self.name, self.compute(module))


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learn a parameter's length and direction apart (Salimans and Kingma 2016): w = g v / ||v||, with a length for
    each slice along ``dim``, or one alone where it is None or -1. Returns the module, which now has ``<name>_g`` and
    ``<name>_v``.

    Raises RuntimeError where the parameter has its weight norm already.

    >>> from autograd import nn, ones
    >>> weight_norm(nn.Linear(2, 1))(ones(1, 2)).shape
    autograd.Size([1, 1])
    """
    if _found(module, name) is not None:
        raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    weight = getattr(module, name)
    hook = WeightNorm(name, dim)
    delattr(module, name)
    module.register_parameter(f"{name}_g", Parameter(hook.lengths(weight.detach())))
    module.register_parameter(f"{name}_v", Parameter(weight.detach().clone()))
    setattr(module, name, hook.compute(module))
    hook.handle = module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Make the parameter one again, with the values it has.

    Raises ValueError where it has no weight norm.

    >>> from autograd import nn
    >>> [name for name, _ in remove_weight_norm(weight_norm(nn.Linear(2, 1))).named_parameters()]
    ['bias', 'weight']
    """
    hook = _found(module, name)
    if hook is None:
        raise ValueError(f"weight_norm of {name!r} not found in {type(module).__name__}")
    weight = hook.compute(module).detach()
    hook.handle.remove()
    for own in (name, f"{name}_g", f"{name}_v"):
        delattr(module, own)
    module.register_parameter(name, Parameter(weight))
    return module


def _found(module: Module, name: str) -> WeightNorm | None:
    hooks = [h.function for h in module._hooks.values()]
    return next((h for h in hooks if isinstance(h, WeightNorm) and h.name == name), None)
