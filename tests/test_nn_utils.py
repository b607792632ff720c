"""Parameters as a vector and back; layers fused for inference."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
from autograd import nn, ones
from autograd.nn.utils import fuse_conv_bn_eval, fuse_linear_bn_eval, parameters_to_vector, vector_to_parameters


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


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_a_batch_norm_is_fused_into_the_layer_before_it(bias, affine):
    for layer, norm, shape, fuse in (
        (nn.Conv2d(2, 3, 2, bias=bias), nn.BatchNorm2d(3, affine=affine), (4, 2, 5, 5), fuse_conv_bn_eval),
        (nn.Conv1d(2, 3, 2, bias=bias), nn.BatchNorm1d(3, affine=affine), (4, 2, 5), fuse_conv_bn_eval),
        (nn.ConvTranspose2d(2, 3, 2, bias=bias), nn.BatchNorm2d(3, affine=affine), (4, 2, 5, 5),
         lambda conv, bn: fuse_conv_bn_eval(conv, bn, transpose=True)),
        (nn.Linear(2, 3, bias=bias), nn.BatchNorm1d(3, affine=affine), (4, 2), fuse_linear_bn_eval),
    ):  # fmt: skip
        pair = nn.Sequential(layer, norm).double()
        for _ in range(3):
            pair(3 * autograd.randn(shape, dtype=autograd.float64) + 1)
        with pytest.raises(AssertionError, match="Fusion only for eval!"):
            fuse(layer, norm)
        x = autograd.randn(shape, dtype=autograd.float64)
        fused = fuse(*pair.eval())
        assert (fused(x) - pair(x)).abs().max().item() < 1e-12 and fused is not layer
        assert type(fused) is type(layer) and fused.weight.requires_grad


def test_what_cannot_be_fused():
    with pytest.raises(AssertionError, match="must not be None"):
        fuse_linear_bn_eval(nn.Linear(2, 3).eval(), nn.BatchNorm1d(3, track_running_stats=False).eval())
    with pytest.raises(AssertionError, match=r"got linear.out_features=3 and bn.num_features=2"):
        fuse_linear_bn_eval(nn.Linear(2, 3).eval(), nn.BatchNorm1d(2).eval())


@pytest.mark.parametrize("make, dim", [("linear", 0), ("linear", None), ("conv", 0), ("conv", 1), ("linear", -1)])
def test_weight_norm_is_pytorchs(make, dim):
    torch = pytest.importorskip("torch")
    results = []
    for m in (autograd, torch):
        m.manual_seed(1)
        layer = m.nn.Linear(3, 4) if make == "linear" else m.nn.Conv2d(2, 3, 3)
        layer = m.nn.utils.weight_norm(layer, dim=dim)
        shape = (2, 3) if make == "linear" else (1, 2, 5, 5)
        x = m.tensor(np.random.default_rng(0).standard_normal(shape).astype("f"))
        y = layer(x)
        (y * y).sum().backward()
        found = [y, *layer.parameters(), *(p.grad for p in layer.parameters())]
        names = [n for n, _ in layer.named_parameters()]
        m.nn.utils.remove_weight_norm(layer)
        names += [n for n, _ in layer.named_parameters()]
        results.append((names, [t.detach().numpy() for t in [*found, layer(x)]]))
    assert results[0][0] == results[1][0]
    for a, b in zip(results[0][1], results[1][1]):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_weight_norm_twice_and_none():
    layer = autograd.nn.utils.weight_norm(autograd.nn.Linear(2, 2))
    with pytest.raises(RuntimeError, match="Cannot register two weight_norm hooks on the same parameter weight"):
        autograd.nn.utils.weight_norm(layer)
    with pytest.raises(ValueError, match="weight_norm of 'weight' not found in Linear"):
        autograd.nn.utils.remove_weight_norm(autograd.nn.Linear(2, 2))
