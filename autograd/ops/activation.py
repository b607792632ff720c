"""Activations with kernels of their own, and smooth ones made of them: what stands between the matrix products.

>>> from autograd import tensor
>>> relu(tensor([-1.0, 2.0]))
tensor([0., 2.])

``inplace`` writes the result into the input, which is then what is returned.
"""

from __future__ import annotations

import math

from ..errors import not_implemented, wrap_dim
from ..op import Op, Unary, function, record, require_tensor
from ..tensor import Tensor, wrap
from .arithmetic import abs
from .choice import where
from .comparison import isinf
from .exponential import exp
from .inplace import into
from .trigonometry import tanh


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


# --- made of others ---------------------------------------------------------------------------------------------------


class Composed(Op, abstract=True):
    """y = forward(x), elementwise, by other ops, which are not recorded."""

    @classmethod
    def apply(cls, x: Tensor, *params) -> Tensor:
        y = cls.forward(wrap(x._array), *params)._array  # type: ignore[attr-defined]  # per op
        return record(cls, (x._edge,), (x._array, y), y, params)


def floating(input: Tensor, op: str, dtype=None) -> Tensor:
    """The input, if it is of a floating-point dtype, or is to become of one."""
    x = require_tensor(op, input) if dtype is None else input.to(dtype)
    if not x._array.dtype.is_floating_point:
        raise not_implemented(op, x.dtype)
    return x


class Mish(Composed):
    """y = x * tanh(s), s = log(1 + exp(x))
    dL/dx = g * (t + x * (1 - t * t) * sigmoid(x)), t = tanh(s)"""

    def forward(x):
        return x * tanh(softplus(x))

    def dx(g, x):
        t = tanh(softplus(x))
        return g * (t + _finite(x) * ((1.0 - t * t) * sigmoid(x)))


class LogSigmoid(Composed):
    """y = -log(1 + exp(-x))
    dL/dx = g * sigmoid(-x)"""

    def forward(x):
        return -softplus(-x, threshold=1e30)

    def dx(g, x):
        return g * sigmoid(-x)


class Glu(Op):
    """y = a * sigmoid(b), a and b the halves of x
    dL/da = g * sigmoid(b), dL/db = g * a * sigmoid(b) * (1 - sigmoid(b))"""

    inputs = ("a", "b")

    @classmethod
    def apply(cls, a: Tensor, b: Tensor) -> Tensor:
        y = (wrap(a._array) * sigmoid(wrap(b._array)))._array
        return record(cls, (a._edge, b._edge), (a._array, b._array, y), y)

    def da(g, b):
        return g * sigmoid(b)

    def db(g, a, b):
        s = sigmoid(b)
        return g * a * (s * (1.0 - s))


# --- functions --------------------------------------------------------------------------------------------------------

_relu = function(Relu)
sigmoid = function(Sigmoid)
_silu = function(Silu)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0)

    >>> from autograd import tensor
    >>> relu(tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    y = _relu(input)
    return into(input, y, inplace, "relu_") if inplace else y


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """input * sigmoid(input), also called swish.

    >>> from autograd import tensor
    >>> silu(tensor([0.0, 1.0]))
    tensor([0.0000, 0.7311])
    """
    return into(input, _silu(input), inplace, "silu_")


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
    y = LeakyRelu.apply(require_tensor("leaky_relu", input), float(negative_slope))
    return into(input, y, inplace, "leaky_relu_")


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta * input)) / beta, a smooth relu; linear where beta * input exceeds the threshold.

    >>> from autograd import tensor
    >>> softplus(tensor([0.0, 30.0]))
    tensor([ 0.6931, 30.0000])
    """
    return Softplus.apply(require_tensor("softplus", input), float(beta), float(threshold))


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * tanh(softplus(input)) (Misra 2020)

    >>> mish(tensor([0.0, 1.0]))
    tensor([0.0000, 0.8651])
    """
    return into(input, Mish.apply(floating(input, "mish_cpu")), inplace, "mish_")


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(input)), without overflow.

    >>> logsigmoid(tensor([0.0, -100.0]))
    tensor([  -0.6931, -100.0000])
    """
    return LogSigmoid.apply(floating(input, "log_sigmoid_cpu"))


def softsign(input: Tensor) -> Tensor:
    """input / (1 + |input|)

    >>> softsign(tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """
    return input / (abs(require_tensor("softsign", input)) + 1.0)


def tanhshrink(input: Tensor) -> Tensor:
    """input - tanh(input)

    >>> tanhshrink(tensor([0.0, 2.0]))
    tensor([0.0000, 1.0360])
    """
    return input - tanh(require_tensor("tanhshrink", input))


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half of input along ``dim`` times the sigmoid of the second (Dauphin et al. 2017).

    >>> glu(tensor([2.0, 0.0]))
    tensor([1.])
    """
    x = floating(input, "glu_cpu")
    if not x.ndim:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    d = wrap_dim(dim, x.ndim)
    if x.shape[d] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {d} is size {x.shape[d]}")
    half = x.shape[d] // 2
    return Glu.apply(x.narrow(d, 0, half), x.narrow(d, half, half))


__all__ = ["relu", "sigmoid"]
METHODS = ["relu", "sigmoid"]
IN_PLACE = ["relu", "sigmoid"]
