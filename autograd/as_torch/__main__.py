"""``python -m autograd.as_torch script.py [args]``, ``-m module`` or ``-c code``: run it as python would, with torch
answered by this package (:mod:`autograd.as_torch`)."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from types import ModuleType, TracebackType

from . import install

USAGE = """usage: python -m autograd.as_torch script.py [args]
       python -m autograd.as_torch -m module [args]
       python -m autograd.as_torch -c code [args]

Runs a script that was written for PyTorch; autograd answers for torch and torchvision."""
OURS = (os.path.dirname(__file__), "<frozen runpy>", runpy.__file__)


def main(arguments: list[str]) -> None:
    """Run what the command line names; end with status 2 where it names nothing."""
    first, *rest = arguments or [""]
    if first in ("-h", "--help"):
        print(USAGE)
        return
    if first in ("-m", "-c"):
        what, *rest = rest or [""]
    else:
        what = first
    if not what or what.startswith("-"):
        print(USAGE, file=sys.stderr)
        raise SystemExit(2)
    if first == what and not Path(what).exists():
        print(f"autograd: there is no file {what!r}", file=sys.stderr)
        raise SystemExit(2)
    sys.excepthook = _show
    install()
    if first == "-m":
        sys.argv = [what, *rest]
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.argv = ["-c", *rest]
        _run_code(what)
    else:
        sys.argv = [what, *rest]
        if not sys.flags.safe_path:
            sys.path[0] = str(Path(what).resolve().parent)
        runpy.run_path(what, run_name="__main__")


def _run_code(code: str) -> None:
    """Run a string as the main module."""
    main_module = sys.modules["__main__"] = ModuleType("__main__")
    exec(compile(code, "<string>", "exec"), vars(main_module))


def _show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an exception as python does for a script, from the script's first line on."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(OURS):
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


if __name__ == "__main__":
    main(sys.argv[1:])
