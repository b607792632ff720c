"""Products of matrices in one library: ``python -m benchmarks.peers.products numpy 1`` answers requests, a line each.

``{"do": "time", "sizes": [m, k, n], "seconds": s}`` is answered by seconds a call, ``{"do": "check", "sizes": ...}`` by
the largest error, relative to the sum of the absolute products.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, sleep
from typing import Any

import numpy as np

from .worker import PAUSE, serve


def product(lib: Any, a: np.ndarray, b: np.ndarray) -> tuple[Callable[[], Any], Callable[[], np.ndarray]]:
    """A call that multiplies into memory that is there, and one that shows the result."""
    out = np.empty((a.shape[0], b.shape[1]), np.float32)
    if lib is np:
        return lambda: np.dot(a, b, out), lambda: out
    x, y, z = map(lib.tensor, (a, b, out))
    if lib.__name__ == "torch":
        return lambda: lib.mm(x, y, out=z), lambda: z.numpy()
    kernel, arrays = lib.backend.K.gemm, [t._array for t in (z, x, y)]
    return lambda: kernel(*arrays), lambda: arrays[0].numpy()


class Multiplier:
    """Answers requests; it keeps the matrices from one to the next of the same sizes."""

    def __init__(self, lib: Any, threads: int):
        self.lib = lib
        self.pause = PAUSE if threads > 1 else 0
        self.sizes: list[int] = []
        if hasattr(lib, "set_num_threads"):
            lib.set_num_threads(threads)

    def __call__(self, request: dict) -> float:
        if request["sizes"] != self.sizes:
            self._prepare(request["sizes"])
        if request["do"] == "check":
            self.call()
            a, b = self.a.astype(float), self.b.astype(float)
            return float(np.max(np.abs(self.result() - a @ b) / (np.abs(a) @ np.abs(b))))
        return self._time(request["seconds"])

    def _prepare(self, sizes: list[int]) -> None:
        m, k, n = self.sizes = sizes
        rng = np.random.default_rng(n)
        self.a, self.b = (rng.standard_normal(shape, np.float32) for shape in ((m, k), (k, n)))
        self.call, self.result = product(self.lib, self.a, self.b)
        self.calls = 3

    def _time(self, seconds: float) -> float:
        """Seconds a call; how many calls fit is learned on the way."""
        call = self.call
        sleep(self.pause)
        while True:
            start = perf_counter()
            for _ in range(self.calls):
                call()
            taken = perf_counter() - start
            if taken > seconds / 2:
                return taken / self.calls
            self.calls = max(self.calls + 1, min(10 * self.calls, int(self.calls * seconds / taken)))


if __name__ == "__main__":
    serve(lambda name, lib, threads: Multiplier(lib, threads))
