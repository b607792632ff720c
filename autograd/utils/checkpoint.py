"""Checkpointing: memory for time. What backward needs of a function is not kept but computed again.

>>> from autograd import nn, ones
>>> block = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4))
>>> x = ones(2, 4, requires_grad=True)
>>> y = checkpoint(block, x, use_reentrant=False)
>>> y.sum().backward()  # runs block once more
>>> x.grad.shape
autograd.Size([2, 4])

The nodes of the function are recorded as ever, without the values they saved. When backward reaches the first of them
the function runs again, and its nodes hand their values over, one by one, to those of the first run. So any number of
checkpoints is walked by one loop, gradients of parameters that the function uses need no listing, and ``grad``,
hooks and checkpoints within checkpoints work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from typing import Any
from weakref import ref

from .. import backprop, graph
from ..graph import Node
from ..modes import enable_grad, is_grad_enabled
from ..random import default_generator
from ..storage import tick
from ..tensor import Tensor

Contexts = tuple[AbstractContextManager, AbstractContextManager]


class CheckpointError(RuntimeError):
    """The function did something else when it ran again."""


class _Region:
    """One run of a function whose nodes' values were forgotten."""

    def __init__(self, function: Callable, args: tuple, kwargs: dict, preserve: bool, context: Any, check: bool):
        self.function, self.args, self.kwargs = function, args, kwargs
        self.context, self.check = context, check
        self.random = default_generator.get_state() if preserve else None
        self.nodes: list[tuple[ref[Node], tuple]] = []  # in order, with the layouts that they saved

    def note(self, node: Node, *_: Any) -> None:
        """Forget what a node of the first run saved; it is asked for again by :func:`backprop.recompute`."""
        if node.saved:
            self.nodes.append((ref(node), tuple([None if a is None else a.layout for a in node.saved])))
            node.saved = None
            backprop.recompute[node] = self.run_again

    def run_again(self) -> None:
        """Run the function once more, and give each node what its double saved."""
        nodes, self.nodes = self.nodes, []
        doubles: list[Node] = []
        start = tick()
        before = default_generator.get_state()
        if self.random is not None:
            default_generator.set_state(self.random)
        graph.observers.append(lambda node, *_: doubles.append(node) if node.saved else None)
        mine = graph.observers[-1]
        try:
            with enable_grad(), self.context:
                self.function(*_detached(self.args), **self.kwargs)
        finally:
            graph.observers.remove(mine)
            if self.random is not None:
                default_generator.set_state(before)
        if self.check:
            _compare(nodes, doubles)
        for (at, _), double in zip(nodes, doubles):
            node = at()
            if node is not None and node.saved is None:
                backprop.recompute.pop(node, None)
                _hand_over(node, double, start)


def _hand_over(node: Node, double: Node, start: int) -> None:
    """Give a node what its double, made after the time ``start``, saved."""
    if double.saved is None:  # within a checkpoint of its own
        at = ref(node)

        def through_double() -> None:
            if double.saved is None:
                backprop.recompute.pop(double)()
            _hand_over(at(), double, start)  # type: ignore[arg-type]  # who calls this holds the node

        backprop.recompute[node] = through_double
        return
    node.saved = tuple([backprop.copied(a) if a is not None and a.version > start else a for a in double.saved])


def _detached(args: tuple) -> list:
    """The arguments as leaves of their own: gradients flow through the nodes of the first run."""
    return [a.detach().requires_grad_(a.requires_grad) if isinstance(a, Tensor) else a for a in args]


def _compare(nodes: list[tuple[ref[Node], tuple]], doubles: list[Node]) -> None:
    """Raise where the second run was not like the first."""
    if len(nodes) != len(doubles):
        raise CheckpointError(
            "checkpoint: A different number of tensors was saved during the original forward and recomputation. Number "
            f"of ops that saved some during forward: {len(nodes)}, during recomputation: {len(doubles)}. The function "
            "must do the same when it is called again with the same arguments."
        )
    for i, ((at, layouts), double) in enumerate(zip(nodes, doubles)):
        node = at()
        if node is None or double.saved is None:
            continue
        again = tuple([None if a is None else a.layout for a in double.saved])
        same = [a is b or (a and b and (a.shape, a.dtype) == (b.shape, b.dtype)) for a, b in zip(layouts, again)]
        if node.op is not double.op or not all(same):
            raise CheckpointError(
                "checkpoint: Recomputed values for the following tensors have different metadata than during the "
                f"forward pass: op {i} was {node!r} with {_shapes(layouts)}, and is {double!r} with {_shapes(again)}"
            )


def _shapes(layouts: tuple) -> str:
    return ", ".join(f"{list(x.shape)} {x.dtype}" for x in layouts if x is not None)


def checkpoint(
    function: Callable,
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], Contexts] | None = None,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """function(*args, **kwargs), whose inner values are computed again in backward instead of kept.

    use_reentrant
        Accepted for PyTorch's sake; there is one way here, which does what PyTorch's False does.
    context_fn
        Gives two context managers, for the first run and for the second.
    determinism_check
        "default" compares ops, shapes and dtypes of both runs and raises CheckpointError; "none" does not.
    debug, early_stop
        Accepted for PyTorch's sake: the error always says which op differs, and the second run always ends.
    preserve_rng_state
        The second run draws the random numbers of the first.
    """
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be one of ['default', 'none'], got {determinism_check!r}")
    first, second = context_fn() if context_fn is not None else (nullcontext(), nullcontext())
    if not is_grad_enabled():
        with first:
            return function(*args, **kwargs)
    region = _Region(function, args, kwargs, preserve_rng_state, second, determinism_check == "default")
    note = region.note
    graph.observers.append(note)
    try:
        with first:
            return function(*args, **kwargs)
    finally:
        graph.observers.remove(note)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, preserve_rng_state: bool = True
) -> Any:
    """The functions (or a Sequential's modules) one after another, in so many checkpoints; the last segment is kept.

    >>> from autograd import nn, ones
    >>> net = nn.Sequential(*[nn.Linear(3, 3) for _ in range(6)])
    >>> checkpoint_sequential(net, 3, ones(2, 3), use_reentrant=False).shape
    autograd.Size([2, 3])
    """
    functions = list(functions)
    if segments < 1:
        raise ValueError(f"checkpoint_sequential: segments must be at least 1, got {segments}")
    size = max(len(functions) // segments, 1)
    starts = list(range(0, len(functions), size))[:segments]
    for start, end in pairwise(starts):
        input = checkpoint(_run, functions[start:end], input, use_reentrant=use_reentrant,
                           preserve_rng_state=preserve_rng_state)  # fmt: skip
    return _run(functions[starts[-1] :], input) if starts else input


def _run(functions: Sequence[Callable], input: Any) -> Any:
    for function in functions:
        input = function(input)
    return input
