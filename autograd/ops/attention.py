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
from ..backend import K
from ..op import Op, broadcast_shapes, contiguous, record, require_tensor
from ..storage import Array, empty, from_numpy, packed
from ..tensor import Tensor, wrap
from .choice import where
from .dropout import dropout
from .extremes import amax
from .linalg import matmul
from .softmax import softmax

# --- one kernel -------------------------------------------------------------------------------------------------------


class Attention(Op):
    """y = p @ v, p = softmax(scale * q @ k^T), of the keys up to the query's own place where causal
    dL/dq = scale * ds @ k
    dL/dk = scale * ds^T @ q
    dL/dv = p^T @ g
    dL/ds = p * (h - sum(h * p)), h = g @ v^T"""

    inputs = ("q", "k", "v")
    params = ("scale", "causal")
    extras = ("stats",)
    backward_name = "ScaledDotProductFlashAttentionForCpuBackward0"

    @classmethod
    def apply(cls, query: Tensor, key: Tensor, value: Tensor, scale: float, causal: bool) -> Tensor:
        q, k, v = (_in_rows(t._array) for t in (query, key, value))
        y = _laid_out_as(q, (*q.shape[:-1], v.shape[-1]))
        stats = empty((*q.shape[:-1], 2), q.dtype)
        K.attention(y, stats, q, k, v, scale, causal)
        return record(cls, (query._edge, key._edge, value._edge), (q, k, v, y, stats), y, (scale, causal))

    @staticmethod
    def backward(node, g):
        q, k, v, stats = node.saved
        made = [None if edge is None else _laid_out_as(x, x.shape) for edge, x in zip(node.edges, (q, k, v))]
        K.attention_grad(*made, _in_rows(g), q, k, v, stats, *node.params)
        return made

    def dq(g, q, k, v, stats, scale, causal):
        return matmul(_slope(g, q, k, v, scale, causal), k) * scale

    def dk(g, q, k, v, stats, scale, causal):
        return matmul(_slope(g, q, k, v, scale, causal).transpose(-2, -1), q) * scale

    def dv(g, q, k, v, stats, scale, causal):
        return matmul(weights_of(q, k, scale, causal).transpose(-2, -1), g)


def _slope(g: Tensor, q: Tensor, k: Tensor, v: Tensor, scale: float, causal: bool) -> Tensor:
    """dL/ds, of the products before the softmax."""
    p, h = weights_of(q, k, scale, causal), matmul(g, v.transpose(-2, -1))
    return p * (h - (h * p).sum(-1, keepdim=True))


def _in_rows(x: Array) -> Array:
    """x itself where each row lies together, or a contiguous copy."""
    return x if x.shape[-1] < 2 or x.strides[-1] == 1 else contiguous(x)


def _laid_out_as(x: Array, shape: tuple) -> Array:
    """A new array with its dims in the order in which those of x lie in memory: heads that lie side by side there will
    be joined again."""
    in_memory, strides = _arranged(x.strides[:-1], shape)
    return empty(in_memory, x.dtype).view(shape, strides) if strides else empty(shape, x.dtype)


@lru_cache(4096)
def _arranged(steps: tuple, shape: tuple) -> tuple[tuple, tuple]:
    """The shape as it lies in memory, and its strides; () where nothing changes places."""
    order = sorted(range(len(steps)), key=lambda d: -steps[d])
    if order == list(range(len(steps))):
        return shape, ()
    in_memory = tuple([shape[d] for d in order]) + shape[-1:]
    strides = packed(in_memory, dtypes.float32).strides
    return in_memory, tuple([strides[order.index(d)] for d in range(len(order))]) + strides[-1:]


def _fits(query: Tensor, key: Tensor, value: Tensor) -> bool:
    """Whether there is a kernel for it: a composition says what else is wrong, and what becomes of no keys."""
    fit = query.shape[-1] == key.shape[-1] and 0 < key.shape[-2] == value.shape[-2]
    return fit and query.dtype is not dtypes.float16


def _same_heads(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Their leading dims broadcast."""
    shapes = query.shape[:-2], key.shape[:-2], value.shape[:-2]
    if shapes[0] == shapes[1] == shapes[2]:
        return query, key, value
    lead = broadcast_shapes(*shapes, op="the batch dims in matmul")
    q, k, v = (t.expand(*lead, *t.shape[-2:]) for t in (query, key, value))
    return q, k, v


# --- functions --------------------------------------------------------------------------------------------------------


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
        Whether query i sees keys 0 to i alone; NaN or infinity in the values of others may reach it all the same.
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
    if scale is None:
        scale = 1.0 / math.sqrt(query.shape[-1])
    if attn_mask is None and dropout_p <= 0 and _fits(query, key, value):
        q, k, v = _same_heads(query, key, value)
        return Attention.apply(q, k, v, float(scale), bool(is_causal))
    if attn_mask is None or not key.shape[-2]:
        weights = weights_of(query, key, scale, is_causal)
    else:
        products = masked(matmul(query * scale, key.transpose(-2, -1)), attn_mask)
        nothing = amax(products.detach(), -1, keepdim=True) == -math.inf
        weights = where(nothing, 0.0, softmax(where(nothing, 0.0, products), -1))
    if dropout_p > 0:
        weights = dropout(weights, dropout_p)
    return matmul(weights, value)


def weights_of(query: Tensor, key: Tensor, scale: float, causal: bool) -> Tensor:
    """softmax(query key^T * scale), query i seeing the keys up to i where causal."""
    products = matmul(query * scale, key.transpose(-2, -1))
    if causal:  # the first key is always seen
        products = where(causal_mask(*products.shape[-2:]), products, -math.inf)
    return softmax(products, -1)


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
