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

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from ...ops.inplace import zero_gradient
from ...storage import note_change
from ...study import tracing
from ...tensor import Tensor
from ..parameter import Parameter
from . import hooks, state
from .conversion import Converted


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


class Module(hooks.Hooked, Converted):
    """Base class of all layers and nets: subclasses set parameters and modules in ``__init__`` and define ``forward``.

    Parameters, buffers and modules are ordinary attributes; ``_parameters``, ``_buffers`` and ``_modules`` list them by
    name.
    """

    training: bool
    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _non_persistent: set[str]

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self) -> None:
        d = self.__dict__
        d["training"] = True
        d["_parameters"], d["_buffers"], d["_modules"] = _Members(), _Members(), _Members()
        d["_non_persistent"] = set()
        d["_hooks"], d["_state_hooks"] = {}, {}

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
            if name not in d["_parameters"]:  # what the instance has gives way; a method of the class does not
                self._forget(name)
                d.pop(name, None)
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

    def _check_name(self, name: str, what: str, kind: str) -> None:
        """Raise unless a parameter, buffer or module may have this name."""
        if kind not in self.__dict__:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{what} name should be a string. Got {type(name).__name__}")
        if "." in name:
            raise KeyError(f'{what} name can\'t contain ".", got: {name}')
        if not name:
            raise KeyError(f'{what} name can\'t be empty string ""')
        if hasattr(self, name) and name not in self.__dict__[kind]:
            raise KeyError(f"attribute '{name}' already exists")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under a name."""
        self._check_name(name, "parameter", "_parameters")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{type(param).__name__}' object to parameter '{name}' (autograd.nn.Parameter or None "
                "required)"
            )
        if param is not None and not param.is_leaf:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly: "
                "what is computed from others belongs into forward()"
            )
        self._parameters[name] = self.__dict__[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the module but is not learned; it is saved with the state if ``persistent``."""
        self._check_name(name, "buffer", "_buffers")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' (Tensor or None required)"
            )
        self._buffers[name] = self.__dict__[name] = tensor
        (self._non_persistent.discard if persistent else self._non_persistent.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a module under a name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._check_name(name, "module", "_modules")
        self._modules[name] = self.__dict__[name] = module

    def register_module(self, name: str, module: Module | None) -> None:
        """Another name of :meth:`add_module`."""
        self.add_module(name, module)

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

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all within."""
        return (m for _, m in self.named_modules(remove_duplicate=remove_duplicate))

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
        walk = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
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
        """The module with this dotted name; this one if it is empty."""
        module: Module = self
        for name in target.split(".") if target else ():
            module = _member(module, name, target, Module, "an nn.Module")
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module under a dotted name, in place of the one that is there or, unless ``strict``, anew."""
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict or hasattr(parent, name):
            _member(parent, name, target, Module, "an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter with this dotted name."""
        path, _, name = target.rpartition(".")
        return _member(self.get_submodule(path), name, target, Parameter, "an nn.Parameter")

    def get_buffer(self, target: str) -> Tensor:
        """The buffer with this dotted name."""
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        found = _member(owner, name, target, Tensor, "a buffer")
        if name not in owner._buffers:
            raise AttributeError(f"`{name}` is not a buffer (looking for '{target}')")
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
        self.training = mode
        for child in self.children():
            child.train(mode)
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

    def state_dict(self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> Any:
        """Parameters and persistent buffers by dotted name, sharing memory with the module; detached, unless
        ``keep_vars``. They are put into ``destination``, if one is given."""
        destination = OrderedDict() if destination is None else destination
        state.save(self, destination, prefix, keep_vars)
        return destination

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> state.IncompatibleKeys:
        """Copy values into parameters and buffers by name: all of them, or, where anything does not fit, none.

        strict
            Whether a missing or unexpected key is an error, or just returned.
        assign
            Whether the tensors themselves take the place of those that are there, with their dtype.

        Raises RuntimeError that lists every missing and unexpected key and, strict or not, every shape that differs.
        """
        return state.load(self, state_dict, strict, assign)

    # --- copies and printing ------------------------------------------------------------------------------------------

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Refused: what is compiled here is a step, by ``autograd.capture``."""
        raise NotImplementedError("Module.compile is not implemented: autograd.capture records and replays a step")

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
        if not children and "\n" not in extra:
            return f"{type(self).__name__}({extra})"
        lines = (extra.split("\n") if extra else []) + children
        return f"{type(self).__name__}(\n  " + "\n  ".join(lines) + "\n)"

    def __dir__(self) -> list[str]:
        return sorted(name for name in super().__dir__() if not name[0].isdigit())


def _member(module: Module, name: str, target: str, kind: type, described: str) -> Any:
    """What a module has under a name, which has to be of a kind."""
    if not hasattr(module, name):
        raise AttributeError(f"{type(module).__name__} has no attribute `{name}` (looking for '{target}')")
    found = getattr(module, name)
    if not isinstance(found, kind):
        raise AttributeError(f"`{name}` is not {described} (looking for '{target}')")
    return found
