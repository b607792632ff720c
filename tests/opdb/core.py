"""What a row of the op database holds, and how its samples become tensors.

A row names a public function by its path, the same here and in PyTorch ("nn.functional.gelu"), and gives samples,
a NumPy reference and calls that must fail. Tests are loops over rows. A NumPy array within a sample stands for a
tensor: strides, offsets, broadcast dims and read-only flags of the array carry over to the tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any
from zlib import crc32

import numpy as np

FLOATS = ("float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8")
ALL = (*FLOATS, *INTEGERS, "bool")

EDGES = [
    np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1e-30, -1e-30, 1e-6, -1e-6, 19.5, 20.5, -30.0, 88.0, 89.5,
    -87.0, -104.0, 710.0, -746.0, 5e4, -5e4, 1e10, -1e10, 3e38, -3e38,
]  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One call. ``smooth`` tells whether the function is differentiable there, so that gradcheck applies."""

    args: tuple
    kwargs: dict = field(default_factory=dict)
    smooth: bool = True
    note: str = ""


@dataclass(frozen=True)
class Failure:
    """A call that must raise ``error`` with ``match`` in its message; ``torch`` tells whether PyTorch raises too."""

    call: Callable[[Any], Any]
    error: type[Exception]
    match: str
    torch: bool = True


@dataclass(frozen=True)
class Row:
    """One public op.

    path
        Where the function is, from the package's (and PyTorch's) root.
    samples
        Called with a :class:`Make`; yields samples.
    reference
        What the op means: on float64 (or integer) NumPy arrays. None where only PyTorch and other tests say.
    dtypes
        The dtypes in which the forward is defined.
    wanted
        Positions of the arguments that get gradients; None where the op is not differentiable. () stands for every
        floating-point array among the arguments.
    rtol, atol
        Tolerances by dtype name, for values and for gradients in parity tests.
    second
        Whether second derivatives are checked.
    """

    path: str
    samples: Callable[[Make], Iterator[Sample]]
    reference: Callable[..., Any] | None
    dtypes: tuple[str, ...] = FLOATS
    wanted: tuple[int, ...] | None = ()
    rtol: dict[str, float] = field(default_factory=dict)
    atol: dict[str, float] = field(default_factory=dict)
    second: bool = True
    failures: tuple[Failure, ...] = ()
    variant: str = ""
    call: Callable[..., Any] | None = None

    @property
    def name(self) -> str:
        return self.path.split(".")[-1] + (f"[{self.variant}]" if self.variant else "")

    def function(self, library) -> Callable[..., Any]:
        """The op in a library that has PyTorch's names."""
        if self.call is not None:
            return lambda *args, **kwargs: self.call(library, *args, **kwargs)
        return attrgetter(self.path)(library)

    def made(self, dtype: str) -> list[Sample]:
        """The samples in a dtype, the same at every call."""
        return list(self.samples(Make(dtype, crc32(self.name.encode()))))

    def tolerance(self, dtype: str) -> dict[str, float]:
        return {
            "rtol": self.rtol.get(dtype, {"float32": 2e-6, "float64": 1e-13}.get(dtype, 0)),
            "atol": self.atol.get(dtype, {"float32": 1e-6, "float64": 1e-13}.get(dtype, 0)),
        }


class Make:
    """Arrays for samples: of one dtype, from one stream, within a domain and away from kinks."""

    def __init__(self, dtype: str, seed: int = 0):
        self.dtype = np.dtype(dtype)
        self.rng = np.random.default_rng(seed)
        self.floating = self.dtype.kind == "f"

    def __call__(self, *shape: int, low: float = -2.0, high: float = 2.0, kinks: tuple = ()) -> np.ndarray:
        if self.dtype.kind == "b":
            return np.asarray(self.rng.integers(0, 2, shape), bool)
        if not self.floating:
            low = max(0, low) if self.dtype.kind == "u" else low
            return np.asarray(
                self.rng.integers(int(np.ceil(low)), max(int(high), int(np.ceil(low)) + 1) + 1, shape), self.dtype
            )
        x = np.asarray(self.rng.uniform(low, high, shape))
        for kink in kinks:
            near = np.abs(x - kink) < 0.1
            x = np.where(near, kink + np.where(x < kink, -0.15, 0.15), x)
        return np.asarray(x, self.dtype)

    def integers(self, low: int, high: int, *shape: int, dtype="int64") -> np.ndarray:
        """Integers in [low, high)."""
        return np.asarray(self.rng.integers(low, high, shape), dtype)

    def distinct(self, *shape: int) -> np.ndarray:
        """No two elements alike or near: for max, min and their like."""
        n = int(np.prod(shape))
        if self.dtype.kind == "b":
            return self(*shape)
        return np.asarray(
            (self.rng.permutation(n) - n // 2).reshape(shape) * (0.25 if self.floating else 1), self.dtype
        )

    def layouts(self, *shape: int, **domain) -> Iterator[tuple[str, np.ndarray]]:
        """The same shape in every layout a tensor can have."""
        yield "contiguous", self(*shape, **domain)
        if len(shape) >= 2:
            yield "transposed", self(*shape[::-1], **domain).transpose()
            yield "expanded", np.broadcast_to(self(*shape[1:], **domain), shape)
            yield "expanded inside", np.broadcast_to(self(*shape[:-1], 1, **domain), shape)
        if shape:
            yield "steps", self(*shape[:-1], shape[-1] * 2 + 1, **domain)[..., 1::2]
            yield "backwards", self(*shape, **domain)[..., ::-1]
            yield "offset", self(*shape[:-1], shape[-1] + 3, **domain)[..., 3:]
        fixed = self(*shape, **domain)
        fixed.flags.writeable = False
        yield "read-only", fixed

    def edges(self, low: float = -np.inf, high: float = np.inf) -> np.ndarray:
        """Values at which implementations go wrong, those outside the dtype's range left out."""
        limit = np.finfo(self.dtype).max
        return np.array([v for v in EDGES if not (np.isfinite(v) and abs(v) > limit)], self.dtype)


SHAPES = [(), (1,), (7,), (3, 4), (2, 3, 5), (1, 1, 3), (0,), (2, 0, 3), (65,)]


def unary(low: float = -2.0, high: float = 2.0, kinks: tuple = (), *calls: tuple, edges: bool = True):
    """Samples of a function of one tensor; ``calls`` are (args, kwargs) that follow it."""
    domain = {"low": low, "high": high, "kinks": kinks}

    def samples(make: Make) -> Iterator[Sample]:
        for args, kwargs in calls or [((), {})]:
            for shape in SHAPES:
                yield Sample((make(*shape, **domain), *args), kwargs, note=f"shape {shape}")
            for layout, x in make.layouts(3, 4, **domain):
                yield Sample((x, *args), kwargs, note=layout)
            if make.floating and edges:
                x = make.edges()
                yield Sample((x, *args), kwargs, smooth=False, note="edge values")
                yield Sample(
                    (np.repeat(x[:, None], 3, 1)[:, 1], *args), kwargs, smooth=False, note="edge values, strided"
                )

    return samples


def few(low: float = -2.0, high: float = 2.0, kinks: tuple = (), *calls: tuple, edges: bool = True):
    """As :func:`unary`, for what has no C kernel: a few shapes and layouts."""
    domain = {"low": low, "high": high, "kinks": kinks}

    def samples(make: Make) -> Iterator[Sample]:
        for args, kwargs in calls or [((), {})]:
            for x in (make(**domain), make(7, **domain), make(4, 3, **domain).T, make(2, 0, **domain)):
                yield Sample((x, *args), kwargs, note=f"shape {x.shape} {args} {kwargs}")
            if make.floating and edges:
                yield Sample((make.edges(), *args), kwargs, smooth=False, note=f"edge values {args} {kwargs}")

    return samples


def few_pairs(a: dict | None = None, b: dict | None = None, edges: tuple = ()):
    """As :func:`binary`, for what has no C kernel; ``edges`` meet each other."""
    a, b = a or {}, b or {}

    def samples(make: Make) -> Iterator[Sample]:
        for shape_a, shape_b in (((), ()), ((3, 1), (4,)), ((2, 0), (1,))):
            yield Sample((make(*shape_a, **a), make(*shape_b, **b)), note=f"shapes {shape_a} and {shape_b}")
        yield Sample((make(4, 3, **a).T, make(3, 4, **b)), note="transposed, contiguous")
        if make.floating and edges:
            x = np.array(edges, make.dtype)
            yield Sample((x[:, None], x), smooth=False, note="edge values")

    return samples


PAIRS = [
    ((), ()),
    ((3,), ()),
    ((), (3,)),
    ((3, 4), (3, 4)),
    ((3, 4), (4,)),
    ((4,), (3, 4)),
    ((3, 1), (1, 4)),
    ((2, 3, 4), (3, 1)),
    ((2, 1, 1, 3), (4, 1)),
    ((0,), (1,)),
    ((2, 0), (2, 1)),
    ((3, 0), ()),
    ((1, 1), (5,)),
    ((33,), (33,)),
]


def binary(a: dict | None = None, b: dict | None = None, edges: bool = True, apart: float = 0.0):
    """Samples of a function of two tensors; with ``apart`` the two differ by at least that."""
    a, b = a or {}, b or {}

    def spaced(x, y):
        if not apart or not np.issubdtype(x.dtype, np.floating):
            return x, y
        near = np.abs(x - y) < apart
        y = np.broadcast_to(y, near.shape)
        return x, np.asarray(np.where(near, x + apart * 1.5, y), x.dtype)

    def samples(make: Make) -> Iterator[Sample]:
        for shape_a, shape_b in PAIRS:
            x, y = make(*shape_a, **a), make(*shape_b, **b)
            smooth = True
            if apart and make.floating:
                smooth = not np.any(np.abs(x - y) < apart / 3)
            yield Sample((x, y), smooth=smooth, note=f"shapes {shape_a} and {shape_b}")
        for layout, x in make.layouts(3, 4, **a):
            yield Sample(spaced(x, make(3, 4, **b)), note=f"{layout}, contiguous")
            yield Sample(spaced(make(4, 3, **a).T, make(4, 3, **b).T), note="both transposed")
        for layout, y in make.layouts(3, 4, **b):
            yield Sample((make(3, 4, **a), y), smooth=not apart, note=f"contiguous, {layout}")
        if make.floating and edges:
            x = make.edges()
            yield Sample((x[:, None], x), smooth=False, note="edge values")

    return samples


FAR = {"low": 0.3, "high": 2.5}


def scalars(*numbers, **domain):
    """Samples of tensor and number, and of number and tensor."""

    def samples(make: Make):
        for p in numbers:
            for x in (make(3, 4, **domain), make(**domain), make(0, 2, **domain), make(4, 3, **domain).T):
                yield Sample((x, p), note=f"tensor and {p}")
                yield Sample((p, x), note=f"{p} and tensor")

    return samples


def shape_failure(name: str, word: str = "must match"):
    return Failure(
        lambda m: getattr(m, name)(m.ones(2, 3), m.ones(2, 4)),
        RuntimeError,
        "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1",
    )


def not_a_tensor(path: str):
    *parents, name = path.split(".")

    def call(m):
        for parent in parents:
            m = getattr(m, parent)
        return getattr(m, name)("two")

    return Failure(call, TypeError, "must be Tensor, not str")


def unary_row(path: str, reference, *domain, dtypes=FLOATS, **options):
    return Row(path, unary(*domain), reference, dtypes, failures=(not_a_tensor(path),), **options)


def few_row(path: str, reference, *domain, dtypes=FLOATS, edges: bool = True, **options):
    return Row(path, few(*domain, edges=edges), reference, dtypes, failures=(not_a_tensor(path),), **options)


def cases(*calls: tuple, layouts: bool = True):
    """Samples from (shape, args...) calls; each also on a transposed and a strided input where there are two dims."""

    def samples(make: Make):
        for shape, *args in calls:
            yield Sample((make(*shape), *args), note=f"{shape}, {args}")
            if layouts and len(shape) >= 2:
                yield Sample((make(*shape[::-1]).transpose(), *args), note=f"transposed {shape}, {args}")
                yield Sample((make(*shape[:-1], shape[-1] * 2)[..., ::2], *args), note=f"steps {shape}, {args}")
        if layouts and calls:
            shape, *args = calls[0]
            x = make(*shape)
            x.flags.writeable = False
            yield Sample((x, *args), note="read-only")

    return samples


def from_the_end(name, *args):
    """A dim that is too large."""
    return Failure(
        lambda m: getattr(m, name)(m.ones(2, 3), *args),
        IndexError,
        "Dimension out of range (expected to be in range of",
    )


def through_method(name):
    """The call of a row whose op is only a method."""
    return lambda m, x, *args, **kwargs: getattr(x, name)(*args, **kwargs)


def map_arrays(function: Callable[[np.ndarray], Any], value: Any) -> Any:
    """The value with every NumPy array within replaced."""
    if isinstance(value, np.ndarray):
        return function(value)
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(map_arrays(function, v) for v in value)
    return value


def arrays_of(value: Any) -> list[np.ndarray]:
    """Every NumPy array within."""
    found: list[np.ndarray] = []
    map_arrays(found.append, value)
    return found


def outputs_of(result: Any) -> list:
    """The tensors (or arrays, numbers) of a result."""
    return list(result) if isinstance(result, (tuple, list)) else [result]


def is_float(x) -> bool:
    return np.asarray(x).dtype.kind == "f"
