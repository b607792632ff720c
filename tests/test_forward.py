"""Every op of the database, on every backend and instruction set, in every dtype, against its NumPy reference."""

import numpy as np
import pytest
from opdb import FLOATS, ROWS, arrays_of, outputs_of
from support import reference, same, tensors, values

import autograd

CASES = [pytest.param(row, dtype, id=f"{row.name}-{dtype}") for row in ROWS if row.reference for dtype in row.dtypes]


@pytest.mark.parametrize("row, dtype", CASES)
def test_forward_equals_its_reference(machine, row, dtype):
    for sample in row.made(dtype):
        inputs = arrays_of(sample.args)
        before = [a.copy() for a in inputs]
        args, kwargs = tensors(sample)
        got = outputs_of(row.function(autograd)(*args, **kwargs))
        want = outputs_of(reference(row, sample))
        assert len(got) == len(want), sample.note
        for y, expected in zip(got, want):
            same(values(y), expected, **row.tolerance(dtype), where=f"{row.name}, {sample.note}")
            if y.is_floating_point() and dtype in FLOATS:
                assert y.dtype.name == dtype, f"{sample.note}: {y.dtype}"
        for a, b in zip(inputs, before):
            np.testing.assert_array_equal(a, b, err_msg=f"{row.name} wrote to its input ({sample.note})")


@pytest.mark.parametrize("row", [r for r in ROWS if "float32" in r.dtypes and r.reference], ids=lambda r: r.name)
def test_grad_mode_does_not_change_values(row):
    for sample in row.made("float32"):
        args, kwargs = tensors(sample)
        with autograd.no_grad():
            plain = [values(y) for y in outputs_of(row.function(autograd)(*args, **kwargs))]
        if row.wanted is not None:
            for position in row.wanted or range(len(args)):
                for t in args[position] if isinstance(args[position], list) else [args[position]]:
                    if isinstance(t, autograd.Tensor) and t.is_floating_point():
                        t.requires_grad_()
        recorded = [values(y) for y in outputs_of(row.function(autograd)(*args, **kwargs))]
        for a, b in zip(plain, recorded, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=sample.note)


def test_numbers_never_promote():
    for dtype in (autograd.float32, autograd.float64):
        x = autograd.ones(2, dtype=dtype, requires_grad=True)
        for y in (
            x + 1.5,
            1.5 - x,
            x * 2,
            3 / x,
            x / 3,
            x**2,
            2.0**x,
            x.clamp(0.0, 1.0),
            autograd.where(x > 0, x, 0.5),
            x % 2.5,
        ):
            assert y.dtype is dtype
            (g,) = autograd.grad(y.sum(), x)
            assert g.dtype is dtype


def test_a_number_in_a_tensor_does_not_promote_a_dimensioned_one():
    wide, narrow = autograd.tensor(2.0, dtype=autograd.float64), autograd.ones(2)
    assert (narrow * wide).dtype is autograd.float32
    assert (narrow * wide.reshape(1)).dtype is autograd.float64
    assert (autograd.tensor([1, 2]) * autograd.tensor(2.5)).dtype is autograd.float32
