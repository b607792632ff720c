"""Training and evaluation mode, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..modes import no_grad
from ..nn import Module


@contextmanager
def modes_kept(model: Module) -> Iterator[None]:
    """Leave each module in the mode, training or evaluation, that it had."""
    modes = [(m, m.training) for m in model.modules()]
    try:
        yield
    finally:
        for module, mode in modes:
            if module.training is not mode:
                module.training = mode


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Evaluation mode without graphs; afterwards the modes that were."""
    with modes_kept(model), no_grad():
        model.eval()
        yield
