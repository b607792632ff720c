"""All parameters as one vector, and back.

>>> from autograd import nn
>>> net = nn.Linear(3, 2)
>>> parameters_to_vector(net.parameters()).shape
autograd.Size([8])
"""

from __future__ import annotations

from collections.abc import Iterable

from ...modes import no_grad
from ...ops.join import cat
from ...tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters one after another; gradients of the vector reach the parameters."""
    return cat([p.reshape(-1) for p in parameters])


@no_grad()
def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Write the elements of a vector into the parameters, one after another.

    Raises RuntimeError where it has fewer or more than the parameters together; these then are as they were.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected autograd.Tensor, but got: {type(vec).__name__}")
    parameters = list(parameters)
    sizes = [p.numel() for p in parameters]
    if vec.ndim != 1 or vec.numel() != sum(sizes):
        raise RuntimeError(
            f"shape '[{sum(sizes)}]' of all parameters is invalid for input of shape {list(vec.shape)}: one element is "
            "needed for each of theirs"
        )
    for p, part in zip(parameters, vec.split(sizes)):
        p.copy_(part.reshape(p.shape))
