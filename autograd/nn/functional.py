"""What torch.nn.functional holds: activations, losses, norms, linear, embedding, dropout as functions.

>>> from autograd import tensor
>>> relu(tensor([-1.0, 2.0]))
tensor([0., 2.])
"""

from ..naming import refuse_others as _refuse_others
from ..ops.activation import (
    gelu,
    glu,
    leaky_relu,
    logsigmoid,
    mish,
    relu,
    sigmoid,
    silu,
    softplus,
    softsign,
    tanhshrink,
)  # fmt: skip
from ..ops.attention import bilinear, scaled_dot_product_attention
from ..ops.convolution import conv1d, conv2d, conv_transpose1d, conv_transpose2d
from ..ops.distance import cosine_similarity, normalize, pairwise_distance
from ..ops.dropout import alpha_dropout, dropout, dropout1d, dropout2d, dropout3d, feature_alpha_dropout
from ..ops.embedding import embedding, embedding_bag
from ..ops.linalg import linear
from ..ops.loss import binary_cross_entropy_with_logits, cross_entropy, mse_loss
from ..ops.loss_classification import (
    binary_cross_entropy,
    kl_div,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    nll_loss,
    soft_margin_loss,
)  # fmt: skip
from ..ops.loss_embedding import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)  # fmt: skip
from ..ops.loss_regression import gaussian_nll_loss, huber_loss, l1_loss, poisson_nll_loss, smooth_l1_loss
from ..ops.loss_sequence import ctc_loss
from ..ops.multihead import multi_head_attention_forward
from ..ops.norm import batch_norm, layer_norm, rms_norm
from ..ops.norm_groups import group_norm, instance_norm, local_response_norm
from ..ops.padding import pad
from ..ops.pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    avg_pool1d,
    avg_pool2d,
    lp_pool1d,
    lp_pool2d,
    max_pool1d,
    max_pool2d,
    max_unpool1d,
    max_unpool2d,
)  # fmt: skip
from ..ops.rectifier import (
    celu,
    celu_,
    elu,
    elu_,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    hardtanh_,
    leaky_relu_,
    prelu,
    relu6,
    relu_,
    rrelu,
    rrelu_,
    selu,
    selu_,
    softshrink,
    threshold,
    threshold_,
)  # fmt: skip
from ..ops.resampling import channel_shuffle, fold, interpolate, pixel_shuffle, pixel_unshuffle, unfold
from ..ops.scatter import one_hot
from ..ops.softmax import gumbel_softmax
from ..ops.softmax import log_softmax as _log_softmax
from ..ops.softmax import softmax as _softmax
from ..ops.softmax import softmin as _softmin
from ..ops.softmax import with_choice_of_dim as _with_choice_of_dim
from ..ops.trigonometry import tanh

__getattr__ = _refuse_others("torch.nn.functional")
softmax, log_softmax, softmin = map(_with_choice_of_dim, (_softmax, _log_softmax, _softmin))

__all__ = [name for name in dir() if not name.startswith("_")]
