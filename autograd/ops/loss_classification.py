"""Losses of classes: likelihoods of what the net says, and margins between right and wrong.

>>> from autograd import tensor
>>> nll_loss(tensor([[-0.5, -1.0]]), tensor([0]))
tensor(0.5000)
"""

from __future__ import annotations

import warnings

from .. import dtypes
from ..backend import K
from ..modes import is_grad_enabled, no_grad
from ..op import Op, contiguous, record, require_tensor, require_tensors
from ..storage import empty
from ..tensor import Tensor
from .activation import relu, softplus
from .choice import clamp, where
from .create import arange, ones
from .exponential import exp, log
from .index import gather
from .loss import one_hot, reduced, reduction_kind, same_shapes
from .softmax import rows_around

# --- likelihoods ------------------------------------------------------------------------------------------------------


class NegativeLogLikelihood(Op):
    """y = sum(-q * x) / n, q = weight * one_hot(target)
    dL/dx = -g / n * q, 0 where the target is ignored"""

    inputs = ("x", "target", "weight")
    params = ("rows", "ignore_index", "reduction")
    backward_name = "NllLossBackward0"

    @classmethod
    def apply(cls, x: Tensor, target: Tensor, weight: Tensor, dim: int, ignore: int, reduction: int) -> Tensor:
        a, t, w = contiguous(x._array), contiguous(target._array), contiguous(weight._array)
        rows = rows_around(a.shape, dim)
        y = empty(t.shape if reduction == 0 else (), a.dtype)
        status = K.cross_entropy(y, None, a, t, w, rows, ignore, reduction, 0.0)
        if status:
            bad = t.numpy().reshape(-1)[status - 1]
            raise IndexError(f"Target {bad} is out of bounds. (nll_loss with {rows[1]} classes, ignore_index {ignore})")
        return record(cls, (x._edge, target._edge, weight._edge), (a, t, w, y), y, (rows, ignore, reduction))

    @staticmethod
    def backward(node, g):
        target, weight = node.saved
        dx = empty(node.edges[0].layout.shape, g.dtype)
        K.cross_entropy_grad(dx, contiguous(g), None, None, target, weight, *node.params, 0.0)
        return dx, None, None

    def dx(g, target, weight, shape, rows, ignore_index, reduction):
        index = target.reshape(rows[0], 1, rows[2])
        used = index != ignore_index
        share = one_hot(index, used, rows, weight.dtype) * weight.reshape(1, -1, 1)
        if reduction == 1:
            share = share / share.sum()
        return where(used, share * -(g.reshape(index.shape) if reduction == 0 else g), 0.0).reshape(shape)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-input[target]: log-probabilities (N, C, ...) or (C,), and class indices (N, ...) or (). Each class may have a
    ``weight``; the mean is then over the weights of the targets. Targets equal to ``ignore_index`` count for nothing.

    >>> nll_loss(tensor([[-0.5, -1.0], [-2.0, -0.1]]), tensor([0, -100]))
    tensor(0.5000)

    Raises IndexError for a target outside [0, C), ValueError or RuntimeError for shapes that do not fit.
    """
    kind = reduction_kind(reduction, size_average, reduce)
    dim = _class_dim(require_tensor("nll_loss", input), require_tensor("nll_loss", target, "target"))
    if weight is None:
        weight = ones(input.shape[dim], dtype=input.dtype)
    elif weight.shape != (input.shape[dim],):
        raise RuntimeError(
            f"weight tensor should be defined either for all {input.shape[dim]} classes or no classes but got "
            f"weight tensor of shape: {list(weight.shape)}"
        )
    elif weight.requires_grad and is_grad_enabled():
        raise RuntimeError(
            "The function 'nll_loss_forward' is not differentiable with respect to argument 'weight'. This input "
            "cannot have requires_grad True: give weight.detach()"
        )
    return NegativeLogLikelihood.apply(input, target.to(dtypes.int64), weight, dim, ignore_index, kind)


def _class_dim(input: Tensor, target: Tensor) -> int:
    """The dim of the classes, once input and class indices are found to fit."""
    if not input.ndim:
        raise ValueError("Expected 1 or more dimensions (got 0): nll_loss needs a dim of classes")
    dim = 1 if input.ndim > 1 else 0
    if target.dtype is not dtypes.int64 and target.dtype is not dtypes.uint8:
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {target.dtype.title}: convert the target with .long()"
        )
    expected = input.shape[:dim] + input.shape[dim + 1 :]
    if target.shape != expected:
        if input.ndim > 1 and target.shape[:1] != input.shape[:1]:
            raise ValueError(
                f"Expected input batch_size ({input.shape[0]}) to match target batch_size "
                f"({target.shape[0] if target.ndim else 'none'}). (input {list(input.shape)}, target "
                f"{list(target.shape)})"
            )
        raise RuntimeError(
            f"Expected target size {list(expected)}, got {list(target.shape)} for input of {list(input.shape)}"
        )
    return dim


class BinaryCrossEntropy(Op):
    """y = -(t * max(log(x), -100) + (1 - t) * max(log(1 - x), -100))
    dL/dx = g * (x - t) / max(x * (1 - x), 1e-12)
    dL/dt = g * (log(1 - x) - log(x))"""

    inputs = ("x", "t")

    @classmethod
    def apply(cls, x: Tensor, t: Tensor) -> Tensor:
        with no_grad():
            right, wrong = clamp(log(x), min=-100.0), clamp(log(1.0 - x), min=-100.0)
            y = ((t - 1.0) * wrong - t * right)._array
        return record(cls, (x._edge, t._edge), (x._array, t._array, y), y)

    def dx(g, x, t):
        return g * (x - t) / clamp(x * (1.0 - x), min=1e-12)

    def dt(g, x):
        return g * (log(1.0 - x) - log(x))


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-(t log x + (1 - t) log(1 - x)) for probabilities x and targets t, the logarithms at least -100. From logits,
    binary_cross_entropy_with_logits is faster and loses nothing.

    >>> binary_cross_entropy(tensor([0.5]), tensor([1.0]))
    tensor(0.6931)

    Raises ValueError where input and target differ in shape, RuntimeError for input outside [0, 1].
    """
    kind = reduction_kind(reduction, size_average, reduce)
    require_tensor("binary_cross_entropy", input)
    require_tensor("binary_cross_entropy", target, "target")
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    if input.dtype is not target.dtype:
        raise RuntimeError(
            f"Found dtype {target.dtype.title} but expected {input.dtype.title}: convert the target with "
            ".to(input.dtype)"
        )
    input, target = same_shapes(input, target, "binary_cross_entropy")
    values = input.detach().numpy()
    if ((values < 0) | (values > 1)).any():
        raise RuntimeError(
            "all elements of input should be between 0 and 1: give probabilities, or logits to "
            "binary_cross_entropy_with_logits"
        )
    losses = BinaryCrossEntropy.apply(input, target)
    return reduced(losses if weight is None else losses * weight, kind)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """target * (log(target) - input), the divergence of log-probabilities from probabilities (or with ``log_target``
    their logarithms). The reduction "batchmean", its mathematical definition, divides by the size of dim 0; "mean"
    divides by the number of elements.

    >>> kl_div(tensor([[-1.0, -1.0]]), tensor([[1.0, 0.0]]), reduction="batchmean")
    tensor(1.)
    """
    per_row = reduction == "batchmean"
    if reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' divides "
            "only by the batch size, and aligns with the KL div math definition.",
            stacklevel=2,
        )
    kind = reduction_kind("sum" if per_row else reduction, size_average, reduce)
    require_tensor("kl_div", input)
    require_tensor("kl_div", target, "target")
    if log_target:
        losses = exp(target) * (target - input)
    else:
        losses = target * log(where(target == 0, 1.0, target)) - target * input
    result = reduced(losses, kind)
    return result / input.shape[0] if per_row and input.ndim else result


# --- margins ----------------------------------------------------------------------------------------------------------


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over all C classes, but the target's own, of max(0, margin - input[target] + input[class]) ** p, times
    the target's weight; input (N, C) or (C,), target (N,) or () (Crammer and Singer 2001).

    >>> multi_margin_loss(tensor([[0.5, 0.1]]), tensor([0]))
    tensor(0.3000)
    """
    require_tensors("multi_margin_loss", input=input, target=target)
    kind = reduction_kind(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    require_tensor("multi_margin_loss", input)
    if not input.ndim:
        input = input.unsqueeze(0)
    if target.ndim == 1 and input.ndim == 1:
        input = input.unsqueeze(0)
    if input.ndim > 2 or target.shape != input.shape[:-1]:
        raise RuntimeError(
            f"multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch "
            f"size). Expected target size {list(input.shape[:-1])}, but got {list(target.shape)}. Input has shape "
            f"{list(input.shape)}; it is to be (N, C) or (C,)."
        )
    classes = input.shape[-1]
    values = target.numpy()
    if ((values < 0) | (values >= classes)).any():
        raise RuntimeError(f"target out of range: classes are 0 to {classes - 1}")
    index = target.unsqueeze(-1)
    above = relu(input - gather(input, -1, index) + margin)
    above = where(arange(classes) == index, 0.0, above if p == 1 else above * above)
    losses = above.sum(-1) / classes
    if weight is not None:
        losses = losses * weight[target]
    return reduced(losses, kind)


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, 1 - (input[right] - input[wrong])) summed over all pairs of a right and a wrong class, divided by the
    number of classes. The right classes of a row are those in ``target``, in the shape of the input, before its first
    -1.

    >>> multilabel_margin_loss(tensor([[0.1, 0.2, 0.4, 0.8]]), tensor([[3, 0, -1, 1]]))
    tensor(0.8500)
    """
    require_tensors("multilabel_margin_loss", input=input, target=target)
    kind = reduction_kind(reduction, size_average, reduce)
    if not input.ndim and not target.ndim:
        input, target = input.unsqueeze(0), target.unsqueeze(0)
    if target.shape != input.shape or not 1 <= input.ndim <= 2:
        raise RuntimeError(
            f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}; both are (N, C) "
            "or (C,)"
        )
    classes = input.shape[-1]
    listed = _before_the_end(target)
    index = where(listed, target, 0)
    values = index.numpy()
    if ((values < 0) | (values >= classes)).any():
        raise RuntimeError(f"argument #2 'target' is out of range: classes are 0 to {classes - 1}, and -1 ends a row")
    right = ((index.unsqueeze(-1) == arange(classes)) & listed.unsqueeze(-1)).any(-2)
    pairs = relu(1.0 - gather(input, -1, index).unsqueeze(-1) + input.unsqueeze(-2))
    counted = listed.unsqueeze(-1) & ~right.unsqueeze(-2)
    return reduced(where(counted, pairs, 0.0).sum((-1, -2)) / classes, kind)


def _before_the_end(target: Tensor) -> Tensor:
    """Which elements stand before the first negative one of their row."""
    place = arange(target.shape[-1])
    return where(target < 0, place, target.shape[-1]).amin(-1, keepdim=True) > place


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + exp(-target * input)), the logistic loss of targets 1 and -1.

    >>> soft_margin_loss(tensor([0.0]), tensor([1.0]))
    tensor(0.6931)
    """
    kind = reduction_kind(reduction, size_average, reduce)
    require_tensor("soft_margin_loss", input)
    return reduced(softplus(-target * input, threshold=1e30), kind)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes, the last dim, of -(t log s + (1 - t) log(1 - s)) with s = sigmoid(input), times the
    weight of the class.

    >>> multilabel_soft_margin_loss(tensor([[0.0, 0.0]]), tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """
    kind = reduction_kind(reduction, size_average, reduce)
    require_tensor("multilabel_soft_margin_loss", input)
    losses = target * softplus(-input, threshold=1e30) + (1.0 - target) * softplus(input, threshold=1e30)
    if weight is not None:
        losses = losses * weight
    return reduced(losses.sum(-1) / input.shape[-1], kind)


__all__: list[str] = []
METHODS: list[str] = []
