"""Losses, fused: one kernel forward, one backward. The others are compositions: :mod:`.loss_regression`,
:mod:`.loss_classification` and :mod:`.loss_embedding`.

>>> from autograd import tensor
>>> mse_loss(tensor([1.0, 2.0]), tensor([0.0, 0.0]))
tensor(2.5000)

``reduction`` is "mean", "sum" or "none" throughout; ``size_average`` and ``reduce`` are its older names.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

from .. import dtypes
from ..backend import K
from ..modes import is_grad_enabled
from ..op import Op, broadcast_shapes, contiguous, record, require_tensor, result_type
from ..storage import Layout, empty, fresh, packed
from ..tensor import Tensor
from .activation import sigmoid, softplus
from .choice import where
from .create import arange, ones
from .softmax import log_softmax, rows_around

_REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}


def reduction_name(name: str, size_average: bool | None, reduce: bool | None) -> str:
    """The reduction, where the older names do not ask for another."""
    if size_average is None and reduce is None:
        return name
    name = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction={name!r} instead.", stacklevel=4
    )
    return name


def reduction_kind(name: str, size_average: bool | None = None, reduce: bool | None = None) -> int:
    """What a loss does with its elements: 0 none, 1 mean, 2 sum."""
    name = reduction_name(name, size_average, reduce)
    try:
        return _REDUCTIONS[name]
    except KeyError:
        raise ValueError(f"{name} is not a valid value for reduction: choose 'mean', 'sum' or 'none'") from None


def reduced(losses: Tensor, kind: int) -> Tensor:
    """The losses of all elements, their mean or their sum."""
    return losses if kind == 0 else losses.mean() if kind == 1 else losses.sum()


_scalar: dict[dtypes.dtype, Layout] = {}


def _scalar_layout(dtype: dtypes.dtype) -> Layout:
    """The layout of one number."""
    layout = _scalar[dtype] = packed((), dtype)
    return layout


class Loss(Op, abstract=True):
    """y = scale * sum(l(x, t)), one number."""

    inputs = ("x", "t")
    params = ("scale",)


def _apply_loss(op: type[Loss], kernel: Callable, x: Tensor, t: Tensor, kind: int) -> Tensor:
    """The mean (1) or sum (2) by the op's kernel."""
    a, b = x._array, t._array
    layout = a.layout
    if not (layout.contiguous and b.layout.contiguous):
        a, b = contiguous(a), contiguous(b)
    n = layout.size
    scale = 1.0 if kind == 2 else 1.0 / n if n else float("nan")
    y = fresh(_scalar.get(layout.dtype) or _scalar_layout(layout.dtype))
    kernel(y, a, b, scale)
    return record(op, (x._edge, t._edge), (a, b, y), y, (scale,))


class MseLoss(Loss):
    """y = scale * sum((x - t) ** 2)
    dL/dx = g * 2 * scale * (x - t)
    dL/dt = g * 2 * scale * (t - x)"""

    kernel = "mse"

    @staticmethod
    def backward(node, g):
        x, t = node.saved
        wants_x, wants_t = node.edges
        dx = dt = None
        if wants_x is not None:
            dx = fresh(wants_x.layout.packed)
            K.mse_grad(dx, g, x, t, node.params[0])
        if wants_t is not None:
            dt = fresh(wants_t.layout.packed)
            K.mse_grad(dt, g, t, x, node.params[0])
        return dx, dt

    def dx(g, x, t, scale):
        return g * ((x - t) * (2 * scale))

    def dt(g, x, t, scale):
        return g * ((t - x) * (2 * scale))


class BceWithLogits(Loss):
    """y = scale * sum(max(x, 0) - x * t + log(1 + exp(-|x|)))
    dL/dx = g * scale * (sigmoid(x) - t)
    dL/dt = g * -scale * x"""

    backward_name = "BinaryCrossEntropyWithLogitsBackward0"

    @staticmethod
    def backward(node, g):
        if node.edges[1] is not None:
            return Op.backward(node, g)
        x, t = node.saved
        dx = empty(node.edges[0].layout.shape, g.dtype)
        K.bce_with_logits_grad(dx, g, x, t, node.params[0])
        return dx, None

    def dx(g, x, t, scale):
        return g * ((sigmoid(x) - t) * scale)

    def dt(g, x, scale):
        return g * (x * -scale)


class NllLoss(Op, abstract=True):
    """Cross-entropy with class indices: with the share q of each class in a position's target, smoothed and weighted,
    the loss of a position is sum(q * (logsumexp(x) - x)), 0 where the target is ignored."""

    kernel = "cross_entropy"
    params = ("rows", "ignore_index", "reduction", "smoothing")
    extras = ("lse",)

    @classmethod
    def apply(
        cls, x: Tensor, target: Tensor, weight: Tensor | None, dim: int, ignore: int, reduction: int, smoothing: float
    ) -> Tensor:
        a, t = contiguous(x._array), contiguous(target._array)
        w = None if weight is None else contiguous(weight._array)
        rows = rows_around(a.shape, dim)
        y = empty(t.shape if reduction == 0 else (), a.dtype)
        lse = empty(t.shape, a.dtype)
        status = K.cross_entropy(y, lse, a, t, w, rows, ignore, reduction, smoothing)
        if status:
            bad = t.numpy().reshape(-1)[status - 1]
            raise IndexError(
                f"Target {bad} is out of bounds. (cross_entropy with {rows[1]} classes, ignore_index {ignore})"
            )
        params = rows, ignore, reduction, smoothing
        if weight is None:
            return record(cls, (x._edge, target._edge), (a, t, y, lse), y, params)
        return record(cls, (x._edge, target._edge, weight._edge), (a, t, w, y, lse), y, params)

    @staticmethod
    def backward(node, g):
        x, target, *weight, lse = node.saved
        dx = empty(x.shape, g.dtype)
        K.cross_entropy_grad(dx, contiguous(g), x, lse, target, weight[0] if weight else None, *node.params)
        return dx, None, None


class CrossEntropy(NllLoss):
    """y = sum(q * (logsumexp(x) - x)) / n, q = one_hot(target), smoothed
    dL/dx = g / n * (softmax(x) - q), 0 where the target is ignored"""

    inputs = ("x", "target")
    backward_name = "NllLossBackward0"

    def dx(g, x, target, lse, rows, ignore_index, reduction, smoothing):
        return _cross_entropy_slope(g, x, target, None, rows, ignore_index, reduction, smoothing)


class WeightedCrossEntropy(NllLoss):
    """y = sum(q * (logsumexp(x) - x)) / n, q = weight * one_hot(target), smoothed
    dL/dx = g / n * (softmax(x) * sum(q) - q), 0 where the target is ignored"""

    inputs = ("x", "target", "weight")
    backward_name = "NllLossBackward0"

    def dx(g, x, target, weight, lse, rows, ignore_index, reduction, smoothing):
        return _cross_entropy_slope(g, x, target, weight, rows, ignore_index, reduction, smoothing)


def _cross_entropy_slope(g, x, target, weight, rows, ignore_index, reduction, smoothing) -> Tensor:
    index = target.reshape(rows[0], 1, rows[2])
    used = index != ignore_index
    w = ones(rows[1], dtype=x.dtype) if weight is None else weight
    own = one_hot(index, used, rows, x.dtype) * w.reshape(1, -1, 1)
    q = own * (1 - smoothing) + w.reshape(1, -1, 1) * (smoothing / max(1, rows[1]))
    g = g.reshape(index.shape) if reduction == 0 else g
    if reduction == 1:
        g = g / where(used.any(), own.sum(), 1.0)
    slope = x.reshape(rows).softmax(1) * q.sum(1, keepdim=True) - q
    return where(used, g * slope, 0.0).reshape(x.shape)


def one_hot(index: Tensor, used: Tensor, rows: tuple, dtype) -> Tensor:
    """Ones at the class indices along the middle dim, nothing where the target is ignored."""
    classes = arange(rows[1]).reshape(1, rows[1], 1)
    return (classes == where(used, index, -1)).to(dtype)


# --- functions --------------------------------------------------------------------------------------------------------


def same_shapes(x: Tensor, t: Tensor, op: str) -> tuple[Tensor, Tensor]:
    """Input and target in one dtype and shape; a target that broadcasts is a warning, as in PyTorch."""
    require_tensor(op, x)
    require_tensor(op, t, "target")
    if x._array.shape != t._array.shape:
        warnings.warn(
            f"Using a target size ({t.shape}) that is different to the input size ({x.shape}) in {op}. This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
        shape = broadcast_shapes(x._array.shape, t._array.shape, op=op)
        x, t = x.expand(shape), t.expand(shape)
    if x._array.dtype is not t._array.dtype:
        d = result_type(x, t)
        x, t = x.to(d), t.to(d)
    if not x._array.dtype.is_floating_point:
        raise RuntimeError(f'"{op}" not implemented for {x.dtype.title!r}: convert input and target with .float()')
    return x, t


def times(losses: Tensor, weight: Tensor) -> Tensor:
    """Every element with a weight of its own."""
    if weight.shape != losses.shape:
        raise ValueError(
            f"Weights and input must have the same size. (weight {list(weight.shape)}, input {list(losses.shape)})"
        )
    return losses * weight


def weighted(losses: Tensor, weight: Tensor, kind: int) -> Tensor:
    """As :func:`reduced`, every element with a weight of its own; the mean is over the weights."""
    losses = times(losses, weight)
    return losses.sum() / weight.sum() if kind == 1 else reduced(losses, kind)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The squared error (input - target) ** 2, averaged over all elements, summed, or each; with a ``weight`` for every
    element the mean is over the weights.

    >>> from autograd import tensor
    >>> mse_loss(tensor([1.0, 2.0]), tensor([0.0, 0.0]), reduction="sum")
    tensor(5.)
    """
    kind = _REDUCTIONS.get(reduction)
    if kind is None or size_average is not None or reduce is not None:
        kind = reduction_kind(reduction, size_average, reduce)
    if not (type(input) is type(target) is Tensor and input._array.layout is target._array.layout
            and input._array.layout.floating):  # fmt: skip
        input, target = same_shapes(input, target, "mse_loss")
    if weight is not None:
        return weighted((input - target) ** 2, weight, kind)
    if kind == 0:
        return (input - target) ** 2
    return _apply_loss(MseLoss, K.mse, input, target, kind)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """-(t log s + (1 - t) log(1 - s)) with s = sigmoid(input), computed from the logits without overflow.

    >>> from autograd import tensor
    >>> binary_cross_entropy_with_logits(tensor([0.0]), tensor([1.0]))
    tensor(0.6931)

    Raises ValueError where input and target differ in shape.
    """
    kind = reduction_kind(reduction, size_average, reduce)
    require_tensor("binary_cross_entropy_with_logits", input)
    require_tensor("binary_cross_entropy_with_logits", target, "target")
    if input._array.shape != target._array.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    input, target = same_shapes(input, target, "binary_cross_entropy_with_logits")
    if kind and weight is None and pos_weight is None:
        return _apply_loss(BceWithLogits, K.bce_with_logits, input, target, kind)
    if pos_weight is None:
        losses = softplus(input, threshold=1e30) - input * target
    else:
        losses = (1 - target) * input + ((pos_weight - 1) * target + 1) * softplus(-input, threshold=1e30)
    if weight is not None:
        losses = losses * weight
    return reduced(losses, kind)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """The negative log-likelihood of ``target`` under softmax(input): logits (N, C, ...) or (C,), and class indices
    (N, ...) or (), or class probabilities in the shape of the logits.

    weight
        A factor per class; the mean is then divided by the sum of the targets' weights.
    ignore_index
        Positions with this target count for nothing; where all are ignored the mean is NaN.
    label_smoothing
        The share of probability spread evenly over the classes.

    >>> from autograd import tensor
    >>> cross_entropy(tensor([[0.0, 0.0]]), tensor([1]))
    tensor(0.6931)

    Raises IndexError for a target outside [0, C), ValueError or RuntimeError for shapes that do not fit.
    """
    kind = reduction_kind(reduction, size_average, reduce)
    x, t = require_tensor("cross_entropy", input)._array, require_tensor("cross_entropy", target, "target")._array
    if not x.dtype.is_floating_point:
        raise RuntimeError(f'"cross_entropy" not implemented for {x.dtype.title!r}: logits must be floating point')
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    dim = 1 if len(x.shape) > 1 else 0
    if not x.shape:
        raise ValueError("cross_entropy: input must have a dim of classes, got a 0-d tensor")
    if t.dtype.is_floating_point:
        if t.shape == x.shape[:dim] + x.shape[dim + 1 :]:
            raise RuntimeError(
                f"expected scalar type Long but found {t.dtype.title}: class indices must be integers, as in "
                "target.long()"
            )
        if t.shape != x.shape:
            raise RuntimeError(
                f"Expected floating point type for target with class probabilities, got shapes "
                f"{list(input.shape)} and {list(target.shape)}: they must be equal"
            )
        return _probabilities(input, target, dim, weight, kind, label_smoothing)
    expected = x.shape[:dim] + x.shape[dim + 1 :]
    if t.shape != expected:
        if len(x.shape) > 1 and t.shape[:1] != x.shape[:1]:
            raise ValueError(
                f"Expected input batch_size ({x.shape[0]}) to match target batch_size "
                f"({t.shape[0] if t.shape else 'none'}). (input {list(x.shape)}, target {list(t.shape)})"
            )
        raise RuntimeError(f"Expected target size {list(expected)}, got {list(t.shape)} for input of {list(x.shape)}")
    if t.dtype is not dtypes.int64:
        if t.dtype is not dtypes.uint8:
            raise RuntimeError(f"expected scalar type Long but found {t.dtype.title}: convert the target with .long()")
        target = target.to(dtypes.int64)
    if weight is not None:
        _check_weight(weight, x.shape[dim], x.dtype)
    op = CrossEntropy if weight is None else WeightedCrossEntropy
    return op.apply(input, target, weight, dim, ignore_index, kind, float(label_smoothing))


def _check_weight(weight: Tensor, classes: int, dtype: dtypes.dtype) -> None:
    """Weights of classes: a constant number for each."""
    w = require_tensor("cross_entropy", weight, "weight")._array
    if w.shape != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight "
            f"tensor of shape: {list(w.shape)}"
        )
    if w.dtype is not dtype:
        raise RuntimeError(
            f"expected scalar type {dtype.title} but found {w.dtype.title}: convert the weight with .to(input.dtype)"
        )
    if weight.requires_grad and is_grad_enabled():
        raise RuntimeError(
            "The function 'cross_entropy' is not differentiable with respect to argument 'weight'. This input cannot "
            "have requires_grad True: give weight.detach()"
        )


def _probabilities(x: Tensor, target: Tensor, dim: int, weight, kind: int, smoothing: float) -> Tensor:
    """Targets that are probabilities."""
    if smoothing:
        target = target * (1 - smoothing) + smoothing / x.shape[dim]
    if weight is not None:
        shape = [1] * x.ndim
        shape[dim] = -1
        target = target * weight.reshape(shape)
    losses = -(log_softmax(x, dim) * target).sum(dim)
    if kind == 0:
        return losses
    return losses.sum() / losses.numel() if kind == 1 else losses.sum()


__all__ = ["binary_cross_entropy_with_logits", "cross_entropy", "mse_loss"]
