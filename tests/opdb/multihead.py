"""Rows of autograd/ops/multihead.py."""

from __future__ import annotations

import warnings

import numpy as np

from .core import Failure, Make, Row, Sample

PATH = "nn.functional.multi_head_attention_forward"
LOOSE = {"float32": 2e-5, "float64": 1e-12}


def samples(make: Make):
    def weights(e=4, separate=()):
        small = {"low": -0.5, "high": 0.5}
        if separate:
            parts = dict(zip(("q_proj_weight", "k_proj_weight", "v_proj_weight"), [make(e, n) for n in separate]))
            return (None, make(3 * e), None, None, False, 0.0, make(e, e, **small), make(e)), {
                **parts, "use_separate_proj_weight": True
            }  # fmt: skip
        return (make(3 * e, e, **small), make(3 * e), None, None, False, 0.0, make(e, e, **small), make(e)), {}

    x = make(3, 2, 4)
    all_of_it, _ = weights()
    yield Sample((x, x, x, 4, 2, *all_of_it), note="twice the same")
    q, k = make(3, 2, 4), make(5, 2, 4)
    bare = (make(12, 4), None, None, None, False, 0.0, make(4, 4), None)
    yield Sample((q, k, k, 4, 2, *bare), {"average_attn_weights": False}, note="twice the same")
    yield Sample((make(2, 2), make(3, 2), make(3, 2), 2, 1, *weights(2)[0]), note="without a batch")
    separate, options = weights(4, (4, 3, 2))
    yield Sample((q, make(5, 2, 3), make(5, 2, 2), 4, 2, *separate), {**options, "need_weights": False},
                 note="three weights")  # fmt: skip
    more = (make(12, 4), make(12), make(1, 1, 4), make(1, 1, 4), True, 0.5, make(4, 4), make(4))
    hidden = np.zeros((2, 5), bool)
    hidden[1, 3:] = True
    yield Sample((q, k, make(5, 2, 4), 4, 2, *more), {"training": False, "key_padding_mask": hidden},
                 note="one more key, a key of zeros, padding")  # fmt: skip
    seen = np.triu(np.ones((3, 5), bool), 2)
    for need_weights in (True, False):
        given = {"need_weights": need_weights}
        yield Sample((q, k, make(5, 2, 4), 4, 2, *bare), {**given, "attn_mask": seen}, note="a mask")
        yield Sample((q, k, make(5, 2, 4), 4, 2, *bare), {**given, "attn_mask": make(4, 3, 5)}, note="numbers added")
        yield Sample((q, k, make(5, 2, 4), 4, 2, *bare), {**given, "attn_mask": seen, "key_padding_mask": hidden},
                     note="two masks")  # fmt: skip
        yield Sample((q, k, make(5, 2, 4), 4, 2, *bare), {**given, "attn_mask": make(3, 5), "key_padding_mask": hidden},
                     note="masks of two kinds")  # fmt: skip
        causal = np.triu(np.ones((3, 3), bool), 1)
        yield Sample((q, make(3, 2, 4), make(3, 2, 4), 4, 2, *bare), {**given, "attn_mask": causal, "is_causal": True},
                     note="causal")  # fmt: skip
    yield Sample((q, k, make(5, 2, 4), 4, 2, *bare), {"static_k": make(4, 5, 2), "static_v": make(4, 5, 2)},
                 note="keys and values given")  # fmt: skip


def reference(q, k, v, e, heads, w, b, bias_k, bias_v, zero, p, w_out, b_out, training=True, key_padding_mask=None,
              need_weights=True, attn_mask=None, use_separate_proj_weight=False, q_proj_weight=None,
              k_proj_weight=None, v_proj_weight=None, static_k=None, static_v=None, average_attn_weights=True,
              is_causal=False):  # fmt: skip
    """One sequence and one head at a time."""
    batched = q.ndim == 3
    if not batched:
        q, k, v = (x[:, None] for x in (q, k, v))
    ws = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else np.split(w, 3)
    bs = np.zeros((3, e)) if b is None else np.split(b, 3)
    q, k, v = (x @ m.T + c for x, m, c in zip((q, k, v), ws, bs))
    if bias_k is not None:
        k, v = (np.concatenate([x, np.tile(c, (1, x.shape[1], 1))]) for x, c in ((k, bias_k), (v, bias_v)))
    if zero:
        k, v = (np.concatenate([x, np.zeros_like(x[:1])]) for x in (k, v))
    found, y, d = np.zeros((q.shape[1], heads, len(q), len(k))), np.zeros_like(q), e // heads
    for n in range(q.shape[1]):
        for h in range(heads):
            at = slice(h * d, (h + 1) * d)
            kh = k[:, n, at] if static_k is None else static_k[n * heads + h]
            vh = v[:, n, at] if static_v is None else static_v[n * heads + h]
            s = q[:, n, at] @ kh.T / np.sqrt(d)
            for m in (attn_mask, None if key_padding_mask is None else key_padding_mask[n]):
                if m is not None:
                    m = m[n * heads + h] if m.ndim == 3 else m
                    s[..., : m.shape[-1]] += np.where(m, -np.inf, 0.0) if m.dtype == bool else m
            s = np.exp(s - s.max(-1, keepdims=True))
            found[n, h] = s / s.sum(-1, keepdims=True)
            y[:, n, at] = found[n, h] @ vh
    y = y @ w_out.T + (0.0 if b_out is None else b_out)
    found = found.mean(1) if average_attn_weights else found
    if not batched:
        y, found = y[:, 0], found[0]
    return (y, found) if need_weights else y


def without_none(m, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of masks of two kinds
        y, weights = m.nn.functional.multi_head_attention_forward(*args, **kwargs)
    return y if weights is None else (y, weights)


def fails(error, message, query=(3, 2, 4), key=(5, 2, 4), value=None, e=4, heads=2, bare=False, **masks):
    def call(m):
        options = {n: m.ones(*shape).to(m.int64 if n == "kind" else m.bool) for n, shape in masks.items()}
        if "kind" in options:
            options = {"attn_mask": options["kind"]}
        w = None if bare else m.ones(12, 4)
        m.nn.functional.multi_head_attention_forward(
            m.ones(*query), m.ones(*key), m.ones(*(value or key)), e, heads, w, None, None, None, False, 0.0,
            m.ones(4, 4), None, **options
        )  # fmt: skip

    return Failure(call, error, message)


def causal_without_mask(m):
    x, w = m.ones(3, 2, 4), m.ones(12, 4)
    m.nn.functional.multi_head_attention_forward(
        x, x, x, 4, 2, w, None, None, None, False, 0.0, m.ones(4, 4), None, is_causal=True
    )


ROWS = [
    Row(PATH, samples, reference, rtol=LOOSE, atol=LOOSE, call=without_none, wanted=(0, 1, 2, 5, 6, 7, 8, 11, 12),
        failures=(
            fails(AssertionError, "query should be unbatched 2D or batched 3D tensor but received 1-D", query=(4,)),
            fails(AssertionError, "For batched (3-D) `query`, expected `key` and `value` to be 3-D but found 2-D and",
                  key=(5, 4)),
            fails(AssertionError, "For batched (3-D) `query`, expected `key_padding_mask` to be `None` or 2-D",
                  key_padding_mask=(5,)),
            fails(AssertionError, "For unbatched (2-D) `query`, expected `attn_mask` to be `None`, 2-D or 3-D",
                  query=(3, 4), key=(5, 4), attn_mask=(5,)),
            fails(AssertionError, "Expected `attn_mask` shape to be (2, 3, 5) but got", query=(3, 4), key=(5, 4),
                  attn_mask=(1, 3, 5)),
            fails(AssertionError, "was expecting embedding dimension of 6, but got 4", e=6),
            fails(AssertionError, "embed_dim 4 not divisible by num_heads 3", heads=3),
            fails(AssertionError, "key shape", value=(4, 2, 4)),
            fails(AssertionError, "use_separate_proj_weight is False but in_proj_weight is None", bare=True),
            fails(RuntimeError, "The shape of the 2D attn_mask is", attn_mask=(3, 3)),
            fails(RuntimeError, "The shape of the 3D attn_mask is", attn_mask=(2, 3, 5)),
            fails(AssertionError, "Expected key_padded_mask.shape[0] to be 2, but got 3", key_padding_mask=(3, 5)),
            fails(AssertionError, "Expected key_padded_mask.shape[1] to be 5, but got 4", key_padding_mask=(2, 4)),
            fails(AssertionError, "only bool and floating types of attn_mask are supported", kind=(3, 5)),
            Failure(causal_without_mask, RuntimeError, "Need attn_mask if specifying the is_causal hint."),
        )),
]  # fmt: skip
