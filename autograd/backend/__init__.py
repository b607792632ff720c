"""The seam: every kernel call passes through :data:`K`, whatever runs it.

``K.add(out, a, b)`` takes arrays (:mod:`autograd.storage`) and writes its first argument. Which functions K holds is
the choice of backend: the C kernels of ``csrc/`` bound by :mod:`.c_kernels`, or the NumPy ones that define them
(:mod:`.numpy_kernels`, bound by :mod:`.numpy_backend`). Observers see every call, and cost nothing while there are
none.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from typing import TYPE_CHECKING, Any

extension: Any
try:
    extension, _why_not = import_module("._kernels", __package__), ""
except ImportError as error:
    extension, _why_not = None, str(error)

BUILD_HINT = "build it with `pip install -e .` in a clone (a C compiler is needed), or reinstall `autograd-cffi`"


class Kernels:
    """A namespace of kernels, filled by :func:`set_backend`."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., Any]: ...


class _Empty(Kernels):
    """Before the first use: asking for a kernel chooses the backend."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        _start()
        return getattr(self, name)


K: Kernels = _Empty()

Observer = Callable[[str, tuple, dict], Callable[[], None] | None]

observers: list[Observer] = []
"""Each is called as observer(kernel name, args, kwargs) before every kernel call, and what it returns, if anything, is
called after it; change the list by :func:`observe`."""

effects: list[Callable[[str], None]] = []
"""Each is told, by name, before Python changes what kernels work with by other means than a kernel."""

_state: dict[str, Any] = {"name": None, "strict": False}
_lock = threading.RLock()


class _Restore(AbstractContextManager):
    """Undoes a setting at the end of a with block."""

    def __init__(self, undo: Callable[[], Any]):
        self._undo = undo

    def __exit__(self, *exc):
        self._undo()


def get_backend() -> str:
    """The backend in use, "c" or "numpy"."""
    _start()
    return _state["name"]


def set_backend(name: str) -> AbstractContextManager:
    """Run kernels in C (``"c"``) or NumPy (``"numpy"``), process-wide; in a with statement, until its end.

    >>> with set_backend("numpy"):
    ...     get_backend()
    'numpy'

    Raises ValueError for another name, RuntimeError for "c" where the extension was not built.
    """
    before = get_backend()
    _use(name)
    return _Restore(lambda: _use(before))


def _use(name: str) -> None:
    from .. import storage
    from . import c_kernels, numpy_backend

    if name not in ("c", "numpy"):
        raise ValueError(f"unknown backend {name!r}: choose 'c' or 'numpy' (AUTOGRAD_BACKEND or set_backend)")
    if name == "c" and extension is None:
        raise RuntimeError(f"the C kernels are not built ({_why_not}): {BUILD_HINT}")
    with _lock:
        storage.c_memory = name == "c"
        table = (c_kernels if name == "c" else numpy_backend).table()
        if _state["strict"]:
            table = {**table, **_strict_kernels(table)}
        if observers:
            seen_by = tuple(observers)
            table = {kernel: watched(kernel, function, seen_by) for kernel, function in table.items()}
        K.__dict__.update(table)
        K.__class__ = Kernels
        _state["name"] = name  # last: who sees a name finds the kernels


def _strict_kernels(table: dict[str, Callable]) -> dict[str, Callable]:
    """The guarded products without their guard."""

    def sqrt_grad(dx, g, y):
        table["div"](dx, g, y)
        table["mul_scalar"](dx, dx, 0.5)

    return {"guarded_mul": table["mul"], "guarded_div": table["div"], "sqrt_grad": sqrt_grad}


def set_strict(strict: bool) -> None:
    """See autograd.set_strict_ieee."""
    _start()
    _state["strict"] = strict
    _use(_state["name"])


def is_strict() -> bool:
    return _state["strict"]


def watched(name: str, function: Callable[..., Any], by: tuple[Observer, ...]) -> Callable[..., Any]:
    """The kernel as its observers see it."""

    def kernel(*args, **kwargs):
        done = [observer(name, args, kwargs) for observer in by]
        result = function(*args, **kwargs)
        for end in done:
            if end is not None:
                end()
        return result

    return kernel


def observe(observer: Observer) -> AbstractContextManager:
    """Call ``observer(name, args, kwargs)`` before every kernel call, until the end of a with block; where it returns
    a function, call that after the kernel.

    >>> from autograd import ones
    >>> names = []
    >>> with observe(lambda name, args, kwargs: names.append(name)):
    ...     y = ones(3).exp()
    >>> names
    ['fill', 'exp']
    """
    _start()
    observers.append(observer)
    _use(_state["name"])

    def stop():
        observers.remove(observer)
        _use(_state["name"])

    return _Restore(stop)


def _start() -> None:
    """Choose the backend at the first use, from AUTOGRAD_BACKEND; say so where it is not the C one."""
    if _state["name"] is not None:
        return
    with _lock:
        if _state["name"] is not None:  # another thread was first
            return
        wanted = os.environ.get("AUTOGRAD_BACKEND", "").strip().lower()
        if wanted not in ("", "c", "numpy"):
            raise ValueError(f"AUTOGRAD_BACKEND={wanted!r} is not a backend: choose 'c' or 'numpy'")
        _use(wanted or ("c" if extension is not None else "numpy"))
        if not wanted and extension is None:
            print(
                "autograd: running on the NumPy kernels, because the C kernels are not built "
                f"({_why_not}). For speed, {BUILD_HINT}; AUTOGRAD_BACKEND=numpy silences this line.",
                file=sys.stderr,
            )
