"""The chain rule: backward() and grad().

Backpropagation starts with dL/dL = 1 at the loss and walks the nodes that the forward recorded
(:mod:`autograd.graph`) from the latest to the earliest: each turns the gradient of its output into gradients of its
inputs, and where several paths meet, gradients add.

No sort is needed: an op runs after the ops that made its inputs, so **creation order is a topological order**. Nodes
carry a sequence number, and backward always takes the highest one that waits. Why order matters at all: in
``a; b = a + a; c = b + b`` the node of b must not pass anything on before both contributions from c have arrived.

>>> from autograd import tensor
>>> a = tensor(3.0, requires_grad=True)
>>> b = a + a
>>> c = b + b
>>> c.backward()
>>> a.grad
tensor(4.)

Nothing here recurses: a chain of 100,000 ops is walked, and freed, in loops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from heapq import heappop, heappush
from sys import getrefcount
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from . import storage
from .backend import K
from .graph import Leaf, Node, Output, watchers
from .modes import _grad_mode, set_grad_enabled
from .storage import Array, Layout, Storage, empty, fresh, from_numpy, written
from .tensor import Tensor, wrap

FREED_MESSAGE = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
    "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). "
    "Specify retain_graph=True if you need to backward through the graph a second time or if you need to access "
    "saved tensors after calling backward."
)


recompute: WeakKeyDictionary[Node, Callable[[], None]] = WeakKeyDictionary()
"""By node that let go of what it saved, how it gets it back (:mod:`autograd.utils.checkpoint`)."""


def _recomputed(node: Node) -> tuple:
    while node.saved is None:
        again = recompute.pop(node, None)
        if again is None:
            raise RuntimeError(f"{FREED_MESSAGE} (at {node!r})")
        again()
    return node.saved


def check_unspoiled(node: Node) -> None:
    """Raise where something that the node saved was written to since."""
    for a in node.saved or ():
        if a is not None and a.version > node.seq:
            raise _spoiled(node, a)


def _spoiled(node: Node, a: Array) -> RuntimeError:
    at = f" It was recorded at {node.where}." if node.where else ""
    if a.version in storage.lines:
        at += f" It was written at {storage.lines[a.version]}."
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: a "
        f"{a.dtype.title}Tensor of shape {list(a.shape)}, saved for {node!r}, was written after it was saved. "
        f"Change a clone() instead, or write before the op."
        + (at or " Run the step under autograd.detect_anomaly() to see the lines that recorded and that wrote it.")
    )


# --- the chain rule ---------------------------------------------------------------------------------------------------


def run_backward(
    roots: Sequence[Any],
    grads: Sequence[Any],
    retain_graph: bool,
    create_graph: bool,
    targets: Sequence[Any] | None = None,
) -> dict[Any, Any]:
    """Walk the graph from the edges ``roots``, at which ``grads`` arrive; return {leaf: gradient}.

    Gradients are arrays, or tensors with a graph of their own where ``create_graph``. With ``targets``, also edges,
    only what leads to them is walked, and gradients of inner ones are caught as they pass.
    """
    arrived: dict[Any, Any] = {}  # the gradient so far, by node, output or leaf
    summed: set = set()  # of these, the ones whose gradient is a sum in a buffer of its own
    ahead: Node | None = None  # the only node that waits, as in a chain; with others it goes to the heap
    waiting: list[tuple[int, Node]] = []  # heap of (negated sequence number, node)
    hooked: list[Leaf] = []
    caught: dict[Any, Any] = {}
    wanted = None if targets is None else _leading_to(roots, targets)
    inner = _by_node(targets) if targets else None
    add, reduce_to = (_add_tensors, _sum_tensor_to) if create_graph else (_add_arrays, _sum_array_to)

    token = _grad_mode.set(True) if create_graph else None
    try:
        edges, contributions = roots, grads
        while True:
            for edge, g in zip(edges, contributions):
                if edge is None or g is None or (wanted is not None and edge not in wanted):
                    continue
                layout = g._array.layout if create_graph else g.layout
                if layout is not edge.layout and layout.shape != edge.layout.shape:
                    g = reduce_to(g, edge.layout.shape)
                before = arrived.get(edge)
                if before is not None:
                    arrived[edge] = add(before, g, edge, summed)
                    continue
                arrived[edge] = g
                kind = type(edge)
                if kind is Node:
                    if ahead is None:
                        ahead = edge
                    else:
                        heappush(waiting, (-edge.seq, edge))
                elif kind is Output:
                    _expect(edge, arrived, waiting)
                elif edge.hooks:
                    hooked.append(edge)
            if waiting:
                if ahead is not None:
                    heappush(waiting, (-ahead.seq, ahead))
                node = heappop(waiting)[1]
            elif ahead is not None:
                node = ahead
            else:
                break
            ahead = None
            g = arrived.pop(node)
            if type(g) is list:
                g = _outputs(node, g, arrived)
            if node.hooks:
                g = run_hooks(node.hooks, g, create_graph)
            if inner and node in inner:
                for edge in inner[node]:
                    caught[edge] = g if edge is node else g[edge.index]
            saved = node.saved
            if saved is None:
                saved = _recomputed(node)
            if storage.last_write > node.seq:
                check_unspoiled(node)
            edges = node.edges
            contributions = ()  # lets go of g: an op may write over a gradient that nobody else holds
            if watchers:
                contributions = _watched(node, g, create_graph, roots)
            else:
                contributions = node.op.differentiate(node, g) if create_graph else node.op.backward(node, g)
            if saved and not retain_graph:
                node.saved = None
        for leaf in hooked:
            arrived[leaf] = run_hooks(leaf.hooks or {}, arrived[leaf], create_graph)
        return arrived if inner is None else {**arrived, **caught}
    finally:
        if token is not None:
            _grad_mode.reset(token)


def _watched(node: Node, g: Any, create_graph: bool, roots: Sequence) -> Sequence:
    """The gradients of a node's inputs, as the watchers let them pass."""
    run: Callable[[], Sequence] = partial(node.op.differentiate if create_graph else node.op.backward, node, g)
    for watcher in tuple(watchers):
        run = partial(watcher, node, g, run, roots)
    return run()


def _expect(edge: Output, arrived: dict, waiting: list) -> None:
    """A first gradient for one of a node's outputs: the node waits, with a list of the outputs that got one."""
    node = edge.node
    if node in arrived:
        arrived[node].append(edge)
    else:
        arrived[node] = [edge]
        heappush(waiting, (-node.seq, node))


def _outputs(node: Node, edges: list, arrived: dict) -> list:
    """The gradients of all outputs of a node in order, None where none arrived."""
    g = [None] * len(node.layout)
    for edge in edges:
        g[edge.index] = arrived.pop(edge)
    return g


def _add_arrays(before: Array, g: Array, edge: Any, summed: set) -> Array:
    """before + g: the first sum at an edge gets a buffer of its own, further ones are added into it."""
    if edge in summed:
        K.add(before, before, g)
        return before
    summed.add(edge)
    out = fresh(g.layout.packed)
    K.add(out, before, g)
    return out


def _add_tensors(before: Tensor, g: Tensor, edge: Any, summed: set) -> Tensor:
    return before + g


def _sum_array_to(g: Array, shape: tuple) -> Array:
    """Undo broadcasting: sum g over the dims along which ``shape`` was expanded."""
    lead = len(g.shape) - len(shape)
    dims = tuple([d for d, n in enumerate(g.shape) if d < lead or (n != 1 and shape[d - lead] == 1)])
    out = empty(tuple([n for d, n in enumerate(g.shape) if d not in dims]), g.dtype)
    K.sum(out, g, dims)
    return out.view(shape)


def _sum_tensor_to(g: Tensor, shape: tuple) -> Tensor:
    return g.sum_to_size(shape)


def run_hooks(hooks: dict, g, create_graph: bool):
    """Give the gradient, as a tensor, to each hook; what a hook returns takes its place."""
    if isinstance(g, list):
        for index, hook in tuple(hooks.values()):
            if g[index] is not None:
                g[index] = run_hooks({0: hook}, g[index], create_graph)
        return g
    t = g if create_graph else wrap(g)
    with set_grad_enabled(create_graph):
        for hook in tuple(hooks.values()):
            result = hook(t)
            if result is not None:
                if result.shape != t.shape or result.dtype is not t.dtype:
                    raise RuntimeError(
                        f"a hook must return a gradient of shape {list(t.shape)} and {t.dtype}, got "
                        f"{list(result.shape)} and {result.dtype}"
                    )
                t = result
    if create_graph:
        return t
    return t._array.view(t._array.shape, t._array.strides)  # a hook may have kept it: a view is never overwritten


def _by_node(targets: Sequence[Any]) -> dict[Node, list]:
    """Inner targets by their node."""
    found: dict[Node, list] = {}
    for edge in targets:
        if type(edge) is not Leaf:
            found.setdefault(edge.node if type(edge) is Output else edge, []).append(edge)
    return found


def _leading_to(roots: Sequence[Any], targets: Sequence[Any]) -> set:
    """The edges from which some target can be reached, found in creation order."""
    wanted = set(targets)
    wanted |= {e.node for e in wanted if type(e) is Output}
    for node in sorted(reachable(roots), key=lambda node: node.seq):
        wanted |= {e for e in node.edges if type(e) is Output and e.node in wanted}
        if any(e in wanted for e in node.edges):
            wanted.add(node)
    return wanted | {e for e in roots if type(e) is Output and e.node in wanted}


def reachable(edges: Sequence) -> set[Node]:
    """All nodes at or behind the edges."""
    stack = [e.node if type(e) is Output else e for e in edges if type(e) in (Node, Output)]
    found = set(stack)
    while stack:
        for e in stack.pop().edges:
            node = e.node if type(e) is Output else e
            if type(node) is Node and node not in found:
                found.add(node)
                stack.append(node)
    return found


# --- public entry points ----------------------------------------------------------------------------------------------


def _as_tuple(value) -> tuple:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


_ones: dict[Layout, Array] = {}


def _one(layout: Layout) -> Array:
    """A read-only 1, where every scalar loss starts."""
    one = np.ones(layout.shape, layout.dtype.dtype)
    one.flags.writeable = False
    found = _ones[layout] = from_numpy(one)
    return found


def _start(t: Tensor, g: Tensor | None, i: int, create_graph: bool) -> Any:
    """The first gradient of root i: what was given, or 1 for a single element; as an array unless ``create_graph``."""
    if t._edge is None:
        raise RuntimeError(
            f"element {i} of tensors does not require grad and does not have a grad_fn: nothing it was computed "
            "from has requires_grad=True, or it was computed under no_grad() or detached"
        )
    a = t._array
    if g is None:
        if a.layout.size != 1:
            raise RuntimeError(
                f"grad can be implicitly created only for scalar outputs, but this one has shape "
                f"{list(t.shape)}: reduce it (sum, mean), or pass backward(gradient=...) of that shape"
            )
        one = _ones.get(a.layout) or _one(a.layout)
        return wrap(one) if create_graph else one
    if not isinstance(g, Tensor):
        raise TypeError(f"gradients must be tensors or None, got {type(g).__name__}")
    if g._array.shape != a.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{i}] has a shape of {g.shape} and output[{i}] has a shape of {t.shape}."
        )
    if g._array.dtype is not a.dtype:
        g = g.to(a.dtype)
    return g if create_graph else g._array


def _starts(tensors: Any, given: Any, create_graph: bool) -> tuple[Sequence, Sequence]:
    """The edges backpropagation starts from, and their gradients."""
    if given is None and isinstance(tensors, Tensor):
        edge = tensors._edge
        one = None if create_graph or edge is None else _ones.get(tensors._array.layout)
        return (edge,), (one or _start(tensors, None, 0, create_graph),)
    tensors = _as_tuple(tensors)
    for t in tensors:
        if not isinstance(t, Tensor):
            raise TypeError(f"what is differentiated must be Tensors, got {type(t).__name__}")
    given = (None,) * len(tensors) if given is None else _as_tuple(given)
    if len(given) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(given)} gradients")
    return [t._edge for t in tensors], [_start(t, g, i, create_graph) for i, (t, g) in enumerate(zip(tensors, given))]


def backward(
    tensors, grad_tensors=None, retain_graph: bool | None = None, create_graph: bool = False, grad_variables=None,
    inputs=None,
) -> None:  # fmt: skip
    """Add the gradients of ``tensors`` with respect to the leaves into their ``.grad``.

    tensors
        One tensor or several; one without ``grad_tensors`` must have a single element.
    retain_graph
        Keep what was saved, so that backward can run again; by default as ``create_graph``.
    create_graph
        Record the backward pass, so that gradients can be differentiated.
    grad_variables
        PyTorch's earlier name of grad_tensors; refused.
    inputs
        Only these tensors receive a gradient.

    >>> from autograd import tensor
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> backward((x * x).sum())
    >>> x.grad
    tensor([2., 4.])
    """
    if grad_variables is not None:
        raise RuntimeError("`grad_variables` is deprecated: give the gradients as `grad_tensors`")
    if storage.levels:
        raise RuntimeError(
            "backward() within vmap would add the gradients of many examples into one .grad: use autograd.func.grad"
        )
    roots, grads = _starts(tensors, grad_tensors, create_graph)
    keep = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        found = run_backward(roots, grads, keep, create_graph)
        del grads
        for leaf, g in found.items():
            # A gradient that nobody else holds stays where it is.
            if leaf.held is None and type(g) is Storage and getrefcount(g) <= _HELD:
                leaf.held = g
            else:
                leaf.grad = _accumulated(leaf.grad, g, create_graph)
        return
    targets = _as_tuple(inputs)
    if not targets:
        raise RuntimeError("inputs argument to backward cannot be empty")
    found = run_backward(roots, grads, keep, create_graph, _target_edges(targets))
    for t in targets:
        if t._edge in found:
            if type(t._edge) is Leaf:
                t._edge.grad = _accumulated(t._edge.grad, found[t._edge], create_graph)
            else:
                t._grad = _accumulated(getattr(t, "_grad", None), found[t._edge], create_graph)


def backward_of(self: Tensor, gradient=None, retain_graph=None, create_graph: bool = False, inputs=None) -> None:
    """Add the gradients of this tensor with respect to the leaves into their ``.grad``.

    gradient
        The gradient arriving, of this tensor's shape; may be left out where it has a single element.
    See :func:`autograd.autograd.backward` for the rest.
    """
    backward(self, gradient, retain_graph, create_graph, None, inputs)


def _held() -> int:
    """What getrefcount says, while its items are walked, of an object that only a dict holds."""
    found = {0: object()}
    for _, g in found.items():
        held = getrefcount(g)
    return held


_HELD = min(_held(), 4)


def _accumulated(before: Tensor | None, g: Any, create_graph: bool) -> Tensor:
    """The gradient before plus g, in memory that only it owns."""
    if create_graph:
        return g.clone() if before is None else before + g
    if before is None:
        return wrap(copied(g))
    target = before._array
    if before._edge is not None or not target.storage.writable:
        return before + wrap(g)
    K.add(target, target, g)
    written(target)
    return before


def copied(g: Array) -> Array:
    """A fresh array with the same values."""
    out = fresh(g.layout.packed)
    K.copy(out, g)
    return out


def _target_edges(targets: tuple) -> list:
    for i, t in enumerate(targets):
        if not isinstance(t, Tensor):
            raise TypeError(f"inputs must be Tensors, got {type(t).__name__} (input {i})")
        if t._edge is None:
            raise RuntimeError(
                f"One of the differentiated Tensors does not require grad (input {i}, of shape {list(t.shape)})"
            )
    return [t._edge for t in targets]


def grad(
    outputs,
    inputs,
    grad_outputs=None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple:
    """The gradients of ``outputs`` with respect to ``inputs``, as a tuple; no ``.grad`` changes.

    >>> from autograd import tensor
    >>> x = tensor(2.0, requires_grad=True)
    >>> (dx,) = grad(x**3, x, create_graph=True)
    >>> dx, grad(dx, x)
    (tensor(12., grad_fn=<MulBackward0>), (tensor(12.),))

    With ``is_grads_batched`` each of ``grad_outputs`` has a first dim more, over gradients that are taken all at once.
    Raises RuntimeError where an input was not used, unless ``allow_unused`` (then its gradient is None) or
    ``materialize_grads`` (then zeros).
    """
    if callable(outputs):
        raise TypeError("grad(outputs, inputs) takes tensors; for the gradient of a function see autograd.func.grad")
    if not only_inputs:
        raise ValueError("only_inputs=False is not supported: to fill .grad of the leaves too, call backward()")
    if is_grads_batched:
        return _batched_grad(outputs, inputs, grad_outputs, create_graph, allow_unused, materialize_grads)
    targets = _as_tuple(inputs)
    edges = _target_edges(targets)
    roots, grads = _starts(outputs, grad_outputs, create_graph)
    keep = create_graph if retain_graph is None else retain_graph
    found = run_backward(roots, grads, keep, create_graph, edges)
    results = []
    for i, (t, edge) in enumerate(zip(targets, edges)):
        g = found.get(edge)
        if g is not None:
            results.append(g if create_graph else wrap(copied(g)))
        elif materialize_grads:
            results.append(t.new_zeros(t.shape))
        elif allow_unused:
            results.append(None)
        else:
            raise RuntimeError(
                "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True "
                f"if this is the desired behavior. (input {i}, of shape {list(t.shape)})"
            )
    return tuple(results)


def _batched_grad(outputs, inputs, grad_outputs, create_graph: bool, allow_unused, materialize_grads: bool) -> tuple:
    """grad() for many gradients of the outputs at once."""
    from .vectorize import vmap

    unused: list[int] = []

    def one(*gradients: Tensor) -> tuple:
        found = grad(
            outputs, inputs, gradients, True, create_graph, allow_unused=allow_unused,
            materialize_grads=materialize_grads,
        )  # fmt: skip
        unused[:] = [i for i, g in enumerate(found) if g is None]
        return tuple([g for g in found if g is not None])

    found = iter(vmap(one)(*_as_tuple(grad_outputs)))
    return tuple([None if i in unused else next(found) for i in range(len(_as_tuple(inputs)))])
