"""Chains: elementwise instructions in a row over the same elements. C runs them a tile of rows at a time
(chain.c.inc), so what one makes is still in the cache where the next one reads it, and a temporary that only they use
never reaches memory. The bits are those of whole calls: an element's result does not depend on where it stands.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from ..backend import extension
from ..storage import Foreign
from .plan import ALIGN, Instruction, Pointer, placed, signatures

TILE = 2048  # elements of a tile
LEAST = 2 * TILE  # fewer elements are in the cache anyhow
LONGEST_ROW = 8 * TILE


class Operand(NamedTuple):
    """What an elementwise instruction reads or writes: memory, the sizes of the dims, and the steps along them, in
    elements."""

    pointer: Pointer
    itemsize: int
    size: tuple[int, ...]
    strides: tuple[int, ...]
    packed: bool  # without gaps, in the order of the dims

    @property
    def walk(self) -> Any:
        """Equal for operands of a chain that take the same bytes for the same element."""
        return self.pointer.offset, self.itemsize, "packed" if self.packed else (self.size, self.strides)


class Loop(NamedTuple):
    """An elementwise instruction: the sizes of its dims, its operands, the result first, its plan, and how many
    arguments its kernel takes."""

    size: tuple[int, ...]
    operands: list[Operand]
    plan: Any
    arguments: int

    @property
    def elements(self) -> int:
        return prod(self.size)


def loop(each: Instruction) -> Loop | None:
    """What an instruction does if it is elementwise."""
    kinds = signatures()[each.symbol] if each.function is None else []
    if not kinds or not kinds[0].plan:
        return None
    plan = each.arguments[0]
    has_plan = plan != extension.ffi.NULL
    size = tuple(plan.size[0 : plan.ndim]) if has_plan else (each.arguments[1],)
    pointers = [a for a, kind in zip(each.arguments[2:], kinds[2:]) if kind.member == "p"]
    if len(pointers) != len(each.arrays) or not all(type(p) is Pointer for p in pointers):
        return None
    whole = tuple(prod(size[d + 1 :]) for d in range(len(size)))
    operands = []
    for k, (p, a) in enumerate(zip(pointers, each.arrays)):
        if p.block is not a.storage:
            return None
        strides = tuple(plan.stride[k][0 : plan.ndim]) if has_plan else whole
        operands.append(Operand(p, a.dtype.itemsize, size, strides, strides == whole))
    return Loop(size, operands, plan, len(kinds))


class Chain:
    """Instructions ``first`` to ``last`` of a program. No other block can lie in one that the step ``made``, nor in one
    of the engine's that is not an input; ``given`` tells the rest by their numbers."""

    def __init__(self, first: int, made: set[int], given: set[int]):
        self.first, self.loops = first, list[Loop]()
        self.rows = 0  # 0 until an instruction has more than one dim
        self._made, self._given = made, given
        self._walks: dict[int, set] = {}
        self._written: set[int] = set()

    @property
    def last(self) -> int:
        return self.first + len(self.loops) - 1

    @property
    def elements(self) -> int:
        return self.loops[0].elements

    @property
    def columns(self) -> int:
        return self.elements // self.rows if self.rows else 1

    def takes(self, loop: Loop) -> bool:
        """Add an instruction where it goes over the same rows, uses what the chain uses, and meets what is written
        only at the same elements."""
        rows = loop.size[0] if len(loop.size) > 1 else self.rows
        blocks = [id(o.pointer.block) for o in loop.operands]
        if self.loops:
            if loop.elements != self.elements or (self.rows and rows != self.rows):
                return False
            if not self._walks.keys() & set(blocks):
                return False
        walks, written = {b: set(w) for b, w in self._walks.items()}, self._written | {blocks[0]}
        for block, operand in zip(blocks, loop.operands):
            walks.setdefault(block, set()).add(operand.walk)
        if any(len(walks[block]) > 1 for block in written):
            return False
        if walks.keys() & self._given and not written <= self._made:
            return False
        self.loops.append(loop)
        self.rows, self._walks, self._written = rows, walks, written
        return True

    def pays(self) -> bool:
        return len(self.loops) > 1 and self.columns <= LONGEST_ROW

    def within(self, lives: dict[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
        """The temporaries that only this chain uses, and all of them, with their lives."""
        return {
            block: lives[block] for block, walks in self._walks.items()
            if block in lives and self.first <= lives[block][0] and lives[block][1] <= self.last
            and all(offset == 0 and how == "packed" for offset, _, how in walks)
        }  # fmt: skip


def chains(instructions: list[Instruction], made: set[int], inputs: set[int]) -> list[Chain]:
    """The chains of a program with these inputs, which made these blocks."""
    given = inputs | {id(a.storage) for each in instructions for a in each.arrays if isinstance(a.storage, Foreign)}
    found: list[Chain] = []
    chain = None
    for n, each in enumerate(instructions):
        one = loop(each)
        if one is None or one.elements < LEAST or id(one.operands[0].pointer.block) in given:
            chain = None
        elif chain is None or not chain.takes(one):
            chain = Chain(n, made, given)
            if chain.takes(one):
                found.append(chain)
            else:
                chain = None
    return [chain for chain in found if chain.pays()]


class Chained:
    """How C runs a chain whose temporaries ``within`` lie in scratch memory: ``c`` is an ag_chain."""

    def __init__(self, chain: Chain, within: dict[int, tuple[int, int]]):
        ffi = extension.ffi
        rows = chain.rows or chain.elements
        tile = max(1, TILE // chain.columns)
        sizes = {
            id(o.pointer.block): -(-tile * chain.columns * o.itemsize // ALIGN) * ALIGN
            for one in chain.loops for o in one.operands
        }  # fmt: skip
        lanes, scratch = placed(within, sizes)
        self._links = ffi.new("ag_link[]", len(chain.loops))
        self._plans: list[Any] = []
        for link, one in zip(self._links, chain.loops):
            link.arguments, link.operands = one.arguments, len(one.operands)
            for k, o in enumerate(one.operands):
                along = o.strides[0] * (1 if len(one.size) > 1 else chain.columns)
                link.step[k], link.lane[k] = along * o.itemsize, lanes.get(id(o.pointer.block), -1)
            if one.plan != ffi.NULL:
                link.plan = self._plan_pair(one, tile, rows % tile, chain.columns)
        self.c = ffi.new("ag_chain *", {
            "count": len(chain.loops), "rows": rows, "columns": chain.columns, "tile": tile, "scratch": scratch,
            "links": self._links,
        })  # fmt: skip

    def _plan_pair(self, one: Loop, tile: int, rest: int, columns: int) -> Any:
        """The plan of a loop for a whole tile and for what is left."""
        pair = extension.ffi.new("ag_plan[2]", [one.plan[0], one.plan[0]])
        for plan, rows in zip(pair, (tile, rest)):
            plan.n, plan.size[0] = rows * columns, rows * (1 if len(one.size) > 1 else columns)
        self._plans.append(pair)
        return pair
