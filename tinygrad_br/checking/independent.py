"""Functions whose rows are independent: each row of the output depends on the same row of the arguments alone.

All rows are moved at once, so thousands of inputs are checked in the time of a few, each one judged by itself.  An
elementwise function is such a function, each entry being a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import isfinite
from typing import Any

import numpy as np

from .compare import SMALL, compare, gradients_around, rounding_of
from .ladder import Line, climb
from .numerical import Target
from .opinions import reconsidered
from .report import Row
from .subject import Place, Subject, own_noise
from .verdict import WRONG, Comparison, summary

KINDS = ("entries", "rows")


class Batch(Target):
    """A function that is called with many rows, or with some of them."""

    def outputs_at(self, arrays: Sequence[Any]) -> Any:
        """The outputs, a row for each row of the arguments; NaN where the function raises or changes its shape."""
        count = len(arrays[0])
        try:
            output = self.call(*arrays)
        except Exception:  # it did not raise for the rows as they are
            output = None
        if output is None or output.shape != (count, *self.output.shape[1:]):
            return np.full((count, self.output.size // len(self.output)), np.nan)
        return output.reshape(count, -1)

    def line(self, which: int, rows: Any, entries: Any) -> Line:
        """The outputs as functions of the distances by which entries of some rows of an argument are moved."""

        def at(lanes: Any, t: Any) -> Any:
            arrays = [p[rows[lanes]] for p in self.points]
            arrays[which].reshape(len(lanes), -1)[np.arange(len(lanes)), entries[lanes]] += t
            return self.outputs_at(arrays)

        return at

    def line_along(self, which: int, rows: Any, direction: Any) -> Line:
        """The outputs as functions of the ways that some rows of an argument go in a direction."""

        def at(lanes: Any, t: Any) -> Any:
            arrays = [p[rows[lanes]] for p in self.points]
            arrays[which] += direction[rows[lanes]] * t.reshape(-1, *[1] * (direction.ndim - 1))
            return self.outputs_at(arrays)

        return at


def in_rows(points: Sequence[Any], kind: str, order: int, mode: str) -> list[Any]:
    """The arguments with a row for everything that is independent.

    Raises ValueError if the arguments have not equally many rows, or what is asked for is unknown.
    """
    if kind not in KINDS or (order, mode) != (1, "reverse"):
        raise ValueError(f"independent is 'entries' or 'rows', at order 1 in reverse mode, but got {kind!r}")
    if kind == "entries":
        return [p.ravel() for p in np.broadcast_arrays(*points)]
    if any(p.ndim == 0 or len(p) != len(points[0]) for p in points):
        shapes = " and ".join(str(p.shape) for p in points)
        raise ValueError(f"independent rows need arguments with the same first axis, but got shapes {shapes}")
    return [*points]


def check_independence(subject: Subject) -> None:
    """Raise ValueError if the output has no rows, or these depend on other rows of the arguments."""
    target, rng = subject.target, subject.rng
    count, output = len(target.points[0]), target.output
    if output.ndim == 0 or len(output) != count:
        raise ValueError(f"{count} independent rows went in, but the output has shape {output.shape}")
    part = rng.permutation(count)[: count // 2 + 1]
    with np.errstate(all="ignore"):
        found = target.call(*(p[part] for p in target.points))
        if found.shape != output[part].shape or not np.allclose(found, output[part], rtol=1e-9, equal_nan=True):
            raise ValueError("the rows of the output depend on other rows, so these are not independent")


def compare_rows(subject: Subject) -> list[Row]:
    """One row of the report for each argument, with the verdict on the worst of its rows."""
    check_independence(subject)
    found = gradients_around(subject)
    return found if isinstance(found[0], Row) else [argument(subject, i, *each) for i, each in enumerate(found)]


def argument(subject: Subject, which: int, analytic: Any, moved: Sequence[Any]) -> Row:
    """The verdict on one argument: on all entries of all rows; or, if there are many, on a sample.

    Of a sample each row has its part: an entry or a direction in one of the arguments.
    """
    target: Any = subject.target
    shape, arguments = target.points[which].shape, len(target.points)
    count, width = shape[0], int(np.prod(shape[1:]))
    gradient, points = analytic.reshape(count, width), target.points[which].reshape(count, width)
    rounding = rounding_of(subject, gradient, [m.reshape(count, width) for m in moved], 1)
    sizes = np.max(abs(gradient), 1, initial=0.0, where=np.isfinite(gradient))
    weights, rows = subject.weights.reshape(count, -1), np.arange(count)
    sampled = width > 1 and not subject.exhaustive and sum(p.size for p in target.points) > SMALL
    owners = rows[which :: 2 * arguments] if sampled else np.repeat(rows, width)
    entries = subject.rng.integers(width, size=len(owners)) if sampled else np.tile(np.arange(width), count)
    line, x, each = target.line(which, owners, entries), points[owners, entries].astype(target.dtype), weights[owners]
    inner = np.transpose(np.unravel_index(entries, shape[1:])) if shape[1:] else np.empty((count, 0))
    places = [(k, *map(int, index)) for k, index in zip(owners.tolist(), inner, strict=True)]
    slopes = climb(line, x, each) if len(x) else []
    gradients, noise = gradient[owners, entries].tolist(), rounding[owners, entries].tolist()
    compared = [*map(Comparison, places, gradients, slopes, noise)]
    place: Any = partial(place_alone, subject, which, places)
    found = reconsidered(compared, line, x, each, place, partial(noise_of, subject, owners))
    scales = [max(sizes[c.index[0]], abs(c.slope.value) if isfinite(c.slope.value) else 0) for c in found]
    how = f"all {count * width} by themselves"
    if sampled:
        owners = rows[which + arguments :: 2 * arguments]
        scale = np.max(abs(points), 1, keepdims=True)
        far = np.where(points == 0, np.where(scale > 0, scale, 1), abs(points))
        direction = subject.rng.normal(size=points.shape) * far
        products, x = (gradient * direction)[owners], np.zeros(len(owners), target.dtype)
        line, each = target.line_along(which, owners, direction.reshape(shape)), weights[owners]
        noise = np.sum((rounding * abs(direction))[owners], 1) + target.unit * np.sum(abs(products), 1)
        names = [f"row {k}, a direction" for k in owners]
        compared = [*map(Comparison, names, np.sum(products, 1).tolist(), climb(line, x, each), noise.tolist())]
        place = partial(direction_alone, subject, which, owners, direction)
        directions = reconsidered(compared, line, x, each, place, partial(noise_of, subject, owners))
        scales += [max(abs(c.analytic), abs(c.slope.value)) for c in directions]
        how = f"{len(found)} rows with 1 of {width} entries, {len(owners)} with a direction"
        found += directions
    row = summary(subject.names[which], shape, found, how, subject.order, "reverse", scales)
    return named(subject, which, row) if row.verdict == WRONG else row


def noise_of(subject: Subject, owners: Any) -> Any:
    """The noise of the function's arithmetic in some of the rows."""
    return np.sum(own_noise(subject).reshape(len(subject.weights), -1), 1)[owners]


def place_alone(subject: Subject, which: int, places: Sequence[tuple[int, ...]], k: int) -> Place:
    """A row as a subject of its own, and the place of an entry in it."""
    return alone(subject, places[k][0]), which, (0, *places[k][1:])


def direction_alone(subject: Subject, which: int, owners: Any, direction: Any, k: int) -> Place:
    """A row as a subject of its own, and a direction in it."""
    shape = subject.target.points[which].shape[1:]
    return alone(subject, owners[k]), which, direction[owners[k]].reshape(1, *shape)


def alone(subject: Subject, row: int) -> Subject:
    """One row as a subject of its own."""
    points = [p[row : row + 1] for p in subject.target.points]
    return subject._replace(target=Target(subject.target.call, points), weights=subject.weights[row : row + 1])


def named(subject: Subject, which: int, row: Row) -> Row:
    """The row with the name of its mistake, from an ordinary check of its worst row."""
    found = compare(alone(subject, row.index[0] if isinstance(row.index, tuple) else int(row.index.split(",")[0][4:])),
                    "reverse", None)  # fmt: skip
    wrong = found[which] if which < len(found) else found[0]
    return replace(row, cause=row.cause or wrong.cause, mistake=row.mistake or wrong.mistake)
