"""What all optimizers share: parameter groups, state, and one kernel call per group and dtype."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Callable, Iterable

from ..backend import extension
from ..dtypes import dtype
from ..graph import enable_grad
from ..storage import Array, tick
from ..tensor import Tensor, wrap


class Table:
    """The parameters of one dtype that step together: arrays of values, state and, at each step, gradients."""

    __slots__ = ("dtype", "tensors", "params", "states", "grads", "entries", "group")

    def __init__(self, d: dtype, tensors: list[Tensor], states: list[tuple]):
        self.dtype = d
        self.tensors = tensors
        self.params = [t._array for t in tensors]
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
            raise TypeError("params argument given to the optimizer should be an iterable of Tensors or dicts, but got Tensor")
        self.defaults = defaults
        self.state: dict[Tensor, dict[str, Any]] = {}
        self.param_groups: list[dict[str, Any]] = []
        self._tables: dict[int, tuple] = {}
        groups = list(params)
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
            if p._node is not None:
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
                if set_to_none:
                    p._grad = None
                elif p._grad is not None:
                    p._grad = p._grad.detach().zeros_like()

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
        from ..backend import K

        with_grad = [p for p in group["params"] if p._grad is not None]
        cached = self._tables.get(index)
        if cached is None or not _same(cached[0], with_grad):
            cached = self._tables[index] = self._build(group, with_grad)
        for table in cached[1]:
            for i, t in enumerate(table.tensors):
                if t._array is not table.params[i]:
                    table.params[i] = t._array
                    table.entries = None
            grads = []
            for p in table.tensors:
                g = p._grad._array
                grads.append(g if g.contiguous else p._grad.contiguous()._array)
            table.grads = grads
            states = [self.state[p] for p in table.tensors]
            step = states[0]["step"] = states[0]["step"] + 1
            for state in states[1:]:
                state["step"] = step
            self._refresh(table.group, group, step)
            getattr(K, self.kernel)(table.group, table)
            now = tick()
            for a in table.params:
                a.storage.version = now

    def _build(self, group: dict[str, Any], params: list[Tensor]) -> tuple:
        """Tables of parameters that share dtype and step count, their state made where it is missing."""
        by_kind: dict[Any, list[Tensor]] = {}
        for p in params:
            if not p._array.contiguous or not p._array.storage.writable:
                raise RuntimeError(f"the optimizer needs contiguous, writable parameters; one of shape {list(p.shape)} is not: "
                                   "give it p.data.clone()")
            state = self.state.setdefault(p, {})
            if "step" not in state:
                state["step"] = 0
            self._init_state(group, p, state)
            by_kind.setdefault((p.dtype, state["step"]), []).append(p)
        tables = []
        for (d, _), same in by_kind.items():
            states = [self._buffers(self.state[p]) for p in same]
            tables.append(Table(d, same, states))
        return list(params), tables

    def _check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for a bad option."""
        lr = group["lr"]
        if not (isinstance(lr, Tensor) or lr >= 0.0):
            raise ValueError(f"Invalid learning rate: {lr}")
        if not group["weight_decay"] >= 0.0:
            raise ValueError(f"Invalid weight_decay value: {group['weight_decay']}")

    def _init_state(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        """Make the state that is missing."""

    def _buffers(self, state: dict[str, Any]) -> tuple:
        """The state's arrays in the kernel's order (m, v, vmax)."""
        return (None, None, None)

    def _refresh(self, c: Any, group: dict[str, Any], step: int) -> None:
        """Write the group's options where the kernel reads them."""
        raise NotImplementedError

    # --- state --------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """{"state": per parameter index, "param_groups": options with parameter indices}, as PyTorch's."""
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
            raise ValueError("loaded state dict contains a parameter group that doesn't match the size of optimizer's group")
        params = [p for g in self.param_groups for p in g["params"]]
        keys = [k for g in groups for k in g["params"]]
        copied: dict[Tensor, dict[str, Any]] = {}
        for key, p in zip(keys, params):
            if key in state_dict["state"]:
                copied[p] = {
                    k: v.detach().to(p.dtype).clone() if isinstance(v, Tensor) and v.ndim else v
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
        self._tables = {}

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {k}: {group[k]}" for k in sorted(group) if k != "params"]
        return "\n".join(lines) + "\n)"


def _same(a: list[Tensor], b: list[Tensor]) -> bool:
    return len(a) == len(b) and all(p is q for p, q in zip(a, b))


def zeros_for(p: Tensor) -> Tensor:
    """State in the shape of a parameter."""
    return wrap(p._array).zeros_like()


def number(value: Any) -> float:
    """An option that may be a tensor, as a float."""
    return value if type(value) is float else float(value)
