"""Products of three: attention, and bilinear forms.

>>> from autograd import ones
>>> scaled_dot_product_attention(ones(1, 2), ones(3, 2), ones(3, 2))
tensor([[1., 1.]])
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from .. import dtypes
from ..op import require_tensor
from ..storage import from_numpy
from ..tensor import Tensor, wrap
from .choice import where
from .dropout import dropout
from .extremes import amax
from .linalg import matmul
from .softmax import softmax


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(query key^T * scale + mask) value: query (..., L, E), key (..., S, E), value (..., S, V), the result
    (..., L, V) (Vaswani et al. 2017).

    attn_mask
        Added to the products, or, where it is bool, whether they take part; broadcasts to (..., L, S). A query that is
        to see nothing gets 0.
    dropout_p
        The share of weights left out; give 0 when not training.
    is_causal
        Whether query i sees keys 0 to i alone.
    scale
        By default 1 / sqrt(E).
    enable_gqa
        Whether groups of query heads, dim -3, share the heads of key and value.

    >>> from autograd import eye
    >>> scaled_dot_product_attention(eye(2), eye(2), eye(2), is_causal=True)
    tensor([[1.0000, 0.0000],
            [0.3302, 0.6698]])

    Raises RuntimeError where shapes or dtypes do not fit, or where a mask is given beside is_causal.
    """
    _check_attention(query, key, value, attn_mask, is_causal)
    if enable_gqa:
        key, value = _shared_heads(query, key), _shared_heads(query, value)
    products = matmul(query * (1.0 / math.sqrt(query.shape[-1]) if scale is None else scale), key.transpose(-2, -1))
    if is_causal:  # the first key is always seen
        weights = softmax(where(causal_mask(*products.shape[-2:]), products, -math.inf), -1)
    elif attn_mask is None or not products.shape[-1]:
        weights = softmax(products, -1)
    else:
        products = masked(products, attn_mask)
        nothing = amax(products.detach(), -1, keepdim=True) == -math.inf
        weights = where(nothing, 0.0, softmax(where(nothing, 0.0, products), -1))
    if dropout_p > 0:
        weights = dropout(weights, dropout_p)
    return matmul(weights, value)


def masked(products: Tensor, mask: Tensor) -> Tensor:
    """Products of queries and keys: those that a bool mask leaves, -inf for the others, or plus a mask of floats."""
    return where(mask, products, -math.inf) if mask.dtype is dtypes.bool_ else products + mask


@lru_cache(16)
def causal_mask(queries: int, keys: int) -> Tensor:
    """Whether query i sees key j: where j <= i."""
    seen = np.tri(queries, keys, dtype=bool)
    seen.flags.writeable = False
    return wrap(from_numpy(seen))  # NumPy's memory: one tensor for everybody, also within vmap


def _check_attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None, is_causal: bool) -> None:
    op = "scaled_dot_product_attention"
    for name, t in (("query", query), ("key", key), ("value", value)):
        require_tensor(op, t, name)
    if not query.dtype is key.dtype is value.dtype:
        raise RuntimeError(
            f"Expected query, key, and value to have the same dtype, but got query.dtype: {query.dtype.name} "
            f"key.dtype: {key.dtype.name} and value.dtype: {value.dtype.name} instead."
        )
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise RuntimeError(
            f"Expected query, key, and value to all be at least 2 dimensional, but got query.dim: {query.ndim} "
            f"key.dim: {key.ndim} and value.dim: {value.ndim} instead."
        )
    if not query.dtype.is_floating_point:
        raise RuntimeError(f"expected scalar type Float but found {query.dtype.title}: convert the tensors first")
    if attn_mask is None:
        return
    if is_causal:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if attn_mask.dtype is not dtypes.bool_ and attn_mask.dtype is not query.dtype:
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{attn_mask.dtype.name} and query.dtype: {query.dtype.name} instead."
        )


def _shared_heads(query: Tensor, x: Tensor) -> Tensor:
    """Each head of x, dim -3, as often as there are heads of the query to share it."""
    heads, own = query.shape[-3], x.shape[-3]
    if heads % own:
        raise RuntimeError(
            f"Number of heads in key and value must divide the number of heads in query: got {own} and {heads}"
        )
    lead, last = x.shape[:-3], x.shape[-2:]
    return x.unsqueeze(-3).expand(*lead, own, heads // own, *last).reshape(*lead, heads, *last)


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The sum over i and j of input1[i] * weight[o, i, j] * input2[j], plus bias[o]: (..., I), (..., J) to (..., O).

    >>> bilinear(tensor([1.0, 2.0]), tensor([3.0]), tensor([[[1.0], [10.0]]]))
    tensor([63.])
    """
    for name, t in (("input1", input1), ("input2", input2), ("weight", weight)):
        require_tensor("bilinear", t, name)
    if input1.shape[:-1] != input2.shape[:-1]:
        raise RuntimeError(
            f"bilinear(): input batch dimensions do not match: got {list(input1.shape)} and {list(input2.shape)}"
        )
    for i, t in ((1, input1), (2, input2)):
        if t.shape[-1] != weight.shape[i]:
            raise RuntimeError(
                f"bilinear(): input{i} size does not match weight size: got {t.shape[-1]} but expected "
                f"{weight.shape[i]}"
            )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {bias.shape[0]} but expected {weight.shape[0]}"
        )
    outputs, first, second = weight.shape
    rows = matmul(input1, weight.permute(1, 0, 2).reshape(first, outputs * second))
    rows = rows.reshape(*input1.shape[:-1], outputs, second)
    y = matmul(rows, input2.unsqueeze(-1)).squeeze(-1)
    return y if bias is None else y + bias


__all__ = ["bilinear"]
METHODS: list[str] = []
