"""Rows of autograd/ops/padding.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, Failure, Make, Row, Sample

F = "nn.functional."
MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pads(make: Make):
    for shape, widths in (((2, 3), (1, 2)), ((2, 3), (0, 1, 2, 0)), ((4, 5), (-1, 2, 1, -2)), ((3,), (-1, -1))):
        yield Sample((make(*shape), widths), note=f"{shape} by {widths}")
    yield Sample((make(2, 3, 2), [1, 1, 1, 1, 1, 1]), {"value": 1.0}, note="three dims")
    yield Sample((make(2, 0), (1, 1)), note="nothing")
    yield Sample((make(), ()), note="a number")
    yield Sample((make(4, 3).T, (1, 1, 1, 1)), note="transposed")
    if make.floating:
        for mode in MODES:
            for shape, widths in (
                ((2, 4), (1, 2)),
                ((1, 2, 4), (3, 1)),
                ((2, 3, 4), (1, 0, 2, 1)),
                ((1, 1, 3, 3), (1, 1, 0, 2)),
            ):
                yield Sample((make(*shape), widths, mode), note=f"{mode}, {shape} by {widths}")
            if mode == "circular":
                yield Sample(
                    (make(2, 5, 4), (-1, 1, 2, -2), mode), note="circular, less on one side, more on the other"
                )
            yield Sample((make(1, 2, 2, 3), (1, 1, 1, 1, 1, 1), mode), note=f"{mode}, three dims")


def padded(x, widths, mode="constant", value=None):
    pairs = [(0, 0)] * (x.ndim - len(widths) // 2) + [tuple(widths[i : i + 2]) for i in range(0, len(widths), 2)][::-1]
    x = x[tuple(slice(max(0, -b), x.shape[d] - max(0, -a)) for d, (b, a) in enumerate(pairs))]
    if not pairs:
        return x
    grown = [(max(0, b), max(0, a)) for b, a in pairs]
    if mode == "constant":
        return np.pad(x, grown, constant_values=0 if value is None else value)
    return np.pad(x, grown, mode=MODES[mode])


def refused(error, match: str, *args, **kwargs):
    return Failure(lambda m: m.nn.functional.pad(m.ones(2, 3), *args, **kwargs), error, match)


ROWS = [
    Row(
        F + "pad",
        pads,
        padded,
        ALL,
        failures=(
            refused(RuntimeError, "Padding length must be divisible by 2", (1,)),
            refused(RuntimeError, "Padding length should be less than or equal to two times", (1,) * 6),
            refused(RuntimeError, "resulted in a negative output size", (-4, 0)),
            refused(
                RuntimeError, "Padding size should be less than the corresponding input dimension", (3, 0), "reflect"
            ),
            refused(NotImplementedError, "Unrecognised padding mode", (1, 1), "mirror"),
            refused(NotImplementedError, "padding", (1, 1, 1, 1), "reflect"),
            refused(RuntimeError, "doesn't take in value argument", (1, 1), "reflect", value=1.0),
        ),
    ),
]
