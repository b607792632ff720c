"""The computation graph and the chain rule.

Every op that touches a tensor requiring gradients leaves a :class:`Node`: which op it was, the edges to what its
inputs came from, and the values its derivative will need. Backpropagation starts with dL/dL = 1 at the loss and walks
the nodes from the latest to the earliest: each turns the gradient of its output into gradients of its inputs, and
where several paths meet, gradients add.

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

import sys
from contextvars import ContextVar
from functools import wraps
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Callable, Sequence

from .backend import K
from .storage import Array, empty, layout, tick

if TYPE_CHECKING:
    from .op import Op
    from .tensor import Tensor

FREED_MESSAGE = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
    "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). "
    "Specify retain_graph=True if you need to backward through the graph a second time or if you need to access "
    "saved tensors after calling backward."
)

# --- grad mode ----------------------------------------------------------------------------------------------------------

_grad_mode: ContextVar[bool] = ContextVar("autograd_grad_mode", default=True)
is_grad_enabled = _grad_mode.get


class set_grad_enabled:
    """Record graphs, or not, from here on; in a with statement until its end; as a decorator within the function.

    >>> from autograd import ones
    >>> x = ones(2, requires_grad=True)
    >>> with set_grad_enabled(False):
    ...     (x * 2).requires_grad
    False
    """

    __slots__ = ("_mode", "_token")

    def __init__(self, mode: bool):
        self._mode = bool(mode)
        self._token = _grad_mode.set(self._mode)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        _grad_mode.reset(self._token)


class _Mode:
    """A context manager and decorator that sets the grad mode within; reentrant."""

    __slots__ = ("_tokens",)
    mode = False

    def __init__(self):
        self._tokens = []

    def __new__(cls, function=None):
        self = object.__new__(cls)
        if function is not None:  # used as a bare decorator: @no_grad
            self._tokens = []
            return self(function)
        return self

    def __enter__(self):
        self._tokens.append(_grad_mode.set(self.mode))
        return self

    def __exit__(self, *exc):
        _grad_mode.reset(self._tokens.pop())

    def __call__(self, function: Callable) -> Callable:
        @wraps(function)
        def within(*args, **kwargs):
            token = _grad_mode.set(self.mode)
            try:
                return function(*args, **kwargs)
            finally:
                _grad_mode.reset(token)

        return within


class no_grad(_Mode):
    """Within it nothing is recorded: ``with no_grad():`` or ``@no_grad()``.

    >>> from autograd import ones
    >>> x = ones(2, requires_grad=True)
    >>> with no_grad():
    ...     (x * 2).requires_grad
    False
    """


class enable_grad(_Mode):
    """Within it ops are recorded, also inside :class:`no_grad`."""

    mode = True


# --- nodes --------------------------------------------------------------------------------------------------------------

observers: list[Callable[[Node], None]] = []
"""Called with each new node: tracing and the study tools hang here."""


class Node:
    """One recorded op.

    edges
        Per input where its gradient goes: the node that made it, an :class:`Output` of such a node, the leaf tensor
        itself, or None where no gradient is wanted.
    saved
        The arrays the derivative needs, None where it does not; () once freed.
    """

    __slots__ = (
        "op", "seq", "edges", "saved", "params", "shape", "dtype", "hooks", "freed", "_where", "__weakref__"
    )  # fmt: skip

    @property
    def where(self):
        """Where the op was called, if that was traced (autograd.study.trace); else None."""
        return getattr(self, "_where", None)

    @property
    def next_functions(self) -> tuple:
        """PyTorch's view of the edges: (node or None, output index) per input."""
        return tuple(
            (None, 0) if e is None else (e, 0) if type(e) is Node else (e.node, e.index) if type(e) is Output
            else (AccumulateGrad(e), 0)
            for e in self.edges
        )  # fmt: skip

    def name(self) -> str:
        return self.op.backward_name

    def __repr__(self) -> str:
        return f"<{self.op.backward_name}>"


class Output:
    """One of several outputs of a node; its gradient waits at the node until all have arrived."""

    __slots__ = ("node", "index", "shape", "dtype")

    def __init__(self, node: Node, index: int, shape: tuple, dtype):
        self.node, self.index, self.shape, self.dtype = node, index, shape, dtype

    def __repr__(self) -> str:
        return f"<{self.node.op.backward_name}>"


class AccumulateGrad:
    """How a leaf shows in ``next_functions``."""

    __slots__ = ("variable",)

    def __init__(self, variable: Tensor):
        self.variable = variable

    def name(self) -> str:
        return "AccumulateGrad"

    def __repr__(self) -> str:
        return "<AccumulateGrad>"


def check_saved(node: Node) -> None:
    """Raise if what the node saved was freed, or overwritten since."""
    if node.freed:
        raise RuntimeError(f"{FREED_MESSAGE} (at {node!r})")
    seq = node.seq
    for a in node.saved:
        if a is not None and a.storage.version > seq:
            at = f" It was recorded at {node.where}." if node.where else (
                " Run the forward under autograd.study.trace() to see the line that recorded it."
            )  # fmt: skip
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an inplace operation: a "
                f"{a.dtype.title}Tensor of shape {list(a.shape)}, saved for {node!r}, was written after it was saved. "
                f"Change a clone() instead, or write before the op.{at}"
            )


# --- the chain rule -----------------------------------------------------------------------------------------------------


def run_backward(
    roots: Sequence[Tensor],
    grads: Sequence[Tensor],
    retain_graph: bool,
    create_graph: bool,
    targets: Sequence[Tensor] | None = None,
) -> list[tuple[Any, Any]]:
    """Walk the graph from ``roots``; return (leaf or target, gradient) pairs.

    Gradients are arrays, or tensors with a graph of their own where ``create_graph``. With ``targets`` only what
    leads to them is walked, and gradients of inner tensors are caught as they pass.
    """
    arrived: dict[int, list] = {}  # by sequence number: [node, gradient, whether the sum is our own buffer]
    waiting: list[int] = []  # heap of negated sequence numbers
    leaves: dict[Any, list] = {}
    add, reduce_to = (_add_tensors, _sum_tensor_to) if create_graph else (_add_arrays, _sum_array_to)
    wanted = caught = None
    if targets is not None:
        wanted, caught = _leading_to(roots, targets), _catches(targets)

    def send(edge, g):
        """Add g to what has arrived at edge."""
        kind = type(edge)
        if kind is Node:
            entry = arrived.get(edge.seq)
            if entry is None:
                arrived[edge.seq] = [edge, g, False]
                heappush(waiting, -edge.seq)
                return
        elif kind is Output:
            node = edge.node
            if node.seq not in arrived:
                arrived[node.seq] = [node, {}, False]
                heappush(waiting, -node.seq)
            outputs = arrived[node.seq][1]
            entry = outputs.get(edge.index)
            if entry is None:
                outputs[edge.index] = [edge, g, False]
                return
        else:
            entry = leaves.get(edge)
            if entry is None:
                leaves[edge] = [edge, g, False]
                return
        add(entry, g)

    token = _grad_mode.set(create_graph)
    try:
        for root, g in zip(roots, grads):
            edge = root._edge()
            if wanted is None or edge in wanted:
                send(edge, g if create_graph else g._array)
        while waiting:
            node, g, _ = arrived.pop(-heappop(waiting))
            if type(g) is dict:
                g = [g[i][1] if i in g else None for i in range(len(node.shape))]
            if node.hooks is not None:
                g = _run_hooks(node.hooks, g, create_graph)
            if caught and node in caught:
                for index, target in caught[node]:
                    part = g if index is None else g[index]
                    if part is not None:
                        leaves[target] = [target, part, False]
            check_saved(node)
            contributions = node.op.differentiate(node, g) if create_graph else node.op.backward(node, g)
            if not retain_graph and node.saved:
                node.saved = ()
                node.freed = True
            for edge, contribution in zip(node.edges, contributions):
                if edge is None or contribution is None or (wanted is not None and edge not in wanted):
                    continue
                if contribution.shape != edge.shape:
                    contribution = reduce_to(contribution, edge.shape)
                send(edge, contribution)
        return [_finish_leaf(entry, create_graph) for entry in leaves.values()]
    finally:
        _grad_mode.reset(token)


def _sum_array_to(g: Array, shape: tuple) -> Array:
    """Undo broadcasting: sum g over the dims along which ``shape`` was expanded."""
    lead = len(g.shape) - len(shape)
    dims = tuple([d for d, n in enumerate(g.shape) if d < lead or (n != 1 and shape[d - lead] == 1)])
    out = empty(tuple([n for d, n in enumerate(g.shape) if d not in dims]), g.dtype)
    K.sum(out, g, dims)
    return out.view(shape, layout(shape)[1])


def _sum_tensor_to(g: Tensor, shape: tuple) -> Tensor:
    return g.sum_to_size(shape)


def _add_arrays(entry: list, g: Array) -> None:
    """entry's gradient += g; the first sum gets a buffer of its own, further ones are added into it."""
    if not entry[2]:
        out = empty(g.shape, g.dtype)
        K.add(out, entry[1], g)
        entry[1], entry[2] = out, True
    else:
        K.add(entry[1], entry[1], g)


def _add_tensors(entry: list, g: Tensor) -> None:
    entry[1] = entry[1] + g


def _run_hooks(hooks: dict, g, create_graph: bool):
    """Give the gradient, as a tensor, to each hook; what a hook returns takes its place."""
    from .tensor import wrap

    if isinstance(g, list):
        for index, hook in tuple(hooks.values()):
            if g[index] is not None:
                g[index] = _run_hooks({0: hook}, g[index], create_graph)
        return g
    t = g if create_graph else wrap(g)
    for hook in tuple(hooks.values()):
        result = hook(t)
        if result is not None:
            if result.shape != t.shape:
                raise RuntimeError(f"a hook changed the gradient's shape from {list(t.shape)} to {list(result.shape)}")
            t = result
    return t if create_graph else t._array


def _finish_leaf(entry: list, create_graph: bool) -> tuple:
    leaf, g, _ = entry
    if leaf._hooks is not None and leaf._node is None:
        g = _run_hooks(leaf._hooks, g, create_graph)
    return leaf, g


def _catches(targets: Sequence[Tensor]) -> dict:
    """Inner targets by node: [(output index or None, tensor)]."""
    caught: dict[Node, list] = {}
    for t in targets:
        edge = t._node
        if type(edge) is Node:
            caught.setdefault(edge, []).append((None, t))
        elif edge is not None:
            caught.setdefault(edge.node, []).append((edge.index, t))
    return caught


def _leading_to(roots: Sequence[Tensor], targets: Sequence[Tensor]) -> set:
    """The edges from which some target can be reached, found in creation order."""
    nodes = reachable([root._edge() for root in roots])
    wanted = {t._edge() for t in targets}
    wanted |= {e.node for e in wanted if type(e) is Output}
    for node in sorted(nodes, key=lambda node: node.seq):
        wanted |= {e for e in node.edges if type(e) is Output and e.node in wanted}
        if any(e in wanted for e in node.edges):
            wanted.add(node)
    wanted |= {e for root in roots if type(e := root._edge()) is Output and e.node in wanted}
    return wanted


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


# --- public entry points --------------------------------------------------------------------------------------------------


def _as_tuple(value) -> tuple:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _start_gradients(tensors: Sequence[Tensor], given) -> tuple[list, list]:
    """The roots that require gradients, each with its first gradient: what was given, or 1 for a single element."""
    from .tensor import Tensor, wrap

    given = _as_tuple(given) if given is not None else (None,) * len(tensors)
    if len(given) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(given)} gradients")
    roots, grads = [], []
    for i, (t, g) in enumerate(zip(tensors, given)):
        if not t.requires_grad:
            raise RuntimeError(
                f"element {i} of tensors does not require grad and does not have a grad_fn: nothing it was computed "
                "from has requires_grad=True, or it was computed under no_grad() or detached"
            )
        if g is None:
            if t._array.size != 1:
                raise RuntimeError(
                    f"grad can be implicitly created only for scalar outputs, but this one has shape "
                    f"{list(t.shape)}: reduce it (sum, mean), or pass backward(gradient=...) of that shape"
                )
            one = empty(t._array.shape, t._array.dtype)
            K.fill(one, 1.0)
            g = wrap(one)
        elif not isinstance(g, Tensor):
            raise TypeError(f"gradients must be tensors or None, got {type(g).__name__}")
        elif g.shape != t.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {list(g.shape)} and output[{i}] has a shape of "
                f"{list(t.shape)}."
            )
        elif g.dtype is not t.dtype:
            g = g.to(t.dtype)
        roots.append(t)
        grads.append(g)
    return roots, grads


def backward(
    tensors, grad_tensors=None, retain_graph: bool | None = None, create_graph: bool = False, inputs=None
) -> None:
    """Add the gradients of ``tensors`` with respect to the leaves into their ``.grad``.

    tensors
        One tensor or several; one without ``grad_tensors`` must have a single element.
    retain_graph
        Keep what was saved, so that backward can run again; by default as ``create_graph``.
    create_graph
        Record the backward pass, so that gradients can be differentiated.
    inputs
        Only these tensors receive a gradient.

    >>> from autograd import tensor
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> backward((x * x).sum())
    >>> x.grad
    tensor([2., 4.])
    """
    roots, grads = _start_gradients(_as_tuple(tensors), grad_tensors)
    targets = None if inputs is None else _as_tuple(inputs)
    if targets is not None and not targets:
        raise RuntimeError("inputs argument to backward cannot be empty")
    keep = create_graph if retain_graph is None else retain_graph
    found = run_backward(roots, grads, keep, create_graph, targets)
    for leaf, g in found:
        if targets is None or any(leaf is t for t in targets):
            _accumulate(leaf, g, create_graph)


def _accumulate(leaf: Tensor, g, create_graph: bool) -> None:
    """Deposit a finished gradient: .grad owns its memory alone."""
    from .tensor import wrap

    before = leaf._grad
    if create_graph:
        leaf._grad = g.clone() if before is None and g is not None else before + g
    elif before is None:
        leaf._grad = wrap(g if _sole_owner(g) else copied(g))
    elif before._node is not None or not before._array.storage.writable:
        leaf._grad = before + wrap(g)
    else:
        target = before._array
        K.add(target, target, g)
        target.storage.version = tick()


def _sole_owner(g: Array) -> bool:
    """Whether nothing but the backward run that has just ended refers to this array's whole storage."""
    return sys.getrefcount(g.storage) <= 2 and g.contiguous and g.storage.nbytes == g.size * g.dtype.itemsize


def copied(g: Array) -> Array:
    """A fresh array with the same values."""
    out = empty(g.shape, g.dtype)
    K.copy(out, g)
    return out


def grad(
    outputs,
    inputs,
    grad_outputs=None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
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

    Raises RuntimeError where an input was not used, unless ``allow_unused`` (then its gradient is None) or
    ``materialize_grads`` (then zeros).
    """
    if callable(outputs):
        raise TypeError("grad(outputs, inputs) takes tensors; for the gradient of a function see autograd.func.grad")
    if is_grads_batched:
        raise NotImplementedError("is_grads_batched is not supported: call grad once per gradient")
    targets = _as_tuple(inputs)
    for i, t in enumerate(targets):
        if not t.requires_grad:
            raise RuntimeError(f"One of the differentiated Tensors does not require grad (input {i})")
    roots, grads = _start_gradients(_as_tuple(outputs), grad_outputs)
    keep = create_graph if retain_graph is None else retain_graph
    found = dict(run_backward(roots, grads, keep, create_graph, targets))
    results = []
    for i, t in enumerate(targets):
        g = found.get(t)
        if g is not None:
            results.append(g if create_graph else _wrap_owned(g))
        elif materialize_grads:
            results.append(t.detach().zeros_like())
        elif allow_unused:
            results.append(None)
        else:
            raise RuntimeError(
                "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True "
                f"if this is the desired behavior. (input {i}, of shape {list(t.shape)})"
            )
    return tuple(results)


def _wrap_owned(g: Array) -> Tensor:
    from .tensor import wrap

    return wrap(copied(g))
