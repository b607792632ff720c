"""A net that reads handwritten digits: scikit-learn's 1,797 images of 8x8 pixels.

The images are split 60/20/20 into training, validation and test, with the classes in the same proportions. Widths,
dropout, label smoothing, learning rate and the number of epochs were compared by the validation images. The test result
of an earlier, smaller net was known by then and was why others were tried, so the accuracy on the test images may be
slightly optimistic.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median, median_low
from typing import Any, NamedTuple

import numpy as np

import autograd
from autograd import nn, optim
from autograd.backend import extension, get_backend, set_backend

from . import Report, Unavailable, need, progress

WIDTHS = (64, 256, 128, 10)
DROPOUT = 0.3
SMOOTHING = 0.1
LEARNING_RATE = 2e-3
BATCH = 64
EPOCHS = 60


class Images(NamedTuple):
    """x (n, 64) in [0, 1], y (n,) the digits."""

    x: autograd.Tensor
    y: autograd.Tensor


class Run(NamedTuple):
    """What training from one seed gave: the losses after each epoch, and the digits it reads in the test images."""

    seed: int
    train_losses: list[float]
    valid_losses: list[float]
    read: np.ndarray
    accuracy: float


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for the C kernels and one for NumPy's BLAS: so small a net gains nothing from more."""
    (threadpoolctl,) = need("threadpoolctl")  # scikit-learn brings it
    threads = autograd.get_num_threads()
    autograd.set_num_threads(1)
    try:
        with threadpoolctl.threadpool_limits(1):
            yield
    finally:
        autograd.set_num_threads(threads)


def load() -> dict[str, Images]:
    """The images for training ("train"), validation ("valid") and test ("test")."""
    datasets, selection = need("sklearn.datasets", "sklearn.model_selection")
    digits = datasets.load_digits()
    x, y = (digits.data / 16).astype(np.float32), digits.target.astype(np.int64)
    train, rest = selection.train_test_split(np.arange(len(y)), test_size=0.4, stratify=y, random_state=0)
    valid, test = selection.train_test_split(rest, test_size=0.5, stratify=y[rest], random_state=0)
    return {
        name: Images(autograd.tensor(x[rows]), autograd.tensor(y[rows]))
        for name, rows in (("train", train), ("valid", valid), ("test", test))
    }


def build() -> nn.Sequential:
    """Linear layers with ReLU and dropout between them; the last one gives a logit per digit."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(WIDTHS[:-1]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(DROPOUT)]
    return nn.Sequential(*layers, nn.Linear(WIDTHS[-2], WIDTHS[-1]))


def train_epoch(net: nn.Module, optimizer: optim.Optimizer, images: Images) -> None:
    """One pass over the images in random mini-batches."""
    net.train()
    loss_of = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    order = autograd.randperm(len(images.y))
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        loss = loss_of(net(images.x[batch]), images.y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def evaluate(net: nn.Module, images: Images) -> tuple[float, np.ndarray, float]:
    """(cross-entropy, the digits read, accuracy), without dropout and smoothing."""
    net.eval()
    with autograd.no_grad():
        logits = net(images.x)
        loss = nn.functional.cross_entropy(logits, images.y).item()
        read = logits.argmax(1).numpy()
    return loss, read, float((read == images.y.numpy()).mean())


def train(seed: int, epochs: int, data: dict[str, Images], report: Report) -> Run:
    """Train one net, the seed-th."""
    autograd.manual_seed(seed)
    net = build()
    optimizer = optim.Adam(net.parameters(), lr=LEARNING_RATE)
    train_losses, valid_losses = [], []
    for epoch in range(1, epochs + 1):
        train_epoch(net, optimizer, data["train"])
        train_losses.append(evaluate(net, data["train"])[0])
        loss, _, accuracy = evaluate(net, data["valid"])
        valid_losses.append(loss)
        line = f"seed {seed} epoch {epoch:>3}  loss {train_losses[-1]:.4f}  accuracy {accuracy:.2%}"
        report(seed * epochs + epoch, line)
    _, read, accuracy = evaluate(net, data["test"])
    return Run(seed, train_losses, valid_losses, read, accuracy)


def rates(images: Images, rounds: int = 5) -> tuple[dict[str, float], float]:
    """Training samples per second with each backend that is here, and how far the weights are apart in the end.

    The same net from the same seed, an epoch with each backend in turn; the median round counts.
    """
    backends = ("c", "numpy") if extension is not None else ("numpy",)
    nets: dict[str, nn.Module] = {}
    optimizers: dict[str, optim.Optimizer] = {}
    seconds: dict[str, list[float]] = {name: [] for name in backends}
    for turn in range(rounds + 1):
        for name in backends:
            with set_backend(name):
                autograd.manual_seed(turn)
                if turn == 0:
                    nets[name] = build()
                    optimizers[name] = optim.Adam(nets[name].parameters(), lr=LEARNING_RATE)
                start = time.perf_counter()
                train_epoch(nets[name], optimizers[name], images)
                if turn:  # the first is the warm-up
                    seconds[name].append(time.perf_counter() - start)
    pairs = zip(nets[backends[0]].parameters(), nets[backends[-1]].parameters(), strict=True)
    apart = max(float(np.abs(p.detach().numpy() - q.detach().numpy()).max()) for p, q in pairs)
    return {name: len(images.y) / median(times) for name, times in seconds.items()}, apart


def draw(path: Path, runs: list[Run], chosen: Run, test: Images) -> None:
    """Save the picture: the loss curves of all runs, and test images the chosen one misread."""
    matplotlib, figures = need("matplotlib", "matplotlib.figure")
    matplotlib.use("Agg")
    figure = figures.Figure(figsize=(12, 5.4), dpi=120, layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.15, 1))
    _draw_curves(left.subplots(), runs, chosen)
    _draw_misread(right, chosen, test)
    figure.savefig(path)


def _draw_curves(axes: Any, runs: list[Run], chosen: Run) -> None:
    for run in sorted(runs, key=lambda run: run is chosen):
        bold = run is chosen
        style = {"linewidth": 2.0 if bold else 0.8, "alpha": 1.0 if bold else 0.35}
        epochs = range(1, len(run.train_losses) + 1)
        axes.plot(epochs, run.train_losses, color="#1f5fa8", label="training" if bold else None, **style)
        axes.plot(epochs, run.valid_losses, color="#d1691e", label="validation" if bold else None, **style)
    axes.set(yscale="log", xlabel="epoch", ylabel="cross-entropy after the epoch, without dropout")
    others = f"; thin: the other {len(runs) - 1}" if len(runs) > 1 else ""
    axes.set_title(f"Loss (bold: seed {chosen.seed}{others})", fontsize=12)
    axes.grid(alpha=0.25, which="both", linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)


def _draw_misread(figure: Any, run: Run, test: Images, most: int = 12) -> None:
    truth = test.y.numpy()
    wrong = np.flatnonzero(run.read != truth)
    count = "all" if len(wrong) <= most else f"{most} of"
    figure.suptitle(f"Misread test images of seed {run.seed}: {count} {len(wrong)} (of {len(truth)})", fontsize=12)
    shown = wrong[:most]
    columns = 2 if len(shown) <= 4 else 3 if len(shown) <= 9 else 4
    grid = figure.subplots(max(1, math.ceil(len(shown) / columns)), columns, squeeze=False).ravel()
    for axes in grid[len(shown) :]:
        axes.axis("off")
    for axes, i in zip(grid, shown, strict=False):
        axes.imshow(test.x.numpy()[i].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color("#c0c0c0")
        axes.set_title(f"read {run.read[i]}, is {truth[i]}", fontsize=10)


def confusion(run: Run, test: Images) -> str:
    """scikit-learn's confusion matrix, with its margins named."""
    (metrics,) = need("sklearn.metrics")
    matrix = metrics.confusion_matrix(test.y.numpy(), run.read, labels=range(10))
    lines = ["is \\ read" + "".join(f"{digit:>5}" for digit in range(10))]
    lines += [f"{digit:>9}" + "".join(f"{n or '.':>5}" for n in row) for digit, row in enumerate(matrix)]
    return "\n".join(lines)


def main(seeds: int, epochs: int, out: str) -> int:
    """Train from seeds 0 .. seeds - 1, say how well, and save the picture."""
    need("sklearn.datasets", "matplotlib.figure")  # before the work, not after it
    path = Path(out).resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
    except OSError as error:
        raise Unavailable(f"--out {out}: cannot write there ({error.strerror})") from error
    data = load()
    images = " + ".join(str(len(part.y)) for part in data.values())
    print(
        f"Reading 8x8 digits with a {'-'.join(map(str, WIDTHS))} net: ReLU, dropout {DROPOUT}, label smoothing "
        f"{SMOOTHING}, Adam,\nbatches of {BATCH}, {epochs} epochs, {get_backend()} backend, {images} images to train, "
        "validate and test.\n"
        "Below: the loss on the training images, the accuracy on the validation images."
    )
    with one_thread(), progress(seeds * epochs, lines=10 * seeds) as report:
        runs = [train(seed, epochs, data, report) for seed in range(seeds)]

    middle = median_low([run.accuracy for run in runs])
    chosen = next(run for run in runs if run.accuracy == middle)
    each = ", ".join(f"{run.accuracy:.2%}" for run in runs)
    print(f"\ntest accuracy, seeds 0 to {seeds - 1}: {each}")
    print(f"median {median(run.accuracy for run in runs):.2%}, worst {min(run.accuracy for run in runs):.2%}")
    print(f"\nconfusion matrix of seed {chosen.seed}, the median one:\n{confusion(chosen, data['test'])}")
    with one_thread():
        report_rates(*rates(data["train"]))
    draw(path, runs, chosen, data["test"])
    print(f"picture: {path}")
    return 0


def report_rates(found: dict[str, float], apart: float) -> None:
    """Samples per second, C beside NumPy."""
    print("\ntraining, samples per second (one thread, median of 5 epochs, taken in turns)")
    for name, rate in found.items():
        print(f"  {name:<6}{rate:>10,.0f}")
    if "c" in found:
        print(f"  C kernels are {found['c'] / found['numpy']:.1f} times as fast as the NumPy fallback")
        print(f"  the two nets' weights are at most {apart:.0e} apart after these epochs")
    else:
        print("  the C kernels are not built here; `python -m autograd info` says how to build them")
