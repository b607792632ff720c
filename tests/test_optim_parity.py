"""The optimizers beside PyTorch, where it is installed: parameters, state dicts and their exchange, text, defaults."""

import copy
import inspect

import numpy as np
import pytest

import autograd
from autograd import optim

torch = pytest.importorskip("torch")

CONFIGURATIONS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.5}),
    ("SGD", {"lr": 0.01, "momentum": 0.5, "maximize": True}),
    ("Adam", {"lr": 0.01, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01, "amsgrad": True, "betas": (0.8, 0.5), "maximize": True}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.2, "amsgrad": True}),
    ("RMSprop", {"lr": 0.01, "alpha": 0.9, "weight_decay": 0.1, "maximize": True}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.5, "centered": True}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr_decay": 0.1, "initial_accumulator_value": 0.3, "weight_decay": 0.1, "maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"betas": (0.8, 0.9), "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {"weight_decay": 0.1}),
    ("NAdam", {"momentum_decay": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {"weight_decay": 0.1, "betas": (0.8, 0.9)}),
    ("RAdam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.1, "etas": (0.3, 1.5), "step_sizes": (0.05, 0.12), "maximize": True}),
    ("ASGD", {"lr": 0.02, "lambd": 0.1, "alpha": 0.5, "t0": 2, "weight_decay": 0.1, "maximize": True}),
]
DTYPES = (("float64", 1e-12), ("float32", 2e-6))


class Training:
    """Three parameters in two groups; the last has a gradient in every third step only."""

    def __init__(self, library, name: str, options: dict, dtype: str):
        rng = np.random.default_rng(0)
        values = [rng.standard_normal(shape).astype(dtype) for shape in ((3, 5), (7,), ())]
        self.params = [library.tensor(v).requires_grad_() for v in values]
        groups = [{"params": self.params[:2]}, {"params": self.params[2:], "lr": 0.03}]
        self.optimizer = getattr(library.optim, name)(groups, **options)

    def run(self, first: int, last: int) -> None:
        for k in range(first, last):
            self.optimizer.zero_grad()
            losses = [((p * (k % 4 + 1) - 1) ** 2).sum() for p in self.params[: 3 if k % 3 == 0 else 2]]
            sum(losses).backward()
            self.optimizer.step()

    def values(self) -> list:
        return [p.detach().numpy() for p in self.params]


def translated(library, value):
    """A state dict with the library's tensors in place of the other one's."""
    if isinstance(value, dict):
        return {k: translated(library, v) for k, v in value.items()}
    if isinstance(value, list):
        return [translated(library, v) for v in value]
    return library.tensor(np.array(value.numpy())) if hasattr(value, "numpy") else copy.deepcopy(value)


def agree(mine: list, theirs: list, tolerance: float) -> None:
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def described(value):
    """A state dict with a tensor's dtype and shape in place of its values."""
    if isinstance(value, dict):
        return {k: described(v) for k, v in value.items()}
    if isinstance(value, list):
        return [described(v) for v in value]
    return (str(value.dtype).split(".")[1], tuple(value.shape)) if hasattr(value, "numpy") else value


@pytest.mark.parametrize(("name", "options"), CONFIGURATIONS, ids=str)
def test_parameters_and_state(backend, name, options):
    for dtype, tolerance in DTYPES:
        mine, theirs = Training(autograd, name, options, dtype), Training(torch, name, options, dtype)
        for first, last in ((0, 5), (5, 9)):
            mine.run(first, last), theirs.run(first, last)
            agree(mine.values(), theirs.values(), tolerance)
            a, b = mine.optimizer.state_dict(), theirs.optimizer.state_dict()
            assert described(a) == described(b)
            for i, state in b["state"].items():
                agree([a["state"][i][k].numpy() for k in state], [v.numpy() for v in state.values()], 10 * tolerance)
        assert repr(mine.optimizer) == repr(theirs.optimizer)


@pytest.mark.parametrize(("name", "options"), CONFIGURATIONS, ids=str)
def test_state_dicts_are_exchanged(name, options):
    for dtype, tolerance in DTYPES:
        if name == "NAdam":
            tolerance = 1e-6  # PyTorch brings mu_product, a float32, to the parameters' dtype when it loads
        mine, theirs = Training(autograd, name, options, dtype), Training(torch, name, options, dtype)
        mine.run(0, 4), theirs.run(0, 4)
        states = mine.optimizer.state_dict(), theirs.optimizer.state_dict()
        other_mine, other_theirs = Training(autograd, name, {}, dtype), Training(torch, name, {}, dtype)
        for other, training, state in ((other_mine, theirs, states[1]), (other_theirs, mine, states[0])):
            library = autograd if other is other_mine else torch
            for p, value in zip(other.params, training.values()):
                p.data = library.tensor(value.copy())
            other.optimizer.load_state_dict(translated(library, state))
        for each in (mine, theirs, other_mine, other_theirs):
            each.run(4, 9)
        for other in (other_mine, other_theirs):
            agree(other.values(), theirs.values(), tolerance)
        assert repr(other_mine.optimizer) == repr(theirs.optimizer)


@pytest.mark.parametrize(("name", "options"), CONFIGURATIONS, ids=str)
def test_training_resumes_to_the_bit(backend, name, options):
    for dtype, _ in DTYPES:
        straight, first, second = (Training(autograd, name, options, dtype) for _ in range(3))
        straight.run(0, 8)
        first.run(0, 4)
        second.optimizer.load_state_dict(copy.deepcopy(first.optimizer.state_dict()))
        for p, value in zip(second.params, first.values()):
            p.data = autograd.tensor(value)
        second.run(4, 8)
        assert [v.tobytes() for v in second.values()] == [v.tobytes() for v in straight.values()]


@pytest.mark.parametrize(
    "name", [n for n in dir(optim) if hasattr(torch.optim, n) and isinstance(getattr(optim, n), type)]
)
def test_arguments_and_their_defaults(name):
    def arguments(library):
        found = inspect.signature(getattr(library.optim, name)).parameters.values()
        return [(p.name, p.kind, p.default) for p in found]

    assert arguments(autograd) == arguments(torch)


# --- L-BFGS -----------------------------------------------------------------------------------------------------------

SEARCHES = [
    {},
    {"line_search_fn": "strong_wolfe"},
    {"lr": 0.3, "history_size": 3, "max_iter": 6},
    {"lr": 0.5, "history_size": 2, "max_iter": 6, "line_search_fn": "strong_wolfe"},
    {"lr": 4.0, "max_iter": 8, "max_eval": 5, "line_search_fn": "strong_wolfe"},
]


class Valley:
    """Rosenbrock's function of the first parameter, and a power of the second; the third has no gradient."""

    def __init__(self, library, options: dict, dtype: str):
        self.params = [library.tensor(np.array(v, dtype)).requires_grad_() for v in ([-1.2, 1.0], [[0.3]], [2.0])]
        self.optimizer = library.optim.LBFGS(self.params, **options)

    def closure(self):
        self.optimizer.zero_grad()
        x, y = self.params[:2]
        loss = (1 - x[0]) ** 2 + 10 * (x[1] - x[0] ** 2) ** 2 + (y**4).sum()
        loss.backward()
        return loss

    def run(self, steps: int) -> list:
        return [self.optimizer.step(self.closure).item() for _ in range(steps)]

    def values(self) -> list:
        return [p.detach().numpy() for p in self.params]


@pytest.mark.parametrize("options", SEARCHES, ids=str)
def test_lbfgs(backend, options):
    for dtype, tolerance in (("float64", 1e-8), ("float32", 1e-2)):
        mine, theirs = Valley(autograd, options, dtype), Valley(torch, options, dtype)
        agree(mine.run(3), theirs.run(3), tolerance)
        agree(mine.values(), theirs.values(), tolerance)
        a, b = mine.optimizer.state_dict(), theirs.optimizer.state_dict()
        assert a["param_groups"] == b["param_groups"] and set(a["state"][0]) == set(b["state"][0])
        for key in ("func_evals", "n_iter"):
            assert a["state"][0][key] == b["state"][0][key]


@pytest.mark.parametrize("options", SEARCHES[1:4], ids=str)
def test_lbfgs_resumes_from_either_state(options):
    mine, theirs = Valley(autograd, options, "float64"), Valley(torch, options, "float64")
    mine.run(1), theirs.run(1)
    others = []
    for library, source in ((autograd, theirs), (torch, mine), (autograd, mine)):
        other = Valley(library, {}, "float64")
        for p, value in zip(other.params, source.values()):
            p.data = library.tensor(value.copy())
        other.optimizer.load_state_dict(translated(library, source.optimizer.state_dict()))
        others.append(other)
    expected = theirs.run(2)
    for other in others:
        agree(other.run(2), expected, 1e-8)
    assert others[2].values()[0].tobytes() != mine.values()[0].tobytes()
    mine.run(2)
    assert others[2].values()[0].tobytes() == mine.values()[0].tobytes()
