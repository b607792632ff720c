"""dtypes: what they can hold, ``to`` in all its forms, float16 as a type to store in, names that are refused."""

import copy
import itertools
import pickle
from dataclasses import replace

import numpy as np
import pytest
from opdb import ROWS, Sample, map_arrays, outputs_of
from support import leaves, same, tensors, values

import autograd
from autograd import dtypes, nn, optim, tensor
from autograd.ops import arithmetic, choice, exponential, rounding, trigonometry

F = nn.functional


# --- what a dtype can hold --------------------------------------------------------------------------------------------


def test_finfo_and_iinfo():
    info = autograd.finfo(autograd.float16)
    assert (info.max, info.min, info.eps, info.bits) == (65504.0, -65504.0, 2.0**-10, 16)
    assert autograd.finfo() == autograd.finfo(autograd.float32) != autograd.finfo(autograd.float64)
    info = autograd.iinfo(autograd.int8)
    assert (info.min, info.max, info.bits) == (-128, 127, 8)
    with pytest.raises(TypeError, match=r"finfo\(\) requires a floating point input type. Use iinfo"):
        autograd.finfo(autograd.int32)
    for d in (autograd.float32, autograd.bool):
        with pytest.raises(TypeError, match=r"iinfo\(\) requires an integer input type. Use finfo"):
            autograd.iinfo(d)


def test_the_default_dtype_is_what_floats_become():
    for d in (autograd.float64, autograd.float16):
        autograd.set_default_dtype(d)
        assert autograd.get_default_dtype() is d
        for t in (tensor(1.5), autograd.zeros(2), tensor([1, 2]) / 2, tensor([1]) * 1.5, autograd.Tensor([1])):
            assert t.dtype is d
    with pytest.raises(TypeError, match="only floating-point types are supported as the default type"):
        autograd.set_default_dtype(autograd.int64)


def test_questions_about_tensors():
    x = tensor([[1.0, 2.0]])
    assert autograd.is_tensor(x) and not autograd.is_tensor(x.numpy())
    assert autograd.is_floating_point(x) and not autograd.is_floating_point(x.long())
    assert not (autograd.is_complex(x) or x.is_complex())
    assert autograd.is_signed(x) and x.int().is_signed() and not x.bool().is_signed()
    assert autograd.numel(x) == 2
    assert autograd.is_nonzero(tensor(2)) and not tensor([0.0]).is_nonzero()
    with pytest.raises(RuntimeError, match="Boolean value of Tensor with more than one value is ambiguous"):
        autograd.is_nonzero(x)
    with pytest.raises(TypeError, match="must be Tensor, not int"):
        autograd.is_floating_point(1)


# --- to ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args, kwargs",
    [
        ((autograd.float64,), {}),
        ((autograd.float64, False, True), {}),
        ((autograd.float64,), {"non_blocking": True, "copy": False}),
        ((), {"dtype": autograd.float64}),
        ((), {"dtype": autograd.float64, "device": "cpu"}),
        (("cpu", autograd.float64), {}),
        (("cpu", autograd.float64, True, True), {}),
        ((autograd.device("cpu"),), {"dtype": autograd.float64}),
        ((None, autograd.float64), {}),
        ((tensor([1.0], dtype=autograd.float64),), {}),
        ((tensor([1.0], dtype=autograd.float64), False, True), {}),
        ((autograd.float64,), {"memory_format": autograd.preserve_format}),
        ((np.float64,), {}),
        ((float,), {}),
    ],
)
def test_to_in_every_form(args, kwargs):
    x = tensor([1.5, 2.5], requires_grad=True)
    y = x.to(*args, **kwargs)
    assert y.dtype is autograd.float64 and y.tolist() == [1.5, 2.5]
    (g,) = autograd.grad(y.sum(), x)
    assert g.dtype is autograd.float32


def test_to_gives_the_tensor_itself_unless_a_copy_is_asked_for():
    x = tensor([1.5])
    for y in (x.to(), x.to("cpu"), x.to(autograd.float32), x.to(x), x.to(device=None), x.to("cpu", autograd.float32)):
        assert y is x
    for y in (x.to("cpu", copy=True), x.to(autograd.float32, copy=True), x.to(x, False, True)):
        assert y is not x and y.data_ptr() != x.data_ptr() and y.tolist() == [1.5]


def test_what_to_refuses():
    x = tensor([1.5])
    for args, kwargs in (
        ((autograd.float32, False, True, 1), {}),
        ((autograd.float32,), {"dtype": autograd.float64}),
        ((x, "cpu", autograd.float32, True), {}),
        ((), {"other": x}),
    ):
        with pytest.raises(TypeError, match=r"to\(\) received an invalid combination of arguments"):
            x.to(*args, **kwargs)
    for device in ("cuda", "cuda:0", autograd.device("mps"), 0):
        with pytest.raises(RuntimeError, match="is not available: this engine runs on the CPU"):
            x.to(device)


def test_type_names_and_casts():
    x = tensor([1.5, 0.0])
    assert x.type() == "autograd.FloatTensor" and x.half().type() == "autograd.HalfTensor"
    assert x.type("autograd.IntTensor").dtype is autograd.int32 and x.type(autograd.bool).tolist() == [True, False]
    with pytest.raises(ValueError, match="invalid type: 'Quarter'"):
        x.type("Quarter")


@pytest.mark.parametrize("name", ["bfloat16", "complex64", "complex128"])
def test_types_that_are_refused_by_name(name):
    refused = getattr(autograd, name)
    assert repr(refused) == f"autograd.{name}"
    x = tensor([1.0])
    for use in (
        lambda: x.to(refused),
        lambda: x.to(dtype=refused),
        lambda: autograd.zeros(2, dtype=refused),
        lambda: tensor([1.0], dtype=refused),
        lambda: autograd.set_default_dtype(refused),
        lambda: autograd.finfo(refused),
        lambda: nn.Linear(1, 1).to(refused),
        getattr(x, {"bfloat16": "bfloat16", "complex64": "cfloat", "complex128": "cdouble"}[name]),
    ):
        with pytest.raises(TypeError, match=f"unsupported dtype autograd.{name}: this engine has bool"):
            use()


# --- float16 ----------------------------------------------------------------------------------------------------------


def half(*shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float16)


def test_half_is_made_shown_and_kept(backend):
    x = tensor([1.0, 65504.0, 1e-7, 70000.0, float("nan")], dtype=autograd.half)
    assert x.dtype is autograd.float16 is dtypes.float16 and x.itemsize == 2
    assert repr(tensor([1.5, 2.0], dtype=autograd.float16)) == "tensor([1.5000, 2.0000], dtype=autograd.float16)"
    assert x.tolist()[:4] == [1.0, 65504.0, 2.0**-23, float("inf")] and np.isnan(x.tolist()[4])
    for again in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), x.clone(), autograd.from_numpy(x.numpy())):
        assert again.dtype is autograd.float16
        np.testing.assert_array_equal(again.numpy(), x.numpy())
    for made in (autograd.ones(3, dtype=autograd.half), autograd.full((3,), 1.0, dtype=autograd.half)):
        assert made.dtype is autograd.float16 and made.tolist() == [1, 1, 1]


def test_half_is_indexed_and_copied(backend):
    a = half(4, 5)
    x = autograd.from_numpy(a.copy())
    for index in (0, (slice(None), 2), (Ellipsis, slice(None, None, 2)), ([0, 2, 0],), (a > 0,)):
        np.testing.assert_array_equal(x[index].numpy(), a[index])
    x[1] = 2.0
    x[:, 0] = tensor([1, 2, 3, 4])
    a[1], a[:, 0] = 2, [1, 2, 3, 4]
    np.testing.assert_array_equal(x.numpy(), a)
    assert autograd.cat([x, x.float()]).dtype is autograd.float32
    np.testing.assert_array_equal(autograd.cat([x, x]).numpy(), np.concatenate([a, a]))
    np.testing.assert_array_equal(x.T.contiguous().numpy(), a.T)
    assert autograd.zeros(4, 5).copy_(x).dtype is autograd.float32


FUNCTIONS = [
    lambda m, x, z: x + z,
    lambda m, x, z: x * 3 - z,
    lambda m, x, z: x / (z * z + 1),
    lambda m, x, z: (x * x + 1).sqrt(),
    lambda m, x, z: x.exp(),
    lambda m, x, z: m.log1p(x * x),
    lambda m, x, z: m.tanh(x),
    lambda m, x, z: m.sigmoid(x),
    lambda m, x, z: m.erf(x),
    lambda m, x, z: m.where(x > z, x, z),
    lambda m, x, z: m.maximum(x, z),
    lambda m, x, z: x.clamp(-0.5, 0.5),
    lambda m, x, z: x.sum(0),
    lambda m, x, z: x.mean(),
    lambda m, x, z: x.softmax(-1),
    lambda m, x, z: x @ z.T,
    lambda m, x, z: m.nn.functional.gelu(x),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_half_is_computed_in_float32_and_rounded(backend, function):
    """Each op alone rounds once, so a chain of a few ops is a few units of float16 from the float64 result."""
    a, b = half(3, 40), half(3, 40, seed=1)
    x, z = (tensor(v, requires_grad=True) for v in (a, b))
    wide = [tensor(v.astype(np.float64), requires_grad=True) for v in (a, b)]
    y, exact = function(autograd, x, z), function(autograd, *wide)
    assert y.dtype is autograd.float16 and y.shape == exact.shape
    np.testing.assert_allclose(y.detach().numpy(), exact.detach().numpy(), rtol=4e-3, atol=4e-3)
    found = autograd.grad(y.sum(), [x, z], allow_unused=True)
    for g, expected in zip(found, autograd.grad(exact.sum(), wide, allow_unused=True)):
        if g is not None:
            assert g.dtype is autograd.float16
            np.testing.assert_allclose(g.numpy(), expected.numpy(), rtol=8e-3, atol=8e-3)


def halved(sample: Sample) -> Sample:
    def narrow(a):
        return a.astype(np.float16) if a.dtype == np.float32 else a

    kwargs = {k: map_arrays(narrow, v) for k, v in sample.kwargs.items()}
    return replace(sample, args=map_arrays(narrow, sample.args), kwargs=kwargs)


@pytest.mark.filterwarnings("ignore")
def test_every_op_takes_half_or_says_that_it_does_not(backend):
    for row in [row for row in ROWS if "float32" in row.dtypes and row.name != "dropout"]:
        sample = next(s for s in row.made("float32") if s.smooth or row.wanted is None)
        make = tensors if row.wanted is None else lambda s, row=row: leaves(row, s)[:2]
        args, kwargs = make(halved(sample))
        try:
            found = outputs_of(row.function(autograd)(*args, **kwargs))
            for y in found:
                if isinstance(y, autograd.Tensor) and y.requires_grad:
                    y.sum().backward(retain_graph=True)
        except (NotImplementedError, TypeError) as error:
            assert "not implemented for 'Half'" in str(error) or "float16 is unsupported" in str(error), row.name
            continue
        args, kwargs = make(sample)
        for y, expected in zip(found, outputs_of(row.function(autograd)(*args, **kwargs)), strict=True):
            same(values(y), values(expected), 2e-2, 2e-2, row.name)


def test_a_sum_of_halves_does_not_stop_growing(backend):
    assert autograd.ones(5000, dtype=autograd.half).sum().item() == 5000
    assert autograd.ones(5000, 2, dtype=autograd.half).sum(0).tolist() == [5000, 5000]


def test_layers_that_half_does_not_have_say_so(backend):
    x = autograd.ones(2, 2, dtype=autograd.half)
    layer = nn.Linear(2, 2).half()
    assert all(p.dtype is autograd.float16 for p in layer.parameters())
    for p in layer.parameters():
        p.grad = autograd.ones_like(p)
    for use, name in (
        (lambda: layer(x), "linear"),
        (lambda: optim.SGD(layer.parameters()).step(), "sgd"),
        (lambda: nn.utils.clip_grad_norm_(layer.parameters(), 1.0), "list_squares"),
        (lambda: F.layer_norm(x, (2,)), "layer_norm"),
        (lambda: autograd.rand(2, dtype=autograd.half), "uniform"),
    ):
        with pytest.raises(NotImplementedError, match=f"\"{name}\" not implemented for 'Half': convert first"):
            use()
    assert layer.float()(x.float()).dtype is autograd.float32


# --- against PyTorch --------------------------------------------------------------------------------------------------


def name_of(d) -> str:
    return str(d).split(".")[1]


def test_the_tables_of_promotion_are_pytorchs():
    torch = pytest.importorskip("torch")
    operands = [
        *[lambda m, n=n: m.ones(2, dtype=getattr(m, n)) for n in dtypes.NAMES],
        *[lambda m, n=n: m.tensor(1, dtype=getattr(m, n)) for n in dtypes.NAMES],
        *[lambda m, v=v: v for v in (True, 2, 2.5)],
    ]  # fmt: skip
    for a, b in itertools.product(operands, operands):
        mine, theirs = (name_of(m.result_type(a(m), b(m))) for m in (autograd, torch))
        assert mine == theirs, (a(autograd), b(autograd))
    for a, b in itertools.product(dtypes.NAMES, dtypes.NAMES):
        pairs = [[getattr(m, n) for n in (a, b)] for m in (autograd, torch)]
        assert name_of(autograd.promote_types(*pairs[0])) == name_of(torch.promote_types(*pairs[1])), (a, b)
        assert autograd.can_cast(*pairs[0]) == torch.can_cast(*pairs[1]), (a, b)


def outcome(m, name: str, operands: list):
    """The dtype and values of a call, or that it raised."""
    args = [m.tensor(v[1], dtype=getattr(m, v[0])) if isinstance(v, tuple) else v for v in operands]
    try:
        y = getattr(m, name)(*args)
    except (TypeError, RuntimeError):
        return "an error", None
    return name_of(y.dtype), np.asarray(y.tolist(), float)


OTHER_ARGUMENTS = {"where", "logit", "nan_to_num"}  # what follows the first is no operand
WIDER_HERE = {"ldexp"}  # takes bool exponents of floats
NAMES = sorted(
    {getattr(f, n).__name__ for f in (arithmetic, rounding, exponential, trigonometry, choice) for n in f.__all__}
    - OTHER_ARGUMENTS - WIDER_HERE
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_dtype_in_every_elementwise_op_is_as_in_pytorch(name):
    torch = pytest.importorskip("torch")
    one, two = [0, 1, 1], [1, 1, 1]
    calls = [[(a, one)] for a in dtypes.NAMES]
    calls += [[(a, one), (b, two)] for a, b in itertools.product(dtypes.NAMES, dtypes.NAMES)]
    calls += [[(a, one), v] for a, v in itertools.product(dtypes.NAMES, (True, 2, 1.5))]
    calls += [[v, (a, two)] for a, v in itertools.product(dtypes.NAMES, (True, 2, 1.5))]
    for operands in calls:
        mine, theirs = (outcome(m, name, operands) for m in (autograd, torch))
        assert mine[0] == theirs[0], operands
        if mine[1] is not None:
            np.testing.assert_allclose(mine[1], theirs[1], rtol=2e-3, err_msg=f"{operands}")


def test_the_attributes_of_dtypes_are_pytorchs():
    torch = pytest.importorskip("torch")
    for name in dtypes.NAMES:
        mine, theirs = getattr(autograd, name), getattr(torch, name)
        for attribute in ("itemsize", "is_floating_point", "is_complex", "is_signed"):
            assert getattr(mine, attribute) == getattr(theirs, attribute), (name, attribute)
        if mine.is_floating_point:
            assert repr(autograd.finfo(mine)) == repr(torch.finfo(theirs))
            for attribute in ("bits", "dtype", "eps", "max", "min", "smallest_normal", "tiny"):
                assert getattr(autograd.finfo(mine), attribute) == getattr(torch.finfo(theirs), attribute)
        elif name != "bool":
            assert repr(autograd.iinfo(mine)) == repr(torch.iinfo(theirs))
    for alias in ("half", "float", "double", "short", "int", "long"):
        assert name_of(getattr(autograd, alias)) == name_of(getattr(torch, alias))


@pytest.mark.filterwarnings("ignore")
def test_casts_to_and_from_half_are_pytorchs_to_the_bit(backend):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    near = half(2000).astype(np.float64) * (1 + rng.integers(-2, 3, 2000) * 2.0**-11)  # ties of float16 among them
    values = np.concatenate([near, near * 1e-5, near * 1e5, near * (1 + 2.0**-40), [np.nan, np.inf, -np.inf, -0.0]])
    for source in ("float64", "float32", "int64", "uint8", "bool"):
        a = values[np.abs(values) < 100].astype(source) if source[0] in "iub" else values.astype(source)
        mine, theirs = autograd.from_numpy(a).half(), torch.from_numpy(a).half()
        assert mine.numpy().tobytes() == theirs.numpy().tobytes(), source
        assert autograd.tensor(a, dtype=autograd.half).numpy().tobytes() == theirs.numpy().tobytes(), source
    a = half(100)
    for target in ("float64", "float32", "int64", "int8", "bool"):
        mine, theirs = (m.from_numpy(a).to(getattr(m, target)) for m in (autograd, torch))
        assert mine.numpy().tobytes() == theirs.numpy().tobytes(), target


@pytest.mark.parametrize("function", FUNCTIONS)
def test_half_gives_what_pytorch_gives(backend, function):
    """Up to the last bit of what is rounded in between."""
    torch = pytest.importorskip("torch")
    a, b = half(3, 40), half(3, 40, seed=1)
    mine, theirs = (function(m, m.from_numpy(a), m.from_numpy(b)) for m in (autograd, torch))
    assert name_of(mine.dtype) == name_of(theirs.dtype)
    np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=2e-3, atol=2e-3)
