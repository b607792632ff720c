"""autograd.autograd.Function: ops of one's own."""

import gc
import weakref

import pytest

import autograd
from autograd import Tensor, gradcheck, gradgradcheck, no_grad, ones, tensor
from autograd.autograd import Function
from autograd.autograd.function import once_differentiable


class Scaled(Function):
    """y = x * w, and how often backward ran."""

    runs = 0

    @staticmethod
    def forward(ctx, x, w, factor=1.0):
        ctx.save_for_backward(x, w)
        ctx.factor = factor
        return x * w * factor

    @staticmethod
    def backward(ctx, g):
        Scaled.runs += 1
        x, w = ctx.saved_tensors
        dx = g * w * ctx.factor if ctx.needs_input_grad[0] else None
        dw = g * x * ctx.factor if ctx.needs_input_grad[1] else None
        return dx, dw, None


class Split(Function):
    """Two outputs: sin and the sign, which has no gradient; forward without ctx."""

    @staticmethod
    def forward(x):
        return x.sin(), x.sign()

    @staticmethod
    def setup_context(ctx, inputs, output):
        (x,) = inputs
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, g, _):
        (x,) = ctx.saved_tensors
        return g * x.cos()


class Exp(Function):
    """Saves its own output."""

    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]


def test_forward_backward_and_arguments_that_are_no_tensors(backend):
    x, w = tensor([1.0, 2.0], requires_grad=True), tensor([3.0, 4.0])
    y = Scaled.apply(x, w, 10.0)
    assert y.tolist() == [30, 80]
    assert y.grad_fn.name() == "ScaledBackward"
    y.sum().backward()
    assert x.grad.tolist() == [30, 40]
    assert w.grad is None
    with no_grad():
        assert not Scaled.apply(x, w).requires_grad


@pytest.mark.parametrize("function", [lambda x: Scaled.apply(x, x), lambda x: Split.apply(x)[0], Exp.apply])
def test_first_and_second_derivatives(function):
    x = tensor([0.3, -0.7, 1.1], dtype=autograd.float64, requires_grad=True)
    assert gradcheck(function, (x,))
    assert gradgradcheck(function, (x,))


def test_outputs_without_a_gradient():
    x = tensor([0.5, -0.5], requires_grad=True)
    y, s = Split.apply(x)
    assert y.requires_grad and not s.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == x.detach().cos().tolist()


def test_an_output_saved_is_no_cycle():
    x = ones(2, requires_grad=True)
    gc.disable()
    try:
        y = Exp.apply(x)
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
    finally:
        gc.enable()


def test_missing_gradients_are_zeros_or_none():
    seen = []

    class Two(Function):
        @staticmethod
        def forward(ctx, x, materialize):
            ctx.set_materialize_grads(materialize)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx, a, b):
            seen.append((a, b))
            return (b if a is None else a), None

    x = ones(2, requires_grad=True)
    for materialize in (True, False):
        Two.apply(x, materialize)[1].sum().backward()
    assert seen[0][0].tolist() == [0, 0]
    assert seen[1][0] is None


def test_an_input_written_to():
    class Double(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = ones(2, requires_grad=True)
    y = x * 1.0
    assert Double.apply(y) is y
    assert y.grad_fn.name() == "DoubleBackward"
    y.sum().backward()
    assert x.grad.tolist() == [2, 2]
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        Double.apply(x)


def test_an_input_returned_is_an_alias():
    class Same(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 3

    x = ones(2, requires_grad=True)
    y = Same.apply(x)
    assert y is not x and y.data_ptr() == x.data_ptr()
    y.sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_a_saved_tensor_written_to_is_noticed_and_a_freed_one_is_refused():
    x, w = ones(2, requires_grad=True), ones(2)
    y = Scaled.apply(x, w)
    w.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    y = Scaled.apply(x, w)
    y.sum().backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.sum().backward()


def test_gradients_broadcast_like_any_other():
    class Plus(Function):
        @staticmethod
        def forward(ctx, a, b):
            return a + b

        @staticmethod
        def backward(ctx, g):
            return g, g

    a, b = ones(3, 2, requires_grad=True), ones(2, requires_grad=True)
    Plus.apply(a, b).sum().backward()
    assert b.grad.tolist() == [3, 3]


def returning(value):
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * y

        @staticmethod
        def backward(ctx, g):
            return value

    return Wrong


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (ones(2), RuntimeError, r"incorrect number of gradients \(expected 2, got 1\)"),
        ((ones(2), None, ones(2)), RuntimeError, "incorrect number of gradients"),
        ((ones(3), None), RuntimeError, r"invalid gradient at index 0 - got \[3\] but expected shape compatible"),
        ((1.0, None), TypeError, "expected a Tensor or None"),
    ],
)
def test_what_backward_may_not_return(value, error, message):
    y = returning(value).apply(ones(2, requires_grad=True), ones(2))
    with pytest.raises(error, match=message):
        y.sum().backward()


def test_a_trailing_none_too_many_is_accepted():
    x = ones(2, requires_grad=True)
    returning((ones(2), None, None)).apply(x, ones(2)).sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_once_differentiable():
    class Once(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            return g * 2

    x = ones(2, requires_grad=True)
    Once.apply(x).sum().backward()
    assert x.grad.tolist() == [2, 2]
    g = ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="marked with @once_differentiable"):
        autograd.grad(Once.apply(x), x, g, create_graph=True)


def test_misuse():
    with pytest.raises(RuntimeError, match=r"use its static method, Scaled.apply"):
        Scaled()
    with pytest.raises(NotImplementedError, match="You must implement the forward function"):
        Function.apply(ones(1))
    with pytest.raises(TypeError, match="save_for_backward can only save variables"):

        class Bad(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(1.0)
                return x

        Bad.apply(ones(1))


def test_hooks_and_retain_grad_see_its_outputs():
    x = ones(2, requires_grad=True)
    y = Exp.apply(x)
    y.retain_grad()
    seen = []
    y.register_hook(seen.append)
    (y * 2).sum().backward()
    assert isinstance(seen[0], Tensor) and y.grad.tolist() == [2, 2]
