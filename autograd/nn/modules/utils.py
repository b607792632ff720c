"""What the layers share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def each(value: Any, n: int) -> tuple:
    """A value for each of ``n`` dims: the values given, or the one for all.

    >>> each(3, 2), each([1, 2], 2)
    ((3, 3), (1, 2))
    """
    return tuple(value) if isinstance(value, Iterable) else (value,) * n
