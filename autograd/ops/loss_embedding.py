"""Losses of embeddings: what is alike is to lie near, what differs is to keep a margin.

>>> from autograd import tensor
>>> margin_ranking_loss(tensor([1.0]), tensor([3.0]), tensor([1.0]))
tensor(2.)
"""

from __future__ import annotations

from collections.abc import Callable

from ..op import require_tensor, require_tensors
from ..tensor import Tensor
from .choice import clamp, minimum, where
from .distance import pairwise_distance
from .exponential import sqrt
from .loss import reduced, reduction_kind


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """For distances: input where the target is 1, max(0, margin - input) where it is -1.

    >>> hinge_embedding_loss(tensor([0.5, 0.3]), tensor([1.0, -1.0]), reduction="none")
    tensor([0.5000, 0.7000])
    """
    kind = reduction_kind(reduction, size_average, reduce)
    require_tensor("hinge_embedding_loss", input)
    near, far = where(target != -1, input, 0.0), where(target != 1, clamp(margin - input, min=0), 0.0)
    return reduced(near + far, kind)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin - target * (input1 - input2)): input1 is to be the larger where the target is 1, else the smaller.

    >>> margin_ranking_loss(tensor([1.0]), tensor([3.0]), tensor([-1.0]))
    tensor(0.)
    """
    kind = reduction_kind(reduction, size_average, reduce)
    for name, t in (("input1", input1), ("input2", input2), ("target", target)):
        require_tensor("margin_ranking_loss", t, name)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            f"margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    return reduced(clamp(margin - target * (input1 - input2), min=0), kind)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """With c the cosine between the rows of (N, D) or (D,): 1 - c where the target is 1, max(0, c - margin) where it is
    -1.

    >>> cosine_embedding_loss(tensor([[1.0, 0.0]]), tensor([[0.0, 1.0]]), tensor([1.0]))
    tensor(1.)
    """
    kind = reduction_kind(reduction, size_average, reduce)
    for name, t in (("input1", input1), ("input2", input2), ("target", target)):
        require_tensor("cosine_embedding_loss", t, name)
    if target.ndim > 1:
        raise RuntimeError(f"0D or 1D target tensor expected, multi-target not supported (got {list(target.shape)})")
    if not input1.ndim == input2.ndim == target.ndim + 1:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    a, b = (input1 * input1).sum(-1) + _EPSILON, (input2 * input2).sum(-1) + _EPSILON
    cosine = (input1 * input2).sum(-1) / sqrt(a * b)
    losses = where(target == 1, 1.0 - cosine, where(target == -1, clamp(cosine - margin, min=0), 0.0))
    return reduced(losses, kind)


_EPSILON = 1e-12  # PyTorch's, on the squared lengths


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) with d the p-norm of the difference; ``swap`` takes
    the lesser of the negative's distances to anchor and positive (Balntas et al. 2016).

    >>> triplet_margin_loss(tensor([[0.0]]), tensor([[1.0]]), tensor([[3.0]]), margin=4.0)
    tensor(2.)
    """
    require_tensors("triplet_margin_loss", anchor=anchor, positive=positive, negative=negative)
    reduction = ("none", "mean", "sum")[reduction_kind(reduction, size_average, reduce)]
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            f"The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
        )

    def distance(a: Tensor, b: Tensor) -> Tensor:
        return pairwise_distance(a, b, p, eps)

    return triplet_margin_with_distance_loss(
        anchor, positive, negative, distance_function=distance, margin=margin, swap=swap, reduction=reduction
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """As triplet_margin_loss, with a distance of one's own.

    >>> triplet_margin_with_distance_loss(
    ...     tensor([0.0]), tensor([1.0]), tensor([3.0]), distance_function=lambda a, b: (a - b).abs(), margin=4.0
    ... )
    tensor(2.)
    """
    kind = reduction_kind(reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced(clamp(near - far + margin, min=0), kind)


__all__: list[str] = []
METHODS: list[str] = []
