"""Derivatives of functions of one number, with bounds on their errors: of many functions at once, the lanes.

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

from collections.abc import Callable
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from .extrapolation import COLUMNS, Entries, Tableau

RATIO = 1.9
FIRST_STEP = 0.23
BEGINNING = 5  # so many steps are taken before the first look at the results
PROBES = 5
CLOSE = 36  # so many steps from 4 units of rounding up, to a hundred thousandth
TINY = 1e-100  # nearer to zero than this a point counts as zero, so that no square underflows
VAGUE = 0.05  # a bound that is a larger part of the value proves nothing
NOISY = 1e-3  # a function whose noise is a larger part of its values has no numerical derivative
TRUST = 16  # so many units of rounding a function may be wrong by, in the same way at all steps
WINDOW = COLUMNS + 3  # so many quotients make the slope on one side
LANES, NUMBERS = 1024, 1 << 20  # so many derivatives are sought at once, and so many numbers are kept for them
Line = Callable[[Any, Any], Any]


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


class Rows(NamedTuple):
    """Difference quotients at one step or at several, and the size of the function's values there."""

    step: Any
    central: Any
    right: Any
    left: Any
    size: Any

    def at(self, index: Any) -> Rows:
        return Rows(*(field[index] for field in self))


def climb(at: Line, x: Any, weights: Any, order: int = 1, first: float = FIRST_STEP) -> list[Slope]:
    """The derivatives of sum(weights * at(lane, t)) at t = 0, in the precision of `x`.

    Args:
        at: `at(lanes, t)` gives the outputs of a function, a row for each entry of `lanes`, when the points that these
            number are moved by the distances `t`.  NaN or infinity says that the function is not defined there.
        x: for each lane the number that t is a distance from.
        weights: of the outputs: a row for all lanes, or one for each.
        order: 2 for second derivatives.
        first: the first step, for numbers up to 1 in size; in units of their size for larger ones.
    """
    size, found = max(1, min(LANES, NUMBERS // max(weights.shape[-1], 1))), []
    with np.errstate(all="ignore"):
        for start in range(0, len(x), size):
            part = slice(start, start + size)
            each = weights if len(weights) == 1 else weights[part]
            found += Ladder(partial(shifted, at, start), x[part], each, order, first).climb_down()
    return found


def shifted(at: Line, start: int, lanes: Any, t: Any) -> Any:
    """A line whose lanes are counted from a start."""
    return at(lanes + start, t)


def seen_closer(at: Line, x: Any, weights: Any, claimed: float, found: float) -> str:
    """Why a claimed derivative may be right although another was found, judged by very small steps; or nothing.

    A function may look different at different scales, like the remainder by a tiny number, or jump at the point.
    """
    with np.errstate(all="ignore"):
        ladder = Ladder(at, x, weights)
        steps = ladder.smallest / 16 * RATIO ** np.arange(CLOSE)
        row = ladder.look(np.zeros(CLOSE, int), steps)
        noise = ladder.unit * (row.size + ladder.height) / row.step
        moves = abs(row.central * row.step)
        before = np.maximum.accumulate(moves)[2:-1]
    near = (abs(row.central - claimed) <= 0.1 * abs(claimed - found)) & (noise <= 0.3 * abs(claimed - found))
    if np.any(near[2:] & near[1:-1] & near[:-2]):
        return "at smaller steps the function has the analytic slope: it looks different at each scale"
    steepest, rounding = max(abs(claimed), abs(found)), 16 * ladder.unit * row.size
    if np.min(moves[:6]) > max(0.8 * np.max(moves[:6]), 100 * steepest * row.step[0], np.max(rounding[:6])):
        return "the function jumps here"
    if np.any(moves[3:] > 16 * before + rounding[3:] + 4 * steepest * row.step[3:]):
        return "the function jumps next to this point"
    if (
        np.median(moves[:6]) > NOISY * np.max(row.size[:6])
        and np.ptp(row.central[:6]) > np.max(abs(row.central[:6])) / 2
    ):
        return "the function changes by a large part of itself in the last digits of its argument"
    return ""


class Ladder:
    """The search for the best derivative at each of some points, the lanes; `order` 2 finds second derivatives."""

    def __init__(self, at: Line, x: Any, weights: Any, order: int = 1, first: float = FIRST_STEP) -> None:
        self.at, self.x, self.weights, self.order = at, x, weights, order
        self.unit = np.finfo(x.dtype).eps
        largest = np.maximum(abs(x), 1)
        self.first = first * largest
        everyone = np.arange(len(x))
        self.middle = at(everyone, x * 0)
        # an output that stays the same at the first step adds no noise, only what its rounding may hide there
        same = [at(everyone, way) == self.middle for way in (self.first, -self.first)]
        self.moving = ~(same[0] & same[1])
        self.height = np.sum(abs(weights) * abs(self.middle) * self.moving, -1)
        self.hidden = self.unit * np.sum(abs(weights) * np.where(self.moving, 0, abs(self.middle)), -1) / self.first
        self.smallest = 64 * self.unit * np.where(abs(x) > TINY, abs(x), largest)
        self.rows: list[Rows] = []
        self.rejected: dict[int, list[tuple[float, float]]] = {}  # other values of lanes, and bounds

    def look(self, lanes: Any, step: Any) -> Rows:
        """The quotients at a step, or rather at the step next to it that leads to a representable number."""
        step = (self.x[lanes] + step) - self.x[lanes]
        plus, minus, middle = self.at(lanes, step), self.at(lanes, -step), self.middle[lanes]
        weights = self.weights if len(self.weights) == 1 else self.weights[lanes]
        size = np.sum(abs(weights) * (abs(plus) + abs(minus)) * self.moving[lanes], -1) / 2

        def total(after: Any, before: Any) -> Any:
            return np.sum(np.conj(weights) * (after - before), -1).real

        if self.order == 2:
            second = total(plus - middle, middle - minus) / step**2
            return Rows(step, second, second, second, 4 * size / step)
        right, left, central = total(plus, middle) / step, total(middle, minus) / step, total(plus, minus) / (2 * step)
        return Rows(step, np.where(np.isfinite(right) & np.isfinite(left), central, np.nan), right, left, size)

    def climb_down(self) -> list[Slope]:
        """The derivative of each lane.  All go down together, until each has found its own."""
        found: list[Any] = [None] * len(self.x)
        active, everyone = np.ones(len(self.x), bool), np.arange(len(self.x))
        steps = self.first / RATIO ** np.arange(BEGINNING, dtype=self.x.dtype)[:, None]
        beginning = self.look_at_all(everyone, steps)
        self.rows += map(beginning.at, range(BEGINNING))
        noise = self.unit * beginning.size / beginning.step
        tableau, step = Tableau(2, beginning.step, beginning.central, noise), steps[-1]
        while True:
            best, down = tableau.leading, len(self.rows)
            settled = (tableau.count > 3) & (best.truncation <= best.noise) & (best.row < down - 2)
            ready = np.flatnonzero(active & settled)
            if len(ready):
                for lane, answer in zip(ready, self.tested(ready, tableau), strict=True):
                    found[lane] = answer
                    active[lane] = answer is None
                tableau.restart(np.isin(everyone, ready) & active)
            step = step / RATIO
            active &= step >= self.smallest
            lanes = np.flatnonzero(active)
            if not len(lanes):
                break
            row = Rows(*np.full((len(Rows._fields), len(active)), np.nan, self.x.dtype))
            for field, seen in zip(row, self.look(lanes, step[lanes]), strict=True):
                field[lanes] = seen
            self.rows.append(row)
            tableau.add(row.step, row.central, self.unit * row.size / row.step)
        for k, answer in enumerate(found):
            answer = self.without_end(k) if answer is None else answer
            others, error = (*answer.others, *self.rejected.get(k, ())), answer.error + float(self.hidden[k])
            found[k] = answer._replace(others=others, error=error)
        return found

    def look_at_all(self, lanes: Any, steps: Any) -> Rows:
        """The quotients at several steps, a row for each."""
        looked = self.look(np.tile(lanes, len(steps)), steps.ravel())
        return Rows(*(field.reshape(steps.shape) for field in looked))

    def history(self, lanes: Any) -> Rows:
        """All quotients of some lanes, the step as the first axis."""
        return Rows(*(np.array([field[lanes] for field in fields]) for fields in zip(*self.rows, strict=True)))

    def tested(self, lanes: Any, tableau: Tableau) -> list[Slope | None]:
        """The answers of lanes whose best entries have settled; None where much smaller steps tell another story."""
        last, best, rows = self.rows[-1].step[lanes], tableau.leading.at(lanes), self.history(lanes)
        parts = np.linspace(0, 1, PROBES)[:, None].astype(last.dtype)
        steps = (last / 30) ** (1 - parts) * self.smallest[lanes] ** parts
        probes = self.look_at_all(lanes, steps)
        factor = self.noise_factor(best.value, probes)
        noises = 4 * factor * self.unit * probes.size
        found: list[Slope | None] = [None] * len(lanes)
        for entry in (tableau.best(factor, lanes), best):
            good = self.excess(entry, rows, probes, noises) <= entry.bound(factor)
            spike = self.spike(entry.row, rows, factor, self.height[lanes])
            noisy = noises.max(0) / 4 > NOISY * rows.size[intp(entry.row), np.arange(len(lanes))]
            self.remember(~good & ~spike, lanes, entry, factor)
            good &= ~spike & ~noisy
            late = np.flatnonzero(good & (entry.row > 2 * COLUMNS))
            if len(late):  # what much larger steps said before
                coarse = tableau.best(1, lanes[late], entry.row[late] - COLUMNS)
                self.remember(np.ones(len(late), bool), lanes[late], coarse)
            new = np.array([k for k in np.flatnonzero(good) if found[k] is None], int)
            if len(new):
                height, fields = self.height[lanes][new], rows.at((slice(None), new))
                for k, answer in zip(new, self.answers(entry.at(new), fields, factor[new], height), strict=True):
                    found[k] = answer
        return found

    def remember(self, which: Any, lanes: Any, entries: Entries, factor: Any = 1) -> None:
        """Keep the values and bounds of some lanes, given by truth values, as what other steps say."""
        bounds = entries.bound(factor)
        for k in np.flatnonzero(which):
            self.rejected.setdefault(int(lanes[k]), []).append((float(entries.value[k]), float(bounds[k])))

    def noise_factor(self, value: Any, probes: Rows) -> Any:
        """How many times larger than the rounding of the results their noise is."""
        finite = np.isfinite(probes.central)
        size = np.max(probes.size, 0, where=finite, initial=0)
        moves = np.sort(np.where(finite, abs(probes.central - value) * probes.step, np.nan), axis=0)  # NaN comes last
        count, lanes = np.sum(finite, 0), np.arange(len(size))
        median = (moves[np.maximum(count - 1, 0) // 2, lanes] + moves[np.minimum(count // 2, PROBES - 1), lanes]) / 2
        return np.where(size > 0, np.maximum(1, 4 * median / (self.unit * size)), 1)

    def excess(self, entry: Entries, rows: Rows, finer: Rows, noises: Any) -> Any:
        """By how much the quotients at smaller steps differ from a value more than noise and truncation explain."""
        step, central = (np.take_along_axis(f, intp(entry.row)[None], 0)[0] for f in (rows.step, rows.central))
        curve = 4 * abs(central - entry.value) / step**2
        gaps = abs(finer.central - entry.value) - noises / finer.step - curve * finer.step**2
        finite = np.isfinite(finer.central)
        return np.where(np.any(finite, 0), np.max(gaps, 0, where=finite, initial=-np.inf), 0)

    def spike(self, number: Any, rows: Rows, factor: Any, height: Any) -> Any:
        """Whether the slopes on both sides drift apart at a row: the point is on a peak that is finer than the step."""
        k, lanes = intp(number), np.arange(len(height))
        row, before = rows.at((k, lanes)), rows.at((np.maximum(k - 1, 0), lanes))
        now, then = abs(row.right - row.left), abs(before.right - before.left)
        noise = 64 * factor * self.unit * (row.size + height) / row.step
        return (k > 0) & (self.order == 1) & (now > 1.3 * then) & (now > noise + abs(row.central) / 10)

    def answers(self, best: Entries, rows: Rows, factor: Any, height: Any) -> list[Slope]:
        """The values, or the slopes on both sides where these differ."""
        lanes = np.arange(len(height))
        error, step = best.bound(factor) + TRUST * self.unit * abs(best.value), rows.step[intp(best.row), lanes]
        left, right, slack, kink = self.sides(best, rows, factor, height, error) if self.order == 1 else (lanes,) * 4
        found = []
        for k in lanes.tolist():
            if self.order == 1 and kink[k]:
                middle, half = (right[k] + left[k]) / 2, abs(right[k] - left[k]) / 2 + slack[k]
                reason = "kink: the slopes on both sides differ"
                sides = float(left[k]), float(right[k])
                found.append(Slope(float(middle), float(half), "one-sided", reason, float(step[k]), *sides))
            else:
                value, reason = float(best.value[k]), "central differences, extrapolated"
                found.append(Slope(value, float(error[k]), "ridders", reason, float(step[k])))
        return found

    def sides(self, best: Entries, rows: Rows, factor: Any, height: Any, error: Any) -> tuple[Any, ...]:
        """The derivatives on the left and on the right, the larger of their bounds, and whether they differ."""
        number = intp(best.row) + np.arange(1 - WINDOW, 1)[:, None]
        window = rows.at((np.maximum(number, 0), np.arange(len(height))))
        both = np.where(np.tile(number, 2) < 0, np.nan, np.concatenate([window.left, window.right], -1))
        both[~np.isfinite(both)] = np.nan
        noise = 2 * self.unit * (window.size + height) / window.step
        tableau = Tableau(1, np.tile(window.step, 2), both, np.tile(noise, 2))
        entry = tableau.best(np.tile(factor, 2))
        left, right = entry.value.reshape(2, -1)
        slack = entry.bound(np.tile(factor, 2)).reshape(2, -1)
        allowed = np.maximum(2 * (np.sum(slack, 0) + error), 1e-5 * (abs(left) + abs(right)))
        return left, right, np.max(slack, 0), abs(right - left) > allowed

    def without_end(self, lane: int) -> Slope:
        """The answer when no value settled on its way down: noise is judged row by row, and the best entry taken."""
        everything = self.history([lane])
        rows = everything.at(np.isfinite(everything.central[:, 0]))
        if len(rows.step) < 4:
            return self.edge(everything, lane)
        size, height = rows.size, self.height[[lane]]
        entries = Tableau(2, rows.step, rows.central, self.unit * size / rows.step).entries[0]
        moves = (abs(np.diff(rows.central, axis=0)) * rows.step[1:])[:, 0]
        found = []
        for k in range(1, len(size)):
            nearby = moves[k + 3 : k + 13]
            noise = 2 * np.median(nearby if len(nearby) else moves[-5:]) + self.unit * size[k]
            if noise[0] <= NOISY * size[k, 0]:
                factor = noise / (self.unit * size[k] if size[k, 0] else 1)
                best = entries.at(entries.row[:, 0] == k).least(factor)
                found.append((best.bound(factor)[0], factor, best))
        if not found:
            return Slope(np.nan, np.inf, "none", "the function's values are noise, or oscillate faster than any step")
        found.sort(key=itemgetter(0))
        kinks: list[Slope] = []
        for _, factor, best in found:
            if not self.spike(best.row, rows, factor, height)[0]:
                [answer] = self.answers(best, rows, factor, height)
                if answer.method == "ridders" and all(answer.step < kink.step for kink in kinks):
                    break
                kinks += [answer] * (answer.method != "ridders")
        else:
            _, factor, best = found[0]
            answer = kinks[0] if kinks else self.answers(best, rows, factor, height)[0]
        finer = ((float(b.value[0]), float(e)) for e, _, b in found if rows.step[b.row[0], 0] < answer.step)
        return answer._replace(others=tuple((v, e) for v, e in finer if e <= VAGUE * abs(v) or v == 0))

    def edge(self, everything: Rows, lane: int) -> Slope:
        """The derivative where the function is defined on one side only."""
        for name in ("right", "left"):
            rows = everything.at(np.isfinite(getattr(everything, name)[:, 0]))
            quotients = getattr(rows, name)
            if len(quotients) > 4:
                size = self.height[lane] + np.max(abs(quotients) * rows.step)
                best = Tableau(1, rows.step, quotients, 2 * self.unit * size / rows.step).best().at(0)
                error = float(best.bound() + abs(best.value - quotients[-1, 0]) / 4)
                reason = f"edge: the function is defined only to the {name}"
                value, step = float(best.value), float(rows.step[best.row, 0])
                left, right = (value, np.nan) if name == "left" else (np.nan, value)
                return Slope(value, error, "one-sided", reason, step, left, right)
        return Slope(np.nan, np.inf, "none", "the function is not finite around the point, or raises there")


def intp(numbers: Any) -> Any:
    """Numbers of rows as indices; what is not a number becomes 0."""
    return np.where(np.isnan(numbers), 0, numbers).astype(np.intp)
