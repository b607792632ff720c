"""The op table by family, and what it adds to Tensor: methods, operators and in-place forms.

A family's ``__all__`` are functions of the package, its ``METHODS`` are methods of Tensor, and those of its functions
that ``IN_PLACE`` names have a form with a trailing underscore too.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import unwrap
from typing import Any

from ..backprop import backward_of
from ..tensor import Tensor
from . import (
    activation,
    arithmetic,
    attention,
    cast,
    choice,
    comparison,
    convolution,
    create,
    decompositions,
    diagonal,
    dims,
    distance,
    einsum,
    exponential,
    extremes,
    index,
    inplace,
    join,
    linalg,
    norm_groups,
    norms,
    operands,
    products,
    put,
    random,
    rearrange,
    rectifier,
    recurrent,
    recurrent_cell,
    reduce,
    resampling,
    rounding,
    scan,
    scatter,
    searching,
    shape,
    softmax,
    sorting,
    statistics,
    subscript,
    trigonometry,
    views,
    windows,
)

FAMILIES = (
    arithmetic,
    rounding,
    exponential,
    trigonometry,
    choice,
    comparison,
    cast,
    reduce,
    shape,
    index,
    linalg,
    activation,
    create,
    random,
    inplace,
    extremes,
    scan,
    views,
    dims,
    join,
    diagonal,
    windows,
    rearrange,
    scatter,
    put,
    distance,
    sorting,
    searching,
    statistics,
    products,
    einsum,
    norms,
    decompositions,
    convolution,
    rectifier,
    softmax,
    attention,
    norm_groups,
    resampling,
    recurrent,
    recurrent_cell,
)
OPERATORS = {
    "add": arithmetic.add, "sub": arithmetic.sub, "mul": arithmetic.mul, "truediv": arithmetic.div,
    "floordiv": rounding.floor_divide, "mod": rounding.remainder, "pow": exponential.pow, "matmul": linalg.matmul,
    "and": comparison.bitwise_and, "or": comparison.bitwise_or, "xor": comparison.bitwise_xor,
    "lshift": comparison.bitwise_left_shift, "rshift": comparison.bitwise_right_shift,
}  # fmt: skip
IN_PLACE_OPERATORS = {
    "iadd": "add_", "isub": "sub_", "imul": "mul_", "itruediv": "div_", "ipow": "pow_", "imod": "remainder_",
    "ifloordiv": "floor_divide_", "iand": "bitwise_and_", "ior": "bitwise_or_", "ixor": "bitwise_xor_",
    "ilshift": "bitwise_left_shift_", "irshift": "bitwise_right_shift_",
}  # fmt: skip


def _is_operand(value: Any) -> bool:
    try:
        operands.operand(value, "operator")
    except TypeError:
        return False
    return True


def _operator(function: Callable, swapped: bool = False) -> Callable:
    """A function of two as an operator: NotImplemented where the other operand is not a number."""

    function = unwrap(function)

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


def _members() -> dict[str, Any]:
    """Everything that Tensor gets, by name."""
    members: dict[str, Any] = {}
    for family in FAMILIES:
        members |= {name: unwrap(getattr(family, name)) for name in family.METHODS}
        for name in getattr(family, "IN_PLACE", ()):
            members[name + "_"] = inplace.in_place(unwrap(getattr(family, name)), name + "_")
        for name in getattr(family, "IN_PLACE_VIEWS", ()):
            members[name + "_"] = inplace.in_place_view(getattr(family, name), name + "_")
    members |= cast.CASTS
    members |= {
        "backward": backward_of, "contiguous": views.to_contiguous, "where": choice.where_method,
        **cast.PROPERTIES, **dims.PROPERTIES,
        "__getitem__": subscript.getitem, "__setitem__": inplace.setitem,
        "__iter__": subscript.iterate, "__contains__": subscript.contains,
        "__pos__": arithmetic.positive,
        "__neg__": arithmetic.neg, "__abs__": arithmetic.abs, "__invert__": comparison.bitwise_not,
        "__eq__": _equality(comparison.eq, False), "__ne__": _equality(comparison.ne, True),
        "__hash__": object.__hash__,
    }  # fmt: skip
    for name, function in OPERATORS.items():
        members[f"__{name}__"], members[f"__r{name}__"] = _operator(function), _operator(function, swapped=True)
    members |= {f"__{name}__": _operator(getattr(comparison, name)) for name in ("lt", "le", "gt", "ge")}
    members |= {f"__{name}__": members[method] for name, method in IN_PLACE_OPERATORS.items()}
    return members


for _name, _member in _members().items():
    setattr(Tensor, _name, _member)
