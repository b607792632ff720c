"""Gradients by hand: right ones are called right, mistakes by their names."""

import confusion
import numpy as np
import pytest
from opdb import DIFFERENTIABLE

import autograd
from autograd import nn, study, tensor
from autograd.nn import functional as F


def leaf(*shape, seed=0):
    return tensor(np.random.default_rng(seed).standard_normal(shape).astype("float32"), requires_grad=True)


def kinds(checked):
    return [m.kind for m in checked.mistakes]


def test_mistakes_in_ops_and_nets_are_named_and_nothing_right_is_called_wrong():
    table, wrong, right = confusion.matrix(1, DIFFERENTIABLE[::3])
    made, named = (sum(c[k] for c in table.values()) for k in ("made", "right"))
    assert made > 500 and named >= 0.95 * made and wrong == 0 and right > 150
    assert all(c["right"] >= 0.95 * c["made"] for c in table.values())
    assert confusion.page(table, wrong, right).splitlines()[0] == confusion.PAGE.read_text().splitlines()[0]


def test_gradients_of_other_arithmetic_are_not_called_wrong():
    """As sums in another order are."""
    for _, loss, wanted in confusion.of_nets():
        found = study.record(loss)
        for w in wanted:
            g = found.target(w)[0].gradient
            near = g * np.float32(1 + 1e-6)
            assert study.check_by_hand(loss, {w: near}).checks[0].verdict in ("exact", "close")


def mlp():
    x, w1, w2 = leaf(6, 4, seed=1).detach(), leaf(5, 4, seed=2), leaf(3, 5, seed=3)
    with study.trace(values=True):
        z = x @ w1.T
        h = z.tanh()
        y = h @ w2.T
        loss = (y * y).sum() + (h * h).sum()
    return x, w1, w2, z, h, y, loss


def test_mistakes_some_steps_above_are_found():
    x, w1, w2, z, h, y, loss = mlp()
    X, W2, H, Y = (t.detach().numpy() for t in (x, w2, h, y))
    dh = 2 * Y @ W2 + 2 * H
    right = (dh * (1 - H * H)).T @ X
    found = study.check_by_hand(loss, {w1: right, w2: 2 * Y.T @ H, h: dh, z: dh * (1 - H * H)})
    assert found.right and [c.name for c in found.checks] == ["w1", "w2", "h", "z"]
    wrong = study.check_by_hand(loss, {w1: dh.T @ X, h: 2 * Y @ W2, z: 2 * H * (1 - H * H)})
    assert kinds(wrong["w1"]) == ["local factor"] and "(Tanh" in wrong["w1"].mistakes[0].text
    assert kinds(wrong["h"]) == ["accumulation"] and "accumulation" in kinds(wrong["z"]) and not wrong.right
    half = study.check_by_hand(loss, {w1: (2 * Y @ W2 * (1 - H * H)).T @ X}).checks[0]
    assert "accumulation" in kinds(half) and half.mistakes[-1].text.startswith("the contribution of step")
    turned = study.check_by_hand(loss, {w1: ((2 * Y @ W2 - 2 * H) * (1 - H * H)).T @ X}).checks[0]
    assert kinds(turned) == ["sign"] and "turned at step" in turned.mistakes[0].text


def test_ambiguous_mistakes_are_all_listed_and_nothing_is_given_away():
    a = tensor([2.0, 2.0], requires_grad=True)
    loss = (a + a).sum()
    (checked,) = study.check_by_hand(loss, {a: np.ones(2)}).checks
    assert kinds(checked) == ["factor", "accumulation"] and checked.off == 2
    assert "1/2" in checked.mistakes[0].text
    (lost,) = study.check_by_hand(loss, {a: np.array([0.1, 7.0])}).checks
    assert lost.verdict == "wrong" and not lost.mistakes
    text = str(study.check_by_hand(loss, {a: np.array([0.1, 7.0])}))
    assert text == "0 of 1 gradients right\n\na\n  wrong      2 elements differ, and no usual mistake explains it"


def test_factors_are_named_with_the_size_they_come_from():
    x, w = leaf(7, 3).detach(), leaf(1, 3, seed=4)
    loss = (x @ w.T).mean()
    g = study.record(loss).leaves[0].gradient
    (checked,) = study.check_by_hand(loss, {w: g * 7}).checks
    assert (
        kinds(checked) == ["factor", "local factor"]  # the mean's factor is 1/7
        and "it is 7 times the gradient; 7 is a size in this graph: a sum taken for a mean" in checked.mistakes[0].text
    )
    (third,) = study.check_by_hand(loss, {w: g * np.float32(0.3)}).checks
    assert "it is 0.3 times" in third.mistakes[0].text


def test_names_shapes_and_what_is_not_in_the_graph():
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))
    loss = F.mse_loss(model(autograd.ones(4, 3)), autograd.zeros(4, 1))
    found = study.record(loss, model)
    g = {leaf.name: leaf.gradient for leaf in found.leaves}
    checked = study.check_by_hand(loss, {"0.weight": g["0.weight"], "2.bias": g["2.bias"].reshape(())}, model)
    assert checked["0.weight"].verdict == "exact" and kinds(checked["2.bias"]) == ["shape"]
    with pytest.raises(KeyError, match="no leaf is called 'nobody'; there are"):
        study.check_by_hand(loss, {"nobody": 0.0}, model)
    with pytest.raises(ValueError, match=r"of shape \[1\] is not in the graph"):
        study.check_by_hand(loss, {leaf(1): 0.0}, model)
    grads = [p.grad for p in model.parameters()]
    assert grads == [None] * 4  # nothing was deposited


def test_losses_that_are_not_numbers():
    a = tensor([-1.0, 4.0], requires_grad=True)
    loss = a.sqrt().sum()
    assert study.check_by_hand(loss, {a: [np.nan, 0.25]}).right
    assert not study.check_by_hand(loss, {a: [0.0, 0.25]}).right


@pytest.mark.parametrize("exercise", study.exercises(), ids=lambda e: e.title)
def test_exercises_are_solved_by_their_solutions(backend, exercise):
    solved = exercise.check(exercise.solution())
    assert solved.right and [c.name for c in solved.checks] == exercise.wanted
    assert not exercise.check({n: -g for n, g in exercise.solution().items()}).right
    assert exercise.forward_source.startswith("def forward") and exercise.solution_source.startswith("def solution")
    assert exercise.forward_source in str(exercise)
    with pytest.raises(KeyError, match="'nothing' is not asked for"):
        exercise.check({"nothing": 0})


def test_exercises_go_from_easy_to_hard():
    found = study.exercises()
    assert [e.number for e in found] == list(range(1, len(found) + 1)) and "c = a * b" in str(found[0])
    assert {"Cross-entropy of logits"} <= {e.title for e in found} and "Attention" in found[-1].title
    assert repr(found[0]).startswith("<Exercise 1")
