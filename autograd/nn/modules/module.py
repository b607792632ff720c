"""Module: parameters, buffers and the modules within, by name.

>>> from autograd import nn
>>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
>>> net
Sequential(
  (0): Linear(in_features=2, out_features=3, bias=True)
  (1): ReLU()
)
>>> [(name, tuple(p.shape)) for name, p in net.named_parameters()]
[('0.weight', (3, 2)), ('0.bias', (3,))]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from ...modes import no_grad
from ...ops.inplace import zero_gradient
from ...storage import note_change
from ...study import tracing
from ...tensor import RemovableHandle, Tensor
from ..parameter import Parameter
from . import hooks


def _noting(name: str) -> Callable:
    method = getattr(dict, name)

    def change(self: dict, *args: Any, **kwargs: Any) -> Any:
        note_change()
        return method(self, *args, **kwargs)

    return change


class _Members(dict):
    """What a module has under names; who changes it is noticed."""

    __setitem__, __delitem__, __ior__ = _noting("__setitem__"), _noting("__delitem__"), _noting("__ior__")
    clear, pop, popitem = _noting("clear"), _noting("pop"), _noting("popitem")
    setdefault, update = _noting("setdefault"), _noting("update")


class Module:
    """Base class of all layers and nets: subclasses set parameters and modules in ``__init__`` and define ``forward``.

    Parameters, buffers and modules are ordinary attributes; ``_parameters``, ``_buffers`` and ``_modules`` list them by
    name.
    """

    training: bool
    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _non_persistent: set[str]
    _hooks: dict[int, hooks.Hook]

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self) -> None:
        d = self.__dict__
        d["training"] = True
        d["_parameters"], d["_buffers"], d["_modules"] = _Members(), _Members(), _Members()
        d["_non_persistent"] = set()
        d["_hooks"] = {}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if tracing.active or self._hooks:
            with tracing.module(self):
                return hooks.call(self, args, kwargs)
        if kwargs:
            return self.forward(*args, **kwargs)
        return self.forward(args[0]) if len(args) == 1 else self.forward(*args)  # what unpacks less is faster

    # --- attributes ---------------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        note_change()
        d = self.__dict__
        if "_parameters" not in d:
            if isinstance(value, (Parameter, Module)):
                what = "parameters" if isinstance(value, Parameter) else "module"
                raise AttributeError(f"cannot assign {what} before Module.__init__() call")
            d[name] = value
            return
        if isinstance(value, Parameter):
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            self._forget(name, "_modules")
            d["_modules"][name] = d[name] = value
        elif name in d["_parameters"]:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{type(value).__name__}' as parameter '{name}' "
                    "(autograd.nn.Parameter or None expected)"
                )
            d["_parameters"][name] = d[name] = None
        elif name in d["_buffers"]:
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{type(value).__name__}' object to buffer '{name}' (Tensor or None required)"
                )
            d["_buffers"][name] = d[name] = value
        else:
            if name in d["_modules"]:
                if value is not None:
                    raise TypeError(
                        f"cannot assign '{type(value).__name__}' as child module '{name}' (Module or None expected)"
                    )
                d["_modules"][name] = None
            d[name] = value

    def __delattr__(self, name: str) -> None:
        if name not in self.__dict__:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        self._forget(name)
        del self.__dict__[name]
        note_change()

    def _forget(self, name: str, but: str = "") -> None:
        for kind in ("_parameters", "_buffers", "_modules"):
            if kind != but:  # what is replaced by its like keeps its place in the order
                self.__dict__[kind].pop(name, None)

    def _check_name(self, name: str) -> None:
        if not isinstance(name, str) or "." in name or not name:
            raise KeyError(f"a name must be a non-empty string without '.', got {name!r}")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under a name."""
        self._check_name(name)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{type(param).__name__}' object to parameter '{name}' (autograd.nn.Parameter or None "
                "required)"
            )
        if param is not None and not param.is_leaf:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}': model parameters must be created explicitly"
            )
        self._forget(name, "_parameters")
        self._parameters[name] = self.__dict__[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the state but is not learned."""
        self._check_name(name)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' (Tensor or None required)"
            )
        self._forget(name, "_buffers")
        self._buffers[name] = self.__dict__[name] = tensor
        (self._non_persistent.discard if persistent else self._non_persistent.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a module under a name."""
        self._check_name(name)
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._forget(name, "_modules")
        self._modules[name] = self.__dict__[name] = module

    register_module = add_module

    # --- walking ------------------------------------------------------------------------------------------------------

    def named_modules(
        self, memo: set | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all within, each once, with dotted names."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all within."""
        return (m for _, m in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly within, by name."""
        seen = set()
        for name, m in self._modules.items():
            if m is not None and m not in seen:
                seen.add(m)
                yield name, m

    def children(self) -> Iterator[Module]:
        """The modules directly within."""
        return (m for _, m in self.named_children())

    def _named(self, kind: str, prefix: str, recurse: bool, remove_duplicate: bool = True) -> Iterator[tuple[str, Any]]:
        seen = set()
        walk = self.named_modules(prefix=prefix) if recurse else [(prefix, self)]
        for path, module in walk:
            for name, value in getattr(module, kind).items():
                if value is None or (remove_duplicate and value in seen):
                    continue
                seen.add(value)
                yield (f"{path}.{name}" if path else name), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with dotted names, shared ones once."""
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, shared ones once."""
        return (p for _, p in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with dotted names."""
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers."""
        return (b for _, b in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The module with this dotted name."""
        module: Module = self
        for name in target.split(".") if target else ():
            found = module._modules.get(name)
            if found is None:
                raise AttributeError(f"{type(module).__name__} has no submodule '{name}' (looking for '{target}')")
            module = found
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter with this dotted name."""
        path, _, name = target.rpartition(".")
        found = self.get_submodule(path)._parameters.get(name)
        if found is None:
            raise AttributeError(f"{type(self).__name__} has no parameter '{target}'")
        return found

    def apply(self, fn: Callable[[Module], None]) -> Module:
        """Call ``fn`` on every module within, then on this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    # --- state --------------------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Module:
        """Training mode (dropout and the like), for this module and all within."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        for m in self.modules():
            m.training = mode
        return self

    def eval(self) -> Module:
        """Evaluation mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Whether the parameters learn."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the parameters' gradients, or set them to 0."""
        for p in self.parameters():
            if set_to_none:
                p.grad = None
            else:
                zero_gradient(p)

    def to(self, *args: Any, **kwargs: Any) -> Module:
        """Convert floating-point parameters and buffers to a dtype; devices other than "cpu" are refused."""
        from ...ops.cast import destination

        dtype, _ = destination(*args, **kwargs)
        if dtype is None:
            return self
        if not dtype.is_floating_point:
            raise TypeError(f"nn.Module.to only accepts floating point dtypes, but got desired dtype={dtype}")
        with no_grad():
            for module in self.modules():
                for p in module._parameters.values():
                    if p is not None and p.is_floating_point():
                        g, p.grad = p.grad, None
                        p.data = p.detach().to(dtype)
                        if g is not None:
                            p.grad = g.to(dtype)
                for name, b in module._buffers.items():
                    if b is not None and b.is_floating_point():
                        setattr(module, name, b.to(dtype))
        return self

    def half(self) -> Module:
        """As ``to(float16)``."""
        from ...dtypes import float16

        return self.to(float16)

    def float(self) -> Module:
        """As ``to(float32)``."""
        from ...dtypes import float32

        return self.to(float32)

    def double(self) -> Module:
        """As ``to(float64)``."""
        from ...dtypes import float64

        return self.to(float64)

    def cpu(self) -> Module:
        return self

    def state_dict(self, *, prefix: str = "") -> dict[str, Tensor]:
        """Parameters and persistent buffers by dotted name, sharing memory with the module."""
        state: dict[str, Tensor] = {}
        for path, module in self.named_modules(prefix=prefix.rstrip("."), remove_duplicate=False):
            own = {
                **module._parameters,
                **{k: v for k, v in module._buffers.items() if k not in module._non_persistent},
            }
            for name, value in own.items():
                if value is not None:
                    state[f"{path}.{name}" if path else name] = value.detach()
        return state

    def load_state_dict(self, state_dict: Mapping[str, Tensor], strict: bool = True) -> _LoadResult:
        """Copy values into parameters and buffers by name: all of them, or, where anything does not fit, none.

        Raises RuntimeError that lists every missing and unexpected key (unless not ``strict``) and every shape that
        differs.
        """
        own = self.state_dict()
        missing = [k for k in own if k not in state_dict]
        unexpected = [k for k in state_dict if k not in own]
        problems = []
        if strict and unexpected:
            problems.append("Unexpected key(s) in state_dict: " + ", ".join(f'"{k}"' for k in unexpected) + ". ")
        if strict and missing:
            problems.append("Missing key(s) in state_dict: " + ", ".join(f'"{k}"' for k in missing) + ". ")
        for k, value in state_dict.items():
            if k not in own:
                continue
            if not isinstance(value, Tensor):
                problems.append(f"{k}: expected a Tensor, got {type(value).__name__}.")
            elif value.shape != own[k].shape:
                problems.append(
                    f"size mismatch for {k}: copying a param with shape {value.shape} from checkpoint, the shape in "
                    f"current model is {own[k].shape}."
                )
        if problems:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(problems))
        with no_grad():
            for k, value in state_dict.items():
                if k in own:
                    own[k].copy_(value)
        return _LoadResult(missing, unexpected)

    # --- hooks and printing -------------------------------------------------------------------------------------------

    def register_forward_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)``, or with kwargs after args, after forward; what it returns replaces the
        output. With ``always_call`` also where forward raises, with None as the output."""
        return hooks.register(self, hooks.Hook("after forward", hook, with_kwargs, always_call), prepend)

    def register_forward_pre_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before forward; what it returns replaces the arguments. With kwargs it is called
        as ``hook(module, args, kwargs)`` and returns both."""
        return hooks.register(self, hooks.Hook("before forward", hook, with_kwargs), prepend)

    def register_full_backward_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the module's inputs are there; what it
        returns replaces them. Both are tuples."""
        return hooks.register(self, hooks.Hook("after backward", hook), prepend)

    def register_full_backward_pre_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before backward goes through the module; what it returns replaces the
        gradients of its outputs."""
        return hooks.register(self, hooks.Hook("before backward", hook), prepend)

    def __deepcopy__(self, memo: dict) -> Module:
        copied = object.__new__(type(self))
        memo[id(self)] = copied
        for name, value in self.__dict__.items():
            try:
                copied.__dict__[name] = deepcopy(value, memo)
            except RuntimeError as error:
                raise RuntimeError(f"{type(self).__name__}.{name}: {error}") from None
        return copied

    def extra_repr(self) -> str:
        """What prints between the parentheses."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        children = [f"({name}): " + repr(m).replace("\n", "\n  ") for name, m in self._modules.items()]
        if not children:
            return f"{type(self).__name__}({extra})"
        lines = ([extra] if extra else []) + children
        return f"{type(self).__name__}(\n  " + "\n  ".join(lines) + "\n)"


class _LoadResult(tuple):
    """(missing_keys, unexpected_keys)"""

    def __new__(cls, missing: list[str], unexpected: list[str]):
        return tuple.__new__(cls, (missing, unexpected))

    @property
    def missing_keys(self) -> list[str]:
        return self[0]

    @property
    def unexpected_keys(self) -> list[str]:
        return self[1]

    def __repr__(self) -> str:
        if not self[0] and not self[1]:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self[0]}, unexpected_keys={self[1]})"
