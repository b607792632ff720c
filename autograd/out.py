"""``out=``: the results of the package's functions written into tensors that are there already, as in PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Any

from .modes import is_grad_enabled, no_grad
from .storage import empty
from .tensor import Tensor, wrap


def with_out(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with ``out=``, a tensor or one for each result; methods and operators stay without."""

    original = signature(function)
    creates = "device" in original.parameters

    @wraps(function)
    def f(*args, out=None, **kwargs):
        if out is None:
            return function(*args, **kwargs)
        if is_grad_enabled() and any(t.requires_grad for t in (*_tensors(args), *_tensors(kwargs), *_tensors(out))):
            raise RuntimeError(
                f"{function.__name__}(): functions with out=... arguments don't support automatic differentiation, but "
                "one of the arguments requires grad: leave out= away, or call it under no_grad()"
            )
        if creates:
            kwargs.setdefault("dtype", out.dtype)
        with no_grad():
            result = function(*args, **kwargs)
        if isinstance(result, Tensor):
            return _put(out, result, function.__name__)
        if not isinstance(out, (tuple, list)) or len(out) != len(result):
            raise TypeError(f"{function.__name__}(): argument 'out' must be a tuple of {len(result)} Tensors")
        written = [_put(o, r, function.__name__) for o, r in zip(out, result)]
        return type(result)(*written) if hasattr(result, "_fields") else tuple(written)

    parameters = [p for p in original.parameters.values() if p.kind is not Parameter.VAR_KEYWORD]
    f.__signature__ = original.replace(  # type: ignore[attr-defined]
        parameters=[*parameters, Parameter("out", Parameter.KEYWORD_ONLY, default=None)]
    )
    return f


def _tensors(value: Any):
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list, dict)):
        for v in value.values() if isinstance(value, dict) else value:
            yield from _tensors(v)


def _put(out: Any, result: Tensor, name: str) -> Tensor:
    """out, resized where its shape is another, with the values of the result."""
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    if result.dtype.category > out.dtype.category:
        raise RuntimeError(
            f"result type {result.dtype.title} can't be cast to the desired output type {out.dtype.title} ({name})"
        )
    if out.shape != result.shape:
        if out.numel():
            warnings.warn(
                f"An output with one or more elements was resized since it had shape {list(out.shape)}, which does not "
                f"match the required output shape {list(result.shape)} ({name}): pass a tensor of that shape, or one "
                "of no elements",
                stacklevel=3,
            )
        out.data = wrap(empty(result.shape, out.dtype))
    return out.copy_(result)
