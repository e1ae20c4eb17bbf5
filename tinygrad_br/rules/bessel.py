"""Derivatives of the Bessel functions of order 0 and 1, right to 4 ULP, also close to the zeros of the derivatives.

Up to 40 they come from Taylor series around each of their zeros, so that no digits are lost there, whose coefficients
follow from Bessel's equation; beyond, from Hankel's expansions in twice the precision.  NIST Digital Library of
Mathematical Functions, 10.2 and 10.17.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from functools import cache
from typing import Any

import numpy as np
from scipy import special

from ..engine import define_rule
from . import twofold
from .modified import derivative_weights, hankel, power_series, weighted
from .taylor import Expansions, expansions, in_float64
from .twofold import Series, Twofold, machin, sin_and_cos, turned

NEAR = 40  # where Hankel's expansions begin


def bessel_decimal(n: int, x: Decimal) -> Decimal:
    """J_n(x) by its power series, for x up to 45 and with 80 digits."""
    total = term = (x / 2) ** n / math.factorial(n)
    k = 0
    while abs(term) > Decimal(10) ** -60:
        k += 1
        term *= -x * x / (4 * k * (k + n))
        total += term
    return total


def solution(z: Decimal, y: Decimal, slope: Decimal, count: int) -> list[Decimal]:
    """The Taylor coefficients of a solution of x**2 y'' + x y' + (x**2 - 1) y = 0 around z."""
    a = [Decimal(0), Decimal(0), y, slope]  # the first two stand for those of index -2 and -1
    for k in range(count - 2):
        rest = z * (k + 1) * (2 * k + 1) * a[-1] + (k * k + z * z - 1) * a[-2] + 2 * z * a[-3] + a[-4]
        a.append(-rest / (z * z * (k + 2) * (k + 1)))
    return a[2:]


@cache
def around_zeros(derivative: bool, count: int = 34) -> Expansions:
    """J_1 or its derivative, for 0 <= x <= 40; the zeros are those of scipy, made exact by Newton's method."""
    points, rows = [], []
    with localcontext() as context:
        context.prec = 80
        if not derivative:
            points.append(Decimal(0))
            rows.append([Decimal(c.numerator) / c.denominator * (-1) ** (k // 2)
                         for k, c in enumerate(power_series(1, count))])  # fmt: skip
        for start in special.jnp_zeros(1, 13) if derivative else special.jn_zeros(1, 13):
            z = Decimal(float(start))
            for _ in range(3):
                y, slope = bessel_decimal(1, z), (bessel_decimal(0, z) - bessel_decimal(2, z)) / 2
                z -= slope / (-slope / z - (1 - 1 / (z * z)) * y) if derivative else y / slope
            y, slope = bessel_decimal(1, z), (bessel_decimal(0, z) - bessel_decimal(2, z)) / 2
            a = solution(z, y, slope, count + 1)
            points.append(z)
            rows.append([k * c for k, c in enumerate(a)][1:] if derivative else a[:-1])
            rows[-1][0] = Decimal(0)
        return expansions(points, rows)


BITS = 1300  # of 2 / pi, so that even the largest float is reduced to 200 bits
PI = machin(420)
QUARTERS = int(2 / PI * 2**BITS)
QUARTER = int(PI / 2 * 2**200)


def reduced(x: float) -> tuple[int, float, float]:
    """k, high and low with x - pi/4 = k pi/2 + high + low and |high| <= pi/4, in integers; x >= 1."""
    mantissa, exponent = math.frexp(x)
    shift = BITS - exponent + 53
    turns = int(mantissa * 2**53) * QUARTERS  # 2**shift is a quarter turn
    k = turns >> shift
    rest = (turns - (k << shift) - (1 << shift - 1) >> shift - 200) * QUARTER >> 200
    high = rest / 2**200
    return k % 4, high, (rest - int(math.ldexp(high, 200))) / 2**200


reduced_each = np.frompyfunc(reduced, 1, 3)


@cache
def far_series(derivative: bool) -> tuple[Series, Series]:
    """Of Hankel's expansion, what stands beside the two waves, by powers of 1 / x**2."""
    coefficients = weighted(hankel, derivative_weights(*((1, 1) if derivative else (0, 1)), False))
    signed = [c * (-1) ** ((k + 1) // 2) for k, c in enumerate(coefficients)]
    return twofold.series(signed[::2], 1 / NEAR**2), twofold.series(signed[1::2], 1 / NEAR**2)


def far(x: Any, derivative: bool) -> Any:
    """Hankel's expansion of J_1 or its derivative, for x >= 40."""
    k, high, low = (part.astype(np.float64) for part in reduced_each(x))
    sine, cosine = turned(*sin_and_cos(Twofold(high, low)), k)
    inverse = 1.0 / Twofold(np.minimum(x, 1e100))
    even, odd = far_series(derivative)
    p, q = even(inverse * inverse), odd(inverse * inverse) * inverse
    wave = p * cosine - q * sine if derivative else p * sine + q * cosine
    return wave.value() * math.sqrt(2 / math.pi) / np.sqrt(x)


def bessel(x: Any, derivative: bool) -> Any:
    """J_1 or its derivative for x >= 0."""
    found = around_zeros(derivative)(np.minimum(x, NEAR))
    if np.any(beyond := x > NEAR):
        found = np.array(found)
        found[beyond] = far(x[beyond], derivative)
    return found


@in_float64
def j0_slope(x: Any) -> Any:
    return -np.sign(x) * bessel(np.abs(x), False)


@in_float64
def j1_slope(x: Any) -> Any:
    return bessel(np.abs(x), True)


# the functions of any order, which the second derivatives need


def bessel_of_order(x: Any, n: int) -> Any:
    """J_n(x)."""
    return in_float64(lambda y: special.jv(n, y))(x)


bessel_of_order = define_rule(
    bessel_of_order, lambda g, ans, x, n: g * (bessel_of_order(x, n - 1) - bessel_of_order(x, n + 1)) / 2
)
j0_slope = define_rule(j0_slope, lambda g, ans, x: -g * j1_slope(x))
j1_slope = define_rule(j1_slope, lambda g, ans, x: g * (bessel_of_order(x, 3) - 3 * bessel_of_order(x, 1)) / 4)
