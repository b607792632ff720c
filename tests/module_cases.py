"""Every layer in several configurations, and inputs for it: made the same way here and by PyTorch.

A case is (make, *inputs): ``make(nn)`` gives the module, inputs are NumPy arrays. Floating-point inputs are
differentiated.
"""

from __future__ import annotations

import numpy as np

RNG = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape)


def unit(*shape: int) -> np.ndarray:
    """Probabilities, neither 0 nor 1."""
    return RNG.uniform(0.05, 0.95, shape)


def log_probabilities(*shape: int) -> np.ndarray:
    x = normal(*shape)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def signs(*shape: int) -> np.ndarray:
    return RNG.choice([-1, 1], shape)


def classes(*shape: int, n: int = 4) -> np.ndarray:
    return RNG.integers(0, n, shape)


def targets(x: np.ndarray) -> np.ndarray:
    """What is given as a target: it is not differentiated."""
    return x.view(Constant)


class Constant(np.ndarray):
    """An array of floats that is not differentiated."""


ROWS, LENGTHS, IMAGES = normal(5, 4), normal(3, 4, 9), normal(2, 4, 7, 6)
FLAT = IMAGES[0]

LINEAR = [
    (lambda nn: nn.Identity(54, unused=1), ROWS),
    (lambda nn: nn.Linear(4, 3), ROWS),
    (lambda nn: nn.Linear(4, 3, bias=False), normal(2, 3, 4)),
    (lambda nn: nn.Bilinear(4, 3, 2), ROWS, normal(5, 3)),
    (lambda nn: nn.Bilinear(4, 3, 2, bias=False), normal(2, 5, 4), normal(2, 5, 3)),
    (lambda nn: nn.Flatten(), IMAGES),
    (lambda nn: nn.Flatten(0, 1), IMAGES),
    (lambda nn: nn.Unflatten(1, (2, -1)), ROWS),
    (lambda nn: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2)), ROWS),
]
CONVOLUTIONS = [
    (lambda nn: nn.Conv2d(4, 3, 3), IMAGES),
    (lambda nn: nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=1, groups=2, bias=False), IMAGES),
    (lambda nn: nn.Conv2d(4, 4, 3, padding="same", dilation=2, groups=4), IMAGES),
    (lambda nn: nn.Conv2d(4, 2, (2, 4), padding="same", padding_mode="reflect"), IMAGES),
    (lambda nn: nn.Conv2d(4, 2, 3, padding=(1, 2), padding_mode="circular"), IMAGES),
    (lambda nn: nn.Conv2d(4, 2, 3, padding="valid", padding_mode="replicate"), FLAT),
    (lambda nn: nn.Conv1d(4, 3, 3), LENGTHS),
    (lambda nn: nn.Conv1d(4, 2, 4, padding="same"), LENGTHS),
    (lambda nn: nn.Conv1d(4, 2, 3, stride=2, padding=2, dilation=2, padding_mode="replicate"), LENGTHS),
    (lambda nn: nn.ConvTranspose2d(4, 3, 3), IMAGES),
    (lambda nn: nn.ConvTranspose2d(4, 6, (3, 4), 2, 1, output_padding=(1, 0), groups=2, dilation=(1, 2)), IMAGES),
    (lambda nn: nn.ConvTranspose1d(4, 3, 3, stride=2, output_padding=1, bias=False), LENGTHS),
]
POOLS = [
    (lambda nn: nn.MaxPool2d(2), IMAGES),
    (lambda nn: nn.MaxPool2d((3, 2), stride=(2, 1), padding=1, ceil_mode=True), IMAGES),
    (lambda nn: nn.MaxPool2d(2, return_indices=True), IMAGES),
    (lambda nn: nn.MaxPool1d(3, 2, dilation=2), LENGTHS),
    (lambda nn: nn.AvgPool2d(2), IMAGES),
    (lambda nn: nn.AvgPool2d((3, 2), 2, 1, True, False), IMAGES),
    (lambda nn: nn.AvgPool2d(2, divisor_override=3), FLAT),
    (lambda nn: nn.AvgPool1d(3, 2, 1), LENGTHS),
    (lambda nn: nn.AdaptiveAvgPool2d((3, None)), IMAGES),
    (lambda nn: nn.AdaptiveAvgPool2d(1), IMAGES),
    (lambda nn: nn.AdaptiveAvgPool1d(4), LENGTHS),
    (lambda nn: nn.AdaptiveMaxPool2d((2, 3)), IMAGES),
    (lambda nn: nn.AdaptiveMaxPool1d(4, return_indices=True), LENGTHS),
    (lambda nn: nn.LPPool2d(2, 2), np.abs(IMAGES)),
    (lambda nn: nn.LPPool1d(3, 2, stride=3, ceil_mode=True), np.abs(LENGTHS)),
    (lambda nn: nn.MaxUnpool1d(2), normal(1, 2, 2), np.array([[[0, 3], [1, 2]]])),
    (lambda nn: nn.MaxUnpool2d((1, 2), stride=(1, 3)), normal(1, 1, 2), np.array([[[1, 3]]])),
]
NORMS = [
    (lambda nn: nn.LayerNorm(4), ROWS),
    (lambda nn: nn.LayerNorm((7, 6), eps=1e-3, bias=False), IMAGES),
    (lambda nn: nn.LayerNorm([4], elementwise_affine=False), ROWS),
    (lambda nn: nn.RMSNorm(4), ROWS),
    (lambda nn: nn.RMSNorm((7, 6), eps=1e-3, elementwise_affine=False), IMAGES),
    (lambda nn: nn.GroupNorm(2, 4), IMAGES),
    (lambda nn: nn.GroupNorm(4, 4, eps=1e-3, affine=False), ROWS),
    (lambda nn: nn.GroupNorm(1, 4, bias=False), LENGTHS),
    (lambda nn: nn.BatchNorm1d(4), ROWS),
    (lambda nn: nn.BatchNorm1d(4, momentum=None), LENGTHS),
    (lambda nn: nn.BatchNorm1d(4, bias=False, track_running_stats=False), ROWS),
    (lambda nn: nn.BatchNorm2d(4, eps=1e-3, momentum=0.3), IMAGES),
    (lambda nn: nn.BatchNorm2d(4, affine=False), IMAGES),
    (lambda nn: nn.InstanceNorm1d(4), LENGTHS),
    (lambda nn: nn.InstanceNorm1d(4, affine=True, track_running_stats=True), LENGTHS),
    (lambda nn: nn.InstanceNorm2d(4, eps=1e-3, affine=True, bias=False), IMAGES),
    (lambda nn: nn.InstanceNorm2d(4, momentum=None, track_running_stats=True), FLAT),
    (lambda nn: nn.LocalResponseNorm(3), IMAGES),
    (lambda nn: nn.LocalResponseNorm(2, alpha=0.1, beta=0.5, k=2.0), LENGTHS),
]
ACTIVATIONS = [
    (make, ROWS)
    for make in [
        lambda nn: nn.ReLU(),
        lambda nn: nn.LeakyReLU(0.2),
        lambda nn: nn.GELU(),
        lambda nn: nn.GELU("tanh"),
        lambda nn: nn.Sigmoid(),
        lambda nn: nn.Tanh(),
        lambda nn: nn.SiLU(),
        lambda nn: nn.Softmax(-1),
        lambda nn: nn.LogSoftmax(1),
        lambda nn: nn.Softmin(0),
        lambda nn: nn.Softplus(2.0, 1.0),
        lambda nn: nn.PReLU(),
        lambda nn: nn.PReLU(4, init=0.1),
        lambda nn: nn.RReLU(0.1, 0.3).eval(),
        lambda nn: nn.ELU(0.5),
        lambda nn: nn.CELU(0.5),
        lambda nn: nn.SELU(),
        lambda nn: nn.GLU(),
        lambda nn: nn.GLU(1),
        lambda nn: nn.Mish(),
        lambda nn: nn.Hardtanh(-0.5, 0.7),
        lambda nn: nn.ReLU6(),
        lambda nn: nn.Hardsigmoid(),
        lambda nn: nn.Hardswish(),
        lambda nn: nn.Hardshrink(0.3),
        lambda nn: nn.Softshrink(0.3),
        lambda nn: nn.LogSigmoid(),
        lambda nn: nn.Softsign(),
        lambda nn: nn.Tanhshrink(),
        lambda nn: nn.Threshold(0.1, 20.0),
    ]
] + [(lambda nn: nn.Softmax2d(), IMAGES), (lambda nn: nn.Softmax2d(), FLAT)]
IN_PLACE = [  # after a layer whose result may be written to
    (lambda nn, make=make: nn.Sequential(nn.Linear(4, 4), make(nn)).eval(), ROWS)
    for make in [
        lambda nn: nn.ReLU(inplace=True),
        lambda nn: nn.LeakyReLU(0.2, inplace=True),
        lambda nn: nn.ELU(inplace=True),
        lambda nn: nn.CELU(inplace=True),
        lambda nn: nn.SELU(inplace=True),
        lambda nn: nn.SiLU(inplace=True),
        lambda nn: nn.Mish(inplace=True),
        lambda nn: nn.Hardtanh(inplace=True),
        lambda nn: nn.ReLU6(inplace=True),
        lambda nn: nn.Hardsigmoid(inplace=True),
        lambda nn: nn.Hardswish(inplace=True),
        lambda nn: nn.Threshold(0.1, 20.0, inplace=True),
        lambda nn: nn.RReLU(inplace=True),
    ]
]
DROPOUTS = [
    (lambda nn: nn.Dropout(0.3).eval(), ROWS),
    (lambda nn: nn.Dropout(0.0), ROWS),
    (lambda nn: nn.Dropout1d(1.0), LENGTHS),
    (lambda nn: nn.Dropout2d(0.2, inplace=True).eval(), IMAGES),
    (lambda nn: nn.Dropout3d().eval(), normal(1, 2, 2, 2, 2)),
    (lambda nn: nn.AlphaDropout(0.2).eval(), ROWS),
    (lambda nn: nn.FeatureAlphaDropout(inplace=True).eval(), IMAGES),
]
TABLES = [
    (lambda nn: nn.Embedding(10, 3), classes(2, 5, n=10)),
    (lambda nn: nn.Embedding(10, 3, padding_idx=-2), np.array([8, 1, 8, 8])),
    (lambda nn: nn.EmbeddingBag(10, 3), classes(2, 5, n=10)),
    (lambda nn: nn.EmbeddingBag(10, 3, mode="sum", padding_idx=2), classes(7, n=10), np.array([0, 3, 3])),
    (lambda nn: nn.EmbeddingBag(10, 3, mode="max", include_last_offset=True), classes(6, n=10), np.array([0, 2, 6])),
]
PADDINGS = [
    (lambda nn: nn.ZeroPad1d(2), LENGTHS),
    (lambda nn: nn.ZeroPad2d((1, 2, 0, 3)), IMAGES),
    (lambda nn: nn.ConstantPad1d((0, 2), 1.5), ROWS),
    (lambda nn: nn.ConstantPad2d(-1, 1.5), IMAGES),
    (lambda nn: nn.ReflectionPad1d((2, 1)), LENGTHS),
    (lambda nn: nn.ReflectionPad2d(2), IMAGES),
    (lambda nn: nn.ReplicationPad1d(2), LENGTHS),
    (lambda nn: nn.ReplicationPad2d((1, 2, 3, 0)), FLAT),
    (lambda nn: nn.CircularPad1d((2, 1)), ROWS),
    (lambda nn: nn.CircularPad2d((1, 2, 3, 0)), IMAGES),
]
REARRANGED = [
    (lambda nn: nn.Upsample(scale_factor=2), LENGTHS),
    (lambda nn: nn.Upsample(size=(5, 9), mode="bilinear", align_corners=False), IMAGES),
    (lambda nn: nn.Upsample(scale_factor=(1.5, 2), mode="bicubic", recompute_scale_factor=True), IMAGES),
    (lambda nn: nn.UpsamplingNearest2d(scale_factor=2), IMAGES),
    (lambda nn: nn.UpsamplingBilinear2d(size=9), IMAGES),
    (lambda nn: nn.PixelShuffle(2), IMAGES),
    (lambda nn: nn.PixelUnshuffle(3), normal(2, 3, 6)),
    (lambda nn: nn.ChannelShuffle(2), IMAGES),
    (lambda nn: nn.Unfold((2, 3), padding=1, stride=2), IMAGES),
    (lambda nn: nn.Fold((4, 5), (2, 3), dilation=(2, 1)), normal(2, 12, 6)),
    (lambda nn: nn.CosineSimilarity(), ROWS, normal(5, 4)),
    (lambda nn: nn.CosineSimilarity(dim=0, eps=0.1), ROWS, normal(5, 4)),
    (lambda nn: nn.PairwiseDistance(), ROWS, normal(5, 4)),
    (lambda nn: nn.PairwiseDistance(1.0, keepdim=True), ROWS, normal(5, 4)),
]


def reductions(name: str, *options: dict):
    """Makers of a loss: by mean, and the options with other reductions."""
    made = [{}, {"reduction": "none"}, *({"reduction": "sum", **o} for o in options)]
    return [lambda nn, options=options: getattr(nn, name)(**options) for options in made]


def over(makers, *inputs: np.ndarray) -> list:
    return [(make, *inputs) for make in makers]


NUMBERS = normal(5, 4)
LOSSES = [
    *over(reductions("MSELoss"), ROWS, NUMBERS),
    *over(reductions("L1Loss"), ROWS, NUMBERS),
    *over(reductions("SmoothL1Loss", {"beta": 0.5}), ROWS, NUMBERS),
    *over(reductions("HuberLoss", {"delta": 0.7}), ROWS, NUMBERS),
    *over(reductions("PoissonNLLLoss", {"full": True}), ROWS, np.abs(NUMBERS)),
    *over([lambda nn: nn.PoissonNLLLoss(log_input=False, eps=1e-3)], unit(5, 4), np.abs(NUMBERS)),
    *over(reductions("GaussianNLLLoss", {"full": True, "eps": 0.5}), ROWS, NUMBERS, targets(unit(5, 4))),
    *over(reductions("CrossEntropyLoss", {"label_smoothing": 0.1}, {"ignore_index": 1}), ROWS, classes(5)),
    *over(reductions("CrossEntropyLoss"), IMAGES, classes(2, 7, 6)),
    *over(reductions("NLLLoss", {"ignore_index": 2}), log_probabilities(5, 4), classes(5)),
    *over(reductions("BCELoss"), unit(5, 4), targets(unit(5, 4))),
    *over(reductions("BCEWithLogitsLoss"), ROWS, targets(unit(5, 4))),
    *over(
        reductions("KLDivLoss", {"reduction": "batchmean"}), log_probabilities(5, 4), np.exp(log_probabilities(5, 4))
    ),
    *over([lambda nn: nn.KLDivLoss(log_target=True)], log_probabilities(5, 4), log_probabilities(5, 4)),
    *over(reductions("MultiMarginLoss", {"p": 2, "margin": 0.5}), ROWS, classes(5)),
    *over(reductions("MultiLabelMarginLoss"), ROWS, np.array([[0, 2, -1, 1], [3, -1, 0, 0]] + 3 * [[1, 3, 2, -1]])),
    *over(reductions("MultiLabelSoftMarginLoss"), ROWS, targets(unit(5, 4))),
    *over(reductions("SoftMarginLoss"), ROWS, targets(signs(5, 4) * 1.0)),
    *over(reductions("CosineEmbeddingLoss", {"margin": 0.1}), ROWS, NUMBERS, signs(5)),
    *over(reductions("MarginRankingLoss", {"margin": 0.1}), ROWS, NUMBERS, signs(5, 4)),
    *over(reductions("HingeEmbeddingLoss", {"margin": 0.4}), ROWS, signs(5, 4)),
    *over(reductions("TripletMarginLoss", {"swap": True, "p": 1.0, "margin": 0.7}), ROWS, NUMBERS, normal(5, 4)),
    *over(reductions("TripletMarginWithDistanceLoss", {"swap": True}), ROWS, NUMBERS, normal(5, 4)),
    *over(
        reductions("CTCLoss", {"blank": 2, "zero_infinity": True}), targets(log_probabilities(6, 2, 4)),
        np.array([[1, 3, 0], [3, 1, 1]]), np.array([6, 5]), np.array([2, 3]),
    ),
]  # fmt: skip

FAMILIES = {
    "linear": LINEAR, "conv": CONVOLUTIONS, "pooling": POOLS, "norm": NORMS, "activation": ACTIVATIONS,
    "in place": IN_PLACE, "dropout": DROPOUTS, "table": TABLES, "padding": PADDINGS, "rearranged": REARRANGED,
    "loss": LOSSES,
}  # fmt: skip
CASES = [(f"{family}-{i}", *case) for family, cases in FAMILIES.items() for i, case in enumerate(cases)]
