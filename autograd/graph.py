"""The computation graph: nodes, and the edges between them.

Every op that touches a tensor requiring gradients leaves a :class:`Node`: which op it was, the edges to what its
inputs came from, and the values its derivative will need. :mod:`autograd.backprop` walks them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from weakref import ref

from .storage import Layout, Storage

if TYPE_CHECKING:
    from .op import Op
    from .tensor import Tensor

observers: list[Callable[[Node, Sequence, Sequence], None]] = []
"""Each is called as observer(node, arrays, outs) with a new node, the arrays that its op had (the inputs in the order
of their names, None where one was not given, then others; an op of any number of inputs tells none) and its outputs:
tracing and the study tools hang here."""

watchers: list[Callable[[Node, Any, Callable[[], Any], Sequence], Any]] = []
"""Each is called as watcher(node, gradient, run, roots) when a backward that began at the edges ``roots`` is at a node,
and returns what run() returned, the gradients of its inputs: anomaly mode and the study tools hang here."""


class Node:
    """One recorded op.

    edges
        Per input where its gradient goes: the :class:`Node` that made it, an :class:`Output` of such a node, the
        :class:`Leaf`, or None where no gradient is wanted.
    saved
        The arrays the derivative needs, each None where it does not; None once they are freed.
    layout
        That of the output, or a tuple of those of all outputs.
    """

    __slots__ = (
        "__weakref__",
        "_where",
        "edges",
        "hooks",
        "layout",
        "op",
        "params",
        "saved",
        "seq"
    )  # fmt: skip

    op: type[Op]
    seq: int
    edges: tuple
    saved: tuple | None
    params: tuple
    layout: Any
    hooks: dict | None
    _where: Any

    @property
    def where(self):
        """Where the op was called, if that was traced (autograd.study.trace); else None."""
        return getattr(self, "_where", None)

    @property
    def next_functions(self) -> tuple:
        """PyTorch's view of the edges: (node, output index) per input."""
        return tuple([(e.node, e.index) if type(e) is Output else (e, 0) for e in self.edges])

    def name(self) -> str:
        return self.op.backward_name

    def __repr__(self) -> str:
        return f"<{self.op.backward_name}>"


class Output:
    """One of several outputs of a node; its gradient waits at the node until all have arrived."""

    __slots__ = ("index", "layout", "node")

    def __init__(self, node: Node, index: int, layout: Layout):
        self.node, self.index, self.layout = node, index, layout

    def __repr__(self) -> str:
        return f"<{self.node.op.backward_name}>"


class Leaf:
    """Where a gradient ends: belongs to a tensor that was not computed, holds its gradient and its hooks.

    ``held`` is what backward delivered, an array, until somebody asks for ``grad``, then that tensor: most gradients
    are only ever seen by an optimizer, which needs no tensor. None where there is no gradient. ``spare`` is a small
    block that held the gradient before it was forgotten, unseen by anybody: it serves for the next one.
    """

    __slots__ = ("__weakref__", "_variable", "held", "hooks", "layout", "spare")

    def __init__(self, variable: Tensor, grad: Tensor | None = None):
        self.held: Storage | Tensor | None = grad
        self.spare: Storage | None = None
        self.hooks: dict | None = None
        self.layout = variable._array.layout
        self._variable = ref(variable)

    @property
    def grad(self) -> Tensor | None:
        if isinstance(self.held, Storage):
            from .tensor import wrap

            self.held = wrap(self.held)
        return self.held

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        self.held = value

    @property
    def variable(self) -> Tensor | None:
        """The tensor, while it lives."""
        return self._variable()

    def name(self) -> str:
        return "AccumulateGrad"

    def __repr__(self) -> str:
        return "<AccumulateGrad>"
