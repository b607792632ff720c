"""Whole training steps: forward, backward, optimizer."""

from __future__ import annotations

import pytest

import autograd

from .nets import NETS, Net, training_step


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
def test_step(net: Net, row, backend_name):
    step = training_step(autograd, net)
    step()
    shape = f"{'-'.join(map(str, net.sizes))}, batch {net.batch}, {net.optimizer}"
    row(f"step {net.name}", kind="step", net=net.name, shape=shape)(step)
