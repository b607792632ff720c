import autograd
from autograd import nn, optim

autograd.manual_seed(0)
x = autograd.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = autograd.tensor([[0.0], [1.0], [1.0], [0.0]])
net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
loss_of, optimizer = nn.MSELoss(), optim.Adam(net.parameters(), lr=0.05)
for _ in range(300):
    loss = loss_of(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("right on", int(((net(x) > 0.5) == (y > 0.5)).sum()), "of 4")
print("the loss came from", loss.grad_fn)
