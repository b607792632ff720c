"""Views share memory, the clock and the history; what is no view is a copy."""

import numpy as np
import pytest

import autograd
from autograd import arange, no_grad, ones, tensor

SEVERAL = "is a view and is being modified inplace. This view is the output of a function that returns multiple views"

VIEWS = {
    "reshape": lambda x: x.reshape(4, 3),
    "view": lambda x: x.view(2, 6),
    "flatten": lambda x: x.flatten(),
    "ravel": lambda x: x.ravel(),
    "unflatten": lambda x: x.unflatten(1, (2, 2)),
    "squeeze": lambda x: x.unsqueeze(0).squeeze(0),
    "transpose": lambda x: x.transpose(0, 1),
    "permute": lambda x: x.permute(1, 0),
    "movedim": lambda x: x.movedim(0, 1),
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "H": lambda x: x.H,
    "adjoint": lambda x: x.adjoint(),
    "narrow": lambda x: x.narrow(1, 1, 2),
    "select": lambda x: x.select(1, 2),
    "slice": lambda x: x[1:, ::2],
    "diagonal": lambda x: x.diagonal(1),
    "unfold": lambda x: x.unfold(1, 2, 2),
    "as_strided": lambda x: x.as_strided((2, 2), (4, 2), 1),
    "tensor_split": lambda x: x.tensor_split(2, 1)[1],
    "hsplit": lambda x: x.hsplit(2)[1],
    "atleast_3d": lambda x: autograd.atleast_3d(x),
    "detach": lambda x: x.detach(),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_shares_memory_and_the_clock(backend, name):
    x = arange(12.0).reshape(3, 4)
    y = VIEWS[name](x)
    assert np.shares_memory(x.numpy(), y.numpy())
    before = x._version
    y.fill_(-1.0)
    assert (x == -1).sum() == y.numel() and x._version == y._version > before


@pytest.mark.parametrize("name", [name for name in VIEWS if name != "detach"])
def test_a_write_through_a_view_rebases_the_history_of_its_base(backend, name):
    x = arange(12.0).reshape(3, 4).requires_grad_()
    base = x * 1
    VIEWS[name](base).mul_(10.0)
    weights = arange(1.0, 13.0).reshape(3, 4)
    (base * weights).sum().backward()
    touched = arange(12).reshape(3, 4) * 0
    VIEWS[name](touched).fill_(1)
    assert x.grad.tolist() == (weights * autograd.where(touched > 0, 10.0, 1.0)).tolist()


COPIES = {
    "clone": lambda x: x.clone(),
    "contiguous": lambda x: x.T.contiguous(),
    "flip": lambda x: x.flip(0),
    "roll": lambda x: x.roll(1, 0),
    "rot90": lambda x: x.rot90(4),
    "repeat": lambda x: x.repeat(1, 1),
    "tile": lambda x: x.tile(1),
    "diag": lambda x: x.diag(),
    "tril": lambda x: x.tril(),
    "cat": lambda x: autograd.cat([x]),
    "reshape": lambda x: x.T.reshape(-1),
    "index": lambda x: x[[0, 1]],
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_does_not(name):
    x = arange(12.0).reshape(3, 4)
    assert not np.shares_memory(x.numpy(), COPIES[name](x).numpy())


def test_what_split_and_unbind_give_may_not_be_written(backend):
    x = ones(3, 2, requires_grad=True) * 1
    for name, parts in (
        ("SplitBackward0", x.split(1)),
        ("SplitBackward0", x.chunk(2)),
        ("SplitWithSizesBackward0", x.split([1, 2])),
        ("UnbindBackward0", x.unbind()),
        ("UnbindBackward0", list(x)),
    ):
        with pytest.raises(RuntimeError, match=f"Output 1 of {name} {SEVERAL}"):
            parts[1].mul_(2)
    with pytest.raises(RuntimeError, match=f"Output 0 of ViewBackward0 {SEVERAL}"):
        x.split(1)[0].view(-1).mul_(2)
    with no_grad():
        x.split(1)[0].mul_(2)
    assert x.tolist() == [[2, 2], [1, 1], [1, 1]]
    plain = ones(3, 2)
    plain.unbind()[0].mul_(2)
    assert plain.tolist() == [[2, 2], [1, 1], [1, 1]]


def test_parts_without_a_gradient_count_as_zeros(backend):
    x = arange(6.0).reshape(3, 2).requires_grad_()
    (x.split(1)[1].sum() + x.unbind(1)[0][2] * 5).backward()
    assert x.grad.tolist() == [[0, 0], [1, 1], [5, 0]]
    x.grad = None
    (g,) = autograd.grad((x.unbind(0)[1] ** 3).sum() + (x.split([1, 2])[0] ** 3).sum(), x, create_graph=True)
    g.sum().backward()
    assert x.grad.tolist() == [[0, 6], [12, 18], [0, 0]]


def test_a_view_of_another_dtype_reads_the_same_bytes(backend):
    x = tensor([1.0, -2.0])
    y = x.view(autograd.int32)
    assert y.tolist() == np.array([1, -2], np.float32).view(np.int32).tolist() and y.dtype is autograd.int32
    y[0] = 0
    assert x.tolist() == [0, -2] and x._version == y._version
    assert y.view(autograd.float32)[1:].tolist() == [-2]
    assert tensor([0, 1, 255], dtype=autograd.uint8).view(autograd.int8).tolist() == [0, 1, -1]
    assert not tensor([1.0], requires_grad=True).view(autograd.int32).requires_grad
    with pytest.raises(TypeError, match="this engine has"):
        x.view(autograd.bfloat16)


def test_a_view_of_a_dtype_of_another_size_reads_the_same_bytes(backend):
    data = np.arange(48, dtype=np.uint8).reshape(3, 16)
    for of in (autograd.tensor, autograd.from_numpy):
        bytes_ = of(data.copy())
        for dtype in (autograd.int16, autograd.float32, autograd.int64):
            wide = bytes_[1:].view(dtype=dtype)
            assert wide.tolist() == data[1:].view(dtype.dtype).tolist()
            assert wide.view(autograd.uint8).tolist() == data[1:].tolist()
            assert (wide + 0).tolist() == wide.tolist()
        part = bytes_[:, 4:12].view(autograd.int32)
        assert part.stride() == (4, 1) and part.storage_offset() == 1
        part[2, 1] = -1
        assert bytes_[2, 8:12].tolist() == [255] * 4 and part._version == bytes_._version
    x = autograd.zeros(2, 6, dtype=autograd.uint8)
    for wrong, message in {
        lambda: x.view(autograd.float32): r"self\.size\(-1\) must be divisible by 4 to view Byte as Float",
        lambda: x[:, 1:5].view(autograd.int32): r"storage_offset\(\) must be divisible by 4",
        lambda: x[:, :4].view(autograd.int32): r"stride\(0\) must be divisible by 4",
        lambda: x.T.view(autograd.int16): r"stride\(-1\) must be 1",
        lambda: x[0, 0].view(autograd.int16): r"dim\(\) cannot be 0",
    }.items():
        with pytest.raises(RuntimeError, match=message):
            wrong()


def test_as_strided_of_parts_and_of_foreign_memory():
    x = arange(6.0).reshape(2, 3).requires_grad_()
    row = x[1]
    assert row.as_strided((2,), (1,)).tolist() == [3, 4] and row.as_strided((2,), (1,), 0).tolist() == [0, 1]
    row.as_strided((2, 2), (1, 1), 2).sum().backward()  # memory 2, 3, 3, 4; the first is not in the row
    assert x.grad.tolist() == [[0, 0, 0], [2, 1, 0]]
    backwards = autograd.from_numpy(np.arange(3.0)[::-1])
    with pytest.raises(RuntimeError, match="NumPy array that is not contiguous"):
        backwards.as_strided((3,), (1,))
    assert backwards.unfold(0, 2, 1).tolist() == [[2, 1], [1, 0]]


def test_nodes_are_named_as_pytorchs():
    x = ones(3, 3, requires_grad=True) * 1
    for y, name in (
        (x[0], "Select"), (x[1:], "Slice"), (x[1:, 0], "Select"), (x.t(), "T"), (x.T, "Permute"), (x.mT, "Transpose"),
        (x.squeeze(), "Squeeze"), (x.unsqueeze(0), "Unsqueeze"), (x.diagonal(), "Diagonal"), (x[0].diag(), "DiagEmbed"),
        (x.unfold(0, 2, 1), "Unfold"), (x.as_strided((2,), (1,)), "AsStrided"), (x.unbind()[0], "Unbind"),
        (x.split(1)[0], "Split"), (x.split([1, 2])[0], "SplitWithSizes"), (autograd.stack([x, x]), "Stack"),
        (x.flip(0), "Flip"), (x.tril(), "Tril"), (x.triu(), "Triu"), (x.view(9), "View"), (x.expand(2, 3, 3), "Expand"),
    ):  # fmt: skip
        assert y.grad_fn.name() == name + "Backward0"


def test_sizes_and_dims_by_keyword():
    x = ones(2, 3)
    assert x.reshape(shape=(3, 2)).shape == x.view(size=(3, 2)).shape == x.permute(dims=(1, 0)).shape == (3, 2)
    assert x.expand(size=(2, 2, 3)).shape == x.broadcast_to(2, 2, 3).shape == x.repeat(repeats=(2, 1, 1)).shape
    assert x.flip(dims=(0,)).shape == x.tile(dims=(1,)).shape == x.swapaxes(axis0=0, axis1=1).T.shape == (2, 3)


def test_small_questions_about_a_tensor():
    x = ones(2, 3)
    assert x.nelement() == 6 and x.ndimension() == 2 and x.is_contiguous() and not x.T.is_contiguous()
    assert x.is_contiguous(memory_format=autograd.contiguous_format)
    assert x.T.clone(memory_format=autograd.contiguous_format).is_contiguous()
    for call in (x.is_contiguous, x.contiguous, x.clone):
        with pytest.raises(NotImplementedError, match="row-major"):
            call(memory_format="channels_last")
    with pytest.warns(UserWarning, match="deprecated"):
        ones(3).T  # noqa: B018
    assert tensor(1.0).mT.shape == tensor(1.0).H.shape == ()
    assert [t.shape for t in autograd.atleast_2d(tensor(1.0), ones(2))] == [(1, 1), (1, 2)]
    assert isinstance(autograd.atleast_1d([tensor(1.0)]), tuple) and autograd.atleast_1d() == ()


def test_positions_of_triangles():
    for name in ("tril_indices", "triu_indices"):
        make, expected = getattr(autograd, name), getattr(np, name)
        for row, col, offset in ((3, 3, 0), (2, 4, 1), (4, 2, -1), (0, 3, 0)):
            numpys = np.stack(expected(row, offset, col)) if row else np.empty((2, 0))
            assert make(row, col, offset).tolist() == numpys.tolist()
        assert make(2, 2, dtype=autograd.int32).dtype is autograd.int32
        with pytest.raises(RuntimeError, match="row must be non-negative"):
            make(-1, 2)
        with pytest.raises(NotImplementedError, match="not implemented for 'Float'"):
            make(2, 2, dtype=autograd.float32)


def test_repeat_interleave_of_repeats_alone():
    assert autograd.repeat_interleave(tensor([1, 0, 2])).tolist() == [0, 2, 2]
    assert autograd.repeat_interleave(tensor([1, 2]), output_size=3).tolist() == [0, 1, 1]
    with pytest.raises(RuntimeError, match="allocated size does not match required size"):
        autograd.repeat_interleave(tensor([1, 2]), output_size=4)
