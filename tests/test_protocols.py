"""NumPy's functions on tensors, DLPack, the buffer protocol."""

import sys

import numpy as np
import pytest

import autograd
from autograd import Tensor, from_dlpack, ones, tensor


@pytest.fixture
def x():
    return tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)


A = np.array([[0.5, 1.5], [2.5, 3.5]], np.float32)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.float64(2) * x,
        lambda x: np.float32(2) - x,
        lambda x: A * x,
        lambda x: x / A,
        lambda x: A @ x,
        lambda x: np.exp(x),
        lambda x: np.arctan2(x, A),
        lambda x: np.add(x, 1),
        lambda x: np.power(x, 2),
        lambda x: np.maximum(x, A),
        lambda x: np.minimum(2.5, x),
        lambda x: np.matmul(x, A),
        lambda x: np.sum(x),
        lambda x: np.sum(x, axis=1, keepdims=True),
        lambda x: np.mean(x, 0),
        lambda x: np.max(x, axis=0),
        lambda x: np.var(x, ddof=1),
        lambda x: np.std(x, axis=1),
        lambda x: np.add.reduce(x),
        lambda x: np.multiply.reduce(x, axis=1),
        lambda x: np.dot(x, A),
        lambda x: np.dot(A, x),
        lambda x: np.concatenate([x, A]),
        lambda x: np.stack([A, x], axis=1),
        lambda x: np.transpose(x),
        lambda x: np.reshape(x, (4,)),
        lambda x: np.clip(x, 1.5, 3.5),
        lambda x: np.where(x > 2, x, 0.0),
        lambda x: np.einsum("ij,jk->ik", x, A),
        lambda x: np.cumsum(x, axis=0),
        lambda x: np.broadcast_to(x, (3, 2, 2)),
    ],
)
def test_numpys_functions_stay_on_the_tape(backend, x, call):
    y = call(x)
    assert isinstance(y, Tensor) and y.requires_grad
    np.testing.assert_allclose(y.detach().numpy(), call(x.detach().numpy()), 2e-6)
    assert y.dtype is autograd.float32
    y.sum().backward()
    assert x.grad.shape == x.shape


def test_comparisons_and_shapes(x):
    assert (x > A).tolist() == [[True, True], [True, True]]
    assert np.isnan(x).dtype is autograd.bool
    assert np.shape(x) == (2, 2) and np.ndim(x) == 2 and np.size(x) == 4
    assert int(np.argmax(x)) == 3 and np.argmax(x, 1).tolist() == [1, 1]
    assert not np.zeros_like(x).requires_grad


def test_in_place_operators_of_arrays(x):
    a = A.copy()
    a += x.detach()
    assert isinstance(a, np.ndarray) and a[0, 0] == 1.5
    with pytest.raises(TypeError, match="no counterpart here"):
        a += x


def test_other_functions_give_arrays_or_refuse(x):
    found = np.median(x.detach())
    assert isinstance(found, np.generic) and found == 2.5
    assert isinstance(np.add.accumulate(x.detach()), np.ndarray)
    with pytest.raises(TypeError, match=r"np.fft|np.hypot|np.median has no counterpart here"):
        np.median(x)
    with pytest.raises(TypeError, match=r"np.add has no counterpart here \(with these arguments\)"):
        np.add(x, 1, where=np.array([True, False]))
    with pytest.raises(TypeError, match="out= must be an array"):
        np.add(x.detach(), 1, out=ones(2, 2))


def test_functions_of_numbers_given_by_numpy_users_differentiate():
    def f(w):
        return np.tanh(np.dot(A, w)).sum()

    w = tensor([0.3, -0.2], requires_grad=True)
    f(w).backward()
    slope = A.T @ (1 - np.tanh(A @ w.detach().numpy()) ** 2)
    np.testing.assert_allclose(w.grad.numpy(), slope, 1e-5)


def test_dlpack_shares_memory_both_ways():
    x = tensor([1.0, 2.0])
    a = np.from_dlpack(x)
    a[0] = 5.0
    assert x.tolist() == [5, 2]
    y = from_dlpack(a)
    y[1] = 7.0
    assert x.tolist() == [5, 7]
    with pytest.raises(BufferError, match="Can't export tensors that require gradient"):
        np.from_dlpack(ones(2, requires_grad=True))
    with pytest.raises(TypeError, match="list has no __dlpack__"):
        from_dlpack([1.0])


def test_dlpack_with_pytorch():
    torch = pytest.importorskip("torch")
    x = tensor([[1.0, 2.0], [3.0, 4.0]]).t()
    t = torch.from_dlpack(x)
    t[0, 1] = 9.0
    assert x.tolist() == [[1, 9], [2, 4]]
    u = torch.arange(4)
    y = from_dlpack(u)
    y[2] = 40
    assert u.tolist() == [0, 1, 40, 3] and y.dtype is autograd.int64


@pytest.mark.skipif(sys.version_info < (3, 12), reason="classes have had buffers since Python 3.12")
def test_the_buffer_protocol():
    assert memoryview(tensor([1.0, 2.0])).tolist() == [1, 2]
