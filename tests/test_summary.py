"""The table of a model."""

import numpy as np
import pytest

import autograd
from autograd import nn, ones
from autograd.nn import functional as F
from autograd.training import summary


class Nested(nn.Module):
    """A layer called twice, one shared by name, a tied weight, a frozen one, a convolution by hand."""

    def __init__(self):
        super().__init__()
        self.twice = nn.Linear(4, 4)
        self.body = nn.Sequential(nn.BatchNorm1d(4), nn.Sequential(nn.Linear(4, 3, bias=False), nn.Dropout(0.5)))
        self.again = self.twice
        self.tied = nn.Linear(4, 3)
        self.tied.weight = self.body[1][0].weight
        self.tied.bias.requires_grad_(False)
        self.filters = nn.Parameter(ones(2, 1, 2))
        self.unused = nn.Linear(1, 1)

    def forward(self, x):
        x = self.body(self.again(self.twice(x)))
        return F.conv1d(x.unsqueeze(1), self.filters)


def by_name(found):
    return {layer.name: layer for layer in found.layers}


def test_layers_shapes_parameters_and_operations(backend):
    model = Nested()
    found = summary(model, (5, 4))
    layers = by_name(found)
    assert list(layers) == ["", "twice", "body", "body.0", "body.1", "body.1.0", "body.1.1", "tied", "unused"]
    assert layers["twice"].calls == 2 and layers["twice"].outputs == [[5, 4]]
    assert layers["twice"].flops == 2 * (2 * 5 * 4 * 4) and layers["body.1.0"].flops == 2 * 5 * 4 * 3
    assert layers[""].flops == 2 * 5 * 2 * 2 * 2 and layers[""].outputs == [[5, 2, 2]]
    assert layers["body.1.1"].flops == 0 and layers["unused"].calls == 0
    assert found.parameters == sum(p.numel() for p in model.parameters()) == 20 + 8 + 12 + 3 + 4 + 2
    assert found.trainable == found.parameters - 3 and found.nbytes == 4 * found.parameters
    assert layers["tied"].parameters == 3 and layers["tied"].shared and not layers["body.1.0"].shared
    assert found.flops == sum(layer.flops for layer in found.layers)
    assert [layer.depth for layer in found.layers] == [0, 1, 1, 2, 2, 3, 3, 1, 1]


def test_the_text():
    text = str(summary(Nested(), (5, 4))).splitlines()
    assert text[0].split() == ["layer", "output", "parameters", "trainable", "FLOPs"]
    assert text[2].split() == ["twice:", "Linear", "[5,", "4]", "x2", "20", "yes", "320"]
    assert text[6].split() == ["0:", "Linear", "[5,", "3]", "12", "yes", "120"] and text[6].startswith("      0: ")
    assert text[8].split() == ["tied:", "Linear", "3", "shared", "no"]
    assert text[-1].startswith("49 parameters, 46 trainable, 196 bytes; ") and text[-1].endswith("inputs of [5, 4]")


def test_rich_shows_it_too():
    console = pytest.importorskip("rich.console").Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(summary(Nested(), (5, 4)))
    text = console.export_text()
    assert "twice: Linear" in text and "[5, 4] x2" in text and "46 trainable" in text


def test_the_model_is_left_as_it_was():
    model = Nested()
    model.body.eval()
    state = {k: v.numpy().copy() for k, v in model.state_dict().items()}
    before = autograd.get_rng_state().tolist()
    summary(model, ones(5, 4))
    assert model.training and not model.body.training and autograd.get_rng_state().tolist() == before
    assert all(np.array_equal(v.numpy(), state[k]) for k, v in model.state_dict().items())
    assert not any(m._hooks for m in model.modules()) and all(p.grad is None for p in model.parameters())


def test_several_inputs_of_several_dtypes():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.numbers = nn.Embedding(10, 3), nn.Linear(2, 3)

        def forward(self, i, x):
            return self.words(i), self.numbers(x)

    found = summary(Both().double(), ones(7, dtype=autograd.int64), (4, 2))
    assert found.inputs == [[7], [4, 2]] and by_name(found)[""].outputs == [[7, 3], [4, 3]]
    assert found.nbytes == 8 * found.parameters


def test_convolutions_count_their_products(backend):
    class Conv(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(ones(6, 2, 3, 3))

        def forward(self, x):
            return F.conv2d(x, self.weight, padding=1, stride=2, groups=2)

    assert summary(Conv(), (2, 4, 8, 8)).flops == 2 * 2 * 6 * 16 * 2 * 9
