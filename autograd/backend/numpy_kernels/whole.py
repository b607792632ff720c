"""Elementwise kernels of integers and bools too; integers wrap around. Comparisons, tests and logic give bool."""

from __future__ import annotations

import numpy as np


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
