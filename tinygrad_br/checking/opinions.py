"""Second opinions on derivatives that look wrong: what may rounding, kinks, or the chosen steps have to do with it?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from .closer import Noise, hidden_rounding, seen_closer
from .ladder import FIRST_STEP, TRUST, VAGUE, Line, Slope, climb, shifted
from .noise import noise_level, shaky
from .numerical import EPS, Target, entry_slopes, typical
from .subject import Place, Subject, jiggled, own_noise, slope_at
from .verdict import WRONG, Comparison

OTHER_STEPS = (0.17, 0.13)  # the first steps of second opinions
ENOUGH = 3  # of wrong entries without an excuse, no further ones are sought
NEIGHBOURS = 12  # so many points are looked at around a kink
SHAKES = 6  # so often the inputs are moved in each of two ways where something looks wrong
BESIDE = 2  # what looks wrong must be wrong at so many points beside, too
ALONG, DEGREE = 64, 4  # to so many gradients within the steps a polynomial of this degree is fitted


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
    is the `last` look.  `place` tells what a lane moves, `own` gives the noise of the arithmetic.
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
            noises = Noise(float(noise[k]), float(known[k]), grain_of(*place(k)))
            excuse = excuse_of(c, here, x[[k]], each, place(k), noises) if c.suspect else ""
            if c.suspect and not (excuse or last or unexcused):
                excuse = excuse_beside(c, place(k), bool(noise[k]))
            unexcused += c.suspect and not excuse
            c = c._replace(excuse=excuse)
        found[k] = c
    return found


def some_of(lanes: Any, line: Line, x: Any, weights: Any) -> tuple[Line, Any, Any]:
    """Some of the lanes, as a line of their own."""
    chosen = np.array(lanes, int)
    return lambda some, t: line(chosen[some], t), x[chosen], weights if len(weights) == 1 else weights[chosen]


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


def excuse_beside(c: Comparison, place: Place, noisy: bool) -> str:
    """The reason that points beside give why a derivative may be right although the numbers differ, or nothing."""
    subject, which, index = place
    points, rng, size = subject.target.points, subject.rng, 8 * np.sqrt(subject.target.unit)
    for _ in range(BESIDE):
        target = Target(subject.target.call, [np.asarray(p * (1 + size * rng.normal(size=p.shape))) for p in points])
        analytic = slope_at(subject, which, index, target.points)
        if not abs(analytic - c.analytic) <= c.gap / 10:
            wavy = noisy and fits(c, place)
            return "the gradient goes up and down within the steps, and fits on average" if wavy else ""
        if compared_at(subject._replace(target=target), which, index, analytic, c.rounding).judged(0)[0] != WRONG:
            return "at a point beside this one nothing is wrong: rounding made this difference"
    return ""


def fits(c: Comparison, place: Place) -> bool:
    """Whether the gradient, within the steps of the numerical derivative, goes up and down around this.

    Waves of the function that are finer than these steps, and smaller than its noise, are seen in the gradient alone.
    A polynomial is fitted to it along the line: its residuals must be as large as what seems wrong, and let its middle
    be the numerical derivative.
    """
    subject, which, index = place
    parts, gradients = subject.rng.uniform(-1, 1, ALONG), []
    for part in parts:
        points = [np.array(p) for p in subject.target.points]
        if isinstance(index, tuple):
            points[which][index] += part * c.slope.step
        else:
            points[which] += part * c.slope.step * index
        gradients.append(slope_at(subject, which, index, points))
    if not np.all(np.isfinite(gradients)):
        return False
    powers = np.vander(parts, DEGREE + 1, increasing=True)
    smooth = np.linalg.pinv(powers) @ gradients
    residual = np.sqrt(np.sum((gradients - powers @ smooth) ** 2) / (ALONG - DEGREE - 1))
    deviation = residual * np.sqrt(np.linalg.inv(powers.T @ powers)[0, 0])
    return bool(residual > c.gap / 4 and abs(smooth[0] - c.slope.value) <= 3 * deviation)


def compared_at(subject: Subject, which: int, index: Any, analytic: float, rounding: float) -> Comparison:
    """The comparison of one entry, or of one direction, by itself."""
    target, weights = subject.target, subject.weights.reshape(1, -1)
    with np.errstate(all="ignore"):
        if isinstance(index, tuple):
            line, x = target.entries(which, [index]), target.numbers_at(which, [index])
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


def excuse_of(c: Comparison, line: Line, x: Any, weights: Any, place: Place, noise: Noise) -> str:
    """The reason why a derivative may be right although the numbers differ, or nothing."""
    first, _, moving = moved_outputs(line, x)
    if not moving.all() and max(abs(c.analytic), abs(c.slope.value)) * first.max() < EPS**2:
        return "so small a change is lost beside numbers of ordinary size, and some results stand still"
    subject, which, index = place
    closer = seen_closer(line, x, weights, c.analytic, c.slope, noise)
    if closer or not np.isfinite(c.slope.left) or not np.isfinite(c.slope.right):
        return closer
    if not isinstance(index, tuple):
        return "a direction crosses several kinks"
    low, high = slopes_nearby(subject, which, index)
    if low <= c.analytic <= high:
        return f"at a kink, where slopes from {low:.6g} to {high:.6g} meet"
    return "kinks of several functions meet here, and next to it the gradient is right" if meeting(*place) else ""


def grain_of(subject: Subject, which: int, index: Any) -> float:
    """Steps that are lost beside the largest number of the array."""
    grain = 8 * subject.target.unit * np.max(abs(subject.target.points[which]), initial=0.0)
    if not isinstance(index, tuple):
        grain = grain / np.min(abs(index), where=index != 0, initial=np.inf)
    return float(grain)


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
