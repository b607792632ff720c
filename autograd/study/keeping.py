"""What goes through the nodes, copied as it passes: values of the forward, gradients of the backward, what it costs.

>>> from autograd import tensor
>>> from autograd.study import trace
>>> x = tensor([1.0, 2.0], requires_grad=True)
>>> with trace(values=True):
...     y = x * x
...     y.sum().backward()
>>> of(y.grad_fn).outputs[0], of(y.grad_fn).left
(array([1., 4.], dtype=float32), [array([1., 2.], dtype=float32), array([1., 2.], dtype=float32)])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np

from .. import backend, graph
from ..graph import Leaf, Node, Output
from ..storage import Array
from .flops import arrays_in, flops

Values = np.ndarray | None


@dataclass
class Cost:
    """What kernels did: floating-point operations, bytes read and written, and how many products 0 * inf (or their
    like) were taken for 0."""

    flops: int = 0
    nbytes: int = 0
    suppressed: int = 0
    kernels: list[str] = field(default_factory=list)


class Start:
    """One backward pass, from one output of a node, which it does not keep alive."""

    def __init__(self, edge: Node | Output):
        self._node, self._index = ref(_node_of(edge)), _index_of(edge)

    def was_at(self, edge: Node | Output) -> bool:
        """Whether the pass began there."""
        return self._node() is _node_of(edge) and self._index == _index_of(edge)


@dataclass
class Kept:
    """Of a node: the values of its inputs (None for what another node made, whose outputs they are), the arrays they
    were, its outputs, what else its op made, by name, what it saved, and what the forward cost."""

    inputs: list[Values]
    arrays: tuple
    outputs: list[Values]
    extras: dict[str, np.ndarray]
    saved: tuple[Values, ...]
    forward: Cost
    start: Start | None = None  # of the last backward; what follows is of that one
    arrived: list[Values] | None = None  # per output
    left: list[Values] | None = None  # per input
    backward: Cost = field(default_factory=Cost)


_kept: WeakKeyDictionary[Node, Kept] = WeakKeyDictionary()
_depth = 0
_resting = False
_meter: Meter
_observed: AbstractContextManager


def of(node: Node) -> Kept | None:
    """What was kept of a node, None where it was made outside of ``with trace(values=True):``."""
    return _kept.get(node)


def start() -> None:
    """Keep values, until as many calls of :func:`stop`."""
    global _depth, _meter, _observed
    _depth += 1
    if _depth == 1:
        _meter = Meter()
        _observed = backend.observe(_meter)
        graph.observers.append(_note)
        graph.watchers.append(_watch)


def stop() -> None:
    """Undo a :func:`start`."""
    global _depth
    _depth -= 1
    if not _depth:
        graph.observers.remove(_note)
        graph.watchers.remove(_watch)
        _observed.__exit__(None, None, None)


@contextmanager
def paused() -> Iterator[None]:
    """Within it nothing is kept of a backward: it is a view's own."""
    global _resting
    before, _resting = _resting, True
    try:
        yield
    finally:
        _resting = before
        if _depth:
            _meter.read()


class Meter:
    """Observes the seam: the cost of the kernels called since the last :meth:`read`."""

    def __init__(self) -> None:
        self._cost = Cost()

    def read(self) -> Cost:
        """The cost since the last time."""
        found, self._cost = self._cost, Cost()
        return found

    def __call__(self, kernel: str, args: tuple, kwargs: dict) -> None:
        cost = self._cost
        cost.kernels.append(kernel)
        cost.flops += flops(kernel, args)
        cost.nbytes += sum(a.layout.nbytes for a in arrays_in((*args, *kwargs.values())))
        cost.suppressed += _suppressed(kernel, args)


def _suppressed(kernel: str, args: tuple) -> int:
    """How many elements a guarded kernel takes for 0 that IEEE arithmetic would make NaN."""
    if kernel not in ("guarded_mul", "guarded_div", "sqrt_grad"):
        return 0
    g, b = args[1].numpy(), args[2].numpy()
    with np.errstate(all="ignore"):
        plain = g * b if kernel == "guarded_mul" else g / b
    return int(np.sum(np.isnan(plain) & (g == 0) & ~np.isnan(b)))


def _note(node: Node, arrays: Sequence, outs: Sequence) -> None:
    inputs = [a for _, a in zip(input_names(node), arrays if node.op.inputs else ())]
    inputs += [None] * (len(input_names(node)) - len(inputs))
    edges = node.edges + (None,) * len(inputs)
    values = [None if a is None or _made_by_kept(e) else a.numpy().copy() for a, e in zip(inputs, edges)]
    outputs = [None if y is None else y.numpy().copy() for y in outs]
    extras = {name: a.numpy().copy() for name, a in zip(reversed(node.op.extras), reversed(arrays))}
    _kept[node] = Kept(values, tuple(inputs), outputs, extras, _saved(node, arrays, outs, outputs), _meter.read())


def _saved(node: Node, arrays: Sequence, outs: Sequence, outputs: list[Values]) -> tuple[Values, ...]:
    """Copies of what the node saved; of an output, and of what another node made, those that are kept anyway."""
    known = {id(a): values for a, values in zip(outs, outputs)}
    for a, edge in zip(arrays, node.edges if node.op.inputs else ()):
        if _made_by_kept(edge):
            maker, index = (edge.node, edge.index) if type(edge) is Output else (edge, 0)
            values = _kept[maker].outputs[index]
            if a is not None and values is not None and values.shape == a.shape and values.dtype == a.dtype.dtype:
                known[id(a)] = values
    return tuple(
        [None if a is None else known[id(a)] if id(a) in known else a.numpy().copy() for a in node.saved or ()]
    )


def input_names(node: Node) -> tuple[str, ...]:
    """The names of a node's inputs, as the derivatives in its op's docstring call them."""
    names = node.op.inputs
    return names if len(names) >= len(node.edges) else tuple([f"x_{i}" for i in range(len(node.edges))])


def _made_by_kept(edge: Any) -> bool:
    return type(edge) is not Leaf and _node_of(edge) in _kept


def pass_from(edge: Node | Output) -> Start | None:
    """The last backward pass through the node there, if it began there."""
    kept = _kept.get(_node_of(edge))
    return kept.start if kept and kept.start and kept.start.was_at(edge) else None


def _node_of(edge: Node | Output) -> Node:
    return edge.node if isinstance(edge, Output) else edge


def _index_of(edge: Node | Output) -> int:
    return edge.index if type(edge) is Output else 0


def _watch(node: Node, g: Any, run: Callable[[], Any], roots: Sequence) -> Any:
    kept = _kept.get(node)
    if kept is None or _resting:
        return run()
    if len(roots) == 1 and node is _node_of(roots[0]):  # the first that a pass is at
        kept.start = Start(roots[0])
    else:
        kept.start = pass_from(roots[0]) if len(roots) == 1 else None
    kept.arrived = arrays_of(g)
    _meter.read()
    found = run()
    kept.backward = _meter.read()
    kept.left = arrays_of(list(found))
    return found


def arrays_of(g: Any) -> list[Values]:
    """Copies of gradients: of one, or of a list with None for those that did not arrive."""
    return [None if v is None else _array(v).numpy().copy() for v in (g if isinstance(g, list) else [g])]


def _array(v: Any) -> Array:
    return v if isinstance(v, Array) else v._array
