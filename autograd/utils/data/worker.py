"""Who one is, within a worker process of a loader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A worker process as the code within it sees it: its number, the number of workers, the seed of its random
    numbers, and its copy of the data set."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


info: WorkerInfo | None = None  # set where a worker process begins


def get_worker_info() -> WorkerInfo | None:
    """The :class:`WorkerInfo` within a worker process, None elsewhere."""
    return info
