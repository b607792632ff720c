"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer

__all__ = ["SGD"]


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum (Sutskever et al. 2013): b = momentum * b + g, p = p - lr * b.

    >>> from autograd import nn, tensor
    >>> p = nn.Parameter(tensor([1.0]))
    >>> SGD([p], lr=0.1, momentum=0.9).param_groups[0]["momentum"]
    0.9
    """

    kernel = "sgd"
    buffers = ("momentum_buffer", None, None)
    counts = ()

    def __init__(self, params, lr: float | Tensor = 1e-3, momentum: float = 0, dampening: float = 0,
                 weight_decay: float | Tensor = 0, nesterov: bool = False, *, maximize: bool = False,
                 foreach: bool | None = None, differentiable: bool = False, fused: bool | None = None):  # fmt: skip
        self._fresh: dict[Tensor, Tensor] = {}  # buffers that no step has written
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
            "maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused,
        })  # fmt: skip

    def _check(self, group: dict[str, Any]) -> None:
        super()._check(group)
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")

    def _needs(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("momentum_buffer",) if group["momentum"] else ()

    def _begin(self, group: dict[str, Any], p: Tensor, own: dict[str, Any], needs: tuple[str, ...]) -> None:
        if needs and own.get("momentum_buffer") is None:
            own["momentum_buffer"] = self._fresh[p] = p.new_zeros(p.shape)

    def _counts(self, p: Tensor, own: dict[str, Any]) -> dict[str, float]:
        """PyTorch counts no steps of SGD; the kernel needs to know the first one, which fills the buffer."""
        fresh = p in self._fresh and self._fresh[p] is own.get("momentum_buffer")
        return {"step": 0 if fresh else 1}

    def _note(self, p: Tensor, own: dict[str, Any], group: Any) -> None:
        if group.step:
            self._fresh.pop(p, None)
