"""Functions as Taylor series around many points: few operations for each number, and right to about 1 ULP.

The coefficients are computed once, at first use, with 60 digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import wraps
from typing import Any, NamedTuple

import numpy as np


class Expansions(NamedTuple):
    """Taylor series around points, each the sum of two floats, so that a zero of the function can be one of them."""

    points: Any
    rests: Any
    coefficients: Any

    def __call__(self, x: Any) -> Any:
        """The function at x, by the series around the nearest point."""
        i = np.searchsorted((self.points[1:] + self.points[:-1]) / 2, x)
        h = (x - self.points[i]) - self.rests[i]
        total = np.zeros_like(h)
        for coefficient in self.coefficients[:, i][::-1]:
            total = total * h + coefficient
        return total


def expansions(points: Sequence[Decimal], coefficients: Sequence[Sequence[Decimal]]) -> Expansions:
    """From the exact points, in ascending order, and the Taylor coefficients at each of them."""
    near = [float(z) for z in points]
    rests = [float(z - Decimal(zero)) for z, zero in zip(points, near, strict=True)]
    return Expansions(np.array(near), np.array(rests), np.array([[*map(float, a)] for a in coefficients]).T)


def moved(series: Sequence[Decimal], z: Decimal, count: int) -> list[Decimal]:
    """The first coefficients around z of the polynomial with these coefficients around 0."""
    powers = [Decimal(1)]
    while len(powers) < len(series):
        powers.append(powers[-1] * z)
    return [
        sum((math.comb(n, k) * c * powers[n - k] for n, c in enumerate(series) if n >= k and c), Decimal(0))
        for k in range(count)
    ]


def product(a: Sequence[Decimal], b: Sequence[Decimal]) -> list[Decimal]:
    """The coefficients of the product of two series."""
    return [sum((a[i] * b[k - i] for i in range(k + 1)), Decimal(0)) for k in range(len(a))]


def in_float64(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compute with float64 arrays of one shape, whatever the dtype of the floats, without warnings."""

    @wraps(function)
    def computed(*args: Any) -> Any:
        if any(map(np.iscomplexobj, args)):
            raise TypeError("this derivative is known for real numbers only, but got complex ones")
        dtype = np.result_type(*args, np.float16)
        arrays = np.broadcast_arrays(*(np.asarray(x, np.float64) for x in args))
        with np.errstate(all="ignore"):
            return function(*arrays).astype(dtype)[()]

    return computed
