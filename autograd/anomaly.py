"""Anomaly mode: backward stops at the first NaN and names the line of the forward that it came from.

>>> from autograd import tensor
>>> x = tensor([-1.0, 4.0], requires_grad=True)
>>> with detect_anomaly():
...     y = x.sqrt().sum()
...     y.backward()  # doctest: +ELLIPSIS
Traceback (most recent call last):
RuntimeError: Function 'SqrtBackward0' returned nan values in its 0th output. It was recorded at ...
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from weakref import WeakKeyDictionary, WeakSet
from zlib import crc32

import numpy as np

from . import graph, storage
from .backend import observe
from .backprop import reachable
from .graph import Node
from .ops.exponential import Log
from .ops.softmax import Softmax
from .storage import Array
from .study import tracing
from .tensor import Tensor

LINES = 100_000  # how many lines that wrote are remembered

_modes: list[bool] = []  # of those that are on, whether NaN are looked for
_nan_since = False  # whether a kernel made NaN out of numbers since the last node
_made_nan: WeakSet[Node] = WeakSet()
_observed: list[AbstractContextManager] = []
_sums: WeakKeyDictionary[Node, tuple] = WeakKeyDictionary()


class detect_anomaly:
    """Within it every node keeps the line that made it, and backward raises RuntimeError, with that line,

    - where an op's gradient has NaN (unless ``check_nan=False``);
    - where a saved value was written to, with the line that wrote it;
    - where a saved value was changed behind the engine's back, as through a NumPy array over the same memory.

    log(softmax(x)), which loses small probabilities, is warned of.

    Forward and backward both belong inside. It costs time: for finding errors, not for training.
    """

    def __init__(self, check_nan: bool = True):
        self._check_nan = check_nan

    def __enter__(self) -> detect_anomaly:
        _on(self._check_nan)
        return self

    def __exit__(self, *exc: object) -> None:
        _off()


class set_detect_anomaly:
    """Anomaly mode on or off from here on; in a with statement until its end."""

    def __init__(self, mode: bool, check_nan: bool = True):
        self._before = list(_modes)
        _set([*_modes, check_nan] if mode else [])

    def __enter__(self) -> set_detect_anomaly:
        return self

    def __exit__(self, *exc: object) -> None:
        _set(self._before)


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on."""
    return bool(_modes)


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly mode is on and looks for NaN."""
    return bool(_modes) and _modes[-1]


def _set(modes: list[bool]) -> None:
    while _modes:
        _off()
    for check_nan in modes:
        _on(check_nan)


def _on(check_nan: bool) -> None:
    _modes.append(check_nan)
    if len(_modes) == 1:
        tracing.start()
        graph.observers.append(_remember)
        graph.watchers.append(_watch)
        storage.writers.append(_note_line)
        if check_nan:
            _observed.append(observe(_look_at_result))


def _off() -> None:
    _modes.pop()
    if not _modes:
        tracing.stop()
        graph.observers.remove(_remember)
        graph.watchers.remove(_watch)
        storage.writers.remove(_note_line)
        while _observed:
            _observed.pop().__exit__(None, None, None)
        _made_nan.clear()
        storage.lines.clear()
        _sums.clear()


def _note_line(time: int) -> None:
    if len(storage.lines) >= LINES:
        storage.lines.clear()
    storage.lines[time] = tracing.here()


def _remember(node: Node, *_: Any) -> None:
    global _nan_since
    _sums[node] = _checksums(node)
    if node.op is Log and type(node.edges[0]) is Node and node.edges[0].op is Softmax:
        warnings.warn(
            f"log(softmax(x)) at {node.where}: a small probability is 0, and its logarithm -inf; use log_softmax, or "
            "cross_entropy of the logits",
            stacklevel=2,
        )
    if _nan_since:
        _made_nan.add(node)
        _nan_since = False


def _checksums(node: Node) -> tuple:
    return tuple([None if a is None else crc32(a.numpy().tobytes()) for a in _saved(node)])


def _saved(node: Node) -> list[Array | None]:
    return [a if isinstance(a, Array) and a.size else None for a in node.saved or ()]


def _watch(node: Node, g: Any, run: Callable[[], Any], roots: Any) -> Any:
    """The gradients that a node passes on, looked at."""
    for a, before, now in zip(node.saved or (), _sums.get(node, ()), _checksums(node)):
        if before != now:
            raise RuntimeError(
                f"a {a.dtype.title}Tensor of shape {list(a.shape)}, saved for {node!r}, was changed from outside, "
                "through a NumPy array or another view of its memory that the engine does not know of; it was recorded "
                f"at {node.where}. Change a copy instead."
            )
    global _nan_since
    found = run()
    _nan_since = False
    if is_anomaly_check_nan_enabled():
        for i, dx in enumerate(found):
            if dx is not None and _has_nan(dx._array if isinstance(dx, Tensor) else dx):
                raise RuntimeError(_message(node, i))
    return found


def _has_nan(a: Array) -> bool:
    return a.dtype.is_floating_point and bool(np.isnan(a.numpy()).any())


def _message(node: Node, i: int) -> str:
    text = f"Function '{node.name()}' returned nan values in its {i}th output. It was recorded at {node.where}."
    made = [n for n in reachable([node]) if n in _made_nan and n is not node]
    if made:
        first = min(made, key=lambda n: n.seq)
        text += f" The forward had NaN before that: first from {first!r}, recorded at {first.where}."
    return text


def _look_at_result(kernel: str, args: tuple, kwargs: dict) -> Callable[[], None] | None:
    """Before and after each kernel: does it make NaN out of numbers?"""
    arrays = [a for a in args if isinstance(a, Array)]
    if not arrays or any(_has_nan(a) for a in arrays[1:]):
        return None

    def look() -> None:
        global _nan_since
        _nan_since = _nan_since or _has_nan(arrays[0])

    return look
