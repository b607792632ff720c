"""``torchvision.transforms``."""

from ...datasets.transforms import Compose, Lambda, Normalize, RandomCrop, RandomHorizontalFlip, ToTensor
from ...naming import refuse_others

__all__ = ["Compose", "Lambda", "Normalize", "RandomCrop", "RandomHorizontalFlip", "ToTensor"]
__getattr__ = refuse_others("torchvision.transforms", "autograd.datasets is what there is")
