"""Rows of autograd/ops/rectifier.py."""

from __future__ import annotations

import numpy as np

from .core import FLOATS, INTEGERS, Failure, Make, Row, Sample, not_a_tensor

F = "nn.functional."
STEEP = {"float32": 5e-6, "float64": 1e-13}


def lines(*kinks: float, calls=((),)):
    def samples(make: Make):
        for args in calls:
            for shape in ((3, 4), (), (0, 2)):
                yield Sample((make(*shape, low=-5, high=8, kinks=kinks), *args), note=f"{shape}, {args}")
            yield Sample((make(4, 3, low=-5, high=8, kinks=kinks).T, *args), note=f"transposed, {args}")
        if make.floating:
            x = np.array([-np.inf, np.inf, 0, -0.0, -1, 1, -3, 3, 6, 0.5, -0.5, -100, 100], make.dtype)
            yield Sample((x, *calls[0]), smooth=False, note="kinks and edge values")

    return samples


def failure(name: str, call, error, match: str) -> Failure:
    return Failure(lambda m: call(m, getattr(m.nn.functional, name)), error, match)


def row(name: str, reference, *kinks, calls=((),), dtypes=FLOATS, failures=(), path=F, **options) -> Row:
    return Row(
        path + name,
        lines(*kinks, calls=calls),
        reference,
        dtypes,
        failures=(not_a_tensor(F + name), *failures) if calls[0] == () else failures,
        **options,
    )


def integers(name: str) -> Failure:
    return failure(name, lambda m, f: f(m.tensor([1, 2])), NotImplementedError, "not implemented for 'Long'")


def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def celu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


def hardswish(x):
    return x * np.clip(x + 3, 0, 6) / 6


def leaky(make: Make):
    for shape in ((3, 4), (2, 3, 2), (5,), (), (0, 2)):
        yield Sample((make(*shape, kinks=(0,)), make(1)), note=f"{shape}, one weight")
    yield Sample((make(3, 4, kinks=(0,)), make(4)), note="a weight for each channel")
    yield Sample((make(2, 3, 2, kinks=(0,)), make(3)), note="a weight for each channel, three dims")
    yield Sample((make(3, kinks=(0,)), make()), note="a number")
    yield Sample((np.array([-1, 0, np.inf, -np.inf], make.dtype), make(1, low=0.5)), smooth=False, note="edge values")


def prelu(x, w):
    return np.where(x > 0, x, x * (w.reshape(-1, *[1] * (x.ndim - 2)) if w.size > 1 else w.reshape(())))


def seeded_rrelu(m, x):
    m.manual_seed(3)
    return m.nn.functional.rrelu(x, 0.1, 0.4, True)


ROWS = [
    row("relu6", lambda x: np.clip(x, 0, 6), 0, 6, dtypes=FLOATS + INTEGERS),
    row(
        "hardtanh",
        lambda x, low=-1.0, high=1.0: np.clip(x, low, high),
        -1,
        1,
        2,
        -2,
        calls=((), (-2.0, 2.0)),
        failures=(
            failure("hardtanh", lambda m, f: f(m.ones(2), 1.0, -1.0), ValueError, "cannot be greater than max_val"),
            failure("hardtanh", lambda m, f: f(m.ones(2) > 0), RuntimeError, "Bool inputs not supported for hardtanh"),
            failure("hardtanh", lambda m, f: f(m.ones(2, dtype=m.uint8)), RuntimeError, "unsigned type with negative"),
        ),
    ),
    row("hardsigmoid", lambda x: np.clip(x + 3, 0, 6) / 6, -3, 3, failures=(integers("hardsigmoid"),)),
    row("hardswish", hardswish, -3, 3, failures=(integers("hardswish"),)),
    row(
        "hardshrink", lambda x, b=0.5: np.where(np.abs(x) <= b, 0, x), 0.5, -0.5, 1, -1, calls=((), (1.0,)), path="",
        failures=(integers("hardshrink"),),
    ),
    row(
        "softshrink", lambda x, b=0.5: x - np.clip(x, -b, b), 0.5, -0.5, 1, -1, calls=((), (1.0,)),
        failures=(failure("softshrink", lambda m, f: f(m.ones(2), -1.0), RuntimeError, "lambda must be in range [0"),),
    ),
    row("threshold", lambda x, t, v: np.where(x <= t, v, x), 1, calls=((1.0, 9.0),), dtypes=FLOATS + ("int64",)),
    row("elu", elu, 0, calls=((), (0.5,)), rtol=STEEP, failures=(integers("elu"),)),
    row("selu", lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772), 0, path="", rtol=STEEP),
    row(
        "celu", celu, 0, calls=((), (2.0,), (-0.5,)), path="", rtol=STEEP,
        failures=(failure("celu", lambda m, f: f(m.ones(2), 0.0), RuntimeError, "alpha cannot be 0 for CELU"),),
    ),
    Row(
        "prelu",
        leaky,
        prelu,
        failures=(
            failure("prelu", lambda m, f: f(m.ones(2, 3), m.ones(2)), RuntimeError, "Mismatch of parameter numbers"),
            failure("prelu", lambda m, f: f(m.ones(2, 3), m.ones(1, 3)), RuntimeError, "to be a scalar or 1D tensor"),
            failure(
                "prelu", lambda m, f: f(m.ones(2, 3).double(), m.ones(1)), RuntimeError, "Type promoting not supported"
            ),
        ),
    ),
    row(
        "rrelu", lambda x, low=1 / 8, high=1 / 3: np.where(x > 0, x, x * (low + high) / 2), 0, calls=((), (0.1, 0.3)),
        failures=(failure("rrelu", lambda m, f: f(m.ones(2), 0.5, 0.1), RuntimeError, "Lower bound should be less"),),
    ),
    Row(F + "rrelu", lines(0), None, call=seeded_rrelu, variant="training"),
]  # fmt: skip
