"""What is done to a picture before a net sees it: torchvision's transforms that small nets use.

>>> picture = np.array([[0, 255]], np.uint8)
>>> Compose([ToTensor(), Normalize([0.5], [0.5])])(picture)
tensor([[[-1.,  1.]]])

Pictures are uint8 arrays (rows, columns) or (rows, columns, colours), images of PIL's too, or tensors
(colours, rows, columns).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..data import as_tensor, from_numpy
from ..ops.random import rand, randint
from ..tensor import Tensor

__all__ = ["Compose", "Lambda", "Normalize", "RandomCrop", "RandomHorizontalFlip", "ToTensor"]


class Compose:
    """One transform after the other."""

    def __init__(self, transforms: Sequence[Callable]):
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return "Compose(" + "".join(f"\n    {t}" for t in self.transforms) + "\n)"


class Lambda:
    """A function of one's own."""

    def __init__(self, lambd: Callable):
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return "Lambda()"


class ToTensor:
    """A picture as a tensor (colours, rows, columns): uint8 as float32 from 0 to 1, other dtypes as they are."""

    def __call__(self, pic: Any) -> Tensor:
        values = np.asarray(pic)
        if isinstance(pic, Tensor) or values.ndim not in (2, 3):
            raise TypeError(f"pic should be a picture of 2 or 3 dims as PIL's or NumPy's, got {type(pic).__name__}")
        planes = values[None] if values.ndim == 2 else values.transpose(2, 0, 1)
        if values.dtype == np.uint8:
            return from_numpy(np.divide(planes, np.float32(255), dtype=np.float32, order="C"))
        return from_numpy(np.ascontiguousarray(planes))

    def __repr__(self) -> str:
        return "ToTensor()"


class Normalize:
    """(x - mean) / std, each colour with its own."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False):
        if any(s == 0 for s in std):
            raise ValueError(f"std evaluated to zero, leading to division by zero: {std}")
        self.mean, self.std, self.inplace = mean, std, inplace

    def __call__(self, tensor: Tensor) -> Tensor:
        if not isinstance(tensor, Tensor) or not tensor.is_floating_point() or tensor.ndim < 3:
            what = f"{tensor.dtype} of {tensor.ndim} dims" if isinstance(tensor, Tensor) else type(tensor).__name__
            raise TypeError(f"Input tensor should be a float tensor (..., colours, rows, columns), got {what}")
        mean, std = (as_tensor(v, dtype=tensor.dtype).reshape(-1, 1, 1) for v in (self.mean, self.std))
        y = tensor if self.inplace else tensor.clone()
        return y.sub_(mean).div_(std)

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"


def _axes(img: Any) -> tuple[Any, int, int]:
    """A picture as an array or tensor, with the axes of its rows and columns."""
    if isinstance(img, Tensor):
        return img, img.ndim - 2, img.ndim - 1
    return np.asarray(img), 0, 1


class RandomHorizontalFlip:
    """Mirrored, left for right, with probability p."""

    def __init__(self, p: float = 0.5):
        self.p = p

    def __call__(self, img: Any) -> Any:
        if rand(1).item() >= self.p:
            return img
        picture, _, columns = _axes(img)
        return picture.flip(columns) if isinstance(picture, Tensor) else np.flip(picture, columns)

    def __repr__(self) -> str:
        return f"RandomHorizontalFlip(p={self.p})"


class RandomCrop:
    """A part of ``size``, (rows, columns) or one number, from anywhere in the picture, to each side of which
    ``padding`` pixels of value ``fill`` were added."""

    def __init__(self, size: int | tuple[int, int], padding: int = 0, fill: float = 0):
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        self.padding, self.fill = padding, fill

    def __call__(self, img: Any) -> Any:
        picture, *axes = _axes(img)
        widths = [(self.padding if axis in axes else 0,) * 2 for axis in range(picture.ndim)]
        values = np.pad(np.asarray(picture), widths, constant_values=self.fill) if self.padding else picture
        room = [values.shape[axis] - wanted for axis, wanted in zip(axes, self.size)]
        if min(room) < 0:
            raise ValueError(f"Required crop size {self.size} is larger than input image size {values.shape}")
        begin = [randint(0, n + 1, (1,)).item() if any(room) else 0 for n in room]
        index = [slice(None)] * values.ndim
        for axis, first, wanted in zip(axes, begin, self.size):
            index[axis] = slice(first, first + wanted)
        part = values[tuple(index)]
        return from_numpy(part) if isinstance(img, Tensor) and not isinstance(part, Tensor) else part

    def __repr__(self) -> str:
        return f"RandomCrop(size={self.size}, padding={self.padding})"
