"""autograd.autograd.functional, held against autograd.func, and against PyTorch where it is installed."""

import numpy as np
import pytest

import autograd
from autograd import func, grad, ones, tensor
from autograd.autograd import functional as F

F64 = autograd.float64


@pytest.fixture
def data():
    autograd.manual_seed(1)
    return tuple(autograd.randn(*shape, dtype=F64) for shape in ((2, 3), (3,)))


def f(x, w):
    return (x * w).tanh().sum(1)


def scalar(x, w):
    return ((x * w).tanh() ** 2).sum()


def near(a, b):
    a, b = list(func.leaves(a)), list(func.leaves(b))
    assert [tuple(x.shape) for x in a] == [tuple(y.shape) for y in b]
    for x, y in zip(a, b):
        np.testing.assert_allclose(x.detach().numpy(), y.detach().numpy(), 1e-12, 1e-12)


CALLS = [
    lambda F, x, w: F.jacobian(f, (x, w)),
    lambda F, x, w: F.jacobian(f, (x, w), vectorize=True),
    lambda F, x, w: F.jacobian(f, (x, w), vectorize=True, strategy="forward-mode"),
    lambda F, x, w: F.jacobian(lambda t: (t.sin(), t.sum()), x),
    lambda F, x, w: F.jacobian(lambda t: (t.sin(), t.sum()), x, vectorize=True, strategy="forward-mode"),
    lambda F, x, w: F.jacobian(lambda t: t.sin(), w),
    lambda F, x, w: F.hessian(scalar, (x, w)),
    lambda F, x, w: F.hessian(scalar, (x, w), vectorize=True),
    lambda F, x, w: F.hessian(lambda t: (t**3).sum(), w, vectorize=True, outer_jacobian_strategy="forward-mode"),
    lambda F, x, w: F.vjp(f, (x, w), x[:, 0] * 2),
    lambda F, x, w: F.vjp(lambda t: t.sum(), w),
    lambda F, x, w: F.jvp(f, (x, w), (x.cos(), w.sin())),
    lambda F, x, w: F.vhp(scalar, (x, w), (x.cos(), w.sin())),
    lambda F, x, w: F.hvp(scalar, (x, w), (x.cos(), w.sin())),
    lambda F, x, w: F.hvp(lambda t: (t**3).sum(), w, w),
]


@pytest.mark.parametrize("call", CALLS)
def test_values_and_forms_are_pytorchs(backend, data, call):
    torch = pytest.importorskip("torch")
    found = call(F, *data)
    expected = call(torch.autograd.functional, *[torch.from_numpy(t.numpy()) for t in data])
    assert isinstance(found, (tuple, list)) == isinstance(expected, (tuple, list))
    near(found, expected)
    assert not any(t.requires_grad for t in func.leaves(found))


def test_against_func(data):
    x, w = data
    near(F.jacobian(f, (x, w)), func.jacrev(f, (0, 1))(x, w))
    near(F.hessian(scalar, (x, w)), func.hessian(scalar, (0, 1))(x, w))


@pytest.mark.parametrize("vectorize", [False, True])
def test_create_graph_keeps_results_differentiable(data, vectorize):
    w = data[1].requires_grad_()
    (third,) = grad(F.hessian(lambda t: (t**4).sum(), w, create_graph=True, vectorize=vectorize).sum(), w)
    near(third, 24 * w)
    (slope,) = grad(F.vjp(lambda t: t**3, w, ones(3, dtype=F64), create_graph=True)[1].sum(), w)
    near(slope, 6 * w)
    (slope,) = grad(F.jvp(lambda t: t**3, w, ones(3, dtype=F64), create_graph=True)[1].sum(), w)
    near(slope, 6 * w)


def test_strict_refuses_what_is_independent():
    x, y = ones(2), ones(3)
    near(F.jacobian(lambda a, b: a * 2, (x, y))[1], autograd.zeros(2, 3))
    with pytest.raises(RuntimeError, match="independent of input 1"):
        F.jacobian(lambda a, b: a * 2, (x, y), strict=True)
    with pytest.raises(RuntimeError, match="Output 0 of the user-provided function does not require gradients"):
        F.jacobian(lambda a: ones(2), x, strict=True)
    assert F.jacobian(lambda a: ones(2), x).tolist() == [[0, 0], [0, 0]]


def test_misuse():
    x = ones(3)
    with pytest.raises(TypeError, match="inputs given to jacobian must be either a Tensor or a tuple"):
        F.jacobian(lambda t: t, 3.0)
    with pytest.raises(TypeError, match="outputs given to jacobian"):
        F.jacobian(lambda t: 3.0, x)
    with pytest.raises(RuntimeError, match="should contain a single element"):
        F.hessian(lambda t: t, x)
    with pytest.raises(RuntimeError, match="v can only be None"):
        F.vjp(lambda t: t, x)
    with pytest.raises(RuntimeError, match=r"v has invalid size: should be \[\[3\]\] but got \[\[2\]\]"):
        F.vjp(lambda t: t, x, ones(2))
    with pytest.raises(ValueError, match="strategy must be"):
        F.jacobian(lambda t: t, x, strategy="sideways")


def test_batched_gradients(backend):
    x = tensor([1.0, 2.0, 3.0], requires_grad=True)
    unused = ones(2, requires_grad=True)
    y = x**2
    basis = autograd.eye(3)
    assert grad(y, x, basis, is_grads_batched=True)[0].tolist() == [[2, 0, 0], [0, 4, 0], [0, 0, 6]]
    found = grad(y, (x, unused), basis, is_grads_batched=True, allow_unused=True)
    assert found[1] is None
    (g,) = grad(y, x, basis, is_grads_batched=True, create_graph=True)
    assert grad(g.sum(), x)[0].tolist() == [2, 2, 2]
    with pytest.raises(RuntimeError, match="appears to not have been used"):
        grad(y, unused, basis, is_grads_batched=True)
