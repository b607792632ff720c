"""Writing into tensors: values, version counters, views and their histories, assignment to every kind of index."""

import inspect

import numpy as np
import pytest

import autograd
from autograd import nn, no_grad, ones, optim, tensor, zeros

SPOILED = "one of the variables needed for gradient computation has been modified by an inplace operation"
LEAF = "a leaf Variable that requires grad is being used in an in-place operation."


def leaf(*values):
    return tensor(list(values), requires_grad=True)


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, args",
    [
        ("add_", (2.0,)),
        ("sub_", (2.0,)),
        ("mul_", (3.0,)),
        ("div_", (2.0,)),
        ("pow_", (2,)),
        ("neg_", ()),
        ("abs_", ()),
        ("exp_", ()),
        ("log_", ()),
        ("sqrt_", ()),
        ("sin_", ()),
        ("cos_", ()),
        ("tanh_", ()),
        ("sigmoid_", ()),
        ("relu_", ()),
        ("clamp_", (0.5, 1.5)),
        ("zero_", ()),
        ("fill_", (7.0,)),
        ("reciprocal_", ()),
        ("remainder_", (2.0,)),
        ("floor_divide_", (2.0,)),
    ],
)
def test_the_form_in_place_does_what_the_op_does(backend, name, args):
    x = tensor([[0.5, 1.0, 2.0], [3.0, 0.25, 1.5]])
    expected = {"zero_": zeros(2, 3), "fill_": autograd.full((2, 3), 7.0)}.get(name)
    if expected is None:
        expected = getattr(x, name[:-1])(*args)
    for y in (x.clone(), x.t().clone().t(), autograd.stack([x, x], -1)[..., 0]):
        version, address = y._version, y.data_ptr()
        assert getattr(y, name)(*args) is y
        assert y.tolist() == expected.tolist() and y.data_ptr() == address and y._version > version


def test_operators_in_place():
    x = tensor([1.0, 2.0])
    y = x
    x += 1
    x -= tensor([1.0, 0.0])
    x *= 2
    x /= 4
    x **= 2
    x //= 1
    x %= 2
    assert x is y and x.tolist() == [0, 0]
    x = y = tensor([1, 6, 7])
    x &= 6
    x |= tensor([8])
    x ^= 1
    x <<= 2
    x >>= 1
    assert x is y and x.tolist() == [18, 30, 30]


def test_a_write_keeps_dtype_and_shape():
    x = tensor([1, 2])
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        x += 1.5
    with pytest.raises(RuntimeError, match="result type Float can't be cast"):
        x.div_(2)
    with pytest.raises(RuntimeError, match=r"output with shape \[2\] doesn't match the broadcast shape \[3, 2\]"):
        x += autograd.ones(3, 2, dtype=autograd.int64)
    assert x.tolist() == [1, 2]
    y = ones(2)
    y += tensor([1.0, 2.0], dtype=autograd.float64)
    assert y.dtype is autograd.float32 and y.tolist() == [2, 3]


def test_a_tensor_written_from_its_own_memory():
    x = autograd.arange(6.0)
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2, 3, 4]
    x.reshape(2, 3).copy_(x.reshape(3, 2).t())
    assert x.tolist() == [0, 1, 3, 0, 2, 4]
    y = autograd.arange(4.0).reshape(2, 2)
    y += y.t()
    assert y.tolist() == [[0, 3], [3, 6]]


def test_memory_that_may_not_be_written():
    a = np.arange(3.0)
    a.flags.writeable = False
    x = autograd.from_numpy(a)
    for write in (
        lambda: x.add_(1),
        lambda: x.fill_(1),
        lambda: x.__setitem__(0, 1.0),
        lambda: x.copy_(ones(3)),
        lambda: x.view(3).mul_(2),
        lambda: x.uniform_(),
        lambda: x.bernoulli_(),
    ):
        with pytest.raises(RuntimeError, match="read-only"):
            write()
    assert a.tolist() == [0, 1, 2]
    y = ones(1).expand(3)
    for write in (lambda: y.add_(1), lambda: y.fill_(1), lambda: y.__setitem__(0, 1.0), lambda: y.copy_(ones(3))):
        with pytest.raises(
            RuntimeError, match="more than one element of the written-to tensor refers to a single memory location"
        ):
            write()
    assert y.tolist() == [1, 1, 1]


def test_a_write_is_seen_by_numpy_and_by_views():
    a = np.zeros(4)
    x = autograd.from_numpy(a)
    v = x.view(2, 2)[1]
    v += 5
    assert a.tolist() == [0, 0, 5, 5] and x.tolist() == [0, 0, 5, 5]
    a[0] = 9
    assert x.tolist() == [9, 0, 5, 5]


# --- leaves -----------------------------------------------------------------------------------------------------------


def test_a_leaf_may_be_written_under_no_grad_only():
    x = leaf(1.0, 2.0)
    for write in (lambda: x.add_(1), lambda: x.__setitem__(0, 1.0), lambda: x.zero_(), lambda: x.copy_(ones(2))):
        with pytest.raises(RuntimeError, match=LEAF):
            write()
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        x[:1].add_(1)
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        x.view(2, 1)[0] = 3.0
    assert x.tolist() == [1, 2]
    with no_grad():
        x.add_(1)
        x[0] = 10.0
    assert x.tolist() == [10, 3] and x.is_leaf and x.requires_grad
    x.data.mul_(2)
    assert x.tolist() == [20, 6]


def test_an_ordinary_tensor_takes_the_history_of_what_is_written():
    w = leaf(1.0, 2.0)
    x = zeros(2)
    x.copy_(w * 3)
    assert x.requires_grad and not x.is_leaf
    x.sum().backward()
    assert w.grad.tolist() == [3, 3]
    y = zeros(2)
    y += w
    (y * tensor([1.0, 10.0])).sum().backward()
    assert w.grad.tolist() == [4, 13]


def test_detach_in_place():
    x = leaf(1.0, 2.0)
    y = x * 2
    y.detach_()
    assert y.is_leaf and not y.requires_grad


# --- version counters -------------------------------------------------------------------------------------------------


def test_a_saved_input_overwritten():
    x, w = leaf(1.0, 2.0), tensor([3.0, 4.0])
    y = (x * w).sum()
    w.add_(1)
    with pytest.raises(RuntimeError, match=SPOILED):
        y.backward()
    assert x.grad is None


def test_a_saved_output_overwritten():
    x = leaf(1.0, 2.0)
    y = x.exp()
    y.add_(1)
    with pytest.raises(RuntimeError, match=SPOILED + r".*ExpBackward0"):
        y.sum().backward()


def test_a_write_to_what_was_not_saved_is_harmless():
    x = leaf(1.0, 2.0)
    y = x + 1
    y.mul_(3)
    y.sum().backward()
    assert x.grad.tolist() == [3, 3]
    x.grad = None
    y = x.exp()
    z = y * 1
    z.add_(1)
    z.sum().backward()
    assert x.grad.tolist() == pytest.approx([np.e, np.e**2])


def test_a_write_through_a_view_spoils_too():
    x, w = leaf(1.0, 2.0), tensor([3.0, 4.0])
    y = (x * w).sum()
    w[0] = 5.0
    with pytest.raises(RuntimeError, match=SPOILED):
        y.backward()
    w = tensor([3.0, 4.0])
    y = (x * w[:1]).sum()
    w.view(2, 1)[1] = 0.0
    with pytest.raises(RuntimeError, match=SPOILED):
        y.backward()


def test_a_write_under_no_grad_spoils_too():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = (x * w).sum()
    with no_grad():
        w.zero_()
    with pytest.raises(RuntimeError, match=SPOILED):
        y.backward()


def test_an_optimizer_step_between_forward_and_backward():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    optimizer = optim.SGD(net.parameters(), 0.1)
    loss = net(ones(1, 2)).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(RuntimeError, match=SPOILED):
        loss.backward()


def test_random_fills_count_as_writes():
    for fill in ("uniform_", "normal_", "bernoulli_"):
        x, w = leaf(1.0, 2.0), tensor([3.0, 4.0])
        y = (x * w).sum()
        getattr(w, fill)()
        with pytest.raises(RuntimeError, match=SPOILED):
            y.backward()


def test_a_write_before_the_op_is_fine():
    x, w = leaf(1.0, 2.0), tensor([3.0, 4.0])
    w.add_(1)
    (x * w).sum().backward()
    assert x.grad.tolist() == [4, 5]


def test_the_error_says_where_the_op_was():
    x, w = leaf(1.0), tensor([3.0])
    with autograd.study.trace():
        y = (x * w).sum()
    w.add_(1)
    with pytest.raises(RuntimeError, match=r"test_inplace\.py"):
        y.backward()


# --- views and histories ----------------------------------------------------------------------------------------------


def gradient(function, *values):
    x = leaf(*values)
    y = function(x)
    weights = autograd.arange(1.0, y.numel() + 1).reshape(y.shape)
    (y * weights).sum().backward()
    return y.detach(), x.grad


def test_a_write_through_a_view_reaches_its_base():
    def function(x):
        y = x * 1
        y[1:].mul_(10)
        return y

    y, g = gradient(function, 1.0, 2.0, 3.0)
    assert y.tolist() == [1, 20, 30] and g.tolist() == [1, 20, 30]


def test_a_write_to_the_base_reaches_its_views():
    def function(x):
        y = x * 1
        v = y[1:]
        y.mul_(10)
        return v

    y, g = gradient(function, 1.0, 2.0, 3.0)
    assert y.tolist() == [20, 30] and g.tolist() == [0, 10, 20]


def test_a_write_through_one_view_reaches_another():
    def function(x):
        y = x * 1
        a, b = y[:2], y.view(3, 1)
        a.mul_(10)
        return b

    y, g = gradient(function, 1.0, 2.0, 3.0)
    assert y.tolist() == [[10], [20], [3]] and g.tolist() == [10, 20, 3]


def test_slice_augmented_assignment():
    def function(x):
        y = x * 1
        y[:2] *= 10
        return y

    y, g = gradient(function, 1.0, 2.0, 3.0)
    assert y.tolist() == [10, 20, 3] and g.tolist() == [10, 20, 3]


def test_writes_to_views_of_views_in_turn():
    def function(x):
        y = x.reshape(2, 2) * 1
        y[0][1] = 7.0
        y.t()[1] *= 3
        y[1] += y[0].clone()
        return y

    y, g = gradient(function, 1.0, 2.0, 3.0, 4.0)
    # y = [[x0, 21], [x2 + x0, 3 x3 + 21]], weights 1 2 3 4
    assert y.tolist() == [[1, 21], [4, 33]] and g.tolist() == [4, 0, 3, 12]


def test_writes_in_a_loop():
    def function(x):
        y = zeros(3)
        for i in range(3):
            y[i] = x[i] * (i + 1)
        return y

    y, g = gradient(function, 1.0, 2.0, 3.0)
    assert y.tolist() == [1, 4, 9] and g.tolist() == [1, 4, 9]


def test_the_gradient_of_the_value_written():
    def function(x):
        y = ones(2, 3)
        y[:, 1] = x
        y[0] = x[0]
        return y

    y, g = gradient(function, 5.0, 6.0)
    # y = [[x0, x0, x0], [1, x1, 1]]
    assert y.tolist() == [[5, 5, 5], [1, 6, 1]] and g.tolist() == [6, 5]


def test_writes_with_advanced_indices():
    def function(x):
        y = x * 1
        y[tensor([0, 2])] = x[:2] * 10
        y[y > 15] = 0.0
        return y

    y, g = gradient(function, 1.0, 2.0, 3.0)
    # y = [10 x0, x1, 0] (20 > 15)
    assert y.tolist() == [10, 2, 0] and g.tolist() == [10, 2, 0]


def test_second_derivatives_through_writes():
    def function(x):
        y = x * x
        y[1:] *= x[:2]
        return y

    x = tensor([1.0, 2.0, 3.0], dtype=autograd.float64, requires_grad=True)
    assert autograd.gradcheck(function, x)
    assert autograd.gradgradcheck(function, x)


def test_a_dead_view_is_no_burden():
    y = leaf(1.0, 2.0) * 1
    for _ in range(1000):
        y[0]
    y[0] = 5.0
    assert y.tolist() == [5, 2]


def test_fill_cuts_the_history():
    x = leaf(1.0, 2.0)
    y = x * 2
    y.fill_(3.0)
    z = x * 2
    z[0].zero_()
    (y.sum() + z.sum()).backward()
    assert x.grad.tolist() == [0, 2]


# --- assignment to every kind of index --------------------------------------------------------------------------------


ASSIGNMENTS = [
    (0, 5.0),
    (-1, [1.0, 2.0, 3.0, 4.0]),
    ((0, 1), 5.0),
    (slice(1, None), 5.0),
    (slice(None, None, 2), [[1.0], [2.0]]),
    (Ellipsis, 5.0),
    ((Ellipsis, 0), [1.0, 2.0, 3.0]),
    ((slice(None), [0, 3]), 5.0),
    ([0, 2], [1.0, 2.0, 3.0, 4.0]),
    (([0, 1], [2, 3]), [5.0, 6.0]),
    ((None, 0), 5.0),
    (np.array([True, False, True]), 5.0),
    (np.eye(3, 4) > 0, [1.0, 2.0, 3.0]),
    ((0, np.array([1, 2])), [1.0, 2.0]),
    (np.array([], np.int64), 5.0),
    (slice(0, 0), 5.0),
    (np.zeros((3, 4), bool), 5.0),
    ((slice(None), np.int64(2)), 5.0),
]


@pytest.mark.parametrize("index, value", ASSIGNMENTS, ids=lambda v: repr(v)[:40])
def test_assignment_is_numpys(backend, index, value):
    expected = np.arange(12.0).reshape(3, 4)
    x = autograd.tensor(expected, dtype=autograd.float32)
    turned = autograd.tensor(expected.T.copy(), dtype=autograd.float32).t()
    expected[index] = value
    as_tensors = tuple(tensor(i) if isinstance(i, np.ndarray) else i for i in index) if isinstance(index, tuple) else (
        tensor(index) if isinstance(index, np.ndarray) else index
    )  # fmt: skip
    given = tensor(value)
    for t in (x, turned):
        t[as_tensors] = given
        assert t.tolist() == expected.tolist()


def test_leading_ones_of_a_value_are_dropped():
    x = zeros(3)
    x[:] = ones(1, 1, 3)
    assert x.tolist() == [1, 1, 1]


def test_values_are_converted():
    x = zeros(2, dtype=autograd.int64)
    x[0] = 2.7
    x[1] = True
    assert x.tolist() == [2, 1]
    y = zeros(2)
    y[:] = tensor([1, 2])
    y[0] = np.float64(0.5)
    assert y.tolist() == [0.5, 2]


def test_random_fills_cut_the_history():
    for fill in ("uniform_", "normal_", "bernoulli_"):
        x = leaf(1.0, 2.0)
        y = x * 2
        getattr(y[:1], fill)()
        y.sum().backward()
        assert x.grad.tolist() == [0, 2]


def test_a_leaf_written_through_detach_is_still_a_leaf():
    x = leaf(1.0, 2.0, 3.0)
    view = x[:2]
    x.detach()[0] = 9.0
    x.detach().mul_(2)
    assert x.is_leaf and x.tolist() == [18, 4, 6] and view.tolist() == [18, 4]


def test_a_write_under_a_repeated_view():
    def function(x):
        y = ones(3) * 2
        wide = y.expand(2, 3)
        y[:2] = x
        return wide

    y, g = gradient(function, 5.0, 6.0)  # weights 1 2 3 / 4 5 6
    assert y.tolist() == [[5, 6, 2], [5, 6, 2]] and g.tolist() == [5, 7]

    def scaled(x):
        y = x * 1
        wide = y.expand(2, 3)
        y[1] = 0.0
        return wide

    y, g = gradient(scaled, 5.0, 6.0, 7.0)
    assert y.tolist() == [[5, 0, 7], [5, 0, 7]] and g.tolist() == [5, 0, 9]


def test_a_write_beside_detach_leaves_what_was_detached_without_a_history():
    """Views of a detached tensor are known to the storage; a write to the tensor it came from is none of theirs."""
    x = tensor([-1.0, 2.0], requires_grad=True)
    hidden = x * 1
    view, apart = hidden.view(-1), hidden.detach()
    seen = apart[:1]
    hidden.relu_()
    assert view.requires_grad and not apart.requires_grad and not seen.requires_grad
    assert apart.tolist() == [0.0, 2.0]
    (hidden * apart).sum().backward()
    assert x.grad.tolist() == [0.0, 2.0]
    part = apart.view(-1)
    part.copy_(x)
    assert apart.requires_grad and seen.requires_grad and not hidden.detach().requires_grad


def test_a_write_through_detach_leaves_the_history_of_others():
    x = leaf(1.0, 2.0)
    view = x.view(2, 1)
    view.detach().mul_(3)
    view.sum().backward()
    assert view.tolist() == [[3], [6]] and x.grad.tolist() == [1, 1]


def test_writes_to_memory_that_runs_backwards():
    x = leaf(5.0, 6.0)
    y = autograd.from_numpy(np.zeros((2, 3), np.float32)[::-1, ::-1])
    y[0, :2] = x
    (y * autograd.arange(1.0, 7.0).reshape(2, 3)).sum().backward()
    assert y.tolist() == [[5, 6, 0], [0, 0, 0]] and x.grad.tolist() == [1, 2]


def test_retain_grad_goes_with_a_tensor_that_is_written():
    a = leaf(1.0, 2.0)
    x = a * 2
    v = x[:1]
    x.retain_grad()
    v.retain_grad()
    x.mul_(3)
    (x * x).sum().backward(retain_graph=True)
    assert x.grad.tolist() == [12, 24] and a.grad.tolist() == [72, 144]
    v.sum().backward()
    assert v.grad.tolist() == [1] and a.grad.tolist() == [78, 144]


def test_views_in_place_turn_the_tensor_into_its_view():
    x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    same_memory = x.detach()
    assert x.t_() is x
    assert x.shape == (3, 2)
    x[0, 1] = 9.0
    assert same_memory.tolist() == [[1, 2, 3], [9, 5, 6]]
    assert x.unsqueeze_(1).transpose_(0, 2).squeeze_(1).shape == (2, 3)


def test_views_in_place_carry_the_gradient():
    x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = x * 2.0
    y.t_()
    (y * tensor([[1.0, 10.0], [100.0, 1000.0]])).sum().backward()
    assert x.grad.tolist() == [[2, 200], [20, 2000]]
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        x.t_()
    with autograd.no_grad():
        x.unsqueeze_(0)
    assert x.shape == (1, 2, 2)
    (x * 3.0).sum().backward()
    assert x.grad.shape == (1, 2, 2)


# --- functions with an argument inplace -------------------------------------------------------------------------------

F = autograd.nn.functional
TAKES_INPLACE = sorted(
    n for n in F.__all__ if "inplace" in inspect.signature(getattr(F, n)).parameters and n != "threshold"
)


@pytest.mark.parametrize("name", TAKES_INPLACE)
def test_inplace_writes_the_result_into_the_input(name):
    function = getattr(F, name)
    options = {"training": True} if "training" in inspect.signature(function).parameters else {}
    values = np.random.default_rng(0).standard_normal((2, 3, 4))
    results = []
    for inplace in (False, True):
        leaf = tensor(values, requires_grad=True)
        x = leaf * 1.0
        autograd.manual_seed(1)
        y = function(x, inplace=inplace, **options)
        assert (y is x) is inplace
        y.sum().backward()
        results.append((y.tolist(), leaf.grad.tolist()))
    assert results[0] == results[1]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place"):
        function(tensor(values, requires_grad=True), inplace=True, **options)


@pytest.mark.parametrize("name", [n for n in F.__all__ if n.endswith("_")])
def test_forms_with_an_underscore_write_into_the_input(name):
    args = (0.5, 2.0) if name == "threshold_" else ()
    x = tensor([-1.0, 0.5, 2.0])
    expected = getattr(F, name[:-1])(x, *args).tolist()
    assert getattr(F, name)(x, *args) is x and x.tolist() == expected
