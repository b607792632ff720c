"""Sequences of different lengths as one tensor: padded to one length, or packed without padding.

>>> from autograd import tensor
>>> a, b = tensor([1.0, 2.0]), tensor([3.0])
>>> pad_sequence([a, b], batch_first=True)
tensor([[1., 2.],
        [3., 0.]])
>>> packed = pack_sequence([a, b])
>>> packed.data, packed.batch_sizes
(tensor([1., 3., 2.]), tensor([2, 1]))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple

from ...data import tensor
from ...ops.create import full
from ...ops.embedding import embedding
from ...ops.index import index_select
from ...ops.join import cat, stack
from ...tensor import Tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None


class PackedSequence(_Packed):
    """Sequences without padding, as the functions here make them and the recurrent layers take them.

    data
        (total length, ...): the first elements of all sequences, then the second ones, and so on.
    batch_sizes
        How many sequences have a first element, a second one, and so on.
    sorted_indices, unsorted_indices
        Which of the given sequences is the longest, the second, and so on, and the way back; None where they were given
        the longest first.
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if batch_sizes is None:
            if not isinstance(data, (tuple, list)) or len(data) != 2:
                raise AssertionError("Expected data to be a list or tuple of length 2: (data, batch_sizes)")
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """With the data in another dtype."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else type(self)(data, *self[1:])

    def float(self) -> PackedSequence:
        """With the data in float32."""
        return type(self)(self.data.float(), *self[1:])

    def double(self) -> PackedSequence:
        """With the data in float64."""
        return type(self)(self.data.double(), *self[1:])

    def cpu(self) -> PackedSequence:
        return self

    @property
    def is_cuda(self) -> bool:
        """False: this engine runs on the CPU."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """What undoes a permutation.

    >>> from autograd import tensor
    >>> invert_permutation(tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    order = permutation.tolist()
    return tensor(sorted(range(len(order)), key=order.__getitem__))


def rows_at(x: Tensor, positions: Sequence[int]) -> Tensor:
    """The rows of x at these positions."""
    if not x.is_floating_point():
        return index_select(x, 0, tensor(positions))
    shape = x.shape[1:]
    return embedding(tensor(positions), x.reshape(len(x), prod(shape))).reshape(len(positions), *shape)


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Sequences of these lengths, padded in (T, B, ...) or with ``batch_first`` in (B, T, ...), without the padding.

    Without ``enforce_sorted`` the lengths may come in any order.

    >>> from autograd import tensor
    >>> x = tensor([[1.0, 0.0, 0.0], [2.0, 3.0, 0.0]])
    >>> pack_padded_sequence(x, [1, 2], batch_first=True, enforce_sorted=False).data
    tensor([2., 1., 3.])

    Raises RuntimeError where the lengths do not fit.
    """
    if isinstance(lengths, Tensor):
        if lengths.ndim != 1:
            raise RuntimeError(
                f"'lengths' argument should be a 1D CPU int64 tensor, but got {lengths.ndim}D cpu "
                f"{lengths.dtype.title} tensor"
            )
        lengths = lengths.tolist()
    lengths = list(map(int, lengths))
    if not input.numel():
        raise RuntimeError("Cannot pack empty tensors.")
    batch, steps = input.shape[:2] if batch_first else (input.shape[1], input.shape[0])
    _check_lengths(lengths, batch, steps, enforce_sorted)
    order = range(batch) if enforce_sorted else sorted(range(batch), key=lambda b: -lengths[b])
    positions, sizes = [], []
    for t in range(max(lengths)):
        going = [b for b in order if lengths[b] > t]
        sizes.append(len(going))
        positions += [b * steps + t if batch_first else t * batch + b for b in going]
    data = rows_at(input.flatten(0, 1), positions)
    return PackedSequence(data, tensor(sizes), None if enforce_sorted else tensor(list(order)))


def _check_lengths(lengths: list[int], batch: int, steps: int, enforce_sorted: bool) -> None:
    if len(lengths) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(lengths)} (batch_size={batch})"
        )
    if min(lengths) <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if max(lengths) > steps:
        raise RuntimeError(f"Expected lengths of at most {steps}, the steps of the input, but got {max(lengths)}")
    if enforce_sorted and lengths != sorted(lengths, reverse=True):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement."
        )


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """What was packed as (T, B, ...), or with ``batch_first`` as (B, T, ...), in the order in which it was given, and
    the lengths. T is that of the longest sequence, or ``total_length``.

    >>> from autograd import tensor
    >>> pad_packed_sequence(pack_sequence([tensor([1.0, 2.0]), tensor([3.0])]), padding_value=-1)
    (tensor([[ 1.,  3.],
            [ 2., -1.]]), tensor([2, 1]))
    """
    data, sizes = sequence.data, sequence.batch_sizes.tolist()
    steps, batch = len(sizes), sizes[0]
    if total_length is not None:
        if total_length < steps:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, but got "
                f"total_length={total_length} and max sequence length being {steps}"
            )
        sizes += [0] * (total_length - steps)
    order = range(batch) if sequence.unsorted_indices is None else sequence.unsorted_indices.tolist()
    starts = [0, *accumulate(sizes)]
    at = [[start + b if b < n else len(data) for b in order] for start, n in zip(starts, sizes)]  # len(data): padding
    padded = cat([data, full((1, *data.shape[1:]), padding_value, dtype=data.dtype)])
    grid = list(zip(*at)) if batch_first else at
    y = rows_at(padded, [p for line in grid for p in line]).reshape(len(grid), len(grid[0]), *data.shape[1:])
    return y, tensor([sum(n > b for n in sizes) for b in order])


def pad_sequence(
    sequences: Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences (L, ...) side by side as (T, B, ...), or with ``batch_first`` as (B, T, ...), padded to the length of
    the longest at the right or the left.

    >>> from autograd import tensor
    >>> pad_sequence([tensor([1, 2]), tensor([3])], padding_side="left")
    tensor([[1, 0],
            [2, 3]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    given = list(sequences)
    if not given:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    longest = max(len(s) for s in given)
    whole = []
    for s in given:
        padding = full((longest - len(s), *s.shape[1:]), padding_value, dtype=s.dtype)
        whole.append(cat([s, padding] if padding_side == "right" else [padding, s]))
    return stack(whole, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences of these lengths in (T, B, ...), or with ``batch_first`` in (B, T, ...).

    >>> from autograd import tensor
    >>> unpad_sequence(tensor([[1, 2], [3, 0]]), tensor([2, 1]), batch_first=True)
    [tensor([1, 2]), tensor([3])]
    """
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[:n] for row, n in zip(rows, lengths.tolist(), strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Sequences (L, ...) packed; the longest first, unless ``enforce_sorted`` is False.

    >>> from autograd import tensor
    >>> pack_sequence([tensor([1, 2, 3]), tensor([4])]).batch_sizes
    tensor([2, 1, 1])
    """
    return pack_padded_sequence(pad_sequence(sequences), [len(s) for s in sequences], enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that were packed.

    >>> from autograd import tensor
    >>> unpack_sequence(pack_sequence([tensor([1, 2]), tensor([4])]))
    [tensor([1, 2]), tensor([4])]
    """
    return unpad_sequence(*pad_packed_sequence(packed_sequences, batch_first=True), batch_first=True)
