"""save and load: weights and checkpoints, in safetensors files. PyTorch's files are read too. Nothing in a file runs.

>>> import io
>>> from autograd import tensor
>>> file = io.BytesIO()
>>> save({"weight": tensor([1.0, 2.0]), "epoch": 3}, file)
>>> _ = file.seek(0)
>>> load(file)
{'weight': tensor([1., 2.]), 'epoch': 3}

What is saved is a nesting of dicts, lists and tuples with tensors, NumPy's arrays, numbers, strings and None. The
tensors stand in the file under their keys, joined by dots, so that any program that reads safetensors finds them; how
they are nested stands in the file's metadata (:mod:`.structure`). The file's name may end as one likes, in ``.pt`` too.
"""

from __future__ import annotations

import io
import os
from typing import Any, BinaryIO

from ..types import check_device
from . import safetensors
from .atomic import replacing
from .errors import LoadError

__all__ = ["LoadError", "load", "save"]

OTHERS = {
    b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.": (
        "in PyTorch's legacy format, which is not read: in PyTorch, torch.save(torch.load(name), name) writes it anew"
    ),
    b"\x80": "a pickle, which could run code and is not read",
    b"\x93NUMPY": "an array of NumPy's: np.load reads it",
    b"\x89HDF": "an HDF5 file, which is not read",
    b"\x1f\x8b": "compressed by gzip: gunzip it first",
}
"""How files that are no checkpoints begin, and what is said of them; the first that fits counts."""


def save(obj: Any, f: str | os.PathLike | BinaryIO) -> None:
    """Write a state dict or a checkpoint to a path or a file object. At a path the old file stays until the new one is
    whole. Needs the package safetensors: ``pip install 'autograd-cffi[io]'``.

    What is one tensor twice comes back so; tensors that overlap otherwise are saved each on its own. Raises TypeError
    for what cannot be saved, such as a module, with its place and the remedy.
    """
    _check_file(f, "save", "write")
    data = safetensors.pack(obj)
    if isinstance(f, (str, os.PathLike)):
        with replacing(f) as file:
            file.write(data)
    else:
        f.write(data)


def load(f: str | os.PathLike | BinaryIO, map_location: Any = None, *, weights_only: bool = True) -> Any:
    """Read what :func:`save` wrote, another safetensors file (as a dict of tensors), or a ``.pt`` file of PyTorch's
    with a state dict or checkpoint. bfloat16 is widened to float32.

    ``map_location`` may name the CPU in any of PyTorch's ways. ``weights_only=False`` reads no more than True: nothing
    in a file is ever run. Raises LoadError, a RuntimeError, for a file that is damaged or holds something else.
    """
    _check_location(map_location)
    _check_file(f, "load", "read")
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            return _read(file, os.fspath(f))
    return _read(io.BytesIO(f.read()), "the file object")


def _check_file(f: Any, op: str, needed: str) -> None:
    if not isinstance(f, (str, os.PathLike)) and not hasattr(f, needed):
        raise TypeError(f"{op}(): f is a path or a binary file, which has {needed}(), not {type(f).__name__}")


def _check_location(map_location: Any) -> None:
    """Raise for a device other than the CPU."""
    for device in map_location.values() if isinstance(map_location, dict) else [map_location]:
        if not callable(device):  # a function may leave a storage where it is: on the CPU
            check_device(device)


def _read(file: BinaryIO, name: Any) -> Any:
    start = file.read(512)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    try:
        if start[:4] == b"PK\x03\x04":
            from . import archive  # with zipfile and the like, which take a while to import

            return archive.read(file, size)
        if start[8:9] == b"{":
            return safetensors.unpack(file.read())
        raise LoadError(_what_it_is(start))
    except LoadError as error:
        raise LoadError(f"{name}: {error}") from error.__cause__


def _what_it_is(start: bytes) -> str:
    for prefix, what in OTHERS.items():
        if start.startswith(prefix):
            return f"this is {what}"
    if not start:
        return "the file is empty"
    return f"neither a safetensors file nor a .pt file of PyTorch's: it begins with {start[:16]!r}"
