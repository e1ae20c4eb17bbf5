"""Comparing all arguments of a function: which entries, which directions, and one row for each argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from .ladder import Slope, seen_below, slope
from .mistakes import Case, name_mistake
from .numerical import EPS, Target, entry_slope, slopes, typical
from .report import Row
from .verdict import WRONG, Comparison, size_of, summary

SMALL = 256  # with more entries in all arguments together, the large ones are sampled
FEW = 16  # an argument with no more entries is never sampled
ENTRIES, DIRECTIONS = 6, 2
NAMEABLE = 100  # mistakes are named from all entries, so for larger arguments they are not


class Subject(NamedTuple):
    """What is compared: `gradient(points, weights)` with the numerical derivatives of `target`."""

    target: Target
    gradient: Callable[[Sequence[Any], Any], Sequence[Any]]
    names: Sequence[str]
    weights: Any
    rng: np.random.Generator
    order: int = 1
    method: str = "ridders"
    exhaustive: bool = False

    def slope_along(self, which: int, direction: Any, weights: Any = None) -> Slope:
        """The numerical derivative along a direction in one argument."""
        directions = [direction if i == which else None for i in range(len(self.target.points))]
        with np.errstate(all="ignore"):
            weights = self.weights if weights is None else weights
            return slope(self.target.along(directions), np.float64(0), weights)


def compare(subject: Subject, mode: str, f: Callable[..., Any] | None) -> list[Row]:
    """One row for each argument; forward mode needs the function `f` itself."""
    arguments = range(len(subject.target.points))
    if mode == "forward":
        if f is None:
            raise ValueError("forward mode differentiates functions of Values; leave gradient= or mode= away")
        return [forward_row(subject, f, i) for i in arguments]
    try:
        analytic = subject.gradient(subject.target.points, subject.weights)
        moved = [subject.gradient([jiggled(p, subject.rng) for p in subject.target.points], subject.weights)
                 for _ in range(2)]  # fmt: skip
    except ValueError as error:
        return [failed(subject, str(error))]
    if len(analytic) != len(arguments):
        return [failed(subject, f"{len(analytic)} gradients came for {len(arguments)} arguments")]
    found = [
        argument(subject, i, np.asarray(analytic[i]), [np.asarray(m[i]) for m in moved]) for i in arguments
    ]  # fmt: skip
    rows = [row for row, _ in found]
    if subject.target.output.size == 1 and all(row.verdict != WRONG for row in rows):
        rows = linear(subject, analytic, rows)
    return [named(subject, i, rows, np.asarray(analytic[i]), found) for i in arguments]


def failed(subject: Subject, message: str) -> Row:
    nan = float("nan")
    return Row("all", (), WRONG, (), nan, nan, nan, 0.0, 0.0, "none", message, order=subject.order, mistake="shape")


def jiggled(x: Any, rng: np.random.Generator) -> Any:
    """The point with its last bits changed, which shows how far rounding can move a result."""
    return x * (1 + EPS * rng.integers(-2, 3, x.shape))


def argument(subject: Subject, which: int, analytic: Any, moved: Sequence[Any]) -> tuple[Row, Any]:
    """The row of one argument, and its numerical gradient if all entries were compared."""
    name, shape = subject.names[which], subject.target.points[which].shape
    if analytic.shape != shape:
        row = failed(subject, wrong_shape(subject, which, analytic))
        return replace(row, argument=name, shape=shape), None
    size = float(np.max(abs(analytic), initial=0.0, where=np.isfinite(analytic)))
    with np.errstate(all="ignore"):
        spread = np.max([abs(m - analytic) for m in moved], axis=0)
    rounding = 4 * np.where(np.isfinite(spread), spread, 0) + EPS * (8 * abs(analytic) + 4 * size)

    def at(index: Any) -> Comparison:
        s = entry_slope(subject.target, which, index, subject.weights, subject.method)
        c = Comparison(index, float(analytic[index]), s, float(rounding[index]))
        if c.badness > 1:
            with np.errstate(all="ignore"):
                line, x = subject.target.entry(which, index), subject.target.points[which][index]
                if seen_below(line, x, subject.weights, c.analytic, s.value):
                    c = c._replace(slope=s._replace(others=((c.analytic, 0.0),)))
        return c

    everything = [*np.ndindex(shape)]
    if subject.exhaustive or len(everything) <= FEW or sum(p.size for p in subject.target.points) <= SMALL:
        found, how = [at(index) for index in everything], f"all {len(everything)}"
        numeric = np.array([c.slope.value for c in found]).reshape(shape)
        return summary(name, shape, found, how, subject.order, "reverse"), numeric
    largest = np.argsort(abs(analytic), axis=None)[-ENTRIES // 2 :]
    others = subject.rng.choice(len(everything), ENTRIES - len(largest), replace=False)
    found = [at(everything[k]) for k in dict.fromkeys([*largest.tolist(), *others.tolist()])]
    how = f"{len(found)} of {len(everything)}, {DIRECTIONS} directions"
    for k in range(DIRECTIONS):
        direction = subject.rng.normal(size=shape) * typical(subject.target.points[which])
        c = along(subject, which, direction, analytic, rounding, f"direction {k}")
        found.append(c)
        if c.judged(size_of([c]))[0] == WRONG and not any(f.judged(size_of(found))[0] == WRONG for f in found[:-1]):
            found.append(at(located(subject, which, direction, analytic, rounding)))
            break
    entries = [c for c in found if not isinstance(c.index, str)]
    row = summary(name, shape, entries, how, subject.order, "reverse")
    if row.verdict != WRONG:
        rows = [row, *(summary(name, shape, [c], how, subject.order, "reverse") for c in found if c not in entries)]
        row = next((r for r in rows if r.verdict == WRONG), row)
    return row, None


def along(subject: Subject, which: int, direction: Any, analytic: Any, rounding: Any, name: str) -> Comparison:
    """The comparison along a direction, to which all entries contribute."""
    s = subject.slope_along(which, direction)
    noise = float(np.sum(rounding * abs(direction))) + EPS * float(np.sum(abs(analytic * direction)))
    return Comparison(name, float(np.sum(analytic * direction)), s, noise)


def located(subject: Subject, which: int, direction: Any, analytic: Any, rounding: Any) -> tuple[int, ...]:
    """The index of a wrong entry, by halving the set of entries that a wrong direction has."""
    indices = np.arange(direction.size)
    while len(indices) > 1:
        half = indices[: len(indices) // 2]
        part = np.zeros(direction.size)
        part[half] = direction.ravel()[half]
        c = along(subject, which, part.reshape(direction.shape), analytic, rounding, "")
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
    direction = rng.normal(size=shape) * typical(target.points[which])

    def tangent(points: Sequence[Any]) -> Any:
        tangents = [direction if i == which else np.zeros_like(p) for i, p in enumerate(points)]
        _, found = jvp(f, tuple(p[()] for p in points), tuple(t[()] for t in tangents))
        return np.asarray(getattr(found, "_data", found))

    analytic = tangent(target.points)
    moved = [tangent([jiggled(p, rng) for p in target.points]) for _ in range(2)]
    spread = np.max([abs(m - analytic) for m in moved], axis=0)
    rounding = 4 * np.where(np.isfinite(spread), spread, 0) + EPS * (
        8 * abs(analytic) + 4 * np.max(abs(analytic), initial=0)
    )
    everything = [*np.ndindex(analytic.shape)]
    count = len(everything) if subject.exhaustive else min(len(everything), FEW)
    found = []
    for k in sorted(rng.choice(len(everything), count, replace=False)):
        unit = np.zeros(analytic.shape)
        unit[everything[k]] = 1
        s = subject.slope_along(which, direction, unit)
        found.append(Comparison(everything[k], float(analytic[everything[k]]), s, float(rounding[everything[k]])))
    how = f"{count} of {len(everything)} outputs along a direction"
    return summary(subject.names[which], shape, found, how, subject.order, "forward")
