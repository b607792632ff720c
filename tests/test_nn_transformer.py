"""Attention with several heads and transformers: as PyTorch's where it is installed, and by themselves."""

import itertools

import numpy as np
import pytest
from beside import Beside, both, raised_alike
from support import values

import autograd
from autograd import nn, tensor
from autograd.nn import functional as F

pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor|The PyTorch API of nested:UserWarning")


def bools(torch, *rows) -> tuple:
    return tensor(np.array(rows, bool)), torch.tensor(np.array(rows, bool))


def causal(torch, n: int, boolean: bool) -> tuple:
    """A mask on both sides."""
    if boolean:
        return bools(torch, *np.triu(np.ones((n, n), bool), 1))
    return tuple([m.Transformer.generate_square_subsequent_mask(n, dtype=d) for m, d in (
        (nn, autograd.float64), (torch.nn, torch.float64)
    )])  # fmt: skip


def called(modules: tuple, pairs: dict, *args, **options) -> list:
    """Both modules on their tensors."""
    found = []
    for i, m in enumerate(modules):
        m.zero_grad()
        given = {name: pair[i] for name, pair in pairs.items()}
        found.append(m(*[a[i] for a in args], **given, **options))
    return found


ATTENTION = [
    {},
    {"batch_first": True, "bias": False},
    {"kdim": 3, "vdim": 5},
    {"add_bias_kv": True, "add_zero_attn": True},
]


@pytest.mark.parametrize("option", ATTENTION, ids=str)
def test_attention_is_pytorchs(torch, backend, option):
    modules = both(torch, lambda nn, lib: nn.MultiheadAttention(4, 2, **option, dtype=lib.float64))
    first = option.get("batch_first", False)
    shape = (lambda n, e: (2, n, e)) if first else (lambda n, e: (n, 2, e))
    padding = {"key_padding_mask": bools(torch, [0, 0, 0], [0, 0, 1])}
    numbers = {"attn_mask": tuple(lib.tensor(np.random.default_rng(1).standard_normal((4, 4, 3)))
                                  for lib in (autograd, torch))}  # fmt: skip
    mask = {"attn_mask": bools(torch, [0, 1, 1], [0, 0, 1], [0, 0, 0], [1, 0, 1])}
    for masks, need_weights in itertools.product(({}, padding, mask, numbers, {**mask, **padding}), (True, False)):
        for average in (True, False) if need_weights and not masks else (True,):
            side = Beside(torch)
            q, k, v = (side.tensor(*shape(n, e)) for n, e in ((4, 4), (3, modules[0].kdim), (3, modules[0].vdim)))
            found = called(modules, masks, q, k, v, need_weights=need_weights, average_attn_weights=average)
            side.compare(*[pair if need_weights else pair[0] for pair in found], modules)
    if "kdim" not in option:
        for boolean, batched in itertools.product((True, False), repeat=2):
            side = Beside(torch)
            x = side.tensor(*(shape(3, 4) if batched else (3, 4)))
            masks = {"attn_mask": causal(torch, 3, boolean)}
            found = called(modules, masks, x, x, x, need_weights=False, is_causal=True)
            side.compare(*[pair[0] for pair in found], modules)
            side.leaves.clear()


LAYERS = [
    {},
    {"batch_first": True, "norm_first": True, "activation": "gelu", "bias": False},
    {"activation": "a function", "layer_norm_eps": 1e-3},
]


def given(nn, option: dict) -> dict:
    return {**option, "activation": nn.functional.silu} if option.get("activation") == "a function" else option


@pytest.mark.parametrize("option", LAYERS, ids=str)
@pytest.mark.parametrize("kind", ["TransformerEncoderLayer", "TransformerDecoderLayer"])
def test_layers_are_pytorchs(torch, backend, kind, option):
    modules = both(
        torch, lambda nn, lib: getattr(nn, kind)(4, 2, 6, dropout=0.0, **given(nn, option), dtype=lib.float64)
    )
    first = option.get("batch_first", False)
    for training in (True, False):
        side = Beside(torch)
        x = side.tensor(*((2, 3, 4) if first else (3, 2, 4)))
        args, names = [x], ("src_mask", "src_key_padding_mask", "is_causal")
        if "Decoder" in kind:
            args.append(side.tensor(*((2, 5, 4) if first else (5, 2, 4))))
            names = ("tgt_mask", "memory_key_padding_mask", "tgt_is_causal")
        for m in modules:
            m.train(training)
        masks = {names[0]: causal(torch, 3, True), names[1]: bools(torch, [0] * 5, [0, 0, 0, 1, 1])}
        if "Encoder" in kind:
            masks[names[1]] = bools(torch, [0, 0, 0], [0, 0, 1])
        side.compare(*called(modules, masks, *args), modules)
        side = Beside(torch)
        args = [side.tensor(*a[0].shape) for a in args]
        masks = {names[0]: causal(torch, 3, False)}
        side.compare(*called(modules, masks, *args, **{names[2]: True}), modules)


@pytest.mark.parametrize("option", LAYERS, ids=str)
def test_transformers_are_pytorchs(torch, option):
    def make(nn, lib):
        return nn.Transformer(4, 2, 2, 1, 6, dropout=0.0, **given(nn, option), dtype=lib.float64)

    modules = both(torch, make)
    first = option.get("batch_first", False)
    side = Beside(torch)
    src, tgt = (side.tensor(*((2, n, 4) if first else (n, 2, 4))) for n in (5, 3))
    masks = {"tgt_mask": causal(torch, 3, False), "src_mask": causal(torch, 5, False)}
    side.compare(*called(modules, masks, src, tgt), modules)
    side = Beside(torch)
    src, tgt = side.tensor(5, 4), side.tensor(3, 4)
    side.compare(*called(modules, {}, src, tgt), modules)


def test_stacks_are_copies(torch):
    def make(nn, lib):
        layer = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True, dtype=lib.float64)
        return nn.TransformerEncoder(layer, 3, nn.LayerNorm(4, dtype=lib.float64))

    mine, theirs = both(torch, make)
    first, second = mine.layers[0].linear1.weight, mine.layers[1].linear1.weight
    assert first is not second and np.array_equal(values(first), values(second))
    side = Beside(torch)
    x = side.tensor(2, 5, 4)
    padding = {"src_key_padding_mask": bools(torch, [0] * 5, [0, 0, 0, 1, 1])}
    side.compare(*called((mine, theirs), padding, x), (mine, theirs))
    with torch.no_grad(), autograd.no_grad():  # PyTorch then leaves the padding out
        found = called((mine.eval(), theirs.eval()), padding, x)
    seen = ~values(padding["src_key_padding_mask"][0])
    np.testing.assert_allclose(values(found[0])[seen], found[1].numpy()[seen], rtol=1e-6)
    custom = nn.Transformer(4, 2, custom_encoder=mine, custom_decoder=nn.TransformerDecoder(
        nn.TransformerDecoderLayer(4, 2, 6, dtype=autograd.float64), 1
    ), batch_first=True)  # fmt: skip
    assert custom.encoder is mine


def test_training_as_in_pytorch(torch):
    modules = both(torch, lambda nn, lib: nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, dtype=lib.float64))
    losses = []
    for lib, net in zip((autograd, torch), modules):
        optimizer = lib.optim.Adam(net.parameters(), lr=0.01)
        x = lib.tensor(np.random.default_rng(0).standard_normal((5, 3, 4)))
        for _ in range(10):
            optimizer.zero_grad()
            loss = ((net(x) - x.flip(0)) ** 2).mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    np.testing.assert_allclose(losses[:10], losses[10:], rtol=1e-9)
    assert losses[9] < losses[0]


def test_dropout_and_hooks():
    net, x = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.5), autograd.randn(3, 2, 4)
    assert not np.array_equal(values(net(x)), values(net(x)))
    assert np.array_equal(values(net.eval()(x)), values(net(x)))
    attention = nn.MultiheadAttention(4, 2, dropout=0.5)
    assert (values(attention(x, x, x, average_attn_weights=False)[1]) == 0).any()
    seen = []
    net.self_attn.register_forward_hook(lambda m, args, result: seen.append(result[1]))
    net.linear1.register_full_backward_hook(lambda m, dx, dy: seen.append(dy[0].shape))
    net(x).sum().backward()
    assert seen == [None, (3, 2, 6)]


def test_masks_of_two_kinds():
    x = autograd.randn(3, 2, 4)
    with pytest.warns(UserWarning, match="Support for mismatched key_padding_mask and attn_mask is deprecated"):
        nn.MultiheadAttention(4, 2)(x, x, x, key_padding_mask=autograd.zeros(2, 3, dtype=autograd.bool),
                                    attn_mask=autograd.zeros(3, 3))  # fmt: skip


def test_a_query_that_sees_nothing(torch):
    """With weights NaN, as in PyTorch; without them nothing."""
    modules = both(torch, lambda nn, lib: nn.MultiheadAttention(4, 2, dtype=lib.float64))
    x = Beside(torch).tensor(2, 1, 4)
    mask = {"attn_mask": bools(torch, [1, 1], [0, 1])}
    a, b = called(modules, mask, x, x, x)
    np.testing.assert_array_equal(np.isnan(values(a[1])), np.isnan(b[1].detach().numpy()))
    a, b = called(modules, mask, x, x, x, need_weights=False)
    np.testing.assert_allclose(values(a[0]), b[0].detach().numpy(), rtol=1e-12)


BAD_CALLS = [
    (lambda m: m.nn.MultiheadAttention(0, 2), ValueError, "embed_dim and num_heads must be greater than 0, got"),
    (lambda m: m.nn.MultiheadAttention(5, 2), AssertionError, "embed_dim must be divisible by num_heads"),
    (lambda m: m.nn.MultiheadAttention(4, 2)(*[m.ones(3, 1, 5)] * 3), AssertionError,
     "was expecting embedding dimension of 4, but got 5"),
    (lambda m: m.nn.MultiheadAttention(4, 2)(*[m.ones(3, 1, 4)] * 3, is_causal=True), RuntimeError,
     "Need attn_mask if specifying the is_causal hint."),
    (lambda m: m.nn.TransformerEncoderLayer(4, 2, activation="tanh"), RuntimeError,
     "activation should be relu/gelu, not tanh"),
    (lambda m: m.nn.Transformer(4, 2, 1, 1, 6)(m.ones(3, 2, 4), m.ones(3, 1, 4)), RuntimeError,
     "the batch number of src and tgt must be equal"),
    (lambda m: m.nn.Transformer(4, 2, 1, 1, 6)(m.ones(3, 2, 4), m.ones(3, 2, 5)), RuntimeError,
     "the feature number of src and tgt must be equal to d_model"),
]  # fmt: skip


@pytest.mark.parametrize("call, error, message", BAD_CALLS)
def test_bad_calls(torch, call, error, message):
    raised_alike(lambda: call(autograd), lambda: call(torch), error, message)


def test_attention_without_keys():
    y = F.scaled_dot_product_attention(
        autograd.ones(2, 3), autograd.ones(0, 3), autograd.ones(0, 4), autograd.ones(2, 0, dtype=autograd.bool)
    )
    assert y.tolist() == [[0.0] * 4] * 2


def projected(lib, x):
    """Queries, keys and values as parts of one projection, (B, L, 3 * H * E) to (B, H, L, E)."""
    return [part.reshape(2, 30, 3, 4).transpose(1, 2) for part in lib.split(x, 12, 2)]


@pytest.mark.parametrize("causal", [False, True])
def test_attention_reads_parts_of_a_projection_where_they_lie(backend, causal):
    x = autograd.randn(2, 30, 36, dtype=autograd.float64, requires_grad=True)
    called = []
    with autograd.backend.observe(lambda name, args, kwargs: called.append(name)):
        y = F.scaled_dot_product_attention(*projected(autograd, x), is_causal=causal)
        joined = y.transpose(1, 2).reshape(2, 30, 12)
    assert called == ["attention"] and joined.is_contiguous()
    with autograd.backend.observe(lambda name, args, kwargs: called.append(name)):
        joined.backward(autograd.ones(2, 30, 12, dtype=autograd.float64))
    assert called[1:].count("attention_grad") == 1 and set(called[2:]) <= {"attention_grad", "copy", "ones", "fill"}
    apart = [t.contiguous() for t in projected(autograd, x)]
    assert np.array_equal(y.detach().numpy(), F.scaled_dot_product_attention(*apart, is_causal=causal).detach().numpy())


def test_only_wanted_gradients_of_attention_are_computed(backend):
    given = [autograd.randn(2, 40, 4, requires_grad=True) for _ in range(3)]
    whole = autograd.grad(F.scaled_dot_product_attention(*given, is_causal=True).square().sum(), given)
    for wanted in ([0], [1], [2], [0, 2]):
        some = [t.detach().requires_grad_(i in wanted) for i, t in enumerate(given)]
        F.scaled_dot_product_attention(*some, is_causal=True).square().sum().backward()
        for i, t in enumerate(some):
            assert np.array_equal(t.grad.numpy(), whole[i].numpy()) if i in wanted else t.grad is None


def test_attention_of_many_examples_is_one_call(backend):
    q, k, v = (autograd.randn(3, 2, 5, 4) for _ in range(3))
    shared, called = k[0], []
    with autograd.backend.observe(lambda name, args, kwargs: called.append(name)):
        y = autograd.func.vmap(lambda q, v: F.scaled_dot_product_attention(q, shared, v))(q, v)
    assert called == ["attention"]
    np.testing.assert_array_equal(y.numpy(), F.scaled_dot_product_attention(q, shared.expand(3, 2, 5, 4), v).numpy())
