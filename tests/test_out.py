"""``out=`` of the package's functions."""

import inspect

import numpy as np
import pytest
from opdb import ROWS, outputs_of
from support import tensors

import autograd
from autograd import Tensor, empty, tensor

WITH_OUT = [row for row in ROWS if row.call is None and "out" in inspect.signature(row.function(autograd)).parameters]


@pytest.mark.parametrize("row", WITH_OUT, ids=lambda row: row.name)
def test_the_result_is_written_to_out(backend, row):
    function = row.function(autograd)
    for sample in row.made(row.dtypes[0])[:6]:
        args, kwargs = tensors(sample)
        expected = function(*args, **kwargs)
        outs = [empty(0, dtype=y.dtype) for y in outputs_of(expected)]
        result = function(*args, **kwargs, out=outs[0] if isinstance(expected, Tensor) else tuple(outs))
        assert type(result) is type(expected)
        for out, y, r in zip(outs, outputs_of(expected), outputs_of(result)):
            assert r is out
            assert out.shape == y.shape
            np.testing.assert_array_equal(out.numpy(), y.numpy())


def test_out_may_be_an_operand_a_view_or_of_a_wider_dtype():
    x = tensor([[1.0, 2.0], [3.0, 4.0]])
    assert autograd.add(x, x.T, out=x) is x
    assert x.tolist() == [[2, 5], [5, 8]]
    y = autograd.zeros(2, 4)
    autograd.mul(x, 2.0, out=y[:, ::2])
    assert y.tolist() == [[4, 0, 10, 0], [10, 0, 16, 0]]
    assert autograd.add(tensor([1]), 2, out=tensor([0.0])).tolist() == [3.0]


def test_out_is_resized_with_a_warning():
    out = autograd.ones(3)
    with pytest.warns(UserWarning, match=r"resized since it had shape \[3\].*required output shape \[2\]"):
        autograd.exp(autograd.zeros(2), out=out)
    assert out.tolist() == [1, 1]


def test_what_out_cannot_be():
    x = autograd.ones(2)
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        autograd.exp(x, out=tensor([1, 2]))
    with pytest.raises(TypeError, match="argument 'out' must be Tensor, not list"):
        autograd.exp(x, out=[1.0])
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        autograd.exp(x.clone().requires_grad_(), out=autograd.ones(2))
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        autograd.cat([x, x.clone().requires_grad_()], out=autograd.ones(4))
    with autograd.no_grad():
        assert autograd.exp(x.clone().requires_grad_(), out=autograd.ones(2)).tolist() == autograd.exp(x).tolist()
