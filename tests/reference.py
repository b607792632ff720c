"""The generated lists: docs/ops.md, every op with its rule and what is known of it, and tests/api.txt, every public
signature. ``python tests/reference.py`` writes both anew; test_reference.py holds them against the code.
"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kernel_cases import NUMPY_ONLY
from opdb import FAMILIES, Row, Sample, outputs_of
from support import leaves, random_gradients, tensors

import autograd
from autograd import as_torch
from autograd.backend import observe
from autograd.op import TABLE

ROOT = Path(__file__).parent.parent
PAGE, API = ROOT / "docs" / "ops.md", ROOT / "tests" / "api.txt"
MODULES = {
    "autograd": autograd, "autograd.Tensor": autograd.Tensor, "autograd.as_torch": as_torch,
    "autograd.autograd": autograd.autograd,
    "autograd.autograd.functional": autograd.autograd.functional, "autograd.func": autograd.func,
    "autograd.datasets": autograd.datasets, "autograd.datasets.transforms": autograd.datasets.transforms,
    "autograd.distributions": autograd.distributions, "autograd.linalg": autograd.linalg, "autograd.nn": autograd.nn,
    "autograd.nn.functional": autograd.nn.functional, "autograd.nn.init": autograd.nn.init,
    "autograd.nn.utils": autograd.nn.utils, "autograd.optim": autograd.optim,
    "autograd.optim.lr_scheduler": autograd.optim.lr_scheduler,
    "autograd.optim.swa_utils": autograd.optim.swa_utils,
    "autograd.serialization": autograd.serialization, "autograd.training": autograd.training,
    "autograd.utils.checkpoint": autograd.utils.checkpoint, "autograd.utils.data": autograd.utils.data,
}  # fmt: skip


# --- signatures -------------------------------------------------------------------------------------------------------


def api() -> str:
    """A line for every public function, class and method: its path and its parameters."""
    return "\n".join(sorted(set(line for path, holder in MODULES.items() for line in _lines(path, holder)))) + "\n"


def _lines(path: str, holder: Any) -> Iterator[str]:
    names = getattr(holder, "__all__", None) or [n for n in dir(holder) if not n.startswith("_")]
    for name in names:
        member = inspect.getattr_static(holder, name)
        member = getattr(member, "__func__", member)
        if isinstance(member, property):
            yield f"{path}.{name}"
        elif (inspect.isclass(member) or inspect.isroutine(member)) and _ours(member):
            yield f"{path}.{name}({_parameters(member)})"


def _ours(member: Any) -> bool:
    return (getattr(member, "__module__", "") or "").startswith("autograd")


def _parameters(member: Any) -> str:
    """Names and defaults, without annotations."""
    try:
        found = inspect.signature(member)
    except (TypeError, ValueError):
        return "..."
    plain = [p.replace(annotation=p.empty) for p in found.parameters.values()]
    text = str(found.replace(parameters=plain, return_annotation=found.empty))
    return re.sub(r" at 0x[0-9a-f]+", "", text)[1:-1]


# --- ops --------------------------------------------------------------------------------------------------------------


class Facts:
    """What running a row's samples shows: the ops recorded, the kernels called, whether NumPy saw values."""

    def __init__(self, row: Row):
        self.row = row
        self.ops: list[str] = []
        self.kernels: set[str] = set()
        self.reads: list[Any] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for sample in row.made(row.dtypes[0])[:2]:
                self._run(sample)

    def _run(self, sample: Sample) -> None:
        """Forward, whose ops are noted, and backward."""
        args, kwargs, wanted = (*tensors(sample), []) if self.row.wanted is None else leaves(self.row, sample)
        note = lambda node, *_: self.ops.append(node.op.__name__)  # noqa: E731
        autograd.graph.observers.append(note)
        try:
            with self._watched():
                found = outputs_of(self.row.function(autograd)(*args, **kwargs))
        finally:
            autograd.graph.observers.remove(note)
        ys = [y for y in found if getattr(y, "requires_grad", False)]
        gradients = random_gradients(ys)
        if ys:
            with self._watched():
                autograd.grad(ys, wanted, gradients, allow_unused=True)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        autograd.storage.readers.append(self.reads.append)
        try:
            with observe(lambda name, args, kwargs: self.kernels.add(name)):
                yield
        finally:
            autograd.storage.readers.remove(self.reads.append)

    def rule(self) -> str:
        """The rule of the op, where it is one; else the ops it is made of."""
        names = list(dict.fromkeys(self.ops))
        if len(names) == 1:
            lines = [line.strip() for line in (TABLE[names[0]].__doc__ or "").split("\n\n")[0].splitlines()]
            return "; ".join(f"`{line}`" for line in lines if line)
        if self.row.wanted is None:
            return "no gradient"
        return "made of " + ", ".join(names) if names else ""

    def computed(self) -> str:
        return "NumPy" if self.reads or not self.kernels or self.kernels & NUMPY_ONLY else "C"


def page(missing: str) -> str:
    """docs/ops.md."""
    rows = [row for family in FAMILIES for row in family.ROWS]
    text = [
        "# Every op",
        "",
        "Generated by `python tests/reference.py` from the op table and the op database. Each row is checked, for its",
        "samples and every dtype named, against its NumPy reference, on both backends, and against PyTorch where it is",
        "installed: values, gradients, dtypes, shapes and errors. *Order* is how often its gradient was held against",
        "finite differences: 2 where the gradient of the gradient was too, a dash where there is none to hold.",
        "*Computed in*: C, or NumPy where some part of forward or backward is, be it a constant that the op makes.",
        "Dtypes: float is float32 and float64; float16 is for storing, and computed in float32 where it is taken.",
        "",
    ]  # fmt: skip
    for family in FAMILIES:
        title = family.__name__.split(".")[-1].replace("_", " ")
        text += [f"## {title}", "", "| op | rule | computed in | dtypes | order |", "|---|---|---|---|---|"]
        for row in family.ROWS:
            facts = Facts(row)
            order = "-" if row.wanted is None else "2" if row.second else "1"
            rule = facts.rule().replace("|", "\\|")
            text.append(f"| {row.path}{' ' + row.variant if row.variant else ''} | {rule} | {facts.computed()} | "
                        f"{_dtypes(row)} | {order} |")  # fmt: skip
        text.append("")
    text += [MISSING, "", f"{len(rows)} rows are above. Named by PyTorch and not here:", "", missing, ""]
    return "\n".join(text)


MISSING = "## What PyTorch has and this does not"
KINDS = {"float": {"float32", "float64"}, "int": {"int8", "int16", "int32", "int64", "uint8"}, "bool": {"bool"}}


def _dtypes(row: Row) -> str:
    given = set(row.dtypes)
    names = [kind for kind, members in KINDS.items() if members <= given]
    rest = given - set().union(*[KINDS[k] for k in names])
    return ", ".join(names + sorted(rest))


INNER = re.compile(
    "fbgemm|miopen|quant|q_per|mkldnn|sparse|backward|_copy$|cudnn|native|batch_norm_|indices|^sym_|slow_conv"
)
"""In the names of what is there for other devices, layouts and PyTorch's own inside."""


def missing_names() -> str:
    """The functions and methods of PyTorch's that this package does not have, by where they are."""
    import torch
    from torch.overrides import get_testing_overrides

    ours = {
        "torch": (torch, autograd), "torch.Tensor": (torch.Tensor, autograd.Tensor),
        "torch.nn.functional": (torch.nn.functional, autograd.nn.functional),
        "torch.linalg": (torch.linalg, autograd.linalg), "torch.nn": (torch.nn, autograd.nn),
        "torch.optim": (torch.optim, autograd.optim),
    }  # fmt: skip
    overridable = {getattr(f, "__name__", "") for f in get_testing_overrides()}
    overridable = {n for n in overridable if not INNER.search(n)}
    parts = []
    for path, (theirs, mine) in ours.items():
        classes = path in ("torch.nn", "torch.optim")
        names = sorted(
            n for n in dir(theirs)
            if not n.startswith("_") and not hasattr(mine, n)
            and not (path == "torch" and (hasattr(autograd.nn.functional, n) or hasattr(autograd.Tensor, n)))
            and (inspect.isclass(getattr(theirs, n)) if classes else callable(getattr(theirs, n)) and (
                n in overridable or path == "torch.linalg"
            ))
        )  # fmt: skip
        parts.append(f"`{path}`: {', '.join(names) if names else 'nothing'}.")
    parts.append(
        "Whole modules: `torch.amp`, `torch.compile`, `torch.cuda`, `torch.distributed`, `torch.fft`, `torch.jit`, "
        "`torch.sparse`, `torch.special`; most of `torch.distributions`; complex numbers, bfloat16, unsigned integers "
        "above 8 bits."
    )
    return "\n\n".join(parts)


if __name__ == "__main__":
    API.write_text(api())
    PAGE.write_text(page(missing_names()))
