"""Files of data sets: fetched with their checksums, and read with their sizes known beforehand."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..serialization.atomic import replacing

PORTION = 1 << 20  # bytes that are read at once
LIMIT = 1 << 30  # bytes of a download
INFLATION = 1032  # how much larger than its gzip a file can be
TIMEOUT = 30  # seconds without an answer


def md5(path: Path) -> str:
    """The checksum of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def fetch(name: str, mirrors: Iterable[str], folder: Path, checksum: str) -> None:
    """Have a file in a folder: from the first mirror that gives one with this MD5, unless it is there already. Nothing
    is left of a download that was cut short."""
    import http.client  # takes a while

    path, reasons = folder / name, []
    if path.exists() and md5(path) == checksum:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for mirror in mirrors:
        url = mirror.rstrip("/") + "/" + name
        print(f"Downloading {url}", file=sys.stderr)
        try:
            return _download(url, path, checksum)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reasons.append(f"{url}: {error}")
    raise RuntimeError(
        f"Error downloading {name}: " + "; ".join(reasons) + f". Without a network, put {name} (MD5 {checksum}) into "
        f"{folder}, or name another source with mirror="
    )


def _download(url: str, path: Path, checksum: str) -> None:
    import urllib.request  # takes a while

    digest, size = hashlib.md5(usedforsecurity=False), 0
    request = urllib.request.Request(url, headers={"User-Agent": "autograd-cffi"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer, replacing(path) as file:
        while portion := answer.read(PORTION):
            size += len(portion)
            if size > LIMIT:
                raise ValueError(f"it is larger than {LIMIT:,} bytes")
            digest.update(portion)
            file.write(portion)
        if digest.hexdigest() != checksum:
            raise ValueError(f"its MD5 is {digest.hexdigest()}, not {checksum}: it is damaged, or another file")


def filled(file: Any, size: int, path: Path, largest: int) -> np.ndarray:
    """The next ``size`` bytes of an open file that cannot hold more than ``largest``."""
    if size > largest:
        raise RuntimeError(f"{path} is damaged: {size:,} bytes are announced, at most {largest:,} can be in it")
    data, done = np.empty(size, np.uint8), 0
    while done < size:
        portion = file.read(min(PORTION, size - done))
        if not portion:
            raise RuntimeError(f"{path} is damaged: {size:,} bytes are announced, {done:,} are there")
        data[done : done + len(portion)] = np.frombuffer(portion, np.uint8)
        done += len(portion)
    return data


def capacity(path: Path) -> int:
    """How many bytes can be in a file, if need be when it is unpacked."""
    return os.path.getsize(path) * (INFLATION if path.suffix == ".gz" else 1)


def not_found(what: str, names: Iterable[str], folder: Path) -> RuntimeError:
    return RuntimeError(
        f"Dataset not found. You can use download=True to download it: {what} needs {', '.join(names)} in {folder}"
    )
