"""Rows of autograd/ops/diagonal.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, Failure, Row, cases


def embedded(x, offset=0, dim1=-2, dim2=-1):
    n = x.shape[-1] + abs(offset)
    y = np.zeros((*x.shape[:-1], n, n), x.dtype)
    i = np.arange(x.shape[-1])
    y[..., i - min(offset, 0), i + max(offset, 0)] = x
    return np.moveaxis(y, (-2, -1), (dim1, dim2))


def diag_reference(x, k=0):
    return np.diag(x, k) if x.ndim == 1 else np.diagonal(x, k)


TRIANGLES = cases(((3, 3),), ((2, 4), 1), ((4, 2), -1), ((2, 3, 3),), ((0, 3),), ((2, 2), 5))

ROWS = [
    Row(
        "diagonal",
        cases(
            ((3, 3),), ((2, 4), 1), ((4, 2), -1), ((2, 3, 4), 0, 0, 2), ((2, 3, 4), 1, -1, 0), ((2, 2), 5), ((0, 2),)
        ),
        np.diagonal,
        ALL,
        failures=(
            Failure(
                lambda m: m.diagonal(m.ones(2, 2), 0, 1, 1), RuntimeError, "diagonal dimensions cannot be identical"
            ),
            Failure(lambda m: m.diagonal(m.ones(2)), IndexError, "Dimension out of range"),
        ),
    ),
    Row(
        "diag_embed",
        cases(((3,),), ((2, 3),), ((2, 3), 1), ((3,), -2), ((2, 3), 0, 0, 2), ((0,),)),
        embedded,
        ALL,
        failures=(
            Failure(
                lambda m: m.diag_embed(m.ones(2), 0, 0, 0), RuntimeError, "diagonal dimensions cannot be identical"
            ),
        ),
    ),
    Row(
        "diag",
        cases(((3,),), ((3,), -1), ((2, 3),), ((3, 2), 1), ((2, 2), -5)),
        diag_reference,
        ALL,
        failures=(
            Failure(lambda m: m.diag(m.ones(1, 2, 3)), RuntimeError, "diag(): Supports 1D or 2D tensors. Got 3D"),
        ),
    ),
    Row("diagflat", cases(((2, 2),), ((3,), 1), ((),), ((2,), -1)), np.diagflat, ALL),
    Row(
        "tril",
        TRIANGLES,
        np.tril,
        ALL,
        failures=(Failure(lambda m: m.tril(m.ones(3)), RuntimeError, "tril: input tensor must have at least 2 dim"),),
    ),
    Row("triu", TRIANGLES, np.triu, ALL),
]
