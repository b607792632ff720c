"""Rows of autograd/ops/resampling.py."""

from __future__ import annotations

import numpy as np

from .core import Failure, Make, Row, Sample

F = "nn.functional."
LOOSE = {"float32": 2e-5, "float64": 1e-12}


def images(make: Make):
    for mode, shape in (
        ("nearest", (2, 3, 4)), ("nearest", (1, 2, 3, 4)), ("nearest", (1, 1, 2, 2, 3)),
        ("nearest-exact", (1, 2, 3, 4)),
        ("linear", (2, 3, 4)), ("bilinear", (1, 2, 3, 4)), ("trilinear", (1, 1, 2, 2, 3)), ("bicubic", (1, 2, 4, 5)),
        ("area", (1, 2, 4, 5)), ("area", (2, 3, 4)),
    ):  # fmt: skip
        dims = len(shape) - 2
        size = (5, 3, 7)[:dims]
        yield Sample((make(*shape),), {"size": size, "mode": mode}, note=f"{mode}, {shape} to {size}")
        yield Sample((make(*shape),), {"scale_factor": 1.6, "mode": mode}, note=f"{mode}, {shape} times 1.6")
        if "linear" in mode or "cubic" in mode:
            options = {"scale_factor": (0.7, 2.0, 1.5)[:dims], "mode": mode}
            yield Sample((make(*shape),), {**options, "align_corners": True}, note=f"{mode}, corners")
            yield Sample((make(*shape),), {**options, "recompute_scale_factor": True}, note=f"{mode}, recomputed")
    yield Sample((make(1, 1, 2, 2),), {"size": 1, "mode": "bilinear", "align_corners": True}, note="one pixel")


def refused(error, match: str, shape=(1, 1, 2, 2), **options) -> Failure:
    return Failure(lambda m: m.nn.functional.interpolate(m.ones(shape), **options), error, match)


def shuffled(x, r):
    *lead, c, h, w = x.shape
    y = np.zeros((*lead, c // r**2, h * r, w * r), x.dtype)
    for i in range(r):
        for j in range(r):
            y[..., i::r, j::r] = x[..., i * r + j :: r * r, :, :]
    return y


def unshuffled(x, r):
    parts = [x[..., :, None, i::r, j::r] for i in range(r) for j in range(r)]
    y = np.concatenate(parts, -3)
    return y.reshape(*y.shape[:-4], y.shape[-4] * y.shape[-3], *y.shape[-2:])


def pixels(*cases):
    def samples(make: Make):
        for shape, r in cases:
            yield Sample((make(*shape), r), note=f"{shape} by {r}")

    return samples


def bad(name: str, match: str, shape: tuple, *args, error=RuntimeError) -> Failure:
    return Failure(lambda m: getattr(m.nn.functional, name)(m.ones(shape), *args), error, match)


BLOCKS = [
    ((2, 3, 4, 5), (2, 3), {}),
    ((2, 5, 5), 3, {"padding": 1, "stride": 2}),
    ((1, 2, 5, 6), (2, 2), {"dilation": (2, 1), "padding": (0, 1), "stride": (1, 3)}),
    ((0, 1, 3, 3), 2, {}),
]


def each(value) -> tuple:
    return tuple(value) if isinstance(value, tuple) else (value, value)


def unfolded(x, kernel, dilation=1, padding=0, stride=1):
    kernel, dilation, padding, stride = map(each, (kernel, dilation, padding, stride))
    x = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(p, p) for p in padding])
    counts = [(n - d * (k - 1) - 1) // s + 1 for n, k, d, s in zip(x.shape[-2:], kernel, dilation, stride)]
    found = [
        x[..., a * dilation[0] :: stride[0], b * dilation[1] :: stride[1]][..., : counts[0], : counts[1]]
        for a in range(kernel[0])
        for b in range(kernel[1])
    ]
    y = np.stack(found, -3)
    return y.reshape(*y.shape[:-4], y.shape[-4] * y.shape[-3], y.shape[-2] * y.shape[-1])


def folded(x, size, kernel, **options):
    """The transpose of unfolded, by its matrix."""
    lead = x.shape[:-2]
    area = kernel * kernel if isinstance(kernel, int) else kernel[0] * kernel[1]
    channels = x.shape[-2] // area
    n = channels * size[0] * size[1]
    matrix = unfolded(np.eye(n).reshape(n, channels, *size), kernel, **options).reshape(n, -1)
    return (x.reshape(*lead, x.shape[-2] * x.shape[-1]) @ matrix.T).reshape(*lead, channels, *size)


def blocks(make: Make):
    for shape, kernel, options in BLOCKS:
        yield Sample((make(*shape), kernel), options, note=f"{shape}, {kernel}, {options}")


def columns(make: Make):
    for shape, kernel, options in BLOCKS:
        x = unfolded(make(*shape), kernel, **options)
        yield Sample((make(*x.shape), shape[-2:], kernel), options, note=f"{shape}, {kernel}, {options}")


ROWS = [
    Row(
        F + "interpolate",
        images,
        None,
        rtol=LOOSE,
        atol={"float32": 1e-5, "float64": 1e-12},
        failures=(
            refused(ValueError, "either size or scale_factor should be defined"),
            refused(ValueError, "only one of size or scale_factor should be defined", size=3, scale_factor=2),
            refused(ValueError, "must have the same number of spatial dimensions", size=(3, 3, 3)),
            refused(NotImplementedError, "Input Error: Only 3D, 4D and 5D input Tensors supported", size=3, mode="foo"),
            refused(NotImplementedError, "Got 4D input, but linear mode needs 3D input", size=3, mode="linear"),
            refused(ValueError, "align_corners option can only be set", size=3, align_corners=True),
            refused(RuntimeError, "Input and output sizes should be greater than 0", size=0),
        ),
    ),
    Row(
        "pixel_shuffle",
        pixels(((1, 8, 2, 3), 2), ((9, 1, 2), 3), ((2, 1, 4, 1, 1), 2)),
        shuffled,
        failures=(
            bad("pixel_shuffle", "to be divisible by the square of upscale_factor", (1, 3, 2, 2), 2),
            bad("pixel_shuffle", "at least 3 dimensions, but got input with 2", (2, 2), 2),
            bad("pixel_shuffle", "expects a positive upscale_factor, but got -1", (4, 2, 2), -1),
        ),
    ),
    Row(
        "pixel_unshuffle",
        pixels(((1, 2, 4, 6), 2), ((1, 3, 6), 3)),
        unshuffled,
        failures=(bad("pixel_unshuffle", "expects height to be divisible by downscale_factor", (1, 3, 3, 3), 2),),
    ),
    Row(
        "channel_shuffle",
        pixels(((2, 6, 3), 3), ((1, 4, 2, 2), 2), ((0, 2, 1), 1)),
        lambda x, groups: np.concatenate([x[:, i :: x.shape[1] // groups] for i in range(x.shape[1] // groups)], 1),
        failures=(
            bad("channel_shuffle", "expects input with > 2 dims, but got input with sizes", (2, 4), 2),
            bad("channel_shuffle", "Got 3 channels and 2 groups", (1, 3, 2), 2),
            bad("channel_shuffle", "must be positive. Value of groups:0", (1, 3, 2), 0),
        ),
    ),
    Row(
        F + "unfold",
        blocks,
        unfolded,
        failures=(bad("unfold", "its components must be at least one", (1, 2, 2, 2), 3),),
    ),
    Row(
        F + "fold",
        columns,
        folded,
        failures=(
            bad("fold", "divisible by the product of kernel_size", (1, 5, 4), (3, 3), 2),
            bad("fold", "to match the calculated number of sliding blocks 2 * 2 = 4", (1, 4, 3), (3, 3), 2),
        ),
    ),
]
