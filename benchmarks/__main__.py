"""``python -m benchmarks [--threads N] [what pytest takes]``: run the benchmarks, write ``out/bench.json``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
JSON = Path("out/bench.json")

OPTIONS = [
    "-q", "-p", "no:cacheprovider", "-o", "python_files=bench_*.py",
    "--benchmark-max-time=0.15", "--benchmark-min-rounds=5", "--benchmark-calibration-precision=10",
    "--benchmark-sort=name", "--benchmark-group-by=group", "--benchmark-columns=min,median,iqr,rounds",
]  # fmt: skip

THREAD_VARIABLES = (
    "AUTOGRAD_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip


def main(args: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, allow_abbrev=False)
    parser.add_argument("--threads", type=int, default=1, help="of C and of NumPy's BLAS (default: %(default)s)")
    options, for_pytest = parser.parse_known_args(args)
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(options.threads)))  # read when NumPy and the kernels load
    if not any(a.startswith("--benchmark-json") for a in for_pytest):
        JSON.parent.mkdir(exist_ok=True)
        for_pytest.append(f"--benchmark-json={JSON}")
    if not any("bench_" in a and ".py" in a for a in for_pytest):
        for_pytest.append(str(FOLDER))
    return int(pytest.main([*OPTIONS, *for_pytest]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
