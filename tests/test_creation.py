"""Making tensors: arguments, dtypes, errors, and PyTorch's random numbers seed for seed."""

import numpy as np
import pytest

import autograd
from autograd import Generator, ones, tensor, zeros


def both():
    """This package and PyTorch, where it is installed."""
    return autograd, pytest.importorskip("torch")


CALLS = [
    lambda m: m.zeros(2, 3),
    lambda m: m.zeros((2, 3), dtype=m.bool),
    lambda m: m.ones(size=(2,), dtype=m.int32),
    lambda m: m.zeros(()),
    lambda m: m.full((2,), 7),
    lambda m: m.full((2,), True),
    lambda m: m.full((2,), 2.5),
    lambda m: m.full((2,), m.tensor(3.0)),
    lambda m: m.full((2,), 2.9, dtype=m.int64),
    lambda m: m.full_like(m.ones(2), 3),
    lambda m: m.full_like(m.ones(2), 3, dtype=m.int8),
    lambda m: m.zeros_like(m.ones(2, 3), dtype=m.int64),
    lambda m: m.ones_like(m.tensor([1, 2])),
    lambda m: m.arange(5),
    lambda m: m.arange(5.0),
    lambda m: m.arange(end=3),
    lambda m: m.arange(start=1, end=3),
    lambda m: m.arange(1, 2.5, 0.5),
    lambda m: m.arange(5, 0, -2),
    lambda m: m.arange(0.0, 1.0, 0.1),
    lambda m: m.arange(3, dtype=m.uint8),
    lambda m: m.arange(m.tensor(4)),
    lambda m: m.arange(0.1, -7.9, -4.0, dtype=m.int64),
    lambda m: m.arange(1.0, 5.1, 2.0, dtype=m.int64),
    lambda m: m.arange(-0.9, 2.1, 2.0, dtype=m.uint8),
    lambda m: m.linspace(4.3, -3, 50, dtype=m.int64),
    lambda m: m.logspace(0, 1.2, 2, dtype=m.int32),
    lambda m: m.linspace(0, 1, 0),
    lambda m: m.linspace(3, 10, steps=5),
    lambda m: m.linspace(0, 1, 1),
    lambda m: m.linspace(0, 10, 4, dtype=m.int64),
    lambda m: m.linspace(-3.7, 1 / 3, 101),
    lambda m: m.linspace(1, -7, 100, dtype=m.float64),
    lambda m: m.linspace(m.tensor(0.0), 1, 3),
    lambda m: m.logspace(0, 2, 3),
    lambda m: m.logspace(-1, 1, 5, dtype=m.float64),
    lambda m: m.logspace(0, 4, 5, base=2),
    lambda m: m.logspace(0, 2, 3, dtype=m.int64),
    lambda m: m.eye(3),
    lambda m: m.eye(2, 3, dtype=m.int64),
    lambda m: m.eye(0),
    lambda m: m.ones(2).new_zeros(2, 3),
    lambda m: m.ones(2).new_ones((2, 3), dtype=m.int64),
    lambda m: m.ones(2).new_zeros(size=(1,)),
    lambda m: m.tensor([1]).new_full((2,), 1.5),
    lambda m: m.tensor([1]).new_tensor([1.5, 2.0]),
    lambda m: m.tensor([1.0]).new_tensor([1, 2]),
    lambda m: m.asarray([1, 2]),
    lambda m: m.asarray(3.5, dtype=m.float64),
    lambda m: m.asarray(np.arange(2.0)),
    lambda m: m.as_tensor([1, 2], dtype=m.float32),
    lambda m: m.frombuffer(bytearray(b"abcd"), dtype=m.int16, count=1, offset=2),
    lambda m: m.frombuffer(bytearray(b"abcd"), dtype=m.uint8),
]


@pytest.mark.parametrize("call", CALLS, ids=range(len(CALLS)))
def test_made_as_by_pytorch(call):
    mine, theirs = map(call, both())
    assert str(mine.dtype).split(".")[1] == str(theirs.dtype).split(".")[1]
    assert tuple(mine.shape) == tuple(theirs.shape)
    exact = mine.dtype is not autograd.float64
    np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=0 if exact else 1e-15, atol=0 if exact else 1e-15)


REFUSED = [
    (lambda m: m.eye(-1), RuntimeError, "n must be greater or equal to 0, got -1"),
    (lambda m: m.eye(2, -1), RuntimeError, "m must be greater or equal to 0, got -1"),
    (lambda m: m.linspace(0, 1, -1), RuntimeError, "number of steps must be non-negative"),
    (lambda m: m.logspace(0, 1, -1), RuntimeError, "number of steps must be non-negative"),
    (lambda m: m.arange(0, 5, 0), RuntimeError, "step must be nonzero"),
    (lambda m: m.arange(5, 0), RuntimeError, "upper bound and lower bound inconsistent with step sign"),
    (lambda m: m.arange(float("inf")), RuntimeError, "unsupported range: 0 -> inf"),
    (lambda m: m.full((2,), float("nan"), dtype=m.int64), RuntimeError, "without overflow"),
    (lambda m: m.full((-1,), 2), RuntimeError, "Trying to create tensor with negative dimension"),
    (lambda m: m.zeros(2.5), TypeError, "int"),
    (lambda m: m.zeros(2, dtype=m.int64, requires_grad=True), RuntimeError, "Only Tensors of floating point"),
    (lambda m: m.asarray(m.ones(2), dtype=m.int64, copy=False), ValueError, "can't alias"),
    (lambda m: m.frombuffer(bytearray(b"abc"), dtype=m.int16), ValueError, "must be a multiple of element size"),
    (lambda m: m.frombuffer(bytearray(), dtype=m.int16), ValueError, "must not be 0"),
    (lambda m: m.frombuffer(bytearray(b"ab"), dtype=m.int8, offset=3), ValueError, "no greater than buffer length"),
    (lambda m: m.randint(5, 5, (2,)), RuntimeError, "random_ expects 'from' to be less than 'to', but got from=5"),
    (lambda m: m.normal(0.0, 1.0), TypeError, "normal"),
    (lambda m: m.normal(m.ones(2), -1.0), RuntimeError, "normal expects std >= 0.0, but found std -1"),
    (lambda m: m.normal(m.ones(2), -m.ones(2)), RuntimeError, "normal expects all elements of std >= 0.0"),
    (lambda m: m.normal(0.0, m.ones(2), (2,)), TypeError, "normal"),
    (lambda m: m.bernoulli(m.ones(2), 2.0), RuntimeError, "bernoulli_ expects p to be in [0, 1], but got p=2"),
    (lambda m: m.multinomial(m.ones(3), 4), RuntimeError, "cannot sample n_sample > prob_dist.size(-1)"),
    (lambda m: m.multinomial(m.ones(3), 0), RuntimeError, "cannot sample n_sample <= 0 samples"),
    (lambda m: m.multinomial(-m.ones(3), 1), RuntimeError, "contains either `inf`, `nan` or element < 0"),
    (lambda m: m.multinomial(m.zeros(3), 1), RuntimeError, "invalid multinomial distribution (sum of"),
    (lambda m: m.multinomial(m.tensor([1]), 1), RuntimeError, "only supports floating-point dtypes for"),
    (lambda m: m.multinomial(m.ones(1, 1, 1), 1), RuntimeError, "prob_dist must be 1 or 2 dim"),
    (lambda m: m.ones(2).exponential_(-1.0), RuntimeError, "exponential_ expects lambda > 0.0, but found lambda=-1"),
    (lambda m: m.tensor([1]).exponential_(), RuntimeError, "dtype must be a floating point but you specified Long"),
    (lambda m: m.ones(2).geometric_(1.0), RuntimeError, "geometric_ expects p to be in (0, 1), but got p=1"),
    (lambda m: m.ones(2).cauchy_(0.0, -1.0), RuntimeError, "cauchy_ expects sigma > 0.0, but found sigma=-1"),
    (lambda m: m.ones(2).log_normal_(0.0, -1.0), RuntimeError, "log_normal_ expects std > 0.0, but found std=-1"),
    (lambda m: m.ones(2).uniform_(1.0, 0.0), RuntimeError, "uniform_ expects to return a [from, to) range"),
    (lambda m: m.ones(2).random_(5, 3), RuntimeError, "random_ expects 'from' to be less than 'to', but got from=5"),
]  # fmt: skip


@pytest.mark.parametrize("call, error, words", REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused(call, error, words):
    with pytest.raises(error) as caught:
        call(autograd)
    assert words in str(caught.value)


@pytest.mark.parametrize("call, error, words", REFUSED, ids=range(len(REFUSED)))
def test_pytorch_refuses_it_in_these_words(call, error, words):
    with pytest.raises(error) as caught:
        call(both()[1])
    assert words in str(caught.value)


DRAWS = [
    lambda m, g: m.rand_like(m.ones(20), generator=g),
    lambda m, g: m.randn_like(m.ones(20), generator=g),
    lambda m, g: m.randint_like(m.ones(5), 9, generator=g),
    lambda m, g: m.randint(9, (4,), generator=g, dtype=m.float32),
    lambda m, g: m.normal(1.0, 2.0, (20,), generator=g),
    lambda m, g: m.normal(m.arange(3.0), 2.0, generator=g),
    lambda m, g: m.normal(1.0, m.arange(20.0), generator=g),
    lambda m, g: m.normal(m.arange(3.0), m.ones(2, 3), generator=g),
    lambda m, g: m.normal(m.arange(3.0), generator=g),
    lambda m, g: m.bernoulli(m.linspace(0, 1, 50), generator=g),
    lambda m, g: m.bernoulli(m.linspace(0, 1, 50, dtype=m.float64), generator=g),
    lambda m, g: m.bernoulli(m.zeros(50), 0.3, generator=g),
    lambda m, g: m.zeros(50, dtype=m.int64).bernoulli_(m.linspace(0, 1, 50), generator=g),
    lambda m, g: m.multinomial(m.tensor([0.1, 0.2, 0.3, 0.4]), 1, generator=g),
    lambda m, g: m.multinomial(m.tensor([0.1, 0.2, 0.0, 0.4]), 3, generator=g),
    lambda m, g: m.multinomial(m.tensor([1.0, 2.0, 3.0]), 40, replacement=True, generator=g),
    lambda m, g: m.multinomial(m.ones(4, 5, dtype=m.float64), 2, generator=g),
    lambda m, g: m.multinomial(m.arange(12.0).reshape(3, 4), 9, True, generator=g),
    lambda m, g: m.multinomial(m.zeros(0, 3), 1, generator=g),
    lambda m, g: m.zeros(30).exponential_(2.0, generator=g),
    lambda m, g: m.zeros(30).cauchy_(1.0, 2.0, generator=g),
    lambda m, g: m.zeros(30).geometric_(0.3, generator=g),
    lambda m, g: m.zeros(30, dtype=m.int64).geometric_(0.3, generator=g),
    lambda m, g: m.zeros(31).log_normal_(0.3, 0.5, generator=g),
    lambda m, g: m.zeros(30, dtype=m.float64).log_normal_(generator=g),
    lambda m, g: m.zeros(6).random_(generator=g),
    lambda m, g: m.zeros(6, dtype=m.int8).random_(generator=g),
    lambda m, g: m.zeros(6, dtype=m.int64).random_(generator=g),
    lambda m, g: m.zeros(6, dtype=m.bool).random_(generator=g),
    lambda m, g: m.zeros(6, dtype=m.int64).random_(-3, 9, generator=g),
    lambda m, g: m.zeros(6).random_(9, generator=g),
]


@pytest.mark.parametrize("call", DRAWS, ids=range(len(DRAWS)))
def test_the_same_seed_gives_pytorchs_numbers(backend, call):
    """And as many are drawn: a second draw from the same generator agrees too."""
    mine, theirs = both()
    a, b = Generator().manual_seed(7), theirs.Generator().manual_seed(7)
    for _ in range(2):
        x, y = call(mine, a), call(theirs, b)
        assert str(x.dtype).split(".")[1] == str(y.dtype).split(".")[1] and tuple(x.shape) == tuple(y.shape)
        np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=2e-6, atol=2e-6)


def test_multinomial_without_pytorch_at_hand(backend):
    autograd.manual_seed(5)
    assert autograd.multinomial(tensor([0.1, 0.2, 0.3, 0.4]), 3).tolist() == [3, 2, 1]
    assert autograd.multinomial(tensor([0.1, 0.2, 0.3, 0.4]), 1).tolist() == [2]
    autograd.manual_seed(5)
    drawn = tensor([0.1, 0.2, 0.3, 0.4]).multinomial(10, replacement=True)
    assert drawn.tolist() == [3, 1, 2, 2, 1, 3, 2, 3, 3, 2]


def test_draws_follow_their_weights():
    weights = tensor([1.0, 0.0, 3.0])
    for replacement, n in ((True, 6000), (False, 1)):
        rows = weights.expand(1 if replacement else 6000, 3)
        share = (autograd.multinomial(rows, n, replacement) == 2).float().mean().item()
        assert abs(share - 0.75) < 0.03
        assert not (autograd.multinomial(rows, n, replacement) == 1).any()


def test_normal_is_outside_the_graph():
    mean = ones(3, requires_grad=True)
    assert not autograd.normal(mean, 1.0).requires_grad
    assert autograd.normal(0.0, 1.0, (2,), requires_grad=True).is_leaf


def test_fork_rng_leaves_the_default_generator_as_it_was():
    autograd.manual_seed(3)
    expected = autograd.rand(3).tolist()
    autograd.manual_seed(3)
    with pytest.raises(ZeroDivisionError), autograd.random.fork_rng():
        autograd.randn(7)
        raise ZeroDivisionError
    assert autograd.rand(3).tolist() == expected
    autograd.manual_seed(3)
    with autograd.random.fork_rng(enabled=False):
        autograd.rand(3)
    assert autograd.rand(3).tolist() != expected
    with pytest.raises(RuntimeError, match="not available"), autograd.random.fork_rng(devices=[0]):
        pass


def test_requires_grad_device_and_out():
    x = zeros(2)
    for made in (
        autograd.rand_like(x, requires_grad=True), autograd.randn_like(x, requires_grad=True, device="cpu"),
        autograd.full_like(x, 1.0, requires_grad=True), x.new_zeros(2, requires_grad=True),
        x.new_tensor([1.0], requires_grad=True), autograd.linspace(0, 1, 3, requires_grad=True),
        autograd.logspace(0, 1, 3, requires_grad=True), autograd.asarray([1.0], requires_grad=True),
        autograd.randint_like(x, 3, requires_grad=True), autograd.randint(3, (2,), dtype=x.dtype, requires_grad=True),
    ):  # fmt: skip
        assert made.requires_grad and made.is_leaf
    for make in (autograd.rand_like, autograd.zeros_like, x.new_zeros, lambda x, **k: autograd.full_like(x, 1, **k)):
        with pytest.raises(RuntimeError, match="not available"):
            make(x if make != x.new_zeros else 2, device="cuda")
    out = autograd.empty(3, dtype=autograd.float64)
    assert autograd.logspace(0, 2, 3, out=out) is out and out.tolist() == pytest.approx([1, 10, 100])
    assert autograd.normal(0.0, 0.0, (3,), out=out).tolist() == [0, 0, 0]
    picked = autograd.empty(0, dtype=autograd.int64)
    assert autograd.multinomial(tensor([0.0, 1.0]), 1, out=picked).tolist() == [1]


def test_asarray_and_frombuffer_share_memory():
    a, x = np.zeros(2, np.float32), ones(2)
    assert autograd.asarray(x) is x and autograd.asarray(x, copy=True) is not x
    autograd.asarray(a)[0] = 5.0
    autograd.asarray(a, copy=True)[1] = 7.0
    assert a.tolist() == [5, 0]
    assert autograd.asarray(x, copy=False) is x
    with pytest.raises(ValueError, match="can't alias list"):
        autograd.asarray([1.0], copy=False)
    memory = bytearray(b"abcd")
    autograd.frombuffer(memory, dtype=autograd.uint8, offset=1)[0] = 65
    assert memory == b"aAcd"
    with pytest.raises(RuntimeError, match="read-only"):
        autograd.frombuffer(b"abcd", dtype=autograd.uint8).zero_()
