"""What ``import torch`` gives: the names of this package, and those that only PyTorch has.

>>> from autograd.as_torch import torch
>>> torch.__version__ >= "2.0", torch.device("cuda" if torch.cuda.is_available() else "cpu")
(True, device(type='cpu'))
"""

from importlib import import_module as _import_module
from types import ModuleType as _ModuleType

import autograd as _autograd

from ... import naming as _naming
from ...func import vmap
from ...ops.linalg import matmul as spmm
from .. import finder as _finder
from .accepted import (
    are_deterministic_algorithms_enabled,
    compile,
    get_default_device,
    get_float32_matmul_precision,
    get_num_interop_threads,
    set_default_device,
    set_default_tensor_type,
    set_float32_matmul_precision,
    set_num_interop_threads,
    use_deterministic_algorithms,
)
from .amp import autocast
from .constructors import *
from .storage import UntypedStorage, layout, strided
from .version import __version__

globals().update(
    {
        name: value
        for name, value in vars(_autograd).items()
        if name not in globals() and not name.startswith("_") and not isinstance(value, _ModuleType)
    }
)


def __getattr__(name: str):
    """A submodule that was not imported yet; or the error for a name that is not here."""
    path = f"torch.{name}"
    found = None if name.startswith("_") else _finder.target(path)
    if found is None:
        raise _naming.missing(path, _finder.HINTS.get(path))
    globals()[name] = _import_module(found)
    return globals()[name]
