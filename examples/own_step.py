"""A step of one's own, to time: ``python -m autograd time examples/own_step.py:step --backend both``."""

import autograd
from autograd import nn, optim

autograd.manual_seed(0)
net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
loss_of, optimizer = nn.CrossEntropyLoss(), optim.SGD(net.parameters(), lr=0.1)
x, classes = autograd.rand(16, 64), autograd.randint(0, 10, (16,))


def step():
    optimizer.zero_grad()
    loss = loss_of(net(x), classes)
    loss.backward()
    optimizer.step()
