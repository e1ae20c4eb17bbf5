"""Derivatives of the Bessel functions of order 0 and 1, right to 4 ULP, also close to the zeros of the derivatives.

Near 0 they come from Taylor series around points and, so that no digits are lost there, around each zero: those of J_1
and of its derivative by Bessel's equation, those of the modified functions by their power series.  Beyond 40, and 20
for the modified functions, they come from Hankel's expansions.  NIST Digital Library of Mathematical Functions, 10.2,
10.17, 10.25 and 10.40.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from scipy import special

from ..engine import define_rule
from . import twofold
from .gamma import in_float64
from .taylor import Expansions, expansions, moved, product
from .twofold import Series, Twofold, machin, sin_and_cos, turned

ROOT_2_PI = math.sqrt(2 * math.pi)
NEAR, NEAR_MODIFIED = 40, 20  # where the expansions for large arguments begin

# of each derivative: its weights of I_0, I_1 and I_2
HALF = Fraction(1, 2)
I0_SLOPE, I1_SLOPE = (Fraction(0), Fraction(1)), (HALF, Fraction(0), HALF)
I0E_SLOPE, I1E_SLOPE = (Fraction(-1), Fraction(1)), (HALF, Fraction(-1), HALF)


def power_series(n: int, count: int = 120) -> list[Fraction]:
    """The coefficients of 1, x, x**2, ... in the modified function I_n(x)."""
    found = [Fraction(0)] * count
    for k in range((count - n + 1) // 2):
        found[n + 2 * k] = Fraction(1, 2 ** (n + 2 * k) * math.factorial(k) * math.factorial(k + n))
    return found


def hankel(n: int, count: int = 90) -> list[Fraction]:
    """The coefficients of 1, 1/x, 1/x**2, ... in Hankel's expansion of I_n(x) exp(-x) sqrt(2 pi x)."""
    found = [Fraction(1)]
    for k in range(1, count):
        found.append(found[-1] * Fraction((2 * k - 1) ** 2 - 4 * n * n, 8 * k))
    return found


def weighted(series: Callable[[int], Sequence[Fraction]], weights: Sequence[Fraction]) -> list[Fraction]:
    """The sum of weights[n] times the series of order n."""
    terms = [[w * c for c in series(n)] for n, w in enumerate(weights)]
    return [sum(column, Fraction()) for column in zip(*terms, strict=True)]


# modified Bessel functions


@cache
def near_modified(weights: Sequence[Fraction]) -> Expansions:
    """exp(-x) times a sum of I_0, I_1 and I_2, for 0 <= x <= 20."""
    with localcontext() as context:
        context.prec = 60
        series = [Decimal(c.numerator) / c.denominator for c in weighted(power_series, weights)]

        def around(z: Decimal) -> list[Decimal]:
            damping = [(-z).exp() * (-1) ** k / math.factorial(k) for k in range(18)]
            return product(moved(series, z, 18), damping)

        points = [*map(Decimal, range(NEAR_MODIFIED + 1))]
        if weights == I1E_SLOPE:
            zero = Decimal("1.5451")
            for _ in range(5):
                value, slope, *_ = around(zero)
                zero -= value / slope
            points.insert(2, zero)
        return expansions(points, [*map(around, points)])


@cache
def far_modified(weights: Sequence[Fraction]) -> list[float]:
    return [*map(float, weighted(hankel, weights)[:40])]


def modified(x: Any, weights: Sequence[Fraction], scaled: bool) -> Any:
    """A sum of I_0, I_1 and I_2 for x >= 0; times exp(-x) if it is scaled."""
    small, large = np.minimum(x, NEAR_MODIFIED), np.maximum(x, NEAR_MODIFIED)
    near, far = near_modified(weights)(small), 0.0
    if np.any(x > NEAR_MODIFIED):
        first, *others = far_modified(weights)
        inverse, rest = 1 / large, np.zeros_like(large)
        for coefficient in reversed(others):
            rest = (rest + coefficient) * inverse
        far = (rest + first) / (np.sqrt(large) * ROOT_2_PI)
    if not scaled:
        near, far = near * np.exp(small), far * math.exp(5) * np.exp(large - 5)  # exp(x) itself may overflow
    return np.where(x <= NEAR_MODIFIED, near, far)


@in_float64
def i0_slope(x: Any) -> Any:
    return np.sign(x) * modified(np.abs(x), I0_SLOPE, False)


@in_float64
def i1_slope(x: Any) -> Any:
    return modified(np.abs(x), I1_SLOPE, False)


@in_float64
def i0e_slope(x: Any) -> Any:
    return np.sign(x) * modified(np.abs(x), I0E_SLOPE, True)


@in_float64
def i1e_slope(x: Any) -> Any:
    return modified(np.abs(x), I1E_SLOPE, True)


# J_1 and its derivative


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
    coefficients = weighted(hankel, I1_SLOPE if derivative else I0_SLOPE)
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
    return wave.value() * (2 / ROOT_2_PI) / np.sqrt(x)


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


# the functions of any order that the second derivatives need


@in_float64
def bessel_of_order(n: Any, x: Any) -> Any:
    return special.jv(n, x)


@in_float64
def modified_of_order(n: Any, x: Any) -> Any:
    return special.iv(n, x)


@in_float64
def scaled_of_order(n: Any, x: Any) -> Any:
    return special.ive(n, x)


bessel_of_order = define_rule(
    bessel_of_order, None, lambda g, ans, n, x: g * (bessel_of_order(n - 1, x) - bessel_of_order(n + 1, x)) / 2
)
modified_of_order = define_rule(
    modified_of_order, None, lambda g, ans, n, x: g * (modified_of_order(n - 1, x) + modified_of_order(n + 1, x)) / 2
)


def scaled_slope(n: int, x: Any, value: Any) -> Any:
    return (scaled_of_order(n - 1, x) + scaled_of_order(n + 1, x)) / 2 - np.sign(x) * value


scaled_of_order = define_rule(scaled_of_order, None, lambda g, ans, n, x: g * scaled_slope(n, x, ans))
j0_slope = define_rule(j0_slope, lambda g, ans, x: -g * j1_slope(x))
j1_slope = define_rule(j1_slope, lambda g, ans, x: g * (bessel_of_order(3, x) - 3 * bessel_of_order(1, x)) / 4)
i0_slope = define_rule(i0_slope, lambda g, ans, x: g * i1_slope(x))
i1_slope = define_rule(i1_slope, lambda g, ans, x: g * (modified_of_order(3, x) + 3 * modified_of_order(1, x)) / 4)
i0e_slope = define_rule(i0e_slope, lambda g, ans, x: g * (i1e_slope(x) - np.sign(x) * ans))
i1e_slope = define_rule(
    i1e_slope,
    lambda g, ans, x: g * ((i0e_slope(x) + scaled_slope(2, x, scaled_of_order(2, x))) / 2 - np.sign(x) * ans),
)
