"""What all optimizers share: parameter groups, state, and one kernel call per group and dtype."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import wraps
from operator import is_, itemgetter
from typing import Any
from weakref import ref

from ..backend import K
from ..data import tensor
from ..dtypes import float32, float64, get_default_dtype
from ..graph import Leaf
from ..modes import enable_grad
from ..ops.inplace import zero_gradient
from ..storage import Storage, written
from ..tensor import RemovableHandle, Tensor, wrap
from .plan import Plan, Table, fitting, steps

# The options that kernels read, members of ag_group: by their own names, or in pairs.
NUMBERS = (
    "lr", "weight_decay", "eps", "momentum", "dampening", "alpha", "rho", "lr_decay", "momentum_decay", "lambd", "t0",
)  # fmt: skip
FLAGS = ("nesterov", "maximize", "amsgrad", "centered", "decoupled_weight_decay")
PAIRS = {
    "betas": ("beta1", "beta2"), "etas": ("eta_minus", "eta_plus"), "step_sizes": ("step_size_min", "step_size_max"),
}  # fmt: skip
AT_LEAST_0 = {
    "lr": "learning rate", "eps": "epsilon value", "weight_decay": "weight_decay value", "momentum": "momentum value",
    "alpha": "alpha value", "lr_decay": "lr_decay value", "momentum_decay": "momentum_decay value",
    "initial_accumulator_value": "initial_accumulator_value value",
}  # fmt: skip


class Optimizer:
    """Base class: a subclass names its kernel, its defaults and its state, or writes a ``step`` of its own.

    params
        Tensors, or dicts with "params" and options of their own (parameter groups), or (name, tensor) pairs.
    """

    kernel: str = ""
    buffers: tuple[str | None, ...] = ()
    """The tensors of a parameter's state in the kernel's order (m, v, vmax)."""
    counts: tuple[str, ...] = ("step",)
    """The numbers of a parameter's state; the kernel keeps them in its group, by the same names."""

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]):
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got Tensor"
            )
        self._check(defaults)
        self.defaults = defaults
        self._state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._plans: dict[int, Plan] = {}
        self._read = [name for name in defaults if name in NUMBERS or name in FLAGS or name in PAIRS]
        self._options: Any = itemgetter(*self._read) if self._read else None  # else step() is the subclass's own
        self._pre_hooks: dict[Any, Callable] = {}
        self._post_hooks: dict[Any, Callable] = {}
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
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        group = dict(param_group)
        params, names = _named(group["params"])
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
        if names:
            group["param_names"] = names
        if any(("param_names" in g) != ("param_names" in group) for g in self.param_groups):
            how = "with names" if names else "without names"
            raise ValueError(
                "all optimizer param groups should be with/without names. cannot add param group "
                f"{how} to the optimizer"
            )
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

    # --- steps --------------------------------------------------------------------------------------------------------

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
        state = self._state
        if (
            plan is None
            or plan.state is not state
            or len(state) < plan.entries  # some state was cleared
            or not plan.collect(group["params"])
        ):
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
        before = plan.options
        if options != before:
            if plan.needs != self._needs(group):
                return False
            for n, (name, value) in enumerate(zip(self._read, options)):
                if before is None or value != before[n]:
                    for table in plan.tables:
                        _write_option(table.group, name, value)
            plan.options = None if any(isinstance(value, Tensor) for value in options) else options
        return True

    def is_current(self, plans: list[tuple[int, Plan]]) -> bool:
        """Whether the next step would go by these plans, one per parameter group, as long as the parameters' edges and
        memory are the same; brings the options up to date. For who takes steps without step()."""
        if len(plans) != len(self.param_groups):
            return False
        state = self._state
        for index, plan in plans:
            group = self.param_groups[index]
            params, known = group["params"], plan.params
            if len(params) != len(known) or not all(map(is_, params, known)):
                return False
            if plan.idle and any(map(steps, plan.idle)):
                return False
            if self._plans.get(index) is not plan or plan.state is not state or len(state) < plan.entries:
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
        state, needs = self.state, self._needs(group)
        by_kind: dict[Any, list[Tensor]] = {}
        for p in group["params"]:
            if not steps(p):
                continue
            if not p._array.contiguous or not p._array.storage.writable:
                raise RuntimeError(
                    f"the optimizer needs contiguous, writable parameters; one of shape {list(p.shape)} is not: give "
                    "it p.data.clone()"
                )
            own = state.get(p, {})
            self._begin(group, p, own, needs)
            if own:
                state[p] = own
            by_kind.setdefault((p.dtype, *self._counts(p, own).items()), []).append(p)
        tables = [
            Table(d, dict(counts), same, [self._arrays(state.get(p, {}), needs) for p in same])
            for (d, *counts), same in by_kind.items()
        ]
        for p, buffers in ((p, b) for table in tables for p, b in zip(table.tensors, table.states)):
            for buffer in buffers:
                if buffer is not None and fitting(wrap(buffer), p._array, "the optimizer's state") is not buffer:
                    raise RuntimeError(f"the optimizer's state of a parameter of {list(p.shape)} is not contiguous")
        table_of = {p: table for table in tables for p in table.tensors}
        known = []
        for p in group["params"]:
            add = table_of[p].grads.append if p in table_of else None
            known.append((p._edge, p._array, p._array.layout, add))
        return Plan(list(group["params"]), known, tables, needs, state)

    def _arrays(self, own: dict[str, Any], needs: tuple[str, ...]) -> tuple:
        """The state's buffers in the kernel's order."""
        return tuple([own[name]._array if name in needs else None for name in self.buffers])

    # --- what a rule may have of its own ------------------------------------------------------------------------------

    def _check(self, group: dict[str, Any]) -> None:
        """Raise for a bad option; an optimizer of one's own may mean something else by a name."""
        if self.kernel:
            check_options(type(self).__name__, group)

    def _needs(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Which of the buffers these options ask for."""
        return tuple([name for name in self.buffers if name is not None])

    def _first(self, name: str, group: dict[str, Any]) -> float:
        """What a buffer or a count of a parameter's state starts with."""
        return 0.0

    def _begin(self, group: dict[str, Any], p: Tensor, own: dict[str, Any], needs: tuple[str, ...]) -> None:
        """Make what is missing of the parameter's own state."""
        for name in self.counts:
            if name not in own:
                own[name] = _scalar(self._first(name, group))
        for name in needs:
            if name not in own:
                own[name] = p.new_full(p.shape, self._first(name, group))

    def _counts(self, p: Tensor, own: dict[str, Any]) -> dict[str, float]:
        """What the kernel counts, as the parameter's state has it."""
        return {name: int(own[name]) if name == "step" else float(own[name]) for name in self.counts}

    def _note(self, p: Tensor, own: dict[str, Any], group: Any) -> None:
        """Write what the kernel has counted into the parameter's state."""
        for name in self.counts:
            own[name] = _scalar(getattr(group, name))

    # --- state --------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> defaultdict[Tensor, dict[str, Any]]:
        """Per parameter, what the rule remembers: tensors of its shape, and numbers such as ``step``."""
        for plan in self._plans.values():
            for table in plan.tables:
                for p in table.tensors:
                    if p in self._state:  # else the user cleared it
                        self._note(p, self._state[p], table.group)
        return self._state

    @state.setter
    def state(self, value: defaultdict[Tensor, dict[str, Any]]) -> None:
        self._state = value

    def state_dict(self) -> dict[str, Any]:
        """{"state": per parameter index, "param_groups": options with parameter indices}, as PyTorch's."""
        index = {p: i for i, p in enumerate(p for g in self.param_groups for p in g["params"])}
        groups = [
            {**{k: v for k, v in g.items() if k != "params"}, "params": [index[p] for p in g["params"]]}
            for g in self.param_groups
        ]
        state = {index[p]: dict(own) for p, own in self.state.items() if p in index}
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
        state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        for key, p in zip(keys, params):
            if key in state_dict["state"]:
                state[p] = {name: self._loaded(p, name, value) for name, value in state_dict["state"][key].items()}
        for mine, theirs in zip(self.param_groups, groups):
            mine.update({k: copy.deepcopy(v) for k, v in theirs.items() if k != "params"})
        self._state = state
        self._plans = {}

    def _loaded(self, p: Tensor, name: str, value: Any) -> Any:
        """A copy of a value for a parameter's state; ValueError where it does not fit."""
        if isinstance(value, list):
            return [self._loaded(p, name, each) for each in value]
        if not isinstance(value, Tensor):
            return copy.deepcopy(value)
        if name in self.counts:
            return value.detach().clone()
        if name in self.buffers and value.shape != p.shape:
            raise ValueError(f"loaded state {name!r} has shape {list(value.shape)}, its parameter {list(p.shape)}")
        return value.detach().to(p.dtype).clone()

    def __getstate__(self) -> dict[str, Any]:
        """For copying and pickling: without the plans, which point into memory, and without hooks."""
        _ = self.state  # brings the counts up to date
        kept = {k: v for k, v in self.__dict__.items() if k != "step"}
        return {**kept, "_plans": {}, "_pre_hooks": {}, "_post_hooks": {}}

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for i, group in enumerate(self.param_groups):
            lines = [f"    {k}: {group[k]}\n" for k in sorted(group) if k != "params"]
            text += f"\nParameter Group {i}\n" + "".join(lines)
        return text + ")"

    # --- hooks --------------------------------------------------------------------------------------------------------

    def register_step_pre_hook(self, hook: Callable[[Optimizer, tuple, dict], Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return other (args, kwargs). As in PyTorch,
        args begin with the optimizer."""
        return self._watch(self._pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[[Optimizer, tuple, dict], None]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return self._watch(self._post_hooks, hook)

    def _watch(self, hooks: dict[Any, Callable], hook: Callable) -> RemovableHandle:
        if "step" not in self.__dict__:
            self.step = _hooked(ref(self), type(self).step)  # type: ignore[method-assign]
        return RemovableHandle(hooks, hook)

    def has_hooks(self) -> bool:
        """Whether functions are called before or after each step."""
        return bool(self._pre_hooks or self._post_hooks)


def _hooked(optimizer: ref[Optimizer], step: Callable) -> Callable:
    """``optimizer.step`` with the hooks around it."""

    @wraps(step)
    def hooked(*args, **kwargs):
        self = optimizer()
        args = (self, *args)
        for hook in list(self._pre_hooks.values()):
            changed = hook(self, args, kwargs)
            if changed is not None:
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(
                        f"{step} must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                    )
                args, kwargs = changed
        result = step(*args, **kwargs)
        for hook in list(self._post_hooks.values()):
            hook(self, args, kwargs)
        return result

    return hooked


def check_options(optimizer: str, group: dict[str, Any]) -> None:
    """Raise for options that no rule takes."""
    if isinstance(group.get("lr"), Tensor) and group["lr"].numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    for name, called in AT_LEAST_0.items():
        if name in group and not isinstance(group[name], Tensor) and not group[name] >= 0.0:
            raise ValueError(f"Invalid {called}: {group[name]}")
    for i, beta in enumerate(group.get("betas", ())):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
    if group.get("fused") and group.get("foreach"):
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if group.get("differentiable"):
        raise NotImplementedError(
            f"{optimizer}: differentiable=True is not implemented, a step is a kernel call that records "
            "nothing: write the update with tensor ops, as in p - lr * g"
        )


def _named(params: Any) -> tuple[list, list[str]]:
    """The tensors, and their names where they came with names."""
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
            "will change between runs. Please use a list instead."
        )
    params = [params] if isinstance(params, Tensor) else list(params)
    names = [p[0] for p in params if isinstance(p, tuple)]
    if names and len(names) != len(params):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    return [p[1] if isinstance(p, tuple) else p for p in params], names


def _write_option(c: Any, name: str, value: Any) -> None:
    """Write an option where the kernel reads it."""
    if name in PAIRS:
        for field, each in zip(PAIRS[name], value):
            setattr(c, field, float(each))
    else:
        setattr(c, name, bool(value) if name in FLAGS else float(value))


def _scalar(value: float) -> Tensor:
    """A number of a parameter's state."""
    return tensor(float(value), dtype=float64 if get_default_dtype() is float64 else float32)
