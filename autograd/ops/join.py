"""Joining tensors and splitting them.

>>> from autograd import tensor
>>> split(cat([tensor([1, 2]), tensor([3])]), [1, 2])
(tensor([1]), tensor([2, 3]))
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import dtypes
from ..backend import K
from ..errors import wrap_dim
from ..op import Op, record, record_many, require_tensor, result_type
from ..out import with_out
from ..storage import Array, empty
from ..tensor import Tensor, wrap
from .shape import squeeze, unsqueeze
from .views import remember_views


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


class Split(Op):
    """y_i = consecutive parts of x along dim
    dL/dx = the gradients of the parts, one after another"""

    params = ("dim", "lengths")

    def dx(g, shape, dim, lengths):
        like = next(v for v in g if v is not None)
        parts = []
        for n, part in zip(lengths, g):
            if part is None:
                part = zeros(tuple(shape[:dim]) + (n,) + tuple(shape[dim + 1 :]), like.dtype)
            parts.append(part)
        return cat(parts, dim)


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


# --- joining ----------------------------------------------------------------------------------------------------------


@with_out
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after another along ``dim``.

    >>> from autograd import tensor
    >>> cat([tensor([1.0]), tensor([2.0, 3.0])])
    tensor([1., 2., 3.])
    """
    tensors = [require_tensor("cat", x, "tensors") for x in tensors]
    if not tensors:
        raise RuntimeError("torch.cat(): expected a non-empty list of Tensors".replace("torch.", ""))
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
        common = common if a.dtype is common else result_type(wrap(empty((1,), common)), x)
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
    tensors = [require_tensor("stack", x, "tensors") for x in tensors]
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    for i, x in enumerate(tensors):
        if x._array.shape != tensors[0]._array.shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(tensors[0].shape)} at entry 0 and "
                f"{list(x.shape)} at entry {i}"
            )
    d = wrap_dim(dim, tensors[0].ndim + 1)
    return cat([unsqueeze(x, d) for x in tensors], d)


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
        lengths = [int(v) for v in split_size_or_sections]
        if any(v < 0 for v in lengths) or sum(lengths) != n:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension {d}), "
                f"but got split_sizes={lengths}"
            )
    parts = record_many(Split, (tensor._edge,), (a,), _parts(a, d, lengths), (d, tuple(lengths)))
    remember_views(a.storage, tensor, *parts)
    return tuple(parts)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most ``chunks`` parts of equal size along ``dim`` (the last may be smaller).

    >>> from autograd import arange
    >>> chunk(arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = input.shape[dim]
    return split(input, -(-n // chunks) if n else [0] * chunks, dim)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along ``dim``, without it.

    >>> from autograd import tensor
    >>> unbind(tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    if not require_tensor("unbind", input)._array.shape:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    d = wrap_dim(dim, input.ndim)
    if not input._array.shape[d]:
        return ()
    return tuple(squeeze(part, d) for part in split(input, 1, d))


__all__ = ["cat", "chunk", "concat", "concatenate", "split", "stack", "unbind"]
METHODS = ["chunk", "split", "unbind"]
