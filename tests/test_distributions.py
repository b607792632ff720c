"""Distributions: against PyTorch's where installed, their numbers from formulas and from samples, what they refuse."""

import math

import numpy as np
import pytest

import autograd
from autograd import Tensor, capture
from autograd.distributions import Bernoulli, Categorical, Distribution, Normal, kl_divergence

rng = np.random.default_rng(0)
LOC, LOGITS, LABELS = (rng.standard_normal(s).astype(np.float32) for s in ((3,), (2, 3, 5), (6,)))
CASES = {
    "normal": (lambda d, t: d.Normal(t(LOC), t(np.exp(LOC))), np.full((2, 3), 0.5, np.float32)),
    "normal of numbers": (lambda d, t: d.Normal(0.5, 2), np.float32(1.5)),
    "normal of both": (lambda d, t: d.Normal(t(LOC[:, None]), 2.0), LOC),
    "categorical by logits": (lambda d, t: d.Categorical(logits=t(LOGITS)), np.array([0, 4, 2])),
    "categorical by weights": (lambda d, t: d.Categorical(t(np.exp(LOGITS[0, 0]))), np.array([[3], [1]])),
    "bernoulli by logits": (lambda d, t: d.Bernoulli(logits=t(LABELS)), np.float32([0, 1, 1, 0, 1, 0])),
    "bernoulli of a number": (lambda d, t: d.Bernoulli(0.3), np.float32(1)),
}
PAIRS = {
    "normal": lambda d, t: (d.Normal(t(LOC), t(np.exp(LOC))), d.Normal(0.5, 2.0)),
    "categorical": lambda d, t: (d.Categorical(logits=t(LOGITS)), d.Categorical(logits=t(LOGITS[::-1].copy()))),
    "never in p": lambda d, t: (d.Categorical(t(np.float32([0, 1]))), d.Categorical(t(np.float32([0.5, 0.5])))),
    "never in q": lambda d, t: (d.Categorical(t(np.float32([0.5, 0.5]))), d.Categorical(t(np.float32([0, 1])))),
    "bernoulli": lambda d, t: (d.Bernoulli(logits=t(LABELS)), d.Bernoulli(0.3)),
}


def of(name, library):
    make, value = CASES[name]
    return make(library.distributions, library.tensor), library.tensor(value)


@pytest.mark.parametrize("name", CASES)
def test_as_pytorch(name):
    torch = pytest.importorskip("torch")
    (mine, value), (theirs, their_value) = of(name, autograd), of(name, torch)
    for shape in ((), (4,), (2, 3)):
        autograd.manual_seed(1), torch.manual_seed(1)
        draw = "rsample" if mine.has_rsample else "sample"
        for a, b in [
            (mine.sample(shape), theirs.sample(shape)),
            (getattr(mine, draw)(shape), getattr(theirs, draw)(shape)),
        ]:
            assert tuple(a.shape) == tuple(b.shape)
            np.testing.assert_allclose(a.numpy(), b.numpy(), 1e-6, 1e-6)
    np.testing.assert_allclose(mine.log_prob(value).numpy(), theirs.log_prob(their_value).numpy(), 1e-5, 1e-6)
    np.testing.assert_allclose(mine.entropy().numpy(), theirs.entropy().numpy(), 1e-5, 1e-6)
    assert str(mine).replace("autograd", "torch") == str(theirs)
    for what in ("mean", "mode", "variance", "stddev"):
        if isinstance(getattr(type(mine), what, None), property) and (name[0] != "c" or what == "mode"):
            np.testing.assert_allclose(getattr(mine, what).numpy(), getattr(theirs, what).numpy(), 1e-6)
    if name[0] == "n":
        p = value.abs() / 2
        np.testing.assert_allclose(mine.icdf(p).numpy(), theirs.icdf(torch.tensor(p.numpy())).numpy(), 1e-5, 1e-6)
        np.testing.assert_allclose(mine.cdf(value).numpy(), theirs.cdf(their_value).numpy(), 1e-5)


@pytest.mark.parametrize("name", PAIRS)
def test_divergences_as_pytorch(name):
    torch = pytest.importorskip("torch")
    mine, theirs = (PAIRS[name](library.distributions, library.tensor) for library in (autograd, torch))
    expected = torch.distributions.kl_divergence(*theirs).numpy()
    np.testing.assert_allclose(kl_divergence(*mine).numpy(), expected, 1e-5, 1e-6)


@pytest.mark.parametrize("name", CASES)
def test_samples_have_the_probabilities(backend, name):
    p, _ = of(name, autograd)
    drawn = p.sample((4000,))
    assert not drawn.requires_grad
    # the mean of -log p(x) over the samples is the entropy
    np.testing.assert_allclose(-p.log_prob(drawn).mean(0).numpy(), p.entropy().numpy(), atol=0.08)
    same = kl_divergence(
        p, type(p)(**{k: getattr(p, k) for k in (("loc", "scale") if name[0] == "n" else ("logits",))})
    )
    np.testing.assert_allclose(same.numpy(), 0, atol=1e-6)


def test_gradients():
    mean, spread = (autograd.tensor(v, requires_grad=True) for v in (0.5, 2.0))
    (Normal(mean, spread).rsample((3,)) * 1.0).sum().backward()
    assert mean.grad.item() == 3
    logits = autograd.tensor([0.0, math.log(3.0)], requires_grad=True)
    Categorical(logits=logits).log_prob(autograd.tensor(1)).backward()
    np.testing.assert_allclose(logits.grad.numpy(), [-0.25, 0.25], atol=1e-6)


@pytest.mark.skipif(autograd.get_backend() != "c", reason="NumPy has no programs")
def test_a_captured_step_takes_them_unchecked():
    @capture
    def loss(logits, action):
        return Categorical(logits=logits, validate_args=False).log_prob(action).sum()

    for i in range(4):
        logits, action = autograd.randn(5, 3), autograd.tensor([0, 1, 2, 1, i % 3])
        assert loss(logits, action).item() == Categorical(logits=logits).log_prob(action).sum().item()
    assert loss.program is not None


nan, t = float("nan"), autograd.tensor
REFUSED = {
    "parameter probs .* Simplex": lambda: Categorical(t([-1.0, 1.0])),
    "parameter logits .*Independent": lambda: Categorical(logits=t([nan, 1.0])),
    "at least one-dimensional": lambda: Categorical(t(1.0)),
    "within the support .IntegerInterval.*0.*1": lambda: Categorical(t([0.5, 0.5])).log_prob(t(2)),
    "parameter scale .* GreaterThan": lambda: Normal(t([1.0]), 0.0),
    "parameter loc .* Real": lambda: Normal(nan, 1.0),
    "within the support .Real": lambda: Normal(0.0, 1.0).log_prob(t(nan)),
    "must be a Tensor": lambda: Normal(0.0, 1.0).log_prob(0.5),
    "parameter probs .* Interval": lambda: Bernoulli(2.0),
    "parameter logits .*Real": lambda: Bernoulli(logits=t([nan])),
    "within the support .Boolean": lambda: Bernoulli(0.5).log_prob(t(0.5)),
    "but not both": lambda: Bernoulli(),
    "probs` or `logits`": lambda: Categorical(t([1.0]), t([1.0])),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_refused(message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        REFUSED[message]()


def test_checks_can_be_left_out():
    assert isinstance(Normal(0.0, -1.0, validate_args=False).log_prob(t(nan)), Tensor)
    Distribution.set_default_validate_args(False)
    try:
        Categorical(t([-1.0, 3.0]))
    finally:
        Distribution.set_default_validate_args(True)


def test_what_is_not_there_says_so():
    with pytest.raises(NotImplementedError, match="use sample"):
        Categorical(t([1.0])).rsample()
    with pytest.raises(NotImplementedError, match="p type Normal and q type Bernoulli"):
        kl_divergence(Normal(0.0, 1.0), Bernoulli(0.5))
    with pytest.raises(AttributeError, match=r"torch\.distributions\.Beta is not implemented"):
        _ = autograd.distributions.Beta
