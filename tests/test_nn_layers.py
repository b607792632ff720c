"""What the layers refuse, in PyTorch's words, and what they do that needs no PyTorch to be seen."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import autograd
from autograd import nn, ones, tensor, zeros

FAILURES = [
    lambda m: m.nn.Conv2d(3, 4, 3, groups=2),
    lambda m: m.nn.Conv2d(4, 3, 3, groups=2),
    lambda m: m.nn.Conv2d(4, 4, 3, groups=0),
    lambda m: m.nn.Conv2d(4, 4, 3, padding="full"),
    lambda m: m.nn.Conv2d(4, 4, 3, 2, padding="same"),
    lambda m: m.nn.Conv2d(4, 4, 3, padding_mode="wrap"),
    lambda m: m.nn.ConvTranspose2d(4, 4, 3, padding_mode="circular"),
    lambda m: m.nn.ConvTranspose2d(1, 1, 3, 2)(m.ones(1, 1, 2, 2), [7, 5]),
    lambda m: m.nn.ConvTranspose2d(1, 1, 3, 2)(m.ones(1, 1, 2, 2), [5]),
    lambda m: m.nn.Bilinear(0, 2, 2),
    lambda m: m.nn.BatchNorm1d(2)(m.ones(1, 2, 3, 4)),
    lambda m: m.nn.BatchNorm2d(2)(m.ones(1, 2)),
    lambda m: m.nn.InstanceNorm1d(2)(m.ones(2)),
    lambda m: m.nn.InstanceNorm1d(2, affine=True)(m.ones(2, 3, 4)),
    lambda m: m.nn.GroupNorm(2, 3),
    lambda m: m.nn.Dropout(1.5),
    lambda m: m.nn.AlphaDropout(-0.5),
    lambda m: m.nn.Hardtanh(1, 0),
    lambda m: m.nn.Softmax2d()(m.ones(2)),
    lambda m: m.nn.CircularPad1d(1)(m.ones(2)),
    lambda m: m.nn.Unflatten(1, 2),
    lambda m: m.nn.Unflatten(1, (2, 2.0)),
    lambda m: m.nn.Embedding(3, 2, padding_idx=3),
    lambda m: m.nn.Embedding(3, 2, _weight=m.ones(2, 2)),
    lambda m: m.nn.Embedding.from_pretrained(m.ones(2)),
    lambda m: m.nn.MultiMarginLoss(p=3),
    lambda m: m.nn.MultiMarginLoss(weight=m.ones(1, 2)),
    lambda m: m.nn.HuberLoss(delta="1"),
    lambda m: m.nn.TripletMarginLoss(margin=0),
    lambda m: m.nn.TripletMarginWithDistanceLoss(margin=-1),
]  # fmt: skip


def test_refusals_are_pytorchs():
    torch = pytest.importorskip("torch")
    for i, call in enumerate(FAILURES):
        raised = []
        for m in (autograd, torch):
            with pytest.raises(Exception) as caught:
                call(m)
            raised.append((type(caught.value), str(caught.value).replace("torch.", "autograd.")[:15]))
        assert raised[0] == raised[1], i


def test_every_layer_takes_a_dtype_and_refuses_other_devices():
    special = {"RNNBase": ("LSTM", 2, 2), "Transformer": (2, 2, 1, 1, 2)}
    layers = [c for c in vars(nn).values() if inspect.isclass(c) and "dtype" in inspect.signature(c).parameters]
    assert len(layers) > 15
    for layer in layers:
        parameters = inspect.signature(layer).parameters.values()
        sizes = (2,) * sum(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
        given = special.get(layer.__name__, sizes)
        made = layer(*given, device="cpu", dtype=autograd.float64)
        state = [t for t in (*made.parameters(), *made.buffers()) if t.is_floating_point()]
        assert all(t.dtype is autograd.float64 for t in state), layer
        with pytest.raises(RuntimeError, match="device 'cuda' is not available"):
            layer(*given, device="cuda")


def test_a_pretrained_table():
    rows = tensor([[1.0, 2.0], [3.0, 4.0]])
    table = nn.Embedding.from_pretrained(rows, padding_idx=0)
    assert table(tensor([1, 0])).tolist() == [[3, 4], [1, 2]] and not table.weight.requires_grad
    assert nn.EmbeddingBag.from_pretrained(rows, freeze=False, mode="sum").weight.requires_grad
    weighted = nn.EmbeddingBag(2, 2, mode="sum", _weight=rows)
    assert weighted(tensor([[0, 1]]), per_sample_weights=tensor([[2.0, 1.0]])).tolist() == [[5, 8]]
    for option in ({"max_norm": 1.0}, {"scale_grad_by_freq": True}, {"sparse": True}):
        for layer in (nn.Embedding, nn.EmbeddingBag):
            with pytest.raises(NotImplementedError, match=f"{next(iter(option))}=.* is not implemented"):
                layer(3, 2, **option)


@pytest.mark.parametrize("size", [(6, 5), (1, 1, 6, 5), [5, 6]])
def test_the_size_of_a_transposed_convolution_is_chosen(size):
    layer = nn.ConvTranspose2d(1, 1, 3, stride=2)
    assert tuple(layer(ones(1, 1, 2, 2), output_size=size).shape[2:]) == tuple(size[-2:])
    assert tuple(layer(ones(1, 2, 2), output_size=[6, 6]).shape) == (1, 6, 6)


@pytest.mark.parametrize(
    "name", ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"]
)
def test_what_is_left_out_and_what_is_written_to(name):
    x = ones(4, 50, 1, 1, 1) if name == "Dropout3d" else ones(4, 50, 1, 1) if name == "Dropout2d" else ones(4, 50, 1)
    y = getattr(nn, name)(0.4)(x)
    least = -1.7580993408473766
    kept = (y != y.min()).double().mean().item()
    assert 0.45 < kept < 0.75 and len(set(np.round(y.numpy().ravel(), 5).tolist())) == 2
    assert y.min().item() == 0 if "Alpha" not in name else y.min().item() < least / 2
    written = getattr(nn, name)(0.4, inplace=True)
    assert (written(x) is x) == ("Alpha" not in name)
    assert written.eval()(x) is x


def test_the_input_itself_is_written_to():
    for layer in (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.CELU, nn.SELU, nn.SiLU, nn.Mish, nn.Hardtanh, nn.ReLU6,
                  nn.Hardsigmoid, nn.Hardswish, nn.RReLU):  # fmt: skip
        x = tensor([-2.0, 0.5])
        expected = layer().eval()(x.clone())
        assert layer(inplace=True).eval()(x) is x and x.tolist() == expected.tolist() and x[0] != -2, layer
        assert "inplace=True" in repr(layer(inplace=True)) or layer in (nn.Hardsigmoid, nn.Hardswish)
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad is being used in an in-place"):
        nn.ReLU(inplace=True)(zeros(2, requires_grad=True))


def test_softmax_without_a_dim_takes_pytorchs_of_old(backend):
    for shape, dim in (((3,), 0), ((2, 3), 1), ((2, 3, 4), 0), ((1, 2, 2, 2), 1)):
        x = autograd.arange(float(np.prod(shape))).reshape(shape)
        for layer in (nn.Softmax, nn.LogSoftmax, nn.Softmin):
            with pytest.warns(
                UserWarning, match=r"Implicit dimension choice for (log_)?softm(ax|in) has been deprecated"
            ):
                found = layer()(x)
            assert found.tolist() == layer(dim)(x).tolist()
