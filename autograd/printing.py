"""How tensors print: as PyTorch's do.

>>> from autograd import tensor
>>> tensor([1.5, float("nan"), 1e-8])
tensor([1.5000e+00,        nan, 1.0000e-08])
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from . import dtypes

if TYPE_CHECKING:
    from .tensor import Tensor


class _Options:
    """What :func:`set_printoptions` sets."""

    def __init__(self, precision: int = 4, threshold: float = 1000, edgeitems: int = 3, linewidth: int = 80):
        self.precision, self.threshold, self.edgeitems, self.linewidth = precision, threshold, edgeitems, linewidth
        self.sci_mode: bool | None = None


options = _Options()
PROFILES = {
    "default": _Options(),
    "short": _Options(precision=2, edgeitems=2),
    "full": _Options(threshold=math.inf),
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How tensors print from now on.

    precision, linewidth
        Digits after the point (4); characters in a line (80).
    threshold, edgeitems
        Of a tensor of more elements than this (1000), only so many at each end of each dim are shown (3).
    profile
        "default", "short" or "full": all of these at once, which the others then change.
    sci_mode
        Numbers as 1.0e+00, or never so; None, which is also what leaving it away means: where that is shorter.
    """
    if profile is not None:
        vars(options).update(vars(PROFILES[profile.lower()]))
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    vars(options).update({name: value for name, value in given.items() if value is not None})
    options.sci_mode = sci_mode


class _Formatter:
    """Decides, from all values shown, between integers, fixed point and scientific, and the width."""

    def __init__(self, values: np.ndarray):
        self.kind = "plain"
        if values.dtype.kind == "f":
            values = values[np.isfinite(values) & (values != 0)]  # as in PyTorch, zeros and NaN ask for no width
            self.kind = self._best(values.astype(np.float64)) if values.size else "integer"
        self.width = max((len(self._text(v)) for v in values.reshape(-1).tolist()), default=1)

    @staticmethod
    def _best(values: np.ndarray) -> str:
        """How to show floats, of which none is 0."""
        size, whole = np.abs(values), bool((values == np.ceil(values)).all())
        small, large = float(size.min()), float(size.max())
        scientific = large / small > 1000 or large > 1e8 or (small < 1e-4 and not whole)
        if scientific if options.sci_mode is None else options.sci_mode:
            return "scientific"
        return "integer" if whole else "fixed"

    def _text(self, v) -> str:
        if not isinstance(v, float):
            return str(v)
        if not math.isfinite(v):
            return str(v)
        if self.kind == "scientific":
            return f"{v:.{options.precision}e}"
        return f"{v:.0f}." if self.kind == "integer" else f"{v:.{options.precision}f}"

    def __call__(self, v) -> str:
        return self._text(v).rjust(self.width)


def _shown(a: np.ndarray) -> np.ndarray:
    """The values that print: all, or the edges of each dim."""
    if a.size <= options.threshold:
        return a
    for d, n in enumerate(a.shape):
        if n > 2 * options.edgeitems:
            a = np.concatenate(
                [a.take(range(options.edgeitems), d), a.take(range(n - options.edgeitems, n), d)], axis=d
            )
    return a


def _rows(a: np.ndarray, indent: int, text: _Formatter, cut: bool) -> str:
    edge = options.edgeitems
    edges = cut and a.ndim and len(a) > 2 * edge
    if a.ndim == 0:
        return text(a.item())
    if a.ndim == 1:
        per_line = max(1, (options.linewidth - indent) // (text.width + 2))
        items = [text(v) for v in (np.concatenate([a[:edge], a[-edge:]]) if edges else a).tolist()]
        if edges:
            items.insert(edge, " ...")
        lines = [items[i : i + per_line] for i in range(0, len(items), per_line)] or [[]]
        return "[" + (",\n" + " " * (indent + 1)).join(", ".join(line) for line in lines) + "]"
    parts = [_rows(v, indent + 1, text, cut) for v in (a if not edges else [*a[:edge], *a[-edge:]])]
    if edges:
        parts.insert(edge, "...")
    return "[" + ("," + "\n" * (a.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def tensor_repr(t: Tensor) -> str:
    """repr() of a tensor."""
    a = t._array.numpy()
    prefix = "Parameter containing:\ntensor(" if type(t).__name__ == "Parameter" else "tensor("
    after = []
    if a.size == 0:
        body = "[]"
        if a.ndim != 1:
            after.append(f"size={tuple(a.shape)}")
    else:
        body = _rows(a, len("tensor("), _Formatter(_shown(a)), a.size > options.threshold)
    d = t.dtype
    usual = d is dtypes.get_default_dtype() or (a.size and d in (dtypes.int64, dtypes.bool_))
    if not usual:
        after.append(f"dtype={d}")
    if t.grad_fn is not None:
        after.append(f"grad_fn=<{t.grad_fn.op.backward_name}>")
    elif t.requires_grad:
        after.append("requires_grad=True")
    text = prefix + body
    for part in after:  # what does not fit on the last line goes on one of its own
        fits = len(text) - (text.rfind("\n") + 1) + len(part) + 3 <= options.linewidth
        text += (", " if fits else ",\n" + " " * len("tensor(")) + part
    return text + ")"
