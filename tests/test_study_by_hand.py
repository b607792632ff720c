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
    assert checked.mistakes[0].text.startswith("it is 1/2 times the gradient; the 2 of a square?, or 2 is a size")
    (lost,) = study.check_by_hand(loss, {a: np.array([0.1, 7.0])}).checks
    assert lost.verdict == "wrong" and not lost.mistakes
    text = str(study.check_by_hand(loss, {a: np.array([0.1, 7.0])}))
    assert text == "0 of 1 gradient right\n\na\n  wrong      2 of 2 elements differ; no usual mistake explains it"


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


def test_factors_of_numbers_say_something_or_are_not_said():
    """Any number is some factor times another."""
    a, b = tensor(0.7, requires_grad=True), tensor(-1.3, requires_grad=True)
    with study.trace(values=True):
        loss = a * b + a
    for given, named in ((0.1234, []), (2 * (1 - 1.3), ["factor"]), (0.3, ["sign"]), (-1.3, ["accumulation"])):
        assert kinds(study.check_by_hand(loss, {a: given}).checks[0]) == named
    assert study.check_by_hand(loss, {a: 0.7})["a"].mistakes == [
        ("swapped", "it is the gradient of b")
    ]  # the forgotten factor of one and the other
    assert "wrong      it is another number; no usual mistake" in str(study.check_by_hand(loss, {a: 0.1234}))


def test_the_two_of_a_square_and_signs_of_factors_are_named():
    x, w, t = leaf(2, 3).detach(), leaf(1, 3, seed=4), autograd.ones(2, 1)
    with study.trace(values=True):
        loss = F.mse_loss(x @ w.T, t)
    g = study.record(loss).leaves[0].gradient
    (half,) = study.check_by_hand(loss, {w: g / 2})["w"].mistakes
    assert "the 2 of a square, as in step 1 (MseLoss" in half.text and "or 2 is a size in this graph" in half.text
    (turned,) = study.check_by_hand(loss, {w: -2 * g})["w"].mistakes
    assert turned.kind == "factor" and turned.text.startswith("it is -2 times the gradient, its sign is turned; ")
    (odd,) = study.check_by_hand(loss, {w: 0.451038 * g})["w"].mistakes
    assert odd == ("factor", "it is 0.451038 times the gradient")


def test_what_is_no_gradient_at_all_is_called_so():
    w = leaf(4, 3)
    loss = (w * w).sum()
    nan = 2 * w.detach().numpy()
    nan[1, 2] = np.nan
    for given, kind, text in (
        (None, "nothing", "its gradient is missing"),
        (nan, "not finite", "NaN: 1 of 12 elements"),
        (np.full((4, 3), np.inf), "not finite", "infinite: 12 of 12 elements"),
        (np.zeros((4, 3)), "zero", "all its elements are 0"),
        (np.ones((2, 2)), "shape", "the shape is (2, 2), where the tensor has (4, 3)"),
        (1.5, "shape", "the shape is (), where the tensor has (4, 3)"),
        ([1.0, 2.0], "shape", "the shape is (2,), where"),
        (-2 * w.detach().numpy().T, "transposed", "and its sign is turned"),
    ):
        checked = study.check_by_hand(loss, {w: given})["w"]
        assert kinds(checked) == [kind] and text in checked.mistakes[0].text
    with pytest.raises(TypeError, match=r"by tensor or by name.*not as ndarray"):
        study.check_by_hand(loss, np.zeros((4, 3)))
    for given in ("text", [[1.0], [2.0, 3.0]], object()):
        with pytest.raises(TypeError, match="the gradient of w is not an array of numbers"):
            study.check_by_hand(loss, {w: given})


def test_only_elements_that_are_wrong_are_counted_and_their_places_told():
    w = leaf(4, 3)
    loss = (w * w).sum()
    right = 2 * w.detach().numpy()
    off = right * np.float32(1 + 1e-6) + np.eye(4, 3) * 0.01
    checked = study.check_by_hand(loss, {w: off})["w"]
    assert (checked.off, checked.size, checked.where) == (3, 12, "[0, 0], [1, 1], [2, 2]")
    assert "wrong      3 of 12 elements differ: [0, 0], [1, 1], [2, 2]; no usual" in str(
        study.check_by_hand(loss, {w: off})
    )
    for at, where in (((1,), "row 1"), (([0, 3],), "rows 0, 3"), ((slice(None), 2), "column 2")):
        off = right.copy()
        off[at] += 1
        assert study.check_by_hand(loss, {w: off})["w"].where == where
    off = right.copy()
    off[:2, :2] = off[2:, 2] = 9
    assert study.check_by_hand(loss, {w: off})["w"].where == "[0, 0], [0, 1], [1, 0], [1, 1] and 2 more"


def test_gradients_that_are_zero_but_for_rounding():
    autograd.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3))
    loss = F.cross_entropy(net(autograd.randn(4, 1, 6, 6)), tensor([0, 1, 2, 0]))
    assert study.record(loss, net).target(net[0].bias)[0].gradient.any()
    found = study.check_by_hand(loss, {"0.bias": np.zeros(2), "4.bias": np.zeros(3)}, net)
    assert found["0.bias"].verdict in ("close", "exact") and "zero within rounding" in str(found)
    assert kinds(found["4.bias"]) == ["zero"]
    assert study.check_by_hand(loss, {"0.bias": [0.01, 0]}, net)["0.bias"].verdict == "wrong"


def the_exercise(title):
    return next(e for e in study.exercises() if e.title.startswith(title))


def of_exercise(title, wrong):
    exercise = the_exercise(title)
    v = exercise.values
    given = wrong(v, exercise.solution())
    return {c.name: kinds(c) for c in exercise.check(given).checks if c.name in given}


def batch_norm(v):
    d = v["x"] - v["x"].mean(0)
    rstd = 1 / np.sqrt((d * d).mean(0) + 1e-5)
    return rstd, v["c"] * v["gamma"]


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def test_the_mistakes_that_exercises_are_about_are_named():
    assert of_exercise("A value", lambda v, s: {"a": s["b"], "b": s["a"]}) == {"a": ["swapped"], "b": ["swapped"]}
    assert of_exercise("A value", lambda v, s: {"a": v["b"]})["a"] == ["accumulation"]

    def overwritten(v, s):
        table = np.zeros_like(v["table"])
        table[v["index"]] = v["c"]
        return {"table": table}

    def first_only(v, s):
        table = overwritten(v, s)["table"]
        table[1] = v["c"][0]
        return {"table": table}

    assert (
        of_exercise("An embedding", overwritten)
        == of_exercise("An embedding", first_only)
        == {"table": ["overwritten"]}
    )

    def fixed(v, s):
        rstd, h = batch_norm(v)
        return {"x": rstd * h}

    def no_variance(v, s):
        rstd, h = batch_norm(v)
        return {"x": rstd * (h - h.mean(0))}

    assert of_exercise("Batch norm", fixed) == {"x": ["statistics"]}
    assert of_exercise("Batch norm", no_variance) == {"x": ["accumulation"]}
    logits = of_exercise("Cross-entropy", lambda v, s: {"x": softmax(v["x"]) / len(v["x"])})
    assert logits == {"x": ["target"]}
    assert of_exercise("Softmax", lambda v, s: {"x": softmax(v["x"]) * v["c"]}) == {"x": ["statistics"]}
    keys = of_exercise("Attention", lambda v, s: {"q": s["k"], "k": s["q"], "v": s["v"]})
    assert keys == {"q": ["swapped"], "k": ["swapped"], "v": []}

    def one_row(v, s):
        dy = 2 * (v["x"] @ v["w"].T + v["b"]) / (len(v["x"]) * len(v["w"]))
        return {"w": np.outer(dy[2], v["x"][2]), "b": dy[2]}

    assert of_exercise("A linear layer", one_row) == {"w": ["one row"], "b": ["one row"]}


def test_targets_and_statistics_are_found_some_steps_above():
    x, w, target = leaf(5, 4).detach(), leaf(3, 4, seed=1), np.array([0, 1, 2, 0, 1])
    with study.trace(values=True):
        y = x @ w.T
        loss = F.cross_entropy(y, tensor(target))
        normed = (F.layer_norm(x @ w.T, (3,)) * autograd.arange(3.0)).sum()
    X, Y = x.numpy(), y.detach().numpy()
    assert kinds(study.check_by_hand(loss, {w: (softmax(Y) / 5).T @ X})["w"]) == ["target"]
    rstd = 1 / np.sqrt(Y.var(1, keepdims=True) + 1e-5)
    (found,) = study.check_by_hand(normed, {w: (np.arange(3) * rstd).T @ X})["w"].mistakes
    assert found.kind == "statistics" and "the mean and the variance in step" in found.text


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
    shown = {"np": np}
    exec(exercise.forward_source + exercise.solution_source, shown)  # as a reader runs them
    loss, given = exercise.loss()
    assert shown["forward"](**given) == loss and set(shown["solution"](**exercise.values)) == set(exercise.wanted)
    with pytest.raises(KeyError, match="'nothing' is not asked for"):
        exercise.check({"nothing": 0})


def test_what_is_missing_is_not_solved():
    first = study.exercises()[1]
    half = first.check({"b": first.solution()["b"]})
    assert not half.right and half.title == "1 of 2 gradients right" and [c.name for c in half.checks] == ["a", "b"]
    assert "a\n  wrong      nothing: its gradient is missing" in str(half) and half["b"].verdict == "exact"
    assert first.check({}).title == "0 of 2 gradients right" and not first.check({}).right
    assert not study.check_by_hand(first.loss()[0], {}).right
    with pytest.raises(TypeError, match=r"by name, such as {'a': '...', 'b': '...'}, not as ndarray"):
        first.check(np.zeros(2))


def test_exercises_go_from_easy_to_hard():
    found = study.exercises()
    assert [e.number for e in found] == list(range(1, len(found) + 1)) and "c = a * b" in str(found[0])
    assert {"Cross-entropy of logits"} <= {e.title for e in found} and "Attention" in found[-1].title
    assert repr(found[0]).startswith("<Exercise 1")


def test_the_target_of_any_loss_may_be_forgotten():
    x, w, t = leaf(5, 3).detach(), leaf(1, 3, seed=1), autograd.rand(5, 1)
    with study.trace(values=True):
        out = x @ w.T
        made = [
            ("prediction", F.mse_loss(out, t), lambda o: 2 * o / 5),
            ("prediction", ((out - t) ** 2).sum(), lambda o: 2 * o),
            ("sigmoid", F.binary_cross_entropy_with_logits(out, t), lambda o: 1 / (1 + np.exp(-o)) / 5),
            ("prediction", F.mse_loss(out, t, reduction="none").mean(), lambda o: 2 * o / 5),
        ]
    X, o = x.numpy(), out.detach().numpy()
    for alone, loss, wrong in made:
        found = study.check_by_hand(loss, {out: wrong(o), w: wrong(o).T @ X})
        assert [kinds(c) for c in found.checks] == [["target"], ["target"]]
        assert "was not subtracted at step" in str(found) and f"that is the {alone} alone" in str(found)
    p = tensor([[0.2], [0.7]], requires_grad=True)
    loss = F.binary_cross_entropy(p, tensor([[1.0], [0.0]]), reduction="sum")
    assert kinds(study.check_by_hand(loss, {p: [[1.25], [1 / 0.3]]})["p"]) == ["target"]


def test_rounded_gradients_are_said_to_be_so():
    """The few digits that an explanation prints are not enough, but they are no mistake in the calculus."""
    w, x = leaf(2, 3), leaf(5, 3, seed=1).detach()
    loss = (x @ w.T).tanh().square().sum()
    right = study.record(loss).target(w)[0].gradient
    for digits in (2, 3, 4):
        rounded = np.vectorize(lambda v, n=digits: float(f"{v:.{n}g}"))(right)
        found = study.check_by_hand(loss, {w: rounded})
        assert not found.right and found["w"].rounded == f"{digits} digits" and not found["w"].mistakes
        assert f"; right but rounded to {digits} digits: give more" in str(found)
    assert study.check_by_hand(loss, {w: right.round(2)})["w"].rounded == "2 decimals"
    assert not study.check_by_hand(loss, {w: right.round(3) + np.float32([0.002, 0, 0])})["w"].rounded
    assert not study.check_by_hand(loss, {w: right * np.float32([1.002, 1, 1])})["w"].rounded
    assert study.check_by_hand(loss, {w: np.vectorize(lambda v: float(f"{v:.6g}"))(right)}).right
    pair, slopes = leaf(2), np.float32([-2.83053, 0.639047])
    assert study.check_by_hand((pair * tensor(slopes)).sum(), {pair: slopes.round(4)})["pair"].rounded == "4 decimals"
    single = tensor(1.23456, requires_grad=True)
    assert study.check_by_hand(single * single, {single: 2.47})["single"].rounded == "3 digits"
