"""Containers of modules and of parameters: what they hold, under which names, and PyTorch's words where they refuse."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict

import pytest

import autograd
from autograd import nn, ones


def names(container) -> list[str]:
    return [name for name, _ in container.named_children()]


def test_sequential_is_edited():
    a, b, c, d = nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.Tanh()
    net = nn.Sequential(a, b)
    assert net.append(c) is net and net.insert(1, d) is net and net.extend([b]) is net
    assert list(net) == [a, d, b, c, b] and list(net._modules) == ["0", "1", "2", "3", "4"]
    assert net.pop(1) is d and list(net) == [a, b, c, b] and getattr(net, "2") is c and not hasattr(net, "4")
    del net[-1]
    net[1] = d
    assert list(net) == [a, d, c] and list(net[1:]) == [d, c] and names(net[1:]) == ["1", "2"]
    del net[:2]
    assert list(net) == [c] and names(net) == ["0"] and [n for n, _ in net.named_parameters()] == ["0.weight", "0.bias"]
    assert list(net.insert(-1, a)) == [a, c] and net(ones(1, 2)).shape == (1, 1)
    assert "0" not in dir(net) and len(nn.Sequential()) == 0


def test_sequential_adds_and_multiplies():
    a, b = nn.Linear(2, 2), nn.ReLU()
    net = nn.Sequential(a, b)
    assert list(net + nn.Sequential(b)) == [a, b, b] and list(net * 2) == list(2 * net) == [a, b, a, b]
    assert len(list((net * 2).parameters())) == 2
    same = net
    net += nn.Sequential(a)
    net *= 2
    assert same is net and list(net) == [a, b, a] * 2 and names(net) == ["0", "1"]


def test_sequential_with_names():
    net = nn.Sequential(OrderedDict(first=nn.Linear(2, 3), then=nn.ReLU(), last=nn.Linear(3, 1)))
    assert names(net) == ["first", "then", "last"] and net.then is net[1] and names(net[::2]) == ["first", "last"]
    net[0] = nn.Linear(2, 3)
    assert names(net) == ["first", "then", "last"] and net.first is net[0]

    class Double(nn.Sequential):
        def forward(self, x):
            return super().forward(x) * 2

    double = Double(nn.Linear(2, 3), nn.ReLU())
    assert type(double[:1]) is Double


def test_a_module_list():
    a, b, c = nn.Linear(2, 2), nn.ReLU(), nn.Tanh()
    found = nn.ModuleList([a, b])
    found += [c]
    found.insert(0, c)
    found.append(b)
    assert list(found) == [c, a, b, c, b] and found[-1] is b and list(found[1:3]) == [a, b] and len(found) == 5
    assert found.pop(-1) is b and list(found + [a]) == [c, a, b, c, a] and c in found and len(found) == 4
    del found[1:3]
    assert list(found) == [c, c] and list(found._modules) == ["0", "1"] and not list(found.parameters())
    assert list(nn.ModuleList(m for m in (a, b))) == [a, b] and repr(nn.ModuleList()) == "ModuleList()"


def test_a_module_dict():
    a, b = nn.Linear(2, 2), nn.ReLU()
    found = nn.ModuleDict({"a": a})
    found["b"] = b
    found.update([["c", b], ("a", b)])
    found.update(nn.ModuleDict({"d": a}))
    assert list(found) == list(found.keys()) == ["a", "b", "c", "d"] and list(found.values()) == [b, b, b, a]
    assert found.pop("d") is a and "d" not in found and not hasattr(found, "d") and len(found) == 3
    assert dict(found.items())["c"] is b
    del found["a"]
    found.clear()
    assert len(found) == 0 and not list(found.children())


def test_a_parameter_list():
    p = nn.Parameter(ones(2))
    found = nn.ParameterList([p, ones(3)])
    found.append(5).extend([ones(1)])
    found += ["text"]
    assert found[0] is p and isinstance(found[1], nn.Parameter) and found[2] == 5 and found[-1] == "text"
    assert [n for n, _ in found.named_parameters()] == ["0", "1", "3"] and len(found) == 5
    found[2] = ones(4)
    assert [tuple(q.shape) for q in found.parameters()] == [(2,), (3,), (1,), (4,)] and len(found[1:3]) == 2
    assert list(found.state_dict()) == ["0", "1", "3", "2"]


def test_a_parameter_dict():
    p = nn.Parameter(ones(2))
    found = nn.ParameterDict({"b": p, "a": ones(3)})
    assert list(found) == ["a", "b"] and list(reversed(found)) == ["b", "a"] and found["b"] is p
    found["c"] = 7
    assert [n for n, _ in found.named_parameters()] == ["a", "b"] and found.get("c") == 7 and found.get("d", 1) == 1
    assert found.setdefault("d", ones(1)) is found["d"] and found.pop("c") == 7 and "c" not in found
    assert found.popitem()[0] == "d" and len(found) == 2
    both = found | {"z": ones(1)}
    assert list(both) == ["a", "b", "z"] and list(found) == ["a", "b"] and both["b"] is p
    assert list({"z": ones(1)} | found) == ["z", "a", "b"]
    found |= OrderedDict(y=ones(1), x=ones(1))
    assert list(found.keys()) == ["a", "b", "y", "x"] and len(list(found.values())) == len(list(found.items())) == 4
    assert list(found.fromkeys(["q"], 3).items()) == [("q", 3)]
    del found["y"]
    found.clear()
    assert len(found) == 0 and not list(found.parameters())


def test_they_are_copied_and_pickled():
    net = nn.Module()
    net.layers = nn.ModuleList([nn.Linear(2, 2)])
    net.by_name = nn.ModuleDict({"x": nn.Sequential(nn.Linear(2, 2))})
    net.values = nn.ParameterList([ones(2)])
    net.named = nn.ParameterDict({"k": ones(2)})
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert list(other.state_dict()) == list(net.state_dict()) and len(other.values) == len(other.named) == 1
        assert other.values[0] is not net.values[0] and other.values[0] is next(other.values.parameters())


HELD = [
    lambda m: m.nn.ModuleList([m.nn.ReLU(), m.nn.ReLU(), m.nn.Sequential(m.nn.Linear(1, 2), m.nn.ReLU())]),
    lambda m: m.nn.ModuleDict({"x": m.nn.ModuleList([m.nn.ReLU()]), "y": m.nn.ModuleDict()}),
    lambda m: m.nn.ParameterList([m.ones(2, 3)]),
    lambda m: m.nn.ParameterList([m.ones(2, 3), 4, m.nn.Parameter(m.tensor(1.0))]),
    lambda m: m.nn.ParameterDict({"a": m.ones(2), "b": "text"}),
    lambda m: m.nn.Sequential(m.nn.ParameterList([m.ones(2), m.ones(3)])),
    lambda m: m.nn.ParameterDict(),
]


def layers(m):
    return m.nn.Sequential(m.nn.Linear(1, 2), m.nn.ReLU())


FAILURES = [
    lambda m: layers(m)[5],
    lambda m: layers(m)["0"],
    lambda m: layers(m).insert(5, m.nn.ReLU()),
    lambda m: layers(m).insert(0, 3),
    lambda m: layers(m).append(3),
    lambda m: layers(m) + [m.nn.ReLU()],
    lambda m: layers(m) * 0,
    lambda m: layers(m) * 1.5,
    lambda m: m.nn.ModuleList([3]),
    lambda m: m.nn.ModuleList([m.nn.ReLU()])[1],
    lambda m: m.nn.ModuleList([m.nn.ReLU()]).extend(3),
    lambda m: m.nn.ModuleList([m.nn.ReLU()])(m.ones(1)),
    lambda m: m.nn.ModuleDict({"keys": m.nn.ReLU()}),
    lambda m: m.nn.ModuleDict({"a.b": m.nn.ReLU()}),
    lambda m: m.nn.ModuleDict({"": m.nn.ReLU()}),
    lambda m: m.nn.ModuleDict({1: m.nn.ReLU()}),
    lambda m: m.nn.ModuleDict({"a": m.nn.ReLU()})["b"],
    lambda m: m.nn.ModuleDict({"a": m.nn.ReLU()}).pop("b"),
    lambda m: m.nn.ModuleDict(3),
    lambda m: m.nn.ModuleDict([3]),
    lambda m: m.nn.ModuleDict([["a", m.nn.ReLU(), 1]]),
    lambda m: m.nn.ParameterList(m.ones(2)),
    lambda m: m.nn.ParameterList([m.ones(2)])[1],
    lambda m: m.nn.ParameterList([m.ones(2)])(m.ones(2)),
    lambda m: m.nn.ParameterDict({"a": m.ones(2)})["b"],
    lambda m: m.nn.ParameterDict({"a": m.ones(2)})(m.ones(2)),
    lambda m: m.nn.ParameterDict({"keys": m.ones(2)}),
    lambda m: m.nn.ParameterDict({1: m.ones(2)}),
    lambda m: m.nn.ParameterDict([["a"]]),
]


@pytest.mark.parametrize("call", FAILURES)
def test_they_refuse(call):
    with pytest.raises((AssertionError, AttributeError, IndexError, KeyError, NotImplementedError, RuntimeError,
                        TypeError, ValueError)):  # fmt: skip
        call(autograd)


def test_they_print_as_pytorchs():
    torch = pytest.importorskip("torch")
    for make in HELD:
        assert repr(make(autograd)).replace("autograd.", "torch.") == repr(make(torch))


def test_they_refuse_in_pytorchs_words():
    torch = pytest.importorskip("torch")
    for call in FAILURES:
        raised = []
        for m in (autograd, torch):
            with pytest.raises(Exception) as caught:
                call(m)
            raised.append((type(caught.value), str(caught.value)[:18]))
        assert raised[0] == raised[1]
