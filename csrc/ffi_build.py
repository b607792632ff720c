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


SIGNATURES = re.findall(r"#define AG_SIG_(\w+)\(f\) int f(\(.*\))", (HERE / "signatures.h").read_text())
SERVICES = [
    "const char *ag_kernels(void);",
    "const char *ag_signatures(void);",
    "const char *ag_flags(void);",
    "void ag_bind_gil(void);",
    "int64_t ag_kernel_index(const char *symbol);",
    "int ag_program_run(ag_program *program, int64_t first, int64_t count, int without_gil);",
    "int ag_program_profile(ag_program *program, int64_t times, double *seconds);",
    "int ag_program_epoch(ag_program *program, int64_t first, int64_t count, int64_t size, const int64_t *order,"
    " int64_t inputs, const ag_copy *in, int64_t outputs, const ag_copy *out, int without_gil);",
]


def callers() -> str:
    """Per signature class, a C function that takes the arguments of its kernels from slots."""
    functions = []
    for group, arguments in SIGNATURES:
        members = ["p" if "*" in a else {"double": "d", "uint64_t": "u"}.get(a.split()[0], "i")
                   for a in arguments[1:-1].split(",")]  # fmt: skip
        values = ", ".join(f"a[{i}].{member}" for i, member in enumerate(members))
        functions.append(
            f"static int call_{group}(void (*f)(void), const ag_slot *a) {{"
            f" return ((AG_SIG_{group}((*)))f)({values}); }}"
        )
    return "\n".join(functions)


def declarations() -> str:
    """What cffi is told: structs and services from ag.h, and a prototype per kernel and dtype."""
    header = (HERE / "ag.h").read_text().split("/* [cdef */")[1].split("/* cdef] */")[0]
    header = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    signatures = dict(SIGNATURES)
    lines = [header, *SERVICES]
    lines += [f"int ag_{symbol}{signatures[group]};" for group, symbol in symbols()]
    return "\n".join(lines)


def symbols() -> list[tuple[str, str]]:
    """Signature class and symbol of each exported kernel: kernels.def as the preprocessor would expand it."""
    text = (HERE / "kernels.def").read_text()
    suffixes: dict[str, list[str]] = {"KERNEL": ["_f32", "_f64"], "PLAIN": [""]}
    for word, expansion in re.findall(r"^#define (\w+)\(C, x\) (.*(?:TYPED|NUMBER).*)$", text, re.M):
        parts = re.findall(r"(\w+)\(C, x(?:, (\w+))?\)", expansion)
        suffixes[word] = [s for part, suffix in parts for s in ([suffix] if suffix else suffixes[part])]
    return [
        (group, name + suffix)
        for word, group, name in re.findall(r"^([A-Z]+)\((\w+), (\w+)\)$", text, re.M)
        for suffix in suffixes[word]
    ]


# cffi releases the GIL around every call; the macros keep it for small work, and the hooks release it for large.
PREAMBLE = r"""
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#undef Py_BEGIN_ALLOW_THREADS
#undef Py_END_ALLOW_THREADS
#define Py_BEGIN_ALLOW_THREADS
#define Py_END_ALLOW_THREADS
#include "table.h"

static void *release_gil(void) { return PyEval_SaveThread(); }
static void acquire_gil(void *token) { PyEval_RestoreThread((PyThreadState *)token); }
static void ag_bind_gil(void) { ag_gil_release = release_gil; ag_gil_acquire = acquire_gil; }

static const char *ag_flags(void) { return "%FLAGS%"; }

static const char *ag_kernels(void) {
    return
#define SYMBOL(CLASS, symbol) #CLASS " " #symbol "\n"
#include "kernels.def"
        ;
}

static const char *ag_signatures(void) { return "%SIGNATURES%"; }

%CALLERS%

#include "program.c.inc"
"""

ffibuilder = FFI()
ffibuilder.cdef(declarations())
ffibuilder.set_source(
    "autograd.backend._kernels",
    PREAMBLE.replace("%FLAGS%", " ".join(FLAGS))
    .replace("%SIGNATURES%", r"\n".join(group + " " + arguments for group, arguments in SIGNATURES))
    .replace("%CALLERS%", callers()),
    sources=[os.path.relpath(HERE / name, HERE.parent) for name in SOURCES],
    include_dirs=[os.path.relpath(HERE, HERE.parent)],
    depends=sorted(str(p.relative_to(HERE.parent)) for p in HERE.iterdir() if p.suffix in (".h", ".inc", ".def")),
    # Calls within the module need no table of addresses; Python's own flags may ask for 20 MB of debug information.
    extra_compile_args=FLAGS + ["-pthread", "-fvisibility=hidden", "-g0"],
    extra_link_args=["-pthread"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)
