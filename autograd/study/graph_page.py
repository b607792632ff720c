"""The page of a graph: modules open and close under the pointer, steps tell about themselves.

Cards are drawn here, in Python, and packed; ``graph.js`` places those that are to be seen, as :mod:`.layout` does, and
draws the lines. So a graph of ten thousand steps opens at once, closed, in a page of some hundred kilobytes.
"""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .graph_cards import counted, said, size_of
from .graph_tree import Box
from .page import page
from .recording import LeafRecord, Step
from .svg import Drawing, cleaned, escaped

if TYPE_CHECKING:
    from .graph_view import Graph

SCRIPT = Path(__file__).with_name("graph.js")
STYLE = """\
body{padding:0;display:flex;flex-direction:column;height:100vh}
header{padding:10px 16px;border-bottom:1px solid var(--line);display:flex;gap:8px 14px;align-items:center;\
flex-wrap:wrap}
header h1{margin:0}header label{white-space:nowrap}header input[type=search]{width:180px}
main{flex:1;display:flex;min-height:0}figure{flex:1;min-width:0;padding:8px 16px}figure svg{margin:0 auto}
.hint{margin:0;color:var(--soft);flex-basis:100%;max-width:none;font-size:13px}
aside{width:clamp(400px,45vw,640px);overflow:auto;border-left:1px solid var(--line);padding:8px 16px;\
overflow-wrap:anywhere}
aside table{display:table;table-layout:fixed;width:100%}aside th{font-weight:400;color:var(--soft);width:84px}
aside td{white-space:pre-wrap;padding-right:0}aside .code{white-space:pre;overflow-x:auto}
g.box{cursor:pointer}g.box:focus{outline:none}
g.box:focus-visible>:first-child,g.chosen>:first-child{stroke:var(--mark);stroke-width:3}
.without-forward .forward,.without-backward .backward{display:none}
@media (max-width:760px){main{flex-direction:column}aside{width:auto;border-left:0;border-top:1px solid var(--line);\
max-height:42vh;min-height:110px}header h1{width:100%}}
"""


def page_of(view: Graph) -> str:
    """The page."""
    boxes = view.root.inner()
    number = {box: i for i, box in enumerate(boxes)}
    data = {
        "boxes": [_box(view, box, number) for box in boxes],
        "edges": [_edge(view, number, *edge) for edge in view.edges],
    }
    packed = b64encode(gzip.compress(json.dumps(data, separators=(",", ":")).encode(), mtime=0)).decode()
    return page(view.title, _body(view), STYLE, SCRIPT.read_text(encoding="utf-8"), packed)


def _box(view: Graph, box: Box, number: dict[Box, int]) -> dict[str, Any]:
    w, h = size_of(box)
    found: dict[str, Any] = {
        "parent": number[box.parent] if box.parent else -1, "w": w, "h": h, "title": cleaned(box.title),
        "svg": view.cards.drawn(box).inner(), "told": view.cards.told(box),
    }  # fmt: skip
    if box.children:
        assert box.layers is not None
        links = {f"{u},{v}": link for (u, v), link in box.layers.links.items()}
        found |= {"children": [number[c] for c in box.children], "rows": box.layers.rows, "links": links,
                  "open": box in view.opened, "steps": box.steps}  # fmt: skip
    if isinstance(box.of, Step):
        found["step"] = box.of.number
    return found


def _edge(view: Graph, number: dict[Box, int], u: Box, v: Box, step: Step, i: int) -> list[Any]:
    return [number[u], number[v], int(isinstance(step.inputs[i].target, (Step, LeafRecord))), cleaned(said(step, i))]


def _body(view: Graph) -> str:
    steps, leaves = len(view.record.steps), len(view.record.leaves)
    empty = Drawing(100, 100, view.title)
    empty.markers()
    return "\n".join([
        f'<header><h1>{escaped(view.title)}</h1><span class="summary">{counted(steps, leaves)}</span>',
        '<button id="open">Open all</button><button id="close">Close all</button>',
        '<label><input type="checkbox" id="forward" checked> forward <svg width="30" height="10">'
        '<path class="forward" d="M2 5h24"/></svg></label>',
        '<label><input type="checkbox" id="backward" checked> backward <svg width="30" height="10">'
        '<path class="backward" d="M4 5h24"/></svg></label>',
        '<input type="search" id="find" placeholder="step, op or module" aria-label="Find a step, op or module">',
        '<p class="hint">Choose a step or a leaf to read about it; modules open and close. Gradients flow along the '
        "dashed lines; what is saved for them is dotted.</p></header>",
        f'<main><figure id="canvas">{empty.svg(style=False)}</figure>',
        '<aside id="told" aria-live="polite" hidden></aside></main>',
        "<noscript><p>This page needs its own script, which is within it: to_svg() gives a picture without.</p>"
        "</noscript>",
    ])  # fmt: skip
