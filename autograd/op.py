"""What an op is: one row with its forward, its derivatives, and what those need saved.

An op is a class that is never instantiated. Here is a whole one::

    class Tanh(Unary):
        \"\"\"y = tanh(x)
        dL/dx = g * (1 - y * y)\"\"\"

        fused = {"x": "tanh_grad g y"}

        def dx(g, y):
            return g * (1 - y * y)

The derivative for input ``x`` is called ``dx``. The names of its arguments say what it needs, and so what is saved:
``g`` is the gradient arriving, an input's name is that input, ``y`` is the output, ``shape`` is the shape of the input
whose gradient this is, ``op`` the class itself, anything else a parameter of the op. Derivatives are
written with ordinary tensor ops, so they can be differentiated again. Broadcasting is undone by the engine
(:mod:`autograd.backprop`), never here.

``fused`` names, per input, one kernel call that gives the same result without recording: the kernel, then its operands
by the same names (``"g"`` alone passes the gradient on). It is used unless ``create_graph``; a test holds it equal to
the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from sys import getrefcount
from typing import Any

from . import dtypes
from .backend import K
from .errors import broadcast_error
from .graph import Node, Output, observers
from .modes import is_grad_enabled
from .out import with_out
from .storage import Array, Layout, Storage, fresh, packed, tick
from .tensor import Tensor, wrap

TABLE: dict[str, type[Op]] = {}
"""Every op by class name."""


class Op:
    """Base of all ops: subclasses give ``inputs``, ``params``, derivatives, and ``forward`` or a kernel."""

    inputs: tuple[str, ...] = ("x",)
    params: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()  # further arrays that forward makes and derivatives need
    fused: dict[str, str] = {}
    kernel: str = ""
    backward_name = "Backward0"
    rules: list[tuple[Callable, tuple[str, ...]] | None]
    saves: tuple[str, ...] = ()  # what the derivatives need, in the order in which nodes save it
    _available: tuple[str, ...]  # the names in the order of record()'s arrays
    _wanted: list[set[str]]  # per input what its derivative needs
    _pick: dict[int, Callable[[tuple], tuple]]
    _fused: list[Callable | None]

    def __init_subclass__(cls, abstract: bool = False) -> None:
        if abstract:
            return
        TABLE[cls.__name__] = cls
        cls.kernel = cls.__dict__.get("kernel") or cls.kernel or _snake(cls.__name__)
        cls.backward_name = cls.__dict__.get("backward_name", f"{cls.__name__}Backward0")
        cls.rules = []
        for name in cls.inputs:
            rule = getattr(cls, "d" + name, None)
            cls.rules.append(None if rule is None else (rule, rule.__code__.co_varnames[: rule.__code__.co_argcount]))
        available = cls.inputs + ("y",) + cls.extras
        wanted = [set(rule[1]) if rule else set() for rule in cls.rules]
        for i, name in enumerate(cls.inputs):
            wanted[i] |= set(cls.fused.get(name, "").split()[1:])
        cls.saves = tuple(name for name in available if any(name in w for w in wanted))
        cls._wanted = wanted
        cls._available = available
        cls._pick = {}
        cls._fused = [_compile(cls, cls.fused[name]) if name in cls.fused else None for name in cls.inputs]
        if len(cls.inputs) == 1 and cls._fused[0] is not None and "backward" not in cls.__dict__:
            cls.backward = staticmethod(_only(cls._fused[0]))  # type: ignore[method-assign, assignment]  # per op

    @classmethod
    def pick(cls, mask: int) -> Callable[[tuple], tuple]:
        """Selects from (inputs..., y, extras...) what is saved, or None, when the inputs in ``mask`` want gradients."""
        needed = set().union(*[w for i, w in enumerate(cls._wanted) if mask >> i & 1])
        nothing = len(cls._available)
        where = [cls._available.index(name) if name in needed else nothing for name in cls.saves]
        if not where:
            pick: Callable = _nothing
        elif len(where) == 1:
            pick = itemgetter(slice(where[0], where[0] + 1))
        else:
            pick = itemgetter(*where)
        cls._pick[mask] = _with_none(pick) if nothing in where else pick
        return cls._pick[mask]

    # backward(): arrays in, arrays out, nothing recorded. differentiate(): tensors, recorded.

    @staticmethod
    def backward(node: Node, g: Any) -> Sequence[Array | None]:
        """The gradients of the inputs as arrays, by the fused kernels where there are some."""
        op = node.op
        result: list[Array | None] = []
        saved: tuple = node.saved or ()
        for i, edge in enumerate(node.edges):
            if edge is None:
                result.append(None)
                continue
            spec = op._fused[i]
            if spec is None:
                tensors = dict(zip(op.saves, [None if a is None else wrap(a) for a in saved]))
                dx = op._apply_rule(i, node, _wrap_gradients(g), tensors, edge)
                result.append(None if dx is None else dx._array)
            else:
                result.append(spec(node, g, None))
        return result

    @classmethod
    def differentiate(cls, node: Node, g: Any) -> Sequence[Tensor | None]:
        """The gradients of the inputs as tensors, by the rules, so that they can be differentiated again."""
        tensors = {}
        for name, a in zip(cls.saves, node.saved or ()):
            if a is not None:
                edge = node if name == "y" else node.edges[cls.inputs.index(name)] if name in cls.inputs else None
                tensors[name] = wrap(a, edge)
        return [
            None if edge is None else cls._apply_rule(i, node, g, tensors, edge) for i, edge in enumerate(node.edges)
        ]

    @classmethod
    def _apply_rule(cls, i: int, node: Node, g, tensors: dict, edge) -> Tensor | None:
        found = cls.rules[i]
        if found is None:
            raise NotImplementedError(f"the derivative of {cls.__name__} for {cls.inputs[i]!r} is not implemented")
        rule, names = found
        values = []
        for name in names:
            if name == "g":
                values.append(g)
            elif name in tensors:
                values.append(tensors[name])
            elif name == "shape":
                values.append(edge.layout.shape)
            elif name == "op":
                values.append(cls)
            else:
                values.append(node.params[cls.params.index(name)])
        return rule(*values)


def _snake(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(name))


def _nothing(arrays: tuple) -> tuple:
    return ()


def _with_none(pick: Callable[[tuple], tuple]) -> Callable[[tuple], tuple]:
    """For what picks None after the last array."""
    return lambda arrays: pick((*arrays, None))


def _wrap_gradients(g):
    return [None if v is None else wrap(v) for v in g] if isinstance(g, list) else wrap(g)


def _compile(op: type[Op], spec: str) -> Callable[[Node, Array, Array | None], Array]:
    """A function (node, g, dx) -> dx from a fused specification such as "tanh_grad g y"; dx is made where it is
    None."""
    kernel, *names = spec.split()
    if kernel == "g":
        return lambda node, g, dx: g
    params = [op.params.index(n) for n in names if n in op.params]
    operands = [-1 if n == "g" else op.saves.index(n) for n in names if n not in op.params]

    if operands[0] == -1 and len(operands) == 2 and not params:
        where = operands[1]

        def one_saved(node, g, dx):
            if dx is None:
                dx = fresh(g.layout.packed)
            getattr(K, kernel)(dx, g, node.saved[where])
            return dx

        return one_saved

    def general(node, g, dx):
        if dx is None:
            dx = fresh(g.layout.packed)
        values = [g if w < 0 else node.saved[w] for w in operands]
        getattr(K, kernel)(dx, *values, *[node.params[p] for p in params])
        return dx

    return general


def _sole() -> int:
    """What getrefcount says, seen from a function it was passed to, of an object that only the caller holds."""

    def backward(node, g):
        return getrefcount(g)

    arrived = {0: object()}
    g = arrived.pop(0)
    return backward(None, g)


SOLE = min(_sole(), 3)
"""The references to a gradient that nobody else holds, seen from an op's backward: the engine's, backward's own and
getrefcount's (fewer on Pythons that borrow local references). An op with one input writes its result over such a
gradient."""


def _only(derivative: Callable[[Node, Array, Array | None], Array]) -> Callable[[Node, Array], tuple]:
    """backward() of an op with a single input."""

    def backward(node, g):
        dx = g if getrefcount(g) <= SOLE and type(g) is Storage else None
        return (derivative(node, g, dx),)

    return backward


# --- recording --------------------------------------------------------------------------------------------------------

_make = object.__new__


def record(
    op: type[Op], edges: tuple, arrays: tuple, out: Array, params: tuple = (), outs: Sequence[Array] | None = None
) -> Tensor:
    """The tensor of an op's result, with its node where an input requires gradients.

    ``edges`` are the inputs' (None where no gradient is wanted), ``arrays`` the inputs' arrays, then the output, then
    the op's extras; ``outs`` all outputs, of an op with several.
    """
    y = _make(Tensor)
    y._array = out
    y._edge = None
    mask, bit = 0, 1
    for edge in edges:
        if edge is not None:
            mask |= bit
        bit += bit
    if mask and is_grad_enabled():
        node = Node()
        node.op = op
        node.edges = edges
        node.params = params
        node.layout = out.layout
        node.hooks = None
        node.saved = (op._pick.get(mask) or op.pick(mask))(arrays)
        node.seq = tick()
        y._edge = node
        if observers:
            if outs is not None:
                node.layout = tuple([out.layout for out in outs])
            for observer in tuple(observers):
                observer(node, arrays, (out,) if outs is None else outs)
    return y


def record_many(op: type[Op], edges: tuple, arrays: tuple, outs: list[Array], params: tuple = ()) -> list[Tensor]:
    """As :func:`record` for an op with several outputs; its derivatives get the list of their gradients."""
    first = record(op, edges, arrays, outs[0], params, outs) if outs else None
    node = first._edge if first is not None else None
    results = [wrap(out) for out in outs]
    if node is not None:
        node.layout = tuple([out.layout for out in outs])
        for i, y in enumerate(results):
            y._edge = Output(node, i, y._array.layout)
    return results


def require_tensor(op: str, value: Any, name: str = "input") -> Tensor:
    """The value, if it is a tensor; else PyTorch's TypeError."""
    if not isinstance(value, Tensor):
        raise TypeError(
            f"{op}(): argument '{name}' must be Tensor, not {type(value).__name__}: make one with autograd.tensor(...)"
        )
    return value


def require_tensors(op: str, **given: Any) -> None:
    """Raise PyTorch's TypeError for the first argument that is not a tensor."""
    for name, value in given.items():
        require_tensor(op, value, name)


def function(op: type[Unary]) -> Callable[[Tensor], Tensor]:
    """The public function of a unary op without parameters: ``exp(input, *, out=None)``."""
    name = _snake(op.__name__)

    def elementwise(input: Tensor) -> Tensor:
        return op.apply(input if type(input) is Tensor else require_tensor(name, input))

    elementwise.__name__ = elementwise.__qualname__ = name
    elementwise.__doc__ = f"{name}(input), elementwise: a tensor of the input's shape.\n\n    {op.__doc__}"
    return with_out(elementwise)


# --- the two commonest kinds of op ------------------------------------------------------------------------------------


class Unary(Op, abstract=True):
    """y = f(x), elementwise, by the kernel of the op's name."""

    integers = False  # whether there is an integer result; else integers become the default float type

    @classmethod
    def apply(cls, x: Tensor, *params) -> Tensor:
        a = x._array
        if not (a.layout.floating or cls.integers):
            x = x.to(dtypes.get_default_dtype())
            a = x._array
        y = fresh(a.layout.packed)
        getattr(K, cls.kernel)(y, a, *params)
        return record(cls, (x._edge,), (a, y), y, params)


class Binary(Op, abstract=True):
    """y = f(a, b), elementwise with broadcasting and promotion, by the kernel of the op's name."""

    inputs = ("a", "b")
    integers = True  # whether there is an integer result; else integers become the default float type

    @classmethod
    def apply(cls, a: Tensor, b: Tensor) -> Tensor:
        x, z = a._array, b._array
        layout = _results.get((x.layout, z.layout))
        if layout is None or not (cls.integers or layout.floating):
            d = result_type(a, b)
            if not (cls.integers or d.is_floating_point):
                d = dtypes.get_default_dtype()
            a, b = a.to(d), b.to(d)
            x, z = a._array, b._array
            shape = broadcast_shapes(x.shape, z.shape, op=cls.__name__.lower())
            layout = packed(shape, d)
            if len(_results) > 50_000:
                _results.clear()
            _results[x.layout, z.layout] = layout
        y = fresh(layout)
        getattr(K, cls.kernel)(y, x, z)
        return record(cls, (a._edge, b._edge), (x, z, y), y)


_results: dict[tuple[Layout, Layout], Layout] = {}
"""The layout of a result, by those of two operands of one dtype."""


def broadcast_shapes(*shapes: tuple, op: str = "broadcasting") -> tuple:
    """The shape to which all ``shapes`` broadcast.

    >>> broadcast_shapes((3, 1), (4,))
    (3, 4)
    """
    result = shapes[0] if shapes else ()
    for shape in shapes[1:]:
        if shape == result:
            continue
        long, short = (result, shape) if len(result) >= len(shape) else (shape, result)
        lead = len(long) - len(short)
        merged = list(long)
        for i, n in enumerate(short):
            m = long[lead + i]
            if m == 1:
                merged[lead + i] = n
            elif n != 1 and n != m:
                raise broadcast_error(op, result, shape)
        result = tuple(merged)
    return result


def result_type(a: Any, b: Any) -> dtypes.dtype:
    """The dtype of a op b: tensors with dims decide before 0-d tensors, and those before Python numbers, unless the
    later one is of a higher kind (bool, integer, float)."""
    best: dtypes.dtype | None = None
    groups: list[list[dtypes.dtype]] = [[], [], []]
    for v in (a, b):
        if isinstance(v, Tensor):
            groups[0 if v._array.shape else 1].append(v._array.dtype)
        else:
            groups[2].append(dtypes.scalar_dtype(v))
    for group in groups:
        for d in group[1:]:
            group[0] = dtypes.promote_types(group[0], d)
        if group and (best is None or group[0].category > best.category):
            best = group[0]
    assert best is not None
    return best


def contiguous(x: Array) -> Array:
    """x itself, or a contiguous copy."""
    if x.contiguous:
        return x
    y = fresh(x.layout.packed)
    K.copy(y, x)
    return y


__all__ = [
    "TABLE",
    "Binary",
    "Op",
    "Unary",
    "broadcast_shapes",
    "contiguous",
    "record",
    "record_many",
    "result_type",
]  # fmt: skip
