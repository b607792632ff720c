"""``torchvision.datasets``."""

from ...datasets import CIFAR10, MNIST, FashionMNIST
from ...naming import refuse_others

__all__ = ["CIFAR10", "MNIST", "FashionMNIST"]
__getattr__ = refuse_others("torchvision.datasets", "autograd.datasets is what there is")
