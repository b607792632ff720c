"""Every C kernel against its NumPy twin at the seam: sizes around every vector width, strides, broadcasting, misaligned
starts, edge values, on every instruction set, with guard bytes around all buffers; the same bits for any number of
threads and at any position; and the accuracy of the transcendental ones in units in the last place."""

import math
from decimal import Decimal, getcontext

import numpy as np
import pytest
from kernel_cases import (
    BY_CLASS,
    ELSEWHERE,
    OPERANDS,
    WHOLE,
    Out,
    attention,
    cell,
    classes,
    edge_values,
    elementwise,
    optimizer_tables,
    run,
    run_optimizer,
)
from support import C_MACHINES, on, same

import autograd
from autograd.backend import K, extension
from autograd.ops.convolution import Geometry
from autograd.ops.pooling import Windows
from autograd.storage import empty, from_numpy

pytestmark = pytest.mark.skipif(extension is None, reason="the C kernels are not built")

KERNELS = {name: group for (name, d), group in classes().items() if d == "float32" and group not in ELSEWHERE}
DTYPES = [np.float32, np.float64]
TYPED = {pair: group for pair, group in classes().items() if pair[1] not in ("", "float32", "float64")}
SHARED_POOL = Windows(300, (28, 28), (14, 14), (2, 2), (2, 2), (0, 0), (1, 1))


def shared_convolution(name: str, make, dtype) -> tuple:
    """A convolution large enough for several threads."""
    x, y, w = (32, 8, 14, 14), (32, 16, 14, 14), (16, 8, 3, 3)
    s = Geometry(2, 32, 1, 8, 16, (14, 14), (14, 14), (3, 3), (1, 1), (1, 1), (1, 1))
    out, a, b = {"conv": (y, x, w), "conv_transpose": (x, y, w), "conv_weight": (w, y, x)}[name]
    return Out(np.zeros(out, dtype)), make(*a), make(*b), None, s


SUMS = {
    "conv",
    "conv_transpose",
    "conv_weight",
    "avg_pool",
    "avg_pool_grad",
    "sum",
    "mean",
    "var",
    "gemm",
    "linear",
    "linear_grad",
    "mse",
    "bce_with_logits",
    "cross_entropy",
    "scatter_add",
    "prod",
    "softmax_grad",
    "log_softmax_grad",
    "cross_entropy_grad",
    "logsumexp",
    "softmax",
    "log_softmax",
    "layer_norm",
    "rms_norm",
    "layer_norm_grad",
    "rms_norm_grad",
    "batch_norm",
    "batch_norm_grad",
    "lstm_cell",
    "lstm_cell_grad",
    "attention",
    "attention_grad",
    "gru_cell",
    "gru_cell_grad",
}
CURVED = {
    "exp",
    "sin",
    "cos",
    "tanh",
    "erf",
    "sigmoid",
    "silu",
    "gelu",
    "gelu_tanh",
    "pow_scalar",
    "rpow_scalar",
    "pow",
    "softplus",
    "log",
    "rsqrt",
    "sqrt",
    "sin_grad",
    "cos_grad",
    "erf_grad",
    "tanh_grad",
    "sigmoid_grad",
    "silu_grad",
    "gelu_grad",
    "gelu_tanh_grad",
    "softplus_grad",
    "bce_with_logits_grad",
    "adam",
    "sgd",
}


def tolerance(name: str, dtype) -> dict[str, float]:
    if np.dtype(dtype).kind != "f":
        return {"rtol": 0, "atol": 0}
    eps = float(np.finfo(dtype).eps)
    if name in SUMS:
        return {"rtol": 100 * eps, "atol": 100 * eps}
    return {"rtol": 20 * eps, "atol": 10 * eps} if name in CURVED else {"rtol": 2 * eps, "atol": 0}


def both(name: str, group: str, cases, dtype, isa: str) -> None:
    for i, (note, args) in enumerate(cases):
        shift = i % 5
        with on("numpy"):
            status, expected = run(name, args, shift)
        with on(isa):
            got_status, got = run(name, args, shift)
        if group in ("NLL", "EMBEDDING"):
            assert got_status == status, note
            if status:
                continue
        for a, b in zip(got, expected, strict=True):
            same(a, b, **tolerance(name, dtype), where=f"{name}, {note}")


@pytest.mark.parametrize("isa", C_MACHINES)
@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("name", [n for n, g in KERNELS.items() if g not in WHOLE])
def test_c_equals_numpy(name, dtype, isa):
    both(name, KERNELS[name], BY_CLASS[KERNELS[name]](name, KERNELS[name], dtype), dtype, isa)


ELEMENTWISE = [n for n, g in KERNELS.items() if g in OPERANDS]


@pytest.mark.parametrize("isa", C_MACHINES)
@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_edge_values(name, dtype, isa):
    both(name, KERNELS[name], edge_values(name, KERNELS[name], dtype), dtype, isa)


@pytest.mark.parametrize(("name", "dtype"), TYPED, ids="-".join)
def test_integers_and_bools(name, dtype):
    group = TYPED[name, dtype]
    both(name, group, BY_CLASS[group](name, group, dtype), dtype, C_MACHINES[-1])
    if group in OPERANDS:
        both(name, group, edge_values(name, group, dtype), dtype, C_MACHINES[-1])


@pytest.mark.parametrize("name", sorted({name for name, _ in TYPED}))
def test_integers_and_bools_with_more_threads(name):
    for dtype in ("int64", "bool"):
        if (name, dtype) not in TYPED or TYPED[name, dtype] not in OPERANDS:
            continue
        _, args = next(iter(elementwise(name, TYPED[name, dtype], dtype, sizes=[300_001])))
        results = []
        with on(C_MACHINES[-1]):
            for threads in (1, 3):
                autograd.set_num_threads(threads)
                results.append(run(name, args)[1][0].tobytes())
        assert results[0] == results[1]


@pytest.mark.parametrize("isa", C_MACHINES)
@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("name", [n for n, g in KERNELS.items() if g == "OPTIMIZER"])
def test_optimizer_steps(name, dtype, isa):
    for i, (note, options) in enumerate(optimizer_tables(name, dtype)):
        with on("numpy"):
            expected = run_optimizer(name, options, dtype, i % 3)
        with on(isa):
            got = run_optimizer(name, options, dtype, i % 3)
        for a, b in zip(got, expected, strict=True):
            same(a, b, **tolerance(name, dtype), where=f"{name}, {note}")


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("isa", C_MACHINES)
def test_an_element_does_not_depend_on_its_position(name, isa):
    """The same value anywhere in an array, in the tail or not, contiguous or strided, gives the same bits."""
    with on(isa):
        for dtype in DTYPES:
            _, args = next(iter(elementwise(name, KERNELS[name], dtype, sizes=[66])))
            _, (whole,) = run(name, args)
            for start, stop in ((0, 1), (3, 10), (17, 48), (65, 66), (1, 66)):
                part = tuple(
                    Out(a.start[start:stop])
                    if isinstance(a, Out)
                    else a[start:stop]
                    if isinstance(a, np.ndarray)
                    else a
                    for a in args
                )
                _, (piece,) = run(name, part, shift=start % 7)
                assert piece.tobytes() == whole[start:stop].tobytes(), f"{name} at {start}:{stop}"
                spread = tuple(np.repeat(a, 2)[::2] if isinstance(a, np.ndarray) else a for a in part)
                _, (piece,) = run(name, spread)
                assert piece.tobytes() == whole[start:stop].tobytes(), f"{name} at {start}:{stop}, strided"


# --- threads ----------------------------------------------------------------------------------------------------------


def large(name: str, group: str, dtype):
    """A call large enough to be split among threads."""
    rng = np.random.default_rng(0)

    def make(*shape):
        return np.asarray(rng.uniform(0.1, 1, shape), dtype)

    n = 300_001
    if group in OPERANDS:
        _, args = next(iter(elementwise(name, group, dtype, sizes=[n])))
        return args
    return {
        "REDUCE": lambda: (Out(np.zeros((), dtype)), make(700, 701), (0, 1), *([1.0] if name == "var" else [])),
        "REDUCE_TEST": lambda: (Out(np.zeros(601, bool)), make(500, 601), (0,)),
        "ARGREDUCE": lambda: (Out(np.zeros(601, np.int64)), make(500, 601), (0,)),
        "COUNT": lambda: (Out(np.arange(n)),),
        "ROWWISE": lambda: (Out(np.zeros((400, 701, 1), dtype)), make(400, 701, 1), (400, 701, 1)),
        "ROWWISE_GRAD": lambda: (
            Out(np.zeros((400, 701, 1), dtype)),
            make(400, 701, 1),
            make(400, 701, 1),
            (400, 701, 1),
        ),
        "NORM": lambda: (
            Out(np.zeros((700, 301), dtype)),
            Out(np.zeros((2, 700), dtype)),
            make(700, 301),
            make(301),
            make(301),
            (700, 301),
            1e-5,
        ),
        "NORM_GRAD": lambda: (
            Out(np.zeros((700, 301), dtype)),
            Out(np.zeros(301, dtype)),
            Out(np.zeros(301, dtype)),
            make(700, 301),
            make(700, 301),
            make(2, 700),
            make(301),
            (700, 301),
        ),
        "BATCH_NORM": lambda: (
            Out(np.zeros((70, 301, 20), dtype)),
            Out(np.zeros((2, 301), dtype)),
            Out(np.zeros(301, dtype)),
            Out(np.ones(301, dtype)),
            make(70, 301, 20),
            make(301),
            make(301),
            (70, 301, 20),
            True,
            0.1,
            1e-5,
        ),
        "BATCH_NORM_GRAD": lambda: (
            Out(np.zeros((700, 301, 1), dtype)),
            Out(np.zeros(301, dtype)),
            Out(np.zeros(301, dtype)),
            make(700, 301, 1),
            make(700, 301, 1),
            make(2, 301),
            make(301),
            (700, 301, 1),
            True,
        ),
        **dict.fromkeys(
            ("LSTM_CELL", "LSTM_CELL_GRAD", "GRU_CELL", "GRU_CELL_GRAD"), lambda: cell(name, 700, 101, dtype)
        ),
        "LOSS": lambda: (Out(np.zeros((), dtype)), make(n), make(n), 1e-5),
        "LOSS_GRAD": lambda: (Out(np.zeros(n, dtype)), make(), make(n), make(n), 1e-5),
        "NLL": lambda: (
            Out(np.zeros((), dtype)),
            Out(np.zeros((3001, 1), dtype)),
            make(3001, 100, 1),
            rng.integers(0, 100, (3001, 1)),
            make(100),
            (3001, 100, 1),
            -100,
            1,
            0.1,
        ),
        "NLL_GRAD": lambda: (
            Out(np.zeros((3001, 100, 1), dtype)),
            make(),
            make(3001, 100, 1),
            make(3001, 1),
            rng.integers(0, 100, (3001, 1)),
            make(100),
            (3001, 100, 1),
            -100,
            1,
            0.1,
        ),
        "GEMM": lambda: (Out(np.zeros((257, 301), dtype)), make(257, 503), make(503, 301)),
        "LINEAR": lambda: (
            Out(np.zeros((257, 301), dtype)),
            make(257, 503),
            make(301, 503),
            make(301),
            (257, 301, 503, 0),
        ),
        "LINEAR_GRAD": lambda: (
            Out(np.zeros((257, 503), dtype)),
            Out(np.zeros((301, 503), dtype)),
            Out(np.zeros(301, dtype)),
            Out(np.zeros((257, 301), dtype)),
            make(257, 301),
            make(257, 503),
            make(301, 503),
            make(257, 301),
            (257, 301, 503, 3),
        ),
        **dict.fromkeys(("ATTENTION", "ATTENTION_GRAD"), lambda: attention(name, 150, 170, 24, 20, True, True, dtype)),
        "CONV": lambda: shared_convolution(name, make, dtype),
        "MAX_POOL": lambda: (
            Out(np.zeros((300, 14, 14), dtype)),
            Out(np.zeros((300, 14, 14), np.int64)),
            make(300, 28, 28),
            SHARED_POOL,
        ),
        "MAX_POOL_GRAD": lambda: (
            Out(np.zeros((300, 28, 28), dtype)),
            make(300, 14, 14),
            rng.integers(0, 784, (300, 14, 14)),
            SHARED_POOL,
        ),
        "AVG_POOL": lambda: (
            *(
                (Out(np.zeros((300, 14, 14), dtype)), make(300, 28, 28))
                if name == "avg_pool"
                else (Out(np.zeros((300, 28, 28), dtype)), make(300, 14, 14))
            ),
            SHARED_POOL,
        ),
        "TAKE": lambda: (
            Out(np.zeros((1, 20_001, 16), dtype)),
            make(1, 100, 16),
            rng.integers(0, 100, (1, 20_001, 1)),
        ),
        "GIVE": lambda: (Out(np.zeros((1, 30, 160), dtype)), make(1, 2001, 160), rng.integers(0, 30, (1, 2001, 1))),
        "DROPOUT": lambda: (Out(np.zeros(n, dtype)), make(n), 0.5, np.array([7])),
    }[group]()


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("name", [n for n, g in KERNELS.items() if g not in WHOLE])
def test_the_bits_do_not_depend_on_the_number_of_threads(name, dtype):
    args = large(name, KERNELS[name], dtype)
    results = []
    with on(C_MACHINES[-1]):
        for threads in (1, 2, 3):
            autograd.set_num_threads(threads)
            results.append([a.tobytes() for a in run(name, args)[1]])
    assert results[0] == results[1] == results[2]


def test_products_of_every_form_have_the_same_bits_with_more_threads():
    rng = np.random.default_rng(0)
    with on(C_MACHINES[-1]):
        for shape_a, shape_b in (
            ((300, 400), (400, 200)),
            ((2000, 64), (64, 10)),
            ((10, 2000), (2000, 12)),
            ((1, 3000), (3000, 500)),
            ((8, 100, 90), (8, 90, 70)),
        ):
            a, b = autograd.tensor(rng.standard_normal(shape_a)), autograd.tensor(rng.standard_normal(shape_b))
            found = []
            for threads in (1, 2, 3):
                autograd.set_num_threads(threads)
                found.append((a @ b).numpy().tobytes())
            assert found[0] == found[1] == found[2], (shape_a, shape_b)


# --- accuracy ---------------------------------------------------------------------------------------------------------


def wide(x: np.ndarray) -> np.ndarray:
    return x.astype(np.longdouble)


def exact_erf(x: float, complement: bool = False) -> Decimal:
    """erf or erfc to 40 digits, by its series."""
    getcontext().prec = 60
    d = Decimal(float(x))
    term, total, n = d, d, 0
    while abs(term) > Decimal(10) ** -50:
        n += 1
        term = term * -d * d / n
        total += term / (2 * n + 1)
    value = total * 2 / Decimal("1.7724538509055160272981674833411451827975494561223871282138")
    return 1 - value if complement else value


def decimals(function, x: np.ndarray) -> np.ndarray:
    """An exact function, rounded to long double in two parts."""
    found = [function(v) for v in x.reshape(-1).tolist()]
    high = np.array([float(v) for v in found])
    return wide(high) + np.array([float(v - Decimal(h)) for v, h in zip(found, high.tolist())])


def sweep(low: float, high: float, n: int, dtype) -> np.ndarray:
    """Points spread evenly, and evenly in magnitude, over [low, high]."""
    rng = np.random.default_rng(0)
    x = rng.uniform(low, high, n)
    small = np.exp(rng.uniform(np.log(1e-6), np.log(max(abs(low), abs(high))), n)) * np.sign(x)
    return np.concatenate([x, np.clip(small, low, high)]).astype(dtype)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gelu_exact(x: float) -> Decimal:
    d = Decimal(float(x))
    getcontext().prec = 60
    root = Decimal(2).sqrt()
    term = total = d / root
    n, z = 0, d / root
    while abs(term) > Decimal(10) ** -55:
        n += 1
        term = term * -z * z / n
        total += term / (2 * n + 1)
    return d / 2 * (1 + total * 2 / Decimal("1.7724538509055160272981674833411451827975494561223871282138"))


SMOOTH = {
    "exp": (np.exp, -80, 80), "log": (np.log, 1e-6, 1e6), "tanh": (np.tanh, -20, 20), "sigmoid": (sigmoid, -40, 40),
    "sin": (np.sin, -1e4, 1e4), "cos": (np.cos, -1e4, 1e4), "sqrt": (np.sqrt, 1e-6, 1e6),
}  # fmt: skip
ULP = {np.float32: 2.0, np.float64: 4.0}
NO_FMA = {("tanh", "c-generic", np.float32): 2.5}  # plain C rounds products too


def ulps(got: np.ndarray, exact: np.ndarray) -> float:
    """The largest error, in units in the last place of the exact value."""
    unit = np.spacing(np.abs(exact).astype(got.dtype))
    return float(np.max(np.abs(wide(got) - exact) / unit))


def unary(name: str, x: np.ndarray, *params) -> np.ndarray:
    out = empty(x.shape, autograd.float32 if x.dtype == np.float32 else autograd.float64)
    getattr(K, name)(out, from_numpy(x), *params)
    return out.numpy().copy()


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("isa", C_MACHINES)
@pytest.mark.parametrize("name", SMOOTH)
def test_accuracy(name, isa, dtype):
    function, low, high = SMOOTH[name]
    x = sweep(low, high, 20_000, dtype)
    with on(isa):
        assert ulps(unary(name, x), function(wide(x))) <= NO_FMA.get((name, isa, dtype), ULP[dtype])


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("isa", C_MACHINES)
def test_accuracy_of_erf_and_gelu(isa, dtype):
    x = sweep(-5, 5, 400, dtype)
    with on(isa):
        assert ulps(unary("erf", x), decimals(exact_erf, x)) <= ULP[dtype]
        assert ulps(unary("gelu", x), decimals(gelu_exact, x)) <= 2 * ULP[dtype]


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("isa", C_MACHINES)
def test_accuracy_of_powers(isa, dtype):
    rng = np.random.default_rng(0)
    a = np.exp(rng.uniform(-5, 5, 20_000)).astype(dtype)
    b = rng.uniform(-6, 6, 20_000).astype(dtype)
    with on(isa):
        out = empty(a.shape, autograd.float32 if dtype == np.float32 else autograd.float64)
        K.pow(out, from_numpy(a), from_numpy(b))
        assert ulps(out.numpy(), wide(a) ** wide(b)) <= ULP[dtype]
        for p in (0.5, 2.0, 3.0, -1.0, 2.5, -0.75):
            assert ulps(unary("pow_scalar", a, p), wide(a) ** np.longdouble(p)) <= ULP[dtype], p


@pytest.mark.parametrize("isa", C_MACHINES)
def test_sums_keep_their_accuracy_over_many_elements(isa):
    x = np.random.default_rng(0).uniform(0, 1, 1_000_003).astype(np.float32)
    exact = math.fsum(x.tolist())
    with on(isa):
        t = autograd.from_numpy(x)
        assert abs(t.sum().item() - exact) / exact < 1e-6
        assert abs(t.mean().item() - exact / x.size) / (exact / x.size) < 1e-6
        v = (t + 1000.0).var().item()
    assert abs(v - np.var((x + np.float32(1000)).astype(np.float64), ddof=1)) / v < 1e-4


@pytest.mark.parametrize("isa", C_MACHINES)
def test_layer_norm_keeps_its_accuracy_far_from_zero(isa):
    """The mean is rounded to float32 once: an error of half a unit in its last place, and no more than that."""
    x = np.random.default_rng(0).standard_normal((50, 777)).astype(np.float32) + np.float32(5000)
    d = x - x.mean(1, dtype=np.float64, keepdims=True)
    exact = d / np.sqrt((d * d).mean(1, keepdims=True))
    with on(isa):
        y = autograd.nn.functional.layer_norm(autograd.from_numpy(x), (777,), eps=0.0)
    assert np.abs(y.numpy() - exact).max() < 0.6 * np.spacing(np.float32(5000)) / d.std(1).min()


@pytest.mark.parametrize("isa", C_MACHINES)
def test_gradients_of_norms_keep_their_accuracy_over_many_rows(isa):
    rng = np.random.default_rng(0)
    x, g = (autograd.from_numpy(rng.uniform(0, 1, (200_003, 2)).astype(np.float32)) for _ in range(2))
    weight, bias = (autograd.ones(2, requires_grad=True) for _ in range(2))
    with on(isa):
        autograd.nn.functional.layer_norm(x, (2,), weight, bias).backward(g)
    exact = [math.fsum(column) for column in g.numpy().T.tolist()]
    assert np.abs(bias.grad.numpy() / exact - 1).max() < 2e-7
