"""The noise of a function: how much of its values is rounding, its own arithmetic's and that of the result.

A function like (x + 1e4) - 1e4 rounds numbers that are larger than its results.  At steps smaller than what is lost it
stands still, as if it had another slope there.  How much is lost is seen in two ways:

* among values that lie close together, farther away (J. J. Moré and S. M. Wild, "Estimating Computational Noise", SIAM
  Journal on Scientific Computing 33, 2011);
* at the point itself, when every operation of NumPy's rounds anew (D. S. Parker, "Monte Carlo Arithmetic", UCLA, 1997).
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import Any, cast

import numpy as np

from .ladder import median

ORDER = 4  # of the differences between close values, in which a smooth function vanishes and noise adds up
PLACES = (0.11, -0.07, 0.023)  # how far away the values are looked at, in units of the number (1 for smaller ones)
CLOSE = 2e-5  # how near they lie together, in units of that distance
LOST = 8  # noise of so many units of rounding of the values is the function's own
ROUNDINGS = 8  # so often every operation rounds anew
EXACT = {  # operations that do not round
    np.positive, np.negative, np.conjugate, np.absolute, np.fabs, np.sign, np.copysign, np.maximum, np.minimum, np.fmax,
    np.fmin, np.floor, np.ceil, np.trunc, np.rint, np.heaviside, np.ldexp,
}  # fmt: skip


def noise_level(at: Callable[[Any, Any], Any], x: Any, weights: Any, here: Any = 0) -> Any:
    """For each lane a bound on the noise of sum(weights * at(lane, t)); 0 where it is but the rounding of the result.

    The arguments are those of `climb`; `here` is noise that was found at the point itself.
    """
    lanes, points, unit = np.arange(len(x)), np.arange(2 * ORDER), np.finfo(x.dtype).eps
    alternating = np.array([(-1) ** k * comb(ORDER, k) for k in range(ORDER + 1)])
    found = []
    with np.errstate(all="ignore"):
        for place in PLACES:
            ways = place * np.maximum(abs(x), 1) * (1 + CLOSE * points[:, None])
            terms = at(np.broadcast_to(lanes, ways.shape).ravel(), ways.ravel()).reshape(*ways.shape, -1)
            values = np.add.reduce(np.conj(weights) * terms, -1).real
            differences = np.array([alternating @ values[k : k + ORDER + 1] for k in range(ORDER)])
            level = 4 * np.sqrt(np.mean(differences**2, 0) / comb(2 * ORDER, ORDER))
            rounding = unit * np.add.reduce(abs(weights * terms[0]), -1)
            found.append(np.where(level > LOST * rounding, level, level * 0))
        middle = unit * np.add.reduce(abs(weights * at(lanes, x * 0)), -1)
        afar = np.nan_to_num(median(np.array(found)))
        return np.maximum(afar, np.where(here > LOST * middle, here, 0))


class Shaky(np.ndarray[Any, Any]):
    """An array whose operations round anew: results are moved by up to a unit in their last place, at random."""

    rng: np.random.Generator

    def __array_finalize__(self, source: Any) -> None:
        self.rng = getattr(source, "rng", None) or np.random.default_rng(0)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **options: Any) -> Any:
        if out:
            options["out"] = tuple(plain(x) for x in out)
        result = getattr(ufunc, method)(*map(plain, inputs), **options)
        if result is None:
            return None
        kept = ufunc in EXACT
        if isinstance(result, tuple):
            return tuple(self.rounded(x, kept) for x in result)
        return self.rounded(result, kept)

    def rounded(self, result: Any, kept: bool) -> Any:
        """A result as an array of this kind; with other last bits, unless it is kept."""
        result = np.asarray(result)
        if result.dtype.kind in "fc" and not kept:
            unit = np.finfo(result.dtype).eps
            result = result * (1 + unit * self.rng.integers(-1, 2, result.shape)).astype(result.dtype)
        return shaky(result, self.rng)


def plain(x: Any) -> Any:
    """The numbers of an array whose operations round anew; anything else as it is."""
    return x.view(np.ndarray) if isinstance(x, Shaky) else x


def shaky(x: Any, rng: np.random.Generator) -> Any:
    """A copy of an array, whose operations round anew."""
    array = cast(Shaky, np.array(x).view(Shaky))
    array.rng = rng
    return array


def as_argument(x: Any) -> Any:
    """A copy of an array for a function of the user's, who expects numbers rather than arrays without axes."""
    return x.copy() if x.ndim or isinstance(x, Shaky) else x[()]


def arithmetic_noise(f: Callable[..., Any], points: Any, output: Any, rng: np.random.Generator) -> Any:
    """For each output a bound on the noise of the operations of NumPy's that it comes from, as far as they are seen."""
    spread = np.zeros(output.shape)
    with np.errstate(all="ignore"):
        for _ in range(ROUNDINGS):
            try:
                found = f(*(shaky(p, rng) for p in points))
            except Exception:  # it was not written for arrays of another kind
                break
            if found.shape == output.shape:
                gap = abs(found - output)
                spread = np.maximum(spread, np.where(np.isfinite(gap), gap, 0))
    return 4 * spread
