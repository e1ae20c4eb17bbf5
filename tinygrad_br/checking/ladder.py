"""The derivative of a function of one number, with a bound on its error.

Central differences at ever smaller steps are extrapolated to step zero: Neville's scheme in the square of the step,
Richardson's idea in Ridders' form (C. J. F. Ridders, Advances in Engineering Software 4, 1982).  Of all entries of the
tableau the one with the smallest bound is taken.  The bound of an entry is the sum of

* its truncation: how far it is from the entries that it was extrapolated from;
* its noise: the rounding of the function's values, divided by the step and carried through the extrapolation.  What
  the function's own arithmetic adds to the rounding of its result is measured where the steps are so small that the
  quotients differ by noise alone.

Three things would fool such a scheme, and each is looked for.  An oscillation that is finer than all steps, or a kink
that is nearer than all steps: the result is compared with differences at much smaller steps, and when these disagree
the ladder goes on downwards.  A kink at the point itself, where central differences converge to the mean of two
slopes: the one-sided derivatives are extrapolated from the same values.  The ratio of the steps is no round number, so
that no period of the function divides all steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import itemgetter
from statistics import median
from typing import Any, NamedTuple

import numpy as np

RATIO = 1.9
FIRST_STEP = 0.23
COLUMNS = 9
PROBES = 5
TINY = 1e-100  # nearer to zero than this a point counts as zero, so that no square underflows
VAGUE = 0.05  # a bound that is a larger part of the value proves nothing
NOISY = 1e-3  # a function whose noise is a larger part of its values has no numerical derivative


class Slope(NamedTuple):
    """A derivative and a bound on its error.

    `left` and `right` are the derivatives on the two sides where these differ, else NaN; `step` is the smallest step
    that went into the value.  `others` are values, with their bounds, that much smaller steps would give: a function
    that looks different at different scales.
    """

    value: float
    error: float
    method: str
    reason: str
    step: float = 0.0
    left: float = np.nan
    right: float = np.nan
    others: tuple[tuple[float, float], ...] = ()


class Row(NamedTuple):
    """Difference quotients at one step, and the size of the function's values there."""

    step: Any
    central: Any
    right: Any
    left: Any
    size: Any


class Entry(NamedTuple):
    """An extrapolated value; `row` numbers the smallest step in it, and `noise` is that of values of relative error 1
    in units of the rounding unit."""

    value: Any
    truncation: Any
    noise: Any
    row: int

    def bound(self, factor: Any = 1) -> Any:
        return 3 * self.truncation + 1.5 * factor * self.noise


class Tableau:
    """Neville's extrapolation to step zero of estimates whose error is a series in step**power."""

    def __init__(self, power: int) -> None:
        self.power = power
        self.steps: list[Any] = []
        self.row: list[Any] = []
        self.noise: list[Any] = []
        self.entries: list[Entry] = []

    def add(self, step: Any, estimate: Any, noise: Any, number: int) -> None:
        noise = noise + np.finfo(type(noise)).eps * abs(estimate)
        row, noises, before = [estimate], [noise], self.row
        self.steps.append(step)
        if before:
            self.entries.append(Entry(estimate, abs(estimate - before[0]), noise, number))
        for j in range(1, min(len(before) + 1, COLUMNS)):
            weight = 1 / ((self.steps[-1 - j] / step) ** self.power - 1)
            value = row[-1] + weight * (row[-1] - before[j - 1])
            noise = noise + weight * (noise + self.noise[j - 1])
            truncation = max(abs(value - row[-1]), abs(value - before[j - 1]))
            row.append(value)
            noises.append(noise)
            self.entries.append(Entry(value, truncation, noise, number))
        self.row, self.noise = row, noises

    def best(self, factor: Any = 1) -> Entry:
        return min(self.entries, key=lambda entry: entry.bound(factor))


def slope(at: Callable[[Any], Any], x: Any, weights: Any) -> Slope:
    """The derivative of sum(weights * at(t)) at t = 0, in the precision of `x`, the point that t is a distance from.

    Where `at` raises ValueError or ArithmeticError, or gives NaN or infinity, the function counts as undefined.
    """
    return Ladder(at, x, weights).climb_down()


def seen_below(at: Callable[[Any], Any], x: Any, weights: Any, claimed: float, found: float) -> bool:
    """Whether quotients at very small steps agree with a claimed derivative and not with the one that was found.

    So it is with a function that looks different at different scales, like the remainder by a tiny number.
    """
    ladder, run = Ladder(at, x, weights), 0
    for k in range(16):
        near = abs(ladder.look(ladder.smallest * 4.0**k).central - claimed) <= 0.01 * abs(claimed - found)
        run = run + 1 if near else 0
        if run == 3:
            return True
    return False


class Ladder:
    """The search for the best derivative at one point; `order` 2 finds the second derivative."""

    x: Any

    def __init__(self, at: Callable[[Any], Any], x: Any, weights: Any, order: int = 1) -> None:
        self.at, self.weights, self.order = at, weights, order
        self.x = x if isinstance(x, np.longdouble) else float(x)
        self.unit = float(np.finfo(type(x)).eps)
        self.middle = at(x * 0)
        self.height = float(np.vdot(abs(weights), abs(self.middle)).real)
        self.rows: list[Row] = []
        largest = max(float(abs(self.x)), 1.0)
        self.first = FIRST_STEP * largest
        size = float(abs(self.x))
        self.smallest = 64 * self.unit * (size if size > TINY else largest)

    def total(self, values: Any) -> Any:
        """The weighted sum of an output: a Python float, or a long double."""
        if values.size == 1:
            return (values * self.weights).item()
        return np.vdot(self.weights, values).real[()]

    def outer(self, t: Any) -> Any:
        try:
            return self.at(t)
        except (ValueError, ArithmeticError):
            return self.middle * np.nan

    def look(self, step: Any) -> Row:
        """The quotients at a step, or rather at the step next to it that leads to a representable number."""
        step = (self.x + step) - self.x
        plus, minus = self.outer(step), self.outer(-step)
        size = np.vdot(abs(self.weights), abs(plus) + abs(minus)).item() / 2
        if self.order == 2:
            second = self.total((plus - self.middle) - (self.middle - minus)) / step**2
            return Row(step, second, second, second, 4 * size / step)
        right, left = self.total(plus - self.middle) / step, self.total(self.middle - minus) / step
        return Row(step, self.total(plus - minus) / (2 * step), right, left, size)

    def climb_down(self) -> Slope:
        tableau, step = Tableau(2), self.first
        while step >= self.smallest:
            row = self.look(step)
            self.rows.append(row)
            step = step / RATIO
            if not np.isfinite(row.central):
                continue
            tableau.add(row.step, row.central, self.unit * row.size / row.step, len(self.rows) - 1)
            if len(tableau.row) < 4:
                continue
            best = tableau.best()
            if best.truncation <= best.noise and best.row < len(self.rows) - 2:
                probes = [*map(self.look, np.geomspace(row.step / 30, self.smallest, PROBES).astype(type(self.x)))]
                probes = [p for p in probes if np.isfinite(p.central)]
                factor = self.noise_factor(best, probes)
                noises = [4 * factor * self.unit * p.size for p in probes]
                for entry in (tableau.best(factor), best):
                    agrees = self.excess(entry, probes, noises) <= entry.bound(factor)
                    if agrees and not self.spike(entry.row, factor):
                        return self.answer(entry, factor)
                tableau = Tableau(2)
        return self.without_end()

    def noise_factor(self, best: Entry, probes: Sequence[Row]) -> Any:
        """How many times larger than the rounding of the results their noise is."""
        size = max((p.size for p in probes), default=0)
        moves = [abs(p.central - best.value) * p.step for p in probes]
        return max(1, 4 * median(moves) / (self.unit * size)) if size else 1

    def excess(self, entry: Entry, finer: Sequence[Row], noises: Sequence[Any]) -> Any:
        """By how much the quotients at smaller steps differ from a value more than noise and truncation explain."""
        row = self.rows[entry.row]
        curve = 4 * abs(row.central - entry.value) / row.step**2
        gaps = (
            abs(f.central - entry.value) - noise / f.step - curve * f.step**2
            for f, noise in zip(finer, noises, strict=True)
        )
        return max(gaps, default=0)

    def without_end(self) -> Slope:
        """The answer when no value settled on its way down: noise is judged row by row, and the best entry taken."""
        rows = [row for row in self.rows if np.isfinite(row.central)]
        if len(rows) < 4:
            return self.edge()
        moves = [abs(b.central - a.central) * b.step for a, b in pairwise(rows)]
        noise = [2 * median(moves[k + 3 : k + 13] or moves[-5:]) + self.unit * rows[k].size for k in range(len(rows))]
        self.rows, tableau = rows, Tableau(2)
        for k, row in enumerate(rows):
            tableau.add(row.step, row.central, self.unit * row.size / row.step, k)
        found = []
        for k in range(1, len(rows)):
            if noise[k] <= NOISY * rows[k].size:
                factor = noise[k] / (self.unit * rows[k].size or 1)
                best = min((e for e in tableau.entries if e.row == k), key=lambda e: e.bound(factor))
                found.append((best.bound(factor), factor, best))
        if not found:
            return Slope(np.nan, np.inf, "none", "the function's values are noise, or oscillate faster than any step")
        found.sort(key=itemgetter(0))
        kinks = []
        for _, factor, best in found:
            if not self.spike(best.row, factor):
                answer = self.answer(best, factor)
                if answer.method == "ridders":
                    break
                kinks.append(answer)
        else:
            answer = kinks[0] if kinks else self.answer(found[0][2], found[0][1])
        finer = ((float(b.value), float(e)) for e, _, b in found if self.rows[b.row].step < answer.step)
        return answer._replace(others=tuple((v, e) for v, e in finer if e <= VAGUE * abs(v) or v == 0))

    def spike(self, k: int, factor: Any) -> bool:
        """Whether the slopes on both sides drift apart at row k: the point is on a peak that is finer than the step."""
        if k == 0 or self.order == 2:
            return False
        now, before = (abs(row.right - row.left) for row in (self.rows[k], self.rows[k - 1]))
        row = self.rows[k]
        noise = 64 * factor * self.unit * (row.size + self.height) / row.step
        return bool(now > 1.3 * before and now > noise + abs(row.central) / 10)

    def answer(self, best: Entry, factor: Any) -> Slope:
        """The value, or the slopes on both sides if these differ."""
        error = best.bound(factor)
        step = self.rows[best.row].step
        if self.order == 1:
            sides = [self.side(name, best.row + 1, factor) for name in ("left", "right")]
            left, right = (s.value for s in sides)
            slack = [s.bound(factor) for s in sides]
            if abs(right - left) > max(2 * (sum(slack) + error), 1e-5 * (abs(left) + abs(right))):
                value, half = (right + left) / 2, abs(right - left) / 2 + max(slack)
                reason = "kink: the slopes on both sides differ"
                return Slope(float(value), float(half), "one-sided", reason, float(step), float(left), float(right))
        return Slope(float(best.value), float(error), "ridders", "central differences, extrapolated", float(step))

    def side(self, name: str, end: int, factor: Any) -> Entry:
        """The derivative on one side, from the rows up to a number."""
        tableau = Tableau(1)
        for k, row in enumerate(self.rows[:end][-COLUMNS - 3 :]):
            if np.isfinite(getattr(row, name)):
                tableau.add(row.step, getattr(row, name), 2 * self.unit * (row.size + self.height) / row.step, k)
        return tableau.best(factor)

    def edge(self) -> Slope:
        """The derivative where the function is defined on one side only."""
        for name in ("right", "left"):
            rows = [row for row in self.rows if np.isfinite(getattr(row, name))]
            if len(rows) > 4:
                tableau = Tableau(1)
                size = abs(self.total(abs(self.middle))) + max(abs(getattr(r, name)) * r.step for r in rows)
                for k, row in enumerate(rows):
                    tableau.add(row.step, getattr(row, name), 2 * self.unit * size / row.step, k)
                best = tableau.best()
                error = float(best.bound() + abs(best.value - getattr(rows[-1], name)) / 4)
                reason = f"edge: the function is defined only to the {name}"
                value, step = float(best.value), float(rows[best.row].step)
                left, right = (value, np.nan) if name == "left" else (np.nan, value)
                return Slope(value, error, "one-sided", reason, step, left, right)
        return Slope(np.nan, np.inf, "none", "the function is not finite around the point")
