"""The demos: what they promise, with and without a terminal, and what they say where something is missing."""

import os
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

import numpy as np
import pytest

import autograd
from autograd.__main__ import main
from autograd.backend import extension
from autograd.demo import progress, xor

ROOT = Path(autograd.__file__).parent.parent


# --- digits -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def full_run(tmp_path_factory):
    """The default demo, in a process without a terminal: (what it printed, the picture)."""
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    picture = tmp_path_factory.mktemp("demo") / "digits.png"
    done = subprocess.run(
        [sys.executable, "-m", "autograd", "demo", "--out", str(picture)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, picture


def test_five_seeds_read_the_digits(full_run):
    text, _ = full_run
    accuracies = [float(a) for a in re.findall(r"[\d.]+(?=%)", re.search(r"test accuracy.*", text)[0])]
    assert len(accuracies) == 5
    assert median(accuracies) >= 97
    assert f"median {median(accuracies):.2f}%, worst {min(accuracies):.2f}%" in text


def test_the_confusion_matrix_agrees_with_the_accuracy(full_run):
    text, _ = full_run
    rows = re.findall(r"^ +(\d)((?: +[\d.]+){10})$", text, re.M)
    matrix = np.array([[int(n) if n != "." else 0 for n in row.split()] for _, row in rows])
    assert matrix.shape == (10, 10) and matrix.sum() == 360
    chosen = float(re.search(r"median ([\d.]+)%", text)[1])
    assert f"{100 * np.trace(matrix) / 360:.2f}" == f"{chosen:.2f}"


def test_both_backends_are_timed_on_the_same_net(full_run):
    text, _ = full_run
    rates = {name: float(rate.replace(",", "")) for name, rate in re.findall(r"^  (c|numpy) +([\d,]+)$", text, re.M)}
    assert set(rates) == ({"c", "numpy"} if extension is not None else {"numpy"})
    assert min(rates.values()) > 0
    if extension is not None:
        assert float(re.search(r"at most (\S+) apart", text)[1]) < 1e-3


def test_the_picture_is_a_png_of_some_size(full_run):
    text, picture = full_run
    assert f"picture: {picture}" in text
    from matplotlib.image import imread

    pixels = imread(picture)
    assert pixels.shape[0] >= 500 and pixels.shape[1] >= 1000
    halves = pixels[:, : pixels.shape[1] // 2], pixels[:, pixels.shape[1] // 2 :]
    for half in halves:  # curves on the left, images on the right
        assert (half[..., :3].min(axis=2) < 0.5).mean() > 0.005


def test_plain_lines_without_a_terminal(full_run):
    text, _ = full_run
    lines = re.findall(r"^ *\d+/300  seed \d epoch +\d+  loss [\d.]+  accuracy [\d.]+%$", text, re.M)
    assert len(lines) == 50
    assert "\x1b" not in text and "\r" not in text


def test_a_bar_with_a_terminal(monkeypatch, capsys):
    pytest.importorskip("rich")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    with progress(2, lines=1) as report:
        report(1, "the first")
        report(2, "the second")
    shown = capsys.readouterr().out
    assert "2/2" in shown and "the second" in shown


@pytest.mark.parametrize("missing", ["sklearn", "matplotlib"])
def test_a_missing_extra_is_named(missing, monkeypatch, capsys):
    for name in [m for m in sys.modules if m.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    assert main(["demo", "--seeds", "1", "--epochs", "1"]) == 1
    assert "pip install 'autograd-cffi[demo]'" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_refused_before_the_work(tmp_path, capsys):
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    (tmp_path / "file").write_text("")
    for out in (tmp_path, tmp_path / "file" / "digits.png"):
        assert main(["demo", "--out", str(out)]) == 1
        captured = capsys.readouterr()
        assert f"--out {out}: cannot write there" in captured.err and "epoch" not in captured.out


# --- xor --------------------------------------------------------------------------------------------------------------


def test_by_hand_and_by_tensor_agree_at_every_step(backend):
    apart, output, _ = xor.side_by_side(xor.SEED, xor.RATE)
    assert apart <= xor.AGREEMENT
    np.testing.assert_allclose(output, [0.05, 0.50, 0.95, 0.50], atol=0.005)  # the published stall


def test_half_the_rate_is_another_path():
    """The factor of two between the two losses is not a matter of taste."""
    by_hand = xor.start(xor.SEED)
    after, _ = xor.step_by_hand(by_hand, xor.RATE)
    net = xor.Net(by_hand)
    loss = autograd.nn.MSELoss()(net(autograd.tensor(xor.X)), autograd.tensor(xor.TARGET))
    loss.backward()
    for before, now, p in zip(by_hand, after, net.parameters()):
        np.testing.assert_allclose(now - before, -2 * xor.RATE * p.grad.numpy(), rtol=1e-12, atol=1e-15)
        assert not np.allclose(now - before, -xor.RATE * p.grad.numpy())


def test_the_stated_rate_solves_the_stalled_seed():
    _, output, _ = xor.side_by_side(xor.SEED, xor.SOLVING_RATE)
    np.testing.assert_allclose(output, [0, 1, 1, 0], atol=0.05)


def test_many_nets_at_once_learn_as_each_alone():
    together = xor.successes(12, xor.SOLVING_RATE, steps=2000)
    for seed in range(12):
        _, output, _ = xor.side_by_side(seed, xor.SOLVING_RATE, steps=2000)
        assert together[seed] == bool((np.abs(output - xor.TARGET.ravel()) < 0.2).all())


def test_the_command_shows_stall_solution_and_success_rate(capsys):
    assert main(["demo", "xor", "--seeds", "10"]) == 0
    text = capsys.readouterr().out
    assert "0.2 under MSELoss" in text and "The stall" in text and "within 1e-10" in text
    rates = re.findall(r"lr (\S+) +(\d+) of 10 ", text)
    assert [rate for rate, _ in rates] == ["0.1", "5"]
    assert all(0 < int(solved) < 10 for _, solved in rates)
