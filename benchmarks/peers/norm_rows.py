"""The rows of ``kernel_rows.py`` for layer, RMS and batch norm, and for their gradients (all of them in one call)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from .kernel_rows import Row, jitted, normal, plain

EPS = 1e-5


def np_norm(axis: int, center: bool) -> Callable:
    def forward(out, x, w, b=None):
        deviation = x - np.mean(x, axis=axis, keepdims=True) if center else x
        np.multiply(deviation, w / np.sqrt(np.mean(deviation * deviation, axis=axis, keepdims=True) + EPS), out=out)
        if b is not None:
            np.add(out, b, out=out)

    return plain(forward)


def jax_norm(axis: int, center: bool) -> Callable:
    def forward(jax, x, w, b=0.0):
        deviation = x - x.mean(axis, keepdims=True) if center else x
        return deviation * jax.lax.rsqrt((deviation * deviation).mean(axis, keepdims=True) + EPS) * w + b

    return jitted(forward)


def our_norm(kernel: str, shape: tuple, gradient: bool) -> Callable:
    """Layer or RMS norm at the seam."""

    def bind(out, x, w, b=None, g=None):
        from autograd import storage
        from autograd.backend import K

        stats = storage.empty((2, shape[0]), x.dtype)
        forward = partial(getattr(K, kernel), out, stats, x, w, b, shape, EPS)
        if not gradient:
            return forward
        forward()
        dw, db = storage.empty_like(w), None if b is None else storage.empty_like(w)
        return partial(getattr(K, kernel + "_grad"), out, dw, db, g, x, stats, w, shape)

    return bind


def our_batch_norm(shape: tuple, gradient: bool) -> Callable:
    def bind(out, x, w, b, g=None):
        from autograd import storage
        from autograd.backend import K

        stats = storage.empty((2, shape[1]), x.dtype)
        forward = partial(K.batch_norm, out, stats, None, None, x, w, b, (*shape, 1), 1, 0.1, EPS)
        if not gradient:
            return forward
        forward()
        dw, db = storage.empty_like(w), storage.empty_like(b)
        return partial(K.batch_norm_grad, out, dw, db, g, x, stats, w, (*shape, 1), 1)

    return bind


def torch_norm(kernel: str, gradient: bool) -> Callable:
    """The function that a user calls; for the gradients, backward of what it recorded."""

    def bind(out, x, w, b=None, g=None):
        import torch

        functions = {
            "layer_norm": lambda: torch.nn.functional.layer_norm(x, w.shape, w, b, EPS),
            "rms_norm": lambda: torch.nn.functional.rms_norm(x, w.shape, w, EPS),
            "batch_norm": lambda: torch.nn.functional.batch_norm(x, None, None, w, b, True, 0.1, EPS),
        }
        forward = functions[kernel]
        if not gradient:
            return forward
        learned = [t.requires_grad_() for t in (x, w, b) if t is not None]
        y = forward()
        return lambda: torch.autograd.grad(y, learned, g, retain_graph=True)[0]

    return bind


def norms() -> list[Row]:
    made = []
    for shape in ((128, 1000), (1024, 64)):
        for kernel, axis in (("layer_norm", 1), ("rms_norm", 1), ("batch_norm", 0)):
            learned = [shape, shape[1:]] + [shape[1:]] * (kernel != "rms_norm")
            for gradient in (False, True):
                ours = our_batch_norm(shape, gradient) if axis == 0 else our_norm(kernel, shape, gradient)
                calls = {"autograd": ours, "torch": torch_norm(kernel, gradient)}
                if gradient:
                    calls = {library: with_gradient(call) for library, call in calls.items()}
                else:
                    center = kernel != "rms_norm"
                    calls |= {"numpy": np_norm(axis, center), "jax": jax_norm(axis, center)}
                inputs = normal(*learned, *[shape] * gradient)
                name = f"{shape[0]}x{shape[1]}"
                made.append(Row(kernel + "_grad" * gradient, name, inputs, shape, calls))
    return made


def with_gradient(bind: Callable) -> Callable:
    """The last input is the gradient that arrives; RMS norm has no bias before it."""
    return lambda out, *inputs: bind(out, *inputs[:-1], g=inputs[-1])
