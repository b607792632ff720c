"""gradcheck: how we know that the derivatives are right.

Backpropagation gives vᵀJ for a vector v and the Jacobian J. A central difference gives J u for a direction u. For
random u and v both yield the number vᵀ J u, and a wrong entry of J shows in it: one backward pass and two forward
passes check a function of any size (the idea of HIPS/autograd's check_grads). For small inputs the whole Jacobian can
be compared instead, which says which entry is wrong.

>>> from autograd import randn, float64, tanh
>>> x = randn(3, 2, dtype=float64, requires_grad=True)
>>> gradcheck(lambda x: (tanh(x) * x).sum(0), (x,))
True
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .backprop import grad
from .data import tensor
from .dtypes import float64
from .modes import enable_grad, no_grad
from .tensor import Tensor, wrap


class GradcheckError(RuntimeError):
    """A derivative differs from the finite difference."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    fast_mode: bool | None = None,
    seed: int = 0,
) -> bool:
    """Compare the gradients of ``func`` at ``inputs`` with central differences.

    func
        Takes the inputs, returns a tensor or several; must be deterministic.
    inputs
        A tensor or a sequence; gradients are checked for the floating-point tensors that require them. float32 ones
        are checked on a float64 copy, with a warning.
    eps
        The step of the difference (f(x + eps u) - f(x - eps u)) / (2 eps).
    fast_mode
        True: one random projection; False: the whole Jacobian; None: the Jacobian where inputs and outputs together
        have at most 64 elements.

    A kink is noticed: where one-sided differences disagree by more than the step explains, the error says that the
    function may not be differentiable there.

    Raises GradcheckError (a RuntimeError), or returns False with ``raise_exception=False``.
    """
    try:
        _check(func, _prepared(inputs), eps, atol, rtol, fast_mode, np.random.default_rng(seed))
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any], inputs: Tensor | Sequence[Any], grad_outputs=None, *, seed: int = 0, **options: Any
) -> bool:
    """:func:`gradcheck` of the gradients of ``func``: checks second derivatives.

    >>> from autograd import randn, float64
    >>> x = randn(3, dtype=float64, requires_grad=True)
    >>> gradgradcheck(lambda x: (x**3).sum(), (x,))
    True
    """
    prepared = _prepared(inputs)
    wanted = [i for i, t in enumerate(prepared) if _is_checked(t)]
    rng = np.random.default_rng(seed)
    if grad_outputs is None:
        grad_outputs = [
            tensor(rng.standard_normal(y.shape), requires_grad=True)
            for y in _outputs(func(*prepared))
            if y.requires_grad
        ]
    grad_outputs = list(_outputs(grad_outputs))

    def gradients(*values):
        args, gs = list(values[: len(prepared)]), values[len(prepared) :]
        with enable_grad():
            for i in wanted:
                if not args[i].requires_grad:  # within a finite difference
                    args[i] = args[i].detach().requires_grad_()
            ys = [y for y in _outputs(func(*args)) if y.requires_grad]
            found = grad(ys, [args[i] for i in wanted], gs, create_graph=True, allow_unused=True)
        return tuple(
            (args[i] * 0.0 if g is None else g + args[i] * 0.0) for i, g in zip(wanted, found)
        )  # the added 0 keeps the graph where a gradient does not depend on the input

    return gradcheck(gradients, (*prepared, *grad_outputs), seed=seed + 1, **options)


def _is_checked(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad


def _prepared(inputs) -> tuple:
    """The inputs as float64 leaves of their own."""
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    if not any(_is_checked(t) for t in inputs):
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them have "
            "requires_grad=True."
        )
    if any(_is_checked(t) and t.dtype is not float64 for t in inputs):
        warnings.warn("gradcheck: float32 inputs are checked on float64 copies", stacklevel=3)
    return tuple(wrap(t._array).to(float64).clone().requires_grad_() if _is_checked(t) else t for t in inputs)


def _outputs(result) -> tuple:
    return (result,) if isinstance(result, Tensor) else tuple(result)


def _values(func, inputs: tuple, moved: dict[int, np.ndarray]) -> list[np.ndarray]:
    """func's outputs with some inputs replaced."""
    with no_grad():
        args = [tensor(moved[i]) if i in moved else t for i, t in enumerate(inputs)]
        return [y._array.numpy().astype(np.float64) for y in _outputs(func(*args))]


def _check(func, inputs: tuple, eps, atol, rtol, fast_mode, rng) -> None:
    checked = [i for i, t in enumerate(inputs) if _is_checked(t)]
    outputs = [(k, y) for k, y in enumerate(_outputs(func(*inputs))) if isinstance(y, Tensor)]
    for k, y in outputs:
        if not y.requires_grad:
            continue
        size = y.numel() + sum(inputs[i].numel() for i in checked)
        if fast_mode or (fast_mode is None and size > 64):
            _check_projection(func, inputs, checked, k, y, eps, atol, rtol, rng)
        else:
            _check_jacobian(func, inputs, checked, k, y, eps, atol, rtol)


def _difference(func, inputs, i, k, u, eps) -> tuple[np.ndarray, np.ndarray]:
    """The central difference of output k in direction u of input i, and how far the one-sided ones are apart."""
    x = inputs[i]._array.numpy()
    plus = _values(func, inputs, {i: x + eps * u})[k]
    minus = _values(func, inputs, {i: x - eps * u})[k]
    here = _values(func, inputs, {})[k]
    with np.errstate(invalid="ignore"):
        return (plus - minus) / (2 * eps), np.abs(plus - 2 * here + minus) / eps


def _fail(i: int, k: int, numerical, analytical, kink: float, where: str) -> None:
    hint = ""
    if kink > 1e-3 * (1 + np.abs(numerical).max()):
        hint = " The one-sided differences disagree too: the function may have a kink there."
    raise GradcheckError(
        f"Jacobian mismatch for output {k} with respect to input {i}{where}: numerical {numerical!r}, analytical "
        f"{analytical!r}.{hint}"
    )


def _check_projection(func, inputs, checked, k, y, eps, atol, rtol, rng) -> None:
    v = rng.standard_normal(y.shape)
    found = grad(y, [inputs[i] for i in checked], tensor(v), retain_graph=True, allow_unused=True)
    for i, g in zip(checked, found):
        u = rng.standard_normal(inputs[i].shape)
        change, kink = _difference(func, inputs, i, k, u, eps)
        numerical = float(np.sum(v * change))
        analytical = 0.0 if g is None else float(np.sum(g._array.numpy() * u))
        scale = float(np.sum(np.abs(v * change)))
        if not np.isclose(analytical, numerical, rtol=rtol, atol=atol * (1 + scale)):
            _fail(i, k, numerical, analytical, float(kink.max(initial=0)), " (random projection)")


def _check_jacobian(func, inputs, checked, k, y, eps, atol, rtol) -> None:
    rows = []
    for e in range(y.numel()):
        v = np.zeros(y.numel())
        v[e] = 1
        found = grad(y, [inputs[i] for i in checked], tensor(v.reshape(y.shape)), retain_graph=True, allow_unused=True)
        rows.append(found)
    for position, i in enumerate(checked):
        n = inputs[i].numel()
        analytical = np.array(
            [np.zeros(n) if r[position] is None else r[position]._array.numpy().reshape(-1) for r in rows]
        ).reshape(y.numel(), n)
        for j in range(n):
            u = np.zeros(n)
            u[j] = 1
            change, kink = _difference(func, inputs, i, k, u.reshape(inputs[i].shape), eps)
            change = change.reshape(-1)
            if not np.allclose(analytical[:, j], change, rtol=rtol, atol=atol):
                _fail(i, k, change, analytical[:, j], float(kink.max(initial=0)), f" (its element {j})")
