"""The normal distribution."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..ops.create import ones, zeros
from ..ops.random import normal
from ..tensor import Tensor
from .distribution import Distribution, tensors


class Normal(Distribution):
    """Mean ``loc`` and standard deviation ``scale``, tensors or numbers.

    >>> Normal(0.0, 1.0).log_prob(tensor(0.0))
    tensor(-0.9189)
    """

    has_rsample = True
    parameters = ("loc", "scale")

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None):
        self.loc, self.scale = tensors(loc, scale)
        super().__init__(self.loc.shape, validate_args)
        self._check_parameter("loc", self.loc.isnan().logical_not(), "Real()")
        self._check_parameter("scale", self.scale > 0, "GreaterThan(lower_bound=0.0)")

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        return normal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        """loc + scale * noise."""
        shape, dtype = self._extended(sample_shape), self.loc.dtype
        return self.loc + normal(zeros(shape, dtype=dtype), ones(shape, dtype=dtype)) * self.scale

    def log_prob(self, value: Tensor) -> Tensor:
        """-(value - loc)**2 / (2 scale**2) - log(scale) - log(2 pi) / 2"""
        self._check_value(value)
        return -((value - self.loc) ** 2) / (2 * self.scale**2) - self.scale.log() - math.log(math.sqrt(2 * math.pi))

    def entropy(self) -> Tensor:
        """1 / 2 + log(2 pi) / 2 + log(scale)"""
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of values up to this one."""
        self._check_value(value)
        return 0.5 * (1 + ((value - self.loc) * self.scale.reciprocal() / math.sqrt(2)).erf())

    def icdf(self, value: Tensor) -> Tensor:
        """The value up to which there is this probability."""
        return self.loc + self.scale * (2 * value - 1).erfinv() * math.sqrt(2)

    @property
    def mean(self) -> Tensor:
        """loc"""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """loc"""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """scale**2"""
        return self.scale**2

    @property
    def stddev(self) -> Tensor:
        """scale"""
        return self.scale
