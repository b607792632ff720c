"""Mixed precision, which the CPU does without: everything is computed in the tensors' own dtype, mostly float32.

>>> scaler = GradScaler("cuda")
>>> scaler.is_enabled(), scaler.get_scale()
(False, 1.0)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ...optim.optimizer import Optimizer
from ..answers import say_once

__all__ = ["GradScaler", "autocast"]


class autocast:
    """A with block, or a decorator, that changes nothing; where it is enabled it says so, once."""

    def __init__(self, device_type: Any = "cpu", dtype: Any = None, enabled: bool = True, cache_enabled: Any = None):
        if enabled:
            say_once("torch.autocast: autograd computes in the tensors' own dtype, in place of a shorter one")

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *exc: Any) -> None:
        pass

    def __call__(self, function: Callable) -> Callable:
        @wraps(function)
        def within(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return within


class GradScaler:
    """A scaler that is not enabled, whatever it is told: float32 needs no scale."""

    def __init__(self, device: Any = "cpu", *args: Any, enabled: bool = True, **options: Any):
        pass

    def scale(self, outputs: Any) -> Any:
        """The loss, or several, as they are."""
        return outputs

    def unscale_(self, optimizer: Optimizer) -> None:
        """Nothing: the gradients were not scaled."""

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step()``."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """Nothing."""

    def is_enabled(self) -> bool:
        """False."""
        return False

    def get_scale(self) -> float:
        """1."""
        return 1.0

    def state_dict(self) -> dict:
        """Empty."""
        return {}

    def load_state_dict(self, state_dict: dict) -> None:
        """Nothing."""
