"""Adagrad."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Adagrad (Duchi et al. 2011): steps of lr * g / (sqrt(s) + eps), with s the sum of all g * g so far, which begins
    at ``initial_accumulator_value``. lr shrinks to lr / (1 + (step - 1) * lr_decay).

    >>> from autograd import nn, tensor
    >>> p = nn.Parameter(tensor([1.0]))
    >>> optimizer = Adagrad([p], lr=0.1)
    >>> p.sum().backward(); optimizer.step(); p.detach()
    tensor([0.9000])
    """

    kernel = "adagrad"
    buffers = (None, "sum", None)

    def __init__(self, params, lr: float | Tensor = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
                 initial_accumulator_value: float = 0, eps: float = 1e-10, foreach: bool | None = None, *,
                 maximize: bool = False, differentiable: bool = False, fused: bool | None = None):  # fmt: skip
        super().__init__(params, {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        })  # fmt: skip
        for group in self.param_groups:
            for p in group["params"]:
                self._begin(group, p, self._state[p], ("sum",))

    def _first(self, name: str, group: dict[str, Any]) -> float:
        return self.defaults["initial_accumulator_value"] if name == "sum" else 0.0
