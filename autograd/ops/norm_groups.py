"""Norms over groups of channels, over each channel by itself, and over neighbouring channels.

>>> from autograd import tensor
>>> group_norm(tensor([[1.0, 3.0, 5.0, 5.5]]), 2)
tensor([[-1.0000,  1.0000, -0.9999,  0.9999]])
"""

from __future__ import annotations

import math

from ..modes import no_grad
from ..op import require_tensor
from ..tensor import Tensor
from .inplace import copy_
from .norm import batch_norm, layer_norm
from .padding import pad
from .pooling import avg_pool2d


def _affine(y: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """y * weight + bias, a number of each for every channel."""
    shape = (-1, *[1] * (y.ndim - 2))
    if weight is not None:
        y = y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias, mean and variance taken over each group of channels of each
    sample of (N, C, ...); weight and bias are (C,) (Wu and He 2018).

    >>> group_norm(tensor([[[1.0, 3.0]]]), 1, tensor([2.0]))
    tensor([[[-2.0000,  2.0000]]])
    """
    x = require_tensor("group_norm", input)
    if x.ndim < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {x.ndim}")
    samples, channels = x.shape[:2]
    if channels % num_groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(x.shape)} and num_groups={num_groups}"
        )
    size = channels // num_groups * math.prod(x.shape[2:])
    if samples * size == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(x.shape)}")
    for name, t in (("weight", weight), ("bias", bias)):
        if t is not None and t.shape != (channels,):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of "
                f"shape {list(t.shape)} and input of shape {list(x.shape)}"
            )
    y = layer_norm(x.reshape(samples * num_groups, size), (size,), eps=eps).reshape(x.shape)
    return _affine(y, weight, bias)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias, mean and variance those of each channel of each sample of
    (N, C, ...), or without use_input_stats the running ones. These, where given, move by the share ``momentum``
    towards the means over the samples (Ulyanov, Vedaldi and Lempitsky 2016).

    >>> instance_norm(tensor([[[1.0, 3.0]]]))
    tensor([[[-1.0000,  1.0000]]])
    """
    x = require_tensor("instance_norm", input)
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
        return batch_norm(x, running_mean, running_var, weight, bias, False, momentum, eps)
    size = math.prod(x.shape[2:])
    if size == 1 or x.ndim < 3:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {x.shape}")
    rows = x.reshape(*x.shape[:2], size)
    for name, t in (("weight", weight), ("bias", bias), ("running_mean", running_mean), ("running_var", running_var)):
        if t is not None and t.numel() != x.shape[1]:
            raise RuntimeError(f"{name} should contain {x.shape[1]} elements not {t.numel()}")
    if running_mean is not None and running_var is not None:
        with no_grad():
            copy_(running_mean, running_mean * (1 - momentum) + rows.mean((0, 2)) * momentum)
            copy_(running_var, running_var * (1 - momentum) + rows.var(2).mean(0) * momentum)
    return _affine(layer_norm(rows, (size,), eps=eps).reshape(x.shape), weight, bias)


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """input / (k + alpha * m) ** beta, m the mean of the squares over ``size`` neighbouring channels of (N, C, ...)
    (Krizhevsky, Sutskever and Hinton 2012).

    >>> local_response_norm(tensor([[[1.0], [2.0]]]), 2, alpha=1.0)
    tensor([[[0.7378],
             [0.7816]]])
    """
    x = require_tensor("local_response_norm", input)
    if x.ndim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {x.ndim} dimensions)")
    if not x.numel():
        return x
    samples, channels = x.shape[:2]
    planes = (x * x).reshape(samples, 1, channels, math.prod(x.shape[2:]))
    means = avg_pool2d(pad(planes, (0, 0, size // 2, (size - 1) // 2)), (size, 1), stride=1).reshape(x.shape)
    return x / (means * alpha + k) ** beta


__all__ = ["group_norm"]
METHODS: list[str] = []
