"""MNIST and what is stored like it: IDX files, plain or by gzip.

An IDX file is two zero bytes, a byte for the type of the values (8: uint8), one for the number of dims, the sizes as
big-endian 32-bit numbers, the values.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from ..data import from_numpy
from ..tensor import Tensor
from .files import capacity, fetch, filled, not_found
from .pictures import Pictures


class MNIST(Pictures):
    """70,000 handwritten digits of 28 x 28 pixels (LeCun, Cortes, Burges 1998), 60,000 of them to train.

    ``data`` is a uint8 tensor (n, 28, 28), ``targets`` an int64 tensor (n,). The files are in ``root/MNIST/raw``, as
    torchvision has them.
    """

    mirrors = ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    classes = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven", "8 - eight",
        "9 - nine",
    ]  # fmt: skip
    data: Tensor
    targets: Tensor

    @property
    def raw_folder(self) -> Path:
        """Where the files are."""
        return self.root / type(self).__name__ / "raw"

    def _download(self, mirror: str | None) -> None:
        for name, checksum in self.resources:
            if not (self.raw_folder / name.removesuffix(".gz")).exists():
                fetch(name, [mirror] if mirror else self.mirrors, self.raw_folder, checksum)

    def _read(self) -> None:
        names = self.resources[:2] if self.train else self.resources[2:]
        images, labels = (self._found(name.removesuffix(".gz")) for name, _ in names)
        pictures, targets = read_idx(images, 3), read_idx(labels, 1)
        self._check(targets, len(pictures), labels)
        self.data, self.targets = from_numpy(pictures), from_numpy(targets.astype(np.int64))

    def _found(self, name: str) -> Path:
        for path in (self.raw_folder / name, self.raw_folder / f"{name}.gz"):
            if path.exists():
                return path
        raise not_found(type(self).__name__, [f"{name}.gz"], self.raw_folder)


class FashionMNIST(MNIST):
    """70,000 pictures of clothes, 28 x 28 pixels, in MNIST's form (Xiao, Rasul, Vollgraf 2017)."""

    mirrors = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]  # fmt: skip


def read_idx(path: Path, ndim: int) -> np.ndarray:
    """The uint8 values of an IDX file with this number of dims; RuntimeError where it is none, or not whole."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as file:
            start = file.read(4 + 4 * ndim)
            if len(start) < 4 + 4 * ndim or start[:4] != bytes([0, 0, 8, ndim]):
                raise RuntimeError(f"{path} is no IDX file of {ndim} dims of uint8: it begins with {start[:4]!r}")
            sizes = struct.unpack(f">{ndim}I", start[4:])
            data = filled(file, math.prod(sizes), path, capacity(path))
            if file.read(1):
                raise RuntimeError(f"{path} is damaged: there is more in it than {len(data):,} bytes of values")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise RuntimeError(f"{path} is damaged: {error}") from error
    return data.reshape(sizes)
