"""Elementwise chains of captured steps: which are made, and that their bits are those of one kernel after another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trainings import CAPTURES

import autograd
from autograd import capture, ones, where
from autograd.replay import chains

pytestmark = CAPTURES


@pytest.fixture
def small(monkeypatch):
    """Chains of few elements, in tiles of fewer."""
    monkeypatch.setattr(chains, "LEAST", 2)
    monkeypatch.setattr(chains, "TILE", 5)


def gelu(x):
    return 0.5 * x * (1 + (0.7978845608 * (x + 0.044715 * x * x * x)).tanh())


def normed(x):
    return (x - x.mean(1, keepdim=True)) / x.std(1, correction=0, keepdim=True) * ones(x.shape[1]) + x[:1]


def masked(x):
    far = (x > 0.5) | (x < -1)
    return where(far, x.abs(), x * far.to(x.dtype)).to(autograd.float64)


def strided(x):
    return (x.T * 2 + 1).T.exp() - x[:, :1]


def replayed(function, *inputs, **options):
    """What the third call returns, and the step."""
    step = capture(function, **options)
    for _ in range(3):
        result = step(*inputs)
    return result, step


def spans(step) -> list[tuple[int, int]]:
    """First and last instruction of each chain."""
    marks = step.program._marks()
    return [(a, b) for a in marks if marks[a] == "/" for b in [min(i for i in marks if i > a and marks[i] == "\\")]]


@pytest.mark.parametrize("function", [gelu, normed, masked, strided])
@pytest.mark.parametrize("shape", [(4096, 1), (1, 4096), (70, 60), (61, 97), (3000, 7), (9, 4100)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("threads", [1, 2])
def test_bits_are_those_of_one_kernel_after_another(function, shape, dtype, threads):
    before = autograd.get_num_threads()
    autograd.set_num_threads(threads)
    try:
        x = autograd.randn(*shape, dtype=getattr(autograd, dtype))
        for i, value in enumerate([np.nan, np.inf, -np.inf, -0.0, 1e-44]):
            x.view(-1)[501 * i] = value
        with autograd.no_grad():
            result, step = replayed(function, x)
            expected = function(x)
    finally:
        autograd.set_num_threads(before)
    assert result.numpy().tobytes() == expected.numpy().tobytes()
    assert spans(step)


def test_temporaries_of_a_chain_take_no_memory():
    x = autograd.randn(300, 300)
    with autograd.no_grad():
        _, step = replayed(gelu, x)
    program = step.program
    assert spans(step) == [(0, len(program) - 1)] and program.arena_bytes == 0
    lines = str(program).splitlines()[3:]
    assert [line[4] for line in lines] == ["/", *"|" * (len(program) - 2), "\\"]
    profile = program.profile(3).splitlines()[3:]
    times = [float(line[5:].split()[0]) for line in profile]
    assert times[0] > 0 and times[1:] == [0] * (len(program) - 1)


def test_the_chapter_shows_a_chain():
    chapter = Path(__file__).parent.parent / "docs" / "reading-a-program.md"
    if not chapter.exists():
        pytest.skip("the documents are in the clone only")
    with autograd.no_grad():
        _, step = replayed(lambda x: x * (x.exp() + 1).tanh(), ones(256, 256))
    lines = [line.split("#")[0].rstrip() for line in str(step.program).splitlines()[3:]]
    assert "\n".join(lines) in chapter.read_text()


def test_few_elements_make_no_chain():
    with autograd.no_grad():
        _, step = replayed(gelu, autograd.randn(20, 20))
    assert spans(step) == []


def test_training_through_chains():
    x, w = autograd.randn(90, 80), autograd.randn(80, requires_grad=True)

    def step():
        w.grad = None
        loss = (gelu(x * w) - x).square().mean()
        loss.backward()
        with autograd.no_grad():
            w.sub_(w.grad * 0.1)
        return loss

    first = w.detach().clone()
    eager = [(step().item(), w.detach().numpy().tobytes()) for _ in range(5)]
    with autograd.no_grad():
        w.copy_(first)
    captured = capture(step)
    assert [(captured().item(), w.detach().numpy().tobytes()) for _ in range(5)] == eager
    assert len(spans(captured)) >= 2 and {e.phase for e in captured.program.instructions} >= {"forward", "backward"}


def shifted(x):
    y = x * 2
    y[1:] += y[:-1].clone()
    y[:-1] *= y[1:]
    return y + 1


def first_of_all(x):
    y = x * 2
    y += y[0, 0].clone()
    y *= y[:1]
    return y


def flipped(x):
    y = x + 1
    y += y.T
    y -= y.T
    return y


def halves(x):
    y = x.flatten() * 2
    a, b = y[: len(y) // 2], y[len(y) // 2 :]
    a += 1
    b *= a
    a.exp_()
    return y


@pytest.mark.parametrize("function", [shifted, first_of_all, flipped, halves])
@pytest.mark.usefixtures("small")
def test_a_write_that_others_see_elsewhere_ends_a_chain(function):
    x = autograd.randn(12, 12)
    with autograd.no_grad():
        result, _ = replayed(function, x)
        assert result.numpy().tobytes() == function(x).numpy().tobytes()


@pytest.mark.usefixtures("small")
def test_a_numpy_array_may_lie_in_what_the_step_writes():
    p, q = ones(20), ones(19)
    ahead = autograd.from_numpy(p.numpy()[1:])

    def step():
        p[:-1].mul_(q)
        q.add_(ahead)
        return p + q[:1]

    with autograd.no_grad():
        eager = [step().tolist() for _ in range(4)]
        p.fill_(1)
        q.fill_(1)
        captured = capture(step)
        assert [captured().tolist() for _ in range(4)] == eager


UNARY = ["exp", "tanh", "neg", "abs", "sigmoid", "relu", "square", "sign"]
BINARY = ["add", "sub", "mul", "maximum", "where", "add_", "mul_", "copy_"]


@settings(deadline=None)
@given(st.data())
def test_any_program(data):
    """Elementwise ops over shapes that broadcast, in place too, with views, forward and backward."""
    rows, cols = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 7))
    shapes = [(rows, cols), (rows, 1), (cols,), (1, 1), ()]
    given_ = [autograd.randn(s, dtype=data.draw(st.sampled_from([autograd.float32, autograd.float64]))) for s in shapes]
    number = st.integers(0, 99)
    op = st.tuples(st.sampled_from(UNARY + BINARY), number, number)
    plan = data.draw(st.lists(op, min_size=2, max_size=12))
    graph = data.draw(st.booleans())

    def step(inputs):
        held = [x.clone() for x in inputs]
        for name, i, j in plan:
            x, y = held[i % len(held)], held[j % len(held)]
            if name in UNARY:
                held.append(getattr(x, name)())
            elif name == "where":
                held.append(where(x > 0, y, x))
            elif name.endswith("_"):
                fits = autograd.broadcast_shapes(x.shape, y.shape) == x.shape and x.dtype == y.dtype
                if fits and not graph:
                    getattr(x.T if i % 2 and x.ndim == 2 and x.shape == y.shape[::-1] else x, name)(y)
            else:
                held.append(getattr(autograd, name)(x, y))
        loss = sum(h.double().sum() for h in held[len(inputs) :]) if len(held) > len(inputs) else held[0].double().sum()
        if not graph:
            return [loss, *held]
        loss.backward()
        return [loss.detach()] + [x.grad for x in inputs if x.grad is not None]

    least, tile = chains.LEAST, chains.TILE
    chains.LEAST, chains.TILE = 2, data.draw(st.sampled_from([1, 5, 16]))
    try:
        mine = [x.detach().clone().requires_grad_(graph) for x in given_]
        captured = capture(lambda: step(mine))
        for _ in range(4):
            for x in mine:
                x.grad = None
            expected = [x.numpy().tobytes() for x in step(mine)]
            for x in mine:
                x.grad = None
            assert [x.numpy().tobytes() for x in captured()] == expected
    finally:
        chains.LEAST, chains.TILE = least, tile
