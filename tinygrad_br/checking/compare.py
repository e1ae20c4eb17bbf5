"""Comparing all arguments of a function: which entries, which directions, and one row for each argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .ladder import climb
from .mistakes import Case, name_mistake
from .numerical import entry_slopes, own_sizes, slopes
from .opinions import reconsidered
from .report import Row
from .subject import Subject, jiggled, own_noise
from .verdict import WRONG, Comparison, size_of, summary

SMALL = 256  # with more entries in all arguments together, the large ones are sampled
FEW = 16  # an argument with no more entries is never sampled
ENTRIES, DIRECTIONS = 6, 2
NAMEABLE = 100  # mistakes are named from all entries, so for larger arguments they are not


def compare(subject: Subject, mode: str, f: Callable[..., Any] | None) -> list[Row]:
    """One row for each argument; forward mode needs the function `f` itself."""
    arguments = range(len(subject.target.points))
    if mode == "forward":
        if f is None:
            raise ValueError("forward mode differentiates functions of Values; leave gradient= or mode= away")
        return [forward_row(subject, f, i) for i in arguments]
    around = gradients_around(subject)
    if isinstance(around[0], Row):
        return around
    found = [argument(subject, i, *each) for i, each in enumerate(around)]
    rows = [row for row, _ in found]
    analytic = [each[0] for each in around]
    if subject.target.output.size == 1 and all(row.verdict != WRONG for row in rows):
        rows = linear(subject, analytic, rows)
    return [named(subject, i, rows, analytic[i], found) for i in arguments]


def gradients_around(subject: Subject) -> list[Any]:
    """For each argument the gradient under test, and two more for points moved in their last bits; or a wrong row."""
    points, weights = subject.target.points, subject.weights
    try:
        analytic = subject.gradient(points, weights)
    except ValueError as error:
        return [failed(subject, str(error))]
    moved = []
    for _ in range(2):
        try:
            moved.append(subject.gradient([jiggled(subject, p) for p in points], weights))
        except Exception:  # the point lies on the edge of where the function is defined
            moved.append(analytic)
    if len(analytic) != len(points):
        return [failed(subject, f"{len(analytic)} gradients came for {len(points)} arguments")]
    return [(np.asarray(a), [np.asarray(m[i]) for m in moved]) for i, a in enumerate(analytic)]


def failed(subject: Subject, message: str) -> Row:
    nan = float("nan")
    return Row("all", (), WRONG, (), nan, nan, nan, 0.0, 0.0, "none", message, order=subject.order, mistake="shape")


def argument(subject: Subject, which: int, analytic: Any, moved: Sequence[Any]) -> tuple[Row, Any]:
    """The row of one argument, and its numerical gradient if all entries were compared."""
    name, shape = subject.names[which], subject.target.points[which].shape
    if analytic.shape != shape:
        row = failed(subject, wrong_shape(subject, which, analytic))
        return replace(row, argument=name, shape=shape), None
    rounding = rounding_of(subject, analytic, moved)

    def at(indices: Sequence[Any]) -> list[Comparison]:
        found = entry_slopes(subject.target, which, indices, subject.weights, subject.method)
        line, x = subject.target.entries(which, indices), subject.target.numbers_at(which, indices)
        comparisons = [
            Comparison(i, float(analytic[i]), s, float(rounding[i])) for i, s in zip(indices, found, strict=True)
        ]
        return reconsidered(
            comparisons, line, x, subject.weights.reshape(1, -1), lambda k: (subject, which, indices[k]),
            lambda: np.sum(own_noise(subject)),
        )  # fmt: skip

    everything = [*np.ndindex(shape)]
    if subject.exhaustive or len(everything) <= FEW or sum(p.size for p in subject.target.points) <= SMALL:
        found, how = at(everything), f"all {len(everything)}"
        numeric = np.array([c.slope.value for c in found]).reshape(shape)
        return summary(name, shape, found, how, subject.order, "reverse"), numeric
    largest = np.argsort(abs(analytic), axis=None)[-ENTRIES // 2 :]
    others = subject.rng.choice(len(everything), ENTRIES - len(largest), replace=False)
    entries = at([everything[k] for k in dict.fromkeys([*largest.tolist(), *others.tolist()])])
    how = f"{len(entries)} of {len(everything)}, {DIRECTIONS} directions"
    sizes = own_sizes(subject.target.points[which])
    directions = [subject.rng.normal(size=shape) * sizes for _ in range(DIRECTIONS)]
    sums = along(subject, which, directions, analytic, rounding)
    missed = [d for d, c in zip(directions, sums, strict=True) if c.judged(size_of([c]))[0] == WRONG]
    if missed and not any(c.judged(size_of(entries))[0] == WRONG for c in entries):
        entries += at([located(subject, which, missed[0], analytic, rounding)])
    row = summary(name, shape, entries, how, subject.order, "reverse")
    if row.verdict != WRONG:
        rows = [row, *(summary(name, shape, [c], how, subject.order, "reverse") for c in sums)]
        row = next((r for r in rows if r.verdict == WRONG), row)
    return row, None


def rounding_of(subject: Subject, analytic: Any, moved: Sequence[Any], axes: Any = None) -> Any:
    """How far rounding may have moved each entry of a gradient, whose size is that of its largest entry along axes."""
    size = np.max(abs(analytic), axis=axes, initial=0.0, where=np.isfinite(analytic), keepdims=True)
    with np.errstate(all="ignore"):
        spread = np.max([abs(m - analytic) for m in moved], axis=0)
        unit = subject.target.unit
        return 4 * np.where(np.isfinite(spread), spread, 0) + unit * (8 * abs(analytic) + 4 * size)


def along(subject: Subject, which: int, directions: Sequence[Any], analytic: Any, rounding: Any) -> list[Comparison]:
    """The comparisons along directions, to which all entries contribute."""
    ways = [[d if i == which else None for i in range(len(subject.target.points))] for d in directions]
    target, weights = subject.target, subject.weights.reshape(1, -1)
    line, x = target.along(ways), np.zeros(len(ways), target.dtype)
    found = [
        Comparison(
            f"direction {k}", float(np.sum(analytic * d)), s,
            float(np.sum(rounding * abs(d))) + target.unit * float(np.sum(abs(analytic * d))),
        )
        for k, (d, s) in enumerate(zip(directions, climb(line, x, weights), strict=True))
    ]  # fmt: skip
    return reconsidered(
        found, line, x, weights, lambda k: (subject, which, directions[k]), lambda: np.sum(own_noise(subject))
    )


def located(subject: Subject, which: int, direction: Any, analytic: Any, rounding: Any) -> tuple[int, ...]:
    """The index of a wrong entry, by halving the set of entries that a wrong direction has."""
    indices = np.arange(direction.size)
    while len(indices) > 1:
        half = indices[: len(indices) // 2]
        part = np.zeros(direction.size)
        part[half] = direction.ravel()[half]
        [c] = along(subject, which, [part.reshape(direction.shape)], analytic, rounding)
        indices = half if c.badness > 1 else indices[len(half) :]
    return tuple(int(i) for i in np.unravel_index(indices[0], direction.shape))


def wrong_shape(subject: Subject, which: int, analytic: Any) -> str:
    """What is wrong with a gradient of another shape than its argument."""
    shape = subject.target.points[which].shape
    text = f"the gradient has shape {analytic.shape}, but the argument has {shape}"
    for axis in range(analytic.ndim):
        if analytic.sum(axis).shape == shape:
            numeric = slopes(subject.target, which, subject.weights, "ridders")
            values = np.array([s.value for s in numeric.flat], float).reshape(shape)
            if np.allclose(analytic.sum(axis), values, rtol=1e-6):
                return f"{text}: axis {axis} is not summed"
    return text


def linear(subject: Subject, analytic: Sequence[Any], rows: list[Row]) -> list[Row]:
    """The rows of a function with one output, whose cotangent 1 would hide a rule that does not use it."""
    doubled = subject.gradient(subject.target.points, 2 * subject.weights)
    for i, row in enumerate(rows):
        expected = 2 * np.asarray(analytic[i])
        wrong = ~np.isclose(np.asarray(doubled[i]), expected, rtol=1e-6, atol=0, equal_nan=True)
        if np.any(wrong):
            index = tuple(int(k) for k in np.argwhere(wrong)[0])
            a = float(np.asarray(doubled[i])[index])
            cause = "for the cotangent 2 the gradient is not twice as large: the cotangent g is not used as a factor"
            rows[i] = replace(row,
                verdict=WRONG, index=index, analytic=a, numeric=float(expected[index]), digits=0.0, cause=cause,
                mistake="cotangent", wrong=int(wrong.sum()),
            )  # fmt: skip
    return rows


def named(subject: Subject, which: int, rows: Sequence[Row], analytic: Any, found: Sequence[tuple[Row, Any]]) -> Row:
    """The row with the name of its mistake, where it is wrong and shows a typical one."""
    row, numeric = rows[which], found[which][1]
    if row.verdict != WRONG or row.mistake:
        return row
    if subject.order > 1 and all(r.verdict == WRONG or r.order > 1 for r in rows):
        cause = "; the rule uses numbers where it should use Values, or one of its functions has a wrong rule"
        return replace(row, cause=f"wrong at order {subject.order}{cause}", mistake="order of derivative")
    if numeric is None or numeric.size > NAMEABLE:
        return row
    everything = [n if n is not None else np.full(r.shape, np.nan) for r, n in found]
    case = Case(subject.target, subject.gradient, subject.weights, analytic, everything, which)
    mistake, sentence = name_mistake(case)
    return replace(row, mistake=mistake, cause="; ".join(filter(None, [row.cause, sentence])))


def forward_row(subject: Subject, f: Callable[..., Any], which: int) -> Row:
    """The row of an argument in forward mode: the outputs' derivatives along a random direction in it."""
    from ..transforms import jvp

    target, rng = subject.target, subject.rng
    shape = target.points[which].shape
    direction = rng.normal(size=shape) * own_sizes(target.points[which])

    def tangent(points: Sequence[Any]) -> Any:
        tangents = [direction if i == which else np.zeros_like(p) for i, p in enumerate(points)]
        _, found = jvp(f, tuple(p[()] for p in points), tuple(t[()] for t in tangents))
        return np.asarray(getattr(found, "_data", found))

    analytic = tangent(target.points)
    moved = [tangent([jiggled(subject, p) for p in target.points]) for _ in range(2)]
    rounding = rounding_of(subject, analytic, moved)
    everything = [*np.ndindex(analytic.shape)]
    count = len(everything) if subject.exhaustive else min(len(everything), FEW)
    chosen = sorted(rng.choice(len(everything), count, replace=False).tolist())
    units = np.zeros((count, len(everything)))
    units[np.arange(count), chosen] = 1
    line = target.along([[direction if i == which else None for i in range(len(target.points))]])

    def at(lanes: Any, t: Any) -> Any:
        """All outputs at once, whatever the lane."""
        ways, place = np.unique(t, return_inverse=True)
        return line(np.zeros(len(ways), int), ways)[place]

    found = [
        Comparison(everything[k], float(analytic[everything[k]]), s, float(rounding[everything[k]]))
        for k, s in zip(chosen, climb(at, np.zeros(count), units), strict=True)
    ]
    how = f"{count} of {len(everything)} outputs along a direction"
    return summary(subject.names[which], shape, found, how, subject.order, "forward")
