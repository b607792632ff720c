"""Activations, softmax, dropout and embedding: what stands between the matrix products of a net.

>>> from autograd import tensor
>>> relu(tensor([-1.0, 2.0]))
tensor([0., 2.])
"""

from __future__ import annotations

import math

from .. import dtypes
from ..backend import K
from ..errors import wrap_dim
from ..op import Op, Unary, contiguous, function, record, require_tensor
from ..storage import Array, empty
from ..tensor import Tensor
from .choice import where
from .comparison import isinf
from .exponential import exp


class Relu(Unary):
    """y = max(x, 0)
    dL/dx = g where x > 0, else 0

    >>> from autograd import tensor
    >>> relu(tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    integers = True
    fused = {"x": "relu_grad g y"}

    def dx(g, y):
        return where(y <= 0.0, 0.0, g)


class Sigmoid(Unary):
    """y = 1 / (1 + exp(-x))
    dL/dx = g * y * (1 - y)

    >>> from autograd import tensor
    >>> sigmoid(tensor([0.0, 2.0]))
    tensor([0.5000, 0.8808])
    """

    fused = {"x": "sigmoid_grad g y"}

    def dx(g, y):
        return g * (y * (1.0 - y))


class Silu(Unary):
    """y = x * sigmoid(x)
    dL/dx = g * (s + y * (1 - s)), s = sigmoid(x)"""

    fused = {"x": "silu_grad g x"}

    def dx(g, x):
        s = sigmoid(x)
        return g * (s * (1.0 + _finite(x) * (1.0 - s)))


def _finite(x: Tensor) -> Tensor:
    """x, but 0 where it is infinite: what x is multiplied with is 0 there, and 0 * inf would be NaN."""
    return where(isinf(x), 0.0, x)


_SQRT_HALF = math.sqrt(0.5)
_DENSITY = 1 / math.sqrt(2 * math.pi)
_TANH_C = math.sqrt(2 / math.pi)


class Gelu(Unary):
    """y = x * P(x), P the normal cumulative distribution (Hendrycks and Gimpel 2016)
    dL/dx = g * (P(x) + x * exp(-x * x / 2) / sqrt(2 * pi))"""

    fused = {"x": "gelu_grad g x"}

    def dx(g, x):
        cdf = ((x * _SQRT_HALF).erf() + 1.0) * 0.5
        x = _finite(x)
        return g * (cdf + x * (exp(x * x * -0.5) * _DENSITY))


class GeluTanh(Unary):
    """y = x * (1 + tanh(u)) / 2, u = sqrt(2 / pi) * (x + 0.044715 * x ** 3)
    dL/dx = g * ((1 + t) / 2 + x * (1 - t * t) / 2 * du/dx), t = tanh(u)"""

    backward_name = "GeluBackward0"
    fused = {"x": "gelu_tanh_grad g x"}

    def dx(g, x):
        x = x.clamp(-10.0, 10.0)  # beyond, t is 1 or -1 and its powers overflow
        t = ((x + x * x * x * 0.044715) * _TANH_C).tanh()
        slope = (x * x * (3 * 0.044715) + 1.0) * _TANH_C
        return g * ((t + 1.0) * 0.5 + x * (1.0 - t * t) * slope * 0.5)


class LeakyRelu(Unary):
    """y = x where x > 0, else slope * x
    dL/dx = g where x > 0, else slope * g"""

    params = ("slope",)
    fused = {"x": "leaky_relu_grad g x slope"}

    def dx(g, x, slope):
        return where(x > 0.0, g, g * slope)


class Softplus(Unary):
    """y = log(1 + exp(beta * x)) / beta, x itself where beta * x > threshold
    dL/dx = g * sigmoid(beta * x), g where beta * x > threshold"""

    params = ("beta", "threshold")
    fused = {"x": "softplus_grad g x beta threshold"}

    def dx(g, x, beta, threshold):
        bx = x * beta
        return where(bx > threshold, g, g * sigmoid(bx))


class Rowwise(Op, abstract=True):
    """y = f(x) along dim, by a kernel that sees x as (outer, n, inner)."""

    params = ("dim", "rows")

    @classmethod
    def apply(cls, x: Tensor, dim: int) -> Tensor:
        a = x._array
        shape = a.shape
        d = wrap_dim(dim, len(shape))
        if not a.contiguous:
            a = contiguous(a)
        rows = _rows(shape, d)
        y = empty(shape, a.dtype)
        getattr(K, cls.kernel)(y, a, rows)
        return record(cls, (x._edge,), (a, y), y, (d, rows))

    @staticmethod
    def backward(node, g):
        y = node.saved[0]
        dx = empty(g.shape, g.dtype)
        getattr(K, node.op.kernel + "_grad")(dx, g if g.contiguous else contiguous(g), y, node.params[1])
        return (dx,)


def _rows(shape: tuple, d: int) -> tuple[int, int, int]:
    """A shape as (outer, n, inner) around dim d; a 0-d tensor is a row of one."""
    if not shape:
        return 1, 1, 1
    return math.prod(shape[:d]), shape[d], math.prod(shape[d + 1 :])


class Softmax(Rowwise):
    """y = exp(x) / sum(exp(x))
    dL/dx = y * (g - sum(g * y))"""

    def dx(g, y, dim):
        return y * (g - (g * y).sum(dim, keepdim=True))


class LogSoftmax(Rowwise):
    """y = x - log(sum(exp(x)))
    dL/dx = g - exp(y) * sum(g)"""

    def dx(g, y, dim):
        return g - y.exp() * g.sum(dim, keepdim=True)


class Dropout(Op):
    """y = x / (1 - p) where kept, else 0
    dL/dx = g / (1 - p) where kept, else 0"""

    params = ("p",)
    extras = ("key",)

    @classmethod
    def apply(cls, x: Tensor, p: float, key: Array) -> Tensor:
        a = contiguous(x._array)
        y = empty(a.shape, a.dtype)
        K.dropout(y, a, p, key)
        return record(cls, (x._edge,), (a, y, key), y, (p,))

    @staticmethod
    def backward(node, g):
        dx = empty(g.shape, g.dtype)
        K.dropout(dx, contiguous(g), node.params[0], node.saved[0])
        return (dx,)

    def dx(g, p, key):
        return Dropout.apply(g, p, key._array)


class Embedding(Op):
    """y[i] = table[index[i]]
    dL/dtable[index[i]] += g[i]"""

    inputs = ("table", "index")
    params = ("padding_index",)

    @staticmethod
    def backward(node, g):
        edge, index = node.edges[0], node.saved[0]
        dtable = empty(edge.layout.shape, g.dtype)
        K.fill(dtable, 0.0)
        K.embedding_grad(dtable, contiguous(g), index, node.params[0])
        return dtable, None

    def dtable(g, index, shape, padding_index):
        return EmbeddingGrad.apply(g, index, tuple(shape), padding_index)


class EmbeddingGrad(Op):
    """y = zeros; y[index[i]] += x[i]
    dL/dx[i] = g[index[i]]"""

    inputs = ("x", "index")
    params = ("padding_index",)

    @classmethod
    def apply(cls, x: Tensor, index: Tensor, shape: tuple, padding_index: int) -> Tensor:
        a, i = contiguous(x._array), index._array
        y = empty(shape, a.dtype)
        K.fill(y, 0.0)
        K.embedding_grad(y, a, i, padding_index)
        return record(cls, (x._edge, index._edge), (a, i, y), y, (padding_index,))

    def dx(g, index, padding_index):
        picked = embedding(index, g)
        if padding_index < 0:
            return picked
        return where((index == padding_index).unsqueeze(-1), 0.0, picked)


# --- functions --------------------------------------------------------------------------------------------------------

_relu = function(Relu)
sigmoid = function(Sigmoid)
_silu = function(Silu)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0). ``inplace`` is taken for PyTorch's sake; the input is left as it is.

    >>> from autograd import tensor
    >>> relu(tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return _relu(input)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """input * sigmoid(input), also called swish.

    >>> from autograd import tensor
    >>> silu(tensor([0.0, 1.0]))
    tensor([0.0000, 0.7311])
    """
    return _silu(input)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """The Gaussian error linear unit, exact, or by its tanh approximation.

    >>> from autograd import tensor
    >>> gelu(tensor([0.0, 1.0]))
    tensor([0.0000, 0.8413])
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}")
    return (Gelu if approximate == "none" else GeluTanh).apply(require_tensor("gelu", input))


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """input where positive, else negative_slope * input.

    >>> from autograd import tensor
    >>> leaky_relu(tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    return LeakyRelu.apply(require_tensor("leaky_relu", input), float(negative_slope))


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta * input)) / beta, a smooth relu; linear where beta * input exceeds the threshold.

    >>> from autograd import tensor
    >>> softplus(tensor([0.0, 30.0]))
    tensor([ 0.6931, 30.0000])
    """
    return Softplus.apply(require_tensor("softplus", input), float(beta), float(threshold))


def _floating(input: Tensor, op: str, dtype) -> Tensor:
    x = require_tensor(op, input) if dtype is None else input.to(dtype)
    if not x._array.dtype.is_floating_point:
        raise RuntimeError(f'"{op}" not implemented for {x.dtype.title!r}: convert it first, as in x.float()')
    return x


def softmax(input: Tensor, dim: int | None = None, *, dtype=None) -> Tensor:
    """exp(input) / sum(exp(input)) along ``dim``.

    >>> from autograd import tensor
    >>> softmax(tensor([0.0, 0.0]), 0)
    tensor([0.5000, 0.5000])
    """
    return Softmax.apply(_floating(input, "softmax", dtype), _softmax_dim(input, dim))


def log_softmax(input: Tensor, dim: int | None = None, *, dtype=None) -> Tensor:
    """log(softmax(input)), without overflow.

    >>> from autograd import tensor
    >>> log_softmax(tensor([0.0, 0.0]), 0)
    tensor([-0.6931, -0.6931])
    """
    return LogSoftmax.apply(_floating(input, "log_softmax", dtype), _softmax_dim(input, dim))


def _softmax_dim(x: Tensor, dim: int | None) -> int:
    if dim is None:
        raise TypeError("softmax() missing required argument 'dim': the dim along which the results sum to 1")
    return dim


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training each element is 0 with probability p, else divided by 1 - p; otherwise the input.

    >>> from autograd import ones
    >>> dropout(ones(3), 0.5, training=False)
    tensor([1., 1., 1.])
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    require_tensor("dropout", input)
    if not training or p == 0:
        return input
    from ..random import default_generator

    key = empty((1,), dtypes.int64)
    default_generator.integers(key, 0, 0)  # a range of 0 stands for 2**64
    return Dropout.apply(_floating(input, "dropout", None), float(p), key)


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """The rows of ``weight`` (rows, width) at the integer positions ``input`` (...): (..., width). The gradient adds up
    over repeated positions; padding_idx gets none.

    >>> from autograd import tensor
    >>> embedding(tensor([1, 0]), tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[3., 4.],
            [1., 2.]])
    """
    index = require_tensor("embedding", input)
    table = require_tensor("embedding", weight, "weight")
    if index._array.dtype.category != 1:
        raise RuntimeError(
            f"Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{index.dtype.title} instead (while checking arguments for embedding)"
        )
    if table.ndim != 2:
        raise RuntimeError(f"'weight' must be 2-D, got shape {list(table.shape)}")
    rows, width = table._array.shape
    padding = -1
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding = padding_idx % rows
    i = contiguous(index.to(dtypes.int64)._array)
    a = contiguous(table._array)
    y = empty(i.shape + (width,), a.dtype)
    flat = i.view((i.size,), (1,))
    status = K.embedding(y.view((i.size, width), (width, 1)), a, flat)
    if status:
        bad = flat.numpy()[status - 1]
        raise IndexError(f"index out of range in self: embedding of index {bad} with {rows} rows")
    return record(Embedding, (table._edge, None), (a, i, y), y, (padding,))


__all__ = ["dropout", "log_softmax", "relu", "sigmoid", "softmax"]
METHODS = ["log_softmax", "relu", "sigmoid", "softmax"]
IN_PLACE = ["relu", "sigmoid"]
