"""Calls for every kernel at the seam, by signature class: what test_kernels.py runs in C and in NumPy.

An argument is an :class:`Out` (an array the kernel writes, with the values it starts from), a NumPy array it reads, or
a plain value.
"""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

import autograd
from autograd.backend import K, extension, numpy_backend, numpy_kernels
from autograd.ops.convolution import Geometry
from autograd.ops.pooling import Windows
from autograd.storage import from_numpy

SIZES = [0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 64, 65, 66, 1000]
PATTERN = 0xFF  # as a float NaN, as an index far out of range: whatever is read beyond an array shows


@dataclass
class Out:
    """An array that the kernel writes."""

    start: np.ndarray


IN_C = [name for name in autograd.dtypes.NAMES if name != "float16"]
"""The dtypes with C kernels."""
ENDINGS = dict(zip(("b8", "u8", "i8", "i16", "i32", "i64", "f32", "f64"), IN_C))


def classes() -> dict[tuple[str, str], str]:
    """The signature class of each kernel and dtype ("" for none), from the extension."""
    found = {}
    for line in extension.ffi.string(extension.lib.ag_kernels()).decode().splitlines() if extension else []:
        group, symbol = line.split()
        name, _, ending = symbol.rpartition("_")
        found[(name, ENDINGS[ending]) if ending in ENDINGS else (symbol, "")] = group
    return found


class Guarded:
    """An array inside a larger buffer of PATTERN: ``intact`` tells whether all around is as it was."""

    def __init__(self, values: np.ndarray, shift: int):
        size, item = values.size, values.itemsize
        # the elements in memory order, so that the array within the buffer has the strides of ``values``
        low, high = _extent(values)
        self.buffer = np.full((high - low + 2 * (64 + shift)) * item + 64, PATTERN, np.uint8)
        first = (64 + shift - low) * item + (-self.buffer.ctypes.data % 64)
        self.view = (
            np.ndarray(values.shape, values.dtype, self.buffer, first, values.strides) if size else values.copy()
        )
        if size:
            self.view[...] = values
            touched = np.zeros(self.buffer.size, bool)
            mark = np.ndarray((*values.shape, item), bool, touched, first, (*values.strides, 1))
            mark[...] = True
            self.outside = ~touched
        else:
            self.outside = np.ones(self.buffer.size, bool)

    def intact(self) -> bool:
        return bool((self.buffer[self.outside] == PATTERN).all())


def _extent(a: np.ndarray) -> tuple[int, int]:
    """The lowest and one past the highest element, in elements from the first."""
    steps = [(n - 1) * s // a.itemsize for n, s in zip(a.shape, a.strides) if n]
    return sum(s for s in steps if s < 0), 1 + sum(s for s in steps if s > 0)


def run(name: str, args: tuple, shift: int = 0) -> tuple[Any, list[np.ndarray]]:
    """Call a kernel on guarded copies of its arguments: its status and its outputs."""
    guards, outputs, given = [], [], []
    for arg in args:
        values = arg.start if isinstance(arg, Out) else arg
        if isinstance(values, np.ndarray):
            guard = Guarded(values, shift)
            guards.append((guard, None if isinstance(arg, Out) else values))
            outputs += [guard.view] if isinstance(arg, Out) else []
            given.append(from_numpy(guard.view))
        else:
            given.append(values)
    status = getattr(K, name)(*given)
    for guard, before in guards:
        assert guard.intact(), f"{name} wrote outside its buffers"
        if before is not None:
            np.testing.assert_array_equal(guard.view, before, err_msg=f"{name} wrote to its input")
    return status, [np.array(o) for o in outputs]


# --- values -----------------------------------------------------------------------------------------------------------

EQUALS = {"eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "logical_not"}
POSITIVE = {"log", "sqrt", "rsqrt", "pow", "pow_scalar", "rpow_scalar", "reciprocal", "sqrt_grad"}


def numbers(name: str, rng, shape, dtype) -> np.ndarray:
    """Ordinary values of a kernel's domain; among integers also those that do not fit sums and products."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.asarray(rng.integers(0, 2, shape), bool)
    if dtype.kind != "f":
        limits = np.iinfo(dtype)
        large = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
        return np.asarray(np.where(rng.random(shape) < 0.5, large, rng.integers(0, 5, shape)), dtype)
    if name in EQUALS:
        return np.asarray(rng.integers(-2, 3, shape), dtype)
    x = rng.uniform(0.1, 3, shape) if name in POSITIVE else rng.uniform(-3, 3, shape)
    return np.asarray(x, dtype)


def arrangements(rng, make, n: int) -> Iterator[tuple[str, tuple[int, ...], list]]:
    """(note, output shape, makers of operands) for elementwise kernels of a size."""
    yield "contiguous", (n,), [lambda: make((n,))] * 3
    if n in (3, 17, 66):
        yield "steps", (n,), [lambda: make((2 * n,))[::2]] * 3
        yield "backwards", (n,), [lambda: make((n,))[::-1]] * 3
        yield "rows", (5, n), [lambda: make((5, n)), lambda: make((n,)), lambda: make((5, 1))]
        yield "columns", (n, 5), [lambda: make((n, 1)), lambda: make((n, 5)), lambda: make(())]
        yield "transposed", (n, 5), [lambda: make((5, n)).T] * 3
        yield (
            "turned",
            (3, n, 2),
            [lambda: make((2, 3, n)).transpose(1, 2, 0), lambda: make((3, n, 2)), lambda: make((n, 1))],
        )
        yield "a number", (n,), [lambda: make(()), lambda: make((n,)), lambda: make((1,))]
        yield "both numbers", (4, n), [lambda: make(()), lambda: make((1, 1)), lambda: make(())]


def outs(rng, shape, dtype) -> Iterator[tuple[str, np.ndarray]]:
    """Where to write: contiguous, and for a few shapes strided."""
    yield "", np.full(shape, 7, dtype)
    if len(shape) == 2:
        yield " to a transposed output", np.full(shape[::-1], 7, dtype).T
        yield " to every other column", np.full((shape[0], 2 * shape[1]), 7, dtype)[:, ::2]


PARAMS: dict[str, list[tuple]] = {
    "add_scalar": [(1.5,)],
    "rsub_scalar": [(1.5,)],
    "mul_scalar": [(-2.5,), (0.0,)],
    "div_scalar": [(3.0,), (0.0,)],
    "rdiv_scalar": [(3.0,)],
    "pow_scalar": [(2.0,), (3.0,), (0.5,), (-1.0,), (0.0,), (1.0,), (2.7,), (-0.5,)],
    "rpow_scalar": [(2.0,), (0.5,), (1.0,)],
    "leaky_relu": [(0.01,), (-0.5,)],
    "softplus": [(1.0, 20.0), (2.0, 1.0)],
    "clamp": [(-1.0, 1.0), (1.0, -1.0), (-np.inf, 0.5)],
    "leaky_relu_grad": [(0.01,), (-0.5,)],
    "softplus_grad": [(1.0, 20.0), (2.0, 1.0)],
    "clamp_grad": [(-1.0, 1.0), (-np.inf, 0.5)],
    "fill": [(2.5,), (np.nan,), (-0.0,)],
}

WHOLE_PARAMS: dict[str, list[tuple]] = {"fill": [(1,), (0,)], "clamp": [(1, 3), (3, 1), (0, 100)]}

OPERANDS = {
    "FILL": 0, "UNARY": 1, "UNARY_P": 1, "BINARY": 2, "BINARY_P": 2, "TERNARY": 3, "WHERE": 3, "COMPARE": 2, "TEST": 1,
    "CAST": 1, "FILL_WHOLE": 0, "CLAMP_WHOLE": 1,
}  # fmt: skip


def result_dtype(group: str, dtype) -> Any:
    return bool if group in ("COMPARE", "TEST") else dtype


def sources(name: str, group: str, dtype) -> list:
    """The dtypes of what is cast; the first is what a single example takes."""
    return ["float64", *IN_C[:-1]] if group == "CAST" else [dtype]


def params_of(name: str, group: str) -> list[tuple]:
    return (WHOLE_PARAMS if group.endswith("WHOLE") else PARAMS).get(name, [()])


def elementwise(name: str, group: str, dtype, sizes=SIZES) -> Iterator[tuple[str, tuple]]:
    for source in sources(name, group, dtype):
        rng = np.random.default_rng(1)

        def make(shape, rng=rng, source=source):
            return numbers(name, rng, shape, source)

        for n in sizes:
            for note, shape, makers in arrangements(rng, make, n):
                for params in params_of(name, group)[: None if n in (17, 66) else 1]:
                    for where, out in outs(rng, shape, result_dtype(group, dtype)):
                        operands = [m() for m in makers[: OPERANDS[group]]]
                        if group == "WHERE":
                            operands[0] = np.asarray(operands[0] > 0)
                        yield f"{source} n={n}, {note}{where}, {params}", (Out(out), *operands, *params)


EDGES = [
    np.nan,
    np.inf,
    -np.inf,
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    -2.0,
    1e-30,
    -1e-30,
    20.0,
    -20.0,
    88.5,
    -88.5,
    710.0,
    -746.0,
    1e10,
    3e38,
    -3e38,
]


def edges(dtype) -> np.ndarray:
    """The numbers of a dtype where something may go wrong."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return np.array(EDGES, dtype)
    if dtype.kind == "b":
        return np.array([False, True])
    limits = np.iinfo(dtype)
    return np.array([*range(-3 if dtype.kind == "i" else 0, 4), limits.min, limits.min + 1, limits.max - 1, limits.max],
                    dtype)  # fmt: skip


def edge_values(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    for source in sources(name, group, dtype):
        x = edges(source)
        if group == "CAST" and np.dtype(dtype).kind in "iu" and x.dtype.kind == "f":
            x = x[np.abs(x) < 100]  # what others become is the processor's affair
        grid = np.meshgrid(*[x] * OPERANDS[group], indexing="ij") if OPERANDS[group] else []
        operands = [g.reshape(-1).copy() for g in grid]
        if group == "WHERE":
            operands[0] = operands[0] > 0
        size = max([o.size for o in operands], default=3)
        for params in params_of(name, group):
            out = Out(np.zeros(size, result_dtype(group, dtype)))
            yield f"{source} edge values, {params}", (out, *operands, *params)


# --- reductions, rows, losses -----------------------------------------------------------------------------------------

REDUCED = [
    ((), ()),
    ((5,), (0,)),
    ((3, 4), (0, 1)),
    ((3, 4), (0,)),
    ((3, 4), (1,)),
    ((2, 3, 4), (1,)),
    ((2, 3, 4), (0, 2)),
    ((4, 3), ()),
    ((70, 3), (0,)),
    ((3, 70), (1,)),
    ((33, 17), (0, 1)),
    ((2, 65, 3), (1,)),
    ((0, 3), (1,)),
    ((3, 0), (0,)),
    ((1, 9), (0,)),
    ((1000,), (0,)),
]
ORDERED = {"amax", "amin", "argmax", "argmin"}


def reductions(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    rng = np.random.default_rng(2)
    extra = {"var": [(1.0,), (0.0,)]}.get(name, [()])
    empties = [] if name in ORDERED else [((0,), (0,)), ((0, 3), (0,)), ((3, 0), (1,))]
    for (shape, dims), p in itertools.product(REDUCED + empties, extra):
        kept = tuple(n for d, n in enumerate(shape) if d not in dims)
        out_dtype = {"ARGREDUCE": np.int64, "REDUCE_TEST": bool}.get(group, dtype)
        layouts = [np.asarray(rng.uniform(-2, 2, shape), dtype)]
        if len(shape) > 1:
            layouts.append(np.asarray(rng.uniform(-2, 2, shape[::-1]), dtype).T)
            layouts.append(np.asarray(rng.uniform(-2, 2, (*shape[:-1], 2 * shape[-1])), dtype)[..., ::2])
            layouts.append(np.asarray(rng.uniform(-2, 2, shape), dtype)[::-1])
        for x in layouts:
            yield f"{shape} over {dims}, strides {x.strides}", (Out(np.full(kept, 7, out_dtype)), x, dims, *p)
    if np.dtype(dtype).kind != "f":
        return
    inf, nan = np.inf, np.nan
    rows = np.array(
        [
            [1, nan, 2, nan],
            [inf, 1, 2, inf],
            [-inf, 1, 2, 1],
            [inf, -inf, 1, 0],
            [-inf] * 4,
            [0, -0.0, 0, -0.0],
            [3, 3, 3, 3],
        ],
        dtype,
    )
    for p in extra:
        yield "edge values", (Out(np.zeros(7, out_dtype)), rows, (1,), *p)
        yield "edge values", (Out(np.zeros(7, out_dtype)), rows.T.copy(), (0,), *p)
        wide = np.tile(rows, (1, 20))
        yield "edge values, long", (Out(np.zeros(7, out_dtype)), wide, (1,), *p)


ROWS = [
    (1, 1, 1),
    (3, 4, 1),
    (3, 1, 5),
    (2, 3, 4),
    (2, 33, 1),
    (2, 65, 3),
    (1, 1000, 1),
    (0, 3, 1),
    (3, 0, 2),
    (5, 7, 17),
    (4, 10, 33),
]


def rowwise(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    rng = np.random.default_rng(3)
    for rows in ROWS:
        x = np.asarray(rng.uniform(-4, 4, rows), dtype)
        y = _softmax(x, "log" in name) if group == "ROWWISE_GRAD" else x
        operands = (np.asarray(rng.standard_normal(rows), dtype), y) if group == "ROWWISE_GRAD" else (x,)
        yield f"{rows}", (Out(np.full(rows, 7, dtype)), *operands, rows)
    inf, nan = np.inf, np.nan
    if group == "ROWWISE":
        x = np.array([[1, nan, 2], [inf, 1, 2], [-inf, 1, 2], [-inf] * 3, [1e4, 1e4, -1e4]], dtype)
        yield "edge values", (Out(np.zeros((5, 3, 1), dtype)), x[:, :, None].copy(), (5, 3, 1))
        yield "edge values", (Out(np.zeros((1, 3, 5), dtype)), x.T[None].copy(), (1, 3, 5))


def _softmax(x, log: bool):
    if not x.size:
        return x
    e = np.exp(x - x.max(1, keepdims=True))
    y = e / e.sum(1, keepdims=True)
    return np.asarray(np.log(y) if log else y, x.dtype)


def norms(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    rng = np.random.default_rng(10)

    def make(low, high, *shape):
        return np.asarray(rng.uniform(low, high, shape), dtype)

    sizes = [(1, 1), (3, 4), (2, 16), (5, 17), (33, 65), (130, 33), (2, 1000), (0, 3), (3, 0)]
    for (rows, n), affine in itertools.product(sizes, (0, 1, 2)):
        x, weight, bias = make(-2, 3, rows, n), make(0.5, 2, n) if affine else None, make(-1, 1, n)
        if group == "NORM":
            outs = Out(np.full((rows, n), 7, dtype)), Out(np.full((2, rows), 7, dtype))
            yield f"{rows}x{n}, {affine}", (*outs, x, weight, bias if affine == 2 else None, (rows, n), 1e-5)
            continue
        stats = np.asarray([np.zeros(rows) if "rms" in name else make(-1, 1, rows), make(0.5, 2, rows)], dtype)
        dx, dw, db = (Out(np.full(s, 7, dtype)) for s in ((rows, n), (n,), (n,)))
        for which in ((dx, dw, db), (dx, None, None), (None, dw, None)):
            yield f"{rows}x{n}, {affine}", (*which, make(-2, 2, rows, n), x, stats, weight, (rows, n))
    if group == "NORM":
        x = np.array([[3, 3, 3], [np.nan, 1, 2], [np.inf, 1, 2], [-np.inf, np.inf, 0], [0, 0, 0]], dtype)
        yield "edge values", (Out(np.zeros((5, 3), dtype)), Out(np.zeros((2, 5), dtype)), x, None, None, (5, 3), 1e-5)


def cells(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    for rows, n in [(1, 1), (3, 4), (2, 16), (5, 17), (33, 65), (2, 1000), (0, 3), (3, 0)]:
        yield f"{rows}x{n}", cell(name, rows, n, dtype)
    for value in (np.nan, np.inf, -np.inf, 1e30):
        args = cell(name, 3, 3, dtype)
        for a in args:
            (a.start if isinstance(a, Out) else a)[1] = value
        yield f"{value}", args


def cell(name: str, rows: int, n: int, dtype) -> tuple:
    """The arguments of a cell's kernel."""
    rng = np.random.default_rng(12)

    def make(width):
        return np.asarray(rng.uniform(-2, 2, (rows, width)), dtype)

    def out(width):
        return Out(np.full((rows, width), 7, dtype))

    gates = np.asarray(rng.uniform(0.1, 0.9, (rows, (4 if "lstm" in name else 3) * n)), dtype)
    return {
        "lstm_cell": lambda: (out(n), out(n), Out(make(4 * n)), make(n)),
        "lstm_cell_grad": lambda: (out(4 * n), Out(make(n)), make(n), gates, make(n), make(n)),
        "gru_cell": lambda: (out(n), Out(make(3 * n)), make(3 * n), make(n)),
        "gru_cell_grad": lambda: (out(3 * n), out(3 * n), Out(make(n)), gates, make(3 * n), make(n)),
    }[name]()


def batch_norms(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    rng = np.random.default_rng(11)

    def make(low, high, *shape):
        return np.asarray(rng.uniform(low, high, shape), dtype)

    sizes = [
        (2, 1, 1),
        (3, 4, 1),
        (5, 17, 1),
        (33, 65, 1),
        (130, 33, 1),
        (2, 3, 5),
        (4, 2, 100),
        (3, 2, 2000),
        (0, 3, 1),
    ]
    for rows, affine, training in itertools.product(sizes, (0, 1, 2), (False, True)):
        channels = rows[1]
        x, weight, bias = make(-2, 3, *rows), make(0.5, 2, channels) if affine else None, make(-1, 1, channels)
        note = f"{rows}, {affine}, training {training}"
        if group == "BATCH_NORM":
            outs = Out(np.full(rows, 7, dtype)), Out(np.full((2, channels), 7, dtype))
            for running in ((None, None), (make(-1, 1, channels), make(0.5, 2, channels))):
                if training or running[0] is not None:
                    follow = [None if r is None else Out(r) for r in running]
                    given = x, weight, bias if affine == 2 else None, rows, training, 0.1, 1e-5
                    yield note, (*outs, *follow, *given)
            continue
        stats = np.asarray([make(-1, 1, channels), make(0.5, 2, channels)], dtype)
        dx, dw, db = (Out(np.full(s, 7, dtype)) for s in (rows, channels, channels))
        for which in ((dx, dw, db), (dx, None, None), (None, dw, None)):
            yield note, (*which, make(-0.5, 0.5, *rows), x, stats, weight, rows, training)


def losses(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    rng = np.random.default_rng(4)
    for n in SIZES:
        x = np.asarray(rng.uniform(-4, 4, n), dtype)
        t = np.asarray(rng.uniform(0, 1, n), dtype)
        if group == "LOSS":
            yield f"n={n}", (Out(np.zeros((), dtype)), x, t, 0.25)
        else:
            yield f"n={n}", (Out(np.zeros(n, dtype)), np.asarray(1.5, dtype), x, t, 0.25)
    x = np.array([np.nan, np.inf, -np.inf, 1e4, -1e4, 0, 100], dtype)
    for i in range(7):
        out, g = (np.zeros((), dtype), ()) if group == "LOSS" else (np.zeros(1, dtype), (np.asarray(1.5, dtype),))
        yield f"edge value {x[i]}", (Out(out), *g, x[i : i + 1].copy(), np.array([1.0], dtype), 1.0)


def nll(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    rng = np.random.default_rng(5)
    for rows, reduction in itertools.product(
        [(1, 3, 1), (4, 10, 1), (3, 5, 7), (65, 10, 1), (2, 100, 3), (0, 3, 1), (3, 4, 0)], (0, 1, 2)
    ):
        outer, classes, inner = rows
        x = np.asarray(rng.uniform(-4, 4, rows), dtype)
        weight = np.asarray(rng.uniform(0.1, 2, classes), dtype)
        target = rng.integers(0, classes, (outer, inner))
        for ignored, w, smoothing in itertools.product((False, True), (None, weight), (0.0, 0.2, 1.0)):
            if ignored and target.size > 1:
                target.reshape(-1)[::3] = -100
            shape = (outer, inner) if reduction == 0 else ()
            note = f"{rows}, reduction {reduction}, weight {w is not None}, smoothing {smoothing}"
            given = target.copy(), w, rows, -100, reduction, smoothing
            if group == "NLL":
                yield note, (Out(np.full(shape, 7, dtype)), Out(np.full((outer, inner), 7, dtype)), x, *given)
                if not smoothing:
                    yield f"{note}, of log-probabilities", (Out(np.full(shape, 7, dtype)), None, x, *given)
            else:
                lse = np.asarray(np.log(np.exp(x.astype(float)).sum(1)), dtype)
                g = np.asarray(rng.standard_normal(shape), dtype)
                yield note, (Out(np.full(rows, 7, dtype)), g, x, lse, *given)
                if not smoothing:
                    yield f"{note}, of log-probabilities", (Out(np.full(rows, 7, dtype)), g, None, None, *given)
    inf = np.inf
    x = np.array([[inf, 0, 1], [0, -inf, 1], [-inf, 0, 1], [-inf] * 3, [np.nan, 0, 1], [inf, -inf, 0]], dtype)
    if group == "NLL":
        outs = Out(np.zeros((6, 1), dtype)), Out(np.zeros((6, 1), dtype))
        for smoothing in (0.0, 0.2):
            given = np.array([[1], [1], [1], [1], [1], [-100]]), None, (6, 3, 1), -100, 0, smoothing
            yield f"edge values, smoothing {smoothing}", (*outs, x[:, :, None].copy(), *given)


# --- products ---------------------------------------------------------------------------------------------------------

PRODUCTS = [
    (1, 1, 1),
    (2, 3, 4),
    (4, 4, 4),
    (1, 64, 1),
    (64, 1, 64),
    (5, 7, 1),
    (1, 7, 5),
    (17, 9, 33),
    (33, 65, 15),
    (6, 16, 16),
    (13, 31, 49),
    (64, 64, 64),
    (65, 130, 67),
    (3, 300, 2),
    (0, 3, 2),
    (3, 0, 2),
    (2, 3, 0),
    (120, 37, 8),
    (8, 200, 40),
]


def gemms(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    rng = np.random.default_rng(6)

    def make(*shape):
        return np.asarray(rng.uniform(-1, 1, shape), dtype)

    for m, k, n in PRODUCTS:
        c = Out(np.full((m, n), 0.5, dtype))
        yield f"{m}x{k}x{n}", (c, make(m, k), make(k, n))
        yield f"{m}x{k}x{n}, b transposed", (c, make(m, k), make(n, k), None, True)
        yield f"{m}x{k}x{n}, a turned", (c, make(k, m).T, make(k, n), make(n))
        yield f"{m}x{k}x{n}, both turned", (c, make(k, m).T, make(n, k).T, make(n), False, 1.0, 0.0, 1)
        yield f"{m}x{k}x{n}, steps", (c, make(m, 2 * k)[:, ::2], make(k, 2 * n)[:, ::2], None, False, 0.5, 2.0)
        yield f"{m}x{k}x{n}, backwards", (c, make(m, k)[::-1, ::-1], make(k, n)[::-1, ::-1])
        yield f"{m}x{k}x{n}, repeated", (c, np.broadcast_to(make(k), (m, k)), np.broadcast_to(make(k, 1), (k, n)))
        yield (
            f"{m}x{k}x{n}, into columns",
            (Out(np.full((m, 2 * n + 3), 0.5, dtype)[:, 3 : 3 + n]), make(m, k), make(k, n), None, False, 1.0, 1.0),
        )
        for act in (1, 2, 3):
            yield f"{m}x{k}x{n}, act {act}", (c, make(m, k), make(n, k), make(n), True, 1.0, 0.0, act)
    for a, b in (
        ((3, 4, 5), (3, 5, 2)),
        ((3, 4, 5), (5, 2)),
        ((4, 5), (3, 5, 2)),
        ((2, 1, 4, 5), (3, 5, 2)),
        ((0, 4, 5), (0, 5, 2)),
    ):
        shape = np.broadcast_shapes(a[:-2], b[:-2]) + (a[-2], b[-1])
        yield f"batch {a} {b}", (Out(np.full(shape, 7, dtype)), make(*a), make(*b))
        turned = make(*a[:-2], a[-1], a[-2]).swapaxes(-1, -2)
        yield f"batch {a} {b}, turned", (Out(np.full(shape, 7, dtype)), turned, make(*b), make(b[-1]))


def linears(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    rng = np.random.default_rng(7)

    def make(*shape):
        return np.asarray(rng.uniform(-1, 1, shape), dtype)

    for m, k, n in PRODUCTS:
        if group == "LINEAR":
            for bias, act in itertools.product((None, make(n)), range(4)):
                yield (
                    f"{m}x{k}x{n}, act {act}",
                    (Out(np.full((m, n), 7, dtype)), make(m, k), make(n, k), bias, (m, n, k, act)),
                )
            continue
        dx, dw, db = (Out(np.full(s, 7, dtype)) for s in ((m, k), (n, k), (n,)))
        g, x, w = make(m, n), make(m, k), make(n, k)
        for which in ((dx, dw, db), (dx, None, None), (None, dw, None), (None, None, db), (None, dw, db)):
            yield f"{m}x{k}x{n}, {[v is not None for v in which]}", (*which, None, g, x, w, None, (m, n, k, 0))
        for act in (1, 2, 3):
            dz = Out(np.full((m, n), 7, dtype))
            yield f"{m}x{k}x{n}, act {act}", (dx, dw, db, dz, g, x, w, make(m, n), (m, n, k, act))


# --- the rest ---------------------------------------------------------------------------------------------------------


def by_index(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    rng = np.random.default_rng(8)

    def make(*shape):
        return np.asarray(
            rng.integers(0, 2, shape) if np.dtype(dtype).kind == "b" else rng.uniform(-9, 9, shape), dtype
        )

    sizes = (1, 5, 4, 3), (1, 100, 10, 17), (3, 7, 5, 1), (2, 0, 4, 3), (1, 4, 3, 0), (4, 50, 2, 6)
    for outer, count, n, inner in sizes:
        whole, rows = (outer, n, inner), (outer, count, inner)
        for shape in ((1, count, 1), (outer, count, 1), rows):
            for low in (0, -n):
                index = np.broadcast_to(rng.integers(low, n, shape), rows)
                index = index if shape == rows else index[:1, :, :1]
                if shape == (outer, count, 1) != (1, count, 1):
                    continue
                written, read = (rows, whole) if group == "TAKE" else (whole, rows)
                yield f"{whole}, {rows}, index {shape}, from {low}", (Out(make(*written)), make(*read), index, low)
                if index.size:
                    for bad in (low - 1, n, 2**40):
                        wrong = index.copy()
                        wrong.flat[index.size // 2] = bad
                        yield f"index {bad}", (Out(make(*written)), make(*read), wrong, low)
        if name == "scatter_add":
            index = rng.integers(0, n, (1, count, 1))
            yield f"{whole}, {rows}, without 1", (Out(make(*whole)), make(*rows), index, 0, 1)


def folded_indices(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    for wrong in (None, -4, 3):
        index = np.array([0, -1, 2, -3] if wrong is None else [0, wrong, 2, 5])
        yield f"{index}", (Out(np.arange(4)), index, 3)


def dropouts(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    for n, p, key in itertools.product(SIZES, (0.0, 0.3, 0.5, 1.0), (0, 12345, -1)):
        x = np.arange(1, n + 1).astype(dtype)
        yield f"n={n}, p={p}, key={key}", (Out(np.full(n, 7, dtype)), x, p, np.array([key]))


def counters(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    for n in SIZES:
        yield f"n={n}", (Out(np.arange(n) - 3),)
    yield "the largest", (Out(np.array([2**63 - 1])),)


GEOMETRIES = [  # images, groups, channels, filters, in, kernel, stride, padding, dilation
    (1, 1, 1, 1, (1, 1), (1, 1), (1, 1), (0, 0), (1, 1)),
    (2, 1, 3, 4, (5, 6), (3, 2), (1, 1), (0, 0), (1, 1)),
    (3, 1, 2, 5, (1, 17), (1, 4), (1, 2), (0, 1), (1, 1)),
    (2, 2, 4, 6, (7, 9), (3, 3), (2, 1), (1, 2), (1, 2)),
    (2, 3, 3, 3, (6, 6), (3, 3), (1, 1), (1, 1), (1, 1)),
    (4, 1, 8, 16, (9, 9), (1, 1), (1, 1), (0, 0), (1, 1)),
    (9, 1, 8, 16, (14, 14), (3, 3), (1, 1), (1, 1), (1, 1)),
    (1, 1, 64, 33, (28, 28), (3, 3), (1, 1), (1, 1), (1, 1)),
    (3, 1, 2, 3, (2, 3), (3, 4), (1, 1), (3, 3), (1, 1)),
    (0, 1, 2, 3, (4, 4), (2, 2), (1, 1), (0, 0), (1, 1)),
]


def attentions(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    for sizes in ((1, 1, 1, 1), (1, 40, 3, 2), (5, 3, 16, 17), (0, 3, 2, 2), (65, 70, 8, 33), (150, 31, 4, 1)):
        for causal, side in itertools.product((False, True), (False, True)):
            yield f"{sizes}, causal {causal}, side by side {side}", attention(name, *sizes, causal, side, dtype)
    for value in (np.nan, np.inf, -np.inf):
        args = attention(name, 4, 5, 3, 2, False, False, dtype)
        q, k = args[2:4] if name == "attention" else args[4:6]
        q[0, 0, 1, 1] = k[0, 1, 2, 0] = value
        yield f"{value}", args


def attention(name: str, queries: int, keys: int, width: int, values: int, causal: bool, side: bool, dtype) -> tuple:
    """The arguments of attention, with heads after each other or side by side."""
    rng = np.random.default_rng(14)

    def make(rows, columns):
        x = np.asarray(rng.uniform(-1.5, 1.5, (2, rows, 3, columns)), dtype).swapaxes(1, 2)
        return x if side else np.ascontiguousarray(x)

    q, k, v, g = make(queries, width), make(keys, width), make(keys, values), make(queries, values)
    y, stats = np.full_like(g, 7), np.full((2, 3, queries, 2), 7, dtype)
    if name == "attention":
        return Out(y), Out(stats), q, k, v, 0.4, causal
    numpy_backend.table()["attention"](*[from_numpy(a) for a in (y, stats, q, k, v)], 0.4, causal)
    return *[Out(np.full_like(a, 7)) for a in (q, k, v)], g, q, k, v, stats, 0.4, causal


def convolutions(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    rng = np.random.default_rng(10)
    for images, groups, channels, filters, size, kernel, stride, padding, dilation in GEOMETRIES:
        out = tuple(
            (n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in zip(size, kernel, stride, padding, dilation)
        )
        s = Geometry(2, images, groups, channels, filters, size, out, kernel, stride, padding, dilation)
        shapes = [(images, channels, *size), (images, filters, *out), (filters, channels // groups, *kernel)]
        x, y, w = (np.asarray(0.4 * rng.standard_normal(shape), dtype) for shape in shapes)
        order, size_of_bias = {
            "conv": ((y, x, w), filters),
            "conv_transpose": ((x, y, w), channels),
            "conv_weight": ((w, y, x), None),
        }[name]
        note = f"{shapes[0]} by {shapes[2]}, {stride}, {padding}, {dilation}, {groups}"
        result, a, b = order
        yield note, (Out(np.full(result.shape, 7, dtype)), a, b, None, s)
        if size_of_bias is not None:
            bias = np.asarray(rng.standard_normal(size_of_bias), dtype)
            yield f"{note}, bias", (Out(np.full(result.shape, 7, dtype)), a, b, bias, s)


POOLS = [  # planes, in, kernel, stride, padding, dilation, what differs; kernel as the number of results: adaptive
    (1, (1, 1), (1, 1), (1, 1), (0, 0), (1, 1), {}),
    (6, (4, 6), (2, 2), (2, 2), (0, 0), (1, 1), {}),
    (3, (5, 5), (3, 3), (2, 1), (1, 1), (1, 1), {"include_padding": False}),
    (2, (1, 9), (1, 3), (1, 2), (0, 1), (1, 1), {"divisor": 2}),
    (2, (7, 8), (2, 3), (2, 2), (1, 1), (1, 1), {}),
    (130, (12, 12), (2, 2), (2, 2), (0, 0), (1, 1), {}),
    (3, (7, 5), (3, 4), None, None, None, {}),
    (3, (2, 5), (4, 5), None, None, None, {}),
    (0, (4, 4), (2, 2), (2, 2), (0, 0), (1, 1), {}),
]
DILATED = (2, (6, 7), (2, 3), (1, 2), (1, 1), (2, 2), {})


def pools(name: str, group: str, dtype) -> Iterator[tuple[str, tuple]]:
    rng = np.random.default_rng(11)
    for planes, size, kernel, stride, padding, dilation, more in [*POOLS, *([DILATED] if "max" in name else [])]:
        if stride is None:
            s = Windows(planes, size, kernel, (1, 1), (1, 1), (0, 0), (1, 1), adaptive=True)
        else:
            out = tuple(
                (n + 2 * p - d * (k - 1) - 1) // t + 1 for n, k, t, p, d in zip(size, kernel, stride, padding, dilation)
            )
            s = Windows(planes, size, out, kernel, stride, padding, dilation, **more)
        x, g = (np.asarray(rng.standard_normal((planes, *shape)), dtype) for shape in (size, s.out_size))
        x.reshape(-1)[::5] = 1.5  # ties
        out = Out(np.full(g.shape if name in ("max_pool", "avg_pool") else x.shape, 7, dtype))
        index = np.zeros(g.shape, np.int64)
        if name == "max_pool":
            yield f"{s}", (out, Out(index), x, s)
            x.reshape(-1)[::3] = np.nan
            yield f"{s}, NaN", (out, Out(index), x, s)
        elif name == "max_pool_grad":
            numpy_backend.table()["max_pool"](from_numpy(g.copy()), from_numpy(index), from_numpy(x), s)
            yield f"{s}", (out, g, index, s)
        else:
            yield f"{s}", (out, x if name == "avg_pool" else g, s)


def optimizer_tables(name: str, dtype) -> Iterator[tuple[str, dict, int, int]]:
    """(note, options of the group, step, how many state arrays)."""
    base = {
        "lr": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "alpha": 0.99, "rho": 0.9, "lambd": 1e-3, "t0": 1.0,
        "momentum_decay": 4e-3, "eta_minus": 0.5, "eta_plus": 1.2, "step_size_min": 0.2, "step_size_max": 0.9,
        "mu_product": 0.7, "eta": 0.1, "mu": 1.0,
    }  # fmt: skip
    decays = [{}, {"weight_decay": 0.1, "maximize": 1}]
    decoupled = [*decays, {"weight_decay": 0.1, "decoupled_weight_decay": 1}]
    variants = {
        "sgd": [
            {},
            {"weight_decay": 0.1},
            {"momentum": 0.9},
            {"momentum": 0.9, "nesterov": 1},
            {"maximize": 1},
            {"momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1, "maximize": 1},
        ],
        "asgd": [*decays, {"mu": 0.25}],
        "rprop": [{}, {"maximize": 1}],
        "adam": [*decoupled, {"weight_decay": 0.1}, {"amsgrad": 1}, {"maximize": 1, "amsgrad": 1}],
        "adamax": decays,
        "nadam": decoupled,
        "radam": decoupled,
        "adagrad": [*decays, {"lr_decay": 0.1}],
        "adadelta": decays,
        "rmsprop": [*decays, {"momentum": 0.9}, {"momentum": 0.9, "centered": 1}],
    }[name]
    for options in variants:
        for step in (1, 2, 100):
            yield f"{options}, step {step}", {**base, **options, "step": step - 1}


def run_optimizer(name: str, options: dict, dtype, shift: int) -> list[np.ndarray]:
    """One step over parameters of several sizes, guarded; the parameters, their state and the counts after it."""
    rng = np.random.default_rng(9)
    tensor_dtype = autograd.float32 if dtype == np.float32 else autograd.float64
    table = SimpleNamespace(dtype=tensor_dtype, params=[], states=[], grads=[], entries=None)
    guards = []

    def guarded(values):
        guard = Guarded(np.asarray(values, dtype), shift)
        guards.append(guard)
        return from_numpy(guard.view)

    for n in (0, 1, 3, 17, 66, 1000):
        table.params.append(guarded(rng.standard_normal(n)))
        table.grads.append(guarded(rng.standard_normal(n)))
        m, v, third = rng.standard_normal(n), rng.uniform(0.1, 1, n), rng.uniform(0, 0.1, n)
        m = abs(m) if name == "adadelta" else m  # a mean of squares
        table.states.append(
            tuple(guarded(x) for x in ((m,) if name == "sgd" else (m, v, third)))
            + (None,) * (2 if name == "sgd" else 0)
        )
    group = extension.ffi.new("ag_group *", {k: v for k, v in options.items()})
    getattr(K, name)(group, table)
    assert all(g.intact() for g in guards), f"{name} wrote outside its buffers"
    counts = np.array([group.step, group.mu_product, group.eta, group.mu])
    return [*[np.array(g.view) for g in guards], counts]


BY_CLASS = {
    **dict.fromkeys(OPERANDS, elementwise),
    "REDUCE": reductions,
    "REDUCE_TEST": reductions,
    "ARGREDUCE": reductions,
    "ROWWISE": rowwise,
    "ROWWISE_GRAD": rowwise,
    "NORM": norms,
    "NORM_GRAD": norms,
    "BATCH_NORM": batch_norms,
    "BATCH_NORM_GRAD": batch_norms,
    **dict.fromkeys(("LSTM_CELL", "LSTM_CELL_GRAD", "GRU_CELL", "GRU_CELL_GRAD"), cells),
    "LOSS": losses,
    "LOSS_GRAD": losses,
    "NLL": nll,
    "NLL_GRAD": nll,
    "GEMM": gemms,
    "LINEAR": linears,
    "LINEAR_GRAD": linears,
    "ATTENTION": attentions,
    "ATTENTION_GRAD": attentions,
    "CONV": convolutions,
    "MAX_POOL": pools,
    "MAX_POOL_GRAD": pools,
    "AVG_POOL": pools,
    "TAKE": by_index,
    "GIVE": by_index,
    "FOLD_INDEX": folded_indices,
    "DROPOUT": dropouts,
    "COUNT": counters,
}
WHOLE = {  # take lists, or what is made of them: test_kernels.py, test_clip.py
    "OPTIMIZER", "LIST_SQUARES", "ROOT_SUM", "CLIP_FACTOR", "LIST_SCALE",
}  # fmt: skip
LAYERS = {"COUNT"}  # called by layers, not by ops
ELSEWHERE = {"RANDOM", "SEED", "PERMUTATION", "INTEGERS", "WORDS"}  # test_random_streams.py


def lines() -> dict[tuple[str, str], str]:
    """The class of each kernel and dtype, as kernels.def has them."""
    names = IN_C
    kinds = {"PLAIN": [""], "KERNEL": names[6:], "INTEGER": names[1:6], "DISCRETE": names[:6], "NUMBER": names[1:],
             "EVERY": names}  # fmt: skip
    text = (Path(__file__).parent.parent / "csrc" / "kernels.def").read_text()
    found = re.findall(r"^([A-Z]+)\((\w+), (\w+)\)$", text, re.M)
    return {(name, d): group for word, group, name in found for d in kinds[word]}


def listed() -> dict[str, str]:
    """A class of each kernel."""
    return {name: group for (name, _), group in lines().items()}


TWINS = {name for name, f in vars(numpy_kernels).items() if inspect.isfunction(f) and name[0] != "_"}
NUMPY_ONLY = TWINS - set(listed())
"""Kernels that are NumPy's alone."""
