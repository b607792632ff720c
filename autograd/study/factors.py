"""How each element of a step's input moves each element of its output: the entries of the local Jacobian.

Most ops let an input's element reach one element of the output: three gradients, of ones, of positions and of random
numbers for a check, tell all entries at once. Products of matrices are written down. The others are asked element by
element.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..modes import no_grad
from ..ops.linalg import Linear, LinearActivation, Matmul
from ..storage import from_numpy
from ..tensor import wrap
from .recording import Step, restored

MOST = 3_000_000  # entries of one step
ASKED = 2_000  # elements of an output that are asked one by one


class Entries(NamedTuple):
    """For each entry the flat positions in the input and in the output, and the factor."""

    inputs: np.ndarray
    outputs: np.ndarray
    factors: np.ndarray


class TooLarge(RuntimeError):
    """A step has too many entries to be looked at one by one."""


def entries(step: Step, i: int, index: int, only: int | None = None) -> Entries:
    """The entries from input i of a step to its output ``index``; those of the element ``only`` where one is given.

    Raises TooLarge.
    """
    if issubclass(step.op, Linear):
        found = _linear(step, i, only)
    elif step.op is Matmul:
        found = _matmul(step, i, only)
    else:
        found = _single(step, i, index) or _asked(step, i, index)
    if only is not None:
        found = Entries(*[a[found.inputs == only] for a in found])
    kept = found.factors != 0
    return Entries(*[a[kept] for a in found])


def _check(step: Step, count: int, most: int = MOST) -> None:
    if count > most:
        raise TooLarge(
            f"why: step {step.number} ({step.op.__name__}) has {count:,} elements or factors to look at, more than "
            f"{most:,}: take a smaller batch, or a smaller net"
        )


def sent_back(step: Step, i: int, index: int, g: np.ndarray) -> np.ndarray | None:
    """What a step sends to input i when g arrives at its output ``index``, in float64."""
    array = from_numpy(np.asarray(g, order="C"))
    arriving = [array if k == index else None for k in range(len(step.shapes))] if step.several else array
    with restored([step]):
        sent = step.node.op.backward(step.node, arriving)[i]
    return None if sent is None else sent.numpy().astype(np.float64)


def _positions(step: Step, i: int, wide: tuple) -> np.ndarray:
    """For each element of a gradient that is as wide as the output the element of the input."""
    shape = step.inputs[i].shape or ()
    return np.broadcast_to(np.arange(int(np.prod(shape))).reshape(shape), wide).ravel()


def _single(step: Step, i: int, index: int) -> Entries | None:
    """The entries where each element of the gradient comes from one element of the output; None elsewhere."""
    shape = step.shapes[index] or ()
    dtype = np.dtype(step.dtype.rpartition(".")[2])
    at = (np.arange(int(np.prod(shape))) + 1.0).reshape(shape)
    scale = at.size
    chance = np.random.default_rng(0).uniform(0.5, 1.5, shape).astype(dtype)
    found = [sent_back(step, i, index, g) for g in (np.ones(shape, dtype), (at / scale).astype(dtype), chance)]
    if any(v is None for v in found):
        return None
    ones, place, checked = [np.asarray(v).ravel() for v in found]
    if not np.isfinite(ones).all():
        return None
    place = np.divide(place, ones, out=np.full(ones.shape, 1 / scale), where=ones != 0)
    outputs = np.clip(np.rint(place * scale).astype(np.int64) - 1, 0, scale - 1)
    if not (np.abs(checked - ones * chance.ravel()[outputs]) <= 1e-5 * np.abs(ones)).all():
        return None
    return Entries(_positions(step, i, np.asarray(found[0]).shape), outputs, ones)


def _asked(step: Step, i: int, index: int) -> Entries:
    """The entries, an output element at a time."""
    shape = step.shapes[index] or ()
    size = int(np.prod(shape))
    _check(step, size, ASKED)
    parts = []
    for o in range(size):
        g = np.zeros(size, step.dtype.rpartition(".")[2])
        g[o] = 1
        sent = sent_back(step, i, index, g.reshape(shape))
        if sent is None:
            continue
        flat = sent.ravel()
        at = np.flatnonzero(flat)
        parts.append(Entries(_positions(step, i, sent.shape)[at], np.full(at.size, o), flat[at]))
        _check(step, sum(p.inputs.size for p in parts))
    empty = Entries(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    return Entries(*map(np.concatenate, zip(*(parts or [empty]))))


def _linear(step: Step, i: int, only: int | None) -> Entries:
    """y[r, o] = f(sum over n of x[r, n] weight[o, n] + bias[o])."""
    saved = {s.name: s.values for s in step.saved}
    shape = step.shapes[0] or ()
    out = shape[-1]
    rows = int(np.prod(shape[:-1]))
    slope = np.ones((rows, out))
    if issubclass(step.op, LinearActivation):
        with no_grad():
            op: Any = step.op  # dz is a rule, which only such ops have
            ones = wrap(from_numpy(np.ones(saved["y"].shape, saved["y"].dtype)))
            slope = op.dz(ones, wrap(from_numpy(saved["y"]))).numpy().reshape(rows, out).astype(np.float64)
    at = np.arange(rows * out).reshape(rows, out)
    name = step.inputs[i].name
    if name == "bias":
        return Entries(np.broadcast_to(np.arange(out), (rows, out)).ravel(), at.ravel(), slope.ravel())
    if name == "weight":
        x = saved["x"].reshape(rows, -1).astype(np.float64)
        width = x.shape[1]
        if only is not None:
            o, n = divmod(only, width)
            return Entries(np.full(rows, only), at[:, o], x[:, n] * slope[:, o])
        _check(step, rows * out * width)
        place = np.broadcast_to(np.arange(out * width).reshape(out, width), (rows, out, width))
        factors = x[:, None, :] * slope[:, :, None]
        return Entries(place.ravel(), np.broadcast_to(at[:, :, None], place.shape).ravel(), factors.ravel())
    w = saved["weight"].astype(np.float64)
    width = w.shape[1]
    _check(step, rows * out * width)
    place = np.broadcast_to(np.arange(rows * width).reshape(rows, 1, width), (rows, out, width))
    factors = w[None] * slope[:, :, None]
    return Entries(place.ravel(), np.broadcast_to(at[:, :, None], place.shape).ravel(), factors.ravel())


def _matmul(step: Step, i: int, only: int | None) -> Entries:
    """y[m, n] = sum over k of a[m, k] b[k, n], for each of a batch."""
    saved = {s.name: s.values for s in step.saved}
    shape = step.shapes[0] or ()
    batch, (rows, columns) = shape[:-2], shape[-2:]
    first = step.inputs[i].name == "a"
    other = saved["b" if first else "a"].astype(np.float64)
    own = step.inputs[i].shape or ()
    inner = own[-1] if first else own[-2]
    whole = (*batch, rows, inner, columns)
    _check(step, int(np.prod(whole)))
    place = np.arange(int(np.prod(own))).reshape(own)
    place = place[..., :, :, None] if first else place[..., None, :, :]
    factor = other[..., None, :, :] if first else other[..., :, :, None]
    at = np.arange(int(np.prod(shape))).reshape(*batch, rows, 1, columns)
    return Entries(*[np.broadcast_to(a, whole).ravel() for a in (place, at, factor)])
