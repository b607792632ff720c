"""What all benchmarks share: the backend as a parameter, the garbage collector off, the machine named in the JSON."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import autograd
from autograd import backend


@pytest.fixture(params=["c", "numpy"])
def backend_name(request):
    """Each benchmark runs under C and, right after it, under NumPy."""
    with autograd.set_backend(request.param):
        yield request.param


@pytest.fixture(autouse=True)
def collector_off():
    """A collection would be counted into whichever round it falls into."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def row(benchmark, backend_name):
    """Names the row that is being measured: ``row(group, kind=...)`` returns pytest-benchmark's fixture."""

    def name(group: str, **facts):
        benchmark.group = group
        benchmark.extra_info.update(facts, backend=backend_name)
        return benchmark

    return name


def pytest_configure(config):
    if backend.extension is None:
        raise pytest.UsageError(f"C is compared with NumPy, and the C kernels are not built: {backend.BUILD_HINT}")


def pytest_benchmark_update_machine_info(config, machine_info):
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    machine_info.pop("node", None)  # the host's name is nobody's business
    machine_info["autograd"] = {
        "version": autograd.__version__,
        "isa": autograd.get_isa(),
        "threads": autograd.get_num_threads(),
        "compiler": backend.extension.ffi.string(backend.extension.lib.ag_compiler()).decode(),
        "numpy": np.__version__,
        "blas": f"{blas.get('name')} {blas.get('version')}",
    }


def pytest_benchmark_update_json(config, benchmarks, output_json):
    for row in output_json["benchmarks"]:
        row["stats"].pop("data", None)  # every single round: megabytes that nothing reads
