import autograd
from autograd import nn, optim

autograd.manual_seed(0)
x = autograd.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = autograd.tensor([[0.0], [1.0], [1.0], [0.0]])
net = nn.Sequential(nn.Linear(2, 2), nn.Sigmoid(), nn.Linear(2, 1), nn.Sigmoid())
loss_of, optimizer = nn.MSELoss(), optim.SGD(net.parameters(), lr=0.1)


@autograd.capture
def step(x, y):
    optimizer.zero_grad()
    loss = loss_of(net(x), y)
    loss.backward()
    optimizer.step()
    return loss


step(x, y), step(x, y)
print(step.program)
print(step.program.profile())
