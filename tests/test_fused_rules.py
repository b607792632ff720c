"""The fused backward pass against the composed rules: ``backward`` without and with ``create_graph``, on random and
edge values, in every layout, with gradients that are partly 0."""

import numpy as np
import pytest
from opdb import DIFFERENTIABLE, FLOATS, outputs_of
from support import leaves, random_gradients, same, values

import autograd

TOLERANCE = {"float32": {"rtol": 2e-5, "atol": 2e-6}, "float64": {"rtol": 1e-11, "atol": 1e-12}}


def both_ways(row, sample, zeros: bool = False):
    """(leaves, gradients by the fused kernels, gradients by the rules) of a sample."""
    args, kwargs, wanted = leaves(row, sample)
    outputs = [y for y in outputs_of(row.function(autograd)(*args, **kwargs)) if y.requires_grad]
    gs = random_gradients(outputs, zeros=zeros)
    fused = autograd.grad(outputs, wanted, gs, retain_graph=True, allow_unused=True)
    composed = autograd.grad(outputs, wanted, gs, create_graph=True, allow_unused=True)
    return wanted, fused, composed


def agree(row, dtype, sample, zeros: bool = False) -> None:
    wanted, fused, composed = both_ways(row, sample, zeros)
    for i, (x, a, b) in enumerate(zip(wanted, fused, composed, strict=True)):
        where = f"{row.name}, {sample.note}, gradient {i}"
        assert (a is None) == (b is None), where
        if a is None:
            continue
        for g in (a, b):
            assert g.dtype is x.dtype, f"{where}: {g.dtype} for an input of {x.dtype}"
            assert g.shape == x.shape, where
        same(values(a), values(b), **TOLERANCE[dtype], where=where)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.name)
def test_fused_backward_equals_the_rules(backend, row, dtype):
    for sample in row.made(dtype):
        agree(row, dtype, sample)
        if not sample.smooth:
            agree(row, dtype, sample, zeros=True)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.name)
def test_both_agree_under_strict_ieee(backend, row, dtype):
    autograd.set_strict_ieee(True)
    for sample in row.made(dtype):
        if not sample.smooth:
            agree(row, dtype, sample, zeros=True)


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.name)
def test_each_input_alone_gets_the_same_gradient(row):
    """What is saved depends on which inputs want a gradient."""
    for sample in row.made("float64"):
        args, kwargs, wanted = leaves(row, sample)
        if len(wanted) < 2:
            continue
        outputs = [y for y in outputs_of(row.function(autograd)(*args, **kwargs)) if y.requires_grad]
        gradients = random_gradients(outputs)
        together = autograd.grad(outputs, wanted, gradients, allow_unused=True)
        for i, chosen in enumerate(wanted):
            for t in wanted:
                t.requires_grad_(t is chosen)
            found = [y for y in outputs_of(row.function(autograd)(*args, **kwargs)) if y.dtype.is_floating_point]
            outputs = {i: y for i, y in enumerate(found) if y.requires_grad}
            if outputs:
                (alone,) = autograd.grad(
                    list(outputs.values()), chosen, [gradients[i] for i in outputs], allow_unused=True
                )
                if alone is not None:
                    same(values(alone), values(together[i]), 1e-12, 1e-13, f"{row.name}, {sample.note}, input {i}")


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.name)
def test_a_gradient_in_any_layout(row):
    """The gradient arriving may be expanded or transposed."""
    for sample in row.made("float64"):
        args, kwargs, wanted = leaves(row, sample)
        outputs = [y for y in outputs_of(row.function(autograd)(*args, **kwargs)) if y.requires_grad]
        plain = random_gradients(outputs)
        turned = [autograd.from_numpy(np.array(values(g), order="F")) for g in plain]
        a = autograd.grad(outputs, wanted, plain, retain_graph=True, allow_unused=True)
        b = autograd.grad(outputs, wanted, turned, retain_graph=True, allow_unused=True)
        ones = [autograd.ones((), dtype=autograd.float64).expand(y.shape) for y in outputs]
        c = autograd.grad(outputs, wanted, ones, retain_graph=True, allow_unused=True)
        d = autograd.grad(outputs, wanted, [g.clone() for g in ones], allow_unused=True)
        for first, second in (*zip(a, b), *zip(c, d)):
            if first is not None:
                same(values(second), values(first), 1e-12, 1e-13, f"{row.name}, {sample.note}")


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.name)
def test_a_gradient_that_somebody_holds_is_not_overwritten(row):
    """Backward may reuse the memory of gradients that nobody else sees; what was given, hooked or saved stays."""
    for sample in [s for s in row.made("float64") if s.smooth][:8]:
        args, kwargs, wanted = leaves(row, sample)
        outputs = [y for y in outputs_of(row.function(autograd)(*args, **kwargs)) if y.requires_grad]
        held = []
        doubled = [y * 1.0 for y in outputs]
        for y in outputs + doubled:
            y.register_hook(lambda g, held=held: held.append((g, repr(g.tolist()))))
        gs = random_gradients(outputs)
        before = repr([t.tolist() for t in (*gs, *outputs, *wanted)])
        a = autograd.grad(doubled, wanted, gs, retain_graph=True, allow_unused=True)
        kept = repr([g if g is None else g.tolist() for g in a])
        b = autograd.grad(doubled, wanted, gs, retain_graph=True, allow_unused=True)
        assert (
            repr([g if g is None else g.tolist() for g in a])
            == kept
            == repr([g if g is None else g.tolist() for g in b])
        ), sample.note
        assert repr([t.tolist() for t in (*gs, *outputs, *wanted)]) == before, sample.note
        assert all(repr(g.tolist()) == then for g, then in held), sample.note
