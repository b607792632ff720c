"""What torch.func holds: functions that turn a function into its gradient, its jacobian, a function of many examples.

>>> from autograd import tensor
>>> f = lambda x: (x**3).sum()
>>> grad(f)(tensor([1.0, 2.0]))
tensor([ 3., 12.])
>>> hessian(f)(tensor([1.0, 2.0]))
tensor([[ 6.,  0.],
        [ 0., 12.]])

They nest in any order. Forward-mode products (``jvp``, ``jacfwd``) differentiate the backward pass once more: the
gradient is linear in the vector it is given, so its derivative along another is the product wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from . import backprop
from .graph import Leaf
from .modes import enable_grad
from .ops.create import eye, zeros_like
from .ops.join import cat
from .tensor import Tensor
from .tree import leaves, mapped, rebuilt
from .vectorize import vmap

__all__ = [
    "functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize",
    "stack_module_state", "vjp", "vmap",
]  # fmt: skip

Argnums = int | tuple[int, ...]


# --- tensors of a call's own ------------------------------------------------------------------------------------------


def _own(x: Any, name: str) -> Tensor:
    """x as a tensor that this call differentiates, still connected to where x came from."""
    if not isinstance(x, Tensor):
        raise ValueError(f"{name}: expected tensors to differentiate with respect to, got {type(x).__name__}")
    if not x.dtype.is_floating_point:
        raise RuntimeError(f"{name}: only tensors of a floating-point dtype can be differentiated, got {x.dtype}")
    return x.view_as(x) if x.requires_grad else x.detach().requires_grad_()


def _released(tree: Any, own: Sequence[Tensor]) -> Any:
    """The results, without a graph where that leads to nothing but this call's own leaves."""
    inside = {t._edge for t in own if type(t._edge) is Leaf}

    def release(y: Any) -> Any:
        if not isinstance(y, Tensor) or y._edge is None:
            return y
        if type(y._edge) is Leaf:
            return y.detach() if y._edge in inside else y
        ends = {e for node in backprop.reachable([y._edge]) for e in node.edges if type(e) is Leaf}
        return y if ends - inside else y.detach()

    return mapped(release, tree)


def _chosen(args: tuple, argnums: Argnums, name: str) -> tuple[tuple, Any, list[Tensor]]:
    """The arguments with those of ``argnums`` owned; these, as they are nested; their tensors."""
    places = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    if not places:
        raise RuntimeError(f"{name}: argnums must be non-empty")
    for n in places:
        if not -len(args) <= n < len(args):
            raise RuntimeError(
                f"{name}: got argnum={n}, but the function is called with {len(args)} positional arguments"
            )
    places = tuple([n % len(args) for n in places])
    if len(set(places)) != len(places):
        raise RuntimeError(f"{name}: argnums elements must be unique, but got {argnums}")
    new = list(args)
    for n in places:
        new[n] = mapped(lambda x: _own(x, name), args[n])
    chosen = new[places[0]] if isinstance(argnums, int) else tuple([new[n] for n in places])
    return tuple(new), chosen, list(leaves(chosen))


def _gradients(outputs: list[Tensor], inputs: list[Tensor], vectors: list[Tensor] | None = None) -> list[Tensor]:
    """Recorded gradients, zeros where there is no connection."""
    there = [i for i, y in enumerate(outputs) if y.requires_grad]
    if not there:
        return [zeros_like(x) for x in inputs]
    given = None if vectors is None else [vectors[i] for i in there]
    found = backprop.grad([outputs[i] for i in there], inputs, given, create_graph=True, allow_unused=True)
    return [zeros_like(x) if g is None else g for x, g in zip(inputs, found)]


def _with_aux(result: Any, has_aux: bool, name: str) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError(
            f"{name}: output of function f should be a tuple: (output, aux) if has_aux is True, got "
            f"{type(result).__name__}"
        )
    return result


# --- gradients --------------------------------------------------------------------------------------------------------


def grad_and_value(func: Callable, argnums: Argnums = 0, has_aux: bool = False) -> Callable:
    """A function that gives (gradient, value) of ``func``, whose result is a tensor of one element.

    >>> from autograd import tensor
    >>> grad_and_value(lambda x: x**2)(tensor(3.0))
    (tensor(6.), tensor(9.))
    """

    @wraps(func)
    def gradient_and_value(*args: Any, **kwargs: Any) -> Any:
        with enable_grad():
            new, chosen, own = _chosen(args, argnums, "grad")
            y, aux = _with_aux(func(*new, **kwargs), has_aux, "grad")
            if not isinstance(y, Tensor):
                raise RuntimeError(
                    f"Expected f(*args) to return tensor, got {type(y).__name__}: with has_aux=True it may return "
                    "(tensor, aux)"
                )
            if y.ndim:
                raise RuntimeError(
                    "Expected f(*args) to return a scalar tensor, got tensor with "
                    f"{y.ndim} dims. Did you forget to call .sum()?"
                )
            found = rebuilt(chosen, iter(_gradients([y], own)))
        found, y, aux = _released((found, y, aux), own)
        return found, ((y, aux) if has_aux else y)

    return gradient_and_value


def grad(func: Callable, argnums: Argnums = 0, has_aux: bool = False) -> Callable:
    """A function that gives the gradient of ``func``, whose result is a tensor of one element, with respect to the
    arguments at ``argnums``. With ``has_aux`` func returns (result, aux), and the gradient function (gradient, aux).

    >>> from autograd import tensor
    >>> grad(grad(lambda x: x.sin()))(tensor(0.5))
    tensor(-0.4794)
    """
    both = grad_and_value(func, argnums, has_aux)

    @wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def vjp(func: Callable, *primals: Any, has_aux: bool = False) -> tuple:
    """(func(*primals), a function of vectors in the form of that result, which gives vector-jacobian products).

    >>> from autograd import tensor
    >>> y, back = vjp(lambda x: x**2, tensor([1.0, 3.0]))
    >>> back(tensor([1.0, 1.0]))
    (tensor([2., 6.]),)
    """
    with enable_grad():
        new, chosen, own = _chosen(primals, tuple(range(len(primals))), "vjp")
        y, aux = _with_aux(func(*new), has_aux, "vjp")
    outputs = list(leaves(y))
    _check_tensors(outputs, "vjp")

    def back(*vectors: Any, retain_graph: bool = True, create_graph: bool | None = None) -> tuple:
        given = list(leaves(vectors[0] if len(vectors) == 1 and not isinstance(y, tuple) else _only(vectors)))
        if len(given) != len(outputs):
            raise RuntimeError(f"vjp: expected {len(outputs)} vectors in the form of the output, got {len(given)}")
        for v, out in zip(given, outputs):
            if v.shape != out.shape:
                raise RuntimeError(
                    f"Expected the vectors to have the output's shape {list(out.shape)}, got {list(v.shape)}"
                )
        with enable_grad():
            found = _gradients(outputs, own, given)
        return _released(rebuilt(chosen, iter(found)), own)

    released, aux = _released((y, aux), own)
    return (released, back, aux) if has_aux else (released, back)


def _only(vectors: tuple) -> Any:
    return vectors[0] if len(vectors) == 1 and isinstance(vectors[0], (tuple, list, dict)) else vectors


def _check_tensors(outputs: list, name: str) -> None:
    for y in outputs:
        if not isinstance(y, Tensor):
            raise RuntimeError(f"{name}: Expected f(*primals) to return only tensors, got {type(y).__name__}")


def jvp(func: Callable, primals: tuple, tangents: tuple, *, strict: bool = False, has_aux: bool = False) -> tuple:
    """(func(*primals), the derivative of func at primals along tangents).

    >>> from autograd import tensor
    >>> jvp(lambda x: x.sin(), (tensor(0.0),), (tensor(2.0),))
    (tensor(0.), tensor(2.))
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple):
        raise RuntimeError(
            f"jvp(f, primals, tangents): Expected primals and tangents to be tuples. E.g. it should be valid to call "
            f"f(*primals). Got {type(primals).__name__} and {type(tangents).__name__}"
        )
    along = list(leaves(tangents))
    for x, t in zip(leaves(primals), along):
        if isinstance(t, Tensor) and isinstance(x, Tensor) and x.shape != t.shape:
            raise RuntimeError(f"jvp: a tangent has shape {list(t.shape)} and its primal {list(x.shape)}")
    with enable_grad():
        new, _, own = _chosen(primals, tuple(range(len(primals))), "jvp")
        if len(along) != len(own):
            raise RuntimeError(f"jvp: expected {len(own)} tangents in the form of primals, got {len(along)}")
        y, aux = _with_aux(func(*new), has_aux, "jvp")
        outputs = list(leaves(y))
        _check_tensors(outputs, "jvp")
        if strict and not all(out.requires_grad for out in outputs):
            raise RuntimeError(
                "jvp(f, primals, tangents, strict=True): f returned a value that does not depend on primals"
            )
        vectors = [zeros_like(out).requires_grad_() for out in outputs]
        products = _gradients(_gradients(outputs, own, vectors), vectors, along)
    y, derivative, aux = _released((y, rebuilt(y, iter(products)), aux), [*own, *vectors])
    return (y, derivative, aux) if has_aux else (y, derivative)


def linearize(func: Callable, *primals: Any) -> tuple:
    """(func(*primals), the function of tangents that is func's derivative at primals).

    >>> from autograd import tensor
    >>> y, forward = linearize(lambda x: x**2, tensor(3.0))
    >>> y, forward(tensor(1.0))
    (tensor(9.), tensor(6.))
    """

    def along(*tangents: Any) -> Any:
        return jvp(func, primals, tangents)[1]

    return func(*primals), along


# --- jacobians --------------------------------------------------------------------------------------------------------


def _basis(tensors: list[Tensor]) -> list[Tensor]:
    """For each tensor (n, its shape): rows of the identity over the elements of all of them, n."""
    total = sum(t.numel() for t in tensors)
    found, before = [], 0
    for t in tensors:
        rows = eye(total, dtype=t.dtype).narrow(1, before, t.numel())
        found.append(rows.reshape(total, *t.shape))
        before += t.numel()
    return found


def jacrev(
    func: Callable, argnums: Argnums = 0, *, has_aux: bool = False, chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable:  # fmt: skip
    """A function that gives the jacobian of ``func``: per output and argument a tensor of shape (output's,
    argument's). By reverse mode, for all elements of the output at once, or ``chunk_size`` of them.

    >>> from autograd import tensor
    >>> jacrev(lambda x: x**2)(tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    @wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        with enable_grad():
            new, chosen, own = _chosen(args, argnums, "jacrev")
            y, aux = _with_aux(func(*new, **kwargs), has_aux, "jacrev")
            outputs = list(leaves(y))
            _check_tensors(outputs, "jacrev")

            def back(*vectors: Tensor) -> tuple:
                return tuple(_gradients(outputs, own, list(vectors)))

            stacked = vmap(back, chunk_size=chunk_size)(*_basis(outputs))
            found = []
            for out, rows in zip(outputs, zip(*[_cut(g, outputs) for g in stacked])):
                parts = [row.reshape(*out.shape, *x.shape) for row, x in zip(rows, own)]
                found.append(rebuilt(chosen, iter(parts)))
        result, aux = _released((rebuilt(y, iter(found)), aux), own)
        return (result, aux) if has_aux else result

    return jacobian


def jacfwd(
    func: Callable, argnums: Argnums = 0, has_aux: bool = False, *, randomness: str = "error",
    chunk_size: int | None = None,
) -> Callable:  # fmt: skip
    """As :func:`jacrev`, by forward mode: for all elements of the arguments at once.

    >>> from autograd import tensor
    >>> jacfwd(lambda x: x**2)(tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    @wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        with enable_grad():
            new, chosen, own = _chosen(args, argnums, "jacfwd")
            y, aux = _with_aux(func(*new, **kwargs), has_aux, "jacfwd")
            outputs = list(leaves(y))
            _check_tensors(outputs, "jacfwd")
            vectors = [zeros_like(out).requires_grad_() for out in outputs]
            linear = _gradients(outputs, own, vectors)

            def along(*tangents: Tensor) -> tuple:
                return tuple(_gradients(linear, vectors, list(tangents)))

            stacked = vmap(along, randomness=randomness, chunk_size=chunk_size)(*_basis(own))
            found = []
            for out, columns in zip(outputs, stacked):
                parts = [
                    column.reshape(*x.shape, *out.shape).permute(
                        *range(x.ndim, x.ndim + out.ndim), *range(x.ndim)
                    ) for column, x in zip(_cut(columns, own), own)
                ]  # fmt: skip
                found.append(rebuilt(chosen, iter(parts)))
        result, aux = _released((rebuilt(y, iter(found)), aux), [*own, *vectors])
        return (result, aux) if has_aux else result

    return jacobian


def _cut(stacked: Tensor, tensors: list[Tensor]) -> list[Tensor]:
    """The rows that belong to each tensor's elements."""
    return list(stacked.split([t.numel() for t in tensors]))


def hessian(func: Callable, argnums: Argnums = 0) -> Callable:
    """A function that gives the hessian of ``func``: jacfwd(jacrev(func)).

    >>> from autograd import tensor
    >>> hessian(lambda x: (x[0] * x[1]).sum())(tensor([2.0, 3.0]))
    tensor([[0., 1.],
            [1., 0.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)


# --- modules as functions ---------------------------------------------------------------------------------------------


def functional_call(
    module: Any, parameter_and_buffer_dicts: Any, args: Any = None, kwargs: dict | None = None, *,
    tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """module(*args, **kwargs) with other parameters and buffers, given by name in a dict, or in several.

    >>> from autograd import nn, ones, zeros
    >>> functional_call(nn.Linear(2, 1), {"weight": ones(1, 2), "bias": zeros(1)}, ones(3, 2)).tolist()
    [[2.0], [2.0], [2.0]]
    """
    given: dict[str, Tensor] = {}
    dicts = parameter_and_buffer_dicts
    for part in dicts if isinstance(dicts, (tuple, list)) else (dicts,):
        given |= part
    arguments = () if args is None else args if isinstance(args, tuple) else (args,)
    known = {**dict(module.named_parameters(remove_duplicate=False)), **dict(module.named_buffers())}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise RuntimeError(f"functional_call: the module has no parameters or buffers named {unknown}")
    missing = sorted(set(known) - set(given))
    if strict and missing:
        raise RuntimeError(f"functional_call: Missing key(s): {missing}")
    if tie_weights:
        for name in missing:
            for other, value in given.items():
                if known[other] is known[name]:
                    given = {**given, name: value}
    places = [(*_owner(module, name), value) for name, value in given.items()]
    before = [owner.__dict__[attribute] for owner, attribute, _ in places]
    try:
        for owner, attribute, value in places:
            owner.__dict__[attribute] = value
        return module(*arguments, **(kwargs or {}))
    finally:
        for (owner, attribute, _), value in zip(places, before):
            owner.__dict__[attribute] = value


def _owner(module: Any, name: str) -> tuple[Any, str]:
    *path, attribute = name.split(".")
    for part in path:
        module = module._modules[part]
    return module, attribute


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """(parameters, buffers) of several modules of one kind, each stacked along a new first dim: for an ensemble by
    vmap and :func:`functional_call`.

    >>> from autograd import nn
    >>> parameters, buffers = stack_module_state([nn.Linear(2, 3) for _ in range(4)])
    >>> parameters["weight"].shape
    autograd.Size([4, 3, 2])
    """
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if any(m.training != models[0].training for m in models):
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")

    def stacked(named: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        return {
            name: cat([d[name].detach().unsqueeze(0) for d in named]).requires_grad_(t.requires_grad)
            for name, t in named[0].items()
        }

    return stacked([dict(m.named_parameters()) for m in models]), stacked([dict(m.named_buffers()) for m in models])
