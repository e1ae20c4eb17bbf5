"""The noise of a function: how much of its values is rounding, its own arithmetic's and that of the result.

A function like (x + 1e4) - 1e4 rounds numbers that are larger than its results.  At steps smaller than what is lost it
stands still, as if it had another slope there; how much is lost is seen among values that lie close together, farther
away.  (J. J. Moré and S. M. Wild, "Estimating Computational Noise", SIAM Journal on Scientific Computing 33, 2011.)
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import Any

import numpy as np

from .ladder import median

ORDER = 4  # of the differences between close values, in which a smooth function vanishes and noise adds up
PLACES = (0.11, -0.07, 0.023)  # how far away the values are looked at, in units of the number (1 for smaller ones)
CLOSE = 2e-5  # how near they lie together, in units of that distance
LOST = 8  # noise of so many units of rounding of the values is the function's own


def noise_level(at: Callable[[Any, Any], Any], x: Any, weights: Any) -> Any:
    """For each lane a bound on the noise of sum(weights * at(lane, t)); 0 where it is but the rounding of the result.

    The arguments are those of `climb`.
    """
    lanes, points = np.arange(len(x)), np.arange(2 * ORDER)
    alternating = np.array([(-1) ** k * comb(ORDER, k) for k in range(ORDER + 1)])
    found = []
    with np.errstate(all="ignore"):
        for place in PLACES:
            ways = place * np.maximum(abs(x), 1) * (1 + CLOSE * points[:, None])
            terms = at(np.broadcast_to(lanes, ways.shape).ravel(), ways.ravel()).reshape(*ways.shape, -1)
            values = np.add.reduce(np.conj(weights) * terms, -1).real
            differences = np.array([alternating @ values[k : k + ORDER + 1] for k in range(ORDER)])
            level = 4 * np.sqrt(np.mean(differences**2, 0) / comb(2 * ORDER, ORDER))
            rounding = np.finfo(float).eps * np.add.reduce(abs(weights * terms[0]), -1)
            found.append(np.where(level > LOST * rounding, level, level * 0))
        return np.nan_to_num(median(np.array(found)))
