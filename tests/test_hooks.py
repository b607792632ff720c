"""Module hooks: order, what they may change, and that they go away."""

import pytest

import autograd
from autograd import nn, ones, tensor


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(tensor([2.0]))

    def forward(self, x, shift=0.0):
        return x * self.factor + shift


def test_forward_hooks_run_in_order_and_may_replace():
    m, seen = Scale(), []
    m.register_forward_pre_hook(lambda mod, args: seen.append("second"))
    m.register_forward_pre_hook(lambda mod, args: seen.append("first"), prepend=True)
    m.register_forward_pre_hook(lambda mod, args: args[0] + 1)
    m.register_forward_hook(lambda mod, args, out: seen.append(args[0].tolist()))
    last = m.register_forward_hook(lambda mod, args, out: out * 10)
    assert m(ones(1)).tolist() == [40]
    assert seen == ["first", "second", [2]]
    last.remove()
    assert m(ones(1)).tolist() == [4]


def test_forward_hooks_with_keywords():
    m = Scale()
    m.register_forward_pre_hook(lambda mod, args, kwargs: (args, {"shift": kwargs["shift"] + 1}), with_kwargs=True)
    m.register_forward_hook(lambda mod, args, kwargs, out: out + kwargs["shift"] * 100, with_kwargs=True)
    assert m(ones(1), shift=1.0).tolist() == [204]
    m.register_forward_pre_hook(lambda mod, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match=r"must return None or a tuple of \(new_args, new_kwargs\)"):
        m(ones(1), shift=1.0)


def test_a_hook_that_is_always_called():
    m, seen = Scale(), []
    m.register_forward_hook(lambda mod, args, out: seen.append(out), always_call=True)
    with pytest.raises(TypeError):
        m(ones(1), nothing=1)
    assert seen == [None]


def gradients(torch, changes: bool):
    """What backward hooks see, and the gradients, in either library."""
    library_nn, seen = torch.nn, []
    m = library_nn.Linear(2, 2)
    with torch.no_grad():
        m.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    note = lambda *given: [None if g is None else g.tolist() for g in given]  # noqa: E731
    m.register_full_backward_pre_hook(lambda mod, out: seen.append(note(*out)) or ((out[0] * 2,) if changes else None))
    m.register_full_backward_hook(
        lambda mod, inp, out: (
            seen.append((note(*inp), note(*out))) or ((inp[0] * 10,) if changes and inp[0] is not None else None)
        )
    )
    x = torch.tensor([[1.0, -1.0]], requires_grad=True)
    m(x).sum().backward()
    constant = torch.tensor([[1.0, -1.0]])
    m(constant).sum().backward()
    return seen, x.grad.tolist(), m.weight.grad.tolist()


@pytest.mark.parametrize("changes", [False, True])
def test_backward_hooks_see_and_change_what_pytorchs_do(backend, changes):
    torch = pytest.importorskip("torch")
    assert gradients(autograd, changes) == gradients(torch, changes)


def test_backward_hooks_of_several_outputs_and_of_a_module_in_a_sequential():
    class Two(nn.Module):
        def forward(self, x):
            return x * 2, x * 3

    m, seen = Two(), []
    m.register_full_backward_hook(lambda mod, inp, out: seen.append((inp[0].tolist(), [g and g.tolist() for g in out])))
    x = ones(1, requires_grad=True)
    m(x)[1].sum().backward()
    assert seen == [([3.0], [None, [1.0]])]
    net = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    net[0].register_full_backward_hook(lambda mod, inp, out: seen.append("linear"))
    net(x).sum().backward()
    assert seen[-1] == "linear"


def test_misuse_of_backward_hooks():
    m = Scale()
    m.register_full_backward_hook(lambda mod, inp, out: (inp[0], inp[0]))
    with pytest.raises(RuntimeError, match="backward hook returned 2 gradients, but 1 were expected"):
        m(ones(1, requires_grad=True)).sum().backward()

    class Listed(nn.Module):
        def forward(self, x):
            return [x]

    listed = Listed()
    listed.register_full_backward_hook(lambda *given: None)
    with pytest.raises(RuntimeError, match="should be a Tensor or a tuple of Tensors but received list"):
        listed(ones(1, requires_grad=True))
