"""``python -m autograd time train.py:step``: how long a step of one's own takes, and what it consists of.

The file is imported, the function called without arguments: some calls to warm up, then rounds of calls. What is
printed is the median over the rounds; how many kernels a call runs, with their share of its time; how many nodes it
records; and how much memory it takes beyond what is there between calls. Kernels, nodes and memory are watched in
calls of their own, which are not timed. Two backends take turns, round by round, each with an import of its own.

>>> from autograd import ones
>>> x = ones(3, requires_grad=True)
>>> found = measure(lambda: x.exp().sum().backward(), seconds=0.01)
>>> found.nodes, found.kernels["exp"].calls
(2, 1)
"""

from __future__ import annotations

import inspect
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import util
from pathlib import Path
from statistics import median
from time import perf_counter
from types import ModuleType
from typing import Any

from .. import backend, graph, runtime

ROUNDS = 7
WARM_UP = 3  # calls: plans are made, pools filled, optimizers have their state
WATCHED = 5  # calls in which kernels are timed
NAMES = {"c": "C", "numpy": "NumPy"}


class Unusable(Exception):
    """What was asked for cannot be timed; the message says why."""


@dataclass
class Kernel:
    """The calls of one kernel within one call of the step, and the seconds they take together."""

    calls: int
    seconds: float


@dataclass
class Timing:
    """What was found. ``rounds`` holds seconds a call; ``pool`` and ``python`` are the bytes that a call takes at most
    beyond those held between calls: in the pool, and in Python's memory (small tensors, NumPy's arrays)."""

    backend: str
    rounds: list[float] = field(default_factory=list)
    kernels: dict[str, Kernel] = field(default_factory=dict)
    nodes: int = 0
    pool: int = 0
    python: int = 0

    @property
    def seconds(self) -> float:
        return median(self.rounds)


# --- finding the function ---------------------------------------------------------------------------------------------


def load(target: str) -> Callable[[], Any]:
    """The function that ``FILE.py:FUNCTION`` or ``MODULE:FUNCTION`` names, its file imported afresh.

    Raises Unusable where there is none, or where it wants arguments; what the file raises goes through.
    """
    where, colon, name = target.rpartition(":")
    if not (where and colon and name):
        raise Unusable(f"{target!r} does not name a function: expected FILE.py:FUNCTION or MODULE:FUNCTION")
    module = _imported(where)
    function: Any = module
    for part in name.split("."):
        if not hasattr(function, part):
            raise Unusable(f"{where} has no {name!r}; it has {_candidates(module)}")
        function = getattr(function, part)
    if not callable(function):
        raise Unusable(f"{where}: {name!r} is no function, but {type(function).__name__}")
    if wanted := _wanted(function):
        raise Unusable(
            f"{where}: {name}() wants the arguments {', '.join(wanted)}. What is timed is called without any: write a "
            f"function beside it that calls {name}(...)"
        )
    return function


def _imported(where: str) -> ModuleType:
    path = Path(where)
    if path.suffix == ".py":
        if not path.is_file():
            raise Unusable(f"there is no file {where}")
        folder = str(path.resolve().parent)
        if folder not in sys.path:
            sys.path.insert(0, folder)  # as Python does for a script
        spec = util.spec_from_file_location("__timed__", path)
    else:
        try:
            spec = util.find_spec(where)
        except (ModuleNotFoundError, ValueError) as error:
            raise Unusable(f"there is no module {where!r}: {error}") from error
        if spec is None:
            raise Unusable(f"there is no module {where!r}; a file is given with its ending, {where}.py")
    assert spec is not None and spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _candidates(module: ModuleType) -> str:
    found = [n for n, f in vars(module).items() if inspect.isfunction(f) and f.__module__ == module.__name__]
    return ", ".join(found) or "no functions"


def _wanted(function: Callable) -> list[str]:
    """The arguments that a call cannot do without."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # some builtins do not say
        return []
    return [p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


# --- measuring --------------------------------------------------------------------------------------------------------


def measure(step: Callable[[], Any], seconds: float = 1.0, rounds: int = ROUNDS) -> Timing:
    """Time and watch a step on the backend in use, ``seconds`` in all."""
    return measure_in_turns({backend.get_backend(): step}, seconds, rounds)[0]


def measure_in_turns(steps: dict[str, Callable[[], Any]], seconds: float, rounds: int = ROUNDS) -> list[Timing]:
    """Time and watch the step of each backend, ``seconds`` for each."""
    found = [Timing(name) for name in steps]
    calls = {}
    for timing in found:
        step = steps[timing.backend]
        with backend.set_backend(timing.backend):
            for _ in range(WARM_UP):
                step()
            calls[timing.backend] = _calls_in(step, seconds / rounds)
    for r in range(rounds):
        for timing in found[r % len(found) :] + found[: r % len(found)]:
            with backend.set_backend(timing.backend):
                timing.rounds.append(_time(steps[timing.backend], calls[timing.backend]))
    for timing in found:
        with backend.set_backend(timing.backend):
            _watch(timing, steps[timing.backend])
    return found


def _time(step: Callable[[], Any], calls: int) -> float:
    """Seconds a call."""
    start = perf_counter()
    for _ in range(calls):
        step()
    return (perf_counter() - start) / calls


def _calls_in(step: Callable[[], Any], seconds: float) -> int:
    """How many calls take so long; at least one."""
    calls = 1
    while (taken := calls * _time(step, calls)) < seconds / 4:
        calls = min(10 * calls, int(calls * seconds / taken) + 1)
    return max(1, round(calls * seconds / taken))


def _watch(timing: Timing, step: Callable[[], Any]) -> None:
    """Count nodes and kernels, time each kernel, find the peak of memory."""
    nodes: list[str] = []

    def note(node: graph.Node, *_: Any) -> None:
        nodes.append(node.op.__name__)

    graph.observers.append(note)
    try:
        step()
    finally:
        graph.observers.remove(note)
    timing.nodes = len(nodes)
    timing.kernels = _kernels(step)
    timing.pool, timing.python = _memory(step)


def _kernels(step: Callable[[], Any]) -> dict[str, Kernel]:
    """The kernels of a call: each one's calls and seconds, its median over some calls of the step."""
    watched: list[dict[str, Kernel]] = []
    start = 0.0

    def begin(name: str, args: tuple, kwargs: dict) -> Callable[[], None]:
        nonlocal start
        kernel = watched[-1].setdefault(name, Kernel(0, 0.0))

        def end() -> None:
            kernel.calls += 1
            kernel.seconds += perf_counter() - start - cost

        start = perf_counter()
        return end

    cost = _cost_of_watching()
    with backend.observe(begin):
        for _ in range(WATCHED):
            watched.append({})
            step()
    last = watched[-1]
    taken = {name: median(w[name].seconds for w in watched if name in w) for name in last}
    found = {name: Kernel(last[name].calls, max(taken[name], 0.0)) for name in last}
    return dict(sorted(found.items(), key=lambda item: -item[1].seconds))


def _cost_of_watching() -> float:
    """Seconds that watching adds to what is seen of a kernel: those seen of one that does nothing."""
    taken = []

    def begin(name: str, args: tuple, kwargs: dict) -> Callable[[], None]:
        start = perf_counter()
        return lambda: taken.append(perf_counter() - start)

    nothing = backend.watched("nothing", lambda *args: None, (begin,))
    for _ in range(1000):
        nothing(None, None)
    return median(taken)


def _memory(step: Callable[[], Any]) -> tuple[int, int]:
    """The peaks of the pool and of Python's memory in a call, beyond what is held before it."""
    ours = not tracemalloc.is_tracing()
    if ours:
        tracemalloc.start()
    try:
        step()  # what a call leaves for the next one is now known to tracemalloc
        runtime.reset_peak_memory_stats()
        pool, python = runtime.memory_stats()["live"], tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        step()
        peak = tracemalloc.get_traced_memory()[1]
        return runtime.memory_stats()["peak"] - pool, max(peak - python, 0)
    finally:
        if ours:
            tracemalloc.stop()


# --- showing ----------------------------------------------------------------------------------------------------------


def duration(seconds: float) -> str:
    """Three significant digits with a unit.

    >>> duration(1.65e-05)
    '16.5 us'
    """
    units = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))
    unit, size = next((u for u in units if seconds >= u[1]), units[-1])
    value = seconds / size
    return f"{value:.{0 if value >= 99.5 else 1 if value >= 9.95 else 2}f} {unit}"


def amount(nbytes: float) -> str:
    """Bytes with a unit.

    >>> amount(1536), amount(5)
    ('1.5 KB', '5 B')
    """
    for unit, size in (("GB", 2**30), ("MB", 2**20), ("KB", 2**10)):
        if nbytes >= size:
            return f"{nbytes / size:.1f} {unit}"
    return f"{nbytes:.0f} B"


def report(found: list[Timing]) -> str:
    """The findings as text, a column per backend."""
    lines = [
        ("", [_heading(t) for t in found]),
        ("time a call, median", [duration(t.seconds) for t in found]),
        ("fastest round", [duration(min(t.rounds)) for t in found]),
        ("slowest round", [duration(max(t.rounds)) for t in found]),
        ("calls a second", [f"{1 / t.seconds:,.{1 if t.seconds > 0.1 else 0}f}" for t in found]),
        ("nodes recorded", [f"{t.nodes:,}" for t in found]),
        ("kernel calls", [f"{sum(k.calls for k in t.kernels.values()):,}" for t in found]),
        ("peak memory, pool", [amount(t.pool) for t in found]),
        ("peak memory, Python", [amount(t.python) for t in found]),
    ]
    shown = [f"{name:<22}" + "".join(f"{value:>24}" for value in values) for name, values in lines]
    if len(found) > 1:
        first, second = found
        ratio = median(b / a for a, b in zip(first.rounds, second.rounds))
        shown.append(f"{NAMES[second.backend]} takes {ratio:.2f} times as long as {NAMES[first.backend]}")
    return "\n".join(shown + [line for t in found for line in ["", *_kernel_lines(t)]])


def _heading(timing: Timing) -> str:
    if timing.backend == "numpy":
        return "NumPy"
    threads = runtime.get_num_threads()
    return f"C, {runtime.get_isa()}, {threads} thread{'s' if threads > 1 else ''}"


def _kernel_lines(timing: Timing) -> list[str]:
    if not timing.kernels:
        return [f"{NAMES[timing.backend]}: no kernel of this engine was called"]
    rest = max(timing.seconds - sum(k.seconds for k in timing.kernels.values()), 0.0)
    rows = [(name, f"{k.calls:,}", k.seconds) for name, k in timing.kernels.items()]
    rows.append(("Python and the rest", "", rest))
    total = sum(seconds for _, _, seconds in rows)
    return [
        f"{NAMES[timing.backend] + ' kernel':<22}{'calls':>8}{'time':>10}{'share':>8}",
        *[f"{name:<22}{n:>8}{duration(seconds):>10}{seconds / total:>8.1%}" for name, n, seconds in rows],
    ]


def main(target: str, names: list[str], seconds: float) -> int:
    """Time the target on each of these backends, in turns, and print what was found."""
    steps = {}
    for name in names:
        with backend.set_backend(name):
            steps[name] = load(target)
    print(report(measure_in_turns(steps, seconds)))
    return 0
