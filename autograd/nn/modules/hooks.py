"""Functions that are called around a module's forward and backward.

>>> from autograd import nn, ones
>>> layer = nn.Linear(2, 1)
>>> handle = layer.register_full_backward_hook(lambda module, grad_input, grad_output: print(grad_output))
>>> layer(ones(1, 2, requires_grad=True)).sum().backward()
(tensor([[1.]]),)
>>> handle.remove()
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ...tensor import RemovableHandle, Tensor


class Hook(NamedTuple):
    """A function and when it is called: before or after forward, backward, saving a state dict, loading one."""

    when: str
    function: Callable
    with_kwargs: bool = False
    always: bool = False


def _register(hooks: dict, hook: Hook, prepend: bool = False) -> RemovableHandle:
    """Add a hook, after those that are there or before them."""
    handle = RemovableHandle(hooks, hook)
    if prepend:
        for key in list(hooks)[:-1]:
            hooks[key] = hooks.pop(key)
    return handle


class Hooked:
    """The methods of a module that add hooks; ``remove()`` of what they return takes the hook away again."""

    _hooks: dict[int, Hook]
    _state_hooks: dict[int, Hook]

    def register_forward_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)``, or with kwargs after args, after forward; what it returns replaces the
        output. With ``always_call`` also where forward raises, with None as the output."""
        return _register(self._hooks, Hook("after forward", hook, with_kwargs, always_call), prepend)

    def register_forward_pre_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before forward; what it returns replaces the arguments. With kwargs it is called
        as ``hook(module, args, kwargs)`` and returns both."""
        return _register(self._hooks, Hook("before forward", hook, with_kwargs), prepend)

    def register_full_backward_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the module's inputs are there; what it
        returns replaces them. Both are tuples."""
        return _register(self._hooks, Hook("after backward", hook), prepend)

    def register_full_backward_pre_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before backward goes through the module; what it returns replaces the
        gradients of its outputs."""
        return _register(self._hooks, Hook("before backward", hook), prepend)

    def register_state_dict_pre_hook(self, hook: Callable) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before the module's tensors are put into a state dict."""
        return _register(self._state_hooks, Hook("before saving", hook))

    def register_state_dict_post_hook(self, hook: Callable) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after the tensors of the module, and of those
        within, were put into a state dict, which it may change."""
        return _register(self._state_hooks, Hook("after saving", hook))

    def register_load_state_dict_pre_hook(self, hook: Callable) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)``
        before a state dict is loaded: it may rename the keys of ``state_dict``, a copy, and add to the lists."""
        return _register(self._state_hooks, Hook("before loading", hook))

    def register_load_state_dict_post_hook(self, hook: Callable) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after a state dict was loaded. It may change the lists that
        load_state_dict returns; keys that ``strict`` refuses were refused before."""
        return _register(self._state_hooks, Hook("after loading", hook))


def call(module: Any, args: tuple, kwargs: dict) -> Any:
    """module.forward(*args, **kwargs) with the module's hooks."""
    hooks = tuple(module._hooks.values())
    for hook in hooks:
        if hook.when == "before forward":
            args, kwargs = _changed_arguments(module, hook, args, kwargs)
    around = _Backward(module, hooks) if any(h.when.endswith("backward") for h in hooks) else None
    finished = False
    result = None
    try:
        if around is not None:
            args = around.inputs(args)
        result = module.forward(*args, **kwargs)
        for hook in hooks:
            if hook.when == "after forward":
                result = _after(module, hook, args, kwargs, result)
        finished = True
        return result if around is None else around.outputs(result)
    finally:
        if not finished:
            for hook in hooks:
                if hook.when == "after forward" and hook.always:
                    _after(module, hook, args, kwargs, result)


def _changed_arguments(module: Any, hook: Hook, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    changed = hook.function(module, args, kwargs) if hook.with_kwargs else hook.function(module, args)
    if changed is None:
        return args, kwargs
    if not hook.with_kwargs:
        return (changed if isinstance(changed, tuple) else (changed,)), kwargs
    if not isinstance(changed, tuple) or len(changed) != 2:
        raise RuntimeError(
            f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
        )
    return changed


def _after(module: Any, hook: Hook, args: tuple, kwargs: dict, result: Any) -> Any:
    changed = hook.function(module, args, kwargs, result) if hook.with_kwargs else hook.function(module, args, result)
    return result if changed is None else changed


class _Backward:
    """A call whose backward is watched: its inputs and its outputs pass through a node each."""

    def __init__(self, module: Any, hooks: tuple[Hook, ...]):
        self.module = module
        self.before = [h.function for h in hooks if h.when == "before backward"]
        self.after = [h.function for h in hooks if h.when == "after backward"]
        self.grad_output: tuple = ()
        self.watches_inputs = False

    def inputs(self, args: tuple) -> tuple:
        self.watches_inputs = any(isinstance(a, Tensor) and a.requires_grad for a in args)
        self.count = sum(isinstance(a, Tensor) for a in args)
        return _through(args, self._inputs_arrived) if self.watches_inputs and self.after else args

    def outputs(self, result: Any) -> Any:
        if isinstance(result, Tensor):
            return _through((result,), self._outputs_arrived)[0]
        if isinstance(result, tuple) and not hasattr(result, "_fields"):
            return _through(result, self._outputs_arrived)
        raise RuntimeError(
            "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
            f"{type(result).__name__}"
        )

    def _outputs_arrived(self, gradients: tuple) -> tuple:
        for hook in self.before:
            gradients = _replaced(hook(self.module, gradients), gradients, "backward pre-hook")
        self.grad_output = gradients
        if not self.watches_inputs:
            for hook in self.after:
                hook(self.module, (None,) * self.count, gradients)
        return gradients

    def _inputs_arrived(self, gradients: tuple) -> tuple:
        for hook in self.after:
            gradients = _replaced(hook(self.module, gradients, self.grad_output), gradients, "backward hook")
        return gradients


def _replaced(changed: Any, gradients: tuple, name: str) -> tuple:
    if changed is None:
        return gradients
    changed = changed if isinstance(changed, tuple) else (changed,)
    if len(changed) != len(gradients):
        raise RuntimeError(f"{name} returned {len(changed)} gradients, but {len(gradients)} were expected")
    return changed


def _through(values: tuple, arrived: Callable[[tuple], tuple]) -> tuple:
    """The same values, their tensors as outputs of one node that calls ``arrived`` with their gradients."""
    from ...autograd import Function

    class BackwardHookFunction(Function):
        @staticmethod
        def forward(ctx, *tensors):
            ctx.set_materialize_grads(False)
            return tensors

        @staticmethod
        def backward(ctx, *gradients):
            return arrived(gradients)

    tensors = iter(BackwardHookFunction.apply(*[v for v in values if isinstance(v, Tensor)]))
    return tuple([next(tensors) if isinstance(v, Tensor) else v for v in values])
