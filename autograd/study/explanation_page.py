"""Reports, such as an explanation, as text, Markdown, HTML, JSON and in a terminal with rich."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from .page import kept, page
from .svg import escaped
from .timing import amount

STYLE = """\
section{border:1px solid var(--line);border-radius:8px;padding:10px 14px;margin:12px 0;overflow-x:auto}
section h2{margin:0 0 6px}section p{max-width:none}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}.warn{color:var(--bad)}
"""

SHOWN = 12  # branches of one sum

Row = tuple[str, str]


class Report:
    """What can be shown in all these ways: a subclass is a dataclass with a ``title``, and says its sections."""

    title: str

    def _sections(self) -> Iterator[tuple[str, list[Row]]]:
        """Headings, each with its rows, (label, text)."""
        raise NotImplementedError

    def __str__(self) -> str:
        lines = [self.title]
        for heading, rows in self._sections():
            width = max([10, *[len(label) for label, _ in rows]])
            lines += ["", heading, *[f"  {label:<{width}} {text}" for label, text in rows]]
        return "\n".join(lines)

    def to_markdown(self, path: Any = None) -> str:
        """The report as Markdown."""
        lines = [f"# {_plain(self.title)}", ""]
        for heading, rows in self._sections():
            lines += [f"## {_plain(heading)}", "", "| | |", "|---|---|"]
            lines += [f"| {label} | {_plain(text)} |" for label, text in rows] + [""]
        return kept("\n".join(lines), path)

    def to_html(self, path: Any = None) -> str:
        """The report as a page by itself."""
        return kept(page(self.title, self._body(), STYLE), path)

    def to_json(self, path: Any = None) -> str:
        """The report as JSON; NaN and infinities are strings."""
        return kept(json.dumps(_finite(asdict(self)), indent=1, allow_nan=False), path)  # type: ignore[call-overload]

    def _repr_html_(self) -> str:
        return self._body()

    def _body(self) -> str:
        parts = [f"<h1>{escaped(self.title)}</h1>"]
        for heading, rows in self._sections():
            listed = "".join(
                f"<dt>{escaped(label)}</dt><dd{_class(label)}>{_arrows(escaped(text))}</dd>" for label, text in rows
            )
            parts.append(f"<section><h2>{escaped(heading)}</h2><dl>{listed}</dl></section>")
        return "\n".join(parts)

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        shown: list[Any] = [Text(self.title, style="bold")]
        for heading, rows in self._sections():
            table = Table.grid(padding=(0, 2))
            for label, text in rows:
                table.add_row(Text(label, style="red" if _class(label) else "cyan"), Text(text))
            shown.append(Panel(table, title=Text(heading), title_align="left"))
        return Group(*shown)


class Explained(Report):
    """An explanation: a subclass has ``entries`` and ``leaves``."""

    entries: list[Any]
    leaves: list[Any]

    def _sections(self) -> Iterator[tuple[str, list[Row]]]:
        for entry in self.entries:
            yield f"step {entry.number}: {entry.op}", list(_rows(entry))
        for leaf in self.leaves:
            yield leaf.name if leaf.name.startswith("leaf ") else f"leaf {leaf.name}", list(_leaf_rows(leaf))


def _rows(entry: Any) -> Iterator[Row]:
    """What is said of a step, as (label, text)."""
    yield "at", entry.place + (f", module {entry.module!r}" if entry.module else "")
    if entry.source:
        yield "line", entry.source
    yield "grad_fn", entry.name
    yield "forward", entry.forward
    if entry.constants:
        yield "with", "; ".join(entry.constants)
    yield "shapes", entry.shapes
    if entry.value is not None:
        yield "y", str(entry.value)
    yield from _arrivals(entry.branches, entry.arrives)
    for i, text in enumerate(entry.between):
        yield "where" if not i else "", text
    for rule in entry.inputs:
        label = f"dL/d{rule.name}"
        yield label, f"= {rule.formula}" if rule.formula else "has no formula in its row"
        if rule.words not in (rule.formula, ""):
            yield "", rule.words
        if rule.product:
            yield "", f"as shapes: {rule.product}"
        if rule.numbers:
            yield "", rule.numbers
        if rule.summed:
            yield "", f"broadcast in the forward: {rule.summed}"
        yield "", f"to {rule.target}: {rule.gradient}" if rule.gradient else f"to {rule.target}: none"
    yield "saved", "; ".join(entry.saved) or "nothing"
    yield "cost", f"{entry.flops:,} FLOP{'s' * (entry.flops != 1)}, {amount(entry.nbytes)} read and written"
    if entry.suppressed:
        yield "guarded", f"{entry.suppressed} products 0 * inf (or like it) taken for 0; IEEE arithmetic says NaN"
    if nan := sum(s.nan for s in entry.arrives) or sum(r.gradient.nan for r in entry.inputs if r.gradient):
        yield "warning", f"{nan} NaN"


def _arrivals(branches: list, arrives: list) -> Iterator[Row]:
    for i, g in enumerate(arrives):
        yield "arrives" if not i else "", f"g = {g}"
    if branches:
        yield "sum of", _listed(branches)


def _listed(branches: list) -> str:
    shown = [f"{b.source}: {b.gradient}" for b in branches[:SHOWN]]
    return "; ".join(shown + [f"and {len(branches) - SHOWN} more"] * (len(branches) > SHOWN))


def _leaf_rows(leaf: Any) -> Iterator[Row]:
    yield "gradient", str(leaf.gradient) if leaf.gradient else "none"
    if leaf.branches:
        yield "sum of", _listed(leaf.branches)


def _class(label: str) -> str:
    return ' class="warn"' if label in ("warning", "guarded", "wrong") else ""


def _arrows(text: str) -> str:
    """Escaped text whose arrows are not broken between lines."""
    return text.replace("-&gt;", '<span style="white-space:nowrap">-&gt;</span>')


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is."""
    for c in "\\`*_{}[]<>#|~":
        text = text.replace(c, "\\" + c if c != "<" else "&lt;")
    return text.replace("\n", " ")


def _finite(value: Any) -> Any:
    """The value with NaN and infinities as strings."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
