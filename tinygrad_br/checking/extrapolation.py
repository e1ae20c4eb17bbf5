"""Extrapolation to step zero: Neville's scheme, for many series of estimates at once.

All arrays have one entry for each series, in their last axis; a series has one estimate for each step.  (Richardson's
idea in the form of C. J. F. Ridders, Advances in Engineering Software 4, 1982.)
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

COLUMNS = 9


class Entries(NamedTuple):
    """Extrapolated values; `row` numbers the smallest step in each, and `noise` is that of values of relative error 1
    in units of the rounding unit."""

    value: Any
    truncation: Any
    noise: Any
    row: Any

    def bound(self, factor: Any = 1) -> Any:
        return 3 * self.truncation + 1.5 * factor * self.noise

    def at(self, index: Any) -> Entries:
        return Entries(*(field[index] for field in self))

    def least(self, factor: Any = 1) -> Entries:
        """Of each series the entry with the smallest bound, the first of equal ones."""
        bound = self.bound(factor)
        return self.at((np.where(np.isnan(bound), np.inf, bound).argmin(0), np.arange(bound.shape[-1])))


class Tableau:
    """Extrapolation of estimates whose error is a series in step**power.  After a NaN a series starts anew.

    It is made of the first estimates of each series, the size of their rounding and their steps, a row for each step.
    """

    def __init__(self, power: int, steps: Any, estimates: Any, noises: Any) -> None:
        self.power = power
        self.steps = [*steps]
        values, noises = [estimates], [noises + np.finfo(estimates.dtype).eps * abs(estimates)]
        truncations = [np.concatenate([np.full_like(estimates[:1], np.nan), abs(np.diff(estimates, axis=0))])]
        for j in range(1, min(len(steps), COLUMNS)):
            value, noise = values[-1], noises[-1]
            weight = 1 / ((steps[:-j] / steps[j:]) ** power - 1)
            values.append(value[1:] + weight * (value[1:] - value[:-1]))
            noises.append(noise[1:] + weight * (noise[1:] + noise[:-1]))
            truncations.append(np.maximum(abs(values[-1] - value[1:]), abs(values[-1] - value[:-1])))
        rows = [np.broadcast_to(np.arange(j, len(steps))[:, None], value.shape) for j, value in enumerate(values)]
        self.entries = [Entries(*map(np.concatenate, (values, truncations, noises, rows)))]
        self.last = np.array([[value[-1] for value in values], [noise[-1] for noise in noises]])
        broken = ~np.isfinite(estimates)
        self.count = np.where(np.any(broken, 0), np.argmax(broken[::-1], 0), len(steps))  # of estimates since the start
        self.start = np.zeros(len(self.count), int)  # the row of the first of them
        self.leading = self.entries[0].least()  # the best entries so far, with a factor of 1

    def add(self, step: Any, estimate: Any, noise: Any) -> None:
        """One more estimate for each series."""
        number, columns = len(self.steps), min(len(self.steps) + 1, COLUMNS)
        values, noises = np.empty((2, columns, len(estimate)), estimate.dtype)
        truncations = np.empty_like(values)
        values[0], noises[0] = estimate, noise + np.finfo(estimate.dtype).eps * abs(estimate)
        before, carried = self.last
        weights = 1 / ((np.array(self.steps[:-columns:-1]) / step) ** self.power - 1)
        for j in range(1, columns):
            values[j] = values[j - 1] + weights[j - 1] * (values[j - 1] - before[j - 1])
            noises[j] = noises[j - 1] + weights[j - 1] * (noises[j - 1] + carried[j - 1])
        truncations[0] = abs(estimate - before[0])
        truncations[1:] = np.maximum(abs(values[1:] - values[:-1]), abs(values[1:] - before[: columns - 1]))
        self.steps.append(step)
        self.entries.append(Entries(values, truncations, noises, np.full(values.shape, number)))
        self.last = np.array([values, noises])
        self.count = np.where(np.isfinite(estimate), self.count + 1, 0)
        best = self.entries[-1].least()
        better = ~np.isnan(best.bound()) & ~(best.bound() >= self.leading.bound())
        self.leading = Entries(*(np.where(better, new, old) for new, old in zip(best, self.leading, strict=True)))

    def restart(self, which: Any) -> None:
        """Forget all entries of some series, given by truth values."""
        self.last = np.where(which, np.nan, self.last)
        self.count, self.start = np.where(which, 0, self.count), np.where(which, len(self.steps), self.start)
        self.leading = Entries(*(np.where(which, np.nan, field) for field in self.leading))

    def best(self, factor: Any = 1, series: Any = ..., before: Any = np.inf) -> Entries:
        """Of some series the entry with the smallest bound, of all rows or of those before a number."""
        entries = Entries(*(np.concatenate([f[:, series] for f in fs]) for fs in zip(*self.entries, strict=True)))
        forgotten = (entries.row < self.start[series]) | (entries.row >= before)
        return entries._replace(truncation=np.where(forgotten, np.nan, entries.truncation)).least(factor)
