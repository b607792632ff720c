"""The nets of examples/, at reduced size: they run as scripts, learn, and are short."""

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import autograd
from autograd import nn, optim
from autograd.training import Callback, fit

ROOT = Path(autograd.__file__).parent.parent
EXAMPLES = ROOT / "examples"


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs an example as a script with arguments, and returns what it prints."""

    def run(name, *args):
        monkeypatch.setattr(sys, "argv", [name, *args])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run


def measured(text):
    """(median, worst)"""
    return tuple(map(float, re.search(r"median ([\d.]+)%?, worst ([\d.]+)", text).groups()))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda p: p.name)
def test_an_example_is_short(path):
    assert len(path.read_text().splitlines()) < 60


def test_xor_is_the_step_by_hand(run):
    text = run("xor.py", "--seeds", "2", "--steps", "1500")
    apart = [float(a) for a in re.findall(r"module (\S+) apart", text)]
    assert len(apart) == 2 and max(apart) < 1e-12
    assert measured(text)[1] < 0.1


def test_a_net_is_seen(run, tmp_path):
    text = run("see_a_net.py", "--out", str(tmp_path), "--steps", "150")
    assert "right on 8 of 8" in text
    assert {p.name for p in tmp_path.iterdir()} == {"network.svg", "graph.svg", "graph.html"}


slow_on_numpy = pytest.mark.skipif(autograd.get_backend() == "numpy", reason="takes minutes without the C kernels")


@pytest.mark.parametrize(
    "name, epochs, accuracy", [("digits_mlp.py", 8, 94), pytest.param("digits_cnn.py", 3, 85, marks=slow_on_numpy)]
)
def test_digits_are_read(name, epochs, accuracy, run):
    pytest.importorskip("sklearn")
    text = run(name, "--seeds", "1", "--epochs", str(epochs))
    assert measured(text)[1] > accuracy
    assert "FLOPs for inputs of" in text and f"{epochs}/{epochs}  loss" in text


@slow_on_numpy
@pytest.mark.parametrize("model", ["lstm", "transformer"])
def test_characters_are_learned_and_written(model, run):
    text = run("characters.py", "--model", model, "--seeds", "1", "--epochs", "2", "--characters", "10000")
    assert 3 < measured(text)[1] < 5
    written = text.partition("writes on:\n")[2].rpartition("\n\nbits")[0]
    assert len(written) == 300 and len(set(written)) > 15


# --- the same nets in PyTorch -----------------------------------------------------------------------------------------


def loaded(name, torch=None):
    """The example's names; with PyTorch in the place of this package, but for what only this one has."""
    source = (EXAMPLES / name).read_text()
    if torch:
        source = re.sub(r"^import autograd$", "import torch as autograd", source, flags=re.M)
        source = source.replace("from autograd import", "from torch import")
    found = {"__name__": name}
    exec(compile(source, name, "exec"), found)
    return found


NETS = {
    "xor": ("xor.py", lambda names: names["build"](), (2,), 1),
    "mlp": ("digits_mlp.py", lambda names: names["build"](), (64,), 10),
    "cnn": ("digits_cnn.py", lambda names: names["build"](4), (64,), 10),
    "lstm": ("characters.py", lambda names: names["Model"]("lstm", 90, 16), (12,), 90),
    "transformer": ("characters.py", lambda names: names["Model"]("transformer", 90, 16), (12,), 90),
}
"""The file, how to build the net, the shape of a sample, and how many classes there are."""


@pytest.fixture
def torch():
    """On one thread: two that wait for each other take longer, where other processes run."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(threads)


@pytest.mark.parametrize("net", NETS)
def test_a_hundred_steps_are_pytorchs(net, torch):
    """From the same weights, without dropout, in float64: every loss, within rounding."""
    pytest.importorskip("sklearn")
    torch.manual_seed(0)
    name, build, shape, classes = NETS[net]
    ours, theirs = build(loaded(name)).double(), build(loaded(name, torch)).double()
    ours.load_state_dict({k: autograd.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    for module in [*ours.modules(), *theirs.modules()]:
        if type(module).__name__ == "Dropout":
            module.p = 0.0
    rng = np.random.default_rng(0)
    batches = []
    for _ in range(4):
        if name == "characters.py":
            x, y = rng.integers(0, classes, (2, 8, *shape))
        else:
            x = rng.standard_normal((8, *shape))
            y = rng.random((8, 1)) if classes == 1 else rng.integers(0, classes, 8)
        batches.append((x, y))
    batches *= 25

    def parts(nn, optim, model):
        if classes == 1:
            return nn.MSELoss(), optim.SGD(model.parameters(), lr=1.0)
        return nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=2e-3)

    losses, want = [], []

    class Note(Callback):
        def on_batch_end(self, run):
            losses.append(run.loss)

    fit(ours, [tuple(map(autograd.tensor, batch)) for batch in batches], *parts(nn, optim, ours), 1,
        callbacks=[Note()], progress=False)  # fmt: skip
    loss_of, optimizer = parts(torch.nn, torch.optim, theirs)
    for x, y in batches:
        optimizer.zero_grad()
        value = loss_of(theirs(torch.tensor(x)), torch.tensor(y))
        value.backward()
        optimizer.step()
        want.append(value.item())
    np.testing.assert_allclose(losses, want, rtol=1e-9)
    assert min(want) < 0.9 * want[0]
