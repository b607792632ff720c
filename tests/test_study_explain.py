"""Explanations: formulas hold, numbers are the engine's, nothing a user named can break a page."""

import json
import re
import runpy
from contextlib import suppress
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest

import autograd
from autograd import nn, ones, study, tensor
from autograd.nn import functional as F
from autograd.op import TABLE, Binary, Unary
from autograd.ops.activation import Composed, Glu
from autograd.study import formulas

# --- formulas ---------------------------------------------------------------------------------------------------------

PARAMS = {
    "AddScalar": [0.7], "RsubScalar": [0.7], "MulScalar": [-0.7], "DivScalar": [0.7], "RdivScalar": [0.7],
    "PowScalar": [3.0], "RpowScalar": [1.7], "Clamp": [-0.5, 0.6], "Logit": [-1.0], "LeakyRelu": [0.1],
    "Softplus": [2.0, 5.0], "Hardtanh": [-0.5, 0.6], "Hardshrink": [0.4], "Softshrink": [0.4],
    "Threshold": [0.3, -2.0], "Elu": [1.5, 1.1, 1.0], "Celu": [1.5, 1.0, 1 / 1.5], "Deg2Rad": [np.pi / 180],
    "Rad2Deg": [180 / np.pi], "Round": [0],
}  # fmt: skip
WORDS = {
    "Copysign": "signs are told in words", "Erfinv": "is given as an equation", "Floor": "", "Ceil": "", "Trunc": "",
    "Round": "", "NanToNum": "", "Alias": "", "Clone": "",
}  # fmt: skip
"""Rows whose formula is prose."""


def elementwise():
    found = {n: op for n, op in TABLE.items() if issubclass(op, Unary | Binary | Composed | Glu)}
    return sorted(n for n in found if n not in WORDS and found[n].inputs in (("x",), ("a", "b")))


def clauses(text):
    """A formula's parts: what comes before ", " or "; ", outside of brackets."""
    parts, depth = [""], 0
    for c in text:
        depth += (c in "([") - (c in ")]")
        if c in ",;" and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return [p.strip() for p in parts]


def parsed(text, known, sp):
    """A formula of a row as a SymPy expression: "e where condition, else f", "name = e" and prose after it."""
    parts = clauses(re.sub(r"\|(\w+)\|", r"abs(\1)", text))
    known = dict(known)
    for part in reversed(parts[1:]):
        if match := re.fullmatch(r"(\w+) = (.*)", part):
            known[match[1]] = sp.sympify(match[2], known)
    cases, default, first = [], None, parts[0]
    for part in [first, *parts[1:]]:
        part = part.replace("itself ", "")
        match = re.fullmatch(r"(?:else )?(.*) where (.*)", part)
        if match:
            condition = re.sub(r"(\S+) <= (\w+) <= (\S+)|(\S+) < (\w+) < (\S+)", _chained, match[2])
            condition = re.sub(r"^(\w+) = (\w+)$", r"Eq(\1, \2)", condition.partition(" or ")[0])  # "or b is NaN"
            with suppress(sp.SympifyError, SyntaxError, TypeError):
                cases.append((sp.sympify(match[1], known), sp.sympify(condition, known)))
        elif part.startswith("else "):
            default = sp.sympify(part[5:], known)
        elif part is first:
            default = sp.sympify(part, known)
    return sp.Piecewise(*cases, (default, True)) if cases else default


def _chained(match):
    a, x, b = [g for g in match.groups() if g]
    return f"And({a} <= {x}, {x} <= {b})"


@pytest.mark.parametrize("name", elementwise())
def test_the_formula_of_a_row_is_its_rule(name):
    """Forward and gradient as written, evaluated by SymPy, are what the engine computes; and the one is the other's
    derivative."""
    sp = pytest.importorskip("sympy")
    op, params = TABLE[name], PARAMS.get(name, [])
    symbols = {n: sp.Symbol(n, real=True) for n in (*op.inputs, "g", "y")}
    t = sp.Symbol("t", real=True)
    functions = {
        "sigmoid": sp.Lambda(t, 1 / (1 + sp.exp(-t))), "arsinh": sp.asinh, "arcosh": sp.acosh, "artanh": sp.atanh,
        "arcsin": sp.asin, "arccos": sp.acos, "arctan": sp.atan, "log2": sp.Lambda(t, sp.log(t, 2)),
        "P": sp.Lambda(t, (1 + sp.erf(t / sp.sqrt(2))) / 2), "trunc": sp.Lambda(t, sp.sign(t) * sp.floor(sp.Abs(t))),
        "abs": sp.Abs, "min": sp.Min, "max": sp.Max, "pi": sp.pi, "And": sp.And, "Eq": sp.Eq,
    }  # fmt: skip
    numbers = {n: sp.Float(v) for n, v in zip(op.params, params)}
    known = {**functions, **numbers, **symbols}
    written = formulas.forward(op).removeprefix("y = ")
    if name == "Atan2":
        written = "atan2(a, b)"
    if name == "GeluTanh":
        known["u"] = sp.sympify("sqrt(2 / pi) * (x + 0.044715 * x ** 3)", known)
    for part in clauses(written):
        if match := re.fullmatch(r"(\w+) = (.*)", part):
            known[match[1]] = sp.sympify(match[2], known)
    forward = parsed(written, known, sp)
    rules = {}
    for n in op.inputs:
        text = formulas.rule(op, n).replace("du/dx", "(sqrt(2 / pi) * (1 + 3 * 0.044715 * x ** 2))")
        rules[n] = parsed(text, {**known, "y": forward}, sp)
    checked = 0
    for point in zip((-2.3, -0.31, 0.23, 0.83, 1.7, 3.4), (0.52, -0.4, 0.21, 0.9, 2.2, 0.71)):
        values = [tensor(v, dtype=autograd.float64, requires_grad=True) for v in point[: len(op.inputs)]]
        y = op.apply(*values, *params)
        if not np.isfinite(y.item()):
            continue
        checked += 1
        at = {symbols[n]: v for n, v in zip(op.inputs, point)}
        assert float(forward.subs(at)) == pytest.approx(y.item(), rel=1e-9, abs=1e-12)
        gradients = autograd.autograd.grad(y, values, tensor(1.3, dtype=autograd.float64))
        for n, d in zip(op.inputs, gradients):
            assert float(rules[n].subs({**at, symbols["g"]: 1.3})) == pytest.approx(d.item(), rel=1e-9, abs=1e-12), n
            if "floor" in written or "trunc" in written:  # SymPy leaves their derivatives alone
                near = [forward.subs({**at, symbols[n]: at[symbols[n]] + step}) for step in (1e-6, -1e-6)]
                assert 1.3 * float(near[0] - near[1]) / 2e-6 == pytest.approx(d.item(), rel=1e-6), n
            else:
                slope = float(forward.diff(symbols[n]).subs(at).doit())
                assert 1.3 * slope == pytest.approx(d.item(), rel=1e-9, abs=1e-12), n
    assert checked >= 2


def test_every_input_that_gets_a_gradient_has_a_formula():
    for name, op in TABLE.items():
        for n, found in zip(op.inputs, op.rules):
            assert not (found and not formulas.rule(op, n)) or name in ("AffineRmsNorm",), (name, n)
        assert formulas.forward(op).startswith("y"), name


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 4.0]])
def test_the_constants_of_a_loss_over_classes_make_its_rule_true(reduction, weight):
    x = tensor(np.random.default_rng(0).standard_normal((4, 3)), requires_grad=True)
    target = np.array([0, 2, 1, 2])
    w = np.ones(3) if weight is None else np.array(weight)
    loss = nn.functional.cross_entropy(
        x, tensor(target), None if weight is None else tensor(w), reduction=reduction, ignore_index=1
    )
    entry = study.explain(loss.sum())[2]
    n = float(re.match(r"n = ([\d.]+), ", entry.constants[0])[1])
    q = np.eye(3)[target] * w
    softmax = np.exp(x.detach().numpy()) / np.exp(x.detach().numpy()).sum(1, keepdims=True)
    expected = (softmax * q.sum(1, keepdims=True) - q) / n * (target != 1)[:, None]
    assert entry.inputs[0].formula.startswith("g / n * (softmax(x)")
    assert entry.inputs[0].gradient.norm == pytest.approx(np.linalg.norm(expected))


OPEN = {
    "p = 2": lambda w: w**2, "y = x[1, 0:3:2]": lambda w: w[1, ::2], "n = 3; dim = 0": lambda w: w.mean(0),
    "n = 12; all dims": lambda w: w.mean(), "dims in the order (1, 0)": lambda w: w.permute(1, 0),
    "from float64 to float32": lambda w: w.float(), "slope = 0.01": nn.LeakyReLU(),
    "correction = 1; n = 4; dim = 1": lambda w: w.var(1),
    "windows of 1 x 2; stride = 1 x 2": nn.MaxPool1d(2), "dim = 0; sizes 1, 2": lambda w: w.split([1, 2])[1],
    "value = 0; before and after each dim: (0, 0), (1, 2)": lambda w: F.pad(w, (1, 2)),
    "stride = 1 x 2; padding = 0 x 1": lambda w: nn.Conv1d(3, 2, 3, 2, 1, dtype=autograd.float64)(w[None]),
}  # fmt: skip


@pytest.mark.parametrize("text", OPEN)
def test_what_formulas_leave_open_is_said(text):
    w = tensor(np.arange(1.0, 13.0).reshape(3, 4), requires_grad=True)
    with study.trace(values=True):
        loss = OPEN[text](w).sum()
    assert text in ["; ".join(entry.constants) for entry in study.explain(loss)]
    assert text[:20] in str(study.backward_source(loss))
    debugger = study.debug(loss)
    shown = [str(debugger)]
    while debugger.here is not None:
        debugger.step()
        shown.append(str(debugger))
    assert any(f", with {text}" in s for s in shown)


def test_a_recurrent_layer_is_explained():
    net = nn.LSTM(2, 3)
    with study.trace(values=True):
        loss = net(autograd.randn(4, 2))[0].sum()
    entry = study.explain(loss, net).entries[-1]
    assert [rule.formula for rule in entry.inputs][:2] == ["dz^T @ x", "dz^T @ h"]
    assert entry.inputs[0].product == "(12, 2) = (12, 4)(4, 2)" and entry.between[0].startswith("dz = (dc' u i (1 - i)")
    assert "none" in entry.shapes and entry.saved[0].startswith("x (4, 2)")
    assert {text.split()[0] for text in entry.saved} >= {"gates", "w_hh", "c0"}


def test_numbers_of_entries_and_of_elements():
    a = autograd.ones(4, 5, requires_grad=True)
    found = study.explain((a * 2).sum())
    assert [e.number for e in found] == [1, 2] and len(found) == 2 and found[2].op == "MulScalar"
    for number in (0, 3, -1):
        with pytest.raises(IndexError, match=f"numbers 1 to 2, got {number}"):
            found[number]
    assert found[2].inputs[0].gradient.values == ""
    assert study.explain((a * 2).sum(), elements=20)[2].inputs[0].gradient.values.count("2") == 20


def test_one_of_a_thing():
    a = tensor([2.0, 3.0], requires_grad=True)
    text = str(study.explain(-(a[0] * tensor(3.0, requires_grad=True))))
    assert "1 FLOP," in text and "to leaf 1:" in text


def test_products_and_words():
    assert formulas.product("g^T @ x", {"g": (64, 128), "x": (64, 784)}) == "(128, 784) = (128, 64)(64, 784)"
    assert formulas.product("g * b", {"g": (2, 2), "b": (2, 2)}) == ""
    assert formulas.in_words("-g / sqrt(1 - x * x)").startswith("the gradient arriving divided by sqrt")
    assert formulas.in_words("-g").endswith("its sign turned")
    assert formulas.in_words("g where x > 0, else 0") == "g where x > 0, else 0"


def test_the_example_runs(capsys):
    runpy.run_path(str(Path(autograd.__file__).parent.parent / "examples" / "study_a_step.py"))
    text = capsys.readouterr().out
    for part in ("dL/dweight = g^T @ x", "dL/d0.weight[0, 1] = ", "def gradients(", "transposed: it is the transpose"):
        assert part in text


# --- explanations -----------------------------------------------------------------------------------------------------


def leaf(values):
    return tensor(values, requires_grad=True)


def net():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    x, w = autograd.randn(2, 5, 3), leaf([[0.5, -1.0]])
    with study.trace(values=True):
        h = model(x) * w
        loss = F.cross_entropy(h.flatten(0, 1), tensor([0, 1] * 5)) + (w * w).sum()
    return model, w, loss


def test_an_explanation_says_what_each_step_does(backend):
    model, w, loss = net()
    found = study.explain(loss)
    by_op = {e.op: e for e in found.entries}
    linear = next(e for e in found.entries if e.op.startswith("Linear"))
    assert [r.name for r in linear.inputs] == ["x", "weight", "bias"]
    assert linear.inputs[1].product == "(2, 4) = (2, 10)(10, 4)" and linear.inputs[1].target == "leaf 2.weight"
    assert linear.module == "2" and linear.source == "h = model(x) * w" and linear.flops >= 2 * 2 * 10 * 2 * 4
    product = by_op["Mul"] if by_op["Mul"].inputs[0].summed or by_op["Mul"].inputs[1].summed else found.entries[-1]
    scaled = next(e for e in found.entries if e.op == "Mul" and e.module == "" and "(2, 5, 2)" in e.shapes)
    assert product.number and scaled.inputs[1].summed == "(2, 5, 2) summed over dims 0, 1 gives (1, 2)"
    total = next(t for t in found.leaves if t.name == "w")
    loss.backward()
    assert total.gradient.norm == pytest.approx(float(np.linalg.norm(w.grad.numpy())))
    assert len(total.branches) == 3 and "sum of" in str(found)  # h * w, and w * w twice
    assert found[1] is found.entries[0] and "CrossEntropy" in by_op and by_op["CrossEntropy"].saved
    assert {t.name for t in found.leaves} == {"w", *dict(model.named_parameters())}


def test_numbers_are_put_into_the_formula():
    a, b = leaf(2.0), leaf(-3.0)
    with study.trace(values=True):
        c = (a * b).tanh()
    entries = study.explain(c).entries
    assert re.fullmatch(r"dL/da = g \* b = 2.45.e-5 \* \(-3\) = -7.3..e-5", entries[1].inputs[0].numbers)
    assert entries[0].inputs[0].numbers.startswith("dL/dx = g * (1 - y * y) = 1 * (1 - (-1) * (-1)) = 2.45")


def test_what_was_not_recorded_is_said():
    loss = (leaf([1.0, 2.0]) * 2).sum()
    text = str(study.explain(loss))
    assert "not recorded: run the forward within `with autograd.study.trace(values=True):`" in text
    loss.backward()
    with study.trace():
        freed = leaf([1.0]).exp().sum()
        freed.backward()
    with pytest.raises(RuntimeError, match="was freed by a backward"):
        study.explain(freed)


def test_not_a_number_and_guarded_products_are_warned_of():
    x = leaf([0.0, 4.0])
    text = str(study.explain(autograd.where(x > 0, x.log(), 0.0).sum()))
    assert "1 products 0 * inf" in text
    bad = study.explain((leaf([-1.0, 4.0]).sqrt() * leaf(inf)).sum())
    assert "NaN" in str(bad) and bad.entries[-1].inputs[0].gradient.nan >= 1
    assert json.loads(bad.to_json())["entries"] and study.explain(leaf(nan) * 2).entries[0].number == 1


def test_pages_escape_what_users_name(tmp_path):
    class Evil(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_parameter("<script>alert(1)</script>|`x`", nn.Parameter(ones(2)))

        def forward(self, x):
            return (x * self._parameters["<script>alert(1)</script>|`x`"]).sum()  # <b>"bold"</b> & [link](x)

    with study.trace(values=True):
        model = Evil()
        loss = model(ones(2))
    found = study.explain(loss)
    page = found.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == page and "Content-Security-Policy" in page
    for text in (page, found._repr_html_()):
        assert "<script>" not in text and "<b>" not in text and "&lt;script&gt;" in text
    markdown = found.to_markdown()
    assert "<script" not in markdown and "<b>" not in markdown and "\\|\\`x\\`" in markdown
    assert "alert(1)" in json.loads(found.to_json())["leaves"][0]["name"]


def test_rich_shows_it():
    console = pytest.importorskip("rich.console").Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    _, _, loss = net()
    console.print(study.explain(loss))
    text = console.export_text()
    assert "step 1" in text and "g^T @ x" in text and "model(x) * w" in text


@pytest.mark.parametrize("second", [False, True])
def test_shared_nodes_views_and_graphs_of_gradients(second):
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    with study.trace(values=True):
        y = x * x
        z = y.T.clone()
        z[0] = y[1] * 2
        loss = (z * y).sum()
        if second:
            (d,) = autograd.autograd.grad(loss, x, create_graph=True)
            loss = (d * d).sum()
    found = study.explain(loss)
    loss.backward()
    assert found.leaves[0].gradient.norm == pytest.approx(float(np.linalg.norm(x.grad.numpy())))
    assert any(e.branches for e in found.entries)


NUMBERS = {  # a step of one number, and its rule with the case that holds
    "dL/dx = slope * g = 0.1 * 1 = 0.1": lambda: F.leaky_relu(leaf(-0.7), 0.1),
    "dL/dx = g = 3": lambda: F.relu(leaf(2.0)) * 3,
    "dL/dx = 0": lambda: F.relu(leaf(-1.0)) * 3,
    "dL/dx = g / n = 1 / 1 = 1": lambda: leaf([2.0]).mean(),
    "dL/dx = g * 2 * scale * (x - t) = 1 * 2 * 1 * (2 - 5) = -6": lambda: F.mse_loss(leaf(2.0), tensor(5.0)),
    "dL/dx = g * (s + y * (1 - s)) = 1 * (0.5744 + 0.1723 * (1 - 0.5744)) = 0.6478": lambda: F.silu(leaf(0.3)),
    "dL/dx = g * (x - t) / max(x * (1 - x), 1e-12) = 1 * (0.3 - 1) / max(0.3 * (1 - 0.3), 1e-12) = -3.333": (
        lambda: F.binary_cross_entropy(leaf(0.3), tensor(1.0))
    ),
}


@pytest.mark.parametrize("text", NUMBERS)
def test_the_case_that_holds_is_calculated(text):
    with study.trace(values=True):
        loss = NUMBERS[text]()
    assert text in [rule.numbers for entry in study.explain(loss) for rule in entry.inputs]


def test_no_numbers_are_put_into_what_has_several():
    x = autograd.randn(3, 2).requires_grad_()
    with study.trace(values=True):
        loss = (nn.BatchNorm1d(2)(x) ** 3).sum() + leaf([0.3, 0.9]).max() + nn.LayerNorm(4)(autograd.randn(2, 4)).sum()
    assert {rule.numbers for entry in study.explain(loss) for rule in entry.inputs if rule.gradient.shape} == {""}
