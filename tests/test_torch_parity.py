"""PyTorch where it is installed: the op database's values, gradients, dtypes, shapes and errors, modules and training,
printing. The engine runs strict here: where PyTorch's 0 * inf is NaN, so is ours."""

import inspect
import itertools
import re
import warnings

import numpy as np
import pytest
from opdb import DIFFERENTIABLE, ROWS, map_arrays, outputs_of
from support import leaves, random_gradients, same, tensors, values

import autograd
from autograd import Tensor

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def strict():
    autograd.set_strict_ieee(True)
    torch.set_num_threads(1)


def torch_arguments(row, sample) -> tuple[tuple, dict, list]:
    """A sample for PyTorch, with leaves where our side has them."""

    def convert(a):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.from_numpy(a if a.flags.writeable and all(s >= 0 for s in a.strides) else a.copy())

    args, kwargs = map_arrays(convert, sample.args), {k: map_arrays(convert, v) for k, v in sample.kwargs.items()}
    found = []
    for position in (row.wanted or range(len(args))) if row.wanted is not None else ():
        for t in args[position] if isinstance(args[position], (list, tuple)) else [args[position]]:
            if isinstance(t, torch.Tensor) and t.is_floating_point():
                found.append(t.requires_grad_())
    return args, kwargs, found


def compared(row, dtype) -> list:
    """The samples on which both should agree."""
    return [
        s for s in row.made(dtype) if not (row.name in EDGES_DIFFER and s.note.startswith("edge values"))
        and not (row.name == "pow[numbers]" and not s.note) and not (row.name == "std" and s.note == "expanded over 0")
        and not (row.name == "hardsigmoid" and dtype == "float64")  # PyTorch's 1 / 6 is that of float32
    ]  # fmt: skip


def flat_outputs(result) -> list:
    return outputs_of(tuple(result) if isinstance(result, tuple) else result)


NOT_THERE = {
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "alpha_dropout",
    "feature_alpha_dropout",
    "rrelu[training]",
}  # other random bits
# Edge values where this engine follows NumPy or the limit, and PyTorch has something else
EDGES_DIFFER = {
    "sign": "sign(NaN) is NaN in NumPy, 0 in PyTorch; and so abs's gradient",
    "abs": "as sign",
    "l1_loss": "as abs",
    "binary_cross_entropy": "PyTorch's 1e-12 is that of float32, in float64 too",
    "kl_div": "the slope by a target of 0 is the limit's, where PyTorch's is NaN",
    "silu": "0 at -inf, where PyTorch's is NaN; its slope is 0 or 1 at infinities",
    "gelu": "as silu",
    "copysign": "slopes of 1 and -1 at infinities, where PyTorch's are NaN",
    "copysign[number]": "as copysign",
    "logit": "the slope at -0 and NaN, where PyTorch's is another in float64 than in float32",
    "mish": "as silu",
    "softplus": "PyTorch's overflows where beta x is large",
    "pow[numbers]": "powers of -inf",
    "std": "PyTorch adds up float32 in float64",
    "logsumexp": "a row of -inf sends 0 back, not NaN",
    "logcumsumexp": "as logsumexp",
    "det[linalg]": "of a singular matrix the exact cofactors, PyTorch's are 0 or rounded",
    "nanmean": "a row of NaN sends 0 back, not NaN",
}
ROWS_HERE = [row for row in ROWS if row.name not in NOT_THERE]
CASES = [pytest.param(row, dtype, id=f"{row.name}-{dtype}") for row in ROWS_HERE for dtype in row.dtypes]


@pytest.mark.parametrize("row, dtype", CASES)
def test_values_dtypes_and_shapes(row, dtype):
    for sample in compared(row, dtype):
        args, kwargs = tensors(sample)
        mine = outputs_of(row.function(autograd)(*args, **kwargs))
        args, kwargs, _ = torch_arguments(row, sample)
        with torch.no_grad():
            theirs = flat_outputs(row.function(torch)(*args, **kwargs))
        assert len(mine) == len(theirs), sample.note
        for a, b in zip(mine, theirs):
            where = f"{row.name}, {sample.note}"
            if (row.name, dtype) not in (("all", "uint8"), ("any", "uint8")):  # uint8 there, from before there was bool
                assert str(a.dtype).split(".")[1] == str(b.dtype).split(".")[1], (
                    f"{where}: {a.dtype}, PyTorch {b.dtype}"
                )
            tolerance = row.tolerance(dtype)
            same(values(a), b.detach().numpy(), 4 * tolerance["rtol"], 4 * tolerance["atol"], where)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("row", [row for row in DIFFERENTIABLE if row.name not in NOT_THERE], ids=lambda row: row.name)
def test_gradients(row, dtype):
    for sample in compared(row, dtype):
        args, kwargs, wanted = leaves(row, sample)
        mine = [y for y in outputs_of(row.function(autograd)(*args, **kwargs)) if y.requires_grad]
        args, kwargs, wanted_there = torch_arguments(row, sample)
        theirs = [y for y in flat_outputs(row.function(torch)(*args, **kwargs)) if y.requires_grad]
        assert len(mine) == len(theirs), f"{row.name}, {sample.note}"
        gs = random_gradients(mine)
        a = autograd.grad(mine, wanted, gs, allow_unused=True)
        b = torch.autograd.grad(
            theirs, wanted_there, [torch.from_numpy(np.array(values(g))) for g in gs], allow_unused=True
        )
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            if x is None or y is None:
                assert (x is None or not x.numel() or not values(x).any()) and (y is None or not y.any()), (
                    f"{row.name}, {sample.note}"
                )
                continue
            tolerance = {"float32": {"rtol": 3e-5, "atol": 1e-5}, "float64": {"rtol": 1e-10, "atol": 1e-11}}[dtype]
            same(values(x), y.detach().numpy(), **tolerance, where=f"{row.name}, {sample.note}, gradient {i}")


FAILURES = [pytest.param(f, id=f"{row.name}-{i}") for row in ROWS for i, f in enumerate(row.failures) if f.torch]


@pytest.mark.parametrize("failure", FAILURES)
def test_pytorch_raises_where_we_do(failure):
    with pytest.raises(failure.error) as caught:
        failure.call(torch)
    if type(caught.value) is RuntimeError:
        with pytest.raises(failure.error):
            failure.call(autograd)


# --- modules ----------------------------------------------------------------------------------------------------------


def both(make):
    """(ours, PyTorch's) of a module, made from the same seed."""
    autograd.manual_seed(11)
    torch.manual_seed(11)
    return make(autograd.nn), make(torch.nn)


def test_the_same_seed_gives_the_same_weights():
    mine, theirs = both(
        lambda nn: nn.Sequential(nn.Linear(7, 33), nn.ReLU(), nn.Linear(33, 129), nn.Linear(129, 2, bias=False))
    )
    for (name, p), (other, q) in zip(mine.named_parameters(), theirs.named_parameters(), strict=True):
        assert name == other and p.numpy(force=True).tobytes() == q.detach().numpy().tobytes()
    mine, theirs = both(lambda nn: nn.Embedding(30, 20, padding_idx=3))
    np.testing.assert_allclose(mine.weight.numpy(force=True), theirs.weight.detach().numpy(), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"momentum": None}, {"momentum": 0.3, "affine": False}], ids=str)
@pytest.mark.parametrize(
    "name, shape", [("BatchNorm1d", (8, 3)), ("BatchNorm1d", (4, 3, 7)), ("BatchNorm2d", (2, 3, 5, 4))]
)
def test_running_statistics_follow_alike(name, shape, options):
    mine, theirs = both(lambda nn: getattr(nn, name)(3, **options))
    rng = np.random.default_rng(0)
    for training in (True, True, True, False, True, False):
        x = (3 * rng.standard_normal(shape) + 5).astype(np.float32)
        y, z = (m.train(training)(library.tensor(x)) for m, library in ((mine, autograd), (theirs, torch)))
        np.testing.assert_allclose(values(y), z.detach().numpy(), rtol=1e-5, atol=1e-5)
        for (key, a), (other, b) in zip(mine.state_dict().items(), theirs.state_dict().items(), strict=True):
            assert key == other and str(a.dtype).split(".")[1] == str(b.dtype).split(".")[1]
            np.testing.assert_allclose(values(a), b.numpy(), rtol=2e-6, err_msg=key)


OPTIMIZERS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.5}),
    ("SGD", {"lr": 1e-3, "maximize": True}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.01, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01, "amsgrad": True}),
    ("AdamW", {"lr": 0.01}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.2, "amsgrad": True}),
    ("Adam", {"lr": 1e-3, "maximize": True}),
]


@pytest.mark.parametrize("name, options", OPTIMIZERS, ids=str)
def test_a_hundred_steps_agree(name, options):
    """Float64, so that rounding does not grow into a difference; the float32 losses follow within its rounding."""
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((16, 5)), rng.integers(0, 3, 16)
    for dtype, tolerance in ((np.float64, 1e-8), (np.float32, 2e-3)):
        mine, theirs = both(lambda nn: nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3)))
        if dtype == np.float64:
            mine.double(), theirs.double()
        curves = []
        for m, net in ((autograd, mine), (torch, theirs)):
            optimizer, losses = getattr(m.optim, name)(net.parameters(), **options), []
            inputs, targets = m.tensor(x.astype(dtype)), m.tensor(t)
            for _ in range(100):
                optimizer.zero_grad()
                loss = m.nn.functional.cross_entropy(net(inputs), targets)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            curves.append(losses)
        np.testing.assert_allclose(curves[0], curves[1], rtol=tolerance, atol=tolerance)
        for p, q in zip(mine.parameters(), theirs.parameters(), strict=True):
            np.testing.assert_allclose(p.numpy(force=True), q.detach().numpy(), rtol=tolerance, atol=tolerance)


# --- printing ---------------------------------------------------------------------------------------------------------


def printed(t) -> str:
    """repr() without the package's name, whose length decides where the line is broken before the dtype."""
    return re.sub(r",\s+(dtype|grad_fn)=", r", \1=", repr(t)).replace("torch.", "").replace("autograd.", "")


OPTIONS = [
    {"precision": 2}, {"precision": 0}, {"sci_mode": True}, {"sci_mode": False, "precision": 1}, {"profile": "short"},
    {"precision": 8, "linewidth": 120}, {"profile": "full", "edgeitems": 1}, {"edgeitems": 1, "threshold": 10},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_print_options_are_pytorchs(options):
    rng = np.random.default_rng(0)
    a = [[1, 2, 3], [1.5, 1e-8, 2], [1e6, 1], [1e9, 2], [0, 0], [np.nan, 1.5], [np.inf, 1], [], np.arange(2000.0)]
    a += [rng.standard_normal((20, 60)), rng.standard_normal((9, 9, 9, 2)) * 1e5]
    for library in (autograd, torch):
        library.set_printoptions(**options)
    try:
        for values in map(np.float32, a):
            assert printed(autograd.tensor(values)) == printed(torch.tensor(values))
    finally:
        for library in (autograd, torch):
            library.set_printoptions(profile="default")


def test_tensors_print_alike():
    rng = np.random.default_rng(0)
    shapes = [
        (),
        (1,),
        (5,),
        (30,),
        (3, 4),
        (2, 3, 4),
        (1, 1, 1, 2),
        (0,),
        (2, 0),
        (1001,),
        (40, 40),
        (3, 400),
        (11, 11, 11),
        (7, 1),
    ]
    makers = [
        lambda s: rng.standard_normal(s),
        lambda s: rng.standard_normal(s) * 1e5,
        lambda s: rng.standard_normal(s) * 1e-5,
        lambda s: rng.integers(-1000, 1000, s) * 1.0,
        lambda s: rng.integers(0, 3, s) * 1e9,
        lambda s: np.exp(rng.uniform(-15, 15, s)),
        lambda s: np.where(rng.uniform(size=s) < 0.3, np.nan, rng.standard_normal(s)),
        lambda s: np.where(rng.uniform(size=s) < 0.5, np.inf, 2.0),
        lambda s: np.where(rng.uniform(size=s) < 0.5, -0.0, 0.5),
        lambda s: np.zeros(s),
        lambda s: np.full(s, -np.inf),
    ]
    for shape, make, dtype in itertools.product(shapes, makers, (np.float32, np.float64)):
        a = np.asarray(make(shape), dtype)
        assert printed(autograd.tensor(a)) == printed(torch.tensor(a)), a
    for shape, dtype in itertools.product(shapes, (np.int64, np.int8, np.uint8, np.int32, np.int16, bool)):
        a = np.asarray(rng.integers(-100, 100, shape), dtype)
        assert printed(autograd.tensor(a)) == printed(torch.tensor(a)), a


def test_tensors_with_a_history_print_alike():
    for function in (
        lambda m, x: x,
        lambda m, x: (x * 0).exp(),
        lambda m, x: x + 1,
        lambda m, x: 2 - x,
        lambda m, x: x / 2,
        lambda m, x: 1 / x,
        lambda m, x: x**2,
        lambda m, x: x @ x.T,
        lambda m, x: x.sum(),
        lambda m, x: x.mean(),
        lambda m, x: m.relu(x),
        lambda m, x: x.reshape(-1),
        lambda m, x: m.sigmoid(x),
        lambda m, x: x.softmax(1),
        lambda m, x: m.nn.functional.mse_loss(x, x.detach()),
        lambda m, x: m.cat([x, x]),
        lambda m, x: x.std(),
        lambda m, x: m.where(x > 1, x, 0.0),
        lambda m, x: -x,
        lambda m, x: x * x,
        lambda m, x: x.clone(),
        lambda m, x: x.permute(1, 0),
        lambda m, x: x.log_softmax(1),
        lambda m, x: x.abs(),
        lambda m, x: x.double(),
        lambda m, x: m.nn.functional.gelu(x),
        lambda m, x: m.nn.functional.silu(x),
        lambda m, x: x[x > 1],
        lambda m, x: x.split(1)[0],
        lambda m, x: x.logsumexp(0),
        lambda m, x: x.prod(),
        lambda m, x: m.maximum(x, x),
        lambda m, x: x.expand(2, 2, 2),
        lambda m, x: x.flatten(),
        lambda m, x: m.nn.functional.cross_entropy(x, m.tensor([0, 1])),
    ):
        mine, theirs = (function(m, m.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)) for m in (autograd, torch))
        assert mine.grad_fn is None or printed(mine).split("grad_fn")[1] == printed(theirs).split("grad_fn")[1]
        assert mine.requires_grad == theirs.requires_grad


# --- making and promoting ---------------------------------------------------------------------------------------------


def test_promotion_of_every_pair():
    names = autograd.dtypes.NAMES
    operators = [
        lambda a, b: a + b,
        lambda a, b: a * b,
        lambda a, b: a / b,
        lambda a, b: a == b,
        lambda a, b: a // b,
        lambda a, b: a % b,
    ]
    for a, b, operator in itertools.product(names, names, operators):
        for shape_a, shape_b in itertools.product([(2,), ()], repeat=2):
            results = []
            for m in (autograd, torch):
                x, y = m.ones(shape_a, dtype=getattr(m, a)), m.ones(shape_b, dtype=getattr(m, b))
                try:
                    z = operator(x, y)
                    results.append((str(z.dtype).split(".")[1], z.tolist()))
                except RuntimeError:
                    results.append("RuntimeError")
            if "RuntimeError" not in results:
                assert results[0] == results[1], (a, b, shape_a, shape_b)
    for a, number in itertools.product(names, (2, 2.5, True)):
        for operator in operators:
            results = []
            for m in (autograd, torch):
                try:
                    results.append(str(operator(m.ones(2, dtype=getattr(m, a)), number).dtype).split(".")[1])
                except RuntimeError:
                    results.append("RuntimeError")
            if "RuntimeError" not in results:
                assert results[0] == results[1], (a, number)


def test_tensor_infers_as_pytorch():
    for data in (1, 1.5, True, [], [1, 2.0], [[1], [2]], [True, 2], np.float32(1), np.arange(3), (), [[]], [[], []]):
        a, b = autograd.tensor(data), torch.tensor(data)
        assert str(a.dtype).split(".")[1] == str(b.dtype).split(".")[1] and tuple(a.shape) == tuple(b.shape), data


def test_indexing_by_anything():
    rng = np.random.default_rng(0)
    items = [
        0,
        -1,
        slice(None),
        slice(1, None),
        slice(None, None, 2),
        None,
        Ellipsis,
        [0, 1],
        True,
        False,
        "tensor",
        "mask0",
        "matrix",
    ]
    x = rng.standard_normal((3, 4, 2)).astype(np.float32)
    made = {"tensor": np.array([1, 0]), "mask0": np.array([True, False, True]), "matrix": np.array([[0, 1], [1, 1]])}
    for length in (1, 2, 3):
        for index in itertools.product(items, repeat=length):
            if index.count(Ellipsis) > 1:
                continue  # an error here, as in NumPy
            results = []
            for m in (autograd, torch):
                key = tuple(m.tensor(made[i]) if isinstance(i, str) else i for i in index)
                try:
                    results.append(m.tensor(x)[key].tolist())
                except (IndexError, RuntimeError, TypeError, ValueError):
                    results.append("error")
            assert results[0] == results[1], index


# --- names ------------------------------------------------------------------------------------------------------------


def functions() -> list[str]:
    """The package's functions that PyTorch has too."""
    return [
        n for n, f in vars(autograd).items()
        if inspect.isfunction(f) and f.__module__.startswith("autograd.ops") and hasattr(torch, n)
    ]  # fmt: skip


@pytest.mark.parametrize("name", functions())
def test_a_function_is_a_method_takes_out_and_writes_in_place_where_pytorchs_does(name):
    assert hasattr(Tensor, name) == hasattr(torch.Tensor, name)
    assert hasattr(Tensor, name + "_") == hasattr(torch.Tensor, name + "_")
    takes_out = bool(re.search(r"^ *\w*\(.*\bout=None", getattr(torch, name).__doc__ or "", re.M))
    assert "out" in inspect.signature(getattr(autograd, name)).parameters or not takes_out
