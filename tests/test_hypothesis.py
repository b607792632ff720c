"""Calls made by hypothesis: arbitrary ops on arbitrary input give NumPy's answer or a proper Python error, gradients
have their input's shape whatever broadcasts, repeated indices add up. AUTOGRAD_HYPOTHESIS=ci makes 100,000 calls."""

import os

import numpy as np
import pytest

import autograd
from autograd.backend import extension

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, assume, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.extra import numpy as hnp  # noqa: E402

QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None, "derandomize": True}
settings.register_profile("small", max_examples=100, **QUIET)
settings.register_profile("ci", max_examples=12_500, **QUIET)  # times the eight tests below
settings.load_profile(os.environ.get("AUTOGRAD_HYPOTHESIS", "small"))

PROPER = (
    RuntimeError,
    ValueError,
    TypeError,
    IndexError,
    OverflowError,
    ZeroDivisionError,
    NotImplementedError,
    MemoryError,
    AttributeError,
)
DTYPES = st.sampled_from(
    [np.dtype(n) for n in ("float32", "float64", "int64", "int32", "int8", "uint8", "int16", "bool")]
)
BACKENDS = st.sampled_from(["numpy", "c"] if extension is not None else ["numpy"])
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)


def elements(dtype):
    if dtype.kind == "f":
        edges = st.sampled_from([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-30, 1e30, 0.5])
        return st.one_of(edges, st.floats(-4, 4, width=32))
    return hnp.from_dtype(dtype)


@st.composite
def arrays(draw, shape=SHAPES, dtype=DTYPES):
    """Arrays of any dtype, shape and layout."""
    d = draw(dtype) if isinstance(dtype, st.SearchStrategy) else dtype
    a = draw(hnp.arrays(d, shape, elements=elements(d)))
    layout = draw(st.sampled_from(["plain", "transposed", "backwards", "steps", "read-only", "repeated"]))
    if layout == "transposed":
        return a.T
    if layout == "backwards" and a.ndim:
        return a[::-1]
    if layout == "steps" and a.ndim:
        return a[..., ::2]
    if layout == "repeated":
        return np.broadcast_to(a, (2, *a.shape))
    if layout == "read-only":
        a.flags.writeable = False
    return a


def outcome(function):
    """The values of a result, or None where a proper error was raised."""
    try:
        result = function()
    except PROPER:
        return None
    return result


UNARY = {
    "neg": np.negative,
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "reciprocal": lambda x: 1 / x,
    "isnan": np.isnan,
    "isfinite": np.isfinite,
    "sign": np.sign,
}
BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.true_divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "eq": np.equal,
    "lt": np.less,
    "ge": np.greater_equal,
    "pow": np.power,
    "floor_divide": np.floor_divide,
    "remainder": np.remainder,
    "matmul": np.matmul,
}
REDUCTIONS = {
    "sum": np.sum,
    "mean": np.mean,
    "prod": np.prod,
    "amax": np.max,
    "amin": np.min,
    "all": np.all,
    "any": np.any,
    "argmax": np.argmax,
    "argmin": np.argmin,
}


def agrees(got: autograd.Tensor, want: np.ndarray, loose: float = 1.0) -> None:
    a = got.detach().numpy()
    assert a.shape == np.shape(want)
    if a.dtype.kind != "f":
        np.testing.assert_array_equal(a, np.asarray(want).astype(a.dtype))
        return
    with np.errstate(all="ignore"):
        rtol = 1e-4 if a.dtype == np.float32 else 1e-9
        np.testing.assert_allclose(a, np.asarray(want).astype(a.dtype), rtol=rtol * loose, atol=rtol * loose)


@given(BACKENDS, st.sampled_from(sorted(UNARY)), arrays())
def test_unary_calls(backend, name, a):
    with autograd.set_backend(backend):
        got = outcome(lambda: getattr(autograd, name)(autograd.from_numpy(a)))
    if got is not None and (
        a.dtype.kind == "f" or (a.dtype.kind == "i" and not got.is_floating_point() and name != "reciprocal")
    ):
        with np.errstate(all="ignore"):
            agrees(got, UNARY[name](a.astype(np.float64) if a.dtype.kind == "f" else a))


@given(BACKENDS, st.sampled_from(sorted(BINARY)), arrays(), arrays())
def test_binary_calls(backend, name, a, b):
    with autograd.set_backend(backend):
        got = outcome(lambda: getattr(autograd, name)(autograd.from_numpy(a), autograd.from_numpy(b)))
    expected = outcome(lambda: np.broadcast_shapes(a.shape, b.shape))
    if name != "matmul":
        assert got is None or tuple(got.shape) == expected
    if got is not None and a.dtype == b.dtype and a.dtype.kind == "f":
        with np.errstate(all="ignore"):
            want = BINARY[name](a.astype(np.float64), b.astype(np.float64))
            assume(name not in ("floor_divide", "remainder") or np.isfinite(want).all())
            if name in ("floor_divide", "remainder"):
                want = BINARY[name](a, b)
            agrees(got, want, 10)


@given(
    BACKENDS,
    st.sampled_from(sorted(REDUCTIONS)),
    arrays(),
    st.one_of(st.none(), st.integers(-5, 5), st.lists(st.integers(-4, 4), max_size=3)),
    st.booleans(),
)
def test_reductions(backend, name, a, dim, keepdim):
    with autograd.set_backend(backend):
        got = outcome(lambda: getattr(autograd, name)(autograd.from_numpy(a), dim, keepdim))
    if got is None or not isinstance(dim, int) or not a.ndim or (a.dtype.kind == "f" and not np.isfinite(a).all()):
        return
    with np.errstate(all="ignore"):
        want = REDUCTIONS[name](a.astype(np.float64) if a.dtype.kind == "f" else a, axis=dim, keepdims=keepdim)
        assume(a.dtype.kind != "f" or name in ("all", "any") or np.abs(a[a != 0]).max(initial=1) < 1e6)
        agrees(got, want, 100)


@given(
    BACKENDS,
    arrays(dtype=np.dtype("float64")),
    arrays(dtype=np.dtype("float64")),
    st.sampled_from(["add", "sub", "mul", "div", "maximum", "where"]),
)
def test_gradients_have_their_inputs_shape(backend, a, b, name):
    with autograd.set_backend(backend):
        x, y = autograd.tensor(a.copy(), requires_grad=True), autograd.tensor(b.copy(), requires_grad=True)
        try:
            z = autograd.where(x > y, x, y) if name == "where" else getattr(autograd, name)(x, y)
        except RuntimeError:
            return
        z.sum().backward()
        for t in (x, y):
            assert t.grad.shape == t.shape and t.grad.dtype is t.dtype
        if name == "add":
            for t in (x, y):
                assert (t.grad == z.numel() / max(t.numel(), 1)).all()


@given(BACKENDS, st.data())
def test_repeated_indices_add_up(backend, data):
    rows, width = data.draw(st.integers(1, 6)), data.draw(st.integers(0, 4))
    index = data.draw(hnp.arrays(np.int64, SHAPES, elements=st.integers(-rows, rows - 1)))
    kind = data.draw(st.sampled_from(["getitem", "embedding", "index_select", "gather"]))
    with autograd.set_backend(backend):
        x = autograd.zeros(rows, width, dtype=autograd.float64, requires_grad=True)
        i = autograd.tensor(index)
        if kind == "getitem":
            y = x[i]
        elif kind == "embedding":
            y = autograd.nn.functional.embedding(autograd.tensor(index % rows), x)
        elif kind == "index_select":
            y = x.index_select(0, autograd.tensor(index.reshape(-1) % rows))
        else:
            index = np.repeat(index.reshape(-1, 1), width, 1)
            y = autograd.gather(x, 0, autograd.tensor(index % rows))
        y.sum().backward()
    expected = np.zeros((rows, width))
    flat = index[:, 0] if kind == "gather" and width else index.reshape(-1)
    if width:
        np.add.at(expected, flat % rows, 1.0)
    assert x.grad.tolist() == expected.tolist()


@given(
    BACKENDS,
    arrays(),
    st.lists(
        st.one_of(
            st.integers(-6, 6),
            st.none(),
            st.just(Ellipsis),
            st.booleans(),
            st.slices(5),
            hnp.arrays(np.int64, hnp.array_shapes(max_dims=2, max_side=3), elements=st.integers(-6, 6)),
            hnp.arrays(bool, hnp.array_shapes(max_dims=2, max_side=5)),
            st.floats(),
            st.text(max_size=2),
        ),
        max_size=4,
    ),
    st.booleans(),
)
def test_any_index(backend, a, index, write):
    with autograd.set_backend(backend):
        x = autograd.tensor(a.copy())
        key = tuple(autograd.tensor(i) if isinstance(i, np.ndarray) else i for i in index)
        if write:
            before, done = x.tolist(), outcome(lambda: x.__setitem__(key, 1) or True)
            assert x.shape == a.shape and (done or repr(x.tolist()) == repr(before))
            return
        got = outcome(lambda: x[key])
    only_views = all(isinstance(i, (slice, type(None), type(Ellipsis))) or type(i) is int for i in index)
    if got is not None and only_views:
        np.testing.assert_array_equal(got.numpy(), a[tuple(index)])


CALLS = [
    "reshape",
    "permute",
    "transpose",
    "expand",
    "squeeze",
    "unsqueeze",
    "flatten",
    "cat",
    "stack",
    "split",
    "chunk",
    "unbind",
    "narrow",
    "select",
    "gather",
    "softmax",
    "log_softmax",
    "logsumexp",
    "var",
    "std",
    "clamp",
    "where",
    "linear",
    "cross_entropy",
    "mse_loss",
    "binary_cross_entropy_with_logits",
    "embedding",
    "dropout",
    "gelu",
    "leaky_relu",
    "softplus",
    "max",
    "min",
    "movedim",
    "unflatten",
    "index_select",
    "addmm",
    "bmm",
    "view",
    "sum_to_size",
]
NUMBERS = st.one_of(
    st.integers(-6, 6), st.floats(-3, 3), st.sampled_from([10**20, -(10**20), float("nan"), float("inf")])
)
ARGUMENTS = st.one_of(
    arrays(),
    NUMBERS,
    st.none(),
    st.booleans(),
    st.lists(st.integers(-5, 5), max_size=4),
    st.text(max_size=3),
    st.lists(arrays(), max_size=3),
)


@given(BACKENDS, st.sampled_from(CALLS), arrays(), st.lists(ARGUMENTS, max_size=3))
def test_arbitrary_calls_raise_or_work(backend, name, a, arguments):
    """Also backward: whatever comes out can be differentiated, or says why not."""

    def made(v):
        return (
            autograd.tensor(v.copy())
            if isinstance(v, np.ndarray)
            else [made(x) for x in v]
            if isinstance(v, list)
            else v
        )

    with autograd.set_backend(backend):
        function = (
            getattr(autograd.nn.functional, name, None)
            or getattr(autograd, name, None)
            or getattr(autograd.Tensor, name)
        )
        x = made(a)
        if x.is_floating_point():
            x.requires_grad_()
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = outcome(
                lambda: function([x, x] if name in ("cat", "stack") and not arguments else x, *map(made, arguments))
            )
            for y in result if isinstance(result, tuple) else [result]:
                if isinstance(y, autograd.Tensor):
                    assert y.numpy(force=True).shape == y.shape
                    if y.requires_grad:
                        y.backward(autograd.ones(y.shape, dtype=y.dtype), retain_graph=True)
        assert x.grad is None or (x.grad.shape == x.shape and x.grad.dtype is x.dtype)


@given(
    BACKENDS,
    st.recursive(
        st.one_of(st.floats(), st.integers(), st.booleans(), st.none(), st.text(max_size=2), arrays()),
        lambda v: st.lists(v, max_size=3),
        max_leaves=8,
    ),
    st.one_of(st.none(), st.sampled_from(["float32", "float64", "int64", "int8", "bool"])),
)
def test_making_tensors_of_anything(backend, value, dtype):
    with autograd.set_backend(backend):
        t = outcome(lambda: autograd.tensor(value, dtype=None if dtype is None else getattr(autograd, dtype)))
        if t is not None:
            assert repr(t) and t.numel() == t.numpy().size
