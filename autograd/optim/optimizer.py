"""What all optimizers share: parameter groups, state, and one kernel call per group and dtype."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import is_, itemgetter
from types import SimpleNamespace
from typing import Any
from weakref import ref

from ..backend import K, extension
from ..dtypes import dtype
from ..graph import Leaf
from ..modes import enable_grad
from ..ops.inplace import zero_gradient
from ..storage import Array, Storage, written
from ..tensor import Tensor, wrap


class Table:
    """Parameters of one dtype and one age that step together: their arrays, state and, at each step, gradients."""

    __slots__ = ("dtype", "entries", "grads", "group", "optimizer", "params", "states", "tensors")

    def __init__(self, d: dtype, step: int, tensors: list[Tensor], states: list[tuple], optimizer: Optimizer):
        self.dtype = d
        self.optimizer = ref(optimizer)
        self.tensors = tensors
        self.params: list[Any] = [t._array for t in tensors]
        self.states = states
        self.grads: list[Array] = []
        self.entries = None  # the C table, built by the C backend at the first step
        self.group = extension.ffi.new("ag_group *") if extension is not None else SimpleNamespace()
        self.group.step = step

    @property
    def step(self) -> int:
        """The steps taken, which the kernel counts."""
        return self.group.step


class Plan:
    """How a parameter group steps. ``known`` says, per parameter, its edge, its array, the layout of that, and what
    adds a gradient to its table, or None where it does not step; it serves as long as these are the same. ``idle`` are
    the parameters that do not step, ``options`` those that the kernel's groups hold."""

    __slots__ = ("idle", "known", "needs", "options", "params", "state", "tables")

    def __init__(self, params: list[Tensor], known: list[tuple], tables: list[Table], needs: bool, state: dict):
        self.params, self.known, self.tables, self.needs, self.state = params, known, tables, needs, state
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
                if _steps(p):
                    return False
                continue
            g = edge.held
            if type(g) is not Storage:
                if g is None:
                    return False
                g = g._array
            add(g if g.layout is layout else _fitting(edge.grad, a, "the gradient"))
        return True


class Optimizer:
    """Base class: a subclass names its kernel, its defaults and its state.

    params
        Tensors, or dicts with "params" and options of their own (parameter groups), or (name, tensor) pairs.
    """

    kernel: str = ""

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]):
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got Tensor"
            )
        self.defaults = defaults
        self.state: dict[Tensor, dict[str, Any]] = {}
        self.param_groups: list[dict[str, Any]] = []
        self._plans: dict[int, Plan] = {}
        self._options = itemgetter(*defaults)
        try:
            groups = list(params)
        except TypeError:
            raise TypeError(
                f"params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{type(params).__name__}: for a module, give module.parameters()"
            ) from None
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own."""
        group = dict(param_group)
        params = group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        if params and isinstance(params[0], tuple):
            group["param_names"] = [name for name, _ in params]
            params = [p for _, p in params]
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor")
            if any(p is q for g in self.param_groups for q in g["params"]):
                raise ValueError("some parameters appear in more than one parameter group")
        if len({id(p) for p in params}) != len(params):
            raise ValueError("some parameters appear more than once in a parameter group")
        group["params"] = params
        for name, value in self.defaults.items():
            group.setdefault(name, value)
        self._check(group)
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or set them to 0."""
        for group in self.param_groups:
            for p in group["params"]:
                leaf = p._edge
                if set_to_none and type(leaf) is Leaf:
                    held = leaf.held
                    if type(held) is Storage and held.layout.block is not None:
                        leaf.spare = held
                    leaf.held = None
                elif set_to_none:
                    p.grad = None
                else:
                    zero_gradient(p)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient. ``closure`` recomputes the loss, which is returned."""
        result = None
        if closure is not None:
            with enable_grad():
                result = closure()
        for index, group in enumerate(self.param_groups):
            self._step_group(index, group)
        return result

    def _step_group(self, index: int, group: dict[str, Any]) -> None:
        plan = self._plans.get(index)
        state = self.state
        if plan is None or plan.state is not state or not state or not plan.collect(group["params"]):
            plan = self._plan(index, group)
        if not self._refreshed(plan, group):
            plan = self._plan(index, group)
            self._refreshed(plan, group)
        for table in plan.tables:
            getattr(K, self.kernel)(table.group, table)
            table.grads.clear()  # the next backward may have their memory
            written(*table.params)

    def _refreshed(self, plan: Plan, group: dict[str, Any]) -> bool:
        """Write options that changed where the kernel reads them; False where they need another plan."""
        options = self._options(group)
        if options != plan.options:
            if plan.needs != self._needs(group):
                return False
            for table in plan.tables:
                self._refresh(table.group, group)
            plan.options = None if isinstance(group["lr"], Tensor) else options
        return True

    def is_current(self, plans: list[tuple[int, Plan]]) -> bool:
        """Whether the next step would go by these plans, one per parameter group, as long as the parameters' edges and
        memory are the same; brings the options up to date. For who takes steps without step()."""
        if len(plans) != len(self.param_groups):
            return False
        for index, plan in plans:
            group = self.param_groups[index]
            params, known = group["params"], plan.params
            if len(params) != len(known) or not all(map(is_, params, known)):
                return False
            if plan.idle and any(map(_steps, plan.idle)):
                return False
            if self._plans.get(index) is not plan or plan.state is not self.state:
                return False
            if self._options(group) != plan.options and not self._refreshed(plan, group):
                return False
        return True

    def _plan(self, index: int, group: dict[str, Any]) -> Plan:
        """A new plan, which has the gradients."""
        plan = self._plans[index] = self._build(group)
        plan.collect(group["params"])
        return plan

    def _build(self, group: dict[str, Any]) -> Plan:
        self._note_steps()
        by_kind: dict[Any, list[Tensor]] = {}
        for p in group["params"]:
            if not _steps(p):
                continue
            if not p._array.contiguous or not p._array.storage.writable:
                raise RuntimeError(
                    f"the optimizer needs contiguous, writable parameters; one of shape {list(p.shape)} is not: give "
                    "it p.data.clone()"
                )
            state = self.state.setdefault(p, {})
            state.setdefault("step", 0)
            self._init_state(group, p, state)
            by_kind.setdefault((p.dtype, state["step"]), []).append(p)
        tables = [
            Table(d, step, same, [self._buffers(self.state[p]) for p in same], self)
            for (d, step), same in by_kind.items()
        ]
        for p, buffers in ((p, b) for table in tables for p, b in zip(table.tensors, table.states)):
            for buffer in buffers:
                if buffer is not None and _fitting(wrap(buffer), p._array, "the optimizer's state") is not buffer:
                    raise RuntimeError(f"the optimizer's state of a parameter of {list(p.shape)} is not contiguous")
        table_of = {p: table for table in tables for p in table.tensors}
        known = []
        for p in group["params"]:
            add = table_of[p].grads.append if p in table_of else None
            known.append((p._edge, p._array, p._array.layout, add))
        return Plan(list(group["params"]), known, tables, self._needs(group), self.state)

    def _note_steps(self) -> None:
        """Write the step counts, which the tables keep, into the state."""
        for plan in self._plans.values():
            for table in plan.tables:
                for p in table.tensors:
                    if p in self.state:  # else the user cleared it
                        self.state[p]["step"] = table.step

    def _check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for a bad option."""
        lr = group["lr"]
        if not (isinstance(lr, Tensor) or lr >= 0.0):
            raise ValueError(f"Invalid learning rate: {lr}")
        if not group["weight_decay"] >= 0.0:
            raise ValueError(f"Invalid weight_decay value: {group['weight_decay']}")

    def _init_state(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        """Make the state that is missing."""

    def _needs(self, group: dict[str, Any]) -> bool:
        """Whether the options ask for the buffer that not every choice of them needs."""
        return False

    def _buffers(self, state: dict[str, Any]) -> tuple:
        """The state's arrays in the kernel's order (m, v, vmax)."""
        return (None, None, None)

    def _refresh(self, c: Any, group: dict[str, Any]) -> None:
        """Write the group's options where the kernel reads them."""
        raise NotImplementedError

    # --- state --------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """{"state": per parameter index, "param_groups": options with parameter indices}, as PyTorch's."""
        self._note_steps()
        index = {p: i for i, p in enumerate(p for g in self.param_groups for p in g["params"])}
        groups = [{**g, "params": [index[p] for p in g["params"]]} for g in self.param_groups]
        state = {index[p]: dict(s) for p, s in self.state.items() if p in index}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over options and a copy of the state; ValueError where the groups do not match."""
        groups = state_dict["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(a["params"]) != len(b["params"]) for a, b in zip(groups, self.param_groups)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        params = [p for g in self.param_groups for p in g["params"]]
        keys = [k for g in groups for k in g["params"]]
        copied: dict[Tensor, dict[str, Any]] = {}
        for key, p in zip(keys, params):
            if key in state_dict["state"]:
                copied[p] = {
                    k: v.detach().to(p.dtype).clone() if isinstance(v, Tensor) and k != "step" else v
                    for k, v in state_dict["state"][key].items()
                }
                if isinstance(copied[p].get("step"), Tensor):
                    copied[p]["step"] = int(copied[p]["step"].item())
                for k, v in copied[p].items():
                    if isinstance(v, Tensor) and v.shape != p.shape:
                        raise ValueError(f"loaded state {k!r} has shape {list(v.shape)}, its parameter {list(p.shape)}")
        for mine, theirs in zip(self.param_groups, groups):
            mine.update({k: v for k, v in theirs.items() if k != "params"})
        self.state = copied
        self._plans = {}

    def __getstate__(self) -> dict[str, Any]:
        """For copying and pickling: without the plans, which point into memory."""
        self._note_steps()
        return {**self.__dict__, "_plans": {}}

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {k}: {group[k]}" for k in sorted(group) if k != "params"]
        return "\n".join(lines) + "\n)"


def _steps(p: Tensor) -> bool:
    """Whether a parameter has a gradient to step by."""
    return type(p._edge) is Leaf and p._edge.held is not None


def _fitting(t: Tensor, p: Array, what: str) -> Array:
    """t's array, contiguous; RuntimeError where it is not of the parameter's shape and dtype, as after t.data = ..."""
    a = t._array
    if a.shape != p.shape or a.dtype is not p.dtype:
        raise RuntimeError(
            f"{what} of a parameter of shape {list(p.shape)} ({p.dtype}) has shape {list(a.shape)} ({a.dtype})"
        )
    return a if a.layout.contiguous else t.contiguous()._array


def zeros_for(p: Tensor) -> Tensor:
    """State in the shape of a parameter."""
    return p.new_zeros(p.shape)


def number(value: Any) -> float:
    """An option that may be a tensor, as a float."""
    return value if type(value) is float else float(value)
