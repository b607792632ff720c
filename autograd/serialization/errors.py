"""The error of a file that cannot be read."""

from pickle import UnpicklingError


class LoadError(UnpicklingError, RuntimeError):
    """A file that is damaged, or that holds what is not read. Nothing in it was run. (PyTorch raises the one or the
    other of the bases.)"""
