"""Nets as scikit-learn's estimators: in pipelines, grid searches, cross-validation.

>>> import numpy as np
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> x = np.random.default_rng(0).normal(size=(200, 2)) * [1, 100]
>>> y = np.where(x[:, 0] * x[:, 1] > 0, "same", "other")
>>> model = make_pipeline(StandardScaler(), NetClassifier((32,), lr=0.01, random_state=0))
>>> model.fit(x, y).score(x, y) > 0.95
True

They do not scale what they are given: nets learn best from numbers of about 1, so put a scaler before them. They
compute in float32 where X is float32, else in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from . import nn, optim
from .data import from_numpy
from .extras import need
from .nn import functional as F
from .random import fork_rng, get_rng_state, manual_seed, set_rng_state
from .tensor import Tensor
from .training import fit, predict
from .training.metrics import softmax

__all__ = ["NetClassifier", "NetRegressor"]

base, checks = need("sklearn.base", "train"), need("sklearn.utils.validation", "train")
BaseEstimator: Any = base.BaseEstimator
ClassifierMixin: Any = base.ClassifierMixin
RegressorMixin: Any = base.RegressorMixin
train_test_split = need("sklearn.model_selection", "train").train_test_split
check_classification_targets = need("sklearn.utils.multiclass", "train").check_classification_targets
check_random_state = need("sklearn.utils", "train").check_random_state


class NetEstimator(BaseEstimator):
    """What the classifier and the regressor have in common.

    module
        The sizes of hidden layers, with ReLU after each; or a class or function that is called with the numbers of
        inputs and of outputs and returns a module with its first weights.
    loss
        A function of outputs and targets. It gives one number, or, for ``sample_weight``, one per sample or more.
    optimizer
        A class of :mod:`autograd.optim`, or what else is called with parameters, ``lr`` and ``weight_decay``.
    lr, weight_decay, epochs, batch_size, clip_norm
        As those of the optimizer and of :func:`autograd.training.fit`.
    patience, validation_fraction
        With a patience, this fraction of the samples is put aside, and training stops when the loss over them has not
        become better for so many epochs; the best epoch's weights are kept.
    random_state
        For the first weights, the order of the samples, dropout. The package's own generator is left as it was.
    verbose
        Whether to show how far it is.

    Fitted: ``module_``, ``optimizer_``, ``history_`` (:class:`autograd.training.History`), ``n_features_in_``,
    ``feature_names_in_`` where X has names.
    """

    def __init__(
        self,
        module: Sequence[int] | Callable[[int, int], nn.Module] = (100,),
        *,
        loss: Callable | None = None,
        optimizer: Callable[..., optim.Optimizer] = optim.Adam,
        lr: float = 1e-3,
        weight_decay: float = 0.0,
        epochs: int = 200,
        batch_size: int | None = 200,
        clip_norm: float | None = None,
        patience: int | None = None,
        validation_fraction: float = 0.1,
        random_state: Any = None,
        verbose: bool = False,
    ):
        self.module = module
        self.loss = loss
        self.optimizer = optimizer
        self.lr = lr
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.batch_size = batch_size
        self.clip_norm = clip_norm
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    # --- what a subclass says -----------------------------------------------------------------------------------------

    def _begin(self, y: np.ndarray, classes: Any) -> int:
        """Note what is to be known of the targets before the first epoch; how many outputs they need."""
        raise NotImplementedError

    def _encoded(self, y: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """The targets as the loss takes them."""
        raise NotImplementedError

    def _loss(self, output: Tensor, target: Tensor) -> Tensor:
        """The default loss, one number per sample or more."""
        raise NotImplementedError

    # --- fitting ------------------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train from fresh weights."""
        X, y = self._checked(X, y, True)
        with fork_rng():
            self._build(X.dtype, self._begin(y, None))
            data, validation = self._split(X, self._encoded(y, X.dtype), self._weights(sample_weight, X))
            self._train(data, self.epochs, validation)
        return self

    def _partial_fit(self, X: Any, y: Any, classes: Any, sample_weight: Any) -> Any:
        first = not hasattr(self, "module_")
        X, y = self._checked(X, y, first)
        with fork_rng():
            if first:
                self._build(X.dtype, self._begin(y, classes))
            else:
                set_rng_state(from_numpy(self._random))
            self._train(_data(X, self._encoded(y, X.dtype), self._weights(sample_weight, X)), 1, None)
        return self

    def _checked(self, X: Any, y: Any, first: bool) -> tuple[np.ndarray, np.ndarray]:
        return checks.validate_data(self, X, y, reset=first, dtype=[np.float64, np.float32], multi_output=True)

    def _weights(self, sample_weight: Any, X: np.ndarray) -> np.ndarray | None:
        """One per sample, 1 in the mean."""
        if sample_weight is None:
            return None
        weights = checks._check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
        return weights / weights.mean()

    def _build(self, dtype: np.dtype, outputs: int) -> None:
        sizes = self.module
        if isinstance(sizes, nn.Module) or not (callable(sizes) or isinstance(sizes, Sequence)):
            raise TypeError(
                "module must be the sizes of hidden layers, or a class or function of the numbers of inputs and "
                f"outputs that makes a module, not {type(sizes).__name__}: fit() begins from fresh weights"
            )
        manual_seed(int(check_random_state(self.random_state).randint(2**31 - 1)))
        inputs = self.n_features_in_
        made = sizes(inputs, outputs) if callable(sizes) else _layers([inputs, *sizes, outputs])
        self.module_ = made.double() if dtype == np.float64 else made.float()
        self.optimizer_ = self.optimizer(self.module_.parameters(), lr=self.lr, weight_decay=self.weight_decay)

    def _split(self, X: np.ndarray, targets: np.ndarray, weights: np.ndarray | None) -> tuple[tuple, tuple | None]:
        if self.patience is None:
            return _data(X, targets, weights), None
        rows = np.arange(len(X))
        classes = targets if base.is_classifier(self) else None
        seed = check_random_state(self.random_state)
        kept, aside = train_test_split(rows, test_size=self.validation_fraction, random_state=seed, stratify=classes)
        parts = [_data(X[r], targets[r], None if weights is None else weights[r]) for r in (kept, aside)]
        return parts[0], parts[1]

    def _train(self, data: tuple, epochs: int, validation: tuple | None) -> None:
        loss = self._loss if self.loss is None else self.loss

        def mean_loss(output: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
            values = loss(output, target)
            if weight is None:
                return values.mean()
            if values.ndim == 0:
                raise ValueError("sample_weight needs a loss that gives a number per sample, as reduction='none' does")
            return (values.reshape(len(weight), -1).mean(1) * weight).mean()

        self.history_ = fit(
            self.module_, data, mean_loss, self.optimizer_, epochs, batch_size=self.batch_size,
            clip_norm=self.clip_norm, validation=validation, early_stopping=self.patience if validation else None,
            progress=bool(self.verbose), capture=epochs > 1,
        )  # fmt: skip
        self._random = get_rng_state().numpy().copy()

    def _output(self, X: Any) -> np.ndarray:
        checks.check_is_fitted(self, "module_")
        X = checks.validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        return predict(self.module_, X).numpy()


def _data(X: np.ndarray, targets: np.ndarray, weights: np.ndarray | None) -> tuple:
    return (X, targets) if weights is None else (X, (targets, weights))


def _layers(sizes: list[int]) -> nn.Module:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class NetClassifier(ClassifierMixin, NetEstimator):
    """A net with an output per class, trained by cross-entropy, or by ``loss``, which is given logits and the classes'
    numbers. The parameters are those of :class:`NetEstimator`; fitted it has ``classes_`` besides."""

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> NetClassifier:
        """Train one epoch on these samples; the first call begins from fresh weights, for these ``classes``, or those
        in y."""
        return self._partial_fit(X, y, classes, sample_weight)

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each of ``classes_``, a row per sample."""
        return softmax(self._output(X))

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each sample."""
        best = self._output(X).argmax(1)
        return self.classes_[best]

    def _begin(self, y: np.ndarray, classes: Any) -> int:
        check_classification_targets(y)
        self.classes_ = np.unique(y if classes is None else classes)
        return len(self.classes_)

    def _encoded(self, y: np.ndarray, dtype: np.dtype) -> np.ndarray:
        y = checks.column_or_1d(y, warn=True)
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(f"y has the classes {unknown.tolist()}, which are not among {self.classes_.tolist()}")
        return np.searchsorted(self.classes_, y)

    def _loss(self, output: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(output, target, reduction="none")


class NetRegressor(RegressorMixin, NetEstimator):
    """A net with an output per number to predict (y may have several columns), trained by the mean squared error, or by
    ``loss``. The parameters are those of :class:`NetEstimator`."""

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> NetRegressor:
        """Train one epoch on these samples; the first call begins from fresh weights."""
        return self._partial_fit(X, y, None, sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """The numbers, in the shape of y."""
        output = self._output(X)
        return output[:, 0] if self._flat else output

    def _begin(self, y: np.ndarray, classes: Any) -> int:
        self._flat = y.ndim == 1
        return 1 if self._flat else y.shape[1]

    def _encoded(self, y: np.ndarray, dtype: np.dtype) -> np.ndarray:
        return y.astype(dtype).reshape(len(y), -1)

    def _loss(self, output: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(output, target, reduction="none")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
