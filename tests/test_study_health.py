"""GradientHealth: the numbers are those of a loop by hand, and each sickness gets its sentence."""

import numpy as np
import pytest
from test_study_network import HOSTILE, parsed, texts

import autograd
from autograd import nn, optim, study
from autograd.training import fit


def data():
    autograd.manual_seed(0)
    x = autograd.randn(64, 4)
    return x, (x.sum(1, keepdim=True) > 0).float()


def trained(net, lr=0.1, epochs=1, **options):
    x, y = data()
    health = study.GradientHealth(x, **options)
    fit(net, (x, y), nn.MSELoss(), optim.SGD(net.parameters(), lr=lr), epochs, shuffle=False, callbacks=[health],
        progress=False)  # fmt: skip
    return health


def relu_net():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))


def test_the_numbers_are_those_of_a_loop_by_hand(backend):
    autograd.manual_seed(1)
    net, by_hand = relu_net(), relu_net()
    by_hand.load_state_dict(net.state_dict())
    health = trained(net, epochs=3, every=2)
    x, y = data()
    optimizer, own = optim.SGD(by_hand.parameters(), lr=0.1), study.GradientHealth()
    assert [k.step for k in health.looks] == [1, 3, 5]
    for step in range(1, 6):
        rows = slice(0, 32) if step % 2 else slice(32, 64)
        optimizer.zero_grad()
        nn.MSELoss()(by_hand(x[rows]), y[rows]).backward()
        before = by_hand[0].weight.detach().numpy().copy()
        optimizer.step()
        size = own.look(by_hand).sizes["0.weight"]
        if step % 2:
            seen = health.looks[step // 2].sizes["0.weight"]
            weight = by_hand[0].weight.detach().numpy()
            np.testing.assert_allclose(seen.gradient, np.linalg.norm(by_hand[0].weight.grad.numpy()), rtol=1e-5)
            np.testing.assert_allclose(seen.update, np.linalg.norm(weight - before) / np.linalg.norm(weight), rtol=1e-4)
            np.testing.assert_allclose(seen.norm, size.norm, rtol=1e-5)
            assert (size.update is None) == (step == 1) or size.update == pytest.approx(seen.update, rel=1e-4)


def test_dead_and_saturated_units_are_counted():
    net = relu_net()
    with autograd.no_grad():
        net[0].bias[:3] = -100.0
        net[2].weight.mul_(1000.0)
    found = trained(net).looks[-1].activities
    assert found["1"].function == "relu" and found["1"].dead >= 3 / 8 and found["1"].saturated is None
    assert found["3"].function == "tanh" and found["3"].saturated > 0.8 and found["3"].dead is None


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 1)

    def forward(self, x):
        return self.b(nn.functional.relu(nn.functional.relu(self.a(x))))


def test_functions_without_a_module_are_found_and_nothing_changes():
    net = Functional()
    net.train()
    state = autograd.get_rng_state()
    found = study.GradientHealth(data()[0]).look(net).activities
    assert list(found) == ["relu", "relu (2)"] and net.training and all(p.grad is None for p in net.parameters())
    x, _ = data()
    state = autograd.get_rng_state()
    study.GradientHealth(x).look(net)
    assert autograd.equal(state, autograd.get_rng_state()) and autograd.graph.observers == []


def scaled(net, factor):
    with autograd.no_grad():
        for p in net.parameters():
            p.mul_(factor)
    return net


def deep_sigmoids():
    return nn.Sequential(*[m for _ in range(8) for m in (nn.Linear(4, 4), nn.Sigmoid())], nn.Linear(4, 1))


def one_unused():
    net = Functional()
    net.c = nn.Linear(2, 2)
    return net


def spoiled():
    health = study.GradientHealth()
    net = relu_net()
    net(autograd.ones(2, 4)).sum().backward()
    net[0].weight.grad[0, 0] = float("nan")
    health.look(net)
    return health


SICK = [
    (lambda: trained(relu_net(), lr=1e-9), "hardly learn: a step"),
    (lambda: trained(relu_net(), lr=20.0), "changes by"),
    (lambda: trained(deep_sigmoids()), "Gradients vanish"),
    (lambda: trained(scaled(Functional(), 100.0), lr=1e-7), "is large"),
    (lambda: trained(one_unused()), "No gradient arrives at c.weight"),
    (lambda: trained(scaled(relu_net(), 100.0), lr=1e-7), "are at the ends of its range"),
    (spoiled, "0.weight or its gradient is not finite"),
]


@pytest.mark.parametrize("make, sentence", SICK, ids=[s for _, s in SICK])
def test_each_sickness_has_its_sentence(make, sentence):
    autograd.manual_seed(0)
    health = make()
    assert any(sentence in finding for finding in health.findings()), health.findings()
    assert sentence in str(health)


def test_dead_units_have_theirs_and_the_healthy_none():
    net = relu_net()
    with autograd.no_grad():
        net[0].bias[:4] = -100.0
    assert any("learn nothing" in f for f in trained(net).findings())
    autograd.manual_seed(0)
    assert str(trained(relu_net(), lr=0.005)).endswith("nothing stands out")


def test_the_picture(tmp_path):
    net = nn.Sequential()
    for i in range(12):
        net.add_module(f"{i}{HOSTILE}".replace(".", ""), nn.Linear(4, 4))
    net.add_module("last", nn.ReLU())
    health = study.GradientHealth(data()[0])
    assert "nothing was looked at yet" in texts(parsed(health)) and str(health) == "nothing was looked at yet"
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    for _ in range(3):
        net(data()[0]).sum().backward()
        optimizer.step()
        health.look(net)
    found = texts(parsed(health))
    assert sum("eight" in t and t[0].isdigit() for t in found) == 20, "ten lines in each of two panels"
    page = health.to_html(tmp_path / "health.html")
    assert "<script" not in page and (tmp_path / "health.html").read_text() == page
    with pytest.raises(ValueError, match="every must be at least 1"):
        study.GradientHealth(every=0)


def findings(net, x=None):
    """After one step of a loop of one's own."""
    health = study.GradientHealth(x)
    inputs, y = data()
    nn.MSELoss()(net(inputs), y).backward()
    health.look(net)
    return health.findings()


def test_dead_units_before_and_behind_a_weight_are_told_apart():
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))
    with autograd.no_grad():
        net[0].bias.fill_(-1000.0)
    found = findings(net, data()[0])
    assert found[0].startswith("No gradient arrives at 0.weight, 0.bias: all units of 1 (relu), which it leads to, are")
    assert found[1].startswith("No gradient arrives at 2.weight: what goes in is 0, as all units of 1 (relu) are dead")
    assert "with inputs, tells which" in findings(net)[0]


def test_a_look_without_gradients_says_when_to_look():
    net, health = relu_net(), study.GradientHealth()
    health.look(net)
    assert health.findings()[0].startswith("No parameter has a gradient: look comes after backward and before")
    net(data()[0]).sum().backward()
    net.zero_grad(set_to_none=False)
    health.look(net)
    assert (
        health.findings()[0].startswith("All gradients are 0: look comes after backward")
        and len(health.findings()) == 1
    )


def test_advice_does_not_contradict_itself():
    found = trained(deep_sigmoids()).findings()
    assert any("Gradients vanish" in f for f in found) and not any("Raise the learning rate" in f for f in found)
    assert not any("may jump about" in f for f in trained(relu_net(), lr=0.1, epochs=10).findings()), "it learns well"


def looked_at(net, x, y, steps, lr=0.1):
    """The findings of a loop of one's own."""
    health, optimizer = study.GradientHealth(x), optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.mse_loss(net(x), y).backward()
        optimizer.step()
        health.look(net)
    return health.findings()


def test_a_weight_that_hardly_learns_has_its_cause_said():
    x, _ = data()
    (converged,) = looked_at(nn.Linear(4, 1), x, x.sum(1, keepdim=True), 300)
    assert "The gradients have fallen to" in converged and "converged or is stuck" in converged
    vanish, stuck = looked_at(deep_sigmoids(), x, x.sum(1, keepdim=True), 300)
    assert vanish.startswith("Gradients vanish on their way back: at 0.weight") and " after step 1. Try" in vanish
    assert stuck.startswith("0.weight, 2.weight, 4.weight, 6.weight and 5 more hardly learn") and "is stuck" in stuck
    ends = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
    with autograd.no_grad():
        ends[0].weight.mul_(20.0)
    (first,) = [f for f in looked_at(ends, x, x.sum(1, keepdim=True), 5, 1e-6) if "0.weight hardly" in f]
    assert first.endswith("The cause is 1 (tanh), which lets little back.")
    apart = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))
    with autograd.no_grad():
        apart[0].weight.mul_(300.0)
    (small,) = [f for f in looked_at(apart, x / 300, x.sum(1, keepdim=True), 3) if "hardly" in f]
    assert small.endswith("a learning rate that makes up for it would be too large for 1.weight.")


def test_numbers_that_are_none_are_said_in_the_table_and_in_the_picture():
    net = relu_net()
    health = trained(net, epochs=2)
    with autograd.no_grad():
        net[0].weight[0, 0] = float("nan")
    nn.MSELoss()(net(data()[0]), data()[1]).backward()
    health.look(net)
    row = next(line for line in str(health).splitlines() if line.startswith("1: relu"))
    assert row.split() == ["1:", "relu", "NaN"]
    found = texts(parsed(health))
    assert "NaN from here" in found and "1: relu NaN" in found and "0.weight NaN" in found
    assert found.count("step 1") == found.count("5") == 3, "one axis for all"


def test_an_update_of_0_is_no_point_of_the_picture_and_labels_have_their_lines():
    net, health = nn.Sequential(*[nn.Linear(4, 4) for _ in range(7)]), study.GradientHealth()
    for rate in (0.001, 0.001, 0.001, 0.0, 0.0, 0.001, 0.0):
        net.zero_grad()
        net(data()[0]).mean().backward()
        optim.SGD(net.parameters(), lr=rate).step()
        health.look(net)
    picture = parsed(health)
    lines = [e.get("points").split() for e in picture.iter() if e.tag.endswith("polyline")]
    steps = sorted({len(points) for points in lines})
    assert steps == [1, 2, 7], "updates of steps 2, 3 and of step 6; all gradients"
    assert sum(t.endswith("weight 0") for t in texts(picture)) == 7
    dashed = [e for e in picture.iter() if e.get("class") == "plus-line dashed"]
    assert len(dashed) == 2 + 3, "the seventh weight's courses, and their samples at the labels"


def test_the_picture_says_what_it_leaves_out_and_what_is_usual():
    net = nn.Sequential(*[nn.Linear(4, 4) for _ in range(13)])
    health = study.GradientHealth()
    for _ in range(2):
        net(data()[0]).sum().backward()
        optim.SGD(net.parameters(), lr=1e-9).step()
        health.look(net)
    found = texts(parsed(health))
    assert "norm of the gradient, 10 of 13" in found and "usual: 0.001 to 0.01" in found
    for wrong in (3, [[1.0]]):
        with pytest.raises(TypeError, match="with a tensor of inputs, got"):
            study.GradientHealth(wrong)
