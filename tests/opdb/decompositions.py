"""Rows of autograd/ops/decompositions.py, and of what autograd/linalg.py makes of it."""

from __future__ import annotations

import numpy as np

from .core import Failure, Make, Row, Sample

LOOSE = {"float32": 1e-4, "float64": 1e-11}
TOLERANCES = {"rtol": LOOSE, "atol": {"float32": 1e-5, "float64": 1e-12}}


def regular(make: Make, *shape: int) -> np.ndarray:
    """Matrices far from singular."""
    return make(*shape) + np.asarray(3 * np.eye(shape[-2], shape[-1]), make.dtype)


def squares(make: Make):
    for shape in ((1, 1), (2, 2), (3, 3), (2, 3, 3), (0, 0), (0, 2, 2)):
        yield Sample((regular(make, *shape),), note=f"{shape}")
    yield Sample((regular(make, 3, 3).T,), note="transposed")
    yield Sample((regular(make, 6, 6)[::2, ::-2],), note="strided")


def determinants(make: Make):
    yield from squares(make)
    yield Sample((-regular(make, 3, 3),), note="negative")
    singular = np.array([[1, 2, 3], [2, 4, 6], [1, 0, 1]], make.dtype)
    zero = np.zeros((2, 2), make.dtype)
    yield Sample((np.stack([singular, regular(make, 3, 3)]),), note="edge values: singular")
    yield Sample((zero,), note="edge values: zeros")


def positive(make: Make):
    return (s for s in squares(make) if s.note != "strided")


def factored(m, x, upper=False):
    """The factor of a matrix that is symmetric and positive-definite whatever x is."""
    return m.cholesky(x @ x.mT + m.eye(x.shape[-1], dtype=x.dtype), upper)


def factored_linalg(m, x, upper=False):
    return m.linalg.cholesky(x @ x.mT + m.eye(x.shape[-1], dtype=x.dtype), upper=upper)


def factor(x, upper=False):
    y = np.linalg.cholesky(x @ x.swapaxes(-1, -2) + np.eye(x.shape[-1]))
    return y.swapaxes(-1, -2) if upper else y


def equations(make: Make):
    for a, b in (
        ((3, 3), (3,)),
        ((3, 3), (3, 2)),
        ((2, 3, 3), (2, 3)),
        ((2, 3, 3), (3, 4)),
        ((3, 3), (4, 3, 2)),
        ((0, 0), (0,)),
    ):
        yield Sample((regular(make, *a), make(*b)), note=f"{a} and {b}")
    yield Sample((regular(make, 3, 3), make(4, 3)), {"left": False}, note="from the right")
    yield Sample((regular(make, 3, 3).T, make(2, 3).T), note="transposed")


def solution(a, b, left=True):
    vector = b.ndim == 1 or b.shape == a.shape[:-1]
    b = b[..., None] if vector else b
    x = np.linalg.solve(a, b) if left else np.linalg.solve(a.swapaxes(-1, -2), b.swapaxes(-1, -2)).swapaxes(-1, -2)
    return x[..., 0] if vector else x


def powers(make: Make):
    for n in (1, 2, 3, 6, -1, -2):
        yield Sample((regular(make, 3, 3), n), note=f"to the {n}")
    yield Sample((regular(make, 2, 2, 2), 3), note="a batch")


def oblong(make: Make):
    for shape in ((3, 3), (2, 4), (4, 2), (2, 3, 2), (0, 2)):
        yield Sample((regular(make, *shape),), note=f"{shape}")
    yield Sample((regular(make, 4, 2).T,), note="transposed")


def with_rank(make: Make):
    yield from (s for s in oblong(make) if s.note != "(0, 2)")
    yield Sample((np.array([[1, 2], [2, 4], [0, 0]], make.dtype),), smooth=False, note="of rank 1")


def diagonals(make: Make):
    yield Sample((make(3, 4),))
    yield Sample((make(2, 3, 4),), {"offset": 1}, note="above")
    yield Sample((make(2, 3, 4),), {"dim1": 0, "dim2": 1}, note="other dims")


def not_square(call):
    return Failure(lambda m: call(m)(m.ones(2, 3)), RuntimeError, "A must be batches of square matrices")


def integer(call):
    return Failure(lambda m: call(m)(m.tensor([[1, 2], [3, 4]])), RuntimeError, "Expected a floating point or complex")


def vector(call):
    return Failure(lambda m: call(m)(m.ones(2)), RuntimeError, "must have at least 2 dimensions")


def usual(call):
    return not_square(call), integer(call), vector(call)


SINGULAR = Failure(lambda m: m.linalg.inv(m.ones(2, 2)), RuntimeError, "because the input matrix is singular")
BATCHED = Failure(lambda m: m.inverse(m.stack([m.eye(2), m.ones(2, 2)])), RuntimeError, "(Batch element 1)")
NEGATIVE = Failure(lambda m: m.linalg.cholesky(-m.eye(2)), RuntimeError, "not positive-definite")
BATCHED_NEGATIVE = Failure(
    lambda m: m.cholesky(m.stack([m.eye(2), -m.eye(2)])), RuntimeError, "(Batch element 1): The factorization"
)

ROWS = [
    Row("linalg.inv", squares, np.linalg.inv, **TOLERANCES, failures=(SINGULAR, *usual(lambda m: m.linalg.inv))),
    Row("inverse", squares, np.linalg.inv, **TOLERANCES, failures=(BATCHED,)),
    Row(
        "linalg.solve",
        equations,
        solution,
        **TOLERANCES,
        failures=(
            Failure(lambda m: m.linalg.solve(m.ones(2, 2), m.ones(2)), RuntimeError, "input matrix is singular"),
            Failure(lambda m: m.linalg.solve(m.eye(2), m.ones(3)), RuntimeError, "equation AX = B (2x2 and 3x1)"),
            Failure(
                lambda m: m.linalg.solve(m.eye(2), m.ones(2, dtype=m.float64)), RuntimeError, "to have the same dtype"
            ),
            not_square(lambda m: lambda a: m.linalg.solve(a, a)),
        ),
    ),
    Row(
        "linalg.det",
        determinants,
        np.linalg.det,
        **TOLERANCES,
        failures=usual(lambda m: m.linalg.det),
        variant="linalg",
    ),
    Row("det", squares, np.linalg.det, **TOLERANCES),
    Row(
        "linalg.slogdet",
        squares,
        np.linalg.slogdet,
        **TOLERANCES,
        failures=usual(lambda m: m.linalg.slogdet),
        variant="linalg",
    ),
    Row("slogdet", squares, np.linalg.slogdet, **TOLERANCES),
    Row("logdet", positive, lambda x: np.log(np.linalg.det(x)), **TOLERANCES),
    Row("cholesky", positive, factor, **TOLERANCES, call=factored, failures=(BATCHED_NEGATIVE,)),
    Row(
        "linalg.cholesky",
        lambda make: (Sample((s.args[0], upper)) for s in positive(make) for upper in (False, True)),
        factor,
        **TOLERANCES,
        call=factored_linalg,
        failures=(NEGATIVE, *usual(lambda m: m.linalg.cholesky)),
        variant="linalg",
    ),
    Row(
        "linalg.pinv",
        with_rank,
        np.linalg.pinv,
        **TOLERANCES,
        failures=(integer(lambda m: m.linalg.pinv), vector(lambda m: m.linalg.pinv)),
    ),
    Row("pinverse", lambda make: (s for s in with_rank(make) if s.smooth), np.linalg.pinv, **TOLERANCES),
    Row(
        "linalg.svdvals",
        oblong,
        lambda a: np.linalg.svd(a, compute_uv=False),
        **TOLERANCES,
        failures=(integer(lambda m: m.linalg.svdvals), vector(lambda m: m.linalg.svdvals)),
    ),
    Row(
        "linalg.matrix_power",
        powers,
        np.linalg.matrix_power,
        **TOLERANCES,
        failures=(not_square(lambda m: lambda a: m.linalg.matrix_power(a, 2)),),
        variant="linalg",
    ),
    Row("matrix_power", powers, np.linalg.matrix_power, **TOLERANCES),
    Row(
        "matrix_power",
        lambda make: (Sample((make(*shape), 0)) for shape in ((3, 3), (2, 2, 2))),
        np.linalg.matrix_power,
        wanted=None,
        variant="0",
    ),
    Row(
        "linalg.diagonal",
        diagonals,
        lambda a, offset=0, dim1=-2, dim2=-1: np.diagonal(a, offset, dim1, dim2),
        variant="linalg",
    ),
]
