"""Gradients that are zero but for rounding: terms that cancel leave a rest of the size of their roundings.

A bias before a batch norm has such a gradient: the norm takes away what the bias adds.

>>> from autograd import study, tensor
>>> b = tensor(0.5, requires_grad=True)
>>> found = study.record(((tensor([0.1, 0.2, 0.3, 0.4]) + b) * tensor([0.6, 0.8, 0.5, -1.9])).sum())
>>> is_zero(found, found.leaves[0], 0)
True
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..ops.convolution import Convolution
from ..ops.linalg import Linear, LinearActivation
from ..ops.norm import BatchNorm, Norm
from .recording import LeafRecord, Record, Step, unbroadcast

ROUNDINGS = 8  # of the sum of the sizes of all terms


def noise(found: Record, target: Step | LeafRecord, index: int) -> Any:
    """What rounding may leave of a gradient whose terms cancel, an array in its shape."""
    right = np.asarray(found.gradient(target, index))
    sizes = np.zeros(right.shape)
    for user, i in target.used_by:
        if user.inputs[i].index == index and user.left is not None and user.left[i] is not None:
            sizes += _sizes(user, i, right.shape)
    return ROUNDINGS * float(np.finfo(right.dtype).eps) * sizes


def is_zero(found: Record, target: Step | LeafRecord, index: int) -> bool:
    """Whether a gradient is no more than what rounding leaves of one that is zero."""
    right = found.gradient(target, index)
    if right is None or right.dtype.kind != "f" or not right.any():
        return False
    return bool((np.abs(right) <= noise(found, target, index)).all())


def _sizes(user: Step, i: int, shape: tuple) -> np.ndarray:
    """The sum of the sizes of the terms that a use of a tensor adds to its gradient."""
    left = user.left[i] if user.left is not None else None
    assert left is not None
    g = user.arrived[0] if user.arrived is not None and len(user.arrived) == 1 else None
    if g is None or issubclass(user.op, LinearActivation):
        return unbroadcast(np.abs(left), shape)
    sizes = np.abs(g)
    if issubclass(user.op, Linear):
        known = {s.name: np.abs(s.values) for s in user.saved}
        return linear_gradients(sizes, known.get("x"), known.get("weight"))[i]
    if user.inputs[i].name == "bias" and issubclass(user.op, Convolution):
        return sizes.reshape(-1, shape[0], prod(user.params["geometry"].out_size)).sum((0, 2))
    if user.inputs[i].name == "bias" and issubclass(user.op, BatchNorm):
        return sizes.reshape(user.params["rows"]).sum((0, 2))
    if user.inputs[i].name == "bias" and issubclass(user.op, Norm):
        return unbroadcast(sizes, shape)
    return unbroadcast(np.abs(left), shape)


def linear_gradients(g: np.ndarray, x: np.ndarray | None, w: np.ndarray | None) -> tuple[np.ndarray, ...]:
    """The gradients of x, weight and bias of a linear layer; 0 where what they need is not there."""
    zero = np.zeros(())
    rows = g.reshape(-1, g.shape[-1])
    dx = zero if w is None else g @ w
    dw = zero if x is None else rows.T @ x.reshape(-1, x.shape[-1])
    return dx, dw, rows.sum(0)
