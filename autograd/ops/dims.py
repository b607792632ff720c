"""Dims in another order.

>>> from autograd import arange
>>> arange(6).reshape(2, 3).T
tensor([[0, 3],
        [1, 4],
        [2, 5]])
"""

from __future__ import annotations

import warnings

from ..errors import wrap_dim
from ..op import require_tensor
from ..tensor import Tensor
from .shape import sizes
from .views import ViewOp, view_of


class Permute(ViewOp):
    """y = x with its dims in another order
    dL/dx = g with its dims put back"""

    params = ("order",)

    @staticmethod
    def backward(node, g):
        back = _inverse(node.params[0])
        return (g.view(tuple([g.shape[d] for d in back]), tuple([g.strides[d] for d in back])),)

    def dx(g, order):
        return permute(g, _inverse(order))


class Transpose(Permute):
    """y = x with two dims swapped
    dL/dx = g with them swapped again"""


class T(Permute):
    """y = x transposed, a matrix
    dL/dx = g transposed"""


def _inverse(order: tuple) -> tuple:
    back = [0] * len(order)
    for i, d in enumerate(order):
        back[d] = i
    return tuple(back)


# --- functions --------------------------------------------------------------------------------------------------------


def permute(input: Tensor, *order, dims=None) -> Tensor:
    """The dims in another order.

    >>> from autograd import zeros
    >>> permute(zeros(2, 3, 4), 2, 0, 1).shape
    autograd.Size([4, 2, 3])
    """
    a = require_tensor("permute", input)._array
    order = sizes(order if dims is None else (dims,), "permute")
    if len(order) != len(a.shape):
        raise RuntimeError(
            f"permute: number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {len(a.shape)} is not equal to len(dims) = {len(order)}"
        )
    order = tuple([wrap_dim(d, len(a.shape)) for d in order])
    if len(set(order)) != len(order):
        raise RuntimeError(f"permute(): duplicate dims are not allowed: {list(order)}")
    return _in_order(Permute, input, order)


def _in_order(op: type[Permute], x: Tensor, order: tuple) -> Tensor:
    a = x._array
    y = a.view(tuple([a.shape[d] for d in order]), tuple([a.strides[d] for d in order]))
    return view_of(op, x, y, (order,))


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
    return _in_order(Transpose, input, tuple(order))


swapdims = transpose


def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """As :func:`transpose`."""
    return transpose(input, axis0, axis1)


def movedim(input: Tensor, source, destination) -> Tensor:
    """Dims moved to new places, the others in order.

    >>> from autograd import zeros
    >>> movedim(zeros(2, 3, 4), 0, -1).shape
    autograd.Size([3, 4, 2])
    """
    ndim = len(require_tensor("movedim", input)._array.shape)
    src = [wrap_dim(d, ndim) for d in ((source,) if isinstance(source, int) else source)]
    dst = [wrap_dim(d, ndim) for d in ((destination,) if isinstance(destination, int) else destination)]
    if len(src) != len(dst):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({source}) should contain the same number of dims as "
            f"destination ({destination})"
        )
    for name, given in (("source", src), ("destination", dst)):
        if len(set(given)) != len(given):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({given})")
    order = [d for d in range(ndim) if d not in src]
    for to, d in sorted(zip(dst, src)):
        order.insert(to, d)
    return permute(input, tuple(order) if ndim else ())


moveaxis = movedim


def t(input: Tensor) -> Tensor:
    """A matrix transposed; a vector or a 0-d tensor as it is."""
    if require_tensor("t", input).ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
    return _in_order(T, input, tuple(range(input.ndim))[::-1])


def adjoint(input: Tensor) -> Tensor:
    """The last two dims swapped (and conjugated, were there complex numbers)."""
    return _matrices(require_tensor("adjoint", input), "tensor.adjoint()")


def _matrices(x: Tensor, name: str) -> Tensor:
    """x with its last two dims swapped; a number as it is."""
    if x.ndim == 1:
        raise RuntimeError(f"{name} is only supported on matrices or batches of matrices. Got 1-D tensor.")
    return transpose(x, -2, -1) if x.ndim else x


def _h(x: Tensor) -> Tensor:
    if x.ndim not in (0, 2):
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {x.ndim}-D tensor."
            + (" For batches of matrices, consider using tensor.mH" if x.ndim > 2 else "")
        )
    return _matrices(x, "tensor.H")


def _reversed(x: Tensor) -> Tensor:
    if x.ndim not in (0, 2):
        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will "
            "throw an error in a future release. Consider `x.mT` to transpose batches of matrices or `x.permute(...)`.",
            stacklevel=2,
        )
    return permute(x, tuple(range(x.ndim))[::-1])


PROPERTIES = {
    "H": property(_h, doc="A matrix transposed."),
    "T": property(_reversed, doc="The dims in reverse order: a matrix transposed."),
    "mH": property(lambda x: _matrices(x, "tensor.mH"), doc="The last two dims swapped."),
    "mT": property(lambda x: _matrices(x, "tensor.mT"), doc="The last two dims swapped."),
}


__all__ = ["adjoint", "moveaxis", "movedim", "permute", "swapaxes", "swapdims", "t", "transpose"]
METHODS = __all__
IN_PLACE_VIEWS = ["swapaxes", "swapdims", "t", "transpose"]
