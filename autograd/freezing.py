"""Tensors that nobody may write to for a while: for finding who does.

>>> from autograd import ones
>>> x = ones(2)
>>> with freeze(x):
...     x.add_(1.0)  # doctest: +ELLIPSIS
Traceback (most recent call last):
RuntimeError: add_: this tensor is frozen, since ...
"""

from __future__ import annotations

from zlib import crc32

from .ops.inplace import frozen
from .study import tracing
from .tensor import Tensor


class freeze:
    """Within ``with freeze(*tensors):`` an op that writes to their memory in place raises RuntimeError.

    What the engine does not see (a write through a NumPy array over the same memory, an optimizer's step) is found at
    the end, by a checksum.
    """

    def __init__(self, *tensors: Tensor):
        self._tensors = tensors

    def __enter__(self) -> freeze:
        self._where = tracing.here()
        self._sums = [_checksum(t) for t in self._tensors]
        for t in self._tensors:
            frozen.setdefault(t._array.storage, []).append(self._where)
        return self

    def __exit__(self, kind: type | None, *exc: object) -> None:
        for t in self._tensors:
            storage = t._array.storage
            frozen[storage].remove(self._where)
            if not frozen[storage]:
                del frozen[storage]
        for t, before in zip(self._tensors, self._sums):
            if kind is None and _checksum(t) != before:
                raise RuntimeError(
                    f"a tensor of shape {list(t.shape)}, frozen since {self._where}, was written to from outside: by "
                    "an optimizer, or through a NumPy array over its memory"
                )


def _checksum(t: Tensor) -> int:
    return crc32(t._array.numpy().tobytes())
