"""What the formula of a row leaves open, for one step: numbers, the dims of a reduction, the part that an index takes.

>>> from autograd import ones, study
>>> w = ones(2, 3, requires_grad=True)
>>> found = study.record((w[1] ** 2).mean())
>>> [constants(step) for step in found.steps]
[['n = 3', 'all dims'], ['p = 2'], ['y = x[1, :]']]
"""

from __future__ import annotations

import re
from math import prod
from typing import Any

import numpy as np

from . import formulas
from .recording import Step
from .svg import number

SPATIAL = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}


def constants(step: Step) -> list[str]:
    """What is not in the step's formulas, each as "name = value"."""
    p = step.params
    texts = " ".join([formulas.forward(step.op), *[formulas.rule(step.op, e.name) for e in step.inputs]])
    found = [
        f"{name} = {value if isinstance(value, bool) else number(value, 4)}"
        for name, value in p.items()
        if isinstance(value, bool | int | float) and re.search(rf"\b{name}\b", texts) and name not in ("dim", "keepdim")
    ]
    if "ignore_index" in p:
        found += _of_classes(step)
    elif "dims" in p:
        found += _of_reduction(step, texts)
    elif "dim" in p:
        found.append(f"dim = {p['dim']}")
    if "order" in p:
        found.append(f"dims in the order {p['order']}")
    if "lengths" in p:
        found.append(f"sizes {', '.join(map(str, p['lengths']))}")
    if "widths" in p:
        found.append(f"before and after each dim: {', '.join(map(str, p['widths']))}")
    if "dtype" in p:  # that of x
        found.append(f"from {_short(p['dtype'])} to {_short(step.dtype)}")
    if "shape_of_y" in p and step.inputs[0].shape is not None and prod(p["shape_of_y"]):
        found.append(f"y = x[{index_of(step.inputs[0].shape, p['shape_of_y'], p['strides'], p['offset'])}]")
    for spatial in ("geometry", "windows"):
        if hasattr(p.get(spatial), "_asdict"):
            found += _of_windows(p[spatial]._asdict())
    return found


def numbers_of(step: Step) -> dict[str, float]:
    """Those of the constants that are a letter of the formula and a number."""
    found = (re.match(r"(\w+) = (-?[\d.e+-]+)(,|$)", text) for text in constants(step))
    return {match[1]: float(match[2]) for match in found if match}


def forward(step: Step) -> str:
    """The formula of the forward, with what it leaves open.

    >>> from autograd import ones, study
    >>> forward(study.record(ones(3, requires_grad=True).mean()).steps[0])
    'y = sum(x) / n, with n = 3; all dims'
    """
    return ", with ".join(filter(None, (formulas.forward(step.op), "; ".join(constants(step)))))


def _of_classes(step: Step) -> list[str]:
    """The divisor of a loss over classes."""
    p, saved = step.params, {s.name: s.values for s in step.saved}
    kind = ("a loss for each target", "the number of targets", "their sum")[p["reduction"]]
    n: float | None = 1
    if p["reduction"] == 1:
        n = None
        if "target" in saved:
            used = saved["target"][saved["target"] != p["ignore_index"]]
            n = float(saved["weight"][used].sum()) if "weight" in saved else used.size
        if "weight" in [e.name for e in step.inputs] and p["reduction"] == 1:
            kind = "the sum of the targets' weights"
    found = [f"n is {kind}" if n is None else f"n = {number(n, 4)}, {kind}"]
    if p.get("smoothing"):
        found.append(f"smoothing = {number(p['smoothing'], 4)}")
    return found


def _of_reduction(step: Step, texts: str) -> list[str]:
    shape, dims = step.inputs[0].shape, step.params["dims"]
    if shape is None:
        return []
    found = []
    if re.search(r"\bn\b", texts):
        found.append(f"n = {prod(shape[d] for d in dims)}")
    if shape:
        found.append("all dims" if len(dims) == len(shape) else f"dim = {', '.join(map(str, dims))}")
    return found


def _of_windows(settings: dict[str, Any]) -> list[str]:
    found = []
    if "kernel" in settings and "channels" not in settings:
        found.append(f"windows of {_times(settings['kernel'])}")
    for name, usual in SPATIAL.items():
        value = settings.get(name, usual)
        if np.any(np.asarray(value) != usual):
            found.append(f"{name} = {_times(value)}")
    return found


def _short(dtype: Any) -> str:
    return str(dtype).rpartition(".")[2]


def _times(value: Any) -> str:
    return " x ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def index_of(shape: tuple, taken: tuple, strides: tuple, offset: int) -> str:
    """The basic index that takes this geometry, which has elements, from a contiguous tensor of ``shape``.

    >>> index_of((4, 5, 6), (4, 2), (30, 12), 3)
    ':, 0:3:2, 3'
    """
    own = [prod(shape[d + 1 :]) for d in range(len(shape))]
    starts = []
    for n in own:
        starts.append(offset // n)
        offset -= starts[-1] * n

    def rest(d: int, k: int) -> list[str] | None:
        """The parts for dims of the tensor from d on and of the result from k on; None where they do not fit."""
        if k < len(taken) and strides[k] == 0:
            after = rest(d, k + 1)
            return None if after is None else ["None", *after]
        if d == len(shape):
            return [] if k == len(taken) else None
        if k < len(taken) and strides[k] % own[d] == 0:
            step = strides[k] // own[d] if taken[k] > 1 else 1
            last = starts[d] + (taken[k] - 1) * step + 1
            if last <= shape[d] and (after := rest(d + 1, k + 1)) is not None:
                whole = (starts[d], taken[k], step) == (0, shape[d], 1)
                return [":" if whole else f"{starts[d]}:{last}" + (f":{step}" if step > 1 else ""), *after]
        after = rest(d + 1, k)
        return None if after is None else [str(starts[d]), *after]

    return ", ".join(rest(0, 0) or [])
