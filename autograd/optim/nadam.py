"""NAdam."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """NAdam (Dozat 2016): Adam with Nesterov's momentum, which grows from step to step towards beta1, the slower the
    smaller ``momentum_decay``.

    >>> from autograd import nn, tensor
    >>> p = nn.Parameter(tensor([1.0]))
    >>> optimizer = NAdam([p], lr=0.1)
    >>> p.sum().backward(); optimizer.step(); p.detach()
    tensor([0.8944])
    """

    kernel = "nadam"
    buffers = ("exp_avg", "exp_avg_sq", None)
    counts = ("step", "mu_product")

    def __init__(self, params, lr: float | Tensor = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, momentum_decay: float = 4e-3, decoupled_weight_decay: bool = False, *,
                 foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
                 differentiable: bool = False):  # fmt: skip
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        })  # fmt: skip

    def _first(self, name: str, group: dict[str, Any]) -> float:
        return 1.0 if name == "mu_product" else 0.0
