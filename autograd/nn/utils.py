"""What torch.nn.utils holds: clipping gradients, by their norm or by value.

>>> from autograd import ones
>>> w = ones(2, requires_grad=True)
>>> (w * 3).sum().backward()
>>> clip_grad_norm_([w], max_norm=1.0)
tensor(4.2426)
>>> w.grad
tensor([0.7071, 0.7071])

The norm is that of all gradients together, as if they were one vector.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from functools import reduce
from types import GeneratorType

from .. import dtypes
from ..backend import K
from ..data import tensor
from ..modes import no_grad
from ..op import contiguous
from ..ops.inplace import check_writable
from ..ops.shape import stack
from ..storage import written
from ..tensor import Tensor

Tensors = Tensor | Iterable[Tensor]


@no_grad()
def get_total_norm(
    tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of the tensors' norms, a 0-d tensor; for the 2-norm, of all elements as one vector.

    norm_type
        The order: 2, ``inf`` for the largest absolute value, or another number.
    error_if_nonfinite
        RuntimeError where the norm is NaN or infinite.
    foreach
        Taken for PyTorch's sake.

    >>> from autograd import tensor
    >>> get_total_norm([tensor([3.0]), tensor([4.0])])
    tensor(5.)
    """
    given = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    order = float(norm_type)
    if not given:
        return tensor(0.0)
    if order == 2.0:
        dtype = reduce(dtypes.promote_types, [t.dtype for t in given])
        squares = [K.list_squares([contiguous(t._array) for t in same]) for same in _by_dtype(given)]
        total = tensor(math.sqrt(math.fsum(squares)) if all(map(math.isfinite, squares)) else sum(squares), dtype=dtype)
    else:
        total = _norm(stack([_norm(t, order) for t in given]), order)
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return total


@no_grad()
def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients of the parameters, in place, so that their total norm is at most ``max_norm``; returns the
    norm they had (Pascanu, Mikolov and Bengio 2013). The other arguments are those of :func:`get_total_norm`."""
    params = _listed(parameters)
    total = get_total_norm([p.grad for p in params if p.grad is not None], norm_type, error_if_nonfinite)
    clip_grads_with_norm_(params, max_norm, total)
    return total


@no_grad()
def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale the gradients of the parameters, in place, by max_norm / (total_norm + 1e-6), but by no more than 1."""
    factor = float(max_norm) / (float(total_norm) + 1e-6)
    if factor >= 1.0:
        return
    for same in _by_dtype(_writable(parameters, "clip_grad_norm_")):
        dense = [g._array for g in same if g._array.contiguous]
        if dense:
            K.list_scale(dense, factor)
        for a in (g._array for g in same if not g._array.contiguous):
            K.mul_scalar(a, a, factor)
        written(*[g._array.storage for g in same])


@no_grad()
def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Limit every element of the gradients of the parameters, in place, to -clip_value .. clip_value.

    >>> from autograd import tensor
    >>> w = tensor([1.0, 2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> clip_grad_value_(w, 3.0)
    >>> w.grad
    tensor([2., 3.])
    """
    limit = float(clip_value)
    arrays = [g._array for g in _writable(parameters, "clip_grad_value_")]
    for a in arrays:
        K.clamp(a, a, -limit, limit)
    written(*[a.storage for a in arrays])


def _listed(parameters: Tensors) -> list[Tensor]:
    if isinstance(parameters, Tensor):
        return [parameters]
    params = list(parameters)
    if not params and isinstance(parameters, GeneratorType):
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=4)
    return params


def _writable(parameters: Tensors, op: str) -> list[Tensor]:
    """The gradients of the parameters."""
    grads = [p.grad for p in _listed(parameters) if p.grad is not None]
    for g in grads:
        check_writable(g, op)
    return grads


def _by_dtype(tensors: list[Tensor]) -> list[list[Tensor]]:
    groups: dict[dtypes.dtype, list[Tensor]] = {}
    for t in tensors:
        groups.setdefault(t._array.dtype, []).append(t)
    return list(groups.values())


def _norm(x: Tensor, order: float) -> Tensor:
    """The norm of one tensor as a vector; of order 0 the number of elements that are not 0."""
    a = x.abs()
    if math.isinf(order):
        return a.amax() if order > 0 else a.amin()
    if order == 0.0:
        return (a != 0).sum().to(x.dtype)
    return a.pow(order).sum().pow(1.0 / order)


__all__ = ["clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]
