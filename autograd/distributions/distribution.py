"""What all distributions have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..data import as_tensor
from ..dtypes import get_default_dtype
from ..modes import no_grad
from ..ops.shape import broadcast_tensors
from ..tensor import Tensor
from ..types import Size

_default = {"validate": True}


class Distribution:
    """Random values with their density. The parameters' shape, ``batch_shape``, is one of independent distributions.

    A subclass draws in ``_drawn``, differentiably in :meth:`rsample`, and says in ``_inside`` which values there are.
    """

    has_rsample = False
    parameters: tuple[str, ...] = ()  # the names of those that it prints, of which not all need be given
    support = "Real()"
    event_shape = Size()

    def __init__(self, batch_shape: Iterable[int], validate_args: bool | None):
        self.batch_shape = Size(batch_shape)
        self._validate_args = _default["validate"] if validate_args is None else validate_args

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether parameters and values are checked where a distribution is not told."""
        _default["validate"] = bool(value)

    # --- drawing ------------------------------------------------------------------------------------------------------

    def sample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        """Values of shape ``sample_shape + batch_shape``, without gradients."""
        with no_grad():
            return self._drawn(self._extended(sample_shape))

    def rsample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        """Values that are differentiable by the parameters."""
        raise NotImplementedError(f"{type(self).__name__} has no rsample(): use sample() with log_prob()")

    def _lacking(self, name: str) -> NotImplementedError:
        """The error for what a subclass has not defined; PyTorch raises the same class."""
        return NotImplementedError(f"{type(self).__name__} defines no {name}")

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        raise self._lacking("sample")

    def _extended(self, sample_shape: Iterable[int]) -> tuple[int, ...]:
        return (*sample_shape, *self.batch_shape)

    # --- what is known ------------------------------------------------------------------------------------------------

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density, or of the probability, at a value."""
        raise self._lacking("log_prob")

    def entropy(self) -> Tensor:
        """The entropy, in nats."""
        raise self._lacking("entropy")

    @property
    def mean(self) -> Tensor:
        """The mean."""
        raise self._lacking("mean")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        raise self._lacking("variance")

    @property
    def stddev(self) -> Tensor:
        """The standard deviation."""
        return self.variance.sqrt()

    # --- checking -----------------------------------------------------------------------------------------------------

    def _check_parameter(self, name: str, valid: Tensor, constraint: str) -> None:
        if self._validate_args and not bool(valid.all()):
            raise ValueError(
                f"Expected parameter {name} (Tensor of shape {tuple(valid.shape)}) of distribution {self!r} to satisfy "
                f"the constraint {constraint}, but found invalid values:\n{getattr(self, name)}"
            )

    def _check_value(self, value: Tensor) -> None:
        if not self._validate_args:
            return
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        if not bool(self._inside(value).all()):
            raise ValueError(
                f"Expected value argument (Tensor of shape {tuple(value.shape)}) to be within the support "
                f"({self.support}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def _inside(self, value: Tensor) -> Tensor:
        return value.isnan().logical_not()

    def __repr__(self) -> str:
        given = [(name, vars(self)[name]) for name in self.parameters if name in vars(self)]
        shown = [f"{name}: {t.item() if t.numel() == 1 else t.shape}" for name, t in given]
        return f"{type(self).__name__}({', '.join(shown)})"


def tensors(*values: Any) -> list[Tensor]:
    """Parameters of one shape: numbers become tensors of the others' dtype, the default dtype where there is none."""
    given = [v for v in values if isinstance(v, Tensor)]
    dtype = given[0].dtype if given else get_default_dtype()
    made = [v if isinstance(v, Tensor) else as_tensor(v, dtype=dtype) for v in values]
    return list(broadcast_tensors(*made))


def only_one(probs: Any, logits: Any) -> tuple[str, Any]:
    """The name and the value of that one of the two which is given; ValueError unless it is one."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")
    return ("probs", probs) if logits is None else ("logits", logits)


def away_from_the_ends(probs: Tensor) -> Tensor:
    """Probabilities whose logarithms are finite."""
    eps = float(np.finfo(probs.dtype.dtype).eps)
    return probs.clamp(eps, 1 - eps)
