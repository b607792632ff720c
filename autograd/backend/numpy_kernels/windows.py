"""Convolution and pooling: arrays in two dims, s says what has to do with sizes."""

from __future__ import annotations

import math

import numpy as np


def _columns(x, s):
    """What each tap sees of x from each position of y: (images, groups, taps, positions)."""
    (height, width), (down, across) = s.kernel, s.dilation
    size = [(o - 1) * step + (k - 1) * d + 1 for o, step, k, d in zip(s.out_size, s.stride, s.kernel, s.dilation)]
    padded = np.zeros((s.images, s.channels, *size), x.dtype)
    inside = tuple(slice(p, p + n) for p, n in zip(s.padding, s.in_size))
    padded[(..., *inside)] = x[..., : size[0] - s.padding[0], : size[1] - s.padding[1]]
    image, channel, row, one = padded.strides
    windows = np.lib.stride_tricks.as_strided(
        padded,
        (s.images, s.channels, height, width, *s.out_size),
        (image, channel, down * row, across * one, s.stride[0] * row, s.stride[1] * one),
    )
    return windows.reshape(s.images, s.groups, s.channels // s.groups * height * width, math.prod(s.out_size))


def _matrices(w, s):
    """The weights of each group: (groups, filters, taps)."""
    return w.reshape(s.groups, s.filters // s.groups, s.channels // s.groups * math.prod(s.kernel))


def _planes(y, s):
    """y of each group: (images, groups, filters, positions)."""
    return y.reshape(s.images, s.groups, s.filters // s.groups, math.prod(s.out_size))


def conv(y, x, w, bias, s):
    """y[f, i] = sum of x[c, i * stride - padding + k * dilation] w[f, c, k], plus bias[f]."""
    y[...] = np.matmul(_matrices(w, s), _columns(x, s)).reshape(y.shape)
    if bias is not None:
        y += bias[:, None, None]


def conv_transpose(x, y, w, bias, s):
    """x[c, i * stride - padding + k * dilation] = sum of y[f, i] w[f, c, k], plus bias[c]."""
    columns = np.matmul(_matrices(w, s).swapaxes(1, 2), _planes(y, s))
    columns = columns.reshape(s.images, s.channels, *s.kernel, *s.out_size)
    reach = [
        max(p + n, (o - 1) * step + (k - 1) * d + 1)
        for p, n, o, step, k, d in zip(s.padding, s.in_size, s.out_size, s.stride, s.kernel, s.dilation)
    ]
    padded = np.zeros((s.images, s.channels, *reach), x.dtype)
    for tap in np.ndindex(*s.kernel):
        seen = tuple(
            slice(k * d, k * d + (o - 1) * step + 1, step)
            for k, d, o, step in zip(tap, s.dilation, s.out_size, s.stride)
        )
        padded[(..., *seen)] += columns[:, :, tap[0], tap[1]]
    x[...] = padded[(..., *(slice(p, p + n) for p, n in zip(s.padding, s.in_size)))]
    if bias is not None:
        x += bias[:, None, None]


def conv_weight(w, y, x, bias, s):
    """w[f, c, k] = sum of y[f, i] x[c, i * stride - padding + k * dilation]; there is no bias."""
    w[...] = np.matmul(_planes(y, s), _columns(x, s).swapaxes(2, 3)).sum(0).reshape(w.shape)


def _seen(s, d):
    """Which elements each position sees along dim d, (positions, at most so many), and how many with the padding; -1
    stands for none."""
    at = np.arange(s.out_size[d])[:, None]
    if s.adaptive:
        begin, end = at * s.in_size[d] // s.out_size[d], -(-(at + 1) * s.in_size[d] // s.out_size[d])
        element = begin + np.arange((end - begin).max(initial=0))
        return np.where(element < end, element, -1), end - begin
    begin = at * s.stride[d] - s.padding[d]
    element = begin + np.arange(s.kernel[d]) * s.dilation[d]
    full = np.minimum(begin + s.kernel[d], s.in_size[d] + s.padding[d]) - begin
    return np.where((element >= 0) & (element < s.in_size[d]), element, -1), full


def _seen_in_planes(s):
    """The same for planes: positions in the flat plane, (out, out, elements), -1 for none."""
    rows, columns = _seen(s, 0)[0][:, None, :, None], _seen(s, 1)[0][None, :, None, :]
    flat = np.where((rows < 0) | (columns < 0), -1, rows * s.in_size[1] + columns)
    return flat.reshape(*s.out_size, rows.shape[2] * columns.shape[3])


def _flat(x):
    return x.reshape(len(x), math.prod(x.shape[1:]))


def max_pool(y, index, x, s):
    """The largest element of each window and where it is: the first of equals; the last NaN before all."""
    if not y.size:
        return
    seen = _seen_in_planes(s)
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    values = np.where(seen < 0, lowest, _flat(x)[:, seen])
    spoiled = values != values
    last = seen.shape[-1] - 1 - np.argmax(spoiled[..., ::-1], axis=-1)
    first = np.argmax((values == np.max(values, axis=-1, keepdims=True)) & (seen >= 0), axis=-1)
    at = np.where(spoiled.any(-1), last, first)[..., None]
    y[...] = np.take_along_axis(values, at, -1)[..., 0]
    index[...] = np.take_along_axis(np.broadcast_to(seen, values.shape), at, -1)[..., 0]


def max_pool_grad(dx, g, index, s):
    """dx = 0; dx[index] += g, plane by plane."""
    dx[...] = 0
    np.add.at(_flat(dx), (np.arange(s.planes)[:, None], _flat(index)), _flat(g))


def _divisors(s):
    """The number that the sum over each window is divided by."""
    if s.divisor:
        return s.divisor
    (rows, high), (columns, wide) = _seen(s, 0), _seen(s, 1)
    if s.adaptive or not s.include_padding:
        high, wide = (rows >= 0).sum(1, keepdims=True), (columns >= 0).sum(1, keepdims=True)
    return high * wide.T


def avg_pool(y, x, s):
    """The sum over each window, divided by the number of its elements or by s.divisor."""
    seen = _seen_in_planes(s)
    values = np.where(seen < 0, x.dtype.type(0), _flat(x)[:, seen])
    y[...] = values.sum(-1) / np.asarray(_divisors(s), x.dtype)


def avg_pool_grad(dx, g, s):
    """dx = 0; dx[seen] += g / count for each window."""
    dx[...] = 0
    seen = _seen_in_planes(s)
    share = np.broadcast_to((g / np.asarray(_divisors(s), g.dtype))[..., None], (s.planes, *seen.shape))
    np.add.at(_flat(dx), (slice(None), seen[seen >= 0]), share[:, seen >= 0])
