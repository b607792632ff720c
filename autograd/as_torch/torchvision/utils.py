"""``torchvision.utils``: pictures side by side, and pictures as files.

>>> from autograd import zeros
>>> make_grid(zeros(5, 1, 8, 8), nrow=3).shape
autograd.Size([3, 22, 32])
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any, BinaryIO

from ...extras import need
from ...modes import no_grad
from ...naming import refuse_others
from ...ops.create import full
from ...ops.join import stack
from ...tensor import Tensor


@no_grad()
def make_grid(
    tensor: Tensor | Sequence[Tensor],
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """One picture (3, rows, columns) of many (n, colours, rows, columns), ``nrow`` of them in a row. ``normalize``
    stretches the values of all (or of each) from their range, or from ``value_range``, to 0 .. 1.
    """
    pictures = stack(list(tensor)) if not isinstance(tensor, Tensor) else tensor
    pictures = pictures.reshape(-1, 1 if pictures.ndim == 2 else pictures.shape[-3], *pictures.shape[-2:])
    pictures = pictures.expand(-1, 3, -1, -1) if pictures.shape[1] == 1 else pictures
    if normalize:
        parts = [_stretched(p, value_range) for p in pictures] if scale_each else [_stretched(pictures, value_range)]
        pictures = stack(parts) if scale_each else parts[0]
    n, colours, rows, columns = pictures.shape
    if n == 1:
        return pictures[0]
    across = min(nrow, n)
    height, width = rows + padding, columns + padding
    grid = full(
        (colours, height * -(-n // across) + padding, width * across + padding), pad_value, dtype=pictures.dtype
    )
    for i, picture in enumerate(pictures):
        top, left = i // across * height + padding, i % across * width + padding
        grid[:, top : top + rows, left : left + columns] = picture
    return grid


def _stretched(x: Tensor, value_range: tuple[float, float] | None) -> Tensor:
    low, high = (x.min().item(), x.max().item()) if value_range is None else value_range
    return (x.clamp(low, high) - low) / max(high - low, 1e-5)


def save_image(tensor: Any, fp: str | PathLike | BinaryIO, format: str | None = None, **options: Any) -> None:
    """Write a picture with values of 0 .. 1, or many as :func:`make_grid` puts them together, to a file by Pillow."""
    values = make_grid(tensor, **options).mul(255).add(0.5).clamp(0, 255).permute(1, 2, 0).byte().numpy()
    need("PIL.Image", "train").fromarray(values).save(fp, format=format)


__getattr__ = refuse_others("torchvision.utils", "autograd.datasets is what there is")
