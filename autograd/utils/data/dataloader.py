"""DataLoader: batches of a data set, in order or shuffled, made here or by worker processes.

>>> from autograd import arange
>>> from autograd.utils.data import TensorDataset
>>> loader = DataLoader(TensorDataset(arange(5)), batch_size=2)
>>> [x.tolist() for (x,) in loader]
[[0, 1], [2, 3], [4]]
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ...random import Generator
from .collate import default_collate, default_convert
from .dataset import IterableDataset
from .fetch import fetcher
from .sampler import BatchSampler, EndlessSampler, RandomSampler, SequentialSampler, drawn_seed
from .worker import get_worker_info

if TYPE_CHECKING:
    from .workers import Pass

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


class DataLoader:
    """Batches of a data set.

    dataset
        What has ``__getitem__`` and ``__len__``, or an IterableDataset. Of a TensorDataset (or a Subset of one) whole
        batches are taken at once.
    batch_size, drop_last
        Samples in a batch; whether a shorter last batch is left out. None: samples one by one.
    shuffle, sampler, batch_sampler, generator
        The order; the same seed gives PyTorch's.
    collate_fn
        Makes a batch of a list of samples: by default :func:`~autograd.utils.data.default_collate`.
    num_workers, prefetch_factor, persistent_workers, in_order, multiprocessing_context
        Worker processes (0: none), batches that each makes ahead, whether they live on after a pass, whether batches
        come in the order of the sampler, how processes start ("fork", "spawn"). Batches come from workers by pickle;
        each worker has one thread for the C kernels.
    timeout, worker_init_fn
        Seconds to wait for a batch (0: for ever); called with its number in each worker.
    pin_memory, pin_memory_device
        Accepted: there is no other memory than the CPU's.
    """

    _initialized = False

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable | None = None,
        batch_sampler: Iterable | None = None,
        num_workers: int = 0,
        collate_fn: Callable | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ):
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        _check_order(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
        if batch_sampler is not None:
            batch_size = None
        if sampler is None:
            if isinstance(dataset, IterableDataset):
                sampler = EndlessSampler()
            else:
                sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset, self.batch_size, self.drop_last = dataset, batch_size, drop_last
        self.sampler, self.batch_sampler, self.generator = sampler, batch_sampler, generator
        self.num_workers, self.timeout, self.worker_init_fn = num_workers, timeout, worker_init_fn
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.persistent_workers, self.in_order = persistent_workers, in_order
        self.multiprocessing_context = _context(multiprocessing_context, num_workers)
        self.pin_memory, self.pin_memory_device = pin_memory, pin_memory_device
        self.collate_fn = collate_fn or (default_collate if self._auto_collation else default_convert)
        self._pass: Pass | None = None
        self._promised: int | None = None  # what len() said of an iterable data set
        self._initialized = True

    def __setattr__(self, name: str, value: Any) -> None:
        if self._initialized and name in FIXED:
            raise ValueError(f"{name} attribute should not be set after DataLoader is initialized: make another one")
        super().__setattr__(name, value)

    @property
    def _auto_collation(self) -> bool:
        """Whether samples are put together to batches."""
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        n = self._promised = len(self.dataset)  # type: ignore[arg-type]  # as long as the data set has a length
        if self.batch_size is None:
            return n
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator:
        if self.timeout and not self.num_workers:
            raise AssertionError("timeout needs worker processes: give num_workers")
        batches = self._batches()
        return self._counted(batches) if isinstance(self.dataset, IterableDataset) else batches

    def _batches(self) -> Iterator:
        indices = iter(self._index_sampler)
        if self._pass is not None and self._pass.stop.alive:
            self._pass.restart(indices)
            return self._pass
        base_seed = drawn_seed(self.generator)
        if not self.num_workers:
            return map(fetcher(self.dataset, self._auto_collation, self.collate_fn, self.drop_last), indices)
        from .workers import Pass  # with multiprocessing, which takes a while to import

        made = Pass(self, indices, base_seed)
        if self.persistent_workers:
            self._pass = made
        return made

    def _counted(self, batches: Iterator) -> Iterator:
        """The batches, with a warning where there are more than len() said."""
        for count, batch in enumerate(batches, 1):
            if self._promised is not None and count > self._promised:
                warnings.warn(
                    f"Length of IterableDataset {self.dataset!r} was reported to be {self._promised} (when accessing "
                    f"len(dataloader)), but {count} samples have been fetched"
                    + (": each worker goes through all of it, see get_worker_info()" if self.num_workers else ""),
                    stacklevel=2,
                )
            yield batch


def _check_workers(num_workers: int, timeout: float, prefetch_factor: int | None, persistent: bool) -> None:
    if num_workers < 0:
        raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError("prefetch_factor option could only be specified in multiprocessing: give num_workers")
    if prefetch_factor is not None and prefetch_factor < 1:
        raise ValueError("prefetch_factor option should be positive")
    if num_workers == 0 and persistent:
        raise ValueError("persistent_workers option needs num_workers > 0")
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if num_workers > cpus:
        warnings.warn(
            f"This DataLoader will create {num_workers} worker processes, and this process may use {cpus} CPUs: more "
            "workers than that make loading slower",
            stacklevel=3,
        )


def _check_order(dataset: Any, batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: Any) -> None:
    if isinstance(dataset, IterableDataset):
        if shuffle:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified shuffle option, but got shuffle={shuffle}"
            )
        for name, value in (("sampler", sampler), ("batch_sampler", batch_sampler)):
            if value is not None:
                raise ValueError(
                    f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}"
                )
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
    if batch_size is None and drop_last:
        raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")


def _context(context: Any, num_workers: int) -> Any:
    if context is None:
        return None
    if not num_workers:
        raise ValueError("multiprocessing_context can only be used with multi-process loading (num_workers > 0)")
    import multiprocessing.context

    if isinstance(context, str):
        known = multiprocessing.get_all_start_methods()
        if context not in known:
            raise ValueError(
                f"multiprocessing_context option should specify a valid start method in {known}, but got "
                f"multiprocessing_context={context!r}"
            )
        return multiprocessing.get_context(context)
    if not isinstance(context, multiprocessing.context.BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string specifying the start method, "
            f"but got multiprocessing_context={context}"
        )
    return context
