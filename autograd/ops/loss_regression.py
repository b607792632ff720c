"""Losses of numbers: absolute errors and their smooth relatives, and the likelihoods of counts and of normal variables.

>>> from autograd import tensor
>>> l1_loss(tensor([1.0, 2.0]), tensor([0.0, 0.0]))
tensor(1.5000)
"""

from __future__ import annotations

import math

from ..op import require_tensor
from ..tensor import Tensor
from .arithmetic import abs
from .choice import clamp, where
from .create import full_like
from .exponential import exp, log
from .loss import reduced, reduction_kind, same_shapes, times, weighted


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The absolute error |input - target|; with a ``weight`` for every element the mean is over the weights.

    >>> l1_loss(tensor([1.0, 2.0]), tensor([0.0, 0.0]), reduction="sum")
    tensor(3.)
    """
    kind = reduction_kind(reduction, size_average, reduce)
    input, target = same_shapes(input, target, "l1_loss")
    losses = abs(input - target)
    return reduced(losses, kind) if weight is None else weighted(losses, weight, kind)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """With d = |input - target|: d * d / (2 * beta) where d < beta, else d - beta / 2 (Girshick 2015).

    >>> smooth_l1_loss(tensor([0.5, 2.0]), tensor([0.0, 0.0]), reduction="none")
    tensor([0.1250, 1.5000])
    """
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta: got {beta}")
    if beta == 0:
        return l1_loss(input, target, size_average, reduce, reduction)
    kind = reduction_kind(reduction, size_average, reduce)
    input, target = same_shapes(input, target, "smooth_l1_loss")
    return reduced(_quadratic_then_linear(input - target, beta) / beta, kind)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """With d = |input - target|: d * d / 2 where d < delta, else delta * (d - delta / 2) (Huber 1964).

    >>> huber_loss(tensor([0.5, 3.0]), tensor([0.0, 0.0]), reduction="none", delta=2.0)
    tensor([0.1250, 4.0000])
    """
    kind = reduction_kind(reduction)
    if delta <= 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta: got {delta}")
    input, target = same_shapes(input, target, "huber_loss")
    losses = _quadratic_then_linear(input - target, delta)
    return reduced(losses if weight is None else times(losses, weight), kind)


def _quadratic_then_linear(difference: Tensor, turn: float) -> Tensor:
    """d * d / 2 for d = |difference| up to ``turn``, then straight on. The part beyond is d - near, so that an infinite
    difference has a finite slope."""
    d = abs(difference)
    near = clamp(d, max=turn)
    return near * near * 0.5 + (d - near) * turn


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood of the counts ``target`` under Poisson distributions: exp(input) - target * input, or
    without ``log_input`` input - target * log(input + eps). ``full`` adds Stirling's approximation of log(target!).

    >>> poisson_nll_loss(tensor([0.0]), tensor([2.0]))
    tensor(1.)
    """
    kind = reduction_kind(reduction, size_average, reduce)
    require_tensor("poisson_nll_loss", input)
    require_tensor("poisson_nll_loss", target, "target")
    losses = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        counts = where(target > 1, target, 1.0)
        stirling = counts * log(counts) - counts + log(counts * (2 * math.pi)) * 0.5
        losses = losses + where(target > 1, stirling, 0.0)
    return reduced(losses, kind)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood of ``target`` under normal distributions of mean ``input`` and variance ``var``, at
    least eps: (log(var) + (input - target) ** 2 / var) / 2, with ``full`` also log(2 * pi) / 2. ``var`` is in the shape
    of the input, or without its last dim, or with one dim of size 1 (Nix and Weigend 1994).

    >>> gaussian_nll_loss(tensor([1.0]), tensor([3.0]), tensor([4.0]))
    tensor(1.1931)
    """
    kind = reduction_kind(reduction)
    require_tensor("gaussian_nll_loss", input)
    v = _variance(input, var if isinstance(var, Tensor) else full_like(input, var))
    v = v + (clamp(v, min=eps) - v).detach()  # the slope of v itself, also where it is raised to eps
    losses = (log(v) + (input - target) ** 2 / v) * 0.5
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduced(losses, kind)


def _variance(input: Tensor, var: Tensor) -> Tensor:
    """The variance of every element, in a shape that broadcasts to the input's."""
    if (var < 0).any():
        raise ValueError("var has negative entry/entries")
    if var.shape == input.shape:
        return var
    if input.shape[:-1] == var.shape:
        return var.unsqueeze(-1)
    if var.ndim == input.ndim and sum([m for n, m in zip(input.shape, var.shape) if n != m]) == 1:
        return var
    raise ValueError(
        f"var is of incorrect size: {list(var.shape)}; it must be in the input's shape {list(input.shape)}, "
        "without its last dim, or with one dim of size 1"
    )


__all__: list[str] = []
METHODS: list[str] = []
