"""Parameters as a vector and back."""

from __future__ import annotations

import pytest

import autograd
from autograd import nn, ones
from autograd.nn.utils import parameters_to_vector, vector_to_parameters


def test_parameters_become_a_vector_and_come_back():
    net = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1, bias=False))
    parameters = list(net.parameters())
    vector = parameters_to_vector(net.parameters())
    assert vector.tolist() == [x for p in parameters for x in p.reshape(-1).tolist()]
    (vector**2).sum().backward()
    assert all(p.grad.tolist() == (2 * p).tolist() for p in parameters)
    vector_to_parameters(autograd.arange(10.0), net.parameters())
    assert net[0].weight.tolist() == [[0, 1, 2], [3, 4, 5]] and net[1].weight.tolist() == [[8, 9]]
    assert next(net.parameters()) is parameters[0] and net[0].weight.is_leaf
    vector_to_parameters(parameters_to_vector(net.parameters()) + 1, net.parameters())
    assert net[0].bias.tolist() == [7, 8]


def test_a_vector_that_does_not_fit():
    net = nn.Linear(2, 1)
    before = parameters_to_vector(net.parameters()).tolist()
    for wrong in (ones(2), ones(4), ones(3, 1)):
        with pytest.raises(RuntimeError, match=r"shape '\[3\]' of all parameters is invalid"):
            vector_to_parameters(wrong, net.parameters())
    with pytest.raises(TypeError, match=r"expected autograd\.Tensor, but got: list"):
        vector_to_parameters([1.0, 2.0, 3.0], net.parameters())
    assert parameters_to_vector(net.parameters()).tolist() == before
