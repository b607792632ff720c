"""scikit-learn's small data sets, as tensors, split into parts.

train, valid, test = load_digits((0.6, 0.2, 0.2), seed=0)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data import from_numpy
from ..extras import need
from ..utils.data import TensorDataset

Split = Sequence[float]


def load_digits(split: Split = (0.8, 0.2), seed: int = 0, standardize: bool = False) -> list[TensorDataset]:
    """1,797 digits of 8 x 8 pixels: x (n, 64) from 0 to 16, y (n,) the digits."""
    return _parts("load_digits", split, seed, standardize)


def load_iris(split: Split = (0.8, 0.2), seed: int = 0, standardize: bool = False) -> list[TensorDataset]:
    """150 irises: x (n, 4) lengths in cm, y (n,) which of 3 species."""
    return _parts("load_iris", split, seed, standardize)


def load_wine(split: Split = (0.8, 0.2), seed: int = 0, standardize: bool = False) -> list[TensorDataset]:
    """178 wines: x (n, 13) measurements, y (n,) which of 3 growers."""
    return _parts("load_wine", split, seed, standardize)


def load_breast_cancer(split: Split = (0.8, 0.2), seed: int = 0, standardize: bool = False) -> list[TensorDataset]:
    """569 tumours: x (n, 30) measurements, y (n,) 0 malignant, 1 benign."""
    return _parts("load_breast_cancer", split, seed, standardize)


def load_diabetes(split: Split = (0.8, 0.2), seed: int = 0, standardize: bool = False) -> list[TensorDataset]:
    """442 patients: x (n, 10) measurements, y (n, 1) float32, how the disease went on."""
    return _parts("load_diabetes", split, seed, standardize)


def _parts(name: str, split: Split, seed: int, standardize: bool) -> list[TensorDataset]:
    """A part for each fraction of ``split``, drawn at random by ``seed``, with the classes in the same proportions in
    each. x is float32, with ``standardize`` of mean 0 and deviation 1 in the first part, y int64."""
    table = getattr(need("sklearn.datasets", "train"), name)()
    x, y = table.data, table.target
    classes = y.dtype.kind == "i"
    rows = _rows(y if classes else None, len(y), split, seed)
    if standardize:
        first = x[rows[0]]
        deviation = first.std(axis=0)
        x = (x - first.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    x, y = x.astype(np.float32), y.astype(np.int64) if classes else y.astype(np.float32)[:, None]
    return [TensorDataset(from_numpy(x[r]), from_numpy(y[r])) for r in rows]


def _rows(classes: Any, n: int, split: Split, seed: int) -> list[np.ndarray]:
    """The rows of each part: one part after the other split off from the rest."""
    if not split or min(split) <= 0 or abs(sum(split) - 1) > 1e-6:
        raise ValueError(f"split should be fractions that add up to 1, got {tuple(split)}")
    selection, rest, parts = need("sklearn.model_selection", "train"), np.arange(n), []
    for i in range(len(split) - 1):
        left = sum(split[i + 1 :])
        part, rest = selection.train_test_split(
            rest,
            test_size=left / (split[i] + left),
            random_state=seed,
            stratify=None if classes is None else classes[rest],
        )
        parts.append(part)
    return [*parts, rest]
