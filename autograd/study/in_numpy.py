"""What the scripts of :func:`autograd.study.backward_source` are made of beyond NumPy itself: short functions, copied
into a script that uses them. They are written to be read, not to be fast."""

from __future__ import annotations

import numpy as np


def unbroadcast(g, shape):
    """Sum a gradient over the dims along which `shape` was broadcast."""
    lead = g.ndim - len(shape)
    dims = tuple([d for d in range(g.ndim) if d < lead or (shape[d - lead] == 1 and g.shape[d] != 1)])
    return g.sum(axis=dims).reshape(shape)


def sigmoid(x):
    return 1 / (1 + np.exp(-np.abs(x))) * np.where(x < 0, np.exp(-np.abs(x)), 1)


def softplus(x):
    """log(1 + exp(x)), without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def erf(x):
    """The error function: its Taylor series near 0, a continued fraction further out."""
    x64 = np.asarray(x, np.float64)
    small = np.where(np.abs(x64) < 2.5, x64, 0.0)
    term, series = small, small
    for n in range(1, 60):
        term = -term * small * small / n
        series = series + term / (2 * n + 1)
    large = np.maximum(np.abs(x64), 2.5)
    fraction = large
    for n in range(60, 0, -1):
        fraction = large + n / 2 / fraction
    tail = np.sign(x64) * (1 - np.exp(-large * large) / fraction / np.sqrt(np.pi))
    return np.where(np.abs(x64) < 2.5, 2 / np.sqrt(np.pi) * series, tail).astype(np.asarray(x).dtype)


def normal_cdf(x):
    return (1 + erf(x / float(np.sqrt(2)))) / 2


def gelu_tanh(x):
    return np.tanh(float(np.sqrt(2 / np.pi)) * (x + 0.044715 * x**3))


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def attention_weights(q, k, scale, causal):
    """The softmax of scale q k^T, row i up to column i where causal."""
    scores = scale * (q @ swap(k))
    return softmax(np.where(np.tri(*scores.shape[-2:]), scores, -np.inf) if causal else scores, -1).astype(q.dtype)


def attention_slope(g, q, k, v, scale, causal):
    """The gradient of scale q k^T, that of weights @ v being g."""
    p, h = attention_weights(q, k, scale, causal), g @ swap(v)
    return p * (h - (h * p).sum(-1, keepdims=True))


def logsumexp(x, axis, keepdims):
    top = x.max(axis, keepdims=True)
    y = np.log(np.exp(x - top).sum(axis, keepdims=True)) + top
    return y if keepdims else y.squeeze(axis)


def others(x, dims):
    """For each element the product of all others along the dims."""
    kept = [d for d in range(x.ndim) if d not in dims]
    moved = np.transpose(x, (*kept, *dims))
    flat = moved.reshape(*moved.shape[: len(kept)], int(np.prod(moved.shape[len(kept) :])))
    one = np.ones((*flat.shape[:-1], 1), x.dtype)
    before = np.concatenate([one, np.cumprod(flat[..., :-1], -1)], -1)
    after = np.concatenate([np.cumprod(flat[..., :0:-1], -1)[..., ::-1], one], -1)
    return np.transpose((before * after).reshape(moved.shape), np.argsort((*kept, *dims)))


def swap(a):
    """The last two dims changed over."""
    return np.swapaxes(a, -1, -2)


def rows(x):
    """As a matrix, the leading dims taken together."""
    return x.reshape(-1, x.shape[-1])


# --- parts of tensors -------------------------------------------------------------------------------------------------


def places(shape, strides, offset):
    """Where in memory the elements of a view lie."""
    at = np.full(shape, offset)
    for d, (n, step) in enumerate(zip(shape, strides)):
        at = at + (np.arange(n) * step).reshape([n if i == d else 1 for i in range(len(shape))])
    return at


def part(x, view):
    """What a view (shape, strides, offset) shows of x."""
    return x.reshape(-1)[places(*view)]


def with_part(x, view, value):
    """x with a value in the place of what a view shows of it."""
    y = x.reshape(-1).copy()
    y[places(*view)] = value
    return y.reshape(x.shape)


def zeros_with(shape, index, value):
    """Zeros of a shape with the values added at positions of the flat array."""
    y = np.zeros(int(np.prod(shape)), value.dtype)
    np.add.at(y, index, value[tuple(slice(n) for n in np.shape(index))])
    return y.reshape(shape)


def overlay(x, seen, value, region):
    """x, which lies in memory as `seen`, with a value in the place of the elements that lie in `region`."""
    memory = dict(zip(places(*region).ravel().tolist(), np.broadcast_to(value, region[0]).ravel()))
    at = places(*seen)
    flat = [memory.get(k, v) for k, v in zip(at.ravel().tolist(), x.ravel())]
    return np.array(flat, x.dtype).reshape(x.shape)


def through(x, seen, shown):
    """Lay x into memory as `seen`, adding what meets, and read it as `shown`."""
    first, second = places(*seen), places(*shown)
    least = min(first.min(initial=0), second.min(initial=0))
    memory = np.zeros(1 + max(first.max(initial=0), second.max(initial=0)) - least, x.dtype)
    np.add.at(memory, first - least, x)
    return memory[second - least]


def owners(seen, shown):
    """For each element that `shown` shows of memory, which of those that lie as `seen` it is; their number if none."""
    first, second = places(*seen), places(*shown)
    memory = np.full(1 + max(first.max(initial=0), second.max(initial=0)), first.size)
    memory[first] = np.arange(first.size).reshape(first.shape)
    return memory[second]


def flat(index, shape):
    """Positions in the flat array from those along each dim."""
    return np.ravel_multi_index(np.broadcast_arrays(*index), shape)


def along(index, dim):
    """The index that picks, for each element, the position `index` along a dim."""
    return tuple([index if d == dim else grid for d, grid in enumerate(np.indices(index.shape, sparse=True))])


def taken(x, index, dim, span):
    """x[index], where the positions count through `span` dims from `dim` on."""
    n = int(np.prod(x.shape[dim : dim + span]))
    return np.take(x.reshape(*x.shape[:dim], n, *x.shape[dim + span :]), index, axis=dim)


def put_rows(shape, g, index, dim, span, skipped=None):
    """Zeros; zeros[index] += g, where the positions count through `span` dims from `dim` on."""
    outer, inner = shape[:dim], shape[dim + span :]
    n = int(np.prod(shape[dim : dim + span]))
    y = np.zeros((int(np.prod(outer)), n, int(np.prod(inner))), g.dtype)
    at, values = index.ravel() % max(n, 1), g.reshape(len(y), index.size, y.shape[2])
    if skipped is not None:
        values = np.where((at == skipped)[:, None], 0, values)
    np.add.at(y, (slice(None), at), values)
    return y.reshape(shape)


def with_rows(x, value, index, dim, span):
    """x with a value at the positions `index`, which count through `span` dims from `dim` on."""
    n = int(np.prod(x.shape[dim : dim + span]))
    y = x.reshape(*x.shape[:dim], n, *x.shape[dim + span :]).copy()
    y[(slice(None),) * dim + (index,)] = value
    return y.reshape(x.shape)


# --- norms ------------------------------------------------------------------------------------------------------------


def standard(x, axes, eps, center=True):
    """(z, rstd): x less its mean, over its standard deviation."""
    d = x - x.mean(axes, keepdims=True) if center else x
    rstd = 1 / np.sqrt((d * d).mean(axes, keepdims=True) + eps)
    return d * rstd, rstd


def standard_grad(h, x, axes, eps, center=True):
    """The gradient of x from h, that of z."""
    z, rstd = standard(x, axes, eps, center)
    d = h - z * (h * z).mean(axes, keepdims=True)
    return rstd * (d - h.mean(axes, keepdims=True) if center else d)


# --- losses -----------------------------------------------------------------------------------------------------------


def class_shares(target, classes, ignore, smoothing, weight):
    """For targets (outer, inner): the shares q (outer, classes, inner), which targets count, and the sum of their
    weights."""
    used = (target != ignore)[:, None]
    own = (np.arange(classes)[None, :, None] == np.where(used, target[:, None], -1)) * weight[None, :, None]
    q = own * (1 - smoothing) + weight[None, :, None] * (smoothing / classes)
    return q, used, own.sum() if used.any() else 1.0


def cross_entropy(x, target, axis, ignore, reduction, smoothing, weight=None):
    """reduction: 0 for each, 1 for the mean, 2 for the sum."""
    weight = np.ones(x.shape[axis], x.dtype) if weight is None else weight
    flat = x.reshape(int(np.prod(x.shape[:axis])), x.shape[axis], -1)
    q, used, total = class_shares(target.reshape(len(flat), -1), flat.shape[1], ignore, smoothing, weight)
    each = np.where(used[:, 0], (q * (logsumexp(flat, 1, True) - flat)).sum(1), 0)
    y = each.reshape(target.shape) if reduction == 0 else each.sum() / total if reduction == 1 else each.sum()
    return np.asarray(y, x.dtype)


def cross_entropy_grad(g, x, target, axis, ignore, reduction, smoothing, weight=None):
    weight = np.ones(x.shape[axis], x.dtype) if weight is None else weight
    flat = x.reshape(int(np.prod(x.shape[:axis])), x.shape[axis], -1)
    q, used, total = class_shares(target.reshape(len(flat), -1), flat.shape[1], ignore, smoothing, weight)
    g = g.reshape(used.shape) if reduction == 0 else g / total if reduction == 1 else g
    slope = softmax(flat, 1) * q.sum(1, keepdims=True) - q
    return np.where(used, g * slope, 0).reshape(x.shape).astype(x.dtype)


def nll(x, target, axis, ignore, reduction, weight):
    """As cross_entropy, of logarithms of probabilities."""
    flat = x.reshape(int(np.prod(x.shape[:axis])), x.shape[axis], -1)
    q, used, total = class_shares(target.reshape(len(flat), -1), flat.shape[1], ignore, 0, weight)
    each = np.where(used[:, 0], -(q * np.where(q == 0, 0, flat)).sum(1), 0)
    y = each.reshape(target.shape) if reduction == 0 else each.sum() / total if reduction == 1 else each.sum()
    return np.asarray(y, x.dtype)


def nll_grad(g, x, target, axis, ignore, reduction, weight):
    flat = x.reshape(int(np.prod(x.shape[:axis])), x.shape[axis], -1)
    q, used, total = class_shares(target.reshape(len(flat), -1), flat.shape[1], ignore, 0, weight)
    g = g.reshape(used.shape) if reduction == 0 else g / total if reduction == 1 else g
    return np.where(used, -g * q, 0).reshape(x.shape).astype(x.dtype)


# --- windows ----------------------------------------------------------------------------------------------------------


def taps(kernel, out_size, stride, dilation):
    """For each place in the kernel: its index, and which elements of the padded input it meets."""
    for tap in np.ndindex(*kernel):
        spans = zip(tap, out_size, stride, dilation)
        yield tap, tuple([slice(k * d, k * d + (o - 1) * s + 1, s) for k, o, s, d in spans])


def padded(x, padding, reach):
    """x (images, channels, height, width) with zeros around it, at least `reach` high and wide."""
    height, width = [max(p + n + p, r) for n, p, r in zip(x.shape[2:], padding, reach)]
    y = np.zeros((*x.shape[:2], height, width), x.dtype)
    y[:, :, padding[0] : padding[0] + x.shape[2], padding[1] : padding[1] + x.shape[3]] = x
    return y


def reach_of(kernel, out_size, stride, dilation):
    """How far the windows reach in the padded input."""
    return [(o - 1) * s + (k - 1) * d + 1 for k, o, s, d in zip(kernel, out_size, stride, dilation)]


def conv(x, w, bias, out_size, stride, padding, dilation, groups):
    """x (images, channels, h, w) by w (filters, channels / groups, kh, kw): one matrix product for each tap."""
    wide = padded(x, padding, reach_of(w.shape[2:], out_size, stride, dilation))
    wide = wide.reshape(len(x), groups, -1, *wide.shape[2:])
    by_group = w.reshape(groups, -1, *w.shape[1:])
    y = np.zeros((len(x), groups, by_group.shape[1], *out_size), x.dtype)
    for tap, seen in taps(w.shape[2:], out_size, stride, dilation):
        y += np.einsum("gfc,ngchw->ngfhw", by_group[(..., *tap)], wide[(..., *seen)])
    y = y.reshape(len(x), len(w), *out_size)
    return y if bias is None else y + bias[:, None, None]


def conv_transpose(g, w, bias, in_size, stride, padding, dilation, groups):
    """The gradient of conv's x: each element of g goes to all that its window saw."""
    out_size = g.shape[2:]
    reach = reach_of(w.shape[2:], out_size, stride, dilation)
    by_group = w.reshape(groups, -1, *w.shape[1:])
    each = g.reshape(len(g), groups, -1, *out_size)
    sizes = [max(p + n + p, r) for n, p, r in zip(in_size, padding, reach)]
    wide = np.zeros((len(g), groups, w.shape[1], *sizes), g.dtype)
    for tap, seen in taps(w.shape[2:], out_size, stride, dilation):
        wide[(..., *seen)] += np.einsum("gfc,ngfhw->ngchw", by_group[(..., *tap)], each)
    top, left = padding
    x = wide[..., top : top + in_size[0], left : left + in_size[1]].reshape(len(g), -1, *in_size)
    return x if bias is None else x + bias[:, None, None]


def conv_weight(g, x, kernel, stride, padding, dilation, groups):
    """The gradient of conv's w."""
    out_size = g.shape[2:]
    wide = padded(x, padding, reach_of(kernel, out_size, stride, dilation))
    wide = wide.reshape(len(x), groups, -1, *wide.shape[2:])
    each = g.reshape(len(g), groups, -1, *out_size)
    w = np.zeros((groups, each.shape[2], wide.shape[2], *kernel), g.dtype)
    for tap, seen in taps(kernel, out_size, stride, dilation):
        w[(..., *tap)] = np.einsum("ngfhw,ngchw->gfc", each, wide[(..., *seen)])
    return w.reshape(-1, *w.shape[2:])


def window(d, at, s):
    """The elements that window `at` sees along dim d, and how many it has with the padding."""
    n = s["in_size"][d]
    if s["adaptive"]:
        begin, end = at * n // s["out_size"][d], -(-(at + 1) * n // s["out_size"][d])
        return list(range(begin, end)), end - begin
    begin = at * s["stride"][d] - s["padding"][d]
    seen = [begin + k * s["dilation"][d] for k in range(s["kernel"][d])]
    return [i for i in seen if 0 <= i < n], min(begin + s["kernel"][d], n + s["padding"][d]) - begin


def windows(s):
    """For each window: its place, the elements that it sees, and the count that an average divides by."""
    for i in range(s["out_size"][0]):
        rows, high = window(0, i, s)
        for j in range(s["out_size"][1]):
            columns, wide = window(1, j, s)
            full = s["include_padding"] and not s["adaptive"]
            count = s["divisor"] or (high * wide if full else len(rows) * len(columns))
            yield (i, j), np.ix_(rows, columns), count


def max_pool(x, shape, s):
    planes = x.reshape(-1, *s["in_size"])
    y = np.zeros((len(planes), *s["out_size"]), x.dtype)
    for (i, j), (rows, columns), _ in windows(s):
        y[:, i, j] = planes[:, rows, columns].max((1, 2))
    return y.reshape(shape)


def max_pool_grad(g, x, s):
    """To the first of the largest elements of each window."""
    planes, each = x.reshape(-1, *s["in_size"]), g.reshape(-1, *s["out_size"])
    dx = np.zeros_like(planes)
    for (i, j), (rows, columns), _ in windows(s):
        seen = planes[:, rows, columns].reshape(len(planes), -1)
        row, column = np.unravel_index(seen.argmax(1), (rows.size, columns.size))
        np.add.at(dx, (np.arange(len(dx)), rows.ravel()[row], columns.ravel()[column]), each[:, i, j])
    return dx.reshape(x.shape)


def avg_pool(x, shape, s):
    planes = x.reshape(-1, *s["in_size"])
    y = np.zeros((len(planes), *s["out_size"]), x.dtype)
    for (i, j), (rows, columns), count in windows(s):
        y[:, i, j] = planes[:, rows, columns].sum((1, 2)) / count
    return y.reshape(shape)


def avg_pool_grad(g, shape, s):
    each = g.reshape(-1, *s["out_size"])
    dx = np.zeros((len(each), *s["in_size"]), g.dtype)
    for (i, j), (rows, columns), count in windows(s):
        dx[:, rows, columns] += (each[:, i, j] / count)[:, None, None]
    return dx.reshape(shape)
