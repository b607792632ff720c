"""Products of vectors, matrices and batches of them, all by way of :func:`matmul`.

>>> from autograd import tensor
>>> a, b = tensor([[1.0, 2.0]]), tensor([[3.0], [4.0]])
>>> mm(a, b), outer(tensor([1, 2]), tensor([3, 4])), kron(a, b)
(tensor([[11.]]), tensor([[3, 4],
        [6, 8]]), tensor([[3., 6.],
        [4., 8.]]))
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .. import dtypes
from ..errors import not_implemented, wrap_dim
from ..op import require_tensor, require_tensors
from ..out import with_out
from ..tensor import Tensor
from .diagonal import diagonal
from .join import stack
from .linalg import matmul, same_dtype

# --- two of them ------------------------------------------------------------------------------------------------------


@with_out
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices.

    >>> mm(tensor([[1.0, 2.0]]), tensor([[3.0], [4.0]]))
    tensor([[11.]])
    """
    require_tensors("mm", input=input, mat2=mat2)
    if require_tensor("mm", input).ndim != 2 or require_tensor("mm", mat2, "mat2").ndim != 2:
        raise RuntimeError(
            f"self must be a matrix, and mat2 too: mm got shapes {list(input.shape)} and {list(mat2.shape)}; use matmul"
        )
    return matmul(input, mat2)


@with_out
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices, (b, n, m) and (b, m, p)."""
    a, b = require_tensor("bmm", input)._array.shape, require_tensor("bmm", mat2, "mat2")._array.shape
    for name, shape in (("batch1", a), ("batch2", b)):
        if len(shape) != 3:
            raise RuntimeError(f"{name} must be a 3D tensor, got shape {list(shape)}: bmm; matmul takes any")
    if b[:2] != (a[0], a[2]):
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: {[a[0], a[2]]} but got: {list(b[:2])}. "
            f"(bmm of shapes {list(a)} and {list(b)})"
        )
    return matmul(input, mat2)


@with_out
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix and a vector."""
    require_tensors("mv", input=input, vec=vec)
    if require_tensor("mv", input).ndim != 2 or require_tensor("mv", vec, "vec").ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {list(input.shape)} and {list(vec.shape)}")
    return matmul(input, vec)


@with_out
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The dot product of two vectors."""
    require_tensors("dot", input=input, tensor=tensor)
    if require_tensor("dot", input).ndim != 1 or require_tensor("dot", tensor, "tensor").ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors")
    return matmul(input, tensor)


@with_out
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """The dot product of two vectors; of real numbers the same as :func:`dot`."""
    require_tensors("vdot", input=input, other=other)
    return dot(input, other)


@with_out
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The outer product of two vectors, (n,) and (m,): (n, m)."""
    require_tensors("outer", input=input, vec2=vec2)
    if require_tensor("outer", input).ndim != 1 or require_tensor("outer", vec2, "vec2").ndim != 1:
        raise RuntimeError(f"outer: Expected 1-D arguments, but got {input.ndim}-D and {vec2.ndim}-D")
    return input.unsqueeze(1) * vec2.unsqueeze(0)


@with_out
def ger(input: Tensor, vec2: Tensor) -> Tensor:
    """The older name of :func:`outer`."""
    require_tensors("ger", input=input, vec2=vec2)
    return outer(input, vec2)


@with_out
def inner(input: Tensor, other: Tensor) -> Tensor:
    """The sums of products along the last dims, (..., n) and (..., n); with a 0-d tensor the product.

    >>> inner(tensor([1, 2]), tensor([3, 4]))
    tensor(11)
    """
    if not (require_tensor("inner", input).ndim and require_tensor("inner", other, "other").ndim):
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            f"inner() the last dimension must match on both input tensors but got shapes {list(input.shape)} and "
            f"{list(other.shape)}"
        )
    same_dtype("inner", input, other)
    return tensordot(input, other, ([-1], [-1]))


@with_out
def tensordot(a: Tensor, b: Tensor, dims=2) -> Tensor:
    """The sums of products over some dims of a and b: the last of a and the first of b if ``dims`` is how many, else
    ``dims`` is a list for a and one for b.

    >>> tensordot(tensor([[1, 2], [3, 4]]), tensor([[1, 0], [0, 1]]), ([0, 1], [0, 1]))
    tensor(5)
    """
    first, second = _contracted(require_tensor("tensordot", a, "a"), require_tensor("tensordot", b, "b"), dims)
    for i, j in zip(first, second):
        if a.shape[i] != b.shape[j]:
            if a.shape[i] == 1:
                b = b.sum(j, keepdim=True)
            elif b.shape[j] == 1:
                a = a.sum(i, keepdim=True)
            else:
                raise RuntimeError(
                    f"contracted dimensions need to match, but first has size {a.shape[i]} in dim {i} and second has "
                    f"size {b.shape[j]} in dim {j} (tensordot of shapes {list(a.shape)} and {list(b.shape)})"
                )
    rows, columns = ([d for d in range(x.ndim) if d not in used] for x, used in ((a, first), (b, second)))
    inside = math.prod(a.shape[d] for d in first)
    left = a.permute(*rows, *first).reshape(math.prod(a.shape[d] for d in rows), inside)
    right = b.permute(*second, *columns).reshape(inside, math.prod(b.shape[d] for d in columns))
    return mm(left, right).reshape([*(a.shape[d] for d in rows), *(b.shape[d] for d in columns)])


def _contracted(a: Tensor, b: Tensor, dims) -> tuple[list[int], list[int]]:
    """The dims of a and of b over which tensordot sums."""
    if hasattr(dims, "__index__"):
        n = int(dims)
        if n < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={n}")
        if n > min(a.ndim, b.ndim):
            raise RuntimeError(
                f"tensordot expects dims < ndim_a or ndim_b, but got dims={n} for shapes {list(a.shape)} and "
                f"{list(b.shape)}"
            )
        return list(range(a.ndim - n, a.ndim)), list(range(n))
    first, second = ([d] if hasattr(d, "__index__") else list(d) for d in dims)
    if len(first) != len(second):
        raise RuntimeError(f"both dimension lists should have same length, got {first} and {second} (tensordot)")
    return [wrap_dim(d, a.ndim) for d in first], [wrap_dim(d, b.ndim) for d in second]


@with_out
def kron(input: Tensor, other: Tensor) -> Tensor:
    """The Kronecker product: every element of input times all of other, as blocks.

    >>> kron(tensor([1, 10]), tensor([1, 2]))
    tensor([ 1,  2, 10, 20])
    """
    n = max(require_tensor("kron", input).ndim, require_tensor("kron", other, "other").ndim)
    a, b = ((1,) * (n - x.ndim) + tuple(x.shape) for x in (input, other))
    spaced = [m for pair in zip(a, (1,) * n) for m in pair], [m for pair in zip((1,) * n, b) for m in pair]
    return (input.reshape(spaced[0]) * other.reshape(spaced[1])).reshape([i * j for i, j in zip(a, b)])


def cross_product(a: Tensor, b: Tensor, dim: int, op: str) -> Tensor:
    """The cross product of the vectors of length 3 along a dim; the other dims broadcast."""
    if a.ndim != b.ndim:
        raise RuntimeError(
            f"{op}: inputs must have the same number of dimensions, got shapes {list(a.shape)} and {list(b.shape)}"
        )
    axis = wrap_dim(dim, a.ndim)
    if a.shape[axis] != 3 or b.shape[axis] != 3:
        raise RuntimeError(f"{op}: inputs dimension {dim} must have length 3. Got {a.shape[axis]} and {b.shape[axis]}")
    (a0, a1, a2), (b0, b1, b2) = a.unbind(axis), b.unbind(axis)
    return stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis - a.ndim)


@with_out
def cross(input: Tensor, other: Tensor, dim=None) -> Tensor:
    """The cross product of vectors of length 3 along ``dim``, by default the first dim of that length.

    >>> cross(tensor([1, 0, 0]), tensor([0, 1, 0]))
    tensor([0, 0, 1])
    """
    if dim is None:
        found = [d for d, n in enumerate(require_tensor("cross", input)._array.shape) if n == 3]
        if not found:
            raise RuntimeError(f"no dimension of size 3 in input of shape {list(input.shape)} (cross)")
        dim = found[0]
    return cross_product(input, require_tensor("cross", other, "other"), dim, "cross")


def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal.

    >>> trace(tensor([[1, 2], [3, 4]]))
    tensor(5)
    """
    if require_tensor("trace", input).ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    if input.dtype is dtypes.bool_:
        raise not_implemented("trace", input.dtype)
    return diagonal(input).sum()


# --- a product and a sum ----------------------------------------------------------------------------------------------


def _plus(op: str, input: Tensor, product: Tensor, beta, alpha) -> Tensor:
    """beta * input + alpha * product; with beta = 0 input is ignored, NaN and infinities too."""
    same_dtype(op, require_tensor(op, input), product)
    input = input.expand(product.shape)
    if product.dtype.category == 1:
        if op == "addr" and (isinstance(beta, float) or isinstance(alpha, float)):
            raise RuntimeError(
                "For integral input tensors, arguments beta and alpha must not be floating point numbers."
            )
        beta, alpha = int(beta), int(alpha)  # as in PyTorch: integers stay integers
    if alpha != 1:
        product = product * alpha
    if beta == 0:
        return product
    return product + (input if beta == 1 else input * beta)


@with_out
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta=1, alpha=1) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2), of matrices."""
    return _plus("addmm", input, mm(mat1, mat2), beta, alpha)


@with_out
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta=1, alpha=1) -> Tensor:
    """beta * input + alpha * (mat @ vec), of a matrix and a vector."""
    return _plus("addmv", input, mv(mat, vec), beta, alpha)


@with_out
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta=1, alpha=1) -> Tensor:
    """beta * input + alpha * outer(vec1, vec2)"""
    return _plus("addr", input, outer(vec1, vec2), beta, alpha)


@with_out
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta=1, alpha=1) -> Tensor:
    """beta * input + alpha * (batch1 @ batch2), of batches of matrices."""
    return _plus("baddbmm", input, bmm(batch1, batch2), beta, alpha)


@with_out
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta=1, alpha=1) -> Tensor:
    """beta * input + alpha * (the sum over the batch of batch1 @ batch2)"""
    require_tensors("addbmm", input=input, batch1=batch1, batch2=batch2)
    if batch1.ndim != 3 or batch2.ndim != 3 or batch2.shape[:2] != (batch1.shape[0], batch1.shape[2]):
        raise RuntimeError(
            f"Incompatible matrix sizes for bmm: addbmm takes (b, n, m) and (b, m, p), got {list(batch1.shape)} and "
            f"{list(batch2.shape)}"
        )
    return _plus("addbmm", input, tensordot(batch1, batch2, ([0, 2], [0, 1])), beta, alpha)


# --- many of them -----------------------------------------------------------------------------------------------------


def in_best_order(matrices: Sequence[Tensor]) -> Tensor:
    """The product of matrices, in the order that takes the fewest multiplications (Cormen et al., Introduction to
    Algorithms, section 15.2)."""
    sizes = [m.shape[0] for m in matrices] + [matrices[-1].shape[1]]
    n = len(matrices)
    cost: dict[tuple[int, int], tuple[int, int]] = {(i, i): (0, i) for i in range(n)}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i, j] = min(
                (cost[i, k][0] + cost[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )

    def product(i: int, j: int) -> Tensor:
        if i == j:
            return matrices[i]
        k = cost[i, j][1]
        return mm(product(i, k), product(k + 1, j))

    return product(0, n - 1)


@with_out
def chain_matmul(*matrices: Tensor) -> Tensor:
    """The product of matrices, in the order that takes the fewest multiplications.

    >>> chain_matmul(tensor([[1.0, 2.0]]), tensor([[3.0], [4.0]]), tensor([[2.0]]))
    tensor([[22.]])
    """
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for m in matrices:
        if require_tensor("chain_matmul", m, "matrices").ndim != 2:
            raise RuntimeError(f"chain_matmul(): Tensor dimension is {m.ndim}, expected 2")
    return in_best_order(matrices)


__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "chain_matmul", "cross", "dot", "ger", "inner", "kron", "mm",
    "mv", "outer", "tensordot", "trace", "vdot",
]  # fmt: skip
METHODS = [n for n in __all__ if n not in ("chain_matmul", "tensordot")]
IN_PLACE = ["addbmm", "addmm", "addmv", "addr", "baddbmm"]
