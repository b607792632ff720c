"""Instance norm: each channel of each sample normalized by itself.

>>> from autograd import nn, tensor
>>> nn.InstanceNorm1d(1)(tensor([[[1.0, 3.0]]])).tolist()
[[[-0.9999949932098389, 0.9999949932098389]]]
"""

from __future__ import annotations

import warnings

from ...tensor import Tensor
from .. import functional as F
from .batchnorm import _NormBase

__all__ = ["InstanceNorm1d", "InstanceNorm2d"]


class _InstanceNorm(_NormBase):
    """What the instance norms share; the fewer of their ``dims`` is without a batch."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = False,
                 track_running_stats: bool = False, device=None, dtype=None, *, bias: bool = True):  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        batched = input.ndim == self.dims[1]
        self._check_channels(int(batched), input.shape[batched])
        y = F.instance_norm(
            input if batched else input.unsqueeze(0), self.running_mean, self.running_var, self.weight, self.bias,
            self.training or not self.track_running_stats, 0.0 if self.momentum is None else self.momentum, self.eps,
        )  # fmt: skip
        return y if batched else y.squeeze(0)

    def _check_channels(self, dim: int, found: int) -> None:
        if found == self.num_features:
            return
        if self.affine:
            raise ValueError(
                f"expected input's size at dim={dim} to match num_features ({self.num_features}), but got: {found}."
            )
        warnings.warn(
            f"input's size at dim={dim} does not match num_features. You can silence this warning by not passing in "
            "num_features, which is not used because affine=False",
            stacklevel=3,
        )


class InstanceNorm1d(_InstanceNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias, by the mean and variance of each channel of each sample of
    (N, C, L) or (C, L).

    weight, at first 1, and bias, at first 0, are there if ``affine``. With track_running_stats the statistics in
    evaluation are running_mean and running_var, which follow those in training by the share momentum.
    """

    dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """As :class:`InstanceNorm1d`, for (N, C, H, W) or (C, H, W)."""

    dims = (3, 4)
