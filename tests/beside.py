"""A module of ours beside PyTorch's: from the same seed, on the same inputs, with the same gradients and errors."""

import numpy as np
import pytest
from support import values

import autograd
from autograd import nn, tensor


def flat(result) -> list:
    if isinstance(result, (tuple, list)):
        return [t for part in result for t in flat(part)]
    return [result]


def both(torch, make, seed: int = 5) -> tuple:
    """(ours, PyTorch's) of a module, made from the same seed, which gives the same weights, but for the last bits of
    normal ones."""
    autograd.manual_seed(seed)
    torch.manual_seed(seed)
    mine, theirs = make(nn, autograd), make(torch.nn, torch)
    assert repr(mine) == repr(theirs)
    for (name, p), (other, q) in zip(mine.state_dict().items(), theirs.state_dict().items(), strict=True):
        assert name == other
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-12, err_msg=name)
    mine.load_state_dict({name: tensor(p.numpy()) for name, p in theirs.state_dict().items()})
    return mine, theirs


class Beside:
    """Inputs for both sides, results and gradients compared."""

    def __init__(self, torch, seed: int = 0):
        self.torch, self.rng = torch, np.random.default_rng(seed)
        self.leaves: list[tuple] = []

    def tensor(self, *shape: int) -> tuple:
        x = self.rng.standard_normal(shape)
        pair = tensor(x, requires_grad=True), self.torch.tensor(x, requires_grad=True)
        self.leaves.append(pair)
        return pair

    def compare(self, mine, theirs, modules: tuple) -> None:
        pairs = list(zip(flat(mine), flat(theirs), strict=True))
        self.leaves += zip(modules[0].parameters(), modules[1].parameters(), strict=True)
        loss, there = 0.0, 0.0
        for y, z in pairs:
            assert tuple(y.shape) == tuple(z.shape)
            np.testing.assert_allclose(values(y), z.detach().numpy(), rtol=1e-12, atol=1e-13)
            if y.is_floating_point():
                weight = self.rng.standard_normal(y.shape)
                loss, there = loss + (y * tensor(weight)).sum(), there + (z * self.torch.tensor(weight)).sum()
        loss.backward()
        there.backward()
        for i, (x, w) in enumerate(self.leaves):
            assert (x.grad is None) == (w.grad is None), i
            if x.grad is not None:
                np.testing.assert_allclose(x.grad.numpy(), w.grad.numpy(), rtol=1e-10, atol=1e-12, err_msg=str(i))


def raised_alike(ours, theirs, error, message) -> None:
    """Both raise this, and say this first."""
    for call in (ours, theirs):
        with pytest.raises(error) as caught:
            call()
        assert str(caught.value).replace("torch.", "autograd.").startswith(message), caught.value
