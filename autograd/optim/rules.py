"""The optimizers' update rules. The arithmetic is in the kernels of the same name."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer, number, zeros_for


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
