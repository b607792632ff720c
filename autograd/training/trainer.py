"""fit, evaluate and predict: the loop that everybody writes.

>>> import autograd
>>> from autograd import nn, optim
>>> _ = autograd.manual_seed(0)
>>> x = autograd.randn(64, 3)
>>> y = x.sum(1, keepdim=True)
>>> model = nn.Linear(3, 1)
>>> history = fit(model, (x, y), nn.MSELoss(), optim.Adam(model.parameters(), lr=0.1), 20, progress=False)
>>> history["loss"][-1] < 0.01 * history["loss"][0]
True
>>> predict(model, x).shape
autograd.Size([64, 1])
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ..extras import need
from ..modes import no_grad
from ..nn import Module
from ..nn.utils import get_total_norm
from ..ops.join import cat
from ..optim import Optimizer
from ..random import Generator
from ..tensor import Tensor
from . import checkpoint as files
from .batches import batches_of, generators_of, length, rows_in, split
from .callbacks import Callback, EarlyStopping
from .diagnosis import Snapshot, diagnose
from .history import History
from .metrics import Meter, Metric, metrics_from
from .modes import evaluating, modes_kept
from .progress import Report, Silent, progress
from .step import Step, evaluation_step, needs_argument, training_step

LINES = 20  # that a run prints about, where there is no terminal


def fit(
    model: Module,
    data: Any,
    loss: Callable,
    optimizer: Optimizer,
    epochs: int,
    *,
    batch_size: int | None = 32,
    shuffle: bool = True,
    generator: Generator | None = None,
    validation: Any = None,
    metrics: str | Callable | Iterable = (),
    monitor: str = "loss",
    scheduler: Any = None,
    schedule_by: str = "epoch",
    clip_norm: float | None = None,
    clip_value: float | None = None,
    early_stopping: EarlyStopping | int | None = None,
    checkpoint: str | Path | None = None,
    resume: bool | str | Path = False,
    callbacks: Iterable[Callback] = (),
    progress: bool = True,
    capture: bool = True,
) -> History:
    """Train a model; what happened, epoch by epoch.

    The numbers are those of the loop one would write: ``model.train()``; for each batch ``zero_grad()``, the loss,
    ``backward()``, ``step()``. After two steps with batches of one size they are replayed (:func:`autograd.capture`),
    to the same bits; where that is refused they run one by one, and a warning says why.

    data
        A tuple of tensors or NumPy arrays ``(X, y)``, a Dataset, a DataLoader or whatever else gives batches. A batch
        is ``(input, ..., target)`` and has the loss ``loss(model(input, ...), target)``; where the target is a tuple,
        ``loss(model(input, ...), *target)``.
    batch_size, shuffle, generator
        For arrays and Datasets. The order of arrays is ``randperm(n, generator=generator)``, drawn for each epoch;
        ``batch_size=None`` takes all rows at once, in their order.
    validation
        Data to measure after each epoch, in evaluation mode.
    metrics
        Names ("accuracy", "precision", "recall", "f1", "roc_auc", "mse", "mae", "r2": scikit-learn's), functions of
        (targets, outputs) or :class:`Metric`. Over the training batches they are measured as these go by.
    monitor
        What decides which epoch is best, for early stopping, the checkpoint and ReduceLROnPlateau: "loss" or the name
        of a metric; of the validation data if there are any, else of the training.
    scheduler, schedule_by
        Its ``step()`` is called after each "epoch" or each "batch".
    clip_norm, clip_value
        Limits for the gradients, their norm or each of them.
    early_stopping
        An :class:`EarlyStopping`, or its patience in epochs.
    checkpoint
        A folder: after each epoch ``last`` is written there, and ``best`` after the best so far.
    resume
        Go on after the epoch of that folder's ``last``, to the bit; True for the folder of ``checkpoint``. Where it has
        none, training starts anew. ``epochs`` counts those before, too.
    progress
        Whether to show a bar or, where there is no terminal or no rich, some lines.
    capture
        Whether steps may be replayed. What a replay would not notice is Python's doing: attributes of modules and
        this package's random numbers are looked after; other objects that the model's code changes are not.

    Ctrl-C ends the training; what is there so far is returned. Raises :class:`NonFiniteLoss` where the loss is NaN or
    infinite, with the batch and the layer that it came from; the model is then as it was before that step.
    """
    _check(model, loss, optimizer, epochs)
    measures = metrics_from(metrics)
    key, higher = _monitored(monitor, validation is not None, measures)
    batches = batches_of(data, model, batch_size, shuffle, generator)
    stopping = EarlyStopping(early_stopping) if isinstance(early_stopping, int) else early_stopping
    run = Training(
        model, loss, optimizer, scheduler, History(key, higher), batches,
        None if validation is None else batches_of(validation, model, batch_size), measures,
        [*([stopping] if stopping else []), *callbacks], (clip_norm, clip_value), generators_of(batches, generator),
        Path(checkpoint) if checkpoint else None, _by_batch(schedule_by), capture,
    )  # fmt: skip
    if checkpoint or resume:
        need("safetensors", "io")  # before the work, not after it
    if resume:
        folder = run.folder if resume is True else Path(resume)
        if folder is None:
            raise ValueError("resume=True goes on from the folder of checkpoint=, which is missing")
        files.read_last(run, folder)
    run.go(epochs, _shown(progress, epochs))
    return run.history


def _check(model: Any, loss: Any, optimizer: Any, epochs: Any) -> None:
    """Raise for what a hurried hand gives in another's place."""
    if not isinstance(optimizer, Optimizer):
        given = optimizer.__name__ if isinstance(optimizer, type) else repr(optimizer)
        raise TypeError(f"fit: optimizer is made beforehand, as in optim.Adam(model.parameters()), not {given}")
    if not callable(loss) or isinstance(loss, type):
        given = loss.__name__ if isinstance(loss, type) else repr(loss)
        raise TypeError(f"fit: loss is a function of (output, target), as nn.CrossEntropyLoss() makes one, not {given}")
    if not isinstance(epochs, int) or epochs < 0:
        raise ValueError(f"fit: epochs is a number of epochs, not {epochs!r}")
    learned = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not any(id(p) in learned for p in model.parameters()):
        raise ValueError("fit: the optimizer has none of the model's parameters: was it made for another model?")


def _monitored(monitor: str, validates: bool, metrics: list[Metric]) -> tuple[str, bool]:
    """The record's name of what is monitored, and whether more of it is better."""
    name = monitor.removeprefix("valid_")
    known: dict[str, bool] = {"loss": False, **{m.name: m.higher_is_better for m in metrics}}
    if name not in known or (name != monitor and not validates):
        raise ValueError(f"monitor is {monitor!r}; what is measured is {', '.join(known)}")
    return (f"valid_{name}" if validates else name), known[name]


def _by_batch(schedule_by: str) -> bool:
    if schedule_by not in ("epoch", "batch"):
        raise ValueError(f"schedule_by is 'epoch' or 'batch', not {schedule_by!r}")
    return schedule_by == "batch"


def _shown(wanted: bool, epochs: int) -> AbstractContextManager[Report]:
    return progress(epochs, LINES) if wanted else nullcontext(Silent(epochs, 1))


@dataclass(eq=False)
class Training:
    """A training that runs, as callbacks see it."""

    model: Module
    loss_function: Callable
    optimizer: Optimizer
    scheduler: Any
    history: History
    batches: Iterable
    validation: Iterable | None
    metrics: list[Metric]
    callbacks: list[Callback]
    clip: tuple[float | None, float | None]
    generators: list[Generator]
    folder: Path | None
    by_batch: bool
    capture: bool
    epoch: int = 0
    batch: int = 0
    loss: float = math.nan
    best_weights: dict[str, Tensor] | None = None

    def stop(self, why: str) -> None:
        """End the training after this epoch."""
        self._stopped = why

    def go(self, epochs: int, shown: AbstractContextManager[Report]) -> None:
        """Train up to so many epochs."""
        step = training_step(self.model, self.loss_function, self.optimizer, *self.clip, bool(self.metrics))
        self._step = Step(step, self.capture, self._note)
        validate = evaluation_step(self.model, self.loss_function, bool(self.metrics))
        self._validation_step = Step(validate, self.capture, self._note)
        self._meter = Meter(self.metrics, self.loss_function)
        self._after_batch = [c for c in self.callbacks if type(c).on_batch_end is not Callback.on_batch_end]
        self._needs_value = self.scheduler is not None and needs_argument(self.scheduler.step)
        self._stopped, self._in_training = "", False
        self._snapshot: Snapshot | None = None
        with modes_kept(self.model), shown as report:
            try:
                self._tell("on_fit_begin")
                while self.epoch < epochs and not self._stopped:
                    self._run_epoch(epochs, report)
                self.history.stopped = self._stopped or "all epochs done"
            except KeyboardInterrupt:
                self.history.stopped = self._stopped = "interrupted"
            if self._stopped:
                report.say(f"ended after epoch {len(self.history)}: {self._stopped}")
        self._tell("on_fit_end")

    def _tell(self, event: str) -> None:
        for callback in self.callbacks:
            getattr(callback, event)(self)

    def _note(self, note: str) -> None:
        """Say something that the user should know, once."""
        if note not in self.history.notes:
            self.history.notes.append(note)
            warnings.warn(f"fit: {note}", RuntimeWarning, stacklevel=2)

    # --- an epoch -----------------------------------------------------------------------------------------------------

    def _run_epoch(self, epochs: int, report: Report) -> None:
        start = perf_counter()
        self.epoch += 1
        self._tell("on_epoch_begin")
        if self._snapshot is None:
            self._snapshot = self.snapshot()
        elif self._snapshot.is_old():
            self._check_parameters()
            self._snapshot = self.snapshot()
        rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        record: dict[str, Any] = {"epoch": self.epoch, **self._train(epochs, report)}
        if self.folder is not None or self.callbacks or self.epoch == epochs:
            self._check_parameters()
        if self.validation is not None:
            record |= {f"valid_{name}": value for name, value in self._validate(self.validation).items()}
        self.after_epoch(record)
        record["lr"] = rates[0] if len(set(rates)) == 1 else rates
        record["seconds"] = perf_counter() - start
        is_best = self.history.add(record)
        self._tell("on_epoch_end")
        if self.folder is not None:
            files.write(self, self.folder, is_best)
        if report.due(self.epoch):
            report(self.epoch, self._line(record))

    def snapshot(self) -> Snapshot:
        """All that steps change, as it is now."""
        return Snapshot(self.epoch, self.model, self.optimizer, self.scheduler, self.generators)

    def _train(self, epochs: int, report: Report) -> dict[str, float]:
        """Take the steps of an epoch; the mean of their losses, and the metrics."""
        if not self._in_training or self.callbacks:
            self.model.train()
            self._in_training = True
        step, meter = self._step, self._meter if self.metrics else None
        count = length(self.batches) if report.live else None
        total, rows, self.batch = 0.0, 0, 0
        for batch in self.batches:
            self.batch += 1
            found = step(batch)
            if meter is not None:
                found, output = found
                meter.add(batch[-1], output)
            self.loss = value = found.item()
            if not math.isfinite(value):
                diagnose(self, self._snapshot, f"the loss is {value}")
            n = rows_in(batch)
            total += value * n
            rows += n
            self.after_step(value)
            for callback in self._after_batch:
                callback.on_batch_end(self)
            if report.live and report.due(0):
                done = self.epoch - 1 + (self.batch / count if count else 0.0)
                report(done, f"epoch {self.epoch}/{epochs}  batch {self.batch}  loss {value:.4f}")
        if not rows:
            raise ValueError(f"the data gave no batches in epoch {self.epoch}: an iterator serves for one epoch only")
        return {"loss": total / rows, **self._meter.values()}

    def _check_parameters(self) -> None:
        if not math.isfinite(get_total_norm(list(self.model.parameters())).item()):
            diagnose(self, self._snapshot, "a parameter is not finite")

    def _validate(self, batches: Iterable) -> dict[str, float]:
        self._in_training = False
        with no_grad():
            self.model.eval()
            found = measured(batches, self._validation_step, self._meter)
        if not math.isfinite(found["loss"]):
            diagnose(self, None, f"the validation loss is {found['loss']}")
        return found

    def after_epoch(self, record: dict[str, Any]) -> None:
        """What belongs to an epoch besides its steps."""
        if self.scheduler is not None and not self.by_batch:
            self._schedule(record[self.history.monitor])

    def after_step(self, loss: float) -> None:
        """What belongs to a step besides the optimizer's."""
        if self.by_batch and self.scheduler is not None:
            self._schedule(loss)

    def _schedule(self, value: float) -> None:
        self.scheduler.step(value) if self._needs_value else self.scheduler.step()

    def _line(self, record: dict[str, Any]) -> str:
        names = [n for n in record if n not in ("epoch", "lr", "seconds")]
        return "  ".join([*[f"{n} {record[n]:.4f}" for n in names], f"{record['seconds']:.2f} s"])


# --- measuring --------------------------------------------------------------------------------------------------------


def measured(batches: Iterable, step: Callable, meter: Meter) -> dict[str, float]:
    """The mean loss over the batches and the metrics."""
    total, rows = 0.0, 0
    for batch in batches:
        found = step(batch)
        if meter.metrics:
            found, output = found
            meter.add(batch[-1], output)
        n = rows_in(batch)
        total += found.item() * n
        rows += n
    if not rows:
        raise ValueError("the data to measure gave no batches: an iterator serves once only")
    return {"loss": total / rows, **meter.values()}


def evaluate(
    model: Module,
    data: Any,
    loss: Callable,
    *,
    metrics: str | Callable | Iterable = (),
    batch_size: int | None = 256,
    capture: bool = True,
) -> dict[str, float]:
    """The mean loss over the data, as "loss", and the metrics by their names, in evaluation mode; see :func:`fit`."""
    meter = Meter(metrics_from(metrics), loss)
    step = Step(evaluation_step(model, loss, bool(meter.metrics)), capture, _ignored)
    with evaluating(model):
        return measured(batches_of(data, model, batch_size), step, meter)


def predict(model: Module, data: Any, *, batch_size: int | None = 256, capture: bool = True) -> Tensor:
    """The model's outputs for a tensor or array of inputs, in evaluation mode. Of tuples, Datasets and DataLoaders, the
    last part of what they give is taken for the target and left out."""
    step = Step(evaluation_step(model, None, True), capture, _ignored)
    has_target = not isinstance(data, (Tensor, np.ndarray))
    with evaluating(model):
        return cat([step(split(b)[0] if has_target else b) for b in batches_of(data, model, batch_size)])


def _ignored(why: str) -> None:
    """That a few steps are not replayed is nothing to tell."""
