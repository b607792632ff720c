"""``torch.UntypedStorage`` and the layout of tensors, as far as the package safetensors asks for them.

>>> from autograd import asarray, uint8
>>> storage = UntypedStorage(np.arange(4, dtype=np.uint8))
>>> storage.nbytes(), asarray(storage[1:3], dtype=uint8)
(4, tensor([1, 2], dtype=autograd.uint8))
"""

from __future__ import annotations

import os

import numpy as np

from ...tensor import Tensor


class layout:
    """How a tensor's elements are kept."""

    def __repr__(self) -> str:
        return "torch.strided"


strided = layout()


class UntypedStorage:
    """Bytes."""

    def __init__(self, data: np.ndarray):
        self._bytes = data

    @classmethod
    def from_file(cls, filename: str | os.PathLike, shared: bool = False, nbytes: int = 0) -> UntypedStorage:
        """The first bytes of a file, read when they are used."""
        return cls(np.memmap(filename, np.uint8, "c", shape=(nbytes,)))

    def data_ptr(self) -> int:
        """The address of the first one."""
        return self._bytes.__array_interface__["data"][0]

    def nbytes(self) -> int:
        """How many."""
        return self._bytes.nbytes

    def untyped(self) -> UntypedStorage:
        """Itself."""
        return self

    def __getitem__(self, part: slice) -> UntypedStorage:
        return UntypedStorage(self._bytes[part])

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self._bytes, dtype) if copy else np.asarray(self._bytes, dtype)


def of(t: Tensor) -> UntypedStorage:
    """The storage of a tensor, from its first element on."""
    return UntypedStorage(t.numpy(force=True).reshape(-1))
