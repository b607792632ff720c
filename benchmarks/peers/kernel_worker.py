"""One library in a process of its own, which times kernels: ``python -m benchmarks.peers.kernel_worker numpy 1``.

As ``worker.py``, with the rows of ``kernel_rows.py`` for nets: ``{"do": "result", "row": "exp 1e5"}`` answers with some
elements of the result, ``{"do": "time", "row": "exp 1e5", "seconds": 0.02}`` with seconds a call.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from time import perf_counter, sleep
from typing import Any

import numpy as np

from .kernel_rows import Row, rows
from .worker import PAUSE, serve

SAMPLE = 997  # elements of a result that are compared


class NumPy:
    """NumPy's arrays; the other libraries say how theirs differ."""

    def __init__(self, lib: Any, threads: int):
        self.lib = lib

    def array(self, values: np.ndarray) -> Any:
        return values.copy()

    def numpy(self, array: Any) -> np.ndarray:
        return np.asarray(array)

    def result(self, out: Any, returned: Any) -> Any:
        """The array that holds the result of a call."""
        return out


class Ours(NumPy):
    def __init__(self, lib: Any, threads: int):
        lib.set_num_threads(threads)

    def array(self, values: np.ndarray) -> Any:
        from autograd import from_numpy, storage

        a = storage.empty(values.shape, from_numpy(values.reshape(-1)[:0]).dtype)
        a.numpy()[...] = values
        return a

    def numpy(self, array: Any) -> np.ndarray:
        return array.numpy()


class Torch(NumPy):
    def __init__(self, lib: Any, threads: int):
        super().__init__(lib, threads)
        lib.set_num_threads(threads)

    def array(self, values: np.ndarray) -> Any:
        return self.lib.from_numpy(values.copy())

    def numpy(self, array: Any) -> np.ndarray:
        return array.detach().numpy()

    def result(self, out: Any, returned: Any) -> Any:
        return out if returned is None else returned


class Jax(NumPy):
    def __init__(self, lib: Any, threads: int):
        super().__init__(lib, threads)
        lib.config.update("jax_enable_x64", True)

    def array(self, values: np.ndarray) -> Any:
        return self.lib.numpy.array(values)

    def result(self, out: Any, returned: Any) -> Any:
        return returned


LIBRARIES = {"autograd": Ours, "numpy": NumPy, "torch": Torch, "jax": Jax}


class Bound:
    """A row with a library's arrays, ready to be called; how many calls make a measurement is found out once."""

    def __init__(self, row: Row, name: str, library: NumPy):
        out, inputs = row.arrays()
        self.library = library
        self.out = library.array(out)
        self.call = row.calls[name](self.out, *map(library.array, inputs))
        self.count = 0

    def sample(self) -> list[float]:
        library = self.library
        values = library.numpy(library.result(self.out, self.call())).reshape(-1)
        return values[:: max(1, len(values) // SAMPLE)].astype(np.float64).tolist()

    def seconds(self, wanted: float) -> float:
        sleep(PAUSE)
        if not self.count:
            self.count = 1
            while (taken := self._run()) < wanted / 10:
                self.count *= 4
            self.count = max(1, round(self.count * wanted / taken))
        return self._run() / self.count

    def _run(self) -> float:
        call = self.call
        for _ in range(1 + self.count // 4):  # fills the caches, wakes threads
            call()
        start = perf_counter()
        for _ in range(self.count):
            call()
        return perf_counter() - start


def kernels(name: str, lib: Any, threads: int) -> Callable[[dict[str, Any]], Any]:
    library = LIBRARIES[name](lib, threads)
    by_name = {row.name: row for row in rows()}

    @cache
    def bound(row: str) -> Bound:
        return Bound(by_name[row], name, library)

    def answer(request: dict[str, Any]) -> Any:
        if request["do"] == "result":
            bound.cache_clear()  # one row's arrays at a time
            return bound(request["row"]).sample()
        return bound(request["row"]).seconds(request["seconds"])

    return answer


if __name__ == "__main__":
    serve(kernels)
