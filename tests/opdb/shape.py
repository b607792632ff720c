"""Rows of autograd/ops/shape.py: the values do not change, so the reference is exact."""

from __future__ import annotations

import numpy as np

from .core import ALL, Failure, Make, Row, Sample


def cases(*calls: tuple, layouts: bool = True):
    """Samples from (shape, args...) calls; each also on a transposed and a strided input where there are two dims."""

    def samples(make: Make):
        for shape, *args in calls:
            yield Sample((make(*shape), *args), note=f"{shape}, {args}")
            if layouts and len(shape) >= 2:
                yield Sample((make(*shape[::-1]).transpose(), *args), note=f"transposed {shape}, {args}")
                yield Sample((make(*shape[:-1], shape[-1] * 2)[..., ::2], *args), note=f"steps {shape}, {args}")
        if layouts and calls:
            shape, *args = calls[0]
            x = make(*shape)
            x.flags.writeable = False
            yield Sample((x, *args), note="read-only")

    return samples


def split_reference(x, size, dim=0):
    points = (
        np.cumsum(size)[:-1] if isinstance(size, list) else np.arange(size, x.shape[dim], size) if x.shape[dim] else []
    )
    return tuple(np.split(x, points, axis=dim))


def chunk_reference(x, chunks, dim=0):
    n = x.shape[dim]
    return split_reference(x, -(-n // chunks), dim) if n else (x,) * chunks


def unbind_reference(x, dim=0):
    return tuple(np.moveaxis(x, dim, 0))


def squeeze_reference(x, dim=None):
    dims = range(x.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    return np.squeeze(x, tuple(d for d in dims if x.ndim and x.shape[d] == 1))


def flatten_reference(x, start=0, end=-1):
    if not x.ndim:
        return x.reshape(1)
    start, end = start % x.ndim, end % x.ndim
    return x.reshape(*x.shape[:start], int(np.prod(x.shape[start : end + 1])), *x.shape[end + 1 :])


def expand_reference(x, shape):
    lead = len(shape) - x.ndim
    return np.broadcast_to(x, [x.shape[i - lead] if n == -1 else n for i, n in enumerate(shape)])


def narrow_reference(x, dim, start, length):
    start = start + x.shape[dim] if start < 0 else start
    return np.take(x, range(start, start + length), axis=dim)


def joined(make: Make):
    yield Sample(([make(2, 3), make(1, 3), make(4, 3)],), note="rows")
    yield Sample(([make(2, 3), make(2, 1)], 1), note="columns")
    yield Sample(([make(2, 3), make(2, 1)], -1), note="columns from the end")
    yield Sample(([make(3), make(0), make(2)],), note="with an empty one")
    yield Sample(([make(2, 0), make(2, 3)], 1), note="with no columns")
    yield Sample(([make(5)],), note="one")
    yield Sample(([make(3, 2).T, make(4, 3)[::2]],), note="strided")
    yield Sample(([make(2, 3, 4), make(2, 5, 4)], 1), note="the middle")
    x = make(2, 2)
    yield Sample(([x, x],), note="twice the same")


def stacked(make: Make):
    for dim in (0, 1, 2, -1, -3):
        yield Sample(([make(2, 3), make(3, 2).T, make(2, 6)[:, ::2]], dim), note=f"dim {dim}")
    yield Sample(([make(), make()],), note="numbers")
    yield Sample(([make(0), make(0)], 1), note="nothing")


def from_the_end(name, *args):
    return Failure(
        lambda m: getattr(m, name)(m.ones(2, 3), *args),
        IndexError,
        "Dimension out of range (expected to be in range of",
    )


def through_method(name):
    return lambda m, x, *args: getattr(x, name)(*args)


def contiguous_like(m, x):
    return x.contiguous()


ROWS = [
    Row(
        "reshape",
        cases(
            ((2, 6), (3, 4)),
            ((2, 6), (-1,)),
            ((), (1, 1)),
            ((1,), ()),
            ((2, 3, 4), (4, -1)),
            ((0, 3), (3, 0)),
            ((0, 3), (0, 5)),
            ((2, 3, 4), (6, 4)),
        ),
        np.reshape,
        ALL,
        failures=(
            Failure(lambda m: m.reshape(m.ones(6), (4,)), RuntimeError, "shape '[4]' is invalid for input of size 6"),
            Failure(lambda m: m.reshape(m.ones(6), (-1, -1)), RuntimeError, "only one dimension can be inferred"),
            Failure(lambda m: m.reshape(m.ones(6), (-2, 3)), RuntimeError, "invalid shape dimension -2"),
            Failure(lambda m: m.reshape(m.ones(0), (-1, 0)), RuntimeError, "cannot reshape tensor of 0 elements"),
            Failure(lambda m: m.reshape(m.ones(6), 2.5), TypeError, ""),
        ),
    ),
    Row(
        "view",
        cases(((2, 6), (3, 4)), ((24,), (2, 3, 4)), ((), (1,)), ((0, 3), (3, 0)), layouts=False),
        np.reshape,
        ALL,
        call=through_method("view"),
        failures=(
            Failure(
                lambda m: m.ones(2, 3).T.view(6),
                RuntimeError,
                "view size is not compatible with input tensor's size and stride",
            ),
        ),
    ),
    Row(
        "flatten",
        cases(((2, 3, 4),), ((2, 3, 4), 1), ((2, 3, 4), 0, 1), ((),), ((0, 3),), ((2, 3), 1, 1)),
        flatten_reference,
        ALL,
        failures=(
            Failure(lambda m: m.flatten(m.ones(2, 3), 1, 0), RuntimeError, "start_dim cannot come after end_dim"),
        ),
    ),
    Row(
        "unflatten",
        cases(((2, 12), 1, (3, 4)), ((6,), 0, (2, -1))),
        lambda x, dim, shape: x.reshape(*x.shape[:dim], *shape, *x.shape[dim + 1 :]),
        ALL,
    ),
    Row("ravel", cases(((2, 3),), ((),), ((0, 2),)), lambda x: x.reshape(-1), ALL),
    Row(
        "transpose",
        cases(((2, 3), 0, 1), ((2, 3, 4), 0, -1), ((2, 3, 4), -2, -1), ((), 0, 0), ((0, 3), 0, 1)),
        lambda x, a, b: np.swapaxes(x, a, b) if x.ndim else x,
        ALL,
        failures=(from_the_end("transpose", 0, 4),),
    ),
    Row(
        "permute",
        cases(((2, 3, 4), (2, 0, 1)), ((2, 3), (1, 0)), ((2, 3, 4), (-1, 0, 1)), ((), ()), ((2, 0, 3), (1, 2, 0))),
        np.transpose,
        ALL,
        failures=(
            from_the_end("permute", (0, 5)),
            Failure(
                lambda m: m.permute(m.ones(2, 3), (0,)),
                RuntimeError,
                "number of dimensions in the tensor input does not match",
            ),
            Failure(lambda m: m.permute(m.ones(2, 3), (0, 0)), RuntimeError, "duplicate dims"),
        ),
    ),
    Row("movedim", cases(((2, 3, 4), 0, -1), ((2, 3, 4), (0, 1), (1, 2))), np.moveaxis, ALL),
    Row(
        "t",
        cases(((2, 3),), ((3,),), ((),)),
        np.transpose,
        ALL,
        failures=(
            Failure(
                lambda m: m.t(m.ones(1, 2, 3)),
                RuntimeError,
                "t() expects a tensor with <= 2 dimensions, but self is 3D",
            ),
        ),
    ),
    Row(
        "expand",
        cases(((3, 1), (3, 4)), ((3, 1), (2, -1, 4)), ((4,), (3, 4)), ((), (2, 2)), ((1, 3), (0, 3)), ((2, 3), (2, 3))),
        expand_reference,
        ALL,
        call=through_method("expand"),
        failures=(
            Failure(
                lambda m: m.ones(3, 2).expand(3, 4),
                RuntimeError,
                "must match the existing size (2) at non-singleton dimension 1",
            ),
            Failure(
                lambda m: m.ones(3, 2).expand(2), RuntimeError, "must be greater or equal to the number of dimensions"
            ),
            Failure(lambda m: m.ones(3).expand(-1, 3), RuntimeError, "expanded size of the tensor (-1)"),
        ),
    ),
    Row("broadcast_to", cases(((3, 1), (2, 3, 4)), ((), (3,))), np.broadcast_to, ALL),
    Row(
        "sum_to_size",
        cases(((2, 3, 4), (3, 1)), ((2, 3), (2, 3)), ((2, 3), (1, 1))),
        lambda x, shape: (
            x.sum(tuple(range(x.ndim - len(shape))))
            .sum(tuple(d for d, n in enumerate(shape) if n == 1), keepdims=True)
            .reshape(shape)
        ),
        call=through_method("sum_to_size"),
        failures=(Failure(lambda m: m.ones(2, 3).sum_to_size(2, 2), RuntimeError, "is not expandable to size"),),
    ),
    Row(
        "squeeze",
        cases(((1, 3, 1),), ((1, 3, 1), 0), ((1, 3, 1), -1), ((1, 3, 1), 1), ((),), ((1, 2, 1), (0, 2)), ((1, 0),)),
        squeeze_reference,
        ALL,
        failures=(from_the_end("squeeze", 2),),
    ),
    Row(
        "unsqueeze",
        cases(((2, 3), 0), ((2, 3), 1), ((2, 3), -1), ((), 0), ((0, 2), 2)),
        np.expand_dims,
        ALL,
        failures=(from_the_end("unsqueeze", 4),),
    ),
    Row("contiguous", cases(((2, 3),), ((0, 2),)), np.array, ALL, call=contiguous_like),
    Row("clone", cases(((2, 3),), ((),), ((0, 2),)), np.array, ALL),
    Row(
        "narrow",
        cases(((5, 3), 0, 1, 3), ((5, 3), 1, -2, 2), ((5,), 0, 2, 0)),
        narrow_reference,
        ALL,
        failures=(Failure(lambda m: m.narrow(m.ones(3), 0, 2, 2), RuntimeError, "exceeds dimension size (3)"),),
    ),
    Row(
        "select",
        cases(((5, 3), 0, 1), ((5, 3), 1, -1), ((5,), 0, 2)),
        lambda x, dim, i: np.take(x, i, dim),
        ALL,
        failures=(Failure(lambda m: m.select(m.ones(3), 0, 3), IndexError, "out of"),),
    ),
    Row(
        "cat",
        joined,
        np.concatenate,
        ALL,
        failures=(
            Failure(
                lambda m: m.cat([m.ones(2, 3), m.ones(2, 4)]),
                RuntimeError,
                "Sizes of tensors must match except in dimension 0.",
            ),
            Failure(lambda m: m.cat([]), (RuntimeError, ValueError), "expected a non-empty list of Tensors"),
            Failure(lambda m: m.cat([m.ones(()), m.ones(())]), RuntimeError, "zero-dimensional tensor"),
            Failure(lambda m: m.cat([m.ones(2), m.ones(2, 2)]), RuntimeError, "same number of dimensions"),
            Failure(lambda m: m.cat([m.ones(2), 3.0]), TypeError, ""),
            Failure(lambda m: m.cat([m.ones(2), m.ones(2)], 1), IndexError, "Dimension out of range"),
        ),
    ),
    Row(
        "stack",
        stacked,
        np.stack,
        ALL,
        failures=(
            Failure(
                lambda m: m.stack([m.ones(2), m.ones(3)]), RuntimeError, "stack expects each tensor to be equal size"
            ),
            Failure(lambda m: m.stack([]), (RuntimeError, ValueError), "stack expects a non-empty TensorList"),
        ),
    ),
    Row(
        "split",
        cases(((5, 2), 2), ((5, 2), [1, 4]), ((3, 6), 2, 1), ((3, 6), [0, 6], -1), ((3,), 5), ((0, 2), 2)),
        split_reference,
        ALL,
        failures=(
            Failure(
                lambda m: m.split(m.ones(3), [1, 1]),
                RuntimeError,
                "split_with_sizes expects split_sizes to sum exactly to 3",
            ),
            Failure(lambda m: m.split(m.ones(3), 0), RuntimeError, "split"),
            Failure(lambda m: m.split(m.ones(3), -1), RuntimeError, "split_size be "),
        ),
    ),
    Row(
        "chunk",
        cases(((5, 2), 2), ((5, 2), 4), ((2, 6), 3, 1), ((3,), 5), ((0, 2), 2)),
        chunk_reference,
        ALL,
        failures=(
            Failure(lambda m: m.chunk(m.ones(3), 0), RuntimeError, "chunk expects `chunks` to be greater than 0"),
        ),
    ),
    Row(
        "unbind",
        cases(((3, 2),), ((3, 2), 1), ((2, 3, 4), -1), ((4,),)),
        unbind_reference,
        ALL,
        failures=(
            Failure(
                lambda m: m.unbind(m.ones(())), IndexError, "Dimension specified as 0 but tensor has no dimensions"
            ),
        ),
    ),
]
