"""Initial values beside PyTorch's, from the same seed; and what they are where it is not installed."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
from autograd import nn, zeros
from autograd.nn import init

CALLS = [
    ("uniform_", {"a": -1, "b": 2}),
    ("normal_", {"mean": 1, "std": 2}),
    ("trunc_normal_", {}),
    ("trunc_normal_", {"std": 0.02}),
    ("trunc_normal_", {"mean": 3, "a": 2.9, "b": 3.1}),
    ("trunc_normal_", {"mean": 0, "a": 2, "b": 3}),
    ("trunc_normal_", {"mean": 0, "a": 3, "b": 4}),
    ("constant_", {"val": 3}),
    ("ones_", {}),
    ("zeros_", {}),
    ("eye_", {}),
    ("dirac_", {}),
    ("dirac_", {"groups": 2}),
    ("xavier_uniform_", {"gain": 2}),
    ("xavier_normal_", {}),
    ("kaiming_uniform_", {"a": 0.1}),
    ("kaiming_normal_", {"mode": "fan_out", "nonlinearity": "relu"}),
    ("kaiming_normal_", {"mode": "fan_up"}),
    ("orthogonal_", {}),
    ("orthogonal_", {"gain": 2}),
    ("sparse_", {"sparsity": 0.3}),
]
SHAPES = [(5, 3), (3, 7), (40, 30), (6, 4, 3), (4, 2, 3, 3), (4, 8, 1, 2, 3), (0, 3), (5,)]


def filled(library, name: str, options: dict, shape: tuple, dtype: str):
    """The values and the random number after them, or the error."""
    library.manual_seed(5)
    t = library.zeros(shape, dtype=getattr(library, dtype))
    try:
        assert getattr(library.nn.init, name)(t, **options) is t
    except (ValueError, ZeroDivisionError) as error:
        return type(error), str(error)[:30]
    return t.numpy(), library.rand(1).item()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name, options", CALLS, ids=str)
def test_values_are_pytorchs(backend, name, options):
    torch = pytest.importorskip("torch")
    for shape in SHAPES:
        for dtype in ("float32", "float64"):
            mine, then = filled(autograd, name, options, shape, dtype)
            theirs, then_there = filled(torch, name, options, shape, dtype)
            if isinstance(mine, type):
                assert (mine, then) == (theirs, then_there), shape
            else:
                assert mine.dtype == theirs.dtype and then == then_there
                np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6, err_msg=str(shape))


def test_every_name_of_pytorchs_is_there():
    torch = pytest.importorskip("torch")
    assert set(init.__all__) == set(torch.nn.init.__all__)
    for name in ("linear", "conv_transpose2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        assert init.calculate_gain(name) == torch.nn.init.calculate_gain(name)


def test_gains():
    assert init.calculate_gain("leaky_relu", 1) == 1 and init.calculate_gain("tanh") == 5 / 3
    for call in (
        lambda: init.calculate_gain("step"),
        lambda: init.calculate_gain("leaky_relu", "0.1"),
        lambda: init.calculate_gain("leaky_relu", True),
    ):
        with pytest.raises(ValueError):
            call()


def test_truncated_normal_numbers_stay_within():
    for mean, std, a, b in ((0, 1, -1, 1), (0, 1, 1.5, 2), (5, 0.1, 4.95, 5.2)):
        w = init.trunc_normal_(zeros(2000), mean, std, a, b)
        assert a <= w.min().item() < w.max().item() <= b
        assert w.max().item() - w.min().item() > 0.9 * (b - a)
    with pytest.warns(UserWarning, match="mean is more than 2 std from"):
        init.trunc_normal_(zeros(3), 5, 1)


def test_orthogonal_rows():
    w = init.orthogonal_(zeros(3, 2, 4), gain=2).reshape(3, 8)
    np.testing.assert_allclose((w @ w.T).numpy(), 4 * np.eye(3), atol=1e-5)


@pytest.mark.filterwarnings("ignore:mean is more than 2 std")
def test_parameters_are_filled_without_a_history():
    layer = nn.Linear(3, 3)
    for name, options in CALLS:
        if not name.startswith("dirac") and options.get("mode") != "fan_up":
            getattr(init, name)(layer.weight, **options)
            assert layer.weight.requires_grad and layer.weight.is_leaf


def test_older_names_warn():
    for name in ("uniform", "normal", "eye", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal",
                 "orthogonal"):  # fmt: skip
        w = zeros(3, 3)
        with pytest.warns(FutureWarning, match=f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`"):
            assert getattr(init, name)(w) is w and w.abs().sum() > 0


def test_a_generator_of_ones_own():
    autograd.manual_seed(0)
    state = autograd.get_rng_state()
    drawn = [init.kaiming_normal_(zeros(3, 3), generator=autograd.Generator().manual_seed(2)).tolist() for _ in "ab"]
    assert drawn[0] == drawn[1] and (autograd.get_rng_state() == state).all()
