"""First and second derivatives of every op in the database against finite differences, on both backends."""

import warnings

import numpy as np
import pytest
from opdb import DIFFERENTIABLE, outputs_of
from support import leaves

import autograd
from autograd.check import GradcheckError


def relaid(x, like: np.ndarray):
    """x in the memory order of an array: gradcheck makes contiguous leaves, and layouts matter."""
    if like.flags.c_contiguous or like.ndim < 2:
        return x
    order = np.argsort([-abs(s) for s in like.strides], kind="stable")
    return x.permute(*[int(d) for d in order]).contiguous().permute(*[int(d) for d in np.argsort(order)])


def differentiable(row, sample):
    """A function of the sample's leaves alone, and the leaves."""
    args, kwargs, wanted = leaves(row, sample)
    arrays = {id(t): a for t, a in zip(flat(args), flat(sample.args))}

    def function(*given):
        at = {id(old): relaid(new, arrays[id(old)]) for old, new in zip(wanted, given)}
        outputs = outputs_of(row.function(autograd)(*replaced(args, at), **kwargs))
        return tuple(y for y in outputs if y.is_floating_point())

    return function, wanted


def flat(value):
    return [v for part in value for v in flat(part)] if isinstance(value, (list, tuple)) else [value]


def replaced(value, at: dict):
    if isinstance(value, (list, tuple)):
        return type(value)(replaced(v, at) for v in value)
    return at.get(id(value), value)


def smooth_samples(row):
    """Samples to differentiate; the same tensor given twice would be two leaves here."""
    return [s for s in row.made("float64") if s.smooth and s.note != "twice the same"]


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.name)
def test_first_derivatives(backend, row):
    for i, sample in enumerate(smooth_samples(row)):
        function, wanted = differentiable(row, sample)
        small = sum(t.numel() for t in wanted) <= 12
        try:
            autograd.gradcheck(function, wanted, fast_mode=not small, seed=i, atol=1e-6, rtol=1e-5)
        except GradcheckError as error:
            raise AssertionError(f"{row.name}, {sample.note}: {error}") from None


@pytest.mark.parametrize("row", [row for row in DIFFERENTIABLE if row.second], ids=lambda row: row.name)
def test_second_derivatives(row):
    for i, sample in enumerate(smooth_samples(row)):
        function, wanted = differentiable(row, sample)
        if sum(t.numel() for t in wanted) > 130:
            continue
        try:
            autograd.gradgradcheck(function, wanted, fast_mode=True, seed=i, atol=1e-6, rtol=1e-4)
        except GradcheckError as error:
            raise AssertionError(f"{row.name}, {sample.note}: {error}") from None


def test_third_derivative_of_a_power():
    x = autograd.tensor(2.0, dtype=autograd.float64, requires_grad=True)
    y, found = x**5, []
    for _ in range(3):
        (y,) = autograd.grad(y, x, create_graph=True)
        found.append(y.item())
    assert found == pytest.approx([80, 160, 240])


POLES = [
    (lambda x: x.log1p(), -1.0),
    (lambda x: x.log2(), 0.0),
    (lambda x: x.log10(), 0.0),
    (lambda x: autograd.xlogy(2.0, x), 0.0),
    (lambda x: x.logit(), 0.0),
    (lambda x: x.erfinv(), 1.0),
    (lambda x: x.asin(), 1.0),
    (lambda x: x.acos(), -1.0),
    (lambda x: x.acosh(), 1.0),
    (lambda x: x.atanh(), 1.0),
    (lambda x: autograd.hypot(x, x), 0.0),
]


@pytest.mark.parametrize("function, pole", POLES)
def test_a_pole_behind_a_mask_sends_nothing_back(backend, function, pole):
    x = autograd.tensor([pole, 0.5], requires_grad=True)
    for strict in (False, True):
        autograd.set_strict_ieee(strict)
        (g,) = autograd.grad(autograd.where(x != pole, function(x), 0.0).sum(), x)
        assert np.isnan(g.tolist()[0]) if strict else g.tolist()[0] == 0


# --- gradcheck itself -------------------------------------------------------------------------------------------------


def wrong(x):
    """x * x by values only: its gradient misses a factor of 2."""
    return x * x.detach()


def test_gradcheck_finds_a_wrong_gradient():
    x = autograd.randn(3, dtype=autograd.float64, requires_grad=True)
    for fast in (True, False):
        with pytest.raises(GradcheckError, match="Jacobian mismatch for output 0 with respect to input 0"):
            autograd.gradcheck(wrong, (x,), fast_mode=fast)
    assert not autograd.gradcheck(wrong, (x,), raise_exception=False)


def test_gradcheck_names_a_kink():
    x = autograd.zeros(1, dtype=autograd.float64, requires_grad=True)
    with pytest.raises(GradcheckError, match="may have a kink there"):
        autograd.gradcheck(lambda x: autograd.relu(x), (x,))


def test_gradgradcheck_finds_a_wrong_second_derivative():
    x = autograd.rand(3, dtype=autograd.float64, requires_grad=True)
    with pytest.raises(GradcheckError):
        autograd.gradgradcheck(lambda x: (x * x.detach() * x).sum(), (x,))


def test_gradcheck_checks_float32_on_a_copy_and_says_so():
    x = autograd.randn(3, requires_grad=True)
    with pytest.warns(UserWarning, match="float64 copies"):
        assert autograd.gradcheck(lambda x: (x * x).sum(), (x,))
    assert x.dtype is autograd.float32 and x.grad is None


def test_gradcheck_leaves_nothing_behind_and_wants_a_leaf():
    x = autograd.randn(3, dtype=autograd.float64, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert autograd.gradcheck(autograd.exp, x)
    assert x.grad is None
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        autograd.gradcheck(autograd.exp, x.detach())
