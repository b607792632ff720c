"""Numbers that change from step to step while a program runs by itself: options of optimizers, and tensors that the
step reads. C copies each step's values to where the kernels look for them.

    program.run(1000, schedule={"lr": 0.1 * 0.99 ** np.arange(1000)})
    program.run(1000, schedule={"lr": lambda i: 0.1 / (1 + i), temperature: np.linspace(1, 0, 1000)})
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..backend import extension
from ..optim.optimizer import NUMBERS, Optimizer
from ..optim.plan import Plan
from ..storage import Storage, written
from ..tensor import Tensor

Plans = list[tuple[int, Plan]]  # of an optimizer, by parameter group


class Schedule:
    """What ``given`` says for so many steps: values by an option's name, by an optimizer (a dict of its options), or by
    a tensor. Values are an array with a row per step, or a function of the step's number, from 0. An option's
    rows are numbers, for all parameter groups, or have a number for each.
    """

    def __init__(
        self, given: Mapping, times: int, optimizers: list[tuple[Optimizer, Plans]], blocks: Iterable[Storage]
    ):
        self.table: list[tuple] = []  # for C: from where, to where, the bytes of a step
        self._options: list[tuple[dict, str, np.ndarray]] = []
        self._tensors: list[tuple[Tensor, np.ndarray]] = []
        used = {id(b) for b in blocks}
        for key, values in given.items():
            if isinstance(key, Tensor):
                self._tensor(key, values, times, used)
            elif isinstance(key, Optimizer):
                own = [each for each in optimizers if each[0] is key]
                for name, rows in values.items():
                    self._option(name, rows, times, own)
            else:
                self._option(key, values, times, optimizers)

    def _option(self, name: str, values: Any, times: int, optimizers: list[tuple[Optimizer, Plans]]) -> None:
        having = [(o, plans) for o, plans in optimizers if name in o.defaults]
        if not having:
            known = sorted({name for o, _ in optimizers for name in o.defaults})
            raise ValueError(f"schedule: no optimizer of this step has the option {name!r}; there are {known}")
        for optimizer, plans in having:
            groups = optimizer.param_groups
            rows = _rows(f"schedule[{name!r}]", values, times, np.float64)
            if rows.shape not in ((times,), (times, len(groups))):
                raise ValueError(
                    f"schedule[{name!r}]: expected a number for each of {times} steps, or for each of {len(groups)} "
                    f"parameter groups in each step, got {list(rows.shape)}"
                )
            for index, plan in plans:
                column = np.ascontiguousarray(rows if rows.ndim == 1 else rows[:, index])
                _check(optimizer, groups[index], name, column, plan)
                self._options.append((groups[index], name, column))
                for table in plan.tables:
                    options: Any = table.group
                    self._add(column, extension.ffi.addressof(options[0], name))

    def _tensor(self, t: Tensor, values: Any, times: int, used: set[int]) -> None:
        a = t._array
        what = f"schedule: a tensor of shape {list(a.shape)}"
        if id(a.storage) not in used:
            raise ValueError(f"{what} is not one that the step uses")
        if not a.contiguous or not a.storage.writable:
            raise ValueError(f"{what} is not contiguous and writable")
        rows = _rows(what, values, times, a.dtype.dtype)
        if rows.shape != (times, *a.shape):
            raise ValueError(f"{what} takes values of shape {[times, *a.shape]}, got {list(rows.shape)}")
        self._tensors.append((t, rows))
        self._add(rows, a.ptr)

    def _add(self, rows: np.ndarray, to: Any) -> None:
        ffi = extension.ffi
        self.table.append((ffi.from_buffer("char *", rows), ffi.cast("char *", to), rows[:1].nbytes))

    def settle(self, step: int) -> None:
        """Set everything as for this step, where Python looks."""
        for group, name, column in self._options:
            if isinstance(group[name], Tensor):
                group[name].fill_(column[step].item())
            else:
                group[name] = column[step].item()
        for t, rows in self._tensors:
            t._array.numpy()[...] = rows[step]
            written(t._array)


def _rows(what: str, values: Any, times: int, dtype: Any) -> np.ndarray:
    """Contiguous values, a row for each step."""
    if callable(values):
        values = [values(i) for i in range(times)]
    if isinstance(values, (list, tuple)):
        values = [v.tolist() if isinstance(v, Tensor) else v for v in values]
    rows = np.asarray(values.numpy() if isinstance(values, Tensor) else values, dtype, order="C")
    if rows.ndim == 0 or len(rows) != times:
        raise ValueError(f"{what}: expected values for {times} steps, got {len(rows) if rows.ndim else 'a single one'}")
    return rows


def _check(optimizer: Optimizer, group: dict, name: str, column: np.ndarray, plan: Plan) -> None:
    """Raise ValueError where the option is none that a kernel reads as a number, where a value is bad, or where one
    asks for a buffer that the program does not have."""
    if name not in NUMBERS:
        raise ValueError(f"schedule: {name!r} of {type(optimizer).__name__} is not a number")
    optimizer._check({**group, name: column.min()})
    for some in (column[column == 0][:1], column[column != 0][:1]):
        for value in some:
            if optimizer._needs({**group, name: value}) != plan.needs:
                raise ValueError(
                    f"schedule[{name!r}]: {type(optimizer).__name__} keeps other buffers for the value {value:g} than "
                    "for that of the step that was recorded"
                )
