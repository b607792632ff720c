"""Batch norm: each channel normalized over the batch.

>>> from autograd import nn, tensor
>>> nn.BatchNorm1d(1)(tensor([[1.0], [3.0]])).tolist()
[[-0.9999949932098389], [0.9999949932098389]]
"""

from __future__ import annotations

from ...data import tensor
from ...ops import norm
from ...ops.create import empty, ones, zeros
from ...tensor import Tensor
from ...types import check_device
from .. import init
from ..parameter import Parameter
from .module import Module

__all__ = ["BatchNorm1d", "BatchNorm2d"]


class _NormBase(Module):
    """A norm of each channel, with running statistics and a learned scale and shift if asked for; the classes say how
    many dims their input may have."""

    dims: tuple[int, ...] = ()

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, device=None, dtype=None, *, bias: bool = True):  # fmt: skip
        super().__init__()
        check_device(device)
        self.num_features, self.eps, self.momentum, self.affine = num_features, eps, momentum, affine
        self.track_running_stats = track_running_stats
        self.register_parameter("weight", Parameter(empty((num_features,), dtype=dtype)) if affine else None)
        self.register_parameter("bias", Parameter(empty((num_features,), dtype=dtype)) if affine and bias else None)
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, dtype=dtype) if tracked else None)
        self.register_buffer("running_var", ones(num_features, dtype=dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0) if tracked else None)
        self.reset_parameters()

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim not in self.dims:
            expected = " or ".join(f"{n}D" for n in self.dims)
            raise ValueError(f"expected {expected} input (got {input.ndim}D input)")

    def reset_running_stats(self) -> None:
        """Means of 0, variances of 1 and no batches again."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1.0)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Weights of 1, biases of 0 and fresh running statistics again."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_NormBase):
    """What the batch norms share."""

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        follow = self.training and self.track_running_stats
        momentum = 0.0 if self.momentum is None else self.momentum
        if follow and self.num_batches_tracked is not None:
            norm.count_batch(self.num_batches_tracked)
            if self.momentum is None:  # the average of all batches
                momentum = 1.0 / self.num_batches_tracked.item()
        mean, var = (self.running_mean, self.running_var) if follow or not self.training else (None, None)
        training = self.training or (mean is None and var is None)
        return norm.batch_norm(input, mean, var, self.weight, self.bias, training, momentum, self.eps)


class BatchNorm1d(_BatchNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias of each channel of (N, C) or (N, C, L).

    In training the statistics are the batch's, and running_mean and running_var follow them by the share momentum
    (None: the average of all batches); in evaluation they are the running ones. weight starts at 1, bias at 0.
    """

    dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """As :class:`BatchNorm1d`, for (N, C, H, W)."""

    dims = (4,)
