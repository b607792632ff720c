"""Data sets to learn with: pictures with torchvision's names and arguments, and scikit-learn's tables.

A sample of MNIST, FashionMNIST or CIFAR10 is a uint8 array of NumPy's, (rows, columns) or (rows, columns, colours),
where torchvision gives an image of PIL's; :mod:`~autograd.datasets.transforms` turns it into a tensor. The whole set is
in ``data`` and ``targets``: for a small net it is quickest to take all of it at once.

    train = datasets.MNIST("data", download=True)
    pairs = TensorDataset(train.data.float().div(255).unsqueeze(1), train.targets)
"""

from . import transforms
from .cifar import CIFAR10
from .mnist import MNIST, FashionMNIST
from .tables import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine

__all__ = [
    "CIFAR10", "MNIST", "FashionMNIST", "load_breast_cancer", "load_diabetes", "load_digits", "load_iris", "load_wine",
    "transforms",
]  # fmt: skip
