"""Rows of autograd/ops/trigonometry.py."""

from __future__ import annotations

import numpy as np

from .core import unary_row

ROWS = [
    unary_row("sin", np.sin, -3, 3),
    unary_row("cos", np.cos, -3, 3),
    unary_row("tanh", np.tanh),
]
