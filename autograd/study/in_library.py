"""Each op by its name in this package, which is PyTorch's too: the forward of a graph, to be run again by either.

What :mod:`.templates` says in NumPy holds for elementwise ops, once NumPy's names are taken for the library's; the
others stand here. ``L`` is the library, ``F`` its nn.functional.
"""

from __future__ import annotations

import math
from types import ModuleType, SimpleNamespace
from typing import Any

from ..op import Op
from . import in_numpy
from .templates import Missing, template

FORWARDS = {
    "Alias": "{x}",
    "Clone": "{x}.clone()",
    "To": "{x}.to(L.{name_of_dtype})",
    "Relu": "L.relu({x})",
    "Sigmoid": "L.sigmoid({x})",
    "Silu": "F.silu({x})",
    "Gelu": "F.gelu({x})",
    "GeluTanh": "F.gelu({x}, approximate='tanh')",
    "Mish": "F.mish({x})",
    "LogSigmoid": "F.logsigmoid({x})",
    "Softplus": "F.softplus({x}, {beta}, {threshold})",
    "LeakyRelu": "F.leaky_relu({x}, {slope})",
    "Clamp": "L.clamp({x}, {low}, {high})",
    "Dropout": "L.where({kept}, {x} / (1 - {p}), 0.0)",
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
    "MseLoss": "(({x} - {t}) ** 2).sum() * {scale}",
    "BceWithLogits": "F.binary_cross_entropy_with_logits({x}, {t}, reduction='sum') * {scale}",
    "CrossEntropy": "F.cross_entropy({x}, {target}, None, None, {ignore_index}, None, {how}, {smoothing})",
    "WeightedCrossEntropy": "F.cross_entropy({x}, {target}, {weight}, None, {ignore_index}, None, {how}, {smoothing})",
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
}


def forward_of(op: type[Op], suffix: str) -> str:
    """The forward of an op; raises templates.Missing where there is none, neither here nor elementwise."""
    if suffix == " of one":
        return "{x}"
    for kind in op.__mro__:
        if kind.__name__ in FORWARDS and not suffix:
            return FORWARDS[kind.__name__]
    text = template(op, suffix)[0]
    if any(f"{name}(" in text for name in CALLS_NUMPY):
        raise Missing(op.__name__)
    return text


CALLS_NUMPY = (
    "standard", "conv", "conv_transpose", "conv_weight", "avg_pool_grad", "put_rows", "with_rows", "taken",
    "zeros_with", "with_part", "overlay", "through", "owners", "along", "others",
    "np.take_along_axis", "np.pad", "np.concatenate",
)  # fmt: skip
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


def names(library: Any, functional: Any) -> dict[str, Any]:
    """The names that a forward uses."""

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
    }  # fmt: skip


def _whole(in_size: tuple, out_size: tuple, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple) -> bool:
    """Whether windows that reach beyond the end are left out."""
    sizes = zip(in_size, out_size, kernel, stride, padding, dilation)
    return all(o == (n + 2 * p - d * (k - 1) - 1) // t + 1 for n, o, k, t, p, d in sizes)
