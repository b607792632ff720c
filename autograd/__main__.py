"""The command line: ``python -m autograd demo``, ``python -m autograd demo xor``, ``python -m autograd info``."""

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
    if options.net == "xor" and (options.epochs or options.out):
        parser().error("demo xor takes --backend and --seeds only")

    from .backend import set_backend
    from .demo import Unavailable

    try:
        if options.backend:
            try:
                set_backend(options.backend)
            except RuntimeError as error:
                raise Unavailable(str(error)) from error
        if options.net == "xor":
            from .demo import xor

            return xor.main(options.seeds or 50)
        from .demo import digits

        return digits.main(options.seeds or 5, options.epochs or digits.EPOCHS, options.out or "digits.png")
    except Unavailable as error:
        print(f"autograd: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever was reading has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
