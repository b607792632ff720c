"""Dims in another order.

>>> from autograd import arange
>>> arange(6).reshape(2, 3).T
tensor([[0, 3],
        [1, 4],
        [2, 5]])
"""

from __future__ import annotations

from ..errors import wrap_dim
from ..op import Op, require_tensor
from ..tensor import Tensor
from .shape import sizes
from .views import view_of


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


def _inverse(order: tuple) -> tuple:
    back = [0] * len(order)
    for i, d in enumerate(order):
        back[d] = i
    return tuple(back)


# --- functions --------------------------------------------------------------------------------------------------------


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
    return permute(input, tuple(range(input.ndim))[::-1])


__all__ = ["movedim", "permute", "swapaxes", "swapdims", "t", "transpose"]
METHODS = __all__
IN_PLACE_VIEWS = ["swapaxes", "swapdims", "t", "transpose"]
