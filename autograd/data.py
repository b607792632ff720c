"""From numbers, sequences and NumPy arrays to tensors.

>>> tensor([[1, 2], [3, 4]]).dtype
autograd.int64
"""

from __future__ import annotations

import numpy as np

from . import dtypes
from .storage import Array, empty, levels
from .storage import from_numpy as array_from_numpy
from .tensor import Tensor, wrap
from .types import check_device


def copy_of(values: np.ndarray, dtype: dtypes.dtype | None = None) -> Array:
    """A fresh array with NumPy's values."""
    if levels:  # the same for all examples
        with np.errstate(invalid="ignore", over="ignore"):
            return array_from_numpy(np.array(values, (dtype or dtypes.as_dtype(values.dtype)).dtype))
    a = empty(values.shape, dtype or dtypes.as_dtype(values.dtype))
    if a.size:
        with np.errstate(invalid="ignore", over="ignore"):
            if a.dtype is dtypes.float16:
                values = values.astype(np.float32)  # as PyTorch, which rounds twice
            np.copyto(a.numpy(), values, casting="unsafe")
    return a


def tensor(data, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """A tensor with a copy of ``data``: numbers, nested sequences, NumPy arrays or tensors.

    Python floats give the default dtype (float32), ints int64, bools bool; NumPy arrays keep theirs.

    >>> tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    >>> tensor([0.5, float("nan")], requires_grad=True)
    tensor([0.5000,    nan], requires_grad=True)

    Raises ValueError for ragged sequences and TypeError for what is not a number.
    """
    check_device(device)
    values = _numbers(data)
    if dtype is not None:
        d = dtypes.as_dtype(dtype)
    elif isinstance(data, (np.ndarray, np.generic, Tensor)):
        d = dtypes.as_dtype(values.dtype)
    elif values.size == 0 or values.dtype.kind == "f":
        d = dtypes.get_default_dtype()
    else:
        d = dtypes.bool_ if values.dtype.kind == "b" else dtypes.int64
    inexact = not isinstance(data, (np.ndarray, Tensor)) and values.dtype.kind == "f" and d.category == 1
    if inexact and not np.isfinite(values).all():
        raise OverflowError(f"cannot convert NaN or infinity to {d}")
    if not isinstance(data, (np.ndarray, Tensor)) and d.category == 1 and values.dtype.kind == "i" and values.size:
        for value in (values.min(), values.max()):
            if not dtypes.fits(int(value), d):
                raise RuntimeError(f"value cannot be converted to type {d} without overflow: {value}")
    t = wrap(copy_of(values, d))
    if requires_grad:
        t.requires_grad = True
    return t


def _numbers(data) -> np.ndarray:
    """NumPy values of whatever tensor() accepts."""
    if isinstance(data, Tensor):
        return data._array.numpy()
    if isinstance(data, (list, tuple)):
        _check_ragged(data, [])
        data = _without_tensors(data)
    try:
        values = np.asarray(data)
    except (ValueError, OverflowError) as error:
        raise (ValueError if isinstance(error, ValueError) else OverflowError)(f"tensor(): {error}") from None
    beyond = not isinstance(data, (np.ndarray, np.generic)) and values.dtype in (np.uint64, object) and values.size
    if beyond and all(isinstance(v, int) for v in values.reshape(-1).tolist()):
        raise ValueError("Overflow when unpacking long long: an integer is outside int64")
    if values.dtype.kind not in "biuf":
        found = type(data).__name__
        if isinstance(data, (list, tuple)):
            found = next((type(v).__name__ for v in _flat(data) if not isinstance(v, (bool, int, float))), found)
        raise TypeError(f"tensor(): expected numbers, got {found} (NumPy dtype {values.dtype})")
    return values


def _flat(data):
    for v in data:
        if isinstance(v, (list, tuple)):
            yield from _flat(v)
        else:
            yield v


def _without_tensors(data):
    return [
        _without_tensors(v) if isinstance(v, (list, tuple)) else v._array.numpy() if isinstance(v, Tensor) else v
        for v in data
    ]


def _check_ragged(data, path: list) -> None:
    """Raise PyTorch's ValueError where nested sequences differ in length."""
    lengths = [len(v) if isinstance(v, (list, tuple)) else None for v in data]
    for i, n in enumerate(lengths):
        if n != lengths[0]:
            got = "a number" if n is None else f"{n}"
            raise ValueError(
                f"expected sequence of length {lengths[0] if lengths[0] is not None else 'one number'} at dim "
                f"{len(path) + 1} (got {got}) at index {path + [i]}: the rows of a tensor have one length"
            )
    for i, v in enumerate(data):
        if isinstance(v, (list, tuple)):
            _check_ragged(v, path + [i])


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor that shares memory with a NumPy array (any strides; read-only memory is never written).

    >>> a = np.zeros(2)
    >>> t = from_numpy(a)
    >>> a[0] = 1
    >>> t
    tensor([1., 0.], dtype=autograd.float64)
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    return wrap(array_from_numpy(array))


def as_tensor(data, dtype=None, device=None) -> Tensor:
    """A tensor of ``data``, sharing memory where it can: tensors and NumPy arrays of the right dtype."""
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray) and (dtype is None or dtypes.as_dtype(dtype) is dtypes.as_dtype(data.dtype)):
        return from_numpy(data)
    return tensor(data, dtype)


def asarray(obj, *, dtype=None, device=None, copy: bool | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ``obj``, sharing memory where it can (``copy=False``: or else ValueError; ``copy=True``: never).

    >>> a = np.zeros(2, np.float32)
    >>> asarray(a)[0] = 1
    >>> a
    array([1., 0.], dtype=float32)
    """
    shared = as_tensor(obj, dtype, device)
    aliases = isinstance(obj, (Tensor, np.ndarray)) and np.shares_memory(shared.numpy(force=True), _numbers(obj))
    if copy is False and not aliases and shared.numel():
        raise ValueError(f"can't alias {type(obj).__name__} into a tensor of {shared.dtype}: leave copy=False away")
    made = tensor(shared) if copy and aliases else shared
    return made.requires_grad_() if requires_grad else made


def frombuffer(buffer, *, dtype, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A vector over the memory of an object with the buffer protocol: ``count`` elements (all there are, by default)
    from ``offset`` bytes on.

    >>> frombuffer(bytearray(b"ab"), dtype=dtypes.uint8)
    tensor([97, 98], dtype=autograd.uint8)
    """
    size, d = memoryview(buffer).nbytes, dtypes.as_dtype(dtype)
    if not size or not count:
        raise ValueError(f"both buffer length ({size}) and count ({count}) must not be 0")
    if not 0 <= offset < size:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({size} bytes) minus 1"
        )
    if count < 0 and (size - offset) % d.itemsize:
        raise ValueError(
            f"buffer length ({size - offset} bytes) after offset ({offset} bytes) must be a multiple of element size "
            f"({d.itemsize})"
        )
    made = from_numpy(np.frombuffer(buffer, d.dtype, count, offset))
    return made.requires_grad_() if requires_grad else made
