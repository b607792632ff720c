"""The categorical distribution."""

from __future__ import annotations

from functools import cached_property
from math import prod

import numpy as np

from ..ops.random import multinomial
from ..ops.shape import broadcast_tensors
from ..ops.softmax import softmax
from ..tensor import Tensor
from .distribution import Distribution, away_from_the_ends, only_one


class Categorical(Distribution):
    """0 .. n - 1 with the probabilities ``probs`` (..., n), of any sum, or with those whose logarithms are ``logits``
    (but for an added constant).

    >>> Categorical(tensor([1.0, 3.0])).probs
    tensor([0.2500, 0.7500])
    """

    parameters = ("probs", "logits")

    def __init__(self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None):
        name, given = only_one(probs, logits)
        if not isinstance(given, Tensor) or given.ndim < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        super().__init__(given.shape[:-1], validate_args)
        self._n = given.shape[-1]
        self.support = f"IntegerInterval(lower_bound=0, upper_bound={self._n - 1})"
        if name == "probs":
            self.probs = given / given.sum(-1, keepdim=True)
            valid = (self.probs >= 0).all(-1) & ((self.probs.sum(-1) - 1).abs() < 1e-6)
            self._check_parameter("probs", valid, "Simplex()")
        else:
            self.logits = given - given.logsumexp(-1, keepdim=True)
            self._check_parameter("logits", self.logits.isnan().logical_not(), "IndependentConstraint(Real(), 1)")

    @cached_property
    def probs(self) -> Tensor:
        """The probabilities."""
        return softmax(self.logits, -1)

    @cached_property
    def logits(self) -> Tensor:
        """Their logarithms."""
        return away_from_the_ends(self.probs).log()

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        count = prod(shape[: len(shape) - len(self.batch_shape)])
        return multinomial(self.probs.reshape(-1, self._n), count, True).T.reshape(shape)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logit of a class."""
        self._check_value(value)
        value, logits = broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return logits.gather(-1, value[..., :1]).squeeze(-1)

    def _inside(self, value: Tensor) -> Tensor:
        return (value >= 0) & (value < self._n) & value.remainder(1).eq(0)

    def entropy(self) -> Tensor:
        """-sum(p log p)"""
        return -(self.logits.clamp(min=float(np.finfo(self.logits.dtype.dtype).min)) * self.probs).sum(-1)

    @property
    def mode(self) -> Tensor:
        """The likeliest value."""
        return self.probs.argmax(-1)
