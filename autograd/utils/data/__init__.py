"""Data sets, samplers and the loader that makes batches of them, as in torch.utils.data.

>>> from autograd import arange, manual_seed
>>> x = arange(6).reshape(6, 1)
>>> train, test = random_split(TensorDataset(x, x[:, 0] % 2), [4, 2])
>>> _ = manual_seed(0)
>>> for features, targets in DataLoader(train, batch_size=2, shuffle=True):
...     print(tuple(features.shape), tuple(targets.shape))
(2, 1) (2,)
(2, 1) (2,)

The same seed gives PyTorch's batches in PyTorch's order.
"""

from .collate import default_collate, default_convert
from .dataloader import DataLoader
from .dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
from .distributed import DistributedSampler
from .sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from .worker import get_worker_info

__all__ = [
    "BatchSampler", "ChainDataset", "ConcatDataset", "DataLoader", "Dataset", "DistributedSampler", "IterableDataset",
    "RandomSampler",
    "Sampler", "SequentialSampler", "StackDataset", "Subset", "SubsetRandomSampler", "TensorDataset",
    "WeightedRandomSampler", "default_collate", "default_convert", "get_worker_info", "random_split",
]  # fmt: skip
