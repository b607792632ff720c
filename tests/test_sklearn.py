"""scikit-learn's estimators: its own checks, and what it does with estimators."""

import pickle
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

import autograd
from autograd import nn, optim

pytest.importorskip("sklearn")
from sklearn.base import clone
from sklearn.datasets import load_iris, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from autograd.sklearn import NetClassifier, NetRegressor
from autograd.training import NonFiniteLoss

X, Y = load_iris(return_X_y=True)
Z = StandardScaler().fit_transform(X)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
ABSENT = {"pandas is not installed", "SCIPY_ARRAY_API is not set"}
"""Why a check may be left out here."""


@pytest.mark.parametrize(
    "estimator", [NetClassifier(epochs=50, lr=0.01), NetRegressor(epochs=50, lr=0.01)], ids=lambda e: type(e).__name__
)
def test_scikit_learns_own_checks(estimator):
    found = check_estimator(estimator, on_fail=None, on_skip=None)
    failed = [(r["check_name"], r["exception"]) for r in found if r["status"] not in ("passed", "skipped")]
    skipped = {str(r["exception"]).partition(":")[0] for r in found if r["status"] == "skipped"}
    assert not failed and len(found) >= 60 and skipped <= ABSENT


def fast(**options):
    return NetClassifier(**{"module": (16,), "lr": 0.02, "epochs": 30, "random_state": 0, **options})


def test_in_a_pipeline_a_search_and_cross_validation():
    model = make_pipeline(StandardScaler(), fast())
    assert cross_val_score(model, X, NAMES, cv=3).min() > 0.85
    grid = {
        "netclassifier__module": [(), (16, 8)],
        "netclassifier__optimizer": [optim.Adam, partial(optim.SGD, momentum=0.9)],
    }
    search = GridSearchCV(model, grid, cv=2).fit(X, NAMES)
    assert search.best_score_ > 0.85 and search.predict(X[:2]).tolist() == ["setosa", "setosa"]


def test_predictions_are_classes_and_probabilities():
    model = fast().fit(Z, NAMES)
    p = model.predict_proba(Z)
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"] and p.shape == (150, 3)
    np.testing.assert_allclose(p.sum(1), 1)
    assert (model.classes_[p.argmax(1)] == model.predict(Z)).all() and model.score(Z, NAMES) > 0.95
    assert len(model.history_) == 30 and model.n_features_in_ == 4
    with pytest.raises(NotFittedError):
        fast().predict(Z)


class Wide(nn.Module):
    """A module of one's own."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(inputs, 16), nn.Tanh(), nn.Dropout(0.1), nn.Linear(16, outputs))

    def forward(self, x):
        return self.layers(x)


def test_a_module_of_ones_own():
    for module in (Wide, lambda inputs, outputs: Wide(inputs, outputs)):
        assert fast(module=module).fit(Z, Y).score(Z, Y) > 0.95
    for module, found in ((Wide(4, 3), "Wide"), (3, "int")):
        with pytest.raises(TypeError, match=f"not {found}: fit"):
            fast(module=module).fit(Z, Y)


def test_the_same_state_gives_the_same_net():
    before = autograd.get_rng_state().tolist()
    a, b, c = (fast(module=Wide, epochs=3, random_state=s).fit(Z, Y).predict_proba(Z) for s in (1, 1, 2))
    assert np.array_equal(a, b) and not np.array_equal(a, c)
    assert autograd.get_rng_state().tolist() == before
    state = np.random.RandomState(5)
    assert not np.array_equal(*[fast(epochs=3, random_state=state).fit(Z, Y).predict_proba(Z) for _ in range(2)])


def test_copies_and_pickles():
    model = fast(module=Wide).fit(Z, Y)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict_proba(Z), model.predict_proba(Z))
    assert not hasattr(clone(model), "module_") and clone(model).get_params() == model.get_params()
    # Both go on alike: the optimizer's state and the random numbers are part of it.
    for _ in range(2):
        model.partial_fit(Z, Y)
        again.partial_fit(Z, Y)
    assert np.array_equal(again.predict_proba(Z), model.predict_proba(Z))


def test_partial_fit():
    model = fast(batch_size=16)
    for start in [0, 50, 100] * 20:
        model.partial_fit(Z[start : start + 50], NAMES[start : start + 50], classes=np.unique(NAMES))
    assert model.score(Z, NAMES) > 0.9
    with pytest.raises(ValueError, match=r"\['rose'\], which are not among"):
        model.partial_fit(Z[:2], ["rose", "setosa"])
    numbers = NetRegressor((8,), lr=0.05, random_state=0)
    for _ in range(200):
        numbers.partial_fit(Z[:, :3], Z[:, 3])
    assert numbers.score(Z[:, :3], Z[:, 3]) > 0.9


def test_weights_of_samples():
    """A sample of weight 0 is as good as absent; what is worth three is as three."""
    weights = np.arange(150) % 4
    whole = fast(epochs=10, batch_size=None)
    a = whole.fit(Z, Y, sample_weight=weights).predict_proba(Z)
    b = whole.fit(np.repeat(Z, weights, 0), np.repeat(Y, weights)).predict_proba(Z)
    np.testing.assert_allclose(a, b, rtol=1e-6)
    with pytest.raises(ValueError, match="at least one non-zero"):
        fast().fit(Z, Y, sample_weight=np.zeros(150))
    with pytest.raises(ValueError, match="a number per sample"):
        fast(loss=nn.CrossEntropyLoss()).fit(Z, Y, sample_weight=np.ones(150))


def test_regression_of_several_numbers():
    x, y = make_regression(200, 5, n_targets=2, random_state=0)
    y /= y.std(0)
    model = NetRegressor((32,), lr=0.01, epochs=100, random_state=0).fit(x, y)
    assert model.predict(x).shape == (200, 2) and model.score(x, y) > 0.97
    one = NetRegressor((32,), lr=0.01, epochs=100, random_state=0, loss=nn.L1Loss()).fit(x, y[:, 0])
    assert one.predict(x).shape == (200,) and one.score(x, y[:, 0]) > 0.95
    assert one.module_[0].weight.dtype is autograd.float64
    assert NetRegressor(epochs=1).fit(x.astype(np.float32), y).predict(x).dtype == np.float32


def test_patience():
    model = fast(epochs=500, lr=0.1, patience=5).fit(Z, NAMES, sample_weight=np.ones(150))
    assert len(model.history_) < 500 and "valid_loss" in model.history_.to_dict()
    assert model.history_.best_epoch == len(model.history_) - 5
    assert len(NetRegressor(epochs=300, lr=0.1, patience=3, random_state=0).fit(Z[:, :3], Z[:, 3]).history_) < 300


def test_a_net_that_diverges_says_so():
    with pytest.raises(NonFiniteLoss, match="a smaller learning rate than 1e"):
        NetRegressor(lr=1e200, optimizer=optim.SGD, random_state=0).fit(Z, Y)


def test_progress(capsys):
    fast(epochs=2, verbose=True).fit(Z, Y)
    assert "2/2  loss" in capsys.readouterr().out


def test_without_scikit_learn_the_extra_is_named():
    code = (
        "import sys; sys.modules['sklearn'] = None; import autograd.training\n"
        "try: import autograd.sklearn\n"
        "except ImportError as e: print(e)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "pip install 'autograd-cffi[train]'" in done.stdout
