"""Exercises in backpropagation by hand, from a product to attention, with solutions.

>>> first = exercises()[0]
>>> print(first)
1. A product: c = a * b, L = c
<BLANKLINE>
def forward(a, b):
    return a * b
<BLANKLINE>
values: a a number, b a number
Give the gradients of a, b as a dict of arrays to check(); solution() and solution_source give them away.
>>> v = first.values
>>> print(first.check({"a": v["b"], "b": -v["a"]}))
1 of 2 gradients right
<BLANKLINE>
a
  exact      within 4 units in the last place
<BLANKLINE>
b
  wrong      sign: its sign is turned
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from textwrap import dedent
from typing import Any

import numpy as np

from ..data import tensor
from ..tensor import Tensor
from .by_hand import Checks, graded
from .formulas import shape
from .recording import LeafRecord, record

Values = dict[str, np.ndarray]
_all: list[Exercise] = []


class Exercise:
    """A forward pass whose gradients are to be found.

    ``values`` are the numbers, by name; ``wanted`` the names whose gradients are asked for; ``forward_source`` and
    ``solution_source`` show the code; ``check`` grades gradients and ``solution()`` gives them.
    """

    def __init__(self, title: str, values: Values, forward: Callable, solution: Callable, constants: tuple[str, ...]):
        self.number = len(_all) + 1
        self.title, self.values, self._forward, self._solution = title, values, forward, solution
        self.wanted = [name for name in values if name not in constants]

    @property
    def forward_source(self) -> str:
        """The forward as code."""
        return _source(self._forward)

    @property
    def solution_source(self) -> str:
        """The solution as code."""
        return _source(self._solution)

    def loss(self) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss by the engine, and the tensors by name."""
        given = {n: tensor(v, requires_grad=n in self.wanted) for n, v in self.values.items()}
        return self._forward(**given), given

    def check(self, gradients: Mapping[str, Any]) -> Checks:
        """Grade gradients by name, see :func:`autograd.study.check_by_hand`; one that is not given is wrong."""
        if not isinstance(gradients, Mapping):
            example = {name: "..." for name in self.wanted}
            raise TypeError(
                f"check: gradients are wanted by name, such as {example}, not as {type(gradients).__name__}"
            )
        if unknown := set(gradients) - set(self.wanted):
            raise KeyError(f"{sorted(unknown)[0]!r} is not asked for; wanted are {', '.join(self.wanted)}")
        loss, given = self.loss()
        found = record(loss)
        for name in self.wanted:
            leaf, _ = found.target(given[name]) or (None, 0)
            assert isinstance(leaf, LeafRecord)
            leaf.name = name
        return graded(found, {name: gradients.get(name) for name in self.wanted})

    def solution(self) -> Values:
        """The gradients, worked out by hand."""
        return self._solution(**self.values)

    def __str__(self) -> str:
        shapes = ", ".join(f"{n} {shape(v.shape) if v.shape else 'a number'}" for n, v in self.values.items())
        task = f"Give the gradients of {', '.join(self.wanted)} as a dict of arrays to check()"
        given_away = "solution() and solution_source give them away"
        return f"{self.number}. {self.title}\n\n{self.forward_source}\nvalues: {shapes}\n{task}; {given_away}."

    def __repr__(self) -> str:
        return f"<Exercise {self.number}: {self.title}>"


def _source(function: Callable) -> str:
    """The code of a static method."""
    return dedent(inspect.getsource(function)).removeprefix("@staticmethod\n")


def exercises() -> list[Exercise]:
    """All exercises, the easiest first."""
    return list(_all)


def exercise(title: str, constants: tuple[str, ...] = (), **shapes: Any) -> Callable:
    """Makes an exercise of a class with the static methods ``forward`` and ``solution``; each value is drawn in a
    shape, or given by an array."""

    def made(pair: Any) -> Any:
        rng = np.random.default_rng(len(_all))
        values = {
            n: s if isinstance(s, np.ndarray) else np.asarray(rng.standard_normal(s), np.float32)
            for n, s in shapes.items()
        }
        _all.append(Exercise(title, values, pair.forward, pair.solution, constants))
        return pair

    return made


@exercise("A product: c = a * b, L = c", a=(), b=())
class Product:
    @staticmethod
    def forward(a, b):
        return a * b

    @staticmethod
    def solution(a, b):
        return {"a": b, "b": a}


@exercise("A value used twice: L = a * b + a", a=(), b=())
class UsedTwice:
    @staticmethod
    def forward(a, b):
        return a * b + a

    @staticmethod
    def solution(a, b):
        return {"a": b + 1, "b": a}  # the gradients of both uses of a add


@exercise("A chain: L = sum(tanh(x) ** 2)", x=(4,))
class Chain:
    @staticmethod
    def forward(x):
        return (x.tanh() ** 2).sum()

    @staticmethod
    def solution(x):
        y = np.tanh(x)
        dy = 2 * y
        return {"x": dy * (1 - y * y)}


@exercise("Broadcasting: L = sum((x + b) * x), b a row", x=(5, 3), b=(3,))
class Broadcast:
    @staticmethod
    def forward(x, b):
        return ((x + b) * x).sum()

    @staticmethod
    def solution(x, b):
        return {"x": 2 * x + b, "b": x.sum(0)}  # b stands in every row, so its gradient is a sum over rows


@exercise("A linear layer and the mean of squares", ("x",), x=(6, 4), w=(3, 4), b=(3,))
class LinearLayer:
    @staticmethod
    def forward(x, w, b):
        return ((x @ w.T + b) ** 2).mean()

    @staticmethod
    def solution(x, w, b):
        y = x @ w.T + b
        dy = 2 * y / y.size
        return {"w": dy.T @ x, "b": dy.sum(0)}


@exercise("A hidden layer with ReLU", ("x",), x=(6, 4), w1=(5, 4), b1=(5,), w2=(1, 5))
class Hidden:
    @staticmethod
    def forward(x, w1, b1, w2):
        h = (x @ w1.T + b1).relu()
        return (h @ w2.T).mean()

    @staticmethod
    def solution(x, w1, b1, w2):
        z = x @ w1.T + b1
        h = np.maximum(z, 0)
        dy = np.full((len(x), 1), 1 / len(x), x.dtype)
        dz = (dy @ w2) * (z > 0)
        return {"w1": dz.T @ x, "b1": dz.sum(0), "w2": dy.T @ h}


@exercise("Softmax of a row: L = sum(c * softmax(x))", ("c",), x=(3, 5), c=(3, 5))
class SoftmaxRow:
    @staticmethod
    def forward(x, c):
        return (x.softmax(1) * c).sum()

    @staticmethod
    def solution(x, c):
        e = np.exp(x - x.max(1, keepdims=True))
        y = e / e.sum(1, keepdims=True)
        return {"x": y * (c - (c * y).sum(1, keepdims=True))}


@exercise("Cross-entropy of logits", ("target",), x=(6, 3), target=np.array([0, 2, 1, 1, 0, 2]))
class CrossEntropy:
    @staticmethod
    def forward(x, target):
        from autograd.nn.functional import cross_entropy

        return cross_entropy(x, target)

    @staticmethod
    def solution(x, target):
        e = np.exp(x - x.max(1, keepdims=True))
        p = e / e.sum(1, keepdims=True)
        p[np.arange(len(x)), target] -= 1  # the probabilities, less 1 where the target is
        return {"x": p / len(x)}


@exercise("Batch norm in training: L = sum(c * batch_norm(x))", ("c",), x=(8, 3), gamma=(3,), beta=(3,), c=(8, 3))
class BatchNorm:
    @staticmethod
    def forward(x, gamma, beta, c):
        d = x - x.mean(0)
        z = d / ((d * d).mean(0) + 1e-5).sqrt()
        return ((z * gamma + beta) * c).sum()

    @staticmethod
    def solution(x, gamma, beta, c):
        d = x - x.mean(0)
        rstd = 1 / np.sqrt((d * d).mean(0) + 1e-5)
        z = d * rstd
        h = c * gamma  # the gradient of z; mean and variance depend on all of x
        dx = rstd * (h - h.mean(0) - z * (h * z).mean(0))
        return {"x": dx, "gamma": (c * z).sum(0), "beta": c.sum(0)}


@exercise("An embedding: L = sum(c * table[index])", ("index", "c"), table=(4, 3), index=np.array([1, 3, 1]), c=(3, 3))
class Embedding:
    @staticmethod
    def forward(table, index, c):
        return (table[index] * c).sum()

    @staticmethod
    def solution(table, index, c):
        d = np.zeros_like(table)
        np.add.at(d, index, c)  # a row that is taken twice gets both gradients
        return {"table": d}


@exercise("Attention: L = sum(c * softmax(q k^T / 2) v)", ("c",), q=(3, 4), k=(5, 4), v=(5, 2), c=(3, 2))
class Attention:
    @staticmethod
    def forward(q, k, v, c):
        return (((q @ k.T / 2).softmax(1) @ v) * c).sum()

    @staticmethod
    def solution(q, k, v, c):
        scores = q @ k.T / 2
        e = np.exp(scores - scores.max(1, keepdims=True))
        a = e / e.sum(1, keepdims=True)
        da = c @ v.T
        ds = a * (da - (da * a).sum(1, keepdims=True)) / 2
        return {"q": ds @ k, "k": ds.T @ q, "v": a.T @ c}
