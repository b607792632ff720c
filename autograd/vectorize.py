"""vmap: a function of one example turned into a function of many.

The function runs once, within a :class:`autograd.batching.Level`. What it records is a graph on the shapes of one
example; from outside it is a single node, whose backward walks that graph within the same level, once for all
examples. At the graph's borders, gradients of mapped inputs are stacked, and those of tensors which all examples share
are summed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from .backprop import run_backward
from .batching import Level, NotBatchable
from .graph import Leaf, Node, Output
from .modes import is_grad_enabled
from .op import Op
from .ops.join import cat, stack
from .random import default_generator
from .storage import Array, tick
from .tensor import Tensor, wrap
from .tree import leaves, rebuilt, spread

_warned: set[Any] = set()


def vmap(
    func: Callable, in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *, chunk_size: int | None = None
) -> Callable:
    """A function that applies ``func`` to each example of its arguments and stacks the results.

    in_dims
        Per argument the dim along which its examples lie, or None where all examples share it; nested as the arguments.
    out_dims
        Where the examples lie in the results.
    randomness
        Whether random numbers within are refused ("error"), drawn for each example ("different") or once ("same").
    chunk_size
        How many examples to take at once; all by default.

    >>> from autograd import tensor
    >>> x, y = tensor([[1.0, 2.0], [3.0, 4.0]]), tensor([10.0, 1.0])
    >>> vmap(lambda a, b: (a * b).sum(), in_dims=(0, None))(x, y)
    tensor([12., 34.])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @wraps(func)
    def for_all(*args: Any, **kwargs: Any) -> Any:
        dims = [*spread(_per_argument(in_dims, args), args, "in_dims"), *[0 for _ in leaves(kwargs)]]
        tree = (args, kwargs)
        values = [_moved(v, d) for v, d in zip(leaves(tree), dims)]
        mapped_at = [d is not None and isinstance(v, Tensor) for v, d in zip(values, dims)]
        size = _size(values, mapped_at)

        def call(part: slice, count: int) -> Any:
            taken = [v[part] if m and count != size else v for v, m in zip(values, mapped_at)]
            return _mapped(func, tree, taken, mapped_at, count, randomness)

        step = chunk_size or size or 1
        parts = [call(slice(i, i + step), min(step, size - i)) for i in range(0, size, step)] or [call(slice(0, 0), 0)]
        whole = parts[0] if len(parts) == 1 else _joined(parts)
        places = spread(out_dims, whole, "out_dims") if not isinstance(whole, Tensor) else [out_dims]
        return rebuilt(whole, iter([_placed(y, d) for y, d in zip(leaves(whole), places)]))

    return for_all


def _per_argument(in_dims: Any, args: tuple) -> Any:
    if in_dims is None or isinstance(in_dims, int):
        return tuple([in_dims] * len(args))
    if not isinstance(in_dims, (tuple, list)) or len(in_dims) != len(args):
        raise ValueError(
            f"vmap: in_dims is not compatible with the structure of inputs. in_dims has {in_dims!r}, and there are "
            f"{len(args)} arguments: give an int, or one entry for each"
        )
    return tuple(in_dims)


def _moved(value: Any, dim: int | None) -> Any:
    """A tensor with its examples along the first dim."""
    if dim is None or not isinstance(value, Tensor):
        if dim is not None and not isinstance(value, (bool, int, float, str, type(None))):
            raise ValueError(
                f"vmap: Got in_dim={dim} for an input but the input is of type {type(value).__name__}. We cannot vmap "
                "over non-Tensor arguments, please use None as the respective in_dim"
            )
        return value
    if not -value.ndim <= dim < value.ndim:
        raise ValueError(
            f"vmap: Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {value.ndim} so "
            f"expected in_dim to satisfy -{value.ndim} <= in_dim < {value.ndim}."
        )
    return value.movedim(dim, 0)


def _size(values: list, mapped_at: list[bool]) -> int:
    sizes = [v.shape[0] for v, m in zip(values, mapped_at) if m]
    if not sizes:
        raise ValueError("vmap: at least one of the inputs must be a Tensor with an in_dim that is not None")
    if len(set(sizes)) > 1:
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the "
            "mapped dimension"
        )
    return sizes[0]


def _placed(y: Tensor, dim: int) -> Tensor:
    if not isinstance(dim, int):
        raise ValueError(f"vmap: out_dims must be ints, got {dim!r}")
    return y if dim == 0 else y.movedim(0, dim)


def _joined(parts: list) -> Any:
    columns = zip(*[leaves(part) for part in parts])
    return rebuilt(parts[0], iter([cat(column, 0) for column in columns]))


def _mapped(func: Callable, tree: Any, values: list, mapped_at: list[bool], size: int, randomness: str) -> Any:
    """func for all examples at once, or one by one where that cannot be."""
    inputs = [v for v, m in zip(values, mapped_at) if m]
    form: list[Any] = []

    def inner(*examples: Tensor) -> list[Tensor]:
        arrived = iter(examples)
        args, kwargs = rebuilt(tree, iter([next(arrived) if m else v for v, m in zip(values, mapped_at)]))
        result = func(*args, **kwargs)
        form.append(result)
        for y in leaves(result):
            if not isinstance(y, Tensor):
                raise ValueError(
                    f"vmap({getattr(func, '__name__', func)}, ...): `{getattr(func, '__name__', func)}` must only "
                    f"return Tensors, got type {type(y).__name__} as a return"
                )
        return list(leaves(result))

    drawn = default_generator.get_state()
    try:
        return rebuilt_last(form, run(Level(size, randomness), inner, inputs))
    except NotBatchable as reason:
        if size == 0:
            raise
        default_generator.set_state(drawn)
        _warn_once(func, reason)
    rows = [inner(*[x[i] for x in inputs]) for i in range(size)]
    return rebuilt_last(form, [stack(column) for column in zip(*rows)])


def rebuilt_last(form: list, results: Sequence[Tensor]) -> Any:
    """The results in the form of what the function returned last."""
    return rebuilt(form[-1], iter(results))


def _warn_once(func: Callable, reason: NotBatchable) -> None:
    key = getattr(func, "__code__", func)
    if key not in _warned:
        _warned.add(key)
        warnings.warn(
            f"{reason}. The examples are gone through one by one, which is slower.", stacklevel=5, category=UserWarning
        )


# --- one run within a level, and its node -----------------------------------------------------------------------------


class Border:
    """What lies outside, at an edge of the graph that was recorded within: where its gradient goes, and whether there
    is one for each example (a mapped input) or one for all."""

    __slots__ = ("edge", "stacked")

    def __init__(self, edge: Any, stacked: bool):
        self.edge, self.stacked = edge, stacked


class _Run:
    """What backward needs of a run: the edges of its outputs, and its borders."""

    def __init__(self, level: Level, start: int, roots: list, borders: dict[Leaf, Border]):
        self.level, self.start, self.roots, self.borders = level, start, roots, borders


def run(
    level: Level, inner: Callable[..., list[Tensor]], inputs: Sequence[Tensor], start: int | None = None,
    known: dict[Leaf, Border] | None = None,
) -> list[Tensor]:  # fmt: skip
    """inner(examples...) within the level, for inputs that have the examples along their first dim; so have the
    results. ``start`` and ``known`` continue a run that is differentiated."""
    start = tick() if start is None else start
    borders = {} if known is None else dict(known)
    with level:
        examples = []
        for x in inputs:
            example = wrap(level.split(x._array))
            if x._edge is not None and is_grad_enabled():
                example._edge = leaf = Leaf(example)
                borders[leaf] = Border(x._edge, True)
            examples.append(example)
        found = inner(*examples)
        results = [wrap(level.everywhere(y._array)) for y in found]
        roots = [y._edge for y in found]
    if not is_grad_enabled() or not any(e is not None for e in roots):
        return results
    reached = _cut(roots, start, borders)
    if not reached:
        return results
    node = Node()
    node.op, node.hooks, node.saved = Vmapped, None, ()
    node.edges = tuple([borders[leaf].edge for leaf in reached])
    node.params = (_Run(level, start, roots, {leaf: borders[leaf] for leaf in reached}),)
    node.layout = tuple([y._array.layout for y in results])
    node.seq = tick()
    for i, (y, root) in enumerate(zip(results, roots)):
        if root is not None:
            y._edge = Output(node, i, y._array.layout)
    return results


def _cut(roots: list, start: int, borders: dict[Leaf, Border]) -> list[Leaf]:
    """Put a leaf wherever the graph behind the roots leads outside; the leaves that are reached."""
    outside: dict[Any, Leaf] = {}
    reached: dict[Leaf, None] = {}

    def inside(edge: Any) -> Any:
        node = edge.node if type(edge) is Output else edge
        if edge is None or (type(node) is Node and node.seq > start):
            return edge
        if edge in borders:
            reached[edge] = None
            return edge
        if edge not in outside:
            leaf = outside[edge] = object.__new__(Leaf)
            leaf.layout, leaf.hooks, leaf.held, leaf.spare = edge.layout, None, None, None
            borders[leaf] = Border(edge, False)
        reached[outside[edge]] = None
        return outside[edge]

    roots[:] = [inside(e) for e in roots]
    stack = [e.node if type(e) is Output else e for e in roots if type(e) in (Node, Output)]
    seen = set(stack)
    while stack:
        node = stack.pop()
        node.edges = tuple([inside(e) for e in node.edges])
        for e in node.edges:
            behind = e.node if type(e) is Output else e
            if type(behind) is Node and behind not in seen:
                seen.add(behind)
                stack.append(behind)
    return list(reached)


class Vmapped(Op, abstract=True):
    """y = f(x) for many examples, by a graph on the shapes of one
    dL/dx = that graph's gradient for each example; summed where all share x"""

    backward_name = "VmapBackward"

    @staticmethod
    def backward(node: Node, g: Any) -> Sequence[Array | None]:
        found = _gradients(node, [None if a is None else wrap(a) for a in g], False)
        return [None if v is None else v._array for v in found]

    @classmethod
    def differentiate(cls, node: Node, g: Any) -> Sequence[Tensor | None]:
        return _gradients(node, g, True)


def _gradients(node: Node, g: list[Tensor | None], create_graph: bool) -> list[Tensor | None]:
    """The gradients at the borders of a run, given those of its outputs."""
    done: _Run = node.params[0]
    given = [t for t in g if t is not None]
    targets = list(done.borders)
    missing: list[int] = []

    def inner(*examples: Tensor) -> list[Tensor]:
        roots, grads = [], []
        arrived = iter(examples)
        for root, t in zip(done.roots, g):
            if t is not None:
                one = next(arrived)
                if root is not None:
                    roots.append(root)
                    grads.append(one if create_graph else one._array)
        found = run_backward(roots, grads, True, create_graph, targets)
        missing[:] = [i for i, leaf in enumerate(targets) if leaf not in found]
        there = [found[leaf] for leaf in targets if leaf in found]
        return there if create_graph else [wrap(a) for a in there]

    known = done.borders if create_graph else None
    results = iter(run(done.level, inner, given, done.start, known))
    gradients: list[Tensor | None] = []
    for i, leaf in enumerate(targets):
        if i in missing:
            gradients.append(None)
        else:
            y = next(results)
            gradients.append(y if done.borders[leaf].stacked else y.sum(0))
    return gradients
