"""How good outputs are, by scikit-learn's metrics.

A name stands for a metric with settings that fit: precision, recall and F1 of two classes are those of class 1, of more
classes the mean over them; ROC AUC of more classes is that of each against the rest.

>>> Metric(lambda targets, outputs: float(abs(targets - outputs).max()), name="largest").name
'largest'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..extras import need
from ..tensor import Tensor

LOGITS = {
    "BCEWithLogitsLoss", "binary_cross_entropy_with_logits", "MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss"
}  # fmt: skip


class Metric:
    """A number from targets and outputs, NumPy arrays with a row per sample.

    function
        ``function(targets, outputs)``, in scikit-learn's order.
    of
        What it is given as outputs: the model's "outputs" as they are, the "labels" that follow from them, or "scores".
        Where targets are ints and outputs have a dim 1 more, that is one of classes: the label is the class of the
        highest output, scores are a row of probabilities. Elsewhere each output is a score, and its label is 1 above
        0.5, or above 0 for PyTorch's losses of logits.
    higher_is_better
        Whether the best epoch is that with the highest value.
    """

    def __init__(self, function: Callable, of: str = "outputs", name: str | None = None, higher_is_better: bool = True):
        if of not in ("outputs", "labels", "scores"):
            raise ValueError(f"a metric is of 'outputs', 'labels' or 'scores', not of {of!r}")
        self.function, self.of, self.higher_is_better = function, of, higher_is_better
        self.name = str(name or getattr(function, "__name__", type(function).__name__))

    def __call__(self, targets: np.ndarray, outputs: np.ndarray) -> float:
        return float(self.function(targets, outputs))


def _sklearn(name: str, **settings: Any) -> Callable:
    return lambda targets, outputs: getattr(need("sklearn.metrics", "train"), name)(targets, outputs, **settings)


def _of_classes(name: str) -> Callable:
    """A metric of one class: of class 1 where there are two, else the mean over the classes."""

    def metric(targets: np.ndarray, labels: np.ndarray) -> float:
        average = "binary" if np.isin(targets, (0, 1)).all() and np.isin(labels, (0, 1)).all() else "macro"
        return _sklearn(name, average=average, zero_division=0)(targets, labels)

    return metric


def _roc_auc(targets: np.ndarray, scores: np.ndarray) -> float:
    if scores.ndim == 1:
        return _sklearn("roc_auc_score")(targets, scores)
    if scores.shape[1] == 2:
        return _sklearn("roc_auc_score")(targets, scores[:, 1])
    return _sklearn("roc_auc_score", multi_class="ovr", labels=range(scores.shape[1]))(targets, scores)


NAMED = {
    metric.name: metric
    for metric in (
        Metric(_sklearn("accuracy_score"), "labels", "accuracy"),
        Metric(_of_classes("precision_score"), "labels", "precision"),
        Metric(_of_classes("recall_score"), "labels", "recall"),
        Metric(_of_classes("f1_score"), "labels", "f1"),
        Metric(_roc_auc, "scores", "roc_auc"),
        Metric(_sklearn("mean_squared_error"), "outputs", "mse", higher_is_better=False),
        Metric(_sklearn("mean_absolute_error"), "outputs", "mae", higher_is_better=False),
        Metric(_sklearn("r2_score"), "outputs", "r2"),
    )
}


def metrics_from(given: str | Callable | Iterable) -> list[Metric]:
    """Metrics from names, functions of (targets, outputs) and metrics; ValueError for a name that is none."""
    if isinstance(given, str) or callable(given):
        given = [given]
    found = []
    for each in given:
        if isinstance(each, str):
            if each not in NAMED:
                raise ValueError(f"there is no metric {each!r}; there are {', '.join(NAMED)}, and functions of yours")
            need("sklearn.metrics", "train")  # before the work, not after it
        found.append(NAMED[each] if isinstance(each, str) else each if isinstance(each, Metric) else Metric(each))
    return found


class Meter:
    """Targets and outputs of batch after batch, and the metrics of them all."""

    def __init__(self, metrics: list[Metric], loss: Any):
        self.metrics, self._ignored = metrics, getattr(loss, "ignore_index", None)
        name = loss.__name__ if hasattr(loss, "__name__") else type(loss).__name__
        self._threshold = 0.0 if name in LOGITS else 0.5
        self._targets: list[np.ndarray] = []
        self._outputs: list[np.ndarray] = []

    def add(self, target: Any, output: Any) -> None:
        """Take a batch."""
        if not (isinstance(target, Tensor) and isinstance(output, Tensor)):
            raise TypeError(
                f"metrics are of one tensor of outputs and one of targets, not of {type(output).__name__} and "
                f"{type(target).__name__}: leave them away, or measure by a callback"
            )
        self._targets.append(target.detach().numpy())
        self._outputs.append(output.detach().numpy())

    def values(self) -> dict[str, float]:
        """The metrics of the batches so far, by name; forgets the batches."""
        if not self._targets:
            return {}
        targets, outputs = np.concatenate(self._targets), np.concatenate(self._outputs)
        self._targets, self._outputs = [], []
        rows, views = self._views(targets, outputs)
        return {m.name: m(rows, views[m.of]()) for m in self.metrics}

    def _views(self, targets: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, dict[str, Callable]]:
        """The targets by rows, and the outputs in each of the ways that metrics are of."""
        if targets.dtype.kind in "iu" and outputs.ndim == targets.ndim + 1:  # a score per class, in dim 1
            targets = targets.reshape(-1)
            outputs = np.moveaxis(outputs, 1, -1).reshape(len(targets), -1)
            if self._ignored is not None:
                kept = targets != self._ignored
                targets, outputs = targets[kept], outputs[kept]
            return targets, {
                "outputs": lambda: outputs, "labels": lambda: outputs.argmax(1), "scores": lambda: softmax(outputs)
            }  # fmt: skip
        targets, outputs = _by_rows(targets), _by_rows(outputs)
        return targets, {
            "outputs": lambda: outputs, "labels": lambda: (outputs > self._threshold).astype(np.int64),
            "scores": lambda: outputs,
        }  # fmt: skip


def _by_rows(a: np.ndarray) -> np.ndarray:
    """A row per sample; one number per sample where that is all."""
    rows = a.reshape(len(a), -1)
    return rows[:, 0] if rows.shape[1] == 1 else rows


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities, a row per sample; of log-probabilities what they are the logarithms of."""
    p = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)
