"""How a checkpoint is nested, as JSON, with the names of its tensors in their places.

>>> from autograd import tensor
>>> writer = Writer()
>>> writer.encode({"step": 3, "betas": (0.9, 0.99), "state": {0: tensor(1.0)}})
{'dict': {'step': 3, 'betas': {'tuple': [0.9, 0.99]}, 'state': {'dict': [[0, {'tensor': 'state.0'}]]}}}
>>> list(writer.arrays)
['state.0']

None, bools, ints, strings and finite floats stand for themselves and lists are lists; everything else is an object
whose first key says what it is. A dict whose keys are not all strings is a list of pairs.
"""

from __future__ import annotations

import math
import types
from collections import Counter, OrderedDict
from typing import Any, NoReturn

import numpy as np

from .. import dtypes
from ..nn.modules.module import Module
from ..nn.parameter import Parameter
from ..optim.optimizer import Optimizer
from ..random import Generator
from ..storage import Array, from_numpy
from ..tensor import Tensor, wrap
from ..types import Size, device
from .errors import LoadError

DEPTH = 100  # levels of nesting
DICTS: dict[str, type[dict]] = {"dict": dict, "OrderedDict": OrderedDict, "Counter": Counter}
SEQUENCES: dict[str, type] = {"tuple": tuple, "Size": Size}
_ARRAYS = {np.dtype(c) for c in "?bBhHiIlLqQefd"}


class Writer:
    """Encodes a checkpoint; ``arrays`` fills with what goes to the file as tensors."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._tensors: dict[tuple, str] = {}  # by their memory
        self._open: list[int] = []  # the containers that are being gone through, by id

    def encode(self, value: Any, path: tuple = ()) -> Any:
        """What stands for a value in JSON."""
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return value if math.isfinite(value) else {"float": str(value)}
        if kind is list or kind in (*DICTS.values(), *SEQUENCES.values()):
            return self._container(value, path)
        if isinstance(value, Tensor):
            return self._tensor(value, path)
        if isinstance(value, (np.ndarray, np.generic)):
            if value.dtype.newbyteorder("=") not in _ARRAYS:
                raise TypeError(f"save: {_at(path)} is an array of {value.dtype}, which safetensors has no place for")
            name = self._named(np.asarray(value), path)
            return {"array" if isinstance(value, np.ndarray) else "scalar": name}
        if isinstance(value, dtypes.dtype) and value in dtypes.ALL:
            return {"dtype": value.name}
        if isinstance(value, device) and str(value) == "cpu":
            return {"device": "cpu"}
        raise TypeError(f"save: {_at(path)} is {_refused(value)}")

    def _container(self, value: Any, path: tuple) -> Any:
        if id(value) in self._open:
            raise ValueError(f"save: {_at(path)} is a container that stands within itself")
        if len(self._open) == DEPTH:
            raise ValueError(f"save: containers are nested more than {DEPTH} deep at {_at(path)}")
        self._open.append(id(value))
        tags = {kind: tag for tag, kind in (DICTS | SEQUENCES).items()}
        if isinstance(value, dict):
            pairs = [(k, self.encode(v, (*path, k))) for k, v in value.items()]
            named = all(type(k) is str for k in value)
            encoded: Any = {tags[type(value)]: dict(pairs) if named else [[self._key(k, path), v] for k, v in pairs]}
        else:
            encoded = [self.encode(v, (*path, i)) for i, v in enumerate(value)]
            encoded = encoded if type(value) is list else {tags[type(value)]: encoded}
        self._open.pop()
        return encoded

    def _key(self, key: Any, path: tuple) -> Any:
        if not _is_key(key):
            raise TypeError(
                f"save: a key of {_at(path)} is {_refused(key)}; keys are strings, numbers, None and tuples"
            )
        return self.encode(key, path)

    def _tensor(self, t: Tensor, path: tuple) -> dict[str, Any]:
        a = t._array
        name = self._named(a.numpy(), path)
        encoded: dict[str, Any] = {"tensor": name}
        if a.size:
            first = self._tensors.setdefault((t.data_ptr(), a.shape, a.strides, a.dtype), name)
            if first != name:
                encoded["like"] = first
        if isinstance(t, Parameter):
            encoded["parameter"] = True
        if t.requires_grad:
            encoded["requires_grad"] = True
        return encoded

    def _named(self, array: np.ndarray, path: tuple) -> str:
        """Keep an array under its path, or a name like it where that cannot be one."""
        wanted = ".".join(map(str, path)).encode("utf-8", "backslashreplace").decode()
        name, n = wanted, 0
        while name in self.arrays or name in ("", "__metadata__"):
            n += 1
            name = f"{wanted}.{n}"
        self.arrays[name] = np.ascontiguousarray(array, array.dtype.newbyteorder("=")).reshape(array.shape)
        return name


def _at(path: tuple) -> str:
    return "the object" + "".join(f"[{key!r}]" for key in path)


def _refused(value: Any) -> str:
    """What a value that cannot be saved is, and what to save in its place."""
    name = type(value).__name__
    if isinstance(value, Module):
        return f"a module ({name}): save its weights, model.state_dict(), and load them into a model made by your code"
    if isinstance(value, Optimizer):
        return f"an optimizer ({name}): save optimizer.state_dict()"
    if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        what = getattr(value, "__qualname__", name)
        return f"code ({what}), which is never saved: save its name, or the numbers that it is made from"
    if isinstance(value, tuple):
        return f"a {name}: save tuple(...) or a dict of it"
    if isinstance(value, Generator):
        return "a random generator: save generator.get_state()"
    if isinstance(value, np.random.Generator):
        return "a random generator of NumPy's: save generator.bit_generator.state"
    return (
        f"of type {name}: only dicts, lists, tuples, tensors, NumPy arrays and random generators, numbers, strings and "
        "None are saved"
    )


def _is_key(key: Any) -> bool:
    return key is None or type(key) in (bool, int, float, str) or (type(key) is tuple and all(map(_is_key, key)))


class Reader:
    """Decodes what :class:`Writer` encoded, with the arrays of the file; LoadError for whatever is not of that form."""

    def __init__(self, arrays: dict[str, np.ndarray]):
        self._arrays = arrays
        self._memory: dict[str, Array] = {}  # of tensors, by name

    def decode(self, node: Any, depth: int = 0) -> Any:
        """The value that a node stands for."""
        if node is None or isinstance(node, (bool, int, float, str)):
            return node
        if depth > DEPTH:
            raise LoadError(f"its structure is nested more than {DEPTH} deep")
        if isinstance(node, list):
            return [self.decode(v, depth + 1) for v in node]
        tag = next(iter(node), "")
        if tag == "tensor":
            if not node.keys() <= {"tensor", "like", "parameter", "requires_grad"}:
                _unknown(node)
            return self._tensor(**node)
        if len(node) != 1:
            _unknown(node)
        value = node[tag]
        if tag in DICTS:
            return self._dict(DICTS[tag], value, depth)
        if tag in SEQUENCES and isinstance(value, list):
            return SEQUENCES[tag](self.decode(value, depth))
        if tag == "float" and value in ("nan", "inf", "-inf"):
            return float(value)
        if tag == "array":
            return self._array(value)
        if tag == "scalar" and self._array(value).shape == ():
            return self._array(value)[()]
        if tag == "dtype" and value in dtypes.NAMES:
            return dtypes.ALL[dtypes.NAMES.index(value)]
        if tag == "device" and value == "cpu":
            return device(value)
        _unknown(node)

    def _dict(self, kind: type[dict], value: Any, depth: int) -> dict:
        if not isinstance(value, (dict, list)):
            _unknown(value)
        made = kind()
        for pair in value.items() if isinstance(value, dict) else value:
            if not isinstance(pair, (list, tuple)) or len(pair) != 2:
                _unknown(pair)
            key = self.decode(pair[0], depth + 1)
            if not _is_key(key):
                _unknown(pair[0])
            made[key] = self.decode(pair[1], depth + 1)
        return made

    def tensor(self, name: Any, like: Any = None) -> Tensor:
        """The tensor of a name, on the memory of another one that it is saved as being."""
        array, first = self._array(name), name if like is None else like
        held = self._array(first)
        if array.dtype.kind == "u" and array.itemsize > 1:
            raise LoadError(f"tensor {name!r} is of dtype {array.dtype}, which this engine does not have")
        if (array.shape, array.dtype) != (held.shape, held.dtype):
            raise LoadError(f"tensors {name!r} and {first!r} are to be one, but differ in shape or dtype")
        if first not in self._memory:
            self._memory[first] = from_numpy(held)
        return wrap(self._memory[first])

    def _tensor(self, tensor: Any, like: Any = None, parameter: Any = False, requires_grad: Any = False) -> Tensor:
        made = self.tensor(tensor, like)
        if requires_grad and not made.is_floating_point():
            raise LoadError(f"tensor {tensor!r} of {made.dtype} is said to require gradients")
        return Parameter(made, bool(requires_grad)) if parameter else made.requires_grad_(bool(requires_grad))

    def _array(self, name: Any) -> np.ndarray:
        if not isinstance(name, str) or name not in self._arrays:
            raise LoadError(f"its structure names a tensor that is not there: {str(name)[:80]!r}")
        return self._arrays[name]


def _unknown(node: Any) -> NoReturn:
    what = f"an object of {list(node)[:4]}" if isinstance(node, dict) else f"a {type(node).__name__}"
    raise LoadError(f"its structure has a part of no known form: {what}")
