"""Rows of autograd/ops/einsum.py."""

from __future__ import annotations

import numpy as np

from .core import FLOATS, Failure, Make, Row, Sample

CASES = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ba", (2, 3)),
    ("Ba", (2, 3)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("iji->j", (3, 2, 3)),
    ("ij->", (2, 3)),
    ("i,i", (3,), (3,)),
    ("i,j->ji", (3,), (2,)),
    ("bij,bjk->bik", (5, 2, 3), (5, 3, 4)),
    ("bhid,bhjd->bhij", (2, 3, 4, 2), (2, 3, 5, 2)),
    ("bi,oij,bj->bo", (4, 2), (5, 2, 3), (4, 3)),
    ("...ij,...jk->...ik", (5, 2, 3), (3, 4)),
    ("...ij,...j", (4, 1, 2, 3), (5, 3)),
    ("i...->...", (2, 3)),
    ("i...j,j...->...", (2, 3, 4), (4, 3)),
    ("...a->a...", (2, 3, 4)),
    (" i j , j -> i ", (2, 3), (3,)),
    ("ij,ij,ij->i", (2, 3), (2, 3), (2, 3)),
    (",i->i", (), (3,)),
    ("ij,jk->ik", (2, 0), (0, 3)),
    ("ij,kl->", (2, 3), (2, 2)),
]


def sums(make: Make):
    for equation, *shapes in CASES:
        yield Sample((equation, *[make(*s) for s in shapes]), note=f"{equation} of {shapes}")
    yield Sample(("ij,jk->ik", make(3, 2).T, make(3, 8)[:, ::-2]), note="strided")
    yield Sample(("ij,jk->ik", make(2, 1), make(3, 4)), note="a size of 1 broadcasts")


def reference(equation, *operands):
    if equation == "ij,jk->ik" and operands[0].shape[1] == 1:
        operands = (np.broadcast_to(operands[0], (operands[0].shape[0], len(operands[1]))), operands[1])
    return np.einsum(equation, *operands)


def lists(make: Make):
    yield Sample((make(2, 3), [0, 1], make(3, 4), [1, 2], [0, 2]))
    yield Sample((make(2, 3), [0, 1], make(3, 4), [1, 2]), note="implicit")
    yield Sample((make(2, 3), [..., 27], [27, ...]), note="ellipsis")


def refused(match: str, equation, *shapes):
    return Failure(lambda m: m.einsum(equation, *[m.ones(s) for s in shapes]), RuntimeError, match)


LOOSE = {"float32": 2e-5, "float64": 1e-12}
ROWS = [
    Row(
        "einsum",
        sums,
        reference,
        (*FLOATS, "int64"),
        rtol=LOOSE,
        failures=(
            refused("does not broadcast with previously seen size 3", "ij,kj->ik", (2, 3), (4, 2)),
            refused("output subscript k does not appear", "ij->k", (2, 3)),
            refused("does not match the number of dimensions (1) for operand 0", "ij", (2,)),
            refused("fewer operands were provided", "i,i", (2,)),
            refused("more operands were provided", "i", (2,), (2,)),
            refused("output subscript i appears more than once", "i->ii", (2,)),
            refused("subscripts must be in [a-zA-Z]", "i1", (2, 2)),
            refused("not part of any ellipsis", "i.j", (2, 2)),
            refused("the sizes don't match, 3 != 2", "ii", (2, 3)),
        ),
    ),
    Row("einsum", lists, np.einsum, rtol=LOOSE, variant="lists"),
]
