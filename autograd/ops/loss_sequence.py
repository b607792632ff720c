"""The loss of sequences whose alignment is not known: connectionist temporal classification.

>>> from autograd import tensor
>>> ctc_loss(tensor([[-0.5, -0.9]]), tensor([1]), tensor(1), tensor(1))
tensor(0.9000)
"""

from __future__ import annotations

import math

import numpy as np

from .. import dtypes
from ..data import tensor
from ..op import require_tensor
from ..tensor import Tensor
from .activation import floating
from .choice import where
from .create import full
from .index import gather
from .join import cat, stack
from .loss import reduction_kind

_NEVER = -1e30  # the logarithm of 0, but with a slope


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor,
    target_lengths: Tensor,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the probability of ``targets``, summed over all ways to spread them out over time: each label stands for
    one or more steps, with steps of ``blank`` in between, which two equal labels need (Graves et al. 2006).

    log_probs
        (T, N, C) or (T, C), the logarithms of probabilities, as from log_softmax.
    targets
        The labels (N, S), of which the first of each row count, or all one after another; not the blank.
    input_lengths, target_lengths
        How many steps and labels count, (N,) or ().
    reduction
        "mean" divides each loss by the number of its labels first.
    zero_infinity
        Whether targets that do not fit into the steps count as 0, not as infinity.

    >>> ctc_loss(tensor([[-0.5, -0.9], [-0.5, -0.9]]), tensor([1]), tensor(2), tensor(1), reduction="sum")
    tensor(0.4178)
    """
    kind = reduction_kind(reduction)
    x = floating(log_probs, "ctc_loss")
    if x.ndim not in (2, 3):
        raise RuntimeError(f"ctc_loss expects log_probs of (T, N, C) or (T, C), got {list(x.shape)}")
    batched = x.ndim == 3
    x = x if batched else x.unsqueeze(1)
    steps, labels = (np.atleast_1d(_lengths(v)) for v in (input_lengths, target_lengths))
    _check_lengths(x, steps, labels, blank)
    path, new = _path(_rows(targets, labels), blank)
    losses = -_forward(x, steps, labels, path, new)
    losses = where(losses > -_NEVER / 2, 0.0 if zero_infinity else math.inf, losses)
    if kind == 1:
        return (losses / tensor(np.maximum(labels, 1), dtype=x.dtype)).mean()
    return losses.sum() if kind == 2 else losses if batched else losses.squeeze(0)


def _lengths(value) -> np.ndarray:
    return value.numpy() if isinstance(value, Tensor) else np.asarray(value)


def _check_lengths(x: Tensor, steps: np.ndarray, labels: np.ndarray, blank: int) -> None:
    most, samples, classes = x.shape
    if not 0 <= blank < classes:
        raise RuntimeError(f"blank must be in label range: got {blank} of {classes} classes")
    for name, lengths in (("input_lengths", steps), ("target_lengths", labels)):
        if len(lengths) != samples:
            raise RuntimeError(f"{name} must be of size batch_size: expected {samples}, got {len(lengths)}")
    if (steps > most).any():
        raise RuntimeError(f"Expected input_lengths to have value at most {most}, but got value {steps.max()}")


def _rows(targets: Tensor, lengths: np.ndarray) -> np.ndarray:
    """The labels of each sample in a row."""
    values = require_tensor("ctc_loss", targets, "targets").numpy()
    if values.ndim == 2:
        return values
    rows = np.zeros((len(lengths), max(int(lengths.max(initial=0)), 0)), np.int64)
    for row, part in zip(rows, np.split(values, np.cumsum(lengths)[:-1])):
        row[: len(part)] = part[: len(row)]
    return rows


def _path(rows: np.ndarray, blank: int) -> tuple[np.ndarray, np.ndarray]:
    """Blank, label, blank, ..., label, blank; and where one may come from the label before, over the blank."""
    samples, count = rows.shape
    path = np.full((samples, 2 * count + 1), blank, np.int64)
    path[:, 1::2] = rows
    new = np.zeros(path.shape, bool)
    new[:, 3::2] = rows[:, 1:] != rows[:, :-1]
    return path, new


def _forward(x: Tensor, steps: np.ndarray, labels: np.ndarray, path: np.ndarray, new: np.ndarray) -> Tensor:
    """log of the probability of each sample's targets; places on the path in dim 1, one step of time after another."""
    samples, places = path.shape
    at, may_skip = tensor(path), tensor(new)
    never = full((samples, 2), _NEVER, dtype=x.dtype)
    first = gather(x[0], 1, at) if len(x) else full(path.shape, _NEVER, dtype=x.dtype)
    ways = where(tensor(np.arange(places) < 2), first, _NEVER)
    for t in range(1, len(x)):
        one, two = cat([never[:, :1], ways], 1)[:, :places], cat([never, ways], 1)[:, :places]
        moved = stack([ways, one, where(may_skip, two, _NEVER)]).logsumexp(0) + gather(x[t], 1, at)
        ways = where(tensor(t < steps).unsqueeze(1), moved, ways)
    ends = np.stack([2 * labels, np.maximum(2 * labels - 1, 0)], 1)
    last = gather(ways, 1, tensor(ends, dtype=dtypes.int64))
    return where(tensor(np.stack([steps > 0, (labels > 0) & (steps > 0)], 1)), last, _NEVER).logsumexp(1)


__all__: list[str] = []
METHODS: list[str] = []
