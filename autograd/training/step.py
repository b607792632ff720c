"""The step of a training and that of an evaluation, replayed as one call of C where that is possible."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from ..nn import Module
from ..nn.utils import clip_grad_norm_, clip_grad_value_
from ..optim import Optimizer
from ..replay import CaptureError, capture
from ..tensor import Tensor
from .batches import split


class Step:
    """A function of a batch, captured until that is refused: then ``explain`` is told why, once, and the function runs
    as it is."""

    def __init__(self, function: Callable, wanted: bool, explain: Callable[[str], None]):
        self._function, self._explain = function, explain
        self._run = capture(function) if wanted else function
        self._draws_watched = wanted

    def __call__(self, batch: Any) -> Any:
        if not isinstance(batch, (tuple, list)):
            split(batch)  # says what is wrong with it
        if self._draws_watched:
            return self._watched(batch)
        try:
            return self._run(*batch)
        except CaptureError as error:
            if self._run is self._function:
                raise
            return self._give_up(str(error), batch)

    def _watched(self, batch: Any) -> Any:
        """The first call, which runs as it is: a replay would repeat what Python's own random numbers were."""
        self._draws_watched = False
        before = _outside_state()
        result = self(batch)
        if _outside_state() != before and self._run is not self._function:
            self._refuse("it draws random numbers from Python's or NumPy's global generator")
        return result

    def _give_up(self, why: str, batch: Any) -> Any:
        self._refuse(why)
        return self._function(*batch)

    def _refuse(self, why: str) -> None:
        self._run = self._function
        self._explain(f"steps are not replayed but run one by one, which is slower: {why}")


def _outside_state() -> tuple:
    state: Any = np.random.get_state()
    return random.getstate(), state[1].tobytes(), state[2:]


def training_step(
    model: Module, loss: Callable, optimizer: Optimizer, clip_norm: float | None, clip_value: float | None,
    outputs: bool, look: Callable[[Tensor], None] | None = None,
) -> Callable:  # fmt: skip
    """A function of a batch that takes one step and returns the loss before it, and the ``outputs`` if wanted;
    ``look`` is called with the loss when its gradients are there."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]

    def gradients(batch: tuple) -> Any:
        optimizer.zero_grad()
        value, output = forward(model, loss, batch)
        value.backward()
        if look is not None:
            look(value.detach())
        if clip_norm is not None:
            clip_grad_norm_(parameters, clip_norm)
        if clip_value is not None:
            clip_grad_value_(parameters, clip_value)
        return found_of(value.detach(), output, outputs)

    def step(*batch: Any) -> Any:
        found = gradients(batch)
        optimizer.step()
        return found

    def step_by_closure(*batch: Any) -> Any:
        found = []

        def closure() -> Tensor:
            found.append(gradients(batch))
            return found[-1][0] if outputs else found[-1]

        optimizer.step(closure)
        return found[0]

    return step_by_closure if needs_argument(optimizer.step) else step


def evaluation_step(model: Module, loss: Callable | None, outputs: bool) -> Callable:
    """A function of a batch that returns its loss, and the ``outputs`` if wanted; without a loss the outputs alone."""

    def step(*batch: Any) -> Any:
        if loss is None:
            return model(*batch)
        return found_of(*forward(model, loss, batch), outputs)

    return step


def found_of(value: Tensor, output: Any, outputs: bool) -> Any:
    """What a step returns: less is faster."""
    if not outputs:
        return value
    return value, output.detach() if isinstance(output, Tensor) else output


def forward(model: Module, loss: Callable, batch: Any) -> tuple[Tensor, Any]:
    """The loss of a batch and the outputs. Where the target is a tuple, such as a target and weights, the loss is of
    all of it."""
    inputs, target = split(batch)
    output = model(*inputs)
    value = loss(output, *target) if isinstance(target, (tuple, list)) else loss(output, target)
    if not (isinstance(value, Tensor) and value.numel() == 1):
        found = f"a tensor of shape {list(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise TypeError(f"the loss must give one number, with reduction='mean' or 'sum', not {found}")
    return value, output


def needs_argument(function: Callable) -> bool:
    """Whether a function cannot be called without arguments: an optimizer's step that wants a closure, a scheduler's
    that wants a metric."""
    parameters = inspect.signature(function).parameters.values()
    return any(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
