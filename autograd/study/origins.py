"""Where the factor of a path comes from: the element of another tensor that it is, or the rule that gave it; and what
the dims of a tensor stand for.

>>> from autograd import study, tensor
>>> w, x = tensor([2.0, 3.0], requires_grad=True), tensor([5.0, 7.0])
>>> with study.trace(values=True):
...     found = study.record((w * x).sum())
>>> origin(found, found.steps[1], 0, 0, (1,), (1,))
'x[1]'
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from math import prod
from typing import Any

import numpy as np

from ..op import Binary
from ..ops.choice import Where
from ..ops.convolution import Convolution
from ..ops.linalg import Linear, LinearActivation, Matmul
from ..ops.loss import Loss, NllLoss
from ..ops.loss_classification import NegativeLogLikelihood
from ..ops.recurrent_cell import Recurrence
from ..ops.reduce import Reduction
from . import formulas
from .constants import constants
from .in_numpy import class_shares, softmax
from .recording import LeafRecord, Record, Step
from .svg import number

Place = tuple[int, ...]


def element(name: str, at: Place) -> str:
    """An element of a tensor, as code would name it."""
    return f"{name}[{', '.join(str(int(i)) for i in at)}]" if at else name


def output(step: Step, index: int = 0) -> str:
    """The name of a step's output in a path."""
    return f"y{step.number}.{index}" if step.several else f"y{step.number}"


def origin(found: Record, step: Step, i: int, index: int, at: Place, to: Place) -> str:
    """Of which element the factor from element ``at`` of input i of a step to element ``to`` of its output is the
    value; "" where it is not an element."""
    name = step.inputs[i].name
    if issubclass(step.op, Linear):
        return _of_linear(found, step, name, at, to)
    if step.op is Matmul:
        first = name == "a"
        other, row, column = ("b", at[-1], to[-1]) if first else ("a", to[-2], at[-2])
        return _operand(found, step, other, (*to[:-2], row, column))
    if step.op is Convolution and len(to) == 4:
        return _of_convolution(found, step, name, at, to)
    if match := re.fullmatch(r"g \* (\w+)", formulas.rule(step.op, name)):
        if match[1] == "y":
            return element(output(step, index), to)
        if match[1] in step.op.inputs:
            return _operand(found, step, match[1], to)
    return ""


def rules(step: Step, inputs: Collection[int]) -> str:
    """The rules that gave factors to inputs of a step where these are not elements, with what they leave open."""
    if issubclass(step.op, Recurrence):
        return "its factors are all ways through the time steps together"
    made = []
    for i in sorted(inputs):
        name = step.inputs[i].name
        rule = formulas.rule(step.op, name)
        if not _plain(rule):
            made.append(f"dL/d{name} = {rule}")
    return "; ".join([*made, *constants(step)] if made else [])


def _plain(rule: str) -> bool:
    """Whether a rule says no more than that the gradient passes on, or that elements are factors."""
    return " where " not in rule and bool(re.fullmatch(r"-?g( \* \w+)?([, ] ?[a-z].*)?|.*@.*|dL/d.*|", rule))


ARITHMETIC = re.compile(r"(-?g [*/w-]|0 where|y \*|rstd)(?!.*(sees|\^-T))")  # not of matrices, not in words alone


def numbers(found: Record, step: Step, i: int, index: int, at: Place, to: Place) -> str:
    """The numbers in the rule that gave a factor, as far as they are known by their place."""
    rule = formulas.rule(step.op, step.inputs[i].name)
    if issubclass(step.op, NllLoss | NegativeLogLikelihood):
        return _of_classes(found, step, at)
    if _plain(rule) or not ARITHMETIC.match(rule):
        return ""
    known = []
    for name, of, value, place in _numbers(found, step, i, index, at, to):
        if re.search(rf"\b{name}\b", rule) and value is not None and len(place) == value.ndim:
            known.append(f"its {name} {f'is {of} ' if of else ''}= {number(float(value[place]), 4)}")
    return ", ".join(known)


def _of_linear(found: Record, step: Step, name: str, at: Place, to: Place) -> str:
    factor = ""
    if name == "weight":
        factor = _operand(found, step, "x", (*to[:-1], at[1]))
    elif name == "x":
        factor = _operand(found, step, "weight", (to[-1], at[-1]))
    if issubclass(step.op, LinearActivation):
        activation = step.op.__name__.removeprefix("Linear").lower()
        slope = f"the slope of {activation} at {element(output(step), to)}"
        return f"{factor} times {slope}" if factor else slope
    return factor


def _of_convolution(found: Record, step: Step, name: str, at: Place, to: Place) -> str:
    s = step.params["geometry"]
    group = to[1] // (s.filters // s.groups) * (s.channels // s.groups)
    near = range(2)
    if name == "w" and len(at) == 4:
        seen = [to[2 + d] * s.stride[d] - s.padding[d] + at[2 + d] * s.dilation[d] for d in near]
        return _operand(found, step, "x", (to[0], group + at[1], *seen))
    if name == "x" and len(at) == 4:
        tap = [(at[2 + d] + s.padding[d] - to[2 + d] * s.stride[d]) // s.dilation[d] for d in near]
        return _operand(found, step, "w", (to[1], at[1] - group, *tap))
    return ""


def _of_classes(found: Record, step: Step, at: Place) -> str:
    """The probability of a class, and what is wanted of it."""
    x, target = found.value(step, 0), found.value(step, 1)
    if x is None or target is None:
        return ""
    axis, p = axis_of_classes(step), step.params
    weight = next((s.values for s in step.saved if s.name == "weight"), np.ones(x.shape[axis], x.dtype))
    q = class_shares(target.reshape(p["rows"][0], -1), x.shape[axis], p["ignore_index"], p.get("smoothing", 0), weight)
    wanted = f"its q = {number(float(q[0].reshape(x.shape)[at]), 4)}"
    if step.op is NegativeLogLikelihood:
        return wanted
    return f"its softmax(x) = {number(float(softmax(x, axis)[at]), 4)}, {wanted}"


def axis_of_classes(step: Step) -> int:
    """The dim of the classes of a cross-entropy."""
    shape = step.inputs[0].shape or ()
    outer, n, _ = step.params["rows"]
    return next(d for d in range(len(shape)) if prod(shape[:d]) == outer and shape[d] == n)


def _numbers(
    found: Record, step: Step, i: int, index: int, at: Place, to: Place
) -> Iterator[tuple[str, str, Any, Place]]:
    """The arrays that a rule may name, as (its letter there, the element as paths call it, array, place): of inputs the
    element's own, and that which meets it in the output of an elementwise op; of the output where it is one number for
    the element."""
    same = at == to
    meet = issubclass(step.op, Binary | Where)
    for k, e in enumerate(step.inputs):
        if k == i or same or meet or issubclass(step.op, Loss):
            place = _broadcast(e.shape or (), to) if meet else at
            called = _operand(found, step, e.name, place)
            yield e.name, "" if called.startswith("(") else called, found.value(step, k), place
    if same or meet or issubclass(step.op, Reduction):
        saved = next((s.values for s in step.saved if s.name == "y"), None)
        yield "y", element(output(step, index), to), step.outputs[index] if step.outputs else saved, to


def _broadcast(shape: tuple, at: Place) -> Place:
    """The place in a tensor of ``shape`` of what stands at ``at`` where it was broadcast."""
    at = at[len(at) - len(shape) :] if shape else ()
    return tuple([0 if n == 1 else p for n, p in zip(shape, at)])


def _operand(found: Record, step: Step, name: str, at: Place) -> str:
    """An element of an input, by the name of its leaf or variable, or of the step that made it."""
    k = next(k for k, e in enumerate(step.inputs) if e.name == name)
    e = step.inputs[k]
    at = _broadcast(e.shape or (), at)
    if isinstance(e.target, Step):
        return element(output(e.target, e.index), at)
    if isinstance(e.target, LeafRecord):
        return element(e.target.name, at)
    array = step.arrays[k] if k < len(step.arrays) else None
    return element(found.variable(array) or f"({name} of step {step.number})", at)


# --- what dims stand for ----------------------------------------------------------------------------------------------


def dims_of(target: Step | LeafRecord | None, index: int = 0) -> str:
    """What the dims of a tensor stand for, such as "[example, unit]"; "" where that is not known."""
    if isinstance(target, LeafRecord):
        names = [_of_parameter(user, user.inputs[i].name, len(target.shape)) for user, i in target.used_by]
        return next(filter(None, names), "")
    while isinstance(target, Step):
        shape = target.shapes[index] or ()
        if issubclass(target.op, Linear) and len(shape) == 2:
            return "[example, unit]"
        if target.op is Convolution and len(shape) == 4:
            return "[example, channel, row, column]"
        if not target.inputs or target.inputs[0].shape != shape or target.op.__name__ in ("Matmul", "Permute", "View"):
            return ""
        before = target.inputs[0]
        target, index = before.target, before.index
    return ""


def _of_parameter(user: Step, name: str, dims: int) -> str:
    if issubclass(user.op, Linear):
        return {"weight": "[output unit, input]", "bias": "[output unit]"}.get(name, "")
    if user.op is Convolution and dims == (4 if name == "w" else 1):
        return {"w": "[filter, channel, row, column]", "bias": "[filter]"}.get(name, "")
    return ""
