"""Rprop."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer

__all__ = ["Rprop"]


class Rprop(Optimizer):
    """Resilient backpropagation (Riedmiller and Braun 1993), for whole data sets: only the sign of the gradient counts.
    Each element steps by a size of its own, which begins at lr, grows by etas[1] while the sign stays, shrinks by
    etas[0] where it turns (that step is left out) and stays within ``step_sizes``.

    >>> from autograd import nn, tensor
    >>> p = nn.Parameter(tensor([1.0]))
    >>> optimizer = Rprop([p], lr=0.1)
    >>> p.sum().backward(); optimizer.step(); optimizer.step(); p.detach()
    tensor([0.7800])
    """

    kernel = "rprop"
    buffers = ("prev", "step_size", None)

    def __init__(self, params, lr: float | Tensor = 1e-2, etas: tuple[float, float] = (0.5, 1.2),
                 step_sizes: tuple[float, float] = (1e-6, 50), *, capturable: bool = False,
                 foreach: bool | None = None, maximize: bool = False, differentiable: bool = False):  # fmt: skip
        super().__init__(params, {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable,
        })  # fmt: skip

    def _check(self, group: dict[str, Any]) -> None:
        super()._check(group)
        if not 0.0 < group["etas"][0] < 1.0 < group["etas"][1]:
            raise ValueError(f"Invalid eta values: {group['etas'][0]}, {group['etas'][1]}")

    def _first(self, name: str, group: dict[str, Any]) -> float:
        return float(group["lr"]) if name == "step_size" else 0.0
