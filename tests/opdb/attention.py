"""Rows of autograd/ops/attention.py."""

from __future__ import annotations

import numpy as np

from .core import Failure, Make, Row, Sample

F = "nn.functional."
LOOSE = {"float32": 2e-5, "float64": 1e-12}


def heads(make: Make):
    q, k, v = make(2, 3, 4, 5), make(2, 3, 6, 5), make(2, 3, 6, 2)
    yield Sample((q, k, v), note="heads")
    yield Sample((q, k, v), {"is_causal": True}, note="causal")
    yield Sample((q, k, v), {"scale": 0.3}, note="scale")
    yield Sample((q, k, v), {"attn_mask": make(4, 6)}, note="a mask that is added")
    mask = make.rng.random((2, 1, 4, 6)) < 0.6
    mask[..., 0] = True
    yield Sample((q, k, v), {"attn_mask": mask}, note="a mask")
    nothing = mask.copy()
    nothing[:, :, 1] = False
    yield Sample((q, k, v), {"attn_mask": nothing}, note="a query that sees nothing")
    yield Sample((make(4, 3), make(2, 3), make(2, 3)), note="matrices")
    long = (make(1, 2, 70, 3), make(1, 2, 80, 3), make(1, 2, 80, 2))
    yield Sample(long, {"is_causal": True}, note="many queries, causal")
    yield Sample((make(3, 4, 5), make(1, 6, 5), make(6, 5)), note="batch dims that broadcast")
    side = [make(2, 4, 3, 5).swapaxes(1, 2) for _ in range(3)]
    yield Sample((*side,), {"is_causal": True}, note="heads side by side")
    yield Sample((make(2, 5, 4).swapaxes(1, 2), make(6, 5).T[None].swapaxes(1, 2), make(2, 6, 3)), note="columns apart")
    yield Sample((make(5, 3), make(2, 3), make(2, 3)), {"is_causal": True}, note="more queries than keys")
    yield Sample((make(2, 0, 3), make(2, 4, 3), make(2, 4, 2)), note="no queries")
    yield Sample((make(2, 3, 3), make(2, 0, 3), make(2, 0, 2)), note="no keys")
    shared = make(1, 4, 2, 3), make(1, 2, 2, 3), make(1, 2, 2, 3)
    yield Sample(shared, {"enable_gqa": True}, note="shared heads")


def attention(q, k, v, attn_mask=None, is_causal=False, scale=None, enable_gqa=False):
    if enable_gqa:
        k, v = (np.repeat(x, q.shape[-3] // x.shape[-3], -3) for x in (k, v))
    products = q @ k.swapaxes(-1, -2) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        attn_mask = np.tril(np.ones(products.shape[-2:], bool))
    if attn_mask is not None:
        products = np.where(attn_mask, products, -np.inf) if attn_mask.dtype == bool else products + attn_mask
    top = products.max(-1, keepdims=True, initial=-np.inf)
    weights = np.exp(products - np.where(np.isinf(top), 0, top))
    return weights / np.maximum(weights.sum(-1, keepdims=True), 1e-300) @ v


def refused(match: str, *shapes, dtype="float32", **options) -> Failure:
    def call(m):
        q, k, v = (m.ones(shape) for shape in shapes)
        given = {name: m.ones(v) if isinstance(v, tuple) else v for name, v in options.items()}
        return m.nn.functional.scaled_dot_product_attention(q, k.to(getattr(m, dtype)), v, **given)

    return Failure(call, RuntimeError, match)


S = (1, 2, 3)


def forms(make: Make):
    yield Sample((make(2, 3), make(2, 4), make(5, 3, 4), make(5)), note="rows")
    yield Sample((make(2, 2, 3), make(2, 2, 1), make(2, 3, 1)), note="no bias, two lead dims")
    yield Sample((make(3), make(4), make(2, 3, 4), make(2)), note="vectors")
    yield Sample((make(0, 3), make(0, 4), make(5, 3, 4)), note="nothing")


def bilinear(a, b, w, bias=0.0):
    return np.einsum("...i,oij,...j->...o", a, w, b) + bias


def unfit(match: str, *shapes) -> Failure:
    return Failure(lambda m: m.bilinear(*[m.ones(shape) for shape in shapes]), RuntimeError, match)


ROWS = [
    Row(
        F + "scaled_dot_product_attention",
        heads,
        attention,
        rtol=LOOSE,
        atol={"float32": 5e-6},
        failures=(
            refused("attn_mask should not be set when is_causal=True", S, S, S, attn_mask=(2, 2), is_causal=True),
            refused("Expected query, key, and value to have the same dtype", S, S, S, dtype="float64"),
            refused("2 dimensional, but got query.dim: 1", (3,), S, S),
            refused(
                "heads in key and value must divide",
                (1, 3, 2, 3),
                (1, 2, 2, 3),
                (1, 2, 2, 3),
                enable_gqa=True,
            ),
        ),
    ),
    Row(
        "bilinear",
        forms,
        bilinear,
        rtol=LOOSE,
        atol={"float32": 5e-6},
        failures=(
            unfit("input batch dimensions do not match", (2, 3), (3, 4), (5, 3, 4)),
            unfit("input1 size does not match weight size: got 3 but expected 4", (2, 3), (2, 4), (5, 4, 4)),
            unfit("bias size does not match weight size: got 4 but expected 5", (2, 3), (2, 4), (5, 3, 4), (4,)),
        ),
    ),
]
