"""The diagram of a net: what is drawn, that nothing changes by it, and that names are escaped."""

import re
from base64 import b64encode
from hashlib import sha256
from xml.etree import ElementTree

import numpy as np
import pytest

import autograd
from autograd import nn, study
from autograd.study.page import framed, in_script, page

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</title><script>alert(1)</script>\"'&\\\n]]>\x00\ud800"


def parsed(picture):
    return ElementTree.fromstring(picture.to_svg())


def texts(root):
    return [e.text for e in root.iter(f"{SVG}text") if e.text]


def classic():
    autograd.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 2), nn.Sigmoid())


def test_the_classic_diagram():
    net = classic()
    root = parsed(study.network(net))
    assert len(list(root.iter(f"{SVG}line"))) == 3 * 4 + 4 * 2
    assert len([c for c in root.iter(f"{SVG}circle") if c.get("class") == "soft-line"]) == 3 + 4 + 2
    found = texts(root)
    assert {"x1", "x3", "y1", "y2", "input (3)", "0 (4)", "2 (2)"} <= set(found) and found.count("sigmoid") == 2
    assert sum(t.startswith("b ") for t in found) == 4 + 2
    assert sum(bool(re.fullmatch(r"-?[\d.e-]+", t)) for t in found) == 20, "every weight has its number"


def test_arrows_are_as_wide_as_weights_and_coloured_by_sign():
    net = nn.Sequential(nn.Linear(2, 1, bias=False))
    with autograd.no_grad():
        net[0].weight.copy_(autograd.tensor([[2.0, -1.0]]))
    lines = {e.get("class"): float(e.get("stroke-width")) for e in parsed(study.network(net)).iter(f"{SVG}line")}
    assert lines == {"plus-line": 5.7, "minus-line": 3.2}


def test_values_are_those_after_the_functions_and_functional_ones_are_found():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden, self.out = nn.Linear(3, 4), nn.Linear(4, 2)

        def forward(self, x):
            return nn.functional.softmax(self.out(nn.functional.relu(self.hidden(x))), -1)

    net, x = Net(), autograd.randn(5, 3)
    (columns,) = study.network(net, x).parts
    assert [c.label for c in columns] == ["", "relu", "softmax"]
    hidden = net.hidden(x[0]).relu()
    np.testing.assert_allclose(columns[1].values, hidden.detach().numpy())
    np.testing.assert_allclose(columns[2].values, net(x)[0].detach().numpy())
    net.requires_grad_(False)
    assert study.network(net, x).parts[0][1].known


def test_nothing_changes_by_being_drawn():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))
    x = autograd.randn(6, 3, requires_grad=True)
    net(x).sum().backward()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    grads = [p.grad.clone() for p in net.parameters()]
    versions, state = [p._version for p in net.parameters()], autograd.get_rng_state()
    study.network(net, x)
    assert net.training and all(m.training for m in net.modules())
    assert all(autograd.equal(v, before[k]) for k, v in net.state_dict().items())
    assert all(autograd.equal(p.grad, g) for p, g in zip(net.parameters(), grads))
    assert versions == [p._version for p in net.parameters()] and autograd.equal(state, autograd.get_rng_state())
    assert autograd.graph.observers == [] and not any(m._hooks for m in net.modules())


def test_large_layers_are_abbreviated():
    root = parsed(study.network(nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)), autograd.rand(784)))
    assert len([c for c in root.iter(f"{SVG}circle") if c.get("class") == "soft-line"]) == 7 + 7 + 7
    assert {"input (784)", "0 (128)", "x784", "y10"} <= set(texts(root))


def test_before_and_after_on_one_scale():
    net = classic()
    before = study.network(net)
    with autograd.no_grad():
        net[0].weight.mul_(2.0)
    both = before.beside(study.network(net))
    assert {"before", "after"} <= set(texts(parsed(both)))
    widths = [float(e.get("stroke-width")) for e in parsed(both).iter(f"{SVG}line") if e.get("stroke-width")]
    alone = [float(e.get("stroke-width")) for e in parsed(before).iter(f"{SVG}line")]
    assert max(widths[:20]) < max(alone) == max(widths[20:])


def test_shared_layers_branches_and_numbers_that_are_none():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.same, self.side = nn.Linear(3, 3), nn.Linear(5, 1)

        def forward(self, x, y):
            return self.same(self.same(x)).sum() + self.side(y).sum()

    net = Net()
    with autograd.no_grad():
        net.same.weight[0, 0] = float("nan")

    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, x):
            return self.net(x, autograd.ones(1, 5))

    picture = study.network(Both(), autograd.ones(2, 3))
    names = [[c.name for c in part] for part in picture.parts]
    assert names == [["input", "net.same", "net.same"], ["input", "net.side"]]
    assert "NaN" in texts(parsed(picture)) and "values for the first of 2 inputs" in texts(parsed(picture))


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(TypeError, match="no linear layer"):
        study.network(nn.ReLU())
    with pytest.raises(TypeError, match="draws a module, not int"):
        study.network(3)


def test_names_are_escaped(tmp_path):
    net = nn.Sequential()
    net.add_module(HOSTILE.replace(".", ""), nn.Linear(2, 2))
    picture = study.network(net, autograd.ones(2))
    text = picture.to_html(tmp_path / "net.html")
    assert (tmp_path / "net.html").read_text() == text
    assert "<script" not in text
    assert any("alert(1)" in (e.text or "") for e in parsed(picture).iter(f"{SVG}title"))
    assert picture._repr_html_().startswith('<img alt="Sequential" src="data:image/svg+xml;base64,')


def test_a_page_lets_its_own_script_in_and_nothing_else():
    text = page(HOSTILE.replace("\ud800", ""), "<p>body</p>", "p{color:red}", "let x = 1;", {"name": HOSTILE})
    policy = re.search('Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        inside = re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1]
        assert f"{tag}-src 'sha256-{b64encode(sha256(inside.encode()).digest()).decode()}'" in policy
    assert text.count("<script>") == 1 and "http" not in text.replace("http-equiv", "")
    assert "</script" not in in_script(HOSTILE)
    with pytest.raises(ValueError):
        in_script(float("nan"))
    assert framed('<p class="a">', 100).count('"') == 10


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.fc = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(8, 3)

    def forward(self, x):
        return self.fc(nn.functional.max_pool2d(self.norm(self.conv(x)).relu(), 2).flatten(1))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = nn.LSTM(2, 3, batch_first=True), nn.Linear(3, 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])


def test_what_enters_the_first_layer_is_called_input_only_where_it_is_the_input():
    for net, x, column, label in (
        (
            Convolutional(),
            autograd.randn(2, 1, 6, 6),
            "input of fc",
            "convolution, affine_batch_norm, relu, max_pool2d",
        ),
        (Recurrent(), autograd.randn(2, 4, 2), "input of out", "lstm, select"),
    ):
        picture = study.network(net, x)
        assert picture.parts[0][0].name == column and picture.parts[0][0].label == label, "of what leads to the result"
        assert "x1" not in texts(parsed(picture)) and "y1" in texts(parsed(picture))


def test_labels_are_within_the_picture_and_numbers_on_their_arrows():
    root = parsed(study.network(Convolutional(), autograd.randn(2, 1, 6, 6)))
    lines = [e for e in root.iter(f"{SVG}text") if e.get("class") == "middle mark"]
    assert len(lines) == 3 and " ".join(e.text for e in lines) == "convolution, affine_batch_norm, relu, max_pool2d"
    for e in lines:
        assert float(e.get("x")) >= len(e.text) * 12 * 0.6 / 2
    arrows = [[float(e.get(k)) for k in ("x1", "y1", "x2", "y2")] for e in root.iter(f"{SVG}line")]
    placed = [e for e in root.iter(f"{SVG}text") if e.get("transform")]
    assert len(placed) >= 20
    for e in placed:
        x, y = float(e.get("x")), float(e.get("y")) - 4
        assert any(abs((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)) < 100 for x1, y1, x2, y2 in arrows)


def test_printed_it_has_the_numbers():
    net = nn.Sequential(nn.Linear(2, 1), nn.Tanh())
    with autograd.no_grad():
        net[0].weight.copy_(autograd.tensor([[2.0, -1.0]]))
        net[0].bias.fill_(0.0)
    lines = str(study.network(net, autograd.tensor([[1.0, 2.0], [0.0, 0.0]]))).splitlines()
    assert lines[:4] == ["Sequential: 2 -> 1", "values for the first of 2 inputs", "input (2)", "    values   [1, 2]"]
    assert lines[4:] == ["0 (1), tanh", "    weights  [[ 2, -1]]", "    bias     [0]", "    values   [0]"]
    assert repr(study.network(net)).startswith("Sequential: 2 -> 1\ninput (2)\n0 (1), tanh\n    weights")
