"""Joining tensors and splitting them.

>>> from autograd import tensor
>>> split(cat([tensor([1, 2]), tensor([3])]), [1, 2])
(tensor([1]), tensor([2, 3]))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .. import dtypes
from ..backend import K
from ..errors import wrap_dim
from ..op import Op, record, record_many, require_tensor
from ..out import with_out
from ..storage import Array, empty
from ..tensor import Tensor, wrap
from .shape import atleast_1d, atleast_2d, atleast_3d, reshape
from .views import ViewOp, narrow, remember_views


class Cat(Op):
    """y = the inputs, one after another along dim
    dL/dx_i = the part of g that came from x_i"""

    inputs = ()
    params = ("dim", "lengths")

    @staticmethod
    def backward(node, g):
        return [None if e is None else part for e, part in zip(node.edges, _parts(g, *node.params))]

    @classmethod
    def differentiate(cls, node, g):
        return split(g, list(node.params[1]), node.params[0])


class Stack(Op):
    """y = the inputs side by side along a new dim
    dL/dx_i = the slice of g that came from x_i"""

    inputs = ()
    params = ("dim",)

    @staticmethod
    def backward(node, g):
        return [None if e is None else part for e, part in zip(node.edges, _slices(g, *node.params))]

    @classmethod
    def differentiate(cls, node, g):
        return unbind(g, *node.params)


class Split(ViewOp):
    """y_i = consecutive parts of x along dim
    dL/dx = the gradients of the parts, one after another"""

    params = ("dim", "lengths")

    @staticmethod
    def backward(node, g):
        return (_filled(node, g, _parts),)

    def dx(g, shape, dim, lengths):
        like = next(v for v in g if v is not None)
        parts = []
        for n, part in zip(lengths, g):
            if part is None:
                part = zeros(tuple(shape[:dim]) + (n,) + tuple(shape[dim + 1 :]), like.dtype)
            parts.append(part)
        return cat(parts, dim)


class SplitWithSizes(Split):
    """y_i = consecutive parts of x along dim, of sizes given
    dL/dx = the gradients of the parts, one after another"""


class Unbind(ViewOp):
    """y_i = the slices of x along dim
    dL/dx = the gradients of the slices, side by side"""

    params = ("dim",)

    @staticmethod
    def backward(node, g):
        return (_filled(node, g, _slices),)

    def dx(g, dim):
        like = next(v for v in g if v is not None)
        return stack([zeros(like.shape, like.dtype) if v is None else v for v in g], dim)


def _filled(node, g: list, pieces) -> Array:
    """The gradient of an input from those of its pieces, 0 where none arrived."""
    like = next(v for v in g if v is not None)
    dx = empty(node.edges[0].layout.shape, like.dtype)
    for piece, v in zip(pieces(dx, *node.params), g):
        if v is None:
            K.fill(piece, 0.0)
        else:
            K.copy(piece, v)
    return dx


def zeros(shape: tuple, dtype: dtypes.dtype, value: float = 0.0) -> Tensor:
    """A tensor of one value."""
    y = empty(tuple(shape), dtype)
    K.fill(y, value)
    return wrap(y)


def ones_like_dim(x: Tensor) -> Tensor:
    """Ones in the shape of x with its last dim of size 1."""
    return zeros(tuple(x.shape[:-1]) + (1,), x.dtype, 1.0)


def _parts(a: Array, dim: int, lengths: Sequence[int]) -> list[Array]:
    parts: list[Array] = []
    start = 0
    for n in lengths:
        parts.append(a.view(a.shape[:dim] + (n,) + a.shape[dim + 1 :], a.strides, start * a.strides[dim]))
        start += n
    return parts


def _slices(a: Array, dim: int) -> list[Array]:
    shape, strides = a.shape[:dim] + a.shape[dim + 1 :], a.strides[:dim] + a.strides[dim + 1 :]
    return [a.view(shape, strides, i * a.strides[dim]) for i in range(a.shape[dim])]


# --- joining ----------------------------------------------------------------------------------------------------------


@with_out
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after another along ``dim``.

    >>> from autograd import tensor
    >>> cat([tensor([1.0]), tensor([2.0, 3.0])])
    tensor([1., 2., 3.])
    """
    tensors = _required("cat", tensors)
    if not tensors:
        raise RuntimeError("cat(): expected a non-empty list of Tensors")
    if any(not x._array.shape for x in tensors):
        raise RuntimeError("zero-dimensional tensor cannot be concatenated: unsqueeze it, or use stack")
    used = [x for x in tensors if x._array.shape != (0,)] or tensors  # as in PyTorch, empty vectors join anything
    first = used[0]._array
    d = wrap_dim(dim, len(first.shape))
    common = used[0].dtype
    for i, x in enumerate(used[1:], 1):
        a = x._array
        if len(a.shape) != len(first.shape):
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first.shape)} and {len(a.shape)}"
            )
        if a.shape[:d] != first.shape[:d] or a.shape[d + 1 :] != first.shape[d + 1 :]:
            raise RuntimeError(
                f"Sizes of tensors must match except in dimension {d}. Expected {list(first.shape)} but got "
                f"{list(a.shape)} for tensor number {i} in the list."
            )
        common = dtypes.promote_types(common, x._array.dtype)
    used = [x.to(common) for x in used]
    lengths = tuple([x._array.shape[d] for x in used])
    total = 0
    for n in lengths:
        total += n
    y = empty(first.shape[:d] + (total,) + first.shape[d + 1 :], common)
    for part, x in zip(_parts(y, d, lengths), used):
        K.copy(part, x._array)
    return record(Cat, tuple([t._edge for t in used]), (y,), y, (d, lengths))


concat = concatenate = cat


@with_out
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape along a new dim.

    >>> from autograd import tensor
    >>> stack([tensor([1.0, 2.0]), tensor([3.0, 4.0])], 1)
    tensor([[1., 3.],
            [2., 4.]])
    """
    tensors = _several("stack", tensors)
    common = tensors[0].dtype
    for i, x in enumerate(tensors):
        if x._array.shape != tensors[0]._array.shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(tensors[0].shape)} at entry 0 and "
                f"{list(x.shape)} at entry {i}"
            )
        common = dtypes.promote_types(common, x._array.dtype)
    d = wrap_dim(dim, tensors[0].ndim + 1)
    tensors = [x.to(common) for x in tensors]
    shape = tensors[0]._array.shape
    y = empty(shape[:d] + (len(tensors),) + shape[d:], common)
    for piece, x in zip(_slices(y, d), tensors):
        K.copy(piece, x._array)
    return record(Stack, tuple([x._edge for x in tensors]), (y,), y, (d,))


def _required(op: str, tensors: Sequence[Tensor]) -> list[Tensor]:
    if isinstance(tensors, Tensor):
        raise TypeError(f"{op}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor")
    return [require_tensor(op, x, "tensors") for x in tensors]


def _several(op: str, tensors: Sequence[Tensor]) -> list[Tensor]:
    if not isinstance(tensors, Tensor) and not tensors:
        raise RuntimeError(f"{op} expects a non-empty TensorList")
    return _required(op, tensors)


@with_out
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors side by side: along dim 1, or vectors and numbers along dim 0.

    >>> hstack([tensor([1, 2]), tensor([3])])
    tensor([1, 2, 3])
    """
    made = [atleast_1d(x) for x in _several("hstack", tensors)]
    return cat(made, 0 if made[0].ndim == 1 else 1)


@with_out
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors one below another, vectors as rows.

    >>> vstack([tensor([1, 2]), tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    return cat([atleast_2d(x) for x in _several("vstack", tensors)], 0)


row_stack = vstack


@with_out
def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors one behind another, along the third dim.

    >>> dstack([tensor([1, 2]), tensor([3, 4])]).shape
    autograd.Size([1, 2, 2])
    """
    return cat([atleast_3d(x) for x in _several("dstack", tensors)], 2)


@with_out
def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors side by side, vectors as columns.

    >>> column_stack([tensor([1, 2]), tensor([3, 4])])
    tensor([[1, 3],
            [2, 4]])
    """
    tensors = _several("column_stack", tensors)
    return hstack([reshape(x, -1, 1) if x.ndim < 2 else x for x in tensors])


def block_diag(*tensors: Tensor) -> Tensor:
    """The matrices along the diagonal of one, zeros elsewhere; vectors are rows.

    >>> block_diag(tensor([1, 2]), tensor([[3], [4]]))
    tensor([[1, 2, 0],
            [0, 0, 3],
            [0, 0, 4]])
    """
    for i, x in enumerate(_required("block_diag", tensors)):
        if x.ndim > 2:
            raise RuntimeError(f"block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {x.ndim}")
    blocks = [atleast_2d(x) for x in tensors] or [zeros((1, 0), dtypes.get_default_dtype())]
    width, before, rows = sum(x.shape[1] for x in blocks), 0, []
    for x in blocks:
        n, m = x.shape
        rows.append(cat([zeros((n, before), x.dtype), x, zeros((n, width - before - m), x.dtype)], 1))
        before += m
    return cat(rows)


# --- splitting --------------------------------------------------------------------------------------------------------


def split(tensor: Tensor, split_size_or_sections, dim: int = 0) -> tuple[Tensor, ...]:
    """Consecutive parts along ``dim``: of one size (the last may be smaller), or of the sizes given.

    >>> from autograd import arange
    >>> split(arange(5), 2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    a = require_tensor("split", tensor)._array
    d = wrap_dim(dim, len(a.shape))
    if not a.shape:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    n = a.shape[d]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size < 0 or (size == 0 and n):
            raise RuntimeError(f"split expects split_size be positive, but got split_size={size}")
        count = max(1, -(-n // size)) if size else 1
        lengths = [min(size, n - i * size) for i in range(count)]
    else:
        return split_with_sizes(tensor, split_size_or_sections, dim)
    return _views_of_parts(Split, tensor, _parts(a, d, lengths), (d, tuple(lengths)))


def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Consecutive parts along ``dim``, of these sizes.

    >>> from autograd import arange
    >>> split_with_sizes(arange(5), [1, 4])
    (tensor([0]), tensor([1, 2, 3, 4]))
    """
    a = require_tensor("split_with_sizes", input)._array
    d, lengths = wrap_dim(dim, len(a.shape)), [int(v) for v in split_sizes]
    n = a.shape[d]
    if any(v < 0 for v in lengths) or sum(lengths) != n:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension {d}), "
            f"but got split_sizes={lengths}"
        )
    return _views_of_parts(SplitWithSizes, input, _parts(a, d, lengths), (d, tuple(lengths)))


def _views_of_parts(op: type[ViewOp], x: Tensor, pieces: list[Array], params: tuple) -> tuple[Tensor, ...]:
    made = record_many(op, (x._edge,), (x._array,), pieces, params)
    remember_views(x._array.storage, x, *made)
    return tuple(made)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most ``chunks`` parts of equal size along ``dim`` (the last may be smaller).

    >>> from autograd import arange
    >>> chunk(arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    if not require_tensor("chunk", input)._array.shape:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = input.shape[wrap_dim(dim, input.ndim)]
    return split(input, -(-n // chunks) if n else [0] * chunks, dim)


def tensor_split(input: Tensor, indices_or_sections, dim: int = 0) -> tuple[Tensor, ...]:
    """Parts along ``dim``: that many, their sizes as even as can be, or those that begin at these indices.

    >>> from autograd import arange
    >>> tensor_split(arange(5), 3), tensor_split(arange(5), (1, 3))
    ((tensor([0, 1]), tensor([2, 3]), tensor([4])), (tensor([0]), tensor([1, 2]), tensor([3, 4])))
    """
    if not require_tensor("tensor_split", input)._array.shape:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    d = wrap_dim(dim, input.ndim)
    n, at = input.shape[d], indices_or_sections
    if isinstance(at, Tensor):
        if at.dtype is not dtypes.int64 or at.ndim > 1:
            raise RuntimeError(
                f"tensor_split expected tensor_indices_or_sections to have dtype of long and 0 or 1 dims, but got "
                f"{at.dtype.title} of shape {list(at.shape)}"
            )
        at = at.tolist()
    if isinstance(at, int):
        if at <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {at}")
        if at >> 32:
            raise OverflowError(f"tensor_split: {at} sections are more than can be listed")
        small, larger = divmod(n, at)
        starts = [i * small + min(i, larger) for i in range(at)]
    else:
        starts = [0, *[slice(i, None).indices(n)[0] for i in at]]
    ends = [*starts[1:], n]
    return tuple([narrow(input, d, a, max(b - a, 0)) for a, b in zip(starts, ends)])


def _split_along(name: str, ndim: int, dim: int) -> Callable:
    """hsplit and its kin: tensor_split along a fixed dim, into equal parts."""

    def f(input: Tensor, indices_or_sections) -> tuple[Tensor, ...]:
        if require_tensor(name, input).ndim < ndim:
            raise RuntimeError(
                f"{name} requires a tensor with at least {ndim} dimension, but got a tensor with {input.ndim} "
                "dimensions!"
            )
        d = 0 if input.ndim == 1 else dim
        if isinstance(indices_or_sections, int) and (indices_or_sections <= 0 or input.shape[d] % indices_or_sections):
            raise RuntimeError(
                f"{name} attempted to split along dimension {d}, but the size of the dimension {input.shape[d]} is not "
                f"divisible by the split_size {indices_or_sections}!"
            )
        return tensor_split(input, indices_or_sections, d)

    f.__name__ = f.__qualname__ = name
    f.__doc__ = f"As :func:`tensor_split` along dim {dim}; a number of parts must divide its size."
    return f


hsplit, vsplit, dsplit = _split_along("hsplit", 1, 1), _split_along("vsplit", 2, 0), _split_along("dsplit", 3, 2)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along ``dim``, without it.

    >>> from autograd import tensor
    >>> unbind(tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    a = require_tensor("unbind", input)._array
    if not a.shape:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    d = wrap_dim(dim, len(a.shape))
    return _views_of_parts(Unbind, input, _slices(a, d), (d,))


__all__ = [
    "block_diag", "cat", "chunk", "column_stack", "concat", "concatenate", "dsplit", "dstack", "hsplit", "hstack",
    "row_stack", "split", "split_with_sizes", "stack", "tensor_split", "unbind", "vsplit", "vstack",
]  # fmt: skip
METHODS = ["chunk", "dsplit", "hsplit", "split", "split_with_sizes", "tensor_split", "unbind", "vsplit"]
