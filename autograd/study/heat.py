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
WIDE, NARROW, TALL, TOP, GAP, NOTE = 40.0, 13.0, 22.0, 22.0, 7.0, 20.0


def heat(values: np.ndarray, title: str) -> Drawing:
    """The last dim to the right, all others downwards, with a gap between matrices. Where cells are left out, a dashed
    frame and a line below say so."""
    table = np.asarray(values, float).reshape(-1, values.shape[-1] if values.ndim else 1)
    step = [max(1, -(-n // MOST)) for n in table.shape]
    shown = table[:: step[0], :: step[1]]
    roomy = shown.shape[1] <= ROOMY
    w, h = (max([WIDE, *[width_of(number(v), 11) + 8 for v in shown.flat]]), TALL) if roomy else (NARROW, NARROW)
    finite = np.abs(table[np.isfinite(table)])
    largest = float(finite.max()) if finite.size and finite.max() else 1.0
    each = values.shape[-2] if values.ndim > 2 else len(table)  # rows of a matrix
    tops = [TOP + h * i + GAP * (i * step[0] // each) for i in range(len(shown))]
    text = f"{title} {list(values.shape)}" if values.ndim else title
    notes = _left_out(table.shape, step)
    width = max(w * shown.shape[1] + 2, width_of(text) + 8, width_of(notes, 11) + 8)
    bottom = (tops[-1] if tops else TOP) + h
    d = Drawing(width, bottom + 2 + (NOTE if notes else 0), text)
    d.write(1, 14, text, "small")
    for y, row in zip(tops, shown):
        for j, v in enumerate(row):
            kind = "bad" if not np.isfinite(v) else "plus" if v >= 0 else "minus"
            share = 0.6 if not np.isfinite(v) else 0.04 + 0.75 * min(abs(v) / largest, 1.0)
            x = 1 + w * j
            d.add("rect", x=x, y=y, width=w - 1, height=h - 1, kind=kind, fill_opacity=share,
                  tip=number(v, 6) if roomy else "")  # fmt: skip
            if roomy:
                d.write(x + w / 2, y + h / 2 + 4, number(v), "small middle")
    if notes:
        d.add(
            "rect", x=0.5, y=TOP - 1.5, width=w * shown.shape[1] + 1, height=bottom - TOP + 1.5, kind="mark-line dashed"
        )
        d.write(1, bottom + 15, notes, "small mark")
    return d


def _left_out(shape: tuple[int, ...], step: list[int]) -> str:
    """Which rows and columns of a table are shown, "" where all are.

    >>> _left_out((64, 9), [4, 1]), _left_out((3, 40), [1, 3])
    ('shown: 16 of 64 rows, every 4th', 'shown: 14 of 40 columns, every 3rd')
    """
    parts = [
        f"{-(-n // k)} of {n:,} {what}, every {k}{'nd' if k == 2 else 'rd' if k == 3 else 'th'}"
        for n, k, what in zip(shape, step, ("rows", "columns"))
        if k > 1
    ]
    return "shown: " + "; ".join(parts) if parts else ""
