"""The wording of errors that several rooms share: recognisable to PyTorch's users, then what to do."""

from __future__ import annotations

TYPE_NAMES = {
    "bool": "Bool", "uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int", "int64": "Long",
    "float16": "Half", "float32": "Float", "float64": "Double",
}  # fmt: skip


class LinAlgError(RuntimeError):
    """A matrix that an algorithm cannot handle, such as a singular one where the inverse is wanted."""


def broadcast_error(op: str, a: tuple, b: tuple) -> RuntimeError:
    """Two shapes that do not broadcast: names the dimension, the op and both shapes."""
    for back in range(1, min(len(a), len(b)) + 1):
        if a[-back] != b[-back] and 1 not in (a[-back], b[-back]):
            dim = max(len(a), len(b)) - back
            return RuntimeError(
                f"The size of tensor a ({a[-back]}) must match the size of tensor b ({b[-back]}) at non-singleton "
                f"dimension {dim}: {op} of shapes {list(a)} and {list(b)}"
            )
    raise AssertionError(f"shapes {a} and {b} do broadcast")


def not_implemented(op: str, dtype) -> NotImplementedError:
    """An op that a dtype does not have."""
    return NotImplementedError(f'"{op}" not implemented for {dtype.title!r}: convert first, as in x.float()')


def dim_error(dim: int, ndim: int) -> IndexError:
    low, high = (-ndim, ndim - 1) if ndim else (-1, 0)
    return IndexError(f"Dimension out of range (expected to be in range of [{low}, {high}], but got {dim})")


def wrap_dim(dim: int, ndim: int) -> int:
    """A dimension counted from the front, where ``dim`` may count from the back; IndexError if it is neither."""
    n = ndim or 1
    if not -n <= dim < n:
        raise dim_error(dim, ndim)
    return dim % n
