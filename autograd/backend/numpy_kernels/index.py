"""By index: taking elements and giving them back; dropout."""

from __future__ import annotations

import math

import numpy as np


def gather(y, x, index, low=0):
    """y[o, j, i] = x[o, index[o, j, i], i] for y (outer, count, inner) and x (outer, n, inner); index broadcasts to y,
    and counts from the end where it is below 0, which it may be down to low.

    Returns 0, or 1 + the first place in index of a position out of range.
    """
    status = _out_of_range(index, x, low)
    if not status:
        y[...] = np.take_along_axis(x, np.broadcast_to(index, y.shape), 1)
    return status


def scatter(x, y, index, low=0):
    """x[o, index[o, j, i], i] = y[o, j, i], in order of j; else as gather."""
    status = _out_of_range(index, x, low)
    if not status:
        np.put_along_axis(x, np.broadcast_to(index, y.shape), y, 1)
    return status


def scatter_add(x, y, index, low=0, skip=None):
    """x[o, index[o, j, i], i] += y[o, j, i], in order of j, but where index is skip; else as gather."""
    status = _out_of_range(index, x, low)
    if not status:
        outer, _, inner = np.ogrid[tuple(slice(n) for n in y.shape)]
        places = np.broadcast_arrays(outer, index, inner)
        used = places[1] != skip
        np.add.at(x, tuple([p[used] for p in places]), y[used])
    return status


def fold_index(out, index, n):
    """out = out * n + index, where index may count from the end of n; returns as gather."""
    status = _status((index < -n) | (index >= n))
    if not status:
        out *= n
        out += index + n * (index < 0)
    return status


def _out_of_range(index, x, low):
    """Of what index repeats along a dim, the first counts."""
    once = index[tuple(slice(None) if step else slice(1) for step in index.strides)]
    return _status((once < low) | (once >= x.shape[1]))


def _status(bad):
    return 1 + int(np.argmax(bad)) if bad.any() else 0


def dropout(out, x, p, key):
    """x / (1 - p) where the hash of (key[0], position) says keep, else 0.

    The hash is splitmix64 (Steele, Lea and Flood 2014) of key + (position + 1) * golden; an element is kept where its
    upper 32 bits are at least p * 2^32.
    """
    with np.errstate(over="ignore"):
        z = key.view(np.uint64) + np.arange(1, x.size + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    kept = (z >> np.uint64(32)) >= np.uint64(math.ceil(p * 2**32))
    scale = out.dtype.type(1 / (1 - p) if p < 1 else 0)
    out[...] = np.where(kept.reshape(x.shape), x * scale, 0)
