"""Random numbers in PyTorch's own CPU streams: the same seed gives the same numbers, in C and in NumPy alike.

>>> from autograd import rand
>>> _ = manual_seed(0)
>>> rand(3)
tensor([0.4963, 0.7682, 0.0885])

Uniforms, integers and permutations agree to the bit; normals to rounding.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from .backend import K, effects
from .backend.numpy_random import MT19937, paired_normals
from .dtypes import float64
from .storage import Array, empty, from_numpy

if TYPE_CHECKING:
    from .tensor import Tensor

DEFAULT_SEED = 67280421310721  # PyTorch's, until a seed is set


class Generator:
    """A stream of random numbers.

    >>> from autograd import rand
    >>> a, b = Generator().manual_seed(1), Generator().manual_seed(1)
    >>> bool((rand(4, generator=a) == rand(4, generator=b)).all())
    True
    """

    def __init__(self, device: str = "cpu"):
        from .types import check_device

        check_device(device)
        self._mt = MT19937(DEFAULT_SEED)
        self._lock = Lock()  # threads may share a generator

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of ``seed``, an int in [-2**63, 2**64)."""
        for tell in effects:
            tell("seeding a generator")
        with self._lock:
            self._mt.seed(int(seed))
        return self

    def initial_seed(self) -> int:
        """The seed the stream started from."""
        return int(self._mt.record["seed"])

    def seed(self) -> int:
        """Start from a seed of the operating system's; return it."""
        seed = int.from_bytes(os.urandom(8), "little")
        self.manual_seed(seed)
        return seed

    def get_state(self) -> Tensor:
        """The state of the stream as a uint8 tensor, in PyTorch's layout."""
        from .tensor import wrap

        return wrap(from_numpy(self._mt.get_state()))

    def set_state(self, state: Tensor) -> Generator:
        """Go on from a state of :meth:`get_state` (or of torch.get_rng_state, as a tensor of this package)."""
        for tell in effects:
            tell("setting a generator's state")
        with self._lock:
            self._mt.set_state(state._array.numpy())
        return self

    def clone_state(self) -> Generator:
        """Another generator that goes on from the same state."""
        return Generator().set_state(self.get_state())

    def __reduce__(self):
        return _restored, (self.get_state(),)

    # Filling contiguous arrays.

    def uniform(self, out: Array, low: float, high: float) -> None:
        """Uniform numbers in [low, high)."""
        with self._lock:
            K.uniform(self._mt, out, low, high)

    def normal(self, out: Array, mean: float, std: float) -> None:
        """Normal numbers."""
        with self._lock:
            K.normal(self._mt, out, mean, std)

    def doubles(self, shape: tuple) -> np.ndarray:
        """Uniform numbers in [0, 1) in float64, as NumPy's."""
        out = empty(shape, float64)
        self.uniform(out, 0.0, 1.0)
        return out.numpy()

    def normals_one_by_one(self, n: int) -> np.ndarray:
        """Normal numbers of mean 0 and deviation 1 in float64, as if each were drawn alone."""
        for tell in effects:
            tell("drawing normal numbers one by one")
        with self._lock:
            return paired_normals(self._mt, n)

    def integers(self, out: Array, low: int, size: int) -> None:
        """Integers in [low, low + size)."""
        with self._lock:
            K.integers(self._mt, out, low, size)

    def permutation(self, out: Array) -> None:
        """0 .. n - 1 in random order."""
        with self._lock:
            K.permutation(self._mt, out)


def _restored(state: Tensor) -> Generator:
    return Generator().set_state(state)


default_generator = Generator()
if hasattr(os, "register_at_fork"):  # a child that is forked while another thread draws must find it free
    _lock = default_generator._lock
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, and return it."""
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seed the default generator from the operating system; return the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The default generator's seed."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The default generator's state."""
    return default_generator.get_state()


def set_rng_state(state: Tensor) -> None:
    """Set the default generator's state."""
    default_generator.set_state(state)


@contextmanager
def fork_rng(devices: Sequence = (), enabled: bool = True) -> Iterator[None]:
    """Leave the default generator as it was, whatever is drawn within the with block.

    >>> from autograd import rand
    >>> _ = manual_seed(0)
    >>> with fork_rng():
    ...     _ = rand(100)
    >>> rand(1)
    tensor([0.4963])
    """
    if len(devices):
        raise RuntimeError(f"fork_rng: devices {list(devices)} are not available: the CPU's generator is always forked")
    state = get_rng_state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            set_rng_state(state)
