"""Anomaly mode: what it finds, and that it leaves nothing behind."""

import numpy as np
import pytest

import autograd
from autograd import detect_anomaly, from_numpy, ones, set_detect_anomaly, tensor


def line_of(function) -> str:
    return f"test_anomaly.py:{function.__code__.co_firstlineno + 1}"


def rooted(x):
    return x.sqrt()


def logged(x):
    return x.log()


def test_the_first_nan_names_the_line_of_the_forward(backend):
    x = tensor([-1.0, 4.0], requires_grad=True)
    with detect_anomaly():
        y = (rooted(x) * 2.0).sum()
        with pytest.raises(RuntimeError, match="Function 'SqrtBackward0' returned nan values in its 0th output") as e:
            y.backward()
    assert line_of(rooted) in str(e.value)


def test_nan_that_the_forward_made_is_said_to_be_the_forwards():
    x = tensor([-1.0, 4.0], requires_grad=True)
    with detect_anomaly():
        y = logged(x) * 0.5
        z = (y * y).sum()
        with pytest.raises(RuntimeError, match="The forward had NaN before that: first from <LogBackward0>") as e:
            z.backward()
    assert line_of(logged) in str(e.value)


def test_nan_of_a_recorded_backward_is_found_too():
    x = tensor(0.0, requires_grad=True)
    with detect_anomaly(), pytest.raises(RuntimeError, match="returned nan values"):
        y = x.sqrt() * 0.0 + (x - 1.0).sqrt()
        autograd.grad(y, x, create_graph=True)


def test_check_nan_may_be_left_out():
    x = tensor([-1.0], requires_grad=True)
    with detect_anomaly(check_nan=False):
        assert autograd.is_anomaly_enabled() and not autograd.is_anomaly_check_nan_enabled()
        rooted(x).sum().backward()
    assert np.isnan(x.grad.item())


def spoil(w):
    w.mul_(2.0)


def test_a_spoiled_value_names_both_lines():
    x, w = ones(2, requires_grad=True), ones(2)
    with detect_anomaly():
        y = x * w
        spoil(w)
        with pytest.raises(RuntimeError, match="modified by an inplace operation") as e:
            y.sum().backward()
    assert "recorded at" in str(e.value) and f"written at {__file__}:" in str(e.value)
    assert line_of(spoil) in str(e.value)
    y = x * w
    spoil(w)
    with pytest.raises(RuntimeError, match="Run the step under autograd"):
        y.sum().backward()


def test_a_write_through_numpy_is_found_by_checksum():
    memory = np.ones(3, np.float32)
    x, w = ones(3, requires_grad=True), from_numpy(memory)
    with detect_anomaly():
        y = (x * w).sum()
        memory[1] = 7.0
        with pytest.raises(RuntimeError, match="was changed from outside, through a NumPy array"):
            y.backward()


def test_what_is_right_passes_with_the_same_gradients(backend):
    def gradients():
        autograd.manual_seed(0)
        net = autograd.nn.Sequential(autograd.nn.Linear(3, 4), autograd.nn.ReLU(), autograd.nn.Linear(4, 2))
        optimizer = autograd.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            (net(autograd.randn(5, 3)) ** 2).mean().backward()
            optimizer.step()
        return [p.grad.tolist() for p in net.parameters()]

    plain = gradients()
    with detect_anomaly():
        assert gradients() == plain


def test_modes_nest_and_leave_nothing_behind():
    with detect_anomaly(), detect_anomaly(check_nan=False), set_detect_anomaly(False):
        assert not autograd.is_anomaly_enabled()
    set_detect_anomaly(True)
    assert autograd.is_anomaly_check_nan_enabled()
    set_detect_anomaly(False)
    assert not autograd.graph.observers and not autograd.graph.watchers and not autograd.storage.writers
    assert not autograd.storage.lines
    assert (ones(1, requires_grad=True) * 2).grad_fn.where is None


def test_inference_mode():
    x = ones(2, requires_grad=True)

    @autograd.inference_mode()
    def f():
        return x * 2, autograd.is_inference_mode_enabled()

    @autograd.inference_mode
    def g():
        return x * 2

    assert f()[1] and not f()[0].requires_grad and not g().requires_grad
    with autograd.inference_mode():
        with autograd.inference_mode(False):
            assert (x * 2).requires_grad
        y = x * 2
    assert not autograd.is_inference_mode_enabled()
    (y * x).sum().backward()
    assert x.grad.tolist() == [2, 2]
