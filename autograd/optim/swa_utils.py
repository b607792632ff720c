"""What torch.optim.swa_utils holds: models whose weights are averages over training, of all steps alike (stochastic
weight averaging, Izmailov et al. 2018) or fading (exponential moving averages), and the schedule that goes with it.

>>> from autograd import nn, ones, optim
>>> net = nn.Linear(1, 1)
>>> averaged = AveragedModel(net)
>>> for value in (1.0, 2.0, 6.0):
...     with no_grad():
...         _ = net.weight.fill_(value)
...     averaged.update_parameters(net)
>>> averaged.module.weight.item()
3.0
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from itertools import chain
from typing import Any

from ..data import tensor
from ..dtypes import int64
from ..modes import no_grad
from ..nn import Module
from ..nn.modules.batchnorm import _BatchNorm
from ..tensor import Tensor
from ..types import check_device
from .lr_scheduler import LRScheduler
from .lr_scheduler.scheduler import for_each_group
from .optimizer import Optimizer

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn",
    "update_bn",
]  # fmt: skip


class AveragedModel(Module):
    """A copy of a model, ``module``, whose parameters are averages of those that ``update_parameters(model)`` has been
    given: all alike, or as ``avg_fn(average, current, n_averaged)`` says, which gives the new average of one tensor,
    or ``multi_avg_fn``, which brings a list of averages up to date. Buffers are averaged too with ``use_buffers``,
    else copied.

    >>> from autograd import nn
    >>> average = AveragedModel(nn.Linear(2, 1), avg_fn=get_ema_avg_fn(0.99))
    >>> sorted(average.state_dict())
    ['module.bias', 'module.weight', 'n_averaged']
    """

    n_averaged: Tensor

    def __init__(
        self, model: Module, device: Any = None, avg_fn: Callable[[Tensor, Tensor, Tensor], Tensor] | None = None,
        multi_avg_fn: Callable[[list[Tensor], list[Tensor], Tensor], Any] | None = None, use_buffers: bool = False,
    ):  # fmt: skip
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        check_device(device)
        self.module = deepcopy(model)
        self.register_buffer("n_averaged", tensor(0, dtype=int64))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Take a model's parameters into the average; the first time they are it."""
        averages, current = list(self._averaged(self.module)), [t.detach() for t in self._averaged(model)]
        if self.n_averaged == 0:
            for average, value in zip(averages, current):
                average.copy_(value)
        elif self.multi_avg_fn is not None:
            self.multi_avg_fn([average.detach() for average in averages], current, self.n_averaged)
        else:
            new = self.avg_fn or get_swa_avg_fn()
            for average, value in zip(averages, current):
                average.copy_(new(average.detach(), value, self.n_averaged))
        if not self.use_buffers:
            for buffer, value in zip(self.module.buffers(), model.buffers()):
                buffer.copy_(value)
        self.n_averaged += 1

    def _averaged(self, model: Module) -> Iterator[Tensor]:
        return chain(model.parameters(), model.buffers()) if self.use_buffers else model.parameters()


def get_swa_avg_fn() -> Callable[[Tensor, Tensor, Any], Tensor]:
    """For ``avg_fn``: the average of all alike.

    >>> get_swa_avg_fn()(tensor([1.0]), tensor([4.0]), 2)
    tensor([2.])
    """
    return lambda average, current, n_averaged: average + (current - average) / (n_averaged + 1)


def get_ema_avg_fn(decay: float = 0.999) -> Callable[[Tensor, Tensor, Any], Tensor]:
    """For ``avg_fn``: the exponential moving average, decay * average + (1 - decay) * current.

    >>> get_ema_avg_fn(0.75)(tensor([1.0]), tensor([5.0]), 2)
    tensor([2.])
    """
    _check_decay(decay)
    return lambda average, current, n_averaged: decay * average + (1 - decay) * current


def get_swa_multi_avg_fn() -> Callable[[list[Tensor], list[Tensor], Any], None]:
    """For ``multi_avg_fn``: the averages of all alike."""
    return _in_place(get_swa_avg_fn())


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[[list[Tensor], list[Tensor], Any], None]:
    """For ``multi_avg_fn``: exponential moving averages."""
    return _in_place(get_ema_avg_fn(decay))


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def _in_place(new: Callable[[Tensor, Tensor, Any], Tensor]) -> Callable[[list[Tensor], list[Tensor], Any], None]:
    @no_grad()
    def update(averages: list[Tensor], current: list[Tensor], n_averaged: Any) -> None:
        for average, value in zip(averages, current):
            average.copy_(new(average, value, n_averaged))

    return update


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of a model's batch norms anew, as means over all batches of the loader: averaged
    weights have statistics of their own. Of a batch that is a tuple or a list, the first element is the input."""
    check_device(device)
    momenta = {module: module.momentum for module in model.modules() if isinstance(module, _BatchNorm)}
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.reset_running_stats()
        module.momentum = None
    for batch in loader:
        model(batch[0] if isinstance(batch, (list, tuple)) else batch)
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """From the rates that are set to ``swa_lr`` (one, or a list with one per parameter group) in ``anneal_epochs``, by
    ``anneal_strategy`` "cos" or "linear".

    >>> from autograd import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> scheduler, rates = SWALR(optimizer, 0.2, anneal_epochs=2, anneal_strategy="linear"), []
    >>> for _ in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step(); scheduler.step()
    >>> [round(rate, 3) for rate in rates]
    [1.0, 0.6, 0.2, 0.2]
    """

    def __init__(self, optimizer: Optimizer, swa_lr: float | list[float], anneal_epochs: int = 10,
                 anneal_strategy: str = "cos", last_epoch: int = -1):  # fmt: skip
        for group, rate in zip(optimizer.param_groups, for_each_group("swa_lr", optimizer, swa_lr)):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _rates(self) -> list:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._way(step - 1), self._way(step)
        rates = []
        for group in self.optimizer.param_groups:
            end = group["swa_lr"]
            start = end if before == 1 else (group["lr"] - before * end) / (1 - before)
            rates.append(end * now + start * (1 - now))
        return rates

    def _way(self, step: int) -> float:
        """How much of the way to swa_lr is done at a step."""
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t
