"""Activations made of straight lines, and the exponential units: what came after relu.

>>> from autograd import tensor
>>> elu(tensor([-1.0, 2.0]))
tensor([-0.6321,  2.0000])

``inplace`` writes the result into the input, which is then what is returned.
"""

from __future__ import annotations

from .. import dtypes
from ..op import Unary, require_tensor
from ..out import with_out
from ..random import default_generator
from ..storage import empty
from ..tensor import Tensor, wrap
from .activation import Composed, floating, leaky_relu, relu
from .arithmetic import abs, sign
from .choice import clamp, where
from .exponential import exp
from .inplace import in_place, into

# Slopes are written with relu and sign, not with comparisons: these have kernels, and so a captured step has them too.


def above(x: Tensor, edge: float) -> Tensor:
    """1 where x > edge, else 0."""
    return sign(relu(x - edge))


def below(x: Tensor, edge: float) -> Tensor:
    """1 where x < edge, else 0."""
    return sign(relu(edge - x))


# --- clipped lines ----------------------------------------------------------------------------------------------------


class Hardtanh(Unary):
    """y = min(max(x, low), high)
    dL/dx = g where low < x < high, else 0"""

    integers = True
    kernel = "clamp"
    params = ("low", "high")

    def dx(g, x, low, high):
        return g * (above(x, low) * below(x, high))


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """input, but at least min_val and at most max_val.

    >>> hardtanh(tensor([-2.0, 0.5, 2.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min_val > max_val:
        raise ValueError(f"min_val cannot be greater than max_val: got {min_val} and {max_val}")
    d = require_tensor("hardtanh", input).dtype
    if d is dtypes.bool_:
        raise RuntimeError("Bool inputs not supported for hardtanh: convert it first, as in x.float()")
    if d is dtypes.uint8 and min_val < 0:
        raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
    if not d.is_floating_point:
        min_val, max_val = int(min_val), int(max_val)
    return into(input, Hardtanh.apply(input, min_val, max_val), inplace, "hardtanh_")


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(input, 0), 6)

    >>> relu6(tensor([-2.0, 0.5, 9.0]))
    tensor([0.0000, 0.5000, 6.0000])
    """
    return hardtanh(input, 0.0, 6.0, inplace)


class Hardsigmoid(Composed):
    """y = min(max(x / 6 + 1 / 2, 0), 1)
    dL/dx = g / 6 where -3 < x < 3, else 0"""

    def forward(x):
        return clamp(x + 3.0, 0.0, 6.0) / 6.0

    def dx(g, x):
        return g * (above(x, -3.0) * below(x, 3.0)) / 6.0


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(input / 6 + 1 / 2, 0), 1)

    >>> hardsigmoid(tensor([-4.0, 0.0, 4.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    return into(input, Hardsigmoid.apply(floating(input, "hardsigmoid")), inplace, "hardsigmoid_")


class Hardswish(Composed):
    """y = x * min(max(x + 3, 0), 6) / 6
    dL/dx = 0 where x <= -3, g where x >= 3, else g * (x / 3 + 1 / 2)"""

    def forward(x):
        return x * clamp(x + 3.0, 0.0, 6.0) / 6.0

    def dx(g, x):
        inside = clamp(x, -3.0, 3.0) / 3.0 + 0.5
        return g * (1.0 - below(x, 3.0) * (1.0 - above(x, -3.0) * inside))


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * min(max(input + 3, 0), 6) / 6 (Howard et al. 2019)

    >>> hardswish(tensor([-4.0, 1.0, 4.0]))
    tensor([-0.0000, 0.6667, 4.0000])
    """
    return into(input, Hardswish.apply(floating(input, "hardswish")), inplace, "hardswish_")


# --- shrunk and cut ---------------------------------------------------------------------------------------------------


class Hardshrink(Composed):
    """y = 0 where |x| <= bound, else x
    dL/dx = 0 where |x| <= bound, else g"""

    params = ("bound",)

    def forward(x, bound):
        return where(abs(x) <= bound, 0.0, x)

    def dx(g, x, bound):
        return where(abs(x) <= bound, 0.0, g)


@with_out
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """input, but 0 where it is between -lambd and lambd.

    >>> hardshrink(tensor([-1.0, 0.2, 2.0]))
    tensor([-1.,  0.,  2.])
    """
    return Hardshrink.apply(floating(input, "hardshrink"), lambd)


class Softshrink(Composed):
    """y = x - bound where x > bound, x + bound where x < -bound, else 0
    dL/dx = 0 where |x| <= bound, else g"""

    params = ("bound",)

    def forward(x, bound):
        return x - clamp(x, -bound, bound)

    def dx(g, x, bound):
        return g * above(abs(x), bound)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """input, brought nearer to 0 by lambd, and no further.

    >>> softshrink(tensor([-1.0, 0.2, 2.0]))
    tensor([-0.5000,  0.0000,  1.5000])
    """
    if lambd < 0:
        raise RuntimeError(f"lambda must be in range [0, inf), but found {lambd}")
    return Softshrink.apply(floating(input, "softshrink_cpu"), lambd)


class Threshold(Composed):
    """y = value where x <= threshold, else x
    dL/dx = 0 where x <= threshold, else g"""

    params = ("threshold", "value")

    def forward(x, threshold, value):
        return where(x <= threshold, value, x)

    def dx(g, x, threshold):
        return where(x <= threshold, 0.0, g)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """value where input is at most the threshold, else input.

    >>> from autograd.nn import functional
    >>> functional.threshold(tensor([-1.0, 0.2, 2.0]), 0.5, 9.0)
    tensor([9., 9., 2.])
    """
    require_tensor("threshold", input)
    if not input.is_floating_point():
        threshold, value = int(threshold), int(value)
    return into(input, Threshold.apply(input, threshold, value), inplace, "threshold_")


# --- exponential units ------------------------------------------------------------------------------------------------


class Elu(Composed):
    """y = scale * x where x > 0, else scale * alpha * (exp(steepness * x) - 1)
    dL/dx = g * scale where x > 0, else g * scale * alpha * steepness * exp(steepness * x)"""

    params = ("alpha", "scale", "steepness")

    def forward(x, alpha, scale, steepness):
        return relu(x) * scale + (exp(clamp(x, max=0.0) * steepness) - 1.0) * (alpha * scale)

    def dx(g, x, alpha, scale, steepness):
        curved = exp(clamp(x, max=0.0) * steepness) * (alpha * scale * steepness)
        return g * (curved + above(x, 0.0) * (scale - curved))


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where positive, else alpha * (exp(input) - 1) (Clevert, Unterthiner and Hochreiter 2016).

    >>> elu(tensor([-1.0, 2.0]), 0.5)
    tensor([-0.3161,  2.0000])
    """
    return into(input, Elu.apply(floating(input, "elu_cpu"), float(alpha), 1.0, 1.0), inplace, "elu_")


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """elu times a scale, both so chosen that means stay near 0 and variances near 1 (Klambauer et al. 2017).

    >>> selu(tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    return into(input, Elu.apply(floating(input, "elu_cpu"), _SELU_ALPHA, _SELU_SCALE, 1.0), inplace, "selu_")


class Celu(Elu):
    """y = x where x > 0, else alpha * (exp(x / alpha) - 1)
    dL/dx = g where x > 0, else g * exp(x / alpha)"""


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where positive, else alpha * (exp(input / alpha) - 1), smooth for every alpha (Barron 2017).

    >>> celu(tensor([-1.0, 2.0]), 2.0)
    tensor([-0.7869,  2.0000])
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return into(input, Celu.apply(floating(input, "elu_cpu"), float(alpha), 1.0, 1.0 / alpha), inplace, "celu_")


# --- leaky lines ------------------------------------------------------------------------------------------------------


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """input where positive, else weight * input: one weight, or one for each channel, dim 1 (He et al. 2015).

    >>> prelu(tensor([[-1.0, -2.0], [3.0, 4.0]]), tensor([0.1, 0.5]))
    tensor([[-0.1000, -1.0000],
            [ 3.0000,  4.0000]])
    """
    require_tensor("prelu", input)
    require_tensor("prelu", weight, "weight")
    if input.dtype is not weight.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {input.dtype.title} and {weight.dtype.title}: convert one with "
            ".to(dtype)"
        )
    if weight.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}")
    if weight.numel() != 1:
        channels = input.shape[1] if input.ndim > 1 else 1
        if not input.ndim:
            raise RuntimeError("Not allow zero-dim input tensor.")
        if channels != weight.numel():
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.numel()} and "
                f"channel size = {channels}."
            )
        weight = weight.reshape(1, -1, *[1] * (input.ndim - 2))
    elif weight.ndim:
        weight = weight.reshape(())
    return relu(input) + clamp(input, max=0) * weight


def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """input where positive, else input times a slope: drawn uniformly between lower and upper for each element in
    training, else their mean (Xu et al. 2015).

    >>> rrelu(tensor([-1.0, 2.0]), 0.1, 0.3)
    tensor([-0.2000,  2.0000])
    """
    require_tensor("rrelu", input)
    if lower > upper:
        raise RuntimeError(f"Lower bound should be less than or equal to the upper bound: got {lower} and {upper}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    noise = empty((input.numel(),), dtypes.float64)
    default_generator.uniform(noise, lower, upper)
    slopes = wrap(noise).to(input.dtype).reshape(input.shape)
    x = input.clone() if inplace else input  # what clamp saves is not to be written to
    return into(input, relu(x) + clamp(x, max=0) * slopes, inplace, "rrelu_")


relu_ = in_place(relu, "relu_")
leaky_relu_ = in_place(leaky_relu, "leaky_relu_")
hardtanh_ = in_place(hardtanh, "hardtanh_")
threshold_ = in_place(threshold, "threshold_")
elu_ = in_place(elu, "elu_")
selu_ = in_place(selu, "selu_")
celu_ = in_place(celu, "celu_")
rrelu_ = in_place(rrelu, "rrelu_")

__all__ = [
    "celu",
    "celu_",
    "hardshrink",
    "prelu",
    "relu_",
    "rrelu",
    "rrelu_",
    "selu",
    "selu_",
    "threshold",
    "threshold_",
]
METHODS = ["hardshrink", "prelu"]
