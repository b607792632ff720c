"""A backward pass as a script of plain NumPy.

>>> from autograd import study, tensor
>>> a, b = tensor(2.0, requires_grad=True), tensor(3.0, requires_grad=True)
>>> with study.trace(values=True):
...     c = (a * b).tanh()
>>> source = backward_source(c)
>>> print("\\n".join(line for line in source.text.splitlines() if line.startswith(("    v", "    g"))))
    v2 = a * b
    v1 = np.tanh(v2)
    g1 = np.ones_like(v1)
    g2 = g1 * (1 - v1 * v1)
    g_a = g2 * b
    g_b = g2 * a
"""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from ..backend import K
from ..ops.index import Gather, Index, Pick
from ..ops.linalg import Linear
from ..ops.norms import VectorNorm
from ..storage import Array, empty, from_numpy
from ..tensor import Tensor
from . import formulas, in_numpy, in_numpy_recurrent
from .constants import constants
from .origins import axis_of_classes
from .recording import NOT_RECORDED, LeafRecord, Record, Step, record
from .templates import Missing, template

WIDTH = 110  # columns of a line of the script
HELPERS = {n: f for m in (in_numpy, in_numpy_recurrent) for n, f in vars(m).items() if inspect.isfunction(f)}


@dataclass
class BackwardSource:
    """A script, and the arguments it had in the pass that it was made from.

    ``text`` is the script; its function ``gradients`` takes the inputs and parameters by the names in ``arguments`` and
    returns the loss and the gradient of each leaf, by ``leaves``, as the engine would on these values as long as they
    take the same branches. What was computed outside of the graph (a target, a mask, a detached value) is an argument.
    """

    text: str
    arguments: dict[str, np.ndarray] = field(repr=False)
    leaves: list[str]

    def __str__(self) -> str:
        return self.text

    def run(self, **fresh: Any) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """(loss, gradients) by the script, with these arrays or tensors in the place of the recorded arguments."""
        if unknown := set(fresh) - set(self.arguments):
            raise TypeError(f"gradients() has no argument {sorted(unknown)[0]!r}; it has {', '.join(self.arguments)}")
        space: dict[str, Any] = {"__name__": "backward_source"}
        exec(compile(self.text, "<backward_source>", "exec"), space)
        given = {name: v.detach().numpy() if isinstance(v, Tensor) else np.asarray(v) for name, v in fresh.items()}
        return space["gradients"](**{**self.arguments, **given})

    def write(self, path: Any) -> str:
        """Write the script, and beside it, in a file of the same name ending in .npz, the arguments it loads when it is
        run; returns the text."""
        path = Path(path)
        path.write_text(self.text, encoding="utf-8")
        np.savez(path.with_suffix(".npz"), **self.arguments)  # type: ignore[arg-type]  # names are no options of savez
        return self.text


def backward_source(loss: Tensor, model: Any = None, *, gradient: Tensor | None = None) -> BackwardSource:
    """A commented script that imports only NumPy and performs exactly this backward pass: forward and backward, an
    assignment for each node and each gradient, as functions of inputs and parameters.

    The forward must have run within ``with study.trace(values=True):``. Raises RuntimeError where it did not, and
    NotImplementedError that names the op where one has no template. See :func:`autograd.study.record` for the rest.
    """
    found = record(loss, model, gradient=gradient)
    if any(step.outputs is None for step in found.steps):
        raise RuntimeError(f"backward_source: the values are {NOT_RECORDED}")
    return _Writer(found).source()


class _Writer:
    """Writes the script of one record."""

    def __init__(self, found: Record):
        self.found = found
        self.arguments: dict[str, np.ndarray] = {}
        self.names: dict[Any, str] = {}  # of leaves and of constants, by leaf record or by what a constant is
        self.started: set[str] = set()  # gradients that have a first part
        for leaf in found.leaves:
            self.names[leaf] = self._argument(leaf.name, leaf.value)

    def source(self) -> BackwardSource:
        forward = [line for step in reversed(self.found.steps) for line in self._forward(step)]
        loss = self._value(self.found.root, self.found.index)
        backward = [f"    {self._gradient(self.found.root, self.found.index)} = {self._start(loss)}"]
        self.started.add(self._gradient(self.found.root, self.found.index))
        backward += [line for step in self.found.steps for line in self._backward(step)]
        wanted = [leaf for leaf in self.found.leaves if self._gradient(leaf, 0) in self.started]
        results = [f"        {leaf.name!r}: {self._gradient(leaf, 0)}," for leaf in wanted]
        body = [
            f"def gradients({', '.join(self.arguments)}):",
            '    """The loss, and the gradient of each leaf."""',
            "    # --- forward", *forward, "    # --- backward", *backward,
            f"    return {loss}, {{", *results, "    }",
        ]  # fmt: skip
        text = "\n".join(_wrapped(body))
        return BackwardSource(_script(text), self.arguments, [leaf.name for leaf in wanted])

    # --- names

    def _argument(self, name: str, value: Any) -> str:
        """A new argument of the function, under a name like this one."""
        base = re.sub(r"\W", "_", name, flags=re.ASCII)
        base = f"layer_{base}" if base[:1].isdigit() else base or "input"
        taken = {*self.arguments, *HELPERS, "np", "gradients"}
        if keyword.iskeyword(base) or re.fullmatch(r"[vgd]\d.*|g_.*", base):
            base += "_"
        made, n = base, 2
        while made in taken:
            made, n = f"{base}_{n}", n + 1
        self.arguments[made] = np.asarray(value)
        return made

    def _constant(self, name: str, array: Any, value: np.ndarray) -> str:
        """The argument for a value that the graph did not compute: the same one for the same memory and values."""
        key: Any = (value.shape, value.dtype, value.tobytes())
        if isinstance(array, Array):
            key += (id(array.storage), array.offset)
        if key not in self.names:
            self.names[key] = self._argument(self.found.variable(array) or name, value)
        return self.names[key]

    def _value(self, target: Step | LeafRecord, index: int) -> str:
        if isinstance(target, LeafRecord):
            return self.names[target]
        return f"v{target.number}[{index}]" if target.several else f"v{target.number}"

    def _gradient(self, target: Step | LeafRecord, index: int) -> str:
        if isinstance(target, LeafRecord):
            return f"g_{self.names[target]}"
        return f"g{target.number}_{index}" if target.several else f"g{target.number}"

    def _start(self, loss: str) -> str:
        start = self.found.start
        assert start is not None
        return f"np.ones_like({loss})" if (start == 1).all() else self._argument("gradient", start)

    # --- lines

    def _forward(self, step: Step) -> Iterator[str]:
        yield f"    # {_described(step)}"
        yield f"    v{step.number} = {self._filled(step, self._template(step)[0])}"

    def _backward(self, step: Step) -> Iterator[str]:
        rules = self._template(step)[1]
        sent = [(i, e) for i, e in enumerate(step.inputs) if e.target is not None and (step.left or [])[i] is not None]
        if sent:
            yield f"    # {_rules_of(step)}"
            if "all" in rules:
                yield f"    d{step.number} = {self._filled(step, rules['all'])}"
        for i, e in sent:
            assert e.target is not None
            rule = f"d{step.number}[{i}]" if "all" in rules else rules.get(e.name) or rules.get("*")
            if rule is None:
                raise self._missing(step)
            line = self._filled(step, rule, i)
            comment = ""
            if step.backward is not None and step.backward.suppressed:
                line = f"np.where({self._gradient(step, 0)} == 0, 0, {line})"
                comment = "  # 0 * inf counts as 0"
            if e.summed:
                line = f"unbroadcast({line}, {self._value(e.target, e.index)}.shape)"
                comment += "  # broadcast in the forward, so summed"
            name = self._gradient(e.target, e.index)
            if name in self.started:
                line = f"{name} + {line}"
                comment += "  # branches add"
            self.started.add(name)
            yield f"    {name} = {line}{comment}"

    def _template(self, step: Step) -> tuple[str, dict[str, str]]:
        suffix = " in use" if step.params.get("training") is False else ""
        if step.op in (Gather, Pick, Index) and not step.inputs[0].shape:
            suffix = " of one"
        if step.op is VectorNorm and step.params["p"] in (0, inf, -inf):
            raise self._missing(step)
        try:
            forward, backward = template(step.op, suffix)
            return _plain_floats(forward), {name: _plain_floats(rule) for name, rule in backward.items()}
        except Missing:
            raise self._missing(step) from None

    def _missing(self, step: Step) -> Missing:
        what = "an op of your own" if hasattr(step.op, "function") else "an op without a template in NumPy"
        return Missing(f"backward_source: step {step.number}, {step.op.__name__}, is {what}")

    def _filled(self, step: Step, text: str, i: int = 0) -> str:
        if issubclass(step.op, Linear) and len(step.shapes[0] or ()) == 2:
            text = re.sub(r"rows\((\{\w+\})\)", r"\1", text)
        known = {"y": f"v{step.number}", "g": self._gradient(step, 0), "i": str(i)}
        known |= {name: self._parameter(step, name, value) for name, value in step.params.items()}
        for k, e in enumerate(step.inputs):
            known[e.name] = self._input(step, k)
        for name in step.op.inputs:
            if known.setdefault(name, "None") == "None":
                for what in (f" + {{{name}}}[:, None]", f" + {{{name}}}", f"{{{name}}} + "):
                    text = text.replace(what, "")
        return text.format_map({**known, **self._more(step, known, text)})

    def _input(self, step: Step, k: int) -> str:
        e = step.inputs[k]
        if e.target is not None:
            return self._value(e.target, e.index)
        value = self.found.value(step, k)
        array = step.arrays[k] if k < len(step.arrays) else None
        if value is None:
            value = _piece(step, k)
        return "None" if value is None else self._constant(f"input_{len(self.arguments) + 1}", array, value)

    def _parameter(self, step: Step, name: str, value: Any) -> str:
        if isinstance(value, Tensor):
            return self._constant(f"{name}_{step.number}", value._array, value.numpy().copy())
        return _literal(value)

    def _more(self, step: Step, known: dict[str, str], text: str) -> dict[str, str]:
        """What templates know beyond the names of an op's inputs and parameters, as far as this one asks for it."""
        p, shape = step.params, step.shapes[0] or ()
        more: dict[str, Any] = {"shape": shape, "dtype": f"np.{step.dtype.rpartition('.')[2]}"}
        if "keepdim" in p and "dims" in p:
            back = "{}" if p["keepdim"] or not p["dims"] else f"np.expand_dims({{}}, {p['dims']})"
            more |= {"gs": back.format(known["g"]), "ys": back.format(known["y"])}
            more["n"] = f"({known['x']}.size // {known['y']}.size)" if "{n}" in text else ""
        if "lengths" in p:
            more["cuts"] = np.cumsum(p["lengths"])[:-1].tolist()
        if "order" in p:
            more["back"] = tuple(np.argsort(p["order"]).tolist())
        if "rows" in p and "ignore_index" in p:
            more["axis"] = axis_of_classes(step)
        if "reverse" in p:
            more |= {f"cumsum_{n}": _scan(known[n], p["dim"], p["reverse"] ^ (n == "g")) for n in ("x", "g")}
        if "shape_of_y" in p:
            more["view"] = (p["shape_of_y"], p["strides"], p["offset"])
        if "widths" in p:
            more |= _padding(p["widths"])
        if "{all}" in text:
            more["all"] = ", ".join(known[e.name] for e in step.inputs)
        if "{parts}" in text:
            names = [self._gradient(step, k) for k in range(len(step.shapes))]
            more["parts"] = ", ".join(
                n if n in self.started else f"np.zeros_like({known['y']}[{k}])" for k, n in enumerate(names)
            )
        if "{kept_index}" in text:
            index = known["index"]
            more["kept_index"] = index if p["keepdim"] else f"np.expand_dims({index}, {p['dim']})"
        if "{kept}" in text:
            more["kept"] = self._constant(f"kept_{step.number}", None, _kept_by_dropout(step))
        if "{stats}" in text:
            more["stats"] = self._constant(f"stats_{step.number}", None, step.extras["stats"])
        if "geometry" in p and hasattr(p["geometry"], "_asdict"):
            more |= _convolution(p["geometry"])
        if "walk" in p:
            more |= {"sizes": p["walk"].sizes, "backwards": p["walk"].reverse}
        if "windows" in p:
            windows = {k: v for k, v in p["windows"]._asdict().items() if k != "planes"}
            more["windows"] = "dict(" + ", ".join(f"{k}={v}" for k, v in windows.items()) + ")"
        return {k: str(v) for k, v in more.items()}


# --- what templates ask for -------------------------------------------------------------------------------------------


def _literal(value: Any) -> str:
    text = repr(value)
    if isinstance(value, float):
        text = text.replace("inf", "np.inf").replace("nan", "np.nan")
    return f"({text})" if text.startswith("-") else text


def _plain_floats(text: str) -> str:
    """Constants by NumPy's functions as floats of Python, which do not make float64 of float32."""
    return re.sub(r"np\.(log|sqrt)\((\{p\}|\d+|2 [*/] np\.pi|np\.pi)\)", r"float(\g<0>)", text)


def _scan(name: str, dim: int, reverse: bool) -> str:
    return f"np.flip(np.cumsum(np.flip({name}, {dim}), {dim}), {dim})" if reverse else f"np.cumsum({name}, {dim})"


def _padding(widths: tuple) -> dict[str, Any]:
    def cut(pairs: list) -> str:
        spans = [f"{max(0, a) or ''}:{-max(0, b) or ''}" for a, b in pairs]
        return ", ".join(spans)

    back = [(-a, -b) for a, b in widths]
    return {
        "inside": cut(back), "added": tuple([(max(0, a), max(0, b)) for a, b in widths]),
        "inside_g": cut(list(widths)), "removed": tuple([(max(0, a), max(0, b)) for a, b in back]),
    }  # fmt: skip


def _convolution(s: Any) -> dict[str, Any]:
    sizes = {k: v for k, v in s._asdict().items()}
    return {
        **sizes, "x4": (-1, s.channels, *s.in_size), "y4": (-1, s.filters, *s.out_size),
        "w4": (s.filters, s.channels // s.groups, *s.kernel),
    }  # fmt: skip


def _kept_by_dropout(step: Step) -> np.ndarray:
    """Which elements a dropout kept: its kernel says so of ones."""
    x = empty(step.shapes[0] or (), step.node.layout.dtype)
    K.fill(x, 1.0)
    y = empty(x.shape, x.dtype)
    K.dropout(y, x, step.params["p"], from_numpy(step.extras["key"]))
    return y.numpy() != 0


def _piece(step: Step, k: int) -> np.ndarray | None:
    """A joined tensor that was not computed: its part of the result."""
    whole = (step.outputs or [None])[0]
    if whole is None or step.op.inputs:
        return None
    if "lengths" in step.params:
        return np.split(whole, np.cumsum(step.params["lengths"])[:-1], step.params["dim"])[k]
    return np.take(whole, k, step.params["dim"])


# --- text -------------------------------------------------------------------------------------------------------------


def _described(step: Step) -> str:
    """A step in a comment: one line, whatever the user's line holds."""
    text = f"step {step.number}: {step.op.__name__}"
    if step.where is not None:
        from .explanation import place_of

        module = f", module {step.where.module!r}" if step.where.module else ""
        text += f"{module}, {Path(step.where.filename).name}:{step.where.line}: {place_of(step)[1]}"
    return " ".join(text.replace("\0", " ").split())[:WIDTH]


def _rules_of(step: Step) -> str:
    rules = [f"dL/d{e.name} = {formulas.rule(step.op, e.name)}" for e in step.inputs if e.target is not None]
    return f"step {step.number}: {step.op.__name__}, {'; '.join([*rules, *constants(step)])}"[:WIDTH]


def _wrapped(lines: list[str]) -> Iterator[str]:
    """Long lines broken behind commas within brackets, as far as there are some."""
    for line in lines:
        indent = len(line) - len(line.lstrip()) + 4
        while len(line) > WIDTH and not line.lstrip().startswith("#"):
            cut = line.rfind(", ", indent, WIDTH)
            if cut < 0 or line.count("(", 0, cut) + line.count("[", 0, cut) <= line.count(")", 0, cut) + line.count(
                "]", 0, cut
            ):
                break
            yield line[: cut + 1]
            line = " " * indent + line[cut + 2 :]
        yield line


def _script(body: str) -> str:
    """The whole file: the functions of :mod:`.in_numpy` that are used, and those that they use, then the body."""
    used: dict[str, str] = {}
    waiting = [body]
    while waiting:
        for name in re.findall(r"\b([a-z]\w*)\(", waiting.pop()):
            if name in HELPERS and name not in used:
                used[name] = inspect.getsource(HELPERS[name]).rstrip()
                waiting.append(used[name])
    order = [n for n in HELPERS if n in used]
    head = '"""A backward pass in plain NumPy, written by autograd.study.backward_source."""\n\nimport numpy as np\n'
    tail = (
        'if __name__ == "__main__":\n'
        '    loss, found = gradients(**np.load(__file__.removesuffix(".py") + ".npz"))\n'
        '    print("loss", loss)\n'
        "    for name, g in found.items():\n"
        '        print(name, g.shape, "norm", np.linalg.norm(g))\n'
    )
    return "\n\n".join([head, *[used[n] + "\n" for n in order], body + "\n", tail])
