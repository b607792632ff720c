"""What ``benchmarks.peers.kernels`` times: a kernel of this engine and, for each peer, what its user would call for it.

A row has the same inputs for every library. Outputs are allocated beforehand where a library writes to a given array;
PyTorch's gradients are the functions its own backward calls. JAX has no outputs to give; it runs a compiled function.

>>> [row.name for row in rows() if row.kernel == "softmax"]
['softmax 128x1000', 'softmax 1024x64']
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

Calls = dict[str, Callable[..., Any]]  # per library, from (out, *inputs) to a call without arguments


@dataclass(frozen=True)
class Row:
    """A kernel on one shape and dtype. ``inputs`` draws them; ``out`` is the shape of the result."""

    kernel: str
    shape: str
    inputs: Callable[[np.random.Generator], list[np.ndarray]]
    out: tuple
    calls: Calls
    dtype: str = "float32"
    out_dtype: str = ""

    @property
    def name(self) -> str:
        return f"{self.kernel} {self.shape}" + (" float64" if self.dtype == "float64" else "")

    def arrays(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """The output and the inputs, the same ones for every library."""
        drawn = self.inputs(np.random.default_rng(0))
        inputs = [a.astype(self.dtype) if a.dtype.kind == "f" else a for a in drawn]
        return np.zeros(self.out, self.out_dtype or self.dtype), inputs


# --- how a library is called ------------------------------------------------------------------------------------------


def ours(kernel: str, *parameters: Any) -> Callable:
    """The kernel at the seam."""

    def bind(out, *inputs):
        from autograd.backend import K

        return partial(getattr(K, kernel), out, *inputs, *parameters)

    return bind


def plain(function: Callable) -> Callable:
    """A function of the output and the inputs."""
    return lambda out, *inputs: partial(function, out, *inputs)


def ufunc(name: str, *parameters: Any, **options: Any) -> Callable:
    """A function of NumPy that takes ``out``."""
    return lambda out, *inputs: partial(getattr(np, name), *inputs, *parameters, out=out, **options)


def torch_function(name: str, *parameters: Any, **options: Any) -> Callable:
    """A function of PyTorch, by its dotted name, that takes ``out``."""
    return _torch(name, "out", parameters, options)


def torch_gradient(name: str, *parameters: Any, **options: Any) -> Callable:
    """What PyTorch's backward calls for a derivative."""
    return _torch(f"ops.aten.{name}.grad_input", "grad_input", parameters, options)


def _torch(name: str, output: str, parameters: tuple, options: dict[str, Any]) -> Callable:
    def bind(out, *inputs):
        import torch

        function = torch
        for part in name.split("."):
            function = getattr(function, part)
        return partial(function, *inputs, *parameters, **{output: out}, **options)

    return bind


def jitted(function: Callable) -> Callable:
    """A compiled function of JAX; ``function(jax, *inputs)`` is what it computes."""

    def bind(out, *inputs):
        import jax

        compiled = jax.jit(partial(function, jax))
        return lambda: compiled(*inputs).block_until_ready()

    return bind


# --- elementwise ------------------------------------------------------------------------------------------------------

SIZES = {"1e3": 1000, "1e5": 100_000, "1e7": 10_000_000}


def np_sigmoid(out, x):
    np.negative(x, out=out)
    np.exp(out, out=out)
    np.add(out, 1, out=out)
    np.reciprocal(out, out=out)


def np_silu(out, x):
    np_sigmoid(out, x)
    np.multiply(out, x, out=out)


def np_gelu_tanh(out, x):
    np.multiply(x, x, out=out)
    np.multiply(out, 0.044715, out=out)
    np.add(out, 1, out=out)
    np.multiply(out, x, out=out)
    np.multiply(out, math.sqrt(2 / math.pi), out=out)
    np.tanh(out, out=out)
    np.add(out, 1, out=out)
    np.multiply(out, x, out=out)
    np.multiply(out, 0.5, out=out)


def np_softplus(out, x):
    np.logaddexp(x, 0, out=out)


def np_tanh_grad(out, g, y):
    np.multiply(y, y, out=out)
    np.subtract(1, out, out=out)
    np.multiply(out, g, out=out)


def np_sigmoid_grad(out, g, y):
    np.subtract(1, y, out=out)
    np.multiply(out, y, out=out)
    np.multiply(out, g, out=out)


def np_relu_grad(out, g, y):
    np.multiply(g, np.greater(y, 0), out=out)


def peers(np_call: Callable | None, torch_call: Callable, jax_call: Callable | None = None) -> Calls:
    """The peers of a kernel; a peer that has nothing but a slow composition is left out."""
    found = {"numpy": np_call, "torch": torch_call, "jax": jax_call and jitted(jax_call)}
    return {name: call for name, call in found.items() if call is not None}


NN = "_C._nn."  # what torch.nn.functional calls, and takes out=
ELEMENTWISE: dict[str, Calls] = {
    "exp": peers(ufunc("exp"), torch_function("exp"), lambda jax, x: jax.numpy.exp(x)),
    "log": peers(ufunc("log"), torch_function("log"), lambda jax, x: jax.numpy.log(x)),
    "tanh": peers(ufunc("tanh"), torch_function("tanh"), lambda jax, x: jax.numpy.tanh(x)),
    "sigmoid": peers(plain(np_sigmoid), torch_function("sigmoid"), lambda jax, x: jax.nn.sigmoid(x)),
    "erf": peers(None, torch_function("erf"), lambda jax, x: jax.lax.erf(x)),
    "gelu": peers(None, torch_function(NN + "gelu"), lambda jax, x: jax.nn.gelu(x, approximate=False)),
    "gelu_tanh": peers(plain(np_gelu_tanh), torch_function(NN + "gelu", approximate="tanh"),
                       lambda jax, x: jax.nn.gelu(x)),
    "silu": peers(plain(np_silu), torch_function(NN + "silu"), lambda jax, x: jax.nn.silu(x)),
    "softplus": peers(plain(np_softplus), torch_function(NN + "softplus"), lambda jax, x: jax.nn.softplus(x)),
    "sin": peers(ufunc("sin"), torch_function("sin"), lambda jax, x: jax.numpy.sin(x)),
    "cos": peers(ufunc("cos"), torch_function("cos"), lambda jax, x: jax.numpy.cos(x)),
    "sqrt": peers(ufunc("sqrt"), torch_function("sqrt"), lambda jax, x: jax.numpy.sqrt(x)),
    "relu": peers(ufunc("maximum", 0), torch_function("clamp_min", 0), lambda jax, x: jax.nn.relu(x)),
    "pow": peers(ufunc("power"), torch_function("pow"), lambda jax, a, b: a**b),
    "add": peers(ufunc("add"), torch_function("add"), lambda jax, a, b: a + b),
    "mul": peers(ufunc("multiply"), torch_function("mul"), lambda jax, a, b: a * b),
    "tanh_grad": peers(plain(np_tanh_grad), torch_gradient("tanh_backward"), lambda jax, g, y: g * (1 - y * y)),
    "sigmoid_grad": peers(plain(np_sigmoid_grad), torch_gradient("sigmoid_backward"),
                          lambda jax, g, y: g * (y * (1 - y))),
    "relu_grad": peers(plain(np_relu_grad), torch_gradient("threshold_backward", 0),
                       lambda jax, g, y: jax.numpy.where(y > 0, g, 0)),
    "silu_grad": peers(None, torch_gradient("silu_backward")),
    "gelu_grad": peers(None, torch_gradient("gelu_backward")),
    "gelu_tanh_grad": peers(None, torch_gradient("gelu_backward", approximate="tanh")),
    "softplus_grad": peers(None, torch_gradient("softplus_backward", 1.0, 20.0)),
}  # fmt: skip
OPERANDS = {"pow": 2, "add": 2, "mul": 2}
PARAMETERS = {"softplus": (1.0, 20.0), "softplus_grad": (1.0, 20.0)}
POSITIVE = ("log", "sqrt", "pow")
ALSO_DOUBLE = ("exp", "log", "tanh", "sigmoid", "erf", "gelu", "silu", "softplus", "pow", "add")


def normal(*shapes: tuple) -> Callable:
    return lambda rng: [rng.standard_normal(shape, np.float32) for shape in shapes]


def positive(*shapes: tuple) -> Callable:
    return lambda rng: [rng.uniform(0.1, 4.0, shape) for shape in shapes]


def elementwise() -> list[Row]:
    made = []
    for kernel, others in ELEMENTWISE.items():
        calls = {"autograd": ours(kernel, *PARAMETERS.get(kernel, ()))} | others
        operands = OPERANDS.get(kernel, 2 if kernel.endswith("_grad") else 1)
        draw = positive if kernel in POSITIVE else normal
        for name, n in SIZES.items():
            made.append(Row(kernel, name, draw(*[(n,)] * operands), (n,), calls))
        if kernel in ALSO_DOUBLE:
            made.append(Row(kernel, "1e5", draw(*[(100_000,)] * operands), (100_000,), calls, "float64"))
    return made


def broadcast() -> list[Row]:
    """A matrix with a row, a column and a scalar; a transposed copy."""
    made = []
    matrix = (128, 1000)
    for name, other in (("row", (1000,)), ("column", (128, 1)), ("scalar", (1, 1))):
        made.append(Row("add", f"128x1000 + {name}", normal(matrix, other), matrix, peers_of("add")))
    for n in (300, 1000):
        calls = {
            "autograd": lambda out, x: ours("copy")(out, x.view(x.shape[::-1], x.strides[::-1])),
            "numpy": lambda out, x: partial(np.copyto, out, x.T),
            "torch": lambda out, x: partial(out.copy_, x.T),
            "jax": jitted(lambda jax, x: x.T.copy()),
        }
        made.append(Row("copy", f"{n}x{n} transposed", normal((n, n)), (n, n), calls))
    return made


def peers_of(kernel: str) -> Calls:
    return {"autograd": ours(kernel)} | ELEMENTWISE[kernel]


# --- reductions -------------------------------------------------------------------------------------------------------

REDUCED = {  # shape, reduced dims
    "1e3": ((1000,), (0,)),
    "1e5": ((100_000,), (0,)),
    "1e7": ((10_000_000,), (0,)),
    "128x1000 rows": ((128, 1000), (1,)),
    "128x1000 columns": ((128, 1000), (0,)),
    "32x64x64 middle": ((32, 64, 64), (1,)),
    "100000x3 columns": ((100_000, 3), (0,)),
}


def np_logsumexp(axis):
    def call(out, x):
        m = np.max(x, axis=axis, keepdims=True)
        e = np.subtract(x, m)
        np.exp(e, out=e)
        np.sum(e, axis=axis, out=out)
        np.log(out, out=out)
        np.add(out, m.reshape(out.shape), out=out)

    return call


def reduction_peers(axis: int) -> dict[str, Calls]:
    return {
        "sum": peers(ufunc("sum", axis), torch_function("sum", axis), lambda jax, x: x.sum(axis)),
        "mean": peers(ufunc("mean", axis), torch_function("mean", axis), lambda jax, x: x.mean(axis)),
        "amax": peers(ufunc("max", axis), torch_function("amax", axis), lambda jax, x: x.max(axis)),
        "var": peers(ufunc("var", axis, ddof=1), torch_function("var", axis), lambda jax, x: x.var(axis, ddof=1)),
        "logsumexp": peers(plain(np_logsumexp(axis)), torch_function("logsumexp", axis),
                           lambda jax, x: jax.nn.logsumexp(x, axis)),
        "argmax": peers(ufunc("argmax", axis), torch_function("argmax", axis), lambda jax, x: x.argmax(axis)),
    }  # fmt: skip


def reductions() -> list[Row]:
    made = []
    for name, (shape, dims) in REDUCED.items():
        kept = tuple(n for d, n in enumerate(shape) if d not in dims)
        for kernel, calls in reduction_peers(dims[0]).items():
            calls = {"autograd": ours(kernel, dims, *((1.0,) if kernel == "var" else ()))} | calls
            made.append(Row(kernel, name, normal(shape), kept, calls, out_dtype="int64" if kernel == "argmax" else ""))
    return made


# --- rows -------------------------------------------------------------------------------------------------------------


def np_softmax(out, x):
    np.subtract(x, np.max(x, axis=1, keepdims=True), out=out)
    np.exp(out, out=out)
    np.divide(out, np.sum(out, axis=1, keepdims=True), out=out)


def np_log_softmax(out, x):
    np.subtract(x, np.max(x, axis=1, keepdims=True), out=out)
    np.subtract(out, np.log(np.sum(np.exp(out), axis=1, keepdims=True)), out=out)


def np_softmax_grad(out, g, y):
    np.multiply(g, y, out=out)
    np.subtract(g, np.sum(out, axis=1, keepdims=True), out=out)
    np.multiply(out, y, out=out)


def np_log_softmax_grad(out, g, y):
    np.exp(y, out=out)
    np.multiply(out, np.sum(g, axis=1, keepdims=True), out=out)
    np.subtract(g, out, out=out)


def torch_softmax_grad(kind: str) -> Callable:
    def bind(out, g, y):
        import torch

        function = getattr(torch, f"_{kind}_backward_data")
        return partial(function, g, y, 1, y.dtype, **{"out" if kind == "log_softmax" else "grad_input": out})

    return bind


def torch_cross_entropy(out, x, target):
    import torch

    return partial(torch.nn.functional.cross_entropy, x, target)


def our_cross_entropy(out, x, target):
    from autograd import storage

    lse = storage.empty((x.shape[0],), x.dtype)
    return ours("cross_entropy")(out, lse, x, target, None, (*x.shape, 1), -100, 1, 0.0)


def jax_cross_entropy(jax, x, target):
    return -jax.numpy.mean(jax.numpy.take_along_axis(jax.nn.log_softmax(x), target[:, None], axis=1))


def np_cross_entropy(out, x, target):
    m = np.max(x, axis=1, keepdims=True)
    lse = np.log(np.sum(np.exp(x - m), axis=1)) + m[:, 0]
    np.mean(lse - x[np.arange(len(x)), target], out=out)


def rowwise() -> list[Row]:
    made = []
    for shape in ((128, 1000), (1024, 64)):
        name, size = f"{shape[0]}x{shape[1]}", (*shape, 1)
        kernels: dict[str, Calls] = {
            "softmax": peers(plain(np_softmax), torch_function("softmax", 1), lambda jax, x: jax.nn.softmax(x)),
            "log_softmax": peers(plain(np_log_softmax), torch_function("log_softmax", 1),
                                 lambda jax, x: jax.nn.log_softmax(x)),
            "softmax_grad": peers(plain(np_softmax_grad), torch_softmax_grad("softmax")),
            "log_softmax_grad": peers(plain(np_log_softmax_grad), torch_softmax_grad("log_softmax")),
        }  # fmt: skip
        for kernel, calls in kernels.items():
            inputs = normal(*[shape] * (2 if kernel.endswith("grad") else 1))
            made.append(Row(kernel, name, inputs, shape, {"autograd": ours(kernel, size)} | calls))
        made.append(Row(
            "cross_entropy", name,
            lambda rng, shape=shape: [rng.standard_normal(shape), rng.integers(0, shape[1], shape[0])],
            (), {"autograd": our_cross_entropy, "torch": torch_cross_entropy}
            | {"numpy": plain(np_cross_entropy), "jax": jitted(jax_cross_entropy)},
        ))  # fmt: skip
    return made


# --- products ---------------------------------------------------------------------------------------------------------

PRODUCTS = [  # m, n, k
    (4, 2, 2), (8, 8, 8), (16, 16, 16), (32, 32, 32), (64, 128, 64), (127, 131, 129), (128, 256, 784),
    (128, 128, 256), (512, 512, 512), (2048, 2048, 2048), (1, 4096, 1024), (16, 4096, 1024),
]  # fmt: skip
DOUBLE_PRODUCTS = [(32, 32, 32), (128, 256, 784), (8, 2048, 512), (1024, 1024, 1024)]
FORMS = {"A B": (0, 0), "At B": (1, 0), "A Bt": (0, 1)}


def turned(a: Any, turn: int) -> Any:
    """a, or its transposed view, of any library."""
    if not turn:
        return a
    return a.view(a.shape[::-1], a.strides[::-1]) if type(a).__module__.startswith("autograd") else a.T


def product(turn_a: int, turn_b: int) -> Calls:
    def bound(bind: Callable) -> Callable:
        return lambda c, a, b: bind(c, turned(a, turn_a), turned(b, turn_b))

    return {
        "autograd": bound(ours("gemm")), "numpy": bound(ufunc("matmul")), "torch": bound(torch_function("matmul")),
        "jax": jitted(lambda jax, a, b: turned(a, turn_a) @ turned(b, turn_b)),
    }  # fmt: skip


def torch_layer(out, x, w, bias):
    import torch

    return lambda: torch.nn.functional.linear(x, w, bias).relu_()


def np_layer(out, x, w, bias):
    np.matmul(x, w.T, out=out)
    np.add(out, bias, out=out)
    np.maximum(out, 0, out=out)


def products() -> list[Row]:
    made = []
    for form, (turn_a, turn_b) in FORMS.items():
        for dtype, shapes in (("float32", PRODUCTS), ("float64", DOUBLE_PRODUCTS)):
            for m, n, k in shapes:
                a, b = ((k, m) if turn_a else (m, k)), ((n, k) if turn_b else (k, n))
                inputs = normal(a, b)
                made.append(Row("matmul", f"{form} {m}x{n}x{k}", inputs, (m, n), product(turn_a, turn_b), dtype))
    made.append(Row("matmul", "64 of 32x32x64", normal((64, 32, 64), (64, 64, 32)), (64, 32, 32), product(0, 0)))
    for m, n, k in ((4, 2, 2), (64, 128, 64), (128, 256, 784)):
        calls = {
            "autograd": ours("linear", (m, n, k, 1)), "numpy": plain(np_layer), "torch": torch_layer,
            "jax": jitted(lambda jax, x, w, bias: jax.nn.relu(x @ w.T + bias)),
        }  # fmt: skip
        made.append(Row("relu(linear)", f"{m}x{n}x{k}", normal((m, k), (n, k), (n,)), (m, n), calls))
    return made


# --- optimizers -------------------------------------------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": {"lr": 1e-3, "momentum": 0.9},
    "Adam": {"lr": 1e-3},
    "AdamW": {"lr": 1e-3},
    "RMSprop": {"lr": 1e-3},
    "Adagrad": {"lr": 1e-3},
    "Adadelta": {"lr": 1e-3},
    "Adamax": {"lr": 1e-3},
    "NAdam": {"lr": 1e-3},
    "RAdam": {"lr": 1e-3},
    "Rprop": {"lr": 1e-3},
    "ASGD": {"lr": 1e-3},
}
FUSED = ("SGD", "Adam", "AdamW", "Adagrad")  # PyTorch has a fused step


def step_of(library: str, name: str, **more: Any) -> Callable:
    """``optimizer.step`` over one parameter, ``out``."""

    def bind(out, p, g):
        if library == "torch":
            import torch as lib

            leaf = out.copy_(p).requires_grad_()
            leaf.grad = g
        else:
            import autograd as lib

            leaf = lib.from_numpy(out.numpy()).requires_grad_()
            out.numpy()[...] = p.numpy()
            leaf.grad = lib.from_numpy(g.numpy())
        return getattr(lib.optim, name)([leaf], **OPTIMIZERS[name], **more).step

    return bind


def optimizers() -> list[Row]:
    """A whole ``step()``, beside PyTorch's default and beside its fused one."""
    made = []
    for name in OPTIMIZERS:
        for size, n in (("1e4", 10_000), ("1e6", 1_000_000)):
            for kind, more in (("", {}), (" fused", {"fused": True})):
                if kind and name not in FUSED:
                    continue
                calls = {"autograd": step_of("autograd", name), "torch": step_of("torch", name, **more)}
                made.append(Row(name, size + kind, normal((n,), (n,)), (n,), calls))
    return made


@cache
def rows() -> list[Row]:
    from .attention_rows import attentions  # which are made of what stands here
    from .norm_rows import norms

    made = [*products(), *elementwise(), *broadcast(), *reductions(), *rowwise(), *norms(), *attentions()]
    return [*made, *optimizers()]
