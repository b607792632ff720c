"""The program of a captured step: its listing, times and memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from trainings import CAPTURES, Training, batches

import autograd
from autograd import capture, nn

pytestmark = CAPTURES


def test_the_listing():
    step = capture(Training("relu", "sgd").step)
    for batch in batches(3, 6, 3):
        step(*batch)
    text = str(step.program)
    for part in (
        "forward:",
        "backward:",
        "t0[16x9] = linear relu(x0, 0.weight, 0.bias)",
        "y0[()]",
        "2.weight, 2.bias",
        "trainings.py:",
    ):
        assert part in text
    assert len(step.program) == len(text.splitlines()) - 5
    first = step.program.instructions[0]
    assert first.flops == 2 * 16 * 9 * 6 and first.nbytes == 4 * (16 * 9 + 16 * 6 + 9 * 6 + 9)
    assert first.where.module == "0" and first.where.function == "step"


def test_the_chapter_shows_what_the_example_prints():
    root = Path(__file__).parent.parent
    chapter = root / "docs" / "reading-a-program.md"
    if not chapter.exists():
        pytest.skip("the documents are in the clone only")
    command = [sys.executable, str(root / "examples" / "read_a_program.py")]
    environment = os.environ | {"PYTHONPATH": str(root), "AUTOGRAD_BACKEND": "c"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    listing = done.stdout.splitlines()[:12]
    assert "\n".join(line.rstrip() for line in listing) in chapter.read_text()


def test_the_profile():
    (batch,) = batches(1, 6, 3)
    plain, captured = Training(), Training()
    step = capture(captured.step)
    step(*batch), step(*batch)
    text = step.program.profile(times=10)
    for _ in range(12):
        plain.step(*batch)
    assert plain.numbers() == captured.numbers()
    shares = [float(line.split("%")[0].split()[-1]) for line in text.splitlines() if "%" in line]
    assert len(shares) == len(step.program) and sum(shares) == pytest.approx(100, abs=1)


def test_temporaries_share_the_arena():
    net = nn.Sequential(*[nn.Linear(50, 50) if i % 2 else nn.GELU() for i in range(20)])

    @capture
    @autograd.no_grad()
    def forward(x):
        return net(x)

    x = autograd.randn(100, 50)
    for _ in range(3):
        forward(x)
    program = forward.program
    assert program.arena_bytes <= 3 * 100 * 50 * 4 < sum(program.sizes.values())
    live = [(program.lives[b], program.places[b], program.places[b] + program.sizes[b]) for b in program.lives]
    for i, ((first, last), start, end) in enumerate(live):
        for (other_first, other_last), other_start, other_end in live[:i]:
            assert last < other_first or other_last < first or end <= other_start or other_end <= start
