"""Elementwise kernels that have no C version."""

from __future__ import annotations

import math

import numpy as np

from .elementwise import _ERF_C, _erf, _erfc


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
