"""Clipping gradients: against PyTorch's own, the kernels against their twins, what must fail."""

import math

import numpy as np
import pytest
from kernel_cases import Guarded
from support import C_MACHINES, on

import autograd
from autograd.backend import K, observe
from autograd.nn import utils
from autograd.storage import empty, from_numpy

SHAPES = [(3, 4), (1,), (), (70,), (0, 3), (1000,)]


def parameters(m, dtypes=("float32",), size: float = 1.0) -> list:
    """Parameters with gradients, in turn of the dtypes, and one without."""
    rng = np.random.default_rng(0)
    made = [m.ones(2, requires_grad=True)]
    for i, shape in enumerate(SHAPES):
        g = np.asarray(size * rng.standard_normal(shape), dtypes[i % len(dtypes)])
        p = m.zeros(shape, dtype=getattr(m, g.dtype.name), requires_grad=True)
        p.grad = m.tensor(g)
        made.append(p)
    return made


def grads(params: list) -> list[np.ndarray]:
    return [np.array(p.grad.tolist(), str(p.dtype).split(".")[1]) for p in params if p.grad is not None]


@pytest.mark.parametrize("dtypes", [("float32",), ("float64",), ("float32", "float64")], ids=str)
@pytest.mark.parametrize("order", [2, 2.0, 1, 3.5, 0, math.inf])
@pytest.mark.parametrize("most", [0.5, 1e6])
def test_the_norm_is_clipped_as_in_pytorch(backend, dtypes, order, most):
    torch = pytest.importorskip("torch")
    found = []
    for m in (autograd, torch):
        params = parameters(m, dtypes)
        if order == math.inf:
            params = [p for p in params if p.numel()]
        total = m.nn.utils.clip_grad_norm_(params, most, order)
        found.append((str(total.dtype).split(".")[1], total.item(), grads(params)))
    (dtype, total, mine), (dtype_there, total_there, theirs) = found
    assert dtype == dtype_there and total == pytest.approx(total_there, rel=1e-6)
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6 if a.dtype == np.float32 else 1e-6)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_norm_that_is_not_finite(backend, value):
    torch = pytest.importorskip("torch")
    found = []
    for m in (autograd, torch):
        params = parameters(m)
        params[1].grad[0, 0] = value
        with pytest.raises(RuntimeError, match=r"The total norm of order 2.0 for gradients .* is non-finite"):
            m.nn.utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
        assert np.isfinite(grads(params)[3]).all()
        m.nn.utils.clip_grad_norm_(params, 1.0)
        found.append(grads(params))
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_values_are_clipped_as_in_pytorch(backend):
    torch = pytest.importorskip("torch")
    found = []
    for m in (autograd, torch):
        params = parameters(m)
        m.nn.utils.clip_grad_value_(params, 0.3)
        found.append(grads(params))
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_large_norm_does_not_overflow(backend):
    params = parameters(autograd, size=1e25)
    exact = math.sqrt(math.fsum((g.astype(np.float64) ** 2).sum() for g in grads(params)))
    assert utils.get_total_norm([p.grad for p in params[1:]]).item() == pytest.approx(exact, rel=1e-7)
    utils.clip_grad_norm_(params, 1.0)
    assert utils.get_total_norm([p.grad for p in params[1:]]).item() == pytest.approx(1.0, rel=1e-6)


def test_one_kernel_call_per_dtype(backend):
    params, calls = parameters(autograd, ("float32", "float64")), []
    with observe(lambda name, args, kwargs: calls.append(name)):
        utils.clip_grad_norm_(params, 0.5)
    assert calls.count("list_squares") == calls.count("list_scale") == 2


def test_gradients_in_any_layout(backend):
    p = autograd.zeros(4, 3, requires_grad=True)
    p.grad = autograd.tensor(np.arange(12.0, dtype=np.float32).reshape(3, 4)).T
    q = autograd.zeros(3, requires_grad=True)
    q.grad = autograd.ones(1).expand(3)
    assert utils.clip_grad_norm_(p, 1.0).item() == pytest.approx(math.sqrt(506))
    np.testing.assert_allclose(p.grad.numpy(), np.arange(12.0).reshape(3, 4).T / math.sqrt(506), rtol=1e-6)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        utils.clip_grad_norm_(q, 1.0)


def test_clipping_counts_as_a_write():
    x = autograd.ones(3, requires_grad=True)
    (x * 5).sum().backward()
    y = (x.grad * x).sum()
    utils.clip_grad_norm_(x, 1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_the_norm_may_be_a_number_or_of_another_dtype(backend):
    for total in (10.0, autograd.tensor(10.0, dtype=autograd.float64), autograd.tensor([10])):
        p = autograd.ones(2, requires_grad=True)
        (p * 5).sum().backward()
        utils.clip_grads_with_norm_(p, 1.0, total)
        np.testing.assert_allclose(p.grad.numpy(), 0.5, rtol=1e-6)


def test_nothing_to_clip(backend):
    assert utils.clip_grad_norm_([], 1.0).item() == 0.0
    assert utils.clip_grad_norm_([autograd.ones(2, requires_grad=True)], 1.0).item() == 0.0
    with pytest.warns(UserWarning, match="empty generator"):
        utils.clip_grad_norm_((p for p in []), 1.0)


@pytest.mark.parametrize("isa", C_MACHINES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_kernels_equal_their_twins(isa, dtype):
    rng = np.random.default_rng(0)
    values = [rng.standard_normal(n).astype(dtype) for n in (0, 1, 3, 17, 66, 1000, 70_001)]
    results = []
    for machine in ("numpy", isa):
        guards = [Guarded(v, 3) for v in values]
        with on(machine):
            arrays = [from_numpy(g.view) for g in guards]
            squares, norm, factor = from_numpy(np.ones(1)), from_numpy(np.ones((), dtype)), from_numpy(np.ones(()))
            K.list_squares(squares, arrays)
            K.root_sum(norm, squares)
            K.clip_factor(factor, norm, 0.7)
            K.list_scale(arrays, factor)
        assert all(g.intact() for g in guards)
        results.append(([a.numpy().item() for a in (squares, norm, factor)], [g.view.copy() for g in guards]))
    assert results[1][0] == pytest.approx(results[0][0], rel=1e-14 if dtype == np.float64 else 1e-7)
    for a, b in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.skipif(not C_MACHINES, reason="the C kernels are not built")
def test_the_norm_does_not_depend_on_the_number_of_threads():
    g = autograd.tensor(np.random.default_rng(0).standard_normal(1_000_003).astype(np.float32))
    with on(C_MACHINES[-1]):
        found = set()
        for threads in (1, 2, 3):
            autograd.set_num_threads(threads)
            squares = empty((), autograd.float64)
            K.list_squares(squares, [g._array])
            found.add(squares.numpy().item())
    assert len(found) == 1
