"""Benchmarks; see README.md in this folder."""

import os
import sys

# Settings that hold a BLAS to less than the machine has: with them a comparison says nothing. They count when NumPy is
# loaded, so they go before.
HELD_BACK = (
    "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE",
    "NPY_DISABLE_CPU_FEATURES", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA",
)  # fmt: skip
for _name in HELD_BACK:
    if os.environ.pop(_name, None) is not None and "numpy" in sys.modules:
        print(f"benchmarks: NumPy was loaded under {_name}, which holds it back", file=sys.stderr)
