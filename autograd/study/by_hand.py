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
from .mistakes import Mistake, candidates, near
from .recording import LeafRecord, Record, record
from .rounding import is_zero, noise

ULPS = 4
ROUNDED = 2, 3, 4  # digits of numbers that are taken for rounded
PLACES = 4  # of elements that differ


@dataclass
class Checked:
    """A learner's gradient: its ``verdict`` is "exact" (within 4 units in the last place), "close" (to five digits, or
    zero within rounding) or "wrong"; ``mistakes`` are all usual ones that would give it."""

    name: str
    verdict: str
    mistakes: list[Mistake]
    off: int = 0  # elements that are neither exact nor close
    size: int = 0  # all elements
    where: str = ""  # those that are off, where they are not all
    note: str = ""
    rounded: str = ""  # to what, such as "4 digits", where they are the right numbers but for that


@dataclass
class Checks(Report):
    """The gradients that were checked, in the order in which they were given."""

    title: str
    checks: list[Checked]

    @property
    def right(self) -> bool:
        """Whether all are exact or close, and there are any."""
        return bool(self.checks) and all(c.verdict != "wrong" for c in self.checks)

    def __getitem__(self, name: str) -> Checked:
        return next(c for c in self.checks if c.name == name)

    def _sections(self) -> Iterator[tuple[str, list[Row]]]:
        for c in self.checks:
            yield c.name, list(_rows(c))


def _rows(c: Checked) -> Iterator[Row]:
    if c.verdict == "exact":
        yield "exact", f"within {ULPS} units in the last place"
    elif c.verdict == "close":
        yield "close", c.note or "to five digits; in what order were sums taken?"
    else:
        for n, mistake in enumerate(c.mistakes):
            yield ("wrong" if n == 0 else "or"), f"{mistake.kind}: {mistake.text}"
        if c.where or not c.mistakes:
            differ = f"{c.off} of {c.size} elements differ" if c.size != 1 else "it is another number"
            at = f": {c.where}" if c.where else ""
            why = f"right but rounded to {c.rounded}: give more" if c.rounded else "no usual mistake explains it"
            yield ("wrong", f"{differ}{at}; {why}") if not c.mistakes else ("", differ + at)


def check_by_hand(
    loss: Tensor, gradients: Mapping[Any, Any], model: Any = None, *, gradient: Tensor | None = None
) -> Checks:
    """Hold gradients of ``loss`` against the engine's, which are not shown.

    gradients
        By tensor, or by the name of a parameter or a variable: arrays, of leaves or of inner tensors.

    Each comes back exact, close or wrong, with the kind of mistake: another shape, transposed, not summed over a
    broadcast axis, the gradient of another tensor, a factor, the sign, a forgotten accumulation, overwritten instead of
    added, one row instead of all, a missing local factor, statistics taken for constants, a target not subtracted;
    where several would explain it, all are listed. See :func:`autograd.study.record` for the other arguments.
    """
    if not isinstance(gradients, Mapping):
        raise TypeError(
            f"check_by_hand: gradients are wanted by tensor or by name, such as {{net[0].weight: my_gradient}}, not as "
            f"{type(gradients).__name__}"
        )
    return graded(record(loss, model, gradient=gradient), gradients)


def graded(found: Record, gradients: Mapping[Any, Any]) -> Checks:
    """Hold gradients against those of a record."""
    checks = [_checked(found, key, g) for key, g in gradients.items()]
    right = sum(c.verdict != "wrong" for c in checks)
    return Checks(f"{right} of {len(checks)} gradient{'s' * (len(checks) != 1)} right", checks)


def _checked(found: Record, key: Any, g: Any) -> Checked:
    name, target, index = found.located(key)
    right = found.gradient(target, index)
    if right is None:
        right = np.zeros(target.shape if isinstance(target, LeafRecord) else target.shapes[index] or ())
    if g is None:
        return Checked(
            name, "wrong", [Mistake("nothing", "its gradient is missing, an array is wanted")], right.size, right.size
        )
    given = _array(name, g, right)
    off = ~near(given, right) if given.shape == right.shape else np.ones(right.shape, bool)
    if given.shape == right.shape:
        if _within(given, right):
            return Checked(name, "exact", [], 0, right.size)
        if is_zero(found, target, index) and (np.abs(given) <= noise(found, target, index)).all():
            return Checked(name, "close", [], 0, right.size, note="zero within rounding, as the gradient is")
        if not off.any():
            return Checked(name, "close", [], 0, right.size)
    mistakes = candidates(found, target, index, given)
    where = "" if off.all() else _places(off)
    return Checked(name, "wrong", mistakes, int(off.sum()), right.size, where, rounded=_rounding(given, right))


def _rounding(given: np.ndarray, right: np.ndarray) -> str:
    """To how many digits, or places after the point, numbers are the right ones rounded; "" where they are not so."""
    if given.shape != right.shape or not right.any() or not (np.isfinite(right) & np.isfinite(given)).all():
        return ""
    exponents = np.floor(np.log10(np.abs(right, dtype=np.float64), where=right != 0, out=np.zeros(right.shape)))
    for n in ROUNDED:
        if _rounded(given, right, 10.0 ** (exponents - n + 1)):
            return f"{n} digits"
    for n in (*ROUNDED, 5, 6):
        places = n - 1 - int(exponents[right != 0].max())  # the largest has n digits
        if places > 0 and _rounded(given, right, np.full(right.shape, 10.0**-places)):
            return f"{places} decimal{'s' * (places > 1)}"
    return ""


def _rounded(given: np.ndarray, right: np.ndarray, units: np.ndarray) -> bool:
    """Whether numbers are whole multiples of a unit, and no further from the right ones than half of it."""
    multiples = given.astype(np.float64) / units
    whole = np.abs(multiples - np.rint(multiples)) < 1e-2
    return bool((whole & (np.abs(multiples - right / units) < 0.51)).all())


def _array(name: str, g: Any, right: np.ndarray) -> np.ndarray:
    """What was given as an array of the gradient's dtype."""
    try:
        return np.asarray(g.detach().numpy() if isinstance(g, Tensor) else g).astype(right.dtype)
    except (TypeError, ValueError):
        raise TypeError(
            f"the gradient of {name} is not an array of numbers, but {type(g).__name__}: {g!r:.60}"
        ) from None


def _places(off: np.ndarray) -> str:
    """Where elements differ: whole rows or columns, else the first few."""
    for d in range(off.ndim if off.ndim == 2 else 0):
        whole = off.all(axis=1 - d)
        if (off == np.expand_dims(whole, 1 - d)).all():
            found = np.flatnonzero(whole)
            more = ", ..." if found.size > PLACES else ""
            return f"{('row', 'column')[d]}{'s' * (found.size > 1)} {', '.join(map(str, found[:PLACES]))}{more}"
    places = [str([int(i) for i in at]) for at in np.argwhere(off)[:PLACES]]
    return ", ".join(places) + (f" and {off.sum() - PLACES} more" if off.sum() > PLACES else "")


def _within(given: np.ndarray, right: np.ndarray) -> bool:
    """Whether all elements agree to a few units in the last place."""
    same = (given == right) | (np.isnan(given) & np.isnan(right))
    with np.errstate(all="ignore"):
        step = np.spacing(np.maximum(np.abs(given), np.abs(right)))
        return bool((same | (np.abs(given - right) <= ULPS * step)).all())
