"""Where NaN and infinities come from.

Steps are replayed by C and say nothing but their loss; when that is not a finite number, the parameters are spoiled
already. So at the start of some epochs a copy is taken of all that steps change. From the last one the steps are
repeated, slowly, with a look at every layer, loss and gradient, up to the first that is not finite; there model and
optimizer are left, as they were before that step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from time import perf_counter
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..anomaly import detect_anomaly
from ..modes import no_grad
from ..nn import Module
from ..optim import Optimizer
from ..random import Generator, default_generator
from ..tensor import Tensor
from ..tree import leaves
from .batches import split
from .step import forward, training_step

if TYPE_CHECKING:
    from .trainer import Training


SHARE = 0.01  # of the time, which copies take at most


class NonFiniteLoss(RuntimeError):
    """The loss became NaN or infinite. ``epoch`` and ``batch`` count from 1; ``where`` is what was not finite first."""

    def __init__(self, message: str, epoch: int, batch: int, where: str):
        super().__init__(message)
        self.epoch, self.batch, self.where = epoch, batch, where


class Snapshot:
    """All that steps change, as it is before the steps of an epoch."""

    def __init__(self, epoch: int, model: Module, optimizer: Optimizer, scheduler: Any, generators: list[Generator]):
        start = perf_counter()
        self.epoch = epoch
        self._optimizer, self._scheduler = optimizer, scheduler
        learned = [p for group in optimizer.param_groups for p in group["params"]]
        tensors = dict.fromkeys([*model.parameters(), *model.buffers(), *learned])
        with no_grad():
            self._values = [(t, t.clone()) for t in tensors]
        self._state = deepcopy(optimizer.state_dict())
        self._schedule = None if scheduler is None else deepcopy(scheduler.state_dict())
        self._random = [(g, g.get_state()) for g in [default_generator, *generators]]
        self._next = perf_counter() + (perf_counter() - start) / SHARE

    def is_old(self) -> bool:
        """Whether another one may be taken, so that all together take little of the time."""
        return perf_counter() > self._next

    def restore(self) -> None:
        """Make it so again."""
        with no_grad():
            for t, values in self._values:
                t.copy_(values)
        self._optimizer.load_state_dict(self._state)
        if self._schedule is not None:
            self._scheduler.load_state_dict(self._schedule)
        for generator, state in self._random:
            generator.set_state(state)


class _Found(Exception):
    """Something that is not finite: ``where`` it is, and ``advice``."""

    def __init__(self, where: str, advice: str):
        super().__init__(where)
        self.where, self.advice = where, advice


class _FoundGradient(_Found):
    """A gradient that is not finite, of a loss that is."""


RANDOM = (
    "the data or the model depend on random numbers that are not this package's; look at the batches with "
    "numpy.isfinite, or train within autograd.detect_anomaly()"
)
DATA = "look for it with numpy.isfinite(array).all(), and leave such samples out or fill them in"
LOSS = (
    "a loss that takes logits, such as BCEWithLogitsLoss or CrossEntropyLoss, in place of one of probabilities; "
    "targets that the loss is made for"
)
SMALLER = "a smaller learning rate than {lr:g}, clip_norm=1.0, inputs of about 1, a normalizing layer"


def diagnose(run: Training, snapshot: Snapshot | None, what: str) -> NoReturn:
    """Raise NonFiniteLoss that says where it came from: in the steps since the snapshot, or, without one, in the
    validation of the model as it is."""
    epoch, batch = run.epoch, run.batch
    try:
        with _watched_layers(run.model):
            if snapshot is None:
                _validate(run)
            else:
                snapshot.restore()
                _repeat(run, range(snapshot.epoch, epoch + 1))
        where, advice, kept = "nothing, when that was repeated", RANDOM, ""
    except _Found as found:
        where, advice = found.where, found.advice.format(lr=run.optimizer.param_groups[0]["lr"])
        kept = "The model and the optimizer are as they were before that step. " if snapshot else ""
    if run.folder is not None:
        kept += f"What is in {run.folder} was not written over. "
    at = f"epoch {epoch}, batch {batch}" if snapshot else f"epoch {epoch}"
    message = f"fit: {what}, in {at}. Not finite first: {where}. {kept}What to try: {advice}."
    raise NonFiniteLoss(message, epoch, batch, where) from None


@no_grad()
def _validate(run: Training) -> None:
    run.model.eval()
    for batch in run.validation or ():
        _check_data(batch)
        _check_loss(forward(run.model, run.loss_function, batch)[0])


def _repeat(run: Training, epochs: range) -> None:
    """The steps of these epochs one by one; _Found at the first thing that is not finite, with all as before that
    step."""
    run.model.train()
    parameters = dict(run.model.named_parameters())
    _check_parameters(parameters, "before the first step")

    def look(loss: Tensor) -> None:
        _check_loss(loss)
        spoiled = [name for name, p in parameters.items() if not finite(p.grad)]
        if spoiled:
            raise _FoundGradient(f"the gradient of {spoiled[-1]!r}", SMALLER)

    step = training_step(run.model, run.loss_function, run.optimizer, *run.clip, False, look)
    for epoch in epochs:
        for number, batch in enumerate(run.batches, 1):
            before = run.snapshot()
            try:
                _check_data(batch)
                loss = step(*batch)
                _check_parameters(parameters, "after the step, though its gradient is finite")
            except _Found as found:
                before.restore()
                if isinstance(found, _FoundGradient):
                    found.where += _origin(run, batch)
                    before.restore()
                found.where += f", in epoch {epoch}, batch {number}"
                raise
            run.after_step(loss.item())
        if epoch < epochs[-1]:
            run.after_epoch(run.history.records[epoch - 1])


def _origin(run: Training, batch: Any) -> str:
    """The op whose gradient is NaN."""
    try:
        with detect_anomaly():
            forward(run.model, run.loss_function, batch)[0].backward()
    except RuntimeError as error:
        return f" ({error})"
    return ""


def finite(t: Any) -> bool:
    """Whether a tensor has neither NaN nor infinities; what is no tensor of floats has none."""
    if not isinstance(t, Tensor) or not t.is_floating_point():
        return True
    return bool(np.isfinite(t.detach().numpy()).all())


def _check_data(batch: Any) -> None:
    for part, name in zip(split(batch), ("an input", "the target"), strict=True):
        if not all(map(finite, leaves(part))):
            raise _Found(f"{name}, which the data give", DATA)


def _check_loss(loss: Tensor) -> None:
    if not finite(loss):
        raise _Found(f"the loss, {loss.item()}; what the layers gave is finite", LOSS)


def _check_parameters(parameters: Mapping[str, Tensor], when: str) -> None:
    for name, p in parameters.items():
        if not finite(p):
            raise _Found(f"the parameter {name!r} {when}", SMALLER)


@contextmanager
def _watched_layers(model: Module) -> Iterator[None]:
    """Look at what each layer gives; _Found at the first that is not finite."""
    layers = [(name, m) for name, m in model.named_modules() if next(m.children(), None) is None]
    handles = [module.register_forward_hook(_look(name)) for name, module in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _look(name: str) -> Callable[[Module, tuple, Any], None]:
    def look(module: Module, args: tuple, output: Any) -> None:
        if not all(map(finite, leaves(output))):
            most = max((t.abs().max().item() for t in leaves(args) if isinstance(t, Tensor)), default=math.nan)
            raise _Found(f"what {type(module).__name__} {name!r} gave, from inputs of up to {most:.3g}", SMALLER)

    return look
