"""nn.parallel and DistributedSampler: one device, one process; what can be had of them without others."""

import itertools

import pytest

import autograd
from autograd import nn
from autograd.utils.data import DistributedSampler


def test_data_parallel_runs_the_module():
    net = nn.Linear(2, 3)
    wrapped, x = nn.DataParallel(net), autograd.randn(4, 2)
    assert wrapped(x).equal(net(x)) and nn.parallel.data_parallel(net, x).equal(net(x))
    assert wrapped.module is net and list(wrapped.state_dict()) == ["module.weight", "module.bias"]
    assert nn.DataParallel(net, device_ids=["cpu"])(x).equal(net(x))
    for ids in ([0, 1], ["cuda:0"]):
        with pytest.raises(RuntimeError, match="cuda:0' is not available"):
            nn.DataParallel(net, device_ids=ids)
    with pytest.raises(RuntimeError, match="as one process"):
        nn.parallel.DistributedDataParallel(net)


GRID = list(itertools.product((0, 1, 2, 5, 8), (1, 2, 3), (False, True), (False, True)))


def parts(sampler, n, replicas, shuffle, drop_last):
    """The positions of all ranks, in the third epoch."""
    made = [sampler(range(n), replicas, rank, shuffle, 5, drop_last) for rank in range(replicas)]
    for each in made:
        each.set_epoch(3)
    assert all(len(each) == len(list(each)) for each in made)
    return [list(each) for each in made]


@pytest.mark.parametrize("drop_last", [False, True])
def test_the_parts_of_a_data_set(drop_last):
    for n, replicas, shuffle, _ in GRID:
        found = parts(DistributedSampler, n, replicas, shuffle, drop_last)
        assert {len(part) for part in found} == {n // replicas if drop_last else -(-n // replicas)}
        seen = sorted(i for part in found for i in part)
        assert len(set(seen)) == (n // replicas * replicas if drop_last else n)


def test_the_parts_are_pytorchs():
    torch = pytest.importorskip("torch")
    for case in GRID:
        assert parts(DistributedSampler, *case) == parts(torch.utils.data.DistributedSampler, *case), case


def test_what_a_sampler_is_not_told_it_cannot_ask():
    with pytest.raises(RuntimeError, match="give num_replicas and rank"):
        DistributedSampler(range(4))
    with pytest.raises(ValueError, match=r"Invalid rank 2, .* \[0, 1\]"):
        DistributedSampler(range(4), 2, 2)
