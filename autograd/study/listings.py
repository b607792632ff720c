"""The source behind a step: the user's lines, the rule of the op in Python, the kernels in C.

>>> print(kernel_source("tanh_grad"))
GRAD(LIGHT, tanh_grad, y, g * (ONE - y * y), g * (1 - y * y))
"""

from __future__ import annotations

import inspect
import linecache
import re
from functools import cache
from pathlib import Path

from ..op import Op
from .recording import Step

CSRC = Path(__file__).parent.parent.parent / "csrc"
AROUND = 2  # lines before and after the user's
NO_C = "the C sources are not beside this installation: in a clone they are in csrc/"


def user_lines(step: Step) -> str:
    """The line that made a step, marked, with some around it; "" where it was not recorded."""
    if step.where is None:
        return ""
    lines = range(max(1, step.where.line - AROUND), step.where.line + AROUND + 1)
    texts = [(n, linecache.getline(step.where.filename, n).rstrip()) for n in lines]
    return "\n".join(f"{'>' if n == step.where.line else ' '} {n:4} {text}" for n, text in texts if text)


def rule_source(op: type[Op]) -> str:
    """The op's class."""
    try:
        return inspect.getsource(op)
    except (OSError, TypeError):
        return "the source of this op is not there"


@cache
def kernel_source(name: str) -> str:
    """Where a kernel is written in C: its line of a table of kernels, or its function."""
    if not CSRC.is_dir():
        return NO_C
    row = re.compile(rf"^[A-Z][A-Z0-9_]*\((?:[\w ]+, )*{name}[,)].*(?:\n[ \t]+.*)*", re.MULTILINE)
    function = re.compile(rf"^(?:\w[^\n;]*)?FN\({name}\)\([^;{{]*\{{\n(?:.*\n)*?\}}", re.MULTILINE)
    named = re.compile(rf"^\w[^\n;(]*\bag_{name}\([^;{{]*\{{\n(?:.*\n)*?\}}", re.MULTILINE)
    for pattern in (row, function, named):
        for path in sorted(CSRC.glob("*.c.inc")) + sorted(CSRC.glob("*.c")):
            if found := pattern.search(path.read_text(encoding="utf-8")):
                return found[0]
    return f"{name}: see csrc/"
