"""Rows of autograd/ops/index.py: reading and writing by index."""

from __future__ import annotations

import numpy as np

from .core import ALL, Failure, Make, Row, Sample

FEW = ("float32", "float64", "int64", "bool")

INDICES = [
    0,
    -1,
    slice(None),
    slice(1, None),
    slice(None, None, 2),
    slice(5, 1),
    None,
    Ellipsis,
    (0, 1),
    (slice(None), 1),
    (Ellipsis, 0),
    (None, 1),
    (1, None),
    (0, Ellipsis, None),
    (slice(0, 2), slice(1, 3)),
    (slice(-2, None), slice(None, -1)),
    (slice(None), None, slice(None, None, 3)),
    [0, 2],
    [0, 0, 1],
    ([0, 2], [1, 1]),
    (slice(None), [2, 0]),
    ([0, 1], slice(1, 3)),
    np.array([2, 2, 0]),
    np.array([[0, 1], [2, 0]]),
    (np.array([0, 1]), np.array([1, 3])),
    (0, np.array([1, 2])),
    (np.array([[0], [2]]), np.array([1, 3])),
    np.array([True, False, True]),
    (slice(None), np.array([True, False, True, True])),
    np.zeros((3, 4), bool),
    np.array([], np.int64),
    True,
    np.int64(1),
    np.array(1),
]

DEEP = [(np.array([0, 1]), slice(None), np.array([1, 2])), (slice(None), np.array([0, 0]), np.array([1, 1])),
        (Ellipsis, np.array([1, 1, 0])), (None, np.array([1, 0]), Ellipsis)]  # fmt: skip


def reading(make: Make):
    for index in INDICES:
        yield Sample((make(3, 4), index), note=f"{index!r}")
        yield Sample((make(4, 3).T, index), note=f"transposed, {index!r}")
        if isinstance(index, (int, slice, tuple)) and index is not True:
            yield Sample((make(3, 8)[:, ::-2], index), note=f"backwards, {index!r}")
    for index in DEEP:
        yield Sample((make(2, 3, 4), index), note=f"{index!r}")
    for index in (Ellipsis, None, ()):
        yield Sample((make(), index), note=f"a number, {index!r}")
    mask = make.rng.integers(0, 2, (3, 4)) > 0
    yield Sample((make(3, 4), mask), note="mask")
    yield Sample((make(0, 3), slice(None)), note="nothing")
    yield Sample((make(0, 3), np.array([], np.int64)), note="nothing of nothing")


def as_index(m, index):
    """The index with NumPy arrays as tensors of the library."""
    if isinstance(index, tuple):
        return tuple(as_index(m, i) for i in index)
    return m.tensor(index) if isinstance(index, np.ndarray) else index


def getitem(m, x, index):
    return x[index]


def hidden(samples):
    """Samples whose index arrays are not to be made tensors by the test, but by the row itself."""

    def made(make: Make):
        for s in samples(make):
            yield Sample((s.args[0], Index(s.args[1]), *s.args[2:]), s.kwargs, s.smooth, s.note)

    return made


class Index:
    """An index: a number of its own kind, so that tests leave it alone."""

    def __init__(self, value):
        self.value = value


def writing(make: Make):
    for index in INDICES:
        array = np.zeros((3, 4))
        shape = array[index].shape
        flat = np.arange(12).reshape(3, 4)[index].reshape(-1)
        if len(set(flat.tolist())) != flat.size:
            continue  # which of several values stays is not defined
        yield Sample((make(3, 4), index, make(*shape)), note=f"{index!r}")
        if shape:
            yield Sample((make(3, 4), index, make(*shape[1:])), note=f"broadcast, {index!r}")
    yield Sample((make(3, 4), (slice(None), 1), make()), note="a number")
    yield Sample((make(4, 3).T, (slice(1, 3),), make(4)), note="transposed")


def setitem(m, x, index, value):
    y = x.clone()
    y[as_index(m, index.value)] = value
    return y


def setitem_reference(x, index, value):
    y = np.array(x)
    y[index.value] = value
    return y


def gathers(make: Make):
    for shape, dim, like in (
        ((3, 4), 0, (2, 4)),
        ((3, 4), 1, (3, 6)),
        ((3, 4), -1, (2, 3)),
        ((5,), 0, (7,)),
        ((2, 3, 4), 1, (2, 5, 4)),
        ((), 0, ()),
        ((3, 0), 0, (2, 0)),
        ((3, 4), 0, (0, 4)),
    ):
        n = shape[dim] if shape else 1
        yield Sample((make(*shape), dim, make.integers(0, max(n, 1), *like)), note=f"{shape}, {dim}, {like}")
    yield Sample((make(), 0, np.array([0, 0])), note="a vector of a number")
    yield Sample((make(3), 0, np.array(1)), note="a number of a vector")
    yield Sample((make(4, 3).T, 1, make.integers(0, 4, 5, 3).T), note="transposed")
    yield Sample((make(3, 4), 1, np.zeros((3, 4), np.int64)), note="one place many times")


def gather_reference(x, dim, index):
    if not (x.ndim and index.ndim):
        return x.reshape(-1)[index]
    grid = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    grid[dim] = index
    return x[tuple(grid)]


def selects(make: Make):
    yield Sample((make(3, 4), 0, np.array([0, 2, 2])))
    yield Sample((make(4, 3).T, 1, np.array([3, 0])))
    yield Sample((make(3, 4), -1, np.array([], np.int64)))
    yield Sample((make(3, 4), 0, np.array(1)), note="a number")


def chosen(make: Make):
    mask = np.array([[True, False, True], [False, False, True]])
    yield Sample((make(2, 3), mask))
    yield Sample((make(3, 2).T, mask), note="transposed")
    yield Sample((make(3), mask), note="broadcast")
    yield Sample((make(2, 1), mask[0]), note="both broadcast")
    yield Sample((make(2, 3), np.zeros((2, 3), bool)), note="nothing")


def along(make: Make):
    yield Sample((make(2, 3), np.array([[0], [2]]), 1))
    yield Sample((make(2, 3), np.array([0, 5, 5])), note="flat")
    yield Sample((make(3, 2).T, np.array([[-1, 0, 1]]), 0), note="broadcast")
    yield Sample((make(2, 1), np.array([[1, 0, 1], [0, 0, 0]]), 0), note="input broadcast")


def anything(make: Make):
    for x in (make(3, 4), make(0, 2), make(5), make(4, 3).T):
        yield Sample((x,))


ROWS = [
    Row(
        "getitem",
        hidden(reading),
        lambda x, index: x[index.value],
        FEW,
        wanted=(0,),
        call=lambda m, x, index: x[as_index(m, index.value)],
        failures=(
            Failure(lambda m: m.ones(2)[5], IndexError, "index 5 is out of bounds for dimension 0 with size 2"),
            Failure(
                lambda m: m.ones(2)[m.tensor([0, 5])],
                IndexError,
                "index 5 is out of bounds for dimension 0 with size 2",
            ),
            Failure(lambda m: m.ones(2)[0, 0], IndexError, "too many indices for tensor of dimension 1"),
            Failure(
                lambda m: m.ones(2)[1.5],
                (TypeError, IndexError),
                "only integers, slices (`:`), ellipsis (`...`), None and long",
            ),
            Failure(lambda m: m.ones(2)["a"], (TypeError, IndexError), ""),
            Failure(
                lambda m: m.ones(2)[m.ones(2)],
                IndexError,
                "tensors used as indices must be long, int, byte or bool tensors",
            ),
            Failure(lambda m: m.ones(2)[m.tensor([True])], IndexError, "The shape of the mask"),
            Failure(lambda m: m.ones(2)[::-1], ValueError, "step must be greater than zero"),
            Failure(lambda m: m.ones(2)[..., ...], IndexError, "ellipsis", torch=False),
            Failure(lambda m: m.tensor(1.0)[0], IndexError, ""),
        ),
    ),
    Row(
        "setitem",
        hidden(writing),
        setitem_reference,
        FEW,
        wanted=(0, 2),
        call=setitem,
        failures=(
            Failure(
                lambda m: m.ones(2).__setitem__(5, 1.0),
                IndexError,
                "index 5 is out of bounds for dimension 0 with size 2",
            ),
            Failure(lambda m: m.ones(2, 3).__setitem__(0, m.ones(2)), RuntimeError, ""),
            Failure(lambda m: m.ones(3).__setitem__(m.tensor([0, 1]), m.ones(3)), RuntimeError, "shape mismatch"),
            Failure(lambda m: m.ones(3).__setitem__(0, "a"), TypeError, ""),
        ),
    ),
    Row(
        "gather",
        gathers,
        gather_reference,
        ALL,
        wanted=(0,),
        failures=(
            Failure(
                lambda m: m.gather(m.ones(2, 2), 0, m.tensor([[2, 0]])),
                RuntimeError,
                "index 2 is out of bounds for dimension 0 with size 2",
            ),
            Failure(
                lambda m: m.gather(m.ones(2, 2), 0, m.tensor([[-1, 0]])),
                RuntimeError,
                "is out of bounds for dimension 0 with size 2",
            ),
            Failure(
                lambda m: m.gather(m.ones(2, 2), 0, m.tensor([0])),
                RuntimeError,
                "Index tensor must have the same number of dimensions",
            ),
            Failure(lambda m: m.gather(m.ones(2, 2), 0, m.ones(1, 1)), RuntimeError, "for index"),
            Failure(lambda m: m.gather(m.ones(2, 2), 0, m.tensor([[0, 0, 0]])), RuntimeError, "apart from dimension 0"),
            Failure(lambda m: m.gather(m.ones(2, 2), 5, m.tensor([[0]])), IndexError, "Dimension out of range"),
        ),
    ),
    Row(
        "index_select",
        selects,
        lambda x, dim, i: np.take(x, np.atleast_1d(i), dim),
        ALL,
        wanted=(0,),
        failures=(
            Failure(lambda m: m.index_select(m.ones(2), 0, m.tensor([2])), (IndexError, RuntimeError), "out of"),
            Failure(
                lambda m: m.index_select(m.ones(2), 0, m.tensor([[0]])), IndexError, "Index is supposed to be a vector"
            ),
            Failure(lambda m: m.index_select(m.ones(2), 0, m.tensor([-1])), IndexError, "out of"),
            Failure(
                lambda m: m.index_select(m.ones(2), 0, m.ones(1)), RuntimeError, "Expected dtype int32 or int64 for"
            ),
        ),
    ),
    Row(
        "masked_select",
        chosen,
        lambda x, mask: np.broadcast_to(x, np.broadcast_shapes(x.shape, mask.shape))[
            np.broadcast_to(mask, np.broadcast_shapes(x.shape, mask.shape))
        ],
        ALL,
        wanted=(0,),
        failures=(
            Failure(lambda m: m.masked_select(m.ones(2), m.ones(2)), RuntimeError, "expected BoolTensor for mask"),
            Failure(
                lambda m: m.masked_select(m.ones(2), m.ones(3) > 0), RuntimeError, "must match the size of tensor b"
            ),
        ),
    ),
    Row(
        "take",
        lambda make: iter([Sample((make(2, 3), np.array([[0, 5], [-1, 0]]))), Sample((make(3, 2).T, np.array(1)))]),
        lambda x, i: np.take(x, i),
        ALL,
        wanted=(0,),
        failures=(
            Failure(lambda m: m.take(m.ones(2), m.tensor([5])), IndexError, "tried to access index 5 on a tensor of 2"),
            Failure(lambda m: m.take(m.ones(2), m.ones(1)), RuntimeError, "Expected a long tensor for index"),
        ),
    ),
    Row(
        "take_along_dim",
        along,
        lambda x, i, dim=None: np.take_along_axis(x, i, dim),
        ALL,
        wanted=(0,),
        failures=(
            Failure(
                lambda m: m.take_along_dim(m.ones(2, 2), m.tensor([0]), 1),
                RuntimeError,
                "input and indices should have the same number of dimensions",
            ),
            Failure(
                lambda m: m.take_along_dim(m.ones(2), m.ones(1), 0), RuntimeError, "dtype of indices should be Long"
            ),
        ),
    ),
    Row("nonzero", anything, np.argwhere, ALL, None),
    Row("argwhere", anything, np.argwhere, ALL, None),
]
