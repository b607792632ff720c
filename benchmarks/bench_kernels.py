"""Every kernel on representative shapes: a group is one kernel and shape, and holds C and NumPy."""

from __future__ import annotations

import pytest

from .cases import Case, cases, kernels

FAMILIES = {
    "elementwise": ("FILL", "UNARY", "UNARY_P", "BINARY", "BINARY_P", "TERNARY", "WHERE", "COMPARE", "TEST", "CAST"),
    "reductions": ("REDUCE", "ARGREDUCE"),
    "softmax and its like": ("ROWWISE", "ROWWISE_GRAD"),
    "losses": ("LOSS", "LOSS_GRAD", "NLL", "NLL_GRAD"),
    "products": ("GEMM", "LINEAR", "LINEAR_GRAD"),
    "optimizers": ("OPTIMIZER",),
    "indexing, dropout": ("EMBEDDING", "EMBEDDING_GRAD", "DROPOUT", "COUNT"),
    "random streams": ("RANDOM", "SEED", "PERMUTATION", "INTEGERS", "WORDS"),
}
FAMILY = {group: family for family, groups in FAMILIES.items() for group in groups}


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name.replace(" ", "-"))
def test_kernel(case: Case, row, backend_name):
    call = case.call()
    call.function(*call.args)  # plans are cached and workspaces grown
    family = FAMILY.get(kernels()[case.kernel], "others")
    row(case.name, kind="kernel", kernel=case.kernel, shape=case.shape, family=family)(call.function, *call.args)
