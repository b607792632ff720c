"""Each op in NumPy: its forward and the gradient of each input, as lines of a script.

>>> from autograd.op import TABLE
>>> template(TABLE["Tanh"])
('np.tanh({x})', {'x': '{g} * (1 - {y} * {y})'})

Elementwise ops are read off their rows (see :mod:`.formulas`); the others stand here. In braces are the names of the
inputs, ``y`` the output, ``g`` the gradient arriving, the op's parameters, and what :mod:`.source` adds to them: ``gs``
and ``ys``, a reduction's gradient and result with the reduced dims back, ``n``, how many elements it took together.
"""

from __future__ import annotations

import re

from ..op import Op
from . import formulas

Template = tuple[str, dict[str, str]]


class Missing(NotImplementedError):
    """There is no template of an op."""


def template(op: type[Op], suffix: str = "") -> Template:
    """The forward of an op, and for each input the gradient; raises Missing where there is none.

    The ``suffix`` " in use" is for a batch norm that is not in training, " of one" for taking an element from a tensor
    without dims."""
    if (op, suffix) not in _read:
        _read[op, suffix] = _template(op, suffix)
    return _read[op, suffix]


_read: dict[tuple[type[Op], str], Template] = {}


def _template(op: type[Op], suffix: str) -> Template:
    if suffix == " of one":
        return TEMPLATES["Alias"]
    for kind in op.__mro__:
        name = kind.__name__ + suffix
        if name in TEMPLATES:
            return TEMPLATES[name]
    if op.__name__ in REFUSED or not op.inputs or op.extras:
        raise Missing(op.__name__)
    try:
        forward = _in_numpy(op, formulas.forward(op).removeprefix("y = "))
        return forward, {name: _in_numpy(op, formulas.rule(op, name)) for name in op.inputs}
    except SyntaxError:
        raise Missing(op.__name__) from None


REFUSED = {"Refused", "Erfinv", "Custom", "Copysign"}

FUNCTIONS = {
    "arcsin": "np.arcsin", "arccos": "np.arccos", "arctan": "np.arctan", "arsinh": "np.arcsinh",
    "arcosh": "np.arccosh", "artanh": "np.arctanh", "max": "np.maximum", "min": "np.minimum", "P": "normal_cdf",
    "sigmoid": "sigmoid", "erf": "erf",
    **{n: f"np.{n}" for n in ("exp", "log", "log2", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sign")},
    "floor": "np.floor", "trunc": "np.trunc",
}  # fmt: skip


def _in_numpy(op: type[Op], formula: str) -> str:
    """A row's formula as an expression of NumPy. Raises SyntaxError where it is prose."""
    parts = clauses(re.sub(r"\|(\w+)\|", r"abs(\1)", formula))
    defined = {}
    for part in clauses(formulas.forward(op))[1:] + parts[1:]:
        if match := re.fullmatch(r"(\w+) = (.*)", part):
            defined[match[1]] = match[2]
    cases, default = [], ""
    for i, part in enumerate(parts):
        match = re.fullmatch(r"(?:else )?(.*) where (.*)", part)
        if match and _is_code(match[1]):
            cases.append((match[1], condition(match[2])))
        elif part.startswith("else ") or i == 0:
            default = part.removeprefix("else ")
    for value, when in reversed(cases):
        default = f"np.where({when}, {value}, {default or 0})"
    for _ in defined:
        for name, value in defined.items():
            default = re.sub(rf"\b{name}\b", f"({value})", default)
    for name, numpy in FUNCTIONS.items():
        default = re.sub(rf"(?<![\w.]){name}\(", numpy + "(", default)
    default = re.sub(r"(?<![\w.])abs\(", "np.abs(", re.sub(r"\bpi\b", "np.pi", default))
    if "^" in default or not _is_code(default):
        raise SyntaxError(formula)
    names = [*op.inputs, *op.params, "g", "y"]
    if left := set(re.findall(r"(?<![\w.])[a-z_]\w*(?![\w(.])", default)) - {*names, "np"}:
        raise SyntaxError(f"{left} in {formula}")
    return re.sub(rf"(?<![\w.])({'|'.join(names)})\b(?!\()", r"{\1}", default)


def clauses(text: str) -> list[str]:
    parts, depth = [""], 0
    for c in text:
        depth += (c in "([") - (c in ")]")
        if c in ",;" and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts]


def _is_code(text: str) -> bool:
    if re.search(r"\b(is|in|of|the|and|not)\b", text):
        return False
    try:
        compile(text, "formula", "eval")
    except SyntaxError:
        return False
    return True


def condition(text: str) -> str:
    text = re.sub(r"(\w+) is NaN", r"np.isnan(\1)", text)
    text = re.sub(r"([-\w]+) (<=?) (\w+) (<=?) ([-\w]+)", r"(\1 \2 \3) & (\3 \4 \5)", text)
    text = re.sub(r"(?<![<>=]) = ", " == ", text)
    return " | ".join(f"({part})" for part in text.split(" or ")) if " or " in text else text


REDUCE = "axis={dims}, keepdims={keepdim}"
SPREAD = "np.broadcast_to({gs}, {x}.shape)"
SHARED = "{gs} * ({x} == {ys}) / ({x} == {ys}).sum({dims}, {x}.dtype, keepdims=True)"
SCORES = "attention_slope({g}, {q}, {k}, {v}, {scale}, {causal})"
LINEAR = "{x} @ {weight}.T + {bias}"
CONV = "{out_size}, {stride}, {padding}, {dilation}, {groups}"
TAPS = "{kernel}, {stride}, {padding}, {dilation}, {groups}"
CONV_IN = "{in_size}, {stride}, {padding}, {dilation}, {groups}"
VIEW: Template = ("{x}.reshape({shape})", {"x": "{g}.reshape({x}.shape)"})
POOLED = "{x}, {shape}, {windows}"
ENTROPY = "{axis}, {ignore_index}, {reduction}, {smoothing}"


def _linear(forward: str, dz: str) -> Template:
    """A linear layer with an activation, whose gradient is ``dz``."""
    return forward, {
        "x": f"({dz}) @ {{weight}}".replace("({g})", "{g}"),
        "weight": f"rows({dz}).T @ rows({{x}})",
        "bias": f"rows({dz}).sum(0)",
    }


def _normed(center: bool, axes: str, flat: str) -> tuple[Template, Template]:
    """A norm without and with weight and bias; ``flat`` is the shape in which ``axes`` are what is averaged."""
    z = f"standard({{x}}.reshape({flat}), {axes}, {{eps}}, {center})[0].reshape({{x}}.shape)"
    dx = (
        f"standard_grad(({{h}}).reshape({flat}), {{x}}.reshape({flat}), {axes}, {{eps}}, {center}).reshape({{x}}.shape)"
    )
    return (
        (z, {"x": dx.replace("{h}", "{g}")}),
        (
            f"{z} * {{weight}} + {{bias}}",
            {
                "x": dx.replace("{h}", "{g} * {weight}"),
                "weight": f"unbroadcast({{g}} * {z}, {{weight}}.shape)",
                "bias": "unbroadcast({g}, {bias}.shape)",
            },
        ),
    )


LAYER, AFFINE_LAYER = _normed(True, "1", "{rows}")
RMS, AFFINE_RMS = _normed(False, "1", "{rows}")
BATCH_Z = "standard({x}.reshape({rows}), (0, 2), {eps})[0]"
BATCH_DX = "standard_grad({h}, {x}.reshape({rows}), (0, 2), {eps}).reshape({x}.shape)"
FIXED_Z = "(({x}.reshape({rows}) - {stats}[0][:, None]) * {stats}[1][:, None])"
FIXED_DX = "({h} * {stats}[1][:, None]).reshape({x}.shape)"


def _batch(z: str, dx: str) -> tuple[Template, Template]:
    """A batch norm without and with weight and bias."""
    g = "{g}.reshape({rows})"
    return (
        (f"{z}.reshape({{x}}.shape)", {"x": dx.replace("{h}", g)}),
        (
            f"({z} * {{weight}}[:, None] + {{bias}}[:, None]).reshape({{x}}.shape)",
            {
                "x": dx.replace("{h}", g + " * {weight}[:, None]"),
                "weight": f"({g} * {z}).sum((0, 2))",
                "bias": f"{g}.sum((0, 2))",
            },
        ),
    )


BATCH, AFFINE_BATCH = _batch(BATCH_Z, BATCH_DX)
FIXED, AFFINE_FIXED = _batch(FIXED_Z, FIXED_DX)

CELL = "{x}, {w_ih}, {w_hh}, {b_ih}, {b_hh}, {w_hr}, {h0}"
WALK = "{sizes}, {backwards}"

TEMPLATES: dict[str, Template] = {
    # elementwise ops whose row is in words, or would overflow as written
    "Alias": ("{x}", {"x": "{g}"}),
    "Clone": ("{x}.copy()", {"x": "{g}"}),
    "Expm1": ("np.expm1({x})", {"x": "{g} * ({y} + 1)"}),
    "Log1p": ("np.log1p({x})", {"x": "{g} / (1 + {x})"}),
    "Sigmoid": ("sigmoid({x})", {"x": "{g} * {y} * (1 - {y})"}),
    "LogSigmoid": ("-softplus(-{x})", {"x": "{g} * sigmoid(-{x})"}),
    "Softplus": (
        "np.where({x} * {beta} > {threshold}, {x}, softplus({x} * {beta}) / {beta})",
        {"x": "{g} * np.where({x} * {beta} > {threshold}, 1, sigmoid({x} * {beta}))"},
    ),
    "Mish": (
        "{x} * np.tanh(softplus({x}))",
        {"x": "{g} * (np.tanh(softplus({x})) + {x} * (1 - np.tanh(softplus({x})) ** 2) * sigmoid({x}))"},
    ),
    "GeluTanh": (
        "{x} * (1 + gelu_tanh({x})) / 2",
        {
            "x": "{g} * ((1 + gelu_tanh({x})) / 2 + {x} / 2 * (1 - gelu_tanh({x}) ** 2) * np.sqrt(2 / np.pi) * "
            "(1 + 0.134145 * {x} ** 2))"
        },
    ),
    "Logaddexp": ("np.logaddexp({a}, {b})", {"a": "{g} * sigmoid({a} - {b})", "b": "{g} * sigmoid({b} - {a})"}),
    "Logaddexp2": (
        "np.logaddexp2({a}, {b})",
        {"a": "{g} * sigmoid(({a} - {b}) * np.log(2))", "b": "{g} * sigmoid(({b} - {a}) * np.log(2))"},
    ),
    "Xlogy": ("{a} * np.log({b})", {"a": "{g} * np.log({b})", "b": "{g} * {a} / {b}"}),
    "Hypot": ("np.hypot({a}, {b})", {"a": "{g} * {a} / {y}", "b": "{g} * {b} / {y}"}),
    "Erfc": ("1 - erf({x})", {"x": "-{g} * (2 / np.sqrt(np.pi) * np.exp(-{x} * {x}))"}),
    "Atan2": (
        "np.arctan2({a}, {b})",
        {"a": "{g} * {b} / ({a} * {a} + {b} * {b})", "b": "-{g} * {a} / ({a} * {a} + {b} * {b})"},
    ),
    "Sinc": ("np.sinc({x})", {"x": "{g} * (np.cos(np.pi * {x}) - {y}) / np.where({x} == 0, 1, {x})"}),
    "Floor": ("np.floor({x})", {"x": "0 * {g}"}),
    "Ceil": ("np.ceil({x})", {"x": "0 * {g}"}),
    "Trunc": ("np.trunc({x})", {"x": "0 * {g}"}),
    "Round": ("np.round({x}, {decimals})", {"x": "0 * {g}"}),
    "Sign": ("np.sign({x})", {"x": "0 * {g}"}),
    "FloorDivide": ("np.floor({a} / {b})", {"a": "0 * {g}", "b": "0 * {g}"}),
    "TruncDivide": ("np.trunc({a} / {b})", {"a": "0 * {g}", "b": "0 * {g}"}),
    "Clamp": (
        "np.clip({x}, {low}, {high})",
        {"x": "{g} * (np.clip({x}, {low}, {high}) == {x})"},
    ),
    "NanToNum": ("np.nan_to_num({x}, True, {nan}, {posinf}, {neginf})", {"x": "np.where(np.isfinite({x}), {g}, 0)"}),
    "Where": (
        "np.where({condition}, {a}, {b})",
        {"a": "np.where({condition}, {g}, 0)", "b": "np.where({condition}, 0, {g})"},
    ),
    "To": ("{x}.astype({dtype})", {"x": "{g}.astype({x}.dtype)"}),
    "Dropout": ("np.where({kept}, {x} / (1 - {p}), 0)", {"x": "np.where({kept}, {g} / (1 - {p}), 0)"}),
    "BinaryCrossEntropy": (
        "-({t} * np.maximum(np.log({x}), -100) + (1 - {t}) * np.maximum(np.log(1 - {x}), -100))",
        {
            "x": "{g} * ({x} - {t}) / np.maximum({x} * (1 - {x}), 1e-12)",
            "t": "{g} * (np.log(1 - {x}) - np.log({x}))",
        },
    ),
    # reductions
    "Sum": ("{x}.sum(" + REDUCE + ")", {"x": SPREAD}),
    "Mean": ("{x}.mean(" + REDUCE + ")", {"x": "np.broadcast_to({gs} / {n}, {x}.shape)"}),
    "Prod": ("{x}.prod(" + REDUCE + ")", {"x": "{gs} * others({x}, {dims})"}),
    "Var": (
        "{x}.var(" + REDUCE + ", ddof={correction})",
        {"x": "{gs} * 2 / ({n} - {correction}) * ({x} - {x}.mean({dims}, keepdims=True))"},
    ),
    "Std": ("np.sqrt({v})", {"v": "{g} / (2 * {y})"}),
    "Logsumexp": ("logsumexp({x}, {dims}, {keepdim})", {"x": "{gs} * np.exp({x} - {ys})"}),
    "Amax": ("{x}.max(" + REDUCE + ")", {"x": SHARED}),
    "Amin": ("{x}.min(" + REDUCE + ")", {"x": SHARED}),
    "VectorNorm": (
        "(np.abs({x}) ** {p}).sum(" + REDUCE + ") ** (1 / {p})",
        {"x": "{gs} * np.sign({x}) * (np.abs({x}) / {ys}) ** ({p} - 1)"},
    ),
    "Softmax": ("softmax({x}, {dim})", {"x": "{y} * ({g} - ({g} * {y}).sum({dim}, keepdims=True))"}),
    "LogSoftmax": (
        "{x} - logsumexp({x}, {dim}, True)",
        {"x": "{g} - np.exp({y}) * {g}.sum({dim}, keepdims=True)"},
    ),
    "Cumsum": ("{cumsum_x}", {"x": "{cumsum_g}"}),
    # products
    "Matmul": ("{a} @ {b}", {"a": "{g} @ swap({b})", "b": "swap({a}) @ {g}"}),
    "Attention": (
        "attention_weights({q}, {k}, {scale}, {causal}) @ {v}",
        {
            "q": f"{{scale}} * {SCORES} @ {{k}}",
            "k": f"{{scale}} * swap({SCORES}) @ {{q}}",
            "v": "swap(attention_weights({q}, {k}, {scale}, {causal})) @ {g}",
        },
    ),
    "LinearRelu": _linear(f"np.maximum({LINEAR}, 0)", "np.where({y} > 0, {g}, 0)"),
    "LinearSigmoid": _linear(f"sigmoid({LINEAR})", "{g} * ({y} * (1 - {y}))"),
    "LinearTanh": _linear(f"np.tanh({LINEAR})", "{g} * (1 - {y} * {y})"),
    "Linear": _linear(LINEAR, "{g}"),
    "Convolution": (
        "conv({x}.reshape({x4}), {w}.reshape({w4}), {bias}, " + CONV + ").reshape({shape})",
        {
            "x": "conv_transpose({g}.reshape({y4}), {w}.reshape({w4}), None, " + CONV_IN + ").reshape({x}.shape)",
            "w": "conv_weight({g}.reshape({y4}), {x}.reshape({x4}), " + TAPS + ").reshape({w}.shape)",
            "bias": "{g}.reshape({y4}).sum((0, 2, 3))",
        },
    ),
    "ConvolutionTranspose": (
        "conv_transpose({x}.reshape({y4}), {w}.reshape({w4}), {bias}, " + CONV_IN + ").reshape({shape})",
        {
            "x": "conv({g}.reshape({x4}), {w}.reshape({w4}), None, " + CONV + ").reshape({x}.shape)",
            "w": "conv_weight({x}.reshape({y4}), {g}.reshape({x4}), " + TAPS + ").reshape({w}.shape)",
            "bias": "{g}.reshape({x4}).sum((0, 2, 3))",
        },
    ),
    "ConvolutionWeight": (
        "conv_weight({a}.reshape({y4}), {x}.reshape({x4}), " + TAPS + ").reshape({shape})",
        {
            "a": "conv({x}.reshape({x4}), {g}.reshape({w4}), None, " + CONV + ").reshape({a}.shape)",
            "x": "conv_transpose({a}.reshape({y4}), {g}.reshape({w4}), None, " + CONV_IN + ").reshape({x}.shape)",
        },
    ),
    "MaxPool": (f"max_pool({POOLED})", {"x": "max_pool_grad({g}, {x}, {windows})"}),
    "AvgPool2DGrad": (f"avg_pool_grad({POOLED})", {"x": "avg_pool({g}, {x}.shape, {windows})"}),
    "AvgPool2D": (f"avg_pool({POOLED})", {"x": "avg_pool_grad({g}, {x}.shape, {windows})"}),
    # norms
    "LayerNorm": LAYER,
    "AffineLayerNorm": AFFINE_LAYER,
    "RmsNorm": RMS,
    "AffineBatchNorm": AFFINE_BATCH,
    "BatchNorm": BATCH,
    "AffineBatchNorm in use": AFFINE_FIXED,
    "BatchNorm in use": FIXED,
    "AffineRmsNorm": AFFINE_RMS,
    # losses
    "MseLoss": (
        "np.asarray({scale} * (({x} - {t}) ** 2).sum(), {x}.dtype)",
        {"x": "{g} * 2 * {scale} * ({x} - {t})", "t": "{g} * 2 * {scale} * ({t} - {x})"},
    ),
    "BceWithLogits": (
        "np.asarray({scale} * (np.maximum({x}, 0) - {x} * {t} + np.log1p(np.exp(-np.abs({x})))).sum(), {x}.dtype)",
        {"x": "{g} * {scale} * (sigmoid({x}) - {t})", "t": "{g} * -{scale} * {x}"},
    ),
    "CrossEntropy": (
        "cross_entropy({x}, {target}, " + ENTROPY + ")",
        {"x": "cross_entropy_grad({g}, {x}, {target}, " + ENTROPY + ")"},
    ),
    "NegativeLogLikelihood": (
        "nll({x}, {target}, {axis}, {ignore_index}, {reduction}, {weight})",
        {"x": "nll_grad({g}, {x}, {target}, {axis}, {ignore_index}, {reduction}, {weight})"},
    ),
    "WeightedCrossEntropy": (
        "cross_entropy({x}, {target}, " + ENTROPY + ", {weight})",
        {"x": "cross_entropy_grad({g}, {x}, {target}, " + ENTROPY + ", {weight})"},
    ),
    # shapes and places
    "View": VIEW,
    "Squeeze": VIEW,
    "Unsqueeze": VIEW,
    "Expand": ("np.broadcast_to({x}, {shape})", {"x": "{g}"}),
    "Permute": ("np.transpose({x}, {order})", {"x": "np.transpose({g}, {back})"}),
    "Flip": ("np.flip({x}, {dims})", {"x": "np.flip({g}, {dims})"}),
    "Tril": ("np.tril({x}, {diagonal})", {"x": "np.tril({g}, {diagonal})"}),
    "Triu": ("np.triu({x}, {diagonal})", {"x": "np.triu({g}, {diagonal})"}),
    "Slice": ("part({x}, {view})", {"x": "zeros_with({x}.shape, places(*{view}), {g})"}),
    "Unslice": ("zeros_with({shape}, places(*{geometry}), {x})", {"x": "part({g}, {geometry})"}),
    "Replace": (
        "with_part({x}, {geometry}, {src})",
        {"x": "with_part({g}, {geometry}, 0)", "src": "part({g}, {geometry})"},
    ),
    "Overlay": (
        "overlay({x}, {seen}, {value}, {region})",
        {"x": "overlay({g}, {seen}, 0 * {value}, {region})", "value": "through({g}, {seen}, {region})"},
    ),
    "Region": ("through({x}, {seen}, {shown})", {"x": "through({g}, {shown}, {seen})"}),
    "AsStrided": (
        "np.append({x}, {x}.dtype.type(0))[owners({seen}, {shown})]",
        {"x": "zeros_with({x}.size + 1, owners({seen}, {shown}), {g})[:-1].reshape({x}.shape)"},
    ),
    "Index": ("taken({x}, {index}, {dim}, {span})", {"x": "put_rows({x}.shape, {g}, {index}, {dim}, {span})"}),
    "IndexAdd": (
        "{x} + put_rows({shape}, {value}, {index}, {dim}, {span})",
        {"x": "{g}", "value": "taken({g}, {index}, {dim}, {span})"},
    ),
    "IndexPut": (
        "with_rows({x}, {value}, {index}, {dim}, {span})",
        {"x": "with_rows({g}, 0, {index}, {dim}, {span})", "value": "taken({g}, {index}, {dim}, {span})"},
    ),
    "Gather": (
        "{x}[along({index}, {dim})]",
        {"x": "zeros_with({x}.shape, flat(along({index}, {dim}), {x}.shape), {g})"},
    ),
    "Pick": (
        "np.take_along_axis({x}, {kept_index}, {dim}).reshape({shape})",
        {"x": "zeros_with({x}.shape, flat(along({kept_index}, {dim}), {x}.shape), {g}.reshape({kept_index}.shape))"},
    ),
    "ScatterAdd": (
        "{x} + zeros_with({shape}, flat(along({index}, {dim}), {shape}), {src})",
        {"x": "{g}", "src": "{g}[along({index}, {dim})]"},
    ),
    "EmbeddingGrad": (
        "put_rows({shape}, {x}, {index}, 0, 1, {padding_index})",
        {"x": "np.where(({index} == {padding_index})[..., None], 0, {g}[{index}])"},
    ),
    "Embedding": (
        "{table}[{index}]",
        {"table": "put_rows({table}.shape, {g}, {index}, 0, 1, {padding_index})"},
    ),
    "ConstantPad": (
        "np.pad({x}[{inside}], {added}, constant_values={value})",
        {"x": "np.pad({g}[{inside_g}], {removed})"},
    ),
    # several inputs or outputs: the braces are lists, "all" gives the gradients of all inputs at once
    "Lstm": (f"lstm({CELL}, {{c0}}, {WALK})", {"all": f"lstm_grad({{parts}}, {CELL}, {{c0}}, {WALK})"}),
    "Gru": (f"gru({CELL}, {WALK})", {"all": f"gru_grad({{parts}}, {CELL}, {WALK})"}),
    "RnnTanh": (f"rnn(True, {CELL}, {WALK})", {"all": f"rnn_grad({{parts}}, True, {CELL}, {WALK})"}),
    "RnnRelu": (f"rnn(False, {CELL}, {WALK})", {"all": f"rnn_grad({{parts}}, False, {CELL}, {WALK})"}),
    "Cat": ("np.concatenate([{all}], {dim})", {"*": "np.split({g}, {cuts}, {dim})[{i}]"}),
    "Stack": ("np.stack([{all}], {dim})", {"*": "np.take({g}, {i}, {dim})"}),
    "Split": ("np.split({x}, {cuts}, {dim})", {"x": "np.concatenate([{parts}], {dim})"}),
    "SplitWithSizes": ("np.split({x}, {cuts}, {dim})", {"x": "np.concatenate([{parts}], {dim})"}),
    "Unbind": ("list(np.moveaxis({x}, {dim}, 0))", {"x": "np.stack([{parts}], {dim})"}),
}
