"""Builds the C kernels through cffi; without a C compiler, or with AUTOGRAD_NO_EXTENSION=1, installs the NumPy kernels
alone. Everything else is in pyproject.toml."""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext

from distutils.ccompiler import new_compiler  # isort: skip  (setuptools brings distutils)
from distutils.sysconfig import customize_compiler  # isort: skip

PROBE = "typedef float v __attribute__((vector_size(16))); v f(v a, v b) { return a * b; }\n"
BUILDS = {"bdist_wheel", "build", "build_ext", "develop", "editable_wheel", "install"}


def say(line: str) -> None:
    """A line for whoever installs: on stderr, and on the terminal where an installer hides stderr."""
    line = f"autograd-cffi: {line}\n"
    sys.stderr.write(line)
    sys.stderr.flush()
    if not sys.stderr.isatty():
        with suppress(OSError):
            Path("/dev/tty").write_text(f"\n{line}")  # below whatever the installer is showing


def compiler_works() -> bool:
    """Whether there is a C compiler with the vector extensions of gcc and clang."""
    compiler = new_compiler()
    customize_compiler(compiler)
    if compiler.compiler_type == "msvc":
        return False
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "probe.c"
        source.write_text(PROBE)
        try:
            command = [*compiler.compiler_so, "-c", str(source), "-o", str(source.with_suffix(".o"))]
            return subprocess.run(command, capture_output=True).returncode == 0
        except OSError:
            return False


def pure() -> str:
    """Why to leave the kernels out, or nothing."""
    if os.environ.get("AUTOGRAD_NO_EXTENSION", "") not in ("", "0"):
        return "AUTOGRAD_NO_EXTENSION is set"
    return "" if compiler_works() else "no C compiler with vector extensions (gcc or clang) works here"


class BuildKernels(build_ext):
    """build_ext that compiles its sources in parallel, and says what to do where that fails."""

    def build_extensions(self) -> None:
        self.compile_in_parallel()
        try:
            super().build_extensions()
        except Exception:
            say(
                "building the C kernels failed with a compiler that works; are Python's headers there (python3-dev)? "
                "AUTOGRAD_NO_EXTENSION=1 installs the slower NumPy kernels alone"
            )
            raise

    def compile_in_parallel(self) -> None:
        compile_all = self.compiler.compile

        def compile(sources, *args, **kwargs):
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                objects = pool.map(lambda source: compile_all([source], *args, **kwargs), sources)
                return [name for names in objects for name in names]

        self.compiler.compile = compile


why = pure()
if why:
    if BUILDS & set(sys.argv):
        say(f"{why}: installing the NumPy kernels only, which are slower")
    setup()
else:
    setup(cffi_modules=["csrc/ffi_build.py:ffibuilder"], cmdclass={"build_ext": BuildKernels})
