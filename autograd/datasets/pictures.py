"""What data sets of pictures have in common."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..utils.data import Dataset


class Pictures(Dataset):
    """Pictures with classes: torchvision's arguments, and ``mirror``, the URL of a folder to download from.

    A subclass reads ``data`` and ``targets``.
    """

    classes: list[str] = []
    data: Any
    targets: Any

    def __init__(
        self,
        root: str | os.PathLike,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        *,
        mirror: str | None = None,
    ):
        self.root, self.train = Path(root).expanduser(), train
        self.transform, self.target_transform = transform, target_transform
        if download:
            self._download(mirror)
        self._read()

    def _download(self, mirror: str | None) -> None:
        raise NotImplementedError

    def _read(self) -> None:
        raise NotImplementedError

    def _check(self, targets: np.ndarray, pictures: int, path: Path) -> None:
        """Raise unless every picture has a class."""
        if len(targets) != pictures:
            raise RuntimeError(f"{path} is damaged: {len(targets):,} labels for {pictures:,} pictures")
        if len(targets) and targets.max() >= len(self.classes):
            raise RuntimeError(f"{path} is damaged: there is a label {targets.max()}, of {len(self.classes)} classes")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The classes' numbers by name."""
        return {name: i for i, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        picture, target = np.asarray(self.data[index]), int(self.targets[index])
        return (
            picture if self.transform is None else self.transform(picture),
            target if self.target_transform is None else self.target_transform(target),
        )

    def __repr__(self) -> str:
        part = "training" if self.train else "test"
        return f"{type(self).__name__}({str(self.root)!r}, {len(self):,} {part} pictures)"
