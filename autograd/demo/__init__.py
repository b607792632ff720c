"""Nets to run from the command line: ``python -m autograd demo`` (:mod:`.digits`), ``demo xor`` (:mod:`.xor`)."""

from __future__ import annotations

from types import ModuleType

from .. import extras
from ..training.progress import Report, progress

__all__ = ["Report", "Unavailable", "need", "progress"]


class Unavailable(Exception):
    """The demo cannot run here; the message says what to do about it."""


def need(*modules: str) -> list[ModuleType]:
    """Import what the ``demo`` extra brings; Unavailable names the extra where something is missing."""
    try:
        return [extras.need(name, "demo") for name in modules]
    except ImportError as error:
        raise Unavailable(str(error)) from error
