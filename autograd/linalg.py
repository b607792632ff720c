"""What torch.linalg holds: norms, products, equations, determinants and factorizations.

>>> from autograd import tensor
>>> a = tensor([[4.0, 2.0], [2.0, 3.0]])
>>> inv(a) @ a
tensor([[1., 0.],
        [0., 1.]])

The top level has some of them under other names (``autograd.inverse``, ``autograd.norm``). A matrix that an algorithm
cannot handle raises LinAlgError.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import return_types
from .errors import LinAlgError
from .op import require_tensor
from .ops import decompositions, products
from .ops.decompositions import inverted, power, pseudo_inverse, sign_and_log, solve, svdvals
from .ops.diagonal import diagonal as _diagonal
from .ops.linalg import matmul
from .ops.norms import matrix_norm, vector_norm
from .out import with_out
from .return_types import SignAndLogabsdet
from .tensor import Tensor


@with_out
def norm(input: Tensor, ord=None, dim=None, keepdim=False, *, dtype=None) -> Tensor:
    """The 2-norm of all elements; with ``ord`` a norm of the vectors in one dim or of the matrices in two: see
    :func:`vector_norm` and :func:`matrix_norm`.

    >>> norm(tensor([[1.0, -2.0], [3.0, 4.0]]), 1)
    tensor(6.)
    """
    dims = None if dim is None else (dim,) if hasattr(dim, "__index__") else tuple(dim)
    if ord is None:
        return vector_norm(input, 2, dims, keepdim, dtype=dtype)
    n = require_tensor("linalg.norm", input).ndim if dims is None else len(dims)
    if n not in (1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {n}D."
            if dims is None else f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dims)}"
        )  # fmt: skip
    if n == 2 or isinstance(ord, str):
        return matrix_norm(input, ord, (-2, -1) if dims is None else dims, keepdim, dtype=dtype)
    return vector_norm(input, ord, dims, keepdim, dtype=dtype)


@with_out
def vecdot(x: Tensor, y: Tensor, *, dim=-1) -> Tensor:
    """The dot products of the vectors along ``dim``; the other dims broadcast.

    >>> vecdot(tensor([[1.0, 2.0], [3.0, 4.0]]), tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    for name, t in (("x", x), ("y", y)):
        if not require_tensor("linalg.vecdot", t, name).is_floating_point():
            raise RuntimeError(
                f"linalg.vecdot: Expected a floating point or complex tensor as input. Got {t.dtype.title}"
            )
    return (x * y).sum(dim)


@with_out
def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of two or more matrices, in the order that takes the fewest multiplications. The first may be a
    vector, a row, and the last one, a column.

    >>> multi_dot([tensor([1.0, 2.0]), tensor([[3.0], [4.0]]), tensor([2.0])])
    tensor(22.)
    """
    shapes = [list(require_tensor("linalg.multi_dot", t, "tensors").shape) for t in tensors]
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    for i, shape in enumerate(shapes):
        ends = i in (0, len(shapes) - 1)
        if len(shape) != 2 and not (ends and len(shape) == 1):
            raise RuntimeError(f"multi_dot(): tensor {i} must be {'1D or ' * ends}2D but got {len(shape)}D")
    row, column = len(shapes[0]) == 1, len(shapes[-1]) == 1
    first = tensors[0].unsqueeze(0) if row else tensors[0]
    last = tensors[-1].unsqueeze(1) if column else tensors[-1]
    matrices = [first, *tensors[1:-1], last]
    for i in range(len(shapes) - 1):
        if matrices[i].shape[1] != matrices[i + 1].shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {i} and {i + 1} with shapes {shapes[i]} and {shapes[i + 1]} cannot be multiplied"
            )
    y = products.in_best_order(matrices)
    return y.reshape([n for n, gone in zip(y.shape, (row, column)) if not gone])


@with_out
def matrix_power(A: Tensor, n: int) -> Tensor:
    """Square matrices to the power of an integer; the inverses to that of -n where n is negative.

    >>> matrix_power(tensor([[1, 1], [0, 1]]), 3)
    tensor([[1, 3],
            [0, 1]])
    """
    return power("linalg.matrix_power", A, n)


@with_out
def inv(A: Tensor) -> Tensor:
    """The inverses of square matrices.

    >>> inv(tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return inverted("linalg.inv", A)


@with_out
def pinv(A: Tensor, *, atol=None, rtol=None, hermitian=False) -> Tensor:
    """The pseudo-inverses of matrices. Singular values up to atol or up to rtol times the largest count as 0; rtol is
    the larger size times the dtype's epsilon unless one of both is given.

    >>> pinv(tensor([[1.0], [1.0]]))
    tensor([[0.5000, 0.5000]])
    """
    return pseudo_inverse(A, rtol, atol, hermitian)


@with_out
def det(A: Tensor) -> Tensor:
    """The determinants of square matrices.

    >>> det(tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor(8.)
    """
    return decompositions.det(A)


@with_out
def slogdet(A: Tensor) -> SignAndLogabsdet:
    """The signs of determinants and the logarithms of their absolute values: a named (sign, logabsdet).

    >>> slogdet(tensor([[-1.0, 0.0], [0.0, 1.0]])).sign
    tensor(-1.)
    """
    return return_types.linalg_slogdet(*sign_and_log(A))


@with_out
def cholesky(A: Tensor, *, upper=False) -> Tensor:
    """The lower triangles L of symmetric positive-definite matrices with L L^T = A, or their transposes if ``upper``.

    >>> cholesky(tensor([[4.0, 2.0], [2.0, 2.0]]))
    tensor([[2., 0.],
            [1., 1.]])
    """
    return decompositions.cholesky(A, upper)


def diagonal(A: Tensor, *, offset=0, dim1=-2, dim2=-1) -> Tensor:
    """The diagonals of matrices, as the last dim: a view.

    >>> diagonal(tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return _diagonal(A, offset, dim1, dim2)


@with_out
def cross(input: Tensor, other: Tensor, *, dim=-1) -> Tensor:
    """The cross products of the vectors of length 3 along ``dim``; the other dims broadcast.

    >>> cross(tensor([1, 0, 0]), tensor([0, 1, 0]))
    tensor([0, 0, 1])
    """
    require_tensor("linalg.cross", input)
    return products.cross_product(input, require_tensor("linalg.cross", other, "other"), dim, "linalg.cross")


__all__ = [
    "LinAlgError", "cholesky", "cross", "det", "diagonal", "inv", "matmul", "matrix_norm", "matrix_power", "multi_dot",
    "norm", "pinv", "slogdet", "solve", "svdvals", "vecdot", "vector_norm",
]  # fmt: skip
