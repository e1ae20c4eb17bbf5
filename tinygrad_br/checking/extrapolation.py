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
        return Entries(self.value[index], self.truncation[index], self.noise[index], self.row[index])

    def least(self, factor: Any = 1) -> Entries:
        """Of each series the entry with the smallest bound, the first of equal ones."""
        bound = self.bound(factor)
        bound[np.isnan(bound)] = np.inf
        return self.at((bound.argmin(0), np.arange(bound.shape[1])))


class Tableau:
    """Extrapolation of estimates whose error is a series in step**power.  After a NaN a series starts anew.

    It is made of the first estimates of each series, the size of their rounding and their steps, a row for each step.
    """

    def __init__(self, power: int, steps: Any, estimates: Any, noises: Any) -> None:
        width = estimates.shape[1]
        self.power, self.rows = power, 0
        self.entries: list[Entries] = []
        self.window = np.full((3, COLUMNS, width), np.nan, estimates.dtype)  # the last estimates, noises and steps
        self.count = np.zeros(width, int)  # of estimates since the start
        self.start = np.zeros(width, int)  # the row of the first of them
        self.leading = Entries(*np.full((4, width), np.nan, estimates.dtype))  # the best so far, with a factor of 1
        self.add(steps, estimates, noises)

    def add(self, steps: Any, estimates: Any, noises: Any) -> None:
        """More estimates for each series, a row for each step."""
        rows, width = estimates.shape
        new = np.array([estimates, noises + np.finfo(estimates.dtype).eps * abs(estimates), steps])
        window = np.concatenate([self.window, new], 1)
        self.window, steps = window[:, rows:], window[2]
        number = np.arange(COLUMNS + rows)
        # noise never cancels: with alternating signs it adds up in the same differences
        column = np.array([window[0], np.where(number % 2, 1, -1)[:, None] * window[1]])
        earlier = np.maximum(number - np.arange(1, COLUMNS)[:, None], 0)
        weights = 1 / ((steps[earlier] / steps) ** self.power - 1)
        columns = [column[:, COLUMNS - 1 :]]  # the new rows, and the one before, which they are compared with
        for j in range(1, COLUMNS):
            after = column[:, 1:]
            column = after + weights[j - 1, j:] * (after - column[:, :-1])
            columns.append(column[:, COLUMNS - 1 - j :])
        values, noises = np.stack(columns, 2)
        truncations = abs(values[1:] - values[:-1])
        later = values[1:, 1:]
        truncations[:, 1:] = np.maximum(abs(later - values[1:, :-1]), abs(later - values[:-1, :-1]))
        numbers = np.broadcast_to(number[:rows, None, None] + self.rows, truncations.shape)
        found = values[1:], truncations, abs(noises[1:]), numbers
        self.entries.append(Entries(*(field.reshape(-1, width) for field in found)))
        self.rows += rows
        gaps = ~np.isfinite(estimates[::-1])
        self.count = np.where(gaps.any(0), gaps.argmax(0), self.count + rows)
        best = self.entries[-1].least()
        bound = best.bound()
        better = ~np.isnan(bound) & ~(bound >= self.leading.bound())
        fields = zip(best, self.leading, strict=True)
        self.leading = Entries(*(np.where(better, after, before) for after, before in fields))

    def restart(self, which: Any) -> None:
        """Forget all entries of some series, given by truth values."""
        self.window[:, :, which] = np.nan
        self.count[which], self.start[which] = 0, self.rows
        self.leading = Entries(*(np.where(which, np.nan, field) for field in self.leading))

    def best(self, factor: Any = 1, series: Any = ..., before: Any = np.inf) -> Entries:
        """Of some series the entry with the smallest bound, of all rows or of those before a number."""
        entries = Entries(
            *(np.concatenate([f[:, series] for f in fields]) for fields in zip(*self.entries, strict=True))
        )
        forgotten = (entries.row < self.start[series]) | (entries.row >= before)
        return entries._replace(truncation=np.where(forgotten, np.nan, entries.truncation)).least(factor)
