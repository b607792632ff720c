"""The matrix product, and the linear layer in one kernel.

>>> from autograd import tensor
>>> matmul(tensor([[1.0, 2.0]]), tensor([[3.0], [4.0]]))
tensor([[11.]])
"""

from __future__ import annotations

import math
from sys import getrefcount

from .. import dtypes, storage
from ..backend import K
from ..errors import not_implemented
from ..graph import Leaf
from ..op import SOLE, Op, broadcast_shapes, contiguous, record, require_tensor
from ..out import with_out
from ..storage import Array, Layout, Storage, empty, fresh, levels, packed
from ..tensor import Tensor
from .choice import where


class Matmul(Op):
    """y = a @ b
    dL/da = g @ b^T
    dL/db = a^T @ g"""

    inputs = ("a", "b")
    backward_name = "MmBackward0"

    @classmethod
    def apply(cls, a: Tensor, b: Tensor) -> Tensor:
        x, z = a._array, b._array
        batch = broadcast_shapes(x.shape[:-2], z.shape[:-2], op="the batch dims in matmul")
        y = empty((*batch, x.shape[-2], z.shape[-1]), x.dtype)
        K.gemm(y, x, z)
        return record(cls, (a._edge, b._edge), (x, z, y), y)

    @staticmethod
    def backward(node, g):
        a, b = node.saved
        wants_a, wants_b = node.edges
        da = db = None
        if wants_a is not None:
            da = empty(g.shape[:-1] + (b.shape[-2],), g.dtype)
            K.gemm(da, g, b, None, True)
        if wants_b is not None:
            db = empty(g.shape[:-2] + (a.shape[-1], g.shape[-1]), g.dtype)
            K.gemm(db, transposed(a), g)
        return da, db

    def da(g, b):
        return matmul(g, b.transpose(-1, -2))

    def db(g, a):
        return matmul(a.transpose(-1, -2), g)


def transposed(a: Array) -> Array:
    """The last two dims changed over."""
    return a.view(a.shape[:-2] + a.shape[:-3:-1], a.strides[:-2] + a.strides[:-3:-1])


class Linear(Op):
    """y = x @ weight^T + bias
    dL/dx = g @ weight
    dL/dweight = g^T @ x
    dL/dbias = g, summed over the rows"""

    inputs = ("x", "weight", "bias")
    backward_name = "AddmmBackward0"

    act = 0  # the kernel's number for what is applied to the result

    @staticmethod
    def backward(node, g):
        """All gradients in one kernel; dz is where g * f'(y) goes, over g if nobody else holds it."""
        saved = node.saved
        x, w = saved[0], saved[1]
        y = dz = None
        if len(saved) > 2:
            y = saved[2]
            dz = g if getrefcount(g) <= SOLE and type(g) is Storage else fresh(g.layout.packed)
        if not g.layout.contiguous:
            g = contiguous(g)
        edges = node.edges
        edge = edges[0]
        dx = None if edge is None else fresh(edge.layout.packed)
        dw = block_for(edges[1])
        if len(edges) == 2:
            K.linear_grad(dx, dw, None, dz, g, x, w, y, node.params)
            return dx, dw
        db = block_for(edges[2])
        K.linear_grad(dx, dw, db, dz, g, x, w, y, node.params)
        return dx, dw, db

    def dx(g, weight):
        return matmul(g, weight)

    def dweight(g, x):
        if g.ndim == 1:
            return g.unsqueeze(1) * x
        return matmul(g.flatten(0, -2).t(), x.flatten(0, -2))

    def dbias(g):
        return g


def block_for(edge) -> Storage | None:
    """Memory for the gradient of a parameter."""
    if type(edge) is Leaf and not levels:
        block, edge.spare = edge.spare, None
        if block is not None and storage.c_memory:  # a step that is recorded works with blocks of its own
            return block
        return fresh(edge.layout.packed)
    return None if edge is None else fresh(edge.layout.packed)


def _apply_linear(op: type[Linear], x: Tensor, weight: Tensor, bias: Tensor | None, plan: tuple) -> Tensor:
    """f(x @ weight^T + bias) by a plan of :func:`_plan_linear`."""
    layout, params = plan
    a, w = x._array, weight._array
    y = fresh(layout)
    if bias is None:
        K.linear(y, a, w, None, params)
        return record(op, (x._edge, weight._edge), (a, w, None, y), y, params)
    b = bias._array
    K.linear(y, a, w, b, params)
    return record(op, (x._edge, weight._edge, bias._edge), (a, w, b, y), y, params)


class LinearActivation(Linear, abstract=True):
    """A linear layer and the activation after it in one kernel: y = f(z), z = x @ weight^T + bias; the derivative of f
    follows from y. Sequential uses it; the separate ops give the same bits."""

    def dx(g, weight, y, op):
        return Linear.dx(op.dz(g, y), weight)

    def dweight(g, x, y, op):
        return Linear.dweight(op.dz(g, y), x)

    def dbias(g, y, op):
        return op.dz(g, y)


def fuse(op: type[LinearActivation], input, linear, activation) -> Tensor | None:
    """activation(linear(input)) for two modules; None where the kernel cannot do it or hooks look in between."""
    if linear._hooks or activation._hooks or not isinstance(input, Tensor):
        return None
    weight, bias = linear.weight, linear.bias
    key = (op, input._array.layout, weight._array.layout, None if bias is None else bias._array.layout)
    plan = _linear_plans.get(key) or _plan_linear(*key)
    return None if plan is None else _apply_linear(op, input, weight, bias, plan)


class LinearRelu(LinearActivation):
    """y = max(x @ weight^T + bias, 0)
    dL/dz = g where y > 0, else 0"""

    act = 1

    def dz(g, y):
        return where(y <= 0.0, 0.0, g)


class LinearSigmoid(LinearActivation):
    """y = 1 / (1 + exp(-(x @ weight^T + bias)))
    dL/dz = g * y * (1 - y)"""

    act = 2

    def dz(g, y):
        return g * (y * (1.0 - y))


class LinearTanh(LinearActivation):
    """y = tanh(x @ weight^T + bias)
    dL/dz = g * (1 - y * y)"""

    act = 3

    def dz(g, y):
        return g * (1.0 - y * y)


def same_dtype(op: str, a: Tensor, b: Tensor) -> None:
    """PyTorch's products want one dtype; so do these."""
    if a._array.dtype is not b._array.dtype:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {a.dtype.title.lower()} != {b.dtype.title.lower()} "
            f"({op} of shapes {list(a.shape)} and {list(b.shape)}): convert one with .to(dtype)"
        )


@with_out
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product: of vectors their dot product, of a matrix and a vector a vector, else over the last two dims
    with the leading ones broadcast.

    >>> from autograd import tensor
    >>> matmul(tensor([1.0, 2.0]), tensor([3.0, 4.0]))
    tensor(11.)

    Raises RuntimeError where the inner sizes or the dtypes differ.
    """
    x, z = require_tensor("matmul", input)._array, require_tensor("matmul", other, "other")._array
    nx, nz = len(x.shape), len(z.shape)
    if not nx or not nz:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {nx}D and {nz}D: use * for numbers"
        )
    same_dtype("matmul", input, other)
    if x.dtype is dtypes.bool_:
        raise not_implemented("matmul", x.dtype)
    if x.shape[-1] != z.shape[-2 if nz > 1 else -1]:
        raise _shape_error(x.shape, z.shape)
    if nx > 1 and nz > 1:
        if nx > 2 and nz == 2 and x.contiguous:  # rows of a batch are rows of one tall matrix
            flat = Matmul.apply(input.flatten(0, -2), other)
            return flat.reshape(x.shape[:-1] + (z.shape[-1],))
        return Matmul.apply(input, other)
    a = input.unsqueeze(0) if nx == 1 else input
    b = other.unsqueeze(-1) if nz == 1 else other
    y = Matmul.apply(a, b)
    if nz == 1:
        y = y.squeeze(-1)
    return y.squeeze(-1 if nz == 1 else -2) if nx == 1 else y


def _shape_error(a: tuple, b: tuple) -> RuntimeError:
    if len(a) == len(b) == 1:
        return RuntimeError(
            f"inconsistent tensor size, expected tensor {list(a)} and src {list(b)} to have the same "
            f"number of elements, but got {a[0]} and {b[0]} elements respectively"
        )
    if len(b) == 1:
        return RuntimeError(
            f"size mismatch, got input ({a[-2]}), mat ({a[-2]}x{a[-1]}), vec ({b[0]}): matmul of shapes "
            f"{list(a)} and {list(b)}"
        )
    rows = "x".join(map(str, a[-2:] if len(a) > 1 else (1, *a)))
    return RuntimeError(
        f"mat1 and mat2 shapes cannot be multiplied ({rows} and {'x'.join(map(str, b[-2:]))}): matmul of shapes "
        f"{list(a)} and {list(b)}"
    )


_linear_plans: dict[tuple, tuple] = {}


def _plan_linear(op: type[Linear], x: Layout, w: Layout, bias: Layout | None) -> tuple[Layout, tuple] | None:
    """(layout of the result, (rows, out, in, activation)) where the kernel can do it: contiguous floats of fitting
    sizes."""
    if len(w.shape) != 2 or not x.shape or x.shape[-1] != w.shape[1] or x.dtype is not w.dtype or not w.floating:
        return None
    if not (x.contiguous and w.contiguous):
        return None
    if bias is not None and not (bias.contiguous and bias.shape == w.shape[:1] and bias.dtype is w.dtype):
        return None
    n, k = w.shape
    if len(_linear_plans) > 10_000:
        _linear_plans.clear()
    plan = packed(x.shape[:-1] + (n,), w.dtype), (math.prod(x.shape[:-1]), n, k, op.act)
    _linear_plans[op, x, w, bias] = plan
    return plan


def _not_tensors(input, weight, bias) -> TypeError:
    for value, name in ((input, "input"), (weight, "weight"), (bias, "bias")):
        if value is not None and not isinstance(value, Tensor):
            found = type(value).__name__
            return TypeError(f"linear(): argument '{name}' must be Tensor, not {found}: use autograd.tensor()")
    return TypeError("linear(): arguments must be Tensors")


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input @ weight^T + bias in one kernel: (..., in) with weight (out, in) and bias (out,) gives (..., out).

    >>> from autograd import tensor
    >>> linear(tensor([1.0, 2.0]), tensor([[3.0, 4.0]]), tensor([0.5]))
    tensor([11.5000])

    Raises RuntimeError where the sizes or the dtypes do not fit.
    """
    try:
        key = (Linear, input._array.layout, weight._array.layout, None if bias is None else bias._array.layout)
    except AttributeError:
        raise _not_tensors(input, weight, bias) from None
    plan = _linear_plans.get(key) or _plan_linear(*key)
    if plan is not None:
        return _apply_linear(Linear, input, weight, bias, plan)
    x, w = input._array, weight._array
    same_dtype("linear", input, weight)
    if len(w.shape) == 2 and x.shape and x.shape[-1] != w.shape[1]:
        rows = 1
        for n in x.shape[:-1]:
            rows *= n
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{x.shape[-1]} and {w.shape[1]}x{w.shape[0]}): linear "
            f"of an input of shape {list(x.shape)} with a weight of {list(w.shape)} (out_features, in_features)"
        )
    y = matmul(input, weight.t())
    return y if bias is None else y + bias


__all__ = ["matmul"]
METHODS = __all__
