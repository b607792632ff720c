"""What schedules share: when they step, what they keep, how a rate is set."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import FunctionType
from typing import Any

from ...tensor import Tensor
from ..optimizer import Optimizer


class LRScheduler:
    """Base class: a subclass says in ``get_lr`` what the learning rate of each parameter group is at ``last_epoch``,
    which counts the calls of ``step`` from 0. A schedule sets the first rate when it is made.

    last_epoch
        Where to go on, with an optimizer whose state was loaded; -1 begins.

    >>> from autograd import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> class Halving(LRScheduler):
    ...     def get_lr(self):
    ...         return [lr / 2**self.last_epoch for lr in self.base_lrs]
    >>> scheduler = Halving(optimizer)
    >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
    [0.5]
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1):
        self.optimizer = checked(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", _own(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with last_epoch "
                    ">= 0: load the optimizer's state first, or begin with last_epoch=-1"
                )
        self.base_lrs = values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        """Set the first rate."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def step(self, epoch: int | None = None) -> None:
        """Set the next rate, after ``optimizer.step()``. With ``epoch``, which PyTorch deprecates, that of an epoch."""
        if self._step_count == 1 and _has_not_stepped(self.optimizer):
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call them in the opposite order: "
                "the first learning rate of the schedule is skipped.",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warn_of_epoch()
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._set(self.get_lr if epoch is None else self._get_closed_form_lr)

    def _set(self, ask: Callable[[], list]) -> None:
        """Set the rates that a function says."""
        self._get_lr_called_within_step = True
        try:
            rates = ask()
        finally:
            self._get_lr_called_within_step = False
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            set_value(group, "lr", rate)
        self._last_lr = values(self.optimizer, "lr")

    def get_last_lr(self) -> list:
        """The rates that the schedule has set last, one for each parameter group."""
        return self._last_lr

    def get_lr(self) -> list:
        """The rates at ``last_epoch``, most often from those before: for ``step`` to ask."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=2,
            )
        return self._rates()

    def _rates(self) -> list:
        """get_lr() of the schedules here."""
        raise NotImplementedError

    def _get_closed_form_lr(self) -> list:
        """The rates at ``last_epoch``, whatever those before were."""
        return self.get_lr()

    def _same(self) -> list:
        return values(self.optimizer, "lr")

    def _scaled(self, factor: float) -> list:
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, whose state is to be kept with it."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what ``state_dict()`` gave."""
        self.__dict__.update(state_dict)


def checked(optimizer: Any) -> Optimizer:
    """The optimizer; TypeError where it is none."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


def _has_not_stepped(optimizer: Optimizer) -> bool:
    """Whether no step was taken, or loaded, as far as can be known: one's own step() may leave no trace."""
    return type(optimizer).step is Optimizer.step and not optimizer._plans and not optimizer._state


def _own(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value


def values(optimizer: Optimizer, key: str) -> list:
    """An option of each parameter group; tensors are copied."""
    return [_own(group[key]) for group in optimizer.param_groups]


def set_value(group: dict[str, Any], key: str, value: Any) -> None:
    """Set an option, in place where it is a tensor."""
    if isinstance(group[key], Tensor):
        group[key].fill_(float(value))
    else:
        group[key] = value


def for_each_group(name: str, optimizer: Optimizer, value: Any) -> list:
    """A value per parameter group, from a list of them or from one for all."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        value = [value] * groups
    elif len(value) != groups:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} values, param_groups "
            f"has {groups}."
        )
    return [_own(each) for each in value]


def warn_of_epoch() -> None:
    warnings.warn(
        "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please "
        "use `scheduler.step()` to step the scheduler.",
        UserWarning,
        stacklevel=3,
    )


def function_state(function: Callable) -> dict[str, Any] | None:
    """What a state dict keeps of a function: the attributes of a callable object, nothing of a plain function."""
    return None if isinstance(function, FunctionType) else function.__dict__.copy()
