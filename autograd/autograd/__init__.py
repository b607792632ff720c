"""What torch.autograd holds.

>>> from autograd import tensor
>>> x = tensor(3.0, requires_grad=True)
>>> grad(x * x, x)
(tensor(6.),)
"""

from typing import Any

from ..anomaly import detect_anomaly, set_detect_anomaly
from ..backprop import backward, grad
from ..check import gradcheck, gradgradcheck
from ..modes import enable_grad, inference_mode, no_grad, set_grad_enabled
from ..tensor import Tensor
from . import function, functional
from .function import Function

__all__ = [
    "Function", "Variable", "backward", "detect_anomaly", "enable_grad", "function", "functional", "grad", "gradcheck",
    "gradgradcheck", "inference_mode", "no_grad", "set_detect_anomaly", "set_grad_enabled",
]  # fmt: skip


class _AnyTensor(type):
    def __call__(cls, data: Tensor, requires_grad: bool = False) -> Tensor:  # type: ignore[override]  # a Tensor
        return data.detach().requires_grad_() if requires_grad else data

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_AnyTensor):
    """What tensors were wrapped in before PyTorch 0.4: gives the tensor, and every tensor is one."""
