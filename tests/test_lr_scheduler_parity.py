"""The schedules beside PyTorch's, where it is installed: rates and momenta of 30 steps, state dicts, training."""

import copy
import inspect

import numpy as np
import pytest

import autograd
from autograd.optim import lr_scheduler

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")  # of schedules in schedules, which step while they are made
STEPS = 30
METRICS = [3, 2, 1.5, 1.5, 1.49999, 1.5, 1.5, 1.4, 1.5, 1.5, 1.5, 1.5, float("nan"), 0.1, *[0.2] * 20]


class Falling:
    """A callable object, whose attributes are part of the state."""

    def __init__(self):
        self.scale = 0.5

    def __call__(self, x):
        return self.scale / (1 + x)


def sequence(s, o):
    warm_up, cosine = s.LinearLR(o, 0.1, total_iters=4), s.CosineAnnealingLR(o, 8, eta_min=0.001)
    return s.SequentialLR(o, [warm_up, cosine, s.StepLR(o, 3)], [5, 16])


def nested(s, o):
    inner = s.SequentialLR(o, [s.ConstantLR(o, 0.5, 2), s.ExponentialLR(o, 0.9)], [4])
    return s.SequentialLR(o, [inner, s.CosineAnnealingWarmRestarts(o, 5, 2)], [9])


SCHEDULES = {
    "lambda": lambda s, o: s.LambdaLR(o, lambda epoch: 0.9**epoch),
    "lambdas": lambda s, o: s.LambdaLR(o, [lambda epoch: 1 / (epoch + 1), Falling()]),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, [lambda epoch: 0.95, Falling()]),
    "step": lambda s, o: s.StepLR(o, 7, 0.3),
    "multistep": lambda s, o: s.MultiStepLR(o, [3, 9, 9, 20], 0.5),
    "constant": lambda s, o: s.ConstantLR(o, 0.25, 6),
    "linear": lambda s, o: s.LinearLR(o, 0.2, 0.9, 11),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.93),
    "polynomial": lambda s, o: s.PolynomialLR(o, 20, 1.7),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 9, 0.002),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, 2, 0.001),
    "equal restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 4),
    "one cycle": lambda s, o: s.OneCycleLR(o, [0.3, 0.2], 32),
    "one cycle in three": lambda s, o: s.OneCycleLR(
        o, 0.3, epochs=8, steps_per_epoch=4, three_phase=True, anneal_strategy="linear", pct_start=0.4
    ),
    "one cycle without momentum": lambda s, o: s.OneCycleLR(o, 0.3, 40, cycle_momentum=False),
    "cyclic": lambda s, o: s.CyclicLR(o, 0.01, [0.1, 0.2], 4, 7),
    "cyclic, halved": lambda s, o: s.CyclicLR(o, [0.01, 0.02], 0.1, 3, mode="triangular2", base_momentum=0.7),
    "cyclic, fading": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 5, mode="exp_range", gamma=0.97),
    "cyclic, by a function": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 5, scale_fn=Falling(), scale_mode="iterations"),
    "plateau": lambda s, o: s.ReduceLROnPlateau(o, patience=1, factor=0.5, cooldown=2, min_lr=[0.02, 0.001]),
    "plateau, upwards": lambda s, o: s.ReduceLROnPlateau(o, "max", 0.5, 2, 0.1, "abs", min_lr=1e-3, eps=1e-4),
    "sequence": sequence,
    "nested": nested,
    "chain": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.5, 5), s.ExponentialLR(o, 0.9), s.StepLR(o, 4)]),
}


class Run:
    """A schedule over an optimizer of two groups, and what it has set."""

    def __init__(self, library, make, optimizer="SGD", tensors=False):
        self.scheduled = "plateau" not in make
        self.params = [library.ones(2, requires_grad=True, dtype=library.float64) for _ in range(2)]
        rates = [library.tensor(lr, dtype=library.float64) if tensors else lr for lr in (0.1, 0.03)]
        groups = [{"params": [p], "lr": lr} for p, lr in zip(self.params, rates)]
        self.optimizer = getattr(library.optim, optimizer)(groups, **({"momentum": 0.8} if optimizer == "SGD" else {}))
        self.scheduler = SCHEDULES[make](library.optim.lr_scheduler, self.optimizer)
        self.seen: list = []

    def go(self, first: int, last: int) -> None:
        for k in range(first, last):
            self.optimizer.zero_grad()
            sum(((p * (k % 3 + 1) - 1) ** 2).sum() for p in self.params).backward()
            self.optimizer.step()
            self.scheduler.step(*([] if self.scheduled else [METRICS[k]]))
            for group, last_lr in zip(self.optimizer.param_groups, self.scheduler.get_last_lr(), strict=True):
                assert float(last_lr) == float(group["lr"])
                self.seen.append((float(group["lr"]), group.get("momentum", 0), group.get("betas", (0,))[0]))


def close(a, b, tolerance=1e-12) -> None:
    """Two state dicts, or parts of them."""
    if isinstance(a, dict):
        assert list(map(str, sorted(a, key=str))) == list(map(str, sorted(b, key=str)))
        for key in a:
            close(a[key], b[key])
    elif isinstance(a, list):
        assert len(a) == len(b)
        for x, y in zip(a, b):
            close(x, y)
    elif isinstance(a, (str, bool, type(None))):
        assert a == b
    else:
        np.testing.assert_allclose(float(a), float(b), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("name", "optimizer", "tensors"),
    [(name, "SGD", False) for name in SCHEDULES]
    + [(name, "Adam", False) for name in SCHEDULES if "cycl" in name]
    + [(name, "SGD", True) for name in ("lambda", "step", "cosine", "one cycle", "plateau", "sequence")],
)
def test_rates_momenta_and_state(name, optimizer, tensors):
    runs = [Run(library, name, optimizer, tensors) for library in (autograd, torch)]
    for run in runs:
        run.go(0, STEPS)
    np.testing.assert_allclose(runs[0].seen, runs[1].seen, rtol=1e-12, atol=1e-12)
    for p, q in zip(runs[0].params, runs[1].params):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-9, atol=1e-9)
    close(*(run.scheduler.state_dict() for run in runs))


@pytest.mark.parametrize("name", SCHEDULES)
def test_state_dicts_are_exchanged(name):
    mine, theirs = (Run(library, name) for library in (autograd, torch))
    mine.go(0, 11), theirs.go(0, 11)
    pairs = [(Run(autograd, name), theirs), (Run(torch, name), mine), (Run(autograd, name), mine)]
    for other, source in pairs:
        other.scheduler.load_state_dict(copy.deepcopy(source.scheduler.state_dict()))
        for group, options in zip(other.optimizer.param_groups, source.optimizer.param_groups):
            group.update({key: value for key, value in options.items() if key != "params"})
    for run in (mine, theirs, *(other for other, _ in pairs)):
        run.seen.clear()
        run.go(11, STEPS)
    for other, _ in pairs:
        np.testing.assert_allclose(other.seen, theirs.seen, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["step", "multistep", "constant", "linear", "exponential", "polynomial", "cosine",
                                  "restarts", "lambda"])  # fmt: skip
def test_an_epoch_may_be_asked_for(name):
    seen = []
    for library in (autograd, torch):
        run = Run(library, name)
        for epoch in (0, 5, 3, 9, 24):
            run.scheduler.step(epoch)
            seen.append(run.scheduler.get_last_lr())
    np.testing.assert_allclose(seen[:5], seen[5:], rtol=1e-12)


@pytest.mark.parametrize("name", ["step", "linear", "cosine", "one cycle", "cyclic", "restarts"])
def test_a_schedule_may_begin_later(name):
    seen = []
    for library in (autograd, torch):
        run = Run(library, name)
        make = {
            "step": lambda s, o: s.StepLR(o, 7, 0.3, last_epoch=8),
            "linear": lambda s, o: s.LinearLR(o, 0.2, 0.9, 11, last_epoch=8),
            "cosine": lambda s, o: s.CosineAnnealingLR(o, 9, 0.002, last_epoch=8),
            "one cycle": lambda s, o: s.OneCycleLR(o, 0.3, 32, last_epoch=8),
            "cyclic": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 4, 7, last_epoch=8),
            "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, 2, last_epoch=8),
        }[name]
        run.scheduler = make(library.optim.lr_scheduler, run.optimizer)
        run.go(0, 6)
        seen.append(run.seen)
    np.testing.assert_allclose(seen[0], seen[1], rtol=1e-12)


@pytest.mark.parametrize("name", torch.optim.lr_scheduler.__all__)
def test_arguments_and_their_defaults(name):
    def arguments(module):
        return [(p.name, p.kind, p.default) for p in inspect.signature(getattr(module, name)).parameters.values()]

    assert arguments(lr_scheduler) == arguments(torch.optim.lr_scheduler)
