"""In which order a loader takes the samples of a data set.

>>> from autograd import Generator
>>> list(BatchSampler(SequentialSampler("abcde"), batch_size=2, drop_last=False))
[[0, 1], [2, 3], [4]]
>>> list(RandomSampler("abcde", generator=Generator().manual_seed(0)))
[4, 0, 1, 3, 2]

The same seed gives PyTorch's order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice, repeat
from typing import Any, Generic, TypeVar

from ...data import as_tensor
from ...dtypes import float64, int64
from ...ops.create import empty
from ...ops.random import multinomial, randint, randperm
from ...random import Generator

T = TypeVar("T", covariant=True)


class Sampler(Generic[T]):
    """Positions, or lists of positions: a subclass writes ``__iter__`` and, where it is known, ``__len__``."""

    def __iter__(self) -> Iterator[T]:
        raise NotImplementedError("Subclasses of Sampler should implement __iter__.")


def drawn_seed(generator: Generator | None = None) -> int:
    """A seed for another stream, drawn as PyTorch draws it."""
    return int(empty((), dtype=int64).random_(generator=generator).item())


def _check_count(num_samples: Any) -> None:
    if type(num_samples) is not int or num_samples <= 0:
        raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")


class EndlessSampler(Sampler[None]):
    """The positions of an iterable data set, which has none."""

    def __iter__(self) -> Iterator[None]:
        return repeat(None)


class SequentialSampler(Sampler[int]):
    """0, 1, 2, ..."""

    def __init__(self, data_source: Sized):
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Positions in random order, or with ``replacement`` drawn each on its own; ``num_samples`` of them.

    Without ``generator`` each pass has a stream of its own, whose seed comes from the default generator.
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ):
        self.data_source, self.replacement, self.generator = data_source, replacement, generator
        self._num_samples = num_samples
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        _check_count(self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many positions a pass gives: as many as there are samples, where it was not said."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        n, wanted = len(self.data_source), self.num_samples
        generator = self.generator or Generator().manual_seed(drawn_seed())
        if self.replacement:
            for start in range(0, wanted, 32):  # PyTorch's portions, which the stream depends on
                yield from randint(n, (min(32, wanted - start),), generator=generator).tolist()
        else:
            for start in range(0, wanted, n):
                yield from randperm(n, generator=generator).tolist()[: wanted - start]
            if wanted % n == 0:
                randperm(n, generator=generator)  # PyTorch draws it, and takes none of it

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """Some positions, in random order."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None):
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        for i in randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Positions drawn with the probabilities that ``weights`` are proportional to."""

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ):
        _check_count(num_samples)
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise ValueError(
                f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}"
            )
        self.num_samples, self.replacement, self.generator = num_samples, replacement, generator

    def __iter__(self) -> Iterator[int]:
        yield from multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The positions of another sampler in lists of ``batch_size``; ``drop_last`` leaves a shorter last one out."""

    def __init__(self, sampler: Iterable, batch_size: int, drop_last: bool):
        if type(batch_size) is not int or batch_size <= 0:
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[int]]:
        positions = iter(self.sampler)
        while batch := list(islice(positions, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def __len__(self) -> int:
        n = len(self.sampler)  # type: ignore[arg-type]  # as long as the sampler has a length
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
