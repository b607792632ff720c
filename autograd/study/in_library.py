"""Each op by its name in this package, which is PyTorch's too: the forward of a graph, to be run again by either.

What :mod:`.templates` says in NumPy holds for elementwise ops, once NumPy's names are taken for the library's; the
others stand here. ``L`` is the library, ``F`` its nn.functional.
"""

from __future__ import annotations

import math
import re
from types import ModuleType, SimpleNamespace
from typing import Any

from ..op import Binary, Op, Unary
from ..ops.rectifier import Composed
from ..ops.recurrent_cell import run
from . import in_numpy
from .templates import Missing, template

WEIGHTS = "[{w_ih}, {w_hh}, {b_ih}, {b_hh}, {w_hr}], {sizes}, {backwards})"
FORWARDS = {
    "Alias": "{x}",
    "Clone": "{x}.clone()",
    "To": "cast({x}, L.{name_of_dtype})",
    "Gelu": "F.gelu({x})",
    "Logit": "L.logit({x}, {eps} if {eps} >= 0 else None)",
    "Round": "L.round({x}, decimals={decimals})",
    "NanToNum": "L.nan_to_num({x}, {nan}, {posinf}, {neginf})",
    "GeluTanh": "F.gelu({x}, approximate='tanh')",
    "Softplus": "F.softplus({x}, {beta}, {threshold})",
    "LeakyRelu": "F.leaky_relu({x}, {slope})",
    "Clamp": "L.clamp({x}, {low}, {high})",
    "Dropout": "L.where({kept}, {x} * (1 / (1 - {p})), 0.0)",
    "Where": "L.where({condition}, {a}, {b})",
    "BinaryCrossEntropy": "F.binary_cross_entropy({x}, {t}, reduction='none')",
    "Sum": "{x}.sum({dims}, {keepdim})",
    "Mean": "{x}.mean({dims}, {keepdim})",
    "Var": "{x}.var({dims}, correction={correction}, keepdim={keepdim})",
    "Std": "{v}.sqrt()",
    "Logsumexp": "L.logsumexp({x}, {dims}, {keepdim})",
    "Amax": "L.amax({x}, {dims}, {keepdim})",
    "Amin": "L.amin({x}, {dims}, {keepdim})",
    "VectorNorm": "L.linalg.vector_norm({x}, {p}, {dims}, {keepdim})",
    "Softmax": "L.softmax({x}, {dim})",
    "LogSoftmax": "L.log_softmax({x}, {dim})",
    "Cumsum": "L.cumsum({x}, {dim})",
    "Matmul": "{a} @ {b}",
    "Attention": "F.scaled_dot_product_attention({q}, {k}, {v}, is_causal={causal}, scale={scale})",
    "Linear": "F.linear({x}, {weight}, {bias})",
    "LinearRelu": "L.relu(F.linear({x}, {weight}, {bias}))",
    "LinearSigmoid": "L.sigmoid(F.linear({x}, {weight}, {bias}))",
    "LinearTanh": "L.tanh(F.linear({x}, {weight}, {bias}))",
    "Convolution": "F.conv2d({x}.reshape({x4}), {w}.reshape({w4}), {bias}, {stride}, {padding}, {dilation}, {groups})"
    ".reshape({shape})",
    "LayerNorm": "F.layer_norm({x}, {row}, None, None, {eps})",
    "AffineLayerNorm": "F.layer_norm({x}, {row}, {weight}, {bias}, {eps})",
    "RmsNorm": "F.rms_norm({x}, {row}, None, {eps})",
    "AffineRmsNorm": "F.rms_norm({x}, {row}, {weight}, {eps})",
    "BatchNorm": "F.batch_norm({x}, None, None, None, None, True, 0.1, {eps})",
    "AffineBatchNorm": "F.batch_norm({x}, None, None, {weight}, {bias}, True, 0.1, {eps})",
    "BatchNorm in use": "F.batch_norm({x}, *running({stats}, {eps}), None, None, False, 0.1, {eps})",
    "AffineBatchNorm in use": "F.batch_norm({x}, *running({stats}, {eps}), {weight}, {bias}, False, 0.1, {eps})",
    "MseLoss": "F.mse_loss({x}, {t}, reduction={by_scale})",
    "BceWithLogits": "F.binary_cross_entropy_with_logits({x}, {t}, reduction={by_scale})",
    "CrossEntropy": "F.cross_entropy({x}, {target}, None, None, {ignore_index}, None, {how}, {smoothing})",
    "WeightedCrossEntropy": "F.cross_entropy({x}, {target}, {weight}, None, {ignore_index}, None, {how}, {smoothing})",
    "NegativeLogLikelihood": "F.nll_loss({x}, {target}, {weight}, None, {ignore_index}, None, {how})",
    "Embedding": "F.embedding({index}, {table})",
    "View": "{x}.reshape({shape})",
    "Squeeze": "{x}.reshape({shape})",
    "Unsqueeze": "{x}.reshape({shape})",
    "Expand": "{x}.expand({shape})",
    "Permute": "{x}.permute({order})",
    "Flip": "L.flip({x}, {dims})",
    "Tril": "L.tril({x}, {diagonal})",
    "Triu": "L.triu({x}, {diagonal})",
    "Slice": "{x}.reshape(-1)[places(*{view})]",
    "Gather": "L.gather({x}, {dim}, {index})",
    "Cat": "L.cat([{all}], {dim})",
    "Stack": "L.stack([{all}], {dim})",
    "Split": "L.split({x}, {lengths}, {dim})",
    "SplitWithSizes": "L.split({x}, {lengths}, {dim})",
    "Unbind": "L.unbind({x}, {dim})",
    "MaxPool": "max_pool({x}, {shape}, {windows})",
    "AvgPool2D": "avg_pool({x}, {shape}, {windows})",
    "Lstm": "recurrent('lstm', {x}, [{h0}, {c0}], " + WEIGHTS,
    "Gru": "recurrent('gru', {x}, [{h0}], " + WEIGHTS,
    "RnnTanh": "recurrent('rnn_tanh', {x}, [{h0}], " + WEIGHTS,
    "RnnRelu": "recurrent('rnn_relu', {x}, [{h0}], " + WEIGHTS,
}


def forward_of(op: type[Op], suffix: str) -> str:
    """The forward of an op; raises templates.Missing where there is none, neither here nor elementwise."""
    if suffix == " of one":
        return "{x}"
    for kind in op.__mro__:
        if kind.__name__ + suffix in FORWARDS:
            return FORWARDS[kind.__name__ + suffix]
    if (function := _function(op)) is not None:
        return function
    text = template(op, suffix)[0]
    called = set(re.findall(r"(?<![\w.])[a-z]\w*(?=\()", text))
    if called - CALLED or any(f"{name}(" in text for name in CALLS_NUMPY):
        raise Missing(op.__name__)
    return text


def _function(op: type[Op]) -> str | None:
    """An elementwise op without parameters as the function of its name; None where there is none."""
    import autograd

    if not issubclass(op, Unary | Binary | Composed) or op.params:
        return None
    snake = re.sub(r"(?<!^)([A-Z])", r"_\1", op.__name__).lower()
    for name in (snake, snake.replace("_", "")):
        for library, where in (("L", autograd), ("F", autograd.nn.functional)):
            if hasattr(where, name):
                return f"{library}.{name}({', '.join(f'{{{n}}}' for n in op.inputs)})"
    return None


CALLED = frozenset(("sigmoid", "softplus", "erf", "normal_cdf", "places"))
"""What a template may call, beside NumPy, that libraries have."""

CALLS_NUMPY = ("np.take_along_axis", "np.pad", "np.concatenate")
"""What a template may call that libraries do not have."""

RENAMED = {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "arcsinh": "asinh", "arccosh": "acosh",
    "arctanh": "atanh", "transpose": "permute", "clip": "clamp",
}  # fmt: skip


class _Numpy:
    """Stands for NumPy in a template: the functions of a library under NumPy's names, numbers among their arguments."""

    pi = math.pi
    inf, nan = math.inf, math.nan

    def __init__(self, library: ModuleType):
        self._library = library

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._library, RENAMED.get(name, name))

        def call(*args: Any) -> Any:
            like = next((a for a in args if isinstance(a, self._library.Tensor)), None)
            if like is None:  # of numbers alone
                return getattr(math, name)(*args)
            return function(*[self._tensor(a, like) for a in args])

        return call

    def _tensor(self, value: Any, like: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return self._library.tensor(value, dtype=like.dtype if like.is_floating_point() else None)


def names(library: Any, functional: Any, dtype: Any = None) -> dict[str, Any]:
    """The names that a forward uses; floating numbers stay of a ``dtype`` where one is given."""

    def cast(x: Any, to: Any) -> Any:
        return x if dtype is not None and to.is_floating_point else x.to(to)

    def running(stats: Any, eps: float) -> tuple[Any, Any]:
        """The mean and the variance of which a batch norm in use had the mean and 1 / sqrt(variance + eps)."""
        return stats[0], (1 / stats[1].to(library.float64) ** 2 - eps).to(stats.dtype)

    def recurrent(name: str, x: Any, states: list, weights: list, sizes: tuple, reverse: bool) -> list:
        if library.__name__ == "autograd":
            return run(name, x, states, weights, sizes, reverse)
        at = library.tensor(_turned(sizes) if reverse else range(len(x)))
        given = [w for w in weights if w is not None]
        first = [s.unsqueeze(0) for s in states]
        lengths = library.tensor(sizes)
        y, *ends = getattr(library, name)(
            x[at], lengths, first if len(first) > 1 else first[0], given, weights[2] is not None, 1, 0.0, False, False
        )
        return [y[at], *[s[0] for s in ends]]

    def max_pool(x: Any, shape: tuple, windows: dict) -> Any:
        s = SimpleNamespace(**windows)
        if s.adaptive:
            return functional.adaptive_max_pool2d(x.reshape(-1, 1, *s.in_size), s.out_size).reshape(shape)
        whole = _whole(s.in_size, s.out_size, s.kernel, s.stride, s.padding, s.dilation)
        more = {"dilation": s.dilation, "ceil_mode": not whole}
        planes = x.reshape(-1, 1, *s.in_size)
        return functional.max_pool2d(planes, s.kernel, s.stride, s.padding, **more).reshape(shape)

    def avg_pool(x: Any, shape: tuple, windows: dict) -> Any:
        s = SimpleNamespace(**windows)
        if s.adaptive:
            return functional.adaptive_avg_pool2d(x.reshape(-1, 1, *s.in_size), s.out_size).reshape(shape)
        whole = _whole(s.in_size, s.out_size, s.kernel, s.stride, s.padding, (1, 1))
        more = {"ceil_mode": not whole, "count_include_pad": s.include_padding, "divisor_override": s.divisor or None}
        planes = x.reshape(-1, 1, *s.in_size)
        return functional.avg_pool2d(planes, s.kernel, s.stride, s.padding, **more).reshape(shape)

    return {
        "np": _Numpy(library), "L": library, "F": functional, "max_pool": max_pool, "avg_pool": avg_pool,
        "sigmoid": library.sigmoid, "softplus": functional.softplus, "erf": library.erf,
        "normal_cdf": lambda x: (1 + library.erf(x / math.sqrt(2))) / 2,
        "places": lambda *view: library.from_numpy(in_numpy.places(*view)),
        "cast": cast, "running": running, "recurrent": recurrent,
    }  # fmt: skip


def _turned(sizes: tuple) -> list[int]:
    """For each row of packed sequences that of the same sequence as far from its other end."""
    starts = [sum(sizes[:t]) for t in range(len(sizes))]
    lengths = [sum(n > j for n in sizes) for j in range(sizes[0])]
    return [starts[lengths[j] - 1 - t] + j for t, n in enumerate(sizes) for j in range(n)]


def _whole(in_size: tuple, out_size: tuple, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple) -> bool:
    """Whether windows that reach beyond the end are left out."""
    sizes = zip(in_size, out_size, kernel, stride, padding, dilation)
    return all(o == (n + 2 * p - d * (k - 1) - 1) // t + 1 for n, o, k, t, p, d in sizes)
