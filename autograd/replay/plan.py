"""What a program is made from: the recorded calls as instructions, of which some fall away, and a place in one arena
for each temporary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import count
from typing import Any, NamedTuple

from ..backend import extension
from ..storage import Array, Foreign, Layout, Storage
from .recorder import Call, CaptureError

ALIGN = 64

ACTIVATIONS = {1: "relu", 2: "sigmoid", 3: "tanh"}
SCALARS = {"double": "d", "uint64_t": "u"}  # the others are int64_t


class Argument(NamedTuple):
    """A parameter of a kernel's C function: which member of a slot holds it, whether what it points to is only read,
    whether it is a table, which points to further arrays, and whether it is the plan of an elementwise kernel."""

    member: str
    const: bool
    table: bool
    plan: bool


def _lines(text: Any) -> list[str]:
    """The lines of a C string."""
    return extension.ffi.string(text).decode().splitlines()


@cache
def signatures() -> dict[str, list[Argument]]:
    """The parameters of each C function by symbol."""
    by_class = {}
    for line in _lines(extension.lib.ag_signatures()):
        group, parameters = line.split(" ", 1)
        by_class[group] = [
            Argument("p" if "*" in p else SCALARS.get(p.split()[0], "i"), "const" in p, "ag_param" in p, "ag_plan" in p)
            for p in parameters[1:-1].split(",")
        ]
    found = {}
    for line in _lines(extension.lib.ag_kernels()):
        group, name = line.split()
        for suffix in ("", "_f32", "_f64"):
            found[f"ag_{name}{suffix}"] = by_class[group]
    return found


class Pointer(NamedTuple):
    """An argument that points into a block, so many bytes from its start."""

    block: Storage
    offset: int


class Numbered(int):
    """Stands in the arguments of a call of Python for the array of this number."""


class Instruction:
    """A kernel call of the program: ``kernel`` on arrays of these ``layouts``, at the user's line ``where``, in one of
    the phases forward, backward, clipping and optimizer. ``reads`` and ``writes`` are numbers of blocks; those of
    ``tabled`` are found through a table. ``function`` is what Python calls where C has no such kernel."""

    __slots__ = (
        "arguments", "arrays", "flops", "function", "kernel", "layouts", "names", "note", "phase", "reads", "symbol",
        "tabled", "where", "writes",
    )  # fmt: skip

    def __init__(self, call: Call):
        self.symbol, self.kernel, self.where, self.phase = call.symbol, call.kernel, call.where, call.phase
        self.arrays = call.arrays
        self.layouts: list[Layout] = [a.layout for a in call.arrays]
        self.flops = call.flops
        self.note = ACTIVATIONS.get(call.args[-1], "") if call.kernel.startswith("linear") else ""
        self.names: list[tuple[str, bool, bool]] = []  # of the arrays; whether each is written, and is found in a table
        self.reads = {id(a.storage) for a in call.arrays}
        self.tabled: set[int] = set()
        self.function = call.function
        if call.function is not None:
            self.note = "in Python"
            self.writes = set(call.writes)
            self.arguments = _numbered(call.args, count().__next__)
            return
        self.arguments = [_resolved(a, call.arrays) for a in call.args]
        kinds = signatures()[call.symbol]
        self.writes = {id(a.block) for a, k in zip(self.arguments, kinds) if type(a) is Pointer and not k.const}
        for table in [(a, k.const) for a, k in zip(self.arguments, kinds) if k.table]:
            self._look_through(*table)

    def point_elsewhere(self, instead: dict[int, Storage]) -> None:
        """Use other blocks in place of some."""
        if not instead.keys() & self.reads:
            return
        self.reads = {id(instead[b]) if b in instead else b for b in self.reads}
        self.writes = {id(instead[b]) if b in instead else b for b in self.writes}
        self.arrays = [instead.get(id(a), a) if a is a.storage else a for a in self.arrays]
        self.arguments = [
            Pointer(instead[id(a.block)], a.offset) if type(a) is Pointer and id(a.block) in instead else a
            for a in self.arguments
        ]

    def _look_through(self, table: Any, const: bool) -> None:
        """Note the arrays to which the rows of a table point. Unless the table is const, all but each g are written."""
        blocks = {address_of(a.ptr): id(a.storage) for a in self.arrays}
        state = {blocks[address_of(p)] for row in table for p in (row.p, row.m, row.v, row.vmax) if p}
        self.tabled |= state | {blocks[address_of(row.g)] for row in table if row.g}
        if not const:
            self.writes |= state

    @property
    def nbytes(self) -> int:
        """The bytes of the arrays it reads and writes."""
        return sum(layout.nbytes for layout in self.layouts)

    def call_it(self, names: dict[int, str]) -> None:
        """Give the arrays their names."""
        blocks = [id(a.storage) for a in self.arrays]
        self.names = [(names[b], b in self.writes, b in self.tabled) for b in blocks]

    def __str__(self) -> str:
        shapes = ["x".join(map(str, layout.shape)) or "()" for layout in self.layouts]
        written = [
            name if tabled else f"{name}[{shape}]"
            for (name, writes, tabled), shape in zip(self.names, shapes) if writes
        ]  # fmt: skip
        results = ", ".join(dict.fromkeys(written))
        operands = ", ".join(name for name, writes, _ in self.names if not writes)
        kernel = f"{self.kernel} {self.note}".rstrip()
        return f"{results} = {kernel}({operands})" if results else f"{kernel}({operands})"


def address_of(pointer: Any) -> int:
    return int(extension.ffi.cast("intptr_t", pointer))


def _extent(block: Storage) -> tuple[int, int]:
    """From where to where a block's memory goes; a NumPy array may have gaps, or go backwards."""
    start = address_of(block.ptr)
    if isinstance(block, Foreign):
        reach = [(n - 1) * step for n, step in zip(block.owner.shape, block.owner.strides)]
        return start + sum(r for r in reach if r < 0), start + sum(r for r in reach if r > 0) + block.owner.itemsize
    return start, start + block.layout.nbytes


def _numbered(args: Sequence, number: Callable[[], int]) -> list:
    """Arguments with numbers in place of arrays, also in lists."""
    return [
        Numbered(number()) if isinstance(a, Array) else _numbered(a, number) if isinstance(a, list) else a for a in args
    ]


def _resolved(value: Any, arrays: list[Array]) -> Any:
    """A pointer into one of the arrays' blocks as a Pointer; anything else as it is."""
    ffi = extension.ffi
    if not isinstance(value, ffi.CData) or value == ffi.NULL:
        return value
    kind = ffi.typeof(value)
    if kind.item.kind == "struct":
        return value
    address = address_of(value)
    for a in arrays:
        block = a.storage
        low, high = _extent(block)
        if low <= address < high or address == address_of(a.ptr):
            return Pointer(block, address - address_of(block.ptr))
    if ffi.typeof(value).cname.startswith(("char", "int64_t")):
        raise CaptureError("capture: a kernel's argument points to no array that was seen")
    return value


def used(instructions: list[Instruction], arena: set[int]) -> list[Instruction]:
    """Without what writes only to temporaries that nothing uses afterwards."""
    kept: list[Instruction] = []
    wanted: set[int] = set()
    for each in reversed(instructions):
        if each.writes and each.writes <= arena and not each.writes & wanted:
            continue
        kept.append(each)
        wanted |= each.reads
    return kept[::-1]


def without_copies(instructions: list[Instruction], arena: set[int], made: dict[int, Storage]) -> list[Instruction]:
    """Where a temporary is only copied to a new block, what made it writes to that block.

    While a step is recorded its arrays have a second owner, so gradients are copied that would else be kept."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for i, each in enumerate(instructions):
        for block in each.reads | each.writes:
            first.setdefault(block, i)
            last[block] = i
    viewed = {id(a.storage) for each in instructions for a in each.arrays if a is not a.storage}
    instead: dict[int, Storage] = {}
    kept = []
    for i, each in enumerate(instructions):
        if each.kernel == "copy" and all(a is a.storage for a in each.arrays):
            to, source = each.arrays[0].storage, each.arrays[1].storage
            whole = to.layout is source.layout and id(to) in made and first[id(to)] == i
            if whole and id(source) in arena - viewed and last[id(source)] == i:
                instead[id(source)] = to
                continue
        kept.append(each)
    for each in kept:
        each.point_elsewhere(instead)
    return kept


def lifetimes(instructions: list[Instruction], arena: set[int]) -> dict[int, tuple[int, int]]:
    """The first and the last instruction that touches each temporary."""
    lives: dict[int, tuple[int, int]] = {}
    for i, each in enumerate(instructions):
        for block in (each.reads | each.writes) & arena:
            lives[block] = (lives[block][0] if block in lives else i, i)
    return lives


def stretched(lives: dict[int, tuple[int, int]], spans: list[tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """Lives to the ends of the spans, from first to last, in which they begin and end: all of a span runs at once."""
    starts = {i: first for first, last in spans for i in range(first, last + 1)}
    ends = {i: last for first, last in spans for i in range(first, last + 1)}
    return {block: (starts.get(first, first), ends.get(last, last)) for block, (first, last) in lives.items()}


def placed(lives: dict[int, tuple[int, int]], sizes: dict[int, int]) -> tuple[dict[int, int], int]:
    """Where each temporary lies in the arena, and the arena's size: the largest first, each at the lowest place that no
    other one has during its life."""
    places: dict[int, int] = {}
    total = 0
    for block in sorted(lives, key=lambda b: (-sizes[b], lives[b])):
        first, last = lives[block]
        taken = sorted(
            (places[b], places[b] + sizes[b]) for b in places if lives[b][0] <= last and first <= lives[b][1]
        )
        at = 0
        for start, end in taken:
            if at + sizes[block] <= start:
                break
            at = max(at, end)
        places[block] = at
        total = max(total, at + sizes[block])
    return places, total


def references(instructions: list[Instruction]) -> Counter:
    """How often the record itself refers to each block; who refers to one besides keeps it."""
    found: Counter = Counter()
    views: dict[int, Array] = {}
    for each in instructions:
        for a in each.arrays:
            if a is a.storage:
                found[id(a)] += 1
            else:
                views[id(a)] = a
        found.update(id(a.block) for a in each.arguments if type(a) is Pointer)
    found.update(id(a.storage) for a in views.values())
    return found
