"""The living definition of every kernel, in NumPy.

Each function here has the name of a line in ``csrc/kernels.def`` and says what that kernel means. It takes NumPy
arrays, writes its first argument and returns nothing. It is also the fallback: without the C extension, with
``AUTOGRAD_BACKEND=numpy``, and for dtypes the C kernels do not have, these are what runs.

>>> import numpy as np
>>> out = np.empty(3)
>>> sigmoid(out, np.array([-1000.0, 0.0, 1000.0])); out
array([0. , 0.5, 1. ])
"""

from __future__ import annotations

import math

import numpy as np

# --- elementwise ------------------------------------------------------------------------------------------------------
# Operands broadcast to out. In the gradients, g is the gradient arriving and the saved operand is named x or y.


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


# The rest of the elementwise kernels have no C version.


def exp2(out, x):
    np.exp2(x, out=out)


def expm1(out, x):
    np.expm1(x, out=out)


def log1p(out, x):
    np.log1p(x, out=out)


def log2(out, x):
    np.log2(x, out=out)


def log10(out, x):
    np.log10(x, out=out)


def logaddexp(out, a, b):
    np.logaddexp(a, b, out=out)


def logaddexp2(out, a, b):
    np.logaddexp2(a, b, out=out)


def xlogy(out, a, b):
    """a * log(b), 0 where a is 0 and b not NaN."""
    out[...] = np.where((a == 0) & ~np.isnan(b), 0, a * np.log(b))


def logit(out, x, eps):
    """log(x / (1 - x)), of x between eps and 1 - eps where eps is not negative."""
    z = x if eps < 0 else np.clip(x, out.dtype.type(eps), out.dtype.type(1) - out.dtype.type(eps))
    np.log(z / (1 - z), out=out)


def erfc(out, x):
    out[...] = _erfc(x) if x.size else x


def erfinv(out, x):
    """The inverse of erf: a rational start (central or tail), then two Newton steps, as in PyTorch."""
    y = np.asarray(x, np.float64)
    size, square = np.abs(y), y * y
    tail = np.sqrt(-np.log((1 - size) / 2))
    z = np.where(
        size <= 0.7,
        y * np.polyval([-0.140543331, 0.914624893, -1.645349621, 0.886226899], square)
        / np.polyval([0.012229801, -0.329097515, 1.442710462, -2.118377725, 1.0], square),
        np.copysign(1, y) * np.polyval([1.641345311, 3.429567803, -1.624906493, -1.970840454], tail)
        / np.polyval([1.637067800, 3.543889200, 1.0], tail),
    )  # fmt: skip
    for _ in range(2 if z.size else 0):
        z = z - (_erf(z) - y) / (_ERF_C * np.exp(-z * z))
    out[...] = np.where(size < 1, z, np.where(size == 1, np.copysign(np.inf, y), np.nan))


def tan(out, x):
    np.tan(x, out=out)


def asin(out, x):
    np.arcsin(x, out=out)


def acos(out, x):
    np.arccos(x, out=out)


def atan(out, x):
    np.arctan(x, out=out)


def atan2(out, a, b):
    np.arctan2(a, b, out=out)


def sinc(out, x):
    """sin(pi x) / (pi x), 1 at 0."""
    z = out.dtype.type(math.pi) * x
    out[...] = np.where(z == 0, 1, np.sin(z) / z)


def sinh(out, x):
    np.sinh(x, out=out)


def cosh(out, x):
    np.cosh(x, out=out)


def asinh(out, x):
    np.arcsinh(x, out=out)


def acosh(out, x):
    np.arccosh(x, out=out)


def atanh(out, x):
    np.arctanh(x, out=out)


def hypot(out, a, b):
    np.hypot(a, b, out=out)


def copysign(out, a, b):
    np.copysign(a, b, out=out)


def fmax(out, a, b):
    np.fmax(a, b, out=out)


def fmin(out, a, b):
    np.fmin(a, b, out=out)


def nan_to_num(out, x, nan, posinf, neginf):
    out[...] = np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


def floor(out, x):
    np.floor(x, out=out)


def ceil(out, x):
    np.ceil(x, out=out)


def trunc(out, x):
    np.trunc(x, out=out)


def round(out, x, decimals):
    np.round(x, decimals, out=out)


def frac(out, x):
    np.subtract(x, np.trunc(x), out=out)


# Of integers and bools too; integers wrap around.


def floor_divide(out, a, b):
    """The largest whole numbers not above a / b; integers by 0 are 0."""
    np.floor_divide(a, b, out=out)


def trunc_divide(out, a, b):
    """a / b without its fraction; integers exactly."""
    if out.dtype.kind == "f":
        np.trunc(np.divide(a, b), out=out)
    else:
        q = np.floor_divide(a, b)
        out[...] = q + ((q < 0) & (q * b != a))


def remainder(out, a, b):
    """a - b floor(a / b), exact, with the sign of b; integers by 0 are 0."""
    np.remainder(a, b, out=out)


def fmod(out, a, b):
    np.fmod(a, b, out=out)


def bitwise_not(out, x):
    np.invert(x, out=out)


def bitwise_and(out, a, b):
    np.bitwise_and(a, b, out=out)


def bitwise_or(out, a, b):
    np.bitwise_or(a, b, out=out)


def bitwise_xor(out, a, b):
    np.bitwise_xor(a, b, out=out)


# In the rest out is bool.


def eq(out, a, b):
    np.equal(a, b, out=out)


def ne(out, a, b):
    np.not_equal(a, b, out=out)


def lt(out, a, b):
    np.less(a, b, out=out)


def le(out, a, b):
    np.less_equal(a, b, out=out)


def gt(out, a, b):
    np.greater(a, b, out=out)


def ge(out, a, b):
    np.greater_equal(a, b, out=out)


def logical_and(out, a, b):
    np.logical_and(a, b, out=out)


def logical_or(out, a, b):
    np.logical_or(a, b, out=out)


def logical_xor(out, a, b):
    np.logical_xor(a, b, out=out)


def logical_not(out, x):
    np.logical_not(x, out=out)


def isnan(out, x):  # with out=, NumPy 2.4 writes a strided array wrong
    out[...] = np.isnan(x)


def isinf(out, x):
    out[...] = np.isinf(x)


def isfinite(out, x):
    out[...] = np.isfinite(x)


# --- reductions over the axes dims; out has the kept dims -------------------------------------------------------------


def sum(out, x, dims):
    np.sum(x, axis=dims, out=out, dtype=out.dtype)


def mean(out, x, dims):
    count = math.prod(x.shape[d] for d in dims)
    out[...] = np.sum(x, axis=dims) / out.dtype.type(count)


def prod(out, x, dims):
    np.prod(x, axis=dims, out=out, dtype=out.dtype)


def amax(out, x, dims):
    np.max(x, axis=dims, out=out)


def amin(out, x, dims):
    np.min(x, axis=dims, out=out)


def var(out, x, dims, correction):
    """Sum of squared deviations over max(0, count - correction); exactly 0 where all elements are equal."""
    count = math.prod(x.shape[d] for d in dims)
    if count:  # from the first element on, the mean of equal elements is not rounded
        x = x - x[tuple(slice(1) if d in dims else slice(None) for d in range(x.ndim))]
    mean = np.sum(x, axis=dims, keepdims=True) / out.dtype.type(count)
    deviation = x - mean
    divisor = out.dtype.type(max(0.0, count - correction))
    out[...] = np.sum(deviation * deviation, axis=dims) / divisor


def logsumexp(out, x, dims):
    """max + log(sum(exp(x - max))); the max itself where it is infinite."""
    if not x.size:
        out[...] = -np.inf
        return
    m = np.max(x, axis=dims, keepdims=True)
    shift = np.where(np.isinf(m), 0, m)
    out[...] = np.log(np.sum(np.exp(x - shift), axis=dims)) + shift.reshape(out.shape)


def argmax(out, x, dims):
    """int64 position within the flattened dims; the first of equals, and NaN counts as the largest."""
    out[...] = np.argmax(_flatten_last(x, dims), axis=-1)


def argmin(out, x, dims):
    out[...] = np.argmin(_flatten_last(x, dims), axis=-1)


def _flatten_last(x, dims):
    kept = [d for d in range(x.ndim) if d not in dims]
    return x.transpose(kept + sorted(dims)).reshape([x.shape[d] for d in kept] + [math.prod(x.shape[d] for d in dims)])


# These have no C kernel: out is bool.


def all(out, x, dims):
    np.all(x, axis=dims, out=out)


def any(out, x, dims):
    np.any(x, axis=dims, out=out)


# --- scans along the axis dim; reverse from its end. These have no C kernel. ------------------------------------------


def cumsum(out, x, dim, reverse):
    _scan(np.add, out, x, dim, reverse)


def cumprod(out, x, dim, reverse):
    _scan(np.multiply, out, x, dim, reverse)


def logcumsumexp(out, x, dim, reverse):
    """log of the sum of exp(x) up to each place."""
    _scan(np.logaddexp, out, x, dim, reverse)


def _scan(function, out, x, dim, reverse):
    """Floats are accumulated in float64."""
    if reverse:
        out, x = np.flip(out, dim), np.flip(x, dim)
    out[...] = function.accumulate(x, dim, dtype=np.float64 if x.dtype.kind == "f" else x.dtype)


# --- rowwise: x is (outer, n, inner), along the middle ----------------------------------------------------------------


def softmax(out, x):
    if x.size:
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        np.divide(e, np.sum(e, axis=1, keepdims=True), out=out)


def log_softmax(out, x):
    if x.size:
        shifted = x - np.max(x, axis=1, keepdims=True)
        np.subtract(shifted, np.log(np.sum(np.exp(shifted), axis=1, keepdims=True)), out=out)


def softmax_grad(out, g, y):
    """y (g - sum(g y))"""
    np.multiply(y, g - np.sum(g * y, axis=1, keepdims=True), out=out)


def log_softmax_grad(out, g, y):
    """g - exp(y) sum(g)"""
    np.subtract(g, np.exp(y) * np.sum(g, axis=1, keepdims=True), out=out)


# --- norms: x is (rows, n), weight and bias (n,) or None; stats (2, rows) are the means and the factors ---------------


def layer_norm(y, stats, x, weight, bias, eps):
    """(x - mean) * rstd * weight + bias with rstd = 1 / sqrt(var + eps) of each row."""
    if x.size:
        mean(stats[0], x - x[:, :1], (1,))  # from the first element on, the mean of equal elements is not rounded
        stats[0] += x[:, 0]
        _normalize(y, stats, x, weight, bias, eps)


def rms_norm(y, stats, x, weight, bias, eps):
    """As layer_norm, with 0 for the mean."""
    if x.size:
        stats[0] = 0
        _normalize(y, stats, x, weight, bias, eps)


def _normalize(y, stats, x, weight, bias, eps):
    deviation = x - stats[0, :, None]
    mean(stats[1], deviation * deviation, (1,))
    stats[1] = 1 / np.sqrt(stats[1] + x.dtype.type(eps))
    np.multiply(deviation, stats[1, :, None], out=y)
    if weight is not None:
        y *= weight
    if bias is not None:
        y += bias


def layer_norm_grad(dx, dw, db, g, x, stats, weight):
    """With z = (x - mean) rstd and h = g weight: dx = rstd (h - mean(h) - z mean(h z)), dw and db the sums of g z and g
    over the rows; each where it is not None."""
    _norm_grad(True, dx, dw, db, g, x, stats, weight)


def rms_norm_grad(dx, dw, db, g, x, stats, weight):
    """As layer_norm_grad, without mean(h)."""
    _norm_grad(False, dx, dw, db, g, x, stats, weight)


def _norm_grad(center, dx, dw, db, g, x, stats, weight):
    z = (x - stats[0, :, None]) * stats[1, :, None]
    if dw is not None:
        np.sum(g * z, axis=0, out=dw)
    if db is not None:
        np.sum(g, axis=0, out=db)
    if dx is not None and x.size:
        h = g if weight is None else g * weight
        slope = h - z * np.mean(h * z, axis=1, keepdims=True)
        if center:
            slope -= np.mean(h, axis=1, keepdims=True)
        np.multiply(slope, stats[1, :, None], out=dx)


# --- batch norm: x is (outer, channels, inner), weight and bias (channels,) or None; stats (2, channels) --------------


def batch_norm(y, stats, running_mean, running_var, x, weight, bias, training, momentum, eps):
    """(x - mean) * rstd * weight + bias of each channel. In training the running statistics, where there are some, move
    towards those of the channels by the share ``momentum``; else they are taken."""
    if not x.size:
        return
    t = x.dtype.type
    if training:
        count = x.shape[0] * x.shape[2]
        mean(stats[0], x - x[:1, :, :1], (0, 2))  # from the first element on, the mean of equal elements is not rounded
        stats[0] += x[0, :, 0]
        deviation = x - stats[0, :, None]
        variance = np.sum(deviation * deviation, axis=(0, 2)) / t(count)
        if running_mean is not None:
            m = t(momentum)
            unbiased = variance * (t(count) / t(count - 1))
            running_mean[...] = (1 - m) * running_mean + m * stats[0]
            running_var[...] = (1 - m) * running_var + m * unbiased
    else:
        stats[0] = running_mean
        deviation, variance = x - stats[0, :, None], running_var
    stats[1] = 1 / np.sqrt(variance + t(eps))
    np.multiply(deviation, (stats[1] if weight is None else stats[1] * weight)[:, None], out=y)
    if bias is not None:
        y += bias[:, None]


def batch_norm_grad(dx, dw, db, g, x, stats, weight, training):
    """With z = (x - mean) rstd: dw and db the sums of g z and of g; dx = weight rstd g, in training with
    g - mean(g) - z mean(g z) in place of g; each where it is not None."""
    z = (x - stats[0, :, None]) * stats[1, :, None]
    product, total = np.sum(g * z, axis=(0, 2)), np.sum(g, axis=(0, 2))
    if dw is not None:
        dw[...] = product
    if db is not None:
        db[...] = total
    if dx is not None and x.size:
        if training:
            count = x.dtype.type(x.shape[0] * x.shape[2])
            g = g - (total / count)[:, None] - z * (product / count)[:, None]
        np.multiply(g, (stats[1] if weight is None else stats[1] * weight)[:, None], out=dx)


# --- losses -----------------------------------------------------------------------------------------------------------


def mse(out, x, t, scale):
    """scale * sum((x - t)^2)"""
    d = x - t
    out[...] = out.dtype.type(scale) * np.sum(d * d)


def mse_grad(out, g, x, t, scale):
    np.multiply(out.dtype.type(2 * scale) * g, x - t, out=out)


def bce_with_logits(out, x, t, scale):
    """scale * sum(max(x, 0) - x t + log(1 + exp(-\\|x\\|)))"""
    out[...] = out.dtype.type(scale) * np.sum(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))


def bce_with_logits_grad(out, g, x, t, scale):
    s = np.empty(x.shape, out.dtype)
    sigmoid(s, x)
    np.multiply(out.dtype.type(scale) * g, s - t, out=out)


def cross_entropy(loss, lse, x, target, weight, ignore_index, reduction, smoothing):
    """Per position (1 - smoothing) w[target] (lse - x[target]) + smoothing / classes * sum(w (lse - x)), 0 where the
    target is ignored; reduction 0 none, 1 the sum over the weight of the targets that are not ignored, 2 the sum.

    x is (outer, classes, inner), target and lse (outer, inner), weight w (classes,) or None for ones; lse is NaN where
    it is +infinity. Returns 0, or 1 + the position of the first target that is out of range.
    """
    used = target != ignore_index
    bad = used & ((target < 0) | (target >= x.shape[1]))
    if bad.any():
        return 1 + int(np.argmax(bad))
    logsumexp(lse, x, (1,))
    lse[lse == np.inf] = np.nan
    position, own, total = _targets(x, target, used, weight)
    picked = np.take_along_axis(x, position, axis=1)[:, 0, :] if x.shape[1] else lse
    losses = x.dtype.type(1 - smoothing) * own * (lse - picked)
    if smoothing:
        below = lse[:, None, :] - x
        even = np.sum(below if weight is None else below * weight[:, None], axis=1)
        losses += x.dtype.type(smoothing / x.shape[1]) * even
    losses = np.where(used, losses, 0)
    if reduction == 0:
        loss[...] = losses
    else:
        loss[...] = np.sum(losses) / total if reduction == 1 else np.sum(losses)
    return 0


def cross_entropy_grad(dx, g, x, lse, target, weight, ignore_index, reduction, smoothing):
    """(softmax(x) sum(q) - q) g with q = (1 - smoothing) w one_hot(target) + smoothing / classes * w, 0 where the
    target is ignored; under the mean, g over the weight of the targets."""
    used = target != ignore_index
    position, own, total = _targets(x, target, used, weight)
    own = own * x.dtype.type(1 - smoothing)
    even = x.dtype.type(smoothing / max(1, x.shape[1]))
    weights = even * (np.ones(x.shape[1], x.dtype) if weight is None else weight)
    dx[...] = np.exp(x - lse[:, None, :]) * (own + np.sum(weights))[:, None, :]
    if smoothing:
        dx -= weights[:, None]
    np.put_along_axis(dx, position, np.take_along_axis(dx, position, 1) - own[:, None, :], axis=1)
    scale = np.where(used, g / total if reduction == 1 else g, 0)
    dx[...] = np.where(used[:, None, :], dx * scale[:, None, :], 0)


def _targets(x, target, used, weight):
    """Positions along the classes, 0 where ignored; the weight of each target, and of all that are not ignored."""
    safe = np.where(used, target, 0)
    own = np.ones(target.shape, x.dtype) if weight is None else weight[safe]
    return safe[:, None, :], own, x.dtype.type(np.sum(own, where=used, dtype=np.float64))


# --- convolution and pooling: arrays in two dims, s says what has to do with sizes ------------------------------------


def _columns(x, s):
    """What each tap sees of x from each position of y: (images, groups, taps, positions)."""
    (height, width), (down, across) = s.kernel, s.dilation
    size = [(o - 1) * step + (k - 1) * d + 1 for o, step, k, d in zip(s.out_size, s.stride, s.kernel, s.dilation)]
    padded = np.zeros((s.images, s.channels, *size), x.dtype)
    inside = tuple(slice(p, p + n) for p, n in zip(s.padding, s.in_size))
    padded[(..., *inside)] = x[..., : size[0] - s.padding[0], : size[1] - s.padding[1]]
    image, channel, row, one = padded.strides
    windows = np.lib.stride_tricks.as_strided(
        padded,
        (s.images, s.channels, height, width, *s.out_size),
        (image, channel, down * row, across * one, s.stride[0] * row, s.stride[1] * one),
    )
    return windows.reshape(s.images, s.groups, s.channels // s.groups * height * width, math.prod(s.out_size))


def _matrices(w, s):
    """The weights of each group: (groups, filters, taps)."""
    return w.reshape(s.groups, s.filters // s.groups, s.channels // s.groups * math.prod(s.kernel))


def _planes(y, s):
    """y of each group: (images, groups, filters, positions)."""
    return y.reshape(s.images, s.groups, s.filters // s.groups, math.prod(s.out_size))


def conv(y, x, w, bias, s):
    """y[f, i] = sum of x[c, i * stride - padding + k * dilation] w[f, c, k], plus bias[f]."""
    y[...] = np.matmul(_matrices(w, s), _columns(x, s)).reshape(y.shape)
    if bias is not None:
        y += bias[:, None, None]


def conv_transpose(x, y, w, bias, s):
    """x[c, i * stride - padding + k * dilation] = sum of y[f, i] w[f, c, k], plus bias[c]."""
    columns = np.matmul(_matrices(w, s).swapaxes(1, 2), _planes(y, s))
    columns = columns.reshape(s.images, s.channels, *s.kernel, *s.out_size)
    reach = [
        max(p + n, (o - 1) * step + (k - 1) * d + 1)
        for p, n, o, step, k, d in zip(s.padding, s.in_size, s.out_size, s.stride, s.kernel, s.dilation)
    ]
    padded = np.zeros((s.images, s.channels, *reach), x.dtype)
    for tap in np.ndindex(*s.kernel):
        seen = tuple(
            slice(k * d, k * d + (o - 1) * step + 1, step)
            for k, d, o, step in zip(tap, s.dilation, s.out_size, s.stride)
        )
        padded[(..., *seen)] += columns[:, :, tap[0], tap[1]]
    x[...] = padded[(..., *(slice(p, p + n) for p, n in zip(s.padding, s.in_size)))]
    if bias is not None:
        x += bias[:, None, None]


def conv_weight(w, y, x, bias, s):
    """w[f, c, k] = sum of y[f, i] x[c, i * stride - padding + k * dilation]; there is no bias."""
    w[...] = np.matmul(_planes(y, s), _columns(x, s).swapaxes(2, 3)).sum(0).reshape(w.shape)


def _seen(s, d):
    """Which elements each position sees along dim d, (positions, at most so many), and how many with the padding; -1
    stands for none."""
    at = np.arange(s.out_size[d])[:, None]
    if s.adaptive:
        begin, end = at * s.in_size[d] // s.out_size[d], -(-(at + 1) * s.in_size[d] // s.out_size[d])
        element = begin + np.arange((end - begin).max(initial=0))
        return np.where(element < end, element, -1), end - begin
    begin = at * s.stride[d] - s.padding[d]
    element = begin + np.arange(s.kernel[d]) * s.dilation[d]
    full = np.minimum(begin + s.kernel[d], s.in_size[d] + s.padding[d]) - begin
    return np.where((element >= 0) & (element < s.in_size[d]), element, -1), full


def _seen_in_planes(s):
    """The same for planes: positions in the flat plane, (out, out, elements), -1 for none."""
    rows, columns = _seen(s, 0)[0][:, None, :, None], _seen(s, 1)[0][None, :, None, :]
    flat = np.where((rows < 0) | (columns < 0), -1, rows * s.in_size[1] + columns)
    return flat.reshape(*s.out_size, rows.shape[2] * columns.shape[3])


def _flat(x):
    return x.reshape(len(x), math.prod(x.shape[1:]))


def max_pool(y, index, x, s):
    """The largest element of each window and where it is: the first of equals; the last NaN before all."""
    if not y.size:
        return
    seen = _seen_in_planes(s)
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    values = np.where(seen < 0, lowest, _flat(x)[:, seen])
    spoiled = values != values
    last = seen.shape[-1] - 1 - np.argmax(spoiled[..., ::-1], axis=-1)
    first = np.argmax((values == np.max(values, axis=-1, keepdims=True)) & (seen >= 0), axis=-1)
    at = np.where(spoiled.any(-1), last, first)[..., None]
    y[...] = np.take_along_axis(values, at, -1)[..., 0]
    index[...] = np.take_along_axis(np.broadcast_to(seen, values.shape), at, -1)[..., 0]


def max_pool_grad(dx, g, index, s):
    """dx = 0; dx[index] += g, plane by plane."""
    dx[...] = 0
    np.add.at(_flat(dx), (np.arange(s.planes)[:, None], _flat(index)), _flat(g))


def _divisors(s):
    """The number that the sum over each window is divided by."""
    if s.divisor:
        return s.divisor
    (rows, high), (columns, wide) = _seen(s, 0), _seen(s, 1)
    if s.adaptive or not s.include_padding:
        high, wide = (rows >= 0).sum(1, keepdims=True), (columns >= 0).sum(1, keepdims=True)
    return high * wide.T


def avg_pool(y, x, s):
    """The sum over each window, divided by the number of its elements or by s.divisor."""
    seen = _seen_in_planes(s)
    values = np.where(seen < 0, x.dtype.type(0), _flat(x)[:, seen])
    y[...] = values.sum(-1) / np.asarray(_divisors(s), x.dtype)


def avg_pool_grad(dx, g, s):
    """dx = 0; dx[seen] += g / count for each window."""
    dx[...] = 0
    seen = _seen_in_planes(s)
    share = np.broadcast_to((g / np.asarray(_divisors(s), g.dtype))[..., None], (s.planes, *seen.shape))
    np.add.at(_flat(dx), (slice(None), seen[seen >= 0]), share[:, seen >= 0])


# --- products ---------------------------------------------------------------------------------------------------------

_ACTIVATIONS = {1: relu, 2: sigmoid, 3: tanh}
_ACTIVATION_GRADS = {1: relu_grad, 2: sigmoid_grad, 3: tanh_grad}


def gemm(c, a, b, bias=None, alpha=1.0, beta=0.0, act=0):
    """c = act(alpha a @ b + beta c + bias); leading dims broadcast."""
    product = np.matmul(a, b)
    if alpha != 1:
        product *= c.dtype.type(alpha)
    if beta != 0:
        product += c.dtype.type(beta) * c
    if bias is not None:
        product += bias
    if act:
        _ACTIVATIONS[act](product, product.copy())
    c[...] = product


def linear(y, x, w, bias, act=0):
    """y = act(x @ w.T + bias); x (m, k), w (n, k), y (m, n), bias (n,) or None."""
    np.matmul(x, w.T, out=y)
    if bias is not None:
        y += bias
    if act:
        _ACTIVATIONS[act](y, y.copy())


def linear_grad(dx, dw, db, dz, g, x, w, y, act=0):
    """The gradients of y = act(z), z = x @ w.T + b, each where it is not None; g, y (m, n), x (m, k), w (n, k). With
    act, dz is written first; it may be g."""
    if act:
        _ACTIVATION_GRADS[act](dz, g.copy(), y)
        g = dz
    if dx is not None:
        np.matmul(g, w, out=dx)
    if dw is not None:
        np.matmul(g.T, x, out=dw)
    if db is not None:
        np.sum(g, axis=0, out=db)


# --- optimizers: lists of arrays, a group with the fields of ag_group -------------------------------------------------


def sgd(group, params):
    """Stochastic gradient descent with momentum (Sutskever et al. 2013), as torch.optim.SGD."""
    group.step += 1
    for p, g, buffer, _, _ in params:
        t = p.dtype.type
        g = -g if group.maximize else g
        if group.weight_decay:
            g = g + t(group.weight_decay) * p
        if group.momentum:
            if group.step == 1:
                buffer[...] = g
            else:
                buffer *= t(group.momentum)
                buffer += t(1 - group.dampening) * g
            g = g + t(group.momentum) * buffer if group.nesterov else buffer
        p -= t(group.lr) * g


def adam(group, params):
    """Adam (Kingma and Ba 2014) and, with decoupled decay, AdamW (Loshchilov and Hutter 2017), as torch.optim."""
    group.step += 1
    correction1 = 1 - group.beta1**group.step
    correction2 = math.sqrt(1 - group.beta2**group.step)
    for p, g, m, v, vmax in params:
        t = p.dtype.type
        g = -g if group.maximize else g
        if group.weight_decay and group.decoupled:
            p *= t(1 - group.lr * group.weight_decay)
        elif group.weight_decay:
            g = g + t(group.weight_decay) * p
        m += (g - m) * t(1 - group.beta1)
        v *= t(group.beta2)
        v += t(1 - group.beta2) * (g * g)
        second = v
        if group.amsgrad:
            np.maximum(vmax, v, out=vmax)
            second = vmax
        p -= t(group.lr / correction1) * (m / (np.sqrt(second) / t(correction2) + t(group.eps)))


def rmsprop(group, params):
    """RMSprop (Hinton 2012), centered as in Graves 2013, as torch.optim.RMSprop: the last buffer is the mean of g."""
    group.step += 1
    for p, g, buffer, square, mean in params:
        t = p.dtype.type
        g = -g if group.maximize else g
        if group.weight_decay:
            g = g + t(group.weight_decay) * p
        square *= t(group.beta2)
        square += t(1 - group.beta2) * (g * g)
        spread = square
        if group.centered:
            mean += (g - mean) * t(1 - group.beta2)
            spread = square - mean * mean
        change = g / (np.sqrt(spread) + t(group.eps))
        if group.momentum:
            buffer *= t(group.momentum)
            buffer += change
            change = buffer
        p -= t(group.lr) * change


# --- clipping by the norm, over lists of arrays of one dtype; sums and the factor are float64 -------------------------


def list_squares(out, arrays):
    """The sum of the squares of all elements."""
    squares = [np.sum(np.square(a, dtype=np.float64)) for a in arrays]
    out[...] = math.fsum(squares) if np.isfinite(squares).all() else np.sum(squares)


def root_sum(out, x):
    """sqrt(sum(x))"""
    out[...] = np.sqrt(np.sum(x))


def clip_factor(factor, norm, most):
    """What brings the norm down to ``most``: most / (norm + 1e-6), but no more than 1."""
    factor[...] = np.minimum(most / (norm.astype(np.float64) + 1e-6), 1)


def list_scale(arrays, factor):
    """Every element times the factor, in place."""
    for a in arrays:
        a *= factor.astype(a.dtype)


# --- counters ---------------------------------------------------------------------------------------------------------


def count_up(out):
    """out + 1, in place, of int64."""
    out += 1


# --- indexing, dropout ------------------------------------------------------------------------------------------------


def embedding(out, table, index):
    """out[i] = table[index[i]]; returns 0, or 1 + the first position out of range."""
    bad = (index < 0) | (index >= len(table))
    if bad.any():
        return 1 + int(np.argmax(bad))
    np.take(table, index, axis=0, out=out)
    return 0


def embedding_grad(dtable, g, index, padding_index):
    """dtable[index[i]] += g[i], in order of i, but for the padding index."""
    used = index != padding_index
    np.add.at(dtable, index[used], g[used])


# These have no C kernel.


def gather(out, x, dim, index):
    """out[i] = x[index[i] along dim], for each i of index."""
    if x.ndim == 0:
        out[...] = x
        return
    out[...] = x[_positions(index, dim)]


def scatter_add(out, x, dim, index):
    """out[index[i] along dim] += x[i], in order."""
    if out.ndim == 0:
        out += np.sum(x, dtype=out.dtype)
        return
    np.add.at(out, _positions(index, dim), x[tuple(slice(n) for n in index.shape)])


def scatter(out, x, dim, index):
    """out[index[i] along dim] = x[i], in order."""
    if out.ndim == 0:
        if x.size:
            out[...] = x.reshape(-1)[-1]
        return
    out[_positions(index, dim)] = x


def _positions(index, dim):
    """What picks, for each element of index, the position index[i] along dim and i's own along the others."""
    grid = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    grid[dim] = index
    return tuple(grid)


def index_add(out, x, index):
    """out[index] += x, in order; index is what NumPy's indexing takes."""
    np.add.at(out, index, x)


def index_put(out, x, index):
    """out[index] = x, in order; index is what NumPy's indexing takes."""
    out[index] = x


def dropout(out, x, p, key):
    """x / (1 - p) where the hash of (key[0], position) says keep, else 0.

    The hash is splitmix64 (Steele, Lea and Flood 2014) of key + (position + 1) * golden; an element is kept where its
    upper 32 bits are at least p * 2^32.
    """
    with np.errstate(over="ignore"):
        z = key.view(np.uint64) + np.arange(1, x.size + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    kept = (z >> np.uint64(32)) >= np.uint64(math.ceil(p * 2**32))
    scale = out.dtype.type(1 / (1 - p) if p < 1 else 0)
    out[...] = np.where(kept.reshape(x.shape), x * scale, 0)
