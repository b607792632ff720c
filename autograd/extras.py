"""Packages that only some parts need: imported when they are used, named with the extra that brings them."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def need(module: str, extra: str) -> ModuleType:
    """Import a module.

    >>> need("math", "train").sqrt(4.0)
    2.0

    Raises ImportError that names the extra where it is missing.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{module.partition('.')[0]} is needed here ({error}): install the extra with "
            f"`pip install 'autograd-cffi[{extra}]'`, in a clone `pip install -e '.[{extra}]'`",
            name=module,
        ) from error
