"""``python -m autograd info``: what runs here, and whether another package of the same name is in the way.

The PyPI project ``autograd`` is HIPS/autograd, which installs into the same folder ``autograd/`` as this package; the
two cannot share an environment. pip lets the later one overwrite the earlier one's ``__init__.py``, so both orders are
looked for here, without importing anything that may have been overwritten.
"""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

HERE = Path(__file__).resolve().parent
REMEDY = "Use an environment of its own for each, or `pip uninstall autograd` and reinstall autograd-cffi"


def foreign_distribution() -> Distribution | None:
    """The installed distribution named ``autograd`` (this package's is ``autograd-cffi``), if there is one."""
    try:
        return distribution("autograd")
    except PackageNotFoundError:
        return None


def foreign() -> str:
    """What is known about a HIPS/autograd in the way, in a sentence; empty where there is none."""
    found = foreign_distribution()
    mixed = (HERE / "tracer.py").exists()  # a file that only HIPS/autograd has
    if found is None:
        return f"files of HIPS/autograd lie among this package's, in {HERE}. {REMEDY}" if mixed else ""
    folder = Path(str(found.locate_file("autograd")))
    if mixed or folder.resolve() == HERE:
        return f"HIPS/autograd {found.version} is installed over this package, in {HERE}. {REMEDY}"
    return f"HIPS/autograd {found.version} is installed too, in {folder}; this process uses {HERE}. {REMEDY}"


def replaced() -> str:
    """Why ``import autograd`` does not give this package although its files are here; empty where it does."""
    package = sys.modules[__package__]
    if hasattr(package, "Tensor"):
        return ""
    if package.__file__ is None:
        return f"the __init__.py of this package, in {HERE}, is gone. {REMEDY}"
    return f"{package.__file__} is not this package's: HIPS/autograd was installed over it. {REMEDY}"


def blas() -> str:
    """The BLAS that NumPy was built with."""
    import numpy as np

    found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[call-overload, index]
    return f"{found.get('name', 'unknown')} {found.get('version', '')}".strip()


def threads() -> str:
    """How many threads the C kernels use, and who said so."""
    from . import runtime

    count = runtime.get_num_threads()
    if runtime.get_isa() == "numpy":
        return f"{count} (the NumPy kernels; NumPy's BLAS has threads of its own)"
    for variable in ("AUTOGRAD_NUM_THREADS", "OMP_NUM_THREADS"):
        text = os.environ.get(variable, "").split(",")[0].strip()
        if text.isdecimal() and int(text) > 0:
            return f"{count} ({variable}={os.environ[variable]})"
    return f"{count} (from CPU affinity and cgroup quota, of {os.cpu_count()} CPUs; AUTOGRAD_NUM_THREADS sets it)"


def rows() -> list[tuple[str, str]]:
    """The facts, as (name, value). Raises what choosing the backend raises."""
    import numpy as np

    import autograd

    from . import backend, runtime

    chosen = " (AUTOGRAD_BACKEND)" if os.environ.get("AUTOGRAD_BACKEND") else ""
    facts = [
        ("version", f"autograd-cffi {autograd.__version__}, in {HERE}"),
        ("backend", backend.get_backend() + chosen),
    ]
    if backend.extension is None:
        facts.append(("C kernels", f"not built ({backend._why_not}): {backend.BUILD_HINT}"))
    else:
        lib, text = backend.extension.lib, backend.extension.ffi.string
        names = runtime.isa_names()
        best = names[lib.ag_best_isa()]
        facts += [
            (
                "instruction set",
                f"{runtime.get_isa()} of {', '.join(names)} ({best} is this CPU's; AUTOGRAD_ISA masks)",
            ),
            ("compiler", text(lib.ag_compiler()).decode()),
            ("flags", text(lib.ag_flags()).decode()),
        ]
    return [
        *facts,
        ("threads", threads()),
        ("NumPy", f"{np.__version__} with {blas()}"),
        ("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("foreign autograd", foreign() or "none in the way"),
    ]


def main() -> int:
    """Print the facts; status 1 where the backend asked for is not to be had."""
    try:
        facts = rows()
    except (RuntimeError, ValueError) as error:
        print(f"autograd: {error}", file=sys.stderr)
        return 1
    for name, value in facts:
        print(f"{name:<17} {value}")
    return 0
