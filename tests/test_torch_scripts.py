"""The scripts of torch_scripts, written for PyTorch, run on this package, and print what they print on PyTorch."""

import re
import runpy
import sys
import warnings
from pathlib import Path

import pytest

from autograd import as_torch

FOLDER = Path(__file__).parent / "torch_scripts"
RUNS = [
    *[[path.stem] for path in sorted(FOLDER.glob("*.py")) if path.stem != "digits_cnn"],
    ["digits_cnn", "--epochs", "2", "--dropout", "0"],  # dropout draws other bits than PyTorch's
    ["word_language_model", "--model", "GRU", "--tied", "--epochs", "1"],
    ["word_language_model", "--model", "RNN_TANH", "--epochs", "1"],
]
NEEDS = {"sklearn": "sklearn", "torch.save": "safetensors"}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?")


def printed(script, *arguments, monkeypatch, capsys):
    """The text that a script prints, and the numbers in it."""
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    capsys.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runpy.run_path(script, run_name="__main__")
    text = capsys.readouterr().out
    return NUMBER.sub("#", text), [float(n) for n in NUMBER.findall(text)]


@pytest.mark.parametrize("run", RUNS, ids=" ".join)
def test_a_script(run, without_pytorch, monkeypatch, capsys):
    script = FOLDER / f"{run[0]}.py"
    for mark, package in NEEDS.items():
        if mark in script.read_text():
            pytest.importorskip(package)
    with as_torch.installed():
        text, numbers = printed(str(script), *run[1:], monkeypatch=monkeypatch, capsys=capsys)
    assert len(numbers) > 2
    monkeypatch.undo()  # PyTorch is back
    pytest.importorskip("torch").set_num_threads(1)
    expected, theirs = printed(str(script), *run[1:], monkeypatch=monkeypatch, capsys=capsys)
    assert text == expected
    assert numbers == pytest.approx(theirs, rel=2e-3, abs=2e-3)
