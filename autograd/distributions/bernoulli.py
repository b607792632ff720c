"""The Bernoulli distribution."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ..nn.functional import binary_cross_entropy_with_logits
from ..ops.random import bernoulli
from ..tensor import Tensor
from .distribution import Distribution, away_from_the_ends, only_one, tensors


class Bernoulli(Distribution):
    """1 with the probability ``probs``, whose log-odds are ``logits``, else 0.

    >>> Bernoulli(tensor([0.25])).log_prob(tensor([1.0])).exp()
    tensor([0.2500])
    """

    parameters = ("probs", "logits")
    support = "Boolean()"

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        name, given = only_one(probs, logits)
        (given,) = tensors(given)
        super().__init__(given.shape, validate_args)
        setattr(self, name, given)
        if name == "probs":
            self._check_parameter("probs", given.ge(0) & given.le(1), "Interval(lower_bound=0.0, upper_bound=1.0)")
        else:
            self._check_parameter("logits", given.isnan().logical_not(), "Real()")

    @cached_property
    def probs(self) -> Tensor:
        """The probabilities of 1."""
        return self.logits.sigmoid()

    @cached_property
    def logits(self) -> Tensor:
        """log(p) - log(1 - p)"""
        p = away_from_the_ends(self.probs)
        return p.log() - (-p).log1p()

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        return bernoulli(self.probs.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """log(p) at 1, log(1 - p) at 0"""
        self._check_value(value)
        logits, value = tensors(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def _inside(self, value: Tensor) -> Tensor:
        return value.eq(0) | value.eq(1)

    def entropy(self) -> Tensor:
        """-p log(p) - (1 - p) log(1 - p)"""
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    @property
    def mean(self) -> Tensor:
        """p"""
        return self.probs

    @property
    def mode(self) -> Tensor:
        """1 where p > 1/2, 0 where it is less, NaN between."""
        mode = (self.probs >= 0.5).to(self.probs.dtype)
        return mode.masked_fill(self.probs == 0.5, float("nan"))

    @property
    def variance(self) -> Tensor:
        """p (1 - p)"""
        return self.probs * (1 - self.probs)
