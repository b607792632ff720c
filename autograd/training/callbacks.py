"""What may happen between the batches and epochs of a training.

>>> class Shout(Callback):
...     def on_epoch_end(self, run):
...         print("epoch", run.epoch)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .trainer import Training


class Callback:
    """Base class: a subclass defines what it needs. ``run`` has ``model``, ``optimizer``, ``scheduler``, ``history``,
    ``epoch`` (from 1), ``batch`` (from 1), ``loss`` (of the batch) and ``stop(why)``, which ends the training after the
    epoch."""

    def on_fit_begin(self, run: Training) -> None: ...
    def on_epoch_begin(self, run: Training) -> None: ...
    def on_batch_end(self, run: Training) -> None: ...

    def on_epoch_end(self, run: Training) -> None:
        """After validation, the scheduler's step and the epoch's record in ``run.history``."""

    def on_fit_end(self, run: Training) -> None:
        """However the training ended, if not by an error."""


class EarlyStopping(Callback):
    """Stop when what is monitored has not become better, by more than ``min_delta``, for ``patience`` epochs. In the
    end the model gets the weights of its best epoch (``restore_best``)."""

    def __init__(self, patience: int = 10, min_delta: float = 0.0, restore_best: bool = True):
        if patience < 1 or min_delta < 0:
            raise ValueError(f"patience must be at least 1 and min_delta at least 0, got {patience} and {min_delta}")
        self.patience, self.min_delta, self.restore_best = patience, min_delta, restore_best

    def on_fit_begin(self, run: Training) -> None:
        self._reference: float | None = None
        self._waited = 0
        for record in run.history.records:  # of a training that goes on
            self._look(run, record)
        self._decide(run)

    def on_epoch_end(self, run: Training) -> None:
        if self.restore_best and run.history.best_epoch == len(run.history):
            run.best_weights = {k: v.clone() for k, v in run.model.state_dict().items()}
        self._look(run, run.history.records[-1])
        self._decide(run)

    def on_fit_end(self, run: Training) -> None:
        if self.restore_best and run.best_weights is not None:
            run.model.load_state_dict(run.best_weights)

    def _look(self, run: Training, record: dict[str, Any]) -> None:
        value = record[run.history.monitor] * (1 if run.history.higher_is_better else -1)
        if self._reference is None or value > self._reference + self.min_delta:
            self._reference, self._waited = value, 0
        else:
            self._waited += 1

    def _decide(self, run: Training) -> None:
        if self._waited >= self.patience:
            run.stop(f"{run.history.monitor} has not become better for {self._waited} epochs")
