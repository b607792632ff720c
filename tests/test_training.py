"""The trainer: the numbers of the loop written by hand, and what it does besides."""

import builtins
import math
import os
import random
import signal
import sys
import threading

import numpy as np
import pytest

import autograd
from autograd import nn, optim, tensor
from autograd.optim import lr_scheduler
from autograd.training import Callback, EarlyStopping, Metric, NonFiniteLoss, evaluate, fit, predict
from autograd.training.progress import progress
from autograd.utils.data import DataLoader, IterableDataset, TensorDataset


def net(dropout=0.2):
    autograd.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, 2))


def samples(n=50):
    x = np.random.default_rng(0).standard_normal((n, 3)).astype(np.float32)
    return tensor(x), tensor((x.sum(1) > 0).astype(np.int64))


def weights(model):
    return {k: v.numpy().copy() for k, v in model.state_dict().items()}


def same_weights(a, b):
    assert all(np.array_equal(v, b[k]) for k, v in a.items()) and a.keys() == b.keys()


def by_hand(model, optimizer, loss_of, data, epochs, size, clip=None, after_batch=None):
    """What fit promises to do; the mean loss of each epoch."""
    x, y = data
    losses = []
    for _ in range(epochs):
        model.train()
        total = 0.0
        order = autograd.randperm(len(x))
        for start in range(0, len(x), size):
            rows = order[start : start + size]
            optimizer.zero_grad()
            loss = loss_of(model(x[rows]), y[rows])
            loss.backward()
            if clip:
                clip(model.parameters())
            optimizer.step()
            if after_batch:
                after_batch()
            total += loss.item() * len(rows)
        losses.append(total / len(x))
    return losses


OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "adamw": lambda p: optim.AdamW(p, lr=0.01),
}


CLIPS = {
    "": (None, {}),
    "norm": (lambda p: nn.utils.clip_grad_norm_(p, 0.5), {"clip_norm": 0.5}),
    "value": (lambda p: nn.utils.clip_grad_value_(p, 0.05), {"clip_value": 0.05}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("clip", CLIPS)
def test_it_gives_the_numbers_of_the_loop_by_hand(name, clip, backend):
    """With dropout, batch norm, a last batch that is smaller, and validation in between."""
    data, loss_of = samples(), nn.CrossEntropyLoss()
    mine, theirs = net(), net()
    optimizer = OPTIMIZERS[name](mine.parameters())
    autograd.manual_seed(5)
    want = by_hand(mine, optimizer, loss_of, data, 5, 16, CLIPS[clip][0])
    optimizer = OPTIMIZERS[name](theirs.parameters())
    autograd.manual_seed(5)
    history = fit(theirs, data, loss_of, optimizer, 5, batch_size=16, **CLIPS[clip][1], validation=data, progress=False,
                  metrics="accuracy")  # fmt: skip
    assert history["loss"] == want and not history.notes
    same_weights(weights(mine), weights(theirs))


def test_the_steps_are_replayed():
    if autograd.get_backend() != "c":
        pytest.skip("NumPy has no programs")
    seen = []

    class Look(Callback):
        def on_fit_end(self, run):
            seen.append(repr(run._step._run))

    model = net()
    fit(model, samples(), nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), 4, batch_size=16,
        progress=False, callbacks=[Look()])  # fmt: skip
    assert "2 run, 2 recorded, 12 replayed" in seen[0]


class Undecided(nn.Module):
    """Looks at values, which a replay cannot."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x):
        return self.layer(x) * (2.0 if x.sum().item() > 0 else 1.0)


class Lucky(nn.Module):
    """Draws Python's random numbers, which a replay would repeat."""

    def __init__(self, draw):
        super().__init__()
        self.layer, self.draw = nn.Linear(3, 2), [draw]

    def forward(self, x):
        return self.layer(x) * (1.0 + self.draw[0]())


@pytest.mark.parametrize(
    "build, why",
    [
        (Undecided, "reads values"),
        (lambda: Lucky(random.random), "random numbers"),
        (lambda: Lucky(np.random.rand), "random numbers"),
    ],
)
def test_what_cannot_be_replayed_runs_as_it_is_and_says_so_once(build, why):
    if autograd.get_backend() != "c":
        pytest.skip("NumPy has no programs")
    data, loss_of, found = samples(), nn.CrossEntropyLoss(), []
    for run in (by_hand, None):
        autograd.manual_seed(0)
        random.seed(0)
        np.random.seed(0)
        model = build()
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        if run:
            losses = run(model, optimizer, loss_of, data, 3, 16)
        else:
            with pytest.warns(RuntimeWarning, match=why) as caught:
                history = fit(model, data, loss_of, optimizer, 3, batch_size=16, progress=False)
            losses = history["loss"]
            assert len(caught) == 1 and len(history.notes) == 1
        found.append((losses, weights(model)))
    assert found[0][0] == found[1][0]
    same_weights(found[0][1], found[1][1])


# --- data -------------------------------------------------------------------------------------------------------------


class Two(nn.Module):
    """Two inputs, a target and weights."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 1), nn.Linear(2, 1)

    def forward(self, x, z):
        return self.a(x) + self.b(z)


def test_several_inputs_and_weighted_targets():
    autograd.manual_seed(0)
    x, z, y, w = autograd.randn(20, 3), autograd.randn(20, 2), autograd.randn(20, 1), autograd.rand(20, 1)
    weighted = lambda output, target, weight: (weight * (output - target) ** 2).mean()  # noqa: E731
    model = Two()
    history = fit(model, (x, z, (y, w)), weighted, optim.Adam(model.parameters(), lr=0.1), 30, batch_size=8,
                  progress=False)  # fmt: skip
    assert history["loss"][-1] < 0.7 * history["loss"][0]
    batches = [(x[:8], z[:8], (y[:8], w[:8])), (x[8:], z[8:], (y[8:], w[8:]))]
    by_batches = evaluate(model, batches, weighted)["loss"]
    assert by_batches == pytest.approx(weighted(model(x, z), y, w).item(), rel=1e-5)
    assert np.array_equal(predict(model, (x, z, (y, w))).numpy(), model(x, z).detach().numpy())


def test_numpy_arrays_become_what_the_model_computes_in():
    x, y = samples()
    model = net(0.0)
    loss_of = nn.CrossEntropyLoss()
    as_arrays = evaluate(model, (x.numpy().astype(np.float64), y.numpy()), loss_of, metrics=["accuracy"])
    assert as_arrays == evaluate(model, (x, y), loss_of, metrics=["accuracy"])
    assert predict(model.double(), x.numpy()).dtype is autograd.float64


def test_a_generator_orders_the_rows():
    data, orders = samples(10), []
    for _ in range(2):
        model = net(0.0)
        generator = autograd.Generator().manual_seed(3)
        history = fit(model, data, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), 2, batch_size=4,
                      generator=generator, progress=False)  # fmt: skip
        orders.append(history["loss"])
        autograd.randn(3)
    assert orders[0] == orders[1]


@pytest.mark.parametrize("given", ["a data set", "a loader", "a loader with a generator"])
def test_data_sets_and_loaders_are_gone_through_as_by_hand(given):
    x, y = samples()
    found = []
    for by_loop in (True, False):
        model = net()
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        data = TensorDataset(x, y)
        generator = autograd.Generator().manual_seed(8) if given.endswith("generator") else None
        loader = DataLoader(data, batch_size=16, shuffle=True, generator=generator)
        autograd.manual_seed(3)
        if by_loop:
            for _ in range(3):
                model.train()
                for a, b in loader:
                    optimizer.zero_grad()
                    nn.CrossEntropyLoss()(model(a), b).backward()
                    optimizer.step()
        else:
            fit(model, data if given == "a data set" else loader, nn.CrossEntropyLoss(), optimizer, 3, batch_size=16,
                progress=False)  # fmt: skip
        found.append(weights(model))
    same_weights(*found)


def test_a_stream_of_samples_is_batched():
    class Stream(IterableDataset):
        def __iter__(self):
            x, y = samples(20)
            return iter([(x[i], y[i]) for i in range(20)])

    whole = evaluate(net(), samples(20), nn.CrossEntropyLoss(), batch_size=None)
    assert evaluate(net(), Stream(), nn.CrossEntropyLoss(), batch_size=8)["loss"] == pytest.approx(whole["loss"])
    by_rows = TensorDataset(*samples(20))
    assert evaluate(net(), by_rows, nn.CrossEntropyLoss(), batch_size=None) == whole
    assert predict(net(), by_rows).shape == (20, 2)


def test_modes_are_left_as_they_were():
    model = net()
    model[1].eval()
    x, y = samples()
    evaluate(model, (x, y), nn.CrossEntropyLoss())
    predict(model, x)
    assert model.training and model[0].training and not model[1].training
    assert not any(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize(
    "call, error, match",
    [
        (lambda m, x, y, o: fit(m, x, nn.MSELoss(), o, 1), TypeError, "a batch must be"),
        (lambda m, x, y, o: fit(m, 3, nn.MSELoss(), o, 1), TypeError, "a Dataset or a DataLoader, not int"),
        (lambda m, x, y, o: fit(m, (x, y[:5]), nn.MSELoss(), o, 1), ValueError, "one number of rows"),
        (lambda m, x, y, o: fit(m, (x, y), nn.MSELoss(), o, 1, batch_size=0), ValueError, "batch_size"),
        (lambda m, x, y, o: fit(m, iter(()), nn.MSELoss(), o, 1), ValueError, "no batches in epoch 1"),
        (lambda m, x, y, o: fit(m, [x, y], nn.MSELoss(), o, 1), TypeError, "a batch must be"),
        (lambda m, x, y, o: evaluate(m, iter(()), nn.MSELoss()), ValueError, "no batches"),
        (lambda m, x, y, o: fit(m, (x, y), nn.CrossEntropyLoss(reduction="none"), o, 1), TypeError, "one number"),
        (lambda m, x, y, o: fit(m, (x, y), lambda a, b: 1.0, o, 1), TypeError, "one number.*not float"),
        (lambda m, x, y, o: fit(m, (x, y), nn.MSELoss(), o, 1, metrics="acuracy"), ValueError, "no metric 'acuracy'"),
        (lambda m, x, y, o: fit(m, (x, y), nn.MSELoss(), o, 1, monitor="f1"), ValueError, "monitor is 'f1'"),
        (lambda m, x, y, o: fit(m, (x, y), nn.MSELoss(), o, 1, monitor="valid_loss"), ValueError, "monitor"),
        (lambda m, x, y, o: fit(m, (x, y), nn.MSELoss(), o, 1, schedule_by="step"), ValueError, "schedule_by"),
        (lambda m, x, y, o: fit(m, (x, y), nn.MSELoss(), o, 1, resume=True), ValueError, "checkpoint="),
        (lambda m, x, y, o: EarlyStopping(0), ValueError, "patience"),
        (lambda m, x, y, o: Metric(max, of="classes"), ValueError, "outputs"),
    ],
)  # fmt: skip
def test_what_is_refused(call, error, match):
    model = net()
    with pytest.raises(error, match=match):
        call(model, *samples(), optim.SGD(model.parameters(), lr=0.1))


# --- metrics ----------------------------------------------------------------------------------------------------------


def test_metrics_are_scikit_learns():
    sk = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    logits, y = rng.standard_normal((60, 3)).astype(np.float32), rng.integers(0, 3, 60)
    p = np.exp(logits.astype(np.float64))
    p /= p.sum(1, keepdims=True)
    identity = nn.Identity() if hasattr(nn, "Identity") else nn.Sequential()
    names = ["accuracy", "precision", "recall", "f1", "roc_auc"]
    found = evaluate(identity, (logits, y), nn.CrossEntropyLoss(), metrics=names, batch_size=7)
    read = logits.argmax(1)
    want = [sk.accuracy_score(y, read)]
    want += [f(y, read, average="macro") for f in (sk.precision_score, sk.recall_score, sk.f1_score)]
    want += [sk.roc_auc_score(y, p, multi_class="ovr")]
    assert [found[n] for n in names] == pytest.approx(want)
    # Two classes, by one logit, by one probability, and by two logits.
    z, y = logits[:, :1], (y > 0).astype(np.float32)[:, None]
    one = evaluate(identity, (z, y), nn.BCEWithLogitsLoss(), metrics=names)
    read = (z > 0).astype(int)
    want = [f(y, read) for f in (sk.accuracy_score, sk.precision_score, sk.recall_score, sk.f1_score)]
    want += [sk.roc_auc_score(y, z)]
    assert [one[n] for n in names] == pytest.approx(want)
    probability = evaluate(identity, (1 / (1 + np.exp(-z)), y), nn.functional.binary_cross_entropy, metrics=names)
    two = evaluate(identity, (np.hstack([0 * z, z]), y[:, 0].astype(int)), nn.CrossEntropyLoss(), metrics=names)
    assert [probability[n] for n in names] == pytest.approx(want) == [two[n] for n in names]
    # Numbers.
    t = rng.standard_normal((60, 3)).astype(np.float32)
    names = ["mse", "mae", "r2"]
    found = evaluate(identity, (logits, t), nn.MSELoss(), metrics=names)
    want = [f(t, logits) for f in (sk.mean_squared_error, sk.mean_absolute_error, sk.r2_score)]
    assert [found[n] for n in names] == pytest.approx(want)


def test_classes_at_each_position_and_those_that_are_ignored():
    pytest.importorskip("sklearn")
    logits = np.zeros((2, 3, 4), np.float32)  # classes are dim 1
    logits[:, 1] = 1.0
    y = np.array([[1, 1, 0, -100], [1, 2, -100, 1]])
    found = evaluate(nn.Sequential(), (logits, y), nn.CrossEntropyLoss(), metrics="accuracy")
    assert found["accuracy"] == pytest.approx(4 / 6)


def test_functions_and_metrics_of_ones_own():
    worst = lambda targets, outputs: np.abs(targets - outputs).max()  # noqa: E731
    half = Metric(lambda targets, labels: labels.mean(), of="labels", name="ones")
    y = np.array([[0.0], [1.0], [1.0]], np.float32)
    found = evaluate(nn.Sequential(), (y + 0.25, y), nn.MSELoss(), metrics=[worst, half])
    assert found == {"loss": 0.0625, "<lambda>": 0.25, "ones": pytest.approx(2 / 3)}
    with pytest.raises(TypeError, match="one tensor of outputs"):
        evaluate(lambda_module(lambda x: (x, x)), (y, y), lambda o, t: (o[0] - t).mean(), metrics=half)


def lambda_module(function):
    class Made(nn.Module):
        def forward(self, *args):
            return function(*args)

    return Made()


@pytest.mark.parametrize("package", ["sklearn", "matplotlib"])
def test_a_missing_extra_is_named(package, monkeypatch, tmp_path):
    for name in [m for m in sys.modules if m.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    model = net()
    metrics = "accuracy" if package == "sklearn" else ()
    with pytest.raises(ImportError, match=r"pip install 'autograd-cffi\[train\]'"):
        fit(model, samples(), nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), 1, metrics=metrics,
            progress=False).plot(tmp_path / "curves.png")  # fmt: skip


# --- schedules, stopping, checkpoints ---------------------------------------------------------------------------------


SCHEDULES = {
    "epoch": (lambda o: lr_scheduler.StepLR(o, 1, 0.5), [0.4, 0.2, 0.1]),
    "batch": (lambda o: lr_scheduler.OneCycleLR(o, 0.4, total_steps=12), None),
}


@pytest.mark.parametrize("by", SCHEDULES)
def test_a_scheduler_steps_by_epoch_or_by_batch(by):
    data, loss_of = samples(), nn.CrossEntropyLoss()
    mine, theirs = net(), net()
    a, b = (optim.SGD(m.parameters(), lr=0.4, momentum=0.9) for m in (mine, theirs))
    build, rates = SCHEDULES[by]
    schedule = build(a)
    autograd.manual_seed(2)
    want = []
    for _ in range(3):
        want += by_hand(mine, a, loss_of, data, 1, 16, after_batch=schedule.step if by == "batch" else None)
        if by == "epoch":
            schedule.step()
    autograd.manual_seed(2)
    history = fit(theirs, data, loss_of, b, 3, batch_size=16, scheduler=build(b), schedule_by=by, progress=False)
    assert history["loss"] == want and not history.notes
    assert rates is None or history["lr"] == rates
    same_weights(weights(mine), weights(theirs))


def test_a_scheduler_on_plateau_is_given_what_is_monitored():
    pytest.importorskip("sklearn")
    given = []

    class Plateau(lr_scheduler.ReduceLROnPlateau):
        def step(self, metrics, epoch=None):
            given.append(metrics)
            super().step(metrics)

    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.0)
    history = fit(model, samples(), nn.CrossEntropyLoss(), optimizer, 5, validation=samples(20), metrics="accuracy",
                  monitor="accuracy", scheduler=Plateau(optimizer, "max", patience=1), progress=False)  # fmt: skip
    assert given == history["valid_accuracy"] and history["lr"] == [0.0] * 5


def test_an_optimizer_that_wants_a_closure():
    x, y = autograd.randn(30, 3), autograd.randn(30, 1)
    found = []
    for by_loop in (True, False):
        autograd.manual_seed(1)
        model = nn.Linear(3, 1)
        optimizer = optim.LBFGS(model.parameters(), lr=0.5, max_iter=3)

        def closure(model=model, optimizer=optimizer):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            return loss

        if by_loop:
            losses = [optimizer.step(closure).item() for _ in range(4)]
        else:
            losses = fit(model, (x, y), nn.MSELoss(), optimizer, 4, batch_size=None, capture=False,
                         progress=False)["loss"]  # fmt: skip
        found.append((losses, weights(model)))
    assert found[0][0] == found[1][0]
    same_weights(found[0][1], found[1][1])


def test_several_rates():
    model = net()
    groups = [{"params": model[0].parameters(), "lr": 0.5}, {"params": model[4].parameters()}]
    history = fit(model, samples(), nn.CrossEntropyLoss(), optim.SGD(groups, lr=0.1), 2, progress=False)
    assert history["lr"] == [[0.5, 0.1]] * 2


def test_early_stopping_restores_the_best_epoch():
    model = nn.Linear(1, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.0)
    values = [5.0, 3.0, 2.95, 4.0, 2.5, 9.0, 9.0, 9.0, 9.0, 1.0]
    losses = iter(values)

    class Script(Callback):
        def on_epoch_begin(self, run):
            with autograd.no_grad():
                model.weight.fill_(0.0)
                model.bias.fill_(next(losses) ** 0.5)

    zero = autograd.zeros(1, 1)
    history = fit(model, (zero, zero), nn.MSELoss(), optimizer, 10, callbacks=[Script()], progress=False,
                  early_stopping=EarlyStopping(patience=3, min_delta=0.1))  # fmt: skip
    assert history["loss"] == pytest.approx(values[:8]) and history.best_epoch == 5
    assert model.bias.item() == pytest.approx(2.5**0.5) and "better for 3 epochs" in history.stopped
    # Less than min_delta is best, but does not count against patience.
    losses = iter([5.0, 4.95, 4.91, 4.95])
    history = fit(model, (zero, zero), nn.MSELoss(), optimizer, 10, callbacks=[Script()], progress=False,
                  early_stopping=EarlyStopping(3, 0.1, restore_best=False))  # fmt: skip
    assert len(history) == 4 and history.best_epoch == 3
    assert model.bias.item() == pytest.approx(4.95**0.5)


@pytest.fixture
def safetensors():
    return pytest.importorskip("safetensors")


def resumable(folder, epochs, resume=False, early_stopping=None, kill_after=None):
    model = net()
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    generator = autograd.Generator().manual_seed(9)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=1)

    class Kill(Callback):
        def on_epoch_begin(self, run):
            if run.epoch == kill_after:
                raise InterruptedError

    autograd.manual_seed(4)
    try:
        history = fit(model, samples(), nn.CrossEntropyLoss(), optimizer, epochs, batch_size=16, generator=generator,
                      validation=samples(20), checkpoint=folder, resume=resume, early_stopping=early_stopping,
                      scheduler=scheduler, progress=False, callbacks=[Kill()])  # fmt: skip
    except InterruptedError:
        return None
    curves = history.to_dict()
    del curves["seconds"]
    return curves, weights(model), optimizer.state_dict()["state"], history.best_epoch, history.stopped


@pytest.mark.parametrize("stopping", [None, 3])
def test_a_training_goes_on_to_the_bit(stopping, tmp_path, safetensors):
    whole = resumable(tmp_path / "whole", 40 if stopping else 7, early_stopping=stopping)
    assert resumable(tmp_path / "parts", 40 if stopping else 7, early_stopping=stopping, kill_after=4) is None
    autograd.randn(7)
    parts = resumable(tmp_path / "parts", 40 if stopping else 7, resume=True, early_stopping=stopping)
    assert parts[0] == whole[0] and parts[3:] == whole[3:]
    same_weights(parts[1], whole[1])
    for i, state in whole[2].items():
        for name, value in state.items():
            assert np.array_equal(np.asarray(value), np.asarray(parts[2][i][name])), name
    best = autograd.load(tmp_path / "parts" / "best.safetensors")
    if stopping:
        same_weights({k: v.numpy() for k, v in best.items()}, parts[1])
        again = resumable(tmp_path / "parts", 40, resume=True, early_stopping=stopping)  # there is nothing left to do
        assert again[0] == parts[0] and again[4] == parts[4]
        same_weights(again[1], parts[1])
    assert sorted(os.listdir(tmp_path / "parts")) == ["best.safetensors", "last.safetensors"]


def test_another_training_is_not_gone_on_with(tmp_path, safetensors):
    assert resumable(tmp_path, 2, resume=True)[0]["epoch"] == [1, 2]  # nothing there: from the start
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="monitors 'valid_loss'"):
        fit(model, samples(), nn.CrossEntropyLoss(), optimizer, 3, resume=tmp_path, progress=False)
    with pytest.raises(ValueError, match="another scheduler"):
        fit(model, samples(), nn.CrossEntropyLoss(), optimizer, 3, resume=tmp_path, validation=samples(),
            progress=False)  # fmt: skip


# --- what is not finite -----------------------------------------------------------------------------------------------


class Spoil(nn.Module):
    """``how(x, on)``, where ``on`` becomes 1 after so many steps."""

    def __init__(self, how, steps):
        super().__init__()
        self.how = how
        self.register_buffer("left", tensor(float(steps)))

    def forward(self, x):
        if self.training:
            self.left -= 1
        return self.how(x, (self.left < 0).float())


INFINITE = lambda x, on: x + 1e30 * on * 1e30  # noqa: E731
LARGE = lambda x, on: x * (1 + 1e30 * on)  # noqa: E731
STEEP = lambda x, on: x + (1 - on + 0 * x).sqrt()  # noqa: E731
"""Of which the gradient, of a finite loss, is 0 * infinity."""


def spoiled(how, steps, loss=None, data=None, **options):
    autograd.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), Spoil(how, steps), nn.Linear(4, 1))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    x, y = data or (autograd.randn(40, 3), autograd.randn(40, 1))
    states = {}

    class Remember(Callback):
        def on_batch_end(self, run):
            states[run.epoch, run.batch] = weights(model), run.optimizer.state_dict()["state"][0]["step"]

    with pytest.raises(NonFiniteLoss) as caught:
        fit(model, (x, y), loss or nn.MSELoss(), optimizer, 5, batch_size=8, progress=False, callbacks=[Remember()],
            **options)  # fmt: skip
    return model, optimizer, states, caught.value


def test_a_loss_that_is_nan_is_traced_to_its_layer(tmp_path, backend, safetensors):
    model, optimizer, states, error = spoiled(INFINITE, 7, checkpoint=tmp_path)
    assert (error.epoch, error.batch) == (2, 3)
    assert "the loss is nan, in epoch 2, batch 3" in str(error) and "Spoil '2'" in error.where
    assert "learning rate than 0.01" in str(error) and "was not written over" in str(error)
    before, steps = states[2, 2]
    same_weights(before, weights(model))
    assert optimizer.state_dict()["state"][0]["step"] == steps == 7
    assert all(np.isfinite(v.numpy()).all() for v in autograd.load(tmp_path / "best.safetensors").values())


def test_steps_of_several_epochs_are_repeated(monkeypatch):
    """Where copies would take too much of the time; with what schedules did at the ends of epochs."""
    monkeypatch.setattr("autograd.training.diagnosis.SHARE", 1e-9)
    autograd.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), Spoil(INFINITE, 12), nn.Dropout(0.3), nn.Linear(4, 1))
    x, y = autograd.randn(40, 3), autograd.randn(40, 1)
    optimizer, states = optim.SGD(model.parameters(), lr=0.1), []

    class Remember(Callback):
        def on_batch_end(self, run):
            states.append(weights(model))

    with pytest.raises(NonFiniteLoss, match="in epoch 3, batch 3") as caught:
        fit(model, (x, y), nn.MSELoss(), optimizer, 5, batch_size=8, validation=(x, y), callbacks=[Remember()],
            scheduler=lr_scheduler.StepLR(optimizer, 1, 0.9), progress=False)  # fmt: skip
    assert "Spoil '1'" in caught.value.where and len(states) == 12
    same_weights(states[-1], weights(model))


def test_a_loss_that_overflows():
    _, _, _, error = spoiled(LARGE, 2)
    assert "the loss is inf" in str(error) and "the loss, inf; what the layers gave is finite" in error.where


def test_a_gradient_that_is_nan_is_traced_to_the_step_before():
    """The loss is finite still: NaN shows in the next one."""
    model, _, states, error = spoiled(STEEP, 3)
    assert (error.epoch, error.batch) == (1, 5)
    assert all(part in error.where for part in ("the gradient of '0.bias'", "in epoch 1, batch 4", "recorded at"))
    same_weights(states[1, 3][0], weights(model))


def test_the_last_gradient_of_an_epoch():
    _, _, _, error = spoiled(STEEP, 4)
    assert "a parameter is not finite, in epoch 1, batch 5" in str(error)
    assert "the gradient of '0.bias'" in error.where and "in epoch 1, batch 5" in error.where


@pytest.mark.parametrize("which, name", [(0, "an input"), (1, "the target")])
def test_data_that_are_nan(which, name):
    data = autograd.randn(40, 3), autograd.randn(40, 1)
    data[which][33, 0] = math.nan
    _, _, _, error = spoiled(INFINITE, 99, data=data, shuffle=False)
    assert f"{name}, which the data give, in epoch 1, batch 5" in error.where and "numpy.isfinite" in str(error)


def test_parameters_that_are_nan_from_the_start():
    model = nn.Linear(3, 1)
    model.bias.data.fill_(math.nan)
    x, y = autograd.randn(8, 3), autograd.randn(8, 1)
    with pytest.raises(NonFiniteLoss, match="the parameter 'bias' before the first step"):
        fit(model, (x, y), nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), 1, progress=False)


def test_validation_that_is_nan():
    model = net(0.0)
    x, y = samples()
    bad = x.clone()
    bad[3, 0] = math.inf
    with pytest.raises(NonFiniteLoss, match=r"the validation loss is nan, in epoch 1\. Not finite first: an input"):
        fit(model, (x, y), nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), 2, progress=False,
            validation=(bad, y))  # fmt: skip


def test_what_does_not_come_again_is_said_too():
    model, x, y = nn.Linear(3, 1), autograd.randn(8, 3), autograd.randn(8, 1)
    once = iter([math.nan])
    with pytest.raises(NonFiniteLoss, match=r"nothing, when that was repeated.*not this package's"):
        fit(model, (x, y), lambda o, t: ((o - t) ** 2).mean() * next(once, 1.0), optim.SGD(model.parameters(), lr=0.1),
            2, progress=False)  # fmt: skip


# --- Ctrl-C, progress, history ----------------------------------------------------------------------------------------


def test_ctrl_c_returns_what_there_is(request, tmp_path, safetensors):
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals reach the main thread")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored, as in a background job
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    model, kept = net(), []

    class Press(Callback):
        def on_batch_end(self, run):
            if (run.epoch, run.batch) == (3, 2):
                signal.raise_signal(signal.SIGINT)

        def on_epoch_end(self, run):
            kept.append(weights(model))

    history = fit(model, samples(), nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), 9, batch_size=16,
                  callbacks=[Press()], checkpoint=tmp_path, early_stopping=5, progress=False)  # fmt: skip
    assert len(history) == 2 and history.stopped == "interrupted" and "interrupted" in repr(history)
    same_weights({k: v.numpy() for k, v in autograd.load(tmp_path / "best.safetensors").items()}, weights(model))


def run_of(epochs, **options):
    model = net()
    return fit(model, samples(), nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), epochs, **options)


def test_plain_lines_without_a_terminal(capsys):
    run_of(3, validation=samples(20))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["1/3", "2/3", "3/3"]
    assert "  loss 0." in lines[0] and "  valid_loss 0." in lines[0] and lines[0].endswith(" s")
    run_of(200)
    assert len(capsys.readouterr().out.splitlines()) == 20


def test_why_it_ended_is_said(capsys):
    class Enough(Callback):
        def on_epoch_end(self, run):
            run.stop("enough")

    assert run_of(9, callbacks=[Enough()]).stopped == "enough"
    assert capsys.readouterr().out.endswith("ended after epoch 1: enough\n")


def test_a_bar_with_a_terminal(monkeypatch, capsys):
    pytest.importorskip("rich")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    run_of(9, early_stopping=EarlyStopping(1, min_delta=9.0))
    shown = capsys.readouterr().out
    assert "/9" in shown and "ended after epoch 2: loss has not become better" in shown


def test_plain_lines_with_a_terminal_and_without_rich(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("rich"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with progress(2, lines=2) as report:
        report(1, "one")
    assert capsys.readouterr().out == "    1/2  one\n"


def test_the_history(tmp_path):
    history = run_of(4, validation=samples(20), progress=False)
    assert len(history) == 4 and history["epoch"] == [1, 2, 3, 4] and history["lr"] == [0.1] * 4
    assert list(history.to_dict()) == ["epoch", "loss", "valid_loss", "lr", "seconds"]
    assert history.best == min(history["valid_loss"]) and history["valid_loss"][history.best_epoch - 1] == history.best
    assert "4 epochs, best valid_loss" in repr(history)
    with pytest.raises(KeyError, match="there are epoch, loss"):
        history["accuracy"]
    pytest.importorskip("matplotlib")
    from matplotlib.image import imread

    pixels = imread(history.plot(tmp_path / "curves.png"))
    assert pixels.shape[0] == 400 and pixels.shape[1] == 1000
    assert (pixels[..., 2] > pixels[..., 0] + 0.3).sum() > 50 and (pixels[..., 0] > pixels[..., 2] + 0.3).sum() > 50


def test_callbacks_see_the_run_and_may_stop_it():
    seen = []

    class Note(Callback):
        def on_fit_begin(self, run):
            seen.append("begin")

        def on_batch_end(self, run):
            seen.append((run.epoch, run.batch, math.isfinite(run.loss)))

        def on_epoch_end(self, run):
            if len(run.history) == 2:
                run.stop("enough")

        def on_fit_end(self, run):
            seen.append("end")

    history = run_of(5, callbacks=[Note()], progress=False)
    assert seen == ["begin", (1, 1, True), (1, 2, True), (2, 1, True), (2, 2, True), "end"]
    assert history.stopped == "enough" and len(history) == 2


def test_arguments_in_the_wrong_place():
    model, x = nn.Linear(3, 1), autograd.ones(4, 3)
    optimizer = optim.SGD(model.parameters(), 0.1)
    for change, error, text in (
        ({"optimizer": optim.SGD}, TypeError, "optimizer is made beforehand.*not SGD"),
        ({"optimizer": "adam"}, TypeError, "optimizer is made beforehand.*not 'adam'"),
        ({"loss": nn.MSELoss}, TypeError, "loss is a function of .*not MSELoss"),
        ({"loss": "mse"}, TypeError, "loss is a function of .*not 'mse'"),
        ({"epochs": -2}, ValueError, "epochs is a number of epochs, not -2"),
        ({"optimizer": optim.SGD(nn.Linear(3, 1).parameters(), 0.1)}, ValueError, "none of the model's parameters"),
    ):
        given = {"loss": nn.MSELoss(), "optimizer": optimizer, "epochs": 1, **change}
        with pytest.raises(error, match=text):
            fit(model, (x, x[:, :1]), **given, progress=False)
