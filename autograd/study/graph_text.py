"""A graph as text for other tools: DOT, Mermaid, JSON. Names may hold any character."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from .graph_cards import brief, counted, shape_text
from .graph_tree import Box, Data
from .recording import LeafRecord, Step

if TYPE_CHECKING:
    from .graph_view import Graph

SMALL = 16  # up to how many elements JSON has the numbers themselves


def _label(view: Graph, box: Box) -> str:
    of = box.of
    if isinstance(of, Step):
        shape = ", ".join(shape_text(s) for s in of.shapes if s is not None)
    else:
        shape = shape_text(of.shape)
    g = view.cards.gradient(of)
    return f"{box.title}: {shape}" + (f", gradient {brief(g)}" if g is not None else "")


def _nested(root: Box, opening: Any, closing: str, line: Any) -> list[str]:
    """Lines for all boxes, those of modules around those of what is in them."""
    lines: list[str] = []
    stack: list[tuple[Box | None, int]] = [(child, 1) for child in reversed(root.children)]
    while stack:
        box, depth = stack.pop()
        indent = "    " * depth
        if box is None:
            lines.append(indent + closing)
        elif box.children:
            lines.append(indent + opening(box))
            stack.append((None, depth))
            stack += [(child, depth + 1) for child in reversed(box.children)]
        else:
            lines.append(indent + line(box))
    return lines


def listing(view: Graph) -> str:
    """For people: a line for each step, leaf, data and closed module, in the order of the forward.

    >>> from autograd import study, tensor
    >>> a = tensor(2.0, requires_grad=True)
    >>> with study.trace(values=True):
    ...     loss = (a * 3).exp()
    >>> print(study.graph(loss, gradients=True))
    2 steps, 1 leaf
                   shape   value  gradient
    a              scalar  2      1210
    2: mul_scalar  scalar  6      403
    1: exp         scalar  403    1
    """
    rows = []
    stack = list(reversed(view.root.children))
    missing: dict[str, None] = {}
    while stack:
        box = stack.pop()
        indent = "  " * (box.depth - 1)
        if box.children:
            rows.append((indent + box.title, "" if box in view.opened else counted(box.steps, box.leaves), "", ""))
            stack += reversed(box.children) if box in view.opened else []
            continue
        g = view.cards.gradient(box.of)
        if g is None:
            missing[view.cards.why_missing(box.of)] = None
        title = f"{box.number}: {box.title}" if isinstance(box.of, Step) else box.title
        shape, value = view.cards.forward_half(box.of)
        gradient = brief(g) if g is not None else view.cards.missing_for(box.of)
        rows.append((indent + title, shape, value, "" if isinstance(box.of, Data) else gradient))
    head = counted(len(view.record.steps), len(view.record.leaves))
    notes = [text for text in missing if ":" in text]
    return "\n".join([", gradients ".join([head, *notes]), *aligned([("", "shape", "value", "gradient"), *rows])])


def aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows as lines, in columns."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip() for row in rows]


def dot(view: Graph) -> str:
    """For graphviz."""
    shapes = {Step: "box", LeafRecord: "ellipse", Data: "plain"}
    body = _nested(
        view.root, lambda box: f"subgraph cluster_{box.name} {{ label={_quoted(box.title)};", "}",
        lambda box: f"{box.name} [shape={shapes[type(box.of)]}, label={_quoted(_label(view, box))}];",
    )  # fmt: skip
    lines = [f"    {u.name} -> {v.name};" for u, v, _, _ in view.edges]
    return "\n".join(["digraph {", *body, *lines, "}", ""])


def _quoted(text: str) -> str:
    """A string of DOT, in which nothing is an escape or an entity.

    >>> print(_quoted('a "b" \\\\N &lt;'))
    "a \\"b\\" \\\\N &amp;lt;"
    """
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return '"' + re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", text) + '"'


def mermaid(view: Graph) -> str:
    """For Mermaid."""
    marks = {Step: ("[", "]"), LeafRecord: ("([", "])"), Data: ("[/", "/]")}

    def line(box: Box) -> str:
        left, right = marks[type(box.of)]
        return f'{box.name}{left}"{_entities(_label(view, box))}"{right}'

    body = _nested(view.root, lambda box: f'subgraph {box.name}["{_entities(box.title)}"]', "end", line)
    lines = [f"    {u.name} --> {v.name}" for u, v, _, _ in view.edges]
    return "\n".join(["flowchart TD", *body, *lines])


def _entities(text: str) -> str:
    """Text within quotes, in which all that Mermaid or Markdown could take for something else is a number.

    >>> _entities('a"b')
    'a#34;b'
    """
    text = re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", text)
    return re.sub(r"[^\w .,:=…-]", lambda m: f"#{ord(m[0])};", text)


def json_of(view: Graph) -> str:
    """Nodes, each after what it uses, and edges; numbers that JSON does not have are null."""
    nodes = [_node(view, box) for box in view.root.inner() if not box.children]
    edges = [{"from": u.name, "to": v.name, "input": step.inputs[i].name,
              "gradient": None if step.left is None else _array(step.left[i])}
             for u, v, step, i in view.edges]  # fmt: skip
    return json.dumps({"nodes": nodes, "edges": edges}, allow_nan=False)


def _node(view: Graph, box: Box) -> dict[str, Any]:
    of = box.of
    found: dict[str, Any] = {"id": box.name, "name": box.title, "gradient": _array(view.cards.gradient(of))}
    if isinstance(of, Step):
        where = of.where and {"file": of.where.filename, "line": of.where.line, "module": of.where.module}
        saved = [{"name": s.name, "shape": list(s.shape), "bytes": s.nbytes} for s in of.saved]
        shapes = [None if s is None else list(s) for s in of.shapes]
        values = [_array(v) for v in of.outputs] if of.outputs is not None else None
        return found | {"kind": "step", "number": of.number, "op": of.name, "shapes": shapes, "dtype": of.dtype,
                        "values": values, "saved": saved, "where": where}  # fmt: skip
    if isinstance(of, LeafRecord):
        kind = "parameter" if of.parameter else "leaf"
        return found | {"kind": kind, "shapes": [list(of.shape)], "dtype": of.dtype, "values": [_array(of.value)]}
    return found | {"kind": "data", "shapes": [list(of.shape)]}


def _array(values: np.ndarray | None) -> dict[str, Any] | None:
    if values is None:
        return None
    found: dict[str, Any] = {"shape": list(values.shape)}
    if values.dtype.kind == "f":
        found["norm"] = _finite(float(np.linalg.norm(values.astype(float))))
        found["nan"] = int(np.isnan(values).sum())
    if values.size <= SMALL:
        found["numbers"] = [_finite(float(v)) for v in values.reshape(-1)]
    return found


def _finite(v: float) -> float | None:
    return v if math.isfinite(v) else None
