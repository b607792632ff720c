"""How many floating-point operations a kernel call takes.

>>> from autograd import backend, ones
>>> found = []
>>> with backend.observe(lambda kernel, args, kwargs: found.append((kernel, flops(kernel, args)))):
...     y = ones(2, 3) @ ones(3, 4)
>>> found[-1]
('gemm', 48)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod

from ..optim.plan import Table
from ..storage import Array

MOVES = {"copy", "fill", "gather", "scatter", "where", "cast"}


def flops(kernel: str, args: tuple) -> int:
    """Of a kernel called with these arguments at the seam: of products two per multiplication, none of what only moves
    numbers, of others one per element of the largest array."""
    if kernel in MOVES:
        return 0
    if kernel == "linear":
        return 2 * prod(args[-1][:3])
    if kernel == "linear_grad":
        return 2 * prod(args[-1][:3]) * ((args[0] is not None) + (args[1] is not None))
    if kernel == "gemm":
        return 2 * args[0].size * args[1].shape[-1]
    if kernel in ("attention", "attention_grad"):
        return _of_attention(kernel, args)
    if kernel in ("conv", "conv_transpose", "conv_weight"):
        s = args[4]
        return 2 * s.images * s.filters * prod(s.out_size) * (s.channels // s.groups) * prod(s.kernel)
    return max((a.size for a in arrays_in(args)), default=0)


def _of_attention(kernel: str, args: tuple) -> int:
    """Scores and their products with the values; backward the scores again and four products more."""
    q, k, v = args[2:5] if kernel == "attention" else args[4:7]
    (queries, width), keys, values = q.shape[-2:], k.shape[-2], v.shape[-1]
    seen = sum(min(i + 1, keys) for i in range(queries)) if args[-1] else queries * keys
    each = width + values if kernel == "attention" else 3 * width + 2 * values
    return 2 * prod(q.shape[:-2]) * seen * each


def arrays_in(args: Iterable) -> Iterator[Array]:
    """The arrays among a kernel's arguments, also in lists and in an optimizer's table."""
    for a in args:
        if isinstance(a, Array):
            yield a
        elif isinstance(a, list):
            yield from arrays_in(a)
        elif isinstance(a, Table):
            yield from a.params
            yield from a.grads
            yield from (b for state in a.states for b in state if b is not None)
