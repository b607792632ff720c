"""Dropout: in training some of the elements, or of the channels, are left out (Srivastava et al. 2014).

>>> from autograd import ones
>>> dropout(ones(3), 0.5, training=False)
tensor([1., 1., 1.])

``inplace`` writes the result into the input, which is then what is returned.
"""

from __future__ import annotations

import math
import warnings

from .. import dtypes
from ..backend import K
from ..op import Op, contiguous, record, require_tensor
from ..storage import Array, empty
from ..tensor import Tensor
from .activation import floating
from .create import ones
from .inplace import into


class Dropout(Op):
    """y = x / (1 - p) where kept, else 0
    dL/dx = g / (1 - p) where kept, else 0"""

    params = ("p",)
    extras = ("key",)

    @classmethod
    def apply(cls, x: Tensor, p: float, key: Array) -> Tensor:
        a = contiguous(x._array)
        y = empty(a.shape, a.dtype)
        K.dropout(y, a, p, key)
        return record(cls, (x._edge,), (a, y, key), y, (p,))

    @staticmethod
    def backward(node, g):
        dx = empty(g.shape, g.dtype)
        K.dropout(dx, contiguous(g), node.params[0], node.saved[0])
        return (dx,)

    def dx(g, p, key):
        return Dropout.apply(g, p, key._array)


# --- functions --------------------------------------------------------------------------------------------------------


def _check(input: Tensor, p: float, op: str) -> Tensor:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    return require_tensor(op, input)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training each element is 0 with probability p, else divided by 1 - p; otherwise the input.

    >>> from autograd import ones
    >>> dropout(ones(3), 0.5, training=False)
    tensor([1., 1., 1.])
    """
    _check(input, p, "dropout")
    if not training or p == 0:
        return input
    from ..random import default_generator

    key = empty((1,), dtypes.int64)
    default_generator.integers(key, 0, 0)  # a range of 0 stands for 2**64
    return into(input, Dropout.apply(floating(input, "dropout"), float(p), key), inplace, "dropout_")


def _channels(input: Tensor, p: float, training: bool, inplace: bool, name: str, batched: bool = True) -> Tensor:
    """Whole channels of (N, C, ...), or of (C, ...), left out, the others divided by 1 - p."""
    if not training or p == 0:
        return input
    lead = 2 if batched else 1
    kept = dropout(ones(input.shape[:lead] + (1,) * (input.ndim - lead), dtype=input.dtype), p)
    return into(input, input * kept, inplace, name)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training each channel of (N, C, L) or (C, L) is 0 with probability p, else divided by 1 - p.

    >>> from autograd import ones
    >>> dropout1d(ones(2, 3), 1.0)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    _check(input, p, "dropout1d")
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input. Note that dropout1d exists to "
            "provide channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional "
            "batch dimension (i.e. 2D or 3D inputs)."
        )
    return _channels(input, p, training, inplace, "dropout1d", batched=input.ndim == 3)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training each channel of (N, C, H, W) is 0 with probability p, else divided by 1 - p.

    >>> from autograd import ones
    >>> dropout2d(ones(1, 2, 1, 2), 0.5, training=False)
    tensor([[[[1., 1.]],
    <BLANKLINE>
             [[1., 1.]]]])
    """
    _check(input, p, "dropout2d")
    if input.ndim not in (3, 4):
        warnings.warn(
            f"dropout2d: Received a {input.ndim}-D input to dropout2d, which is deprecated and will result in an error "
            "in a future release.",
            stacklevel=2,
        )
    return _channels(input, p, training, inplace, "dropout2d")


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training each channel of (N, C, D, H, W) or (C, D, H, W) is 0 with probability p, else divided by 1 - p.

    >>> from autograd import ones
    >>> dropout3d(ones(1, 1, 1, 1, 2), 0.0)
    tensor([[[[[1., 1.]]]]])
    """
    _check(input, p, "dropout3d")
    if input.ndim not in (4, 5):
        warnings.warn(
            f"dropout3d: Received a {input.ndim}-D input to dropout3d, which is deprecated and will result in an error "
            "in a future release.",
            stacklevel=2,
        )
    return _channels(input, p, training, inplace, "dropout3d", batched=input.ndim != 4)


_SELU_FLOOR = -1.7580993408473766  # what selu tends to at -infinity


def _alpha(input: Tensor, p: float, training: bool, inplace: bool, shape: tuple, name: str) -> Tensor:
    """What is left out becomes selu's least value; a line through all then brings mean and variance back."""
    if not training or p == 0:
        return input
    kept = (dropout(ones(shape, dtype=input.dtype), p) != 0).to(input.dtype)  # type: ignore[attr-defined]
    scale = 0.0 if p == 1 else 1.0 / math.sqrt((_SELU_FLOOR**2 * p + 1) * (1 - p))
    shift = (1.0 - kept) * (_SELU_FLOOR * scale) - _SELU_FLOOR * scale * p
    return into(input, input * (kept * scale) + shift, inplace, name)


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout that keeps mean 0 and variance 1, for use with selu (Klambauer et al. 2017).

    >>> from autograd import ones
    >>> alpha_dropout(ones(2), 0.5)
    tensor([1., 1.])
    """
    _check(input, p, "alpha_dropout")
    return _alpha(floating(input, "alpha_dropout"), p, training, inplace, tuple(input.shape), "alpha_dropout_")


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """alpha_dropout of whole channels of (N, C, ...).

    >>> from autograd import ones
    >>> feature_alpha_dropout(ones(1, 2), 0.5)
    tensor([[1., 1.]])
    """
    _check(input, p, "feature_alpha_dropout")
    shape = tuple(input.shape[:2]) + (1,) * (input.ndim - 2)
    return _alpha(floating(input, "feature_alpha_dropout"), p, training, inplace, shape, "feature_alpha_dropout_")


__all__ = ["dropout"]
METHODS: list[str] = []
