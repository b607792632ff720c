"""What several tests need: machines to run on, tensors from samples, comparisons that say where they failed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import numpy as np
from opdb import Sample, is_float, map_arrays

import autograd
from autograd import runtime
from autograd.backend import extension


def _machines() -> list[str]:
    """ "numpy", then "c-generic" and so on up to the best instruction set that runs here."""
    names = runtime.isa_names()
    return ["numpy", *[f"c-{name}" for name in names[: extension.lib.ag_best_isa() + 1]]] if names else ["numpy"]


MACHINES = _machines()
C_MACHINES = MACHINES[1:]


def use(machine: str) -> None:
    """Switch to a machine of :data:`MACHINES`."""
    backend, _, isa = machine.partition("-")
    autograd.set_backend(backend)
    if isa:
        assert autograd.set_isa(isa) == isa


@contextmanager
def on(machine: str):
    """A machine, for the length of a with block."""
    backend, isa = autograd.get_backend(), autograd.get_isa()
    use(machine)
    try:
        yield
    finally:
        autograd.set_backend(backend)
        if isa != "numpy":
            autograd.set_isa(isa)


def tensors(sample: Sample) -> tuple[tuple, dict]:
    """A sample's arguments with tensors over the arrays' own memory and layout."""
    return map_arrays(autograd.from_numpy, sample.args), {
        k: map_arrays(autograd.from_numpy, v) for k, v in sample.kwargs.items()
    }


def leaves(row, sample: Sample, positions: tuple[int, ...] | None = None) -> tuple[tuple, dict, list]:
    """As :func:`tensors`, with the arguments that ``row`` differentiates as leaves; and the list of these."""
    args, kwargs = tensors(sample)
    found: list = []

    def leaf(value: Any) -> None:
        for t in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(t, autograd.Tensor) and t.is_floating_point():
                found.append(t.requires_grad_())

    for position in row.wanted or range(len(args)):
        leaf(args[position])
    return args, kwargs, found


def float64(value: Any) -> Any:
    """Floating-point arrays within, in float64."""
    return map_arrays(lambda a: a.astype(np.float64) if is_float(a) else a, value)


def reference(row, sample: Sample) -> Any:
    """What the row's reference says of a sample."""
    with np.errstate(all="ignore"):
        return row.reference(*float64(sample.args), **{k: float64(v) for k, v in sample.kwargs.items()})


def same(got: np.ndarray, want: Any, rtol: float, atol: float, where: str) -> None:
    """Assert equal shapes, NaN and infinities in the same places, finite values close."""
    want = np.asarray(want)
    assert got.shape == want.shape, f"{where}: shape {got.shape}, expected {want.shape}"
    with np.errstate(all="ignore"):
        want = want.astype(got.dtype)
        close = np.isclose(got, want, rtol, atol, equal_nan=True) if got.dtype.kind == "f" else got == want
    if not np.all(close):
        at = tuple(int(i) for i in np.argwhere(~np.asarray(close))[0])
        raise AssertionError(
            f"{where}: at {at} got {got[at]!r}, expected {want[at]!r} ({np.sum(~close)} of {close.size} differ)"
        )


def values(t: Any) -> np.ndarray:
    """The values of a tensor, or of a number, as NumPy's."""
    return t.detach().numpy() if isinstance(t, autograd.Tensor) else np.asarray(t)


def random_gradients(outputs: list, seed: int = 0, zeros: bool = False) -> list:
    """A gradient for each output; with ``zeros`` every third element is exactly 0."""
    rng = np.random.default_rng(seed)
    made = []
    for y in outputs:
        g = np.asarray(rng.standard_normal(y.shape), values(y).dtype)
        if zeros:
            g.reshape(-1)[::3] = 0
        made.append(autograd.tensor(g))
    return made


class Own(autograd.Function):
    """y = 2 x, an op that only its author knows."""

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2
