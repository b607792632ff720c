"""Rows of autograd/ops/dims.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, Failure, Row, cases, from_the_end

ROWS = [
    Row(
        "transpose",
        cases(((2, 3), 0, 1), ((2, 3, 4), 0, -1), ((2, 3, 4), -2, -1), ((), 0, 0), ((0, 3), 0, 1)),
        lambda x, a, b: np.swapaxes(x, a, b) if x.ndim else x,
        ALL,
        failures=(from_the_end("transpose", 0, 4),),
    ),
    Row(
        "permute",
        cases(((2, 3, 4), (2, 0, 1)), ((2, 3), (1, 0)), ((2, 3, 4), (-1, 0, 1)), ((), ()), ((2, 0, 3), (1, 2, 0))),
        np.transpose,
        ALL,
        failures=(
            from_the_end("permute", (0, 5)),
            Failure(
                lambda m: m.permute(m.ones(2, 3), (0,)),
                RuntimeError,
                "number of dimensions in the tensor input does not match",
            ),
            Failure(lambda m: m.permute(m.ones(2, 3), (0, 0)), RuntimeError, "duplicate dims"),
        ),
    ),
    Row("swapaxes", cases(((2, 3, 4), 0, -1)), np.swapaxes, ALL),
    Row(
        "adjoint",
        cases(((2, 3),), ((2, 3, 4),)),
        lambda x: np.swapaxes(x, -1, -2),
        ALL,
        failures=(Failure(lambda m: m.adjoint(m.ones(2)), RuntimeError, "only supported on matrices or batches of"),),
    ),
    Row("T", cases(((2, 3),), ((2,),), ((2, 3, 4),)), np.transpose, ALL, call=lambda m, x: x.T),
    Row(
        "mT",
        cases(((2, 3),), ((2, 3, 4),)),
        lambda x: np.swapaxes(x, -1, -2),
        ALL,
        call=lambda m, x: x.mT,
        failures=(Failure(lambda m: m.ones(2).mT, RuntimeError, "only supported on matrices or batches of matrices"),),
    ),
    Row(
        "H",
        cases(((2, 3),)),
        np.transpose,
        ALL,
        call=lambda m, x: x.H,
        failures=(
            Failure(lambda m: m.ones(2).H, RuntimeError, "only supported on matrices (2-D tensors). Got 1-D tensor."),
            Failure(lambda m: m.ones(2, 2, 2).H, RuntimeError, "consider using tensor.mH"),
        ),
    ),
    Row(
        "movedim",
        cases(((2, 3, 4), 0, -1), ((), 0, -1), ((2, 3, 4), (0, 1), (1, 2))),
        lambda x, source, to: np.moveaxis(x, source, to) if x.ndim else x,
        ALL,
        failures=(
            Failure(
                lambda m: m.movedim(m.ones(2, 2), (0, 0), (0, 1)), RuntimeError, "movedim: repeated dim in `source`"
            ),
            Failure(
                lambda m: m.movedim(m.ones(2, 2), (0, 1), (0,)), RuntimeError, "should contain the same number of dims"
            ),
        ),
    ),
    Row(
        "t",
        cases(((2, 3),), ((3,),), ((),)),
        np.transpose,
        ALL,
        failures=(
            Failure(
                lambda m: m.t(m.ones(1, 2, 3)),
                RuntimeError,
                "t() expects a tensor with <= 2 dimensions, but self is 3D",
            ),
        ),
    ),
]
