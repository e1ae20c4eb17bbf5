"""The standard normal distribution, to all digits in both tails: its density and the share below a number.

float32 is computed with float64, and longdouble is not more exact than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import define_rule

# normal_cdf(-x) = exp(-x**2 / 2) * P((x - 5) / (x + 5)) / (x + 1) for x >= 0, with a Chebyshev expansion P of degree
# 23, computed with 60 digits and written in powers; what it leaves out is below 1e-17.  The substitution is that of
# Shepherd and Laframboise, Mathematics of Computation 36 (1981), 249-253.
TAIL = (
    0.46151582985003775, -0.09155228183400904, 0.031030368425963708, 0.010002352385229382,
    -0.026401042966308307, 0.024536963243678652, -0.015170415402514863, 0.006522000667783896,
    -0.00167607234455447, 7.791597409338999e-06, 0.00018233414511643843, -5.36075811148722e-05,
    -9.896097759279782e-06, 9.05982468125664e-06, -7.034644683537101e-08, -1.3074486019237587e-06,
    1.27878221820937e-07, 1.9627809920091187e-07, -2.6286205089898754e-08, -3.095201755804207e-08,
    3.627373163401201e-09, 4.4011596227599254e-09, -2.8220772290629865e-10, -3.815816262632953e-10,
)  # fmt: skip
FAR = 40  # from here on the density is 0 in float64
ROOT = 0.3989422804014327  # 1 / sqrt(2 pi)
LEAST = -700  # exp of this is far from the denormal numbers, which have fewer digits


def floats(x: Any) -> Any:
    """Numbers of any kind as NumPy's, integers as float64."""
    x = x if hasattr(x, "dtype") else np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(np.float64)


def is_short(x: Any) -> bool:
    """Whether numbers have half the digits of float64, or fewer: then plain formulas in float64 are right for them."""
    return bool(x.dtype.itemsize < 8)


def wide(x: Any) -> Any:
    """The same numbers with at least the digits of float64."""
    return x.astype(np.float64) if is_short(x) else x


def narrow(result: Any, x: Any) -> Any:
    """A result in the dtype of what it was computed from."""
    return (result.astype(x.dtype) if is_short(x) else result)[()]


def polynomial(coefficients: Sequence[float], t: Any) -> Any:
    """The terms of a polynomial without the constant one."""
    total = coefficients[-1] * t
    for coefficient in coefficients[-2:0:-1]:
        total += coefficient
        total *= t
    return total


def damped(x: Any, high: Any, low: Any = None) -> Any:
    """A number times exp(-x**2 / 2) for |x| <= 40; the number is high + low, and x may be float32.

    The rounding error of x**2, which exp multiplies by x**2, is put back, with x cut to 24 bits so that the square of
    that is exact.  Where the result may be denormal, only the last product is.
    """
    if is_short(x):
        return high * np.exp(np.square(wide(x)) / -2)
    cut = x.astype(np.float32).astype(np.float64)
    square, beyond = cut * cut / -2, (cut - x) * (cut + x) / 2
    power = square + beyond
    correction = high * ((square - power) + beyond)
    first = np.maximum(power, LEAST)
    return (high + (correction if low is None else low + correction)) * np.exp(first) * np.exp(power - first)


def normal_pdf(x: Any) -> Any:
    """The density of the standard normal distribution, exp(-x**2 / 2) / sqrt(2 pi).

    >>> print(normal_pdf(0.0).round(4))
    0.3989
    """
    x = floats(x)
    return narrow(damped(np.clip(x, -FAR, FAR), ROOT), x)


def normal_moment(x: Any) -> Any:
    """x times the density."""
    z = np.clip(x, -FAR, FAR)
    return narrow(damped(z, ROOT * wide(z)), x)


def normal_cdf(x: Any) -> Any:
    """The share of the standard normal distribution below x, (1 + erf(x / sqrt(2))) / 2.

    >>> normal_cdf(np.array([-30.0, 0.0, 30.0]))
    array([4.90671393e-198, 5.00000000e-001, 1.00000000e+000])
    """
    x = floats(x)
    size = np.minimum(np.abs(x), FAR)
    z = wide(size)
    tail = damped(size, (TAIL[0] + polynomial(TAIL, (z - 5) / (z + 5))) / (z + 1))
    return narrow(np.where(x <= 0, tail, 1 - tail), x)


normal_cdf = define_rule(normal_cdf, lambda g, ans, x: g * normal_pdf(x))
normal_pdf = define_rule(normal_pdf, lambda g, ans, x: -g * normal_moment(x))
normal_moment = define_rule(normal_moment, lambda g, ans, x: g * (1 - np.square(np.clip(x, -FAR, FAR))) * normal_pdf(x))
