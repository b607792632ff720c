"""The nets of examples/, at reduced size: they run as scripts, learn, and are short."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograd

ROOT = Path(autograd.__file__).parent.parent
EXAMPLES = ROOT / "examples"


def run(name, *args):
    """What an example prints."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *args], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def measured(text):
    """(median, worst)"""
    return tuple(map(float, re.search(r"median ([\d.]+)%?, worst ([\d.]+)", text).groups()))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda p: p.name)
def test_an_example_is_short(path):
    assert len(path.read_text().splitlines()) < 60


def test_xor_is_the_step_by_hand():
    text = run("xor.py", "--seeds", "2", "--steps", "1500")
    apart = [float(a) for a in re.findall(r"module (\S+) apart", text)]
    assert len(apart) == 2 and max(apart) < 1e-12
    assert measured(text)[1] < 0.1


@pytest.mark.parametrize("name, accuracy", [("digits_mlp.py", 94)])
def test_digits_are_read(name, accuracy):
    pytest.importorskip("sklearn")
    text = run(name, "--seeds", "1", "--epochs", "8")
    assert measured(text)[1] > accuracy
    assert "FLOPs for inputs of" in text and "8/8  loss" in text
