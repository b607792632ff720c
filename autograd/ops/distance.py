"""How far, and in which direction: distances, angles, and vectors brought to length 1.

>>> from autograd import tensor
>>> normalize(tensor([[3.0, 4.0]]))
tensor([[0.6000, 0.8000]])
"""

from __future__ import annotations

from ..op import broadcast_shapes, require_tensor
from ..out import with_out
from ..tensor import Tensor
from .choice import clamp
from .norms import vector_norm


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of x1 - x2 + eps along the last dim; x1 and x2 broadcast.

    >>> pairwise_distance(tensor([[1.0, 2.0]]), tensor([[1.0, 5.0], [3.0, 2.0]]))
    tensor([3.0000, 2.0000])
    """
    require_tensor("pairwise_distance", x1, "x1")
    require_tensor("pairwise_distance", x2, "x2")
    return vector_norm(x1 - x2 + eps, p, -1, keepdim)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between x1 and x2 along a dim: sum(x1 * x2) over the product of their lengths, each at
    least eps; x1 and x2 broadcast.

    >>> cosine_similarity(tensor([[1.0, 0.0]]), tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """
    require_tensor("cosine_similarity", x1, "x1")
    require_tensor("cosine_similarity", x2, "x2")
    if not (x1.is_floating_point() or x2.is_floating_point()):
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {x1.dtype}: convert one with .float()"
        )
    shape = broadcast_shapes(x1.shape, x2.shape)
    x1, x2 = (x if x.shape == shape else x.expand(shape) for x in (x1, x2))
    a, b = (x / _at_least(vector_norm(x, 2, dim, keepdim=True), eps) for x in (x1, x2))
    return (a * b).sum(dim)


def _at_least(lengths: Tensor, eps: float) -> Tensor:
    """The lengths, raised to eps in value alone: the slope stays theirs."""
    return lengths + (clamp(lengths, min=eps) - lengths).detach()


@with_out
def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """input over its p-norm along a dim, or over eps where that is less.

    >>> normalize(tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    if not require_tensor("normalize", input).is_floating_point():
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{input.dtype.title}: normalize(input.float()) does it"
        )
    return input / clamp(vector_norm(input, p, dim, keepdim=True), min=eps)


__all__ = ["cosine_similarity", "pairwise_distance"]
METHODS: list[str] = []
