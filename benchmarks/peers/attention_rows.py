"""The rows of ``kernel_rows.py`` for causal attention, and for its gradients (all three in one call)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .kernel_rows import Row, jitted, normal


def ours(gradient: bool) -> Callable:
    """The kernel at the seam."""

    def bind(out, q, k, v, g):
        from autograd import storage
        from autograd.backend import K

        scale, y = q.shape[-1] ** -0.5, storage.empty_like(out) if gradient else out
        stats = storage.empty((*q.shape[:-1], 2), q.dtype)
        forward = partial(K.attention, y, stats, q, k, v, scale, True)
        if not gradient:
            return forward
        forward()
        dk, dv = storage.empty_like(k), storage.empty_like(v)
        return partial(K.attention_grad, out, dk, dv, g, q, k, v, stats, scale, True)

    return bind


def torch_attention(gradient: bool) -> Callable:
    """The function that a user calls; for the gradients, backward of what it recorded."""

    def bind(out, q, k, v, g):
        import torch

        forward = partial(torch.nn.functional.scaled_dot_product_attention, q, k, v, is_causal=True)
        if not gradient:
            return forward
        learned = [t.requires_grad_() for t in (q, k, v)]
        y = forward()
        return lambda: torch.autograd.grad(y, learned, g, retain_graph=True)[0]

    return bind


def jax_attention(jax: Any, q: Any, k: Any, v: Any, g: Any) -> Any:
    """Written out: ``jax.nn.dot_product_attention`` takes longer on a CPU."""
    scores = q @ k.swapaxes(-1, -2) * q.shape[-1] ** -0.5
    seen = jax.numpy.tri(*scores.shape[-2:], dtype=bool)
    return jax.nn.softmax(jax.numpy.where(seen, scores, -jax.numpy.inf)) @ v


def jax_gradients(jax: Any, q: Any, k: Any, v: Any, g: Any) -> Any:
    return jax.vjp(lambda *inputs: jax_attention(jax, *inputs, g), q, k, v)[1](g)


def jitted_gradients() -> Callable:
    """All three are computed, the first is looked at."""

    def bind(out, *inputs):
        import jax

        compiled = jax.jit(partial(jax_gradients, jax))
        return lambda: jax.block_until_ready(compiled(*inputs))[0]

    return bind


def attentions() -> list[Row]:
    made = []
    for shape in ((16, 4, 64, 16), (1, 8, 1024, 64)):
        name = "x".join(map(str, shape))
        for gradient, jax in ((False, jitted(jax_attention)), (True, jitted_gradients())):
            calls = {"autograd": ours(gradient), "torch": torch_attention(gradient), "jax": jax}
            made.append(Row("attention" + "_grad" * gradient, name, normal(*[shape] * 4), shape, calls))
    return made
