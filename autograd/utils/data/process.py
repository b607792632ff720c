"""What a worker process of a loader does: read positions from its channel, answer with batches.

A thread reads the channel, so that the loader never waits for a worker that is busy; and it is the thread that notices
when the loader is gone.
"""

from __future__ import annotations

import random
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import numpy as np

from ...random import manual_seed
from ...runtime import set_num_threads
from . import worker
from .dataset import IterableDataset
from .fetch import fetcher

BATCH, FAILURE, END, RESUMED = "batch", "failure", "end", "resumed"  # the kinds of answers
RESUME = "resume"  # in place of a tuple with the positions: begin another pass
_GONE = object()


@dataclass(frozen=True)
class Job:
    """What all workers of a loader are told when they begin."""

    dataset: Any
    batched: bool
    collate_fn: Callable
    drop_last: bool
    init: Callable[[int], None] | None
    num_workers: int
    base_seed: int


class _Readable(str):
    """The text of a KeyError, which would print with its line breaks quoted."""

    __repr__ = str.__str__


class Failure:
    """An exception that passes from a worker to the loader, with its traceback as text."""

    def __init__(self, worker: int):
        self.kind = sys.exc_info()[0]
        self.text = f"Caught {self.kind.__name__} in DataLoader worker process {worker}.\n"  # type: ignore[union-attr]
        self.text += f"Original {traceback.format_exc()}"

    def reraise(self) -> None:
        """Raise an exception of the same type; RuntimeError where the type takes other arguments than a text."""
        text = _Readable(self.text) if self.kind is KeyError else self.text
        try:
            error = self.kind(text)  # type: ignore[misc]
        except Exception:
            error = RuntimeError(text)
        raise error from None

    def packed(self) -> Any:
        """The answer that tells of it."""
        try:
            return ForkingPickler.dumps((FAILURE, self))
        except Exception:  # a type that cannot be pickled
            self.kind = RuntimeError
            return ForkingPickler.dumps((FAILURE, self))


def run(job: Job, number: int, channel: Connection, inherited: Iterable[Connection]) -> None:
    """The life of worker ``number``. ``inherited`` are the loader's ends of channels, which a fork copies: as long as
    one is open here, a worker does not notice that the loader is gone."""
    for end in inherited:
        end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the loader, which then ends its workers
    set_num_threads(1)
    seed_all(job.base_seed, number)
    worker.info = worker.WorkerInfo(number, job.num_workers, job.base_seed + number, job.dataset)
    tasks: SimpleQueue = SimpleQueue()
    Thread(target=_read, args=(channel, tasks), daemon=True).start()
    answers = _Answers(job, number)
    while (task := tasks.get()) is not _GONE:
        answer = answers.to(task)
        if answer is not None:
            try:
                channel.send_bytes(answer)
            except OSError:  # the loader is gone
                return


def seed_all(base_seed: int, number: int) -> None:
    """Give Python's, NumPy's and this package's random numbers the streams that PyTorch gives worker ``number``."""
    random.seed(base_seed + number)
    manual_seed(base_seed + number)
    words = np.random.SeedSequence([number, base_seed % 2**32, base_seed >> 32, 0])
    np.random.seed(words.generate_state(4))


def _read(channel: Connection, tasks: SimpleQueue) -> None:
    """Pass on what comes through the channel; when the loader has closed it, forget what was not begun."""
    try:
        while True:
            tasks.put(channel.recv())
    except (EOFError, OSError):
        pass
    finally:
        with suppress(Empty):
            while True:
                tasks.get_nowait()
        tasks.put(_GONE)


class _Answers:
    """What a worker answers, ready to be sent."""

    def __init__(self, job: Job, number: int):
        self.job, self.number = job, number
        self.fetch: Callable | None = None  # made with the first batch of a pass
        self.ended = False
        self.broken: Failure | None = None
        try:
            if job.init is not None:
                job.init(number)
        except Exception:
            self.broken = Failure(number)

    def to(self, task: Any) -> Any:
        """The answer to positions or to RESUME; None where an iterable data set has ended before."""
        if task == RESUME:
            self.fetch, self.ended = None, False
            return ForkingPickler.dumps((RESUMED, None))
        if self.ended:
            return None
        if self.broken is not None:
            return self.broken.packed()
        try:
            return ForkingPickler.dumps(self._made(*task))
        except Exception:
            return Failure(self.number).packed()

    def _made(self, indices: Any) -> tuple[str, Any]:
        job = self.job
        if self.fetch is None:
            self.fetch = fetcher(job.dataset, job.batched, job.collate_fn, job.drop_last)
        try:
            return BATCH, self.fetch(indices)
        except StopIteration:
            if not isinstance(job.dataset, IterableDataset):
                raise
            self.ended = True
            return END, None
