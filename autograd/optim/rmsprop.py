"""RMSprop."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer, number, zeros_for

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """RMSprop (Hinton 2012): steps of lr * g / (sqrt(v) + eps), with v a running mean of g * g. ``centered`` takes the
    variance of g instead (Graves 2013); with momentum, steps add up as in SGD.

    >>> from autograd import nn, tensor
    >>> p = nn.Parameter(tensor([1.0]))
    >>> optimizer = RMSprop([p], lr=0.05)
    >>> p.sum().backward(); optimizer.step(); p.detach()
    tensor([0.5000])
    """

    kernel = "rmsprop"

    def __init__(self, params, lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0,
                 momentum: float = 0, centered: bool = False, capturable: bool = False, foreach=None,
                 maximize: bool = False, differentiable: bool = False):  # fmt: skip
        if not eps >= 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        if not momentum >= 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if not alpha >= 0.0:
            raise ValueError(f"Invalid alpha value: {alpha}")
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "maximize": maximize,
        })  # fmt: skip

    def _init_state(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        needs = {"square_avg": True, "momentum_buffer": group["momentum"], "grad_avg": group["centered"]}
        for name, needed in needs.items():
            if needed and name not in state:
                state[name] = zeros_for(p)

    def _needs(self, group: dict[str, Any]) -> Any:
        return bool(group["momentum"]), bool(group["centered"])

    def _buffers(self, state: dict[str, Any]) -> tuple:
        buffers = [state.get(name) for name in ("momentum_buffer", "square_avg", "grad_avg")]
        return tuple([None if buffer is None else buffer._array for buffer in buffers])

    def _refresh(self, c: Any, group: dict[str, Any]) -> None:
        c.lr = number(group["lr"])
        c.beta2 = group["alpha"]
        c.eps = group["eps"]
        c.weight_decay = group["weight_decay"]
        c.momentum = group["momentum"]
        c.centered = group["centered"]
        c.maximize = group["maximize"]
