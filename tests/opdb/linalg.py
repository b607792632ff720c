"""Rows of autograd/ops/linalg.py."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

import autograd
from autograd.op import TABLE
from autograd.ops import linalg

from .activation import sigmoid
from .core import FLOATS, Failure, Make, Row, Sample

LOOSE = {"float32": 2e-5, "float64": 1e-12}
SHAPES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((1, 1), (1, 1)),
    ((5, 2, 3), (3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((2, 3), (5, 3, 4)),
    ((2, 1, 2, 3), (3, 3, 4)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 4)),
    ((0, 3), (3, 4)),
    ((2, 0), (0, 3)),
    ((2, 3), (3, 0)),
    ((2, 3, 0), (0, 3)),
    ((0, 2, 3), (3, 4)),
    ((0, 2, 3), (0, 3, 4)),
    ((17, 9), (9, 33)),
    ((65, 33), (33, 17)),
    ((1, 64), (64, 1)),
    ((64, 1), (1, 64)),
    ((0,), (0,)),
]


def products(make: Make):
    for a, b in SHAPES:
        yield Sample((make(*a), make(*b)), note=f"{a} and {b}")
    a, b = make(3, 2), make(4, 3)
    yield Sample((a.T, b.T), note="both transposed")
    yield Sample((a.T, make(3, 8)[:, ::2]), note="steps")
    yield Sample((make(2, 3)[:, ::-1], make(3, 4)[::-1]), note="backwards")
    yield Sample((np.broadcast_to(make(3), (2, 3)), np.broadcast_to(make(3, 1), (3, 4))), note="expanded")
    yield Sample((make(3, 5, 2).transpose(1, 2, 0), make(4, 3, 5).T), note="batch, permuted")
    yield Sample(
        (np.broadcast_to(make(2, 3), (5, 2, 3)), make(5, 4, 3).swapaxes(1, 2)), note="batch, one matrix again and again"
    )
    x = make(3, 3)
    x.flags.writeable = False
    yield Sample((x, x), note="read-only, twice the same")
    inf, nan = np.inf, np.nan
    x = np.array([[1, nan], [inf, 1], [0, inf]], make.dtype)
    yield Sample((x, np.array([[1, 0], [2, 3.0]], make.dtype)), smooth=False, note="edge values")


def linears(make: Make):
    for shape in ((2, 3), (3,), (4, 2, 3), (1, 3), (0, 3), (2, 0, 3), (33, 3)):
        yield Sample((make(*shape), make(5, 3)), note=f"{shape}, no bias")
        yield Sample((make(*shape), make(5, 3), make(5)), note=f"{shape}")
    yield Sample((make(3, 2).T, make(3, 5).T, make(10)[::2]), note="strided")
    yield Sample((make(3, 2, 4).transpose(2, 1, 0), make(5, 3), make(5)), note="permuted batch")
    yield Sample((np.broadcast_to(make(3), (4, 3)), make(5, 3), np.broadcast_to(make(1), (5,))), note="expanded")
    yield Sample((make(2, 0), make(5, 0), make(5)), note="no features")
    yield Sample((make(2, 3), make(0, 3), make(0)), note="no outputs")
    yield Sample((make(64, 33), make(17, 33), make(17)), note="larger")


def with_activation(name: str, reference):
    """A linear layer and the activation after it, as Sequential runs them: in one kernel where that is possible."""

    def call(m, x, w, b=None):
        if m is autograd:
            layer = SimpleNamespace(weight=w, bias=b, _hooks=None)
            y = linalg.fuse(TABLE["Linear" + name.title()], x, layer, layer)
            if y is not None:
                return y
        return getattr(m, name)(m.nn.functional.linear(x, w, b))

    return Row(
        "nn.functional.linear",
        linears,
        lambda x, w, b=0.0: reference(x @ w.T + b),
        rtol=LOOSE,
        atol=LOOSE,
        variant=name,
        call=call,
    )


def linear_reference(x, w, b=0.0):
    return x @ w.T + b


ROWS = [
    Row(
        "matmul",
        products,
        np.matmul,
        FLOATS,
        rtol=LOOSE,
        failures=(
            Failure(
                lambda m: m.tensor([True, False]) @ m.tensor([True, False]),
                NotImplementedError,
                "not implemented for 'Bool'",
            ),
            Failure(
                lambda m: m.ones(2, 3) @ m.ones(2, 3),
                RuntimeError,
                "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)",
            ),
            Failure(
                lambda m: m.matmul(m.ones(2), m.ones(3)),
                RuntimeError,
                "",
            ),
            Failure(
                lambda m: m.matmul(m.tensor(2.0), m.ones(3)),
                RuntimeError,
                "both arguments to matmul need to be at least 1D",
            ),
            Failure(
                lambda m: m.matmul(m.ones(2, 2, 3), m.ones(3, 3, 2)),
                RuntimeError,
                "must match the size of tensor b (3)",
            ),
            Failure(lambda m: m.ones(2, 2) @ m.ones(2, 2, dtype=m.float64), RuntimeError, "same dtype"),
            Failure(lambda m: m.ones(2, 2) @ 3, TypeError, ""),
            Failure(lambda m: m.matmul(m.ones(2, 2), "x"), TypeError, "must be Tensor, not str"),
        ),
    ),
    Row(
        "nn.functional.linear",
        linears,
        linear_reference,
        rtol=LOOSE,
        failures=(
            Failure(
                lambda m: m.nn.functional.linear(m.ones(2, 3), m.ones(4, 2)),
                RuntimeError,
                "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x4)",
            ),
            Failure(
                lambda m: m.nn.functional.linear(m.ones(2, 3), m.ones(4, 3, dtype=m.float64)), RuntimeError, "dtype"
            ),
            Failure(lambda m: m.nn.functional.linear(m.ones(2, 3), m.ones(4, 3), m.ones(3)), RuntimeError, ""),
            Failure(lambda m: m.nn.functional.linear(3, m.ones(4, 3)), TypeError, "must be Tensor, not int"),
        ),
    ),
    with_activation("relu", lambda z: np.maximum(z, 0)),
    with_activation("sigmoid", sigmoid),
    with_activation("tanh", np.tanh),
]
