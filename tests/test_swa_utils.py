"""Averages of weights beside PyTorch's, where it is installed, and their errors."""

import numpy as np
import pytest
from support import values

import autograd
from autograd import nn, ones, optim
from autograd.optim import swa_utils

AVERAGES = {
    "all alike": lambda u: {},
    "all alike, in place": lambda u: {"multi_avg_fn": u.get_swa_multi_avg_fn()},
    "fading": lambda u: {"avg_fn": u.get_ema_avg_fn(0.8), "use_buffers": True},
    "fading, in place": lambda u: {"multi_avg_fn": u.get_ema_multi_avg_fn(0.7)},
    "a function of one's own": lambda u: {"avg_fn": lambda average, current, n: average * 0.5 + current * 0.25 + n},
}
BATCHES = [np.random.default_rng(i).standard_normal((8, 3)) for i in range(5)]


@pytest.mark.parametrize("name", AVERAGES)
def test_averages_follow_alike(backend, name):
    torch = pytest.importorskip("torch")
    averaged = []
    for library in (autograd, torch):
        library.manual_seed(1)
        net = library.nn.Sequential(
            library.nn.Linear(3, 4), library.nn.BatchNorm1d(4), library.nn.Linear(4, 1)
        ).double()
        optimizer = library.optim.SGD(net.parameters(), lr=0.1)
        model = library.optim.swa_utils.AveragedModel(net, **AVERAGES[name](library.optim.swa_utils))
        for x in BATCHES:
            optimizer.zero_grad()
            net(library.tensor(x)).square().sum().backward()
            optimizer.step()
            model.update_parameters(net)
        averaged.append(model)
    for updated in (False, True):
        for library, model in zip((autograd, torch), averaged):
            if updated:
                loader = [library.tensor(x) for x in BATCHES[:2]] + [(library.tensor(BATCHES[2]), None)]
                library.optim.swa_utils.update_bn(loader, model)
        mine, theirs = (model.state_dict() for model in averaged)
        assert list(mine) == list(theirs) and mine["n_averaged"].item() == 5
        for key in mine:
            np.testing.assert_allclose(values(mine[key]), theirs[key].numpy(), rtol=1e-6, atol=1e-6, err_msg=key)
    assert averaged[0].training and averaged[0].module[1].momentum == 0.1
    y = [model.eval()(library.tensor(BATCHES[0])) for library, model in zip((autograd, torch), averaged)]
    np.testing.assert_allclose(values(y[0]), y[1].detach().numpy(), rtol=1e-6)


@pytest.mark.parametrize("options", [{}, {"anneal_epochs": 4, "anneal_strategy": "linear"}, {"anneal_epochs": 0}])
def test_rates(options):
    torch = pytest.importorskip("torch")
    runs = []
    for library in (autograd, torch):
        groups = [{"params": [library.ones(1, requires_grad=True)], "lr": lr} for lr in (0.1, 0.3)]
        optimizer = library.optim.SGD(groups)
        scheduler = library.optim.swa_utils.SWALR(optimizer, [0.05, 0.5], **options)
        seen = []
        for k in range(30):
            optimizer.step()
            if k == 15:
                state = scheduler.state_dict()
                scheduler = library.optim.swa_utils.SWALR(optimizer, [0.05, 0.5])
                scheduler.load_state_dict(state)
            scheduler.step()
            seen.append(scheduler.get_last_lr())
        runs.append((seen, sorted(scheduler.state_dict())))
    np.testing.assert_allclose(runs[0][0], runs[1][0], rtol=1e-12)
    assert runs[0][1] == runs[1][1]


def test_nothing_happens_without_batch_norms():
    net = nn.Linear(2, 1).eval()
    batches = iter([ones(1, 2)])
    swa_utils.update_bn(batches, net)
    assert not net.training and len(list(batches)) == 1


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: swa_utils.get_ema_avg_fn(1.5), ValueError, "Invalid decay value 1.5 provided"),
        (lambda: swa_utils.get_ema_multi_avg_fn(-1), ValueError, "Invalid decay value -1 provided"),
        (lambda: swa_utils.AveragedModel(nn.Linear(1, 1), avg_fn=abs, multi_avg_fn=abs), AssertionError, "Only one of"),
        (lambda: swa_utils.AveragedModel(nn.Linear(1, 1), device="cuda"), RuntimeError, "'cuda' is not available"),
        (lambda: swa_utils.SWALR(optim.SGD([ones(1)]), 0.1, anneal_epochs=-1), ValueError, "equal or greater than 0"),
        (lambda: swa_utils.SWALR(optim.SGD([ones(1)]), 0.1, 3, "x"), ValueError, "must be one of 'cos' or 'linear'"),
        (lambda: swa_utils.SWALR(optim.SGD([ones(1)]), [1, 2]), ValueError, "swa_lr must have the same length as"),
    ],
)
def test_errors(call, error, match):
    with pytest.raises(error, match=match):
        call()
