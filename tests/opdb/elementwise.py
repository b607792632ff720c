"""Rows of autograd/ops/elementwise.py."""

from __future__ import annotations

import math

import numpy as np

from .core import ALL, FLOATS, INTEGERS, Failure, Make, Row, Sample, binary, unary

erf = np.vectorize(math.erf, otypes=[float])
FAR = {"low": 0.3, "high": 2.5}


def scalars(*numbers, **domain):
    """Samples of tensor and number, and of number and tensor."""

    def samples(make: Make):
        for p in numbers:
            for x in (make(3, 4, **domain), make(**domain), make(0, 2, **domain), make(4, 3, **domain).T):
                yield Sample((x, p), note=f"tensor and {p}")
                yield Sample((p, x), note=f"{p} and tensor")

    return samples


def shape_failure(name: str, word: str = "must match"):
    return Failure(
        lambda m: getattr(m, name)(m.ones(2, 3), m.ones(2, 4)),
        RuntimeError,
        "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1",
    )


def not_a_tensor(path: str):
    *parents, name = path.split(".")

    def call(m):
        for parent in parents:
            m = getattr(m, parent)
        return getattr(m, name)("two")

    return Failure(call, TypeError, "must be Tensor, not str")


def comparison(name: str):
    return Row(
        name,
        binary(),
        getattr(
            np,
            {
                "eq": "equal",
                "ne": "not_equal",
                "lt": "less",
                "le": "less_equal",
                "gt": "greater",
                "ge": "greater_equal",
            }[name],
        ),
        ALL,
        wanted=None,
        failures=(shape_failure(name),),
    )


def pow_samples(make: Make):
    yield from binary(FAR, {"low": -2, "high": 3}, edges=False)(make) if make.floating else binary(FAR, FAR)(make)
    if make.floating:
        few = np.array(
            [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 1e-20, 1e20], make.dtype
        )
        yield Sample((few[:, None], few), smooth=False, note="edge values")


def pow_scalars(make: Make):
    for p in (2, 3, 0.5, -1, -0.5, 0, 1, 2.5, -2):
        if make.floating or p in (2, 3, 0, 1):
            yield Sample((make(3, 4, **FAR), p), note=f"** {p}")
            yield Sample((make(4, 3, **FAR).T, p), note=f"transposed ** {p}")
        if make.floating:
            yield Sample((make.edges(), p), smooth=False, note=f"edge values ** {p}")
            if float(p).is_integer():
                yield Sample((-make(3, **FAR), p), note=f"negative ** {p}")
    for p in (2, 0.5, 1, 0):
        if make.floating or p == 2:
            x = make(3, 4, **FAR)
            yield Sample((p, x), smooth=bool(p), note=f"{p} **")
    if make.floating:
        for p in (0.0, 1.0, 2.0, 0.5, -2.0):
            yield Sample((p, np.array([np.nan, np.inf, -np.inf, 0.0, 1.0, -1.0, 2.0, 0.5], make.dtype)), smooth=False)


def clamps(make: Make):
    smooth = {"low": -2, "high": 2, "kinks": (-1, 1, 0)}
    for bounds in ((-1, 1), (None, 1), (-1, None), (1, -1), (0, 0)):
        for shape in ((), (3, 4), (0,), (65,)):
            yield Sample((make(*shape, **smooth), *bounds), note=f"{bounds}")
        yield Sample((make(4, 3, **smooth).T, *bounds), note=f"transposed, {bounds}")
        if make.floating:
            yield Sample((make.edges(), *bounds), smooth=False, note=f"edge values, {bounds}")
    if make.floating:
        yield Sample((np.array([-1.0, 1.0, 0.0], make.dtype), -1, 1), smooth=False, note="at the edges")
    yield Sample((make(3, 4, low=-1, high=1), make(4, low=-3, high=-2), make(3, 1, low=2, high=3)), note="tensors")
    yield Sample((make(3, 4, low=-1, high=1), make(4, low=2, high=3)), note="a tensor above")


def clamp_reference(x, low=None, high=None):
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def wheres(make: Make):
    for shapes in (
        ((3, 4),) * 3,
        ((4,), (3, 1), ()),
        ((3, 1), (4,), (3, 4)),
        ((), (), ()),
        ((0, 3), (3,), ()),
        ((2, 3, 1), (5,), (3, 1)),
    ):
        condition = np.asarray(make.rng.integers(0, 2, shapes[0]), bool)
        yield Sample((condition, make(*shapes[1]), make(*shapes[2])), note=f"{shapes}")
    condition = make.rng.integers(0, 2, (4, 3)) > 0
    yield Sample((condition.T, make(4, 3).T, make(3, 8)[:, ::2]), note="strided")
    if make.floating:
        x = make.edges()
        yield Sample((x > 0, x, x[::-1]), smooth=False, note="edge values")


def additions(make: Make):
    yield from binary()(make)
    yield Sample((make(3, 4), make(4)), {"alpha": 2}, note="alpha")


def rounding(make: Make):
    a, b = {"low": -9, "high": 9}, {"low": 1, "high": 4}
    yield from binary(a, b, edges=False)(make)
    yield Sample(
        (make(3, 4, **a), -make(3, 4, **b) if make.dtype.kind != "u" else make(3, 4, **b)), note="negative divisor"
    )
    if make.floating:
        x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 7.0, -7.0], make.dtype)
        yield Sample((x[:, None], x), smooth=False, note="edge values")


def remainders(make: Make):
    if not make.floating:
        yield from rounding(make)
        return
    for shape in ((), (3, 4), (0,)):
        whole = make.rng.integers(-3, 3, shape)
        divisor = make(*shape, low=1, high=2)
        part = make(*shape, low=0.2, high=0.8)
        yield Sample((np.asarray(divisor * (whole + part), make.dtype), divisor), note=f"shape {shape}")


def logical(make: Make):
    yield from binary(edges=False)(make)


def unary_row(path: str, reference, *domain, dtypes=FLOATS, **options):
    return Row(path, unary(*domain), reference, dtypes, failures=(not_a_tensor(path),), **options)


WIDE = {"float32": 3e-6, "float64": 1e-13}

ROWS = [
    unary_row("neg", np.negative, dtypes=FLOATS + INTEGERS[:4]),
    unary_row("abs", np.abs, -2, 2, (0,), dtypes=FLOATS + INTEGERS),
    unary_row("sign", np.sign, -2, 2, (0,), dtypes=FLOATS + INTEGERS),
    unary_row("sqrt", np.sqrt, 0.2, 3),
    unary_row("rsqrt", lambda x: 1 / np.sqrt(x), 0.2, 3),
    unary_row("reciprocal", lambda x: 1 / x, 0.2, 3),
    unary_row("exp", np.exp),
    unary_row("log", np.log, 0.2, 3),
    unary_row("erf", erf),
    unary_row("sin", np.sin, -3, 3),
    unary_row("cos", np.cos, -3, 3),
    unary_row("tanh", np.tanh),
    Row(
        "add",
        additions,
        lambda a, b, alpha=1: a + alpha * b,
        FLOATS + INTEGERS,
        failures=(
            shape_failure("add"),
            Failure(lambda m: m.add(m.ones(2), "x"), TypeError, "must be Tensor or Number"),
        ),
    ),
    Row(
        "sub",
        binary(),
        np.subtract,
        FLOATS + INTEGERS,
        failures=(
            shape_failure("sub"),
            Failure(lambda m: m.tensor([True]) - m.tensor([True]), RuntimeError, "two bool tensors is not supported"),
            Failure(lambda m: m.tensor([True]) - 1, RuntimeError, "with a bool tensor is not supported"),
            Failure(lambda m: -m.tensor([True]), RuntimeError, "on a bool tensor is not supported"),
        ),
    ),
    Row("mul", binary(), np.multiply, ALL, failures=(shape_failure("mul"),)),
    Row(
        "div",
        binary(b=FAR),
        np.true_divide,
        FLOATS,
        failures=(
            shape_failure("div"),
            Failure(
                lambda m: m.div(m.ones(1), 2, rounding_mode="up"),
                RuntimeError,
                "to be one of None, 'trunc', or 'floor'",
            ),
        ),
    ),
    Row("add", scalars(2, 1.5, -3.25), np.add, variant="numbers", call=lambda m, a, b: a + b),
    Row("sub", scalars(2, 1.5, -3.25), np.subtract, variant="numbers", call=lambda m, a, b: a - b),
    Row("mul", scalars(2, 1.5, 0.0), np.multiply, variant="numbers", call=lambda m, a, b: a * b),
    Row("div", scalars(2, 1.5, -3.25, **FAR), np.true_divide, variant="numbers", call=lambda m, a, b: a / b),
    Row("add", scalars(2, -3), np.add, INTEGERS[1:4], None, variant="integers", call=lambda m, a, b: a + b),
    Row("sub", scalars(2, -3), np.subtract, INTEGERS[1:4], None, variant="integers", call=lambda m, a, b: a - b),
    Row("mul", scalars(2, -3), np.multiply, INTEGERS[1:4], None, variant="integers", call=lambda m, a, b: a * b),
    Row(
        "pow",
        pow_samples,
        np.power,
        FLOATS + INTEGERS[1:4],
        rtol=WIDE,
        failures=(
            shape_failure("pow"),
            Failure(
                lambda m: m.tensor([2]) ** -1, RuntimeError, "Integers to negative integer powers are not allowed."
            ),
        ),
    ),
    Row("pow", pow_scalars, lambda a, b: np.power(a, b), FLOATS, variant="numbers", rtol=WIDE),
    Row(
        "floor_divide",
        rounding,
        np.floor_divide,
        FLOATS + INTEGERS,
        None,
        failures=(Failure(lambda m: m.tensor([1]) // 0, RuntimeError, "ZeroDivisionError"),),
    ),
    Row(
        "remainder",
        remainders,
        np.remainder,
        FLOATS + INTEGERS,
        failures=(Failure(lambda m: m.tensor([1]) % 0, RuntimeError, "ZeroDivisionError"),),
    ),
    Row(
        "maximum",
        binary(apart=0.05),
        np.maximum,
        ALL,
        failures=(
            shape_failure("maximum"),
            Failure(lambda m: m.maximum(m.ones(2), 1.0), TypeError, "must be Tensor, not float"),
        ),
    ),
    Row("minimum", binary(apart=0.05), np.minimum, ALL, failures=(shape_failure("minimum"),)),
    Row(
        "clamp",
        clamps,
        clamp_reference,
        FLOATS + INTEGERS[1:4],
        failures=(
            Failure(lambda m: m.clamp(m.ones(2)), RuntimeError, "At least one of 'min' or 'max' must not be None"),
        ),
    ),
    Row(
        "where",
        wheres,
        np.where,
        ALL,
        wanted=(1, 2),
        failures=(
            Failure(lambda m: m.where(m.ones(2), m.ones(2), m.ones(2)), RuntimeError, "boolean tensor"),
            Failure(
                lambda m: m.where(m.tensor([True, False]), m.ones(2), m.ones(3)),
                RuntimeError,
                "must match the size of tensor",
            ),
        ),
    ),
    Row("to", unary(edges=False), np.array, variant="there and back", call=lambda m, x: x.to(m.float64).to(x.dtype)),
    *[comparison(name) for name in ("eq", "ne", "lt", "le", "gt", "ge")],
    Row("logical_and", logical, np.logical_and, ALL, None),
    Row("logical_or", logical, np.logical_or, ALL, None),
    Row("logical_xor", logical, np.logical_xor, ALL, None),
    Row("logical_not", unary(), np.logical_not, ALL, None),
    Row(
        "bitwise_and",
        logical,
        np.bitwise_and,
        (*INTEGERS, "bool"),
        None,
        failures=(Failure(lambda m: m.ones(2) & m.ones(2), RuntimeError, "bitwise_and"),),
    ),
    Row("bitwise_or", logical, np.bitwise_or, (*INTEGERS, "bool"), None),
    Row("bitwise_xor", logical, np.bitwise_xor, (*INTEGERS, "bool"), None),
    Row("bitwise_not", unary(), np.invert, (*INTEGERS, "bool"), None),
    Row("isnan", unary(), np.isnan, FLOATS, None),
    Row("isinf", unary(), np.isinf, FLOATS, None),
    Row("isfinite", unary(), np.isfinite, FLOATS, None),
    Row("isclose", binary(), np.isclose, FLOATS, None),
]
