"""Padding: more elements around a tensor, by a number or from its own.

>>> from autograd import tensor
>>> pad(tensor([1.0, 2.0]), (1, 2))
tensor([0., 1., 2., 0., 0.])
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..backend import K
from ..data import tensor
from ..op import Op, record, require_tensor
from ..storage import Array, empty
from ..tensor import Tensor


class ConstantPad(Op):
    """y = x with so many elements of value before and after each dim, fewer than its own where negative
    dL/dx = the part of g where x is, 0 for what was cut off"""

    params = ("widths", "value")
    backward_name = "ConstantPadNdBackward0"

    @classmethod
    def apply(cls, x: Tensor, widths: tuple[tuple[int, int], ...], value: float) -> Tensor:
        a = x._array
        y = empty(tuple([n + before + after for n, (before, after) in zip(a.shape, widths)]), a.dtype)
        K.fill(y, value)
        K.copy(_part(y, widths), _part(a, [(-before, -after) for before, after in widths]))
        return record(cls, (x._edge,), (a, y), y, (widths, value))

    def dx(g, widths):
        return ConstantPad.apply(g, tuple([(-before, -after) for before, after in widths]), 0.0)


def _part(a: Array, widths: Sequence[tuple[int, int]]) -> Array:
    """a without so many elements at both ends of each dim, where these numbers are positive."""
    cut = [(max(0, before), max(0, after)) for before, after in widths]
    shape = tuple([n - before - after for n, (before, after) in zip(a.shape, cut)])
    offset = sum([before * step for (before, _), step in zip(cut, a.strides)])
    return a.view(shape, a.strides, offset)


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """input with more elements at the ends of its last dims: ``pad`` is (before, after) of the last dim, then of the
    one before it, and so on; negative numbers take elements away.

    mode
        "constant" takes ``value``, by default 0. The others pad the last 1 to 3 dims, of inputs with one or two dims
        more: "reflect" mirrors the input at its last element, "replicate" repeats that, "circular" begins anew.

    >>> pad(tensor([[1.0, 2.0, 3.0]]), (2, 1), mode="reflect")
    tensor([[3., 2., 1., 2., 3., 2.]])

    Raises RuntimeError where the numbers do not fit the shape, NotImplementedError for other modes and dims.
    """
    require_tensor("pad", input)
    widths = _widths(input.shape, pad)
    if mode == "constant":
        _check_sizes(input.shape, widths, pad)
        return ConstantPad.apply(input, widths, 0.0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(
            f"Unrecognised padding mode {mode}: choose 'constant', 'reflect', 'replicate' or 'circular'"
        )
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    dims = len(pad) // 2
    if not (1 <= dims <= 3 and input.ndim - dims in (1, 2)):
        raise NotImplementedError(
            f"Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now: {mode} padding of the last "
            f"{dims} dims takes an input of {dims + 1} or {dims + 2} dims, got {list(input.shape)}"
        )
    for d, width in enumerate(widths):
        if width != (0, 0):
            input = input.index_select(d, tensor(_sources(input.shape[d], *width, mode, d)))
    return input


def _widths(shape: tuple, pad: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """(before, after) of every dim."""
    if len(pad) % 2:
        raise RuntimeError(f"Padding length must be divisible by 2, got {list(pad)}: a pair for each dim")
    if len(pad) > 2 * len(shape):
        raise RuntimeError(
            f"Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {len(shape)}"
        )
    pairs = [(int(pad[i]), int(pad[i + 1])) for i in range(0, len(pad), 2)]
    return ((0, 0),) * (len(shape) - len(pairs)) + tuple(reversed(pairs))


def _check_sizes(shape: tuple, widths: tuple, pad: Sequence[int]) -> None:
    for d, (n, (before, after)) in enumerate(zip(shape, widths)):
        if n + before + after < 0 or n + min(before, 0) + min(after, 0) < 0:
            raise RuntimeError(
                f"The input size {n}, plus negative padding {before} and {after}, resulted in a negative output size, "
                f"which is invalid. Check dimension {d} of your input."
            )


def _sources(n: int, before: int, after: int, mode: str, dim: int) -> np.ndarray:
    """Where each element of a padded dim comes from."""
    most = n - 1 if mode == "reflect" else n if mode == "circular" else None
    if most is not None and max(before, after) > most:
        raise RuntimeError(
            f"Padding size should be less than the corresponding input dimension, but got: padding ({before}, {after}) "
            f"at dimension {dim} of size {n} ({mode} padding)"
        )
    first, kept = max(0, -before), n + min(0, before) + min(0, after)
    if n == 0 or n + before + after <= 0 or (mode == "circular" and kept <= 0):
        raise RuntimeError(
            f"Expected a dimension of positive size: dimension {dim} of size {n} with padding ({before}, {after}) has "
            "no elements"
        )
    at = np.arange(-before, n + after)
    if mode == "replicate":
        return np.clip(at, 0, n - 1)
    if mode == "circular":  # what negative numbers take away does not come back
        return first + (at - first) % kept
    return n - 1 - np.abs(n - 1 - np.abs(at))


__all__: list[str] = []
METHODS: list[str] = []
