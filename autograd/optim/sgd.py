"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer, number, zeros_for

__all__ = ["SGD"]


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum (Sutskever et al. 2013): b = momentum * b + g, p = p - lr * b.

    >>> from autograd import nn, tensor
    >>> p = nn.Parameter(tensor([1.0]))
    >>> SGD([p], lr=0.1, momentum=0.9).param_groups[0]["momentum"]
    0.9
    """

    kernel = "sgd"

    def __init__(self, params, lr: float = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
                 nesterov: bool = False, *, maximize: bool = False, foreach=None,
                 differentiable: bool = False, fused=None):  # fmt: skip
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
            "maximize": maximize,
        })  # fmt: skip

    def _init_state(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        if group["momentum"] and state.get("momentum_buffer") is None:
            state["momentum_buffer"] = zeros_for(p)
            state["step"] = 0
        elif group["momentum"] and not state["step"]:
            state["step"] = 1  # a buffer loaded from PyTorch, which counts no steps of SGD

    def _needs(self, group: dict[str, Any]) -> bool:
        return bool(group["momentum"])

    def _buffers(self, state: dict[str, Any]) -> tuple:
        buffer = state.get("momentum_buffer")
        return (None if buffer is None else buffer._array, None, None)

    def _refresh(self, c: Any, group: dict[str, Any]) -> None:
        c.lr = number(group["lr"])
        c.momentum = group["momentum"]
        c.dampening = group["dampening"]
        c.weight_decay = group["weight_decay"]
        c.nesterov = group["nesterov"]
        c.maximize = group["maximize"]
