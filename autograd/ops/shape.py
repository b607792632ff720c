"""Views and rearrangements: the same numbers in another shape.

>>> from autograd import arange
>>> x = arange(6).reshape(2, 3)
>>> x.T
tensor([[0, 3],
        [1, 4],
        [2, 5]])

A view shares its storage: only shape, strides and offset are new, so it costs no copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import ref

from .. import dtypes
from ..backend import K
from ..errors import wrap_dim
from ..op import Op, broadcast_shapes, contiguous, record, record_many, require_tensor, result_type
from ..out import with_out
from ..storage import Array, empty, packed
from ..tensor import Tensor, wrap


def view_of(op: type[Op], x: Tensor, y: Array, params: tuple = ()) -> Tensor:
    """Record a view, and let the storage know its views, so that a write through one is seen by all."""
    t = record(op, (x._edge,), (x._array, y), y, params)
    remember_views(y.storage, x, t)
    return t


class _Views(list):
    """Weak references to tensors, and at how many the dead are forgotten."""

    limit = 64


def remember_views(storage, *tensors: Tensor) -> None:
    """Note the tensors that look at a storage, weakly; forget the dead when there are many."""
    views = getattr(storage, "views", None)
    if views is None:
        views = storage.views = _Views()
    elif len(views) > views.limit:
        views[:] = {id(t): ref(t) for r in views if (t := r()) is not None}.values()
        views.limit = 64 + 2 * len(views)  # so that n live views cost n, not n * n
    for t in tensors:
        views.append(ref(t))


def views_of(x: Tensor) -> list[Tensor]:
    """The other live tensors that look at the storage of x."""
    found = {id(t): t for r in getattr(x._array.storage, "views", ()) if (t := r()) is not None and t is not x}
    return list(found.values())


def sizes(given: Sequence, op: str) -> tuple:
    """A shape given as ints or as one sequence of them."""
    if len(given) == 1 and not hasattr(given[0], "__index__"):
        given = given[0]
    try:
        return tuple([n.__index__() for n in given])
    except AttributeError:
        raise TypeError(f"{op}(): a shape is made of ints, got {given!r}") from None


# --- rows -------------------------------------------------------------------------------------------------------------


class Alias(Op):
    """y = x
    dL/dx = g"""

    fused = {"x": "g"}

    def dx(g):
        return g


class Clone(Op):
    """y = x, copied
    dL/dx = g"""

    fused = {"x": "g"}

    def dx(g):
        return g


class View(Op):
    """y = x in another shape, row-major
    dL/dx = g in the shape of x"""

    @staticmethod
    def backward(node, g):
        shape = node.edges[0].layout.shape
        g = contiguous(g)
        return (g.view(shape),)

    def dx(g, shape):
        return reshape(g, shape)


class Permute(Op):
    """y = x with its dims in another order
    dL/dx = g with its dims put back"""

    params = ("order",)

    @staticmethod
    def backward(node, g):
        back = _inverse(node.params[0])
        return (g.view(tuple([g.shape[d] for d in back]), tuple([g.strides[d] for d in back])),)

    def dx(g, order):
        return permute(g, _inverse(order))


class Expand(Op):
    """y = x broadcast to a larger shape
    dL/dx = g, summed over the broadcast dims"""

    fused = {"x": "g"}

    def dx(g):
        return g


class Slice(Op):
    """y = the part of x that basic indexing selects
    dL/dx = zeros in the shape of x, with g in that part"""

    params = ("shape_of_y", "strides", "offset")

    @staticmethod
    def backward(node, g):
        shape, strides, offset = node.params
        dx = empty(node.edges[0].layout.shape, g.dtype)
        K.fill(dx, 0.0)
        K.copy(dx.view(shape, strides, offset), g)
        return (dx,)

    def dx(g, shape, shape_of_y, strides, offset):
        return Unslice.apply(g, shape, (shape_of_y, strides, offset))


class Unslice(Op):
    """y = zeros with x in the part that a slice selects
    dL/dx = that part of g"""

    params = ("geometry",)

    @classmethod
    def apply(cls, x: Tensor, shape: tuple, geometry: tuple) -> Tensor:
        y = empty(tuple(shape), x.dtype)
        K.fill(y, 0.0)
        K.copy(y.view(*geometry), x._array)
        return record(cls, (x._edge,), (x._array, y), y, (geometry,))

    def dx(g, geometry):
        return slice_like(g.contiguous(), *geometry)


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


def _inverse(order: tuple) -> tuple:
    back = [0] * len(order)
    for i, d in enumerate(order):
        back[d] = i
    return tuple(back)


def _parts(a: Array, dim: int, lengths: Sequence[int]) -> list[Array]:
    parts: list[Array] = []
    start = 0
    for n in lengths:
        parts.append(a.view(a.shape[:dim] + (n,) + a.shape[dim + 1 :], a.strides, start * a.strides[dim]))
        start += n
    return parts


# --- shape ------------------------------------------------------------------------------------------------------------


def _infer(shape: tuple, size: int) -> tuple:
    """The shape with its -1 worked out; RuntimeError where the sizes cannot hold ``size`` elements."""
    known, unknown = 1, None
    for i, n in enumerate(shape):
        if n == -1:
            if unknown is not None:
                raise RuntimeError(f"only one dimension can be inferred, got shape {list(shape)}")
            unknown = i
        elif n < 0:
            raise RuntimeError(f"invalid shape dimension {n} in {list(shape)}")
        else:
            known *= n
    if unknown is not None:
        if known == 0 and size == 0:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size "
                "-1 can be any value and is ambiguous"
            )
        if known and size % known == 0:
            return shape[:unknown] + (size // known,) + shape[unknown + 1 :]
    elif known == size:
        return shape
    raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")


def _view_strides(a: Array, shape: tuple) -> tuple | None:
    """Strides that show a's elements, row-major, in another shape; None where only a copy can."""
    if a.contiguous or a.size == 0:
        return packed(shape, a.dtype).strides
    old = [(n, s) for n, s in zip(a.shape, a.strides) if n != 1]
    strides: list[int] = []
    block, stride = 1, 1  # the run of old dims that the new dims still have to fill, from the back
    for n in reversed(shape):
        if n == 1:
            strides.append(stride * block)
            continue
        if block == 1:
            if not old:
                return None
            block, stride = old.pop()
            while old and old[-1][1] == stride * block:
                block *= old.pop()[0]
            run = stride
        if block % n:
            return None
        strides.append(run)
        run *= n
        block //= n
    return tuple(reversed(strides))


def reshape(input: Tensor, *shape) -> Tensor:
    """The elements, row-major, in another shape: a view where strides allow, else a copy. One size may be -1.

    >>> from autograd import arange
    >>> reshape(arange(4), (2, -1))
    tensor([[0, 1],
            [2, 3]])
    """
    a = require_tensor("reshape", input)._array
    new = _infer(sizes(shape, "reshape"), a.size)
    if new == a.shape:
        return view_of(View, input, a)
    strides = _view_strides(a, new)
    if strides is None:
        input = clone(input)
        a = input._array
        strides = packed(new, a.dtype).strides
    return view_of(View, input, a.view(new, strides))


def view(input: Tensor, *shape) -> Tensor:
    """As :func:`reshape`, but never a copy: RuntimeError where the strides do not allow a view. With a dtype of the
    same size, the same memory read as that dtype is not supported.

    >>> from autograd import arange
    >>> view(arange(4), 2, 2).shape
    autograd.Size([2, 2])
    """
    a = input._array
    new = _infer(sizes(shape, "view"), a.size)
    strides = _view_strides(a, new)
    if strides is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            f"contiguous subspaces): view({list(new)}) of a tensor of shape {list(a.shape)} with strides "
            f"{list(a.strides)}. Use .reshape(...) instead."
        )
    return view_of(View, input, a.view(new, strides))


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """input.view(other.shape)"""
    return view(input, other.shape)


def permute(input: Tensor, *dims) -> Tensor:
    """The dims in another order.

    >>> from autograd import zeros
    >>> permute(zeros(2, 3, 4), 2, 0, 1).shape
    autograd.Size([4, 2, 3])
    """
    a = require_tensor("permute", input)._array
    order = sizes(dims, "permute")
    if len(order) != len(a.shape):
        raise RuntimeError(
            f"permute: number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {len(a.shape)} is not equal to len(dims) = {len(order)}"
        )
    order = tuple([wrap_dim(d, len(a.shape)) for d in order])
    if len(set(order)) != len(order):
        raise RuntimeError(f"permute(): duplicate dims are not allowed: {list(order)}")
    y = a.view(tuple([a.shape[d] for d in order]), tuple([a.strides[d] for d in order]))
    return view_of(Permute, input, y, (order,))


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dims swapped.

    >>> from autograd import zeros
    >>> transpose(zeros(2, 3), 0, 1).shape
    autograd.Size([3, 2])
    """
    ndim = len(require_tensor("transpose", input)._array.shape)
    dim0, dim1 = wrap_dim(dim0, ndim), wrap_dim(dim1, ndim)
    order = list(range(ndim))
    if ndim:
        order[dim0], order[dim1] = dim1, dim0
    return permute(input, tuple(order))


swapaxes = swapdims = transpose


def movedim(input: Tensor, source, destination) -> Tensor:
    """Dims moved to new places, the others in order.

    >>> from autograd import zeros
    >>> movedim(zeros(2, 3, 4), 0, -1).shape
    autograd.Size([3, 4, 2])
    """
    ndim = len(input._array.shape)
    src = [wrap_dim(d, ndim) for d in ((source,) if isinstance(source, int) else source)]
    dst = [wrap_dim(d, ndim) for d in ((destination,) if isinstance(destination, int) else destination)]
    if len(src) != len(dst):
        raise RuntimeError(f"movedim: Invalid source or destination dims: {source} and {destination}")
    order = [d for d in range(ndim) if d not in src]
    for to, d in sorted(zip(dst, src)):
        order.insert(to, d)
    return permute(input, tuple(order))


def t(input: Tensor) -> Tensor:
    """A matrix transposed; a vector or a 0-d tensor as it is."""
    if input.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
    return transpose(input, 0, 1) if input.ndim == 2 else view_of(View, input, input._array)


def expand(input: Tensor, *shape) -> Tensor:
    """Dims of size 1 broadcast to a larger size, without a copy; -1 keeps a size.

    >>> from autograd import tensor
    >>> expand(tensor([[1.0], [2.0]]), -1, 3)
    tensor([[1., 1., 1.],
            [2., 2., 2.]])
    """
    a = require_tensor("expand", input)._array
    new = sizes(shape, "expand")
    lead = len(new) - len(a.shape)
    if lead < 0:
        raise RuntimeError(
            f"expand(): the number of sizes provided ({len(new)}) must be greater or equal to the number of dimensions "
            f"in the tensor ({len(a.shape)})"
        )
    result, strides = [], []
    for d, n in enumerate(new):
        have = a.shape[d - lead] if d >= lead else 1
        if n == -1 and d >= lead:
            n = have
        if (n != have and have != 1) or n < 0:
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({have}) at non-singleton "
                f"dimension {d}.  Target sizes: {list(new)}.  Tensor sizes: {list(a.shape)}"
            )
        result.append(n)
        strides.append(a.strides[d - lead] if d >= lead and n == have else 0)
    return view_of(Expand, input, a.view(tuple(result), tuple(strides)))


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """input.expand(other.shape)"""
    return expand(input, other.shape)


broadcast_to = expand


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """All tensors expanded to their common shape."""
    shape = broadcast_shapes(*[x._array.shape for x in tensors])
    return tuple(expand(x, shape) for x in tensors)


def sum_to_size(input: Tensor, *shape) -> Tensor:
    """The input summed over dims so that it has ``shape``: the transpose of :func:`expand`.

    >>> from autograd import ones
    >>> sum_to_size(ones(2, 3), 1, 3)
    tensor([[2., 2., 2.]])
    """
    new = sizes(shape, "sum_to_size")
    old = input._array.shape
    lead = len(old) - len(new)
    if lead < 0 or any(n != m and n != 1 for n, m in zip(new, old[lead:])):
        raise RuntimeError(f"size {list(new)} is not expandable to size {list(old)}")
    dims = tuple(d for d, n in enumerate(old) if d < lead or (n != 1 and new[d - lead] == 1))
    return reshape(input.sum(dims), new) if dims else reshape(input, new)


def squeeze(input: Tensor, dim=None) -> Tensor:
    """Without the dims of size 1, or without those of ``dim`` that have size 1.

    >>> from autograd import zeros
    >>> squeeze(zeros(1, 2, 1)).shape
    autograd.Size([2])
    """
    a = require_tensor("squeeze", input)._array
    ndim = len(a.shape)
    if dim is None:
        drop = {d for d in range(ndim) if a.shape[d] == 1}
    else:
        drop = {wrap_dim(d, ndim) for d in ((dim,) if isinstance(dim, int) else dim)}
        drop = {d for d in drop if ndim and a.shape[d] == 1}
    keep = [d for d in range(ndim) if d not in drop]
    return view_of(View, input, a.view(tuple([a.shape[d] for d in keep]), tuple([a.strides[d] for d in keep])))


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new dim of size 1 at ``dim``.

    >>> from autograd import zeros
    >>> unsqueeze(zeros(2), 0).shape
    autograd.Size([1, 2])
    """
    a = require_tensor("unsqueeze", input)._array
    d = wrap_dim(dim, len(a.shape) + 1)
    stride = a.shape[d] * a.strides[d] if d < len(a.shape) else 1
    y = a.view(a.shape[:d] + (1,) + a.shape[d:], a.strides[:d] + (stride,) + a.strides[d:])
    return view_of(View, input, y)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dims from start_dim to end_dim as one.

    >>> from autograd import zeros
    >>> flatten(zeros(2, 3, 4), 1).shape
    autograd.Size([2, 12])
    """
    shape = require_tensor("flatten", input)._array.shape
    if not shape:
        return reshape(input, 1)
    start, end = wrap_dim(start_dim, len(shape)), wrap_dim(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    merged = 1
    for n in shape[start : end + 1]:
        merged *= n
    return reshape(input, shape[:start] + (merged,) + shape[end + 1 :])


def unflatten(input: Tensor, dim: int, shape: Sequence[int]) -> Tensor:
    """One dim split into several.

    >>> from autograd import zeros
    >>> unflatten(zeros(2, 12), 1, (3, 4)).shape
    autograd.Size([2, 3, 4])
    """
    old = input._array.shape
    d = wrap_dim(dim, len(old))
    return reshape(input, old[:d] + _infer(tuple(shape), old[d]) + old[d + 1 :])


def ravel(input: Tensor) -> Tensor:
    """All elements in one dim."""
    return reshape(input, -1)


def to_contiguous(input: Tensor) -> Tensor:
    """The tensor itself if its elements lie row-major, else a copy."""
    return input if input._array.contiguous else clone(input)


def clone(input: Tensor) -> Tensor:
    """A copy in memory of its own, through which gradients flow."""
    a = require_tensor("clone", input)._array
    y = empty(a.shape, a.dtype)
    K.copy(y, a)
    return record(Clone, (input._edge,), (a, y), y)


def slice_like(input: Tensor, shape: tuple, strides: tuple, offset: int) -> Tensor:
    """The part of a contiguous tensor with this geometry."""
    return view_of(Slice, input, input._array.view(shape, strides, offset), (shape, strides, offset))


def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """The part from start, of that length, along dim.

    >>> from autograd import arange
    >>> narrow(arange(5), 0, 1, 3)
    tensor([1, 2, 3])
    """
    d = wrap_dim(dim, input.ndim)
    n = input.shape[d]
    if not -n <= start <= n:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-n}, {n}], but got {start})")
    start = start + n if start < 0 else start
    if length < 0 or start + length > n:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({n}) of dimension {d}")
    return input[(slice(None),) * d + (slice(start, start + length),)]


def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The slice at ``index`` along ``dim``, without that dim."""
    return input[(slice(None),) * wrap_dim(dim, input.ndim) + (index,)]


# --- joining and splitting --------------------------------------------------------------------------------------------


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


__all__ = [
    "broadcast_tensors", "broadcast_to", "cat", "chunk", "clone", "concat", "concatenate", "flatten", "movedim",
    "narrow", "permute", "ravel", "reshape", "select", "split", "squeeze", "stack", "swapaxes", "swapdims", "t",
    "transpose", "unbind", "unflatten", "unsqueeze",
]  # fmt: skip
FUNCTIONS_ONLY = {"broadcast_tensors", "cat", "concat", "concatenate", "stack"}
METHODS = [n for n in __all__ if n not in FUNCTIONS_ONLY] + [
    "expand", "expand_as", "sum_to_size", "view", "view_as",
]  # fmt: skip
IN_PLACE_VIEWS = ["squeeze", "swapaxes", "swapdims", "t", "transpose", "unsqueeze"]
