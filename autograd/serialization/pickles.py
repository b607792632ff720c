"""A reader of the pickles in PyTorch's files, which can make state dicts and nothing else.

A pickle is a program for a small stack machine; Python's own machine lets it call anything. This one knows the
instructions that a nesting of dicts, lists, tuples, numbers and strings needs, and the names in :data:`GLOBALS`: what
these stand for is decided here, nothing is imported, and attributes are never set. Any other instruction or name is an
error that says what was found and where.
"""

from __future__ import annotations

import pickletools
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from .. import dtypes
from ..nn.parameter import Parameter
from ..storage import Array
from ..tensor import Tensor, wrap
from ..types import Size, device
from .errors import LoadError

DEPTH = 100  # levels of nesting
ENDS = 10_000_000  # values in it, those of a container that stands in several places counted in each
DIMS = 64


@dataclass(frozen=True)
class Tag:
    """The name of a storage type: what its elements are."""

    dtype: str


@dataclass(frozen=True)
class Call:
    """The name of a function, and what is done in its place."""

    function: Callable[..., Any]


class Mark:
    """Where on the stack the items of a container begin."""


class Stored:
    """The elements of a storage in the file."""

    def __init__(self, array: Array):
        self.array = array


# --- what the names stand for -----------------------------------------------------------------------------------------


def _whole(value: Any, most: int = 2**62) -> bool:
    return type(value) is int and 0 <= value <= most


def _sizes(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) <= DIMS and all(map(_whole, value))


def _tensor(
    stored: Any, offset: Any, size: Any, stride: Any, requires_grad: Any = False, hooks: Any = None, flags: Any = None
) -> Tensor:
    """A view of a storage, all of which lies within it."""
    if not isinstance(stored, Stored) or not _whole(offset) or not _sizes(size) or not _sizes(stride):
        raise LoadError("a tensor is described by something else than a storage, an offset, sizes and strides")
    if len(size) != len(stride):
        raise LoadError(f"a tensor of size {size} has strides {stride}: not one per dim")
    if flags is not None and (type(flags) is not dict or flags):
        raise LoadError("a tensor with flags (conjugated, negated), which this engine does not have")
    last = offset + sum((n - 1) * s for n, s in zip(size, stride)) if all(size) else offset - 1
    if last >= stored.array.size:
        raise LoadError(
            f"a tensor of size {size}, strides {stride} and offset {offset} reaches beyond its storage of "
            f"{stored.array.size} elements"
        )
    try:
        made = wrap(stored.array.view(size, stride, offset if all(size) else 0))
    except RuntimeError as error:  # more elements than can be counted, all in one place
        raise LoadError(str(error)) from error
    return _requiring(made, requires_grad)


def _requiring(t: Tensor, requires_grad: Any) -> Tensor:
    if requires_grad is True and not t.is_floating_point():
        raise LoadError(f"a tensor of {t.dtype} is said to require gradients")
    return t.requires_grad_(requires_grad is True)


def _parameter(data: Any, requires_grad: Any, hooks: Any = None) -> Parameter:
    if not isinstance(data, Tensor):
        raise LoadError(f"a parameter is made of a {type(data).__name__}")
    return Parameter(_requiring(data, requires_grad).detach(), requires_grad is True)


def _ordered(*none: Any) -> OrderedDict:
    if none:
        raise LoadError("an OrderedDict is made with arguments")
    return OrderedDict()


def _counter(counts: Any) -> Counter:
    if type(counts) is not dict or not all(type(n) is int for n in counts.values()):
        raise LoadError("a Counter is made of something else than counts")
    return Counter(counts)


def _size(sizes: Any) -> Size:
    if not _sizes(sizes):
        raise LoadError("a Size is made of something else than sizes")
    return Size(sizes)


def _device(kind: Any = "", index: Any = None) -> device:
    if kind not in ("cpu", "cuda", "mps", "xpu", "meta"):
        raise LoadError("a device of an unknown kind")
    return device("cpu")  # where everything is that is loaded


GLOBALS: dict[str, Any] = {
    "collections.OrderedDict": Call(_ordered),
    "collections.Counter": Call(_counter),
    "torch._utils._rebuild_tensor": Call(_tensor),
    "torch._utils._rebuild_tensor_v2": Call(_tensor),
    "torch._utils._rebuild_parameter": Call(_parameter),
    "torch.Size": Call(_size),
    "torch.device": Call(_device),
    **{f"torch.{d.name}": d for d in dtypes.ALL},
    **{
        f"torch.{name}Storage": Tag(dtype)
        for name, dtype in {
            "Bool": "bool", "Byte": "uint8", "Char": "int8", "Short": "int16", "Int": "int32", "Long": "int64",
            "Half": "float16", "Float": "float32", "Double": "float64", "BFloat16": "bfloat16",
        }.items()
    },
}  # fmt: skip
"""Every name that a file may use."""


# --- the machine ------------------------------------------------------------------------------------------------------

VALUES = {
    "BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
}  # fmt: skip
CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
PLAIN = (type(None), bool, int, float, str, bytes, Tensor, Size, device, dtypes.dtype)


def read(data: bytes, storage: Callable[[Tag, Any, Any], Stored]) -> Any:
    """The object that a pickle describes; ``storage(tag, key, numel)`` gives the elements of a storage."""
    machine = _Machine(storage)
    try:
        for opcode, argument, position in pickletools.genops(data):
            machine.position = position or 0
            if machine.step(opcode.name, argument):
                return machine.result()
    except ValueError as error:  # from the parser
        raise LoadError(f"its pickle is damaged: {error}") from error
    raise LoadError("its pickle has no end")


class _Machine:
    """The stack, the memo, and an instruction at a time."""

    def __init__(self, storage: Callable[[Tag, Any, Any], Stored]):
        self.storage = storage
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.position = 0

    def fail(self, what: str) -> NoReturn:
        raise LoadError(f"{what} (byte {self.position} of its pickle); nothing of it was run")

    def step(self, name: str, argument: Any) -> bool:
        """Execute an instruction; True at the end."""
        if name in VALUES:
            self.stack.append(argument)
        elif name in CONSTANTS:
            self.stack.append(CONSTANTS[name])
        elif name in _STEPS:
            _STEPS[name](self, argument)
        elif name not in ("PROTO", "FRAME", "STOP"):
            self.fail(f"Unsupported operand: the instruction {name} is not one that a state dict needs")
        return name == "STOP"

    def result(self) -> Any:
        if len(self.stack) != 1:
            self.fail(f"{len(self.stack)} objects are left where one is expected")
        _check(self.stack[0])
        return self.stack[0]

    def pop(self) -> Any:
        if not self.stack or isinstance(self.stack[-1], Mark):
            self.fail("an instruction finds nothing to work on")
        return self.stack.pop()

    def items(self) -> list:
        """What lies above the last mark."""
        for i in range(len(self.stack) - 1, -1, -1):
            if isinstance(self.stack[i], Mark):
                found = self.stack[i + 1 :]
                del self.stack[i:]
                return found
        self.fail("an instruction finds no mark")

    def top(self, kind: type) -> Any:
        """The container on top of the stack."""
        if not self.stack or not isinstance(self.stack[-1], kind):
            self.fail(f"no {kind.__name__} to put an item into")
        return self.stack[-1]

    def recall(self, index: int) -> None:
        if index not in self.memo:
            self.fail("what was not kept is asked for again")
        self.stack.append(self.memo[index])

    def keep(self, index: int) -> None:
        if not self.stack:
            self.fail("nothing to keep")
        self.memo[index] = self.stack[-1]

    def extend(self, items: list) -> None:
        self.top(list).extend(items)

    def set_items(self, items: list) -> None:
        if len(items) % 2:
            self.fail("a key without a value")
        target = self.top(dict)
        for key, value in zip(items[::2], items[1::2]):
            if not _is_key(key):
                self.fail(f"a {type(key).__name__} is a key of a dict")
            target[key] = value

    def name(self, path: str) -> None:
        if path not in GLOBALS:
            self.fail(
                f"Unsupported global: {path[:200]!r} is not part of a state dict. If it is a module or another object "
                "of a class, save model.state_dict() and plain numbers in PyTorch"
            )
        self.stack.append(GLOBALS[path])

    def stacked_name(self) -> None:
        name, module = self.pop(), self.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            self.fail("a name that is no text")
        self.name(f"{module}.{name}")

    def call(self) -> None:
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, Call) or type(arguments) is not tuple:
            self.fail("something is called that is no function")
        try:
            self.stack.append(function.function(*arguments))
        except LoadError as error:
            self.fail(str(error))
        except TypeError:
            self.fail(f"{function.function.__name__.strip('_')} with {len(arguments)} arguments")

    def build(self) -> None:
        """The attributes of an OrderedDict (PyTorch keeps versions of modules there) are left out."""
        self.pop()
        self.top(OrderedDict)

    def persistent(self) -> None:
        """A storage: ("storage", its type, its name, where it was, its length)."""
        found = self.pop()
        kind = type(found) is tuple and len(found) == 5 and isinstance(found[0], str) and found[0]
        if kind != "storage" or not isinstance(found[1], Tag):
            self.fail("a reference to something else than a storage")
        try:
            self.stack.append(self.storage(found[1], found[2], found[4]))
        except LoadError as error:
            self.fail(str(error))


_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": lambda m, _: m.stack.append(Mark()),
    "EMPTY_DICT": lambda m, _: m.stack.append({}),
    "EMPTY_LIST": lambda m, _: m.stack.append([]),
    "TUPLE": lambda m, _: m.stack.append(tuple(m.items())),
    "TUPLE1": lambda m, _: m.stack.append((m.pop(),)),
    "TUPLE2": lambda m, _: m.stack.append((m.pop(), m.pop())[::-1]),
    "TUPLE3": lambda m, _: m.stack.append((m.pop(), m.pop(), m.pop())[::-1]),
    "APPEND": lambda m, _: m.extend([m.pop()]),
    "APPENDS": lambda m, _: m.extend(m.items()),
    "SETITEM": lambda m, _: m.set_items([m.pop(), m.pop()][::-1]),
    "SETITEMS": lambda m, _: m.set_items(m.items()),
    "BINPUT": lambda m, i: m.keep(i),
    "LONG_BINPUT": lambda m, i: m.keep(i),
    "MEMOIZE": lambda m, _: m.keep(len(m.memo)),
    "BINGET": lambda m, i: m.recall(i),
    "LONG_BINGET": lambda m, i: m.recall(i),
    "GLOBAL": lambda m, path: m.name(path.replace(" ", ".", 1)),
    "STACK_GLOBAL": lambda m, _: m.stacked_name(),
    "REDUCE": lambda m, _: m.call(),
    "BUILD": lambda m, _: m.build(),
    "BINPERSID": lambda m, _: m.persistent(),
}


def _is_key(key: Any, depth: int = 0) -> bool:
    if type(key) is tuple:
        return depth < DEPTH and all(_is_key(part, depth + 1) for part in key)
    return key is None or type(key) in (bool, int, float, str)


def _check(root: Any) -> None:
    """Raise for containers that stand within themselves, that are too many, and for what is no value."""
    sizes: dict[int, int] = {}  # of the containers gone through, by id
    within: set[int] = set()

    def size(value: Any, depth: int) -> int:
        if not isinstance(value, (dict, list, tuple)) or isinstance(value, Size):
            if not isinstance(value, PLAIN):
                raise LoadError(f"its pickle holds a {type(value).__name__} that is no value")
            return 1
        if id(value) in within:
            raise LoadError("its pickle describes a container that stands within itself")
        if depth == DEPTH:
            raise LoadError(f"its containers are nested more than {DEPTH} deep")
        if id(value) not in sizes:
            within.add(id(value))
            parts = value.values() if isinstance(value, dict) else value
            sizes[id(value)] = 1 + sum(size(part, depth + 1) for part in parts)
            within.discard(id(value))
        return sizes[id(value)]

    if size(root, 0) > ENDS:
        raise LoadError(f"its containers, each counted wherever it stands, hold more than {ENDS:,} values")
