"""RMSprop."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer

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
    buffers = ("momentum_buffer", "square_avg", "grad_avg")

    def __init__(self, params, lr: float | Tensor = 1e-2, alpha: float = 0.99, eps: float = 1e-8,
                 weight_decay: float = 0, momentum: float = 0, centered: bool = False, capturable: bool = False,
                 foreach: bool | None = None, maximize: bool = False, differentiable: bool = False):  # fmt: skip
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable,
        })  # fmt: skip

    def _needs(self, group: dict[str, Any]) -> tuple[str, ...]:
        asked = {"momentum_buffer": group["momentum"], "grad_avg": group["centered"]}
        return ("square_avg", *[name for name, value in asked.items() if value])
