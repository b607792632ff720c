"""XOR, the net of the introductions, as a module; every step equal to the one written by hand.

By hand one goes down the gradient of E = 1/2 sum (t - y)^2. MSELoss is L = 1/4 sum (t - y)^2, the mean over four
samples, so E = 2 L: a rate of 2 by hand is 4 under MSELoss. Measured from the seeds 0 to 4: the largest error of an
answer is 0.017 (median and worst); the weights are at most 5e-15 apart at any step.
"""

import argparse
from statistics import median

import numpy as np

import autograd
from autograd import nn, optim
from autograd.training import Callback, fit

X, T = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0.0], [1.0], [1.0], [0.0]])


def build():
    return nn.Sequential(nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 1), nn.Sigmoid()).double()


class ByHand(Callback):
    """The same steps in NumPy; ``apart`` is how far any weight ever was from the net's."""

    def __init__(self, net, rate):
        self.net, self.rate, self.apart = net, rate, 0.0
        self.weights = [p.detach().numpy().copy() for p in net.parameters()]

    def on_batch_end(self, run):
        W1, b1, W2, b2 = self.weights
        h = 1 / (1 + np.exp(-(X @ W1.T + b1)))
        y = 1 / (1 + np.exp(-(h @ W2.T + b2)))
        dy = (T - y) * y * (1 - y)
        dh = dy @ W2 * h * (1 - h)
        down = dh.T @ X, dh.sum(0), dy.T @ h, dy.sum(0)
        for w, change, p in zip(self.weights, down, self.net.parameters(), strict=True):
            w += self.rate * change
            self.apart = max(self.apart, float(np.abs(w - p.detach().numpy()).max()))


def train(seed, steps, rate=2.0):
    autograd.manual_seed(seed)
    net = build()
    by_hand, optimizer = ByHand(net, rate), optim.SGD(net.parameters(), lr=2 * rate)  # E = 2 L
    fit(net, (X, T), nn.MSELoss(), optimizer, steps, batch_size=None, callbacks=[by_hand], progress=False)
    answers = net(autograd.tensor(X)).detach().numpy()
    print(f"seed {seed}: answers {answers.ravel().round(3)}, by hand and by module {by_hand.apart:.0e} apart")
    return float(np.abs(answers - T).max())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3000)
    given = parser.parse_args()
    errors = [train(seed, given.steps) for seed in range(given.seeds)]
    print(f"largest error: median {median(errors):.4f}, worst {max(errors):.4f}")
