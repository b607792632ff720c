"""What ``import torchvision`` gives: :mod:`autograd.datasets` under torchvision's names, and grids of pictures."""

from ...naming import refuse_others as _refuse_others
from ..torch.version import TorchVersion as _TorchVersion
from . import datasets, transforms, utils

__version__ = _TorchVersion("0.28.0+autograd")
__getattr__ = _refuse_others("torchvision", "autograd.datasets is what there is")
