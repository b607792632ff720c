"""How a parameter group steps: what is looked up once, and at each step only compared."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ..backend import extension
from ..dtypes import dtype
from ..graph import Leaf
from ..storage import Array, Storage
from ..tensor import Tensor


class Table:
    """Parameters of one dtype and one age that step together: their arrays, state and, at each step, gradients.
    ``group`` has the options and the counts, the step's number among them, which the kernel brings up to date."""

    __slots__ = ("dtype", "entries", "grads", "group", "params", "states", "tensors")

    def __init__(self, d: dtype, counts: dict[str, float], tensors: list[Tensor], states: list[tuple]):
        self.dtype = d
        self.tensors = tensors
        self.params: list[Any] = [t._array for t in tensors]
        self.states = states
        self.grads: list[Array] = []
        self.entries = None  # the C table, built by the C backend at the first step
        self.group = extension.ffi.new("ag_group *") if extension is not None else SimpleNamespace()
        for name, value in counts.items():
            setattr(self.group, name, value)


class Plan:
    """How a parameter group steps. ``known`` says, per parameter, its edge, its array, the layout of that, and what
    adds a gradient to its table, or None where it does not step; it serves as long as these are the same. ``idle`` are
    the parameters that do not step, ``needs`` the buffers of each parameter's state, ``options`` those that the
    kernel's groups hold, ``entries`` how many parameters had a state."""

    __slots__ = ("entries", "idle", "known", "needs", "options", "params", "state", "tables")

    def __init__(self, params: list[Tensor], known: list[tuple], tables: list[Table], needs: tuple, state: dict):
        self.params, self.known, self.tables, self.needs, self.state = params, known, tables, needs, state
        self.entries = len(state)
        self.options: Any = None
        self.idle = [p for p, (*_, add) in zip(params, known) if add is None]

    def collect(self, params: list[Tensor]) -> bool:
        """Bring the gradients into the tables; False where the plan no longer serves."""
        known = self.known
        if len(known) != len(params):
            return False
        for table in self.tables:
            table.grads.clear()
        for p, (edge, a, layout, add) in zip(params, known):
            if p._edge is not edge or p._array is not a:
                return False
            if add is None:
                if steps(p):
                    return False
                continue
            g = edge.held
            if type(g) is not Storage:
                if g is None:
                    return False
                g = g._array
            add(g if g.layout is layout else fitting(edge.grad, a, "the gradient"))
        return True


def steps(p: Tensor) -> bool:
    """Whether a parameter has a gradient to step by."""
    return type(p._edge) is Leaf and p._edge.held is not None


def fitting(t: Tensor, p: Array, what: str) -> Array:
    """t's array, contiguous; RuntimeError where it is not of the parameter's shape and dtype, as after t.data = ..."""
    a = t._array
    if a.shape != p.shape or a.dtype is not p.dtype:
        raise RuntimeError(
            f"{what} of a parameter of shape {list(p.shape)} ({p.dtype}) has shape {list(a.shape)} ({a.dtype})"
        )
    return a if a.layout.contiguous else t.contiguous()._array
