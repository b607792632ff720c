"""Settings and facts of the process: threads, instruction set, memory, strictness.

>>> set_num_threads(1)
>>> get_num_threads()
1
"""

from __future__ import annotations

import os

from . import backend
from .backend import extension


def _lib():
    return None if extension is None else extension.lib


def set_num_threads(n: int) -> None:
    """Let the C kernels use ``n`` threads. The results do not depend on it, to the bit."""
    if not isinstance(n, int) or n < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, got {n!r}")
    if _lib() is not None:
        _lib().ag_set_num_threads(n)


def get_num_threads() -> int:
    """How many threads the C kernels use (1 without them)."""
    return 1 if _lib() is None else _lib().ag_get_num_threads()


def set_flush_denormal(mode: bool) -> bool:
    """Take subnormal numbers for 0 in the arithmetic of the calling thread, or do not; whether that could be set.

    The states of a recurrent net that fade away become subnormal, and these cost a hundred times as much as others.

    >>> set_flush_denormal(False) in (True, False)
    True
    """
    return _lib() is not None and bool(_lib().ag_set_flush_denormal(bool(mode)))


def isa_names() -> list[str]:
    """The instruction sets this build knows, from the lowest up."""
    names: list[str] = []
    while _lib() is not None and (name := _lib().ag_isa_name(len(names))):
        names.append(extension.ffi.string(name).decode())
    return names


def get_isa() -> str:
    """The instruction set in use: generic, avx2, avx512 or neon; "numpy" without the C kernels."""
    return "numpy" if _lib() is None else isa_names()[_lib().ag_get_isa()]


def set_isa(name: str) -> str:
    """Use an instruction set no higher than ``name``; return the one in use.

    Raises ValueError for a name this build does not know, RuntimeError for one this CPU lacks.
    """
    names = isa_names()
    known = ("generic", "avx2", "avx512", "neon")
    if name not in known:
        raise ValueError(f"unknown instruction set {name!r}: choose from {', '.join(known)} (AUTOGRAD_ISA or set_isa)")
    if name not in names:
        raise ValueError(f"this build has no {name!r} kernels: choose from {', '.join(names) or 'none (NumPy only)'}")
    if names.index(name) > _lib().ag_best_isa():
        raise RuntimeError(f"this CPU does not run {name!r}; its best is {names[_lib().ag_best_isa()]!r}")
    return names[_lib().ag_set_isa(names.index(name))]


def memory_stats() -> dict[str, int]:
    """The storage pool of the C backend, in bytes and blocks.

    live, peak
        Bytes handed out now, and the most since the start or :func:`reset_peak_memory_stats`.
    cached
        Bytes kept for reuse; :func:`empty_cache` gives them back.
    allocations, reused
        Blocks handed out so far, and how many of them came from the cache.

    Blocks of up to 1,024 bytes do not come from the pool.
    """
    names = ("live", "peak", "cached", "allocations", "reused")
    if _lib() is None:
        return dict.fromkeys(names, 0)
    stats = extension.ffi.new("int64_t[5]")
    _lib().ag_memory_stats(stats)
    return dict(zip(names, stats))


def reset_peak_memory_stats() -> None:
    """Let ``memory_stats()["peak"]`` start again from what is live."""
    if _lib() is not None:
        _lib().ag_reset_peak()


def empty_cache() -> None:
    """Give the pool's unused blocks back to the system."""
    if _lib() is not None:
        _lib().ag_empty_cache()


def set_strict_ieee(strict: bool) -> None:
    """With True, a gradient of 0 times an infinite local factor is NaN, as in PyTorch; by default it is 0."""
    backend.set_strict(bool(strict))


def is_strict_ieee() -> bool:
    """Whether :func:`set_strict_ieee` is on."""
    return backend.is_strict()


def _start() -> None:
    """Settings from the environment, at import: AUTOGRAD_NUM_THREADS (else OMP_NUM_THREADS), AUTOGRAD_ISA."""
    if _lib() is None:
        return
    _lib().ag_set_num_threads(_lib().ag_default_num_threads())
    for variable in ("AUTOGRAD_NUM_THREADS", "OMP_NUM_THREADS"):
        text = os.environ.get(variable, "").split(",")[0].strip()
        if text.isdigit() and int(text) > 0:
            set_num_threads(int(text))
            break
        if text and variable == "AUTOGRAD_NUM_THREADS":
            raise ValueError(f"AUTOGRAD_NUM_THREADS={text!r} is not a positive integer")
    isa = os.environ.get("AUTOGRAD_ISA", "").strip().lower()
    if isa:
        set_isa(isa)


_start()
