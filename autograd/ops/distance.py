"""How far, and in which direction: distances, angles, and vectors brought to length 1.

>>> from autograd import tensor
>>> length(tensor([3.0, 4.0]), 2, 0)
tensor(5.)
"""

from __future__ import annotations

import math

from ..op import require_tensor
from ..tensor import Tensor
from .arithmetic import abs
from .choice import clamp, where
from .comparison import ne
from .exponential import pow, sqrt
from .inplace import copy_
from .reduce import sum


def length(x: Tensor, p: float, dim: int, keepdim: bool = False) -> Tensor:
    """The p-norm along a dim: (sum of |x| ** p) ** (1 / p), the largest |x| for infinity, the number of elements but
    zeros for 0. Its gradient at 0 is 0."""
    if p == math.inf:
        return abs(x).amax(dim, keepdim)
    if p == -math.inf:
        return abs(x).amin(dim, keepdim)
    if p == 0:
        return ne(x, 0).to(x.dtype).sum(dim, keepdim)
    if p == 1:
        return abs(x).sum(dim, keepdim)
    total = sum(x * x if p == 2 else pow(abs(x), p), dim, keepdim)
    zero = total == 0.0
    root = where(zero, 1.0, total)
    return where(zero, 0.0, sqrt(root) if p == 2 else pow(root, 1 / p))


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of x1 - x2 + eps along the last dim; x1 and x2 broadcast.

    >>> pairwise_distance(tensor([[1.0, 2.0]]), tensor([[1.0, 5.0], [3.0, 2.0]]))
    tensor([3.0000, 2.0000])
    """
    require_tensor("pairwise_distance", x1, "x1")
    require_tensor("pairwise_distance", x2, "x2")
    return length(x1 - x2 + eps, p, -1, keepdim)


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
    a, b = (x / _at_least(length(x, 2, dim, keepdim=True), eps) for x in (x1, x2))
    return (a * b).sum(dim)


def _at_least(lengths: Tensor, eps: float) -> Tensor:
    """The lengths, raised to eps in value alone: the slope stays theirs."""
    return lengths + (clamp(lengths, min=eps) - lengths).detach()


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None) -> Tensor:
    """input over its p-norm along a dim, or over eps where that is less.

    >>> normalize(tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    if not require_tensor("normalize", input).is_floating_point():
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{input.dtype.title}: normalize(input.float()) does it"
        )
    result = input / clamp(length(input, p, dim, keepdim=True), min=eps)
    return result if out is None else copy_(out, result)


__all__ = ["cosine_similarity", "pairwise_distance"]
METHODS: list[str] = []
