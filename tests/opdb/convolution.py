"""Rows of autograd/ops/convolution.py."""

from __future__ import annotations

import numpy as np

from .core import Failure, Make, Row, Sample

LOOSE = {"float32": 2e-5, "float64": 1e-12}


def each(value, dims: int) -> tuple:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * dims


def taps(x, w, stride, padding, dilation, groups):
    """(output position, input position, filter, channel, tap) of all that meet, from the definition."""
    dims = w.ndim - 2
    stride, padding, dilation = (each(v, dims) for v in (stride, padding, dilation))
    size = x.shape[2:]
    out = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1 for n, p, d, k, s in zip(size, padding, dilation, w.shape[2:], stride)
    ]
    for tap in np.ndindex(*w.shape[2:]):
        for i in np.ndindex(*out):
            at = tuple(a * s - p + k * d for a, s, p, k, d in zip(i, stride, padding, tap, dilation))
            if all(0 <= a < n for a, n in zip(at, size)):
                yield i, at, tap


def batched(x, dims: int):
    return x if x.ndim == dims + 2 else x[None]


def conv(x, w, bias=None, stride=1, padding=0, dilation=1, groups=1):
    dims = w.ndim - 2
    whole = batched(x, dims)
    if padding == "valid":
        padding = 0
    if padding == "same":
        total = [d * (k - 1) for d, k in zip(each(dilation, dims), w.shape[2:])]
        whole = np.pad(whole, [(0, 0), (0, 0), *[(t // 2, t - t // 2) for t in total]])
        padding = 0
    size = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, p, d, k, s in zip(
            whole.shape[2:], each(padding, dims), each(dilation, dims), w.shape[2:], each(stride, dims)
        )
    ]
    y = np.zeros((len(whole), len(w), *size))
    f, c = len(w) // groups, w.shape[1]
    for i, at, tap in taps(whole, w, stride, padding, dilation, groups):
        for g in range(groups):
            seen = whole[(slice(None), slice(g * c, (g + 1) * c), *at)]
            y[(slice(None), slice(g * f, (g + 1) * f), *i)] += (
                seen @ w[(slice(g * f, (g + 1) * f), slice(None), *tap)].T
            )
    if bias is not None:
        y += bias.reshape(-1, *[1] * dims)
    return y if x.ndim == dims + 2 else y[0]


def conv_transpose(x, w, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    dims = w.ndim - 2
    whole = batched(x, dims)
    steps = zip(
        whole.shape[2:], each(stride, dims), each(padding, dims), each(dilation, dims), w.shape[2:],
        each(output_padding, dims),
    )  # fmt: skip
    y = np.zeros(
        (len(whole), w.shape[1] * groups, *[(n - 1) * s - 2 * p + d * (k - 1) + e + 1 for n, s, p, d, k, e in steps])
    )
    f, c = len(w) // groups, w.shape[1]
    for i, at, tap in taps(y, w, stride, padding, dilation, groups):
        if any(a >= n for a, n in zip(i, whole.shape[2:])):
            continue
        for g in range(groups):
            seen = whole[(slice(None), slice(g * f, (g + 1) * f), *i)]
            y[(slice(None), slice(g * c, (g + 1) * c), *at)] += seen @ w[(slice(g * f, (g + 1) * f), slice(None), *tap)]
    if bias is not None:
        y += bias.reshape(-1, *[1] * dims)
    return y if x.ndim == dims + 2 else y[0]


LINES = [  # input, weight, options
    ((2, 3, 7), (4, 3, 3), {}),
    ((2, 4, 8), (6, 2, 3), {"stride": 2, "padding": 1, "groups": 2}),
    ((3, 9), (2, 3, 2), {"dilation": (3,), "padding": (2,)}),
    ((1, 2, 5), (2, 2, 4), {"padding": "same"}),
    ((1, 2, 6), (1, 2, 3), {"padding": "same", "dilation": 2}),
]
IMAGES = [
    ((2, 3, 5, 6), (4, 3, 3, 2), {}),
    ((2, 2, 6, 5), (3, 2, 3, 3), {"stride": (2, 1), "padding": (1, 2)}),
    ((1, 4, 5, 5), (6, 2, 2, 2), {"groups": 2, "dilation": (2, 1), "stride": 2}),
    ((2, 3, 4, 4), (3, 1, 3, 3), {"groups": 3, "padding": 1}),
    ((3, 4, 4), (2, 3, 1, 1), {}),
    ((1, 3, 4, 4), (2, 3, 1, 1), {"stride": 2, "padding": 1}),
    ((1, 2, 4, 5), (2, 2, 3, 2), {"padding": "same"}),
    ((1, 1, 3, 3), (1, 1, 3, 3), {"padding": "valid"}),
    ((0, 2, 3, 3), (2, 2, 2, 2), {}),
]


def convolutions(cases):
    def samples(make: Make):
        for x, w, options in cases:
            yield Sample((make(*x), make(*w), make(w[0])), options, note=f"{x}, {w}, {options}")
        x, w, _ = cases[0]
        yield Sample((make(*x), make(*w)), note="no bias")
        turned = make(*x[::-1]).transpose(), make(*w[::-1]).transpose(), make(2 * w[0])[::2]
        yield Sample(turned, note="strided")
        yield Sample((np.broadcast_to(make(*x[:1], 1, *x[2:]), x), make(*w)), note="expanded")

    return samples


BACK_LINES = [
    ((2, 3, 4), (3, 2, 3), {}),
    ((2, 4, 3), (4, 3, 2), {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2}),
    ((3, 4), (3, 2, 2), {"dilation": 2}),
]
BACK_IMAGES = [
    ((2, 3, 3, 4), (3, 2, 3, 2), {}),
    ((1, 4, 3, 2), (4, 1, 2, 3), {"stride": (2, 3), "padding": (1, 0), "output_padding": (0, 1), "groups": 2}),
    ((2, 3, 3), (2, 2, 2, 2), {"dilation": (2, 1), "stride": 2}),
    ((1, 3, 4, 4), (3, 2, 1, 1), {}),
    ((0, 2, 3, 3), (2, 2, 2, 2), {}),
]


def transposed(cases):
    def samples(make: Make):
        for x, w, options in cases:
            bias = make(w[1] * options.get("groups", 1))
            yield Sample((make(*x), make(*w), bias), options, note=f"{x}, {w}, {options}")
        x, w, _ = cases[0]
        yield Sample((make(*x[::-1]).transpose(), make(*w[::-1]).transpose()), note="no bias, strided")

    return samples


def refused(name: str, x: tuple, w: tuple, match: str, error=RuntimeError, bias: tuple | None = None, **options):
    return Failure(
        lambda m: getattr(m, name)(m.ones(x), m.ones(w), None if bias is None else m.ones(bias), **options),
        error,
        match,
    )


X, W = (1, 3, 4, 4), (2, 3, 2, 2)
ROWS = [
    Row(
        "conv1d",
        convolutions(LINES),
        conv,
        rtol=LOOSE,
        failures=(
            refused("conv1d", (4,), (2, 3, 2), "Expected 2D (unbatched) or 3D (batched) input to conv1d"),
            refused("conv1d", (1, 3, 1), (2, 3, 2), "Kernel size can't be greater than actual input size"),
        ),
    ),
    Row(
        "conv2d",
        convolutions(IMAGES),
        conv,
        rtol=LOOSE,
        atol={"float32": 5e-6, "float64": 1e-12},
        failures=(
            refused("conv2d", (3, 4), W, "Expected 3D (unbatched) or 4D (batched) input to conv2d"),
            refused("conv2d", X, (2, 2, 2, 2), "to have 2 channels, but got 3 channels instead"),
            refused("conv2d", X, (2, 3, 5, 5), "Kernel size can't be greater than actual input size"),
            refused("conv2d", X, (0, 3, 1, 1), "expected weight to be at least 1 at dimension 0"),
            refused("conv2d", (1, 4, 4, 4), (3, 2, 2, 2), "expected weight to be divisible by 2", groups=2),
            refused("conv2d", X, W, "expected bias to be 1-dimensional with 2 elements", bias=(3,)),
            refused("conv2d", X, W, "non-positive stride is not supported", stride=0),
            refused("conv2d", X, W, "negative padding is not supported", padding=-1),
            refused("conv2d", X, W, "dilation should be greater than zero", dilation=0),
            refused("conv2d", X, W, "non-positive groups is not supported", groups=0),
            refused("conv2d", X, W, "expected stride to be a single integer value or a list of 2", stride=(1, 2, 3)),
            refused("conv2d", X, W, "is not supported for strided convolutions", padding="same", stride=2),
            refused("conv2d", X, W, "Invalid padding string: 'foo'", padding="foo"),
            Failure(
                lambda m: m.conv2d(m.ones(X), m.ones(W, dtype=m.float64)),
                RuntimeError,
                "expected scalar type Float but found Double",
            ),
        ),
    ),
    Row(
        "conv_transpose1d",
        transposed(BACK_LINES),
        conv_transpose,
        rtol=LOOSE,
        failures=(
            refused("conv_transpose1d", (2, 4), (2, 3, 2), "must be tuple of ints, not str", TypeError, padding="same"),
        ),
    ),
    Row(
        "conv_transpose2d",
        transposed(BACK_IMAGES),
        conv_transpose,
        rtol=LOOSE,
        atol={"float32": 5e-6, "float64": 1e-12},
        failures=(
            refused("conv_transpose2d", X, (2, 3, 2, 2), "to have 2 channels, but got 3 channels instead"),
            refused("conv_transpose2d", X, (3, 2, 2, 2), "output padding must be smaller than", output_padding=1),
            refused("conv_transpose2d", X, (3, 2, 2, 2), "1-dimensional with 2 elements", bias=(3,)),
            refused("conv_transpose2d", (1, 3, 1, 1), (3, 2, 1, 1), "Output size is too small", padding=1),
        ),
    ),
]
