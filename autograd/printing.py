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

PRECISION, THRESHOLD, EDGE, WIDTH = 4, 1000, 3, 80


class _Formatter:
    """Decides, from all values shown, between integers, fixed point and scientific, and the width."""

    def __init__(self, values: np.ndarray):
        self.width = 1
        self.kind = "plain"
        if values.dtype.kind == "f":
            finite = values[np.isfinite(values) & (values != 0)].astype(np.float64)
            self.kind = "fixed"
            if finite.size:
                size = np.abs(finite)
                small, large = float(size.min()), float(size.max())
                if (finite == np.ceil(finite)).all():
                    self.kind = "scientific" if large / small > 1000 or large > 1e8 else "integer"
                elif large / small > 1000 or large > 1e8 or small < 1e-4:
                    self.kind = "scientific"
            else:
                self.kind = "integer"
            values = values[np.isfinite(values) & (values != 0)]  # as in PyTorch, zeros and NaN ask for no width
        self.width = max((len(self._text(v)) for v in values.reshape(-1).tolist()), default=1)

    def _text(self, v) -> str:
        if not isinstance(v, float):
            return str(v)
        if not math.isfinite(v):
            return str(v)
        if self.kind == "scientific":
            return f"{v:.{PRECISION}e}"
        return f"{v:.0f}." if self.kind == "integer" else f"{v:.{PRECISION}f}"

    def __call__(self, v) -> str:
        return self._text(v).rjust(self.width)


def _shown(a: np.ndarray) -> np.ndarray:
    """The values that print: all, or the edges of each dim."""
    if a.size <= THRESHOLD:
        return a
    for d, n in enumerate(a.shape):
        if n > 2 * EDGE:
            a = np.concatenate([a.take(range(EDGE), d), a.take(range(n - EDGE, n), d)], axis=d)
    return a


def _rows(a: np.ndarray, indent: int, text: _Formatter, cut: bool) -> str:
    edges = cut and a.ndim and len(a) > 2 * EDGE
    if a.ndim == 0:
        return text(a.item())
    if a.ndim == 1:
        per_line = max(1, (WIDTH - indent) // (text.width + 2))
        items = [text(v) for v in (np.concatenate([a[:EDGE], a[-EDGE:]]) if edges else a).tolist()]
        if edges:
            items.insert(EDGE, " ...")
        lines = [items[i : i + per_line] for i in range(0, len(items), per_line)] or [[]]
        return "[" + (",\n" + " " * (indent + 1)).join(", ".join(line) for line in lines) + "]"
    parts = [_rows(v, indent + 1, text, cut) for v in (a if not edges else [*a[:EDGE], *a[-EDGE:]])]
    if edges:
        parts.insert(EDGE, "...")
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
        body = _rows(a, len("tensor("), _Formatter(_shown(a)), a.size > THRESHOLD)
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
        fits = len(text) - (text.rfind("\n") + 1) + len(part) + 3 <= WIDTH
        text += (", " if fits else ",\n" + " " * len("tensor(")) + part
    return text + ")"
