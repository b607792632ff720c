"""Modules: registration, state, hooks, initial values (PyTorch's for the same seed), the layers and losses."""

import copy
import math
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import autograd
from autograd import nn, no_grad, ones, tensor, zeros
from autograd.nn import functional as F


class Net(nn.Module):
    """Shares a layer, holds a buffer, a list of modules within, and a plain attribute."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 3)
        self.body = nn.Sequential(nn.ReLU(), nn.Linear(3, 3))
        self.again = self.first
        self.scale = nn.Parameter(ones(1))
        self.register_buffer("mean", zeros(3))
        self.register_buffer("cache", ones(2), persistent=False)
        self.name = "net"

    def forward(self, x):
        return self.body(self.first(x)) * self.scale + self.mean


# --- registration -----------------------------------------------------------------------------------------------------


def test_what_is_assigned_is_registered():
    net = Net()
    assert [n for n, _ in net.named_parameters()] == [
        "scale",
        "first.weight",
        "first.bias",
        "body.1.weight",
        "body.1.bias",
    ]
    assert [n for n, _ in net.named_modules()] == ["", "first", "body", "body.0", "body.1"]
    assert [n for n, _ in net.named_children()] == ["first", "body"]
    assert [n for n, _ in net.named_buffers()] == ["mean", "cache"]
    assert len(list(net.parameters())) == 5 and len(list(net.modules())) == 5 and len(list(net.children())) == 2
    assert net.get_submodule("body.1") is net.body[1] and net.get_parameter("body.1.bias") is net.body[1].bias
    assert net.name == "net"


def test_registering_by_hand_and_taking_away():
    net = nn.Module()
    net.register_parameter("p", nn.Parameter(ones(1)))
    net.register_parameter("none", None)
    net.add_module("m", nn.ReLU())
    assert net.p.tolist() == [1] and net.none is None and isinstance(net.m, nn.ReLU)
    del net.p
    assert not list(net.parameters()) and not hasattr(net, "p")
    net.m = None
    assert not list(net.children())
    net.p = nn.Parameter(ones(1))
    net.p = None
    assert net.p is None
    with pytest.raises(AttributeError):
        del net.nothing


def test_an_attribute_changes_its_kind():
    net = nn.Module()
    net.x = 3
    net.x = nn.Parameter(ones(1))
    assert "x" in dict(net.named_parameters())
    net.x = nn.ReLU()
    assert "x" not in dict(net.named_parameters()) and "x" in dict(net.named_children())


def test_bad_assignments():
    class Early(nn.Module):
        def __init__(self, value):
            self.x = value
            super().__init__()

    with pytest.raises(AttributeError, match=r"cannot assign module before Module.__init__\(\) call"):
        Early(nn.ReLU())
    with pytest.raises(AttributeError, match=r"cannot assign parameters before Module.__init__\(\) call"):
        Early(nn.Parameter(ones(1)))
    net = Net()
    with pytest.raises(TypeError, match="as parameter 'scale'"):
        net.scale = ones(1)
    with pytest.raises(TypeError, match="buffer 'mean'"):
        net.mean = 3.0
    with pytest.raises(TypeError, match="as child module 'body'"):
        net.body = 3
    with pytest.raises(KeyError):
        net.register_parameter("a.b", None)
    with pytest.raises(TypeError, match="parameter 'q'"):
        net.register_parameter("q", nn.Parameter(ones(1)) * 2)
    with pytest.raises(TypeError, match="is not a Module subclass"):
        net.add_module("m", 3)
    with pytest.raises(AttributeError):
        net.nothing  # noqa: B018
    with pytest.raises(AttributeError, match="Sequential has no attribute `7`"):
        net.get_submodule("body.7")
    with pytest.raises(NotImplementedError, match='missing the required "forward" function'):
        nn.Module()(1)


def test_a_parameter():
    p = nn.Parameter(ones(2))
    assert p.requires_grad and p.is_leaf and isinstance(p, autograd.Tensor)
    assert not nn.Parameter(ones(2), requires_grad=False).requires_grad
    with pytest.raises(RuntimeError, match="Only Tensors of floating point"):
        nn.Parameter(tensor([1]))
    with no_grad():
        assert nn.Parameter(ones(2)).requires_grad


def test_modes_and_apply():
    net, seen = Net(), []
    assert net.training and net.eval() is net and not net.body[0].training
    assert net.train() is net and net.body[0].training
    with pytest.raises(ValueError, match="training mode is expected to be boolean"):
        net.train(1)
    net.apply(lambda m: seen.append(type(m).__name__))
    assert seen == ["Linear", "ReLU", "Linear", "Sequential", "Net"]
    assert not any(p.requires_grad for p in net.requires_grad_(False).parameters())


def test_zero_grad():
    net = Net()
    net(ones(1, 2)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad(set_to_none=False)
    assert all(p.grad.abs().sum().item() == 0 for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_conversion():
    net = Net()
    weight = net.first.weight
    assert net.double() is net and net.first.weight is weight and weight.dtype is net.mean.dtype is autograd.float64
    assert net(ones(1, 2, dtype=autograd.float64)).dtype is autograd.float64
    assert net.to(autograd.float32).first.weight.dtype is autograd.float32 and net.to("cpu") is net
    with pytest.raises(TypeError, match="only accepts floating point dtypes"):
        net.to(autograd.int64)
    with pytest.raises(RuntimeError, match="not available"):
        net.to("cuda")
    net(ones(1, 2)).sum().backward()


def test_hooks():
    net, seen = nn.Linear(2, 1), []
    before = net.register_forward_pre_hook(lambda m, args: seen.append("before"))
    after = net.register_forward_hook(lambda m, args, y: seen.append("after") or y * 0)
    assert net(ones(1, 2)).item() == 0 and seen == ["before", "after"]
    before.remove()
    after.remove()
    assert net(ones(1, 2)).item() != 0 and len(seen) == 2
    net.register_forward_pre_hook(lambda m, args: (args[0] * 0,))
    assert net(ones(1, 2)).item() == pytest.approx(net.bias.item())


def test_repr():
    net = nn.Sequential(OrderedDict(a=nn.Linear(2, 3, bias=False), b=nn.Sequential(nn.ReLU(), nn.Dropout(0.2))))
    assert repr(net) == (
        "Sequential(\n  (a): Linear(in_features=2, out_features=3, bias=False)\n  (b): Sequential(\n    (0): ReLU()\n"
        "    (1): Dropout(p=0.2, inplace=False)\n  )\n)"
    )
    assert repr(nn.GELU()) == "GELU(approximate='none')" and repr(nn.LeakyReLU()) == "LeakyReLU(negative_slope=0.01)"
    assert (
        repr(nn.Embedding(3, 2, padding_idx=0)) == "Embedding(3, 2, padding_idx=0)"
        and repr(nn.Softmax(1)) == "Softmax(dim=1)"
    )
    assert repr(nn.Softplus()) == "Softplus(beta=1.0, threshold=20.0)" and repr(nn.MSELoss()) == "MSELoss()"


# --- state ------------------------------------------------------------------------------------------------------------


def test_a_state_dict_goes_round():
    autograd.manual_seed(0)
    a = Net()
    autograd.manual_seed(1)
    b = Net()
    state = a.state_dict()
    assert list(state) == [
        "scale",
        "mean",
        "first.weight",
        "first.bias",
        "body.1.weight",
        "body.1.bias",
        "again.weight",
        "again.bias",
    ]
    result = b.load_state_dict(state)
    assert (
        repr(result) == "<All keys matched successfully>" and result.missing_keys == [] and result.unexpected_keys == []
    )
    assert all(p.tolist() == q.tolist() for p, q in zip(a.parameters(), b.parameters()))
    with no_grad():
        a.first.weight.fill_(7.0)
    assert state["first.weight"].tolist() == a.first.weight.tolist() != b.first.weight.tolist()
    assert not state["scale"].requires_grad


def test_loading_is_all_or_nothing():
    net = nn.Linear(2, 3)
    before = net.weight.tolist()
    good = ones(3, 2)
    with pytest.raises(RuntimeError, match=r"Error\(s\) in loading state_dict for Linear:") as caught:
        net.load_state_dict({"weight": good, "extra": ones(1)})
    assert 'Unexpected key(s) in state_dict: "extra"' in str(
        caught.value
    ) and 'Missing key(s) in state_dict: "bias"' in str(caught.value)
    with pytest.raises(
        RuntimeError,
        match=r"size mismatch for bias: copying a param with shape .*\[2\].* the shape in current model is .*\[3\]",
    ):
        net.load_state_dict({"weight": good, "bias": ones(2)})
    with pytest.raises(RuntimeError, match="expected a Tensor"):
        net.load_state_dict({"weight": good, "bias": [1, 2, 3]})
    assert net.weight.tolist() == before
    result = net.load_state_dict({"weight": good, "extra": ones(1)}, strict=False)
    assert (
        result.missing_keys == ["bias"] and result.unexpected_keys == ["extra"] and net.weight.tolist() == good.tolist()
    )


def test_loading_keeps_dtype_and_identity():
    net = nn.Linear(2, 1)
    weight = net.weight
    net.load_state_dict({"weight": ones(1, 2, dtype=autograd.float64), "bias": zeros(1)})
    assert net.weight is weight and weight.dtype is autograd.float32 and weight.requires_grad and weight.is_leaf


def test_copies_of_modules():
    net = Net()
    net(ones(1, 2)).sum().backward()
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert [n for n, _ in other.named_parameters()] == [n for n, _ in net.named_parameters()]
        assert other.again is other.first and other(ones(1, 2)).tolist() == net(ones(1, 2)).tolist()
        with no_grad():
            other.scale.fill_(0.0)
        assert net.scale.item() == 1


# --- initial values: those of PyTorch 2.13 for the same seed ----------------------------------------------------------

LINEAR = [
    (
        0,
        3,
        2,
        [-0.00432251766, 0.309715837, -0.475185335, -0.424894601, -0.222368971, 0.154820725],
        [-0.0114391446, 0.457774937],
    ),
    (42, 4, 1, [0.382269263, 0.415003955, -0.11713624, 0.459305644], [-0.109551787]),
    (
        2**32 + 5,
        2,
        3,
        [0.467046678, -0.528759003, 0.576249123, 0.452445149, 0.594115973, -0.54214555],
        [-0.474622071, 0.336468816, -0.660063446],
    ),
]


@pytest.mark.parametrize("seed, inputs, outputs, weight, bias", LINEAR)
def test_linear_starts_as_pytorchs(backend, seed, inputs, outputs, weight, bias):
    autograd.manual_seed(seed)
    layer = nn.Linear(inputs, outputs)
    assert layer.weight.numpy(force=True).reshape(-1).tolist() == np.float32(weight).tolist()
    assert layer.bias.tolist() == np.float32(bias).tolist()


def test_linear_in_float64_starts_as_pytorchs():
    autograd.manual_seed(7)
    layer = nn.Linear(2, 2, dtype=autograd.float64)
    assert layer.weight.tolist() == [
        [-0.3120031881512851, -0.32004541940396214],
        [0.5120767768766437, 0.22159090360478964],
    ]
    assert layer.bias.tolist() == [0.5975467619529394, 0.4801896754442359]


def test_the_second_layer_starts_as_pytorchs():
    autograd.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    assert (
        net[2].weight.numpy(force=True).reshape(-1).tolist()
        == np.float32([0.152774125, -0.174482793, -0.11348708]).tolist()
    )
    assert net[2].bias.tolist() == np.float32([-0.551570714]).tolist()


def test_embedding_starts_as_pytorchs(backend):
    for seed, options, expected in (
        (0, {}, [1.54099607, -0.293428898, -2.17878938, 0.568431258, -1.08452237, -1.39859545]),
        (1, {"padding_idx": 1}, [0.661352158, 0.266924113, 0.0, 0.0, -0.451905966, -0.16613023]),
    ):
        autograd.manual_seed(seed)
        table = nn.Embedding(3, 2, **options).weight
        assert table.numpy(force=True).reshape(-1).tolist() == pytest.approx(expected, rel=1e-6)
    autograd.manual_seed(3)
    assert nn.Embedding(5, 4).weight.numpy(force=True)[0].tolist() == pytest.approx(
        [-0.076644294, 0.35988152, -0.782016814, 0.0715277344], rel=1e-6
    )


def test_initializers():
    autograd.manual_seed(0)
    w = zeros(50, 80)
    for fill, low, high in (
        (lambda: nn.init.kaiming_uniform_(w, a=math.sqrt(5)), -1 / math.sqrt(80), 1 / math.sqrt(80)),
        (lambda: nn.init.xavier_uniform_(w), -math.sqrt(6 / 130), math.sqrt(6 / 130)),
        (lambda: nn.init.uniform_(w, -2, 3), -2, 3),
    ):
        assert fill() is w
        assert low <= w.min().item() < low * 0.98 + high * 0.02 and low * 0.02 + high * 0.98 < w.max().item() <= high
    assert abs(nn.init.normal_(w, 1, 2).std().item() - 2) < 0.1
    assert (
        nn.init.constant_(w, 5)[0, 0].item() == 5
        and nn.init.zeros_(w).sum().item() == 0
        and nn.init.ones_(w).sum().item() == 4000
    )
    assert nn.init.calculate_gain("tanh") == 5 / 3 and nn.init.calculate_gain("leaky_relu", 1.0) == 1
    with pytest.raises(ValueError, match="Fan in and fan out can not be computed"):
        nn.init.xavier_uniform_(zeros(3))
    with pytest.raises(ValueError, match="Unsupported nonlinearity"):
        nn.init.calculate_gain("step")


# --- layers and losses ------------------------------------------------------------------------------------------------


def test_every_module_does_what_its_function_does():
    x, p = autograd.randn(4, 3), tensor([[0.1, 0.9, 0.3]] * 4)
    for module, expected in (
        (nn.ReLU(), F.relu(x)),
        (nn.Sigmoid(), F.sigmoid(x)),
        (nn.Tanh(), F.tanh(x)),
        (nn.SiLU(), F.silu(x)),
        (nn.GELU(), F.gelu(x)),
        (nn.GELU("tanh"), F.gelu(x, "tanh")),
        (nn.LeakyReLU(0.2), F.leaky_relu(x, 0.2)),
        (nn.Softplus(2), F.softplus(x, 2)),
        (nn.Softmax(1), F.softmax(x, 1)),
        (nn.LogSoftmax(1), F.log_softmax(x, 1)),
        (nn.Identity(3, unused=1), x),
        (nn.Flatten(0), x.reshape(-1)),
    ):
        assert module(x).tolist() == expected.tolist()
    t = tensor([0, 2, 1, 1])
    weight = tensor([1.0, 2.0, 3.0])
    for module, expected in (
        (nn.MSELoss()(x, p), F.mse_loss(x, p)),
        (nn.MSELoss(reduction="sum")(x, p), F.mse_loss(x, p, reduction="sum")),
        (nn.CrossEntropyLoss()(x, t), F.cross_entropy(x, t)),
        (nn.CrossEntropyLoss(weight, label_smoothing=0.1)(x, t), F.cross_entropy(x, t, weight, label_smoothing=0.1)),
        (nn.CrossEntropyLoss(ignore_index=1)(x, t), F.cross_entropy(x, t, ignore_index=1)),
        (nn.BCEWithLogitsLoss(pos_weight=weight)(x, p), F.binary_cross_entropy_with_logits(x, p, pos_weight=weight)),
    ):
        assert module.item() == expected.item()
    assert list(nn.CrossEntropyLoss(weight).state_dict()) == ["weight"]


def test_sequential():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU()).append(nn.Linear(3, 1))
    assert (
        len(net) == 3 and isinstance(net[-1], nn.Linear) and [type(m) for m in net][1] is nn.ReLU and len(net[:2]) == 2
    )
    assert net[:2](ones(1, 2)).shape == (1, 3)
    with pytest.raises(IndexError, match="out of range"):
        net[5]
    assert nn.Sequential()(3) == 3


def test_linear():
    layer = nn.Linear(3, 2, bias=False)
    assert layer.bias is None and "bias" not in layer.state_dict() and layer(ones(4, 5, 3)).shape == (4, 5, 2)
    with pytest.raises(RuntimeError, match=r"mat1 and mat2 shapes cannot be multiplied \(1x2 and 3x2\)"):
        layer(ones(1, 2))
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        assert nn.Linear(0, 2)(ones(3, 0)).shape == (3, 2)


def test_dropout():
    layer = nn.Dropout(0.25)
    x = ones(10_000, requires_grad=True)
    y = layer(x)
    kept = y != 0
    assert abs(kept.double().mean().item() - 0.75) < 0.02
    assert set(np.round(y.detach().numpy(), 5).tolist()) == {0.0, np.round(np.float32(4 / 3), 5)}
    y.sum().backward()
    assert x.grad.tolist() == y.tolist()
    assert layer(x).tolist() != y.tolist()
    autograd.manual_seed(5)
    a = layer(x).tolist()
    autograd.manual_seed(5)
    assert layer(x).tolist() == a
    assert layer.eval()(x) is x
    assert nn.Dropout(1.0)(x).abs().sum().item() == 0
    with pytest.raises(ValueError, match=r"dropout probability has to be between 0 and 1, but got 1\.5"):
        nn.Dropout(1.5)


def test_dropout_is_the_same_on_every_machine(machine):
    autograd.manual_seed(1)
    kept = (F.dropout(ones(20), 0.5) != 0).long().tolist()
    autograd.set_backend("numpy")
    autograd.manual_seed(1)
    assert (F.dropout(ones(20), 0.5) != 0).long().tolist() == kept


def test_embedding():
    layer = nn.Embedding(5, 3, padding_idx=-1)
    assert layer.padding_idx == 4 and layer.weight[4].tolist() == [0, 0, 0]
    layer(tensor([[1, 1], [4, 0]])).sum().backward()
    assert layer.weight.grad.sum(1).tolist() == [3, 6, 0, 0, 0]
    with pytest.raises(IndexError, match="index out of range in self"):
        layer(tensor([5]))


def test_a_target_that_broadcasts_is_a_warning():
    with pytest.warns(UserWarning, match="Using a target size"):
        F.mse_loss(ones(3, 1), ones(3))


def test_a_small_net_learns(backend):
    autograd.manual_seed(0)
    x = tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    t = tensor([[0.0], [1.0], [1.0], [0.0]])
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = autograd.optim.Adam(net.parameters(), 0.05)
    for _ in range(200):
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(net(x), t)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.01 and ((net(x) > 0).float() == t).all()


def test_what_is_replaced_keeps_its_place():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    net.add_module("0", nn.Linear(2, 4))
    setattr(net, "0", nn.Linear(2, 3))
    net[2].weight = nn.Parameter(autograd.zeros(1, 3))
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert net(autograd.ones(5, 2)).shape == (5, 1)


def test_a_copy_has_memory_of_its_own_and_names_what_cannot_be_copied():
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    net[0].tied = net[0].weight
    copied = copy.deepcopy(net)
    assert copied[0].tied is copied[0].weight is not net[0].weight
    with autograd.no_grad():
        copied[0].weight.zero_()
    assert net[0].weight.abs().sum() > 0
    assert [n for n, _ in copied.named_parameters()] == [n for n, _ in net.named_parameters()]
    net[1].latest = net[0].weight * 2
    with pytest.raises(RuntimeError, match=r"Sequential\._modules: BatchNorm1d\.latest: Only Tensors created"):
        copy.deepcopy(net)
