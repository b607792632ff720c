"""Rows of autograd/ops/put.py."""

from __future__ import annotations

import numpy as np

from .core import ALL, Failure, Make, Row, Sample


def slices(once: bool):
    """Samples of index_add (and, no slice twice, index_copy)."""

    def samples(make: Make):
        twice = np.array([2, 0, 2 - once])
        yield Sample((make(3, 4), 0, twice, make(3, 4)), note="rows")
        yield Sample((make(4, 3).T, -1, np.array([3, 0]), make(2, 3).T), note="columns")
        yield Sample((make(2, 3, 2), 1, np.array(1), make(2, 1, 2)), note="a number for an index")
        yield Sample((make(3, 2), 0, np.zeros(0, np.int64), make(0, 2)), note="nothing")
        yield Sample((make(), 0, np.array([0]), make()), note="a number")

    return samples


def written(x, dim, index, source, how=None):
    y = np.array(np.atleast_1d(x))
    at = (slice(None),) * (dim % y.ndim) + (np.atleast_1d(index),)
    source = np.asarray(source).reshape(y[at].shape)
    if how is None:
        y[at] = source
    else:
        how.at(y, at, source)
    return y.reshape(x.shape)


def added(x, dim, index, source, alpha=1):
    return written(x, dim, index, source * np.asarray(alpha, x.dtype), np.logical_or if x.dtype == bool else np.add)


def fills(make: Make):
    yield Sample((make(3, 4), 0, np.array([2, 0, 2]), 2), note="rows")
    yield Sample((make(4, 3).T, 1, np.array([3]), make()), note="a tensor")
    yield Sample((make(3, 4), 1, np.array(1), 1.5), note="one and a half")
    yield Sample((make(), 0, np.array([0]), 1), note="a number")
    yield Sample((make(3, 4), 1, np.array([2, 0, 2]), make()), note="a tensor, twice in one place")


def filled(x, dim, index, value):
    y = np.array(np.atleast_1d(x))
    y[(slice(None),) * (dim % y.ndim) + (index,)] = value
    return y.reshape(x.shape)


def puts(make: Make):
    yield Sample((make(3, 4), (np.array([0, 2]),), make(4)), note="rows")
    yield Sample((make(3, 4), (np.array([0, 2]), np.array([1, 1])), make(2)), note="elements")
    yield Sample((make(3, 4), (np.array([[0], [1]]), np.array([1, 3])), make()), note="broadcast")
    yield Sample((make(4, 3).T, (np.array([True, False, True]),), make(2, 4)), note="a mask")
    yield Sample((make(3, 4), (np.array([0, 0, 1]),), make(3, 4), True), note="accumulated")
    yield Sample((make(3), (np.zeros(0, np.int64),), make(0)), note="nothing")


def put_reference(x, index, values, accumulate=False):
    y = np.array(x)
    if accumulate:
        (np.logical_or if x.dtype == bool else np.add).at(y, index, values)
    else:
        y[index] = values
    return y


def flat_puts(make: Make):
    yield Sample((make(2, 3), np.array([1, -1]), make(2)))
    yield Sample((make(3, 2).T, np.array([[0, 4]]), make(2)), note="strided")
    yield Sample((make(2, 3), np.array([1, 1, 0]), make(3), True), note="accumulated")


def masks(make: Make):
    mask = np.array([[True, False, True], [False, False, True]])
    yield Sample((make(2, 3), mask, 1), note="a number")
    yield Sample((make(3, 2).T, mask, make()), note="a tensor")
    yield Sample((make(2, 1), mask[0], 2.5), note="broadcast")
    yield Sample((make(2, 3), np.array(True), 0), note="all")
    yield Sample((make(0, 3), mask[:0], 1), note="nothing")
    if make.floating:
        yield Sample((make(2, 3), mask, -np.inf), smooth=False, note="-inf")


def fills_of(make: Make):
    mask = np.array([[True, False, True], [False, False, True]])
    yield Sample((make(2, 3), mask, make(4)))
    yield Sample((make(3, 2).T, mask, make(3, 2).T), note="strided")
    yield Sample((make(3), mask, make(3)), note="broadcast")
    yield Sample((make(2, 3), np.zeros((2, 3), bool), make(0)), note="nothing")


def scattered(x, mask, source):
    y = np.array(np.broadcast_to(x, np.broadcast_shapes(x.shape, mask.shape)))
    mask = np.broadcast_to(mask, y.shape)
    y[mask] = source.reshape(-1)[: mask.sum()]
    return y


def replaced(*calls: tuple):
    """Samples from (shape, shape of src, args...)."""

    def samples(make: Make):
        for shape, part, *args in calls:
            yield Sample((make(*shape), make(*part), *args), note=f"{shape}, {args}")
            yield Sample((make(*shape[::-1]).T, make(*part[::-1]).T, *args), note=f"transposed {shape}, {args}")
        shape, part, *args = calls[0]
        yield Sample((make(2, *shape)[1], make(2, *part)[1], *args), note="parts of others")

    return samples


def select_reference(x, src, dim, index):
    y = np.array(x)
    np.moveaxis(y, dim, 0)[index] = src
    return y


def slice_reference(x, src, dim=0, start=None, end=None, step=1):
    y = np.array(x)
    y[(slice(None),) * (dim % y.ndim) + (slice(start, end, step),)] = src
    return y


def diagonal_reference(x, src, offset=0, dim1=0, dim2=1):
    y = np.array(x)
    d = np.diagonal(y, offset, dim1, dim2)
    d.flags.writeable = True
    d[...] = src
    return y


ROWS = [
    Row(
        "index_add",
        slices(once=False),
        added,
        ALL,
        wanted=(0, 3),
        failures=(
            Failure(
                lambda m: m.index_add(m.ones(2, 3), 0, m.tensor([0, 1]), m.ones(1, 3)),
                RuntimeError,
                "Number of indices (2) should be equal to source.size(dim)",
            ),
            Failure(
                lambda m: m.index_add(m.ones(2, 3), 0, m.tensor([0, 1]), m.ones(2, 2)),
                RuntimeError,
                "source tensor shape must match self tensor shape, excluding the specified dimension",
            ),
            Failure(
                lambda m: m.index_add(m.ones(2), 0, m.tensor([0, 5]), m.ones(2)),
                (RuntimeError, IndexError),
                "index 5 is out of bounds for dimension 0 with size 2",
            ),
            Failure(lambda m: m.index_add(m.ones(2), 0, m.ones(1), m.ones(1)), RuntimeError, "Expected dtype int32"),
            Failure(
                lambda m: m.index_add(m.ones(2), 0, m.tensor([0]), m.tensor([1])),
                RuntimeError,
                "self (Float) and source (Long) must have the same",
            ),
            Failure(
                lambda m: m.index_add(m.ones(2), 0, m.tensor([[0]]), m.ones(1)),
                IndexError,
                "Index is supposed to be a vector",
            ),
        ),
    ),
    Row(
        "index_add",
        lambda make: iter([Sample((make(3, 2), 0, np.array([0, 0]), make(2, 2)), {"alpha": 2})]),
        added,
        ("float32", "float64", "int64"),
        wanted=(0, 3),
        variant="alpha",
    ),
    Row(
        "index_copy",
        slices(once=True),
        written,
        ALL,
        wanted=(0, 3),
        failures=(
            Failure(
                lambda m: m.index_copy(m.ones(2), 0, m.tensor([0, 1]), m.ones(1)),
                IndexError,
                "Number of indices (2) should be equal to source.size(dim)",
            ),
            Failure(
                lambda m: m.index_copy(m.ones(2, 3), 0, m.tensor([0]), m.ones(1, 2)), RuntimeError, "same slice shapes"
            ),
            Failure(
                lambda m: m.index_copy(m.ones(2), 0, m.ones(1), m.ones(1)),
                RuntimeError,
                "Expected a long tensor for index",
            ),
            Failure(
                lambda m: m.index_copy(m.ones(2), 0, m.tensor([2]), m.ones(1)), IndexError, "index 2 is out of bounds"
            ),
        ),
    ),
    Row(
        "index_fill",
        fills,
        filled,
        ALL,
        wanted=(0, 3),
        failures=(
            Failure(lambda m: m.index_fill(m.ones(2), 0, m.tensor([2]), 1.0), IndexError, "index 2 is out of bounds"),
            Failure(lambda m: m.index_fill(m.ones(2), 0, m.ones(1), 1.0), IndexError, "Expected dtype int64 for index"),
            Failure(
                lambda m: m.index_fill(m.ones(2), 0, m.tensor([0]), m.ones(1)),
                RuntimeError,
                "index_fill_ only supports a 0-dimensional value tensor, but got tensor with 1 dimension(s).",
            ),
        ),
    ),
    Row(
        "index_put",
        puts,
        put_reference,
        ALL,
        wanted=(0, 2),
        failures=(
            Failure(lambda m: m.index_put(m.ones(2), m.tensor([0]), m.ones(1)), TypeError, "must be tuple of Tensors"),
            Failure(
                lambda m: m.index_put(m.ones(2), (m.tensor([0]),), m.tensor([1])),
                RuntimeError,
                "Index put requires the source and destination dtypes match, got Float for the destination",
            ),
            Failure(
                lambda m: m.index_put(m.ones(2), (m.tensor([5]),), m.ones(1)), IndexError, "index 5 is out of bounds"
            ),
        ),
        call=lambda m, x, index, *args: m.index_put(x, tuple(index), *args),
    ),
    Row(
        "put",
        flat_puts,
        lambda x, i, source, accumulate=False: put_reference(
            x.reshape(-1), i.reshape(-1), source.reshape(-1), accumulate
        ).reshape(x.shape),
        ALL,
        wanted=(0, 2),
        call=lambda m, *args: m.Tensor.put(*args),
        failures=(
            Failure(lambda m: m.ones(2).put(m.tensor([0, 1]), m.ones(1)), IndexError, "same number of elements"),
            Failure(lambda m: m.ones(2).put(m.tensor([5]), m.ones(1)), IndexError, "tried to access index 5"),
            Failure(lambda m: m.ones(2).put(m.tensor([0]), m.tensor([1])), RuntimeError, "to have the same dtype"),
        ),
    ),
    Row(
        "masked_fill",
        masks,
        lambda x, mask, value: np.where(mask, np.asarray(value, x.dtype), x),
        ALL,
        wanted=(0, 2),
        failures=(
            Failure(
                lambda m: m.masked_fill(m.ones(2), m.ones(2), 1.0),
                RuntimeError,
                "masked_fill_ only supports boolean masks, but got mask with dtype",
            ),
            Failure(
                lambda m: m.masked_fill(m.ones(2), m.ones(2) > 0, m.ones(2)),
                RuntimeError,
                "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with 1 dimension(s).",
            ),
            Failure(
                lambda m: m.ones(3).masked_fill_(m.ones(2, 3) > 0, 1.0),
                RuntimeError,
                "output with shape [3] doesn't match the broadcast shape [2, 3]",
            ),
        ),
    ),
    Row(
        "masked_scatter",
        fills_of,
        scattered,
        ALL,
        wanted=(0, 2),
        failures=(
            Failure(
                lambda m: m.masked_scatter(m.ones(2), m.ones(2) > 0, m.ones(1)),
                RuntimeError,
                "Number of elements of source < number of ones in mask",
            ),
            Failure(
                lambda m: m.masked_scatter(m.ones(2), m.ones(2) > 0, m.tensor([1, 2])),
                RuntimeError,
                "masked_scatter: expected self and source to have same dtypes but got",
            ),
        ),
    ),
    Row(
        "select_scatter",
        replaced(((2, 3), (3,), 0, 1), ((2, 3), (2,), 1, -1), ((2, 3, 2), (2, 2), 1, 0)),
        select_reference,
        ALL,
        failures=(
            Failure(
                lambda m: m.select_scatter(m.ones(2, 3), m.ones(2), 0, 1),
                RuntimeError,
                "expected src to have a size equal to the slice of self. src size = [2], slice size = [3]",
            ),
            Failure(lambda m: m.select_scatter(m.ones(2), m.ones(()), 0, 2), IndexError, "index 2 out of range"),
        ),
    ),
    Row(
        "slice_scatter",
        replaced(((4, 3), (2, 3), 0, 1, 3), ((4, 3), (4, 2), 1, 0, None, 2), ((4,), (1,), 0, -1), ((3,), (3,))),
        slice_reference,
        ALL,
        failures=(
            Failure(
                lambda m: m.slice_scatter(m.ones(3), m.ones(3), 0, 1),
                RuntimeError,
                "expected src to have a size equal to the slice of self. src size = [3], slice size = [2]",
            ),
            Failure(
                lambda m: m.slice_scatter(m.ones(3), m.ones(3), 0, 0, 3, 0), RuntimeError, "slice step must be positive"
            ),
        ),
    ),
    Row(
        "diagonal_scatter",
        replaced(((3, 3), (3,)), ((2, 4), (2,), 1), ((2, 3, 4), (3, 2), 0, 0, 2)),
        diagonal_reference,
        ALL,
        failures=(
            Failure(lambda m: m.diagonal_scatter(m.ones(2, 2), m.ones(3)), RuntimeError, "expected src to have a size"),
        ),
    ),
]
