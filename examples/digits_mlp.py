"""A net of linear layers that reads scikit-learn's 1,797 digits of 8x8 pixels.

The images are split 60/20/20 as in ``python -m autograd demo``, whose settings these are: they were compared by the
validation images. The weights are those of the epoch with the best validation loss.

Measured from the seeds 0 to 4: 98.61 % of the test images (median), 98.06 % (worst).
"""

import argparse
from statistics import median

import autograd
from autograd import nn, optim
from autograd.demo.digits import load
from autograd.training import evaluate, fit, summary


def build():
    return nn.Sequential(
        nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(128, 10),
    )  # fmt: skip


def train(seed, epochs, data):
    autograd.manual_seed(seed)
    net = build()
    history = fit(
        net, data["train"], nn.CrossEntropyLoss(label_smoothing=0.1), optim.Adam(net.parameters(), lr=2e-3), epochs,
        batch_size=64, validation=data["valid"], metrics="accuracy", early_stopping=15,
    )  # fmt: skip
    found = evaluate(net, data["test"], nn.CrossEntropyLoss(), metrics="accuracy")
    print(f"seed {seed}: best epoch {history.best_epoch} of {len(history)}, test accuracy {found['accuracy']:.2%}\n")
    return found["accuracy"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=60)
    given = parser.parse_args()
    data = load()
    print(summary(build(), (64, 64)), "\n")
    found = [train(seed, given.epochs, data) for seed in range(given.seeds)]
    print(f"test accuracy: median {median(found):.2%}, worst {min(found):.2%}")
