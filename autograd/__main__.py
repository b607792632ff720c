"""The command line: ``python -m autograd demo``, ``demo xor``, ``time train.py:step``, ``info``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence


def positive(text: str) -> int:
    """An option that counts something."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive integer")
    return int(text)


def duration(text: str) -> float:
    """An option in seconds."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    top = argparse.ArgumentParser(prog="python -m autograd", description="An autograd engine with C kernels.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    demo = commands.add_parser("demo", help="train a net: handwritten digits (default), or xor")
    demo.add_argument("net", nargs="?", default="digits", choices=("digits", "xor"), help="which net (default: digits)")
    demo.add_argument("--backend", choices=("c", "numpy"), help="the kernels to train with (default: C where built)")
    demo.add_argument("--seeds", type=positive, metavar="N", help="how many seeds to train (digits: 5, xor: 50)")
    demo.add_argument("--epochs", type=positive, metavar="N", help="digits: passes over the images (default: 60)")
    demo.add_argument("--out", metavar="FILE", help="digits: where the picture goes (default: digits.png)")

    step = commands.add_parser("time", help="time a step of your own: how long it takes, and what it consists of")
    step.add_argument("target", metavar="FILE.py:FUNCTION", help="or MODULE:FUNCTION; it is called without arguments")
    step.add_argument("--backend", choices=("c", "numpy", "both"), help="both: side by side (default: C where built)")
    step.add_argument("--seconds", type=duration, default=1.0, metavar="S", help="time for each backend (default: 1)")

    commands.add_parser("info", help="what runs here: version, backend, instruction set, threads, NumPy, name clashes")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = parser().parse_args(arguments)
    from . import info

    clash = info.replaced()
    if clash:
        print(f"autograd: {clash}", file=sys.stderr)
        return 1
    if options.command == "info":
        return info.main()
    if options.command == "demo" and options.net == "xor" and (options.epochs or options.out):
        parser().error("demo xor takes --backend and --seeds only")

    from .demo import Unavailable
    from .study.timing import Unusable

    try:
        return (demo if options.command == "demo" else time)(options)
    except (Unavailable, Unusable) as error:
        print(f"autograd: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever was reading has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def choose(name: str | None) -> None:
    """Use a backend; Unavailable where it is not to be had."""
    from .backend import set_backend
    from .demo import Unavailable

    try:
        if name:
            set_backend(name)
    except RuntimeError as error:
        raise Unavailable(str(error)) from error


def demo(options: argparse.Namespace) -> int:
    """Train one of the nets."""
    choose(options.backend)
    if options.net == "xor":
        from .demo import xor

        return xor.main(options.seeds or 50)
    from .demo import digits

    return digits.main(options.seeds or 5, options.epochs or digits.EPOCHS, options.out or "digits.png")


def time(options: argparse.Namespace) -> int:
    """Time the user's step."""
    from .backend import get_backend
    from .study import timing

    choose("c" if options.backend == "both" else options.backend)
    names = ["c", "numpy"] if options.backend == "both" else [get_backend()]
    return timing.main(options.target, names, options.seconds)


if __name__ == "__main__":
    sys.exit(main())
