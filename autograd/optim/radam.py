"""RAdam."""

from __future__ import annotations

from ..tensor import Tensor
from .optimizer import Optimizer

__all__ = ["RAdam"]


class RAdam(Optimizer):
    """RAdam (Liu et al. 2019): Adam that goes by the mean of the gradients alone in its first steps (five, with the
    default betas), and then divides by the root of v, by more as more is known of it.

    >>> from autograd import nn, tensor
    >>> p = nn.Parameter(tensor([1.0]))
    >>> optimizer = RAdam([p], lr=0.1)
    >>> p.sum().backward(); optimizer.step(); p.detach()
    tensor([0.9000])
    """

    kernel = "radam"
    buffers = ("exp_avg", "exp_avg_sq", None)

    def __init__(self, params, lr: float | Tensor = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
                 maximize: bool = False, capturable: bool = False, differentiable: bool = False):  # fmt: skip
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        })  # fmt: skip
