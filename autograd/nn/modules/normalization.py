"""Layers that normalize within a sample: layer norm, RMS norm.

>>> from autograd import nn, tensor
>>> nn.LayerNorm(2)(tensor([[1.0, 3.0]]))
tensor([[-1.0000,  1.0000]], grad_fn=<NativeLayerNormBackward0>)
"""

from __future__ import annotations

from ...ops import norm
from ...ops.create import empty
from ...tensor import Tensor
from ...types import check_device
from .. import init
from ..parameter import Parameter
from .module import Module

__all__ = ["LayerNorm", "RMSNorm"]


class LayerNorm(Module):
    """(x - mean) / sqrt(var + eps) * weight + bias over the last dims, those of normalized_shape.

    weight starts at 1 and bias at 0, both of normalized_shape; neither is there without elementwise_affine.
    """

    def __init__(self, normalized_shape: int | list | tuple, eps: float = 1e-5, elementwise_affine: bool = True,
                 bias: bool = True, device=None, dtype=None):  # fmt: skip
        super().__init__()
        check_device(device)
        self.normalized_shape, self.eps = _shape(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        self.register_parameter(
            "weight", Parameter(empty(self.normalized_shape, dtype=dtype)) if elementwise_affine else None
        )
        self.register_parameter(
            "bias", _parameter(self.normalized_shape, dtype) if elementwise_affine and bias else None
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights of 1 and biases of 0 again."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return norm.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

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
        return norm.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


def _shape(normalized_shape: int | list | tuple) -> tuple:
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


def _parameter(shape: tuple, dtype) -> Parameter:
    return Parameter(empty(shape, dtype=dtype))
