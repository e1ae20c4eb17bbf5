"""The derivative of a function of one number, with a bound on its error.

Central differences at ever smaller steps are extrapolated to step zero: Neville's scheme in the square of the step,
Richardson's idea in Ridders' form (C. J. F. Ridders, Advances in Engineering Software 4, 1982).  Of all entries of the
tableau the one with the smallest bound is taken.  The bound of an entry is the sum of

* its truncation: how far it is from the entries that it was extrapolated from;
* its noise: the rounding of the function's values, divided by the step and carried through the extrapolation.  What
  the function's own arithmetic adds to the rounding of its result is measured at the smallest steps.

Three things would fool such a scheme, and each is looked for.  An oscillation that is finer than all steps, or a kink
that is nearer than all steps: the result is compared with differences at steps of a few units in the last place, and
when these disagree the ladder goes on downwards.  A kink at the point itself, where central differences converge to the
mean of two slopes: the one-sided derivatives are extrapolated from the same values.  The ratio of the steps is no
round number, so that no period of the function is a multiple of all steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

RATIO = 1.9
FIRST_STEP = 0.23
COLUMNS = 9
ROWS = 120
PROBES = 5


class Slope(NamedTuple):
    """A derivative and a bound on its error; `left` and `right` differ from it at kinks, `step` is the best step."""

    value: float
    error: float
    method: str
    reason: str
    step: float = 0.0
    left: float = np.nan
    right: float = np.nan


class Entry(NamedTuple):
    value: Any
    truncation: Any
    noise: Any
    step: Any

    def bound(self, factor: Any) -> Any:
        return 2 * self.truncation + factor * self.noise


class Tableau:
    """Neville's extrapolation to step zero of estimates whose error is a series in step**power."""

    def __init__(self, power: int) -> None:
        self.power = power
        self.steps: list[Any] = []
        self.row: list[Any] = []
        self.noise: list[Any] = []
        self.entries: list[Entry] = []

    def add(self, step: Any, estimate: Any, noise: Any) -> None:
        row, noises = [estimate], [noise]
        self.steps.append(step)
        if self.row:
            self.entries.append(Entry(estimate, abs(estimate - self.row[0]), noise, step))
        for j in range(1, min(len(self.row) + 1, COLUMNS)):
            weight = 1 / ((self.steps[-1 - j] / step) ** self.power - 1)
            row.append(row[-1] + weight * (row[-1] - self.row[j - 1]))
            noises.append(noises[-1] + weight * (noises[-1] + self.noise[j - 1]))
            truncation = max(abs(row[j] - row[j - 1]), abs(row[j] - self.row[j - 1]))
            self.entries.append(Entry(row[j], truncation, noises[j], step))
        self.row, self.noise = row, noises

    def best(self, factor: Any = 1) -> Entry:
        return min(self.entries, key=lambda e: e.bound(factor))


class Rows:
    """The values of a function around a point, and the three difference quotients that they give.

    `at(t)` gives the function's value, an array, at the distance t from the point `x`; `weights` make it a number.
    """

    def __init__(self, at: Callable[[Any], Any], x: Any, weights: Any) -> None:
        self.at, self.x, self.weights = at, x, weights
        self.unit = np.finfo(type(x)).eps
        self.middle = at(x * 0)
        self.size = np.sum(abs(weights * self.middle))

    def outer(self, t: Any) -> Any:
        """The value at a distance; NaN where the function is not defined."""
        try:
            return self.at(t)
        except (ValueError, ArithmeticError):
            return self.middle * np.nan

    def __call__(self, step: Any) -> tuple[Any, Any, Any, Any, Any]:
        """The step as it is representable, the central, right and left quotients, and their noise."""
        step = (self.x + step) - self.x
        plus, minus = self.outer(step), self.outer(-step)
        w = self.weights
        size = np.nansum([self.size, np.sum(abs(w * plus)), np.sum(abs(w * minus))]) / 2
        right, left = np.sum(w * (plus - self.middle)) / step, np.sum(w * (self.middle - minus)) / step
        return step, np.sum(w * (plus - minus)) / (2 * step), right, left, self.unit * size / step


def slope(at: Callable[[Any], Any], x: Any, weights: Any) -> Slope:
    """The derivative of sum(weights * at(t)) at t = 0, where t is the distance from `x`, in the precision of `x`."""
    rows = Rows(at, x, weights)
    one = type(x)(1)
    step = FIRST_STEP * max(abs(x), one)
    smallest = 64 * rows.unit * abs(x) if x else rows.unit * one
    central, right, left = Tableau(2), Tableau(1), Tableau(1)
    fine: list[tuple[Any, Any]] = []
    for _ in range(ROWS):
        if step < smallest:
            break
        h, c, r, l, noise = rows(step)  # noqa: E741
        for tableau, estimate in ((central, c), (right, r), (left, l)):
            if np.isfinite(estimate):
                tableau.add(h, estimate, noise)
        step = step / RATIO
        if len(central.row) < 4:
            continue
        best = central.best()
        if best.truncation <= best.noise and best.step > 4 * h:
            fine = [(p[0], p[1]) for p in map(rows, np.geomspace(h / 30, smallest, PROBES)) if np.isfinite(p[1])]
            if consistent(best, fine, central, rows):
                break
            central, right, left = Tableau(2), Tableau(1), Tableau(1)
    return verdict(central, right, left, fine, rows)


def noise_factor(best: Entry, fine: list[tuple[Any, Any]], rows: Rows) -> Any:
    """How many times larger than its model the noise is, measured where the steps are so small that it is all."""
    measured = [abs(c - best.value) * h for h, c in fine]
    return max(1, 4 * np.median(measured) / (rows.unit * rows.size)) if measured and rows.size else 1


def consistent(best: Entry, fine: list[tuple[Any, Any]], central: Tableau, rows: Rows) -> bool:
    """Whether differences at much smaller steps agree with the extrapolated value, up to their noise."""
    noise = 4 * rows.unit * rows.size * noise_factor(best, fine, rows)
    coarse = abs(central.row[0] - best.value) / central.steps[-1] ** 2
    return all(abs(c - best.value) <= noise / h + 4 * coarse * h**2 + best.bound(1) for h, c in fine)


def verdict(central: Tableau, right: Tableau, left: Tableau, fine: list[tuple[Any, Any]], rows: Rows) -> Slope:
    """The best derivative that the three tableaux support."""
    sides = {name: t.best() for name, t in (("right", right), ("left", left)) if t.entries}
    if not central.entries:
        if not sides:
            return Slope(np.nan, np.inf, "none", "the function is not finite on either side of the point")
        name, best = min(sides.items(), key=lambda item: item[1].bound(1))
        reason = f"the function is finite only to the {name} of the point"
        return Slope(best.value, best.bound(1), "one-sided", reason, best.step, **{name: best.value})
    factor = noise_factor(central.best(), fine, rows)
    best = central.best(factor)
    error = best.bound(factor)
    if len(sides) == 2:
        r, l = (t.best(factor) for t in (right, left))  # noqa: E741
        jump = abs(r.value - l.value)
        if jump > 2 * (r.bound(factor) + l.bound(factor) + error):
            value, half = (r.value + l.value) / 2, jump / 2 + max(r.bound(factor), l.bound(factor))
            return Slope(value, half, "one-sided", "kink: the slopes on both sides differ", r.step, l.value, r.value)
    reason = "central differences, extrapolated to step zero"
    return Slope(best.value, error, "ridders", reason, best.step, best.value, best.value)
