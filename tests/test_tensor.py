"""What a tensor is: made from anything, its attributes, conversions, printing, copying, its dealings with NumPy."""

import copy
import io
import math
import pickle

import numpy as np
import pytest

import autograd
from autograd import from_numpy, nn, ones, tensor, zeros

# --- making -----------------------------------------------------------------------------------------------------------


def test_dtypes_are_inferred_as_pytorch_does():
    for data, dtype in (
        (1.5, "float32"),
        (1, "int64"),
        (True, "bool"),
        ([1, 2.5], "float32"),
        ([True, 2], "int64"),
        ([], "float32"),
        (np.float64(1), "float64"),
        (np.zeros(2, np.float32), "float32"),
        (np.zeros(2, np.int8), "int8"),
        ([[1], [2]], "int64"),
        (tensor([1.0], dtype=autograd.float64), "float64"),
        (range(3), "int64"),
        ((1.0, 2.0), "float32"),
    ):
        assert tensor(data).dtype.name == dtype, data
    assert autograd.Tensor([1, 2]).dtype is autograd.float32
    assert autograd.Tensor(2, 3).shape == (2, 3)
    assert tensor([1, 2], dtype=autograd.float64).dtype is autograd.float64
    assert (
        tensor([1, 2], dtype=np.float32).dtype is autograd.float32
        and tensor([1.5], dtype=float).dtype is autograd.float64
    )


def test_the_default_dtype_can_be_changed():
    autograd.set_default_dtype(autograd.float64)
    assert (
        tensor(1.5).dtype is ones(2).dtype is autograd.rand(2).dtype is (tensor([1, 2]) / 2).dtype is autograd.float64
    )
    with pytest.raises(TypeError, match="only floating-point types are supported as the default type"):
        autograd.set_default_dtype(autograd.int64)


def test_tensor_copies_and_from_numpy_shares():
    a = np.zeros(2, np.float32)
    copied, shared, same = tensor(a), from_numpy(a), autograd.as_tensor(a)
    a[0] = 1
    assert copied.tolist() == [0, 0] and shared.tolist() == same.tolist() == [1, 0]
    shared[1] = 5
    assert a[1] == 5
    assert autograd.as_tensor(a, dtype=autograd.float64).dtype is autograd.float64
    assert np.shares_memory(shared.numpy(), a)


def test_arrays_of_every_kind():
    for a in (
        np.arange(6.0)[::-1],
        np.arange(6.0).reshape(2, 3).T,
        np.arange(12.0)[::2],
        np.broadcast_to(1.5, (2, 3)),
        np.arange(3.0, dtype=">f8"),
        np.frombuffer(b"\0" + np.arange(3.0).tobytes(), np.float64, 3, 1),
        np.zeros((0, 3)),
        np.array(2.0),
        np.asfortranarray(np.ones((2, 2))),
    ):
        t = from_numpy(a)
        assert t.tolist() == a.tolist() and (t + 1).tolist() == (a + 1).tolist() and t.shape == a.shape
    record = np.zeros(3, [("a", "i1"), ("b", "f8")])["b"]
    assert (from_numpy(record) + 1).tolist() == [1, 1, 1]
    with pytest.raises(TypeError, match=r"expected np\.ndarray"):
        from_numpy([1, 2])
    with pytest.raises(TypeError, match="unsupported dtype"):
        from_numpy(np.zeros(2, np.complex64))


def test_an_array_cannot_be_resized_under_a_tensor():
    a = np.arange(4.0)
    t = from_numpy(a)
    with pytest.raises(ValueError):
        a.resize(1000)
    assert t.tolist() == [0, 1, 2, 3]


def test_a_tensor_outlives_its_array_and_an_array_its_tensor():
    t = from_numpy(np.arange(1000.0))
    a = (t + 1).numpy()
    b = ones(2).numpy()
    del t
    assert a.sum() == 500500 and b.sum() == 2
    view = autograd.arange(100_000.0)[500:502]
    assert view.tolist() == [500, 501]


def test_constants_and_ranges():
    assert zeros(2, 3).tolist() == [[0] * 3] * 2 and ones((2,)).tolist() == [1, 1] and ones(()).item() == 1
    assert autograd.full((2,), 7).dtype is autograd.int64 and autograd.full((2,), 7.0).dtype is autograd.float32
    assert autograd.arange(3).dtype is autograd.int64 and autograd.arange(0, 1, 0.25).dtype is autograd.float32
    assert autograd.arange(5, 0, -2).tolist() == [5, 3, 1] and autograd.arange(3.0).tolist() == [0, 1, 2]
    assert autograd.linspace(0, 1, 5).tolist() == [0, 0.25, 0.5, 0.75, 1] and autograd.eye(2, 3).tolist() == [
        [1, 0, 0],
        [0, 1, 0],
    ]
    assert autograd.zeros_like(tensor([1, 2])).dtype is autograd.int64
    assert autograd.ones(2, requires_grad=True).requires_grad
    with pytest.raises(RuntimeError, match="step must be nonzero"):
        autograd.arange(0, 3, 0)
    with pytest.raises(RuntimeError, match="inconsistent with step sign"):
        autograd.arange(3, 0)
    with pytest.raises(RuntimeError, match="negative dimension"):
        zeros(-1)
    with pytest.raises(TypeError):
        zeros("a")


# --- attributes and conversions ---------------------------------------------------------------------------------------


def test_attributes():
    x = autograd.zeros(2, 3, 4)
    assert (
        x.shape == (2, 3, 4)
        and x.size() == (2, 3, 4)
        and x.size(-1) == 4
        and x.ndim == x.dim() == 3
        and x.numel() == 24
    )
    assert x.stride() == (12, 4, 1) and x.stride(0) == 12 and x.is_contiguous() and x.storage_offset() == 0
    assert x.itemsize == x.element_size() == 4 and x.nbytes == 96 and len(x) == 2 and x.is_floating_point()
    assert (
        x.transpose(0, 2).stride() == (1, 4, 12)
        and not x.transpose(0, 2).is_contiguous()
        and x[1].storage_offset() == 12
    )
    assert repr(x.shape) == "autograd.Size([2, 3, 4])" and x.shape.numel() == 24
    with pytest.raises(TypeError, match=r"len\(\) of a 0-d tensor"):
        len(tensor(1.0))
    with pytest.raises(TypeError, match="iteration over a 0-d tensor"):
        list(tensor(1.0))


def test_numbers():
    assert tensor(2.5).item() == 2.5 and type(tensor([3]).item()) is int and type(tensor(True).item()) is bool
    assert float(tensor(2.5)) == 2.5 and int(tensor(2.7)) == 2 and bool(tensor(1.0)) and not tensor([0])
    assert [10, 20, 30][tensor(1)] == 20 and list(range(tensor(3))) == [0, 1, 2]
    assert f"{tensor(2.5):.2f}" == "2.50"
    with pytest.raises(RuntimeError, match="a Tensor with 2 elements cannot be converted to Scalar"):
        ones(2).item()
    for empty in (ones(2), zeros(0)):
        with pytest.raises(RuntimeError, match="is ambiguous"):
            bool(empty)
    with pytest.raises(RuntimeError, match="Boolean value of Tensor with more than one value is ambiguous"):
        bool(ones(2))
    with pytest.raises(TypeError):
        [1, 2][tensor(1.0)]


def test_iteration_and_membership():
    x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    rows = list(x)
    assert [r.tolist() for r in rows] == [[1, 2], [3, 4]] and 3.0 in x and 5.0 not in x
    a, b = x
    (a * b).sum().backward()
    assert x.grad.tolist() == [[3, 4], [1, 2]]


def test_casts():
    x = tensor([1.7, -1.7, 0.0])
    assert x.long().tolist() == x.int().tolist() == [1, -1, 0] and x.bool().tolist() == [True, True, False]
    assert x.double().dtype is autograd.float64 and x.float() is x and x.to(autograd.float32) is x
    assert (
        x.to(tensor(1)).dtype is autograd.int64
        and x.to("cpu") is x
        and x.cpu() is x
        and x.type_as(tensor(1)).dtype is autograd.int64
    )
    with pytest.raises(RuntimeError, match="not available"):
        x.to("cuda")
    w = tensor([1.0], requires_grad=True)
    (w.double() * 3).sum().backward()
    assert w.grad.dtype is autograd.float32 and w.grad.item() == 3


def test_promotion():
    for a, b, c in (
        ("bool", "bool", "bool"),
        ("bool", "uint8", "uint8"),
        ("uint8", "int8", "int16"),
        ("uint8", "int32", "int32"),
        ("int64", "float32", "float32"),
        ("float32", "float64", "float64"),
        ("int8", "int64", "int64"),
        ("int64", "bool", "int64"),
        ("float64", "int8", "float64"),
    ):
        x, y = zeros(2, dtype=getattr(autograd, a)), zeros(2, dtype=getattr(autograd, b))
        assert (x + y).dtype.name == (y + x).dtype.name == c if (a, b) != ("bool", "bool") else True
        assert autograd.promote_types(x.dtype, y.dtype).name == c
    assert (tensor([1], dtype=autograd.int32) + 1.5).dtype is autograd.float32
    assert (tensor([1, 2]) / 2).dtype is autograd.float32 and (tensor([7, -7]) // 2).tolist() == [3, -4]
    assert (tensor([-7, 7]) % 3).tolist() == [2, 1] and (tensor([True, True]).sum()).dtype is autograd.int64
    assert tensor([1], dtype=autograd.int32).sum().dtype is autograd.int64


def test_comparisons_carry_no_gradient_and_multiply():
    x = tensor([-1.0, 2.0], requires_grad=True)
    y = x * (x < 0)
    assert not (x < 0).requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [1, 0]
    assert (x == None) is False and (x != "a") is True  # noqa: E711


def test_equality_and_hash():
    a, b = tensor([1.0]), tensor([1.0])
    assert len({a, b, a}) == 2 and (a == b).all() and a in [a]


# --- NumPy ------------------------------------------------------------------------------------------------------------


def test_numpy_and_back():
    x = tensor([1.0, 2.0])
    assert (
        np.shares_memory(x.numpy(), x.numpy())
        and np.asarray(x).tolist() == [1, 2]
        and np.array(x, dtype=np.float64).dtype == np.float64
    )
    assert np.asarray(x, dtype=np.int64).tolist() == [1, 2]
    w = tensor([1.0], requires_grad=True)
    for take in (lambda: w.numpy(), lambda: np.asarray(w), lambda: np.array(w * 2)):
        with pytest.raises(
            RuntimeError,
            match=r"Can't call numpy\(\) on Tensor that requires grad. Use tensor.detach\(\).numpy\(\) instead.",
        ):
            take()
    assert w.detach().numpy().tolist() == [1] and w.numpy(force=True).tolist() == [1]
    assert np.dtype(autograd.float32) == np.float32 and np.zeros(2, dtype=autograd.int64).dtype == np.int64


def test_numpy_numbers_and_arrays_as_operands():
    x = tensor([1.0, 2.0], requires_grad=True)
    for y in (
        np.float64(2) * x,
        x * np.float64(2),
        np.array([2.0, 2.0], np.float32) * x,
        x * np.array([2.0, 2.0], np.float32),
        x * np.int64(2),
    ):
        assert isinstance(y, autograd.Tensor) and y.requires_grad and y.tolist() == [2, 4]
    assert (np.float64(2) * x).dtype is autograd.float32
    assert (np.array([1.0, 5.0]) > x).tolist() == [False, True]


# --- printing ---------------------------------------------------------------------------------------------------------

PRINTED = [
    (lambda: tensor(3), "tensor(3)"),
    (lambda: tensor([]), "tensor([])"),
    (lambda: tensor(2.5), "tensor(2.5000)"),
    (lambda: tensor([1.0, 2.0]), "tensor([1., 2.])"),
    (lambda: tensor([1.5, float("nan"), 1e-8]), "tensor([1.5000e+00,        nan, 1.0000e-08])"),
    (lambda: tensor([2.0, float("nan"), -math.inf]), "tensor([2., nan, -inf])"),
    (lambda: tensor([0.5, math.inf]), "tensor([0.5000,    inf])"),
    (lambda: tensor([1000.0, 0.5]), "tensor([1.0000e+03, 5.0000e-01])"),
    (lambda: tensor([[1, -2], [30, 4]]), "tensor([[ 1, -2],\n        [30,  4]])"),
    (lambda: tensor([True, False]), "tensor([ True, False])"),
    (lambda: tensor([1.0], dtype=autograd.float64), "tensor([1.], dtype=autograd.float64)"),
    (lambda: tensor([1], dtype=autograd.int8), "tensor([1], dtype=autograd.int8)"),
    (lambda: tensor([1.0], requires_grad=True), "tensor([1.], requires_grad=True)"),
    (lambda: tensor([0.0], requires_grad=True).exp(), "tensor([1.], grad_fn=<ExpBackward0>)"),
    (lambda: zeros(2, 0), "tensor([], size=(2, 0))"),
    (lambda: zeros(0, dtype=autograd.int64), "tensor([], dtype=autograd.int64)"),
    (lambda: zeros(0, 3, dtype=autograd.float64), "tensor([], size=(0, 3), dtype=autograd.float64)"),
    (
        lambda: autograd.arange(8.0).reshape(2, 2, 2),
        "tensor([[[0., 1.],\n         [2., 3.]],\n\n        [[4., 5.],\n         [6., 7.]]])",
    ),
    (lambda: autograd.arange(1001), "tensor([   0,    1,    2,  ...,  998,  999, 1000])"),
    (lambda: nn.Parameter(ones(1)), "Parameter containing:\ntensor([1.], requires_grad=True)"),
    (
        lambda: autograd.arange(30.0),
        "tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13.,\n"
        "        14., 15., 16., 17., 18., 19., 20., 21., 22., 23., 24., 25., 26., 27.,\n        28., 29.])",
    ),
]


@pytest.mark.parametrize("make, text", PRINTED, ids=[text[:30] for _, text in PRINTED])
def test_printing(make, text):
    assert repr(make()) == text


# --- copying ----------------------------------------------------------------------------------------------------------


def test_deepcopy_and_pickle():
    for x in (
        tensor([1.0, 2.0], requires_grad=True),
        tensor([[1, 2], [3, 4]]).t(),
        tensor(True),
        zeros(0, 2),
        nn.Parameter(ones(2)),
    ):
        again = [copy.deepcopy(x), pickle.loads(pickle.dumps(x)), copy.copy(x)]
        buffer = io.BytesIO()
        pickle.dump(x, buffer)
        for y in again:
            assert (
                type(y) is type(x)
                and y.tolist() == x.tolist()
                and y.dtype is x.dtype
                and y.requires_grad == x.requires_grad
            )
        if x.numel():
            assert again[0].data_ptr() != x.data_ptr()
    x = tensor([1.0], requires_grad=True)
    (x * 2).sum().backward()
    assert copy.deepcopy(x).grad.item() == 2
    shared = copy.deepcopy([x, x])
    assert shared[0] is shared[1]


def test_only_leaves_are_copied():
    y = tensor([1.0], requires_grad=True) * 2
    with pytest.raises(
        RuntimeError,
        match=r"Only Tensors created explicitly by the user \(graph leaves\) support the deepcopy protocol",
    ):
        copy.deepcopy(y)
    with pytest.raises(RuntimeError, match="detach"):
        pickle.dumps(y)
    assert copy.deepcopy(y.detach()).item() == 2


# --- choices of gradient ----------------------------------------------------------------------------------------------

INF, NAN = math.inf, math.nan
CHOICES = [
    ("sqrt at 0", lambda x: x.sqrt(), [0.0, 4.0], [INF, 0.25]),
    ("x ** 0.5 at 0", lambda x: x**0.5, [0.0, 4.0], [INF, 0.25]),
    ("abs at 0", lambda x: x.abs(), [0.0, -2.0], [0, -1]),
    ("relu at 0", lambda x: autograd.relu(x), [0.0, 2.0, -1.0], [0, 1, 0]),
    ("std of a constant", lambda x: x.std(), [2.0, 2.0, 2.0], [0, 0, 0]),
    ("max over everything", lambda x: x.max(), [1.0, 3.0, 3.0], [0, 0.5, 0.5]),
    ("min over everything", lambda x: x.min(), [1.0, 1.0, 3.0], [0.5, 0.5, 0]),
    ("amax", lambda x: x.amax(0), [3.0, 3.0, 3.0], [1 / 3] * 3),
    ("amin", lambda x: x.amin(0), [3.0, 1.0, 1.0], [0, 0.5, 0.5]),
    ("max(dim)", lambda x: x.max(0).values, [1.0, 3.0, 3.0], [0, 1, 0]),
    ("min(dim)", lambda x: x.min(0).values, [1.0, 1.0, 3.0], [1, 0, 0]),
    ("maximum", lambda x: autograd.maximum(x, tensor([1.0, 1.0, 1.0])), [0.0, 1.0, 2.0], [0, 0.5, 1]),
    ("minimum", lambda x: autograd.minimum(x, tensor([1.0, 1.0, 1.0])), [0.0, 1.0, 2.0], [1, 0.5, 0]),
    ("clamp at its edge", lambda x: x.clamp(-1, 1), [-1.0, 1.0, 2.0, -2.0], [1, 1, 0, 0]),
    ("prod with one zero", lambda x: x.prod(), [0.0, 2.0, 3.0], [6, 0, 0]),
    ("prod with two zeros", lambda x: x.prod(), [0.0, 0.0, 3.0], [0, 0, 0]),
    ("leaky_relu at 0", lambda x: nn.functional.leaky_relu(x, 0.1), [0.0], [0.1]),
    ("where avoids the branch not taken", lambda x: autograd.where(x > 0, x.log(), 0.0), [0.0, 2.0, -1.0], [0, 0.5, 0]),
    ("where avoids the root not taken", lambda x: autograd.where(x > 0, x.sqrt(), 0.0), [0.0, 4.0], [0, 0.25]),
    ("where avoids the division not done", lambda x: autograd.where(x != 0, 1 / x, 0.0), [0.0, 2.0], [0, -0.25]),
    ("where avoids the power not taken", lambda x: autograd.where(x > 0, x**-0.5, 0.0), [0.0, 4.0], [0, -1 / 16]),
    ("where avoids the rsqrt not taken", lambda x: autograd.where(x > 0, x.rsqrt(), 0.0), [0.0, 4.0], [0, -1 / 16]),
    ("x ** 0", lambda x: x**0, [0.0, 2.0], [0, 0]),
    ("x ** 2 at 0", lambda x: x**2, [0.0, 2.0], [0, 4]),
    ("logsumexp with -inf", lambda x: x.logsumexp(0), [-INF, 0.0], [0, 1]),
]  # fmt: skip


@pytest.mark.parametrize("name, function, at, expected", CHOICES, ids=[c[0] for c in CHOICES])
def test_choices_of_gradient(backend, name, function, at, expected):
    x = tensor(at, requires_grad=True)
    y = function(x).sum()
    (fused,) = autograd.grad(y, x, retain_graph=True)
    (composed,) = autograd.grad(y, x, create_graph=True)
    assert fused.tolist() == pytest.approx(expected, nan_ok=True)
    assert composed.tolist() == pytest.approx(expected, nan_ok=True)


def test_losses_of_nothing():
    x = tensor([[1.0, 2.0]], requires_grad=True)
    loss = nn.functional.cross_entropy(x, tensor([-100]))
    assert math.isnan(loss.item())
    assert math.isnan(zeros(0).mean().item()) and zeros(0).sum().item() == 0 and zeros(0).prod().item() == 1
    assert autograd.softmax(tensor([-INF, -INF]), 0).tolist() == pytest.approx([NAN, NAN], nan_ok=True)


def test_std_of_one_element_warns():
    with pytest.warns(UserWarning, match="degrees of freedom is <= 0"):
        assert math.isnan(ones(1).std().item())
    x = ones(1, requires_grad=True)
    with pytest.warns(UserWarning):
        x.std().backward()
    assert math.isnan(x.grad.item())


def test_strict_ieee_gives_nan_where_pytorch_does(backend):
    def gradients():
        found = []
        for function in (
            lambda x: x.log(),
            lambda x: x.sqrt(),
            lambda x: 1 / x,
            lambda x: x**-0.5,
            lambda x: x.rsqrt(),
            lambda x: x.reciprocal(),
        ):
            x = tensor([0.0], requires_grad=True)
            autograd.where(x > 0, function(x), 0.0).sum().backward()
            found.append(x.grad.item())
        return found

    assert gradients() == [0] * 6
    autograd.set_strict_ieee(True)
    assert autograd.is_strict_ieee() and gradients() == pytest.approx([NAN] * 6, nan_ok=True)
    autograd.set_strict_ieee(False)
    assert gradients() == [0] * 6


def test_double_backward_of_a_guarded_product_stays_linear():
    """A jvp by differentiating a vjp twice: the gradient arriving is the variable, and it is 0."""
    x = tensor([4.0, 9.0], dtype=autograd.float64, requires_grad=True)
    u = zeros(2, dtype=autograd.float64, requires_grad=True)
    (vjp,) = autograd.grad(x.sqrt(), x, u, create_graph=True)
    (jvp,) = autograd.grad(vjp, u, ones(2, dtype=autograd.float64))
    assert jvp.tolist() == pytest.approx([0.25, 1 / 6])


@pytest.mark.parametrize(
    "make",
    [
        lambda: autograd.Tensor(-1),
        lambda: autograd.Tensor(2, -1),
        lambda: autograd.rand(-1),
        lambda: autograd.randint(3, (2, -1)),
    ],
)
def test_negative_sizes(make):
    with pytest.raises(RuntimeError, match="negative dimension"):
        make()


def test_random_floats_need_floats():
    with pytest.raises(RuntimeError, match="floating-point"):
        zeros(2, dtype=autograd.int64).uniform_()
