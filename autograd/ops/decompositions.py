"""Inverses, systems of linear equations, determinants and factorizations of square matrices, or batches of them.

>>> from autograd import tensor
>>> a = tensor([[4.0, 2.0], [2.0, 3.0]])
>>> det(a), solve(a, tensor([2.0, 1.0]))
(tensor(8.), tensor([0.5000, 0.0000]))

Values come from NumPy (LAPACK). The derivatives are those of M. Giles, "Collected matrix derivative results for forward
and reverse mode algorithmic differentiation" (2008), where nothing else is said.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .. import dtypes, return_types
from ..data import tensor
from ..errors import LinAlgError
from ..op import Op, record, record_many, require_tensor
from ..out import with_out
from ..return_types import SignAndLogabsdet
from ..tensor import Tensor
from .choice import where
from .create import arange, eye, zeros_like
from .diagonal import diag_embed
from .linalg import matmul


class Inv(Op):
    """y = x^-1
    dL/dx = -y^T g y^T"""

    backward_name = "LinalgInvExBackward0"

    def dx(g, y):
        return -(y.mT @ g @ y.mT)


class Solve(Op):
    """y = a^-1 b
    dL/db = a^-T g
    dL/da = -dL/db y^T"""

    inputs = ("a", "b")
    backward_name = "LinalgSolveExBackward0"

    def da(g, a, y):
        return -(_solved(a.mT, g) @ y.mT)

    def db(g, a):
        return _solved(a.mT, g)


class Det(Op):
    """y = det(x)
    dL/dx = g * y * x^-T; where x is singular, g times the matrix of cofactors"""

    backward_name = "LinalgDetBackward0"

    def dx(g, x, y):
        g = g.unsqueeze(-1).unsqueeze(-1)
        if y._array.numpy().all():
            return g * y.unsqueeze(-1).unsqueeze(-1) * inverse(x).mT
        return g * _cofactors(x)


def _cofactors(x: Tensor) -> Tensor:
    """The determinants of x without row i and column j, with signs."""
    n = x.shape[-1]
    others = tensor([[k for k in range(n) if k != i] for i in range(n)], dtype=dtypes.int64)
    minors = x[..., others.reshape(n, 1, n - 1, 1), others.reshape(1, n, 1, n - 1)]
    sign = 1 - 2 * ((arange(n).unsqueeze(1) + arange(n)) % 2)
    return det(minors) * sign


class Slogdet(Op):
    """y = sign(det(x)) and log(|det(x)|)
    dL/dx = g * x^-T, g the gradient of the logarithm"""

    backward_name = "LinalgSlogdetBackward0"

    def dx(g, x):
        return zeros_like(x) if g[1] is None else g[1].unsqueeze(-1).unsqueeze(-1) * inverse(x).mT


class Cholesky(Op):
    """y = the lower triangle with y y^T = x
    dL/dx = y^-T s y^-1, s the symmetric matrix with the diagonal of y^T g / 2 and half its lower triangle (I. Murray,
    "Differentiation of the Cholesky decomposition", 2016)"""

    backward_name = "LinalgCholeskyExBackward0"

    def dx(g, y):
        p = y.mT @ g
        s = (p.tril() + p.tril(-1).mT) * 0.5
        return _solved(y.mT, _solved(y.mT, s).mT)


class Svd(Op):
    """y = u, s, v^T with u diag(s) v^T = x, u and v of orthonormal columns
    dL/dx = u (diag(ds) + e(u^T du) diag(s) + diag(s) e(v^T dv)) v^T and what of du and dv lies outside of the columns
    of u and v; e(p)[i,j] = (p - p^T)[i,j] / (s[j]^2 - s[i]^2), d* the gradients of the outputs (J. Townsend,
    "Differentiating the singular value decomposition", 2016)"""

    def dx(g, x):
        u, s, vh = svd(x)
        du, ds, dvh = (None if d is None else d for d in g)
        gaps = s.unsqueeze(-2) ** 2 - s.unsqueeze(-1) ** 2 + eye(s.shape[-1], dtype=s.dtype)
        inner = diag_embed(ds) if ds is not None else 0.0
        outside = 0.0
        if du is not None:
            p = u.mT @ du
            inner = inner + (p - p.mT) / gaps * s.unsqueeze(-2)
            outside = ((du - u @ p) / s.unsqueeze(-2)) @ vh
        if dvh is not None:
            p = vh @ dvh.mT
            inner = inner + s.unsqueeze(-1) * ((p - p.mT) / gaps)
            outside = outside + u @ ((dvh - p.mT @ vh) / s.unsqueeze(-1))
        return u @ inner @ vh + outside


class Svdvals(Op):
    """y = the singular values of x, the largest first
    dL/dx = u diag(g) v^T, u and v the singular vectors"""

    backward_name = "LinalgSvdBackward0"

    def dx(g, x):
        u, _, vh = svd(x)
        return (u * g.unsqueeze(-2)) @ vh


class Pinv(Op):
    """y = the pseudo-inverse of x
    dL/dx = -y^T g y^T + (1 - x y) g^T y y^T + y^T y g^T (1 - y x), the 1s identities (G. Golub and V. Pereyra, "The
    differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate", 1973)"""

    backward_name = "LinalgPinvBackward0"

    def dx(g, x, y):
        yt, gt = y.mT, g.mT
        left, right = gt - x @ (y @ gt), gt - (gt @ y) @ x
        return left @ y @ yt + yt @ y @ right - yt @ g @ yt


# --- values -----------------------------------------------------------------------------------------------------------


def floats(op: str, x: Tensor, square: bool = True) -> Tensor:
    """Matrices of floats, square ones unless otherwise said."""
    shape = require_tensor(op, x, "A")._array.shape
    if not x.is_floating_point():
        raise RuntimeError(
            f"{op}: Expected a floating point or complex tensor as input. Got {x.dtype.title}: convert it first, as in "
            "A.float()"
        )
    if len(shape) < 2:
        raise RuntimeError(f"{op}: The input tensor A must have at least 2 dimensions. Got shape {list(shape)}")
    if square and shape[-1] != shape[-2]:
        raise RuntimeError(
            f"{op}: A must be batches of square matrices, but they are {shape[-2]} by {shape[-1]} matrices"
        )
    return x


def _apply(op: type[Op], function: Callable, *inputs: Tensor) -> Tensor:
    """The result of a NumPy function of matrices, recorded."""
    arrays = tuple([x._array for x in inputs])
    values = np.asarray(function(*[a.numpy() for a in arrays]), arrays[0].dtype.dtype)
    y = tensor(values)._array
    return record(op, tuple([x._edge for x in inputs]), (*arrays, y), y)


def _batch_element(x: Tensor, failed: Callable[[np.ndarray], bool]) -> str:
    """Which matrix of a batch it was that an algorithm failed on."""
    values = x._array.numpy()
    if values.ndim == 2:
        return ""
    matrices = values.reshape(-1, *values.shape[-2:])
    return f"(Batch element {next(i for i, m in enumerate(matrices) if failed(m))}): "


def _fails(function: Callable) -> Callable[[np.ndarray], bool]:
    def failed(matrix: np.ndarray) -> bool:
        try:
            function(matrix)
        except np.linalg.LinAlgError:
            return True
        return False

    return failed


def inverted(op: str, x: Tensor) -> Tensor:
    """The inverse matrices; LinAlgError where there is none."""
    try:
        return _apply(Inv, np.linalg.inv, floats(op, x))
    except np.linalg.LinAlgError:
        which = _batch_element(x, _fails(np.linalg.inv))
        raise LinAlgError(
            f"{op}: {which}The inversion could not be completed because the input matrix is singular: det(A) is 0; "
            "linalg.pinv(A) exists"
        ) from None


def _solved(a: Tensor, b: Tensor) -> Tensor:
    """a^-1 b, of matrices."""
    try:
        return _apply(Solve, np.linalg.solve, a, b)
    except np.linalg.LinAlgError:
        which = _batch_element(a, _fails(np.linalg.inv))
        raise LinAlgError(
            f"linalg.solve: {which}The solver failed because the input matrix is singular: linalg.pinv(A) @ B is a "
            "least squares solution"
        ) from None


@with_out
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X with A X = B, or X A = B if not ``left``. B is a matrix, a vector, or a batch of either; a batch of vectors has
    the shape of A but for its last dim.

    >>> solve(tensor([[2.0, 0.0], [0.0, 4.0]]), tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    floats("linalg.solve", A)
    if require_tensor("linalg.solve", B, "B").dtype is not A.dtype:
        raise RuntimeError(
            f"linalg.solve: Expected A and B to have the same dtype, but found A of type {A.dtype.title} and B of type "
            f"{B.dtype.title} instead"
        )
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    if vector:
        B = B.unsqueeze(-1)
    rows = B.shape[-2 if left or vector else -1]
    if rows != A.shape[-1]:
        raise RuntimeError(
            f"linalg.solve: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'} "
            f"({A.shape[-2]}x{A.shape[-1]} and {B.shape[-2]}x{B.shape[-1]})"
        )
    if vector:
        return _solved(A if left else A.mT, B).squeeze(-1)
    return _solved(A, B) if left else _solved(A.mT, B.mT).mT


@with_out
def inverse(input: Tensor) -> Tensor:
    """The inverse of a square matrix, or of each of a batch: y with input @ y the identity.

    >>> inverse(tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])

    Raises LinAlgError where a matrix is singular.
    """
    return inverted("linalg.inv", input)


def det(input: Tensor) -> Tensor:
    """The determinant of a square matrix, or of each of a batch.

    >>> det(tensor([[2.0, 1.0], [0.0, 4.0]]))
    tensor(8.)
    """
    return _apply(Det, np.linalg.det, floats("linalg.det", input))


def sign_and_log(input: Tensor) -> list[Tensor]:
    """The sign of the determinant, and the logarithm of its absolute value."""
    a = floats("linalg.slogdet", input)._array
    outs = [tensor(np.asarray(part, a.dtype.dtype))._array for part in np.linalg.slogdet(a.numpy())]
    return record_many(Slogdet, (input._edge,), (a, outs[0]), outs)


def slogdet(input: Tensor) -> SignAndLogabsdet:
    """The sign of the determinant and the logarithm of its absolute value: a named (sign, logabsdet).

    >>> slogdet(tensor([[1.0, 2.0], [3.0, 5.0]])).sign
    tensor(-1.)
    """
    return return_types.slogdet(*sign_and_log(input))


def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant; NaN where that is negative.

    >>> logdet(tensor([[2.0, 0.0], [0.0, 0.5]]))
    tensor(0.)
    """
    sign, log = sign_and_log(input)
    return where(sign < 0, math.nan, log)


@with_out
def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """The lower triangle L of a symmetric positive-definite matrix, L L^T = input, or its transpose if ``upper``.
    Only the input's lower triangle is read, and the gradient is symmetric.

    >>> cholesky(tensor([[4.0, 2.0], [2.0, 2.0]]))
    tensor([[2., 0.],
            [1., 1.]])

    Raises LinAlgError where a matrix is not positive-definite.
    """
    x = floats("linalg.cholesky", input)
    try:
        y = _apply(Cholesky, np.linalg.cholesky, x)
    except np.linalg.LinAlgError:
        which = _batch_element(x, _fails(np.linalg.cholesky))
        raise LinAlgError(
            f"linalg.cholesky: {which}The factorization could not be completed because the input is not "
            "positive-definite: x @ x.mT + eps * eye(n) is"
        ) from None
    return y.mT if upper else y


def svd(x: Tensor) -> list[Tensor]:
    """u, s and v^T, as many of each as x has singular values; s, the largest first."""
    a = x._array
    outs = [tensor(part)._array for part in np.linalg.svd(a.numpy(), full_matrices=False)]
    return record_many(Svd, (x._edge,), (a, outs[0]), outs)


@with_out
def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """The singular values of a matrix, or of each of a batch, the largest first. ``driver`` is accepted; it chooses
    among the methods of other devices.

    >>> svdvals(tensor([[3.0, 0.0], [0.0, -4.0]]))
    tensor([4., 3.])
    """
    return _apply(Svdvals, lambda a: np.linalg.svd(a, compute_uv=False), floats("linalg.svdvals", A, square=False))


def pseudo_inverse(x: Tensor, rtol: float | None, atol: float | None, hermitian: bool = False) -> Tensor:
    """The pseudo-inverse: singular values up to max(atol, rtol * the largest) count as 0."""
    x = floats("linalg.pinv", x, square=hermitian)
    if rtol is None:
        rtol = max(x.shape[-2:]) * float(np.finfo(x.dtype.dtype).eps) if not atol else 0.0

    def function(a: np.ndarray) -> np.ndarray:
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        cut = np.maximum(atol or 0.0, rtol * s.max(-1, keepdims=True, initial=0))
        s = np.divide(1, s, out=np.zeros_like(s), where=s > cut)
        return vh.swapaxes(-1, -2) @ (s[..., None] * u.swapaxes(-1, -2))

    return _apply(Pinv, function, x)


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudo-inverse; singular values up to rcond times the largest count as 0.

    >>> pinverse(tensor([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    return pseudo_inverse(input, rcond, None)


def power(op: str, x: Tensor, n: int) -> Tensor:
    """x to the integer n, by squaring again and again."""
    shape = require_tensor(op, x, "A")._array.shape
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise RuntimeError(f"{op}: A must be batches of square matrices, got shape {list(shape)}")
    if n < 0:
        return power(op, inverted("linalg.inv", x), -n)
    if n == 0:
        return eye(shape[-1], dtype=x.dtype).expand(shape).clone()
    square = x if n < 2 else power(op, matmul(x, x), n // 2)
    return square if n % 2 == 0 or n < 2 else matmul(square, x)


@with_out
def matrix_power(input: Tensor, n: int) -> Tensor:
    """A square matrix to the power of an integer; the inverse to that of -n where n is negative.

    >>> matrix_power(tensor([[1, 1], [0, 1]]), 3)
    tensor([[1, 3],
            [0, 1]])
    """
    return power("linalg.matrix_power", input, n)


__all__ = ["cholesky", "det", "inverse", "logdet", "matrix_power", "pinverse", "slogdet"]
METHODS = __all__
