"""What steps much smaller than those of a numerical derivative say: may another slope be right all the same?

A function may look different at different scales, like the remainder by a tiny number, or jump at the point; and where
its arithmetic is rounded it jumps, or stands still, though it should not.  Each of these is one of the `REASONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .ladder import NOISY, RATIO, TINY, VAGUE, Ladder, Line, Rows, Slope

NEAREST = 6  # so many of the smallest steps are called the nearest


class Noise(NamedTuple):
    """What is known of the noise of a function: all of it, beyond the rounding of the result; what of it is certain;
    and the size of steps that are lost beside the largest number of the array."""

    own: float = 0
    certain: float = 0
    grain: float = 0


class Closeup(NamedTuple):
    """A function around a point, from steps of its last digits on, beside two slopes that it may have there.

    `every` has the quotients up to steps of a half, `close` those of the smaller two thirds (in float64 up to a hundred
    thousandth); `rounding` is that of the results in quotients, and `hidden` what may be hidden in them besides.
    """

    claimed: float
    slope: Slope
    noise: Noise
    size: float  # of the number that is moved
    unit: float  # of rounding
    height: float  # of the results at the point
    every: Rows
    close: Rows
    rounding: Any
    hidden: Any

    @property
    def gap(self) -> float:
        return abs(self.claimed - self.slope.value)

    @property
    def moves(self) -> Any:
        """How far the function goes at close steps."""
        return abs(self.close.central * self.close.step)

    @property
    def ways(self) -> Any:
        """The quotients to both sides, to the left and to the right: a jump on one side spoils the central ones."""
        return np.array([self.every.central, self.every.left, self.every.right])


def closeup(at: Line, x: Any, weights: Any, claimed: float, slope: Slope, noise: Noise) -> Closeup:
    """The function of the only lane of a line, seen closer."""
    ladder = Ladder(at, x, weights)
    count = 2 + int(np.log(0.125 / ladder.unit) / np.log(RATIO))  # of steps from 4 units of rounding to a half
    steps = ladder.smallest / 16 * RATIO ** np.arange(count)[:, None]
    every = ladder.look(np.zeros(1, int), steps).at((..., 0))
    rounding = ladder.unit * (every.size + ladder.height) / every.step
    hidden = rounding + ladder.concealed(ladder.everyone) / every.step
    size, height = abs(float(x[0])), float(ladder.height[0])
    close = every.at(slice(2 * count // 3))
    return Closeup(claimed, slope, noise, size, ladder.unit, height, every, close, rounding, hidden)


def seen_closer(at: Line, x: Any, weights: Any, claimed: float, slope: Slope, noise: Noise) -> str:
    """Why a claimed derivative may be right although another was found, judged by very small steps; or nothing."""
    with np.errstate(all="ignore"):
        seen = closeup(at, x, weights, claimed, slope, noise)
        return next((reason for reason, holds in REASONS.items() if holds(seen)), "")


def hidden_rounding(at: Line, x: Any, weights: Any) -> float:
    """The rounding hidden in outputs that stand still at some of all smaller steps, taken together."""
    with np.errstate(all="ignore"):
        ladder = Ladder(at, x, weights)
        ladder.look(ladder.everyone, ladder.smallest[None])
        if ladder.still.any():
            count = np.log(ladder.steps[-1, 0] / ladder.smallest[0]) / np.log(RATIO**2)
            ladder.look(ladder.everyone, ladder.steps[-1] / RATIO ** (2 * np.arange(1, count)[:, None]))
        return float(ladder.concealed(ladder.everyone)[0])


def looks_different(seen: Closeup) -> bool:
    misses = abs(seen.ways - seen.claimed)
    shown = (seen.ways != 0) | (seen.rounding <= seen.gap)  # rather than that rounding lets the function stand still
    near = shown & (misses <= 1e-3 * seen.gap) | (misses <= 0.1 * seen.gap) & (seen.hidden <= 0.3 * seen.gap)
    return thrice(near[:, : len(seen.close.step)])


def breaks(seen: Closeup) -> bool:
    """Whether quotients to both sides keep to the slope, and from one step to the next leave it by a part of the gap.

    A smooth function drifts away, a kink turns away by less than this, but where arithmetic is rounded results jump.
    """
    far = abs(seen.ways[1:, seen.every.step <= seen.noise.grain] - seen.slope.value)
    kept = (far[:, 1:-1] <= 1e-3 * seen.gap) & (far[:, :-2] <= 1e-3 * seen.gap)
    return bool(np.all(np.any(kept & (far[:, 2:] > 0.3 * seen.gap), 1)))


def is_smooth_from_afar(seen: Closeup) -> bool:
    near = (abs(seen.ways - seen.claimed) <= 0.3 * seen.gap) & (seen.hidden <= 0.3 * seen.gap)
    return seen.slope.error > VAGUE * abs(seen.slope.value) and thrice(near)


def strays(seen: Closeup) -> bool:
    """Whether, at smaller steps than those of the slope, quotients are off by more than noise and curvature explain."""
    step, slope = seen.every.step, seen.slope
    far = abs(seen.every.central - slope.value)
    k = min(int(np.searchsorted(step, slope.step)), len(far) - 1)
    bend = far[k] * (step / step[k]) ** 2
    return seen.noise.own > 0 and thrice(((step < slope.step) & (far > seen.noise.own / step + 4 * bend))[None])


def fits_within_rounding(seen: Closeup) -> bool:
    row, nearest = seen.close, seen.close.at(slice(NEAREST))
    jitter = np.median(abs(nearest.right - nearest.left) * nearest.step) + seen.unit * np.max(nearest.size)
    claimed, found = (
        np.cumsum(((row.central - each) * row.step / jitter) ** 2) for each in (seen.claimed, seen.slope.value)
    )
    return bool(np.any((claimed <= 4 * np.arange(1, len(claimed) + 1)) & (found > claimed + 9)))


def jumps_here(seen: Closeup) -> bool:
    nearest, least = seen.moves[:NEAREST], 100 * steepest(seen) * seen.close.step[0]
    return bool(np.min(nearest) > max(0.8 * np.max(nearest), least, np.max(allowed(seen)[:NEAREST])))


def jumps_beside(seen: Closeup) -> bool:
    before = np.maximum.accumulate(seen.moves)[:-1]
    return bool(np.any(seen.moves[1:] > 16 * before + (allowed(seen) + 4 * steepest(seen) * seen.close.step)[1:]))


def steepest(seen: Closeup) -> float:
    return max(abs(seen.claimed), abs(seen.slope.value))


def allowed(seen: Closeup) -> Any:
    """How far rounding may let the function jump at close steps."""
    return 16 * seen.unit * seen.close.size + seen.noise.certain


def hides_its_scale(seen: Closeup) -> bool:
    return TINY < seen.size < seen.slope.step and 4 * hiding(seen) / seen.size > seen.gap  # steps of a quarter of it


def is_nothing_but_rounding(seen: Closeup) -> bool:
    return abs(seen.slope.value) <= seen.slope.error and 16 * hiding(seen) / seen.slope.step > seen.gap


def hiding(seen: Closeup) -> float:
    """How large a change may be hidden by the rounding of results."""
    return float(4 * seen.unit * (seen.close.size[-1] + seen.height))


def is_noise(seen: Closeup) -> bool:
    central, size = seen.close.central[:NEAREST], np.max(seen.close.size[:NEAREST])
    return bool(np.median(seen.moves[:NEAREST]) > NOISY * size and np.ptp(central) > np.max(abs(central)) / 2)


def thrice(hits: Any) -> bool:
    """Whether something holds at three steps in a row."""
    return bool(np.any(hits[:, 2:] & hits[:, 1:-1] & hits[:, :-2]))


REASONS: dict[str, Callable[[Closeup], bool]] = {
    "at smaller steps the function has the analytic slope: it looks different at each scale": looks_different,
    "rounding beside the largest number of the array makes the function jump": breaks,
    "at steps like the number itself the function has the analytic slope, and at smaller ones it is rounded":
        is_smooth_from_afar,
    "at smaller steps the function strays from the numerical slope by more than its noise": strays,
    "within rounding the function has the analytic slope at the smallest steps, and no other": fits_within_rounding,
    "the function jumps here": jumps_here,
    "the function jumps next to this point": jumps_beside,
    "rounding hides how the function changes on the scale of the number itself": hides_its_scale,
    "the numerical derivative is nothing but rounding, and at smaller steps that hides more": is_nothing_but_rounding,
    "the function changes by a large part of itself in the last digits of its argument": is_noise,
}  # fmt: skip
