"""Images at another size: interpolation, pixels dealt out to channels, and sliding blocks.

>>> from autograd import tensor
>>> interpolate(tensor([[[1.0, 3.0]]]), scale_factor=2.0, mode="linear")
tensor([[[1.0000, 1.5000, 2.5000, 3.0000]]])
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..data import tensor
from ..errors import not_implemented
from ..op import require_tensor
from ..tensor import Tensor
from .index import scatter_add_zeros
from .padding import pad
from .pooling import adaptive_avg_pool1d, adaptive_avg_pool2d

# --- interpolation ----------------------------------------------------------------------------------------------------

_DIMS = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}


def interpolate(
    input: Tensor,
    size=None,
    scale_factor=None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """input (N, C, ...) at another size of its last dims: ``size``, or ``scale_factor`` times its own, a number or one
    for each dim.

    mode
        "nearest", "nearest-exact" (as other image libraries round), "linear", "bilinear", "trilinear", "bicubic" for
        inputs of 3, 4, 5 and 4 dims, or "area", the mean over what a pixel covers.
    align_corners
        Whether the centres of the corner pixels stay where they are; else the corners of the image.
    recompute_scale_factor
        Whether the factor is found again from the sizes.

    >>> interpolate(tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), size=(2, 3))
    tensor([[[[1., 1., 2.],
              [3., 3., 4.]]]])

    Raises ValueError or NotImplementedError where the arguments do not fit each other.
    """
    x = require_tensor("interpolate", input)
    dims = x.ndim - 2
    modes = ("nearest", "nearest-exact", "area", *_DIMS)
    if not 1 <= dims <= 3 or mode not in modes:
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {x.ndim}D) for the modes: "
            f"{' | '.join(modes)} (got {mode})"
        )
    if mode in _DIMS and _DIMS[mode] != dims:
        raise NotImplementedError(f"Got {x.ndim}D input, but {mode} mode needs {_DIMS[mode] + 2}D input")
    if align_corners is not None and mode not in _DIMS:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        )
    if antialias:
        raise NotImplementedError("interpolate: antialias=True is not implemented: leave it away")
    out, factors = _sizes(x.shape[2:], size, scale_factor, recompute_scale_factor)
    if min(out) <= 0 or 0 in x.shape[1:]:
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input {list(x.shape)} output {list(out)}"
        )
    if not x.is_floating_point():
        raise not_implemented("interpolate", x.dtype)
    if mode == "area" and dims < 3:
        return (adaptive_avg_pool1d if dims == 1 else adaptive_avg_pool2d)(x, out)
    if mode == "area":
        raise NotImplementedError("interpolate: mode 'area' is not implemented for inputs of 5 dims")
    for d, (n, m, factor) in enumerate(zip(x.shape[2:], out, factors), 2):
        x = _weighted(x, d, *_taps(n, m, factor, mode, bool(align_corners)))
    return x


def _sizes(own: Sequence[int], size, scale_factor, recompute: bool | None) -> tuple[tuple, list]:
    """The sizes of the result, and how many of its pixels a pixel becomes (None: by the sizes)."""
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    given = size if size is not None else scale_factor
    each = tuple(given) if isinstance(given, (tuple, list)) else (given,) * len(own)
    if len(each) != len(own):
        name = "output size of" if size is not None else "scale_factor of shape"
        raise ValueError(
            f"Input and {'output' if size is not None else 'scale_factor'} must have the same number of spatial "
            f"dimensions, but got input with spatial dimensions of {list(own)} and {name} {each}."
        )
    if size is not None:
        if recompute:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        return tuple([int(n) for n in each]), [None] * len(own)
    out = tuple([math.floor(n * f) for n, f in zip(own, each)])
    return out, [None if recompute else f for f in each]


def _taps(n: int, m: int, factor: float | None, mode: str, corners: bool) -> tuple[np.ndarray, np.ndarray | None]:
    """For each of m results along a dim of n the elements it is made of, (taps, m), and their weights."""
    at, step = np.arange(m), n / m if factor is None else 1.0 / factor
    if mode.startswith("nearest"):
        centre = at * step if mode == "nearest" else (at + 0.5) * step
        return np.minimum(np.floor(centre.astype(np.float32)).astype(np.int64), n - 1)[None], None
    between = (n - 1) / (m - 1) if m > 1 else 0.0
    place = at * between if corners else (at + 0.5) * step - 0.5
    if mode == "bicubic":
        first = np.floor(place)
        weights = _cubic(place - first)
        return np.clip(first.astype(np.int64) + np.arange(-1, 3)[:, None], 0, n - 1), weights
    place = np.maximum(place, 0.0)
    first = np.minimum(np.floor(place).astype(np.int64), n - 1)
    rest = np.clip(place - first, 0.0, 1.0)
    return np.stack([first, np.minimum(first + 1, n - 1)]), np.stack([1 - rest, rest])


def _cubic(t: np.ndarray, a: float = -0.75) -> np.ndarray:
    """The weights of four neighbours, t being the way from the second to the third (Keys 1981)."""

    def near(d):
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d):
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return np.stack([far(t + 1), near(t), near(1 - t), far(2 - t)])


def _weighted(x: Tensor, dim: int, elements: np.ndarray, weights: np.ndarray | None) -> Tensor:
    """The sum of the elements along a dim, each with its weight."""
    parts = [x.index_select(dim, tensor(i)) for i in elements]
    if weights is None:
        return parts[0]
    shape = [-1 if d == dim else 1 for d in range(x.ndim)]
    total = parts[0] * tensor(weights[0], dtype=x.dtype).reshape(shape)
    for part, weight in zip(parts[1:], weights[1:]):
        total = total + part * tensor(weight, dtype=x.dtype).reshape(shape)
    return total


# --- pixels and channels ----------------------------------------------------------------------------------------------


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(..., C * r * r, H, W) to (..., C, H * r, W * r): each r * r channels become the pixels of a block (Shi et al.
    2016).

    >>> pixel_shuffle(tensor([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]), 2)
    tensor([[[1., 2.],
             [3., 4.]]])
    """
    x, r = require_tensor("pixel_shuffle", input), upscale_factor
    if x.ndim < 3:
        raise RuntimeError(f"pixel_shuffle expects input to have at least 3 dimensions, but got input with {x.ndim} "
                           "dimension(s)")  # fmt: skip
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    *lead, channels, height, width = x.shape
    if channels % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={channels} is not divisible by {r * r}"
        )
    k, own = len(lead), channels // (r * r)
    blocks = x.reshape(*lead, own, r, r, height, width)
    order = (*range(k), k, k + 3, k + 1, k + 4, k + 2)
    return blocks.permute(order).reshape(*lead, own, height * r, width * r)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(..., C, H * r, W * r) to (..., C * r * r, H, W), the inverse of pixel_shuffle.

    >>> pixel_unshuffle(tensor([[[1.0, 2.0], [3.0, 4.0]]]), 2).reshape(4)
    tensor([1., 2., 3., 4.])
    """
    x, r = require_tensor("pixel_unshuffle", input), downscale_factor
    if x.ndim < 3:
        raise RuntimeError(f"pixel_unshuffle expects input to have at least 3 dimensions, but got input with {x.ndim} "
                           "dimension(s)")  # fmt: skip
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    *lead, channels, height, width = x.shape
    for name, d, n in (("height", -2, height), ("width", -1, width)):
        if n % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but input.size({d})={n} is not "
                f"divisible by {r}"
            )
    k = len(lead)
    blocks = x.reshape(*lead, channels, height // r, r, width // r, r)
    order = (*range(k), k, k + 2, k + 4, k + 1, k + 3)
    return blocks.permute(order).reshape(*lead, channels * r * r, height // r, width // r)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The channels of (N, C, ...) in turn from each of ``groups`` groups, as ShuffleNet mixes them (Zhang et al. 2018).

    >>> channel_shuffle(tensor([[[0.0], [1.0], [2.0], [3.0]]]), 2).flatten()
    tensor([0., 2., 1., 3.])
    """
    x = require_tensor("channel_shuffle", input)
    if x.ndim < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(x.shape)}")
    if groups <= 0:
        raise RuntimeError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups} (channel_shuffle)"
        )
    channels = x.shape[1]
    if channels % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {channels} channels and {groups} groups. "
            "(channel_shuffle)"
        )
    return x.unflatten(1, (groups, channels // groups)).transpose(1, 2).flatten(1, 2)


# --- sliding blocks ---------------------------------------------------------------------------------------------------


def _pair(value) -> tuple[int, int]:
    first, *rest = value if isinstance(value, (tuple, list)) else (value,)
    return first, rest[0] if rest else first


def _blocks(size: tuple, kernel, dilation, padding, stride) -> tuple[np.ndarray, tuple[int, int], tuple[int, int]]:
    """Where each element of a block lies in the padded plane, (elements of a block, blocks); the padded plane; the
    counts of blocks."""
    padded = tuple([n + 2 * p for n, p in zip(size, padding)])
    counts = tuple([(n - d * (k - 1) - 1) // s + 1 for n, k, d, s in zip(padded, kernel, dilation, stride)])
    rows, columns = (
        d * np.arange(k)[:, None] + s * np.arange(c) for k, d, s, c in zip(kernel, dilation, stride, counts)
    )
    flat = rows[:, None, :, None] * padded[1] + columns[None, :, None, :]
    return flat.reshape(kernel[0] * kernel[1], counts[0] * counts[1]), (padded[0], padded[1]), (counts[0], counts[1])


def unfold(input: Tensor, kernel_size, dilation=1, padding=0, stride=1) -> Tensor:
    """The sliding blocks of (N, C, H, W) as columns: (N, C * KH * KW, blocks); (C, H, W) without N.

    >>> unfold(tensor([[[1.0, 2.0, 3.0]]]), (1, 2))
    tensor([[1., 2.],
            [2., 3.]])
    """
    x = require_tensor("unfold", input)
    if x.ndim not in (3, 4):
        raise RuntimeError(f"Expected 3D or 4D (batch mode) tensor for unfold, but got: {list(x.shape)}")
    kernel, dilation, padding, stride = map(_pair, (kernel_size, dilation, padding, stride))
    at, _, counts = _blocks(x.shape[-2:], kernel, dilation, padding, stride)
    if min(counts) < 1:
        raise RuntimeError(
            f"Given input with spatial size {tuple(x.shape[-2:])}, kernel_size={kernel}, dilation={dilation}, "
            f"padding={padding}, calculated shape of the array of sliding blocks as {counts}, but its components must "
            "be at least one."
        )
    if padding != (0, 0):
        x = pad(x, (padding[1], padding[1], padding[0], padding[0]))
    *lead, channels, height, width = x.shape
    seen = x.reshape(*lead, channels, height * width).index_select(-1, tensor(at.reshape(-1)))
    return seen.reshape(*lead, channels * at.shape[0], at.shape[1])


def fold(input: Tensor, output_size, kernel_size, dilation=1, padding=0, stride=1) -> Tensor:
    """Columns (N, C * KH * KW, blocks), or without N, put back where unfold took them from, and added up where they
    overlap: (N, C, H, W).

    >>> fold(tensor([[1.0, 2.0], [2.0, 3.0]]), (1, 3), (1, 2))
    tensor([[[1., 4., 3.]]])
    """
    x = require_tensor("fold", input)
    if x.ndim not in (2, 3):
        raise RuntimeError(f"Expected 2D or 3D (batch mode) tensor for fold, but got: {list(x.shape)}")
    size, kernel, dilation, padding, stride = map(_pair, (output_size, kernel_size, dilation, padding, stride))
    *lead, rows, count = x.shape
    if rows % (kernel[0] * kernel[1]):
        raise RuntimeError(
            f"Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(1)={rows} and kernel_size={kernel}."
        )
    at, padded, counts = _blocks(size, kernel, dilation, padding, stride)
    if at.shape[1] != count:
        raise RuntimeError(
            f"Given output_size={size}, kernel_size={kernel}, dilation={dilation}, padding={padding}, stride={stride}, "
            f"expected size of input's dimension 2 to match the calculated number of sliding blocks {counts[0]} * "
            f"{counts[1]} = {at.shape[1]}, but got input.size(2)={count}."
        )
    planes = math.prod(lead) * (rows // len(at))
    index = tensor(np.broadcast_to(at.reshape(-1), (planes, at.size)))
    flat = scatter_add_zeros(x.reshape(planes, at.size), (planes, padded[0] * padded[1]), 1, index)
    image = flat.reshape(*lead, rows // len(at), *padded)
    return pad(image, [-p for p in (padding[1], padding[1], padding[0], padding[0])])


__all__ = ["channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]
METHODS: list[str] = []
