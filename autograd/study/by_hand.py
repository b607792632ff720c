"""Gradients worked out by hand, held against the engine's without showing them.

>>> from autograd import study, tensor
>>> a, b = tensor([2.0, 3.0], requires_grad=True), tensor(-3.0, requires_grad=True)
>>> loss = (a * b).sum()
>>> print(check_by_hand(loss, {a: [-3.0, -3.0], b: [2.0, 3.0]}))
1 of 2 gradients right
<BLANKLINE>
a
  exact      within 4 units in the last place
<BLANKLINE>
b
  wrong      not summed: summed from (2,) to (), the tensor's shape, it would be right
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..tensor import Tensor
from .explanation_page import Report, Row
from .mistakes import Mistake, candidates, close
from .recording import LeafRecord, Record, record

ULPS = 4


@dataclass
class Checked:
    """A learner's gradient: its ``verdict`` is "exact" (within 4 units in the last place), "close" (to five digits) or
    "wrong"; ``mistakes`` are all usual ones that would give it."""

    name: str
    verdict: str
    mistakes: list[Mistake]
    off: int = 0  # elements that differ


@dataclass
class Checks(Report):
    """The gradients that were checked, in the order in which they were given."""

    title: str
    checks: list[Checked]

    @property
    def right(self) -> bool:
        """Whether all are exact or close."""
        return all(c.verdict != "wrong" for c in self.checks)

    def __getitem__(self, name: str) -> Checked:
        return next(c for c in self.checks if c.name == name)

    def _sections(self) -> Iterator[tuple[str, list[Row]]]:
        for c in self.checks:
            yield c.name, list(_rows(c))


def _rows(c: Checked) -> Iterator[Row]:
    if c.verdict == "exact":
        yield "exact", f"within {ULPS} units in the last place"
    elif c.verdict == "close":
        yield "close", "to five digits; in what order were sums taken?"
    elif not c.mistakes:
        yield "wrong", f"{c.off} elements differ, and no usual mistake explains it"
    for n, mistake in enumerate(c.mistakes):
        yield ("wrong" if n == 0 else "or"), f"{mistake.kind}: {mistake.text}"


def check_by_hand(
    loss: Tensor, gradients: Mapping[Any, Any], model: Any = None, *, gradient: Tensor | None = None
) -> Checks:
    """Hold gradients of ``loss`` against the engine's, which are not shown.

    gradients
        By tensor, or by the name of a parameter or a variable: arrays, of leaves or of inner tensors.

    Each comes back exact, close or wrong, with the kind of mistake: transposed, not summed over a broadcast axis, a
    factor, a forgotten accumulation, the sign, a missing local factor; where several would explain it, all are listed.
    See :func:`autograd.study.record` for the other arguments.
    """
    return graded(record(loss, model, gradient=gradient), gradients)


def graded(found: Record, gradients: Mapping[Any, Any]) -> Checks:
    """Hold gradients against those of a record."""
    checks = [_checked(found, key, np.asarray(_array(g))) for key, g in gradients.items()]
    right = sum(c.verdict != "wrong" for c in checks)
    return Checks(f"{right} of {len(checks)} gradients right", checks)


def _array(g: Any) -> Any:
    return g.detach().numpy() if isinstance(g, Tensor) else g


def _checked(found: Record, key: Any, given: np.ndarray) -> Checked:
    name, target, index = found.located(key)
    right = found.gradient(target, index)
    if right is None:
        right = np.zeros(target.shape if isinstance(target, LeafRecord) else target.shapes[index] or ())
    given = given.astype(right.dtype)
    if given.shape == right.shape:
        if _within(given, right):
            return Checked(name, "exact", [])
        if close(given, right):
            return Checked(name, "close", [])
    off = int((given != right).sum()) if given.shape == right.shape else right.size
    return Checked(name, "wrong", candidates(found, target, index, given), off)


def _within(given: np.ndarray, right: np.ndarray) -> bool:
    """Whether all elements agree to a few units in the last place."""
    same = (given == right) | (np.isnan(given) & np.isnan(right))
    with np.errstate(all="ignore"):
        step = np.spacing(np.maximum(np.abs(given), np.abs(right)))
        return bool((same | (np.abs(given - right) <= ULPS * step)).all())
