"""The steps of a graph as a tree of modules, which pictures open and close.

>>> from autograd import nn, ones
>>> from autograd.study import record, trace
>>> net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
>>> with trace():
...     loss = net(ones(1, 3)).sum()
>>> root = tree(record(loss, net, gradients=False))
>>> [child.title for child in root.children]
['0', '1', '2', 'sum']
>>> [child.title for child in root.children[0].children]
['0.weight', '0.bias', 'x', 'linear']
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..op import Op
from .layout import OUTSIDE, Layers, layered
from .recording import Input, LeafRecord, Record, Step

CHUNK = 60  # steps outside of any further module that are shown at once; more are put into boxes of so many


@dataclass(eq=False)
class Data:
    """What steps are given without any gradient going there: these inputs of theirs. ``variable`` is the caller's name
    for it, if it has one."""

    shape: tuple
    inputs: list[Input]
    users: list[Step]
    variable: str = ""


@dataclass(eq=False)
class Box:
    """A step, a leaf, data, or with ``children`` a module (or many steps) that can be opened. ``at`` are its own number
    and those of the boxes it stands in, from the root."""

    title: str
    of: Any = None
    parent: Box | None = None
    children: list[Box] = field(default_factory=list)
    module: str = ""
    number: int = 0
    depth: int = 0
    layers: Layers | None = None
    steps: int = 0
    leaves: int = 0

    @property
    def name(self) -> str:
        """A name for data formats: s1 for a step, l2 for a leaf, d3 for data, m4 for a module."""
        kind = {Step: "s", LeafRecord: "l", Data: "d"}.get(type(self.of), "m")
        return f"{kind}{self.number}"

    def inner(self) -> list[Box]:
        """This box and all within, each before those within it."""
        found, stack = [], [self]
        while stack:
            box = stack.pop()
            found.append(box)
            stack += reversed(box.children)
        return found


def tree(found: Record) -> Box:
    """The root: what it holds are steps, leaves, data and modules, in the order of the forward. A module that ran
    twice, with something else between, has two boxes."""
    root = Box("")
    boxes: dict[Any, Box] = {}
    stack: list[tuple[str, Box]] = [("", root)]
    runs: dict[str, int] = {}
    for step in reversed(found.steps):
        path = step.where.module if step.where else ""
        while not _within(path, stack[-1][0]):
            stack.pop()
        for name in path.split(".")[len(stack) - 1 :] if path else []:
            full = f"{stack[-1][0]}.{name}" if stack[-1][0] else name
            runs[full] = runs.get(full, 0) + 1
            box = Box(full if runs[full] == 1 else f"{full} (run {runs[full]})", None, stack[-1][1], module=full)
            stack[-1][1].children.append(box)
            stack.append((full, box))
        boxes[step] = Box(name_of(step.op), step, stack[-1][1])
        stack[-1][1].children.append(boxes[step])
    _chunk(root)
    _settle(root)
    for leaf in found.leaves:
        users = [boxes[user] for user, _ in leaf.used_by]
        given = leaf.leaf.variable is not None and not leaf.parameter
        boxes[leaf] = _above(users, leaf.name, leaf, root, outside=given)
    for data in _data(found):
        users = [boxes[user] for user in data.users]
        _above(users, data.variable or data.inputs[-1].name, data, root, outside=bool(data.variable))
    _settle(root)
    _lay(root)
    return root


def _data(found: Record) -> list[Data]:
    """What goes in, each array once where values were recorded."""
    known: dict[int, Data] = {}
    for step in found.steps:
        for i, e in enumerate(step.inputs):
            if e.target is None and e.shape is not None:
                array = step.arrays[i] if i < len(step.arrays) else e
                data = known.setdefault(id(array), Data(e.shape, [], [], found.variable(array)))
                data.inputs.append(e)
                data.users.append(step)
    return list(known.values())


def name_of(op: type[Op]) -> str:
    """The op's name as a function.

    >>> from autograd.op import TABLE
    >>> name_of(TABLE["LogSoftmax"])
    'log_softmax'
    """
    name = op.__name__
    return "".join(("_" if c.isupper() and i and name[i - 1].islower() else "") + c.lower() for i, c in enumerate(name))


def _within(path: str, outer: str) -> bool:
    return not outer or path == outer or path.startswith(f"{outer}.")


def _chunk(root: Box) -> None:
    """Put the children of boxes with too many of them into boxes of their own, by their order."""
    for box in root.inner():
        while len(box.children) > CHUNK:
            parts = []
            for i in range(0, len(box.children), CHUNK):
                part = Box("", None, box, box.children[i : i + CHUNK])
                for child in part.children:
                    child.parent = part
                parts.append(part)
            box.children = parts


def _settle(root: Box) -> None:
    """Count, number, and give untitled boxes a title."""
    boxes = root.inner()
    for number, box in enumerate(boxes):
        box.number = box.of.number if isinstance(box.of, Step) else number
        box.depth = box.parent.depth + 1 if box.parent else 0
        box.steps, box.leaves = int(isinstance(box.of, Step)), int(isinstance(box.of, LeafRecord))
    first: dict[Box, int] = {}
    for box in reversed(boxes):
        if isinstance(box.of, Step):
            first[box] = box.number
        if box.parent:
            box.parent.steps += box.steps
            box.parent.leaves += box.leaves
            if box in first:
                first[box.parent] = max(first.get(box.parent, 0), first[box])
        if box.children and not box.title and box.parent:
            box.title = f"steps {first[box]:,} to {first[box] - box.steps + 1:,}"


def _above(users: list[Box], title: str, of: Any, root: Box, outside: bool) -> Box:
    """A new box in the innermost one that holds all users, before the first of them; with ``outside``, what a caller
    gives to a model, around the modules."""
    if not users:
        box = Box(title, of, root)
        root.children.append(box)
        return box
    common = users[0].parent
    child = users[0]
    for user in users:
        while common and not any(common is b for b in chain(user)):
            common = common.parent
    assert common is not None
    for around in tuple(chain(common)):
        if outside and around.module and around.parent:
            common = around.parent
    child = next(b for b in chain(users[-1]) if b.parent is common)
    box = Box(title, of, common)
    common.children.insert(common.children.index(child), box)
    return box


def chain(box: Box) -> Iterator[Box]:
    """A box and those around it, from within."""
    at: Box | None = box
    while at is not None:
        yield at
        at = at.parent


def _lay(root: Box) -> None:
    """The rows of each box's children, with places for the lines that come in and go out."""
    edges: dict[Box | None, list[tuple[Box | None, Box | None]]] = {}
    for u, v, _, _ in edges_of(root):
        outer, start, end = meeting(u, v)
        edges.setdefault(outer, []).append((start, end))
        for box in chain(u):
            if box is start:
                break
            edges.setdefault(box.parent, []).append((box, None))
        for box in chain(v):
            if box is end:
                break
            edges.setdefault(box.parent, []).append((None, box))
    for box in root.inner():
        if box.children:
            index: dict[Box | None, int] = {child: i for i, child in enumerate(box.children)}
            index[None] = OUTSIDE
            loose = frozenset(i for child, i in index.items() if child and isinstance(child.of, (LeafRecord, Data)))
            pairs = [(index[u], index[v]) for u, v in edges.get(box, [])]
            box.layers = layered(len(box.children), pairs, loose)


def edges_of(root: Box) -> Iterator[tuple[Box, Box, Step, int]]:
    """From what is used to the step that uses it, with the number of its input, in the order of the forward."""
    boxes: dict[Any, Box] = {}
    for box in root.inner():
        boxes |= dict.fromkeys(box.of.inputs if isinstance(box.of, Data) else [box.of], box)
    for step, box in boxes.items():
        if isinstance(step, Step):
            for i, e in enumerate(step.inputs):
                start = boxes.get(e if e.target is None else e.target)
                if start is not None:
                    yield start, box, step, i


def meeting(u: Box, v: Box) -> tuple[Box, Box, Box]:
    """The innermost box around both, and its children in which they stand."""
    a, b = u, v
    while a.parent is not b.parent:
        if a.depth >= b.depth:
            assert a.parent is not None
            a = a.parent
        else:
            assert b.parent is not None
            b = b.parent
    assert a.parent is not None
    return a.parent, a, b
