"""What torch.autograd holds.

>>> from autograd import tensor
>>> x = tensor(3.0, requires_grad=True)
>>> grad(x * x, x)
(tensor(6.),)
"""

from .backprop import backward, grad
from .check import gradcheck, gradgradcheck
from .modes import enable_grad, no_grad, set_grad_enabled

__all__ = ["backward", "enable_grad", "grad", "gradcheck", "gradgradcheck", "no_grad", "set_grad_enabled"]
