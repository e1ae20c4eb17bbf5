"""Is an analytic derivative right, wrong, or can it not be told?  One entry, and all entries of an argument.

There is no tolerance.  The two numbers are judged against what each of them is good for: the error bound of the
numerical derivative, and the rounding of the analytic one, which is measured by moving the inputs in their last bits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .ladder import VAGUE, Slope
from .report import Row

RIGHT, WRONG, UNSURE = "right", "wrong", "cannot tell"
UNDERFLOW = 1e-150  # a product of numbers that are smaller is lost, so no derivative is known better
OVERFLOW = 1e150  # and one of larger numbers is infinite, which is then no mistake


class Comparison(NamedTuple):
    """An analytic derivative beside a numerical one; `index` is the entry, or the text "direction 2".

    `excuse` says why the analytic one may be right although the numbers differ.
    """

    index: Any
    analytic: float
    slope: Slope
    rounding: float
    excuse: str = ""

    @property
    def gap(self) -> float:
        return abs(self.analytic - self.slope.value)

    @property
    def badness(self) -> float:
        """The gap in units of what is allowed: above 1 it cannot be explained."""
        return self.gap / (self.slope.error + self.rounding + UNDERFLOW)

    @property
    def suspect(self) -> bool:
        """Whether it looks wrong, or lies outside the slopes on both sides of a kink."""
        sides = sorted((self.slope.left, self.slope.right))
        at_kink = np.isfinite(self.slope.left) and np.isfinite(self.slope.right)
        return not sides[0] <= self.analytic <= sides[1] if at_kink else self.badness > 1

    def judged(self, scale: float) -> tuple[str, str]:
        """The verdict and why; `scale` is the size of the whole gradient that this is an entry of."""
        slope, a = self.slope, self.analytic
        if not np.isfinite(slope.value) or not np.isfinite(slope.error):
            return UNSURE, slope.reason
        if np.isnan(slope.left) != np.isnan(slope.right):
            certain = self.gap > max(100 * (slope.error + self.rounding), 0.01 * scale)
            return (RIGHT if self.badness <= 1 else WRONG if certain and np.isfinite(a) else UNSURE), slope.reason
        if not np.isfinite(a):
            diverges = slope.error > VAGUE * abs(slope.value) > 0
            says = f"the analytic gradient is {a}"
            if abs(slope.value) > OVERFLOW:
                return UNSURE, f"{says}, and products of numbers as large as the numerical one overflow"
            return (UNSURE, f"{says}, and the numerical one settles nowhere") if diverges else (WRONG, says)
        if np.isfinite(slope.left):
            low, high = sorted((slope.left, slope.right))
            slack = 4 * (slope.error - (high - low) / 2) + min(self.rounding, 1e-6 * scale)
            sides = f"at a kink, left slope {slope.left:.6g}, right slope {slope.right:.6g}"
            if low - slack <= a <= high + slack:
                return UNSURE, f"{sides}, the analytic {a:.6g} lies between"
            return self.elsewhere() or (WRONG, f"{sides}, and the analytic {a:.6g} lies outside")
        if self.badness > 1:
            return self.elsewhere() or (WRONG, "")
        if slope.error + self.rounding > VAGUE * scale and scale:
            if self.rounding > slope.error:
                return UNSURE, f"rounding leaves the analytic one only good to {self.rounding:.1g}"
            return UNSURE, f"the numerical derivative is only good to {slope.error:.1g}"
        return RIGHT, ""

    def elsewhere(self) -> tuple[str, str] | None:
        """A verdict if the analytic slope may be right although another was found."""
        if self.excuse:
            return UNSURE, self.excuse
        found = self.slope
        other = ((v, e) for v, e in found.others if abs(v - found.value) > e + found.error)
        if any(abs(self.analytic - v) <= 10 * (e + self.rounding) for v, e in other):
            return UNSURE, "at other steps the function has the analytic slope: it looks different at each scale"
        return None


def summary(
    name: str, shape: tuple[int, ...], found: Sequence[Comparison], how: str, order: int, mode: str,
    scales: Sequence[float] = (),
) -> Row:  # fmt: skip
    """The row of an argument: the verdict on its worst entry, and the digits that agree.

    `scales` are the sizes of the gradients that the entries belong to, if these are not all one gradient.
    """
    if not found:
        return Row(name, shape, RIGHT, (), 0.0, 0.0, 0.0, 16.0, 16.0, "empty", order=order, mode=mode)
    scales = scales or [size_of(found)] * len(found)
    verdicts = [c.judged(scale) for c, scale in zip(found, scales, strict=True)]
    worst = max(range(len(found)), key=lambda k: (rank(verdicts[k][0]), nan_first(found[k].badness)))
    c, (verdict, cause) = found[worst], verdicts[worst]
    each = [*zip(found, scales, strict=True)]
    certain = [f for f, v in zip(each, verdicts, strict=True) if v[0] != UNSURE] or [each[worst]]
    return Row(
        name, shape, verdict, c.index, c.analytic, c.slope.value, c.slope.error,
        min(digits(f.gap, size) for f, size in certain), min(digits(f.slope.error, size) for f, size in certain),
        how, cause, order=order, mode=mode, method=c.slope.method, step=c.slope.step,
        pairs=tuple((f.analytic, f.slope.value) for f in found),
        wrong=sum(v[0] == WRONG for v in verdicts), unsure=sum(v[0] == UNSURE for v in verdicts),
    )  # fmt: skip


def size_of(found: Sequence[Comparison]) -> float:
    """The size of a gradient: its largest entry."""
    sizes = [abs(v) for c in found for v in (c.analytic, c.slope.value) if np.isfinite(v)]
    return max(sizes, default=0.0)


def rank(verdict: str) -> int:
    return (RIGHT, UNSURE, WRONG).index(verdict)


def nan_first(badness: float) -> float:
    return np.inf if np.isnan(badness) else badness


def digits(gap: float, scale: float) -> float:
    """How many decimal digits a difference leaves, at most 16."""
    if not math.isfinite(gap):
        return 0.0
    return min(max(math.log10(scale) - math.log10(gap), 0.0), 16.0) if gap and scale else 16.0
