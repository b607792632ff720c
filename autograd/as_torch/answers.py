"""What functions say that PyTorch has for what is not here: a fixed answer, an error, a remark.

>>> answer(False)("cuda:0")
False
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NoReturn

_said: set[str] = set()


def answer(value: Any) -> Callable[..., Any]:
    """A function that takes anything and returns the value."""

    def answered(*args: Any, **kwargs: Any) -> Any:
        return value

    return answered


def refusal(kind: type[Exception], text: str) -> Callable[..., Any]:
    """A function that takes anything and raises an exception."""

    def refused(*args: Any, **kwargs: Any) -> NoReturn:
        raise kind(text)

    return refused


def say_once(text: str) -> None:
    """A warning, the first time."""
    if text not in _said:
        _said.add(text)
        warnings.warn(text, stacklevel=3)
