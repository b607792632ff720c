"""Seeing backpropagation: a 3-4-2 net before and after its training, and the graph of a step.

    python examples/see_a_net.py --out docs

It learns, of three bits, whether most are 1 and whether their sum is odd.
"""

import argparse
from collections import OrderedDict
from itertools import product
from pathlib import Path

import autograd
from autograd import nn, optim, study

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--out", type=Path, default=Path("."), help="the folder for network.svg, graph.svg and graph.html")
parser.add_argument("--steps", type=int, default=400)
args = parser.parse_args()

autograd.manual_seed(4)
x = autograd.tensor(list(product([0.0, 1.0], repeat=3)))
ones = x.sum(1)
y = autograd.stack([(ones > 1).float(), (ones % 2 == 1).float()], dim=1)
net = nn.Sequential(
    OrderedDict(hidden=nn.Linear(3, 4), tanh=nn.Tanh(), output=nn.Linear(4, 2), probability=nn.Sigmoid())
)
loss_of, optimizer = nn.BCELoss(), optim.Adam(net.parameters(), lr=0.05)

seen = x[5:6]  # 1, 0, 1
before = study.network(net, seen)
for _ in range(args.steps):
    optimizer.zero_grad()
    loss_of(net(x), y).backward()
    optimizer.step()
titles = ("before training", f"after {args.steps} steps")
before.beside(study.network(net, seen), titles).to_svg(args.out / "network.svg")

with study.trace(values=True):
    loss = loss_of(net(x), y)
    loss.backward(retain_graph=True)  # what was saved stays to be seen
picture = study.graph(loss)
picture.to_svg(args.out / "graph.svg")
picture.to_html(args.out / "graph.html")
print("right on", int(((net(x) > 0.5) == (y > 0.5)).all(1).sum()), "of 8")
print("see network.svg, graph.svg and graph.html in", args.out)
