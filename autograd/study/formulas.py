"""What the row of an op says of it: the formula of the forward and, for each input, that of its gradient, in words too.

>>> from autograd.op import TABLE
>>> rule(TABLE["Matmul"], "b")
'a^T @ g'
>>> in_words(rule(TABLE["Tanh"], "x"))
'the gradient arriving times 1 - y * y, the slope at this place'
"""

from __future__ import annotations

import inspect
import re

from ..op import Op
from ..ops.linalg import Linear, LinearActivation


def _lines(op: type[Op]) -> list[str]:
    """The rows of an op's docstring, continued lines joined."""
    text = inspect.cleandoc(op.__doc__ or "").split("\n\n")[0]
    found: list[str] = []
    for line in re.sub(r", (?=dL/d\w+ = )", "\n", text).splitlines():
        if found and not re.match(r"(y\b|h: |dL/)", line):
            found[-1] += " " + line.strip()
        else:
            found.append(line.strip())
    return found


def forward(op: type[Op]) -> str:
    """What the op computes, as its row says.

    >>> from autograd.op import TABLE
    >>> forward(TABLE["Relu"])
    'y = max(x, 0)'
    """
    if hasattr(op, "function"):  # of autograd.Function
        return f"y = {op.function.__name__}.forward(...), an op of your own"
    return next((line for line in _lines(op) if not line.startswith("dL/")), "")


def rule(op: type[Op], name: str) -> str:
    """The gradient of one input in terms of ``g``, the gradient arriving, as the op's row says; "" where it has none.

    An activation fused into a linear layer comes in two parts, dL/dz of the activation first.
    """
    if hasattr(op, "function"):  # of autograd.Function
        return f"what {op.function.__name__}.backward returns"
    own = _rules(op)
    if issubclass(op, LinearActivation):
        return f"{_rules(Linear)[name].replace('g', 'dz', 1)}, dz = {own['z']}"
    if name in own:
        return own[name]
    if re.fullmatch(r"x_\d+", name) and "x_i" in own:
        return own["x_i"]
    lines = [line for line in _lines(op) if line.startswith("dL/")]
    return lines[0] if len(lines) == 1 else ""


def between(op: type[Op]) -> list[str]:
    """The gradients of what is neither input nor output and that rules of inputs use, such as dz of a recurrent layer's
    sums z."""
    if issubclass(op, LinearActivation):
        return []
    return [f"d{name} = {text}" for name, text in _rules(op).items() if name not in (*op.inputs, "x_i")]


def _rules(op: type[Op]) -> dict[str, str]:
    found = {}
    for line in _lines(op):
        match = re.match(r"dL/d(\w+?)(?:\[.*?\])? (?:is |\+?= )(.*)", line)
        if match:
            found[match[1]] = match[2]
    return found


def in_words(formula: str) -> str:
    """A rule as a sentence; the formula itself where it is one already."""
    main, comma, rest = formula.partition(", ")
    after = comma + rest
    if main == "g":
        return "the gradient arriving passes on as it is" + after
    if main == "-g":
        return "the gradient arriving passes on with its sign turned" + after
    if main == "0":
        return "nothing passes: the op is flat almost everywhere"
    if match := re.search(r"(\w+)(\^T)? @", main):
        arriving = "the gradient arriving" if match[1] in ("g", "a") else match[1]
        return f"a matrix product of {arriving} with the other factor" + after
    if match := re.fullmatch(r"(-?)g \* (.*)", main):
        if " where " in main:
            return formula
        turned = ", its sign turned" if match[1] else ""
        return f"the gradient arriving times {_bare(match[2])}, the slope at this place{turned}{after}"
    if match := re.fullmatch(r"(-?)g / (\w+) \* (.*)", main):
        turned = ", its sign turned" if match[1] else ""
        return f"the gradient arriving times {_bare(match[3])}, divided by {match[2]}{turned}{after}"
    if match := re.fullmatch(r"(-?)g / (.*)", main):
        turned = ", its sign turned" if match[1] else ""
        return f"the gradient arriving divided by {match[2]}{turned}{after}"
    return formula


def _bare(text: str) -> str:
    """Without the pair of brackets that surrounds it all, if one does."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if not depth and i < len(text) - 1:
            return text
    return text[1:-1]


def product(formula: str, shapes: dict[str, tuple[int, ...]]) -> str:
    """The shapes of a rule that is a matrix product, where those of its factors are known; "" of any other rule.

    >>> product("g^T @ x", {"g": (64, 128), "x": (64, 784)})
    '(128, 784) = (128, 64)(64, 784)'
    """
    match = re.match(r"(\w+)(\^T)? @ (\w+)(\^T)?", formula)
    if match is None or match[1] not in shapes or match[3] not in shapes:
        return ""
    left, right = shapes[match[1]], shapes[match[3]]
    if len(left) < 2 or len(right) < 2:
        return ""
    left = left[:-2] + (left[-1], left[-2]) if match[2] else left
    right = right[:-2] + (right[-1], right[-2]) if match[4] else right
    batch = left[:-2] if len(left) >= len(right) else right[:-2]
    return f"{shape((*batch, left[-2], right[-1]))} = {shape(left)}{shape(right)}"


def shape(dims: tuple[int, ...] | None) -> str:
    """A shape as text."""
    return "?" if dims is None else "(" + ", ".join(map(str, dims)) + ")"
