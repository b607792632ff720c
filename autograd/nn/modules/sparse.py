"""Tables of vectors, looked up by position.

>>> from autograd import nn, tensor
>>> nn.Embedding(10, 3)(tensor([1, 2])).shape
autograd.Size([2, 3])
"""

from __future__ import annotations

from typing import Any

from ...modes import no_grad
from ...ops.create import empty
from ...ops.embedding import refuse
from ...tensor import Tensor
from ...types import check_device
from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    """What the two share: the table, its initial values and the position that stands for nothing."""

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None, max_norm: float | None,
                 norm_type: float, scale_grad_by_freq: bool, sparse: bool, weight: Tensor | None, freeze: bool, device,
                 dtype):  # fmt: skip
        super().__init__()
        check_device(device)
        refuse(type(self).__name__, max_norm=max_norm, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise AssertionError("Padding_idx must be within num_embeddings")
        self.num_embeddings, self.embedding_dim, self.norm_type = num_embeddings, embedding_dim, norm_type
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        if weight is None:
            self.weight = Parameter(empty(num_embeddings, embedding_dim, dtype=dtype), not freeze)
            self.reset_parameters()
        elif tuple(weight.shape) != (num_embeddings, embedding_dim):
            raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
        else:
            self.weight = Parameter(weight, not freeze)

    @no_grad()
    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight[self.padding_idx] = 0.0

    @classmethod
    def _of(cls, embeddings: Tensor, freeze: bool, **options: Any) -> Any:
        if embeddings.ndim != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        return cls(*embeddings.shape, _weight=embeddings, _freeze=freeze, **options)  # type: ignore[call-arg]

    def _printed(self, **options: Any) -> str:
        """The sizes, and the options that are not as usual."""
        norm = {} if self.norm_type == 2 else {"norm_type": self.norm_type}
        given = {k: v for k, v in {**norm, **options}.items() if v is not None}
        return ", ".join([f"{self.num_embeddings}, {self.embedding_dim}", *(f"{k}={v!r}" for k, v in given.items())])


class Embedding(_Table):
    """A table of vectors: int positions (...) to (..., embedding_dim).

    weight (num_embeddings, embedding_dim) starts normal(0, 1), or as ``_weight``; the row padding_idx at 0, and it gets
    no gradient.
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None,
                 max_norm: float | None = None, norm_type: float = 2.0, scale_grad_by_freq: bool = False,
                 sparse: bool = False, _weight: Tensor | None = None, _freeze: bool = False, device=None,
                 dtype=None):  # fmt: skip
        super().__init__(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse,
                         _weight, _freeze, device, dtype)  # fmt: skip

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None,
                        max_norm: float | None = None, norm_type: float = 2.0, scale_grad_by_freq: bool = False,
                        sparse: bool = False) -> Embedding:  # fmt: skip
        """The rows of a given table, which are not learned if ``freeze``."""
        return cls._of(embeddings, freeze, padding_idx=padding_idx, max_norm=max_norm, norm_type=norm_type,
                       scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        return self._printed(padding_idx=self.padding_idx)


class EmbeddingBag(_Table):
    """The sum, mean or maximum (``mode``) of the vectors of each bag of positions; see
    :func:`autograd.nn.functional.embedding_bag`.

    >>> from autograd import ones, tensor
    >>> EmbeddingBag.from_pretrained(ones(3, 2), mode="sum")(tensor([0, 1, 2]), tensor([0, 2]))
    tensor([[2., 2.],
            [1., 1.]])
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, max_norm: float | None = None, norm_type: float = 2.0,
                 scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False,
                 _weight: Tensor | None = None, include_last_offset: bool = False, padding_idx: int | None = None,
                 device=None, dtype=None, *, _freeze: bool = False):  # fmt: skip
        super().__init__(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse,
                         _weight, _freeze, device, dtype)  # fmt: skip
        self.mode, self.include_last_offset = mode, include_last_offset

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True, max_norm: float | None = None,
                        norm_type: float = 2.0, scale_grad_by_freq: bool = False, mode: str = "mean",
                        sparse: bool = False, include_last_offset: bool = False,
                        padding_idx: int | None = None) -> EmbeddingBag:  # fmt: skip
        """The rows of a given table, which are not learned if ``freeze``."""
        return cls._of(embeddings, freeze, max_norm=max_norm, norm_type=norm_type, mode=mode, sparse=sparse,
                       scale_grad_by_freq=scale_grad_by_freq, include_last_offset=include_last_offset,
                       padding_idx=padding_idx)  # fmt: skip

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        return F.embedding_bag(
            input, self.weight, offsets, mode=self.mode, per_sample_weights=per_sample_weights,
            include_last_offset=self.include_last_offset, padding_idx=self.padding_idx,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return self._printed(mode=self.mode, padding_idx=self.padding_idx)
