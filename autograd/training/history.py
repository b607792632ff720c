"""What happened in each epoch of a training.

>>> history = History()
>>> _ = history.add({"epoch": 1, "loss": 0.5, "lr": 0.1, "seconds": 0.01})
>>> history["loss"], len(history)
([0.5], 1)
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ..extras import need


class History:
    """A record per epoch: "epoch" (from 1), "loss" and each metric over the training batches, "valid_loss" and
    "valid_" before each metric over the validation data, "lr" (one per parameter group, where these differ), "seconds".

    ``history[name]`` lists a quantity. ``stopped`` says why the training ended, ``best_epoch`` and ``best`` where the
    ``monitor`` was best. ``notes`` are what it had to say, such as why steps are not replayed.
    """

    def __init__(self, monitor: str = "loss", higher_is_better: bool = False):
        self.records: list[dict[str, Any]] = []
        self.monitor, self.higher_is_better = monitor, higher_is_better
        self.best: float | None = None
        self.best_epoch = 0
        self.stopped = ""
        self.notes: list[str] = []

    def add(self, record: dict[str, Any]) -> bool:
        """Take an epoch's record; whether it is the best so far."""
        self.records.append(record)
        value = record[self.monitor]
        if not self._is_best(value):
            return False
        self.best, self.best_epoch = value, len(self)
        return True

    def _is_best(self, value: float) -> bool:
        if self.best is None:
            return not math.isnan(value)
        return value > self.best if self.higher_is_better else value < self.best

    def __getitem__(self, name: str) -> list:
        if not any(name in r for r in self.records):
            raise KeyError(f"{name!r}: there are {', '.join(self.to_dict()) or 'no epochs yet'}")
        return [r.get(name) for r in self.records]

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        best = f", best {self.monitor} {self.best:.6g} in epoch {self.best_epoch}" if self.best is not None else ""
        return f"<History of {len(self)} epochs{best}; {self.stopped or 'going on'}>"

    def to_dict(self) -> dict[str, list]:
        """A list per quantity."""
        names = dict.fromkeys(name for r in self.records for name in r)
        return {name: [r.get(name) for r in self.records] for name in names}

    def plot(self, path: str | Path) -> Path:
        """Draw the curves into a picture, its kind by the ending, such as ``curves.png``: the losses, the metrics where
        there are some, and the learning rate. Needs matplotlib."""
        figures = need("matplotlib.figure", "train")
        curves = self.to_dict()
        names = [n for n in curves if n not in ("epoch", "lr", "seconds") and not n.startswith("valid_")]
        figure = figures.Figure(figsize=(5 * (len(names) + 1), 4), dpi=100, layout="constrained")
        for axes, name in zip(figure.subplots(1, len(names) + 1), [*names, "lr"], strict=True):
            for key, color in ((name, "#1f5fa8"), (f"valid_{name}", "#d1691e")):
                if key in curves:
                    axes.plot(
                        curves["epoch"], curves[key], color=color, label="training" if key == name else "validation"
                    )
            if name in ("loss", "lr") and min(_numbers(curves, name), default=0.0) > 0:
                axes.set_yscale("log")
            axes.set(xlabel="epoch", title=name)
            axes.grid(alpha=0.25, which="both", linewidth=0.5)
            if f"valid_{name}" in curves:
                axes.legend(frameon=False)
        figure.savefig(path)
        return Path(path)


def _numbers(curves: dict[str, list], name: str) -> list[float]:
    """All values of a quantity, the validation's and those of all parameter groups too."""
    values = [*curves.get(name, ()), *curves.get(f"valid_{name}", ())]
    return [n for v in values for n in (v if isinstance(v, list) else [v]) if n is not None]
