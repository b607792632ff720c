"""The schedules' manners: warnings, errors, what a state dict keeps, captured steps. What they compute is held against
PyTorch in test_lr_scheduler_parity.py."""

import numpy as np
import pytest

import autograd
from autograd import backend, capture, nn, ones, optim, tensor
from autograd.optim import lr_scheduler as schedules
from autograd.replay import CaptureError


def made(groups: int = 1, **options) -> optim.SGD:
    params = [{"params": [ones(1, requires_grad=True)]} for _ in range(groups)]
    return optim.SGD(params, **({"lr": 1.0, "momentum": 0.9} | options))


def test_stepping_before_the_optimizer_is_told():
    optimizer = made()
    scheduler = schedules.StepLR(optimizer, 1)
    with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
        scheduler.step()
    scheduler.step()  # once
    for other in (made(), optim.Adagrad([ones(1, requires_grad=True)])):
        scheduler = schedules.StepLR(other, 1)
        other.step()
        scheduler.step()


def test_the_last_rates_are_asked_for_in_another_way():
    scheduler = schedules.StepLR(made(), 1)
    with pytest.warns(UserWarning, match=r"please use `get_last_lr\(\)`"):
        scheduler.get_lr()


def test_epochs_are_deprecated():
    optimizer = made()
    scheduler, plateau = schedules.StepLR(optimizer, 2), schedules.ReduceLROnPlateau(optimizer)
    optimizer.step()
    for step in (lambda: scheduler.step(4), lambda: plateau.step(1.0, epoch=4)):
        with pytest.warns(UserWarning, match="The epoch parameter in `scheduler.step"):
            step()
    assert scheduler.last_epoch == plateau.last_epoch == 4 and scheduler.get_last_lr() == [pytest.approx(0.01)]


def test_a_rate_in_a_tensor_is_set_in_place():
    rate = tensor(1.0)
    optimizer = made(lr=rate)
    scheduler = schedules.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is rate and rate.item() == 0.5
    assert scheduler.get_last_lr()[0] is not rate and scheduler.base_lrs[0].item() == 1.0


class Scaled:
    def __init__(self, by: float):
        self.by = by

    def __call__(self, epoch: float) -> float:
        return self.by * epoch


@pytest.mark.parametrize(
    "make",
    [
        lambda o, f: schedules.LambdaLR(o, f),
        lambda o, f: schedules.CyclicLR(o, 0.1, 1.0, 2, scale_fn=f, scale_mode="iterations"),
    ],
)
def test_attributes_of_functions_are_kept(make):
    first, second = made(), made()
    one, two = make(first, Scaled(2.0)), make(second, Scaled(5.0))
    two.load_state_dict(one.state_dict())
    for optimizer, scheduler in ((first, one), (second, two)):
        optimizer.step()
        scheduler.step()
    assert one.get_last_lr() == two.get_last_lr()
    plain = make(made(), lambda epoch: 1.0)
    plain.load_state_dict(make(made(), lambda epoch: 3.0).state_dict())  # which keeps nothing of a plain function


def test_a_plateau_after_a_group_was_added():
    for min_lr, ends in ((0.3, [0.5, 0.5]), ([0.3], None)):
        optimizer = made()
        scheduler = schedules.ReduceLROnPlateau(optimizer, factor=0.5, patience=0, min_lr=min_lr)
        optimizer.add_param_group({"params": [ones(1)]})
        scheduler.step(1.0)
        if ends is None:
            with pytest.raises(RuntimeError, match=r"The number of param groups in the `optimizer` \(2\) differs"):
                scheduler.step(1.0)
        else:
            scheduler.step(1.0)
            assert scheduler.get_last_lr() == ends


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda o: schedules.StepLR(3, 1), TypeError, "int is not an Optimizer"),
        (lambda o: schedules.ReduceLROnPlateau(3), TypeError, "int is not an Optimizer"),
        (lambda o: schedules.StepLR(o, 1, last_epoch=3), KeyError, r"'initial_lr' is not specified in param_groups\[0"),
        (lambda o: schedules.LambdaLR(o, [abs, abs]), ValueError, "Expected 1 lr_lambdas, but got 2"),
        (lambda o: schedules.MultiplicativeLR(o, 0.5), TypeError, "lr_lambda should be a function, but got float"),
        (lambda o: schedules.ConstantLR(o, 1.5), ValueError, "Constant multiplicative factor expected to be between"),
        (lambda o: schedules.LinearLR(o, 0), ValueError, "Starting multiplicative factor expected to be greater than"),
        (lambda o: schedules.LinearLR(o, 1, 2), ValueError, "Ending multiplicative factor expected to be between 0"),
        (lambda o: schedules.CosineAnnealingWarmRestarts(o, 1.5), ValueError, "Expected positive integer T_0"),
        (lambda o: schedules.CosineAnnealingWarmRestarts(o, 2, 0), ValueError, "Expected integer T_mult >= 1"),
        (lambda o: schedules.CosineAnnealingWarmRestarts(o, 2, 2, "0"), ValueError, "Expected float or int eta_min"),
        (lambda o: schedules.CosineAnnealingWarmRestarts(o, 2).step(-1), ValueError, "Expected non-negative epoch"),
        (lambda o: schedules.OneCycleLR(o, 1), ValueError, "You must define either total_steps OR"),
        (lambda o: schedules.OneCycleLR(o, 1, -5), ValueError, "Expected positive integer total_steps, but got -5"),
        (lambda o: schedules.OneCycleLR(o, 1, 5, pct_start=2), ValueError, "Expected float between 0 and 1 pct_start"),
        (lambda o: schedules.OneCycleLR(o, 1, 5, anneal_strategy="x"), ValueError, "must be one of 'cos' or 'linear'"),
        (lambda o: schedules.OneCycleLR(o, [1, 2], 5), ValueError, "max_lr must have the same length as optimizer"),
        (lambda o: schedules.OneCycleLR(o, 1, 5)._set(list), ValueError, "zip"),
        (lambda o: schedules.CyclicLR(o, 0.1, 1, mode="x"), ValueError, "mode is invalid and scale_fn is None"),
        (
            lambda o: schedules.CyclicLR(optim.Rprop([ones(1)]), 0.1, 1),
            ValueError,
            "optimizer must support momentum or beta1 with `cycle_momentum` option enabled",
        ),
        (lambda o: schedules.ReduceLROnPlateau(o, factor=1), ValueError, "Factor should be < 1.0."),
        (lambda o: schedules.ReduceLROnPlateau(o, "mean"), ValueError, "mode mean is unknown!"),
        (lambda o: schedules.ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "threshold mode x is unknown!"),
        (lambda o: schedules.ReduceLROnPlateau(o, min_lr=[1, 2]), ValueError, "expected 1 min_lrs, got 2"),
        (lambda o: schedules.SequentialLR(o, [], []), ValueError, "expects at least one scheduler"),
        (lambda o: schedules.SequentialLR(o, [3], []), TypeError, "SequentialLR at index 0 should have `optimizer`"),
        (lambda o: schedules.SequentialLR(o, [schedules.StepLR(o, 1)], [1]), ValueError, "to be one more than"),
        (lambda o: schedules.ChainedScheduler([]), ValueError, "expects at least one scheduler to be chained"),
        (
            lambda o: schedules.ChainedScheduler([schedules.ReduceLROnPlateau(o)]),
            ValueError,
            "does not support `ReduceLROnPlateau` scheduler",
        ),
        (
            lambda o: schedules.ChainedScheduler([schedules.StepLR(o, 1), schedules.StepLR(made(), 1)]),
            ValueError,
            "expects all schedulers to belong to the same optimizer, but got scheduler StepLR at index 1",
        ),
    ],
)
def test_errors(call, error, match):
    with pytest.raises(error, match=match):
        call(made())


def test_more_steps_than_the_cycle_has():
    optimizer = made()
    scheduler = schedules.OneCycleLR(optimizer, 1.0, 2)
    for _ in range(2):
        optimizer.step()
        scheduler.step()
    with pytest.raises(ValueError, match=r"Tried to step 3 times. The specified number of total steps is 2"):
        scheduler.step()


# --- captured steps ---------------------------------------------------------------------------------------------------

CAPTURED = {
    "sgd": (lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda o: schedules.OneCycleLR(o, 0.2, 40)),
    "adam": (lambda p: optim.Adam(p), lambda o: schedules.OneCycleLR(o, 0.01, 40)),
    "rate in a tensor": (lambda p: optim.SGD(p, lr=tensor(0.1)), lambda o: schedules.CosineAnnealingLR(o, 10)),
    "nadam": (lambda p: optim.NAdam(p), lambda o: schedules.CyclicLR(o, 1e-3, 1e-2, 3)),
    "adagrad": (lambda p: optim.Adagrad(p), lambda o: schedules.StepLR(o, 5)),
    "asgd": (lambda p: optim.ASGD(p, t0=4, lambd=0.1), lambda o: schedules.LinearLR(o, 0.1)),
}


class Training:
    def __init__(self, name: str):
        autograd.manual_seed(3)
        self.net = nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 1))
        optimizer, scheduler = CAPTURED[name]
        self.optimizer = optimizer(self.net.parameters())
        self.scheduler = scheduler(self.optimizer)

    def step(self, x):
        self.optimizer.zero_grad()
        loss = self.net(x).square().mean()
        loss.backward()
        self.optimizer.step()
        return loss


@pytest.mark.skipif(backend.extension is None, reason="the C kernels are not built")
@pytest.mark.parametrize("name", CAPTURED)
def test_replays_follow_the_schedule(name):
    rng = np.random.default_rng(0)
    data = [tensor(rng.standard_normal((8, 6), np.float32)) for _ in range(20)]
    with autograd.set_backend("c"):
        plain, captured = Training(name), Training(name)
        step = capture(captured.step)
        for x in data:
            plain.step(x), step(x)
            plain.scheduler.step(), captured.scheduler.step()
            for p, q in zip(plain.net.parameters(), captured.net.parameters()):
                assert p.detach().numpy().tobytes() == q.detach().numpy().tobytes()
        assert step.program is not None
        assert str(plain.optimizer.state_dict()) == str(captured.optimizer.state_dict())
        assert {int(own["step"]) for own in captured.optimizer.state.values() if "step" in own} <= {20}


@pytest.mark.skipif(backend.extension is None, reason="the C kernels are not built")
def test_a_rate_that_the_step_itself_changes_is_refused():
    with autograd.set_backend("c"):
        training = Training("rate in a tensor")

        def changing(x):
            training.optimizer.param_groups[0]["lr"].mul_(0.5)
            return training.step(x)

        step = capture(changing)
        step(ones(2, 6))
        with pytest.raises(CaptureError, match="the step changes an option of its optimizer, a tensor"):
            step(ones(2, 6))
