"""A rule with numbers put in, for steps of single numbers.

>>> filled("dL/dx", "g where x > 0, else slope * g", {"g": 2.0, "x": -3.0, "slope": 0.1}, 0.2)
'dL/dx = slope * g = 0.1 * 2 = 0.2'
"""

from __future__ import annotations

import math
import re

from .svg import number
from .templates import clauses, condition

FUNCTIONS = {
    name: getattr(math, name)
    for name in ("exp", "log", "log2", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "floor", "trunc")
} | {
    "pi": math.pi, "abs": abs, "max": max, "min": min, "sign": lambda x: (x > 0) - (x < 0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)), "P": lambda x: (1 + math.erf(x / math.sqrt(2))) / 2,
}  # fmt: skip


def filled(name: str, formula: str, values: dict[str, float], result: float) -> str:
    """``name = formula = numbers = result``, of a rule with conditions the case that holds. "" where the rule is prose
    or does not give the result, be it that an exception of its op holds."""
    values = dict(values)
    branch = _branch(formula, values)
    if branch is None:
        return ""
    value = _value(branch, values)
    if value is None or not math.isclose(value, result, rel_tol=1e-4, abs_tol=1e-30):
        return ""
    numbers = branch
    for letter in sorted(values, key=len, reverse=True):
        shown = number(values[letter], 4)
        numbers = re.sub(rf"(?<![\w.]){letter}\b(?!\()", f"({shown})" if shown.startswith("-") else shown, numbers)
    numbers = re.sub(r"\(\((-[\d.e+-]+)\)\)", r"(\1)", numbers)
    return " = ".join([name, *dict.fromkeys([branch, numbers, number(result, 4)])])


def _branch(formula: str, values: dict[str, float]) -> str | None:
    """The case that holds, None where that cannot be told; adds what the formula defines to the values. Words after the
    case are left out."""
    default, cases = None, []
    for part in clauses(re.sub(r"\|(\w+)\|", r"abs(\1)", formula)):
        if definition := re.fullmatch(r"(\w+) = (.*)", part):
            value = _value(definition[2], values)
            if value is None:
                return None
            values[definition[1]] = value
            continue
        match = re.fullmatch(r"(?:else )?(.*) where (.*)", part)
        if match:
            cases.append((match[1], match[2]))
        elif default is None or part.startswith("else "):
            default = part.removeprefix("else ")
    for case, when in cases:
        holds = _value(condition(when), values)
        if holds is None:
            return None
        if holds:
            return case
    return default


def _value(text: str, values: dict[str, float]) -> float | None:
    """What an expression of known letters is; None of any other text."""
    text = text.replace("np.isnan", "isnan").replace("&", "and").replace("|", "or")
    try:
        return eval(text, {"__builtins__": {}}, FUNCTIONS | {"isnan": math.isnan} | values)
    except (SyntaxError, NameError, TypeError, ValueError, ArithmeticError, AttributeError):
        return None
