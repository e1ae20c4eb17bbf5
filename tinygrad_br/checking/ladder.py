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
slopes: the one-sided derivatives are extrapolated from the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .extrapolation import COLUMNS, Entries, Tableau

RATIO = 1.9  # no round number, so that no period of a function divides all steps
FIRST_STEP = 0.23
BEGINNING, MORE = 8, 2  # so many steps are taken before the first look at the results, and before each further one
PROBES = 5
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


def climb(
    at: Line,
    x: Any,
    weights: Any,
    order: int = 1,
    first: float = FIRST_STEP,
    expected: Sequence[Slope] = (),
    noise: Any = 0,
) -> list[Slope]:
    """The derivatives of sum(weights * at(lane, t)) at t = 0, in the precision of `x`.

    Args:
        at: `at(lanes, t)` gives the outputs of a function, a row for each entry of `lanes`, when the points that these
            number are moved by the distances `t`.  NaN or infinity says that the function is not defined there.
        x: for each lane the number that t is a distance from.
        weights: of the outputs: a row for all lanes, or one for each.
        order: 2 for second derivatives.
        first: the first step, for numbers up to 1 in size; in units of their size for larger ones.
        expected: derivatives that were found in another way, from values next to the points.  A lane whose differences
            lead to the same from afar goes no further down.
        noise: for each lane how far the values may be off, besides the rounding of the results.
    """
    size, found = max(1, min(LANES, NUMBERS // max(weights.shape[-1], 1))), []
    noise = np.broadcast_to(noise, x.shape)
    with np.errstate(all="ignore"):
        for start in range(0, len(x), size):
            part = slice(start, start + size)
            each = weights if len(weights) == 1 else weights[part]
            ladder = Ladder(partial(shifted, at, start), x[part], each, order, first, noise[part])
            found += ladder.climb_down(expected[part])
    return found


def shifted(at: Line, start: int, lanes: Any, t: Any) -> Any:
    """A line whose lanes are counted from a start."""
    return at(lanes + start, t)


class Ladder:
    """The search for the best derivative at each of some points, the lanes; `order` 2 finds second derivatives."""

    def __init__(
        self, at: Line, x: Any, weights: Any, order: int = 1, first: float = FIRST_STEP, noise: Any = 0
    ) -> None:
        self.at, self.x, self.weights, self.order = at, x, weights, order
        self.unit, self.everyone, self.noise = np.finfo(x.dtype).eps, np.arange(len(x)), np.broadcast_to(noise, x.shape)
        largest = np.maximum(abs(x), 1)
        self.smallest = 64 * self.unit * np.where(abs(x) > TINY, abs(x), largest)
        self.middle = at(self.everyone, x * 0)
        self.moving: Any = None
        self.still, self.least = np.zeros(self.middle.shape, bool), np.full(self.middle.shape, np.inf)
        self.steps = first * largest / RATIO ** np.arange(BEGINNING, dtype=x.dtype)[:, None]
        self.rows = [self.look(self.everyone, self.steps)]
        self.rejected: dict[int, list[tuple[float, float]]] = {}  # other values of lanes, and bounds

    def look(self, lanes: Any, steps: Any) -> Rows:
        """The quotients at steps, a row for each; at the nearest steps, rather, that lead to representable numbers."""
        steps = (self.x[lanes] + steps) - self.x[lanes]
        count = max(1, NUMBERS // (2 * self.middle[lanes].size or 1))
        parts = [self.quotients(lanes, steps[k : k + count]) for k in range(0, len(steps), count)]
        return parts[0] if len(parts) == 1 else Rows(*map(np.concatenate, zip(*parts, strict=True)))

    def quotients(self, lanes: Any, step: Any) -> Rows:
        ways = np.concatenate([step, -step])
        outputs = self.at(np.broadcast_to(lanes, ways.shape).ravel(), ways.ravel())
        plus, minus = outputs.reshape(2, *step.shape, -1)
        middle, weights = self.middle[lanes], self.weights if len(self.weights) == 1 else self.weights[lanes]
        if self.moving is None:
            self.leave_out(plus[0], minus[0])
        size = np.add.reduce(abs(weights) * (abs(plus) + abs(minus)) * self.moving[lanes], -1) / 2
        moves = np.fmax(abs(plus - middle), abs(minus - middle))
        stopped = moves == 0
        self.still[lanes] |= stopped.any(0)
        moves[stopped] = np.inf
        self.least[lanes] = np.fmin(self.least[lanes], np.fmin.reduce(moves, 0))
        if self.order == 2:
            differences = (plus - middle) - (middle - minus)
            second = np.add.reduce(np.conj(weights) * differences, -1).real / step**2
            return Rows(step, second, second, second, 4 * size / step)
        differences = np.array([plus - minus, plus - middle, middle - minus])
        central, right, left = np.add.reduce(np.conj(weights) * differences, -1).real / step
        central = np.where(np.isfinite(right) & np.isfinite(left), central / 2, np.nan)
        return Rows(step, central, right, left, size)

    def leave_out(self, plus: Any, minus: Any) -> None:
        """An output that stays the same at the first step adds no noise, only what its rounding may hide there."""
        self.moving = (plus != self.middle) | (minus != self.middle)
        sizes = abs(self.weights) * abs(self.middle)
        self.height = np.sum(sizes * self.moving, -1)
        self.hidden = self.unit * np.sum(np.where(self.moving, 0, sizes), -1) / self.steps[0]

    def concealed(self, lanes: Any) -> Any:
        """The rounding hidden in outputs that stand still at small steps: as much as they moved at least.

        The logarithm of 1 + x is such an output, where x is so small that the sum stays 1.  Noise that is known of is
        hidden, too.
        """
        limit = 4 * TRUST * self.unit * np.maximum(abs(self.x[lanes]), 1)[:, None]
        hidden = self.still[lanes] & (self.least[lanes] <= limit)
        weights = abs(self.weights if len(self.weights) == 1 else self.weights[lanes])
        return np.sum(weights * np.where(hidden, self.least[lanes], 0), -1) + self.noise[lanes]

    def climb_down(self, expected: Sequence[Slope] = ()) -> list[Slope]:
        """The derivative of each lane.  All go down together, until each has found its own."""
        claims, errors = np.array([(s.value, s.error) for s in expected], self.x.dtype).reshape(-1, 2).T
        found: list[Any] = [None] * len(self.x)
        active, [rows], steps = np.ones(len(self.x), bool), self.rows, self.steps
        tableau = Tableau(2, rows.step, rows.central, (self.unit * rows.size + self.noise) / rows.step)
        while True:
            best = tableau.leading
            settled = active & (tableau.count > 3) & (best.truncation <= best.noise) & (best.row < tableau.rows - 2)
            if expected:
                bound = best.bound() + TRUST * self.unit * abs(best.value)
                same = settled & (errors <= bound) & (abs(claims - best.value) <= bound + errors)
                for lane in np.flatnonzero(same).tolist():
                    found[lane] = expected[lane]
                active &= ~same
                settled &= ~same
            ready = np.flatnonzero(settled)
            if len(ready):
                for lane, answer in zip(ready.tolist(), self.tested(ready, tableau), strict=True):
                    found[lane] = answer
                    active[lane] = answer is None
                tableau.restart(settled & active)
            if not active.any():
                break
            steps = steps[-1] / RATIO ** np.arange(1, MORE + 1, dtype=steps.dtype)[:, None]
            active &= steps[-1] >= self.smallest
            lanes = np.flatnonzero(active)
            if not len(lanes):
                break
            rows = Rows(*np.full((len(Rows._fields), *steps.shape), np.nan, steps.dtype))
            for field, seen in zip(rows, self.look(lanes, steps[:, lanes]), strict=True):
                field[:, lanes] = seen
            self.rows.append(rows)
            tableau.add(rows.step, rows.central, (self.unit * rows.size + self.noise) / rows.step)
        return [self.without_end(k) if a is None else a for k, a in enumerate(found)]

    def history(self, lanes: Any) -> Rows:
        """All quotients of some lanes, a row for each step."""
        return Rows(*(np.concatenate([field[:, lanes] for field in fields]) for fields in zip(*self.rows, strict=True)))

    def tested(self, lanes: Any, tableau: Tableau) -> list[Slope | None]:
        """The answers of lanes whose best entries have settled; None where much smaller steps tell another story."""
        last, best, rows = self.rows[-1].step[-1, lanes], tableau.leading.at(lanes), self.history(lanes)
        parts = np.linspace(0, 1, PROBES)[:, None].astype(last.dtype)
        probes = self.look(lanes, (last / 30) ** (1 - parts) * self.smallest[lanes] ** parts)
        hidden = self.concealed(lanes)
        best = self.doubted(best, rows, hidden, tableau.start[lanes])
        factor = self.noise_factor(best.value, probes)
        noises = 4 * (factor * self.unit * probes.size + hidden)
        found: list[Slope | None] = [None] * len(lanes)
        for entry in (self.doubted(tableau.best(factor, lanes), rows, hidden, tableau.start[lanes]), best):
            good = self.excess(entry, rows, probes, noises) <= entry.bound(factor)
            if hidden.any():  # so that steps were skipped that might have told more
                skipped = self.excess(entry, rows, finer(entry, rows), 4 * (factor * self.unit * rows.size + hidden))
                good &= skipped <= entry.bound(factor)
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
                answers = self.answers(lanes[new], entry.at(new), rows.at((slice(None), new)), factor[new])
                for k, answer in zip(new, answers, strict=True):
                    found[k] = answer
            if all(found):
                break
        return found

    def doubted(self, entry: Entries, rows: Rows, hidden: Any, start: Any) -> Entries:
        """Entries, found anew where rounding is hidden that is larger than that of the results.

        `start` numbers the rows before which all is forgotten.
        """
        lanes = np.flatnonzero(hidden > self.unit * rows.size[intp(entry.row), np.arange(len(hidden))])
        if not len(lanes):
            return entry
        seen, entry = rows.at((slice(None), lanes)), Entries(*map(np.array, entry))
        central = np.where(np.arange(len(seen.step))[:, None] < start[lanes], np.nan, seen.central)
        again = Tableau(2, seen.step, central, (self.unit * seen.size + hidden[lanes]) / seen.step).best()
        for field, new in zip(entry, again, strict=True):
            field[lanes] = new
        return entry

    def remember(self, which: Any, lanes: Any, entries: Entries, factor: Any = 1) -> None:
        """Keep the values and bounds of some lanes, given by truth values, as what other steps say."""
        bounds = entries.bound(factor)
        for k in np.flatnonzero(which):
            self.rejected.setdefault(int(lanes[k]), []).append((float(entries.value[k]), float(bounds[k])))

    def noise_factor(self, value: Any, probes: Rows) -> Any:
        """How many times larger than the rounding of the results their noise is."""
        size = np.max(probes.size, 0, where=np.isfinite(probes.central), initial=0)
        own = median(probes.central)
        agreeing = median(abs(probes.central - own)) <= abs(own - value) / 10  # on another value: that is no noise
        noise = median(abs(probes.central - np.where(agreeing, own, value)) * probes.step)
        return np.where(size > 0, np.maximum(1, 4 * noise / (self.unit * size)), 1)

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

    def answers(self, lanes: Any, best: Entries, rows: Rows, factor: Any) -> list[Slope]:
        """The values of lanes, or the slopes on both sides where these differ; all arrays have these lanes alone."""
        error = best.bound(factor) + TRUST * self.unit * abs(best.value)
        steps, hidden = rows.step[intp(best.row), np.arange(len(lanes))].tolist(), self.hidden[lanes].tolist()
        reason = "central differences, extrapolated"
        found = [
            Slope(value, bound + extra, "ridders", reason, step, others=(*self.rejected.get(lane, ()),))
            for lane, value, bound, extra, step in zip(
                lanes.tolist(), best.value.tolist(), error.tolist(), hidden, steps, strict=True
            )
        ]
        if self.order == 1:
            left, right, slack, kink = self.sides(best, rows, factor, self.height[lanes], error)
            for k in np.flatnonzero(kink).tolist():
                found[k] = found[k]._replace(
                    value=float(right[k] + left[k]) / 2,
                    error=float(abs(right[k] - left[k])) / 2 + float(slack[k]) + hidden[k],
                    method="one-sided", reason="kink: the slopes on both sides differ",
                    left=float(left[k]), right=float(right[k]),
                )  # fmt: skip
        return found

    def sides(self, best: Entries, rows: Rows, factor: Any, height: Any, error: Any) -> tuple[Any, ...]:
        """The derivatives on the left and on the right, the larger of their bounds, and whether they differ."""
        number = intp(best.row) + np.arange(1 - WINDOW, 1)[:, None]
        window = rows.at((np.maximum(number, 0), np.arange(len(height))))
        both = np.where(np.tile(number, 2) < 0, np.nan, np.concatenate([window.left, window.right], 1))
        noise = 2 * self.unit * (window.size + height) / window.step
        factor = np.tile(factor, 2)
        entry = Tableau(1, np.tile(window.step, 2), both, np.tile(noise, 2)).best(factor)
        left, right = entry.value.reshape(2, -1)
        slack = entry.bound(factor).reshape(2, -1)
        allowed = np.maximum(2 * (np.sum(slack, 0) + error), 1e-5 * (abs(left) + abs(right)))
        return left, right, np.max(slack, 0), abs(right - left) > allowed

    def without_end(self, lane: int) -> Slope:
        """The answer when no value settled on its way down: noise is judged row by row, and the best entry taken."""
        rows = self.history([lane])
        finite = np.isfinite(rows.central[:, 0])
        if np.sum(finite[1:] & finite[:-1]) < 3:  # noise is seen between neighbours
            return self.edge(rows, lane)
        size, count = rows.size[:, 0], len(finite)
        moves = abs(np.diff(rows.central[:, 0])) * rows.step[1:, 0]
        nearby = median(np.append(moves, np.full(13, np.nan))[np.arange(10)[:, None] + np.arange(count) + 3])
        noise = 2 * np.where(np.isnan(nearby), median(moves[np.isfinite(moves)][-5:, None]), nearby) + self.unit * size
        noise += self.concealed([lane])
        factor = noise / np.where(size, self.unit * size, 1)
        [entries] = Tableau(2, rows.step, rows.central, self.unit * rows.size / rows.step).entries
        best = Entries(*(field.reshape(count, COLUMNS).T for field in entries)).least(factor)  # of each row
        bound = best.bound(factor)
        usable = np.flatnonzero((noise <= NOISY * size) & np.isfinite(bound))
        usable = usable[np.argsort(bound[usable], kind="stable")]
        if not len(usable):
            return Slope(np.nan, np.inf, "none", "the function's values are noise, or oscillate faster than any step")
        best, bound, factor = best.at(usable), bound[usable], factor[usable]
        rows, lanes = rows.at((slice(None), 0 * usable)), np.full(len(usable), lane)
        answers = self.answers(lanes, best, rows, factor)
        most = np.maximum(noise, turning(rows.central[:, 0], rows.step[:, 0]))[:, None]
        refuted = self.excess(best, rows, finer(best, rows), 4 * most) > bound
        kinks: list[Slope] = []
        for answer, bad in zip(answers, refuted | self.spike(best.row, rows, factor, self.height[lanes]), strict=True):
            if not bad:
                if answer.method == "ridders" and all(answer.step < kink.step for kink in kinks):
                    break
                kinks += [answer] * (answer.method != "ridders")
        else:
            answer = kinks[0] if kinks else answers[refuted.argmin()]
        others = zip(best.value.tolist(), bound.tolist(), answers, strict=True)
        clear = (
            (v, e) for v, e, other in others
            if e <= VAGUE * abs(v) or (v == 0 and other.step < answer.step) or 3 * e <= abs(v - answer.value)
        )  # fmt: skip
        return answer._replace(others=(*clear, *answer.others))

    def edge(self, rows: Rows, lane: int) -> Slope:
        """The derivative where the function is defined on one side only."""
        for name in ("right", "left"):
            quotients = getattr(rows, name)
            finite = np.isfinite(quotients[:, 0])
            if np.sum(finite) > 4:
                size = self.height[lane] + np.max(abs(quotients[finite]) * rows.step[finite])
                best = Tableau(1, rows.step, quotients, 2 * self.unit * size / rows.step).best().at(0)
                error = float(best.bound() + abs(best.value - quotients[finite][-1, 0]) / 4 + self.hidden[lane])
                reason = f"edge: the function is defined only to the {name}"
                value, step = float(best.value), float(rows.step[intp(best.row), 0])
                left, right = (value, np.nan) if name == "left" else (np.nan, value)
                return Slope(value, error, "one-sided", reason, step, left, right)
        return Slope(np.nan, np.inf, "none", "the function is not finite around the point, or raises there")


def finer(entry: Entries, rows: Rows) -> Rows:
    """Quotients without those at the steps that went into entries, and at larger ones."""
    return rows._replace(central=np.where(np.arange(len(rows.step))[:, None] <= entry.row, np.nan, rows.central))


def turning(central: Any, step: Any) -> Any:
    """The largest noise that can be seen up to each step: changes that go up and down from step to step."""
    change = np.append([0, 0], np.diff(central))
    turns = change[1:] * change[:-1] < 0
    return np.fmax.accumulate(np.where(turns, np.fmin(abs(change[1:]), abs(change[:-1])), 0) * step)


def median(numbers: Any) -> Any:
    """The median along the first axis, of the numbers that are not NaN; NaN where there are none."""
    ordered, count = np.sort(numbers, 0), np.sum(~np.isnan(numbers), 0)  # NaN comes last
    series = np.arange(ordered.shape[1])
    lower, upper = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(ordered) - 1)
    return (ordered[lower, series] + ordered[upper, series]) / 2


def intp(numbers: Any) -> Any:
    """Numbers of rows as indices; what is not a number becomes 0."""
    return np.where(np.isnan(numbers), 0, numbers).astype(np.intp)
