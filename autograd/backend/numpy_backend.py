"""Binds the NumPy kernels: per signature class, a function from arrays to NumPy views of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType

import numpy as np

from ..dtypes import float16
from ..errors import not_implemented
from . import numpy_kernels, numpy_random


@cache
def table() -> dict[str, Callable]:
    """Every NumPy kernel by name, taking arrays."""
    functions = {n: f for n, f in vars(numpy_kernels).items() if isinstance(f, FunctionType) and n[0] != "_"}
    kernels = {name: SPECIAL.get(name, _ordinary)(function) for name, function in functions.items()}
    kernels |= {name: _plain(getattr(numpy_random, name)) for name in STREAMS}
    return kernels | {name: _refusing_half(name, kernels[name]) for name in NO_HALF}


STREAMS = ("uniform", "normal", "integers", "permutation")
OPTIMIZERS = (
    "sgd", "asgd", "rprop", "adam", "adamax", "nadam", "radam", "adagrad", "adadelta", "rmsprop",
)  # fmt: skip
NO_HALF = (
    "linear", "linear_grad", "layer_norm", "layer_norm_grad", "rms_norm", "rms_norm_grad", "batch_norm",
    "batch_norm_grad", "cross_entropy", "cross_entropy_grad", *OPTIMIZERS, "list_squares", "list_scale", "root_sum",
    "clip_factor", "uniform", "normal", "lstm_cell", "lstm_cell_grad", "gru_cell", "gru_cell_grad",
    "attention", "attention_grad",
)  # fmt: skip
"""Kernels that do not take float16."""


def _refusing_half(name, kernel):
    def refusing(*args):
        arrays = [v for a in args for v in (a if isinstance(a, list) else [a])]
        if any(getattr(a, "dtype", None) is float16 for a in arrays):
            refuse_half(name)
        return kernel(*args)

    return refusing


def refuse_half(name):
    """Raise what a kernel of NO_HALF says to float16."""
    raise not_implemented(name, float16)


def _plain(function):
    """Arrays become NumPy views; anything else (dims, parameters) is passed on. No floating-point warnings: NaN and
    infinity are results, as in C."""

    def kernel(*args):
        with np.errstate(all="ignore"):
            return function(*[a if (v := getattr(a, "numpy", None)) is None else v() for a in args])

    return kernel


def _ordinary(function):
    """As _plain, for a kernel that writes its first argument."""
    rounded = _rounded(function)

    def kernel(*args):
        compute = rounded if args[0].layout.dtype is float16 else function
        with np.errstate(all="ignore"):
            return compute(*[a if (v := getattr(a, "numpy", None)) is None else v() for a in args])

    return kernel


def _rounded(function):
    """The function computed in float32 where it writes float16."""

    def compute(out, *operands):
        if out.dtype.char != "e":
            return function(out, *operands)
        wide = out.astype(np.float32)
        operands = [v.astype(np.float32) if getattr(v, "dtype", None) == np.float16 else v for v in operands]
        status = function(wide, *operands)
        out[...] = wide
        return status

    return compute


def _rowwise(function):
    """The last argument gives (outer, n, inner), the form in which the kernel wants every array."""

    function = _rounded(function)

    def kernel(*args):
        rows = args[-1]
        with np.errstate(all="ignore"):
            function(*[a.numpy().reshape(rows) for a in args[:-1]])

    return kernel


def _flat(a):
    return None if a is None else a.numpy().reshape(-1)


def _norm(function):
    def kernel(y, stats, x, weight, bias, rows, eps):
        with np.errstate(all="ignore"):
            function(_matrix(y, *rows), stats.numpy(), _matrix(x, *rows), _flat(weight), _flat(bias), eps)

    return kernel


def _norm_grad(function):
    def kernel(dx, dw, db, g, x, stats, weight, rows):
        with np.errstate(all="ignore"):
            function(
                _matrix(dx, *rows), _flat(dw), _flat(db), _matrix(g, *rows), _matrix(x, *rows), stats.numpy(),
                _flat(weight),
            )  # fmt: skip

    return kernel


def _batch_norm(function):
    def kernel(y, stats, running_mean, running_var, x, weight, bias, rows, training, momentum, eps):
        with np.errstate(all="ignore"):
            function(
                y.numpy().reshape(rows), stats.numpy(), _flat(running_mean), _flat(running_var),
                x.numpy().reshape(rows), _flat(weight), _flat(bias), training, momentum, eps,
            )  # fmt: skip

    return kernel


def _batch_norm_grad(function):
    def kernel(dx, dw, db, g, x, stats, weight, rows, training):
        with np.errstate(all="ignore"):
            function(
                None if dx is None else dx.numpy().reshape(rows), _flat(dw), _flat(db), g.numpy().reshape(rows),
                x.numpy().reshape(rows), stats.numpy(), _flat(weight), training,
            )  # fmt: skip

    return kernel


def _shaped(a, shape: tuple):
    return None if a is None else a.numpy().reshape(shape)


def _cross_entropy(function):
    def kernel(loss, lse, x, target, weight, rows, ignore_index, reduction, smoothing):
        outer, _, inner = rows
        each = (outer, inner)
        with np.errstate(all="ignore"):
            return function(
                loss.numpy().reshape(each) if reduction == 0 else loss.numpy(),
                _shaped(lse, each), x.numpy().reshape(rows), target.numpy().reshape(each), _flat(weight),
                ignore_index, reduction, smoothing,
            )  # fmt: skip

    return kernel


def _cross_entropy_grad(function):
    def kernel(dx, g, x, lse, target, weight, rows, ignore_index, reduction, smoothing):
        outer, _, inner = rows
        each = (outer, inner)
        with np.errstate(all="ignore"):
            function(
                dx.numpy().reshape(rows), g.numpy().reshape(each) if reduction == 0 else g.numpy(),
                _shaped(x, rows), _shaped(lse, each), target.numpy().reshape(each), _flat(weight), ignore_index,
                reduction, smoothing,
            )  # fmt: skip

    return kernel


def _gemm(function):
    function = _rounded(function)

    def kernel(c, a, b, bias=None, transpose_b=False, alpha=1.0, beta=0.0, act=0):
        b = b.numpy()
        with np.errstate(all="ignore"):
            function(
                c.numpy(), a.numpy(), b.swapaxes(-1, -2) if transpose_b else b,
                None if bias is None else bias.numpy(), alpha, beta, act,
            )  # fmt: skip

    return kernel


def _matrix(a, rows: int, columns: int):
    return None if a is None else a.numpy().reshape(rows, columns)


def _linear(function):
    def kernel(y, x, w, bias, shape):
        m, n, k, act = shape
        with np.errstate(all="ignore"):
            function(_matrix(y, m, n), _matrix(x, m, k), w.numpy(), None if bias is None else bias.numpy(), act)

    return kernel


def _linear_grad(function):
    def kernel(dx, dw, db, dz, g, x, w, y, shape):
        m, n, k, act = shape
        with np.errstate(all="ignore"):
            function(
                _matrix(dx, m, k), _matrix(dw, n, k), None if db is None else db.numpy(), _matrix(dz, m, n),
                _matrix(g, m, n), _matrix(x, m, k), _matrix(w, n, k), _matrix(y, m, n), act,
            )  # fmt: skip

    return kernel


def _sized(a, *sizes):
    return None if a is None else a.numpy().reshape(sizes)


def _conv(function):
    """Three arrays in the order of the kernel; ``roles`` of them are x, y and w."""
    roles = {"conv": "yxw", "conv_transpose": "xyw", "conv_weight": "wyx"}[function.__name__]

    def kernel(out, a, b, bias, s):
        shapes = {
            "x": (s.images, s.channels, *s.in_size),
            "y": (s.images, s.filters, *s.out_size),
            "w": (s.filters, s.channels // s.groups, *s.kernel),
        }
        with np.errstate(all="ignore"):
            function(*[_sized(v, *shapes[role]) for v, role in zip((out, a, b), roles)], _flat(bias), s)

    return kernel


def _pool(function):
    def kernel(*args):
        *arrays, s = args
        planes = [_sized(a, s.planes, *(s.in_size if inside else s.out_size)) for a, inside in zip(arrays, inputs)]
        with np.errstate(all="ignore"):
            function(*planes, s)

    inputs = {
        "max_pool": (0, 0, 1), "max_pool_grad": (1, 0, 0), "avg_pool": (0, 1), "avg_pool_grad": (1, 0),
    }[function.__name__]  # fmt: skip
    return kernel


def _optimizer(function):
    def kernel(group, table):
        rows = [
            [v if v is None else v.numpy() for v in (p, g, *state)]
            for p, g, state in zip(table.params, table.grads, table.states)
        ]
        with np.errstate(all="ignore"):
            function(group, rows)

    return kernel


def _list(function):
    """An argument may be a list of arrays."""

    def kernel(*args):
        with np.errstate(all="ignore"):
            function(*[[x.numpy() for x in a] if isinstance(a, list) else a.numpy() for a in args])

    return kernel


SPECIAL = {
    "softmax": _rowwise, "log_softmax": _rowwise, "softmax_grad": _rowwise, "log_softmax_grad": _rowwise,
    "layer_norm": _norm, "rms_norm": _norm, "layer_norm_grad": _norm_grad, "rms_norm_grad": _norm_grad,
    "batch_norm": _batch_norm, "batch_norm_grad": _batch_norm_grad,
    "cross_entropy": _cross_entropy, "cross_entropy_grad": _cross_entropy_grad,
    "gemm": _gemm, "linear": _linear, "linear_grad": _linear_grad,
    "attention": _plain, "attention_grad": _plain,
    "conv": _conv, "conv_transpose": _conv, "conv_weight": _conv,
    "max_pool": _pool, "max_pool_grad": _pool, "avg_pool": _pool, "avg_pool_grad": _pool,
    **dict.fromkeys(OPTIMIZERS, _optimizer),
    "list_squares": _list, "list_scale": _list,
}  # fmt: skip
