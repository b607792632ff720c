"""The same numbers in another shape: reshaped, with dims of size 1 more or less, broadcast.

>>> from autograd import arange
>>> arange(6).reshape(2, 3).unsqueeze(0).shape
autograd.Size([1, 2, 3])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from .. import dtypes
from ..errors import wrap_dim
from ..op import broadcast_shapes, contiguous, require_tensor, require_tensors
from ..storage import Array, packed, strided
from ..tensor import Tensor, wrap
from .views import ViewOp, clone, view_of


class View(ViewOp):
    """y = x in another shape, row-major
    dL/dx = g in the shape of x"""

    @staticmethod
    def backward(node, g):
        shape = node.edges[0].layout.shape
        g = contiguous(g)
        return (g.view(shape),)

    def dx(g, shape):
        return reshape(g, shape)


class Squeeze(View):
    """y = x without some dims of size 1
    dL/dx = g in the shape of x"""


class Unsqueeze(View):
    """y = x with one more dim, of size 1
    dL/dx = g in the shape of x"""


class Expand(ViewOp):
    """y = x broadcast to a larger shape
    dL/dx = g, summed over the broadcast dims"""

    fused = {"x": "g"}

    def dx(g):
        return g


# --- functions --------------------------------------------------------------------------------------------------------


def sizes(given: Sequence, op: str) -> tuple:
    """A shape given as ints or as one sequence of them."""
    if len(given) == 1 and not hasattr(given[0], "__index__"):
        given = given[0]
    try:
        return tuple([n.__index__() for n in given])
    except (AttributeError, TypeError):
        raise TypeError(f"{op}(): a shape is made of ints, got {given!r}") from None


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


def reshape(input: Tensor, *size, shape=None) -> Tensor:
    """The elements, row-major, in another shape: a view where strides allow, else a copy. One size may be -1.

    >>> from autograd import arange
    >>> reshape(arange(4), (2, -1))
    tensor([[0, 1],
            [2, 3]])
    """
    a = require_tensor("reshape", input)._array
    new = _infer(sizes(size if shape is None else (shape,), "reshape"), a.size)
    if new == a.shape:
        return view_of(View, input, a)
    strides = _view_strides(a, new)
    if strides is None:
        input = clone(input)
        a = input._array
        strides = packed(new, a.dtype).strides
    return view_of(View, input, a.view(new, strides))


def view(input: Tensor, *shape, size=None, dtype: dtypes.dtype | None = None) -> Tensor:
    """As :func:`reshape`, but never a copy: RuntimeError where the strides do not allow a view. With a dtype: the same
    memory read as that dtype, outside the graph.

    >>> from autograd import arange
    >>> view(arange(4), 2, 2).shape
    autograd.Size([2, 2])
    """
    a = input._array
    if dtype is None and len(shape) == 1 and isinstance(shape[0], dtypes.dtype):
        dtype = shape[0]
    if dtype is not None:
        return _reread(input, dtypes.as_dtype(dtype))
    new = _infer(sizes(shape if size is None else (size,), "view"), a.size)
    strides = _view_strides(a, new)
    if strides is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            f"contiguous subspaces): view({list(new)}) of a tensor of shape {list(a.shape)} with strides "
            f"{list(a.strides)}. Use .reshape(...) instead."
        )
    return view_of(View, input, a.view(new, strides))


def _reread(input: Tensor, dtype: dtypes.dtype) -> Tensor:
    """The bytes of a tensor as elements of another dtype: of another size, more or fewer of them in the last dim."""
    a = input._array
    shape, strides, old, new = a.shape, a.strides, a.dtype.itemsize, dtype.itemsize
    if old != new:
        _check_reread(a, dtype)
        shape = (*shape[:-1], shape[-1] * old // new)
        strides = (*[s * old // new for s in strides[:-1]], 1)
    y = a.view(shape, strides)
    y.layout, y.offset = strided(shape, strides, dtype), a.offset * old // new
    return wrap(y)


def _check_reread(a: Array, dtype: dtypes.dtype) -> None:
    """Raise unless the elements of an array can be read as those of a dtype of another size."""
    how = f"to view {a.dtype.title} as {dtype.title} (different element sizes)"
    if not a.shape:
        raise RuntimeError(f"self.dim() cannot be 0 {how}")
    if a.strides[-1] != 1:
        raise RuntimeError(f"self.stride(-1) must be 1 {how}, but got {a.strides[-1]}: use x.contiguous().view(...)")
    ratio = dtype.itemsize // a.dtype.itemsize
    places = {"size(-1)": a.shape[-1], "storage_offset()": a.offset}
    for name, n in (places | {f"stride({d})": s for d, s in enumerate(a.strides[:-1])}).items():
        if ratio and n % ratio:
            raise RuntimeError(f"self.{name} must be divisible by {ratio} {how}, but got {n}")


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """input.reshape(other.shape)"""
    return reshape(input, other.shape)


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """input.view(other.shape)"""
    return view(input, other.shape)


def expand(input: Tensor, *shape, size=None) -> Tensor:
    """Dims of size 1 broadcast to a larger size, without a copy; -1 keeps a size.

    >>> from autograd import tensor
    >>> expand(tensor([[1.0], [2.0]]), -1, 3)
    tensor([[1., 1., 1.],
            [2., 2., 2.]])
    """
    a = require_tensor("expand", input)._array
    new = sizes(shape if size is None else (size,), "expand")
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


def broadcast_to(input: Tensor, *size) -> Tensor:
    """As :func:`expand`."""
    return expand(require_tensor("broadcast_to", input), *size)


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """All tensors expanded to their common shape."""
    require_tensors("broadcast_tensors", **{f"tensors[{i}]": t for i, t in enumerate(tensors)})
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
    return view_of(Squeeze, input, a.view(tuple([a.shape[d] for d in keep]), tuple([a.strides[d] for d in keep])))


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
    return view_of(Unsqueeze, input, y)


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


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """One dim split into several.

    >>> from autograd import zeros
    >>> unflatten(zeros(2, 12), 1, (3, 4)).shape
    autograd.Size([2, 3, 4])
    """
    old, new = require_tensor("unflatten", input)._array.shape, tuple(sizes)
    d = wrap_dim(dim, len(old))
    if not new or not old:
        raise RuntimeError("unflatten: sizes must be non-empty, and the tensor must have dimensions")
    if -1 not in new and prod(new) != old[d]:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(new)} don't multiply up to the size of dim {d} ({old[d]}) in the input "
            "tensor"
        )
    return reshape(input, old[:d] + _infer(new, old[d]) + old[d + 1 :])


def ravel(input: Tensor) -> Tensor:
    """All elements in one dim."""
    return reshape(input, -1)


def _atleast(ndim: int, widen: Callable[[Tensor], Tensor]) -> Callable:
    """atleast_1d and its kin: ``widen`` gives the dims that are missing."""

    def f(*tensors):
        given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
        made = tuple([widen(x) if require_tensor(f.__name__, x).ndim < ndim else x for x in given])
        return made[0] if len(tensors) == 1 and given is tensors else made

    f.__name__ = f.__qualname__ = f"atleast_{ndim}d"
    f.__doc__ = f"The tensor, or each of several, with dims of size 1 added until it has {ndim}."
    return f


atleast_1d = _atleast(1, lambda x: unsqueeze(x, 0))
atleast_2d = _atleast(2, lambda x: reshape(x, 1, -1))
atleast_3d = _atleast(3, lambda x: unsqueeze(atleast_2d(x), -1))


__all__ = [
    "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_tensors", "broadcast_to", "flatten", "ravel", "reshape",
    "squeeze", "unflatten", "unsqueeze",
]  # fmt: skip
METHODS = [
    "broadcast_to", "expand", "expand_as", "flatten", "ravel", "reshape", "reshape_as", "squeeze", "sum_to_size",
    "unflatten", "unsqueeze", "view", "view_as",
]  # fmt: skip
IN_PLACE_VIEWS = ["squeeze", "unsqueeze"]
