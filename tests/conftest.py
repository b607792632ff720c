"""Fixtures shared by all tests. Every test starts from the same settings and leaves none changed."""

import gc
import sys
from importlib import import_module

import pytest
from support import MACHINES, use

import autograd
from autograd import as_torch, runtime


@pytest.fixture(autouse=True)
def settings():
    """Each test starts from a fixed seed; backend, instruction set, threads and the like are put back after it."""
    backend, threads, isa = autograd.get_backend(), autograd.get_num_threads(), autograd.get_isa()
    autograd.manual_seed(0)
    yield
    if autograd.get_isa() != isa and runtime.isa_names():
        autograd.set_isa(isa)
    autograd.set_backend(backend)
    autograd.set_num_threads(threads)
    autograd.set_strict_ieee(False)
    autograd.set_default_dtype(autograd.float32)


@pytest.fixture(params=MACHINES)
def machine(request):
    """Each backend, and under the C backend each instruction set of this CPU."""
    use(request.param)
    return request.param


@pytest.fixture(params=[m for m in (MACHINES[0], MACHINES[-1])] if len(MACHINES) > 1 else MACHINES)
def backend(request):
    """NumPy, and C at its best."""
    use(request.param)
    return request.param


@pytest.fixture
def in_c():
    """Under the C backend."""
    with autograd.set_backend("c"):
        yield


@pytest.fixture
def few_objects():
    """The garbage collector knows the objects of this test alone; those of thousands of tests take it half a second."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def torch():
    """PyTorch, where it is installed, on one thread."""
    found = pytest.importorskip("torch")
    threads = found.get_num_threads()
    found.set_num_threads(1)
    yield found
    found.set_num_threads(threads)


@pytest.fixture
def without_pytorch(monkeypatch):
    """PyTorch itself, where it is imported, looks as if it were not."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("torch", "torchvision")]:
        monkeypatch.delitem(sys.modules, name)


@pytest.fixture
def emulated(without_pytorch):
    """What ``import torch`` gives under as_torch."""
    with as_torch.installed():
        yield import_module("torch")
