"""An autograd engine with C kernels: tensors that record what is computed from them, and backpropagate through it.

>>> import autograd
>>> x = autograd.tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> loss = (x * x).sum()
>>> loss.backward()
>>> x.grad
tensor([2., 4., 6.])

Read next: :mod:`autograd.tensor`, :mod:`autograd.graph`, :mod:`autograd.op`, :mod:`autograd.backprop`,
:mod:`autograd.ops.elementwise`.
"""

from os.path import exists as _exists

from . import dtypes as _dtypes
from .backend import get_backend, set_backend
from .backprop import grad
from .data import as_tensor, from_numpy, tensor
from .dtypes import dtype, get_default_dtype, promote_types, set_default_dtype
from .modes import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .op import broadcast_shapes, result_type
from .random import Generator, default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from .runtime import (
    empty_cache,
    get_isa,
    get_num_threads,
    is_strict_ieee,
    memory_stats,
    reset_peak_memory_stats,
    set_isa,
    set_num_threads,
    set_strict_ieee,
)  # fmt: skip
from .tensor import Tensor
from .types import Size, device

from .ops.create import (  # isort: skip  (ops need Tensor)
    arange, empty, empty_like, eye, full, full_like, linspace, ones, ones_like, zeros, zeros_like,
)  # fmt: skip
from .check import gradcheck, gradgradcheck
from .ops.activation import dropout, log_softmax, relu, sigmoid, softmax
from .ops.elementwise import (
    absolute,
    add,
    allclose,
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    clamp,
    cos,
    div,
    eq,
    equal,
    erf,
    exp,
    floor_divide,
    ge,
    greater,
    greater_equal,
    gt,
    isclose,
    isfinite,
    isinf,
    isnan,
    le,
    less,
    less_equal,
    log,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    lt,
    maximum,
    minimum,
    mul,
    ne,
    neg,
    negative,
    not_equal,
    reciprocal,
    remainder,
    rsqrt,
    sign,
    sin,
    sqrt,
    sub,
    tanh,
    where,
)  # fmt: skip
from .ops.index import gather, index_select, nonzero
from .ops.linalg import addmm, bmm, dot, matmul, mm, mv, outer
from .ops.random import bernoulli, rand, rand_like, randint, randn, randn_like, randperm
from .ops.reduce import amax, amin, argmax, argmin, logsumexp, mean, prod, std, var
from .ops.shape import (
    broadcast_tensors,
    broadcast_to,
    cat,
    chunk,
    clone,
    concat,
    concatenate,
    flatten,
    movedim,
    narrow,
    permute,
    ravel,
    reshape,
    select,
    split,
    squeeze,
    stack,
    swapaxes,
    t,
    transpose,
    unbind,
    unflatten,
    unsqueeze,
)  # fmt: skip

from . import autograd, nn, optim, study  # isort: skip
from .replay import capture  # isort: skip

__version__ = "0.1.0"

if _exists(f"{__path__[0]}/tracer.py"):  # a file of HIPS/autograd's, which installs into a folder of the same name
    from warnings import warn as _warn

    from .info import foreign as _foreign

    _warn(_foreign(), RuntimeWarning, stacklevel=2)

float32, float64 = _dtypes.float32, _dtypes.float64
int8, int16, int32, int64, uint8 = _dtypes.int8, _dtypes.int16, _dtypes.int32, _dtypes.int64, _dtypes.uint8
double, long, short = float64, int64, int16

from .ops.elementwise import abs, pow  # noqa: E402  PyTorch's names, below what uses Python's
from .ops.reduce import all, any, max, min, sum  # noqa: E402

float, int, bool = float32, int32, _dtypes.bool_
