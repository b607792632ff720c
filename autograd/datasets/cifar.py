"""CIFAR-10, from its binary version: records of a label and 3 x 32 x 32 values, in a folder or still in the archive."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from .files import capacity, fetch, filled, not_found
from .pictures import Pictures

RECORD = 1 + 3 * 32 * 32


class CIFAR10(Pictures):
    """60,000 colour pictures of 32 x 32 pixels in 10 classes (Krizhevsky 2009), 50,000 of them to train.

    ``data`` is a uint8 array (n, 32, 32, 3), ``targets`` a list of ints, as torchvision's. Read are
    ``root/cifar-10-batches-bin``, or ``root/cifar-10-binary.tar.gz`` without unpacking it into files, which takes a
    little longer.
    """

    mirrors = ["https://www.cs.toronto.edu/~kriz/"]
    archive = ("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530")
    folder = "cifar-10-batches-bin"
    parts = {True: [f"data_batch_{i}.bin" for i in range(1, 6)], False: ["test_batch.bin"]}
    classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    data: np.ndarray
    targets: list[int]

    def _download(self, mirror: str | None) -> None:
        if not (self.root / self.folder).is_dir():
            fetch(self.archive[0], [mirror] if mirror else self.mirrors, self.root, self.archive[1])

    def _read(self) -> None:
        folder, archive = self.root / self.folder, self.root / self.archive[0]
        if folder.is_dir():
            parts = [_from_file(folder / name) for name in self.parts[self.train]]
        elif archive.exists():
            parts = _from_archive(archive, self.parts[self.train])
        else:
            raise not_found("CIFAR10", [self.archive[0]], self.root)
        records = np.concatenate(parts)
        labels = records[:, 0]
        self._check(labels, len(records), self.root)
        planes = records[:, 1:].reshape(-1, 3, 32, 32)
        self.data, self.targets = np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels.tolist()


def _records(file, size: int, path: Path, largest: int) -> np.ndarray:
    if size % RECORD:
        raise RuntimeError(f"{path} is damaged: {size:,} bytes are no records of {RECORD:,}")
    return filled(file, size, path, largest).reshape(-1, RECORD)


def _from_file(path: Path) -> np.ndarray:
    if not path.exists():
        raise not_found("CIFAR10", [path.name], path.parent)
    with open(path, "rb") as file:
        return _records(file, capacity(path), path, capacity(path))


def _from_archive(path: Path, names: list[str]) -> list[np.ndarray]:
    """The records of each file, read where it lies in the archive."""
    import tarfile  # takes a while

    found: dict[str, np.ndarray] = {}
    try:
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if name in names and member.isfile():
                    found[name] = _records(archive.extractfile(member), member.size, path, capacity(path))
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise RuntimeError(f"{path} is damaged: {error}") from error
    missing = [name for name in names if name not in found]
    if missing:
        raise RuntimeError(f"{path} is damaged: {', '.join(missing)} not in it")
    return [found[name] for name in names]
