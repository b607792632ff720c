"""Backward passes as scripts: what they compute is what the engine computes, also on other values."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from opdb import DIFFERENTIABLE, outputs_of
from support import Own, leaves, random_gradients

import autograd
from autograd import nn, ones, study, tensor
from autograd.nn import functional as F

REFUSED = {
    "Copysign", "Cumprod", "Logcumsumexp", "Inv", "Solve", "Det", "Slogdet", "Cholesky", "Svd", "Svdvals", "Pinv",
    "Erfinv", "Scatter", "Median", "VectorNorm",
}  # fmt: skip
"""Ops without a template, or whose template holds for some values only."""


class Named:
    """Names for tensors, as a module gives them."""

    def __init__(self, tensors):
        self.tensors = tensors

    def named_parameters(self):
        return [(f"p{i}", t) for i, t in enumerate(self.tensors)]


def run(row, sample, shift=0.0):
    """The loss of a row's sample, with values ``shift`` away, and its leaves."""
    args, kwargs, wanted = leaves(row, sample)
    with autograd.no_grad():
        for w in dict.fromkeys(wanted):
            w.copy_(w + shift) if w._array.storage.writable and w.numel() else None
    ys = [y for y in outputs_of(row.function(autograd)(*args, **kwargs)) if getattr(y, "requires_grad", False)]
    weights = random_gradients(ys)
    return sum(((y * w).sum() for y, w in zip(ys, weights)), tensor(0.0)), list(dict.fromkeys(wanted))


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda r: r.name)
def test_every_op_as_a_script(row):
    """Smooth samples, in float64: the script's gradients are the engine's, on the values it was made from and on
    others. An op without a template is named."""
    shown = 0
    for sample in row.made("float64"):
        if not sample.smooth or shown == 2:
            continue
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            with study.trace(values=True):
                loss, wanted = run(row, sample)
            if not loss.requires_grad:
                continue
            try:
                source = study.backward_source(loss, Named(wanted))
            except NotImplementedError as error:
                assert any(f", {name}, is an op without" in str(error) for name in REFUSED), error
                continue
            shown += 1
            check(source, loss, wanted, {}, f"{row.name}, {sample.note}")
            other, moved = run(row, sample, 1e-4)
            fresh = {f"p{i}": w.detach().numpy() for i, w in enumerate(moved) if f"p{i}" in source.arguments}
            check(source, other, moved, fresh, f"{row.name}, {sample.note}, moved")


def check(source, loss, wanted, fresh, where):
    value, found = source.run(**fresh)
    loss.backward()
    scale = max([1.0, *[float(np.abs(w.grad.numpy()).max(initial=0)) for w in wanted if w.grad is not None]])
    np.testing.assert_allclose(value, loss.item(), rtol=1e-9, atol=1e-9, err_msg=where)
    for i, w in enumerate(wanted):
        if w.grad is not None:
            np.testing.assert_allclose(found[f"p{i}"], w.grad.numpy(), rtol=1e-8, atol=1e-9 * scale, err_msg=where)


# --- nets -------------------------------------------------------------------------------------------------------------


class Block(nn.Module):
    """Embedding, attention, layer norm, a layer that is used twice, views, a write in place."""

    def __init__(self):
        super().__init__()
        self.words, self.shared = nn.Embedding(7, 4), nn.Linear(4, 4)
        self.norm, self.out = nn.LayerNorm(4), nn.Linear(4, 3)

    def forward(self, x):
        h = self.words(x)
        q, k, v = self.shared(h), h, self.shared(h * 2)
        scores = (q @ k.transpose(1, 2) / 2).softmax(-1)
        h = self.norm(h + scores @ v)
        h = F.dropout(h, 0.25)
        h[:, 0] = h[:, 1] * 2
        first, second = h.split(2, -1)
        return self.out(autograd.cat([second.tanh(), F.gelu(first)], -1))[:, -1]


def nets():
    x, image = autograd.randn(6, 5), autograd.randn(2, 2, 6, 6)
    mlp = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, 3), nn.LogSoftmax(1))
    cnn = nn.Sequential(
        nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2), nn.BatchNorm2d(4), nn.SiLU(), nn.AvgPool2d(2, 1),
        nn.ConvTranspose2d(4, 2, 2), nn.MaxPool2d(2, padding=1), nn.Flatten(), nn.Linear(8, 3),
    )  # fmt: skip
    target = tensor([0, 2, 1, 1, 0, 2])
    lstm, gru = nn.LSTM(5, 3, 2, bidirectional=True), nn.GRU(5, 4, batch_first=True)
    return {
        "mlp": (mlp, lambda: F.nll_loss(mlp(x), target)),
        "mlp in use": (mlp.eval(), lambda: F.mse_loss(mlp(x), ones(6, 3))),
        "cnn": (cnn, lambda: F.cross_entropy(cnn(image), tensor([2, 0]), label_smoothing=0.1)),
        "lstm": (lstm, lambda: (lstm(autograd.stack([x, x * 2]))[0] ** 2).sum() + lstm(x)[1][1].sum()),
        "gru": (gru, lambda: gru(x)[0].sin().sum()),
        "attention": (block := Block(), lambda: F.cross_entropy(block(tensor([[0, 1, 2], [3, 1, 6]])), tensor([1, 2]))),
    }


@pytest.mark.parametrize("name", nets())
def test_nets_as_scripts_on_fresh_values(backend, name):
    model, step = nets()[name]
    with study.trace(values=True):
        loss = step()
        loss.backward()
    source = study.backward_source(loss)
    _, found = source.run()
    for path, p in model.named_parameters():
        np.testing.assert_allclose(found[path], p.grad.numpy(), rtol=2e-4, atol=2e-6, err_msg=path)
        assert found[path].dtype == p.grad.numpy().dtype, path
    with autograd.no_grad():
        for p in model.parameters():
            p.mul_(1.01)
            p.grad = None
    autograd.manual_seed(0)
    state = {
        f"layer_{n}".replace(".", "_") if n[0].isdigit() else n.replace(".", "_"): p
        for n, p in model.named_parameters()
    }
    fresh = {n: p.detach().numpy() for n, p in state.items() if n in source.arguments}
    assert len(fresh) == len(state)
    if name == "attention":  # another run would drop other elements
        return
    again = step()
    again.backward()
    value, found = source.run(**fresh)
    assert value == pytest.approx(again.item(), rel=1e-5)
    for path, p in model.named_parameters():
        np.testing.assert_allclose(found[path], p.grad.numpy(), rtol=5e-4, atol=5e-6, err_msg=path)


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda r: r.name)
def test_scripts_stay_in_the_dtype(row):
    sample = next(s for s in row.made("float32") if s.smooth)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        with study.trace(values=True):
            loss, wanted = run(row, sample)
        try:
            _, found = study.backward_source(loss, Named(wanted)).run()
        except (NotImplementedError, RuntimeError):  # no template, no gradient
            return
    for i, w in enumerate(wanted):
        assert f"p{i}" not in found or autograd.tensor(found[f"p{i}"]).dtype is w.dtype


def test_a_script_runs_by_itself(tmp_path):
    w, x = tensor([[0.5, -1.0]], requires_grad=True), ones(3, 2)
    with study.trace(values=True):
        loss = (x @ w.T).sigmoid().mean()
    text = study.backward_source(loss).write(tmp_path / "script.py")
    imports = [line for line in text.splitlines() if line.startswith(("import", "from"))]
    assert imports == ["import numpy as np"] and "def gradients(w, x):" in text
    run = subprocess.run([sys.executable, tmp_path / "script.py"], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[0].startswith("loss 0.377") and "w (1, 2) norm" in run.stdout
    with pytest.raises(TypeError, match=r"no argument 'z'; it has w, x"):
        study.backward_source(loss).run(z=1)


def test_scripts_run_on_tensors_and_lists_too():
    w = ones(2, requires_grad=True)
    with study.trace(values=True):
        source = study.backward_source((w * w).sum())
    for given in (tensor([1.0, 3.0]), [1.0, 3.0], tensor([1.0, 3.0], requires_grad=True)):
        value, found = source.run(w=given)
        assert value == 10 and found["w"].tolist() == [2, 6]


def test_gradients_of_gradients_and_given_starts():
    w = tensor([0.5, -1.0], dtype=autograd.float64, requires_grad=True)
    with study.trace(values=True):
        (d,) = autograd.autograd.grad((w**3).sum(), w, create_graph=True)
        y = d.tanh()
    source = study.backward_source(y, gradient=tensor([1.0, 2.0], dtype=autograd.float64))
    y.backward(tensor([1.0, 2.0], dtype=autograd.float64))
    np.testing.assert_allclose(source.run()[1]["w"], w.grad.numpy(), rtol=1e-12)


def test_what_cannot_be_written_is_refused_and_names_are_harmless():
    w = tensor([1.0], requires_grad=True)
    with study.trace(values=True):
        own = Own.apply(w).sum()
        model = Named([w])
        model.named_parameters = lambda: [('x"); import os #\n', w)]
        loss = (w * 2).sum()
    with pytest.raises(NotImplementedError, match=r"step 2, Own, is an op of your own"):
        study.backward_source(own)
    with pytest.raises(RuntimeError, match=r"the values are not recorded.*trace\(values=True\)"):
        study.backward_source((w * 2).sum())
    source = study.backward_source(loss, model)
    assert list(source.arguments) == ["x____import_os___"] and source.run()[1]['x"); import os #\n'].tolist() == [2]
