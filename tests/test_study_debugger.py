"""The debugger: its steps give the engine's gradients to the bit, forwards and back; the page moves as it should."""

import re

import numpy as np
import pytest
from test_study_graph import CHROMIUM, scene_in_chromium
from test_study_network import HOSTILE

import autograd
from autograd import nn, study
from autograd.study import debugger_page
from autograd.study.heat import heat
from autograd.study.listings import kernel_source
from autograd.utils.checkpoint import checkpoint


def leaf(*shape):
    return autograd.randn(*shape).requires_grad_()


def shared():
    a = leaf(3)
    b = a * a
    return (b * a + b.exp().sum() * a).sum(), [a]


def broadcast():
    a, b = leaf(4, 3), leaf(3)
    return ((a + b) * b).relu().mean(), [a, b]


def several_outputs():
    a = leaf(4, 6)
    p, _, q = a.split(2, 1)
    return (p * q).sum(), [a]


def in_place_and_views():
    a = leaf(4)
    b = a * 2
    b[:2].mul_(a[2:])
    return (b * b).sum(), [a]


def higher_order():
    a = leaf(3)
    (g,) = autograd.grad((a**3).sum(), a, create_graph=True)
    return (g * a).sum(), [a]


def recomputed():
    net, a = nn.Sequential(nn.Linear(3, 3), nn.Tanh()), leaf(2, 3)
    return checkpoint(net, a).sum(), [a, *net.parameters()]


def twice():
    layer, a = nn.Linear(3, 3), leaf(2, 3)
    return layer(layer(a).tanh()).sum(), [a, *layer.parameters()]


def recurrent():
    layer, a = nn.LSTM(3, 4), leaf(5, 2, 3)
    return layer(a)[0].sum(), [a, *layer.parameters()]


def hooked():
    a = leaf(3)
    b = a * 2
    b.register_hook(lambda g: g * 10)
    b.retain_grad()
    return (b * b).sum(), [a]


def not_a_number():
    a = leaf(3)
    return (a * a - 100).sqrt().sum(), [a]


NETS = [shared, broadcast, several_outputs, in_place_and_views, higher_order, recomputed, twice, recurrent, hooked,
        not_a_number]  # fmt: skip


@pytest.mark.parametrize("make", NETS, ids=lambda f: f.__name__)
def test_steps_give_the_gradients_of_backward_to_the_bit(make, backend):
    autograd.manual_seed(0)
    loss, leaves = make()
    d = study.debug(loss)
    for _ in range(3):
        d.step()
    for _ in range(2):
        d.back()
    d.run()
    found = {record.leaf: d.gradients().get(record.name) for record in d.record.leaves}
    assert d.here is None and d.step() is None and all(t.grad is None for t in leaves)
    loss.backward()
    for t in leaves:
        np.testing.assert_array_equal(found[t._edge], t.grad.numpy())


def test_a_gradient_is_edited_and_the_rest_follows():
    x = autograd.tensor([1.0, 2.0], requires_grad=True)
    d = study.debug((x * 3).exp().sum())
    d.run_to(op="mul")
    d.gradient = [1.0, -1.0]
    d.run()
    assert d.gradients()["x"].tolist() == [3.0, -3.0]
    while d.back():
        pass
    d.run()
    assert d.gradients()["x"].tolist() == [3.0, -3.0], "what was set stays"
    with pytest.raises(RuntimeError, match="no gradient to set here"):
        d.gradient = 1.0
    d.back()
    with pytest.raises(ValueError, match=r"has shape \[2\], not \[3\]"):
        d.gradient = [1.0, 2.0, 3.0]


def traced():
    autograd.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.Tanh(), nn.Linear(3, 1)))
    with study.trace(values=True):
        return net, net(autograd.ones(2, 3)).sum()


def test_running_to_ops_modules_and_lines():
    _, loss = traced()
    line = loss.grad_fn.where.line
    assert study.debug(loss).run_to(op="TanhBackward0").op.__name__ == "Tanh"
    assert study.debug(loss).run_to(module="1").where.module == "1.1"
    assert study.debug(loss).run_to(module="0").where.module == "0"
    assert study.debug(loss).run_to(line=line).number == 2
    assert study.debug(loss).run_to(op="conv") is None


def test_running_until_something_is_so():
    loss, _ = not_a_number()
    assert study.debug(loss).run_until(nan=True).op.__name__ == "Sqrt"
    x = autograd.tensor([-1.0, -2.0], requires_grad=True)
    loss = (x.relu() * 1000.0).sum()
    assert study.debug(loss).run_until(norm=100.0).op.__name__ == "MulScalar"
    assert study.debug(loss).run_until(zero=True).op.__name__ == "Relu"
    assert study.debug(loss).run_until(nan=True) is None


def test_commands_in_a_terminal():
    _, loss = traced()
    commands = iter(["h", "", "b", "to tanh", "g", "set 0", "zero", "norm x", "set", "to", "r", "q"])
    said = []
    study.debug(loss).interact(lambda prompt: next(commands), said.append)
    text = "\n".join(said)
    assert said[0].startswith("step 1 of 4: Sum (SumBackward0)") and "run to the next step" in said[1]
    assert "step 3 of 4: Tanh (TanhBackward0), module '1.0'" in text and "dL/dx = g * (1 - y * y)" in text
    assert "after step 3: TanhBackward0" in text and "could not convert" in text and said[-1].startswith("at the end")
    study.debug(loss).interact(lambda prompt: (_ for _ in ()).throw(EOFError), said.append)


def answers(loss, *commands):
    given, said = iter([*commands, "q"]), []
    study.debug(loss).interact(lambda prompt: next(given), said.append)
    return said[1:]


def test_the_values_of_a_step_in_a_terminal():
    net, loss = traced()
    values, weight, unknown = answers(loss, "to 0", "v", "v weight", "v w")[1:]
    assert [line.split(" = ")[0] for line in values.splitlines() if " = " in line] == ["x", "weight", "bias", "y"]
    assert weight == str(net[0].weight.detach().numpy()) and "no value 'w' at this step, but x, weight, bias" in unknown
    assert answers(loss, "r", "v")[1] == "at the end: no step comes next"
    x = autograd.tensor([1.0, 2.0], requires_grad=True)
    plain = answers((x.exp() * autograd.ones(2)).exp().sum(), "n", "n", "v")[-1].splitlines()
    assert plain == ["a = not recorded", "b = [1, 1]"], "what was saved is known without a trace"


def test_commands_that_cannot_be_obeyed_move_nothing():
    _, loss = traced()
    said = answers(loss, "to foo", "to", "norm", "zz", "g", "r tanh", "nan 3", "to tanh 2", "g")
    assert said[0] == "no step that is still to come is of an op, a module or a line 'foo'"
    assert said[1:3] == ["to what op, module or line?", "from what norm on?"]
    assert said[3].startswith("there is no command 'zz'\nn  step") and said[4] == said[8] == "1.0"
    assert said[5] == "r takes nothing after it, not 'tanh'; to tanh runs to a step"
    assert said[6:8] == ["nan takes nothing after it, not '3'", "to takes one word after it, not 'tanh 2'"]


def test_what_rules_use_is_said_and_outputs_are_told_apart():
    """dz of a recurrent layer, z and rstd of a batch norm; and indices have no norm."""
    rnn, target = nn.RNN(2, 3), autograd.tensor([0, 2, 1, 0])
    with study.trace(values=True):
        out, _ = rnn(autograd.ones(3, 4, 2))
        loss = nn.functional.cross_entropy(nn.BatchNorm1d(3)(out[-1]), target)
    d = study.debug(loss)
    assert str(d).startswith("step 1 of 5: CrossEntropy (NllLossBackward0)")
    d.run_to(op="rnn_tanh")
    assert "\n  where dz = dh' (1 - h' h') from the last step back" in str(d)
    assert "\n  g of output 0 = (12, 3)" in str(d) and str(d).endswith("\n  g of output 1: nothing arrives")
    d.run()
    html = [debugger_page._step(d.record, step, {}) for step in d.record.steps]
    assert "where dz = dh&#x27; (1 - h&#x27; h&#x27;) from" in html[-1] and "g of output 0" in html[-1]
    assert "z = (x - mean) * rstd" in html[1] and "rstd = 1 / sqrt(var(x) + eps)" in html[1]
    assert html[0].count("norm ") == 4, "g, x, y and dL/dx, but not the target"


def test_heat_maps_have_room_for_their_numbers_and_show_what_they_leave_out():
    wide = heat(np.array([[-0.00224, -0.00225]]), "g")
    cells = [float(w) for w in re.findall(r'<rect [^>]*width="([\d.]+)"', wide.svg(style=False))]
    assert min(cells) > 8 * 6.6
    thin = heat(np.zeros((4, 2, 9, 3)), "w").svg(style=False)
    assert "shown: 15 of 72 rows, every 5th" in thin and "dashed" in thin and "column" not in thin
    whole = heat(np.zeros((2, 1, 3, 3)), "w").svg(style=False)
    tops = sorted({float(y) for y in re.findall(r'<rect x="1" y="([\d.]+)"', whole)})
    gaps = np.diff(tops)
    assert "shown" not in whole and gaps[2] > gaps[1] == gaps[0], "a gap between the matrices"


def test_a_freed_graph_is_walked_from_copies_or_refused_and_nothing_changes():
    net, loss = traced()
    versions = [p._version for p in net.parameters()]
    d = study.debug(loss)
    d.step()
    page = d.to_html()
    assert d.position == 1 and page == d.to_html()
    assert all(p.grad is None for p in net.parameters()) and versions == [p._version for p in net.parameters()]
    loss.backward()
    freed = study.debug(loss)
    freed.run()
    assert all((freed.gradients()[name] == p.grad.numpy()).all() for name, p in net.named_parameters())
    bare = (leaf(2) ** 2).sum()
    bare.backward()
    with pytest.raises(RuntimeError, match="freed by a backward"):
        study.debug(bare)


def test_kernels_are_found_in_c():
    assert kernel_source("relu_grad").startswith("GRAD(")
    assert "FN(linear_grad)" in kernel_source("linear_grad") or "ag_linear_grad" in kernel_source("linear_grad")
    assert kernel_source("none such") == "none such: see csrc/"


DRIVER = """
async function drive() {
  while (!document.body.dataset.ready) await new Promise((done) => setTimeout(done, 10));
  const seen = [], see = () => seen.push(byId("title").textContent.split(":")[0]);
  const press = (key) => { document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })); see(); };
  see();
  for (const key of ["ArrowRight", "n", "b", "End", "Home", "ArrowLeft"]) press(key);
  byId("next").click(); see();
  byId("slider").value = 3; byId("slider").dispatchEvent(new Event("input")); see();
  document.querySelector("details").open = false;
  press("ArrowLeft");
  seen.push(document.querySelector("details").open ? "open" : "closed");
  press("Home"); press(" ");
  await new Promise((done) => setTimeout(done, 2500)); press(" ");
  document.body.dataset.seen = seen.join(";");
}
drive();
"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_the_page_moves_by_buttons_keys_and_slider(tmp_path, monkeypatch):
    driven = tmp_path / "driven.js"
    driven.write_text(debugger_page.SCRIPT.read_text() + DRIVER)
    monkeypatch.setattr(debugger_page, "SCRIPT", driven)
    net = nn.Sequential()
    net.add_module(HOSTILE.replace(".", ""), nn.Linear(3, 3))
    net.add_module("after", nn.Sequential(nn.Tanh(), nn.Linear(3, 1)))
    with study.trace(values=True):
        loss = net(autograd.ones(2, 3)).sum()
    dom = scene_in_chromium(tmp_path, study.debug(loss).to_html(), budget=6000)
    seen = re.search('data-seen="([^"]*)"', dom)[1].split(";")
    step = [f"step {n} of 4" for n in (1, 2, 3, 4)]
    keys, others = seen[:7], seen[7:]
    assert keys == [step[0], step[1], step[2], step[1], "the end", step[0], step[0]]
    assert others == [step[1], step[3], step[2], "closed", step[0], step[0], step[2]]
    assert "dL/dx = g * (1 - y * y)" in dom and "GRAD(LIGHT, tanh_grad" in dom and "class Tanh" in dom
    assert "<script>alert" not in dom
