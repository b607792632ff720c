"""Nested tuples, lists and dicts of tensors, as the arguments and results of functions are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def leaves(tree: Any) -> Iterator[Any]:
    """What stands at the ends, from left to right.

    >>> list(leaves((1, [2, {"a": 3}])))
    [1, 2, 3]
    """
    if isinstance(tree, (tuple, list)):
        for part in tree:
            yield from leaves(part)
    elif isinstance(tree, dict):
        for part in tree.values():
            yield from leaves(part)
    else:
        yield tree


def rebuilt(tree: Any, values: Iterator[Any]) -> Any:
    """A tree of the same form with other values at its ends.

    >>> rebuilt((1, [2, {"a": 3}]), iter("xyz"))
    ('x', ['y', {'a': 'z'}])
    """
    if isinstance(tree, (tuple, list)):
        parts = [rebuilt(part, values) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    if isinstance(tree, dict):
        return {key: rebuilt(part, values) for key, part in tree.items()}
    return next(values)


def mapped(function: Callable[..., Any], tree: Any) -> Any:
    """The tree with function(value) for each value.

    >>> mapped(lambda n: n + 1, {"a": (1, 2)})
    {'a': (2, 3)}
    """
    return rebuilt(tree, map(function, leaves(tree)))


def spread(prefix: Any, tree: Any, what: str) -> list[Any]:
    """For each end of the tree the value of a tree that may stop earlier.

    >>> spread((0, None), ([1, 2], 3), "in_dims")
    [0, 0, None]
    """
    if isinstance(prefix, (tuple, list, dict)) and type(prefix) is type(tree) and len(prefix) == len(tree):
        pairs = zip(prefix, tree) if not isinstance(prefix, dict) else ((prefix[k], tree[k]) for k in tree)
        return [value for p, t in pairs for value in spread(p, t, what)]
    if isinstance(prefix, (tuple, list, dict)):
        raise ValueError(f"{what} is not compatible with the structure of what it belongs to: {prefix!r}")
    return [prefix] * sum(1 for _ in leaves(tree))
