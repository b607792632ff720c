"""PyTorch's files: an archive in the zip format that holds a pickle and, one entry each, the bytes of storages.

Nothing is taken out into files and no entry is compressed, so an archive cannot become larger than it is. What the
pickle says of storages and tensors is checked against the entries before memory is taken for them.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import Any, BinaryIO

import numpy as np

from ..dtypes import ALL, NAMES
from ..storage import from_numpy
from . import pickles
from .errors import LoadError
from .safetensors import values, widened

PORTION = 1 << 20  # bytes that are read at once
DAMAGE = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError, OverflowError, struct.error,
    zlib.error,
)  # fmt: skip


def read(file: BinaryIO, size: int) -> Any:
    """The object in a file of ``size`` bytes."""
    try:
        archive = zipfile.ZipFile(file)
    except DAMAGE as error:
        raise LoadError(f"a damaged .pt file (zip): {error}") from error
    with archive:
        return _Checkpoint(archive, size).object()


class _Checkpoint:
    """An open archive: its entries by name, below the one folder that all are in."""

    def __init__(self, archive: zipfile.ZipFile, size: int):
        self.archive = archive
        self.entries = {entry.filename: entry for entry in archive.infolist()}
        pickled = [name for name in self.entries if name.endswith("/data.pkl") and name.count("/") == 1]
        if len(pickled) != 1:
            what = "an .npz file of NumPy's: np.load reads it" if any(n.endswith(".npy") for n in self.entries) else (
                "a zip archive that PyTorch did not write"
            )  # fmt: skip
            raise LoadError(f"no data.pkl in it: this is {what}")
        self.folder = pickled[0].removesuffix("data.pkl")
        if f"{self.folder}constants.pkl" in self.entries:
            raise LoadError("a TorchScript archive, which holds code: save the state_dict of the module in PyTorch")
        self._check(size)
        order = self._bytes("byteorder").tobytes() if f"{self.folder}byteorder" in self.entries else b"little"
        if order not in (b"little", b"big"):
            raise LoadError(f"its byte order is {order[:20]!r}, neither little nor big")
        self.order = "<" if order == b"little" else ">"
        self.stored: dict[str, tuple[str, pickles.Stored]] = {}

    def _check(self, size: int) -> None:
        """Raise unless the entries are as PyTorch makes them, and together no larger than the file."""
        if len(self.entries) != len(self.archive.infolist()):
            raise LoadError("two of its entries have one name")
        for name, entry in self.entries.items():
            plain = entry.compress_type == zipfile.ZIP_STORED and entry.file_size == entry.compress_size
            if not plain or entry.flag_bits & 1:
                raise LoadError(f"the entry {name!r} is compressed or encrypted, which PyTorch's never are")
        if sum(entry.file_size for entry in self.entries.values()) > size:
            raise LoadError(f"its entries are said to be larger than the file of {size:,} bytes")

    def object(self) -> Any:
        return pickles.read(self._bytes("data.pkl").tobytes(), self._storage)

    def _bytes(self, name: str) -> np.ndarray:
        """The bytes of an entry; zipfile compares their checksum."""
        entry = self.entries[self.folder + name]
        data = np.empty(entry.file_size, np.uint8)
        try:
            with self.archive.open(entry) as file:
                done = 0
                while done < len(data):
                    portion = file.read(min(PORTION, len(data) - done))
                    if not portion:
                        raise EOFError("it ends early")
                    data[done : done + len(portion)] = np.frombuffer(portion, np.uint8)
                    done += len(portion)
        except DAMAGE as error:
            raise LoadError(f"the entry {entry.filename!r} is damaged: {error}") from error
        return data

    def _storage(self, tag: pickles.Tag, key: Any, numel: Any) -> pickles.Stored:
        """The elements of a storage, the same memory whenever they are asked for."""
        if not isinstance(key, str):
            raise LoadError(f"the name of a storage is a {type(key).__name__}")
        if f"{self.folder}data/{key}" not in self.entries:
            raise LoadError(f"the storage {key[:80]!r} is not in the file")
        name = f"data/{key}"
        present = self.entries[self.folder + name].file_size
        itemsize = 2 if tag.dtype == "bfloat16" else ALL[NAMES.index(tag.dtype)].itemsize
        if type(numel) is not int or numel < 0 or numel > present or numel * itemsize != present:
            raise LoadError(
                f"the storage {key[:80]!r} of {tag.dtype} has {present:,} bytes, which is not what is said of it"
            )
        if key not in self.stored:
            elements = from_numpy(self._elements(self._bytes(name), tag.dtype))
            self.stored[key] = tag.dtype, pickles.Stored(elements)
        dtype, stored = self.stored[key]
        if dtype != tag.dtype:
            raise LoadError(f"the storage {key!r} is said to be of {dtype} and of {tag.dtype}")
        return stored

    def _elements(self, raw: np.ndarray, dtype: str) -> np.ndarray:
        if dtype == "bfloat16":
            return widened(raw, self.order)
        return values(raw, np.dtype(self.order + np.dtype(dtype).str[1:]))
