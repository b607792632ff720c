"""Rows of autograd/ops/dropout.py."""

from __future__ import annotations

from .core import Failure, Make, Row, Sample

F = "nn.functional."


def dropouts(make: Make):
    for p in (0.5, 0.0, 0.2, 1.0):
        for x in (make(3, 4), make(), make(0, 2), make(4, 3).T):
            yield Sample((x, p), note=f"p={p}")
    yield Sample((make(3, 4), 0.5, False), note="not training")


def seeded_dropout(m, x, *args):
    m.manual_seed(3)
    return m.nn.functional.dropout(x, *args)


def bad_probability(p):
    return Failure(
        lambda m: m.nn.functional.dropout(m.ones(2), p),
        (ValueError, RuntimeError),
        "dropout probability has to be between 0 and 1",
    )


def of_channels(*shapes):
    def samples(make: Make):
        for shape in shapes:
            for p in (0.5, 0.0, 1.0):
                yield Sample((make(*shape), p, True), note=f"{shape}, p={p}")
            yield Sample((make(*shape), 0.5, False), note=f"{shape}, not training")

    return samples


def seeded(name: str):
    def call(m, x, *args):
        m.manual_seed(3)
        return getattr(m.nn.functional, name)(x, *args)

    return call


def channels(name: str, *shapes, failures=()) -> Row:
    return Row(F + name, of_channels(*shapes), None, call=seeded(name), failures=failures)


ROWS = [
    Row(
        F + "dropout",
        dropouts,
        None,
        call=seeded_dropout,
        failures=(
            bad_probability(1.5),
            bad_probability(-0.1),
            bad_probability(float("nan")),
        ),
    ),
    channels(
        "dropout1d",
        (2, 3, 4),
        (3, 4),
        failures=(
            Failure(lambda m: m.nn.functional.dropout1d(m.ones(2)), RuntimeError, "dropout1d: Expected 2D or 3D input"),
        ),
    ),
    channels("dropout2d", (2, 3, 2, 2)),
    channels("dropout3d", (2, 3, 1, 2, 2), (3, 1, 2, 2)),
    channels(
        "alpha_dropout",
        (3, 4),
        failures=(
            Failure(
                lambda m: m.nn.functional.alpha_dropout(m.ones(3), 2.0),
                ValueError,
                "dropout probability has to be between 0 and 1, but got 2.0",
            ),
        ),
    ),
    channels("feature_alpha_dropout", (2, 3, 2)),
]
