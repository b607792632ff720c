"""Attention with several heads.

>>> from autograd import nn, ones
>>> y, weights = nn.MultiheadAttention(4, 2)(ones(3, 1, 4), ones(5, 1, 4), ones(5, 1, 4))
>>> y.shape, weights.shape
(autograd.Size([3, 1, 4]), autograd.Size([1, 3, 5]))
"""

from __future__ import annotations

from ...ops.create import empty
from ...ops.multihead import attend
from ...tensor import Tensor
from ...types import check_device
from .. import init
from ..parameter import Parameter
from .linear import NonDynamicallyQuantizableLinear
from .module import Module

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Each of ``num_heads`` heads attends by itself, on projections of query, key and value of length embed_dim /
    num_heads; what they found is projected once more (Vaswani et al. 2017).

    From query (L, B, embed_dim), key (S, B, kdim) and value (S, B, vdim), with ``batch_first`` (B, L, ...), or without
    the dim of the batch, to (L, B, embed_dim) and, with ``need_weights``, the weights (B, L, S), the mean over the
    heads, or those of each, (B, num_heads, L, S), without ``average_attn_weights``; else None.

    key_padding_mask
        (B, S), True where a key is not to be seen, or numbers added to the products.
    attn_mask
        (L, S) or (B * num_heads, L, S), in the same way.
    is_causal
        Says that attn_mask lets a query see the keys up to its own position alone, which is faster where no weights
        are needed.

    in_proj_weight (3 * embed_dim, embed_dim), or where kdim or vdim differ q_proj_weight, k_proj_weight and
    v_proj_weight, start as xavier_uniform_ has it, the biases at 0; out_proj is a Linear. ``add_bias_kv`` adds one key
    and one value that are learned, bias_k and bias_v, ``add_zero_attn`` ones of zeros.

    >>> MultiheadAttention(4, 2)
    MultiheadAttention(
      (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=True)
    )
    """

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True,
                 add_bias_kv: bool = False, add_zero_attn: bool = False, kdim: int | None = None,
                 vdim: int | None = None, batch_first: bool = False, device=None, dtype=None):  # fmt: skip
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} "
                "instead"
            )
        super().__init__()
        check_device(device)
        if embed_dim % num_heads:
            raise AssertionError(
                f"embed_dim must be divisible by num_heads, got embed_dim={embed_dim} and num_heads={num_heads}"
            )
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        one = self.kdim == self.vdim == embed_dim
        shapes: dict[str, tuple | None] = {
            "q_proj_weight": None if one else (embed_dim, embed_dim),
            "k_proj_weight": None if one else (embed_dim, self.kdim),
            "v_proj_weight": None if one else (embed_dim, self.vdim),
            "in_proj_weight": (3 * embed_dim, embed_dim) if one else None,
            "in_proj_bias": (3 * embed_dim,) if bias else None,
        }
        for name, shape in shapes.items():
            self.register_parameter(name, None if shape is None else Parameter(empty(shape, dtype=dtype)))
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, dtype=dtype)
        for name in ("bias_k", "bias_v"):
            self.register_parameter(name, Parameter(empty(1, 1, embed_dim, dtype=dtype)) if add_bias_kv else None)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            if (weight := getattr(self, name)) is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for more in (self.bias_k, self.bias_v):
            if more is not None:
                init.xavier_normal_(more)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None,
        need_weights: bool = True, attn_mask: Tensor | None = None, average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        weights = self.in_proj_weight
        if weights is None:
            weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        return attend(
            query, key, value, self.num_heads, weights, self.in_proj_bias, self.out_proj.weight, self.out_proj.bias,
            embed_dim=self.embed_dim, extra=(self.bias_k, self.bias_v), add_zero=self.add_zero_attn,
            dropout_p=self.dropout if self.training else 0.0, key_padding_mask=key_padding_mask,
            need_weights=need_weights, attn_mask=attn_mask, average=average_attn_weights, is_causal=is_causal,
            batch_first=self.batch_first and query.ndim == 3,
        )  # fmt: skip
