"""Reading and writing by index beyond the op database: in place, places named twice, what is refused."""

import numpy as np
import pytest

import autograd
from autograd import arange, backend, ones, tensor, zeros

ROWS_TWICE = tensor([0, 0, 2])

IN_PLACE = {
    "scatter_": (0, tensor([[2, 0, 1]]), tensor([[7.0, 8.0, 9.0]])),
    "scatter_add_": (0, tensor([[0, 0, 0], [0, 0, 0]]), ones(2, 3)),
    "scatter_reduce_": (0, tensor([[0, 0, 0]]), ones(1, 3), "amin"),
    "index_add_": (0, ROWS_TWICE, ones(3, 3)),
    "index_copy_": (0, tensor([1]), ones(1, 3)),
    "index_fill_": (1, tensor([0, 2]), 5.0),
    "index_put_": ((tensor([0, 1]), tensor([1, 1])), tensor([5.0, 6.0])),
    "put_": (tensor([0, 4]), tensor([5.0, 6.0])),
    "masked_fill_": (tensor([True, False, True]), -1.0),
    "masked_scatter_": (tensor([True, False, True]), arange(10.0)),
    "tril_": (),
    "triu_": (1,),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_the_form_in_place_writes_what_the_op_gives(backend, name):
    args = IN_PLACE[name]
    w = arange(9.0).reshape(3, 3).requires_grad_()
    x = w * 1
    row = x[0]
    expected = getattr(w, name[:-1])(*args)
    (g,) = autograd.grad((expected * arange(1.0, 10.0).reshape(3, 3)).sum(), w)
    address = x.data_ptr()
    assert getattr(x, name)(*args) is x and x.data_ptr() == address
    assert x.tolist() == expected.tolist() and row.tolist() == expected[0].tolist()
    (x * arange(1.0, 10.0).reshape(3, 3)).sum().backward()
    assert w.grad.tolist() == g.tolist()
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"):
        getattr(w, name)(*args)


def test_places_read_twice_add_up_their_gradients_in_order(backend):
    for read in (
        lambda x: x[ROWS_TWICE],
        lambda x: x.index_select(0, ROWS_TWICE),
        lambda x: x.gather(0, ROWS_TWICE.reshape(3, 1).expand(3, 2)),
        lambda x: x.take(tensor([[0, 1], [0, 1], [4, 5]])),
        lambda x: x.take_along_dim(ROWS_TWICE.reshape(3, 1), 0),
        lambda x: x.repeat_interleave(tensor([2, 0, 1]), 0),
    ):
        x = zeros(3, 2, requires_grad=True)
        y = read(x)
        y.backward(tensor([[1e8, 1.0], [1.0, 10.0], [-2.0, 3.0]]))
        assert x.grad.tolist() == [[1e8, 11], [0, 0], [-2, 3]]


def test_many_duplicates_accumulate_exactly(backend):
    rng = np.random.default_rng(0)
    index = rng.integers(0, 7, 10_000)
    x = zeros(7, requires_grad=True)
    x[tensor(index)].sum().backward()
    counts = np.bincount(index, minlength=7).tolist()
    assert x.grad.tolist() == counts
    assert zeros(7).index_add(0, tensor(index), ones(10_000)).tolist() == counts
    assert zeros(7).scatter_add(0, tensor(index), ones(10_000)).tolist() == counts
    assert zeros(7).index_put((tensor(index),), tensor(1.0), accumulate=True).tolist() == counts


def test_positions_may_be_overwritten_after_the_forward():
    index, mask = tensor([[0, 1]]), tensor([True, False])
    for read in (
        lambda x: x.gather(0, index), lambda x: x[index[0]], lambda x: x.index_select(1, index[0]),
        lambda x: x.scatter_add(0, index, ones(1, 2)) * x, lambda x: x.masked_select(mask), lambda x: x[:, mask],
        lambda x: x.index_fill(1, index[0, :1], 3.0), lambda x: x.take(index),
    ):  # fmt: skip
        x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        (expected,) = autograd.grad(read(x).sum(), x)
        y = read(x).sum()
        index.zero_()
        mask.fill_(True)
        y.backward()
        index[0, 1] = 1
        mask[1] = False
        assert x.grad.tolist() == expected.tolist()


def test_a_mask_that_is_written_after_masked_fill_is_found():
    x, mask = ones(2, requires_grad=True), tensor([True, False])
    y = x.masked_fill(mask, 0.0)
    mask.fill_(True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_index_dtypes():
    x = arange(4.0)
    assert x[tensor([1, 2], dtype=autograd.int32)].tolist() == [1, 2]
    with pytest.warns(UserWarning, match="indexing with dtype uint8 is now deprecated"):
        assert x[tensor([1, 0, 0, 1], dtype=autograd.uint8)].tolist() == [0, 3]
    for dtype in (autograd.int8, autograd.int16, autograd.float32):
        with pytest.raises(IndexError, match="tensors used as indices must be long, int, byte or bool tensors"):
            x[tensor([1, 0, 0, 1], dtype=dtype)]


def test_what_counts_from_the_end():
    x = arange(4.0)
    assert x.index_fill(0, tensor([-1]), 9.0).tolist() == [0, 1, 2, 9]
    assert x.take(tensor([-1])).tolist() == x[tensor([-1])].tolist() == [3]
    assert x.put(tensor([-4]), tensor([9.0])).tolist() == [9, 1, 2, 3]
    with pytest.raises(RuntimeError, match="index 9 is out of bounds for dimension 0 with size 4"):
        x.take_along_dim(tensor([9]), 0)


def test_scatter_takes_the_part_of_src_that_has_positions():
    src = arange(1.0, 7.0).reshape(2, 3).requires_grad_()
    y = zeros(2, 3).scatter(0, tensor([[1, 0]]), src)
    assert y.tolist() == [[0, 2, 0], [1, 0, 0]]
    y.sum().backward()
    assert src.grad.tolist() == [[1, 1, 0], [0, 0, 0]]
    assert zeros(3).scatter_(0, tensor([1]), value=2.0).tolist() == [0, 2, 0]
    assert zeros(3, dtype=autograd.int64).scatter(0, tensor([1]), 2.9).tolist() == [0, 2, 0]
    assert tensor(1.0).scatter(0, tensor([0]), 5.0).item() == 5
    with pytest.warns(UserWarning, match="use scatter_reduce instead"):
        assert ones(2).scatter(0, tensor([1]), ones(1), reduce="add").tolist() == [1, 2]
    with pytest.raises(NotImplementedError, match="mean of bools"):
        tensor([True]).scatter_reduce(0, tensor([0]), tensor([True]), "mean")


def test_replaced_parts_of_parts():
    whole = arange(12.0).reshape(2, 2, 3)
    x = whole[1]
    assert x.slice_scatter(zeros(2, 2), 1, 1).tolist() == [[6, 0, 0], [9, 0, 0]]
    assert x.select_scatter(tensor([1, 2, 3]), 0, -1).tolist() == [[6, 7, 8], [1, 2, 3]]
    assert whole.tolist() == arange(12.0).reshape(2, 2, 3).tolist()


def test_assignment_through_chained_indices():
    x = arange(6.0).reshape(2, 3).requires_grad_()
    y = x * 1
    y[0][1:][tensor([True, False])] = 0.0
    y[:, [0, 2]] *= 10
    y[1, tensor([1, 0])] += 5.0
    (y * arange(1.0, 7.0).reshape(2, 3)).sum().backward()
    assert y.tolist() == [[0, 0, 20], [35, 9, 50]]
    assert x.grad.tolist() == [[10, 0, 30], [40, 5, 60]]


LETTERS = autograd.tensor(np.random.default_rng(3).standard_normal((7, 4)).astype("f"))
BATCHED = {
    "positions in each example": lambda x, i: x[i],
    "the same positions": lambda x, i: x[tensor([0, 2])] * i[0],
    "of a table": lambda x, i: LETTERS[i],
    "several dims": lambda x, i: LETTERS[i, tensor([3, 0])] + x[:2],
    "gather": lambda x, i: x.gather(0, i),
    "scatter_add": lambda x, i: x.scatter_add(0, i, x[:2]),
    "index_copy": lambda x, i: x.index_copy(0, i, x[:2]),
    "embedding": lambda x, i: autograd.nn.functional.embedding(i, LETTERS, padding_idx=1),
    "one_hot": lambda x, i: autograd.nn.functional.one_hot(i, 5),
    "cross_entropy": lambda x, i: autograd.nn.functional.cross_entropy(x, i[0]),
}


@pytest.mark.parametrize("name", BATCHED)
def test_vmap_by_index_is_the_loop_and_never_falls_back_to_it(backend, name, recwarn):
    f = BATCHED[name]
    x, i = LETTERS[:3].clone(), tensor([[0, 3], [1, 1], [2, 0]])
    expected = autograd.stack([f(x[k], i[k]) for k in range(3)])
    assert autograd.func.vmap(f)(x, i).tolist() == expected.tolist()
    if expected.is_floating_point():
        slope = autograd.func.grad(lambda x, i: (f(x, i) * x.sum()).sum())
        found = autograd.func.vmap(slope)(x, i)
        assert found.tolist() == autograd.stack([slope(x[k], i[k]) for k in range(3)]).tolist()
    assert not [str(w.message) for w in recwarn]


@pytest.mark.skipif(backend.extension is None, reason="the C kernels are not built")
def test_steps_that_index_replay():
    with autograd.set_backend("c"):
        check_that_indexing_replays()


def check_that_indexing_replays():
    generator = np.random.default_rng(0)
    w = tensor(generator.standard_normal((7, 4)), requires_grad=True)

    def step(i, t):
        w.grad = None
        y = w[i]
        y[:, 1:][i > 3] = 0.0
        loss = (y.log_softmax(1)[autograd.arange(5), t] * y.gather(1, t[:, None])[:, 0]).mean()
        loss.backward()
        return loss, (y.argmax(1) == t).sum(), (i > 2).any(), i.amax(), w.grad.clone()

    captured = autograd.capture(step)
    for _ in range(6):
        given = tensor(generator.integers(0, 7, 5)), tensor(generator.integers(0, 4, 5))
        assert [r.tolist() for r in captured(*given)] == [r.tolist() for r in step(*given)]
    assert "4 replayed" in repr(captured)
    with pytest.raises(IndexError, match="out of range"):
        captured(tensor([0, 1, 2, 3, 7]), tensor([0, 1, 2, 3, 3]))
