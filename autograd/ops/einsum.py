"""Sums of products in Einstein's notation, as few matrix products.

>>> from autograd import tensor
>>> a = tensor([[1, 2], [3, 4]])
>>> einsum("ij,jk->ik", a, a), einsum("ii", a)
(tensor([[ 7, 10],
        [15, 22]]), tensor(5))
"""

from __future__ import annotations

import math
import string
from typing import Any

from ..op import require_tensor
from ..tensor import Tensor
from .linalg import matmul

LETTERS = string.ascii_uppercase + string.ascii_lowercase


def einsum(equation: Any, *operands: Any) -> Tensor:
    """Products of the operands, one index letter for each of their dims, summed over the letters that the output does
    not have. Without "->" the output has the letters that occur once, in order. "..." stands for dims without a letter,
    which broadcast; a letter twice in one operand takes its diagonal. Letters may be given as lists of ints after each
    operand: ``einsum(a, [0, 1], b, [1, 2], [0, 2])``.

    >>> einsum("bi,bi->b", tensor([[1, 2], [3, 4]]), tensor([[1, 1], [2, 2]]))
    tensor([ 3, 14])
    """
    if isinstance(equation, Tensor):
        equation, operands = _from_lists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    if not isinstance(equation, str):
        raise TypeError(f"einsum(): argument 'equation' must be str, not {type(equation).__name__}")
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(operands):
        more = "more" if len(operands) > len(terms) else "fewer"
        raise RuntimeError(
            f"einsum(): {more} operands were provided than specified in the equation: {len(operands)} for {equation!r}"
        )
    for x in operands:
        require_tensor("einsum", x, "operands")
    labels = [_labels(term, x.ndim, i) for i, (term, x) in enumerate(zip(terms, operands))]
    wanted = _output(output if arrow else None, labels)
    return _contract(_distinct(operands, labels), wanted)


def _from_lists(given: tuple) -> tuple[str, tuple]:
    """The equation and the operands of the form with lists of ints."""

    def term(dims) -> str:
        return "".join("..." if d is Ellipsis else LETTERS[d] for d in dims)

    operands, lists = given[: len(given) // 2 * 2 : 2], given[1::2]
    output = "->" + term(given[-1]) if len(given) % 2 else ""
    return ",".join(term(dims) for dims in lists) + output, operands


# A label is a letter, or ".n" for the n-th dim, from the right, of those an ellipsis stands for.


def _letters(term: str, where: str) -> tuple[list[str], list[str], bool]:
    """The letters before and after the ellipsis, and whether there is one."""
    before, dots, after = term.partition("...")
    for c in before + after:
        if c == ".":
            raise RuntimeError(f"einsum(): found '.' for {where} that is not part of any ellipsis")
        if c not in LETTERS:
            raise RuntimeError(f"einsum(): invalid subscript {c!r} for {where}, subscripts must be in [a-zA-Z]")
    return list(before), list(after), bool(dots)


def _labels(term: str, ndim: int, i: int) -> list[str]:
    """A label for each dim of operand i."""
    before, after, dots = _letters(term, f"operand {i}")
    more = ndim - len(before) - len(after)
    if more < 0 or (more and not dots):
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({len(before) + len(after)}) does not match the "
            f"number of dimensions ({ndim}) for operand {i}" + ("" if dots else " and no ellipsis was given")
        )
    return before + [f".{n}" for n in range(more, 0, -1)] + after


def _output(term: str | None, labels: list[list[str]]) -> list[str]:
    """The labels of the result."""
    found = [label for own in labels for label in own]
    broadcast = sorted({label for label in found if label[0] == "."}, key=lambda label: -int(label[1:]))
    if term is None:
        return broadcast + sorted(label for label in found if label[0] != "." and found.count(label) == 1)
    before, after, dots = _letters(term, "the output")
    for label in before + after:
        if label not in found:
            raise RuntimeError(
                f"einsum(): output subscript {label} does not appear in the equation for any input operand"
            )
        if (before + after).count(label) > 1:
            raise RuntimeError(f"einsum(): output subscript {label} appears more than once in the output")
    return before + (broadcast if dots else []) + after


def _distinct(operands: tuple, labels: list[list[str]]) -> list[tuple[Tensor, list[str]]]:
    """The operands with every label once, and without those dims of size 1 that broadcast."""
    parts = []
    for i, (x, own) in enumerate(zip(operands, labels)):
        own = list(own)
        for label in sorted(set(own)):
            while own.count(label) > 1:
                d1 = own.index(label)
                d2 = own.index(label, d1 + 1)
                if x.shape[d1] != x.shape[d2]:
                    raise RuntimeError(
                        f"einsum(): subscript {label} is repeated for operand {i} but the sizes don't match, "
                        f"{x.shape[d2]} != {x.shape[d1]}"
                    )
                x = x.diagonal(0, d1, d2)
                own = [other for d, other in enumerate(own) if d not in (d1, d2)] + [label]
        parts.append((x, own))
    sizes: dict[str, int] = {}
    for i, (x, own) in enumerate(parts):
        for label, n in zip(own, x.shape):
            if n != sizes.get(label, n) and 1 not in (n, sizes[label]):
                raise RuntimeError(
                    f"einsum(): subscript {label} has size {n} for operand {i} which does not broadcast with "
                    f"previously seen size {sizes[label]}"
                )
            sizes[label] = n if sizes.get(label, 1) == 1 else sizes[label]
    return [_without(x, own, [label for label, n in zip(own, x.shape) if n != sizes[label]]) for x, own in parts]


def _without(x: Tensor, labels: list[str], gone: list[str]) -> tuple[Tensor, list[str]]:
    """x summed over some of its labels."""
    if not gone:
        return x, labels
    return x.sum([labels.index(label) for label in gone]), [label for label in labels if label not in gone]


def _contract(parts: list[tuple[Tensor, list[str]]], wanted: list[str]) -> Tensor:
    """All operands multiplied, from the left, each label summed over as soon as nothing later has it."""
    (x, labels), *rest = parts
    while rest:
        (y, others), *rest = rest
        later = {label for _, own in rest for label in own} | set(wanted)
        x, labels = _without(x, labels, [label for label in labels if label not in later and label not in others])
        y, others = _without(y, others, [label for label in others if label not in later and label not in labels])
        x, labels = _product(x, labels, y, others, later)
    x, labels = _without(x, labels, [label for label in labels if label not in wanted])
    return x.permute(*[labels.index(label) for label in wanted])


def _product(x: Tensor, a: list[str], y: Tensor, b: list[str], later: set[str]) -> tuple[Tensor, list[str]]:
    """x times y, summed over the labels of both that nothing later has: one batched matrix product."""
    batch, summed = ([label for label in a if label in b and (label in later) == kept] for kept in (True, False))
    rows, columns = [label for label in a if label not in b], [label for label in b if label not in a]
    sizes = dict(zip(a, x.shape)) | dict(zip(b, y.shape))

    def matrices(t: Tensor, labels: list[str], *groups: list[str]) -> Tensor:
        ordered = t.permute(*[labels.index(label) for group in groups for label in group])
        whole = groups if batch else groups[1:]
        return ordered.reshape([math.prod(sizes[label] for label in group) for group in whole])

    left, right = matrices(x, a, batch, rows, summed), matrices(y, b, batch, summed, columns)
    product = matmul(left, right) if summed else left * right
    labels = batch + rows + columns
    return product.reshape([sizes[label] for label in labels]), labels


__all__ = ["einsum"]
METHODS: list[str] = []
