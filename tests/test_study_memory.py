"""Live bytes through a step: what is counted, as what, and that checkpoints, no_grad and in-place writes show."""

import gc

import pytest
from test_study_network import parsed, texts

import autograd
from autograd import nn, optim, study
from autograd.utils.checkpoint import checkpoint_sequential

pytestmark = pytest.mark.usefixtures("few_objects")

ROWS, WIDTH = 256, 64
BLOCK = 4 * ROWS * WIDTH  # bytes of what a layer gives


def net():
    autograd.manual_seed(0)
    return nn.Sequential(*[layer for _ in range(4) for layer in (nn.Linear(WIDTH, WIDTH), nn.Sigmoid())])


def step_of(model, run=None):
    x = autograd.randn(ROWS, WIDTH)
    return lambda: (run or model)(x).sum().backward()


def test_every_byte_is_counted_once_and_by_what_holds_it(backend):
    gc.collect()
    others = study.memory(lambda: autograd.ones(1)).peak.bytes  # of what else is alive
    model = net()
    found = study.memory(step_of(model))
    parameters = sum(p.nbytes for p in model.parameters())
    last = [m for m in found.moments if m.phase == "forward"][-1]
    assert last.bytes["parameters"] == parameters + others["parameters"]
    assert last.bytes["saved for backward"] == 4 * BLOCK + others["saved for backward"]
    assert last.bytes["held"] >= BLOCK and last.bytes["gradients"] == others["gradients"]
    end = found.moments[-1]
    assert end.phase == "backward"
    assert sum(p.grad.nbytes for p in model.parameters()) == parameters
    again = study.memory(step_of(model)).moments[0]
    assert again.bytes["gradients"] == parameters + others["gradients"]
    saved = [h for h in found.holders if h.what.startswith("saved by sigmoid, module")]
    assert len(saved) >= 3 and all(h.where.startswith(__file__) and h.bytes == BLOCK for h in saved)


def test_the_phases_of_a_step():
    model = net()
    optimizer = optim.Adam(model.parameters())
    step = step_of(model)

    def whole():
        step()
        optimizer.step()

    phases = list(dict.fromkeys(m.phase for m in study.memory(whole).moments))
    assert phases == ["forward", "backward", "optimizer"]


def doubled(x):
    a = x * 2
    b = a * 2
    return a, b, b * 2


def doubled_in_place(x):
    a = x * 2
    a.mul_(2)
    return a.mul_(2)


def test_what_saves_memory_shows():
    model = net()
    plain = study.memory(step_of(model))
    saving = study.memory(step_of(model, lambda x: checkpoint_sequential(model, 2, x)))
    with autograd.no_grad():
        none = study.memory(lambda: model(autograd.ones(ROWS, WIDTH)))
    most = [max(m.bytes["saved for backward"] for m in found.moments) for found in (plain, saving, none)]
    assert most == [4 * BLOCK, 3 * BLOCK, 0], "the second half keeps its input and what both layers gave"
    x = autograd.randn(ROWS, WIDTH)
    with autograd.no_grad():
        apart, inside = study.memory(lambda: doubled(x)), study.memory(lambda: doubled_in_place(x))
    assert apart.peak.bytes["temporaries"] == 3 * BLOCK
    assert inside.peak.bytes["temporaries"] == 2 * BLOCK and inside.moments[-1].bytes["temporaries"] < 3 * BLOCK
    both = plain.beside(saving, none, titles=("plain", "<checkpoint>", "no_grad"))
    assert {"plain", "<checkpoint>", "no_grad", "forward", "backward"} <= set(texts(parsed(both)))
    assert str(both).count("peak ") == 3 and "&lt;checkpoint&gt;" in both.to_html()


def test_looking_keeps_nothing_and_changes_nothing(tmp_path):
    model = net()
    step = step_of(model)
    step()
    expected = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    found = study.memory(step)
    assert all(autograd.equal(p.grad, g) for p, g in zip(model.parameters(), expected))
    assert autograd.backend.observers == [] and autograd.graph.observers == []
    gc.collect()
    assert study.memory(step).moments[0].bytes["saved for backward"] == 0
    assert found.to_text(tmp_path / "m.txt") == (tmp_path / "m.txt").read_text() == str(found)
    with pytest.raises(ValueError, match="called no kernel"):
        study.memory(lambda: None)


def made(kind, found, before):
    """The most bytes of a kind, beyond what else was alive."""
    return max(m.bytes[kind] for m in found.moments) - before.bytes[kind]


def test_what_a_kernel_makes_is_counted_as_what_it_becomes(backend):
    gc.collect()
    model = net()
    before = study.memory(lambda: autograd.ones(1)).peak
    parameters = sum(p.nbytes for p in model.parameters())
    optimizer = optim.Adam(model.parameters())
    backward = step_of(model)
    found = study.memory(backward)
    assert found.moments[-1].bytes["gradients"] - before.bytes["gradients"] == parameters
    arriving = [m.bytes["gradients"] - before.bytes["gradients"] for m in found.moments if m.phase == "backward"]
    assert arriving == sorted(arriving) and 0 < arriving[1] < parameters, "before any of them is in its .grad"
    steps = 4 * len(list(model.parameters()))  # each parameter has its count of steps
    assert made("optimizer's state", study.memory(optimizer.step), before) == 2 * parameters + steps
    kept = []
    found = study.memory(lambda: kept.append(autograd.ones(ROWS, WIDTH) * 2))
    assert found.moments[-1].bytes["held"] - before.bytes["held"] >= BLOCK
    assert "made in the step, and held on" in str(found)
    assert study.memory(lambda: autograd.ones(ROWS, WIDTH) * 2).peak.bytes["temporaries"] == 2 * BLOCK


def test_memory_of_forgotten_gradients_is_theirs_again_in_the_next_step():
    """Both steps after the first: what zero_grad() forgets, and what is set to None, was there before the call."""
    model, x = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1)), autograd.randn(4, 8)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    gc.collect()
    before = study.memory(lambda: autograd.ones(1)).peak

    def step(forget=optimizer.zero_grad):
        forget()
        model(x).sum().backward()
        optimizer.step()

    def to_none():
        for p in model.parameters():
            p.grad = None

    step()
    for found in (study.memory(step), study.memory(lambda: step(to_none))):
        parameters = sum(p.nbytes for p in model.parameters())
        forward = [m for m in found.moments if m.phase == "forward"]
        assert [m.bytes["gradients"] - before.bytes["gradients"] for m in forward] == [0] * len(forward)
        last = found.moments[-1].bytes
        assert last["gradients"] - before.bytes["gradients"] == parameters
        assert last["held"] <= before.bytes["held"], "no gradient is booked as data"


def test_earlier_graphs_are_named():
    model, x, total = net(), autograd.randn(ROWS, WIDTH), []
    gc.collect()
    before = study.memory(lambda: autograd.ones(1)).peak

    def step():
        total.append(model(x).sum())

    assert made("earlier graphs", study.memory(step), before) == 0
    found = study.memory(step)
    assert made("earlier graphs", found, before) == 4 * BLOCK, "of each layer what it gave; x is data"
    assert any(h.what.startswith("an earlier graph, saved by sigmoid") for h in found.holders)
    assert "earlier graphs" in texts(parsed(found)) and "optimizer's state" not in texts(parsed(found))


def test_what_is_no_step_is_refused():
    with pytest.raises(TypeError, match=r"calls a function that runs a step, got Tensor: memory\(lambda: ...\)"):
        study.memory(autograd.ones(1))


def test_what_several_save_is_of_the_first_of_them():
    model = nn.Sequential(nn.Tanh(), nn.Linear(WIDTH, WIDTH))
    x = autograd.randn(ROWS, WIDTH, requires_grad=True)

    def step():
        y = model(x)
        gc.collect(0)  # moves what is there to another list of the collector's
        y.sum().backward()

    saved = {h.what: h.bytes for h in study.memory(step).holders if h.what.startswith("saved by")}
    assert saved["saved by tanh, module 0"] == BLOCK and "saved by linear, module 1" not in saved
