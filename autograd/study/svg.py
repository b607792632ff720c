"""Pictures as SVG: shapes and text with escaped content, in colours that follow light and dark.

>>> d = Drawing(60, 30, "a dot")
>>> d.add("circle", cx=15, cy=15, r=4.5, kind="plus")
>>> d.write(25, 19, "x < y")
>>> print(d.svg(style=False), end="")
<svg xmlns="http://www.w3.org/2000/svg" width="60" height="30" viewBox="0 0 60 30" role="img" aria-label="a dot">
<circle cx="15" cy="15" r="4.5" class="plus"/>
<text x="25" y="19">x &lt; y</text>
</svg>
"""

from __future__ import annotations

import math
import re
from typing import Any

STYLE = """\
:root{--paper:#fff;--ink:#1b2430;--soft:#5a6775;--line:#c3ccd6;--pale:#eef1f5;--plus:#1d6fc4;--minus:#c4520e;\
--mark:#7b4bc4;--good:#2e7d4f;--bad:#b4232f}
@media (prefers-color-scheme:dark){:root{--paper:#14191f;--ink:#e4e9ef;--soft:#98a5b3;--line:#465260;--pale:#222a33;\
--plus:#62a8f2;--minus:#f08c4a;--mark:#b594ee;--good:#67c08d;--bad:#f0707b}}
text{font:12px system-ui,"Segoe UI","Helvetica Neue",Arial,sans-serif;fill:var(--ink)}
.paper{fill:var(--paper)}.pale{fill:var(--pale)}.line-fill{fill:var(--line)}.plus{fill:var(--plus)}.minus{fill:var(--minus)}.mark{fill:var(--mark)}
.good{fill:var(--good)}.bad{fill:var(--bad)}.line,.axis{stroke:var(--line);fill:none}
.plus-line{stroke:var(--plus);fill:none}.minus-line{stroke:var(--minus);fill:none}.mark-line{stroke:var(--mark);fill:none}
.good-line{stroke:var(--good);fill:none}.bad-line{stroke:var(--bad);fill:none}.soft-line{stroke:var(--soft);fill:none}
.dotted{stroke-dasharray:2 4}.dashed{stroke-dasharray:6 4}
.title{font-size:15px;font-weight:600}.strong{font-weight:600}.soft{fill:var(--soft)}.small{font-size:11px}
.card{stroke:var(--soft)}.leaf{stroke:var(--mark)}.module{stroke:var(--line);fill:var(--pale);fill-opacity:.45}
.forward{stroke:var(--plus);stroke-width:1.4;stroke-opacity:.75;fill:none;marker-end:url(#down)}
.backward{stroke:var(--minus);stroke-width:1.2;stroke-opacity:.75;fill:none;stroke-dasharray:5 3;marker-start:url(#up)}
.tiny{font-size:10.5px}.middle{text-anchor:middle}.end{text-anchor:end}.halo{stroke:var(--paper);stroke-width:4px;paint-order:stroke}
"""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}


def escaped(value: Any) -> str:
    """Text as it may stand in SVG and HTML, also within quotes; characters that XML does not have become U+FFFD.

    >>> escaped('<a href="x">')
    '&lt;a href=&quot;x&quot;&gt;'
    """
    return re.sub("[&<>\"']", lambda m: _ENTITIES[m[0]], cleaned(str(value)))


def cleaned(text: str) -> str:
    """Text without the characters that XML does not have, such as half of a surrogate pair.

    >>> cleaned("a\\x00b") == "a\N{REPLACEMENT CHARACTER}b"
    True
    """
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def number(value: float, digits: int = 3) -> str:
    """A number in few characters.

    >>> [number(v) for v in (0.0, -0.4217, 12.0, 123456.0, 1e-9, float("nan"), float("-inf"))]
    ['0', '-0.422', '12', '1.23e5', '1e-9', 'NaN', '-∞']
    """
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value and not 1e-3 <= abs(value) < 1e5:
        mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
        return f"{_trimmed(mantissa)}e{int(exponent)}"
    before = math.floor(math.log10(abs(value))) if value else 0
    return _trimmed(f"{value:.{max(digits - 1 - before, 0)}f}")


def _trimmed(text: str) -> str:
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def width_of(text: str, size: float = 12) -> float:
    """About how wide a text is, in pixels; on the safe side.

    >>> width_of("abc") < width_of("abcd")
    True
    """
    return 0.6 * size * len(text)


def shortened(text: str, length: int) -> str:
    """At most so many characters, the middle left out.

    >>> shortened("transformer.layers.0.attention", 15)
    'transfo…tention'
    """
    if len(text) <= length:
        return text
    head = length // 2
    return f"{text[:head]}…{text[len(text) - (length - head - 1) :]}"


class Drawing:
    """A picture of a width and a height, in pixels, with what is described as its ``label``."""

    def __init__(self, width: float, height: float, label: str):
        self.width, self.height, self.label = width, height, label
        self._parts: list[str] = []

    def add(self, tag: str, content: Any = None, kind: str = "", tip: Any = "", **attributes: Any) -> None:
        """An element: its content as text, ``kind`` its classes, ``tip`` what is shown under the pointer; an underscore
        in the name of an attribute stands for a dash."""
        written = [tag, *(f'{k.replace("_", "-")}="{_value(v)}"' for k, v in attributes.items())]
        if kind:
            written.append(f'class="{escaped(kind)}"')
        inner = ("" if content is None else escaped(content)) + (f"<title>{escaped(tip)}</title>" if tip != "" else "")
        self._parts.append(f"<{' '.join(written)}" + (f">{inner}</{tag}>" if inner else "/>"))

    def write(self, x: float, y: float, text: Any, kind: str = "", **attributes: Any) -> None:
        """Text whose line stands at y."""
        self.add("text", text, kind=kind, x=x, y=y, **attributes)

    def place(self, other: Drawing, x: float, y: float) -> None:
        """Another picture, within this one."""
        self._parts += [f'<g transform="translate({_value(x)} {_value(y)})">', *other._parts, "</g>"]

    def markers(self) -> None:
        """The heads of the lines ``forward``, and ``backward``, which is drawn from where its gradient arrives."""
        for name, kind, at in (("down", "plus", 7), ("up", "minus", 7)):
            head = f'<marker id="{name}" viewBox="0 0 8 8" refX="{at}" refY="4" markerWidth="7" markerHeight="7" '
            self._parts.append(f'{head}orient="auto-start-reverse"><path d="M0 1L8 4L0 7z" class="{kind}"/></marker>')

    def inner(self) -> str:
        """What is in the picture, for another one."""
        return "\n".join(self._parts)

    def svg(self, style: bool = True) -> str:
        """The text; with ``style`` it stands by itself, without it belongs into a page that has STYLE."""
        size = f'width="{_value(self.width)}" height="{_value(self.height)}"'
        box = f'viewBox="0 0 {_value(self.width)} {_value(self.height)}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} role="img" aria-label="{escaped(self.label)}">'
        own = [f"<style>{STYLE}</style>", '<rect class="paper" width="100%" height="100%"/>'] if style else []
        return "\n".join([head, *own, *self._parts, "</svg>\n"])


def _value(value: Any) -> str:
    if isinstance(value, float):
        return _trimmed(f"{value:.2f}")
    return escaped(value)
