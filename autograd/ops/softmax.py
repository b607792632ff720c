"""Softmax and its relatives: numbers of a row as probabilities.

>>> from autograd import tensor
>>> softmax(tensor([0.0, 0.0]), 0)
tensor([0.5000, 0.5000])
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import wraps

import numpy as np

from ..backend import K
from ..errors import wrap_dim
from ..op import Op, contiguous, record
from ..storage import empty
from ..tensor import Tensor
from .activation import floating
from .comparison import eq
from .create import arange
from .exponential import log
from .extremes import argmax
from .random import rand_like


class Rowwise(Op, abstract=True):
    """y = f(x) along dim, by a kernel that sees x as (outer, n, inner)."""

    params = ("dim", "rows")

    @classmethod
    def apply(cls, x: Tensor, dim: int) -> Tensor:
        a = x._array
        shape = a.shape
        d = wrap_dim(dim, len(shape))
        if not a.contiguous:
            a = contiguous(a)
        rows = rows_around(shape, d)
        y = empty(shape, a.dtype)
        getattr(K, cls.kernel)(y, a, rows)
        return record(cls, (x._edge,), (a, y), y, (d, rows))

    @staticmethod
    def backward(node, g):
        y = node.saved[0]
        dx = empty(g.shape, g.dtype)
        getattr(K, node.op.kernel + "_grad")(dx, g if g.contiguous else contiguous(g), y, node.params[1])
        return (dx,)


def rows_around(shape: tuple, d: int) -> tuple[int, int, int]:
    """A shape as (outer, n, inner) around dim d; a 0-d tensor is a row of one."""
    if not shape:
        return 1, 1, 1
    return math.prod(shape[:d]), shape[d], math.prod(shape[d + 1 :])


class Softmax(Rowwise):
    """y = exp(x) / sum(exp(x))
    dL/dx = y * (g - sum(g * y))"""

    def dx(g, y, dim):
        return y * (g - (g * y).sum(dim, keepdim=True))


class LogSoftmax(Rowwise):
    """y = x - log(sum(exp(x)))
    dL/dx = g - exp(y) * sum(g)"""

    def dx(g, y, dim):
        return g - y.exp() * g.sum(dim, keepdim=True)


# --- functions --------------------------------------------------------------------------------------------------------


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    """exp(input) / sum(exp(input)) along ``dim``.

    >>> from autograd import tensor
    >>> softmax(tensor([0.0, 0.0]), 0)
    tensor([0.5000, 0.5000])
    """
    return Softmax.apply(floating(input, "softmax", dtype), _softmax_dim(input, dim))


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    """log(softmax(input)), without overflow.

    >>> from autograd import tensor
    >>> log_softmax(tensor([0.0, 0.0]), 0)
    tensor([-0.6931, -0.6931])
    """
    return LogSoftmax.apply(floating(input, "log_softmax", dtype), _softmax_dim(input, dim))


def _softmax_dim(x: Tensor, dim: int | None) -> int:
    if dim is None:
        raise TypeError("missing a required argument, dim: the dim along which the results of softmax sum to 1")
    return dim


def with_choice_of_dim(function: Callable) -> Callable:
    """What torch.nn.functional has of a function of these: without a dim, PyTorch's choice of old and its warning."""

    @wraps(function)
    def chosen(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
        if dim is None and isinstance(input, Tensor):
            dim = 0 if input.ndim in (0, 1, 3) else 1
            warnings.warn(
                f"Implicit dimension choice for {function.__name__} has been deprecated. Change the call to include "
                f"dim=X as an argument: dim={dim} was taken, along which the results of softmax sum to 1",
                stacklevel=_stacklevel - 1,
            )
        return function(input, dim, dtype=dtype)

    return chosen


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    """softmax(-input)

    >>> softmin(tensor([0.0, 0.0]), 0)
    tensor([0.5000, 0.5000])
    """
    return softmax(-input, dim, _stacklevel, dtype)


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """A sample of the classes along ``dim``, softly: softmax((logits + noise) / tau), the noise from Gumbel's
    distribution. ``hard`` gives ones and zeros, with the gradient of the soft sample (Jang, Gu and Poole 2017).

    >>> gumbel_softmax(tensor([100.0, 0.0]), hard=True)
    tensor([1., 0.])
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    x = floating(logits, "gumbel_softmax")
    least = float(np.finfo(x._array.dtype.dtype).tiny)
    noise = -log((-log(1.0 - rand_like(x))).clamp(min=least))
    soft = softmax((x + noise) / tau, dim)
    if not hard:
        return soft
    classes = arange(soft.shape[dim]).reshape([-1 if d == dim % soft.ndim else 1 for d in range(soft.ndim)])
    picked = eq(classes, argmax(soft, dim, keepdim=True)).to(x.dtype)
    return picked - soft.detach() + soft


__all__ = ["log_softmax", "softmax"]
METHODS = ["log_softmax", "softmax"]
