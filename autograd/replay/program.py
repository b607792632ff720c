"""A captured program: a flat list of kernels with their arguments, and where its buffers lie.

Buffers are of three kinds. Inputs and outputs move: C looks up where they are at each run. What exists outside the
step, or lives on after it (parameters, gradients, the optimizer's state), stays where it is. Temporaries share one
arena: two of them may have the same bytes where one is used for the last time before the other is for the first.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from sys import getrefcount
from time import perf_counter
from typing import Any

import numpy as np

from .. import dtypes
from ..backend import extension
from ..op import contiguous
from ..ops.create import arange
from ..ops.random import randperm
from ..random import Generator
from ..storage import Array, Storage, empty, fresh, from_numpy, written
from ..study.tracing import Where
from ..tensor import Tensor, wrap
from .chains import Chained, chains
from .plan import (
    ALIGN,
    Instruction,
    Numbered,
    Pointer,
    address_of,
    lifetimes,
    placed,
    references,
    signatures,
    stretched,
    used,
    without_copies,
)
from .recorder import CaptureError, Recorder
from .schedule import Schedule

LONG = 50e-6  # seconds: from here on a run lets go of the GIL
CHUNK = 0.02  # seconds between looks for Ctrl-C in run()


class PythonCall:
    """A call between two parts; ``find`` has for each array among the arguments a function of the new blocks and the
    inputs."""

    def __init__(self, number: int, instruction: Instruction, find: list[Callable]):
        self.number, self._find = number, find
        self._function: Any = instruction.function
        self._arguments = instruction.arguments

    def bind(self, blocks: list[Storage], inputs: list[Array]) -> None:
        """Take other blocks and inputs."""
        self._args = _filled(self._arguments, [find(blocks, inputs) for find in self._find])

    def run(self) -> int:
        """Call it; a kernel's status."""
        return self._function(*self._args) or 0


def _tensor(x: Any) -> Tensor:
    if isinstance(x, Tensor):
        return x
    if isinstance(x, np.ndarray):
        return wrap(from_numpy(x))
    raise TypeError(f"run_epoch: expected a tensor or a NumPy array per input, not {type(x).__name__}")


def _filled(arguments: list, arrays: list[Array]) -> list:
    return [arrays[a] if type(a) is Numbered else _filled(a, arrays) if isinstance(a, list) else a for a in arguments]


class Part:
    """Instructions that C runs one after another, the ``first`` of this number, and what Python calls then."""

    def __init__(self, first: int, count: int, shared: dict):
        self.first = first
        self.c = extension.ffi.new("ag_program *", {**shared, "count": count})
        self.then: PythonCall | None = None


class Program:
    """A recorded step. ``print(program)`` lists it; ``run(times)`` repeats it on the inputs of the last call."""

    entry: Any  # what it rests on, and how its results are returned (step.py)

    def __init__(self, record: Recorder, outputs: list[Array]):
        instructions = [Instruction(call) for call in record.calls]
        made = record.made
        record.calls, record.made = [], {}
        self.leaves = [(leaf, _block(leaf.held)) for leaf in record.leaves if leaf.held is not None]
        stay = {id(block) for _, block in self.leaves} | record.constants
        stay |= set().union(*[each.tabled for each in instructions])
        moving = {id(a.storage): a for a in record.inputs}
        moving |= {id(a.storage): a for a in outputs if id(a.storage) in made and id(a.storage) not in stay}
        ours = references(instructions)
        arena = {
            key for key in made
            if key not in stay and key not in moving and getrefcount(made[key]) <= ours.get(key, 0) + 2
        }  # fmt: skip
        self._refuse_changed_constants(instructions, record)
        self.instructions = used(without_copies(instructions, arena, made), arena)
        lives = lifetimes(self.instructions, arena)
        self._chains = {
            c.first: c for c in chains(self.instructions, set(made), {id(a.storage) for a in record.inputs})
        }
        within = {c: c.within(lives) for c in self._chains.values()}
        self._chained = {first: Chained(c, within[c]) for first, c in self._chains.items()}
        self._scratch = set().union(*within.values())
        spans = [(c.first, c.last) for c in within]
        self.lives = {b: life for b, life in stretched(lives, spans).items() if b not in self._scratch}
        self.sizes = {b: -(-made[b].layout.nbytes // ALIGN) * ALIGN for b in self.lives}
        self.places, self.arena_bytes = placed(self.lives, self.sizes)
        writes = set().union(*[each.writes for each in self.instructions])
        self.written_inputs = [n for n, a in enumerate(record.inputs) if id(a.storage) in writes]
        self._build(moving, record.inputs, outputs)
        self.bind(record.inputs)
        blocks = {id(a.storage): a.storage for each in self.instructions for a in each.arrays}
        names = self._names(record, outputs, blocks, arena)
        for each in self.instructions:
            each.call_it(names)
        self._seen = set(blocks)
        self._alive = [b for key, b in blocks.items() if key not in arena and key not in moving]
        changed = writes - arena - set(moving)
        self.written = [blocks[key] for key in changed]
        self.leaves = [(leaf, block) for leaf, block in self.leaves if id(block) in changed]
        gradients = set().union(*[each.writes for each in self.instructions if each.phase != "optimizer"]) & set(made)
        gradients |= {id(block) for _, block in self.leaves}
        self._kept = [block for block in self.written if id(block) not in gradients]
        for leaf, block in self.leaves:
            if isinstance(leaf.held, Tensor) and leaf.held._array is block:
                leaf.held = block  # which _finish() compares faster than a tensor
        for each in self.instructions:
            self._alive += [a for a in each.arguments if isinstance(a, extension.ffi.CData)]
            each.arrays, each.arguments = [], []
        kinds = {"ag_group *": extension.ffi.sizeof("ag_group"), "ag_mt19937 *": extension.ffi.sizeof("ag_mt19937")}
        self.counters = [(a, n) for a in self._alive if isinstance(a, extension.ffi.CData)
                         and (n := kinds.get(extension.ffi.typeof(a).cname))]  # fmt: skip
        self._seconds = 0.0

    def sees(self, gradient: Array | Tensor) -> bool:
        """Whether some instruction reads or writes what a leaf held when the step was recorded."""
        return id(_block(gradient)) in self._seen

    def _names(
        self, record: Recorder, outputs: list[Array], blocks: dict[int, Storage], arena: set[int]
    ) -> dict[int, str]:
        """What the listing calls each block: parameters and buffers by their names in the module, x0 .. the inputs,
        y0 .. what is returned, t0 .. temporaries, s0 .. the rest, such as an optimizer's state."""
        names = {id(a.storage): f"x{n}" for n, a in enumerate(record.inputs)}
        for root in record.modules:
            for name, t in [*root.named_parameters(), *root.named_buffers()]:
                names.setdefault(id(t._array.storage), name)
        for n, leaf in enumerate(record.leaves):
            variable = leaf.variable
            if variable is not None:
                name = names.setdefault(id(variable._array.storage), f"leaf{n}")
                if leaf.held is not None:
                    names.setdefault(id(_block(leaf.held)), f"{name}.grad")
        for n, a in enumerate(outputs):
            names.setdefault(id(a.storage), f"y{n}")
        counts = {"t": 0, "s": 0}
        for key in blocks:
            if key not in names:
                kind = "t" if key in arena else "s"
                names[key] = f"{kind}{counts[kind]}"
                counts[kind] += 1
        return names

    def _refuse_changed_constants(self, instructions: list[Instruction], record: Recorder) -> None:
        for each in instructions:
            if each.writes & record.constants:
                raise CaptureError(
                    f"capture: {each.kernel}() writes to a tensor that the step makes from Python's numbers, at "
                    f"{each.where}: make that tensor outside the step"
                )

    # --- C's view -----------------------------------------------------------------------------------------------------

    def _build(self, moving: dict[int, Array], inputs: list[Array], outputs: list[Array]) -> None:
        ffi, lib = extension.ffi, extension.lib
        given = {id(a.storage) for a in inputs}
        self._arena = empty((max(self.arena_bytes, 1),), dtypes.uint8)
        base = address_of(self._arena.ptr)
        numbers = {key: n for n, key in enumerate(moving)}
        starts = {key: address_of(a.ptr if key in given else a.storage.ptr) for key, a in moving.items()}
        slots: list[tuple[str, Any]] = []
        code, addresses = [], []
        for i, each in enumerate(self.instructions):
            if each.function is not None:
                continue
            chain = self._chained[i].c if i in self._chained else ffi.NULL
            code.append((lib.ag_kernel_index(each.symbol.encode()), len(slots), chain))
            for value, kind in zip(each.arguments, signatures()[each.symbol]):
                if type(value) is Pointer:
                    key = id(value.block)
                    if key in moving:
                        offset = address_of(value.block.ptr) + value.offset - starts[key]
                        addresses.append((len(slots), numbers[key], offset))
                        value = ffi.NULL
                    elif key in self.places:
                        value = ffi.cast("void *", base + self.places[key] + value.offset)
                    elif key in self._scratch:
                        value = ffi.NULL
                    else:
                        value = ffi.cast("void *", address_of(value.block.ptr) + value.offset)
                slots.append((kind.member, value))
        self._slots = ffi.new("ag_slot[]", max(len(slots), 1))
        for slot, (member, value) in zip(self._slots, slots):
            setattr(slot, member, value)
        self._code = ffi.new("ag_instruction[]", code)
        self._addresses = ffi.new("ag_address[]", addresses)
        self._buffers = ffi.new("void *[]", max(len(moving), 1))
        shared = {
            "addresses": len(addresses), "slots": self._slots, "moving": self._addresses, "buffers": self._buffers
        }  # fmt: skip
        new = {key: n for n, key in enumerate(key for key in moving if key not in given)}
        self._parts = self._cut(shared, lambda a: self._result(self._placed(a), new, inputs))
        self._c = self._parts[0].c
        self._input_numbers = [numbers[id(a.storage)] for a in inputs]
        self._fresh = [(numbers[key], a.storage.layout) for key, a in moving.items() if key not in given]
        self._results = [self._result(a, new, inputs) for a in outputs]
        self._as_made = [id(a) for a in outputs] == list(new)  # what is returned are the new blocks

    def _cut(self, shared: dict, finder: Callable) -> list[Part]:
        """The instructions by parts: runs of those of C, first, and between them the calls of Python."""
        parts, first, taken = [], 0, 0
        for n, each in enumerate([*self.instructions, None]):
            if each is None or each.function is not None:
                parts.append(Part(first, n - first, {**shared, "code": self._code + taken}))
                taken += n - first
                first = n + 1
            if each is not None and each.function is not None:
                parts[-1].then = PythonCall(n, each, [finder(a) for a in each.arrays])
        return parts

    def _placed(self, a: Array) -> Array:
        """The array where it lies in replays, if it is a temporary."""
        place = self.places.get(id(a.storage))
        if place is None:
            return a
        block = Storage()
        block.ptr, block.layout, block.version = self._arena.ptr + place, a.storage.layout, 0
        return block if a is a.storage else block.view(a.shape, a.strides, a.offset)

    def _result(self, a: Array, new: dict[int, int], inputs: list[Array]) -> Callable:
        """From the new blocks and the inputs, a returned array."""
        if id(a.storage) in new:
            n = new[id(a.storage)]
            if a is a.storage:
                return lambda blocks, inputs: blocks[n]
            shape, strides, offset = a.shape, a.strides, a.offset
            return lambda blocks, inputs: blocks[n].view(shape, strides, offset)
        for n, x in enumerate(inputs):
            if x.storage is a.storage:
                shape, strides, offset = a.shape, a.strides, a.offset - x.offset
                return lambda blocks, inputs: inputs[n].view(shape, strides, offset)
        return lambda blocks, inputs: a

    def bind(self, inputs: list[Array]) -> None:
        """Take other inputs, of the same layouts."""
        if self.written_inputs and len({id(a.storage) for a in inputs}) < len(inputs):
            raise CaptureError("capture: two inputs share memory, and the step writes to one: give it a clone()")
        self.inputs = inputs
        buffers = self._buffers
        for n, a in zip(self._input_numbers, inputs):
            buffers[n] = a.ptr

    def run(self, times: int = 1, schedule: Mapping | None = None) -> Any:
        """Take ``times`` steps on the inputs of the last call; returns what the last one returned. Ctrl-C ends it after
        a whole step.

        schedule
            What changes from step to step: values by the name of an optimizer's option, ``{"lr": values}``, by an
            optimizer, ``{optimizer: {"lr": values}}``, or by a tensor that the step reads. Values are an array with a
            row for each step (for an option a number, or one per parameter group), or a function of the step's number,
            from 0. Options and tensors keep the last step's values.

        Raises CaptureError where something changed that the program rests on.
        """
        try:
            times = operator.index(times)
        except TypeError:
            raise TypeError(f"run: times must be an int, the number of steps, not {type(times).__name__}") from None
        if times < 1:
            raise ValueError(f"run: times must be at least 1, got {times}")
        changed = self.entry.changed()
        if changed:
            raise CaptureError(f"run: {changed} since the step was recorded: call the step again")
        planned = self._schedule(schedule, times, self.inputs)
        return self.entry.returned(self.replay(times, planned))

    def _schedule(self, given: Mapping | None, times: int, inputs: list[Array]) -> Schedule | None:
        if not given:
            return None
        blocks = [a.storage for a in inputs] + [a for a in self._alive if isinstance(a, Storage)]
        return Schedule(given, times, self.entry.optimizers, blocks)

    def run_epoch(
        self,
        *data: Tensor | np.ndarray,
        batch_size: int | None = None,
        shuffle: bool = False,
        drop_last: bool = False,
        generator: Generator | None = None,
        schedule: Mapping | None = None,
    ) -> Any:
        """A step for every batch of the rows of ``data``, a tensor or NumPy array per input; batches are gathered in C.

        Returns what the step returns, with a first dimension for the batches. A last batch of fewer rows is a call of
        the step, and not among the results; ``drop_last`` leaves it out. ``schedule`` is that of :meth:`run`, with
        values for each batch. Ctrl-C ends the epoch after a whole step.
        """
        changed = self.entry.changed()
        if changed:
            raise CaptureError(f"run_epoch: {changed} since the step was recorded: call the step again")
        rows, size = self._check_data(tensors := [_tensor(x) for x in data], batch_size)
        order = randperm(rows, generator=generator) if shuffle else arange(rows)
        count = rows // size
        rest = order[count * size :] if rows % size and not drop_last else None
        planned = self._schedule(schedule, count + (rest is not None), [])
        staged = [fresh(a.layout.packed) for a in self.inputs]
        self.bind(list(staged))
        blocks = self._new_blocks()
        results = [empty((count, *block.shape), block.dtype) for block in blocks]
        ffi = extension.ffi
        sources = [contiguous(t._array) for t in tensors]
        into = ffi.new("ag_copy[]", [
            (ffi.cast("char *", a.ptr), ffi.cast("char *", s.ptr), s.layout.nbytes // size)
            for a, s in zip(sources, staged)
        ])  # fmt: skip
        out = ffi.new("ag_copy[]", [
            (ffi.cast("char *", a.ptr), ffi.cast("char *", r.ptr), a.layout.nbytes) for a, r in zip(blocks, results)
        ])  # fmt: skip
        index = ffi.cast("int64_t *", order._array.ptr)

        epoch, nothing = extension.lib.ag_program_epoch, ffi.new("ag_program *")

        def steps(first: int, chunk: int) -> int:
            if len(self._parts) == 1:
                return epoch(self._c, first, chunk, size, index, len(staged), into, len(blocks), out, 1)
            for b in range(first, first + chunk):
                gather = partial(epoch, self._c, b, 1, size, index, len(staged), into, 0, ffi.NULL, 0)
                if status := self._step(b, gather):
                    return status
                epoch(nothing, b, 1, 0, index, 0, ffi.NULL, len(blocks), out, 0)
            return 0

        self._bind_python(blocks)
        self._in_chunks(steps, count, planned)
        kept = [result(blocks, self.inputs) for result in self._results]
        stacked = [self._stacked(a, blocks, results) for a in kept]
        if rest is not None:
            if planned is not None:
                planned.settle(count)
            self.entry.owner(*[t.index_select(0, rest) for t in tensors])
        return self.entry.returned(stacked)

    def _check_data(self, data: list[Tensor], batch_size: int | None) -> tuple[int, int]:
        """The rows of the data and of a batch."""
        if not data or len(data) != len(self.inputs):
            raise TypeError(f"run_epoch: expected {len(self.inputs)} tensors, one per input, got {len(data)}")
        size = self.inputs[0].shape[0] if self.inputs[0].shape else 0
        for t, a in zip(data, self.inputs):
            if not t._array.shape or t._array.shape[1:] != a.shape[1:] or t._array.dtype is not a.dtype:
                raise RuntimeError(
                    f"run_epoch: the step was recorded with an input of {list(a.shape)} ({a.dtype}); data of "
                    f"{list(t.shape)} ({t.dtype}) has no such batches"
                )
            if not a.contiguous:
                raise RuntimeError(
                    "run_epoch: the step was recorded with a strided input: call it with contiguous ones"
                )
        rows = len(data[0])
        if any(len(t) != rows for t in data):
            raise RuntimeError(
                f"run_epoch: the inputs' data must have one number of rows, got {', '.join(str(len(t)) for t in data)}"
            )
        if batch_size not in (None, size):
            raise RuntimeError(
                f"run_epoch: the program is for batches of {size}, not {batch_size}: call the step twice with a batch "
                "of that size, and take its program"
            )
        return rows, size

    def _stacked(self, a: Array, blocks: list[Storage], results: list[Storage]) -> Array:
        """Of all batches what ``a`` is of the last one."""
        for block, result in zip(blocks, results):
            if a is block:
                return result
        raise CaptureError("run_epoch: the step returns a view, or a tensor it did not make: return a clone()")

    def replay(self, times: int = 1, schedule: Schedule | None = None) -> Sequence[Array]:
        """Run, whatever has changed; the arrays that the step returned last."""
        blocks = self._new_blocks()
        run = extension.lib.ag_program_run
        if len(self._parts) > 1:
            self._bind_python(blocks)
            self._in_chunks(self._steps, times, schedule)
        elif times == 1 and self._seconds and schedule is None:
            self._finish(run(self._c, 0, 1, self._seconds > LONG))
        else:
            self._in_chunks(lambda first, count: run(self._c, first, count, count > 1), times, schedule)
        return blocks if self._as_made else [result(blocks, self.inputs) for result in self._results]

    def _bind_python(self, blocks: list[Storage]) -> None:
        for part in self._parts:
            if part.then is not None:
                part.then.bind(blocks, self.inputs)

    def _steps(self, first: int, count: int) -> int:
        """Steps in parts; the status of the first instruction that fails."""
        for t in range(first, first + count):
            if status := self._step(t):
                return status
        return 0

    def _step(self, t: int, begin: Callable[[], int] | None = None) -> int:
        """A step in parts, of which ``begin`` runs the first one."""
        for part in self._parts:
            status = begin() if begin else extension.lib.ag_program_run(part.c, t, 1, False)
            begin = None
            if status:
                self._failed = part.first + part.c.failed
                return status
            if part.then is not None and (status := part.then.run()):
                self._failed = part.then.number
                return status
        return 0

    def _new_blocks(self) -> list[Storage]:
        """Memory for what the step returns."""
        blocks = []
        for n, layout in self._fresh:
            block = fresh(layout)
            self._buffers[n] = block.ptr
            blocks.append(block)
        return blocks

    def _in_chunks(self, steps: Callable[[int, int], int], times: int, schedule: Schedule | None) -> None:
        """Take so many steps, with a look for Ctrl-C now and then."""
        done, chunk, status = 0, 1, 0
        table = extension.ffi.new("ag_copy[]", schedule.table if schedule else [])
        self._c.schedule, self._c.scheduled, self._c.step = table, len(table), -1
        try:
            while done < times and not status:
                chunk = min(chunk, times - done)
                start = perf_counter()
                status = steps(done, chunk)
                self._seconds = max((perf_counter() - start) / chunk, 1e-9)
                done += chunk
                chunk = max(1, min(2 * chunk, int(CHUNK / self._seconds)))
        finally:
            self._c.scheduled = 0
            if schedule and self._c.step >= 0:
                schedule.settle(self._c.step)
            self._finish(status)

    def _finish(self, status: int) -> None:
        """What lives on after steps is as after ordinary ones; raise where one failed."""
        for leaf, block in self.leaves:
            if leaf.held is not block and (leaf.held is None or _block(leaf.held) is not block):
                leaf.held = block
                leaf.spare = None
        if self.written:
            written(*self.written)
        if self.written_inputs:
            written(*[self.inputs[n] for n in self.written_inputs])
        if status:
            raise self._failure(status)

    def _failure(self, status: int) -> Exception:
        each = self.instructions[self._c.failed if len(self._parts) == 1 else self._failed]
        if status < 0:
            return MemoryError(f"{each.kernel} could not get its scratch memory, at {each.where}")
        return IndexError(
            f"{each.kernel}: the index at position {status - 1} is out of range, at {each.where}; the step "
            "was left there"
        )

    def state(self) -> list[bytes]:
        """The bytes of all that runs change and that stays: what is written outside the arena, and counters. Gradients
        are left out, also those that the step itself forgets at its end."""
        ffi = extension.ffi
        found = [(a.ptr, a.layout.nbytes) for a in self._kept] + self.counters
        return [bytes(ffi.buffer(ffi.cast("char *", pointer), n)) for pointer, n in found]

    def set_state(self, state: list[bytes]) -> None:
        """Go back to a state."""
        for pointer, values in zip([a.ptr for a in self._kept] + [pointer for pointer, _ in self.counters], state):
            extension.ffi.memmove(pointer, values, len(values))

    # --- for readers --------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.instructions)

    def __str__(self) -> str:
        return self._listing(("FLOPs", "bytes"), [(f"{e.flops:,}", f"{e.nbytes:,}") for e in self.instructions])

    def profile(self, times: int = 1000) -> str:
        """The listing with the time of each instruction, that of a chain at its first one, from ``times`` steps, which
        are taken."""
        seconds = extension.ffi.new("double[]", max(len(self), 1))
        changed = self.entry.changed()
        if changed:
            raise CaptureError(f"profile: {changed} since the step was recorded: call the step again")
        blocks = self._new_blocks()  # which the steps write to
        self._bind_python(blocks)
        status = 0
        for _ in range(times if len(self._parts) > 1 else 1):
            status = status or self._profiled(1 if len(self._parts) > 1 else times, seconds)
        self._finish(status)
        del blocks
        total = sum(seconds) or 1.0
        columns = [(f"{s / times * 1e6:.2f}", f"{s / total:.1%}") for s in seconds]
        return self._listing(("us", "share"), columns[: len(self)])

    def _profiled(self, times: int, seconds: Any) -> int:
        for part in self._parts:
            if status := extension.lib.ag_program_profile(part.c, times, seconds + part.first):
                self._failed = part.first + part.c.failed
                return status
            if part.then is not None:
                start = perf_counter()
                status = part.then.run()
                seconds[part.then.number] += perf_counter() - start
                if status:
                    self._failed = part.then.number
                    return status
        return 0

    def _listing(self, names: tuple, columns: list[tuple]) -> str:
        lines = [
            f"{len(self)} instructions, {sum(e.flops for e in self.instructions):,} FLOPs, "
            f"{sum(e.nbytes for e in self.instructions):,} bytes touched; {len(self.places)} temporaries of "
            f"{sum(self.sizes.values()):,} bytes in an arena of {self.arena_bytes:,}",
            f"{'':4} {names[0]:>12} {names[1]:>12}  result[shape] = kernel(operands)   # module, line",
        ]
        phase, marks = "", self._marks()
        for i, (each, (one, two)) in enumerate(zip(self.instructions, columns)):
            if each.phase != phase:
                phase = each.phase
                lines.append(f"{phase}:")
            lines.append(f"{i:4d}{marks.get(i, ' ')}{one:>12} {two:>12}  {each!s:<60} # {_short(each.where)}")
        return "\n".join(lines)

    def _marks(self) -> dict[int, str]:
        """A bracket around the instructions of each chain."""
        marks: dict[int, str] = {}
        for chain in self._chains.values():
            marks |= {i: "|" for i in range(chain.first, chain.last)} | {chain.first: "/", chain.last: "\\"}
        return marks


def _short(where: Where) -> str:
    line = f"{where.filename.rpartition('/')[2]}:{where.line}"
    return f"{where.module}, {line}" if where.module else line


def _block(held: Any) -> Storage:
    """The block of the gradient that a leaf holds."""
    return (held if isinstance(held, Array) else held._array).storage
