"""The op table by family, and what it adds to Tensor: methods, operators and in-place forms."""

from __future__ import annotations

from ..tensor import Tensor
from . import activation, create, elementwise, index, inplace, linalg, loss, random, reduce, shape

_E, _R, _S, _I, _L, _A = elementwise, reduce, shape, index, linalg, activation

METHODS = {
    _E: "neg negative abs absolute sign sqrt rsqrt reciprocal exp log erf sin cos tanh add sub mul div pow remainder "
    "floor_divide maximum minimum clamp where to eq ne not_equal lt less le less_equal gt greater ge greater_equal "
    "bitwise_not bitwise_and bitwise_or bitwise_xor logical_not logical_and logical_or isnan isinf isfinite isclose "
    "allclose equal",
    _R: "sum mean prod amax amin max min argmax argmin var std logsumexp all any",
    _S: "reshape view view_as permute transpose swapaxes swapdims movedim t expand expand_as broadcast_to sum_to_size "
    "squeeze unsqueeze flatten unflatten ravel clone narrow select split chunk unbind",
    _I: "gather index_select nonzero",
    _L: "matmul mm bmm mv dot outer addmm",
    _A: "relu sigmoid softmax log_softmax",
    create: "new_tensor new_zeros new_ones new_full new_empty zeros_like ones_like",
}
IN_PLACE = {
    _E: "neg abs sqrt rsqrt reciprocal exp log erf sin cos tanh add sub mul div pow remainder floor_divide clamp",
    _A: "relu sigmoid",
}

for module, names in METHODS.items():
    for name in names.split():
        setattr(Tensor, name, getattr(module, name))
for module, names in IN_PLACE.items():
    for name in names.split():
        setattr(Tensor, name + "_", inplace.in_place(getattr(module, name), name + "_"))

Tensor.contiguous = _S.to_contiguous
Tensor.copy_, Tensor.fill_, Tensor.zero_ = inplace.copy_, inplace.fill_, inplace.zero_
for name in "uniform_ normal_ random_ bernoulli_".split():
    setattr(Tensor, name, getattr(random, name))

Tensor.T = property(lambda self: shape.permute(self, tuple(range(self.ndim))[::-1]))
Tensor.mT = property(lambda self: shape.transpose(self, -1, -2))
Tensor.__getitem__, Tensor.__setitem__ = index.getitem, inplace.setitem
Tensor.__iter__, Tensor.__contains__ = index.iterate, index.contains


def _operator(function, swapped: bool = False):
    """A function of two as an operator: NotImplemented where the other operand is not a number."""

    def forward(self, other):
        try:
            return function(other, self) if swapped else function(self, other)
        except TypeError:
            if _is_operand(other):
                raise
            return NotImplemented

    return forward


def _is_operand(value) -> bool:
    try:
        elementwise._operand(value, "operator")
    except TypeError:
        return False
    return True


for name, function in {
    "add": _E.add, "sub": _E.sub, "mul": _E.mul, "truediv": _E.div, "floordiv": _E.floor_divide, "mod": _E.remainder,
    "pow": _E.pow, "matmul": _L.matmul, "and": _E.bitwise_and, "or": _E.bitwise_or, "xor": _E.bitwise_xor,
}.items():  # fmt: skip
    setattr(Tensor, f"__{name}__", _operator(function))
    setattr(Tensor, f"__r{name}__", _operator(function, swapped=True))
for name in "lt le gt ge".split():
    setattr(Tensor, f"__{name}__", _operator(getattr(_E, name)))


def _equality(function, otherwise: bool):
    def compare(self, other):
        return function(self, other) if _is_operand(other) else otherwise

    return compare


Tensor.__eq__, Tensor.__ne__ = _equality(_E.eq, False), _equality(_E.ne, True)
Tensor.__hash__ = object.__hash__
Tensor.__neg__, Tensor.__abs__, Tensor.__invert__ = _E.neg, _E.abs, _E.bitwise_not
for name, method in {
    "iadd": "add_", "isub": "sub_", "imul": "mul_", "itruediv": "div_", "ipow": "pow_", "imod": "remainder_",
    "ifloordiv": "floor_divide_",
}.items():  # fmt: skip
    setattr(Tensor, f"__{name}__", getattr(Tensor, method))


def _cast(name: str, dtype):
    def method(self: Tensor) -> Tensor:
        return elementwise.to(self, dtype)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The tensor as {dtype}; itself if it is that already."
    return method


def _casts():
    from .. import dtypes

    pairs = {
        "float": dtypes.float32, "double": dtypes.float64, "long": dtypes.int64, "int": dtypes.int32,
        "short": dtypes.int16, "char": dtypes.int8, "byte": dtypes.uint8, "bool": dtypes.bool_,
    }  # fmt: skip
    for name, dtype in pairs.items():
        setattr(Tensor, name, _cast(name, dtype))
    Tensor.cpu = lambda self: self
    Tensor.type_as = lambda self, other: elementwise.to(self, other.dtype)
    Tensor.type_as.__doc__ = "The tensor in the dtype of another."


_casts()
