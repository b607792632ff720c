"""Bad input: every error of the database has its class and wording, and leaves everything as it was."""

import numpy as np
import pytest
from opdb import ROWS

import autograd

FAILURES = [pytest.param(f, id=f"{row.name}-{i}") for row in ROWS for i, f in enumerate(row.failures)]


@pytest.mark.parametrize("failure", FAILURES)
def test_the_error_has_its_class_and_wording(backend, failure):
    with pytest.raises(failure.error) as caught:
        failure.call(autograd)
    assert failure.match in str(caught.value)


@pytest.mark.parametrize("failure", FAILURES)
def test_the_state_is_as_before(failure):
    state = autograd.get_rng_state().tolist()
    with pytest.raises(failure.error):
        failure.call(autograd)
    assert autograd.is_grad_enabled()
    assert autograd.get_rng_state().tolist() == state
    x = autograd.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    assert x.grad.tolist() == [2, 4]


def test_a_failed_write_changes_nothing():
    x = autograd.arange(6.0).reshape(2, 3)
    before, version = x.tolist(), x._version
    for index, value, error in (
        (5, 1.0, IndexError),
        (0, autograd.ones(2), RuntimeError),
        ((0, 0, 0), 1.0, IndexError),
        (0, "a", TypeError),
        (autograd.tensor([0, 7]), 1.0, IndexError),
        (autograd.tensor([True]), 1.0, IndexError),
        (slice(None, None, -1), 1.0, ValueError),
    ):
        with pytest.raises(error):
            x[index] = value
    for call in (
        lambda: x.add_(autograd.ones(5)),
        lambda: x.mul_("a"),
        lambda: x.copy_(autograd.ones(4)),
        lambda: x.fill_("a"),
    ):
        with pytest.raises((RuntimeError, TypeError)):
            call()
    assert x.tolist() == before and x._version == version and x.grad_fn is None


def test_a_failed_backward_leaves_every_gradient_as_it_was():
    x = autograd.ones(3, requires_grad=True)
    w = autograd.ones(3, requires_grad=True)
    (x * w).sum().backward()
    before = x.grad.tolist(), w.grad.tolist()
    a = x * 2
    y = (w * 3 + a.exp() * 1).sum() + (a * a).sum()
    with autograd.no_grad():
        a.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()
    assert (x.grad.tolist(), w.grad.tolist()) == before

    def stop(g):
        raise KeyError("stop")

    x.register_hook(stop)
    with pytest.raises(KeyError):
        (x * w).sum().backward()
    assert (x.grad.tolist(), w.grad.tolist()) == before


def test_what_is_not_a_tensor():
    for data, error in (
        ("abc", TypeError),
        ([1, "a"], TypeError),
        (None, TypeError),
        ([[1, 2], [3]], ValueError),
        ([1, [2]], ValueError),
        (object(), TypeError),
        ({1: 2}, TypeError),
        (1j, TypeError),
        ([1, None], TypeError),
        (np.array(["a"]), TypeError),
        (np.zeros(2, np.complex64), TypeError),
        (np.zeros(2, "M8[s]"), TypeError),
        (np.array([None]), TypeError),
    ):
        with pytest.raises(error):
            autograd.tensor(data)


def test_ragged_lists_are_named():
    with pytest.raises(ValueError, match=r"expected sequence of length 2 at dim 1 \(got 1\)"):
        autograd.tensor([[1, 2], [3]])


def test_too_large_for_its_dtype():
    with pytest.raises((RuntimeError, OverflowError, ValueError)):
        autograd.tensor(2**70)
    with pytest.raises((RuntimeError, MemoryError, ValueError)):
        autograd.empty(2**62)
    with pytest.raises((RuntimeError, MemoryError, ValueError, OverflowError)):
        autograd.empty(2**40, 2**40)
    with pytest.raises(RuntimeError):
        autograd.ones(-1)


def test_unknown_backend_instruction_set_threads_and_device():
    with pytest.raises(ValueError, match="unknown backend 'cuda': choose 'c' or 'numpy'"):
        autograd.set_backend("cuda")
    with pytest.raises(ValueError, match="unknown instruction set 'sse'"):
        autograd.set_isa("sse")
    for n in (0, -1, 1.5, "2", None):
        with pytest.raises((RuntimeError, TypeError)):
            autograd.set_num_threads(n)
    with pytest.raises(RuntimeError, match="runs on the CPU"):
        autograd.ones(2, device="cuda")
    with pytest.raises(TypeError, match="unsupported dtype"):
        autograd.ones(2, dtype="complex64")
    with pytest.raises(AttributeError):
        _ = autograd.backend.K.no_such_kernel


def test_wrong_kinds_of_arguments_never_crash(tmp_path, monkeypatch):
    """Anything may be passed; a Python error comes back."""
    monkeypatch.chdir(tmp_path)  # where save() may write
    junk = [
        None,
        "a",
        1.5,
        -1,
        10**30,
        [],
        {},
        object(),
        autograd.ones(2, 3),
        autograd.tensor([]),
        np.zeros((2, 2)),
        float("nan"),
        True,
    ]
    names = [n for n in dir(autograd) if not n.startswith("_") and callable(getattr(autograd, n))]
    names = [n for n in names if not n.startswith("set_") and n not in ("seed", "manual_seed")]  # they stay set
    functions = [getattr(autograd, n) for n in names] + [
        getattr(autograd.nn.functional, n) for n in autograd.nn.functional.__all__
    ]
    for function in functions:
        for a in junk:
            for arguments in ((), (a,), (a, junk[5]), (a, 1), (autograd.ones(2, 3), a), (autograd.ones(2, 3), 0, a)):
                if any(isinstance(v, (int, float)) and abs(v) > 10**20 for v in arguments) and function in (
                    autograd.zeros,
                    autograd.ones,
                    autograd.empty,
                    autograd.full,
                    autograd.rand,
                    autograd.randn,
                    autograd.eye,
                ):
                    continue
                try:
                    function(*arguments)
                except Exception as error:
                    internal = isinstance(error, (SystemError, AssertionError, AttributeError))
                    assert not internal or "Padding_idx" in str(error), (function, arguments, error)


WITHOUT_DERIVATIVE = {
    "unique": lambda x: x.unique(),
    "unique_consecutive": lambda x: x.unique_consecutive(),
    "bincount": lambda x: autograd.tensor([0, 1]).bincount(x),
    "histogram": lambda x: x.histogram(3).hist,
}


@pytest.mark.parametrize("name", WITHOUT_DERIVATIVE)
def test_what_has_no_derivative_says_so(name):
    x = autograd.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(NotImplementedError, match=f"the derivative for '{name}' is not implemented"):
        WITHOUT_DERIVATIVE[name](x).sum().backward()
