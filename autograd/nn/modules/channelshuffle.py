"""Channels in another order.

>>> from autograd import nn, tensor
>>> nn.ChannelShuffle(2)(tensor([[[0.0], [1.0], [2.0], [3.0]]])).flatten()
tensor([0., 2., 1., 3.])
"""

from __future__ import annotations

from ...tensor import Tensor
from .. import functional as F
from .module import Module

__all__ = ["ChannelShuffle"]


class ChannelShuffle(Module):
    """The channels of (N, C, ...) in turn from each of as many groups, so that the groups of a later layer mix them."""

    def __init__(self, groups: int):
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
