"""What a module is asked and told beyond its forward: members by dotted name, its state, its dtype; the same questions
to PyTorch's, where that is installed."""

from __future__ import annotations

from collections import OrderedDict

import pytest

import autograd
from autograd import nn, no_grad, ones


def net(m):
    """Layers of which one is there twice, buffers, a parameter that is None."""
    n = m.nn
    made = n.Sequential(OrderedDict(one=n.Linear(2, 3), two=n.Sequential(n.BatchNorm1d(3), n.Linear(3, 2, bias=False))))
    made.again = made.one
    made.register_buffer("cache", m.zeros(1), persistent=False)
    made.register_parameter("none", None)
    made.scale = n.Parameter(m.ones(2))
    return made


def shapes(named) -> list:
    return [(name, tuple(getattr(value, "shape", ()))) for name, value in named]


def with_extra_state(m):
    class Counted(m.nn.Linear):
        count = 3

        def get_extra_state(self):
            return self.count

        def set_extra_state(self, state):
            self.count = state

    return Counted(1, 1)


def loaded(m, module, change=lambda state: None, **options):
    state = module.state_dict()
    change(state)
    return repr(module.load_state_dict(state, **options))


def hooked(m):
    """What the hooks of saving and loading are called with."""
    seen, made = [], net(m)
    made.register_state_dict_pre_hook(lambda module, prefix, keep: seen.append((type(module).__name__, prefix, keep)))
    made.two.register_state_dict_post_hook(lambda module, state, prefix, meta: state.update({prefix + "new": 1}))

    def rename(module, state, prefix, meta, strict, missing, unexpected, errors):
        seen.append((prefix, strict, state.pop(prefix + "new")))

    def report(module, keys):
        seen.append((type(module).__name__, list(keys.missing_keys), list(keys.unexpected_keys)))

    made.two.register_load_state_dict_pre_hook(rename)
    handle = made.register_load_state_dict_post_hook(report)
    state = made.state_dict(prefix="")
    made.load_state_dict(state)
    handle.remove()
    return seen, shapes(state.items())


ANSWERS = [
    lambda m: shapes(net(m).named_parameters()),
    lambda m: shapes(net(m).named_parameters("p", recurse=False)),
    lambda m: shapes(net(m).named_parameters(remove_duplicate=False)),
    lambda m: shapes(net(m).named_buffers()),
    lambda m: [name for name, _ in net(m).named_modules(prefix="p", remove_duplicate=False)],
    lambda m: len(list(net(m).modules())), lambda m: len(list(net(m).modules(remove_duplicate=False))),
    lambda m: shapes(net(m).state_dict().items()),
    lambda m: [v.requires_grad for v in net(m).state_dict(keep_vars=True).values()],
    lambda m: shapes(net(m).state_dict(prefix="p.").items()),
    lambda m: shapes(net(m).state_dict(destination={"q": 1}).items()),
    lambda m: net(m).get_submodule("two.1").in_features,
    lambda m: net(m).get_parameter("two.1.weight").shape[0],
    lambda m: net(m).get_buffer("two.0.running_mean").shape[0],
    lambda m: type(net(m).state_dict()).__name__,
    lambda m: loaded(m, net(m)),
    lambda m: loaded(m, net(m), lambda s: s.pop("scale"), strict=False),
    lambda m: loaded(m, net(m), lambda s: s.update(new=m.ones(1)), strict=False),
    lambda m: with_extra_state(m).state_dict()["_extra_state"],
    lambda m: loaded(m, with_extra_state(m)),
    hooked,
]  # fmt: skip


def test_answers_are_pytorchs():
    torch = pytest.importorskip("torch")
    for question in ANSWERS:
        assert question(autograd) == question(torch)


def named(m, name):
    class Named(m.nn.Module):
        def method(self): ...

    made = Named()
    made.held = m.nn.ReLU()
    return lambda kind, value: getattr(made, f"register_{kind}")(name, value)


def early(m, kind):
    class Early(m.nn.Module):
        def __init__(self):
            getattr(self, f"register_{kind}")("x", None)

    return Early()


FAILURES = [
    lambda m: net(m).get_submodule("two.7"),
    lambda m: net(m).get_submodule("scale"),
    lambda m: net(m).get_parameter("one.w"),
    lambda m: net(m).get_parameter("two.0.running_mean"),
    lambda m: net(m).get_buffer("one.bias"),
    lambda m: net(m).get_buffer("one.nothing"),
    lambda m: net(m).set_submodule("", m.nn.ReLU()),
    lambda m: net(m).set_submodule("one", 3),
    lambda m: net(m).set_submodule("scale", m.nn.ReLU()),
    lambda m: net(m).set_submodule("two.9", m.nn.ReLU(), strict=True),
    *[lambda m, kind=kind, name=name: named(m, name)(kind, None)
      for kind in ("parameter", "buffer", "module") for name in ("method", "a.b", "", 3, "training")],
    *[lambda m, kind=kind: early(m, kind) for kind in ("parameter", "buffer")],
    lambda m: named(m, "held")("parameter", None),
    lambda m: named(m, "x")("buffer", 3),
    lambda m: named(m, "x")("parameter", m.ones(1)),
    lambda m: setattr(net(m), "forward", m.nn.Parameter(m.ones(1))),
    lambda m: net(m).load_state_dict([1]),
    lambda m: loaded(m, net(m), lambda s: (s.pop("scale"), s.update(new=m.ones(1)))),
    lambda m: loaded(m, net(m), lambda s: s.update(scale=m.ones(3))),
    lambda m: loaded(m, net(m), lambda s: s.update(scale=[1.0, 2.0])),
    lambda m: loaded(m, with_extra_state(m), lambda s: s.pop("_extra_state")),
    lambda m: net(m).train("yes"),
    lambda m: net(m).to(m.int64),
    lambda m: net(m).nothing,
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


# --- what needs no PyTorch --------------------------------------------------------------------------------------------


def test_a_submodule_is_put_in_place():
    made, relu = net(autograd), nn.ReLU()
    made.set_submodule("two.1", relu)
    made.set_submodule("one", relu, strict=True)
    made.set_submodule("extra", relu)
    assert made.two[1] is made.one is made.extra is relu and made.get_submodule("") is made
    assert [name for name, _ in made.named_children()] == ["one", "two", "again"]


def test_modes_go_by_the_modules_own_train():
    class Frozen(nn.BatchNorm1d):
        def train(self, mode=True):
            return super().train(False)

    made = nn.Sequential(Frozen(2), nn.Dropout())
    assert not made.train()[0].training and made[1].training


def test_loading_names_all_that_is_wrong_and_changes_nothing():
    made = net(autograd)
    before = {k: v.tolist() for k, v in made.state_dict().items()}
    state = {k: v + 1 for k, v in before_tensors(made).items()}
    del state["one.bias"]
    state |= {"scale": ones(3), "two.1.weight": ones(9), "new": ones(1)}
    with pytest.raises(RuntimeError) as caught:
        made.load_state_dict(state)
    lines = str(caught.value).split("\n\t")
    assert lines[0] == "Error(s) in loading state_dict for Sequential:" and len(lines) == 5
    assert lines[1:3] == ['Missing key(s) in state_dict: "one.bias". ', 'Unexpected key(s) in state_dict: "new". ']
    assert "[3]" in lines[3] and "[2]" in lines[3] and "[9]" in lines[4] and "[2, 3]" in lines[4]
    assert {k: v.tolist() for k, v in made.state_dict().items()} == before
    with pytest.raises(RuntimeError, match="size mismatch for scale"):
        made.load_state_dict(state, strict=False)
    assert {k: v.tolist() for k, v in made.state_dict().items()} == before


def before_tensors(made):
    return {k: v.clone() for k, v in made.state_dict().items()}


def test_loading_by_assignment():
    made = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))
    made[0].bias.requires_grad_(False)
    old = made[0].weight
    state = {k: v.double() if v.is_floating_point() else v for k, v in before_tensors(made).items()}
    made.load_state_dict(state, assign=True)
    assert made[0].weight is not old and isinstance(made[0].weight, nn.Parameter) and made[0].weight.requires_grad
    assert not made[0].bias.requires_grad and made[1].running_mean is state["1.running_mean"]
    assert made[0].weight.dtype is autograd.float64
    with no_grad():
        made[0].weight.fill_(5.0)
    assert state["0.weight"].tolist() == [[5, 5]]


def test_extra_state_is_set_once_all_fits():
    made = with_extra_state(autograd)
    state = {**made.state_dict(), "_extra_state": 8}
    with pytest.raises(RuntimeError):
        made.load_state_dict({**state, "new": ones(1)})
    assert made.count == 3
    made.load_state_dict(state)
    assert made.count == 8


def test_all_numbers_are_converted():
    made = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    made(ones(2, 2)).sum().backward()
    p, counted = made[0].weight, made[1].num_batches_tracked
    made.double()
    assert made[0].weight is p and p.dtype is p.grad.dtype is autograd.float64 and counted.dtype is autograd.int64
    assert made.type(autograd.float32)[1].num_batches_tracked.dtype is autograd.float32
    assert made.type("DoubleTensor")[0].bias.dtype is made.half().double()[0].bias.dtype is autograd.float64
    assert made.to(device="cpu") is made.cpu() is made
    for refused, error in (
        (made.cuda, RuntimeError),
        (lambda: made.cuda(1), RuntimeError),
        (made.bfloat16, TypeError),
        (made.compile, NotImplementedError),
    ):
        with pytest.raises(error):
            refused()
