"""``study.memory(step)``: the bytes that tensors take, kernel call by kernel call, and what holds them.

>>> from autograd import nn, ones
>>> net, x = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 1)), ones(32, 8)
>>> found = memory(lambda: net(x).sum().backward())
>>> [(h.what, h.bytes) for h in found.holders if h.what.startswith("saved by tanh")]
[('saved by tanh, module 1', 8192)]
"""

from __future__ import annotations

import gc
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, NamedTuple
from weakref import ref

from .. import optim
from ..backend import observe
from ..backprop import run_backward
from ..graph import Leaf, Node
from ..storage import Storage, tick
from ..tensor import Tensor
from . import tracing
from .graph_tree import name_of
from .page import Picture, kept
from .svg import Drawing, escaped, shortened, width_of
from .timing import amount

KINDS = {
    "parameters": "soft", "held": "line-fill", "optimizer's state": "good", "earlier graphs": "bad",
    "gradients": "minus", "saved for backward": "mark", "temporaries": "plus",
}  # fmt: skip
SAVED, STAYING = "saved for backward", ("parameters", "gradients", "optimizer's state")
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 640.0, 200.0, 76.0, 66.0, 24.0, 34.0
LISTED = 8
_OPTIM = os.path.dirname(optim.__file__) + os.sep


class Owner(NamedTuple):
    """What holds a block: the kind, in words, and where it was recorded."""

    kind: str
    what: str
    where: str = ""


DATA, KEPT = Owner("held", "held before: data"), Owner("held", "made in the step, and held on")
TEMPORARY, GRADIENTS = Owner("temporaries", "temporaries"), Owner("gradients", "gradients")
SPARE = Owner("held", "kept by zero_grad() for the next gradients")


@dataclass
class Moment:
    """After one kernel call: its name, the phase (forward, backward, optimizer), and the bytes by what holds them."""

    kernel: str
    phase: str
    bytes: dict[str, int]

    @property
    def total(self) -> int:
        """All bytes."""
        return sum(self.bytes.values())


@dataclass
class Holder:
    """What holds memory at the peak, how many bytes, and the line of the user's code that recorded it, if known."""

    what: str
    bytes: int
    where: str = ""


@dataclass
class Memory(Picture):
    """What :func:`memory` found: ``moments``, and the ``holders`` at the ``peak``, the largest first. ``beside(other)``
    draws several, one below the other, on one scale."""

    moments: list[Moment]
    holders: list[Holder]
    title: str = "Live bytes through a step"
    others: list[Memory] = field(default_factory=list)

    @property
    def peak(self) -> Moment:
        """The moment with the most bytes; the first, if several have."""
        return max(self.moments, key=lambda m: m.total)

    def beside(self, *others: Memory, titles: tuple[str, ...] = ("before", "after")) -> Memory:
        """This one and others in one picture."""
        shown = [Memory(m.moments, m.holders, title) for m, title in zip((self, *others), titles, strict=True)]
        return Memory([], [], "Live bytes: " + ", ".join(titles), shown)

    def drawing(self) -> Drawing:
        """The picture, as ``to_svg`` writes it."""
        shown = self.others or [self]
        top = max(m.peak.total for m in shown)
        each = TOP + HEIGHT + BOTTOM
        d = Drawing(LEFT + WIDTH + RIGHT, each * len(shown) + 50, self.title)
        for i, m in enumerate(shown):
            d.place(_panel(m, top), 0, each * i)
        _legend(d, {kind for m in shown for moment in m.moments for kind, n in moment.bytes.items() if n})
        return d

    def to_text(self, path: Any = None) -> str:
        """The peak, and what holds the memory there, as a table."""
        return kept("\n\n".join(_table(m) for m in self.others or [self]), path)

    def below(self) -> str:
        """The table."""
        return f"<pre>{escaped(self.to_text())}</pre>"

    def __str__(self) -> str:
        return self.to_text()


def memory(step: Callable[[], Any]) -> Memory:
    """Call ``step`` once, a function that runs a forward and a backward, perhaps an optimizer's step, and see after
    each kernel call which tensors are alive.

    ``print`` shows the peak and what holds it; ``to_svg``, ``to_html``, ``to_text`` give text and write it where a path
    is given. Two steps, such as one with and one without ``utils.checkpoint``, are compared by
    ``memory(a).beside(memory(b), titles=("plain", "checkpoint"))``.

    Counted are the blocks of tensors, once each: those of parameters, of gradients (``.grad``) and of optimizers, what
    nodes of earlier graphs saved that are still alive, what else was there before the call or stays after it (data,
    results), what ``zero_grad()`` keeps for the next gradients, what nodes saved for backward, and the rest, which will
    soon be gone. What a kernel has just made is counted as what it becomes, so a gradient is one before it has arrived
    at its ``.grad``.
    """
    if not callable(step):
        raise TypeError(f"memory() calls a function that runs a step, got {type(step).__name__}: memory(lambda: ...)")
    gc.collect()
    watch = _Watch()
    tracing.start()
    try:
        with observe(watch):
            step()
    finally:
        tracing.stop()
    if not watch.looks:
        raise ValueError("the step called no kernel: give a function that runs the forward and the backward")
    return watch.found()


class _Block:
    """A block of memory: its bytes, and as what it is booked where nothing holds it yet."""

    def __init__(self, memory: Any, size: int):
        self.memory, self.size = ref(memory), size
        self.became = TEMPORARY


class _Watch:
    """Observes the seam. Nothing is patched, and no gradient is held: that would keep backward from writing over it."""

    def __init__(self) -> None:
        self._known: dict[int, _Block] = {}
        self._began = tick()
        objects = _objects()
        blocks = self._blocks(objects)
        self._before = set(blocks.values())
        turning = {blocks.get(storage) for storage, owner in _of_leaves(objects)}  # into gradients again, or gone
        self._data = self._before - turning
        self.looks: list[tuple[str, str, Counter[Owner], list[_Block]]] = []

    def __call__(self, kernel: str, args: tuple, kwargs: dict) -> Callable[[], None]:
        return lambda: self._look(kernel)

    def _look(self, kernel: str) -> None:
        owned, loose = self._owned()
        sums: Counter[Owner] = Counter()
        for block, owner in owned.items():
            sums[owner] += block.size
        self.looks.append((kernel, _phase(), sums, loose))

    def _owned(self) -> tuple[dict[_Block, Owner], list[_Block]]:
        """What holds each block that is alive, and the blocks that nothing holds yet."""
        objects = _objects()
        blocks = self._blocks(objects)
        owned: dict[_Block, Owner] = {}
        for storage, owner in _owners(objects, self._began):
            block = blocks.get(storage)
            if block is None or (owner.kind == SAVED and block in self._data):
                continue
            owned.setdefault(block, owner)
            if owner.kind in STAYING:
                block.became = owned[block]
        for block in self._data.intersection(blocks.values()):
            owned.setdefault(block, DATA)
        return owned, [block for block in blocks.values() if block not in owned]

    def _blocks(self, objects: list) -> dict[int, _Block]:
        """The blocks that are alive, by the storages' identities. That of a storage may be one's that is gone: what
        tells is its memory."""
        found: dict[int, _Block] = {}
        for o in objects:
            if isinstance(o, Storage):
                memory = o._numpy if o.ptr is None else o.ptr
                block = self._known.get(id(o))
                found[id(o)] = block if block and block.memory() is memory else _Block(memory, o.layout.nbytes)
        self._known = found
        return found

    def found(self) -> Memory:
        """What the step did, what was on its way to a place booked as what it became there."""
        for block in self._owned()[1]:
            block.became = DATA if block in self._before else KEPT
        moments, holders, most = [], [], -1
        for kernel, phase, sums, loose in self.looks:
            for block in loose:
                sums[block.became] += block.size
            kinds = dict.fromkeys(KINDS, 0)
            for owner, size in sums.items():
                kinds[owner.kind] += size
            moments.append(Moment(kernel, phase, kinds))
            if moments[-1].total > most:
                most = moments[-1].total
                holders = [Holder(owner.what, size, owner.where) for owner, size in sums.most_common() if size]
        return Memory(moments, holders)


def _with_subclasses(kind: type) -> set[type]:
    return {kind}.union(*map(_with_subclasses, kind.__subclasses__()))


def _objects() -> list:
    """All that holds memory. No loop of Python's: there may be a million objects, of which a few hundred count."""
    from ..nn.parameter import Parameter

    kinds = {Node, Leaf}.union(*map(_with_subclasses, (Storage, Parameter, optim.Optimizer)))
    objects = gc.get_objects()
    return list(compress(objects, map(kinds.__contains__, map(type, objects))))


def _owners(objects: list, began: int) -> list[tuple[int, Owner]]:
    """What holds which storage; who comes first has it."""
    parameters, states, nodes = [], [], []
    for o in objects:
        kind = type(o)
        if kind is Node:
            nodes.append(o)
        elif isinstance(o, optim.Optimizer):
            for t in _tensors(o._state):
                states.append((id(t._array.storage), Owner("optimizer's state", f"state of {kind.__name__}")))
        elif not isinstance(o, (Storage, Leaf)):
            parameters.append((id(o._array.storage), Owner("parameters", "parameters")))
    return parameters + _of_leaves(objects) + states + _savers(nodes, began)


def _of_leaves(objects: list) -> list[tuple[int, Owner]]:
    """The gradients that leaves have, and the memory of forgotten ones that they keep."""
    found = []
    for leaf in objects:
        if type(leaf) is Leaf:
            for g, owner in ((leaf.held, GRADIENTS), (leaf.spare, SPARE)):
                if g is not None:
                    found.append((id(g._array.storage if isinstance(g, Tensor) else g.storage), owner))
    return found


def _savers(nodes: list[Node], began: int) -> list[tuple[int, Owner]]:
    """Which nodes saved which storage, in the order in which they were made, those made before ``began`` for earlier
    graphs."""
    found = []
    for node in sorted(nodes, key=lambda node: node.seq):
        where = f"{node.where.filename}:{node.where.line}" if node.where else ""
        module = f", module {node.where.module}" if node.where and node.where.module else ""
        by = Owner(SAVED, f"saved by {name_of(node.op)}{module}", where)
        earlier = Owner("earlier graphs", f"an earlier graph, {by.what}", where)
        for k, a in enumerate(node.saved or ()):
            if a is not None and (node.seq > began or not _given(node, k)):
                found.append((id(a.storage), by if node.seq > began else earlier))
    return found


def _given(node: Node, k: int) -> bool:
    """Whether what a node saved at place k is data or a leaf, which the graph does not keep alive alone."""
    names, inputs = node.op.saves, node.op.inputs
    if k >= len(names) or names[k] not in inputs:
        return False
    i = inputs.index(names[k])
    return i < len(node.edges) and type(node.edges[i]) in (Leaf, type(None))


def _tensors(state: Any) -> Iterator[Tensor]:
    """The tensors of an optimizer's state, whose values may be dicts and lists."""
    stack = list(state.values())
    while stack:
        value = stack.pop()
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, dict | list | tuple):
            stack += value.values() if isinstance(value, dict) else value


def _phase() -> str:
    """What calls a kernel: the forward, backward or an optimizer."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        if frame.f_code is run_backward.__code__:
            return "backward"
        if frame.f_code.co_filename.startswith(_OPTIM):
            return "optimizer"
        frame = frame.f_back
    return "forward"


# --- showing ----------------------------------------------------------------------------------------------------------


def _table(m: Memory) -> str:
    peak, first = m.peak, m.moments.index(m.peak) + 1
    lines = [
        m.title,
        f"peak {amount(peak.total)} at kernel {first:,} of {len(m.moments):,}: {peak.kernel}, {peak.phase}",
    ]
    for holder in m.holders[:LISTED]:
        lines.append(f"{amount(holder.bytes):>10}  {holder.what}" + (f" at {holder.where}" if holder.where else ""))
    if rest := m.holders[LISTED:]:
        lines.append(f"{amount(sum(h.bytes for h in rest)):>10}  in {len(rest):,} more places")
    return "\n".join([*lines, f"{amount(m.moments[-1].total):>10}  after the last kernel"])


def _legend(d: Drawing, occurring: set[str]) -> None:
    """The colours of these kinds, in two rows where one has no room for them."""
    x, y = LEFT, d.height - 44
    for kind, color in KINDS.items():
        wide = width_of(kind, 11) + 28
        if kind in occurring:
            x, y = (LEFT, y + 20) if x + wide > d.width else (x, y)
            d.add("rect", x=x, y=y, width=12, height=12, kind=color)
            d.write(x + 17, y + 10, kind, "small")
            x += wide


def _panel(m: Memory, top: int) -> Drawing:
    """The course of one step: areas on top of one another, ``top`` bytes high."""
    d = Drawing(LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM, m.title)
    d.write(16, 24, shortened(m.title, 60), "title", tip=m.title)
    count = len(m.moments)

    def x(k: float) -> float:
        return LEFT + WIDTH * k / count

    def y(n: float) -> float:
        return TOP + HEIGHT * (1 - n / max(top, 1))

    for share in (0, 0.5, 1):
        d.add("line", x1=LEFT, y1=y(share * top), x2=LEFT + WIDTH, y2=y(share * top), kind="axis")
        d.write(LEFT - 8, y(share * top) + 4, amount(share * top), "end small soft")
    base = [0] * count
    for kind, color in KINDS.items():
        above = [b + moment.bytes[kind] for b, moment in zip(base, m.moments)]
        if above != base:
            outline = [(x(k + s), y(above[k])) for k in range(count) for s in (0, 1)]
            outline += [(x(k + s), y(base[k])) for k in reversed(range(count)) for s in (1, 0)]
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in outline)
            d.add("polygon", points=points, kind=color, fill_opacity=0.75, tip=kind)
        base = above
    _phases(d, m, x)
    peak = m.peak
    k = m.moments.index(peak)
    d.add("circle", cx=x(k + 0.5), cy=y(peak.total), r=3.5, kind="bad")
    side = "" if k < count / 2 else "end "
    d.write(x(k + 0.5) + (8 if not side else -8), y(peak.total) - 7,
            f"peak {amount(peak.total)}: {shortened(peak.kernel, 20)}", f"{side}small strong")  # fmt: skip
    return d


def _phases(d: Drawing, m: Memory, x: Callable[[float], float]) -> None:
    """Names of the phases below the axis, and lines between them."""
    start = 0
    for k in range(1, len(m.moments) + 1):
        if k == len(m.moments) or m.moments[k].phase != m.moments[start].phase:
            if start:
                d.add("line", x1=x(start), y1=TOP - 4, x2=x(start), y2=TOP + HEIGHT + 6, kind="soft-line dashed")
            if x(k) - x(start) > 60:
                d.write((x(start) + x(k)) / 2, TOP + HEIGHT + 18, m.moments[start].phase, "middle small soft")
            elif k == len(m.moments):
                d.write(x(k), TOP + HEIGHT + 18, m.moments[start].phase, "end small soft")
            start = k
