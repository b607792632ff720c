"""Tensors in NumPy's functions: ``np.sum(t)`` and ``np.float64(2) * t`` stay on the tape; DLPack both ways.

>>> import numpy as np
>>> from autograd import tensor
>>> x = tensor([1.0, 2.0], requires_grad=True)
>>> np.sum(np.exp(x) * np.float64(2))
tensor(20.2147, grad_fn=<SumBackward0>)

A NumPy function that has a counterpart here gives its result, a tensor. Any other one works on the values and gives an
array, unless a tensor requires gradients: then it raises TypeError, rather than losing the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import ops
from .data import from_numpy
from .ops import arithmetic, choice, comparison, exponential, extremes, join, linalg, reduce, rounding
from .ops.operands import pair
from .tensor import Tensor

UFUNCS: dict[str, Callable] = {
    "add": arithmetic.add, "subtract": arithmetic.sub, "multiply": arithmetic.mul, "divide": arithmetic.div,
    "true_divide": arithmetic.div, "floor_divide": rounding.floor_divide, "power": exponential.pow,
    "float_power": exponential.float_power, "remainder": rounding.remainder, "mod": rounding.remainder,
    "negative": arithmetic.neg, "absolute": arithmetic.abs,
    "maximum": lambda a, b: choice.maximum(*pair(a, b, "maximum")),
    "minimum": lambda a, b: choice.minimum(*pair(a, b, "minimum")),
    "equal": comparison.eq, "not_equal": comparison.ne, "less": comparison.lt, "less_equal": comparison.le,
    "greater": comparison.gt, "greater_equal": comparison.ge, "matmul": linalg.matmul, "conjugate": arithmetic.positive,
    "invert": comparison.bitwise_not, "rint": rounding.round, "arcsin": ops.trigonometry.asin,
    "arccos": ops.trigonometry.acos, "arctan": ops.trigonometry.atan, "arctan2": ops.trigonometry.atan2,
    "arcsinh": ops.trigonometry.asinh, "arccosh": ops.trigonometry.acosh, "arctanh": ops.trigonometry.atanh,
    "degrees": ops.trigonometry.rad2deg, "radians": ops.trigonometry.deg2rad,
}  # fmt: skip
"""Counterparts of NumPy's ufuncs that have another name here; the others are found by name."""

REDUCED = {
    "add": reduce.sum, "multiply": reduce.prod, "maximum": extremes.amax, "minimum": extremes.amin,
    "logical_and": reduce.all, "logical_or": reduce.any,
}  # fmt: skip
"""``np.add.reduce`` and its kin."""


def _array_ufunc(self: Tensor, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """A NumPy ufunc on tensors."""
    out = kwargs.pop("out", None)
    if out is None and not kwargs and method == "__call__":
        function = UFUNCS.get(ufunc.__name__) or _counterpart(ufunc.__name__)
        if function is not None:
            return function(*[_operand(v) for v in inputs])
    elif out is None and method == "reduce" and ufunc.__name__ in REDUCED and not set(kwargs) - {"axis", "keepdims"}:
        return REDUCED[ufunc.__name__](inputs[0], kwargs.get("axis", 0), kwargs.get("keepdims", False))
    if out is not None and any(isinstance(v, Tensor) for v in out):
        raise TypeError(f"np.{ufunc.__name__}: out= must be an array; write to a tensor by its own methods")
    values = _values((inputs, {"out": out} if out is not None else {}), f"np.{ufunc.__name__}")
    return getattr(ufunc, method)(*values[0], **kwargs, **values[1])


def _operand(value: Any) -> Any:
    """Arrays become tensors; NumPy's scalars Python numbers, which leave the tensor's dtype as it is."""
    if isinstance(value, np.ndarray):
        return from_numpy(value) if value.ndim else value.item()
    return value.item() if isinstance(value, np.generic) else value


def _counterpart(name: str) -> Any:
    for family in ops.FAMILIES:
        if name in getattr(family, "__all__", ()):
            return getattr(family, name)
    return None


# --- functions --------------------------------------------------------------------------------------------------------


def _concatenate(arrays, axis=0):
    return join.cat([_operand(v) for v in arrays], 0 if axis is None else axis)


def _transpose(a, axes=None):
    return a.permute(*(range(a.ndim)[::-1] if axes is None else axes))


def _dot(a, b):
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return linalg.matmul(a, b) if b.ndim <= 2 else _counterpart("tensordot")(a, b, ([-1], [-2]))


def _clip(a, a_min=None, a_max=None, *, min=None, max=None):
    return choice.clamp(a, a_min if min is None else min, a_max if max is None else max)


def _variance(function):
    def of(a, axis=None, *, ddof=0, keepdims=False):
        return function(a, axis, correction=ddof, keepdim=keepdims)

    return of


FUNCTIONS: dict[str, Callable] = {
    "sum": reduce.sum, "mean": reduce.mean, "prod": reduce.prod, "amax": extremes.amax, "amin": extremes.amin,
    "max": extremes.amax, "min": extremes.amin, "all": reduce.all, "any": reduce.any, "argmax": extremes.argmax,
    "argmin": extremes.argmin, "var": _variance(reduce.var), "std": _variance(reduce.std), "where": choice.where,
    "clip": _clip, "dot": _dot, "concatenate": _concatenate,
    "stack": lambda arrays, axis=0: join.stack([_operand(v) for v in arrays], axis), "transpose": _transpose,
    "reshape": lambda a, shape: a.reshape(shape), "ravel": lambda a: a.ravel(), "squeeze": lambda a, axis=None: (
        a.squeeze() if axis is None else a.squeeze(axis)
    ), "expand_dims": lambda a, axis: a.unsqueeze(axis), "swapaxes": lambda a, axis1, axis2: a.transpose(axis1, axis2),
    "moveaxis": lambda a, source, destination: a.movedim(source, destination),
    "broadcast_to": lambda array, shape: array.expand(shape), "shape": lambda a: tuple(a.shape),
    "ndim": lambda a: a.ndim, "size": lambda a: a.numel(), "copy": lambda a: a.clone(),
    "zeros_like": ops.create.zeros_like, "ones_like": ops.create.ones_like, "cumsum": lambda a, axis: a.cumsum(axis),
}  # fmt: skip
"""Counterparts of NumPy's functions, with NumPy's arguments; those of SAME take the same here and there."""

SAME = {"outer", "inner", "einsum", "tensordot", "trace", "kron", "diff", "flipud", "fliplr", "tril", "triu", "isclose"}


def _array_function(self: Tensor, function: Callable, types: Any, args: tuple, kwargs: dict) -> Any:
    """A NumPy function on tensors."""
    name = function.__name__ if getattr(function, "__module__", "") == "numpy" else ""
    mine = _counterpart(name) if name in SAME else FUNCTIONS.get(name)
    if mine is not None and "out" not in kwargs:
        try:
            return mine(*[_operand(v) for v in args], **kwargs)
        except TypeError as error:
            if "keyword argument" not in str(error):  # an option that only NumPy has
                raise
    values = _values((args, kwargs), f"np.{function.__name__}")
    return function(*values[0], **values[1])


def _values(tree: Any, name: str) -> Any:
    """The same with arrays in place of tensors, which may not require gradients."""
    if isinstance(tree, Tensor):
        if tree.requires_grad:
            raise TypeError(
                f"{name} has no counterpart here (with these arguments) that keeps the gradient of a tensor that "
                "requires one: use the tensor's own methods, or pass x.detach()"
            )
        return tree.numpy()
    if isinstance(tree, (tuple, list)):
        return type(tree)([_values(v, name) for v in tree])
    return {k: _values(v, name) for k, v in tree.items()} if isinstance(tree, dict) else tree


# --- DLPack and the buffer protocol -----------------------------------------------------------------------------------


def _dlpack(self: Tensor, **kwargs: Any) -> Any:
    """The tensor's memory as a DLPack capsule."""
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    return self.numpy().__dlpack__(**kwargs)


def _dlpack_device(self: Tensor) -> tuple[int, int]:
    """The CPU, as DLPack numbers it."""
    return (1, 0)


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor over the memory of another library's, shared.

    >>> from_dlpack(np.arange(3.0))
    tensor([0., 1., 2.], dtype=autograd.float64)
    """
    if not hasattr(ext_tensor, "__dlpack__"):
        raise TypeError(f"from_dlpack(): {type(ext_tensor).__name__} has no __dlpack__: try as_tensor()")
    return from_numpy(np.from_dlpack(ext_tensor))


def _buffer(self: Tensor, flags: int) -> memoryview:
    """The tensor's memory, for Python's buffer protocol (Python 3.12 and later)."""
    return memoryview(self.numpy())  # type: ignore[arg-type]  # arrays are buffers


Tensor.__array_ufunc__ = _array_ufunc  # type: ignore[attr-defined]
Tensor.__array_function__ = _array_function  # type: ignore[attr-defined]
Tensor.__dlpack__ = _dlpack  # type: ignore[attr-defined]
Tensor.__dlpack_device__ = _dlpack_device  # type: ignore[attr-defined]
Tensor.__buffer__ = _buffer  # type: ignore[attr-defined]
