"""A table of a model: its layers, what they give, their parameters, and the operations that a forward pass takes.

>>> from autograd import nn
>>> print(summary(nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2)), (16, 3)))
layer        output   parameters  trainable  FLOPs
Sequential   [16, 2]
  0: Linear  [16, 8]          32  yes          768
  1: ReLU    [16, 8]                           128
  2: Linear  [16, 2]          18  yes          512
50 parameters, 50 trainable, 200 bytes; 1,408 FLOPs for inputs of [16, 3]
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from .. import backend
from ..nn import Module, Parameter
from ..ops.create import zeros
from ..random import fork_rng
from ..study import trace, tracing
from ..study.flops import flops
from ..tensor import Tensor
from ..tree import leaves
from .batches import dtype_of
from .modes import evaluating

COLUMNS: dict[str, Any] = {
    "layer": "left",
    "output": "left",
    "parameters": "right",
    "trainable": "left",
    "FLOPs": "right",
}


@dataclass
class Layer:
    """A module of the model: ``parameters`` are its own, without those of modules within and without those counted
    before; ``flops`` what its own code took, in all its ``calls``; ``outputs`` the shapes of what the last one gave."""

    name: str
    kind: str
    depth: int
    parameters: int = 0
    trainable: int = 0
    shared: bool = False
    calls: int = 0
    flops: int = 0
    outputs: list[list[int]] = field(default_factory=list)

    def cells(self) -> list[str]:
        """What the table says of it."""
        name = self.name.rpartition(".")[2]
        label = "  " * self.depth + (f"{name}: {self.kind}" if name else self.kind)
        output = ", ".join(map(str, self.outputs)) + (f" x{self.calls}" if self.calls > 1 else "")
        trainable = "yes" if self.trainable == self.parameters else "in part" if self.trainable else "no"
        return [
            label, output,
            (f"{self.parameters:,}" if self.parameters else "") + (" shared" if self.shared else ""),
            trainable if self.parameters else "", f"{self.flops:,}" if self.flops else "",
        ]  # fmt: skip


@dataclass
class Summary:
    """``print(summary)`` shows it as text, ``rich.print(summary)`` as a table. ``flops`` are those of a forward pass in
    evaluation mode."""

    layers: list[Layer]
    inputs: list[list[int]]
    parameters: int
    trainable: int
    nbytes: int
    flops: int

    def totals(self) -> str:
        """The line below the table."""
        sizes = ", ".join(map(str, self.inputs))
        return (
            f"{self.parameters:,} parameters, {self.trainable:,} trainable, {self.nbytes:,} bytes; "
            f"{self.flops:,} FLOPs for inputs of {sizes}"
        )

    def __str__(self) -> str:
        rows = [list(COLUMNS), *[layer.cells() for layer in self.layers]]
        widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
        lines = []
        for row in rows:
            cells = [
                cell.rjust(width) if side == "right" else cell.ljust(width)
                for cell, width, side in zip(row, widths, COLUMNS.values(), strict=True)
            ]
            lines.append("  ".join(cells).rstrip())
        return "\n".join([*lines, self.totals()])

    def __rich__(self) -> Any:
        from rich.table import Table

        table = Table(caption=self.totals(), caption_justify="left")
        for name, side in COLUMNS.items():
            table.add_column(name, justify=side)
        for layer in self.layers:
            table.add_row(*layer.cells())
        return table


def summary(model: Module, *inputs: Any) -> Summary:
    """Run the model once, in evaluation mode, and describe it.

    inputs
        A tensor, or a shape with the batch's size, such as ``(32, 3, 8, 8)``, for each argument of the model.

    A module that appears twice is listed once, with the number of its calls; so are parameters that modules share.
    """
    given = [x if isinstance(x, Tensor) else zeros(*x, dtype=dtype_of(model)) for x in inputs]
    by_module = dict(_layers(model))
    root = by_module[model]

    def count(kernel: str, args: tuple, kwargs: dict) -> None:
        by_module.get(tracing.innermost(), root).flops += flops(kernel, args)

    with ExitStack() as stack:
        stack.enter_context(_outputs_noted(by_module))
        stack.enter_context(evaluating(model))
        stack.enter_context(fork_rng())
        stack.enter_context(trace())
        stack.enter_context(backend.observe(count))
        model(*given)
    own = list(by_module.values())
    nbytes = sum(p.nbytes for p in model.parameters())
    return Summary(
        own, [list(x.shape) for x in given], sum(layer.parameters for layer in own),
        sum(layer.trainable for layer in own), nbytes, sum(layer.flops for layer in own),
    )  # fmt: skip


def _layers(model: Module) -> Iterator[tuple[Module, Layer]]:
    seen: set[Parameter] = set()
    for name, module in model.named_modules():
        layer = Layer(name, type(module).__name__, name.count(".") + 1 if name else 0)
        for p in module.parameters(recurse=False):
            layer.shared |= p in seen
            if p not in seen:
                layer.parameters += p.numel()
                layer.trainable += p.numel() if p.requires_grad else 0
            seen.add(p)
        yield module, layer


@contextmanager
def _outputs_noted(by_module: dict[Module, Layer]) -> Iterator[None]:
    def note(module: Module, args: tuple, output: Any) -> None:
        layer = by_module[module]
        layer.calls += 1
        layer.outputs = [list(t.shape) for t in leaves(output) if isinstance(t, Tensor)]

    handles = [module.register_forward_hook(note) for module in by_module]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
