"""The generated lists are those of the code: a change of the public API is a decision."""

import difflib

import pytest
import reference

from autograd.backend import get_backend

HOW = "if that is meant, run `python tests/reference.py`"


def test_the_public_signatures_are_the_committed_ones():
    before, now = reference.API.read_text().splitlines(), reference.api().splitlines()
    changed = [line for line in difflib.unified_diff(before, now, lineterm="", n=0) if not line.startswith("@@")]
    assert not changed, f"{HOW}: {changed}"


@pytest.mark.skipif(get_backend() != "c", reason="the page says what runs in C")
def test_the_page_of_ops_is_the_one_of_the_code():
    before = reference.PAGE.read_text().split(reference.MISSING)[0]
    assert before == reference.page("").split(reference.MISSING)[0], HOW


def test_what_is_missing_is_said():
    pytest.importorskip("torch")
    assert reference.missing_names() in reference.PAGE.read_text(), HOW
