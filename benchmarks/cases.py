"""What the kernel benchmarks call: for each line of ``csrc/kernels.def`` some representative shapes.

A kernel gets its cases from its signature class, so that a new kernel of a known class is benchmarked without a line
here; tables below give a kernel another domain of values, its parameters, or further shapes.

>>> [case.name for case in cases("sigmoid")]
['sigmoid 1e3', 'sigmoid 1e5']
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

import autograd
from autograd import backend, float32, float64, from_numpy, optim, storage
from autograd.backend import K
from autograd.backend.numpy_random import MT19937
from autograd.ops.convolution import Geometry
from autograd.ops.pooling import Windows

KERNELS_DEF = Path(__file__).parent.parent / "csrc" / "kernels.def"


@cache
def kernels() -> dict[str, str]:
    """The signature class of each kernel, as kernels.def has it."""
    lines = re.findall(r"^[A-Z]+\((\w+), (\w+)\)$", KERNELS_DEF.read_text(), re.MULTILINE)
    return dict.fromkeys(name for _, name in lines) | {name: group for group, name in reversed(lines)}


@dataclass(frozen=True)
class Call:
    """A kernel with its arguments: what is timed. ``outputs`` are the arrays it writes."""

    function: Callable[..., Any]
    args: tuple
    outputs: tuple


@dataclass(frozen=True)
class Case:
    """A kernel on one shape and dtype. ``make(data)`` makes its call for the backend in use."""

    kernel: str
    shape: str
    make: Callable[[Data], Call]
    dtype: autograd.dtype = float32

    @property
    def name(self) -> str:
        return f"{self.kernel} {self.shape}" + ("" if self.dtype is float32 else f" {self.dtype.name}")

    def call(self) -> Call:
        return self.make(Data(self.dtype))


class Data:
    """Makes arrays of one dtype, the same values at each run and for both backends."""

    def __init__(self, dtype: autograd.dtype):
        self.dtype = dtype
        self.rng = np.random.default_rng(0)

    def empty(self, *shape: int, dtype: autograd.dtype | None = None) -> storage.Array:
        a = storage.empty(shape, dtype or self.dtype)
        a.numpy()[...] = 0  # the pages are there before the clock runs
        return a

    def array(self, values: np.ndarray, dtype: autograd.dtype | None = None) -> storage.Array:
        a = storage.empty(values.shape, dtype or self.dtype)
        a.numpy()[...] = values
        return a

    def normal(self, *shape: int) -> storage.Array:
        return self.array(self.rng.standard_normal(shape, np.float32))

    def positive(self, *shape: int) -> storage.Array:
        return self.array(self.rng.uniform(0.1, 4.0, shape))

    def near_one(self, *shape: int) -> storage.Array:
        """Values whose products neither overflow nor become 0."""
        return self.array(np.exp(0.02 * self.rng.standard_normal(shape)))

    def few(self, *shape: int) -> storage.Array:
        """Values that are often equal."""
        return self.array(self.rng.integers(0, 3, shape))

    def any(self, *shape: int) -> storage.Array:
        """NaN and infinity among the values."""
        return self.array(self.rng.choice([np.nan, np.inf, 0.0, 1.0], shape))

    def integers(self, high: int, *shape: int) -> storage.Array:
        return self.array(self.rng.integers(0, high, shape), autograd.int64)


def seam(kernel: str, *args: Any, outputs: int = 1) -> Call:
    """A call of the backend's kernel; it writes its first arguments."""
    return Call(getattr(K, kernel), args, args[:outputs])


# --- elementwise ------------------------------------------------------------------------------------------------------

SIZES = {"1e3": (1000,), "1e5": (100_000,)}
LARGE = {"1e7": (10_000_000,)}  # beyond the caches
ALSO_LARGE = ("exp", "tanh", "relu", "add", "add_scalar")
ALSO_DOUBLE = ("exp", "tanh", "add", "sum", "gemm")

POSITIVE = (
    "sqrt", "rsqrt", "log", "pow", "pow_scalar", "rpow_scalar", "sqrt_grad", "div", "guarded_div", "rdiv_scalar",
)  # fmt: skip
PARAMETERS = {"softplus": (1.0, 20.0), "softplus_grad": (1.0, 20.0), "clamp": (-1.0, 1.0), "clamp_grad": (-1.0, 1.0)}

ALSO_WHOLE = ("add", "mul", "maximum", "eq", "copy", "floor_divide")
VALUES = {"COMPARE": Data.few, "TEST": Data.any}  # of the classes whose results are bool
BITS = ("bitwise_not", "bitwise_and", "bitwise_or", "bitwise_xor")  # of integers and bools alone

OPERANDS = {"FILL": 0, "UNARY": 1, "UNARY_P": 1, "BINARY": 2, "BINARY_P": 2, "TERNARY": 3, "COMPARE": 2, "TEST": 1}


def elementwise(kernel: str, group: str) -> list[Case]:
    """Contiguous operands of one shape, and where it is named above the other layouts."""
    parameters = PARAMETERS.get(kernel, (0.25,) if group in ("FILL", "UNARY_P", "BINARY_P") else ())

    def make(shape: tuple, data: Data) -> Call:
        values = partial(Data.positive if kernel in POSITIVE else VALUES.get(group, Data.normal), data)
        out = data.empty(*shape, dtype=autograd.bool if group in VALUES else None)
        return seam(kernel, out, *[values(*shape) for _ in range(OPERANDS[group])], *parameters)

    sizes = SIZES | (LARGE if kernel in ALSO_LARGE else {})
    dtype = autograd.int64 if kernel in BITS else float32
    made = [Case(kernel, name, partial(make, shape), dtype) for name, shape in sizes.items()]
    if kernel in ALSO_WHOLE:
        made.append(Case(kernel, "1e5", partial(make, (100_000,)), autograd.int64))
    if kernel in ALSO_DOUBLE:
        made.append(Case(kernel, "1e5", partial(make, (100_000,)), float64))
    return made + LAYOUTS.get(kernel, [])


def transposed(a: storage.Array) -> storage.Array:
    return a.view(a.shape[::-1], a.strides[::-1])


def cast(kernel: str, _: str) -> list[Case]:
    def make(n: int, source: autograd.dtype, data: Data) -> Call:
        return seam(kernel, data.empty(n), data.array(data.rng.integers(0, 2, n), source))

    return [Case(kernel, f"{name} from {d.name}", partial(make, shape[0], d))
            for name, shape in SIZES.items() for d in (autograd.bool, autograd.int64, float64)]  # fmt: skip


LAYOUTS = {
    "lt": [Case("lt", "1e5 < a number",
                lambda d: seam("lt", d.empty(100_000, dtype=autograd.bool), d.normal(100_000), d.normal()))],
    "copy": [
        Case("copy", "transposed 300x300", lambda d: seam("copy", d.empty(300, 300), transposed(d.normal(300, 300)))),
    ],
    "add": [
        Case("add", "128x1000 + row", lambda d: seam("add", d.empty(128, 1000), d.normal(128, 1000), d.normal(1000))),
        Case("add", "128x1000 + column",
             lambda d: seam("add", d.empty(128, 1000), d.normal(128, 1000), d.normal(128, 1))),
        Case("add", "300x300 + transposed",
             lambda d: seam("add", d.empty(300, 300), d.normal(300, 300), transposed(d.normal(300, 300)))),
    ],
}  # fmt: skip


def where(kernel: str, _: str) -> list[Case]:
    def make(n: int, data: Data) -> Call:
        condition = data.array(data.rng.random(n) < 0.5, autograd.bool)
        return seam(kernel, data.empty(n), condition, data.normal(n), data.normal(n))

    return [Case(kernel, name, partial(make, shape[0])) for name, shape in SIZES.items()]


# --- reductions, rows, losses -----------------------------------------------------------------------------------------

REDUCTIONS = {  # name: shape, reduced dims
    "128x1000 all": ((128, 1000), (0, 1)),
    "128x1000 rows": ((128, 1000), (1,)),
    "128x1000 columns": ((128, 1000), (0,)),
    "32x64x64 middle": ((32, 64, 64), (1,)),
}


def reduction(kernel: str, group: str) -> list[Case]:
    def make(shape: tuple, dims: tuple, data: Data) -> Call:
        kept = [n for d, n in enumerate(shape) if d not in dims]
        out = data.empty(*kept, dtype={"ARGREDUCE": autograd.int64, "REDUCE_TEST": autograd.bool}.get(group))
        x = data.near_one(*shape) if kernel == "prod" else data.normal(*shape)
        return seam(kernel, out, x, dims, *((1.0,) if kernel == "var" else ()))

    made = [Case(kernel, name, partial(make, shape, dims)) for name, (shape, dims) in REDUCTIONS.items()]
    if kernel in ALSO_DOUBLE:
        made.append(Case(kernel, "128x1000 rows", partial(make, (128, 1000), (1,)), float64))
    if kernel == "sum":
        made += [Case(kernel, "1e3", partial(make, (1000,), (0,))), Case(kernel, "1e7", partial(make, (10**7,), (0,)))]
    return made


ROWS = {"128x1000": (128, 1000, 1), "1024x64": (1024, 64, 1), "32x64x64 middle": (32, 64, 64)}


def rowwise(kernel: str, group: str) -> list[Case]:
    def make(rows: tuple, data: Data) -> Call:
        inputs = [data.normal(*rows) for _ in range(2 if group == "ROWWISE_GRAD" else 1)]
        return seam(kernel, data.empty(*rows), *inputs, rows)

    return [Case(kernel, name, partial(make, rows)) for name, rows in ROWS.items()]


NORMS = {"128x1000": (128, 1000), "1024x64": (1024, 64)}


def norm(kernel: str, group: str) -> list[Case]:
    def make(rows: tuple, data: Data) -> Call:
        x, stats = data.normal(*rows), data.positive(2, rows[0])
        weight, bias = data.positive(rows[1]), data.normal(rows[1])
        if group == "NORM":
            return seam(kernel, data.empty(*rows), stats, x, weight, bias, rows, 1e-5, outputs=2)
        dx, dw, db = data.empty(*rows), data.empty(rows[1]), data.empty(rows[1])
        if kernel == "rms_norm_grad":
            return seam(kernel, dx, dw, None, data.normal(*rows), x, stats, weight, rows, outputs=2)
        return seam(kernel, dx, dw, db, data.normal(*rows), x, stats, weight, rows, outputs=3)

    return [Case(kernel, name, partial(make, rows)) for name, rows in NORMS.items()]


CELLS = {"32x128": (32, 128), "4x16": (4, 16)}


def cell(kernel: str, group: str) -> list[Case]:
    def make(rows: int, n: int, data: Data) -> Call:
        wide, state = (rows, 4 * n if "lstm" in kernel else 3 * n), (rows, n)
        if not kernel.endswith("grad"):
            given = [data.normal(*wide), data.normal(*state)]
            if kernel == "lstm_cell":
                return seam(kernel, data.empty(*state), data.empty(*state), *given, outputs=3)
            return seam(kernel, data.empty(*state), data.normal(*wide), *given, outputs=2)
        gates = data.array(np.full(wide, 0.5))
        gates.numpy()[:, n : 2 * n] = -1  # the kernel's calls multiply by it: what they write over shall not fade
        if kernel == "lstm_cell_grad":
            given = [data.normal(*state) for _ in range(4)]
            return seam(kernel, data.empty(*wide), *given[:2], gates, *given[2:], outputs=2)
        given = [data.normal(*state), gates, data.normal(*wide), data.normal(*state)]
        return seam(kernel, data.empty(*wide), data.empty(*wide), *given, outputs=3)

    return [Case(kernel, name, partial(make, *rows)) for name, rows in CELLS.items()]


CHANNELS = {"128x1000": (128, 1000, 1), "1024x64": (1024, 64, 1), "64x16x28x28": (64, 16, 784)}


def batch_norm(kernel: str, group: str) -> list[Case]:
    def make(rows: tuple, data: Data) -> Call:
        n = rows[1]
        x, stats, weight, bias = data.normal(*rows), data.positive(2, n), data.positive(n), data.normal(n)
        if group == "BATCH_NORM":
            running = data.normal(n), data.positive(n)
            given = x, weight, bias, rows, True, 0.1, 1e-5
            return Call(K.batch_norm, (y := data.empty(*rows), stats, *running, *given), (y, stats))
        return seam(
            kernel, data.empty(*rows), data.empty(n), data.empty(n), data.normal(*rows), x, stats, weight, rows, True,
            outputs=3,
        )  # fmt: skip

    return [Case(kernel, name, partial(make, rows)) for name, rows in CHANNELS.items()]


def loss(kernel: str, group: str) -> list[Case]:
    def make(n: int, data: Data) -> Call:
        x, t = data.normal(n), data.positive(n)
        if group == "LOSS":
            return seam(kernel, data.empty(), x, t, 1 / n)
        return seam(kernel, data.empty(n), data.positive(), x, t, 1 / n)

    return [Case(kernel, name, partial(make, shape[0])) for name, shape in SIZES.items()]


LOGITS = {"64x10": (64, 10, 1), "128x1000": (128, 1000, 1)}
MEAN = 1


def cross_entropy(kernel: str, group: str) -> list[Case]:
    def make(rows: tuple, smoothing: float, data: Data) -> Call:
        outer, classes, inner = rows
        weight = data.positive(classes) if smoothing else None
        x, lse, target = data.normal(*rows), data.empty(outer, inner), data.integers(classes, outer, inner)
        if group == "NLL":
            return seam(kernel, data.empty(), lse, x, target, weight, rows, -100, MEAN, smoothing, outputs=2)
        K.logsumexp(lse, x, (1,))
        return seam(kernel, data.empty(*rows), data.positive(), x, lse, target, weight, rows, -100, MEAN, smoothing)

    def of_log_probabilities(rows: tuple, data: Data) -> Call:
        outer, classes, inner = rows
        x, target = data.normal(*rows), data.integers(classes, outer, inner)
        if group == "NLL":
            return seam(kernel, data.empty(), None, x, target, None, rows, -100, MEAN, 0.0)
        return seam(kernel, data.empty(*rows), data.positive(), None, None, target, None, rows, -100, MEAN, 0.0)

    made = [Case(kernel, name, partial(make, rows, 0.0)) for name, rows in LOGITS.items()]
    made += [Case(kernel, f"{n} log-probabilities", partial(of_log_probabilities, r)) for n, r in LOGITS.items()]
    return [*made, Case(kernel, "128x1000 smoothed, weighted", partial(make, LOGITS["128x1000"], 0.1))]


# --- products, optimizers, indexing, randomness -----------------------------------------------------------------------

PRODUCTS = {
    "4x2 @ 2x2": ((4, 2), (2, 2)),
    "32x32 @ 32x32": ((32, 32), (32, 32)),
    "64x64 @ 64x128": ((64, 64), (64, 128)),
    "128x784 @ 784x256": ((128, 784), (784, 256)),
    "127x129 @ 129x131": ((127, 129), (129, 131)),
    "1024x1024 @ 1024x1024": ((1024, 1024), (1024, 1024)),
    "64 of 32x64 @ 64x32": ((64, 32, 64), (64, 64, 32)),
}
RELU = 1


def gemm(kernel: str, _: str) -> list[Case]:
    def plain(a: tuple, b: tuple, data: Data) -> Call:
        return seam(kernel, data.empty(*a[:-1], b[-1]), data.normal(*a), data.normal(*b))

    def fused(m: int, k: int, n: int, data: Data) -> Call:
        """relu(a b^T + bias)"""
        a, b, bias = data.normal(m, k), data.normal(n, k), data.normal(n)
        return seam(kernel, data.empty(m, n), a, b, bias, True, 1.0, 0.0, RELU)

    made = [Case(kernel, name, partial(plain, *shapes)) for name, shapes in PRODUCTS.items()]
    return [
        *made,
        Case(kernel, "relu(128x784 @ 784x256 + row)", partial(fused, 128, 784, 256)),
        Case(kernel, "128x784 @ 784x256", partial(plain, (128, 784), (784, 256)), float64),
    ]


LAYERS = {
    "4x2x2": (4, 2, 2),
    "64x128x64": (64, 128, 64),
    "128x256x784": (128, 256, 784),
    "256x1024x1024": (256, 1024, 1024),
}


def linear(kernel: str, group: str) -> list[Case]:
    """A layer from k to n features on m samples."""

    def forward(sizes: tuple, activation: int, data: Data) -> Call:
        m, n, k = sizes
        layer = (*sizes, activation)
        return seam(kernel, data.empty(m, n), data.normal(m, k), data.normal(n, k), data.normal(n), layer)

    def backward(sizes: tuple, data: Data) -> Call:
        m, n, k = sizes
        gradients = data.empty(m, k), data.empty(n, k), data.empty(n)
        layer = (*sizes, 0)
        g, x, w = data.normal(m, n), data.normal(m, k), data.normal(n, k)
        return seam(kernel, *gradients, None, g, x, w, None, layer, outputs=3)

    if group == "LINEAR_GRAD":
        return [Case(kernel, name, partial(backward, sizes)) for name, sizes in LAYERS.items()]
    made = [Case(kernel, name, partial(forward, sizes, 0)) for name, sizes in LAYERS.items()]
    return [*made, Case(kernel, "64x128x64 relu", partial(forward, LAYERS["64x128x64"], RELU))]


FILTERS = {  # images, channels, size, filters, kernel, padding
    "64x1x28x28 by 8x3x3": (64, 1, 28, 8, 3, 1),
    "64x8x14x14 by 16x3x3": (64, 8, 14, 16, 3, 1),
    "64x32x8x8 by 64x3x3": (64, 32, 8, 64, 3, 1),
    "64x64x8x8 by 32x1x1": (64, 64, 8, 32, 1, 0),
    "1x3x64x64 by 16x5x5": (1, 3, 64, 16, 5, 2),
}


def convolution(kernel: str, _: str) -> list[Case]:
    def make(sizes: tuple, data: Data) -> Call:
        images, channels, n, filters, k, p = sizes
        out = n + 2 * p - k + 1
        s = Geometry(2, images, 1, channels, filters, (n, n), (out, out), (k, k), (1, 1), (p, p), (1, 1))
        x, y = data.normal(images, channels, n, n), data.normal(images, filters, out, out)
        w = data.normal(filters, channels, k, k)
        if kernel == "conv":
            return seam(kernel, y, x, w, data.normal(filters), s)
        return seam(kernel, *((x, y, w) if kernel == "conv_transpose" else (w, y, x)), None, s)

    return [Case(kernel, name, partial(make, sizes)) for name, sizes in FILTERS.items()]


HEADS = {"16x4x64x16": (16, 4, 64, 16, True), "1x8x512x64": (1, 8, 512, 64, False)}


def attention(kernel: str, _: str) -> list[Case]:
    def make(sizes: tuple, data: Data) -> Call:
        *shape, causal = sizes
        y, stats, q, k, v, g = (data.normal(*shape[:3], 2 if i == 1 else shape[3]) for i in range(6))
        if kernel == "attention":
            return seam(kernel, y, stats, q, k, v, 0.25, causal, outputs=2)
        K.attention(y, stats, q, k, v, 0.25, causal)
        made = [data.empty(*shape) for _ in range(3)]
        return seam(kernel, *made, g, q, k, v, stats, 0.25, causal, outputs=3)

    return [
        Case(kernel, name + (" causal" if sizes[-1] else ""), partial(make, sizes)) for name, sizes in HEADS.items()
    ]


POOLS = {"64x8x28x28 by 2x2": (64 * 8, 28, 2, 2, 0), "64x16x14x14 by 3x3": (64 * 16, 14, 3, 2, 1)}


def pool(kernel: str, _: str) -> list[Case]:
    def make(sizes: tuple, data: Data) -> Call:
        planes, n, k, step, p = sizes
        out = (n + 2 * p - k) // step + 1
        s = Windows(planes, (n, n), (out, out), (k, k), (step, step), (p, p), (1, 1))
        x, y = data.normal(planes, n, n), data.normal(planes, out, out)
        if "avg" in kernel:
            return seam(kernel, *((y, x) if kernel == "avg_pool" else (x, y)), s)
        index = data.integers(1, planes, out, out)
        if kernel == "max_pool":
            return seam(kernel, y, index, x, s, outputs=2)
        K.max_pool(data.empty(planes, out, out), index, x, s)
        return seam(kernel, x, y, index, s)

    return [Case(kernel, name, partial(make, sizes)) for name, sizes in POOLS.items()]


OPTIMIZERS = {
    "sgd": partial(optim.SGD, lr=1e-3, momentum=0.9), "asgd": optim.ASGD, "rprop": optim.Rprop,
    "adam": partial(optim.Adam, lr=1e-3), "adamax": optim.Adamax, "nadam": optim.NAdam, "radam": optim.RAdam,
    "adagrad": optim.Adagrad, "adadelta": optim.Adadelta, "rmsprop": optim.RMSprop,
}  # fmt: skip


def optimizer(kernel: str, _: str) -> list[Case]:
    """A whole ``step()``, since only the optimizer can fill the kernel's table of parameters."""

    def make(sizes: list[int], data: Data) -> Call:
        params = [from_numpy(data.rng.standard_normal(n, np.float32)).requires_grad_() for n in sizes]
        for p in params:
            p.grad = from_numpy(data.rng.standard_normal(p.shape, np.float32))
        return Call(OPTIMIZERS[kernel](params).step, (), tuple(p._array for p in params))

    return [
        Case(kernel, "4 of 10", partial(make, [10] * 4)),
        Case(kernel, "4 of 1e4", partial(make, [10_000] * 4)),
        Case(kernel, "1e6", partial(make, [1_000_000])),
    ]


def lists(kernel: str, _: str) -> list[Case]:
    """Gradients of as many parameters as in :func:`optimizer`."""

    def make(sizes: list[int], data: Data) -> Call:
        arrays = [data.normal(n) for n in sizes]
        if kernel == "list_squares":
            return seam(kernel, data.empty(dtype=float64), arrays)
        return Call(K.list_scale, (arrays, data.array(np.array(-1.0), float64)), tuple(arrays))

    return [
        Case(kernel, "4 of 10", partial(make, [10] * 4)),
        Case(kernel, "4 of 1e4", partial(make, [10_000] * 4)),
        Case(kernel, "1e6", partial(make, [1_000_000])),
    ]


def clipping(kernel: str, _: str) -> list[Case]:
    """What happens between the two of :func:`lists`, to single numbers."""

    def make(data: Data) -> Call:
        if kernel == "root_sum":
            return seam(kernel, data.empty(), data.array(np.array([4.0]), float64))
        return seam(kernel, data.empty(dtype=float64), data.array(np.array(4.0)), 1.0)

    return [Case(kernel, "1", make)]


def by_index(kernel: str, group: str) -> list[Case]:
    """Rows of a table, and an element of each row."""

    def rows(count: int, width: int, n: int, data: Data) -> Call:
        table, index, g = data.normal(1, n, width), data.integers(n, 1, count, 1), data.normal(1, count, width)
        return seam(kernel, g, table, index) if group == "TAKE" else seam(kernel, table, g, index)

    def each(count: int, n: int, data: Data) -> Call:
        table, index, g = data.normal(count, n, 1), data.integers(n, count, 1, 1), data.normal(count, 1, 1)
        return seam(kernel, g, table, index) if group == "TAKE" else seam(kernel, table, g, index)

    return [
        Case(kernel, "32 of 100x16", partial(rows, 32, 16, 100)),
        Case(kernel, "2048 of 10000x64", partial(rows, 2048, 64, 10_000)),
        Case(kernel, "one of each of 64x10", partial(each, 64, 10)),
    ]


def folded(kernel: str, _: str) -> list[Case]:
    return [Case(kernel, "64", lambda data: seam(kernel, data.integers(9, 64), data.integers(9, 64), 9))]


def counters(kernel: str, _: str) -> list[Case]:
    return [Case(kernel, "1", lambda data: seam(kernel, data.integers(9, 1)))]


def dropout(kernel: str, _: str) -> list[Case]:
    def make(n: int, data: Data) -> Call:
        return seam(kernel, data.empty(n), data.normal(n), 0.5, data.integers(2**62, 1))

    return [Case(kernel, name, partial(make, shape[0])) for name, shape in SIZES.items()]


def random(kernel: str, group: str) -> list[Case]:
    """The streams; they write their second argument."""

    def make(n: int, data: Data) -> Call:
        mt = MT19937(0)
        if group == "SEED":
            return Call(native(kernel, mt) or mt.seed, (1,), ())
        if group == "WORDS":
            fill = native(kernel, mt)
            words = np.empty(n, np.uint32)
            pointer = fill and backend.extension.ffi.from_buffer("uint32_t[]", words)
            return Call(fill, (n, pointer), ()) if fill else Call(mt.words, (n,), ())
        out = data.empty(n, dtype=None if group == "RANDOM" else autograd.int64)
        parameters = {"RANDOM": (0.0, 1.0), "INTEGERS": (0, 10), "PERMUTATION": ()}[group]
        return Call(getattr(K, kernel.removeprefix("mt_")), (mt, out, *parameters), (out,))

    sizes = {"state": (624,)} if group == "SEED" else SIZES
    return [Case(kernel, name, partial(make, shape[0])) for name, shape in sizes.items()]


def native(kernel: str, mt: MT19937) -> Callable[..., Any] | None:
    """A kernel of the stream that the seam does not have, since Python always uses NumPy's: bound here for C."""
    if backend.get_backend() != "c":
        return None
    ffi = backend.extension.ffi
    stream = ffi.from_buffer("ag_mt19937 *", mt.record)
    return partial(getattr(backend.extension.lib, f"ag_{kernel}"), stream)


# --- the table --------------------------------------------------------------------------------------------------------

BY_CLASS: dict[str, Callable[[str, str], list[Case]]] = {
    **dict.fromkeys(OPERANDS, elementwise), "WHERE": where, "CAST": cast, "REDUCE": reduction,
    "REDUCE_TEST": reduction, "ARGREDUCE": reduction,
    "ROWWISE": rowwise, "ROWWISE_GRAD": rowwise, "NORM": norm, "NORM_GRAD": norm,
    "BATCH_NORM": batch_norm, "BATCH_NORM_GRAD": batch_norm,
    **dict.fromkeys(("LSTM_CELL", "LSTM_CELL_GRAD", "GRU_CELL", "GRU_CELL_GRAD"), cell),
    "LOSS": loss, "LOSS_GRAD": loss, "NLL": cross_entropy, "NLL_GRAD": cross_entropy,
    "GEMM": gemm, "LINEAR": linear, "LINEAR_GRAD": linear,
    "ATTENTION": attention, "ATTENTION_GRAD": attention,
    "CONV": convolution, "MAX_POOL": pool, "MAX_POOL_GRAD": pool, "AVG_POOL": pool,
    "OPTIMIZER": optimizer, "LIST_SQUARES": lists, "LIST_SCALE": lists,
    "ROOT_SUM": clipping, "CLIP_FACTOR": clipping,
    "TAKE": by_index, "GIVE": by_index, "FOLD_INDEX": folded, "DROPOUT": dropout, "COUNT": counters,
    "RANDOM": random, "SEED": random, "PERMUTATION": random, "INTEGERS": random, "WORDS": random,
}  # fmt: skip


def cases(kernel: str | None = None) -> list[Case]:
    """The cases of one kernel, or of all in the order of kernels.def."""
    wanted = kernels() if kernel is None else {kernel: kernels()[kernel]}
    return [case for name, group in wanted.items() for case in BY_CLASS.get(group, lambda *_: [])(name, group)]
