"""Builds the C kernels through cffi; without a working C compiler, or with AUTOGRAD_NO_EXTENSION=1, installs the
NumPy kernels alone. Everything else is in pyproject.toml."""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext

PROBE = "typedef float v __attribute__((vector_size(16))); v f(v a, v b) { return a * b; }\n"


def say(line: str) -> None:
    """A line for whoever installs: on stderr, and in pip's log."""
    print(f"autograd-cffi: {line}", file=sys.stderr, flush=True)


class BuildKernels(build_ext):
    """build_ext that compiles its sources in parallel and leaves the kernels out where no C compiler can build them."""

    def build_extensions(self) -> None:
        if not self.compiler_works():
            say("no C compiler with vector extensions (gcc or clang): installing the NumPy kernels only, which are slower")
            self.extensions.clear()
            return
        self.compile_in_parallel()
        super().build_extensions()

    def compiler_works(self) -> bool:
        if self.compiler.compiler_type == "msvc":
            return False
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "probe.c"
            source.write_text(PROBE)
            try:
                command = [*self.compiler.compiler_so, "-c", str(source), "-o", str(source.with_suffix(".o"))]
                return subprocess.run(command, capture_output=True).returncode == 0
            except OSError:
                return False

    def compile_in_parallel(self) -> None:
        compile_all = self.compiler.compile

        def compile(sources, *args, **kwargs):
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                objects = pool.map(lambda source: compile_all([source], *args, **kwargs), sources)
                return [name for names in objects for name in names]

        self.compiler.compile = compile


if os.environ.get("AUTOGRAD_NO_EXTENSION", "") not in ("", "0"):
    say("AUTOGRAD_NO_EXTENSION is set: installing the NumPy kernels only")
    setup()
else:
    setup(cffi_modules=["csrc/ffi_build.py:ffibuilder"], cmdclass={"build_ext": BuildKernels})
