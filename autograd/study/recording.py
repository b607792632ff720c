"""A graph as a list of steps in backward order: what every view of :mod:`autograd.study` reads.

>>> from autograd import tensor
>>> a, b = tensor(2.0, requires_grad=True), tensor(3.0, requires_grad=True)
>>> c = a * b + a
>>> found = record(c)
>>> for step in found.steps:
...     print(step.number, step.name, [e.target for e in step.inputs], [float(v) for v in step.left])
1 AddBackward0 [step 2, leaf 'a'] [1.0, 1.0]
2 MulBackward0 [leaf 'a', leaf 'b'] [3.0, 2.0]
>>> [(leaf.name, float(leaf.gradient)) for leaf in found.leaves]
[('a', 4.0), ('b', 2.0)]

Reading changes nothing: the gradients are found by a backward pass that keeps the graph and fills no ``.grad``. Nothing
here recurses.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import CO_OPTIMIZED
from typing import Any

import numpy as np

from .. import backprop, graph
from ..backend import observe
from ..graph import Leaf, Node, Output
from ..op import Op
from ..storage import Array, from_numpy
from ..tensor import Tensor
from . import keeping, tracing
from .keeping import Cost, Meter, Values, input_names
from .tracing import Where

_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep

NOT_RECORDED = "not recorded: run the forward within `with autograd.study.trace(values=True):`"
FREED = (
    "the graph was freed by a backward, and its values were not recorded: look at it before backward, call "
    "backward(retain_graph=True), or run the forward within `with autograd.study.trace(values=True):`"
)


@dataclass(eq=False)
class LeafRecord:
    """Where gradients end. ``name`` is a parameter's path within its module, the name of a variable, or "leaf 1";
    ``gradient`` what this backward gives it, ``value`` what it was in the forward."""

    name: str
    leaf: Leaf
    shape: tuple[int, ...]
    dtype: str
    parameter: bool
    value: Values = None
    gradient: Values = None
    used_by: list[tuple[Step, int]] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"leaf {self.name!r}"


@dataclass(eq=False)
class Input:
    """An input of a step. ``target`` is the step or leaf that its gradient goes to, at its output ``index``, None where
    no gradient is wanted; ``summed`` the dims of the gradient along which broadcasting is summed away."""

    name: str
    target: Step | LeafRecord | None
    index: int
    shape: tuple[int, ...] | None
    summed: tuple[int, ...] = ()


@dataclass
class Saved:
    """An array that a step saved, with a copy of its values."""

    name: str
    shape: tuple[int, ...]
    nbytes: int
    values: np.ndarray


@dataclass(eq=False)
class Step:
    """A node of the graph. Values and gradients are lists, one entry per output or input, None for what is missing;
    the lists themselves are None where nothing was recorded. ``freed`` says that a backward freed what the node saved,
    and that no copy was kept."""

    number: int
    node: Node
    op: type[Op]
    name: str
    where: Where | None
    inputs: list[Input]
    shapes: list[tuple[int, ...] | None]
    dtype: str
    params: dict[str, Any]
    saved: list[Saved]
    freed: bool
    used_by: list[tuple[Step, int]] = field(default_factory=list)
    outputs: list[Values] | None = None
    values: list[Values] | None = None  # of the inputs
    arrays: tuple = ()  # what the inputs were: tells equal constants from one used twice
    extras: dict[str, np.ndarray] = field(default_factory=dict)  # what else the op made
    arrived: list[Values] | None = None
    left: list[Values] | None = None
    forward: Cost | None = None
    backward: Cost | None = None

    @property
    def several(self) -> bool:
        """Whether the op has a list of outputs, be it of one."""
        return type(self.node.layout) is tuple

    def __repr__(self) -> str:
        return f"step {self.number}"


@dataclass(eq=False)
class Record:
    """A graph: its steps in backward order, its leaves in the order in which backward meets them, the step (or leaf)
    and the output where it starts, and the gradient there. ``variables`` are names of tensors of the caller, by their
    place in memory."""

    steps: list[Step]
    leaves: list[LeafRecord]
    root: Step | LeafRecord
    index: int
    start: Values
    by_node: dict[Any, Any]
    variables: dict[tuple, str] = field(default_factory=dict)

    def variable(self, array: Any) -> str:
        """The variable of the caller that an array is; "" where it is none, be it a part of one."""
        return self.variables.get(_place(array), "") if isinstance(array, Array) else ""

    def target(self, t: Tensor) -> tuple[Step | LeafRecord, int] | None:
        """Where a tensor is: its step or leaf, and which output; None where it is not in the graph."""
        edge = t._edge
        found = self.by_node.get(edge.node if type(edge) is Output else edge)
        return None if found is None else (found, edge.index if type(edge) is Output else 0)

    def located(self, key: Any) -> tuple[str, Step | LeafRecord, int]:
        """The name, the step or leaf, and the output that a tensor, or the name of a leaf, stands for."""
        if isinstance(key, str):
            named = [leaf for leaf in self.leaves if leaf.name == key]
            if not named:
                raise KeyError(f"no leaf is called {key!r}; there are {', '.join(leaf.name for leaf in self.leaves)}")
            return key, named[0], 0
        if not isinstance(key, Tensor):
            raise TypeError(
                f"a tensor of the graph or the name of a leaf is wanted, such as net[0].weight or '0.weight', not "
                f"{type(key).__name__}"
            )
        at = self.target(key)
        if at is None:
            frozen = (
                "" if key.requires_grad else "it has requires_grad=False; call requires_grad_() before the forward and "
            )
            raise ValueError(
                f"a tensor of shape {list(key.shape)} is not in the graph of this loss: {frozen}give the very tensor "
                "that the forward used, not a copy or a part of it; where one element is asked for, its index stands "
                "beside it"
            )
        target, index = at
        inner = self.variable(key._array) or f"({target!r})"
        return (target.name if isinstance(target, LeafRecord) else inner), target, index

    def gradient(self, target: Step | LeafRecord, index: int = 0) -> Values:
        """The gradient that arrives there."""
        if isinstance(target, LeafRecord):
            return target.gradient
        return None if target.arrived is None else target.arrived[index]

    def value(self, step: Step, i: int) -> Values:
        """The value of an input in the forward, None where it was not recorded."""
        target = step.inputs[i].target
        if step.values is not None and step.values[i] is not None:
            return step.values[i]
        if isinstance(target, Step) and target.outputs is not None:
            return target.outputs[step.inputs[i].index]
        named = {s.name: s.values for s in step.saved}
        return named.get(step.inputs[i].name)


def record(loss: Tensor, model: Any = None, *, gradient: Tensor | None = None, gradients: bool = True) -> Record:
    """The graph behind ``loss``.

    model
        The module that parameters have their names from; by default those whose forward was traced, then the variables
        of the caller. Of several modules, the names begin with the variables that these are: ``encoder.0.weight``.
    gradient
        The gradient at which backward starts, where ``loss`` has several elements.
    gradients
        Whether gradients are wanted: found by a backward of this function's own, in which hooks take part but no
        ``.grad`` changes; where a backward freed the graph, from the copies that ``trace(values=True)`` kept. Otherwise
        those of the last backward from ``loss`` that ran within it, as far as no backward from elsewhere came after it.

    Raises RuntimeError for a tensor without a graph, and where gradients are wanted of a graph that was freed and whose
    forward was not recorded.
    """
    if not isinstance(loss, Tensor):
        raise TypeError(f"the study of a graph starts at a Tensor, got {type(loss).__name__}")
    start = started(loss, gradient) if gradients or loss._edge is None else None
    nodes = sorted(backprop.reachable([loss._edge]), key=lambda node: -node.seq)
    names, variables = _names(model, {loss._edge, *(e for node in nodes for e in node.edges if type(e) is Leaf)})
    by_node: dict[Any, Any] = {}
    seen = keeping.pass_from(loss._edge) if nodes else None
    for number, node in enumerate(nodes, 1):
        by_node[node] = _step(number, node, seen)
    leaves: list[LeafRecord] = []
    taken: set[str] = set()
    if type(loss._edge) is Leaf:
        leaves.append(_leaf(loss._edge, names, by_node, taken))
    for node in nodes:
        _connect(by_node[node], names, by_node, leaves, taken)
    edge: Any = loss._edge
    root = by_node[edge.node if type(edge) is Output else edge]
    index = edge.index if type(edge) is Output else 0
    first = None if start is None else start.numpy().copy()
    found = Record([by_node[n] for n in nodes], leaves, root, index, first, by_node, variables)
    if gradients:
        _find_gradients(found, loss, start)
    elif seen is not None:
        _sum_up(found)
    return found


def started(loss: Tensor, gradient: Tensor | None) -> Any:
    """The gradient at which backward starts, as an array."""
    if gradient is None and loss._edge is not None and loss.numel() != 1:
        raise RuntimeError(
            f"grad can be implicitly created only for scalar outputs, but this one has shape {list(loss.shape)}: study "
            "its sum or mean, or pass gradient=..., a tensor of that shape"
        )
    return backprop._start(loss, gradient, 0, False)


# --- the walk ---------------------------------------------------------------------------------------------------------


def _step(number: int, node: Node, seen: keeping.Start | None) -> Step:
    """The step of a node, with the gradients of one backward pass, if it was that one that was there last."""
    layouts = node.layout if type(node.layout) is tuple else (node.layout,)
    op, kept = node.op, keeping.of(node)
    copies = None if kept is None else kept.saved
    if node.saved is not None:
        copies = tuple([None if a is None else a.numpy().copy() for a in node.saved])
    saved = [
        Saved(name, a.shape, a.nbytes, a)
        for name, a in zip(op.saves or (*op.inputs, *getattr(op, "made", ())), copies or ())
        if a is not None
    ]
    step = Step(
        number, node, op, node.name(), node.where, [], [None if x is None else x.shape for x in layouts],
        str(next(x.dtype for x in layouts if x is not None)), dict(zip(op.params, node.params)), saved,
        node.saved is None and kept is None and node not in backprop.recompute,
    )  # fmt: skip
    if kept is not None:
        step.outputs, step.values, step.arrays, step.forward = kept.outputs, kept.inputs, kept.arrays, kept.forward
        step.extras = kept.extras
        if seen is not None and kept.start is seen:
            step.arrived, step.left, step.backward = kept.arrived, kept.left, kept.backward
    return step


def _connect(
    step: Step, names: dict[int, str], by_node: dict[Any, Any], leaves: list[LeafRecord], taken: set[str]
) -> None:
    """Fill the inputs of a step; makes the leaves that it is the first to meet."""
    node = step.node
    known = {s.name: s.shape for s in step.saved}
    for i, name in enumerate(input_names(node)):
        edge: Any = node.edges[i] if i < len(node.edges) else None
        array = step.arrays[i] if i < len(step.arrays) else None
        shape = known.get(name) if array is None else array.shape
        if edge is None:
            if i < len(node.edges) or array is not None:
                step.inputs.append(Input(name, None, 0, shape))
            continue
        if type(edge) is Leaf and edge not in by_node:
            leaves.append(_leaf(edge, names, by_node, taken))
        target = by_node[edge.node if type(edge) is Output else edge]
        step.inputs.append(Input(name, target, edge.index if type(edge) is Output else 0, edge.layout.shape))
        target.used_by.append((step, i))
        if isinstance(target, LeafRecord) and step.values is not None and step.values[i] is not None:
            target.value = step.values[i]


def _leaf(leaf: Leaf, names: dict[int, str], by_node: dict[Any, Any], taken: set[str]) -> LeafRecord:
    variable = leaf.variable
    found = by_node[leaf] = LeafRecord(
        _unused(names.get(id(leaf), f"leaf {len(taken) + 1}"), taken), leaf, leaf.layout.shape, str(leaf.layout.dtype),
        _is_parameter(variable), None if variable is None else variable._array.numpy().copy(),
    )  # fmt: skip
    taken.add(found.name)
    return found


def _unused(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken: two nets may each have a "0.weight"."""
    made, n = name, 2
    while made in taken:
        made, n = f"{name} ({n})", n + 1
    return made


def _is_parameter(t: Any) -> bool:
    from ..nn.parameter import Parameter

    return isinstance(t, Parameter)


def _names(model: Any, used: set[Any]) -> tuple[dict[int, str], dict[tuple, str]]:
    """Names of leaves, by their identity: variables of the caller, over them the parameters of modules; and of other
    tensors of the caller, by their place in memory."""
    from ..nn import Module

    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    found: dict[int, str] = {}
    memory: dict[tuple, str] = {}
    modules: dict[int, str] = {}
    for scope in (frame.f_globals, variables := frame.f_locals):
        for name, value in tuple(scope.items()):
            if name.startswith("_"):
                continue
            if isinstance(value, Module):
                modules[id(value)] = name
            elif isinstance(value, Tensor):
                if type(value._edge) is Leaf:
                    found[id(value._edge)] = name
                memory[_place(value._array)] = name
    if frame.f_code.co_flags & CO_OPTIMIZED and type(variables) is dict:
        variables.clear()  # a copy, which before Python 3.13 would live as long as the caller runs
    return found | _of_modules(_outermost() if model is None else [model], modules, used), memory


def _outermost() -> list[Any]:
    """The traced modules that are within no other of them."""
    roots = list(tracing.roots)
    inner = {id(m) for root in roots for m in root.modules() if m is not root}
    return [root for root in roots if id(root) not in inner]


def _of_modules(roots: list[Any], variables: dict[int, str], used: set[Any]) -> dict[int, str]:
    """The names of the parameters that are used: their paths, with variables before them where modules are several."""
    own = [(root, {id(p._edge): name for name, p in root.named_parameters() if p._edge in used}) for root in roots]
    several = sum(bool(names) for _, names in own) > 1
    found: dict[int, str] = {}
    for root, names in own:
        before = f"{variables[id(root)]}." if several and id(root) in variables else ""
        found |= {leaf: before + name for leaf, name in names.items()}
    return found


def _place(array: Array) -> tuple:
    """Where in memory an array is, and how it lies there: a slice may begin where the whole does."""
    return id(array.storage), array.offset, array.shape, array.strides


# --- gradients --------------------------------------------------------------------------------------------------------


def _find_gradients(found: Record, loss: Tensor, start: Any) -> None:
    """Fill in what arrives at each step and leaves it, and the gradients of the leaves."""
    if any(step.freed for step in found.steps):
        raise RuntimeError(FREED)
    leaves = _run(found, loss, start)
    _sum_up(found)
    for leaf, g in leaves.items():  # as hooks of leaves left them
        if leaf in found.by_node:
            found.by_node[leaf].gradient = g.numpy().copy()


def _run(found: Record, loss: Tensor, start: Any) -> dict:
    """A backward pass that keeps the graph; its gradients and costs go into the steps."""
    meter = Meter()

    def watch(node: Node, g: Any, run: Any, roots: Any) -> Any:
        step = found.by_node[node]
        step.arrived = keeping.arrays_of(g)
        meter.read()
        result = run()
        step.backward, step.left = meter.read(), keeping.arrays_of(list(result))
        return result

    for step in found.steps:
        step.arrived = step.left = None
    graph.watchers.append(watch)
    try:
        with observe(meter), without_retained(found), restored(found.steps):
            return backprop.run_backward((loss._edge,), (start,), True, False)
    finally:
        graph.watchers.remove(watch)


@contextmanager
def without_retained(found: Record) -> Iterator[None]:
    """Within it a backward leaves nothing behind: no hook of retain_grad() runs, which would fill a ``.grad``, and
    ``trace(values=True)`` keeps nothing of it."""
    owners = [r.node if isinstance(r, Step) else r.leaf for r in found.by_node.values()]
    before = [(owner, owner.hooks) for owner in owners if owner.hooks]
    for owner, hooks in before:
        owner.hooks = {k: h for k, h in hooks.items() if not (type(k) is tuple and k[0] == "retain")}
    try:
        with keeping.paused():
            yield
    finally:
        for owner, hooks in before:
            owner.hooks = hooks


def _sum_up(found: Record) -> None:
    """The gradients of the leaves, from what left the steps, where all of them are known; and that nothing arrived
    where all that could have sent something sent nothing."""
    for step in found.steps:
        if step.arrived is None and step is not found.root and _sent(step) == []:
            step.arrived, step.left = [None] * len(step.shapes), [None] * len(step.inputs)
        _note_sums(step)
    for leaf in found.leaves:
        for g in _sent(leaf) or ():
            g = unbroadcast(g, leaf.shape)
            leaf.gradient = g if leaf.gradient is None else leaf.gradient + g
    if isinstance(found.root, LeafRecord):
        found.root.gradient = found.start


@contextmanager
def restored(steps: Iterable[Step]) -> Iterator[None]:
    """Within it nodes that were freed have copies of what they saved, as far as those were kept."""
    freed = [s.node for s in steps if s.node.saved is None and s.node not in backprop.recompute]
    for node in freed:
        if (kept := keeping.of(node)) is not None:
            node.saved = tuple([None if a is None else from_numpy(a.copy()) for a in kept.saved])
    try:
        yield
    finally:
        for node in freed:
            node.saved = None


def _sent(target: Step | LeafRecord) -> list[np.ndarray] | None:
    """The gradients that users sent, None where those of some user are not known."""
    if any(user.left is None for user, _ in target.used_by):
        return None
    return [g for user, i in target.used_by for g in (user.left or ())[i : i + 1] if g is not None]


def _note_sums(step: Step) -> None:
    """Note along which dims the gradients that leave a step are summed."""
    for e, g in zip(step.inputs, step.left or ()):
        if e.target is not None and g is not None and e.shape is not None:
            e.summed = broadcast_dims(g.shape, e.shape)


def broadcast_dims(wide: tuple, narrow: tuple) -> tuple[int, ...]:
    """The dims of ``wide`` along which ``narrow`` was broadcast to it.

    >>> broadcast_dims((5, 2, 3), (2, 1))
    (0, 2)
    """
    lead = len(wide) - len(narrow)
    return tuple([d for d, n in enumerate(wide) if d < lead or (n != 1 and narrow[d - lead] == 1)])


def unbroadcast(g: np.ndarray, shape: tuple) -> np.ndarray:
    """Sum a gradient over the dims along which ``shape`` was broadcast."""
    return g.sum(broadcast_dims(g.shape, shape)).reshape(shape) if g.shape != tuple(shape) else g
