"""Derivatives of the modified Bessel functions of order 0 and 1, right to 4 ULP.

Up to 20 they come from Taylor series around points, found from their power series; beyond, from Hankel's expansions.
NIST Digital Library of Mathematical Functions, 10.25 and 10.40.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from ..engine import define_rule
from .taylor import Expansions, expansions, in_float64, moved, product

NEAR = 20  # where Hankel's expansions begin

# of each derivative: its weights of I_0, I_1, I_2
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


@cache
def near_modified(weights: Sequence[Fraction]) -> Expansions:
    """exp(-x) times a sum of modified Bessel functions, for 0 <= x <= 20."""
    with localcontext() as context:
        context.prec = 60
        series = [Decimal(c.numerator) / c.denominator for c in weighted(power_series, weights)]

        def around(z: Decimal) -> list[Decimal]:
            damping = [(-z).exp() * (-1) ** k / math.factorial(k) for k in range(18)]
            return product(moved(series, z, 18), damping)

        points = [*map(Decimal, range(NEAR + 1))]
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
    """A sum of modified Bessel functions for x >= 0, times exp(-x) if it is scaled."""
    small, large = np.minimum(x, NEAR), np.maximum(x, NEAR)
    near, far = near_modified(weights)(small), 0.0
    if np.any(x > NEAR):
        first, second, *others = far_modified(weights)
        inverse, rest = 1 / large, np.zeros_like(large)
        for coefficient in reversed(others):
            rest = (rest + coefficient) * inverse
        far = ((rest + second) / large + first) / (4 * np.sqrt(large * (math.pi / 8)))  # 2 pi x itself may overflow
    if not scaled:
        near, far = near * np.exp(small), far * math.exp(5) * np.exp(large - 5)  # exp(x) itself may overflow
    return np.where(x <= NEAR, near, far)


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


# the functions of any order, which the second derivatives need


def of_order(n: int, x: Any, scaled: bool) -> Any:
    return np.where(x < 0, (-1.0) ** n, 1.0) * modified(np.abs(x), (Fraction(0),) * n + (Fraction(1),), scaled)


def modified_of_order(x: Any, n: int) -> Any:
    """I_n(x)."""
    return in_float64(lambda y: of_order(n, y, False))(x)


def scaled_of_order(x: Any, n: int) -> Any:
    """I_n(x) exp(-|x|)."""
    return in_float64(lambda y: of_order(n, y, True))(x)


def scaled_slope(x: Any, n: int, value: Any) -> Any:
    return (scaled_of_order(x, abs(n - 1)) + scaled_of_order(x, n + 1)) / 2 - np.sign(x) * value


modified_of_order = define_rule(
    modified_of_order, lambda g, ans, x, n: g * (modified_of_order(x, abs(n - 1)) + modified_of_order(x, n + 1)) / 2
)
scaled_of_order = define_rule(scaled_of_order, lambda g, ans, x, n: g * scaled_slope(x, n, ans))
i0_slope = define_rule(i0_slope, lambda g, ans, x: g * i1_slope(x))
i1_slope = define_rule(i1_slope, lambda g, ans, x: g * (modified_of_order(x, 3) + 3 * modified_of_order(x, 1)) / 4)
i0e_slope = define_rule(i0e_slope, lambda g, ans, x: g * (i1e_slope(x) - np.sign(x) * ans))
i1e_slope = define_rule(
    i1e_slope,
    lambda g, ans, x: g * ((i0e_slope(x) + scaled_slope(x, 2, scaled_of_order(x, 2))) / 2 - np.sign(x) * ans),
)
