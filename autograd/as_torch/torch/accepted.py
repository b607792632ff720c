"""Settings of PyTorch's that scripts make: kept where nothing here depends on them, refused where it would.

>>> set_float32_matmul_precision("high")
>>> get_float32_matmul_precision()
'high'
"""

from __future__ import annotations

from typing import Any

from ... import dtypes
from ...types import check_device, device
from ..answers import say_once
from .constructors import Typed

_kept: dict[str, Any] = {"deterministic": False, "precision": "highest", "interop": 1}


def compile(model: Any = None, **options: Any) -> Any:
    """The function or module itself, which runs as it is: there is no compiler. As a decorator too."""
    say_once("torch.compile: autograd runs the model as it is; autograd.capture replays a whole training step in C")
    return (lambda function: function) if model is None else model


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accepted: every result here is the same from run to run, whatever the number of threads."""
    _kept["deterministic"] = bool(mode)


def are_deterministic_algorithms_enabled() -> bool:
    """What :func:`use_deterministic_algorithms` was told."""
    return _kept["deterministic"]


def set_float32_matmul_precision(precision: str) -> None:
    """Accepted: products of float32 are computed in float32."""
    if precision not in ("highest", "high", "medium"):
        raise RuntimeError(f"{precision} is not one of 'highest', 'high', or 'medium'")
    _kept["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What :func:`set_float32_matmul_precision` was told."""
    return _kept["precision"]


def set_num_interop_threads(n: int) -> None:
    """Accepted: ops run one after the other."""
    _kept["interop"] = int(n)


def get_num_interop_threads() -> int:
    """What :func:`set_num_interop_threads` was told."""
    return _kept["interop"]


def set_default_device(device: Any) -> None:
    """Accept the CPU, refuse other devices."""
    check_device(device)


def get_default_device() -> device:
    """The CPU."""
    return device("cpu")


def set_default_tensor_type(t: Any) -> None:
    """Make the dtype of a tensor type, as ``torch.DoubleTensor`` or its name, the type of Python floats."""
    name = t.__name__ if isinstance(t, Typed) else str(t).removeprefix("torch.")
    found = [d for d in dtypes.ALL if f"{d.title}Tensor" == name]
    if not found:
        raise TypeError(f"invalid type object: {t!r}: give torch.FloatTensor or torch.DoubleTensor")
    dtypes.set_default_dtype(found[0])
