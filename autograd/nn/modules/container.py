"""Modules that hold modules or parameters, by number or by name.

>>> from autograd import nn
>>> len(nn.Sequential(nn.Linear(2, 3), nn.ReLU()))
2
"""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any, TypeVar

from ...ops import linalg
from ...study import tracing
from ...tensor import Tensor
from ..parameter import Parameter
from .activation import ReLU, Sigmoid, Tanh
from .linear import Linear
from .module import Module

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]

S = TypeVar("S", bound="_Numbered")


def _place(index: Any, n: int) -> int:
    """An index into ``n`` members, counted from the front."""
    index = operator.index(index)
    if not -n <= index < n:
        raise IndexError(f"index {index} is out of range")
    return index % n


def _pairs(members: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The names and members of a mapping, or of an iterable of pairs."""
    if not isinstance(members, Iterable):
        raise TypeError(
            f"{name}.update should be called with an iterable of key/value pairs, but got {type(members).__name__}"
        )
    if isinstance(members, Mapping) or hasattr(members, "items"):
        yield from members.items()
        return
    for i, pair in enumerate(members):
        if not isinstance(pair, Iterable):
            raise TypeError(f"{name} update sequence element #{i} should be Iterable; is {type(pair).__name__}")
        pair = tuple(pair)
        if len(pair) != 2:
            raise ValueError(f"{name} update sequence element #{i} has length {len(pair)}; 2 is required")
        yield pair


class _Numbered(Module):
    """What the containers share whose modules are called "0", "1" and so on."""

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def _key(self, index: int) -> str:
        return list(self._modules)[_place(index, len(self))]

    def __getitem__(self, index: int | slice) -> Any:
        return self._slice(index) if isinstance(index, slice) else self._modules[self._key(index)]

    def _slice(self, index: slice) -> Module:
        raise NotImplementedError

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._key(index), module)

    def __delitem__(self, index: int | slice) -> None:
        kept = list(self)
        del kept[index if isinstance(index, slice) else _place(index, len(self))]
        self._hold(kept)

    def _hold(self, modules: list[Module]) -> None:
        """Hold these modules, numbered anew, in place of those that are there."""
        for name in list(self._modules):
            delattr(self, name)
        for i, module in enumerate(modules):
            self.add_module(str(i), module)

    def append(self: S, module: Module) -> S:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self: S, modules: Iterable[Module]) -> S:
        """Add modules at the end."""
        if not isinstance(modules, Iterable):
            name = type(self).__name__
            raise TypeError(f"{name}.extend should be called with an iterable, but got {type(modules).__name__}")
        for module in list(modules):
            self.append(module)
        return self

    def pop(self, key: int) -> Module:
        """Take a module out; those after it move up."""
        module = self[key]
        del self[key]
        return module


class Sequential(_Numbered):
    """Modules one after another; an OrderedDict gives them names.

    >>> Sequential(Linear(2, 3), ReLU(), Linear(3, 1))[0]
    Linear(in_features=2, out_features=3, bias=True)
    """

    def __init__(self, *args: Any):
        super().__init__()
        named = args[0] if len(args) == 1 and isinstance(args[0], dict) else {str(i): m for i, m in enumerate(args)}
        for name, m in named.items():
            self.add_module(name, m)

    def forward(self, input: Any) -> Any:
        linear = None  # a Linear that waits for what follows it: with ReLU, Sigmoid or Tanh it is one kernel
        for module in self._modules.values():
            if linear is not None:
                op = FUSED.get(type(module))
                y = None if op is None else linalg.fuse(op, input, linear, module)
                if y is not None:
                    input, linear = y, None
                    continue
                input, linear = linear(input), None
            if type(module) is Linear and not tracing.active:
                linear = module
            else:
                input = module(input)
        return input if linear is None else linear(input)

    def _slice(self, index: slice) -> Sequential:
        return type(self)(OrderedDict(list(self._modules.items())[index]))

    def insert(self, index: int, module: Module) -> Sequential:
        """Put a module before the one at ``index``."""
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        n = len(self)
        if not -n <= index <= n:
            raise IndexError(f"Index out of range: {index}")
        index += n if index < 0 else 0
        self._hold([*list(self)[:index], module, *list(self)[index:]])
        return self

    def __add__(self, other: Sequential) -> Sequential:
        return Sequential(*self, *self._sequential(other))

    def __iadd__(self, other: Sequential) -> Sequential:
        return self.extend(self._sequential(other))

    @staticmethod
    def _sequential(other: Any) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(f"add operator supports only objects of Sequential class, but {type(other)} is given.")
        return other

    def __mul__(self, other: int) -> Sequential:
        return Sequential(*self._repeated(other))

    __rmul__ = __mul__

    def __imul__(self, other: int) -> Sequential:
        self._hold(self._repeated(other))
        return self

    def _repeated(self, times: int) -> list[Module]:
        """The same modules several times over."""
        if not isinstance(times, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(times)}")
        if times <= 0:
            raise ValueError(f"Non-positive multiplication factor {times} for {type(self)}")
        return list(self) * times


FUSED = {ReLU: linalg.LinearRelu, Sigmoid: linalg.LinearSigmoid, Tanh: linalg.LinearTanh}


class ModuleList(_Numbered):
    """A list of modules, each of them registered.

    >>> ModuleList([Linear(2, 2), Linear(2, 2), ReLU()])
    ModuleList(
      (0-1): 2 x Linear(in_features=2, out_features=2, bias=True)
      (2): ReLU()
    )
    """

    def __init__(self, modules: Iterable[Module] | None = None):
        super().__init__()
        self.extend(() if modules is None else modules)

    def _slice(self, index: slice) -> ModuleList:
        return type(self)(list(self)[index])

    def insert(self, index: int, module: Module) -> None:
        """Put a module before the one at ``index``."""
        modules = list(self)
        modules.insert(index, module)
        self._hold(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, modules: Iterable[Module]) -> ModuleList:
        return self.extend(modules)

    def __repr__(self) -> str:
        runs: list[list] = []  # [first, last, what it looks like]
        for i, module in enumerate(self):
            if runs and runs[-1][2] == repr(module):
                runs[-1][1] = i
            else:
                runs.append([i, i, repr(module)])
        if not runs:
            return f"{type(self).__name__}()"
        lines = [
            (f"({first}): {text}" if first == last else f"({first}-{last}): {last - first + 1} x {text}")
            for first, last, text in runs
        ]
        return f"{type(self).__name__}(\n  " + "\n  ".join(line.replace("\n", "\n  ") for line in lines) + "\n)"


class ModuleDict(Module):
    """Modules by name, each of them registered.

    >>> ModuleDict({"linear": Linear(2, 1), "relu": ReLU()})["relu"]
    ReLU()
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None):
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        self._modules[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Take all modules out."""
        for key in list(self):
            del self[key]

    def pop(self, key: str) -> Module:
        """Take a module out."""
        module = self[key]
        del self[key]
        return module

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._modules.keys()

    def items(self) -> ItemsView[str, Module]:
        """The names and modules."""
        return self._modules.items()

    def values(self) -> ValuesView[Module]:
        """The modules."""
        return self._modules.values()

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add the modules of a mapping, or of pairs of a name and a module, or replace them."""
        for key, module in _pairs(modules, "ModuleDict"):
            self[key] = module


# --- parameters -------------------------------------------------------------------------------------------------------


def _parameter(value: Any) -> Any:
    """A tensor as a parameter; other values may be held too, as they are."""
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


def _listed(members: Iterable[tuple[Any, Any]], kind: str) -> str:
    """What prints of the members: a line for each."""
    lines = []
    for key, value in members:
        if isinstance(value, Tensor):
            size = "x".join(map(str, value.shape))
            of = value.dtype if kind == "dtype" else value.type()
            name = "Parameter" if isinstance(value, Parameter) else "Tensor"
            lines.append(f"  ({key}): {name} containing: [{of} of size {size}]")
        else:
            lines.append(f"  ({key}): Object of type: {type(value).__name__}")
    return "\n".join(lines)


class ParameterList(Module):
    """A list whose tensors are parameters, each of them registered.

    >>> from autograd import ones
    >>> [name for name, p in ParameterList([ones(1), ones(2)]).named_parameters()]
    ['0', '1']
    """

    def __init__(self, values: Iterable[Any] | None = None):
        super().__init__()
        self._size = 0
        self.extend(() if values is None else values)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, str(_place(index, self._size)))

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, str(_place(index, self._size)), _parameter(value))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(self._size))

    def append(self, value: Any) -> ParameterList:
        """Add a value at the end."""
        setattr(self, str(self._size), _parameter(value))
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Add values at the end."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(f"ParameterList.extend should be called with an iterable, but got {type(values).__name__}")
        for value in list(values):
            self.append(value)
        return self

    __iadd__ = extend

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("ParameterList should not be called.")

    def extra_repr(self) -> str:
        return _listed(enumerate(self), "dtype")


class ParameterDict(Module):
    """A dict whose tensors are parameters, each of them registered.

    >>> from autograd import ones
    >>> ParameterDict({"scale": ones(1)})["scale"].requires_grad
    True
    """

    def __init__(self, parameters: Any = None):
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> Any:
        return getattr(self, self._checked(key))

    def __setitem__(self, key: str, value: Any) -> None:
        setattr(self, self._checked(key), _parameter(value))
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    @staticmethod
    def _checked(key: Any) -> str:
        if not isinstance(key, str):
            raise TypeError(
                "Index given to ParameterDict cannot be used as a key as it is not a string (type is "
                f"'{type(key).__name__}')."
            )
        return key

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._keys.keys()

    def items(self) -> Iterator[tuple[str, Any]]:
        """The names and values."""
        return ((k, self[k]) for k in self._keys)

    def values(self) -> Iterator[Any]:
        """The values."""
        return (self[k] for k in self._keys)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a name, or the default."""
        return getattr(self, key) if key in self._keys else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a name, which is the default where there was none."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        """Take a value out."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take the last name and value out."""
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def clear(self) -> None:
        """Take all values out."""
        for key in list(self):
            del self[key]

    def copy(self) -> ParameterDict:
        """Another dict of the same parameters."""
        return ParameterDict(self.items())

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Another dict, with one value under all names."""
        return ParameterDict((k, default) for k in keys)

    def update(self, parameters: Any) -> None:
        """Add the values of a mapping, or of pairs of a name and a value, or replace them. A plain dict's are taken in
        the order of their names."""
        found = _pairs(parameters, "ParameterDict")
        for key, value in sorted(found) if type(parameters) is dict else found:
            self[key] = value

    def __or__(self, other: Any) -> ParameterDict:
        return self.copy().__ior__(other)

    def __ror__(self, other: Any) -> ParameterDict:
        return ParameterDict(_pairs(other, "ParameterDict")).__ior__(self)

    def __ior__(self, other: Any) -> ParameterDict:
        self.update(other)
        return self

    def __call__(self, input: Any) -> Any:
        raise RuntimeError("ParameterDict should not be called.")

    def extra_repr(self) -> str:
        return _listed(self.items(), "type")
