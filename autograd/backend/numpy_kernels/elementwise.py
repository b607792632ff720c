"""Elementwise kernels of floats: operands broadcast to out. In the gradients, g is the gradient arriving and the saved
operand is named x or y."""

from __future__ import annotations

import math

import numpy as np


def fill(out, value):
    out[...] = value


def copy(out, x):
    np.copyto(out, x, casting="no")


def cast(out, x):
    """x in the dtype of out; a number that this dtype does not have becomes what the processor makes of it."""
    np.copyto(out, x, casting="unsafe")


def neg(out, x):
    np.negative(x, out=out)


def abs(out, x):
    np.absolute(x, out=out)


def sign(out, x):
    np.sign(x, out=out)


def sqrt(out, x):
    np.sqrt(x, out=out)


def rsqrt(out, x):
    np.sqrt(x, out=out)
    np.divide(1, out, out=out)


def reciprocal(out, x):
    np.divide(1, x, out=out)


def exp(out, x):
    np.exp(x, out=out)


def log(out, x):
    np.log(x, out=out)


def sin(out, x):
    np.sin(x, out=out)


def cos(out, x):
    np.cos(x, out=out)


def tanh(out, x):
    np.tanh(x, out=out)


_erf = np.vectorize(math.erf, otypes=[np.float64])


def erf(out, x):
    out[...] = _erf(x) if x.size else x


def sigmoid(out, x):
    """1 / (1 + exp(-x)), from exp(-\\|x\\|) so that nothing overflows."""
    e = np.exp(-np.abs(x))
    out[...] = np.where(x >= 0, 1, e) / (1 + e)


def relu(out, x):
    np.maximum(x, 0, out=out)


def silu(out, x):
    s = np.empty(np.shape(x), out.dtype)
    sigmoid(s, x)
    with np.errstate(invalid="ignore"):
        out[...] = np.where(np.isneginf(x), 0, x * s)


def _normal_cdf(x):
    """P(N(0, 1) <= x) in float64, keeping its accuracy in the lower tail."""
    return 0.5 * _erfc(-np.asarray(x, np.float64) / math.sqrt(2)) if np.size(x) else np.empty(np.shape(x))


_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def gelu(out, x):
    with np.errstate(invalid="ignore"):
        out[...] = np.where(np.isneginf(x), 0, x * _normal_cdf(x))


_GELU_C = math.sqrt(2 / math.pi)


def gelu_tanh(out, x):
    with np.errstate(invalid="ignore", over="ignore"):
        t = np.tanh(_GELU_C * (x + 0.044715 * x * x * x))
        out[...] = np.where(np.isneginf(x), 0, 0.5 * x * (1 + t))


def add_scalar(out, x, p):
    np.add(x, out.dtype.type(p), out=out)


def rsub_scalar(out, x, p):
    np.subtract(out.dtype.type(p), x, out=out)


def mul_scalar(out, x, p):
    np.multiply(x, out.dtype.type(p), out=out)


def div_scalar(out, x, p):
    np.divide(x, out.dtype.type(p), out=out)


def rdiv_scalar(out, x, p):
    np.divide(out.dtype.type(p), x, out=out)


def pow_scalar(out, x, p):
    """x to the power p; to the power 0.5 the square root, NaN at -inf and -0 at -0."""
    np.sqrt(x, out=out) if p == 0.5 else np.power(x, out.dtype.type(p), out=out)


def rpow_scalar(out, x, p):
    np.power(out.dtype.type(p), x, out=out)


def leaky_relu(out, x, slope):
    with np.errstate(invalid="ignore"):
        out[...] = np.where(x > 0, x, x * out.dtype.type(slope))


def softplus(out, x, beta, threshold):
    """log(1 + exp(beta x)) / beta; x itself where beta x exceeds the threshold."""
    b = out.dtype.type(beta)
    bx = x * b
    with np.errstate(invalid="ignore"):
        out[...] = np.where(bx > threshold, x, (np.maximum(bx, 0) + np.log1p(np.exp(-np.abs(bx)))) / b)


def clamp(out, x, low, high):
    """min(max(x, low), high): where low exceeds high, high wins. NaN stays NaN."""
    out[...] = np.minimum(np.maximum(x, out.dtype.type(low)), out.dtype.type(high))


def add(out, a, b):
    np.add(a, b, out=out)


def sub(out, a, b):
    np.subtract(a, b, out=out)


def mul(out, a, b):
    np.multiply(a, b, out=out)


def div(out, a, b):
    np.divide(a, b, out=out)


def pow(out, a, b):
    np.power(a, b, out=out)


def maximum(out, a, b):
    np.maximum(a, b, out=out)


def minimum(out, a, b):
    np.minimum(a, b, out=out)


def guarded_mul(out, g, factor):
    """g * factor, but 0 where g is 0 and the product NaN: an unused branch sends nothing back."""
    q = np.multiply(g, factor)
    out[...] = np.where((g == 0) & np.isnan(q), 0, q)


def guarded_div(out, g, divisor):
    """g / divisor, but 0 where g is 0 and the quotient NaN."""
    q = np.divide(g, divisor)
    out[...] = np.where((g == 0) & np.isnan(q), 0, q)


def abs_grad(out, g, x):
    np.multiply(g, np.sign(x), out=out)


def sqrt_grad(out, g, y):
    guarded_div(out, g, 2 * y)


def sin_grad(out, g, x):
    np.multiply(g, np.cos(x), out=out)


def cos_grad(out, g, x):
    np.multiply(g, -np.sin(x), out=out)


def tanh_grad(out, g, y):
    np.multiply(g, 1 - y * y, out=out)


_ERF_C = 2 / math.sqrt(math.pi)


def erf_grad(out, g, x):
    np.multiply(g, out.dtype.type(_ERF_C) * np.exp(-x * x), out=out)


def sigmoid_grad(out, g, y):
    np.multiply(g, y * (1 - y), out=out)


def relu_grad(out, g, y):
    out[...] = np.where(y <= 0, 0, g)


def silu_grad(out, g, x):
    s = np.empty(np.shape(x), out.dtype)
    sigmoid(s, x)
    with np.errstate(invalid="ignore"):
        out[...] = g * np.where(np.isinf(x), s, s * (1 + x * (1 - s)))


def gelu_grad(out, g, x):
    x64 = np.asarray(x, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        density = np.where(np.isinf(x64), 0, x64 * np.exp(-0.5 * x64 * x64)) / math.sqrt(2 * math.pi)
    out[...] = g * (_normal_cdf(x) + density).astype(out.dtype)


def gelu_tanh_grad(out, g, x):
    """g (h + x h') with h = (1 + tanh u) / 2 and u = sqrt(2/pi) (x + 0.044715 x^3)."""
    with np.errstate(invalid="ignore", over="ignore"):
        t = np.tanh(_GELU_C * (x + 0.044715 * x * x * x))
        slope = 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * _GELU_C * (1 + 3 * 0.044715 * x * x)
        out[...] = g * np.where(np.abs(x) > 10, (x > 0).astype(out.dtype), slope)


def leaky_relu_grad(out, g, x, slope):
    with np.errstate(invalid="ignore"):
        out[...] = np.where(x > 0, g, g * out.dtype.type(slope))


def softplus_grad(out, g, x, beta, threshold):
    s = np.empty(np.shape(x), out.dtype)
    sigmoid(s, x * out.dtype.type(beta))
    out[...] = np.where(x * out.dtype.type(beta) > threshold, g, g * s)


def clamp_grad(out, g, x, low, high):
    """g where low <= x <= high, edges included; else 0, also where x is NaN."""
    out[...] = np.where((x >= out.dtype.type(low)) & (x <= out.dtype.type(high)), g, 0)


def maximum_grad(out, g, a, b):
    """The gradient of maximum(a, b) for a: 0 where a < b, half of g where they are equal, else g."""
    out[...] = np.where(a == b, g / 2, np.where(a < b, 0, g))


def minimum_grad(out, g, a, b):
    out[...] = np.where(a == b, g / 2, np.where(a > b, 0, g))


def where(out, condition, a, b):
    out[...] = np.where(condition, a, b)
