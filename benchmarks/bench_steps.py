"""Whole training steps: forward, backward, optimizer."""

from __future__ import annotations

import pytest

import autograd

from .nets import NETS, Net, training_step


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
def test_step(net: Net, row, backend_name):
    step = training_step(autograd, net)
    step()
    row(f"step {net.name}", kind="step", net=net.name, shape=net.about)(step)
