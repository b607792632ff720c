"""The decorator: when a step is run as it is, when it is recorded, and when its program may stand for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from itertools import count
from typing import Any

import numpy as np

from .. import backend, graph, storage
from ..backend import K, extension
from ..dtypes import get_default_dtype
from ..graph import Leaf, Node
from ..modes import is_grad_enabled
from ..nn import Module
from ..storage import Array, empty, fresh, written
from ..study import tracing
from ..tensor import Tensor, wrap
from .program import Program
from .recorder import CaptureError, Recorder, is_recording

MOST = 32  # kinds of calls that a step remembers
NUMBERS = (
    bool,
    int,
    float,
    str,
)  # a module's mode and whatever it keeps of these, such as dropout's p, are its settings


def capture(
    function: Callable | None = None, *, on_change: str = "record", check: bool = False, split: bool = False
) -> Any:
    """A function of tensors as a :class:`CapturedStep`: run once as it is, recorded at the second call, replayed from
    then on.

    on_change
        What to do when something changed that the program rests on (a module's mode or parameters, an optimizer's
        state): "record" again, or raise an "error".
    check
        Run the function beside each replay and compare every number that outlives the step, to the bit. Slow.
    split
        Where C has no kernel for a dtype or an op, call NumPy's between two parts of the program, which is slower, in
        place of refusing the step; and the functions of :func:`~autograd.replay.callback`.

    Raises CaptureError for what a replay could not repeat; parameters, gradients and optimizers are then as they were
    before the call.
    """
    if on_change not in ("record", "error"):
        raise ValueError(f"capture: on_change is 'record' or 'error', not {on_change!r}")
    if function is None:
        return lambda function: CapturedStep(function, on_change, check, split)
    return CapturedStep(function, on_change, check, split)


class _NothingRecorded(CaptureError, AttributeError):
    """There is no program yet: for hasattr() the step has none."""


class CapturedStep:
    """A function whose kernel calls are recorded and replayed."""

    def __init__(self, function: Callable, on_change: str, check: bool, split: bool):
        if not callable(function):
            raise TypeError(f"capture: expected a function, got {type(function).__name__}")
        update_wrapper(self, function)
        self._function, self._on_change, self._check, self._split = function, on_change, check, split
        self._entries: dict[Any, Any] = {}  # the leaves of a first call, or an _Entry
        self._counts = {"run": 0, "recorded": 0, "replayed": 0}

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: a step of its own for each instance."""
        if instance is None:
            return self
        bound = CapturedStep(self._function.__get__(instance), self._on_change, self._check, self._split)
        instance.__dict__[self._function.__name__] = bound
        return bound

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {how}" for how, n in self._counts.items())
        return f"<captured {getattr(self, '__name__', 'step')}: calls {counts}; {len(self.programs)} programs>"

    @property
    def programs(self) -> list[Program]:
        """The programs, one for each kind of call (sizes, dtypes, other arguments), in the order of recording."""
        return [entry.program for entry in self._entries.values() if isinstance(entry, _Entry)]

    @property
    def program(self) -> Program:
        """The first program: that of the usual batches, where a smaller one comes last."""
        if not self.programs:
            if backend.get_backend() != "c":
                raise _NothingRecorded(
                    "capture: there are no programs on the NumPy backend, where steps run as they are"
                )
            raise _NothingRecorded(
                "capture: nothing is recorded: the second call with inputs of the same sizes records it"
            )
        return self.programs[0]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not storage.c_memory or backend.observers or graph.observers or storage.readers:
            if is_recording():
                raise CaptureError("capture: a captured step cannot call another one while it is recorded")
            if not _can_capture():
                return self._function(*args, **kwargs)
        arrays = [a._array for a in args if type(a) is Tensor]
        shape: tuple
        if kwargs or len(arrays) != len(args):
            tensors: list[Tensor] = []
            shape = _structure((args, kwargs), tensors)
            arrays = [t._array for t in tensors]
        else:
            shape = tuple([a.layout for a in arrays])
        key = (shape, is_grad_enabled(), get_default_dtype(), backend.is_strict())
        entry = self._entries.get(key, self)
        if entry is self:  # the first call
            return self._first(key, args, kwargs)
        if isinstance(entry, _Entry):
            changed = entry.changed()
            if not changed:
                self._counts["replayed"] += 1
                return self._checked(entry, arrays, args, kwargs) if self._check else entry.run(arrays)
            if self._on_change == "error":
                raise CaptureError(f"capture: {changed} since the step was recorded (on_change='error')")
            return self._first(key, args, kwargs)
        return self._record(key, entry, args, kwargs)

    def _first(self, key: Any, args: tuple, kwargs: dict) -> Any:
        """The step as it is; notes its leaves."""
        leaves: dict[Leaf, None] = {}

        def note(node: Node, *_: Any) -> None:
            leaves.update((edge, None) for edge in node.edges if type(edge) is Leaf)

        self._counts["run"] += 1
        if len(self._entries) >= MOST:
            self._entries.pop(next(key for key in reversed(self._entries)))
        graph.observers.append(note)
        try:
            result = self._function(*args, **kwargs)
        finally:
            graph.observers.remove(note)
        self._entries[key] = list(leaves)
        return result

    def _record(self, key: Any, leaves: list[Leaf], args: tuple, kwargs: dict) -> Any:
        tensors: list[Tensor] = []
        _structure((args, kwargs), tensors)
        _check_inputs(tensors)
        given = [t._array for t in tensors]
        doubles = [_double(a) for a in given]  # what else of the step lies in an input's memory is no input
        args, kwargs = _filled(_template((args, kwargs), count().__next__), list(map(wrap, doubles)))
        started = {leaf: leaf.held for leaf in leaves}
        with Recorder(doubles, started, self._split) as record:
            result = self._function(*args, **kwargs)
            entry = _Entry(record, result, self)
            entry.program.bind(given)
        self._entries[key] = entry
        self._counts["recorded"] += 1
        return entry.handed_back(result, given, doubles)

    def _checked(self, entry: _Entry, arrays: list[Array], args: tuple, kwargs: dict) -> Any:
        """A replay, and the function from the same state; CaptureError where they differ."""
        program = entry.program
        before, gradients_before = program.state(), [np.array(block.numpy()) for _, block in program.leaves]
        held = [(leaf, leaf.held) for leaf, _ in program.leaves]
        program.bind(arrays)
        replayed = [np.array(a.numpy()) for a in program.replay()]
        after, gradients = program.state(), [np.array(block.numpy()) for _, block in program.leaves]
        program.set_state(before)
        for (leaf, value), (_, block), values in zip(held, program.leaves, gradients_before):
            leaf.held = value
            block.numpy()[...] = values
        result = self._function(*args, **kwargs)
        returned: list[Tensor] = []
        _structure(result, returned)
        for t, values in zip(returned, replayed):
            _compare("a returned tensor", t._array, values)
        for (leaf, _), values in zip(program.leaves, gradients):
            if leaf.grad is None:
                raise CaptureError("capture: a replay makes a gradient that the step does not")
            _compare("a gradient", leaf.grad._array, values)
        differs = sum(a != b for a, b in zip(program.state(), after))
        if differs:
            raise CaptureError(
                f"capture: {differs} of {len(after)} parameters, optimizer states, buffers and counters differ between "
                "the step and its replay"
            )
        return result


def _compare(what: str, expected: Array, values: np.ndarray) -> None:
    if expected.numpy().tobytes() != values.tobytes():
        largest = np.max(np.abs(expected.numpy().astype(np.float64) - values))
        raise CaptureError(
            f"capture: {what} of shape {list(expected.shape)} differs between the step and its replay: the largest "
            f"difference is {largest:g}"
        )


class _Entry:
    """A program, and what it rests on."""

    def __init__(self, record: Recorder, result: Any, owner: CapturedStep):
        self.owner = owner
        tensors: list[Tensor] = []
        _structure(result, tensors)
        self._result = _template(result, count().__next__)
        self._single = isinstance(result, Tensor)
        modules = [m for root in record.modules for m in root.modules()]
        settings = [(m.__dict__, k, v) for m in modules for k, v in m.__dict__.items() if type(v) in NUMBERS]
        self._settings, self._values = [(d, k) for d, k, _ in settings], [v for _, _, v in settings]
        dicts = [d for m in modules for d in (m._parameters, m._buffers, m._modules)]
        self._dicts = [(d, list(map(id, d.values())), list(d.values())) for d in dicts if d]
        self._empty = [d for d in dicts if not d]
        self._hooks = [m._hooks for m in modules]
        learned = [t for leaf in record.leaves if (t := leaf.variable) is not None]
        learned += [p for o in record.optimizers for group in o.param_groups for p in group["params"]]
        self._tensors = [(t, t._array, t._edge) for t in dict.fromkeys(learned)]
        self._leaf_hooks = [(leaf, list(leaf.hooks or ())) for leaf in record.leaves]
        self._buffers = [(b, b._array) for m in modules for b in m._buffers.values() if b is not None]
        for optimizer in record.optimizers:
            if optimizer.has_hooks():
                raise CaptureError(
                    f"capture: {type(optimizer).__name__} has step hooks, which replays do not call: remove them, or "
                    "call what they do after the captured step"
                )
        self.optimizers = [(o, sorted(o._plans.items())) for o in record.optimizers]
        for t in tensors:
            if isinstance(t._edge, Node) and t._edge.saved:
                raise CaptureError(
                    f"capture: the step returns a tensor of shape {list(t.shape)} with a graph, which replays do not "
                    "make: call backward() within the step, or run it under no_grad()"
                )
        self.program = Program(record, [t._array for t in tensors])
        options = [v for o in record.optimizers for group in o.param_groups for v in group.values()]
        if any(isinstance(v, Tensor) and v._array.storage in self.program.written for v in options):
            raise CaptureError(
                "capture: the step changes an option of its optimizer, a tensor, which replays read before it: change "
                "it outside"
            )
        self.program.entry = self
        # A gradient that was there at the start, and that no kernel has seen, was forgotten by the step itself.
        self._held = [
            (leaf, held) for leaf, held in record.leaves.items()
            if (record.started.get(leaf) is None if held is None else self.program.sees(held))
        ]  # fmt: skip
        self._looked = storage.last_change

    def handed_back(self, result: Any, given: list[Array], doubles: list[Array]) -> Any:
        """The result of recording, which saw ``doubles`` in place of the inputs that were given."""
        for n in self.program.written_inputs:
            K.copy(given[n], doubles[n])
            written(given[n])
        tensors: list[Tensor] = []
        _structure(result, tensors)
        instead = {id(d.storage): a for d, a in zip(doubles, given)}
        if not any(id(t._array.storage) in instead for t in tensors):
            return result
        starts = {id(d.storage): d.offset for d in doubles}
        for n, a in enumerate([t._array for t in tensors]):
            block = id(a.storage)
            if block in instead:
                tensors[n] = wrap(instead[block].view(a.shape, a.strides, a.offset - starts[block]))
        return _filled(self._result, tensors)

    def changed(self) -> str:
        """What is not as it was when the step was recorded; "" where everything is."""
        latest = storage.last_change
        if latest != self._looked:
            if found := self._changed_since():
                return found
            self._looked = latest
        for optimizer, plans in self.optimizers:
            if not optimizer.is_current(plans):
                return f"{type(optimizer).__name__} has other parameters or another state"
        for leaf, held in self._held:
            if not _same_gradient(leaf.held, held):
                return "a gradient was set or forgotten outside the step"
        return ""

    def _changed_since(self) -> str:
        """What changed of that whose changes are noted (storage.note_change)."""
        if [d.get(k) for d, k in self._settings] != self._values:
            return "a module's mode or another of its settings changed"
        for now, ids, _ in self._dicts:
            if list(map(id, now.values())) != ids:
                return "a module has other parameters, buffers or modules"
        if any(self._empty):
            return "a module has other parameters, buffers or modules"
        if any(self._hooks):
            return "a module has hooks"
        if any(optimizer.has_hooks() for optimizer, _ in self.optimizers):
            return "an optimizer has hooks"
        for t, array, edge in self._tensors:
            if t._array is not array or t._edge is not edge:
                return f"a tensor of shape {list(t.shape)} has other memory or another requires_grad"
        for b, array in self._buffers:
            if b._array is not array:
                return f"a buffer of shape {list(b.shape)} has other memory"
        for leaf, hooks in self._leaf_hooks:
            if list(leaf.hooks or ()) != hooks:
                return "a tensor has other hooks"
        return ""

    def run(self, arrays: list[Array]) -> Any:
        program = self.program
        if arrays != program.inputs:
            program.bind(arrays)
        outputs = program.replay()
        return wrap(outputs[0]) if self._single else self.returned(outputs)

    def returned(self, outputs: Sequence[Array]) -> Any:
        """What the step returns, from its arrays."""
        if self._single:
            return wrap(outputs[0])
        return _filled(self._result, [wrap(a) for a in outputs])


def _can_capture() -> bool:
    """Where somebody looks on, or there is no C, the function runs as it is."""
    watched = backend.observers or graph.observers or storage.readers or tracing.active
    return not watched and backend.get_backend() == "c" and extension is not None


def _check_inputs(tensors: list[Tensor]) -> None:
    for t in tensors:
        if t.requires_grad:
            raise CaptureError(
                f"capture: an input of shape {list(t.shape)} requires gradients; a captured step takes data: give it "
                "x.detach(), and let the step close over what it learns"
            )


def _double(a: Array) -> Array:
    """A copy that lies in memory in the same way."""
    reach = [(n - 1) * s for n, s in zip(a.shape, a.strides)]
    low, high = sum(r for r in reach if r < 0), sum(r for r in reach if r > 0)
    double = fresh(a.layout) if a.contiguous else empty((high - low + 1,), a.dtype).view(a.shape, a.strides, -low)
    K.copy(double, a)
    return double


def _same_gradient(now: Any, then: Any) -> bool:
    """Whether a leaf holds the memory it held."""
    if now is then:
        return True
    if now is None or then is None:
        return False
    return (now if isinstance(now, Array) else now._array) is (then if isinstance(then, Array) else then._array)


def _structure(value: Any, tensors: list[Tensor]) -> Any:
    """A value to compare calls by: tensors by their layout (and listed), the rest by itself."""
    if isinstance(value, Tensor):
        tensors.append(value)
        return value._array.layout
    if isinstance(value, (list, tuple)):
        return type(value), tuple([_structure(v, tensors) for v in value])
    if isinstance(value, dict):
        return dict, tuple([(k, _structure(v, tensors)) for k, v in value.items()])
    if isinstance(value, Module):
        return id(value)
    try:
        hash(value)
    except TypeError:
        raise CaptureError(
            f"capture: an argument or result of type {type(value).__name__} cannot be told apart from another: use "
            "tensors, numbers, strings, and lists, tuples and dicts of them"
        ) from None
    return type(value), value


class _Slot(int):
    """Stands for the tensor of this number."""


def _template(value: Any, number: Callable[[], int]) -> Any:
    """The value with numbers in place of tensors, in the order of _structure()."""
    if isinstance(value, Tensor):
        return _Slot(number())
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[_template(v, number) for v in value])
    if isinstance(value, (list, tuple)):
        return type(value)([_template(v, number) for v in value])
    if isinstance(value, dict):
        return {k: _template(v, number) for k, v in value.items()}
    return value


def _filled(template: Any, tensors: list[Tensor]) -> Any:
    if type(template) is _Slot:
        return tensors[template]
    if isinstance(template, tuple) and hasattr(template, "_fields"):
        return type(template)(*[_filled(v, tensors) for v in template])
    if isinstance(template, (list, tuple)):
        return type(template)([_filled(v, tensors) for v in template])
    if isinstance(template, dict):
        return {k: _filled(v, tensors) for k, v in template.items()}
    return template
