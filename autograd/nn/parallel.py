"""What torch.nn.parallel holds: wrappers that spread a module over devices. There is one device, so they run it there.

>>> from autograd import nn, ones
>>> DataParallel(nn.Linear(2, 1))(ones(3, 2)).shape
autograd.Size([3, 1])
"""

from __future__ import annotations

from typing import Any, NoReturn

from ..naming import refuse_others
from ..types import check_device
from .modules.module import Module

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]


class DataParallel(Module):
    """Runs ``module``, whose keys in a state dict begin with "module."."""

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0):
        super().__init__()
        _check(device_ids)
        self.module, self.dim = module, dim
        self.device_ids: list = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Module, inputs: Any, device_ids: Any = None, output_device: Any = None, dim: int = 0, module_kwargs=None
) -> Any:
    """``module(*inputs)``"""
    _check(device_ids)
    return module(*(inputs if isinstance(inputs, tuple) else (inputs,)), **(module_kwargs or {}))


def _check(device_ids: Any) -> None:
    """Raise for devices that are not there."""
    for device in device_ids or ():
        check_device(f"cuda:{device}" if isinstance(device, int) else device)


class DistributedDataParallel(Module):
    """Refused: there are no groups of processes."""

    def __init__(self, module: Module, *args: Any, **options: Any) -> NoReturn:
        raise RuntimeError(
            "DistributedDataParallel is not implemented by autograd: run the script as one process, with the module as "
            "it is"
        )


__getattr__ = refuse_others("torch.nn.parallel")
