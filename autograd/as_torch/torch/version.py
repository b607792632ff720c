"""The version that scripts see: that of the PyTorch whose behaviour this package follows.

>>> __version__, __version__ >= (2, 0), __version__ > "1.10", __version__ < "2.13"
('2.13.0+autograd', True, True, False)
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["TorchVersion", "cuda", "hip"]


class TorchVersion(str):
    """A version that compares by its numbers, with strings and tuples of numbers."""

    __hash__ = str.__hash__

    def __lt__(self, other: Any) -> bool:
        return _numbers(self) < _numbers(other)

    def __le__(self, other: Any) -> bool:
        return _numbers(self) <= _numbers(other)

    def __gt__(self, other: Any) -> bool:
        return _numbers(self) > _numbers(other)

    def __ge__(self, other: Any) -> bool:
        return _numbers(self) >= _numbers(other)

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other) if isinstance(other, str) else _numbers(self) == _numbers(other)


def _numbers(version: Any) -> list[int]:
    """The numbers of a version, without zeros at the end."""
    parts = version if isinstance(version, tuple) else re.findall(r"\d+", str(version).partition("+")[0])
    numbers = [int(part) for part in parts]
    while numbers and not numbers[-1]:
        numbers.pop()
    return numbers


__version__ = TorchVersion("2.13.0+autograd")
cuda = hip = None
"""The versions of CUDA and ROCm: there is none."""
