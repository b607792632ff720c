"""An autograd engine with C kernels: tensors that record what is computed from them, and backpropagate through it.

>>> import autograd
>>> x = autograd.tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> loss = (x * x).sum()
>>> loss.backward()
>>> x.grad
tensor([2., 4., 6.])

Read next: :mod:`autograd.tensor`, :mod:`autograd.graph`, :mod:`autograd.op`, :mod:`autograd.backprop`,
:mod:`autograd.ops.arithmetic`.
"""

from pathlib import Path as _Path

from . import dtypes as _dtypes
from .anomaly import detect_anomaly, is_anomaly_check_nan_enabled, is_anomaly_enabled, set_detect_anomaly
from .autograd import Function
from .backend import get_backend, set_backend
from .backprop import grad
from .check import gradcheck, gradgradcheck
from .data import as_tensor, asarray, from_numpy, frombuffer, tensor
from .dtypes import can_cast, dtype, finfo, get_default_dtype, iinfo, promote_types, set_default_dtype
from .freezing import freeze
from .modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)  # fmt: skip
from .naming import refuse_others as _refuse_others
from .op import broadcast_shapes, result_type
from .ops.activation import *
from .ops.arithmetic import *
from .ops.attention import *
from .ops.cast import *
from .ops.choice import *
from .ops.comparison import *
from .ops.convolution import *
from .ops.create import *
from .ops.decompositions import *
from .ops.diagonal import *
from .ops.dims import *
from .ops.distance import *
from .ops.dropout import *
from .ops.einsum import *
from .ops.exponential import *
from .ops.extremes import *
from .ops.index import *
from .ops.join import *
from .ops.linalg import *
from .ops.norm_groups import *
from .ops.norms import *
from .ops.products import *
from .ops.put import *
from .ops.random import *
from .ops.rearrange import *
from .ops.rectifier import *
from .ops.recurrent import *
from .ops.recurrent_cell import *
from .ops.reduce import *
from .ops.resampling import *
from .ops.rounding import *
from .ops.scan import *
from .ops.scatter import *
from .ops.searching import *
from .ops.shape import *
from .ops.softmax import *
from .ops.sorting import *
from .ops.statistics import *
from .ops.trigonometry import *
from .ops.views import *
from .ops.windows import *
from .printing import set_printoptions
from .protocols import from_dlpack
from .random import Generator, default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from .runtime import (
    empty_cache,
    get_isa,
    get_num_threads,
    is_strict_ieee,
    memory_stats,
    reset_peak_memory_stats,
    set_flush_denormal,
    set_isa,
    set_num_threads,
    set_strict_ieee,
)  # fmt: skip
from .tensor import Tensor
from .types import Size, contiguous_format, device, memory_format, preserve_format

from . import autograd, distributions, func, nn, optim, return_types, study, utils  # isort: skip
from . import linalg  # isort: skip
from . import datasets  # isort: skip
from .serialization import load, save  # isort: skip
from .replay import capture  # isort: skip
from . import training  # isort: skip

__version__ = "0.1.0"
__getattr__ = _refuse_others("torch", "docs/ops.md lists what is; scripts for PyTorch: python -m autograd.as_torch")

if _Path(__file__).with_name("tracer.py").exists():  # a file of HIPS/autograd's, installed into the same folder
    from warnings import warn as _warn

    from .info import foreign as _foreign

    _warn(_foreign(), RuntimeWarning, stacklevel=2)

float16, float32, float64 = _dtypes.float16, _dtypes.float32, _dtypes.float64
int8, int16, int32, int64, uint8 = _dtypes.int8, _dtypes.int16, _dtypes.int32, _dtypes.int64, _dtypes.uint8
half, double, long, short = float16, float64, int64, int16
bfloat16, complex64, complex128 = _dtypes.bfloat16, _dtypes.complex64, _dtypes.complex128
cfloat, cdouble = complex64, complex128
float, int, bool = float32, int32, _dtypes.bool_
