"""Builds the cffi module autograd.backend._kernels.

The declarations cffi needs are read from the C sources themselves: the marked part of ag.h, the signature classes of
signatures.h, and the list kernels.def.
"""

import os
import re
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).parent
FLAGS = ["-std=gnu11", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-Wall", "-Wextra"]
SOURCES = sorted(p.name for p in HERE.glob("*.c"))


def declarations() -> str:
    """What cffi is told: structs and services from ag.h, and a prototype per kernel and dtype."""
    header = (HERE / "ag.h").read_text().split("/* [cdef */")[1].split("/* cdef] */")[0]
    header = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    signatures = dict(re.findall(r"#define AG_SIG_(\w+)\(f\) int f(\(.*\))", (HERE / "signatures.h").read_text()))
    lines = [header, "const char *ag_kernels(void);", "const char *ag_flags(void);", "void ag_bind_gil(void);"]
    for kind, group, name in re.findall(r"^(KERNEL|PLAIN)\((\w+), (\w+)\)", (HERE / "kernels.def").read_text(), re.M):
        for suffix in ("_f32", "_f64") if kind == "KERNEL" else ("",):
            lines.append(f"int ag_{name}{suffix}{signatures[group]};")
    return "\n".join(lines)


# cffi releases the GIL around every call; the macros keep it for small work, and the hooks release it for large.
PREAMBLE = r"""
#undef Py_BEGIN_ALLOW_THREADS
#undef Py_END_ALLOW_THREADS
#define Py_BEGIN_ALLOW_THREADS
#define Py_END_ALLOW_THREADS
#include "ag.h"

static void *release_gil(void) { return PyEval_SaveThread(); }
static void acquire_gil(void *token) { PyEval_RestoreThread((PyThreadState *)token); }
static void ag_bind_gil(void) { ag_gil_release = release_gil; ag_gil_acquire = acquire_gil; }

static const char *ag_flags(void) { return "%FLAGS%"; }

static const char *ag_kernels(void) {
    return
#define KERNEL(CLASS, name) #CLASS " " #name "\n"
#define PLAIN(CLASS, name) #CLASS " " #name "\n"
#include "kernels.def"
#undef KERNEL
#undef PLAIN
        ;
}
"""

ffibuilder = FFI()
ffibuilder.cdef(declarations())
ffibuilder.set_source(
    "autograd.backend._kernels",
    PREAMBLE.replace("%FLAGS%", " ".join(FLAGS)),
    sources=[os.path.relpath(HERE / name, HERE.parent) for name in SOURCES],
    include_dirs=[os.path.relpath(HERE, HERE.parent)],
    depends=sorted(str(p.relative_to(HERE.parent)) for p in HERE.iterdir() if p.suffix in (".h", ".inc", ".def")),
    extra_compile_args=FLAGS + ["-pthread", "-g0"],  # Python's own flags may ask for 20 MB of debug information
    extra_link_args=["-pthread"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)
