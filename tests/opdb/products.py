"""Rows of autograd/ops/products.py, and of what autograd/linalg.py makes of it."""

from __future__ import annotations

import functools

import numpy as np

from .core import ALL, FLOATS, INTEGERS, Failure, Make, Row, Sample
from .linalg import LOOSE

NUMBERS = (*FLOATS, *INTEGERS)


def groups(*shapes, **kwargs):
    """Samples of tensors of these shapes, and of the same as transposed matrices."""

    def samples(make: Make):
        for group in shapes:
            yield Sample(tuple(make(*s) for s in group), kwargs, note=f"{group}")
            if any(len(s) == 2 for s in group):
                yield Sample(
                    tuple(make(*s[::-1]).T if len(s) == 2 else make(*s) for s in group),
                    kwargs,
                    note=f"transposed {group}",
                )

    return samples


def added(*shapes):
    """Samples of a sum and a product, with and without factors."""

    def samples(make: Make):
        yield from groups(*shapes)(make)
        factors = {"beta": 0.5, "alpha": -2} if make.floating else {"beta": 3, "alpha": 2}
        yield from groups(shapes[0], **factors)(make)
        first, *others = (make(*s) for s in shapes[0])
        if make.floating:
            first[...] = np.nan
        yield Sample((first, *others), {"beta": 0}, smooth=False, note="beta 0 ignores NaN")

    return samples


def plus(product):
    def reference(x, *others, beta=1, alpha=1):
        y = alpha * product(*others)
        return y if beta == 0 else beta * np.broadcast_to(x, y.shape) + y

    return reference


def too_large(name: str, *shapes):
    return Failure(
        lambda m: getattr(m, name)(*[m.ones(s) for s in shapes]),
        RuntimeError,
        "" if name == "addmv" else "expanded size",
    )


def dotted(make: Make):
    for a, b, dims in (
        ((2, 3, 4), (3, 4, 5), 2),
        ((2, 3), (3, 4), 1),
        ((2, 3), (4,), 0),
        ((2, 3, 4), (5, 3, 2), ([0, 1], [2, 1])),
        ((2, 3, 4), (4, 3), ([-1], [0])),
        ((2, 0), (0, 3), 1),
        ((3,), (3,), 1),
    ):
        yield Sample((make(*a), make(*b), dims), note=f"{a} and {b} over {dims}")
    yield Sample((make(3, 2).T, make(4, 3).T, 1), note="transposed")


def kroneckers(make: Make):
    for a, b in (((2, 3), (3, 2)), ((2,), (3, 2)), ((), (3,)), ((0,), (2,))):
        yield Sample((make(*a), make(*b)), note=f"{a} and {b}")


def crossed(**options):
    def samples(make: Make):
        for shape, dim in (((3,), -1), ((4, 3), -1), ((3, 4), 0)):
            yield Sample((make(*shape), make(*shape)), {"dim": dim, **options}, note=f"{shape}")
        yield Sample((make(3, 4).T, make(1, 3)), {"dim": -1}, note="broadcast")

    return samples


def cross(a, b, dim=-1):
    return np.cross(a, b, axis=dim)


def chains(*groups):
    def samples(make: Make):
        for shapes in groups:
            yield Sample(([make(*s) for s in shapes],), note=f"{shapes}")

    return samples


def product(matrices):
    return functools.reduce(np.matmul, matrices)


ROWS = [
    Row(
        "mm",
        groups(((2, 3), (3, 4)), ((0, 3), (3, 2))),
        np.matmul,
        NUMBERS,
        rtol=LOOSE,
        failures=(Failure(lambda m: m.mm(m.ones(2), m.ones(2, 2)), RuntimeError, "self must be a matrix"),),
    ),
    Row(
        "bmm",
        groups(((5, 2, 3), (5, 3, 4)), ((0, 2, 3), (0, 3, 4))),
        np.matmul,
        NUMBERS,
        rtol=LOOSE,
        failures=(
            Failure(lambda m: m.bmm(m.ones(2, 2), m.ones(2, 2)), RuntimeError, "batch1 must be a 3D tensor"),
            Failure(lambda m: m.bmm(m.ones(2, 2, 3), m.ones(2, 2, 3)), RuntimeError, "to be: [2, 3] but got: [2, 2]"),
        ),
    ),
    Row(
        "mv",
        groups(((2, 3), (3,))),
        np.matmul,
        NUMBERS,
        rtol=LOOSE,
        failures=(Failure(lambda m: m.mv(m.ones(2), m.ones(2)), RuntimeError, "vector + matrix @ vector expected"),),
    ),
    Row(
        "dot",
        groups(((3,), (3,)), ((0,), (0,))),
        np.dot,
        NUMBERS,
        rtol=LOOSE,
        failures=(Failure(lambda m: m.dot(m.ones(2, 2), m.ones(2)), RuntimeError, "1D tensors expected"),),
    ),
    Row(
        "vdot",
        groups(((3,), (3,))),
        np.vdot,
        NUMBERS,
        rtol=LOOSE,
        failures=(Failure(lambda m: m.vdot(m.ones(2), m.ones(3)), RuntimeError, "inconsistent tensor size"),),
    ),
    Row(
        "outer",
        groups(((3,), (4,)), ((0,), (2,))),
        np.outer,
        ALL,
        failures=(Failure(lambda m: m.outer(m.ones(2, 2), m.ones(2)), RuntimeError, ""),),
    ),
    Row("ger", groups(((3,), (4,))), np.outer, NUMBERS),
    Row(
        "inner",
        groups(((3,), (3,)), ((2, 3), (4, 3)), ((2, 3), ()), ((2, 0), (3, 0)), ((2, 2, 3), (4, 5, 3))),
        np.inner,
        NUMBERS,
        rtol=LOOSE,
        failures=(
            Failure(
                lambda m: m.inner(m.ones(2, 3), m.ones(4, 2)), RuntimeError, "the last dimension must match on both"
            ),
        ),
    ),
    Row(
        "tensordot",
        dotted,
        lambda a, b, dims: np.tensordot(a, b, dims),
        NUMBERS,
        rtol=LOOSE,
        failures=(
            Failure(lambda m: m.tensordot(m.ones(2, 3), m.ones(3, 2), 3), RuntimeError, "dims < ndim_a or ndim_b"),
            Failure(lambda m: m.tensordot(m.ones(2, 3), m.ones(3, 2), -1), RuntimeError, "expects dims >= 0"),
            Failure(lambda m: m.tensordot(m.ones(2, 3), m.ones(3, 2), ([0], [0])), RuntimeError, "need to match"),
            Failure(lambda m: m.tensordot(m.ones(2, 3), m.ones(3, 2), ([0, 1], [0])), RuntimeError, "same length"),
        ),
    ),
    Row("kron", kroneckers, np.kron, ALL),
    Row(
        "cross",
        crossed(),
        cross,
        NUMBERS,
        failures=(
            Failure(lambda m: m.cross(m.ones(2, 2), m.ones(2, 2)), RuntimeError, "no dimension of size 3 in input"),
            Failure(lambda m: m.cross(m.ones(3), m.ones(4, 3)), RuntimeError, "the same number of dimensions"),
        ),
    ),
    Row(
        "linalg.cross",
        crossed(),
        cross,
        variant="linalg",
        failures=(
            Failure(lambda m: m.linalg.cross(m.ones(2), m.ones(2)), RuntimeError, "dimension -1 must have length 3"),
        ),
    ),
    Row(
        "trace",
        groups(((3, 3),), ((2, 4),), ((0, 2),)),
        np.trace,
        NUMBERS,
        failures=(
            Failure(lambda m: m.trace(m.tensor([[True]])), NotImplementedError, "not implemented for 'Bool'"),
            Failure(lambda m: m.trace(m.ones(2)), RuntimeError, "expected a matrix, but got tensor with dim 1"),
        ),
    ),
    Row(
        "addmm",
        added(((2, 4), (2, 3), (3, 4)), ((4,), (2, 3), (3, 4))),
        plus(np.matmul),
        NUMBERS,
        rtol=LOOSE,
        failures=(too_large("addmm", (4,), (2, 2), (2, 3)),),
    ),
    Row(
        "addmv",
        added(((2,), (2, 3), (3,)), ((), (2, 3), (3,))),
        plus(np.matmul),
        NUMBERS,
        rtol=LOOSE,
        failures=(too_large("addmv", (3,), (2, 3), (3,)),),
    ),
    Row(
        "addr",
        added(((2, 3), (2,), (3,)), ((1,), (2,), (3,))),
        plus(np.outer),
        NUMBERS,
        rtol=LOOSE,
        failures=(too_large("addr", (4,), (2,), (3,)),),
    ),
    Row(
        "baddbmm",
        added(((5, 2, 4), (5, 2, 3), (5, 3, 4)), ((2, 4), (5, 2, 3), (5, 3, 4))),
        plus(np.matmul),
        NUMBERS,
        rtol=LOOSE,
        failures=(too_large("baddbmm", (3,), (1, 2, 2), (1, 2, 2)),),
    ),
    Row(
        "addbmm",
        added(((2, 4), (5, 2, 3), (5, 3, 4)), ((), (5, 2, 3), (5, 3, 4))),
        plus(lambda a, b: (a @ b).sum(0)),
        NUMBERS,
        rtol=LOOSE,
        failures=(
            too_large("addbmm", (3,), (1, 2, 2), (1, 2, 2)),
            Failure(
                lambda m: m.addbmm(m.ones(2, 2), m.ones(4, 2, 3), m.ones(4, 2, 2)),
                RuntimeError,
                "Incompatible matrix sizes",
            ),
        ),
    ),
    Row(
        "chain_matmul",
        groups(((2, 3), (3, 4), (4, 5)), ((5, 1), (1, 4), (4, 1), (1, 6)), ((2, 2),)),
        lambda *matrices: product(matrices),
        rtol=LOOSE,
        failures=(Failure(lambda m: m.chain_matmul(), RuntimeError, "Expected one or more matrices"),),
    ),
    Row(
        "linalg.multi_dot",
        chains(
            ((2, 3), (3, 4), (4, 5)), ((3,), (3, 4), (4,)), ((3,), (3, 2)), ((2, 3), (3,)), ((4, 0), (0, 3), (3, 2))
        ),
        product,
        rtol=LOOSE,
        failures=(
            Failure(lambda m: m.linalg.multi_dot([m.ones(2)]), RuntimeError, "expected at least 2 tensors but got 1"),
            Failure(
                lambda m: m.linalg.multi_dot([m.ones(2, 3), m.ones(2, 4)]), RuntimeError, "[2, 4] cannot be multiplied"
            ),
            Failure(
                lambda m: m.linalg.multi_dot([m.ones(2, 3), m.ones(3), m.ones(3)]),
                RuntimeError,
                "must be 2D but got 1D",
            ),
        ),
    ),
    Row(
        "linalg.vecdot",
        groups(((3,), (3,)), ((2, 3), (3,)), ((4, 1, 3), (2, 3)), ((2, 0), (2, 0))),
        lambda x, y: (x * y).sum(-1),
        rtol=LOOSE,
        failures=(
            Failure(lambda m: m.linalg.vecdot(m.tensor([1]), m.tensor([2])), RuntimeError, "Expected a floating point"),
        ),
    ),
    Row("linalg.matmul", groups(((2, 3), (3, 4))), np.matmul, rtol=LOOSE, variant="linalg"),
]
