"""``torch.backends.cuda``."""

from types import SimpleNamespace

from ...answers import answer

is_built = answer(False)
matmul = SimpleNamespace(
    allow_tf32=False, allow_fp16_reduced_precision_reduction=True, allow_bf16_reduced_precision_reduction=True
)
