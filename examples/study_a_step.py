"""One training step seen from inside: what each op does to the gradient, why one weight's gradient has its sign, what
other engines say, and the backward pass as a script of plain NumPy."""

import autograd
from autograd import nn, study, tensor

autograd.manual_seed(0)
x = tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = tensor([[0.0], [1.0], [1.0], [0.0]])
net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))

with study.trace(values=True):
    loss = nn.functional.mse_loss(net(x), y)

print(study.explain(loss))
print()
print(study.why(loss, net[0].weight, (0, 1), k=3))  # of unit 0, its input 1
print()
print(study.compare(loss))
print()
print(study.backward_source(loss))

right = {name: study.record(loss).target(p)[0].gradient for name, p in net.named_parameters()}
print(study.check_by_hand(loss, {"0.weight": right["0.weight"].T, "2.bias": 4 * right["2.bias"]}))
