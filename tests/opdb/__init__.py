"""The op database: per public op samples, reference, domain, tolerances and error inputs.

A family per file, as in ``autograd/ops``; see :mod:`opdb.core` for what a row holds.
"""

from . import (
    activation,
    arithmetic,
    cast,
    choice,
    comparison,
    diagonal,
    dims,
    distance,
    exponential,
    extremes,
    index,
    join,
    linalg,
    loss,
    loss_classification,
    loss_embedding,
    loss_regression,
    norm,
    rearrange,
    reduce,
    rounding,
    scan,
    shape,
    trigonometry,
    views,
    windows,
)  # fmt: skip
from .core import ALL, FLOATS, INTEGERS, Failure, Make, Row, Sample, arrays_of, is_float, map_arrays, outputs_of

FAMILIES = (
    arithmetic,
    rounding,
    exponential,
    trigonometry,
    choice,
    comparison,
    cast,
    reduce,
    shape,
    index,
    linalg,
    activation,
    norm,
    loss,
    extremes,
    scan,
    views,
    dims,
    join,
    diagonal,
    windows,
    rearrange,
    loss_regression,
    loss_classification,
    loss_embedding,
    distance,
)
ROWS: list[Row] = [row for family in FAMILIES for row in family.ROWS]
DIFFERENTIABLE = [row for row in ROWS if row.wanted is not None]

__all__ = [
    "ALL",
    "DIFFERENTIABLE",
    "FAMILIES",
    "FLOATS",
    "INTEGERS",
    "ROWS",
    "Failure",
    "Make",
    "Row",
    "Sample",
    "arrays_of",
    "is_float",
    "map_arrays",
    "outputs_of",
]
