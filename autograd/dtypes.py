"""The element types: small objects with PyTorch's attributes that NumPy understands too.

>>> float32.itemsize, float32.is_floating_point
(4, True)
>>> import numpy as np
>>> np.zeros(2, dtype=int64).dtype
dtype('int64')

The order of :data:`ALL` is the order of promotion: bool, then integers, then floats. float16 is for storing: what is
computed of it is computed in float32 and rounded. bfloat16 and the complex types are names that every use refuses.
"""

from __future__ import annotations

import numpy as np

from .errors import TYPE_NAMES
from .naming import qualified


class dtype:
    """An element type. ``category`` is 0 for bool, 1 for integers, 2 for floats."""

    __slots__ = ("category", "dtype", "is_floating_point", "is_signed", "itemsize", "name", "rank")
    is_complex = False

    def __init__(self, name: str, rank: int):
        self.name = name
        self.dtype = np.dtype(name)
        self.itemsize = self.dtype.itemsize
        self.is_floating_point = self.dtype.kind == "f"
        self.is_signed = self.dtype.kind in "fi"
        self.category = {"b": 0, "u": 1, "i": 1, "f": 2}[self.dtype.kind]
        self.rank = rank

    def __repr__(self) -> str:
        return qualified(self.name)

    def __reduce__(self):
        return _by_name, (self.name,)

    @property
    def title(self) -> str:
        """The name in PyTorch's messages: Float, Double, Long, ..."""
        return TYPE_NAMES[self.name]


NAMES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
ALL = tuple(dtype(name, rank) for rank, name in enumerate(NAMES))
bool_, uint8, int8, int16, int32, int64, float16, float32, float64 = ALL
_BY_NUMPY = {d.dtype: d for d in ALL}
_PYTHON = {bool: bool_, int: int64, float: float64}


def fits(value: int, d: dtype) -> bool:
    """Whether an integer is one of an integer dtype; negative ones wrap around in uint8, as in PyTorch."""
    limits = np.iinfo(d.dtype)
    return min(limits.min, -limits.max) <= value <= limits.max


def _by_name(name: str) -> dtype:
    return ALL[NAMES.index(name)]


class _Refused(dtype):
    """A type of PyTorch's that this engine does not have: scripts may name it, but nothing can be made of it."""

    __slots__ = ()

    def __init__(self, name: str):
        self.name = name


bfloat16, complex64, complex128 = (_Refused(name) for name in ("bfloat16", "complex64", "complex128"))


class _Default:
    """What a Python float becomes; changed by set_default_dtype."""

    float = float32


def set_default_dtype(d: dtype) -> None:
    """Make ``d`` (float16, float32 or float64) the type of tensors made from Python floats."""
    d = as_dtype(d)
    if not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d}")
    _Default.float = d


def get_default_dtype() -> dtype:
    """The type of tensors made from Python floats."""
    return _Default.float


def as_dtype(d) -> dtype:
    """One of our dtypes from ours, NumPy's or Python's (float, int, bool); TypeError names what is supported."""
    if type(d) is dtype:
        return d
    if d is float or d is bool or d is int:
        return _PYTHON[d]
    try:
        return _BY_NUMPY[np.dtype(d).newbyteorder("=")]
    except (AttributeError, KeyError, TypeError):
        raise TypeError(f"unsupported dtype {d!r}: this engine has {', '.join(NAMES)}") from None


def scalar_dtype(value) -> dtype:
    """The dtype of a Python number."""
    if isinstance(value, (bool, np.bool_)):
        return bool_
    return int64 if isinstance(value, (int, np.integer)) else _Default.float


def promote_types(a: dtype, b: dtype) -> dtype:
    """The smallest type that holds both, as PyTorch: a float beats integers whatever their size."""
    a, b = as_dtype(a), as_dtype(b)
    if a is b:
        return a
    if a.category != b.category:
        return a if a.category > b.category else b
    if a.category == 1 and uint8 in (a, b):
        other = b if a is uint8 else a
        return int16 if other is int8 else other
    return a if a.rank > b.rank else b


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a result of type ``from_`` may be written to a tensor of type ``to``: not from a higher kind to a lower.

    >>> can_cast(int64, float32), can_cast(float32, int64)
    (True, False)
    """
    return as_dtype(from_).category <= as_dtype(to).category


class finfo:
    """What a floating-point type can hold, the default type's where none is given.

    >>> finfo(float16)
    finfo(resolution=0.001, min=-65504, max=65504, eps=0.000976562, smallest_normal=6.10352e-05, tiny=6.10352e-05, \
dtype=float16)
    """

    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    def __init__(self, type: dtype | None = None):
        d = _Default.float if type is None else as_dtype(type)
        if not d.is_floating_point:
            raise TypeError(f"finfo() requires a floating point input type. Use iinfo to handle {d}")
        found = np.finfo(d.dtype)
        self.bits, self.dtype, self.resolution = d.itemsize * 8, d.name, 10.0**-found.precision
        for name in ("eps", "max", "min", "smallest_normal", "tiny"):
            setattr(self, name, float(getattr(found, name)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, finfo) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return f"finfo({', '.join(f'{name}={getattr(self, name):g}' for name in names)}, dtype={self.dtype})"


class iinfo:
    """What an integer type can hold.

    >>> iinfo(uint8).max
    255
    """

    __slots__ = ("bits", "dtype", "max", "min")

    def __init__(self, type: dtype):
        d = as_dtype(type)
        if d.category != 1:
            raise TypeError(f"iinfo() requires an integer input type. Use finfo to handle {d}")
        found = np.iinfo(d.dtype)
        self.bits, self.dtype, self.min, self.max = d.itemsize * 8, d.name, int(found.min), int(found.max)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, iinfo) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
