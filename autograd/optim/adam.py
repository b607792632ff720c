"""Adam and AdamW."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer, number, zeros_for

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """Adam (Kingma and Ba 2014): steps of lr * m / (sqrt(v) + eps), with m and v running means of g and g * g,
    corrected for their start at 0. ``amsgrad`` keeps the largest v (Reddi et al. 2018).

    >>> from autograd import nn, tensor
    >>> p = nn.Parameter(tensor([1.0]))
    >>> optimizer = Adam([p], lr=0.1)
    >>> p.sum().backward(); optimizer.step(); p.detach()
    tensor([0.9000])
    """

    kernel = "adam"
    decoupled = False

    def __init__(self, params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, amsgrad: bool = False, *, foreach=None, maximize: bool = False,
                 capturable: bool = False, differentiable: bool = False, fused=None,
                 decoupled_weight_decay: bool = False):  # fmt: skip
        if not eps >= 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        for i, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
        super().__init__(params, {
            "lr": lr, "betas": tuple(betas), "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "decoupled_weight_decay": decoupled_weight_decay or self.decoupled,
        })  # fmt: skip

    def _init_state(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        if "exp_avg" not in state:
            state["exp_avg"], state["exp_avg_sq"] = zeros_for(p), zeros_for(p)
        if group["amsgrad"] and "max_exp_avg_sq" not in state:
            state["max_exp_avg_sq"] = zeros_for(p)

    def _needs(self, group: dict[str, Any]) -> bool:
        return bool(group["amsgrad"])

    def _buffers(self, state: dict[str, Any]) -> tuple:
        largest = state.get("max_exp_avg_sq")
        return state["exp_avg"]._array, state["exp_avg_sq"]._array, None if largest is None else largest._array

    def _refresh(self, c: Any, group: dict[str, Any]) -> None:
        c.lr = number(group["lr"])
        c.beta1, c.beta2 = group["betas"]
        c.eps = group["eps"]
        c.weight_decay = group["weight_decay"]
        c.amsgrad = group["amsgrad"]
        c.maximize = group["maximize"]
        c.decoupled = group["decoupled_weight_decay"]


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2017): parameters shrink by lr * weight_decay of
    themselves before the step."""

    decoupled = True

    def __init__(self, params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 1e-2, amsgrad: bool = False, **options):  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, **options)
