"""Arrays as heat maps: a cell a number, blue above 0, orange below, with the number itself where there is room.

>>> import numpy as np
>>> heat(np.array([[1.0, -2.0]]), "g").svg(style=False).count("<rect")
2
"""

from __future__ import annotations

import numpy as np

from .svg import Drawing, number, width_of

MOST = 16  # cells of a side; of longer ones every n-th is shown
ROOMY = 6  # columns up to which cells hold their number
WIDE, NARROW, TALL, TOP = 54.0, 13.0, 22.0, 22.0


def heat(values: np.ndarray, title: str) -> Drawing:
    """The last dim to the right, all others downwards."""
    table = np.asarray(values, float).reshape(-1, values.shape[-1] if values.ndim else 1)
    step = [max(1, -(-n // MOST)) for n in table.shape]
    shown = table[:: step[0], :: step[1]]
    roomy = shown.shape[1] <= ROOMY
    w, h = (WIDE, TALL) if roomy else (NARROW, NARROW)
    finite = np.abs(table[np.isfinite(table)])
    largest = float(finite.max()) if finite.size and finite.max() else 1.0
    left_out = "" if max(step) == 1 else f", every {step[0]}th row and {step[1]}th column"
    text = f"{title} {list(values.shape)}{left_out}" if values.ndim else title
    d = Drawing(max(w * shown.shape[1] + 2, width_of(text) + 8), TOP + h * shown.shape[0] + 2, text)
    d.write(1, 14, text, "small")
    for i, row in enumerate(shown):
        for j, v in enumerate(row):
            kind = "bad" if not np.isfinite(v) else "plus" if v >= 0 else "minus"
            share = 0.6 if not np.isfinite(v) else 0.04 + 0.75 * min(abs(v) / largest, 1.0)
            x, y = 1 + w * j, TOP + h * i
            d.add("rect", x=x, y=y, width=w - 1, height=h - 1, kind=kind, fill_opacity=share,
                  tip=number(v, 6) if roomy else "")  # fmt: skip
            if roomy:
                d.write(x + w / 2, y + h / 2 + 4, number(v), "small middle")
    return d
