"""What torch.nn.functional holds: activations, losses, norms, linear, embedding, dropout as functions.

>>> from autograd import tensor
>>> relu(tensor([-1.0, 2.0]))
tensor([0., 2.])
"""

from ..ops.activation import (
    dropout,
    embedding,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
)  # fmt: skip
from ..ops.linalg import linear
from ..ops.loss import binary_cross_entropy_with_logits, cross_entropy, mse_loss
from ..ops.norm import batch_norm, layer_norm, rms_norm
from ..ops.trigonometry import tanh

__all__ = [
    "batch_norm", "binary_cross_entropy_with_logits", "cross_entropy", "dropout", "embedding", "gelu", "layer_norm",
    "leaky_relu", "linear", "log_softmax", "mse_loss", "relu", "rms_norm", "sigmoid", "silu", "softmax", "softplus",
    "tanh",
]  # fmt: skip
