"""The op table by family, and what it adds to Tensor: methods, operators and in-place forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import dtypes
from ..backprop import backward_of
from ..tensor import Tensor
from . import activation, create, elementwise, index, inplace, linalg, loss, random, reduce, shape

_E, _R, _S, _I, _L, _A = elementwise, reduce, shape, index, linalg, activation

METHODS: dict[Any, str] = {
    _E: "neg negative abs absolute sign sqrt rsqrt reciprocal exp log erf sin cos tanh add sub mul div pow remainder "
    "floor_divide maximum minimum clamp where to eq ne not_equal lt less le less_equal gt greater ge greater_equal "
    "bitwise_not bitwise_and bitwise_or bitwise_xor logical_not logical_and logical_or "
    "logical_xor isnan isinf isfinite isclose "
    "allclose equal",
    _R: "sum mean prod amax amin max min argmax argmin var std logsumexp all any",
    _S: "reshape view view_as permute transpose swapaxes swapdims movedim t expand expand_as broadcast_to sum_to_size "
    "squeeze unsqueeze flatten unflatten ravel clone narrow select split chunk unbind",
    _I: "gather index_select nonzero",
    _L: "matmul mm bmm mv dot outer addmm",
    _A: "relu sigmoid softmax log_softmax",
    create: "new_tensor new_zeros new_ones new_full new_empty zeros_like ones_like",
}
IN_PLACE: dict[Any, str] = {
    _E: "neg abs sqrt rsqrt reciprocal exp log erf sin cos tanh add sub mul div pow remainder floor_divide clamp",
    _A: "relu sigmoid",
}

CASTS = {
    "float": dtypes.float32, "double": dtypes.float64, "long": dtypes.int64, "int": dtypes.int32,
    "short": dtypes.int16, "char": dtypes.int8, "byte": dtypes.uint8, "bool": dtypes.bool_,
}  # fmt: skip
OPERATORS = {
    "add": _E.add, "sub": _E.sub, "mul": _E.mul, "truediv": _E.div, "floordiv": _E.floor_divide, "mod": _E.remainder,
    "pow": _E.pow, "matmul": _L.matmul, "and": _E.bitwise_and, "or": _E.bitwise_or, "xor": _E.bitwise_xor,
}  # fmt: skip
IN_PLACE_OPERATORS = {
    "iadd": "add_", "isub": "sub_", "imul": "mul_", "itruediv": "div_", "ipow": "pow_", "imod": "remainder_",
    "ifloordiv": "floor_divide_",
}  # fmt: skip


def _is_operand(value: Any) -> bool:
    try:
        elementwise._operand(value, "operator")
    except TypeError:
        return False
    return True


def _operator(function: Callable, swapped: bool = False) -> Callable:
    """A function of two as an operator: NotImplemented where the other operand is not a number."""

    def forward(self, other):
        try:
            return function(other, self) if swapped else function(self, other)
        except TypeError:
            if _is_operand(other):
                raise
            return NotImplemented

    return forward


def _equality(function: Callable, otherwise: bool) -> Callable:
    """== and !=: with what is not a number the answer is plain."""

    def compare(self, other):
        return function(self, other) if _is_operand(other) else otherwise

    return compare


def _cast(name: str, dtype: dtypes.dtype) -> Callable:
    def method(self: Tensor) -> Tensor:
        return elementwise.to(self, dtype)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The tensor as {dtype}; itself if it is that already."
    return method


def cpu(self: Tensor) -> Tensor:
    """The tensor itself: it is on the CPU."""
    return self


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype of another."""
    return elementwise.to(self, other.dtype)


def _members() -> dict[str, Any]:
    """Everything that Tensor gets, by name."""
    members: dict[str, Any] = {}
    for module, names in METHODS.items():
        members |= {name: getattr(module, name) for name in names.split()}
    for module, names in IN_PLACE.items():
        members |= {name + "_": inplace.in_place(getattr(module, name), name + "_") for name in names.split()}
    members |= {name: _cast(name, dtype) for name, dtype in CASTS.items()}
    members |= {name: getattr(random, name) for name in ("uniform_", "normal_", "random_", "bernoulli_")}
    members |= {
        "backward": backward_of,
        "contiguous": shape.to_contiguous, "copy_": inplace.copy_, "fill_": inplace.fill_, "zero_": inplace.zero_,
        "cpu": cpu, "type_as": type_as,
        "T": property(lambda self: shape.permute(self, tuple(range(self.ndim))[::-1])),
        "mT": property(lambda self: shape.transpose(self, -1, -2)),
        "__getitem__": index.getitem, "__setitem__": inplace.setitem,
        "__iter__": index.iterate, "__contains__": index.contains,
        "__pos__": lambda self: self,
        "__neg__": elementwise.neg, "__abs__": elementwise.abs, "__invert__": elementwise.bitwise_not,
        "__eq__": _equality(elementwise.eq, False), "__ne__": _equality(elementwise.ne, True),
        "__hash__": object.__hash__,
    }  # fmt: skip
    for name, function in OPERATORS.items():
        members[f"__{name}__"], members[f"__r{name}__"] = _operator(function), _operator(function, swapped=True)
    members |= {f"__{name}__": _operator(getattr(elementwise, name)) for name in ("lt", "le", "gt", "ge")}
    members |= {f"__{name}__": members[method] for name, method in IN_PLACE_OPERATORS.items()}
    return members


for _name, _member in _members().items():
    setattr(Tensor, _name, _member)
