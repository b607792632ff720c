"""A training in a folder: ``last``, from which it goes on to the bit, and ``best``, the weights of the best epoch.

Each file is written beside its place and moved there, so that one is there whole, whatever interrupts.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..random import default_generator
from ..serialization import load, save

if TYPE_CHECKING:
    from .trainer import Training

LAST, BEST = "last.safetensors", "best.safetensors"


def write(run: Training, folder: Path, is_best: bool) -> None:
    """Write what the training needs to go on; and the model's weights, if they are the best so far."""
    folder.mkdir(parents=True, exist_ok=True)
    if is_best:
        save(run.model.state_dict(), folder / BEST)
    history = run.history
    state: dict[str, Any] = {
        "model": run.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "random": [g.get_state() for g in [default_generator, *run.generators]],
        "history": {
            "records": history.records, "monitor": history.monitor, "best": history.best,
            "best_epoch": history.best_epoch,
        },
    }  # fmt: skip
    if run.scheduler is not None:
        state["scheduler"] = run.scheduler.state_dict()
    save(state, folder / LAST)


def read_last(run: Training, folder: Path) -> None:
    """Bring a training to where the folder's last epoch ended; leave it as it is where there is none.

    Raises ValueError where the training that was written is another one.
    """
    if not (folder / LAST).exists():
        return
    state = load(folder / LAST)
    history, random = state["history"], state["random"]
    if history["monitor"] != run.history.monitor:
        raise ValueError(f"{folder} monitors {history['monitor']!r}, this training {run.history.monitor!r}")
    if len(random) != 1 + len(run.generators) or ("scheduler" in state) != (run.scheduler is not None):
        raise ValueError(f"{folder} was written with another scheduler or other generators than this training has")
    run.model.load_state_dict(state["model"])
    run.optimizer.load_state_dict(state["optimizer"])
    if run.scheduler is not None:
        run.scheduler.load_state_dict(state["scheduler"])
    for generator, values in zip([default_generator, *run.generators], random, strict=True):
        generator.set_state(values)
    for name, value in history.items():
        setattr(run.history, name, value)
    run.epoch = len(run.history)
    if (folder / BEST).exists():
        run.best_weights = load(folder / BEST)
