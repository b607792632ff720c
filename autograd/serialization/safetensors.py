"""Checkpoints as bytes of a safetensors file: an 8-byte length, a header in JSON, the tensors' bytes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..extras import need
from .errors import LoadError
from .structure import Reader, Writer

DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8",
    "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8",
}  # fmt: skip


def pack(obj: Any) -> bytes:
    """The file."""
    package = need("safetensors.numpy", "io")
    writer = Writer()
    structure = json.dumps(writer.encode(obj), allow_nan=False)
    return package.save(writer.arrays, {"autograd": "1", "structure": structure})


def unpack(data: bytes) -> Any:
    """What is in the file: as it was saved, or a dict of tensors if another program wrote it."""
    package = need("safetensors", "io")
    try:
        found = package.deserialize(data)  # checks the header against the bytes that are there
    except package.SafetensorError as error:
        raise LoadError(f"a damaged safetensors file: {error}") from error
    arrays = {name: _array(name, info) for name, info in found}
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    metadata = header.get("__metadata__") or {}
    reader = Reader(arrays)
    if "autograd" not in metadata:
        return {name: reader.tensor(name) for name in arrays}
    if metadata["autograd"] != "1":
        raise LoadError(f"written by a later version of this package (format {metadata['autograd']!r}, known is '1')")
    try:
        structure = json.loads(metadata.get("structure", ""))
    except (ValueError, RecursionError) as error:
        raise LoadError(f"the structure in its metadata is damaged: {error}") from error
    return reader.decode(structure)


def _array(name: str, info: dict) -> np.ndarray:
    """Memory of its own with the values."""
    raw = np.frombuffer(bytearray(info["data"]), np.uint8)
    if info["dtype"] == "BF16":
        return widened(raw).reshape(info["shape"])
    if info["dtype"] not in DTYPES:
        raise LoadError(f"tensor {name!r} is of dtype {info['dtype']}, which this engine does not have")
    return values(raw, np.dtype(DTYPES[info["dtype"]])).reshape(info["shape"])


def values(raw: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Bytes as an array of a dtype, in native byte order; whatever is not 0 is True."""
    if dtype.kind == "b":
        return raw != 0
    return raw.view(dtype).astype(dtype.newbyteorder("="), copy=False)


def widened(raw: np.ndarray, order: str = "<") -> np.ndarray:
    """bfloat16 as float32, which has all its values: the upper halves."""
    return (raw.view(np.dtype(f"{order}u2")).astype(np.uint32) << 16).view(np.float32)
