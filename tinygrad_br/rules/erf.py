"""The error function's kin: the slopes of its inverses, of erfcx and of log_ndtr, without loss of digits in the tails.

They are made of Mills's ratio m(x) = sqrt(pi) / 2 exp(x**2) erfc(x), the product of a huge and a tiny number.  Up to 5
it comes from Taylor series, whose coefficients follow from m' = 2 x m - 1; beyond, from the ratio of repeated integrals
of erfc, a continued fraction of positive terms: NIST Digital Library of Mathematical Functions, 7.6, 7.8 and 7.18.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from functools import cache
from math import pi, prod, sqrt
from typing import Any

import numpy as np
from scipy import special

from ..engine import define_rule
from . import twofold
from .normal import normal_pdf
from .taylor import Expansions, expansions, in_float64
from .twofold import PI_EXACT, Twofold

NEAR = 5
ROOT_PI, ROOT_2 = sqrt(pi), sqrt(2)


def bell(x: Any) -> Any:
    """exp(-x**2) to full precision.

    The rounding of x**2, which exp multiplies by x**2, is avoided: z is x cut to 24 bits, so that z**2 is exact.
    """
    x64 = np.clip(np.asarray(x, np.float64), -40, 40)
    z = x64.astype(np.float32).astype(np.float64)
    return (np.exp(-z * z) * np.exp(-(x64 - z) * (x64 + z))).astype(np.result_type(x))[()]


@cache
def near_mills() -> tuple[Expansions, Expansions]:
    """Mills's ratio and its derivative, for 0 <= x <= 5."""
    points, values, slopes = [Decimal(k) / 2 for k in range(2 * NEAR + 1)], [], []
    with localcontext() as context:
        context.prec = 60
        half_root_pi = (Decimal(PI_EXACT.numerator) / PI_EXACT.denominator).sqrt() / 2
        for z in points:
            term = total = z  # of the series of sqrt(pi) / 2 exp(x**2) erf(x)
            for k in range(1, 200):
                term *= 2 * z * z / (2 * k + 1)
                total += term
            a = [half_root_pi * (z * z).exp() - total]
            a.append(2 * z * a[0] - 1)
            for k in range(1, 22):
                a.append((2 * z * a[k] + 2 * a[k - 1]) / (k + 1))
            values.append(a[:-1])
            slopes.append([k * c for k, c in enumerate(a)][1:])
        return expansions(points, values), expansions(points, slopes)


def mills(x: Any) -> tuple[Any, Any]:
    """Mills's ratio and its derivative, 2 x m - 1, for x >= 0."""
    value, slope = (near(np.minimum(x, NEAR)) for near in near_mills())
    if np.any(x > NEAR):
        large, ratio = np.maximum(x, NEAR), np.zeros_like(x)  # of the first and of the zeroth integral of erfc
        for k in reversed(range(30)):
            ratio = 1 / (2 * large + 2 * (k + 2) * ratio)
        far = 0.5 / (large + ratio)
        value, slope = np.where(x > NEAR, far, value), np.where(x > NEAR, -2 * far * ratio, slope)
    return value, slope


@in_float64
def erfcx_slope(x: Any) -> Any:
    """The derivative of erfcx; for negative x by erfcx(x) + erfcx(-x) = 2 exp(x**2)."""
    slope = mills(np.abs(x))[1] * (2 / ROOT_PI)
    if np.any(x < 0):
        left = np.clip(x, -27, 0)
        slope = slope + 4 * left * twofold.exp(Twofold(left) * left).value()
    return slope


@in_float64
def hazard(x: Any) -> Any:
    """The derivative of log_ndtr, the normal density over its integral; for negative x by Mills's ratio."""
    left = ROOT_2 / 2 / mills(-np.minimum(x, 0) / ROOT_2)[0]
    return np.where(x < 0, left, normal_pdf(x) / special.ndtr(x))


def inverse_slope(y: Any, tail: Any) -> Any:
    """sqrt(pi) / 2 exp(y**2) for the y with erfc(|y|) = tail, of which `y` may be off by some ULP.

    For a small tail it is m(|y|) / tail, of a y that is made right by a step of Newton's method.  No |y| but infinity,
    where the slope is infinite too, is larger than 27.3.
    """
    y = np.minimum(np.abs(y), 28)
    ratio, slope = mills(y)
    root = twofold.exp(Twofold(y) * y * 0.5).value()
    ratio = ratio + slope * (ratio - root * tail * root * (ROOT_PI / 2))
    return np.where(tail > 0.5, np.exp(np.minimum(y * y, 1)) * (ROOT_PI / 2), ratio / tail)


@in_float64
def erfinv_slope(x: Any) -> Any:
    return inverse_slope(special.erfinv(x), 1 - np.abs(x))


@in_float64
def erfcinv_slope(x: Any) -> Any:
    return -inverse_slope(special.erfcinv(x), np.minimum(x, 2 - x))


@in_float64
def ndtri_slope(p: Any) -> Any:
    return 2 * ROOT_2 * inverse_slope(special.ndtri(p) / ROOT_2, 2 * np.minimum(p, 1 - p))


# the second derivatives, far out by asymptotic series: what follows from them in closed form cancels there

FAR = 12


def series_of_hazard(count: int = 15) -> list[float]:
    """The coefficients of 1, 1 / x**2, 1 / x**4, ... in the derivative of hazard(x) for x to minus infinity.

    The hazard is h = -x s(1 / x**2), a solution of h' = -h (x + h), which gives the coefficients of s one by one.
    """
    s = [1, 1]
    for k in range(2, count):
        s.append((3 - 2 * k) * s[-1] - sum(s[i] * s[k - i] for i in range(1, k)))
    return [float((2 * k - 1) * c) for k, c in enumerate(s)]


HAZARD = series_of_hazard()
ERFCX = [float(prod(range(1, 2 * k + 3, 2)) * (-1) ** k * (k + 1) / 2 ** (k - 1)) for k in range(15)]


def polynomial(coefficients: Sequence[float], x: Any) -> Any:
    """The polynomial with these coefficients of 1, x, x**2, ..."""
    total: Any = 0.0
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total


def hazard_slope(x: Any, value: Any) -> Any:
    far = x < -FAR
    inverse = 1 / np.where(far, x, -FAR)
    return np.where(far, polynomial(HAZARD, inverse * inverse), -value * (x + value))


def erfcx_curvature(x: Any, slope: Any) -> Any:
    far = x > FAR
    inverse = 1 / np.where(far, x, FAR)
    series = polynomial(ERFCX, inverse * inverse) * inverse * inverse * inverse / ROOT_PI
    return np.where(far, series, 2 * (special.erfcx(x) + x * slope))


bell = define_rule(bell, lambda g, ans, x: -2 * g * x * ans)
hazard = define_rule(hazard, lambda g, ans, x: g * hazard_slope(x, ans))
erfcx_slope = define_rule(erfcx_slope, lambda g, ans, x: g * erfcx_curvature(x, ans))
erfinv_slope = define_rule(erfinv_slope, lambda g, ans, x: 2 * g * special.erfinv(x) * ans * ans)
erfcinv_slope = define_rule(erfcinv_slope, lambda g, ans, x: 2 * g * special.erfcinv(x) * ans * ans)
ndtri_slope = define_rule(ndtri_slope, lambda g, ans, p: g * special.ndtri(p) * ans * ans)
