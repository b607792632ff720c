"""Recording: every kernel call of one thread, down to the arguments that C gets.

The kernels are bound once more, to a library whose functions note their arguments before they run. What the arguments
point into is known from the arrays at the seam. Every block that is made while recording is kept until the end, so an
address means one block.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from types import FrameType
from typing import Any, NamedTuple

from .. import backend, backprop, graph, storage
from ..backend import K, c_kernels, effects, extension
from ..graph import Leaf, Node
from ..modes import no_grad
from ..nn import Module, Sequential
from ..nn.utils import clip_grad
from ..optim.optimizer import Optimizer
from ..storage import Array, Storage
from ..study.flops import arrays_in, flops
from ..study.tracing import Where
from ..tensor import Tensor, wrap

PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep
_recording = threading.Lock()
_by: int | None = None  # the thread that records
_recorder: Recorder | None = None


class CaptureError(RuntimeError):
    """Something that a replay could not repeat, or a captured step used in a way it cannot be."""


def is_recording() -> bool:
    """Whether this thread records a step."""
    return _by == threading.get_ident()


class Call(NamedTuple):
    """One call of a C function: its symbol and arguments, and what was seen of it at the seam. Or one of a function in
    Python, with arrays among its arguments, of which it writes the blocks of ``writes``."""

    symbol: str
    args: tuple
    kernel: str
    arrays: list[Array]
    where: Where
    phase: str  # forward, backward, clipping or optimizer
    flops: int
    function: Callable | None = None
    writes: frozenset[int] = frozenset()


class Recorder:
    """Within ``with Recorder(inputs, started) as record:`` the kernel calls of this thread go to ``record.calls``.
    ``started`` says what the leaves that are known held at the start, ``split`` whether replays may call Python where C
    has no kernel."""

    def __init__(self, inputs: list[Array], started: dict[Leaf, Any], split: bool = False):
        self.inputs, self.started, self._split = inputs, started, split
        self.calls: list[Call] = []
        self.made: dict[int, Storage] = {}  # blocks that came to be while recording, by id
        self.constants: set[int] = set()  # of these, the ones that Python filled
        self.written: set[int] = set()  # of these, the ones that a kernel has written
        self.modules: dict[Module, None] = {}
        self.leaves: dict[Leaf, Any] = {}  # with what they held when they were first used
        self.optimizers: dict[Optimizer, None] = {}
        self._thread = threading.get_ident()
        self._kernel = ""
        self._arrays: list[Array] = []
        self._flops = 0
        self._on_numpy = self._paused = False
        self._undo: list[Callable[[], Any]] = []
        self._saved: set[int] = set()

    # --- on and off ---------------------------------------------------------------------------------------------------

    def __enter__(self) -> Recorder:
        if not _recording.acquire(blocking=False):
            raise CaptureError("capture: another step is being recorded; a captured step cannot call one while it is")
        global _by, _recorder
        _by, _recorder = self._thread, self
        plain = dict(K.__dict__)
        noting = c_kernels.bind(_Library(self))
        if backend.is_strict():
            noting |= backend._strict_kernels(noting)
        K.__dict__.update({name: self._noted(name, noting[name], plain[name]) for name in plain})
        self._plain = plain
        storage.c_memory, storage.allocator = False, self._allocate
        storage.readers.append(self._read)
        effects.append(self._effect)
        graph.observers.append(self._node)
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        global _by, _recorder
        _by = _recorder = None
        K.__dict__.update(self._plain)
        storage.c_memory, storage.allocator = True, None
        storage.readers.remove(self._read)
        effects.remove(self._effect)
        graph.observers.remove(self._node)
        _recording.release()
        if kind is not None:
            for undo in reversed(self._undo):
                undo()
            for leaf, held in {**self.leaves, **self.started}.items():
                leaf.held = held

    # --- what happens while recording ---------------------------------------------------------------------------------

    def _mine(self) -> bool:
        return threading.get_ident() == self._thread and not self._paused

    def _allocate(self, a: Storage) -> None:
        a.ptr = storage.c_block(a.layout)
        if self._mine():
            self.made[id(a)] = a

    def _read(self, a: Array) -> None:
        """Python is about to see values."""
        if not self._mine():
            return
        block = id(a.storage)
        if block in self.made and block not in self.written:
            self.constants.add(block)  # a block that Python fills, once
            return
        if self._kernel and self._split:
            self._on_numpy = True
            self._remember(a.storage)
            return
        if _is_option(sys._getframe(1)):
            return
        doing = f"{self._kernel}() runs on NumPy here" if self._kernel else "Python reads values"
        advice = "capture(split=True) calls it between parts of the program" if self._kernel else (
            "values can be read from what the step returns, or with capture(split=True) by replay.callback()"
        )  # fmt: skip
        raise CaptureError(
            f"capture: {doing}, of shape {list(a.shape)} and {a.dtype}, which a replay in C cannot repeat, at "
            f"{_user_line(sys._getframe(1))}: do it outside the step; {advice}"
        )

    def _effect(self, what: str) -> None:
        """Python is about to do something that is no kernel call."""
        if self._mine():
            raise CaptureError(
                f"capture: {what} is nothing that a replay repeats, at {_user_line(sys._getframe(1))}: do it outside"
            )

    def _node(self, node: Node, *_: Any) -> None:
        if not self._mine():
            return
        node._where = _user_line(sys._getframe(1))
        for edge in node.edges:
            if type(edge) is Leaf and edge not in self.leaves:
                self.leaves[edge] = edge.held

    def _noted(self, name: str, noting: Callable, plain: Callable) -> Callable:
        def kernel(*args):
            if not self._mine():
                return plain(*args)
            outer = self._kernel, self._arrays, self._on_numpy, self._flops
            self._kernel, self._arrays, self._on_numpy = name, list(arrays_in(args)), False
            self._flops = flops(name, args)
            before, filled = len(self.calls), set(self.constants)
            new = {key for a in self._arrays if (key := id(a.storage)) in self.made} - self.written - filled
            try:
                result = noting(*args)
                if self._on_numpy:
                    del self.calls[before:]
                    self.constants = filled
                    self._note_python(plain, args, new | {id(self._arrays[0].storage)})
                return result
            finally:
                self._kernel, self._arrays, self._on_numpy, self._flops = outer

        return kernel

    def _note_python(self, function: Callable, args: tuple, writes: set[int]) -> None:
        phase, where = self._phase(sys._getframe(1))
        self.calls.append(
            Call("", args, self._kernel, self._arrays, where, phase, self._flops, function, frozenset(writes))
        )
        for a in self._arrays:
            self._remember(a.storage)

    def call(self, function: Callable, args: tuple[Array, ...]) -> None:
        """Call a function of arrays that replays call as well."""
        if not self._split:
            raise CaptureError(
                f"capture: callback() runs Python, at {_user_line(sys._getframe(1))}: capture(split=True) calls it "
                "between parts of the program"
            )
        self._kernel, self._arrays, self._flops = "callback", list(args), 0
        try:
            self._note_python(function, args, set())
            self._paused = True
            function(*args)
        finally:
            self._kernel, self._arrays, self._paused = "", [], False

    def note(self, symbol: str, args: tuple, function: Callable) -> Any:
        """A call of a C function: remember it, and what it overwrites, and make it."""
        frame = sys._getframe(1)
        phase, where = self._phase(frame)
        call = Call(symbol, tuple(map(_kept, args)), self._kernel, self._arrays, where, phase, self._flops)
        self.calls.append(call)
        for a in self._arrays:
            self._remember(a.storage)
        for argument in args:
            kind = extension.ffi.typeof(argument).cname if isinstance(argument, extension.ffi.CData) else ""
            if kind in ("ag_group *", "ag_mt19937 *"):
                self._undo.append(_keep(argument, extension.ffi.sizeof(kind[:-2])))
        return function(*args)

    def _remember(self, block: Storage) -> None:
        """Keep the bytes of a block from outside as they were before its first use."""
        if id(block) in self.made:
            self.written.add(id(block))
        elif id(block) not in self._saved and block.layout.nbytes:
            self._saved.add(id(block))
            if block.writable:
                self._undo.append(_keep(block.ptr, block.layout.nbytes))

    def _phase(self, frame: FrameType | None) -> tuple[str, Where]:
        """In which part of the step a call happens, and by which line of the user's."""
        start, root = frame, None
        while frame is not None:
            code = frame.f_code
            if code is backprop.run_backward.__code__:
                node = frame.f_locals.get("node")
                return "backward", (node and node._where) or _user_line(start)
            if code is backprop.backward.__code__:
                return "backward", _user_line(start)
            if code is Optimizer._step_group.__code__:
                self.optimizers[frame.f_locals["self"]] = None
                return "optimizer", _user_line(start)
            if code.co_filename == clip_grad.__file__:
                return "clipping", _user_line(start)
            if code is Module.__call__.__code__:
                root = frame.f_locals["self"]
            frame = frame.f_back
        if root is not None:
            self.modules[root] = None
        return "forward", _user_line(start)


class _Library:
    """The extension's functions, which tell the recorder of their calls."""

    def __init__(self, recorder: Recorder):
        self._recorder = recorder

    def __getattr__(self, symbol: str) -> Callable:
        function, note = getattr(extension.lib, symbol), self._recorder.note
        return lambda *args: note(symbol, args, function)


def _is_option(frame: FrameType | None) -> bool:
    """Whether an optimizer reads an option that is a tensor, as it does before each replay too."""
    while frame is not None and frame.f_code is not Optimizer._refreshed.__code__:
        frame = frame.f_back
    return frame is not None


def callback(function: Callable, *tensors: Tensor) -> None:
    """Call ``function`` with copies of the tensors: now, and at each replay of a captured step, between two parts of
    its program (``capture(split=True)``). It may read values, print and keep what it is given.

    >>> from autograd import ones
    >>> callback(lambda x: print(x.tolist()), ones(2))
    [1.0, 1.0]
    """

    def on_copies(*arrays: Array) -> None:
        with no_grad():
            function(*[wrap(a).clone() for a in arrays])

    args = tuple([t._array for t in tensors])
    if _recorder is not None and is_recording():
        _recorder.call(on_copies, args)
    else:
        on_copies(*args)


def _kept(value: Any) -> Any:
    """The value, or a copy of a table, which the next call may change."""
    ffi = extension.ffi
    kind = ffi.typeof(value) if isinstance(value, ffi.CData) else None
    if kind is None or kind.kind != "array" or kind.item.kind != "struct":
        return value
    copy = ffi.new(kind, len(value)) if kind.length is None else ffi.new(kind)
    ffi.memmove(copy, value, ffi.sizeof(value))
    return copy


def _keep(pointer: Any, nbytes: int) -> Callable[[], Any]:
    """What puts the bytes back that are there now."""
    ffi = extension.ffi
    before = bytes(ffi.buffer(ffi.cast("char *", pointer), nbytes))
    return lambda: ffi.memmove(pointer, before, nbytes)


def _user_line(frame: FrameType | None) -> Where:
    """The innermost line that is not this package's, and the modules on the way to it."""
    modules: list[Module] = []
    found = frame
    while frame is not None:
        if frame.f_code is Sequential.forward.__code__ and not modules and frame.f_locals.get("linear") is not None:
            modules.append(frame.f_locals["linear"])  # runs as one kernel with what follows it
        inside = frame.f_code.co_filename.startswith(PACKAGE) or frame.f_code.co_filename.startswith("<frozen")
        if not inside:
            found = frame
            break
        if frame.f_code is Module.__call__.__code__:
            modules.append(frame.f_locals["self"])
        frame = frame.f_back
    while frame is not None:
        if frame.f_code is Module.__call__.__code__:
            modules.append(frame.f_locals["self"])
        frame = frame.f_back
    names = []
    for inner, outer in pairwise(modules):
        names.append(next((n for n, m in outer.named_modules() if m is inner), type(inner).__name__))
    assert found is not None
    code = found.f_code
    return Where(code.co_filename, found.f_lineno, code.co_name, ".".join(reversed(names)))
