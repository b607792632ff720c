"""Indexing, embeddings, dropout."""

from __future__ import annotations

import math

import numpy as np


def embedding(out, table, index):
    """out[i] = table[index[i]]; returns 0, or 1 + the first position out of range."""
    bad = (index < 0) | (index >= len(table))
    if bad.any():
        return 1 + int(np.argmax(bad))
    np.take(table, index, axis=0, out=out)
    return 0


def embedding_grad(dtable, g, index, padding_index):
    """dtable[index[i]] += g[i], in order of i, but for the padding index."""
    used = index != padding_index
    np.add.at(dtable, index[used], g[used])


# These have no C kernel.


def gather(out, x, dim, index):
    """out[i] = x[index[i] along dim], for each i of index."""
    if x.ndim == 0:
        out[...] = x
        return
    out[...] = x[_positions(index, dim)]


def scatter_add(out, x, dim, index):
    """out[index[i] along dim] += x[i], in order."""
    if out.ndim == 0:
        out += np.sum(x, dtype=out.dtype)
        return
    np.add.at(out, _positions(index, dim), x[tuple(slice(n) for n in index.shape)])


def scatter(out, x, dim, index):
    """out[index[i] along dim] = x[i], in order."""
    if out.ndim == 0:
        if x.size:
            out[...] = x.reshape(-1)[-1]
        return
    out[_positions(index, dim)] = x


def _positions(index, dim):
    """What picks, for each element of index, the position index[i] along dim and i's own along the others."""
    grid = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    grid[dim] = index
    return tuple(grid)


def index_add(out, x, index):
    """out[index] += x, in order; index is what NumPy's indexing takes."""
    np.add.at(out, index, x)


def index_put(out, x, index):
    """out[index] = x, in order; index is what NumPy's indexing takes."""
    out[index] = x


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
