"""A convolution or linear layer and the batch norm after it as one layer, for inference.

>>> from autograd import nn
>>> conv, norm = nn.Conv2d(1, 2, 3).eval(), nn.BatchNorm2d(2).eval()
>>> fuse_conv_bn_eval(conv, norm)
Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))

In evaluation a batch norm multiplies each channel by a number and adds one: the layer before it can do both.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ...modes import no_grad
from ...ops.create import ones_like, zeros_like
from ...tensor import Tensor
from ..parameter import Parameter

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"]


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A copy of ``conv`` that does what ``conv`` and then ``bn`` do, both in evaluation; ``transpose`` says that it is
    a transposed convolution."""
    return _fused(conv, bn, lambda *values: fuse_conv_bn_weights(*values, transpose=transpose))


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """A copy of ``linear`` that does what ``linear`` and then ``bn`` do, both in evaluation."""
    if bn.num_features not in (linear.out_features, 1):
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got linear.out_features="
            f"{linear.out_features} and bn.num_features={bn.num_features}"
        )
    return _fused(linear, bn, fuse_linear_bn_weights)


def _fused(layer: Any, bn: Any, weights: Any) -> Any:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")
    fused = deepcopy(layer)
    fused.weight, fused.bias = weights(
        layer.weight, layer.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused


@no_grad()
def fuse_conv_bn_weights(
    conv_w: Tensor, conv_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Tensor | None,
    bn_b: Tensor | None, transpose: bool = False,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """(weight, bias) of a convolution with these parameters and a batch norm after it."""
    scale = (ones_like(bn_rm) if bn_w is None else bn_w) * (bn_rv + bn_eps).rsqrt()
    conv_b = zeros_like(bn_rm) if conv_b is None else conv_b
    bias = (conv_b - bn_rm) * scale + (0.0 if bn_b is None else bn_b)
    shape = [1] * conv_w.ndim
    shape[1 if transpose else 0] = -1
    return Parameter(conv_w * scale.reshape(shape), conv_w.requires_grad), Parameter(bias, conv_b.requires_grad)


def fuse_linear_bn_weights(
    linear_w: Tensor, linear_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """(weight, bias) of a linear layer with these parameters and a batch norm after it."""
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)
