"""Trigonometric and hyperbolic functions; angles are in radians.

>>> from autograd import tensor
>>> x = tensor([0.0, 1.0], requires_grad=True)
>>> sin(x)
tensor([0.0000, 0.8415], grad_fn=<SinBackward0>)
"""

from __future__ import annotations

from ..op import Unary, function


class Sin(Unary):
    """y = sin(x)
    dL/dx = g * cos(x)

    >>> sin(tensor([0.0, 1.0]))
    tensor([0.0000, 0.8415])
    """

    fused = {"x": "sin_grad g x"}

    def dx(g, x):
        return g * cos(x)


class Cos(Unary):
    """y = cos(x)
    dL/dx = -g * sin(x)

    >>> cos(tensor([0.0, 1.0]))
    tensor([1.0000, 0.5403])
    """

    fused = {"x": "cos_grad g x"}

    def dx(g, x):
        return -g * sin(x)


class Tanh(Unary):
    """y = tanh(x)
    dL/dx = g * (1 - y * y)

    >>> tanh(tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """

    fused = {"x": "tanh_grad g y"}

    def dx(g, y):
        return g * (1.0 - y * y)


# --- functions --------------------------------------------------------------------------------------------------------

sin = function(Sin)
cos = function(Cos)
tanh = function(Tanh)

__all__ = ["cos", "sin", "tanh"]
METHODS = __all__
IN_PLACE = ["cos", "sin", "tanh"]
