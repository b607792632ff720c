"""Ops of one's own: a forward and a backward in Python, recorded like any other.

>>> from autograd import tensor
>>> class Cube(Function):
...     @staticmethod
...     def forward(ctx, x):
...         ctx.save_for_backward(x)
...         return x * x * x
...
...     @staticmethod
...     def backward(ctx, g):
...         (x,) = ctx.saved_tensors
...         return g * 3 * x * x
>>> x = tensor(2.0, requires_grad=True)
>>> y = Cube.apply(x)
>>> y
tensor(8., grad_fn=<CubeBackward>)
>>> y.backward()
>>> x.grad
tensor(12.)

The backward is written with tensor ops, so that it can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any
from weakref import ref

from ..backprop import FREED_MESSAGE, check_unspoiled
from ..graph import Leaf, Node, Output, observers
from ..modes import is_grad_enabled, no_grad
from ..op import Op
from ..ops import inplace
from ..ops.create import zeros
from ..storage import tick
from ..tensor import Tensor, wrap


class FunctionCtx:
    """What forward hands to backward: tensors by :meth:`save_for_backward`, anything else as attributes."""

    def __init__(self, needs_input_grad: tuple[bool, ...]):
        self.needs_input_grad = needs_input_grad
        self._to_save: tuple[Tensor | None, ...] = ()
        self._edges: tuple = ()
        self._non_differentiable: tuple[Tensor, ...] = ()
        self._dirty: tuple[Tensor, ...] = ()
        self._materialize = True
        self._node: Any = None

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs, outputs or other tensors for backward; a write to one of them is noticed."""
        for t in tensors:
            if t is not None and not isinstance(t, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument is of type {type(t).__name__}: keep "
                    "other values as attributes, ctx.name = value"
                )
        self._to_save = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """These outputs have no gradient."""
        self._non_differentiable = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """These inputs were written to by forward, which returns them."""
        self._dirty = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros, or None, for an output to which no gradient came."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What forward saved, each with its place in the graph."""
        node = self._node()
        if node is None or node.saved is None:
            raise RuntimeError(FREED_MESSAGE)
        check_unspoiled(node)
        return tuple([None if a is None else wrap(a, _found(e, node)) for a, e in zip(node.saved, self._edges)])


class _Own:
    """Stands for the edge of an output of the node that saved it: the node itself would be a cycle."""

    def __init__(self, index: int | None):
        self.index = index


def _found(edge: Any, node: Node) -> Any:
    if type(edge) is not _Own:
        return edge
    return node if edge.index is None else Output(node, edge.index, node.layout[edge.index])


class Custom(Op, abstract=True):
    """y = forward(ctx, inputs), and dL/dx what the user's backward returns."""

    function: type[Function]

    @staticmethod
    def backward(node: Node, g: Any) -> Sequence:
        gradients = [None if v is None else wrap(v) for v in (g if type(g) is list else [g])]
        with no_grad():
            return [None if v is None else v._array for v in _call(node, gradients)]

    @classmethod
    def differentiate(cls, node: Node, g: Any) -> Sequence:
        return _call(node, g if type(g) is list else [g])


def _call(node: Node, gradients: list) -> list[Tensor | None]:
    """What the user's backward returns, checked against the inputs."""
    (ctx,) = node.params
    function = node.op.function  # type: ignore[attr-defined]  # a Custom op
    if ctx._materialize:
        layouts = node.layout if type(node.layout) is tuple else (node.layout,)
        gradients = [
            zeros(layout.shape, dtype=layout.dtype) if g is None and layout else g
            for g, layout in zip(gradients, layouts)
        ]
    found = function.backward(ctx, *gradients)
    found = found if isinstance(found, tuple) else (found,)
    edges = node.edges
    if len(found) < len(edges) or any(v is not None for v in found[len(edges) :]):
        raise RuntimeError(
            f"function {node.op.backward_name} returned an incorrect number of gradients (expected {len(edges)}, got "
            f"{len(found)}): backward returns one for each argument of forward, None where there is none"
        )
    return [None if edge is None else _checked(v, edge, i, node) for i, (v, edge) in enumerate(zip(found, edges))]


def _checked(v: Any, edge: Any, i: int, node: Node) -> Tensor | None:
    if v is None:
        return None
    if not isinstance(v, Tensor):
        raise TypeError(
            f"function {node.op.backward_name} returned a {type(v).__name__} at index {i}: expected a Tensor or None"
        )
    shape, given = edge.layout.shape, v._array.shape
    lead = len(given) - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, given[lead:])):
        raise RuntimeError(
            f"Function {node.op.backward_name} returned an invalid gradient at index {i} - got {list(given)} but "
            f"expected shape compatible with {list(shape)}"
        )
    return v if v.dtype is edge.layout.dtype else v.to(edge.layout.dtype)


class Function:
    """Base of ops of one's own: static methods ``forward(ctx, *args)`` and ``backward(ctx, *gradients)``.

    ``backward`` gets a gradient for each output and returns one for each argument of forward (None for what is not a
    tensor). Instead of taking ctx, forward may leave that to ``setup_context(ctx, inputs, output)``. Called by
    ``apply``; see :class:`FunctionCtx` for ctx.
    """

    _op: type[Custom]

    def __init__(self, *args, **kwargs):
        raise RuntimeError(
            f"{type(self).__name__} is a Function: use its static method, {type(self).__name__}.apply(...), not an "
            "instance"
        )

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls._op = type(cls.__name__, (Custom,), {"function": cls, "__module__": cls.__module__}, abstract=True)
        cls._op.backward_name = f"{cls.__name__}Backward"

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Any:
        """Compute the outputs, a tensor or a tuple; to be overridden."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Any) -> None:
        """Save what backward needs, where forward does not take ctx."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """From the gradients of the outputs, those of the inputs; to be overridden."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run forward and record it."""
        edges = tuple([a._edge if isinstance(a, Tensor) else None for a in args])
        recording = is_grad_enabled() and any(e is not None for e in edges)
        ctx = FunctionCtx(tuple([recording and e is not None for e in edges]))
        with no_grad():
            if cls.setup_context is not Function.setup_context:
                output = cls.forward(*args)  # type: ignore[call-arg]  # this form has no ctx
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args)
        return _recorded(cls, ctx, args, edges, output) if recording else output


def _recorded(function: type[Function], ctx: FunctionCtx, args: tuple, edges: tuple, output: Any) -> Any:
    """The outputs with their node."""
    several = isinstance(output, (tuple, list))
    outputs = list(output) if several else [output]
    node = Node()
    node.op, node.edges, node.params, node.hooks = function._op, edges, (ctx,), None
    made = [y._array if isinstance(y, Tensor) else None for y in outputs]
    if all(a is None for a in made):
        return output
    node.layout = tuple([None if a is None else a.layout for a in made])
    if not several:
        (node.layout,) = node.layout
    node.seq = tick()
    ctx._node = ref(node)
    inputs = {id(a): a for a in args if isinstance(a, Tensor)}
    results, own = [], {}
    for i, y in enumerate(outputs):
        if not isinstance(y, Tensor) or _among(y, ctx._non_differentiable) or not y._array.dtype.is_floating_point:
            results.append(y)
            continue
        edge = Output(node, i, y._array.layout) if several else node
        own[id(y)] = _Own(i if several else None)
        if _among(y, ctx._dirty):
            inplace.check_writable(y, function.__name__)
            inplace.rebase(y, y._array, wrap(y._array, edge))
            results.append(y)
        elif id(y) in inputs or type(y._edge) is Leaf:
            results.append(wrap(y._array.view(y._array.shape, y._array.strides), edge))
        else:
            y._edge = edge
            results.append(y)
    ctx._edges = tuple(
        [None if t is None else own.get(id(t)) or (inputs[id(t)]._edge if id(t) in inputs else t._edge)
         for t in ctx._to_save]
    )  # fmt: skip
    node.saved = tuple([None if t is None else t._array for t in ctx._to_save])
    ctx._to_save = ()
    for observer in tuple(observers):
        observer(node, tuple([a._array if isinstance(a, Tensor) else None for a in args]), made)
    return type(output)(results) if several else results[0]


def _among(t: Tensor, tensors: tuple) -> bool:
    return any(t is other for other in tensors)


def once_differentiable(backward: Callable) -> Callable:
    """Mark a Function's backward as one that cannot be differentiated again.

    >>> class Half(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return x / 2
    ...
    ...     @staticmethod
    ...     @once_differentiable
    ...     def backward(ctx, g):
    ...         return g / 2
    """

    @wraps(backward)
    def once(ctx: FunctionCtx, *gradients: Any) -> Any:
        if is_grad_enabled() and any(g is not None and g.requires_grad for g in gradients):
            raise RuntimeError(
                "trying to differentiate twice a function that was marked with @once_differentiable: write its "
                "backward with tensor ops and leave the mark away"
            )
        with no_grad():
            return backward(ctx, *gradients)

    return once
