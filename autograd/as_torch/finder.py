"""Which module answers for a name: the import hook behind :func:`autograd.as_torch.install`.

>>> target("torch.nn.functional"), target("torch.cuda"), target("torch.onnx")
('autograd.nn.functional', 'autograd.as_torch.torch.cuda', None)
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

from .. import naming

HERE = __package__
SHARED = ("autograd", "distributions", "func", "linalg", "nn", "optim", "random", "return_types", "utils")
"""The modules of torch's that this package has under the same names; what is in them is found there too."""

HINTS = {
    "torch.Tensor.pin_memory": "there is no other memory than the CPU's: leave it away",
    "torch.Tensor.share_memory_": "processes get copies of tensors, by pickle",
    "torch.Tensor.to_sparse": "tensors are dense here: leave it away",
    "torch.fft": "NumPy has np.fft, without gradients",
    "torch.channels_last": "tensors are row-major: leave memory_format away",
    "torch.complex": "complex numbers are not supported: two real tensors take their place",
    "torch.hub": "nothing is downloaded; torch.load reads state dicts from a file",
    "torch.onnx": "torch.save writes the weights as safetensors, which other programs read",
    "torch.profiler": "python -m autograd time times a step and lists its kernels",
    "torch.sparse": "tensors are dense here",
    "torch.sparse_coo_tensor": "tensors are dense: zeros(size).index_put_(tuple(indices), values, accumulate=True)",
    "torch.svd": "torch.linalg.svdvals has the singular values",
    "torch.utils.tensorboard": "print the numbers, or write them to a file",
}
"""What to do instead, by the missing name."""


def answered(name: str) -> bool:
    """Whether a module of this name is this hook's to give."""
    return name.partition(".")[0] in ("torch", "torchvision")


def target(name: str) -> str | None:
    """The module that answers for one of PyTorch's; None where there is none."""
    head, _, rest = name.partition(".")
    own = f"autograd.{rest}" if head == "torch" and rest.split(".")[0] in SHARED else f"{HERE}.{name}"
    try:
        return own if find_spec(own) else None
    except ModuleNotFoundError:  # of the package that it would be in
        return None


class Finder(MetaPathFinder):
    """Finds torch, torchvision and what is in them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target_: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec for whatever begins with one of the two names, ModuleNotFoundError where it is not here."""
        if not answered(name):
            return None
        found = target(name)
        if found is None:
            raise ModuleNotFoundError(str(naming.missing(name, HINTS.get(name))), name=name)
        return ModuleSpec(name, _Alias(found), origin=found)


class _Alias(Loader):
    """Gives a module that goes by another name."""

    def __init__(self, target: str):
        self.target = target

    def exec_module(self, module: ModuleType) -> None:
        """Put the other module in the place of the empty one that was made; import takes what it finds there."""
        sys.modules[module.__name__] = import_module(self.target)
