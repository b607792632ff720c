"""A module's state: its parameters and buffers by dotted name, taken out and put back.

>>> from autograd import nn
>>> a, b = nn.Linear(2, 1), nn.Linear(2, 1)
>>> b.load_state_dict(a.state_dict())
<All keys matched successfully>

What a module's ``get_extra_state()`` returns, if it has this method, is saved beside them under "_extra_state" and
given to its ``set_extra_state(state)``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ...modes import no_grad
from ...tensor import Tensor
from ..parameter import Parameter

if TYPE_CHECKING:
    from .module import Module

EXTRA = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """The keys that a state dict lacked, and those that the module did not know."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def save(module: Module, into: Any, prefix: str, keep_vars: bool) -> None:
    """Put the tensors of a module and of those within it into a dict, each name after ``prefix``."""
    _call(module, "before saving", prefix, keep_vars)
    for name, value in _own(module):
        into[prefix + name] = value if keep_vars else value.detach()
    if hasattr(module, "get_extra_state"):
        into[prefix + EXTRA] = module.get_extra_state()
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(destination=into, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    _call(module, "after saving", into, prefix, {})


def load(root: Module, given: Mapping[str, Any], strict: bool, assign: bool) -> IncompatibleKeys:
    """Give a module the values of a state dict: all of them, or, where anything does not fit, none."""
    if not isinstance(given, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(given)}.")
    given = OrderedDict(given)
    modules = [(f"{path}." if path else "", m) for path, m in root.named_modules(remove_duplicate=False)]
    keys, problems = IncompatibleKeys([], []), []  # type: ignore[var-annotated]
    for prefix, module in modules:
        _call(module, "before loading", given, prefix, {}, strict, *keys, problems)
    places = {prefix + name: (module, name, value) for prefix, module in modules for name, value in _own(module)}
    extra = {prefix + EXTRA: module for prefix, module in modules if hasattr(module, "set_extra_state")}
    keys.missing_keys.extend(k for k in (*places, *extra) if k not in given)
    keys.unexpected_keys.extend(k for k in given if k not in places and k not in extra)
    problems += [_misfit(k, given[k], value) for k, (_, _, value) in places.items() if k in given]
    _refuse(root, keys if strict else IncompatibleKeys([], []), [p for p in problems if p])
    for k in given:
        if k in places:
            _put(*places[k], given[k], assign)
        elif k in extra:
            extra[k].set_extra_state(given[k])
    for _, module in reversed(modules):
        _call(module, "after loading", keys)
    return keys


def _own(module: Module) -> Iterator[tuple[str, Tensor]]:
    """The parameters and persistent buffers of a module itself."""
    for name, p in module._parameters.items():
        if p is not None:
            yield name, p
    for name, b in module._buffers.items():
        if b is not None and name not in module._non_persistent:
            yield name, b


def _call(module: Module, when: str, *args: Any) -> None:
    for hook in tuple(module._state_hooks.values()):
        if hook.when == when:
            hook.function(module, *args)


def _misfit(key: str, given: Any, own: Tensor) -> str:
    """Why a value cannot be that of a parameter or buffer; nothing if it can."""
    if not isinstance(given, Tensor):
        return (
            f'While copying the parameter named "{key}", expected a Tensor from checkpoint but received {type(given)}: '
            "autograd.tensor() makes one"
        )
    if given.shape != own.shape:
        return (
            f"size mismatch for {key}: copying a param with shape {given.shape} from checkpoint, the shape in current "
            f"model is {own.shape}."
        )
    return ""


def _refuse(root: Module, keys: IncompatibleKeys, problems: list[str]) -> None:
    """Raise where there are keys to refuse, or problems: all in one error."""
    for kind, found in (("Unexpected", keys.unexpected_keys), ("Missing", keys.missing_keys)):
        if found:
            problems.insert(0, f"{kind} key(s) in state_dict: " + ", ".join(f'"{k}"' for k in found) + ". ")
    if problems:
        raise RuntimeError(f"Error(s) in loading state_dict for {type(root).__name__}:\n\t" + "\n\t".join(problems))


@no_grad()
def _put(module: Module, name: str, own: Tensor, value: Tensor, assign: bool) -> None:
    if not assign:
        own.copy_(value)
    elif isinstance(own, Parameter):
        setattr(module, name, Parameter(value, own.requires_grad))
    else:
        setattr(module, name, value)
