"""The loader's side of its worker processes.

Each worker has a channel of its own, through which it gets positions and answers with batches in the order in which it
got them. There is no queue that workers share, so that one that is killed can leave none locked, and its channel tells
at once that it is gone.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from itertools import cycle
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any
from weakref import WeakSet, finalize

from . import process
from .process import Job

GRACE = 1.0  # seconds in which a worker may end by itself

_channels: WeakSet[Connection] = WeakSet()  # this process's ends, which a forked worker must close


class Worker:
    """A worker process: its channel, the answers not yet used, and how many are still to come."""

    def __init__(self, number: int, job: Job, context: Any):
        self.channel, theirs = context.Pipe()
        _channels.add(self.channel)
        inherited = list(_channels) if context.get_start_method() == "fork" else []
        self.process = context.Process(target=process.run, args=(job, number, theirs, inherited), daemon=True)
        try:
            self.process.start()
        except Exception as error:
            self.channel.close()
            error.add_note(
                "a DataLoader's dataset, collate_fn and worker_init_fn go to its workers by pickle, unless "
                "multiprocessing_context='fork': define them at the top of a module"
            )
            raise
        finally:
            theirs.close()
        self.answers: deque[tuple[str, Any]] = deque()
        self.due = 0
        self.ended = False  # its copy of an iterable data set

    def tell(self, task: Any) -> None:
        """Give it a tuple with positions, or RESUME."""
        try:
            self.channel.send(task)
        except OSError:
            raise self.gone() from None
        self.due += 1

    def listen(self) -> None:
        """Take in one answer, which is there."""
        try:
            data = self.channel.recv_bytes()
        except (EOFError, OSError):
            raise self.gone() from None
        self.answers.append(ForkingPickler.loads(data))
        self.due -= 1

    def gone(self) -> RuntimeError:
        """The error for a process that ended before its work did."""
        self.process.join(GRACE)
        code = self.process.exitcode
        how = f"killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
        return RuntimeError(
            f"DataLoader worker (pid(s) {self.process.pid}) exited unexpectedly: {how}. SIGKILL often means that "
            "memory ran out; num_workers=0 runs the same code in this process, where it can be looked at"
        )


def stop(workers: list[Worker], owner: int) -> None:
    """End the processes: closing the channel tells an idle one to end; one that is busy is ended after a while."""
    if os.getpid() != owner:  # a copy of the loader in a forked process
        return
    for w in workers:
        w.channel.close()
    for end in (None, "terminate", "kill"):
        until = time.monotonic() + GRACE
        for w in workers:
            if end is not None and w.process.is_alive():
                getattr(w.process, end)()
        for w in workers:
            w.process.join(max(0.0, until - time.monotonic()))


class Pass:
    """An iterator over the batches that workers make."""

    def __init__(self, loader: Any, indices: Iterator, base_seed: int):
        self.indices, self.limit = indices, loader.prefetch_factor  # batches that a worker may have to do
        self.in_order, self.timeout, self.persistent = loader.in_order, loader.timeout, loader.persistent_workers
        context = loader.multiprocessing_context or multiprocessing.get_context()
        job = Job(
            loader.dataset, loader._auto_collation, loader.collate_fn, loader.drop_last, loader.worker_init_fn,
            loader.num_workers, base_seed,
        )  # fmt: skip
        self.workers: list[Worker] = []
        self.stop = finalize(self, stop, self.workers, os.getpid())
        try:
            for number in range(loader.num_workers):
                self.workers.append(Worker(number, job, context))
            self._begin()
        except BaseException:
            self.stop()
            raise

    def restart(self, indices: Iterator) -> None:
        """Begin another pass with the same workers; what is left of the last one is thrown away."""
        self.indices = indices
        for w in self.workers:
            w.answers.clear()
            w.tell(process.RESUME)
        for w in self.workers:
            while self._answer(w)[0] != process.RESUMED:
                pass
            w.due, w.ended = 0, False  # one that had ended left some tasks without an answer
        self._begin()

    def _begin(self) -> None:
        self.order: deque[Worker] = deque()  # whose answer is wanted next
        self.turns = cycle(self.workers)
        for _ in range(self.limit * len(self.workers)):
            self._hand_out()

    def _hand_out(self) -> None:
        """Give the next positions to the worker whose turn it is."""
        for w in (next(self.turns) for _ in self.workers):
            if not w.ended and (self.in_order or w.due + len(w.answers) < self.limit):
                break
        else:
            return
        try:
            indices = next(self.indices)
        except StopIteration:
            return
        w.tell((indices,))
        self.order.append(w)

    def __iter__(self) -> Pass:
        return self

    def __next__(self) -> Any:
        while self.order:
            try:
                kind, value = self._next_answer()
            except BaseException:  # a lost worker, a time-out, Ctrl-C
                self.stop()
                self.order.clear()
                raise
            self._hand_out()
            if kind == process.FAILURE:
                value.reraise()
            if kind == process.BATCH:
                return value
        if not self.persistent:
            self.stop()
        raise StopIteration

    def _next_answer(self) -> tuple[str, Any]:
        """The answer whose turn it is, or with ``in_order=False`` the first there is."""
        if self.in_order:
            w = self.order[0]
        else:
            while not any(w.answers for w in self.order):
                self._listen(self.timeout or None)
            w = next(w for w in self.order if w.answers)
        answer = self._answer(w)
        self.order.remove(w)
        if answer[0] == process.END:
            w.ended = True
            self.order = deque(other for other in self.order if other is not w)
        return answer

    def _answer(self, w: Worker) -> tuple[str, Any]:
        self._listen(0.0)  # a worker whose answer has been taken can go on with its next task
        while not w.answers:
            self._listen(self.timeout or None)
        return w.answers.popleft()

    def _listen(self, timeout: float | None) -> None:
        """Take in the answers that are there, one of each worker; wait for one unless ``timeout`` is 0."""
        by_channel: dict[Any, Worker] = {w.channel: w for w in self.workers}
        by_process = {w.process.sentinel: w for w in self.workers}
        ready = wait([*by_channel, *by_process], timeout)
        if not ready and timeout:
            raise RuntimeError(f"DataLoader timed out after {timeout} seconds")
        heard = [by_channel[end] for end in ready if end in by_channel]
        for w in heard:
            w.listen()
        for end in ready:
            if end in by_process and by_process[end] not in heard:
                raise by_process[end].gone()
