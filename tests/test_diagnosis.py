"""Finding what keeps graphs alive, who writes to a tensor, where logarithms lose numbers; subnormal numbers."""

import numpy as np
import pytest

import autograd
from autograd import backend, nn, ones, optim, study, tensor


def test_a_graph_that_grows_is_reported_with_its_line():
    w = ones(1000, requires_grad=True)
    before = study.graph_report()
    total = 0.0
    with study.trace():
        for _ in range(5):
            total = total + (w * w).sum()
    report = study.graph_report()
    grown = [g for g in report if g not in before and g.nodes == 15]
    assert len(grown) == 1 and grown[0].ends == ("AddBackward0",) and grown[0].saved_bytes == 4000
    assert grown[0].oldest > grown[0].newest and "test_diagnosis.py" in str(report)
    total = total.item()
    assert not [g for g in study.graph_report() if g.nodes == 15]


def test_two_ends_of_one_graph_and_several_outputs_hang_together():
    x = ones(3, requires_grad=True)
    y = (x * 2).sort()[0]
    a, b = y.sum(), (x * 3).prod()
    parts = [g for g in study.graph_report() if set(g.ends) == {"SumBackward0"}]
    assert [g.nodes for g in parts] == [3]
    c = a + b
    joined = [g for g in study.graph_report() if g.ends == ("AddBackward0",) and g.nodes == 6]
    assert len(joined) == 1 and c.item() == 33


def test_frozen_tensors(backend):
    x, other = ones(3, requires_grad=True), ones(2)
    alias = other.numpy()
    with autograd.no_grad(), autograd.freeze(x, other):
        for write in (lambda: x.add_(1), lambda: x[0:1].zero_(), lambda: x.detach().__setitem__(0, 5.0)):
            with pytest.raises(RuntimeError, match=r"is frozen, since .*test_diagnosis.py"):
                write()
        assert (x + 1).tolist() == [2, 2, 2]
    with autograd.no_grad():
        x.add_(1.0)
    with pytest.raises(RuntimeError, match="written to from outside"), autograd.freeze(other):
        alias[0] = 7.0
    x.grad = ones(3)
    with pytest.raises(RuntimeError, match="written to from outside"), autograd.freeze(x), autograd.freeze(x):
        optim.SGD([x], 0.1).step()
    x.detach().zero_()
    with pytest.raises(ZeroDivisionError), autograd.freeze(other):
        alias[0] = 9.0
        raise ZeroDivisionError


def test_a_logarithm_of_softmax_is_warned_of_in_anomaly_mode():
    x = tensor([[1000.0, 0.0]], requires_grad=True)
    with autograd.detect_anomaly():
        with pytest.warns(UserWarning, match=r"log\(softmax\(x\)\) at .*test_diagnosis.py.*use log_softmax"):
            nn.functional.softmax(x, 1).log()
        nn.functional.log_softmax(x, 1).exp().log()
    nn.functional.softmax(x, 1).log()


@pytest.mark.skipif(backend.extension is None, reason="the C kernels are not built")
def test_subnormal_numbers_are_flushed_by_all_threads_alike():
    x = autograd.full((2_000_000,), 1e-38)
    try:
        for flush, expected in ((True, 0.0), (False, np.float32(1e-38) * np.float32(0.1)), (True, 0.0)):
            if not autograd.set_flush_denormal(flush):
                pytest.skip("this machine cannot")
            for threads in (1, 2, 3):
                autograd.set_num_threads(threads)
                with autograd.set_backend("c"):
                    y = x * 0.1
                assert set(np.unique(y.numpy().view(np.int32))) == {int(np.float32(expected).view(np.int32))}
    finally:
        autograd.set_flush_denormal(False)
        autograd.set_num_threads(1)
