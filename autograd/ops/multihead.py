"""Attention with several heads: queries, keys and values are projected, and each head attends by itself (Vaswani et al.
2017).

>>> from autograd import eye, ones
>>> x = ones(2, 4)
>>> y, weights = multi_head_attention_forward(
...     x, x, x, 4, 2, ones(12, 4), None, None, None, False, 0.0, eye(4), None)
>>> weights
tensor([[0.5000, 0.5000],
        [0.5000, 0.5000]])
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from .. import dtypes
from ..op import require_tensors
from ..tensor import Tensor
from .attention import masked, scaled_dot_product_attention
from .choice import where
from .comparison import logical_not, logical_or
from .dropout import dropout
from .join import cat, chunk, split, zeros
from .linalg import linear, matmul
from .softmax import softmax


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """The attention of query (L, B, E) to key and value (S, B, ...), or without the dim of the batch, as (L, B, E), and
    with ``need_weights`` the weights (B, L, S), or (B, heads, L, S) without ``average_attn_weights``; else None.

    in_proj_weight, in_proj_bias
        (3 * E, E) and (3 * E,): the projections to queries, keys and values; with ``use_separate_proj_weight`` the
        weights are q_proj_weight, k_proj_weight and v_proj_weight.
    bias_k, bias_v
        (1, 1, E): one more key and value for every sequence.
    add_zero_attn
        Whether there is one more key and value, of zeros.
    out_proj_weight, out_proj_bias
        (E, E) and (E,): the projection of what the heads found.
    key_padding_mask
        (B, S), True where a key is not to be seen, or numbers added to the products.
    attn_mask
        (L, S) or (B * heads, L, S), in the same way.
    static_k, static_v
        (B * heads, S, E / heads), instead of the projected keys and values.
    is_causal
        Says that attn_mask lets a query see the keys up to its own position alone.

    The module MultiheadAttention holds the weights. Raises AssertionError or RuntimeError where shapes do not fit.
    """
    separate = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else None
    return attend(
        query, key, value, num_heads, separate or in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias,
        embed_dim=embed_dim_to_check, extra=(bias_k, bias_v), add_zero=add_zero_attn,
        dropout_p=dropout_p if training else 0.0, key_padding_mask=key_padding_mask, need_weights=need_weights,
        attn_mask=attn_mask, static=(static_k, static_v), average=average_attn_weights, is_causal=is_causal,
    )  # fmt: skip


def attend(
    query: Tensor, key: Tensor, value: Tensor, heads: int, weights: Any, bias: Tensor | None, out_weight: Tensor,
    out_bias: Tensor | None, *, embed_dim: int, extra: tuple = (None, None), add_zero: bool = False,
    dropout_p: float = 0.0, key_padding_mask: Tensor | None = None, need_weights: bool = True,
    attn_mask: Tensor | None = None, static: tuple = (None, None), average: bool = True, is_causal: bool = False,
    batch_first: bool = False,
) -> tuple[Tensor, Tensor | None]:  # fmt: skip
    """:func:`multi_head_attention_forward`, also of (B, L, E); ``weights`` are one matrix or three."""
    require_tensors("multi_head_attention_forward", query=query, key=key, value=value)
    _check_dims(query, key, value, key_padding_mask, attn_mask, heads)
    batched, at = query.ndim == 3, 0 if batch_first else 1
    if not batched:
        same = query is key, key is value
        query = query.unsqueeze(at)
        key = query if same[0] else key.unsqueeze(at)
        value = key if same[1] else value.unsqueeze(at)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    _check_sizes(query, key, value, embed_dim, heads, weights)
    batch, length, keys = query.shape[at], query.shape[1 - at], key.shape[1 - at]
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    causal = is_causal and key_padding_mask is None and not need_weights
    masks = None if causal else attn_mask, key_padding_mask
    _check_masks(*masks, batch, heads, length, keys)

    q, *kv = _projected(query, key, value, weights, bias)
    kv = [x if more is None else _followed_by(x, more, at) for x, more in zip(kv, extra)]
    q, k, v = [_by_head(x, heads, batch_first) for x in (q, *kv)]
    k, v = [x if s is None else s.reshape(batch, heads, *s.shape[1:]) for x, s in zip((k, v), static)]
    if add_zero:
        k, v = [cat([x, zeros((batch, heads, 1, x.shape[3]), x.dtype)], 2) for x in (k, v)]
    mask = _merged(*masks, batch, heads, k.shape[2] - keys, q.dtype)

    found = None
    if need_weights:
        products = matmul(q * math.sqrt(1.0 / q.shape[3]), k.transpose(-2, -1))
        found = softmax(products if mask is None else masked(products, mask), -1)
        found = dropout(found, dropout_p) if dropout_p > 0 else found
        y = matmul(found, v)
        found = found.mean(1) if average else found
    else:
        y = scaled_dot_product_attention(q, k, v, mask, dropout_p, causal)
    y = y.permute(*((0, 2, 1, 3) if batch_first else (2, 0, 1, 3)))
    y = linear(y.reshape(*query.shape[:2], embed_dim), out_weight, out_bias)
    if batched:
        return y, found
    return y.squeeze(at), None if found is None else found.squeeze(0)


def _projected(query: Tensor, key: Tensor, value: Tensor, weights: Any, bias: Tensor | None) -> tuple[Tensor, ...]:
    """Queries, keys and values, with as few products as there are different inputs."""
    if not isinstance(weights, tuple) and query is key is value:
        return chunk(linear(query, weights, bias), 3, -1)
    if not isinstance(weights, tuple) and key is value:
        n = len(weights) // 3
        (w_q, w_kv), (b_q, b_kv) = split(weights, [n, 2 * n]), (None, None) if bias is None else split(bias, [n, 2 * n])
        return linear(query, w_q, b_q), *chunk(linear(key, w_kv, b_kv), 2, -1)
    each = weights if isinstance(weights, tuple) else chunk(weights, 3)
    biases = (None,) * 3 if bias is None else chunk(bias, 3)
    return tuple([linear(x, w, b) for x, w, b in zip((query, key, value), each, biases)])


def _by_head(x: Tensor, heads: int, batch_first: bool) -> Tensor:
    """(B, heads, L, E / heads)"""
    parts = x.unflatten(2, (heads, x.shape[2] // heads))
    return parts.permute(*((0, 2, 1, 3) if batch_first else (1, 2, 0, 3)))


def _followed_by(x: Tensor, more: Tensor, at: int) -> Tensor:
    """The sequences of x with one more element, the same for all of the batch, dim ``at``."""
    shape = [1, 1, x.shape[2]]
    shape[at] = x.shape[at]
    return cat([x, more.expand(shape)], 1 - at)


# --- masks ------------------------------------------------------------------------------------------------------------


def _merged(
    attn_mask: Tensor | None, padding: Tensor | None, batch: int, heads: int, more: int, dtype: dtypes.dtype
) -> Tensor | None:
    """Both masks as one for (B, heads, L, S), as scaled_dot_product_attention has it; ``more`` keys at the end are seen
    by all."""
    found = []
    if attn_mask is not None:
        found.append(attn_mask if attn_mask.ndim == 2 else attn_mask.unflatten(0, (batch, heads)))
    if padding is not None:
        found.append(padding.unsqueeze(1).unsqueeze(1))
    if more:
        found = [cat([m, zeros((*m.shape[:-1], more), m.dtype)], -1) for m in found]
    if not found:
        return None
    if all(m.dtype is dtypes.bool_ for m in found):
        return logical_not(found[0] if len(found) == 1 else logical_or(*found))
    if len({m.dtype.is_floating_point for m in found}) > 1:
        warnings.warn(
            "Support for mismatched key_padding_mask and attn_mask is deprecated. Use same type for both instead.",
            stacklevel=4,
        )
    numbers = [m.to(dtype) if m.dtype.is_floating_point else where(m, -math.inf, zeros((), dtype)) for m in found]
    return numbers[0] if len(numbers) == 1 else numbers[0] + numbers[1]


def _check_masks(attn_mask: Tensor | None, padding: Tensor | None, batch: int, heads: int, length: int, keys: int):
    for name, m in (("key_padding_mask", padding), ("attn_mask", attn_mask)):
        if m is not None and m.dtype is not dtypes.bool_ and not m.dtype.is_floating_point:
            raise AssertionError(f"only bool and floating types of {name} are supported, got {m.dtype}")
    if attn_mask is not None:
        wanted = (length, keys) if attn_mask.ndim == 2 else (batch * heads, length, keys)
        if attn_mask.shape != wanted:
            raise RuntimeError(
                f"The shape of the {attn_mask.ndim}D attn_mask is {attn_mask.shape}, but should be {wanted}."
            )
    if padding is not None:
        for d, n in enumerate((batch, keys)):
            if padding.shape[d] != n:
                raise AssertionError(f"Expected key_padded_mask.shape[{d}] to be {n}, but got {padding.shape[d]}")


def _check_dims(
    query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None, attn_mask: Tensor | None, heads: int
) -> None:
    n = query.ndim
    if n not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {n}-D query tensor")
    kind = f"For {'batched' if n == 3 else 'unbatched'} ({n}-D) `query`, expected "
    if key.ndim != n or value.ndim != n:
        raise AssertionError(
            f"{kind}`key` and `value` to be {n}-D but found {key.ndim}-D and {value.ndim}-D tensors respectively"
        )
    if padding is not None and padding.ndim != n - 1:
        raise AssertionError(
            f"{kind}`key_padding_mask` to be `None` or {n - 1}-D but found {padding.ndim}-D tensor instead"
        )
    if attn_mask is not None and attn_mask.ndim not in (2, 3):
        raise AssertionError(f"{kind}`attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.ndim}-D tensor instead")
    if n == 2 and attn_mask is not None and attn_mask.ndim == 3:
        wanted = heads, query.shape[0], key.shape[0]
        if attn_mask.shape != wanted:
            raise AssertionError(f"Expected `attn_mask` shape to be {wanted} but got {attn_mask.shape}")


def _check_sizes(query: Tensor, key: Tensor, value: Tensor, embed_dim: int, heads: int, weights: Any) -> None:
    if query.shape[2] != embed_dim:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim}, but got {query.shape[2]}")
    if embed_dim % heads:
        raise AssertionError(f"embed_dim {embed_dim} not divisible by num_heads {heads}")
    if isinstance(weights, tuple):
        if key.shape[:2] != value.shape[:2]:
            raise AssertionError(
                f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}"
            )
        missing = next((n for n, w in zip("qkv", weights) if w is None), None)
        if missing:
            raise AssertionError(f"use_separate_proj_weight is True but {missing}_proj_weight is None")
    elif weights is None:
        raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
    elif key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")
