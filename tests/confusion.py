"""How well autograd.study.check_by_hand names mistakes: each usual one is made in the gradients of every op row and of
four nets. ``python tests/confusion.py`` writes the table to docs/by-hand.md.
"""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from opdb import DIFFERENTIABLE, outputs_of
from support import leaves, random_gradients

import autograd
from autograd import nn, ones, study, tensor
from autograd.nn import functional as F
from autograd.study.by_hand import _checked
from autograd.study.mistakes import KINDS, close
from autograd.study.recording import unbroadcast
from autograd.study.rounding import is_zero

PAGE = Path(__file__).parent.parent / "docs" / "by-hand.md"
MADE = [kind for kind in KINDS if kind not in ("nothing", "not finite")]
OTHER = "anything else"  # numbers at random, of which nothing is to be said


# what losses send where the target is not subtracted
ALONE = {
    "MseLoss": lambda x: 2 * x,
    "BceWithLogits": lambda x: 1 / (1 + np.exp(-x)),
    "BinaryCrossEntropy": lambda x: 1 / (1 - x),
}


def of_ops(samples, rows=DIFFERENTIABLE):
    """A loss of each op row's first smooth samples, and its leaves."""
    for row in rows:
        shown = 0
        for sample in row.made("float32"):
            if not sample.smooth or shown == samples:
                continue
            args, kwargs, wanted = leaves(row, sample)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                outputs = outputs_of(row.function(autograd)(*args, **kwargs))
            ys = [y for y in outputs if getattr(y, "requires_grad", False)]
            if ys and all(w.numel() for w in wanted):
                shown += 1
                loss = sum((y * w).sum() for y, w in zip(ys, random_gradients(ys)))
                yield row.name, loss, list(dict.fromkeys(wanted))


class Attention(nn.Module):
    """A transformer's layer on words from a table."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.norm = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4), nn.LayerNorm(4)
        self.words = nn.Embedding(6, 4)

    def forward(self, words):
        x = self.words(words)
        shares = (self.query(x) @ self.key(x).mT / 2).softmax(-1)
        return self.norm(x + shares @ self.value(x)).mean(1)


def of_nets():
    """A loss of four nets, and their parameters."""
    x, image = autograd.randn(6, 5), autograd.randn(3, 2, 6, 6)
    words = tensor([[0, 1, 2, 3, 1], [4, 4, 0, 2, 1], [3, 1, 5, 0, 0]])
    mlp = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3), nn.ReLU(), nn.Linear(3, 2))
    norms = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Sigmoid(), nn.Linear(8, 2))
    cnn = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3))
    yield "MLP", F.cross_entropy(mlp(x), tensor([0, 1, 1, 0, 1, 0])), list(mlp.parameters())
    yield "batch norm", F.mse_loss(norms(x), ones(6, 2)), list(norms.parameters())
    yield "CNN", F.cross_entropy(cnn(image), tensor([2, 0, 1])), list(cnn.parameters())
    attention = Attention()
    yield "attention", F.cross_entropy(attention(words), tensor([3, 0, 1])), list(attention.parameters())


def mistaken(target, right, others):
    """(kind, gradient) for each mistake that can be made in the gradient of a leaf; ``others`` are those of others."""
    uses = [(user, i, user.left[i]) for user, i in target.used_by if user.left is not None and user.left[i] is not None]
    parts = [unbroadcast(g, right.shape) for _, _, g in uses]
    yield OTHER, np.random.default_rng(71).standard_normal(right.shape).astype(right.dtype) * (1 + np.abs(right).max())
    yield "shape", np.ones((2, *right.shape), right.dtype)
    if right.any():
        yield "zero", np.zeros_like(right)
    if right.ndim > 1:
        yield "transposed", np.swapaxes(right, -1, -2)
        yield "transposed", -np.swapaxes(right, -1, -2)
    for other in others:
        if other.any():
            yield "swapped", other
    yield "sign", -right
    yield "factor", right * -2
    for n in {max(right.shape, default=1), right.size, *[g.size for _, _, g in uses]} - {0, 1}:
        yield "factor", right * np.float32(n)
        yield "factor", right / np.float32(n)
    for (user, i, g), part in zip(uses, parts):
        arrived = user.arrived[0] if len(user.arrived) == 1 else None
        rest = right - part
        if g.shape != right.shape:
            yield "not summed", g + rest
        if user.op.__name__ == "Linear" and user.inputs[i].name == "bias" and arrived.ndim > 1:
            yield "not summed", arrived + rest
        if len(uses) > 1:
            yield "accumulation", rest
        if arrived is not None and arrived.shape == part.shape and user.op.__name__ != "Linear":
            yield "local factor", arrived + rest
        for kind, wrong in at_the_step(user, i, arrived):
            yield kind, wrong + rest


def at_the_step(user, i, g):
    """(kind, gradient) for mistakes in what single ops send, from their definitions."""
    name, saved = user.op.__name__, {s.name: s.values for s in user.saved}
    if name == "Linear" and g.ndim == 2 and len(g) > 1 and user.inputs[i].name != "x":
        yield "one row", g[-1] if user.inputs[i].name == "bias" else np.outer(g[-1], saved["x"][-1])
    if name == "Embedding":
        table = np.zeros(user.inputs[i].shape, g.dtype)
        table[saved["index"]] = g
        yield "overwritten", table
    if name == "Softmax":
        yield "statistics", g * saved["y"]
    if name.endswith("LayerNorm") and user.inputs[i].name == "x":
        n, (rows, width) = user.params["eps"], user.params["rows"]
        x = saved["x"].reshape(rows, width)
        h = (g * saved.get("weight", np.float32(1))).reshape(rows, width)
        yield "statistics", (h / np.sqrt(x.var(1, keepdims=True) + n)).reshape(g.shape)
    if name in ALONE and user.inputs[i].name == "x":
        yield "target", (g * user.params.get("scale", 1) * ALONE[name](saved["x"])).astype(g.dtype)
    if name == "CrossEntropy" and not user.params["smoothing"] and user.inputs[i].shape == (len(saved["target"]), 3):
        e = np.exp(saved["x"] - saved["x"].max(1, keepdims=True))
        each = g if user.params["reduction"] != 1 else g / (saved["target"] != user.params["ignore_index"]).sum()
        used = (saved["target"] != user.params["ignore_index"])[:, None]
        yield "target", np.where(used, e / e.sum(1, keepdims=True) * each.reshape(-1, 1), 0).astype(g.dtype)


def matrix(samples=2, rows=DIFFERENTIABLE):
    """(rows, alarms): by the kind that was made, how often each was named; and how many right gradients were called
    wrong, of how many."""
    table = {kind: Counter() for kind in (*MADE, OTHER)}
    wrong = right = 0
    for losses in (of_ops(samples, rows), of_nets()):
        autograd.manual_seed(0)
        for _, loss, wanted in losses:
            found = study.record(loss)
            for w in wanted:
                at = found.target(w)
                if at is None or at[0].gradient is None:
                    continue
                g = at[0].gradient
                right += 1
                wrong += _checked(found, w, g).verdict != "exact"
                if not np.isfinite(g).all() or is_zero(found, at[0], 0):
                    continue
                others = [leaf.gradient for leaf in found.leaves if leaf is not at[0] and leaf.gradient is not None]
                for kind, given in mistaken(at[0], g, others):
                    if (given.shape == g.shape and close(given, g, 1e-4)) or not np.isfinite(given).all():
                        continue
                    table[kind]["made"] += 1
                    named = [m.kind for m in _checked(found, w, given).mistakes] or [OTHER]
                    table[kind].update(named)
                    table[kind]["right"] += kind in named
                    table[kind]["alone"] += named == [kind]
    return table, wrong, right


def page(table, wrong, right) -> str:
    columns = [*MADE, OTHER]
    made, found = (sum(c[k] for c in table.values()) for k in ("made", "right"))
    lines = [
        "# Gradients by hand", "",
        "`study.check_by_hand` names the kind of a mistake. Here each usual mistake was made in the gradients of",
        "every op row and of four nets (an MLP, one with batch norm, a CNN, attention): a row is the mistake that was",
        "made, a column what it was called. Where several mistakes give the same numbers, all of them are named, so",
        f"that a row may add up to more than was made. *{OTHER.capitalize()}* is random numbers, which are to get no",
        "name. Written by `python tests/confusion.py`.", "",
        f"{found:,} of {made:,} mistakes are named rightly ({found / made:.1%}); {wrong} of {right:,} right",
        "gradients are called wrong.", "",
        "| made | times | named rightly | alone | " + " | ".join(columns) + " |",
        "|---|--:|--:|--:|" + "--:|" * len(columns),
    ]  # fmt: skip
    for kind, c in table.items():
        share = f"{c['right'] / max(c['made'], 1):.1%}"
        lines.append(
            f"| {kind} | {c['made']} | {share} | {c['alone']} | " + " | ".join(str(c[k]) for k in columns) + " |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(*matrix()), encoding="utf-8")
