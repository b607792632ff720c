"""What all optimizers share: parameter groups, state, and one kernel call per group and dtype."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from ..backend import K, extension
from ..dtypes import dtype
from ..graph import Leaf, enable_grad
from ..storage import Array, tick
from ..tensor import Tensor, wrap


class Table:
    """Parameters of one dtype and one age that step together: their arrays, state and, at each step, gradients."""

    __slots__ = ("dtype", "entries", "grads", "group", "leaves", "params", "states", "step", "tensors")

    def __init__(self, d: dtype, step: int, tensors: list[Tensor], states: list[tuple]):
        self.dtype = d
        self.step = step
        self.tensors = tensors
        self.params = [t._array for t in tensors]
        self.leaves = [t._edge for t in tensors]
        self.states = states
        self.grads: list[Array] = []
        self.entries = None  # the C table, built by the C backend at the first step
        self.group = extension.ffi.new("ag_group *") if extension is not None else SimpleNamespace()


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
        self._plans: dict[int, tuple] = {}
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
                    leaf.grad = None
                elif p.grad is not None:
                    p.grad = None if set_to_none else p.grad.detach().zeros_like()

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
        if (
            plan is None or not _fits(plan[0], group["params"])
            or plan[2] != self._needs(group) or plan[3] is not self.state or not self.state
        ):  # fmt: skip
            plan = self._plans[index] = self._build(group)
        for table in plan[1]:
            grads = table.grads = []
            for leaf, p in zip(table.leaves, table.params):
                a = leaf.grad._array
                grads.append(a if a.layout is p.layout else _fitting(leaf.grad, p, "the gradient"))
            table.step += 1
            self._refresh(table.group, group, table.step)
            getattr(K, self.kernel)(table.group, table)
            now = tick()
            for a in table.params:
                a.version = now

    def _build(self, group: dict[str, Any]) -> tuple:
        """(per parameter its leaf and array, or None where it does not step; tables of those that share dtype and step
        count; which buffers the options ask for; the state the buffers are from)."""
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
            Table(d, step, same, [self._buffers(self.state[p]) for p in same]) for (d, step), same in by_kind.items()
        ]
        for p, buffers in ((p, b) for table in tables for p, b in zip(table.tensors, table.states)):
            for buffer in buffers:
                if buffer is not None and _fitting(wrap(buffer), p._array, "the optimizer's state") is not buffer:
                    raise RuntimeError(f"the optimizer's state of a parameter of {list(p.shape)} is not contiguous")
        known = [(p._edge, p._array) if _steps(p) else None for p in group["params"]]
        return known, tables, self._needs(group), self.state

    def _note_steps(self) -> None:
        """Write the step counts, which the tables keep, into the state."""
        for _, tables, *_ in self._plans.values():
            for table in tables:
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

    def _refresh(self, c: Any, group: dict[str, Any], step: int) -> None:
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
    return type(p._edge) is Leaf and p._edge.grad is not None


def _fitting(t: Tensor, p: Array, what: str) -> Array:
    """t's array, contiguous; RuntimeError where it is not of the parameter's shape and dtype, as after t.data = ..."""
    a = t._array
    if a.shape != p.shape or a.dtype is not p.dtype:
        raise RuntimeError(
            f"{what} of a parameter of shape {list(p.shape)} ({p.dtype}) has shape {list(a.shape)} ({a.dtype})"
        )
    return a if a.layout.contiguous else t.contiguous()._array


def _fits(known: list[tuple | None], params: list[Tensor]) -> bool:
    """Whether a plan still serves: the same parameters step, with the same leaves and memory."""
    if len(known) != len(params):
        return False
    for each, p in zip(known, params):
        if each is None:
            if _steps(p):
                return False
        elif p._edge is not each[0] or p._array is not each[1] or each[0].grad is None:
            return False
    return True


def zeros_for(p: Tensor) -> Tensor:
    """State in the shape of a parameter."""
    return wrap(p._array).zeros_like()


def number(value: Any) -> float:
    """An option that may be a tensor, as a float."""
    return value if type(value) is float else float(value)
