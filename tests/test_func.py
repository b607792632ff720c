"""autograd.func: gradients, jacobians and vmap, held against loops, finite differences and each other."""

import warnings

import numpy as np
import pytest
from opdb import DIFFERENTIABLE, arrays_of, outputs_of

import autograd
from autograd import func, nn, no_grad, ones, tensor
from autograd.func import (
    functional_call,
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    stack_module_state,
    vjp,
    vmap,
)  # fmt: skip

F64 = autograd.float64


def near(a, b, tolerance=1e-10):
    for x, y in zip(func.leaves(a), func.leaves(b), strict=True):
        assert x.shape == y.shape
        np.testing.assert_allclose(x.detach().numpy(), y.detach().numpy(), tolerance, tolerance)


def net(x, w, b):
    return (x @ w + b).tanh()


@pytest.fixture
def data():
    autograd.manual_seed(0)
    return [autograd.randn(*shape, dtype=F64) for shape in ((6, 3), (3, 4), (4,))]


# --- vmap -------------------------------------------------------------------------------------------------------------


def loop(f, *args):
    rows = [f(*[a[i] for a in args]) for i in range(args[0].shape[0])]
    if isinstance(rows[0], tuple):
        return tuple(autograd.stack(column) for column in zip(*rows))
    return autograd.stack(rows)


def varied(a: np.ndarray) -> np.ndarray:
    if a.dtype.kind != "f":
        return np.stack([a, a, a])
    return np.stack([a, a * a.dtype.type(0.99), a * a.dtype.type(0.98)])


ROWS = [row for row in DIFFERENTIABLE if row.name != "as_strided"]  # which counts from the start of the memory


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_vmap_is_the_loop_over_examples(backend, row):
    for sample in row.made("float64")[:3]:
        arrays = [i for i, a in enumerate(sample.args) if isinstance(a, np.ndarray)]
        if (
            not arrays
            or any(isinstance(a, (list, tuple)) and arrays_of(a) for a in sample.args)
            or arrays_of(list(sample.kwargs.values()))
        ):
            continue

        def f(*examples, sample=sample, arrays=arrays):
            args = list(sample.args)
            for i, x in zip(arrays, examples):
                args[i] = x
            autograd.manual_seed(0)
            return tuple(outputs_of(row.function(autograd)(*args, **sample.kwargs)))

        stacked = [autograd.from_numpy(varied(sample.args[i])) for i in arrays]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = loop(f, *stacked)
            found = vmap(f, randomness="same")(*stacked)
        for x, y in zip(found, expected, strict=True):
            assert x.shape == y.shape and x.dtype == y.dtype
            np.testing.assert_allclose(x.numpy(), y.numpy(), 1e-12, 1e-12)


def test_dims_of_inputs_and_results():
    x = autograd.arange(24.0).reshape(2, 3, 4)
    assert autograd.equal(vmap(lambda t: t * 2, in_dims=1, out_dims=1)(x), x * 2)
    assert vmap(lambda t: t.sum(0), in_dims=-1)(x).shape == (4, 3)
    assert vmap(lambda t, u: (t + u, t), in_dims=(0, None), out_dims=(1, 0))(x, x[0])[0].shape == (3, 2, 4)
    near(vmap(vmap(lambda t: t.sum()))(x), x.sum(2))
    near(vmap(lambda t, u: t @ u, in_dims=(0, None))(x, x[0].T), x @ x[0].T)
    near(vmap(lambda d: d["a"] * d["b"][0], in_dims=({"a": 0, "b": 0},))({"a": x, "b": [x]}), x * x)
    near(vmap(lambda t, *, scale: t * scale)(x, scale=autograd.tensor([1.0, 10.0])), x * tensor([[[1.0]], [[10.0]]]))
    assert vmap(lambda t: ones(2))(x).tolist() == [[1, 1], [1, 1]]


def test_chunks_and_no_examples():
    x = autograd.arange(12.0).reshape(6, 2)
    for size in (1, 4, 6, 10):
        near(vmap(lambda t: (t.sum(), t * 2), chunk_size=size)(x), (x.sum(1), x * 2))
    assert vmap(lambda t: t.exp().sum())(ones(0, 3)).shape == (0,)


def test_what_reads_values_goes_through_the_examples():
    def f(x):
        return x * 2 if x.sum() > 0 else x * 3

    x = tensor([[1.0, 2.0], [-1.0, -2.0]])
    with pytest.warns(UserWarning, match="gone through one by one"):
        assert vmap(f)(x).tolist() == [[2, 4], [-3, -6]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vmap(f)(x)


def test_randomness():
    x = autograd.zeros(4, 3)

    def f(t):
        return t + autograd.rand(3)

    with pytest.raises(RuntimeError, match="randomness error mode"):
        vmap(f)(x)
    same = vmap(f, randomness="same")(x)
    assert (same == same[0]).all() and len(set(same[0].tolist())) == 3
    assert len(set(vmap(f, randomness="different")(x).flatten().tolist())) == 12
    masks = vmap(lambda t: nn.functional.dropout(t, 0.5), randomness="different")(ones(8, 30))
    assert len({tuple(row) for row in masks.tolist()}) == 8
    with pytest.raises(RuntimeError, match="Only allowed values for randomness"):
        vmap(f, randomness="some")


def test_writes_in_place():
    def f(x):
        y = x * 2
        y[0] = 5.0
        return y.add_(1.0)

    x = autograd.arange(6.0).reshape(3, 2)
    assert vmap(f)(x).tolist() == [[6, 3], [6, 7], [6, 11]]
    shared = autograd.zeros(2)
    with pytest.raises(RuntimeError, match="would write the values of many examples"):
        vmap(lambda t: shared.add_(t))(x)
    assert shared.tolist() == [0, 0]


def test_misuse_of_vmap():
    x = ones(2, 3)
    with pytest.raises(ValueError, match=r"same size in the mapped dimension, got sizes \[2, 3\]"):
        vmap(lambda a, b: a)(x, ones(3))
    with pytest.raises(ValueError, match=r"Got in_dim=2 for some input.*dimensionality 2"):
        vmap(lambda a: a, in_dims=2)(x)
    with pytest.raises(ValueError, match="in_dims is not compatible"):
        vmap(lambda a, b: a, in_dims=(0,))(x, x)
    with pytest.raises(ValueError, match="at least one of the inputs"):
        vmap(lambda a: a, in_dims=None)(x)
    with pytest.raises(ValueError, match="must only return Tensors, got type float"):
        vmap(lambda a: 1.0)(x)
    with pytest.raises(ValueError, match="chunk_size should be None or greater than 0"):
        vmap(lambda a: a, chunk_size=0)
    with pytest.raises(RuntimeError, match=r"backward\(\) within vmap"):
        vmap(lambda a: (a.requires_grad_() * 1).sum().backward())(x)
    assert not autograd.storage.levels and (x + 1).tolist() == [[2] * 3] * 2


def test_gradients_flow_through_vmap(data):
    x, w, b = [t.requires_grad_() for t in data]

    def through(x, w, b):
        return vmap(net, in_dims=(0, None, None))(x, w, b)

    assert autograd.gradcheck(through, (x, w, b))
    assert autograd.gradgradcheck(through, (x, w, b))
    assert autograd.gradcheck(lambda x, w: vmap(vmap(lambda t: (t * w[0, 0]).sin()))(x), (x, w))
    closed = vmap(lambda row: net(row, w, b))(x)
    near(autograd.grad(closed.sum(), (x, w, b)), autograd.grad(net(x, w, b).sum(), (x, w, b)))


# --- gradients --------------------------------------------------------------------------------------------------------


def test_grad_and_its_kin(data):
    x, w, b = data
    loss = lambda w, b: (net(x, w, b) ** 2).sum()  # noqa: E731
    expected = autograd.grad(loss(w.requires_grad_(), b.requires_grad_()), (w, b))
    w, b = w.detach(), b.detach()
    assert not grad(loss)(w, b).requires_grad
    near(grad(loss, argnums=(0, 1))(w, b), expected)
    near(grad(loss, argnums=-1)(w, b), expected[1])
    near(grad_and_value(loss)(w, b), (expected[0], loss(w, b)))
    near(grad(lambda p: loss(p["w"], p["b"]))({"w": w, "b": b})["w"], expected[0])
    found, aux = grad(lambda w: (loss(w, b), {"w": w * 2}), has_aux=True)(w)
    near((found, aux["w"]), (expected[0], w * 2))
    assert not aux["w"].requires_grad
    with no_grad():
        near(grad(loss)(w, b), expected[0])


def test_what_a_gradient_depends_on_stays_connected():
    w = tensor(3.0, requires_grad=True)
    g = grad(lambda x: x * x * w)(tensor(2.0))
    assert g.requires_grad
    g.backward()
    assert w.grad.item() == 4
    x = tensor(2.0, requires_grad=True)
    grad(lambda t: t**3)(x).backward()
    assert x.grad.item() == 12


def test_nesting():
    assert grad(grad(grad(lambda x: x**4)))(tensor(2.0)).item() == 48
    x = autograd.linspace(-1, 1, 5, dtype=F64)
    near(vmap(grad(grad(lambda t: t.sin())))(x), -x.sin())
    near(grad(lambda t: vmap(lambda u: u.sin())(t).sum())(x), x.cos())
    near(vmap(lambda t: jvp(lambda u: u**3, (t,), (ones((), dtype=F64),))[1])(x), 3 * x**2)
    near(vmap(hessian(lambda t: t**3))(x), 6 * x)


def test_gradients_of_each_example(data):
    x, w, b = data
    each = vmap(grad(lambda w, row: (net(row, w, b) ** 2).sum()), in_dims=(None, 0))(w, x)
    near(each, autograd.stack([grad(lambda w, row=row: (net(row, w, b) ** 2).sum())(w) for row in x]))


def test_vjp_and_jvp(data):
    x, w, b = data
    y, back = vjp(net, x, w, b)
    v = autograd.randn(*y.shape, dtype=F64)
    leaves = [t.detach().requires_grad_() for t in data]
    near(back(v), autograd.grad(net(*leaves), leaves, v))
    tangents = tuple(autograd.randn(*t.shape, dtype=F64) for t in data)
    y, forward = jvp(net, (x, w, b), tangents)
    step = 1e-6
    moved = [net(*[t + s * step * d for t, d in zip(data, tangents)]) for s in (1, -1)]
    near(forward, (moved[0] - moved[1]) / (2 * step), 1e-7)
    near(linearize(net, x, w, b)[1](*tangents), forward)
    assert not y.requires_grad and not forward.requires_grad
    _, back, aux = vjp(lambda t: ((t * 2, t * 3), t), x, has_aux=True)
    assert autograd.equal(aux, x)
    near(back((ones(6, 3, dtype=F64), ones(6, 3, dtype=F64)))[0], ones(6, 3, dtype=F64) * 5)


@pytest.mark.parametrize("jacobian", [jacrev, jacfwd])
def test_jacobians(backend, data, jacobian):
    x, w, b = data
    expected = autograd.stack(
        [autograd.stack([grad(lambda t, i=i, j=j: net(x, t, b)[i, j])(w) for j in range(4)]) for i in range(6)]
    )
    near(jacobian(net, argnums=1)(x, w, b), expected)
    near(jacobian(net, argnums=1, chunk_size=5)(x, w, b), expected)
    pair = jacobian(lambda x, w: (x @ w, {"s": x.sum()}), argnums=(0, 1))(x, w)
    assert pair[0][1].shape == (6, 4, 3, 4) and pair[1]["s"][0].shape == (6, 3)
    found, aux = jacobian(lambda t: (t**2, t), has_aux=True)(b)
    near((found, aux), (autograd.diag(2 * b), b))
    assert jacobian(lambda t: t * 2)(tensor(1.0)).item() == 2
    w.requires_grad_()
    assert jacobian(lambda t: t @ w)(x).requires_grad
    assert not jacobian(lambda t: t @ w.detach())(x).requires_grad


def test_hessian(data):
    _, w, b = data

    def f(w, b):
        return (w.sin() @ b).exp().sum()

    expected = autograd.stack([grad(lambda t, i=i: grad(f, 1)(w, t)[i])(b) for i in range(4)])
    near(hessian(f, 1)(w, b), expected)
    near(jacrev(jacfwd(f, 1), 1)(w, b), expected)
    assert hessian(f, (0, 1))(w, b)[0][1].shape == (3, 4, 4)


def test_misuse_of_gradients():
    x = ones(3)
    with pytest.raises(RuntimeError, match=r"to return a scalar tensor, got tensor with 1 dims. Did you forget"):
        grad(lambda t: t * 2)(x)
    with pytest.raises(RuntimeError, match="to return tensor, got float"):
        grad(lambda t: 1.0)(x)
    with pytest.raises(RuntimeError, match="got argnum=1, but the function is called with 1 positional"):
        grad(lambda t: t.sum(), argnums=1)(x)
    with pytest.raises(RuntimeError, match=r"should be a tuple: \(output, aux\)"):
        grad(lambda t: t.sum(), has_aux=True)(x)
    with pytest.raises(RuntimeError, match="floating-point dtype"):
        grad(lambda t: t.sum())(tensor([1]))
    with pytest.raises(RuntimeError, match="Expected primals and tangents to be tuples"):
        jvp(lambda t: t, x, x)
    with pytest.raises(RuntimeError, match="does not depend on primals"):
        jvp(lambda t: ones(2), (x,), (x,), strict=True)


# --- modules ----------------------------------------------------------------------------------------------------------


def test_functional_call_and_ensembles():
    autograd.manual_seed(0)
    models = [nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2)) for _ in range(4)]
    x = autograd.randn(7, 3)
    parameters, buffers = stack_module_state(models)
    base = models[0]
    found = vmap(lambda p, b: functional_call(base, (p, b), (x,)))(parameters, buffers)
    near(found, autograd.stack([m(x) for m in models]), 1e-6)
    own = dict(base.named_parameters())
    found.sum().backward()
    assert parameters["0.weight"].grad.shape == (4, 5, 3)
    assert all(p is own[n] and p.grad is None for n, p in base.named_parameters())
    gradient = grad(lambda p: functional_call(base, p, x).sum())({n: p.detach() for n, p in own.items()})
    base(x).sum().backward()
    near([gradient[n] for n in own], [p.grad for p in own.values()], 1e-6)
    with pytest.raises(RuntimeError, match=r"no parameters or buffers named \['nothing'\]"):
        functional_call(base, {"nothing": x}, x)
    with pytest.raises(RuntimeError, match="Missing key"):
        functional_call(base, {}, x, strict=True)
