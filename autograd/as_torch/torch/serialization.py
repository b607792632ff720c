"""``torch.serialization``: save and load.

>>> with safe_globals([dict]):
...     pass
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ...naming import refuse_others
from ...serialization import LoadError, load, save

__all__ = ["LoadError", "add_safe_globals", "load", "safe_globals", "save"]


def add_safe_globals(safe_globals: Iterable[Any]) -> None:
    """Nothing: no class is ever looked for that a file names."""


@contextmanager
def safe_globals(safe_globals: Iterable[Any]) -> Iterator[None]:
    """A with block that changes nothing: no class is ever looked for that a file names."""
    yield


__getattr__ = refuse_others("torch.serialization")
