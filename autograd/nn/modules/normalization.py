"""Layers that normalize within a sample: layer norm, RMS norm, group norm, local response norm.

>>> from autograd import nn, tensor
>>> nn.LayerNorm(2)(tensor([[1.0, 3.0]]))
tensor([[-1.0000,  1.0000]], grad_fn=<NativeLayerNormBackward0>)
"""

from __future__ import annotations

from ...ops.create import empty
from ...tensor import Tensor
from ...types import check_device
from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module

__all__ = ["GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class _Scaled(Module):
    """A norm with a learned scale and, if asked for, shift, which start at 1 and 0."""

    def _register(self, shape: tuple, weight: bool, bias: bool, device, dtype) -> None:
        check_device(device)
        self.register_parameter("weight", Parameter(empty(shape, dtype=dtype)) if weight else None)
        self.register_parameter("bias", Parameter(empty(shape, dtype=dtype)) if weight and bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights of 1 and biases of 0 again."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class LayerNorm(_Scaled):
    """(x - mean) / sqrt(var + eps) * weight + bias over the last dims, those of normalized_shape.

    weight starts at 1 and bias at 0, both of normalized_shape; neither is there without elementwise_affine.
    """

    def __init__(self, normalized_shape: int | list | tuple, eps: float = 1e-5, elementwise_affine: bool = True,
                 bias: bool = True, device=None, dtype=None):  # fmt: skip
        super().__init__()
        self.normalized_shape, self.eps = _shape(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        self._register(self.normalized_shape, elementwise_affine, bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """x / sqrt(mean(x ** 2) + eps) * weight over the last dims, those of normalized_shape.

    weight starts at 1 and is not there without elementwise_affine; eps is by default the dtype's machine epsilon.
    """

    def __init__(self, normalized_shape: int | list | tuple, eps: float | None = None, elementwise_affine: bool = True,
                 device=None, dtype=None):  # fmt: skip
        super().__init__()
        check_device(device)
        self.normalized_shape, self.eps = _shape(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        self.register_parameter(
            "weight", Parameter(empty(self.normalized_shape, dtype=dtype)) if elementwise_affine else None
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights of 1 again."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(_Scaled):
    """(x - mean) / sqrt(var + eps) * weight + bias, by the mean and variance of each of num_groups groups of channels
    of each sample of (N, C, ...).

    weight (num_channels,) starts at 1 and bias (num_channels,) at 0; neither is there without ``affine``.
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, device=None,
                 dtype=None, *, bias: bool = True):  # fmt: skip
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self._register((num_channels,), affine, bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """x / (k + alpha * mean(x ** 2)) ** beta, the mean over ``size`` neighbouring channels of (N, C, ...)."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0):
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def _shape(normalized_shape: int | list | tuple) -> tuple:
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
