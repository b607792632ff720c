"""Clipping gradients, by their norm or by value.

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
from typing import Any

from ... import dtypes
from ...backend import K, effects
from ...data import tensor
from ...modes import no_grad
from ...op import contiguous
from ...ops.inplace import check_writable
from ...ops.join import stack
from ...storage import empty, written
from ...tensor import Tensor, wrap

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
    return _total_norm(given, _dense(given), norm_type, error_if_nonfinite)


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
    grads = _gradients(parameters, "clip_grad_norm_")
    dense = _dense(grads)
    total = _total_norm(grads, dense, norm_type, error_if_nonfinite)
    _scale(grads, dense, max_norm, total)
    return total


@no_grad()
def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale the gradients of the parameters, in place, by max_norm / (total_norm + 1e-6), but by no more than 1."""
    if not (isinstance(total_norm, Tensor) and total_norm._array.layout.floating and total_norm._array.size == 1):
        total_norm = tensor(float(total_norm), dtype=dtypes.float64)
    grads = _gradients(parameters, "clip_grads_with_norm_")
    _scale(grads, _dense(grads), max_norm, total_norm)


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
    arrays = [g._array for g in _gradients(parameters, "clip_grad_value_")]
    for a in arrays:
        K.clamp(a, a, -limit, limit)
    written(*[a.storage for a in arrays])


class _Arrays(list):
    """Contiguous arrays of one dtype; C keeps its table of them in ``entries``."""

    entries: Any = None


def _gradients(parameters: Tensors, op: str) -> list[Tensor]:
    """The gradients of the parameters, which op is to write."""
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    params = list(parameters)
    if not params and isinstance(parameters, GeneratorType):
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=4)
    grads = [g for p in params if (g := p.grad) is not None]
    for g in grads:
        check_writable(g, op)
    return grads


def _dense(tensors: list[Tensor]) -> dict[dtypes.dtype, _Arrays]:
    """The tensors' arrays by dtype, copies of those that are not contiguous."""
    groups: dict[dtypes.dtype, _Arrays] = {}
    for t in tensors:
        a = t._array
        groups.setdefault(a.layout.dtype, _Arrays()).append(contiguous(a))
    return groups


def _total_norm(
    tensors: list[Tensor], dense: dict[dtypes.dtype, _Arrays], norm_type: float, error_if_nonfinite: bool
) -> Tensor:
    if not tensors:
        return tensor(0.0)
    order = float(norm_type)
    total = _two_norm(dense) if order == 2.0 else _norm(stack([_norm(t, order) for t in tensors]), order)
    if error_if_nonfinite:
        for tell in effects:
            tell("a check of the norm (error_if_nonfinite=True)")
        if not math.isfinite(total.item()):
            raise RuntimeError(
                f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
                "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
                "`error_if_nonfinite=False`"
            )
    return total


def _two_norm(dense: dict[dtypes.dtype, _Arrays]) -> Tensor:
    squares = empty((len(dense),), dtypes.float64)
    for i, arrays in enumerate(dense.values()):
        K.list_squares(squares.view((1,), None, i), arrays)
    total = empty((), reduce(dtypes.promote_types, dense))
    K.root_sum(total, squares)
    return wrap(total)


def _scale(grads: list[Tensor], dense: dict[dtypes.dtype, _Arrays], max_norm: float, total: Tensor) -> None:
    """The gradients times what brings their norm down to max_norm; ``dense`` holds them or copies of them."""
    factor = empty((), dtypes.float64)
    K.clip_factor(factor, total._array, float(max_norm))
    for d, arrays in dense.items():
        K.list_scale(arrays, factor)
        same = [g._array for g in grads if g._array.layout.dtype is d]
        for a, scaled in zip(same, arrays):
            if a is not scaled:
                K.copy(a, scaled)
        written(*[a.storage for a in same])


def _norm(x: Tensor, order: float) -> Tensor:
    """The norm of one tensor as a vector; of order 0 the number of elements that are not 0."""
    a = x.abs()
    if math.isinf(order):
        return a.amax() if order > 0 else a.amin()
    if order == 0.0:
        return (a != 0).sum().to(x.dtype)
    return a.pow(order).sum().pow(1.0 / order)


__all__ = ["clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]
