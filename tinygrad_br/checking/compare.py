"""Comparing all arguments of a function: which entries, which directions, and one row for each argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .ladder import FIRST_STEP, TRUST, VAGUE, Line, Slope, climb, hidden_rounding, seen_closer, shifted
from .mistakes import Case, name_mistake
from .noise import arithmetic_noise, noise_level, shaky
from .numerical import EPS, Target, entry_slopes, own_sizes, slopes, typical
from .report import Row
from .verdict import WRONG, Comparison, size_of, summary

SMALL = 256  # with more entries in all arguments together, the large ones are sampled
FEW = 16  # an argument with no more entries is never sampled
ENTRIES, DIRECTIONS = 6, 2
OTHER_STEPS = (0.17, 0.13)  # the first steps of second opinions
ENOUGH = 3  # of wrong entries without an excuse, no further ones are sought
NEIGHBOURS = 12  # so many points are looked at around a kink
SHAKES = 6  # so often the inputs are moved in each of two ways where something looks wrong
BESIDE = 2  # what looks wrong must be wrong at so many points beside, too
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


# a subject, the number of an argument, and the index of an entry in it or a direction
Place = tuple[Subject, int, Any]


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


def jiggled(subject: Subject, x: Any, size: Any = None) -> Any:
    """The point with its last bits changed, or those of numbers of another size: how far can rounding move a result?"""
    bits = subject.target.unit * subject.rng.choice([-2, -1, 1, 2], x.shape)
    return np.asarray(x + bits * (x if size is None else size))


def argument(subject: Subject, which: int, analytic: Any, moved: Sequence[Any]) -> tuple[Row, Any]:
    """The row of one argument, and its numerical gradient if all entries were compared."""
    name, shape = subject.names[which], subject.target.points[which].shape
    if analytic.shape != shape:
        row = failed(subject, wrong_shape(subject, which, analytic))
        return replace(row, argument=name, shape=shape), None
    rounding = rounding_of(subject, analytic, moved)

    def at(indices: Sequence[Any]) -> list[Comparison]:
        found = entry_slopes(subject.target, which, indices, subject.weights, subject.method)
        line, x = subject.target.entries(which, indices), subject.target.distances_from(which, indices)
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


def reconsidered(
    found: Sequence[Comparison],
    line: Line,
    x: Any,
    weights: Any,
    place: Callable[[int], Place],
    own: Callable[[], Any],
    last: bool = False,
) -> list[Comparison]:
    """Comparisons, a lane of `line` each, with second opinions on those that look wrong.

    A function may lose digits by itself, and then look different at small steps.  Else the numerical derivative is
    found again with other steps: how far the results lie apart is the least that its bound may be.  What still looks
    wrong is `shaken`, and then may have an excuse; without one it is looked at again at points beside, unless this
    is the `last` look.  `place` tells what a lane moves, `own` the noise of its arithmetic.
    """
    odd = [k for k, c in enumerate(found) if c.suspect or np.isfinite(c.slope.left + c.slope.right)]
    if not odd:
        return [*found]
    noise, arithmetic = np.zeros(len(found)), np.broadcast_to(own(), len(found))
    noise[odd] = noise_level(*some_of(odd, line, x, weights), arithmetic[odd])
    known = np.where(16 * arithmetic > noise, noise, 0)  # which is seen at the point itself, and so is certain
    found = lossy(found, line, x, weights, noise, known)
    bad = [k for k, c in enumerate(found) if c.suspect and np.isfinite(c.analytic)]
    if not bad:
        return found
    opinions = [climb(*some_of(bad, line, x, weights), first=first, noise=known[bad]) for first in OTHER_STEPS]
    unexcused = 0
    for lane, k in enumerate(bad):
        c = found[k]
        others = [opinion[lane] for opinion in opinions if opinion[lane].method == "ridders"]
        if c.slope.method != "one-sided":
            error = max([c.slope.error, *(2 * abs(s.value - c.slope.value) for s in others)])
            c = c._replace(slope=c.slope._replace(error=error))
        if c.suspect and unexcused < ENOUGH:
            here, each = partial(shifted, line, k), weights if len(weights) == 1 else weights[[k]]
            c = shaken(c, here, x[[k]], each, place(k), float(noise[k]))
            excuse = excuse_of(c, here, x[[k]], each, place(k), float(noise[k])) if c.suspect else ""
            if c.suspect and not (excuse or last or unexcused) and happens_once(c, place(k)):
                excuse = "at a point beside this one nothing is wrong: rounding made this difference"
            unexcused += c.suspect and not excuse
            c = c._replace(excuse=excuse)
        found[k] = c
    return found


def some_of(lanes: Any, line: Line, x: Any, weights: Any) -> tuple[Line, Any, Any]:
    """Some of the lanes, as a line of their own."""
    chosen = np.array(lanes, int)
    return lambda some, t: line(chosen[some], t), x[chosen], weights if len(weights) == 1 else weights[chosen]


def own_noise(subject: Subject) -> Any:
    """The noise of the function's arithmetic, with the weight of each output."""
    target = subject.target
    return abs(subject.weights) * arithmetic_noise(target.call, target.points, target.output, subject.rng)


def lossy(found: Sequence[Comparison], line: Line, x: Any, weights: Any, noise: Any, known: Any) -> list[Comparison]:
    """Comparisons with the slope beside a function's own loss of digits, its noise.

    It is looked for at steps at which the loss does not matter, and taken where it is the analytic one, or where noise
    that is known for certain leaves less of the slope that was found before.
    """
    found, losing = [*found], np.flatnonzero(noise)
    slopes = climb(*some_of(losing, line, x, weights), noise=noise[losing])
    for k, slope in zip(losing.tolist(), slopes, strict=True):
        c = found[k]._replace(slope=slope)
        before = found[k].slope
        better = known[k] > 0 and before.step > 0 and 10 * slope.error < before.error + known[k] / before.step
        if slope.method == "ridders" and slope.error <= VAGUE * abs(slope.value) and (c.badness <= 1 or better):
            found[k] = c
    return found


def shaken(c: Comparison, line: Line, x: Any, weights: Any, place: Place, own: float) -> Comparison:
    """A comparison whose bounds take in how far rounding may move the function and the gradient, whatever the step.

    A function that computes with numbers much larger than its results rounds these, so the results jump, or stand still
    where they should move.  How far is seen by moving the inputs, since a good algorithm is right for inputs close by:
    in their last bits, or, in linear algebra, as far as the last bit of the largest entry of an array (J. H. Wilkinson,
    "Rounding Errors in Algebraic Processes", 1963).  `own` is the noise of the function as far as it is known.
    """
    subject, which, index = place
    points, rng = subject.target.points, subject.rng
    shakes = [[jiggled(subject, p, TRUST / 2 * p) for p in points] for _ in range(SHAKES)]
    shakes += [[jiggled(subject, p, np.max(abs(p), initial=0.0) * (p != 0)) for p in points] for _ in range(SHAKES)]

    def noise(found: Any, middle: Any) -> Any:
        spread = abs(found - middle)
        return 4 * np.max(spread, 0, where=np.isfinite(spread), initial=0.0)

    first, middle, moving = moved_outputs(line, x)
    error, step = c.slope.error, c.slope.step
    if step > 0 and c.slope.method != "complex step":
        values = noise(subject.target.outputs(shakes, len(shakes)), middle)
        error += float(np.sum(abs(weights[0]) * values / np.where(moving, step, first)))
        error += (hidden_rounding(line, x, weights) + own) / step
    again = [[shaky(p, rng) for p in points] for _ in range(SHAKES)]
    slopes = np.array([slope_at(subject, which, index, each) for each in (*shakes, *again)])
    return c._replace(slope=c.slope._replace(error=error), rounding=max(c.rounding, float(noise(slopes, c.analytic))))


def happens_once(c: Comparison, place: Place) -> bool:
    """Whether a comparison that looks wrong is right at a point beside, where the gradient is almost the same."""
    subject, which, index = place
    points, rng, size = subject.target.points, subject.rng, 8 * np.sqrt(subject.target.unit)
    for _ in range(BESIDE):
        target = Target(subject.target.call, [np.asarray(p * (1 + size * rng.normal(size=p.shape))) for p in points])
        analytic = slope_at(subject, which, index, target.points)
        if not abs(analytic - c.analytic) <= c.gap / 10:  # it is wrong here alone
            return False
        if compared_at(subject._replace(target=target), which, index, analytic, c.rounding).judged(0)[0] != WRONG:
            return True
    return False


def compared_at(subject: Subject, which: int, index: Any, analytic: float, rounding: float) -> Comparison:
    """The comparison of one entry, or of one direction, by itself."""
    target, weights = subject.target, subject.weights.reshape(1, -1)
    with np.errstate(all="ignore"):
        if isinstance(index, tuple):
            line, x = target.entries(which, [index]), target.distances_from(which, [index])
            slopes = entry_slopes(target, which, [index], subject.weights, subject.method)
        else:
            line = target.along([[index if i == which else None for i in range(len(target.points))]])
            x = np.zeros(1, target.dtype)
            slopes = climb(line, x, weights)
        found, noise = [Comparison(index, analytic, slopes[0], rounding)], np.sum(own_noise(subject))
        return reconsidered(found, line, x, weights, lambda _: (subject, which, index), lambda: noise, last=True)[0]


def moved_outputs(line: Line, x: Any) -> tuple[Any, Any, Any]:
    """The first step, the outputs before it, and which of them it changes."""
    first = FIRST_STEP * np.maximum(abs(x), 1)
    middle, ahead, behind = line(np.zeros(3, int), first * np.array([0, 1, -1]))
    return first, middle, (ahead != middle) | (behind != middle)


def slope_at(subject: Subject, which: int, index: Any, points: Sequence[Any]) -> float:
    """An entry of the gradient under test at other points, or its product with a direction; NaN where it raises."""
    try:
        gradient = np.asarray(subject.gradient(points, subject.weights)[which])
    except Exception:  # the point lies on the edge of where the function is defined
        return np.nan
    return float(gradient[index] if isinstance(index, tuple) else np.sum(gradient * index))


def excuse_of(c: Comparison, line: Line, x: Any, weights: Any, place: Place, noise: float) -> str:
    """The reason why a derivative may be right although the numbers differ, or nothing."""
    first, _, moving = moved_outputs(line, x)
    if not moving.all() and max(abs(c.analytic), abs(c.slope.value)) * first.max() < EPS**2:
        return "so small a change is lost beside numbers of ordinary size, and some results stand still"
    subject, which, index = place
    grain = 8 * subject.target.unit * np.max(abs(subject.target.points[which]), initial=0.0)
    if not isinstance(index, tuple):
        grain = grain / np.min(abs(index), where=index != 0, initial=np.inf)
    closer = seen_closer(line, x, weights, c.analytic, c.slope, noise, float(grain))
    if closer or not np.isfinite(c.slope.left) or not np.isfinite(c.slope.right):
        return closer
    if not isinstance(index, tuple):
        return "a direction crosses several kinks"
    low, high = slopes_nearby(subject, which, index)
    if low <= c.analytic <= high:
        return f"at a kink, where slopes from {low:.6g} to {high:.6g} meet"
    return "kinks of several functions meet here, and next to it the gradient is right" if meeting(*place) else ""


def slopes_nearby(subject: Subject, which: int, index: Any) -> tuple[float, float]:
    """The least and the largest slope at points around a kink: all that lies between may be called the slope there.

    (It is a part of what F. H. Clarke calls the generalized gradient: Optimization and Nonsmooth Analysis, 1983.)
    """
    found = [slope for points in around(subject) for slope in slopes_at(subject, which, index, points)]
    slopes = [s.value for s in found if np.isfinite(s.value)]
    slack = 1e-5 * max(map(abs, slopes), default=0.0)
    return min(slopes, default=np.inf) - slack, max(slopes, default=-np.inf) + slack


def meeting(subject: Subject, which: int, index: Any) -> bool:
    """Whether a kink comes from ties between entries, more than one, and the gradient is right wherever these break.

    Where functions with kinks follow one another the chain rule may give what is no limit of slopes (S. Kakade and J.
    Lee, "Provably Correct Automatic Subdifferentiation for Qualified Programs", 2018).  A kink of the entry alone stays
    when all other entries move, and two pieces alone meet at a single tie; there the gradient has no such excuse.
    """
    gradients = [np.concatenate([np.ravel(g) for g in subject.gradient(p, subject.weights)]) for p in around(subject)]
    slack = 1e-5 * np.max(np.abs(gradients))
    pieces: list[Any] = []
    for g in gradients:
        pieces += [g] * all(np.max(abs(g - piece)) > slack for piece in pieces)
    for points in around(subject):
        points[which][index] = subject.target.points[which][index]
        for slope in slopes_at(subject, which, index, points):
            if not abs(slope_at(subject, which, index, points) - slope.value) <= slack or np.isfinite(slope.left):
                return False
    return len(pieces) > 2


def around(subject: Subject) -> list[list[Any]]:
    """Points next to that of a subject."""
    points, rng = subject.target.points, subject.rng
    return [[np.asarray(p + 1e-6 * typical(p) * rng.normal(size=p.shape)) for p in points] for _ in range(NEIGHBOURS)]


def slopes_at(subject: Subject, which: int, index: Any, points: Sequence[Any]) -> list[Slope]:
    """The numerical derivative with respect to one entry, at other points."""
    with np.errstate(all="ignore"):
        return entry_slopes(Target(subject.target.call, points), which, [index], subject.weights)


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
