"""A page by itself: one file of HTML that asks for nothing from any network, and runs no script but its own.

>>> text = page("two < three", "<p>yes</p>")
>>> "<title>two &lt; three</title>" in text, "default-src 'none'" in text
(True, True)
"""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from .svg import STYLE, Drawing, escaped

SCALES = 0.62, 1.25  # between which a picture stays readable
LAYOUT = """\
*{box-sizing:border-box}
body{margin:0;padding:16px;background:var(--paper);color:var(--ink);\
font:15px/1.45 system-ui,"Segoe UI","Helvetica Neue",Arial,sans-serif}
h1{font-size:20px;margin:0 0 8px}h2{font-size:16px;margin:16px 0 6px}p{margin:6px 0;max-width:75ch}
figure{margin:0;overflow:auto}figure svg{display:block}
pre,code,kbd,.code{font:13px/1.4 ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{background:var(--pale);padding:8px;border-radius:6px;overflow-x:auto;margin:6px 0}
table{border-collapse:collapse;margin:6px 0;display:block;overflow-x:auto}
th,td{padding:3px 10px 3px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
button,input,select{font:inherit;color:inherit;background:var(--pale);border:1px solid var(--line);border-radius:6px;\
padding:4px 10px}
button:disabled{opacity:.45}a{color:var(--plus)}
"""


def page(title: str, body: str, style: str = "", script: str = "", data: Any = None) -> str:
    """The whole text of a page. ``body`` is HTML, its texts escaped; ``data`` is there for the script as
    ``document.getElementById("data").textContent``, JSON. A content security policy lets exactly this style and this
    script in."""
    css = STYLE + LAYOUT + style
    policy = [
        "default-src 'none'", f"style-src {_hash(css)}", f"script-src {_hash(script) if script else repr('none')}",
        "base-uri 'none'", "form-action 'none'",
    ]  # fmt: skip
    lines = [
        "<!DOCTYPE html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(policy)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{escaped(title)}</title>", f"<style>{css}</style>", "</head>", "<body>", body,
    ]  # fmt: skip
    if data is not None:
        lines.append(f'<script type="application/json" id="data">{in_script(data)}</script>')
    if script:
        lines.append(f"<script>{script}</script>")
    return "\n".join([*lines, "</body>", "</html>", ""])


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def in_script(data: Any) -> str:
    """JSON that cannot end the script element it stands in; NaN and infinities must not be within.

    >>> in_script(["</script>"])
    '["\\\\u003c/script>"]'
    """
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def framed(text: str, height: int) -> str:
    """A page within another one, such as a notebook, which can neither style nor touch it."""
    return (
        f'<iframe sandbox="allow-scripts" srcdoc="{escaped(text)}" width="100%" height="{height}" frameborder="0">'
        "</iframe>"
    )


def kept(text: str, path: Any) -> str:
    """The text, also written where a path is given."""
    if path is not None:
        Path(path).write_text(text, encoding="utf-8")
    return text


def _fitted(drawings: list[Drawing]) -> str:
    """Style: pictures side by side where there is room, each as wide as its place, within limits; where one is wider
    still, its place scrolls."""
    rules = ["main{display:flex;flex-wrap:wrap;gap:24px}figure{min-width:0}"]
    for i, drawing in enumerate(drawings, 1):
        least, most = (f"{share * drawing.width:.0f}px" for share in SCALES)
        size = f"width:100%;height:auto;min-width:{least};max-width:{most};margin:0 auto"
        rules.append(f"figure:nth-of-type({i}){{flex:1 1 {least}}}figure:nth-of-type({i}) svg{{{size}}}")
    return "".join(rules)


class Picture:
    """What can be drawn: a subclass has ``title`` and ``drawing()``."""

    title: str

    def drawing(self) -> Drawing:
        """The picture."""
        raise NotImplementedError

    def drawings(self) -> list[Drawing]:
        """The pictures of a page, which stand one below the other where it is narrow."""
        return [self.drawing()]

    def to_svg(self, path: Any = None) -> str:
        """The picture as SVG, in a file too where a path is given."""
        return kept(self.drawing().svg(), path)

    def below(self) -> str:
        """What a page has below the picture, as HTML."""
        return ""

    def to_html(self, path: Any = None) -> str:
        """The picture as a page, in a file too where a path is given."""
        drawings = self.drawings()
        figures = "".join(f"<figure>{d.svg(style=False)}</figure>" for d in drawings)
        return kept(page(self.title, f"<main>{figures}</main>{self.below()}", _fitted(drawings)), path)

    def _repr_html_(self) -> str:
        source = b64encode(self.to_svg().encode()).decode()
        return f'<img alt="{escaped(self.title)}" src="data:image/svg+xml;base64,{source}">'
