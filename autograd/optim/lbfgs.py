"""L-BFGS, for problems whose loss and gradient are the same each time they are asked for: whole data sets, few
parameters. It converges in far fewer evaluations than the rules that look at one gradient at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..backend import effects
from ..modes import enable_grad, no_grad
from ..ops.join import cat
from ..tensor import Tensor
from .optimizer import Optimizer, check_options

__all__ = ["LBFGS"]

ENOUGH, FLAT = 1e-4, 0.9  # the strong Wolfe conditions: how much the loss falls, how much flatter the line becomes
CURVED = 1e-10  # of y . s: less says nothing about the curvature


class LBFGS(Optimizer):
    """Limited-memory BFGS (Nocedal 1980): steps along -H g, where H, the inverse of the Hessian, is known from the last
    ``history_size`` changes of parameters and gradients. ``step(closure)`` takes up to ``max_iter`` such steps, for
    which it calls the closure up to ``max_eval`` times (5 / 4 of max_iter): that clears the gradients, computes the
    loss and runs backward. It ends early where no gradient is above ``tolerance_grad``, or where parameters or loss
    change by less than ``tolerance_change``.

    Steps are of length lr; with ``line_search_fn="strong_wolfe"`` of the length at which the loss has fallen and
    flattened enough (Nocedal and Wright 2006, algorithms 3.5 and 3.6), searched for from lr on.

    >>> from autograd import nn, tensor
    >>> p = nn.Parameter(tensor([-1.0, 1.5]))
    >>> optimizer = LBFGS([p], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(3):
    ...     loss = optimizer.step(closure)
    >>> p.detach()
    tensor([1.0000, 1.0000])
    """

    counts = ()

    def __init__(self, params, lr: float | Tensor = 1, max_iter: int = 20, max_eval: int | None = None,
                 tolerance_grad: float = 1e-7, tolerance_change: float = 1e-9, history_size: int = 100,
                 line_search_fn: str | None = None):  # fmt: skip
        super().__init__(params, {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        })  # fmt: skip

    def _check(self, group: dict[str, Any]) -> None:
        check_options("LBFGS", group)
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        if self.param_groups:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        super().add_param_group(param_group)

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:
        """Take up to ``max_iter`` steps; gives the loss before the first."""
        for tell in effects:
            tell("LBFGS.step(), which asks for the loss as often as it needs,")
        group = self.param_groups[0]
        own = self.state[group["params"][0]]
        own.setdefault("func_evals", 0)
        own.setdefault("n_iter", 0)
        before = _evaluated(closure)
        loss, g = float(before), self._gradient()
        evaluations = 1
        own["func_evals"] += 1
        if _largest(g) <= group["tolerance_grad"]:
            return before
        for n in range(1, group["max_iter"] + 1):
            own["n_iter"] += 1
            d = own["d"] = _direction(own, g, group["history_size"])
            own["prev_flat_grad"], own["prev_loss"] = g, loss
            t = own["t"] = float(group["lr"])
            if own["n_iter"] == 1:
                t = own["t"] = t * min(1.0, 1.0 / g.abs().sum().item())
            slope = g.dot(d).item()
            if slope > -group["tolerance_change"]:
                break
            asked = 0
            if group["line_search_fn"] is not None:
                start = Point(0.0, loss, g, slope)
                found, asked = self._search(closure, start, t, d, group, group["max_eval"] - evaluations)
                t, loss, g, _ = found
                own["t"] = t
                self._move(t, d)
            else:
                self._move(t, d)
                if n < group["max_iter"]:
                    loss, g = float(_evaluated(closure)), self._gradient()
                    asked = 1
            evaluations += asked
            own["func_evals"] += asked
            if (
                evaluations >= group["max_eval"]
                or _largest(g) <= group["tolerance_grad"]
                or _largest(d) * abs(t) <= group["tolerance_change"]
                or abs(loss - own["prev_loss"]) < group["tolerance_change"]
            ):
                break
        return before

    def _gradient(self) -> Tensor:
        """All gradients in a row."""
        params = self.param_groups[0]["params"]
        return cat([p.new_zeros(p.numel()) if p.grad is None else p.grad.reshape(-1) for p in params])

    def _move(self, t: float, d: Tensor) -> None:
        """Every parameter by t times its part of d."""
        start = 0
        for p in self.param_groups[0]["params"]:
            p.add_(d[start : start + p.numel()].view(p.shape), alpha=t)
            start += p.numel()

    def _search(
        self, closure: Callable, start: Point, t: float, d: Tensor, group: dict[str, Any], most: int
    ) -> tuple[Point, int]:
        """The point of the line along d to go to, and how many were looked at."""
        params = group["params"]
        home = [p.clone() for p in params]

        def look(t: float) -> Point:
            self._move(t, d)
            loss, g = float(_evaluated(closure)), self._gradient()
            for p, value in zip(params, home):
                p.copy_(value)
            return Point(t, loss, g, g.dot(d).item())

        return _strong_wolfe(look, start, t, group["tolerance_change"] / _largest(d), most)


def _evaluated(closure: Callable[[], Any]) -> Any:
    with enable_grad():
        return closure()


def _largest(x: Tensor) -> float:
    return x.abs().max().item()


def _direction(own: dict[str, Any], g: Tensor, history_size: int) -> Tensor:
    """-H g by the two loops of Nocedal 1980, after the last change has been added to the history: y of gradients, in
    ``old_dirs``, and s of parameters, in ``old_stps``."""
    if own["n_iter"] == 1:
        own |= {"old_dirs": [], "old_stps": [], "ro": [], "H_diag": 1}
        return -g
    ys, ss, ro = own["old_dirs"], own["old_stps"], own["ro"]
    y, s = g - own["prev_flat_grad"], own["d"] * own["t"]
    curvature = y.dot(s)
    if curvature > CURVED:
        if len(ys) == history_size:
            for history in (ys, ss, ro):
                del history[0]
        ys.append(y)
        ss.append(s)
        ro.append(1.0 / curvature)
        own["H_diag"] = curvature / y.dot(y)
    al = own.setdefault("al", [None] * history_size)
    q = -g
    for i in reversed(range(len(ys))):
        al[i] = ss[i].dot(q) * ro[i]
        q.add_(ys[i], alpha=-al[i].item())
    d = q * own["H_diag"]
    for i in range(len(ys)):
        d.add_(ss[i], alpha=(al[i] - ys[i].dot(d) * ro[i]).item())
    return d


class Point(NamedTuple):
    """A point of the line: how far along, the loss and its gradient there, and its slope along the line."""

    t: float
    loss: float
    gradient: Tensor
    slope: float


def _strong_wolfe(
    look: Callable[[float], Point], start: Point, t: float, narrow: float, most: int
) -> tuple[Point, int]:
    """A point that meets the strong Wolfe conditions, or the lowest of two where the ``most`` looks are used up or less
    than ``narrow`` lies between them; and the number of looks."""

    def fell(p: Point) -> bool:
        return p.loss <= start.loss + ENOUGH * p.t * start.slope

    def flattened(p: Point) -> bool:
        return abs(p.slope) <= -FLAT * start.slope

    previous, new, tries = start, look(t), 0
    while tries < most:  # go on until the point lies between two
        if not fell(new) or (tries > 1 and new.loss >= previous.loss):
            break
        if flattened(new):
            return new, tries + 1
        if new.slope >= 0:
            break
        t = _lowest(previous, new, new.t + 0.01 * (new.t - previous.t), 10 * new.t)
        previous, new, tries = new, look(t), tries + 1
    else:
        previous = start
    ends = [previous, new]
    low, stuck = int(ends[1].loss < ends[0].loss), False
    while tries < most and abs(ends[1].t - ends[0].t) >= narrow:
        t, stuck = _inside(ends[0], ends[1], stuck)
        new, tries = look(t), tries + 1
        if not fell(new) or new.loss >= ends[low].loss:
            ends[1 - low] = new
            low = int(ends[1].loss < ends[0].loss)
            continue
        if flattened(new):
            return new, tries + 1
        if new.slope * (ends[1 - low].t - ends[low].t) >= 0:
            ends[1 - low] = ends[low]
        ends[low] = new
    return ends[low], tries + 1


def _inside(a: Point, b: Point, stuck: bool) -> tuple[float, bool]:
    """Where to look next between two points: not close to either, unless it is the first time in a row."""
    low, high = min(a.t, b.t), max(a.t, b.t)
    t, margin = _lowest(a, b, low, high), 0.1 * (high - low)
    if min(high - t, t - low) >= margin:
        return t, False
    if not stuck and low < t < high:
        return t, True
    return (high - margin if high - t < t - low else low + margin), False


def _lowest(a: Point, b: Point, least: float, most: float) -> float:
    """Where the cubic through two points with their slopes is lowest, within bounds (Nocedal and Wright 2006, 3.59)."""
    if a.t > b.t:
        a, b = b, a
    bend = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = bend * bend - a.slope * b.slope
    if not square >= 0:
        return (least + most) / 2
    root = square**0.5
    t = b.t - (b.t - a.t) * ((b.slope + root - bend) / (b.slope - a.slope + 2 * root))
    return min(max(t, least), most)
