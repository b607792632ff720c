"""What it costs to record an op and to walk it back, per node, from 10 to 1,000,000 nodes: this is to be flat.

CPU time, since the long rows are a single round and would show who else uses the machine.
"""

from __future__ import annotations

import gc
from time import process_time

import pytest

import autograd

pytestmark = pytest.mark.benchmark(timer=process_time)

ROUNDS = {10: 300, 1_000: 30, 100_000: 3, 1_000_000: 1}
SIZES = {10: "10", 1_000: "1e3", 100_000: "1e5", 1_000_000: "1e6"}


def chain(n: int) -> autograd.Tensor:
    """x * c * c * ..., n recorded products of single elements."""
    y, c = autograd.ones(1, requires_grad=True), autograd.ones(1)
    for _ in range(n):
        y = y * c
    return y


@pytest.fixture(params=[False, True], ids=["gc-off", "gc-on"])
def collector(request, collector_off):
    """Whether Python's garbage collector is on, which looks at all living objects again and again."""
    if request.param:
        gc.enable()
    return request.param


@pytest.fixture
def tape_row(row, backend_name, collector):
    def name(phase: str, n: int):
        if backend_name == "numpy" and n > 100_000:
            pytest.skip("a million nodes take long under NumPy and show nothing new")
        group = f"{phase} {SIZES[n]} nodes" + (", collector on" if collector else "")
        return row(group, kind="tape", phase=phase, nodes=n, collector=collector)

    return name


@pytest.mark.parametrize("n", ROUNDS, ids=SIZES.values())
def test_record(n: int, tape_row):
    graph: list[autograd.Tensor] = []
    tape_row("record", n).pedantic(lambda: graph.append(chain(n)), setup=graph.clear, rounds=ROUNDS[n])


@pytest.mark.parametrize("n", ROUNDS, ids=SIZES.values())
def test_backward(n: int, tape_row):
    """Backward, and freeing the nodes."""
    graph: list[autograd.Tensor] = []
    tape_row("backward", n).pedantic(
        lambda: graph.pop().backward(), setup=lambda: graph.append(chain(n)), rounds=ROUNDS[n]
    )
