"""The small types of a tensor's attributes: its shape, and where it is."""

from __future__ import annotations

from .naming import qualified


class Size(tuple):
    """The shape of a tensor, a tuple of ints.

    >>> from autograd import tensor
    >>> tensor([[1.0, 2.0]]).shape
    autograd.Size([1, 2])
    """

    __slots__ = ()

    def numel(self) -> int:
        n = 1
        for s in self:
            n *= s
        return n

    def __repr__(self) -> str:
        return qualified(f"Size({list(self)})")


class device:
    """Where a tensor is. This engine knows the CPU; other names can be made, but nothing can be put there.

    >>> from autograd import tensor
    >>> device("cpu"), tensor(1.0).device == device("cpu")
    (device(type='cpu'), True)
    """

    __slots__ = ("index", "type")

    def __init__(self, type: str, index: int | None = None):
        name, _, number = str(type).partition(":")
        self.type, self.index = name, int(number) if number else index

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type={self.type!r}" + (")" if self.index is None else f", index={self.index})")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class memory_format:
    """How the elements of a new tensor are to lie."""

    def __init__(self, name: str):
        self.name = name

    def __repr__(self) -> str:
        return qualified(self.name)


contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")


def check_memory_format(format: memory_format | None) -> None:
    """Raise for a format other than row-major, and the one that leaves the choice open."""
    if format not in (None, contiguous_format, preserve_format):
        raise NotImplementedError(f"memory_format={format}: here new tensors are row-major (contiguous_format)")


def check_device(device) -> None:
    if device is not None and str(device).split(":")[0] != "cpu":
        raise RuntimeError(f"device {str(device)!r} is not available: this engine runs on the CPU ('cpu')")
