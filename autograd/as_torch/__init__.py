"""Scripts written for PyTorch, unchanged: ``import torch`` gives this package.

    python -m autograd.as_torch train.py --epochs 3

or, in a program of one's own, before anything imports torch:

    from autograd import as_torch

    as_torch.install()  # or for the length of a block: with as_torch.installed():
    import torch.nn.functional as F

``torch.nn`` *is* ``autograd.nn``, and so on: the modules are this package's own, under PyTorch's names. What only
PyTorch has stands beside this file in ``torch`` (devices, which are answered truthfully: there is the CPU) and
``torchvision``. A name that is missing raises AttributeError, a module ImportError, that says so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from .. import naming
from ..tensor import Tensor
from .finder import HINTS, Finder, answered
from .torch import storage

__all__ = ["install", "installed", "uninstall"]

CHILDREN = str(Path(__file__).with_name("path"))  # where processes that a program starts find torch
_finder = Finder()


def install() -> None:
    """Answer every import of torch and torchvision from here on by this package, in processes that this one starts too.

    Raises RuntimeError where PyTorch itself is imported already.
    """
    if _finder in sys.meta_path:
        return
    theirs = sorted(name for name in ("torch", "torchvision") if name in sys.modules)
    if theirs:
        raise RuntimeError(f"{' and '.join(theirs)} is imported already: call as_torch.install() before")
    sys.meta_path.insert(0, _finder)
    if CHILDREN not in sys.path:  # in such a process it is there
        sys.path.insert(1, CHILDREN)
    naming.package = "torch"
    Tensor.__getattr__ = _attribute  # type: ignore[method-assign]  # only while installed: it slows NumPy


def uninstall() -> None:
    """Leave the names to others again. Modules that have imported them keep what they have."""
    if _finder not in sys.meta_path:
        return
    sys.meta_path.remove(_finder)
    sys.path.remove(CHILDREN)
    for name in [name for name in sys.modules if answered(name)]:
        del sys.modules[name]
    naming.package = "autograd"
    del Tensor.__getattr__


@contextmanager
def installed() -> Iterator[None]:
    """:func:`install` for the length of a with block."""
    install()
    try:
        yield
    finally:
        uninstall()


def _attribute(self: Tensor, name: str) -> Any:
    """Tensor's ``__getattr__``: what only PyTorch's tensors have, and the error for the names that are missing."""
    if name == "layout":
        return storage.strided
    if name == "untyped_storage":
        return partial(storage.of, self)
    if name.startswith("_"):
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
    raise naming.missing(f"torch.Tensor.{name}", HINTS.get(f"torch.Tensor.{name}"))
