"""``python -m autograd time``: the numbers are of what ran, and what cannot be timed is refused in words."""

import re
import sys
from pathlib import Path

import pytest

import autograd
from autograd import backend, runtime
from autograd.__main__ import main
from autograd.study import timing

ROOT = Path(__file__).parent.parent
needs_c = pytest.mark.skipif(backend.extension is None, reason="the C kernels are not built")

STEP = """
import autograd
from helper import SIZE

made_on = autograd.get_backend()
w = autograd.ones(SIZE, SIZE, requires_grad=True)

def step():
    assert autograd.get_backend() == made_on
    w.grad = None
    ((w @ w).tanh() * w).sum().backward()

def with_arguments(x, y=2):
    pass

class Holder:
    step = staticmethod(step)

number = 3
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    """A file with a step, and a module beside it that it imports."""
    (tmp_path / "helper.py").write_text("SIZE = 64")
    (tmp_path / "train.py").write_text(STEP)
    monkeypatch.setattr(sys, "path", sys.path[:])
    yield tmp_path / "train.py"
    for name in ("helper", "__timed__"):
        sys.modules.pop(name, None)


def test_a_step_is_taken_apart(backend):
    w = autograd.ones(64, 64, requires_grad=True)

    def step():
        w.grad = None
        ((w @ w).tanh() * w).sum().backward()

    found = timing.measure(step, seconds=0.05, rounds=3)
    assert found.backend == autograd.get_backend() and len(found.rounds) == 3
    assert found.nodes == 4
    names = []
    with autograd.backend.observe(lambda name, args, kwargs: names.append(name)):
        step()
    assert {name: kernel.calls for name, kernel in found.kernels.items()} == {n: names.count(n) for n in names}
    assert 0 < sum(kernel.seconds for kernel in found.kernels.values()) < 2 * found.seconds
    held, other = (found.pool, found.python) if found.backend == "c" else (found.python, found.pool)
    assert 3 * 64 * 64 * 4 <= held < 30 * 64 * 64 * 4 and other < 64 * 64 * 4


def test_a_call_that_does_nothing_costs_nothing():
    found = timing.measure(lambda: None, seconds=0.01, rounds=3)
    assert (found.nodes, found.kernels, found.pool) == (0, {}, 0) and found.python < 1000
    assert "no kernel of this engine was called" in timing.report([found])


def test_what_watched_is_taken_away_again(backend):
    def broken():
        autograd.ones(2, requires_grad=True).exp()
        if autograd.graph.observers:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        timing.measure(broken, seconds=0.01)
    assert not autograd.graph.observers and not autograd.backend.observers


def test_observers_see_a_kernel_begin_and_end():
    seen = []

    def begin(name, args, kwargs):
        seen.append(f"begin {name}")
        return lambda: seen.append(f"end {name} {args[0].numpy()[0]}")

    x = autograd.ones(1)
    with backend.observe(begin), backend.observe(lambda *call: seen.append("other")):
        x.neg()
    assert seen == ["begin neg", "other", "end neg -1.0"]


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["step", "Holder.step"])
def test_the_command_reports(script, capsys, name):
    assert main(["time", f"{script}:{name}", "--seconds", "0.05"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"time a call, median +\d", shown) and re.search(r"nodes recorded +4\n", shown)
    assert re.search(r"tanh_grad +1 +.* +\d+\.\d%", shown) and "Python and the rest" in shown


@needs_c
def test_two_backends_take_turns_each_with_its_own_import(script, capsys):
    before = autograd.get_backend()
    try:
        assert main(["time", f"{script}:step", "--seconds", "0.05", "--backend", "both"]) == 0
    finally:
        autograd.set_backend(before)
    shown = capsys.readouterr().out
    assert re.search(rf"C, {runtime.get_isa()}, \d+ threads? +NumPy\n", shown)
    assert re.search(r"NumPy takes \d+\.\d\d times as long as C\n", shown)
    assert "C kernel " in shown and "NumPy kernel " in shown


def test_a_module_can_be_named(script, capsys, monkeypatch):
    monkeypatch.syspath_prepend(script.parent)
    assert main(["time", "train:step", "--seconds", "0.02"]) == 0
    assert "time a call" in capsys.readouterr().out
    sys.modules.pop("train")


def test_the_example_is_timed(capsys):
    assert main(["time", f"{ROOT / 'examples' / 'own_step.py'}:step", "--seconds", "0.02"]) == 0
    assert "linear_grad" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("{file}", "does not name a function: expected FILE.py:FUNCTION or MODULE:FUNCTION"),
        ("{file}:stap", "has no 'stap'; it has step, with_arguments"),
        ("{file}:number", "'number' is no function, but int"),
        ("{file}:with_arguments", "wants the arguments x. What is timed is called without any"),
        ("nowhere/train.py:step", "there is no file nowhere/train.py"),
        ("no_such_module:step", "there is no module 'no_such_module'; a file is given with its ending"),
        ("no_such.module:step", "there is no module 'no_such.module'"),
    ],
)
def test_what_cannot_be_timed_is_refused(script, capsys, target, message):
    assert main(["time", target.format(file=script)]) == 1
    shown = capsys.readouterr().err
    assert message in shown and shown.startswith("autograd: ")


def test_what_the_file_raises_is_the_users_to_see(script):
    script.write_text("import helper\n1 / 0")
    with pytest.raises(ZeroDivisionError):
        main(["time", f"{script}:step"])


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan"])
def test_seconds_are_a_number_above_0(seconds, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["time", "x.py:f", f"--seconds={seconds}"])
    assert stopped.value.code == 2 and "is not a number of seconds above 0" in capsys.readouterr().err


# --- memory -----------------------------------------------------------------------------------------------------------


@needs_c
def test_the_pool_can_be_measured_and_emptied():
    with autograd.set_backend("c"):
        autograd.empty_cache()
        before = autograd.memory_stats()
        assert before["cached"] == 0
        x = autograd.ones(1 << 20)
        assert autograd.memory_stats()["live"] - before["live"] == 4 << 20
        autograd.reset_peak_memory_stats()
        y = x * 2
        assert autograd.memory_stats()["peak"] - before["live"] == 8 << 20
        del y
        after = autograd.memory_stats()
        assert after["live"] - before["live"] == 4 << 20 and after["cached"] == 4 << 20
        assert after["peak"] - before["live"] == 8 << 20
        y = x * 2
        assert autograd.memory_stats()["reused"] == after["reused"] + 1
        assert autograd.memory_stats()["allocations"] == after["allocations"] + 1
        del x, y
        assert autograd.memory_stats()["cached"] == 8 << 20
        autograd.empty_cache()
        assert autograd.memory_stats()["cached"] == 0
        autograd.reset_peak_memory_stats()
        assert autograd.memory_stats()["peak"] == autograd.memory_stats()["live"] == before["live"]


def test_small_blocks_are_not_of_the_pool():
    live = autograd.memory_stats()["live"]
    x = autograd.ones(256)
    assert autograd.memory_stats()["live"] == live and x.sum().item() == 256
