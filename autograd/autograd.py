"""What torch.autograd holds.

>>> from autograd import tensor
>>> x = tensor(3.0, requires_grad=True)
>>> grad(x * x, x)
(tensor(6.),)
"""

from . import function, functional
from .anomaly import detect_anomaly, set_detect_anomaly
from .backprop import backward, grad
from .check import gradcheck, gradgradcheck
from .function import Function
from .modes import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = [
    "Function", "backward", "detect_anomaly", "enable_grad", "function", "functional", "grad", "gradcheck",
    "gradgradcheck", "inference_mode", "no_grad", "set_detect_anomaly", "set_grad_enabled",
]  # fmt: skip
