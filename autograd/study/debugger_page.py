"""The page of the debugger: a step at a time, with its equation, its numbers, and the sources behind it."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from . import formulas
from .constants import forward
from .explanation import leaf_in_words, place_of, statistics
from .heat import heat
from .listings import kernel_source, rule_source, user_lines
from .page import page
from .recording import LeafRecord, Record, Step
from .svg import cleaned, escaped

SCRIPT = Path(__file__).with_name("debugger.js")
STYLE = """\
body{max-width:1180px;margin:0 auto}h1{margin-top:12px}
nav{position:sticky;top:0;background:var(--paper);padding:8px 0;display:flex;gap:8px;flex-wrap:wrap;align-items:center;\
border-bottom:1px solid var(--line);z-index:1}
nav button{min-width:44px}nav input[type=range]{flex:1;min-width:140px;padding:0}
.columns{display:flex;flex-wrap:wrap;gap:8px 32px;align-items:flex-start}.columns>div{min-width:0;max-width:100%}
.formula{font:16px/1.5 ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.arrow{color:var(--minus)}.note{color:var(--soft)}figure{margin:4px 0 10px;max-width:100%}
.leaves td:first-child{color:var(--mark)}
"""


def page_of(found: Record, gradients: dict[str, np.ndarray]) -> str:
    """The page, of steps that have all been taken."""
    sources: dict[str, str] = {}
    steps = [{"title": cleaned(title_of(found, step)), "html": _step(found, step, sources)} for step in found.steps]
    steps.append({"title": "the end", "html": _end(found, gradients)})
    data = {"steps": steps, "sources": sources}
    packed = b64encode(gzip.compress(json.dumps(data).encode(), mtime=0)).decode()
    return page("The backward pass", _body(len(steps)), STYLE, SCRIPT.read_text(encoding="utf-8"), packed)


def title_of(found: Record, step: Step) -> str:
    """Which step it is: its op, and what ``grad_fn`` calls it."""
    module = f", module {step.where.module!r}" if step.where and step.where.module else ""
    return f"step {step.number} of {len(found.steps)}: {step.op.__name__} ({step.name}){module}"


def arriving(step: Step, g: Any) -> list[tuple[str, Any]]:
    """What arrives at a step, an array or a list of them, each under its name; None where nothing does."""
    parts = g if isinstance(g, list) else [g]
    return [(f"g of output {i}" if len(step.shapes) > 1 else "g", v) for i, v in enumerate(parts)]


def _body(count: int) -> str:
    buttons = [("first", "|&lt;", "to the first step (Home)"), ("back", "&lt;", "a step back (left)"),
               ("play", "play", "play or pause (space)"), ("next", "&gt;", "a step on (right)"),
               ("last", "&gt;|", "to the end (End)")]  # fmt: skip
    made = "".join(f'<button id="{i}" title="{tip}" aria-label="{tip}">{text}</button>' for i, text, tip in buttons)
    slider = f'<input id="slider" type="range" min="0" max="{count - 1}" value="0" aria-label="step">'
    return (
        f'<nav>{made}{slider}</nav><h1 id="title"></h1><main id="step" aria-live="polite"></main>'
        "<noscript><p>This page needs its own script, which is within it.</p></noscript>"
    )


def _step(found: Record, step: Step, sources: dict[str, str]) -> str:
    place, _ = place_of(step)
    parts = [f'<p class="note">{escaped(place)}</p>']
    if lines := user_lines(step):
        parts.append(f"<pre>{escaped(lines)}</pre>")
    parts.append(f'<p class="formula">{escaped(forward(step))}</p>')
    arrived = arriving(step, step.arrived)
    if not any(g is not None for _, g in arrived):
        parts.append("<p>Nothing arrives here: no path leads from the loss to this step.</p>")
    for e in step.inputs:
        if e.target is not None:
            rule = formulas.rule(step.op, e.name)
            text = f"dL/d{e.name} = {rule}" if rule else f"dL/d{e.name}"
            summed = f", summed over dims {list(e.summed)}" if e.summed else ""
            target = f"{_target(e.target)}{summed}"
            parts.append(f'<p class="formula">{escaped(text)} <span class="arrow">→ {escaped(target)}</span></p>')
    parts += [f'<p class="formula">where {escaped(text)}</p>' for text in formulas.between(step.op)]
    parts.append('<div class="columns">')
    parts.append(_column("what arrives", arrived))
    values = [(e.name, found.value(step, i)) for i, e in enumerate(step.inputs)]
    several = len(step.shapes) > 1
    outputs = [(f"y{i}" if several else "y", y) for i, y in enumerate(step.outputs or ())] or [
        ("y", s.values) for s in step.saved if s.name == "y"
    ]
    parts.append(_column("values", values + outputs))
    left = [(f"dL/d{e.name}", g) for e, g in zip(step.inputs, step.left or ()) if e.target is not None]
    parts.append(_column("what leaves", left))
    parts.append("</div>")
    return "".join([*parts, _sources(step, sources)])


def _target(target: Any) -> str:
    return leaf_in_words(target) if isinstance(target, LeafRecord) else f"step {target.number}"


def _column(title: str, arrays: list[tuple[str, Any]]) -> str:
    shown = [(name, a) for name, a in arrays if isinstance(a, np.ndarray) and a.size]
    figures = []
    for name, a in shown:
        figures.append(f"<figure>{heat(a, name).svg(style=False)}</figure>")
        if a.dtype.kind == "f":  # a norm of indices says nothing
            few = replace(statistics(a), shape=(), values="")  # the picture has the shape and the numbers
            figures.append(f'<p class="note">{escaped(str(few))}</p>')
    return f"<div><h2>{title}</h2>{''.join(figures)}</div>" if shown else ""


def _sources(step: Step, sources: dict[str, str]) -> str:
    """Places for the sources, which ops and kernels share."""
    keys = [f"rule {step.op.__name__}"]
    sources.setdefault(keys[0], cleaned(rule_source(step.op)))
    for kernel in dict.fromkeys(step.backward.kernels if step.backward else ()):
        keys.append(f"kernel {kernel} in C")
        sources.setdefault(keys[-1], cleaned(kernel_source(kernel)))
    return "".join(f'<details open><summary>{escaped(key)}</summary><pre data-source="{escaped(key)}"></pre></details>'
                   for key in keys)  # fmt: skip


def _end(found: Record, gradients: dict[str, np.ndarray]) -> str:
    drawn = [heat(g, name).svg(style=False) for name, g in gradients.items() if g.size]
    figures = [f"<div><figure>{picture}</figure></div>" for picture in drawn]
    return f'<p>The gradients of the leaves are there.</p><div class="columns">{"".join(figures)}</div>'
