"""What torch.autograd.functional holds: jacobians, hessians and products with them, of functions of tensors.

>>> from autograd import tensor
>>> jacobian(lambda x: x**2, tensor([1.0, 2.0]))
tensor([[2., 0.],
        [0., 4.]])

The results have the form of the inputs: a tensor, or a tuple where ``inputs`` is one. ``create_graph`` keeps them
differentiable; ``strict`` raises where an output does not depend on an input, instead of giving zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import backprop
from ..func import jacfwd
from ..modes import enable_grad
from ..ops.create import eye, zeros_like
from ..ops.join import stack
from ..tensor import Tensor
from ..vectorize import vmap

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def _tuple(value: Any, what: str, name: str) -> tuple[tuple[Tensor, ...], bool]:
    """The tensors, and whether they came as a tuple."""
    several = isinstance(value, (tuple, list))
    found = tuple(value) if several else (value,)
    for t in found:
        if not isinstance(t, Tensor):
            raise TypeError(
                f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but the given {what} has "
                f"type {type(t).__name__}."
            )
    return found, several


def _form(found: tuple, several: bool) -> Any:
    return found if several else found[0]


class _Call:
    """A function called on leaves of its own, or, to keep the result differentiable, on views of the inputs."""

    def __init__(self, func: Callable, inputs: Any, create_graph: bool, name: str, scalar: bool = False):
        self.name, self.create_graph = name, create_graph
        given, self.several_in = _tuple(inputs, "inputs", name)
        with enable_grad():
            keep = [create_graph and t.requires_grad for t in given]
            self.inputs = tuple([t.view_as(t) if k else t.detach().requires_grad_() for t, k in zip(given, keep)])
            self.outputs, self.several_out = _tuple(func(*self.inputs), "outputs", name)
        if scalar and (self.several_out or self.outputs[0].numel() != 1):
            raise RuntimeError(f"The Tensor returned by the function given to {name} should contain a single element")

    def gradients(self, outputs: tuple, inputs: tuple, vectors: tuple | None, create: bool, strict: bool) -> tuple:
        """The recorded products, zeros (or an error) where there is no connection."""
        there = [i for i, y in enumerate(outputs) if y.requires_grad]
        if strict and len(there) < len(outputs):
            raise RuntimeError(
                f"Output {min(set(range(len(outputs))) - set(there))} of the user-provided function does not require "
                "gradients. The outputs must be computed in a differentiable manner from the input when running "
                f"{self.name} in strict mode."
            )
        found: tuple = (None,) * len(inputs)
        if there:
            given = None if vectors is None else [vectors[i] for i in there]
            with enable_grad():
                found = backprop.grad([outputs[i] for i in there], inputs, given, True, create, allow_unused=True)
        if strict and None in found:
            raise RuntimeError(
                f"The output of the user-provided function is independent of input {found.index(None)}. This is not "
                f"allowed in strict mode ({self.name})."
            )
        return tuple([zeros_like(x) if g is None else g for x, g in zip(inputs, found)])

    def vectors(self, v: Any, tensors: tuple, several: bool) -> tuple:
        """The vectors to multiply by: as given, or 1 for a single element."""
        if v is None:
            if len(tensors) != 1 or tensors[0].numel() != 1:
                raise RuntimeError(
                    f"The vector v can only be None if the user-provided function of {self.name} returns (or takes) a "
                    "single element"
                )
            return (zeros_like(tensors[0]) + 1.0,)
        found, _ = _tuple(v, "v", self.name)
        if len(found) != len(tensors) or any(a.shape != b.shape for a, b in zip(found, tensors)):
            raise RuntimeError(
                f"{self.name}: v has invalid size: should be {[list(t.shape) for t in tensors]} but got "
                f"{[list(t.shape) for t in found]}."
            )
        return found

    def result(self, found: tuple, several: bool) -> Any:
        return _form(found if self.create_graph else tuple([t.detach() for t in found]), several)

    def value(self) -> Any:
        return self.result(self.outputs, self.several_out)


def jacobian(
    func: Callable, inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The jacobian: for each output and input a tensor of shape (output's, input's). ``vectorize`` takes all rows at
    once; ``strategy="forward-mode"`` (then with vectorize) goes along the inputs instead.

    >>> from autograd import tensor
    >>> jacobian(lambda x: x.exp(), tensor([0.0, 1.0]), vectorize=True)
    tensor([[1.0000, 0.0000],
            [0.0000, 2.7183]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise ValueError(f'jacobian: strategy must be "forward-mode" or "reverse-mode", got {strategy!r}')
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError("jacobian: create_graph=True needs the reverse-mode strategy")
        if strict or not vectorize:
            raise RuntimeError("jacobian: the forward-mode strategy needs vectorize=True and strict=False")
        given, several = _tuple(inputs, "inputs", "jacobian")
        found = jacfwd(func, tuple(range(len(given))))(*[t.detach() for t in given])
        return found if several else tuple([f[0] for f in found]) if isinstance(found[0], tuple) else found[0]
    if vectorize and strict:
        raise RuntimeError("jacobian: `strict=True` and `vectorized=True` are not supported together")
    call = _Call(func, inputs, create_graph, "jacobian")
    rows = []
    for y in call.outputs:

        def row(v: Tensor, y: Tensor = y) -> tuple:
            return call.gradients((y,), call.inputs, (v,), create_graph, strict)

        basis = eye(y.numel(), dtype=y.dtype).reshape(y.numel(), *y.shape)
        stacked = vmap(row)(basis) if vectorize else [stack(column) for column in zip(*[row(v) for v in basis])]
        if not y.numel():
            stacked = [zeros_like(x).unsqueeze(0)[:0] for x in call.inputs]
        rows.append(call.result(tuple([g.reshape(*y.shape, *x.shape) for g, x in zip(stacked, call.inputs)]),
                                call.several_in))  # fmt: skip
    return _form(tuple(rows), call.several_out)


def hessian(
    func: Callable, inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The hessian of a function with a single element as its result: for each pair of inputs a tensor.

    >>> from autograd import tensor
    >>> hessian(lambda x: (x**3).sum(), tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    _, several = _tuple(inputs, "inputs", "hessian")

    def gradient(*args: Tensor) -> Any:
        call = _Call(func, args, True, "hessian", scalar=True)
        found = call.gradients(call.outputs, call.inputs, None, True, strict)
        return found if several else found[0]

    return jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)


def vjp(func: Callable, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple:
    """(func(inputs), the vector v times the jacobian).

    >>> from autograd import tensor
    >>> vjp(lambda x: x**2, tensor([1.0, 3.0]), tensor([1.0, 1.0]))
    (tensor([1., 9.]), tensor([2., 6.]))
    """
    call = _Call(func, inputs, create_graph, "vjp")
    vectors = call.vectors(v, call.outputs, call.several_out)
    found = call.gradients(call.outputs, call.inputs, vectors, create_graph, strict)
    return call.value(), call.result(found, call.several_in)


def jvp(func: Callable, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple:
    """(func(inputs), the jacobian times the vector v), by differentiating the backward pass.

    >>> from autograd import tensor
    >>> jvp(lambda x: x**2, tensor([1.0, 3.0]), tensor([1.0, 0.5]))
    (tensor([1., 9.]), tensor([2., 3.]))
    """
    call = _Call(func, inputs, create_graph, "jvp")
    along = call.vectors(v, call.inputs, call.several_in)
    dual = tuple([zeros_like(y).requires_grad_() for y in call.outputs])
    linear = call.gradients(call.outputs, call.inputs, dual, True, strict)
    found = call.gradients(linear, dual, along, create_graph, False)
    return call.value(), call.result(found, call.several_out)


def vhp(func: Callable, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple:
    """(func(inputs), the vector v times the hessian), for a result of a single element.

    >>> from autograd import tensor
    >>> vhp(lambda x: (x**3).sum(), tensor([1.0, 2.0]), tensor([1.0, 1.0]))
    (tensor(9.), tensor([ 6., 12.]))
    """
    call = _Call(func, inputs, True, "vhp", scalar=True)
    vectors = call.vectors(v, call.inputs, call.several_in)
    slopes = call.gradients(call.outputs, call.inputs, None, True, strict)
    found = call.gradients(slopes, call.inputs, vectors, create_graph, strict)
    call.create_graph = create_graph
    return call.value(), call.result(found, call.several_in)


def hvp(func: Callable, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple:
    """(func(inputs), the hessian times the vector v): as :func:`vhp`, the hessian being symmetric.

    >>> from autograd import tensor
    >>> hvp(lambda x: x[0] * x[1], tensor([2.0, 3.0]), tensor([1.0, 0.0]))
    (tensor(6.), tensor([0., 1.]))
    """
    return vhp(func, inputs, v, create_graph, strict)
