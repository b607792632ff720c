"""Every layer beside PyTorch's, where that is installed: weights of a seed, names, outputs, gradients, statistics."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from module_cases import CASES, FLAT, Constant
from support import values

import autograd

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def strict():
    autograd.set_strict_ieee(True)
    torch.set_num_threads(1)


def both(make):
    """(ours, PyTorch's) of a module, made from the same seed."""
    autograd.manual_seed(11)
    torch.manual_seed(11)
    return make(autograd.nn), make(torch.nn)


def given(library, dtype: str, inputs) -> list:
    """Inputs as tensors of a library, floats as leaves."""
    made = []
    for a in inputs:
        differentiated = a.dtype.kind == "f" and not isinstance(a, Constant)
        a = np.asarray(a, dtype if a.dtype.kind == "f" else a.dtype)
        made.append(library.tensor(a, requires_grad=differentiated))
    return made


def run(library, module, dtype: str, inputs) -> dict[str, np.ndarray]:
    """All there is to compare of a forward and a backward, by name."""
    tensors = given(library, dtype, inputs)
    module.zero_grad()
    outputs = module(*tensors)
    outputs = list(outputs) if isinstance(outputs, tuple) else [outputs]
    found = {f"output {i}": values(y) if library is autograd else y.detach().numpy() for i, y in enumerate(outputs)}
    if outputs[0].requires_grad:
        g = np.random.default_rng(1).standard_normal(tuple(outputs[0].shape)).astype(dtype)
        outputs[0].backward(library.tensor(g))
    learned = [*((f"input {i}", t) for i, t in enumerate(tensors)), *module.named_parameters()]
    found |= {f"gradient of {name}": t.grad.numpy() for name, t in learned if t.grad is not None}
    return found | {name: b.numpy().copy() for name, b in module.named_buffers()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_modules_are_pytorchs(backend, case):
    _, make, *inputs = case
    mine, theirs = both(make)
    assert repr(mine) == repr(theirs) and mine.training == theirs.training
    assert list(mine.state_dict()) == list(theirs.state_dict())
    for (name, p), (other, q) in zip(mine.named_parameters(), theirs.named_parameters(), strict=True):
        assert name == other and p.requires_grad == q.requires_grad
        np.testing.assert_allclose(p.numpy(force=True), q.detach().numpy(), rtol=2e-6, atol=1e-6)
    exact = 1e-7 if "Hardsigmoid" in repr(mine) else 1e-10  # PyTorch's 1 / 6 is that of float32
    for dtype, tolerance in (("float32", 2e-5), ("float64", exact)):
        mine.to(getattr(autograd, dtype))
        theirs.to(getattr(torch, dtype))
        mine.load_state_dict({k: autograd.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
        for training in (True, True, False) if mine.training else (False,):
            found = run(autograd, mine.train(training), dtype, inputs)
            expected = run(torch, theirs.train(training), dtype, inputs)
            assert found.keys() == expected.keys()
            for name, a in found.items():
                assert a.dtype == expected[name].dtype and a.shape == expected[name].shape, name
                np.testing.assert_allclose(a, expected[name], rtol=tolerance, atol=tolerance, err_msg=name)
    theirs.load_state_dict({k: torch.tensor(v.numpy()) for k, v in mine.state_dict().items()})


PYTORCH_FAILS = {  # at batches of nothing: an error of its own, or what memory held before
    "InstanceNorm1d", "InstanceNorm2d", "ReplicationPad2d", "PixelShuffle", "PixelUnshuffle", "MultiMarginLoss",
    "MultiLabelMarginLoss",
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_batches_of_nothing(case):
    name, make, *inputs = case
    mine, theirs = both(make)
    nothing = [a[:0] for a in inputs]
    kind = type(mine).__name__
    if kind == "CTCLoss" or inputs[0] is FLAT or (name.startswith("table") and len(inputs) > 1):
        return  # dim 0 is not the batch's
    found = run(autograd, mine, "float32", nothing)
    if kind not in PYTORCH_FAILS:
        expected = run(torch, theirs, "float32", nothing)
        assert found.keys() == expected.keys()
        for key, a in found.items():
            np.testing.assert_allclose(a, expected[key], rtol=1e-5, atol=1e-6, err_msg=key)


MISSING = (
    "AdaptiveLogSoftmaxWithLoss", "Container", "CrossMapLRN2d", "FractionalMaxPool2d", "LinearCrossEntropyLoss",
    "LinearCrossEntropyOptions", "NLLLoss2d", "SyncBatchNorm",
)  # fmt: skip


def default_of(parameter: inspect.Parameter):
    """A function by its name: each library has its own."""
    return parameter.default.__name__ if inspect.isroutine(parameter.default) else parameter.default


def test_every_layer_is_there_with_pytorchs_signature():
    for name in torch.nn.modules.__all__:
        if name in MISSING or name.startswith("Lazy") or ("3d" in name and name != "Dropout3d"):
            with pytest.raises(AttributeError, match=f"{name}.* is not implemented"):
                getattr(autograd.nn, name)
        elif name != "Module" and name in dir(autograd.nn):
            signatures = [inspect.signature(getattr(m.nn, name)) for m in (autograd, torch)]
            mine, theirs = ([(p.name, default_of(p)) for p in s.parameters.values()] for s in signatures)
            if theirs[-1:] != [("kwargs", inspect.Parameter.empty)]:
                assert mine[: len(theirs)] == theirs, name


def test_every_layer_has_a_case():
    made = {type(m).__name__ for case in CASES for m in case[1](autograd.nn).modules()}
    layers = {n: c for n, c in vars(autograd.nn).items() if inspect.isclass(c) and issubclass(c, autograd.nn.Module)}
    elsewhere = {n for n, c in layers.items() if c.__module__.split(".")[-1] in ("rnn", "transformer", "parallel")}
    holders = {"Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList"}
    assert layers.keys() - holders - elsewhere - {"MultiheadAttention"} <= made
